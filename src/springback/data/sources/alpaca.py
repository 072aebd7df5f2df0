"""Alpaca: market data v2 with a key and its secret, many names in one question, delisted ones included.

`/v2/stocks/bars` with `adjustment=raw`, page by page, gives the bars; `/v1/corporate-actions` the splits and dividends. It filters by the
day an action is processed, a dividend's by its payment: the question reaches `PAID_WITHIN` beyond the end, ex-dates are cut here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from springback.data.roster import Roster, roster
from springback.data.sources import Event, EventNote, History, day_of, foreign, history, nothing, number_of
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.sources.line import Line, NoName
from springback.errors import OddName, SourceError
from springback.market.symbols import spellings

PAID_WITHIN = timedelta(days=90)
MOST_PAGES = 10_000
KEYS = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
TYPES = "forward_split,reverse_split,stock_dividend,cash_dividend,spin_off,unit_split,stock_merger,name_change,rights_distribution"
"""Those that are taken, and those that are only told: what they are worth stands in no price of the name."""
DOLLARS = "USD"
BECAME = "names that became another, told and not followed"
SPUN = (
    "shares of another company given away, whose worth is not known here (a fall of that day is a payment and no split; an account does "
    "not get the shares and books the fall)"
)
Reply = tuple[list[Any], list[Event], list[EventNote]]
"""Bars as they stand in the answer, events and notes of one name."""
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._^-]*")
NEW_YORK = ZoneInfo("America/New_York")


class Alpaca:
    """Alpaca's market data API."""

    name = "alpaca"

    def __init__(self, fetch: Fetch, keys: Keys) -> None:
        identity, secret = keys.of(*KEYS)
        headers = {"APCA-API-KEY-ID": identity, "APCA-API-SECRET-KEY": secret}
        hint = f"check {' and '.join(KEYS)}, and whether the account may read the feed '{fetch.alpaca_feed}' (fetch.alpaca_feed)"
        self.line = Line("Alpaca", fetch.alpaca_url, fetch, headers, hint)
        self.names = Line("Alpaca", fetch.alpaca_names_url, fetch, headers, hint)
        self.batch, self.feed = fetch.alpaca_batch, fetch.alpaca_feed

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`; all of `symbols` in one question. A name without bars and actions counts as gone: Alpaca does not say more.

        A share class is asked for as Alpaca writes it, BRK.B. One symbol that Alpaca takes for none spoils the answer about all: the
        question is put again without those that it names, or about each half where it names none.
        """
        there = {symbol: _written(symbol) for symbol in symbols}
        told = self._replies(tuple(dict.fromkeys(there.values())), start, end) if symbols else {}
        odd: OddName | None = None
        for symbol, name in there.items():
            rows, events, notes = told.get(name, ([], [], []))
            try:
                bars = [(_day(bar["t"]), *(bar[key] for key in "ohlcv")) for bar in rows]
                known = bool(bars or events)
                yield history("Alpaca", symbol, bars, events, start, end, notes) if known else nothing(symbol, gone=True)
            except OddName as error:
                odd = error
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                odd = OddName(self._unknown(symbol, error))
        if odd is not None:
            raise odd

    def _replies(self, names: Sequence[str], start: date, end: date) -> dict[str, Reply]:
        """Bars, events and notes of each name that Alpaca takes for one."""
        what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        try:
            rows = self._bars(names, start, end, what)
            events, notes = self._actions(names, start, end, what)
        except NoName as error:
            said = set(WORD.findall(error.answer))
            rest = tuple(name for name in names if name not in said)
            half = len(names) // 2
            halves = [rest] if len(rest) < len(names) else [names[:half], names[half:]] if half else []
            return {name: told for part in halves if part for name, told in self._replies(part, start, end).items()}
        except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
            raise (OddName if len(names) == 1 else SourceError)(self._unknown(what, error)) from None
        return {name: (rows[name], events[name], notes[name]) for name in names}

    def _unknown(self, what: str, error: Exception) -> str:
        shown = f"no field '{error.args[0]}'" if isinstance(error, KeyError) else "another shape"
        return (
            f"Alpaca's answer about {what} is not the known one ({self.line.scrubbed(shown)}): its format may have changed: use "
            "another source"
        )

    def listing(self, start: date, end: date) -> Roster:  # noqa: ARG002
        """Alpaca's stocks, active and inactive; it does not say when each was listed. Raises `SourceError` on another answer."""
        told = self.names.json("", {"asset_class": "us_equity"}, "its list of names")
        try:
            return roster(sorted({one["symbol"] for one in told if one["exchange"] != "OTC"}))
        except (KeyError, TypeError, AttributeError):
            raise SourceError("Alpaca's list of names is not the known one: give --symbols") from None

    def _bars(self, symbols: Sequence[str], start: date, end: date, what: str) -> Mapping[str, list[Any]]:
        params = {
            "symbols": ",".join(symbols),
            "timeframe": "1Day",
            "start": str(start),
            "end": str(end),
            "adjustment": "raw",
            "feed": self.feed,
            "limit": 10_000,
        }
        rows: defaultdict[str, list[Any]] = defaultdict(list)
        for page in self._pages("/v2/stocks/bars", params, what):
            for symbol, bars in ({} if page["bars"] is None else page["bars"]).items():
                rows[symbol] += bars
        return rows

    def _actions(
        self, symbols: Sequence[str], start: date, end: date, what: str
    ) -> tuple[Mapping[str, list[Event]], Mapping[str, list[EventNote]]]:
        params = {"symbols": ",".join(symbols), "types": TYPES, "start": str(start), "end": str(end + PAID_WITHIN), "limit": 1000}
        events: defaultdict[str, list[Event]] = defaultdict(list)
        notes: defaultdict[str, list[EventNote]] = defaultdict(list)
        for page in self._pages("/v1/corporate-actions", params, what):
            told = page["corporate_actions"]
            for one in (*told.get("forward_splits", ()), *told.get("reverse_splits", ())):
                events[one["symbol"]].append(Event(_ex(one), "split", number_of(one["old_rate"]) / number_of(one["new_rate"])))
            for one in told.get("stock_dividends", ()):
                events[one["symbol"]].append(Event(_ex(one), "split", 1 / (1 + number_of(one["rate"]))))
            for one in told.get("cash_dividends", ()):
                if (money := one.get("currency") or DOLLARS) == DOLLARS:
                    events[one["symbol"]].append(Event(_ex(one), "dividend", number_of(one["rate"])))
                else:
                    notes[one["symbol"]].append(foreign(_ex(one), number_of(one["rate"]), money))
            for symbol, note in _beside(told):
                notes[symbol].append(note)
        return events, notes

    def _pages(self, path: str, params: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = self.line.json(path, {**params, **({"page_token": token} if token else {})}, what)
            yield page
            before, token = token, page["next_page_token"]
            if not token:
                return
            if token == before:
                raise SourceError(f"Alpaca's answer about {what} names the page it is on as the next: run again later")
        raise SourceError(f"Alpaca's answer about {what} has no end after {MOST_PAGES:,} pages: ask for fewer names (fetch.alpaca_batch)")


def _written(symbol: str) -> str:
    """`symbol` as Alpaca writes it: a share class behind a dot."""
    return next((one for one in spellings(symbol) if "." in one), symbol) if symbol[-2:-1] == "-" else symbol


def _day(stamp: str) -> date:
    """The session of a daily bar, stamped with midnight of New York as UTC (RFC 3339)."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC).astimezone(NEW_YORK).date()


def _ex(one: Mapping[str, Any]) -> np.datetime64:
    return np.datetime64(day_of(one["ex_date"]))


def _beside(page: Mapping[str, Any]) -> Iterator[tuple[str, EventNote]]:
    """What a name gave its holders, or became, that is no split and no dollars."""
    for one in page.get("spin_offs", ()):
        given = number_of(one["new_rate"]) / number_of(one["source_rate"])
        yield one["source_symbol"], EventNote(_ex(one), SPUN, f"spin-off of {given:g} {one['new_symbol']} a share")
    for one in page.get("rights_distributions", ()):
        yield one["source_symbol"], EventNote(_ex(one), SPUN, f"{number_of(one['rate']):g} rights {one['new_symbol']} a share")
    for one in page.get("unit_splits", ()):
        parts = f"{number_of(one['new_rate']):g} {one['new_symbol']} and {number_of(one['alternate_rate']):g} {one['alternate_symbol']}"
        yield one["old_symbol"], EventNote(_effective(one), BECAME, f"units were taken apart into {parts}")
    for one in page.get("stock_mergers", ()):
        got = number_of(one["acquirer_rate"]) / number_of(one["acquiree_rate"])
        yield one["acquiree_symbol"], EventNote(_effective(one), BECAME, f"merged into {got:g} {one['acquirer_symbol']} a share")
    for one in page.get("name_changes", ()):
        yield one["old_symbol"], EventNote(np.datetime64(day_of(one["process_date"])), BECAME, f"is {one['new_symbol']} from then on")


def _effective(one: Mapping[str, Any]) -> np.datetime64:
    return np.datetime64(day_of(one["effective_date"]))
