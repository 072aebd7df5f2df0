"""Evenings of a market, one after the other, with what each of them saw."""

from collections.abc import Iterator
from dataclasses import dataclass

from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, opening
from springback.operation.evening import FREE, Curbs, Evening, Terms, play
from springback.operation.window import sessions_needed, window
from springback.strategy.universe import Universe


@dataclass(frozen=True, eq=False)
class Night:
    """An evening, the rows `first` to `end` of the market that it saw as a window, and its forecasts."""

    first: int
    end: int
    seen: MarketData
    forecasts: Forecasts
    evening: Evening


def nights(
    market_data: MarketData, said: Forecasts, terms: Terms, curbs: Curbs = FREE, start: int = 2, state: AccountState | None = None
) -> Iterator[Night]:
    """Each session from row `start` - 1 on played on what was written down after the one before."""
    length = sessions_needed(terms.strategy, terms.regime, Universe())
    state = state or opening(terms.account.cash)
    for end in range(start, market_data.bars.shape[0] + 1):
        first, seen = max(0, end - length), window(market_data, end, length, state.symbols)
        column = [market_data.bars.symbols.index(one) for one in seen.bars.symbols]
        own = Forecasts(*(panel[first:end, column] for panel in (said.qpi, said.p_long, said.p_short, said.adv)))
        evening = play(state, seen, own, terms, curbs)
        yield Night(first, end, seen, own, evening)
        state = AccountState.from_json(evening.after.to_json(), "state.json")
