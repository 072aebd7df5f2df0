"""Row 42: the process is killed before and after everything that it writes or sends, and the next one ends where none was killed."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from springback.workflow.trade_outcome import DONE, UNKNOWN
from tests.conftest import REPOSITORY
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold
from tests.trading.faults.killed import settings

MORNING, OPEN = "2026-03-04 08:30", "2026-03-04 09:30"
READINGS = 3
MARKET = ("now", "cash", "auctions", "orders", "holdings", "prices", "activities", "messages", "requests", "count")
"""What a fake market has that changes."""


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """The server of processes."""
    command = [sys.executable, "-m", "tests.trading.faults.killed"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        yield one
        assert one.stdin is not None
        one.stdin.close()


@dataclass
class Scene:
    """A desk before a step, to which it can be put back, and the server that does the step."""

    desk: BrokerDesk
    server: subprocess.Popen[str]
    step: str

    def __post_init__(self) -> None:
        self.market = copy.deepcopy({name: getattr(self.desk.fake, name) for name in MARKET})
        self.kept = self.desk.home.with_name("kept")
        shutil.copytree(self.desk.home, self.kept)

    def again(self) -> None:
        """As it was before the step."""
        vars(self.desk.fake).update(copy.deepcopy(self.market))
        shutil.rmtree(self.desk.home)
        shutil.copytree(self.kept, self.desk.home)

    def run(self, point: int = -1, minutes: int = 0) -> dict[str, Any]:
        """The step in a process of its own, which dies at `point`."""
        fake = self.desk.fake
        clock = (self.desk.clock.now() + timedelta(minutes=minutes)).isoformat()
        words = {"home": str(self.desk.home), "url": fake.url, "number": fake.number, "step": self.step, "clock": clock, "point": point}
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(words) + "\n")
        self.server.stdin.flush()
        return dict(json.loads(self.server.stdout.readline()))

    def end(self) -> dict[str, object]:
        """How things stand: every order at the broker, the journal's, and what is held."""
        fake = self.desk.fake
        there = sorted((one["client_order_id"], one["qty"], one["filled_qty"], one["status"]) for one in fake.orders.values())
        ours = [(one.client_id, one.state, str(one.filled_quantity), len(one.fills)) for one in self.desk.journal.orders()]
        held = {key: one.quantity for key, one in fake.holdings.items() if one.quantity}
        return {"broker": there, "journal": sorted(ours), "held": held, "faults": self.desk.journal.verify()}


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path, server: subprocess.Popen[str]) -> Iterator[Scene]:
    """The desk before the step that is asked for: an entry is due, a stop in the morning."""
    with broker_desk(tmp_path / "home") as desk:
        desk.settings = settings(desk.fake.url, desk.fake.number)
        desk.fake.limit = 100_000
        hold(desk, "BRK.B", "3")
        desk.decide(("AAA", 10, "entry"), ("BRK.B", -3, "resting_stop", 150.0), held={"BRK.B": 3})
        before = [("send", ""), ("check", MORNING), ("collect", OPEN)]
        for step, text in before[: [name for name, _ in before].index(request.param) + 1]:
            if text:
                desk.move_to(text)
            one = Scene(desk, server, step)
            if step == request.param:
                yield one
                return
            assert one.run()["code"] == DONE
            shutil.rmtree(one.kept)


def killed_at(scene: Scene, points: list[str], numbers: list[int], whole: dict[str, object]) -> None:
    """The step killed at each of `numbers`, and run again: the end is that of one that nobody killed."""
    for number in numbers:
        scene.again()
        assert scene.run(number)["killed"], points[number]
        codes = [scene.run(minutes=2)["code"]]
        while codes[-1] == UNKNOWN and len(codes) < READINGS:  # one reading proves no absence
            codes.append(scene.run(minutes=2 + len(codes))["code"])
        assert codes[-1] == DONE, (points[number], codes)
        assert scene.end() == whole, points[number]
        names = [one["client_order_id"] for one in scene.desk.fake.orders.values()]
        assert len(names) == len(set(names)), points[number]


@pytest.mark.parametrize(("scene", "word"), [("send", "request"), ("check", "request"), ("collect", "row 'fill'")], indirect=["scene"])
def test_row_42_a_kill_around_what_cannot_be_taken_back_leaves_one_order_each(scene: Scene, word: str) -> None:
    points = scene.run()["points"]
    whole = scene.end()
    killed_at(scene, points, [k for k, one in enumerate(points) if word in one][:2], whole)


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["send", "check", "collect"], indirect=True)
def test_row_42_a_kill_at_any_point_of_a_step_leaves_one_order_each_and_the_same_end(scene: Scene) -> None:
    points = scene.run()["points"]
    whole = scene.end()
    assert whole["faults"] == () and len(points) >= 8
    killed_at(scene, points, list(range(len(points))), whole)
