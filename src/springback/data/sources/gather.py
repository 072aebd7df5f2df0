"""Asks a source for many names, a few at a time, keeps each answer at once, and goes on past a name that fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from springback.data.laws import LeftOut
from springback.data.sources import History, Source, nothing
from springback.data.sources.downloads import Downloads
from springback.data.sources.line import Fault, Halt
from springback.errors import InputError, OddName, SourceError

IN_A_ROW = 3
"""Questions that may fail one after the other before the vendor counts as down."""
ODD = 0.1
"""Share of all names beyond which answers that cannot be read are no accident: the vendor's format has changed."""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Histories:
    """The histories in the order asked for; `requests` of them came from the vendor now, the others were kept. `odd` are the names whose
    answer could not be read: nothing is known of them now, and nothing is kept.
    """

    histories: tuple[History, ...]
    requests: int
    odd: tuple[str, ...] = ()


def gather(
    source: Source, symbols: Sequence[str], start: date, end: date, downloads: Downloads | None = None, progress: Progress | None = None
) -> Histories:
    """The history of each of `symbols`; those that `downloads` has are not asked for again.

    A name that fails does not stop the others: what came is kept, and at the end `SourceError` says which names are missing. One whose
    answer cannot be read is left out and told, where not more than ODD of all are so. Raises at once when asking on is of no use: a refused
    key, a vendor that is down or wants a long pause.
    """
    now = datetime.now(UTC)
    found = {symbol: kept for symbol in symbols if downloads and (kept := downloads.known(symbol, start, end, now)) is not None}
    wanted = [symbol for symbol in symbols if symbol not in found]
    failed: dict[str, SourceError | InputError] = {}
    in_a_row = 0
    for first in range(0, len(wanted), source.batch):
        names = wanted[first : first + source.batch]
        if progress:
            progress(len(found), len(symbols), names[0])
        error = _ask(source, names, start, end, downloads, found)
        in_a_row = 0 if error is None else in_a_row + 1
        if error is not None:
            failed |= {name: error for name in names if name not in found}
            if _is_final(error) or (in_a_row >= IN_A_ROW and not (found and isinstance(error, OddName))):
                raise _with_count(error, len(found), len(symbols)) from None
    if progress:
        progress(len(found), len(symbols), f"{len(wanted) - len(failed):,} asked, {len(symbols) - len(wanted):,} kept from before")
    odd = [name for name, error in failed.items() if isinstance(error, OddName)]
    if found and len(odd) <= max(1, ODD * len(symbols)):
        for name in odd:
            found[name] = replace(nothing(name), left=(LeftOut("unreadable", name, note=str(failed.pop(name))[:160]),))
    if failed:
        one = next(iter(failed))
        raise SourceError(
            f"{len(failed):,} of {len(symbols):,} names failed ({', '.join(list(failed)[:5])}), the others are kept: {failed[one]}"
        )
    return Histories(tuple(found[symbol] for symbol in symbols), len(wanted), tuple(odd))


def _ask(
    source: Source, names: Sequence[str], start: date, end: date, downloads: Downloads | None, histories: dict[str, History]
) -> SourceError | InputError | None:
    """Asks for `names`, keeps what comes and enters it in `histories`; returns what went wrong."""
    try:
        for history in source.histories(names, start, end):
            kept = downloads.keep(history, start, end, datetime.now(UTC)) if downloads else history
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
