"""A page for many is made once a version, by one of those who ask, and never kept where nobody hears of writes."""

import threading
import time
from dataclasses import replace

from springback.web.shared import MOST, Shared


def test_it_is_made_once_a_version_however_many_ask() -> None:
    made: list[int] = []
    shared, answers = Shared(), []

    def make() -> int:
        time.sleep(0.1)
        made.append(1)
        return len(made)

    asking = [threading.Thread(target=lambda: answers.append(shared.of("page", 1, make))) for _ in range(20)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert answers == [1] * 20
    assert shared.of("page", 2, make) == 2, "something was written"
    assert shared.of("other", 2, make) == 3
    assert shared.of("page", None, make) == 4 and shared.of("page", None, make) == 5, "nobody listens"


def test_without_a_version_nobody_is_given_what_was_begun_before_he_asked() -> None:
    """Fifty who ask at once are served by the making that is under way for the first, and one more for the rest."""
    shared, made, answers = Shared(), [], []
    first, go = threading.Event(), threading.Event()

    def make() -> int:
        number = len(made) + 1
        made.append(number)
        first.set()
        go.wait(10)
        return number

    asking = [threading.Thread(target=lambda: answers.append(shared.of("page", None, make))) for _ in range(50)]
    asking[0].start()
    first.wait(10)
    for one in asking[1:]:
        one.start()
    time.sleep(0.3)
    go.set()
    for one in asking:
        one.join()
    assert made == [1, 2] and sorted(answers) == [1] + [2] * 49
    assert shared.of("page", None, make) == 3


def test_it_grows_old() -> None:
    shared, count = Shared(), iter(range(1000))
    assert shared.of("page", 1, lambda: next(count)) == 0
    shared._kept["page"] = replace(shared._kept["page"], at=time.monotonic() - 6)
    assert shared.of("page", 1, lambda: next(count)) == 1
    for k in range(3 * MOST):
        shared.of(k, 1, lambda: next(count))
    assert len(shared._kept) == len(shared._locks) == MOST


def test_what_fails_is_not_kept() -> None:
    shared = Shared()

    def fails() -> int:
        raise ValueError("broken")

    for _ in range(2):
        try:
            shared.of("page", 1, fails)
        except ValueError:
            continue
        raise AssertionError("it must fail each time")
    assert shared.of("page", 1, lambda: 7) == 7
