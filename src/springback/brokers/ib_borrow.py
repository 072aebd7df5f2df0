"""IB's list of what can be borrowed, `usa.txt` of its FTP server: symbol, conId, ISIN, rebate, fee in percent a year, shares available."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from springback.brokers.broker import Borrow
from springback.brokers.ib_words import NEW_YORK, borrowing
from springback.errors import BadTable, MissingData

OLDEST = timedelta(days=4)
"""A list from before a long weekend; an older one says nothing."""


@dataclass(frozen=True)
class BorrowList:
    """Shares available and the fee in percent a year, by conId, as they were `at`, UTC."""

    at: datetime
    rows: dict[str, tuple[Decimal | None, Decimal | None]]

    def of(self, con_id: str, most: float, now: datetime) -> Borrow:
        """How a share can be borrowed; one that is not in the list cannot, and a list that is too old says nothing."""
        if not timedelta(0) <= now - self.at + timedelta(hours=1) <= OLDEST:
            return "unknown"
        return borrowing(*self.rows[con_id], most) if con_id in self.rows else "hard"


def read_borrow_list(file: Path) -> BorrowList:
    """The list in `file`. Raises `MissingData` where it is not there, `BadTable` where it is cut off or none."""
    if not file.is_file():
        raise MissingData(f"{file} does not exist (brokers.ib_borrow): fetch IB's usa.txt, or leave the setting empty")
    lines = file.read_text(encoding="latin-1").splitlines()
    if len(lines) < 3 or not lines[0].startswith("#BOF") or not lines[-1].startswith("#EOF"):
        raise BadTable(f"{file} is no whole list of IB's shares to borrow, from #BOF to #EOF: fetch it again")
    columns = {name.strip("#"): k for k, name in enumerate(lines[1].split("|"))}
    lacking = [name for name in ("CUR", "CON", "FEERATE", "AVAILABLE") if name not in columns]
    if lacking:
        raise BadTable(f"{file} has no column {lacking[0]}: its format may have changed")
    rows = {}
    for line in lines[2:-1]:
        cells = line.split("|")
        if len(cells) > max(columns.values()) - 1 and cells[columns["CUR"]] == "USD":
            rows[cells[columns["CON"]]] = (_number(cells[columns["AVAILABLE"]].lstrip(">")), _number(cells[columns["FEERATE"]]))
    return BorrowList(_at(lines[0], file), rows)


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _at(line: str, file: Path) -> datetime:
    try:
        _, day, hour, *_ = line.split("|")
        return datetime.strptime(f"{day} {hour}", "%Y.%m.%d %H:%M:%S").replace(tzinfo=NEW_YORK).astimezone(UTC)
    except ValueError:
        raise BadTable(f"{file} does not say when it was made (#BOF): its format may have changed") from None
