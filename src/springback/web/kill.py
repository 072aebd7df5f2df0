"""The kill switch: a session and a typed word, no password and no wait; the file first. It asks no database, no broker and no script."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from springback.errors import SpringbackError
from springback.web.dashboard import Dashboard, Outcome, lost
from springback.web.form import Form
from springback.workflow import halting
from springback.workflow.book import Word
from springback.workflow.desks import Desk
from springback.workflow.state_place import open_state
from springback.workflow.trade_status import alive

WORD = "KILL"
OWN = CapacityLimiter(8)
"""Threads that nothing else takes: pages may all wait for a database."""
AGAIN = 5.0
"""Seconds between two tries to write the row into a database that does not answer."""
PATIENCE = 1.0
"""Seconds that the answer waits for the row of the database; it is written all the same."""


async def ask(dashboard: Dashboard, request: Request) -> Response:
    """The page with the form."""
    return await to_thread.run_sync(_answer, dashboard, request, Outcome(), limiter=OWN)


async def pull(dashboard: Dashboard, request: Request) -> Response:
    """Kills the account, where an operator typed the word."""
    form = await dashboard.form(request)
    return await to_thread.run_sync(_pulled, dashboard, request, form, limiter=OWN)


def _pulled(dashboard: Dashboard, request: Request, form: Form) -> Response:
    session, desk = dashboard.session(request), dashboard.desks.named(request.path_params["account"])
    if session is None:
        return dashboard.way_in(request)
    if desk is None or not desk.broker:
        return lost()
    if not session.operator or not form.ours:
        words = "Send the form again." if session.operator else "Only an operator may do this: sign in as one."
        return _answer(dashboard, request, Outcome(words, "bad", 403))
    if form.of("word").strip().upper() != WORD:
        return _answer(dashboard, request, Outcome(f"Nothing is killed yet: type {WORD}.", "bad", 400))
    word = Word("operator", datetime.now(UTC), form.of("why") or "from the dashboard")
    return _answer(dashboard, request, _killed(desk, word, dashboard.desks.now()))


def _killed(desk: Desk, word: Word, now: datetime) -> Outcome:
    """The file is written at once; the row is waited for a moment and follows when the database lets it."""
    found: list[halting.Killed | SpringbackError] = []

    def work() -> None:
        try:
            found.append(done := halting.kill(desk.folder.parent, desk.name, word, open_state))
            if not done.rows:
                threading.Thread(target=_followed, args=(desk, word), name=f"row of the kill of {desk.name}", daemon=True).start()
        except SpringbackError as error:
            found.append(error)

    worker = threading.Thread(target=work, name=f"kill of {desk.name}")
    worker.start()
    worker.join(PATIENCE)
    done = found[0] if found else None
    if isinstance(done, SpringbackError):
        return Outcome(str(done), "bad", 500)
    if done is None and not (desk.folder / halting.FILE).exists():
        return Outcome("The file could not be written yet, it is still tried: run 'springback kill' beside it.", "bad", 500)
    rest = "" if done and done.rows else " The database does not answer now: its row follows when it does."
    words = f"Killed: nothing more is sent for {desk.name}.{rest} {entries(desk, now)} Positions, exits and stops at the broker stay."
    return Outcome(words, "good")


def _followed(desk: Desk, word: Word) -> None:
    """Writes the row, for traders on other machines, once the database is back; no longer once somebody has taken the file away."""
    while (desk.folder / halting.FILE).exists():
        time.sleep(AGAIN)
        with suppress(SpringbackError):
            if (desk.folder / halting.FILE).exists():
                open_state(desk.folder).halt(desk.name, halting.row(word))
            return


def entries(desk: Desk, now: datetime) -> str:
    """Who takes back the entries that wait at the broker."""
    if alive(desk.folder, now):
        return "The trader takes open entries back within seconds, while that is allowed."
    return (
        "No trader runs here: entries that wait at the broker are filled at the open unless "
        f"'springback kill --account {desk.name}' takes them back, or the broker's own page."
    )


def _answer(dashboard: Dashboard, request: Request, outcome: Outcome) -> Response:
    session, desk = dashboard.session(request), dashboard.desks.named(request.path_params["account"])
    if session is None:
        return dashboard.way_in(request)
    if desk is None:
        return lost()
    on = desk.broker and any(one.exists() for one in halting.kill_files(desk.folder))
    others = [one.name for one in dashboard.desks.all() if one.broker and one != desk]
    told = entries(desk, dashboard.desks.now())
    values = {"account": desk.name, "entries": told, "broker": desk.broker, "on": on, "role": session.role, "word": WORD, "others": others}
    return dashboard.alone(request, "kill.html", outcome, **values)
