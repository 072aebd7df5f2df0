"""Asks a source for many names, a few at a time, keeps each answer at once, and goes on past a name that fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from springback.data.laws import LeftOut
from springback.data.sources import History, Source, nothing
from springback.data.sources.downloads import Downloads
from springback.data.sources.line import Fault, Halt
from springback.errors import InputError, OddName, SourceError

IN_A_ROW = 3
"""Questions that may fail one after the other before the vendor counts as down."""
ODD_IN_A_ROW = 20
"""Answers that cannot be read one after the other, before any that can, where one name must not stop the others."""
ODD = 0.1
"""Share of all names beyond which answers that cannot be read are no accident: the vendor's format has changed."""
Progress = Callable[[int, int, str], None]


UNREADABLE, UNANSWERED = "unreadable", "unanswered"
"""Why nothing is known of a name now: its answer could not be read; there was none."""


@dataclass(frozen=True)
class Histories:
    """The histories in the order asked for; `requests` of them came from the vendor now, the others were kept. `odd` are the names whose
    answer could not be read: nothing is known of them now, and nothing is kept. `failed` are the names that are not among them, each with
    UNREADABLE or UNANSWERED.
    """

    histories: tuple[History, ...]
    requests: int
    odd: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Round:
    """The histories by name, what failed with which error, and how many names were asked for now."""

    histories: dict[str, History]
    failed: dict[str, SourceError | InputError]
    requests: int

    @property
    def odd(self) -> list[str]:
        return [name for name, error in self.failed.items() if isinstance(error, OddName)]


def gather(
    source: Source,
    symbols: Sequence[str],
    start: date,
    end: date,
    downloads: Downloads | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Histories:
    """The history of each of `symbols`; those that `downloads` has are not asked for again. `now` is the time of the answers.

    A name that fails does not stop the others: what came is kept, and at the end `SourceError` says which names are missing. One whose
    answer cannot be read is left out and told, where not more than ODD of all are so. Raises at once when asking on is of no use: a refused
    key, a vendor that is down or wants a long pause.
    """
    came = _asked(source, symbols, (start, end), downloads, progress, now, IN_A_ROW)
    found, failed, odd = came.histories, came.failed, came.odd
    if found and len(odd) <= max(1, ODD * len(symbols)):
        for name in odd:
            found[name] = replace(nothing(name), left=(LeftOut("unreadable", name, note=str(failed.pop(name))[:160]),))
    if failed:
        one = next(iter(failed))
        raise SourceError(
            f"{len(failed):,} of {len(symbols):,} names failed ({', '.join(list(failed)[:5])}), the others are kept: {failed[one]}"
        )
    return Histories(tuple(found[symbol] for symbol in symbols), came.requests, tuple(odd))


def gather_what_comes(
    source: Source,
    symbols: Sequence[str],
    start: date,
    end: date,
    downloads: Downloads | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Histories:
    """The histories that can be had of `symbols`, and why each of the others failed; see `gather`.

    Raises `SourceError`, `InputError` where asking on is of no use: a refused key, or a vendor that is down.
    """
    came = _asked(source, symbols, (start, end), downloads, progress, now, ODD_IN_A_ROW)
    failed = {name: UNREADABLE if isinstance(error, OddName) else UNANSWERED for name, error in came.failed.items()}
    listed = tuple(came.histories[symbol] for symbol in symbols if symbol in came.histories)
    return Histories(listed, came.requests, tuple(came.odd), failed)


def _asked(
    source: Source,
    symbols: Sequence[str],
    span: tuple[date, date],
    downloads: Downloads | None,
    progress: Progress | None,
    now: datetime | None,
    odd_in_a_row: int,
) -> _Round:
    """One round of asking for the days of `span`. Raises when asking on is of no use."""
    at = now or datetime.now(UTC)
    found = {symbol: kept for symbol in symbols if downloads and (kept := downloads.known(symbol, *span, at)) is not None}
    wanted = [symbol for symbol in symbols if symbol not in found]
    failed: dict[str, SourceError | InputError] = {}
    in_a_row = 0
    for first in range(0, len(wanted), source.batch):
        names = wanted[first : first + source.batch]
        if progress:
            progress(len(found), len(symbols), names[0])
        error = _ask(source, names, span, downloads, found, now)
        in_a_row = 0 if error is None else in_a_row + 1
        if error is not None:
            failed |= {name: error for name in names if name not in found}
            limit = odd_in_a_row if isinstance(error, OddName) else IN_A_ROW
            if _is_final(error) or (in_a_row >= limit and not (found and isinstance(error, OddName))):
                raise _with_count(error, len(found), len(symbols)) from None
    if progress:
        progress(len(found), len(symbols), f"{len(wanted) - len(failed):,} asked, {len(symbols) - len(wanted):,} kept from before")
    return _Round(found, failed, len(wanted))


def _ask(
    source: Source,
    names: Sequence[str],
    span: tuple[date, date],
    downloads: Downloads | None,
    histories: dict[str, History],
    now: datetime | None,
) -> SourceError | InputError | None:
    """Asks for `names`, keeps what comes and enters it in `histories`; returns what went wrong."""
    try:
        for history in source.histories(names, *span):
            kept = downloads.keep(history, *span, now or datetime.now(UTC)) if downloads else history
            histories[history.symbol] = kept
    except (SourceError, InputError) as error:
        return error
    return None


def _is_final(error: SourceError | InputError) -> bool:
    return isinstance(error, InputError | Halt) or (isinstance(error, Fault) and error.halts)


def _with_count(error: SourceError | InputError, count: int, total: int) -> SourceError | InputError:
    if count:
        return type(error)(f"{error} ({count:,} of {total:,} names are here)")
    return error
