"""An evening's facts, for the tests of the state and the processes that they start."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from springback.market.prose import Prose
from springback.state.rows import BookEvent
from springback.state.trading_rows import Adoption, Attribution, Booking, Reconciliation, Snapshot, Step

AT = datetime(2026, 11, 27, 21, 30, 0, 123456, UTC)
LATER = AT + timedelta(hours=12)
FRIDAY, MONDAY, TUESDAY = date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1)
ME = "desk"
WHY = Prose("the earnings call, “quoted” and 50 % off")

RECORDS = (
    Step(FRIDAY, "send", AT, 6, '{"sent": 3}'),
    Snapshot(FRIDAY, "send", AT, Decimal("1000000.10"), None, Decimal("4000000"), '{"AAPL": "-10"}', True),
    Adoption("AAPL", "ours", Decimal("0.5"), 101.25, FRIDAY, AT, "ann", WHY),
    Reconciliation(FRIDAY, "morning", AT, 1, '{"AAPL": 1}'),
    Attribution(FRIDAY, AT, False, Decimal("0.00")),
)
BOOKED = Booking("20261127::1", "dividend", "DIV", "AAPL", None, Decimal("-1.23"), AT, AT, "executed")


def event(**values: object) -> BookEvent:
    return dataclasses.replace(BookEvent(AT, MONDAY, "set", "BRK.B", 0.1, 1 / 3, "ann", WHY), **values)  # type: ignore[arg-type]
