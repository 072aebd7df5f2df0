"""What is asked of the trader that nobody could do: refused before anything is."""

import json
from datetime import date, timedelta

from springback.data.hours import hours_of, newest_closed
from springback.errors import InputError
from springback.state.trading_rows import Step
from springback.workflow.settings import Settings
from springback.workflow.trade_clock import TradeClock, by_new_york
from springback.workflow.trade_service import ended
from springback.workflow.trading_account import TradingAccount

BACK = timedelta(hours=1)
"""How far a set clock may lie before what the account did: a step that took a while is called again at the time that it was set to."""


def check_session(day: date | None, settings: Settings, clock: TradeClock, decides: bool) -> None:
    """Refuses a `day` that is no session, and one that is not the newest where the trader `decides`. Raises `InputError`."""
    if day is None:
        return
    hours_of(day, settings.calendar.closed)
    newest = newest_closed(clock.now(), timedelta(minutes=settings.daily.earliest), settings.calendar.closed).day
    if decides and day != newest:
        raise InputError(f"the newest session that is over is decided, {newest}: leave --session out, was {day}", value=str(day))


def check_clock(account: TradingAccount, clock: TradeClock) -> None:
    """Refuses a set clock that would undo what the account has done. Raises `InputError`, and as `State` does."""
    rows = account.live.state.kept(account.live.name, Step) if clock.jumps else ()
    newest = max((one.at for one in rows if ended(one.code, json.loads(one.body).get("facts", {}))), default=None)
    if newest is not None and clock.now() < newest - BACK:
        words = f"account {account.live.name} was traded up to {by_new_york(newest)}, --clock says {by_new_york(clock.now())}"
        raise InputError(f"{words}: set it later, or begin another account with --desk FOLDER", value=str(clock.now()))
