"""An account has one holder at a time, on one machine and between machines."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from springback.errors import InputError, Taken
from springback.state.state import State
from tests.state.samples import ME
from tests.state.test_hands import child

HOLD = """
import sys, time
from springback.state.state import State
url, holder, seconds = sys.argv[1:]
with State(url).lease("desk", holder, float(seconds)):
    print("held", flush=True)
    time.sleep(60)
"""
COUNT = """
import sys, time
from pathlib import Path
from springback.errors import Taken
from springback.state.state import State
url, holder, place = sys.argv[1:]
state, mine, place = State(url), 0, Path(place)
while mine < 5:
    try:
        with state.lease("desk", holder, 20) as lease:
            (place / "inside").mkdir()
            time.sleep(0.005)
            lease.renew()
            (place / "inside").rmdir()
            mine += 1
    except Taken:
        time.sleep(0.003)
"""


def test_one_holds_and_the_other_is_told_by_whom(url: str) -> None:
    first, second = State(url), State(url)
    with first.lease(ME, "alpha", 30):
        with pytest.raises(Taken, match=r"account desk is worked on by alpha until .* UTC") as refused, second.lease(ME, "beta", 30):
            pass
        assert refused.value.value == "alpha"
        with second.lease("other", "beta", 30):
            pass
    with second.lease(ME, "beta", 30), pytest.raises(Taken, match="by beta"), first.lease(ME, "alpha", 30):
        pass


def test_a_lease_outlives_its_time_while_its_holder_lives(url: str) -> None:
    first, second = State(url), State(url)
    with first.lease(ME, "alpha", 2):
        time.sleep(3)
        with pytest.raises(Taken, match="by alpha"), second.lease(ME, "beta", 30):
            pass
    with second.lease(ME, "beta", 30):
        pass


def test_who_was_taken_over_is_told_when_it_renews(url: str) -> None:
    first, second = State(url), State(url)
    with first.lease(ME, "alpha", 60) as held:
        first.take(ME, "alpha", 0.001)  # as after a night's sleep of the machine
        time.sleep(0.05)
        with second.lease(ME, "beta", 60), pytest.raises(Taken, match="by beta"):
            held.renew()


def test_who_was_taken_over_meanwhile_is_told_too(url: str) -> None:
    first, second = State(url), State(url)
    with first.lease(ME, "alpha", 60) as held:
        first.take(ME, "alpha", 0.001)
        time.sleep(0.05)
        with second.lease(ME, "beta", 60):
            pass
        with pytest.raises(Taken, match="no longer held by alpha"):
            held.renew()


def test_the_keeper_finds_the_loss_and_the_end_of_the_block_tells_it(url: str) -> None:
    first, second = State(url), State(url)

    def work() -> None:
        with first.lease(ME, "alpha", 3):
            first.take(ME, "alpha", 0.001)
            time.sleep(0.01)
            second.take(ME, "beta", 60)
            time.sleep(1.5)

    with pytest.raises(Taken, match="by beta"):
        work()


def test_what_went_wrong_in_the_block_is_what_is_raised(url: str) -> None:
    state = State(url)
    with pytest.raises(ZeroDivisionError), state.lease(ME, "alpha"):
        raise ZeroDivisionError
    with state.lease(ME, "beta"):
        pass


@pytest.mark.parametrize(("holder", "seconds"), [("", 60), ("alpha", 0)])
def test_a_lease_needs_a_name_and_a_time(holder: str, seconds: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a lease needs"), State(tmp_path / "state.sqlite").lease(ME, holder, seconds):
        pass


def test_the_dead_hold_until_their_time_is_over_and_their_own_name_goes_on_at_once(url: str, repository: Path) -> None:
    state = State(url)
    with child(HOLD, url, "alpha", "10", repository=repository, out=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
    with pytest.raises(Taken, match="by alpha"), state.lease(ME, "beta", 30):
        pass
    with state.lease(ME, "alpha", 30):
        pass
    state.take(ME, "alpha", 0.5)
    time.sleep(0.6)
    with state.lease(ME, "beta", 30):
        pass


def test_two_processes_are_never_inside_together(url: str, repository: Path, tmp_path: Path) -> None:
    State(url)
    workers = [child(COUNT, url, f"h{k}", str(tmp_path), repository=repository) for k in range(3)]
    assert [one.wait() for one in workers] == [0] * 3
