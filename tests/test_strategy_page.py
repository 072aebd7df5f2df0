"""What docs/strategy.md and the report's box say of the rule is what the defaults do."""

from pathlib import Path

import pytest

from springback import settings
from springback.features import FEATURES
from springback.workflow.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[1]
BOX = REPOSITORY / "src" / "springback" / "analytics" / "templates" / "strategy.html"


def words(file: Path) -> str:
    return " ".join(file.read_text(encoding="utf-8").split())


def test_every_feature_is_explained() -> None:
    told = words(REPOSITORY / "docs" / "strategy.md")
    assert [name for name in FEATURES if f"| `{name}`" not in told and f", `{name}`" not in told] == []


@pytest.mark.parametrize("file", [REPOSITORY / "docs" / "strategy.md", BOX], ids=["page", "box"])
def test_the_numbers_are_the_defaults(file: Path) -> None:
    told = words(file)
    chosen = settings.load(Settings)
    rule, regime = chosen.strategy, chosen.regime
    for number in (
        f"elow {rule.qpi_low:.0f}",
        f"bove {rule.qpi_high:.0f}",
        f"{100 * rule.probability:.0f} %",
        f"{100 * rule.stop_loss:.0f} %",
        f"{rule.slots}",
        f"{rule.holding_sessions} sessions",
        f"{100 * rule.bull_long:.0f} %",
        f"{100 * rule.bull_short:.0f} %",
        f"{100 * rule.bear_long:.0f} %",
        f"{regime.multiple:g} times",
        f"{regime.window} sessions",
    ):
        assert number in told, number


def test_the_readme_and_the_report_lead_to_it() -> None:
    assert "(docs/strategy.md)" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "docs/strategy.md" in words(BOX)
    assert 'include "strategy.html"' in words(BOX.with_name("report.html"))
