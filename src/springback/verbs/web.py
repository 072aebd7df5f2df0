"""What `springback web` says: where the dashboard is, and the token that lets somebody begin."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from springback.errors import MissingData
from springback.project import project
from springback.verbs.console import Console
from springback.workflow.accounts import account_of, clock_of, drawn, source_of
from springback.workflow.desks import desks_in
from springback.workflow.settings import Settings, choose

__all__ = ["choose", "serve"]


def serve(
    console: Console, settings: Settings, folders: tuple[Path, ...], address: tuple[str | None, int | None], clock: str | None
) -> None:
    """Serves the accounts in `folders` until it is interrupted. Raises `MissingData` where what it needs is not installed."""
    try:
        from springback.web.access import FILE, Access
        from springback.web.app import dashboard_of
        from springback.web.server import check, listening
        from springback.web.server import serve as served
    except ModuleNotFoundError as error:
        raise MissingData(f"the dashboard needs {error.name}, which is not installed: pip install 'springback[web]'") from None
    web = replace(settings.web, host=address[0] or settings.web.host, port=address[1] or settings.web.port)
    here = project().file
    access = Access((here.parent if here else Path()) / FILE, web.hours)
    check(web, access.begun)
    made = dashboard_of(folders, web, access, _time(settings, folders, clock))
    at = listening(web)
    where = web.origin or f"{'https' if web.certificate else 'http'}://{f'[{web.host}]' if ':' in web.host else web.host}:{web.port}"
    console.say(f"dashboard: {where}")
    if not desks_in(folders):
        console.say(f"no account lies in {', '.join(map(str, folders))} yet: 'springback book init' or 'springback trade' begins one")
    if access.token:
        console.say(f"one-time token, to set the first password: {access.token}")
    served(made, at)


def _time(settings: Settings, folders: tuple[Path, ...], clock: str | None) -> Callable[[], datetime]:
    """The system's time, or one that begins at `clock` and runs on; for drawn markets. Raises `InputError`."""
    if clock is None:
        return lambda: datetime.now(UTC)
    settable = all(drawn(account := account_of(one.folder, settings), source_of(account, None)) for one in desks_in(folders))
    begun, started = clock_of(clock, settable).now(), time.monotonic()
    return lambda: begun + timedelta(seconds=time.monotonic() - started)
