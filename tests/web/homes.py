"""A project with an account that has decided some evenings, its store and its models, and a dashboard over it."""

import asyncio
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from springback.analytics import run_folder
from springback.data.store.store import Store
from springback.market.prose import Prose
from springback.review.build import build
from springback.state.rows import Halt, Incident, Restriction
from springback.state.state import State
from springback.state.trading_rows import Attribution
from springback.trading.attribution import TERMS
from springback.trading.timetable import ActName
from springback.web.access import FILE, Access
from springback.web.app import application, dashboard_of
from springback.web.dashboard import Dashboard
from springback.workflow import check_data
from springback.workflow.accounts import account_of
from springback.workflow.book import Word, opened
from springback.workflow.evening import registered
from springback.workflow.inputs import Inputs
from springback.workflow.progress import SILENT
from springback.workflow.review import write as write_review
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_collect import collect
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_send import send
from springback.workflow.trade_service import evening, page, serve
from springback.workflow.trader import trading_account
from springback.workflow.web_settings import Web
from tests.analytics.materials import report_data
from tests.operation import desks
from tests.review.test_document import materials as review_materials
from tests.search.worlds import chosen, searched

EVENINGS = 8
NOW = datetime(2023, 1, 13, 12, tzinfo=UTC)
"""The morning after the last evening."""
HOST = "http://127.0.0.1:8765"
PASSWORD, LOOKING = "correct horse battery", "only looking at it"
"""The operator's, and the reader's."""
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
RUNNER = asyncio.Runner()
"""Every visitor's loop."""


def make(home: Path) -> None:
    """Fills the folder `home`."""
    Store(home / "store").write(desks.market().until(desks.market().bars.row(desks.LEARNED) + EVENINGS + 1))
    desks.keep_models(home / "models", desks.pair())
    folder = desks.freeze_evenings(home / "desk", EVENINGS)
    account = account_of(home / "desk", Settings(), home / "store", home / "models", begins=True)
    opened(account, 1_000_000.0, Word("tests", NOW - timedelta(days=30)))
    for decision in folder.decisions():
        registered(account, decision)
    state = State(home / "desk" / "state.sqlite")
    state.open_incident("desk", Incident("daily.failed", NOW - timedelta(hours=3), None, Prose("the source is down"), "springback daily"))
    for k, session in enumerate(folder.sessions()[-4:]):
        state.keep("desk", attributed(date.fromisoformat(session), Decimal(40 * k - 50), k == 3))
    access = Access(home / FILE, hasher=CHEAP)
    access.set_password("operator", PASSWORD)
    access.set_password("reader", LOOKING)


def attributed(session: date, change: Decimal, unexplained: bool) -> Attribution:
    """A session's chain as it is kept; a dollar is left where something is unexplained."""
    terms = dict.fromkeys(TERMS, "0") | {"backtest": str(change - 7), "price": "5.5", "fees": "1.5"}
    pair = {"client_id": "x", "symbol": "AAA", "purpose": "entry", "quantity": "100", "price": "10.05", "fee": "1", "modelled": "10.04"}
    pair |= {"modelled_fee": "1", "opening": "10", "auction": None}
    body = {
        "terms": terms,
        "change": str(change),
        "events": {},
        "doubts": [{"text": "a late item"}],
        "pairs": [pair | {"slippage_bp": 50.0}],
    }
    return Attribution(session, NOW, not unexplained, Decimal(int(unexplained)), json.dumps(body))


def make_walked(decided: Path, home: Path) -> None:
    """The project of `decided` in the folder `home`, with something on every page: beside the desk an account at the simulated broker, and
    what other verbs wrote, two runs, a review with a proposal, a search, a check.
    """
    shutil.copytree(decided, home, dirs_exist_ok=True)
    trade(home)
    state, at = State(home / "traded" / "SIMULATED" / "state.sqlite"), NOW - timedelta(days=2)
    halted = state.halt(
        "SIMULATED", Halt("name", "unexplained", Prose("10 shares that no order explains"), "springback reconcile", at, "AAA")
    )
    state.lift("SIMULATED", halted.n, "tests", NOW - timedelta(days=1))
    state.restrict("SIMULATED", Restriction("BAMA", at.date(), None, Prose("a takeover is rumoured"), "tests", at))
    opened_at = state.open_incident(
        "SIMULATED", Incident("trade.unknown_orders", at, None, Prose("1 order is unknown"), "springback status")
    )
    state.close_incident("SIMULATED", opened_at.cause, NOW - timedelta(days=1))
    runs = home / "runs"
    for name, slots in (("2023-01-10_09-00-00", 20), ("2023-01-11_09-00-00", 10)):
        run_folder.write(runs / name, report_data(settings={"strategy.slots": slots}))
    with tempfile.TemporaryDirectory() as place:
        write_review(build(review_materials(Path(place))), runs / "review" / "2021Q1")
        searched(draw_demo(chosen()), Path(place) / "search", "optimise.trials=8", "optimise.draws=100")
        shutil.move(Path(place) / "search" / "runs", runs / "optimise")
        shutil.move(Path(place) / "search" / "ledger.sqlite", home / "ledger.sqlite")
    check_data.write(check_data.check_data(Settings(), Inputs(store=home / "store")).study, runs / "check")


def trade(home: Path) -> None:
    """Evenings and days of an account at the simulated broker, some of whose orders are refused or filled in part."""
    brokers = replace(Settings().brokers, simulated_seed=1, simulated_partial=0.3, simulated_refusal=0.2)
    settings, clock = replace(desks.SETTINGS, brokers=brokers), TradeClock(datetime(2023, 1, 3, 22, tzinfo=UTC), threading.Event())
    steps: dict[ActName, Any] = {"send": send, "night": reconcile, "check": check, "page": page, "collect": collect, "morning": reconcile}
    with trading_account(home / "traded", settings, "simulated", False, clock, home / "store", home / "models") as account:
        acts = {"decide": partial(evening, account, clock, None, SILENT)} | {
            key: partial(one, account, clock) for key, one in steps.items()
        }
        for _ in serve(account, clock, acts, NOW):
            pass


def desks_of(home: Path) -> tuple[Path, ...]:
    """The desk, and the account at the simulated broker where there is one."""
    return tuple(one for one in (home / "desk", home / "traded") if one.is_dir())


class Browser:
    """Somebody at the dashboard who sends what a browser sends."""

    def __init__(self, dashboard: Dashboard, origin: str = HOST) -> None:
        self.dashboard, self.origin = dashboard, origin
        transport = httpx.ASGITransport(application(dashboard), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=origin)

    def ask(self, method: str, address: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        return RUNNER.run(self.client.request(method, address, headers=told, follow_redirects=False, **more))

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self.ask("GET", address, headers)

    def post(self, address: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        told = {"origin": self.origin, "sec_fetch_site": "same-origin"} | headers
        return self.ask("POST", address, {name: one for name, one in told.items() if one}, data=fields)

    @property
    def cookie(self) -> str:
        """What it is known by."""
        return next(one.value or "" for one in self.client.cookies.jar if one.name == self.dashboard.place.cookie)

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.cookies.clear()
        self.client.cookies.set(self.dashboard.place.cookie, value, domain="127.0.0.1")

    def csrf(self, address: str = "/sign-in") -> str:
        """What the form of a page brings along."""
        found = re.search(r'name="csrf" value="(\w+)"', self.get(address).text)
        assert found is not None, f"{address} has no form"
        return found[1]

    def enter(self, role: str = "operator", password: str = "") -> httpx.Response:
        """Signs in."""
        said = password or (PASSWORD if role == "operator" else LOOKING)
        return self.post("/sign-in", {"csrf": self.csrf(), "password": said, "role": role})


def browser_at(home: Path, web: Web | None = None, now: Callable[[], datetime] = lambda: NOW, origin: str = HOST) -> Browser:
    """A new visitor of a new dashboard over `home`, which must be the working folder."""
    web = web or Web()
    return Browser(dashboard_of(desks_of(home), web, Access(home / FILE, web.hours, CHEAP), now), origin)
