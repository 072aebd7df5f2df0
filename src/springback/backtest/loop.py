"""The session loop, compiled: midnight, fills at the open, the close, the decision, one session after the other."""

from springback.backtest.decision import close, holdings, order
from springback.backtest.fills import settle
from springback.backtest.midnight import midnight
from springback.backtest.state import Account, LoopInputs, Paper, Row, Rules
from springback.compiled import compiled


@compiled
def until_close(inputs: LoopInputs, row: int, first: bool, rules: Rules, account: Account, paper: Paper, daily: Row) -> None:
    """Plays the session `row` up to its close and step 0 of the rule; before the `first` one nothing was held. Dollars and shares."""
    midnight(inputs, row, first, rules.charges, account, daily)
    daily["equity_midnight"] = account.book.cash[0] + holdings(account.book)
    settle(inputs, row, rules, account, daily)
    close(inputs, row, rules, account, paper, daily)


@compiled
def session(inputs: LoopInputs, first: int, row: int, last: bool, rules: Rules, account: Account, paper: Paper) -> None:
    """Plays the session `row` of a run that began in `first`; after the `last` one nothing is ordered. Dollars and shares."""
    daily = account.log.daily[row - first]
    until_close(inputs, row, row == first, rules, account, paper, daily)
    if not last:
        order(inputs, first, row, rules, account, paper, daily)


@compiled
def replay(inputs: LoopInputs, first: int, end: int, rules: Rules, account: Account, paper: Paper) -> None:
    """Plays the sessions `first <= row < end`; everything that happens is written into `account`, in dollars and shares."""
    for row in range(first, end):
        session(inputs, first, row, row == end - 1, rules, account, paper)
