"""The success gates, beside what the strategy's source claims and what is realistic. Shown, never tuned to in silence.

Gates and claims: the specification (27.4 % a year, Sharpe 1.17, drawdown 46 %, win rate 62 %). Realistic band: published information
coefficients of 0.03-0.06 at this horizon, and a public replication on 3,295 names (AUC 0.498-0.502, best net long-only Sharpe 0.60).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from springback.analytics.figures import Figure, Unit, shown


@dataclass(frozen=True)
class Gate:
    """`name` of the figure it judges, its `limit`, on which `side` of it lies success, and the two yardsticks in words."""

    name: str
    label: str
    side: Literal["above", "below"]
    limit: float
    unit: Unit
    claimed: str
    realistic: str


@dataclass(frozen=True)
class Verdict:
    """`passed` None: the figure is not known in this run, or the run is too small for a verdict."""

    gate: Gate
    value: float | None
    passed: bool | None

    @property
    def word(self) -> str:
        """PASS, FAIL or n/a."""
        return "n/a" if self.passed is None else "PASS" if self.passed else "FAIL"


GATES = (
    Gate("auc", "AUC of the forecasts", "above", 0.60, "ratio", "–", "0.50 to 0.53"),
    Gate("accuracy", "Accuracy of the forecasts", "above", 0.60, "fraction", "–", "50 to 53 %"),
    Gate("sharpe", "Sharpe ratio, net", "above", 1.0, "ratio", "1.17", "0 to 0.6"),
    Gate("win_rate", "Win rate of trades, net", "above", 0.55, "fraction", "62 %", "51 to 56 %"),
    Gate("max_drawdown", "Maximum drawdown", "below", 0.50, "fraction", "46 %", "15 to 45 %"),
    Gate("annual_return", "Annual return, net", "above", 0.15, "fraction", "27.4 %", "0 to 10 %"),
)


FEWEST_SESSIONS, FEWEST_TRADES = 63, 30
"""A quarter, and as many closed trades as a win rate needs to be within 18 points: on less no verdict is given."""
OF_FORECASTS = ("auc", "accuracy")


def too_little(figures: Mapping[str, Figure]) -> str:
    """Why a run is too small for a verdict, in words; empty where it is not."""
    return few(figures["sessions"].number(), figures["trades"].number())


def few(sessions: float, trades: float) -> str:
    """The same, of a number of sessions and of closed trades."""
    if sessions >= FEWEST_SESSIONS and trades >= FEWEST_TRADES:
        return ""
    held = f"{shown(sessions, 'sessions')} and {trades:,.0f} closed trade{'' if trades == 1 else 's'}"
    return f"{held}; a verdict needs {FEWEST_SESSIONS} and {FEWEST_TRADES}"


def judge(figures: Mapping[str, Figure]) -> tuple[Verdict, ...]:
    """Each gate against the run's figures, in the order of the specification; a value exactly at its limit fails.

    A run that is too small is not judged (its forecasts are, from `FEWEST_SESSIONS` on), but for an account that was lost.
    """
    short = figures["sessions"].number() < FEWEST_SESSIONS
    little = bool(too_little(figures)) and figures["lost_on"].value is None
    return tuple(_judge(gate, figures.get(gate.name), short if gate.name in OF_FORECASTS else little) for gate in GATES)


def _judge(gate: Gate, own: Figure | None, little: bool) -> Verdict:
    if own is None or not isinstance(own.value, (int, float)):
        return Verdict(gate, None, None)
    value = float(own.value)
    if little:
        return Verdict(gate, value, None)
    return Verdict(gate, value, value > gate.limit if gate.side == "above" else value < gate.limit)
