"""The record against the prices: events that a door set aside, and those of market data that its prices contradict all the same."""

import numpy as np

from springback.market.actions import KINDS
from springback.market.market_data import MarketData
from springback.market.quarantine import FETCHED
from springback.market.record import AGAINST, TWICE, UNCLEAR, Held, hold
from springback.quality.quality_finding import EXAMPLES, QualityFinding, Severity, named
from springback.quality.quality_settings import Quality

ASIDE = "event_set_aside"
SAID: dict[str, tuple[str, Severity, str]] = {
    AGAINST: ("event_against_prices", "error", "{n} events that the prices contradict, in {names}"),
    TWICE: ("event_twice", "error", "{n} events that are there twice, in {names}"),
    UNCLEAR: ("event_unclear", "warning", "{n} events that the prices can neither bear out nor contradict, in {names}"),
}


def set_aside(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001 (the shape of a check)
    """The events that were left out on reading, as the spans around them say: an error until somebody takes these over in his name, or by
    asking for a quarantine.

    It has no places: the quarantine is already drawn around them, and what the source says is wrong all the same.
    """
    mine = [one for one in market_data.quarantine if one.by == FETCHED]
    if not mine:
        return ()
    names = len({one.symbol for one in mine})
    count = f"{len(mine):,} event{'s' if len(mine) > 1 else ''} of the source"
    said = f"{count}: its prices contradict {'them' if len(mine) > 1 else 'it'}, set aside on reading, in {named(names)}"
    rows = tuple((one.reason[:10], one.symbol) for one in mine[:EXAMPLES])
    whole, share = _with(said, [f"{one.symbol} {one.reason}" for one in mine]), len(mine) / (len(mine) + len(market_data.actions.row))
    return (QualityFinding(ASIDE, "error", whole, len(mine), names, share, rows),)


def against_prices(market_data: MarketData, settings: Quality) -> tuple[QualityFinding, ...]:  # noqa: ARG001
    """The splits and dividends on record that the prices contradict, or that are there twice: errors; those that they cannot tell: a
    warning."""
    found = hold(market_data.bars, market_data.actions)
    return tuple(_finding(market_data, word, some) for word in SAID if (some := [one for one in found if one.doubt.word == word]))


def _finding(market_data: MarketData, word: str, doubts: list[Held]) -> QualityFinding:
    check, severity, said = SAID[word]
    days, symbols, kinds = market_data.bars.sessions, market_data.bars.symbols, market_data.actions.kind
    names = len({one.column for one in doubts})
    lines = [f"{symbols[one.column]} {days[one.row]}: {KINDS[kinds[one.place]]} {one.doubt.clause}" for one in doubts]
    places = np.unique(np.array([(one.row, one.column) for one in doubts], dtype=np.int64), axis=0)
    rows = tuple((str(days[one.row]), symbols[one.column]) for one in doubts[:EXAMPLES])
    whole = _with(said.format(n=f"{len(doubts):,}", names=named(names)), lines)
    return QualityFinding(check, severity, whole, len(doubts), names, len(doubts) / len(market_data.actions.row), rows, places)


def _with(sentence: str, lines: list[str]) -> str:
    more = f"; and {len(lines) - EXAMPLES:,} more" if len(lines) > EXAMPLES else ""
    return f"{sentence} ({'; '.join(lines[:EXAMPLES])}{more})"
