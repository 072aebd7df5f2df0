"""The run in plain words, for someone who reads nothing else."""

from collections.abc import Mapping

from springback.analytics import evidence
from springback.analytics.figures import Figure, shown
from springback.analytics.gates import Verdict, too_little
from springback.analytics.performance import ruin_of
from springback.analytics.report_data import ReportData
from springback.statistics.overfitting import Search, beats_luck

FEW = 50
"""Names under which nothing can be said of a ranking: the best of them are most of them."""


def flags(report_data: ReportData) -> tuple[str, ...]:
    """What a reader must know before any figure; the first line of report and summary."""
    said = []
    if day := ruin_of(report_data.headline.daily):
        said.append(
            f"RUIN: nothing was left of the account at the close of {day}. No ratio or return a year is given; nothing after it counts."
        )
    said += evidence.flags(report_data.provenance, "whatever is earned here is luck.", in_sample=report_data.in_sample)
    if report_data.ranked is not None and report_data.ranked < FEW:
        names = f"{report_data.ranked} name{'' if report_data.ranked == 1 else 's'}"
        said.append(f"Only {names}: under {FEW} it cannot be judged whether the ranking is worth anything.")
    return tuple(said)


def verdict(report_data: ReportData, figures: Mapping[str, Figure], gates: tuple[Verdict, ...]) -> tuple[str, ...]:
    """(a title, a sentence of figures, a sentence on the gates, and one on the trials where a ledger tells of them)."""
    told = (_title(report_data, figures), _numbers(report_data, figures), _gates(gates))
    return told if report_data.search is None else (*told, _trials(report_data.search, figures))


def _title(report_data: ReportData, figures: Mapping[str, Figure]) -> str:
    growth = figures["annual_return"].number()
    if figures["lost_on"].value is not None:
        return f"The account was lost on {figures['lost_on'].value}"
    if report_data.headline.fills.empty:
        return "Nothing was traded"
    if little := too_little(figures):
        return f"Too little to judge: {little}"
    if nothing(growth) or growth < 0:
        return "It lost money" if not nothing(growth) else "It neither made nor lost money"
    return _gain(report_data, figures)


def _gain(report_data: ReportData, figures: Mapping[str, Figure]) -> str:
    low, search = figures["sharpe_low"].number(), report_data.search
    if report_data.headline.trades["profit"].sum() <= 0:
        return "The closed trades lost money; the rest is interest and open positions"
    beyond = low > 0 and (search is None or beats_luck(figures["deflated_sharpe"].number()))
    if low > 0 and not beyond and search is not None and search.trials > 1:
        return f"It made money, but so could the best of {search.trials:,} tries without skill"
    if beyond:
        return "It earned more than luck explains" if not report_data.in_sample else "It earned on what it had already seen"
    return "It made money, but no more than luck could"


def nothing(growth: float) -> bool:
    """Whether a return a year is shown as 0.0 %."""
    return abs(growth) < 0.0005


def _numbers(report_data: ReportData, figures: Mapping[str, Figure]) -> str:
    first, last = str(report_data.headline.daily["date"].iloc[0])[:10], str(report_data.headline.daily["date"].iloc[-1])[:10]

    def text(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    sentence = f"{first} to {last}, {report_data.provenance.universe}: "
    if figures["annual_return"].value is None:
        sentence += f"{text('total_return')} in all net of {report_data.headline.profile} costs"
    else:
        sentence += f"{text('annual_return')} a year net of {report_data.headline.profile} costs"
    if figures["sharpe"].value is not None:
        sentence += f", Sharpe {text('sharpe')}"
    if figures["sharpe_low"].value is not None:
        sentence += f" (95 % band {text('sharpe_low')} to {text('sharpe_high')})"
    sentence += f", deepest fall {text('max_drawdown')}, {text('trades')} trade{'' if figures['trades'].value == 1 else 's'}"
    if figures["benchmark_annual_return"].value is not None:
        sentence += f". {report_data.benchmark_name} over the same sessions: {text('benchmark_annual_return')} a year"
    return sentence + "."


def _gates(gates: tuple[Verdict, ...]) -> str:
    known = [gate for gate in gates if gate.passed is not None]
    failed = [gate.gate.label.split(",")[0] for gate in known if not gate.passed]
    sentence = f"{len(known) - len(failed)} of {len(known)} success gates passed"
    if failed:
        sentence += "; failed: " + ", ".join(failed)
    unknown = len(gates) - len(known)
    return sentence + (f"; {unknown} could not be judged." if unknown else ".")


def _trials(search: Search, figures: Mapping[str, Figure]) -> str:
    def text(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    sentence = f"{search.trials:,} trial{'' if search.trials == 1 else 's'} so far on this period"
    if search.trials > 1:
        if figures["independent_trials"].number() < search.trials - 0.05:
            sentence += f", worth {text('independent_trials')} independent ones"
        sentence += f"; a skill-less searcher would show {text('best_by_luck')}"
    if figures["deflated_sharpe"].value is not None:
        sentence += f"; deflated Sharpe: {text('deflated_sharpe').replace('.0 %', ' %')}"
    if figures["min_track_record"].value is not None and not nothing(figures["annual_return"].number()):
        sentence += f"; a record must be {text('min_track_record')} long for its Sharpe to be above 0 with 95 %"
    if search.overfitting is not None:
        sentence += f"; probability of overfitting: {text('overfitting')}"
    return sentence + "."
