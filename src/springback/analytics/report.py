"""report.html, one file that opens without a network, and report.png beside it."""

from pathlib import Path
from typing import Any

from springback.analytics import charts, course_sections, order_sections, sections
from springback.analytics import page as pages
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.analytics.lean_statistics import DEFINITIONS
from springback.analytics.linked_studies import LinkedStress, stress_of
from springback.analytics.picture import picture
from springback.analytics.report_data import ReportData, file_name
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
    "ablations": "The runs without each part of the rule were not made.",
    "funnel": "The run did not count where candidates left.",
    "search": "This run is in no trial ledger: among how many it was chosen is not known here.",
}
"""Why a part is absent, unless the material says better."""


def draw(report_data: ReportData, summary: Summary, folder: Path) -> None:
    """Writes report.html and report.png into `folder`; the same bytes for the same material and the same stress test beside it."""
    (folder / "report.html").write_text(page(report_data, summary, stress_of(folder, report_data)), encoding="utf-8", newline="\n")
    picture(report_data, summary, folder / "report.png")


def page(report_data: ReportData, summary: Summary, stress: LinkedStress | None = None) -> str:
    """The whole page as text: styles, data and plotly.js inside, every text escaped; `stress` the stress test that lies beside it."""
    account = report_data.headline
    figures = summary.figures[account.profile]
    slots = report_data.provenance.settings.get("strategy.slots")
    use = [charts.exposure(account), charts.slots(account, int(slots) if slots else None), charts.turnover(account), charts.firing(account)]
    parts: dict[str, list[charts.Chart]] = {
        "equity": [charts.equity(report_data)],
        "course": course_sections.course_charts(report_data),
        "use": [chart for chart in use if chart is not None],
        "costs": charts.costs(report_data, {name: figures[name].number() for name in ("annual_return", "sharpe")}),
        "models": charts.model_charts(report_data),
    }
    return pages.render(
        "report.html",
        report_data=report_data,
        summary=summary,
        charts=parts,
        tables=_tables(report_data, summary),
        tiles=_tiles(report_data, summary),
        missing=missing(report_data),
        stress=stress,
    )


def missing(report_data: ReportData) -> dict[str, str]:
    """Part -> why it is not there, for every optional part that is None."""
    absent = (part for part in WHY_MISSING if getattr(report_data, part) is None)
    return {part: report_data.missing.get(file_name(part), WHY_MISSING[part]) for part in absent}


def _tables(report_data: ReportData, summary: Summary) -> dict[str, Any]:
    best, worst = sections.best_and_worst(report_data)
    return {
        "gates": sections.gates(summary),
        "luck": sections.luck(summary, report_data),
        "profiles": sections.profiles(summary, report_data),
        "months": course_sections.months(report_data),
        "falls": course_sections.falls(report_data),
        "years": sections.years(report_data),
        "regimes": sections.regimes(report_data),
        "sides": sections.sides(report_data),
        "reasons": sections.reasons(report_data),
        "best": best,
        "worst": worst,
        "ablations": sections.ablations(report_data, summary),
        "funnel": sections.funnel(report_data),
        "definitions": sections.definitions(summary, report_data.printed_by_lean),
        "figures": sections.every_figure(summary, report_data),
        "lean": sections.every_lean_figure(summary, report_data, DEFINITIONS),
        "scores": scores(report_data),
        "settings": settings_table(report_data.provenance),
        "orders": order_sections.orders(report_data),
        "positions": order_sections.positions(report_data),
    }


def _tiles(report_data: ReportData, summary: Summary) -> list[tuple[str, str, str]]:
    """(label, figure, what stands under it) of the few numbers at the top."""
    figures = summary.figures[report_data.headline.profile]

    def told(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    band = f"95 % band {told('sharpe_low')} to {told('sharpe_high')}"
    if figures["sharpe_low"].value is None:
        band = "too short for an error band" if figures["lost_on"].value is None else "the account was lost"
    beside = (
        f"{report_data.benchmark_name} {told('benchmark_annual_return')}"
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
