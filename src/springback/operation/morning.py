"""What a person looks at before the open: the sheet of orders, why each was given, and the splits that take effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from springback.market.prose import Prose
from springback.operation.explanation import EntryWhy, ExitWhy, Explanation
from springback.operation.order_sheet import OrderSheet


@dataclass(frozen=True)
class SplitCheck:
    """What `source` (empty: nobody) said of splits that take effect on `day`: old shares per new one by name.

    `ahead` says that it tells them before the session trades, so that none told is none; `fault` why it could not be asked.
    """

    day: str
    source: str = ""
    ahead: bool = False
    factors: Mapping[str, float] = field(default_factory=dict)
    fault: Prose | None = None


@dataclass(frozen=True, eq=False)
class Morning:
    """A decision on the morning of its open, which is `over` once that has passed."""

    sheet: OrderSheet
    explanation: Explanation
    splits: SplitCheck
    over: bool = False

    def entry_why(self, symbol: str) -> EntryWhy | None:
        """Why `symbol` is entered; None where it is not."""
        return next((one for one in self.explanation.entries if one.symbol == symbol), None)

    def exit_why(self, symbol: str) -> ExitWhy | None:
        """Why `symbol` is left; None where it is not."""
        return next((one for one in self.explanation.exits if one.symbol == symbol), None)
