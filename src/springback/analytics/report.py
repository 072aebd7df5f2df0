"""report.html, one file that opens without a network, and report.png beside it."""

from pathlib import Path
from typing import Any

from springback.analytics import charts, course_sections, order_sections, sections
from springback.analytics import page as pages
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.analytics.lean_statistics import DEFINITIONS
from springback.analytics.linked_studies import Stressed, stress_of
from springback.analytics.material import Material
from springback.analytics.picture import picture
from springback.analytics.scores import scores
from springback.analytics.summary import Summary

UNKNOWN_MODELS = "Forecasts came ready-made: how the models do on rows they never saw is not known here."
WHY_MISSING = {
    "benchmark": "The data hold no benchmark series.",
    "scores": UNKNOWN_MODELS,
    "quarters": UNKNOWN_MODELS,
    "reliability": UNKNOWN_MODELS,
    "importance": UNKNOWN_MODELS,
    "cost_sweep": "The cost sweep was not run.",
    "overlays": "The runs without each part of the rule were not made.",
    "funnel": "The run did not count where candidates left.",
    "search": "This run is in no trial ledger: among how many it was chosen is not known here.",
}
"""Why a part is absent, unless the material says better."""


def draw(material: Material, summary: Summary, folder: Path) -> None:
    """Writes report.html and report.png into `folder`; the same bytes for the same material and the same stress test beside it."""
    (folder / "report.html").write_text(page(material, summary, stress_of(folder, material)), encoding="utf-8", newline="\n")
    picture(material, summary, folder / "report.png")


def page(material: Material, summary: Summary, stress: Stressed | None = None) -> str:
    """The whole page as text: styles, data and plotly.js inside, every text escaped; `stress` the stress test that lies beside it."""
    account = material.headline
    figures = summary.figures[account.profile]
    slots = material.provenance.settings.get("strategy.slots")
    use = [charts.exposure(account), charts.slots(account, int(slots) if slots else None), charts.turnover(account), charts.firing(account)]
    parts: dict[str, list[charts.Chart]] = {
        "equity": [charts.equity(material)],
        "course": course_sections.course_charts(material),
        "use": [chart for chart in use if chart is not None],
        "costs": charts.costs(material, {name: figures[name].number() for name in ("annual_return", "sharpe")}),
        "models": charts.model_charts(material),
    }
    return pages.render(
        "report.html",
        material=material,
        summary=summary,
        charts=parts,
        tables=_tables(material, summary),
        tiles=_tiles(material, summary),
        missing=missing(material),
        stress=stress,
    )


def missing(material: Material) -> dict[str, str]:
    """Part -> why it is not there, for every optional part that is None."""
    return {part: material.missing.get(part, why) for part, why in WHY_MISSING.items() if getattr(material, part) is None}


def _tables(material: Material, summary: Summary) -> dict[str, Any]:
    best, worst = sections.best_and_worst(material)
    return {
        "gates": sections.gates(summary),
        "luck": sections.luck(summary, material),
        "profiles": sections.profiles(summary, material),
        "months": course_sections.months(material),
        "falls": course_sections.falls(material),
        "years": sections.years(material),
        "regimes": sections.regimes(material),
        "sides": sections.sides(material),
        "reasons": sections.reasons(material),
        "best": best,
        "worst": worst,
        "overlays": sections.overlays(material, summary),
        "funnel": sections.funnel(material),
        "definitions": sections.definitions(summary, material.printed_by_lean),
        "figures": sections.every_figure(summary, material),
        "lean": sections.every_lean_figure(summary, material, DEFINITIONS),
        "scores": scores(material),
        "settings": settings_table(material.provenance),
        "orders": order_sections.orders(material),
        "positions": order_sections.positions(material),
    }


def _tiles(material: Material, summary: Summary) -> list[tuple[str, str, str]]:
    """(label, figure, what stands under it) of the few numbers at the top."""
    figures = summary.figures[material.headline.profile]

    def told(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    band = f"95 % band {told('sharpe_low')} to {told('sharpe_high')}"
    if figures["sharpe_low"].value is None:
        band = "too short for an error band" if figures["lost_on"].value is None else "the account was lost"
    beside = (
        f"{material.benchmark_name} {told('benchmark_annual_return')}"
        if figures["benchmark_annual_return"].value is not None
        else "no benchmark"
    )
    water = f"under water {told('longest_under_water')}"
    mean = shown(figures["average_trade"].value, "percent2")
    return [
        ("Net return a year", told("annual_return"), beside),
        ("Sharpe ratio", told("sharpe"), band),
        ("Deepest fall", told("max_drawdown"), water),
        ("Trades won", told("win_rate"), f"{told('trades')} trades, mean {mean}"),
    ]
