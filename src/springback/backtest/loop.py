"""The session loop, compiled: midnight, fills at the open, the close, the decision, one session after the other."""

from springback.backtest.decision import close, holdings, order
from springback.backtest.fills import settle
from springback.backtest.midnight import midnight
from springback.backtest.state import Account, Market, Paper, Rules
from springback.compiled import compiled


@compiled
def session(market: Market, first: int, row: int, last: bool, rules: Rules, account: Account, paper: Paper) -> None:
    """Plays the session `row` of a run that began in `first`; after the `last` one nothing is ordered."""
    daily = account.log.daily[row - first]
    midnight(market, row, row == first, rules.charges, account, daily)
    daily["equity_midnight"] = account.book.cash[0] + holdings(account.book)
    settle(market, row, rules, account, daily)
    close(market, row, rules, account, paper, daily)
    if not last:
        order(market, first, row, rules, account, paper, daily)


@compiled
def replay(market: Market, first: int, end: int, rules: Rules, account: Account, paper: Paper) -> None:
    """Plays the sessions `first <= row < end`; everything that happens is written into `account`."""
    for row in range(first, end):
        session(market, first, row, row == end - 1, rules, account, paper)
