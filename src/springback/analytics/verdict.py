"""The run in plain words, for someone who reads nothing else."""

from collections.abc import Mapping

from springback.analytics.figures import Figure, shown
from springback.analytics.gates import Verdict
from springback.analytics.material import Material
from springback.analytics.overfitting import Search

CONFIDENT = 0.95
FEW = 50
"""Names under which nothing can be said of a ranking: the best of them are most of them."""


def flags(material: Material) -> tuple[str, ...]:
    """What a reader must know before any figure; the first line of report and summary."""
    said = []
    if material.in_sample:
        said.append(
            "IN-SAMPLE: the models were trained on part of the window they are tested on. These figures say nothing about the future."
        )
    if material.demo and material.planted:
        said.append("Demo market with a planted edge: not evidence about real markets.")
    elif material.demo:
        said.append("Demo market without any edge: whatever is earned here is luck.")
    if material.ranked is not None and material.ranked < FEW:
        names = f"{material.ranked} name{'' if material.ranked == 1 else 's'}"
        said.append(f"Only {names}: under {FEW} it cannot be judged whether the ranking is worth anything.")
    return tuple(said)


def verdict(material: Material, figures: Mapping[str, Figure], gates: tuple[Verdict, ...]) -> tuple[str, ...]:
    """(a title, a sentence of figures, a sentence on the gates, and one on the trials where a ledger tells of them)."""
    told = (_title(material, figures), _numbers(material, figures), _gates(gates))
    return told if material.search is None else (*told, _trials(material.search, figures))


def _title(material: Material, figures: Mapping[str, Figure]) -> str:
    growth, low = figures["annual_return"].number(), figures["sharpe_low"].number()
    if material.headline.fills.empty:
        return "Nothing was traded"
    if growth <= 0:
        return "It lost money" if growth < 0 else "It made no money"
    if material.headline.trades["profit"].sum() <= 0:
        return "The closed trades lost money; the rest is interest and open positions"
    if low > 0 and material.search is not None and figures["deflated_sharpe"].number() < CONFIDENT:
        return f"It made money, but so could the best of {material.search.trials:,} tries without skill"
    if low > 0:
        return "It earned more than luck explains" if not material.in_sample else "It earned on what it had already seen"
    return "It made money, but no more than luck could"


def _numbers(material: Material, figures: Mapping[str, Figure]) -> str:
    first, last = str(material.headline.daily["date"].iloc[0])[:10], str(material.headline.daily["date"].iloc[-1])[:10]

    def text(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    sentence = f"{first} to {last}, {material.universe}: {text('annual_return')} a year net of {material.headline.profile} costs"
    if figures["sharpe"].value is not None:
        sentence += f", Sharpe {text('sharpe')}"
    if figures["sharpe_low"].value is not None:
        sentence += f" (95 % band {text('sharpe_low')} to {text('sharpe_high')})"
    sentence += f", deepest fall {text('max_drawdown')}, {text('trades')} trades"
    if figures["benchmark_annual_return"].value is not None:
        sentence += f". {material.benchmark_name} over the same sessions: {text('benchmark_annual_return')} a year"
    return sentence + "."


def _gates(gates: tuple[Verdict, ...]) -> str:
    known = [gate for gate in gates if gate.passed is not None]
    failed = [gate.gate.label.split(",")[0] for gate in known if not gate.passed]
    sentence = f"{len(known) - len(failed)} of {len(known)} success gates passed"
    if failed:
        sentence += "; failed: " + ", ".join(failed)
    unknown = len(gates) - len(known)
    return sentence + (f"; {unknown} could not be judged." if unknown else ".")


def _trials(found: Search, figures: Mapping[str, Figure]) -> str:
    def text(name: str) -> str:
        return shown(figures[name].value, figures[name].unit)

    sentence = f"{found.trials:,} trial{'' if found.trials == 1 else 's'} so far on this period"
    if found.trials > 1:
        if figures["independent_trials"].number() < found.trials - 0.05:
            sentence += f", worth {text('independent_trials')} independent ones"
        sentence += f"; a skill-less searcher would show {text('best_by_luck')}"
    if figures["deflated_sharpe"].value is not None:
        sentence += f"; deflated Sharpe: {text('deflated_sharpe').replace('.0 %', ' %')}"
    if figures["min_track_record"].value is not None:
        sentence += f"; a record must be {text('min_track_record')} long for its Sharpe to be above 0 with 95 %"
    if found.overfitting is not None:
        sentence += f"; probability of overfitting: {text('overfitting')}"
    return sentence + "."
