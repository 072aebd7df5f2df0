"""An evening's facts, for the tests of the state and the processes that they start."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

from springback.market.prose import Prose
from springback.state.rows import BookEvent

AT = datetime(2026, 11, 27, 21, 30, 0, 123456, UTC)
LATER = AT + timedelta(hours=12)
FRIDAY, MONDAY, TUESDAY = date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1)
ME = "desk"
WHY = Prose("the earnings call, “quoted” and 50 % off")


def event(**values: object) -> BookEvent:
    return dataclasses.replace(BookEvent(AT, MONDAY, "set", "BRK.B", 0.1, 1 / 3, "ann", WHY), **values)  # type: ignore[arg-type]
