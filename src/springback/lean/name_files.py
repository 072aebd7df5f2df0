"""The files of one name in LEAN's data folder: a zip a ticker, a map file, a factor file."""

import numpy as np

from springback.lean.daily_zip import DailyBars, csv_rows, daily_bars, pack
from springback.lean.export_log import Counts
from springback.lean.factor_file import factor_file
from springback.lean.map_file import Listing, map_text, spans
from springback.market.actions import Actions
from springback.market.market_data import MarketData

EQUITY = "equity/usa"


def paths(one: Listing) -> list[str]:
    """The files of one name: a zip a ticker, its map file and its factor file."""
    tickers = dict.fromkeys(ticker.lower() for ticker, _ in one.tickers)
    name = one.symbol.lower()
    return [*(f"{EQUITY}/daily/{ticker}.zip" for ticker in tickers), f"{EQUITY}/map_files/{name}.csv", f"{EQUITY}/factor_files/{name}.csv"]


def contents(market_data: MarketData, column: int, one: Listing, words: list[str], actions: Actions) -> tuple[dict[str, bytes], Counts]:
    """Path -> content of one name's files, and what there is to count about it. Dividends in `actions` are dollars a share."""
    sessions, bars = market_data.bars.sessions, daily_bars(market_data.bars, column)
    factors = factor_file(sessions, market_data.bars.close[:, column], actions, one.first, one.last)
    name = one.symbol.lower()
    files = {f"{EQUITY}/daily/{ticker}.zip": pack(ticker, rows) for ticker, rows in _rows_by_ticker(one, words, bars).items()}
    files[f"{EQUITY}/map_files/{name}.csv"] = map_text(one, sessions).encode()
    files[f"{EQUITY}/factor_files/{name}.csv"] = factors.text.encode()
    counts = {
        "rows": len(bars.row),
        "marks": bars.marks,
        "beyond": bars.beyond,
        "rounded": bars.rounded,
        "part_shares": bars.part_shares,
        "actions": factors.actions,
        "actions_left_out": factors.left_out,
        "dividends_in_cents": factors.in_cents,
    }
    return files, counts


def _rows_by_ticker(one: Listing, words: list[str], bars: DailyBars) -> dict[str, bytes]:
    rows: dict[str, list[bytes]] = {}
    for ticker, first, end in spans(one):
        rows.setdefault(ticker.lower(), []).append(csv_rows(words, bars, first, end))
    return {ticker: b"\n".join(filter(None, pieces)) for ticker, pieces in rows.items()}


def by_name(actions: Actions, names: int) -> list[Actions]:
    """The actions of each column, in their order: dividends in dollars a share, splits as ratios of shares."""
    order = np.argsort(actions.name, kind="stable")
    pieces = np.split(order, np.searchsorted(actions.name[order], np.arange(1, names)))
    return [Actions(actions.row[k], actions.name[k], actions.kind[k], actions.value[k]) for k in pieces]
