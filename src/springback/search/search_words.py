"""A search in plain words: what won, by how much, and how much of it is luck."""

import math

from springback.analytics import evidence
from springback.analytics.figures import shown
from springback.search.optimizer import plain
from springback.search.search_finding import SearchFinding, SearchReport
from springback.statistics.overfitting import CONFIDENT


def flags(report: SearchReport) -> tuple[str, ...]:
    """What must be known before any figure."""
    said = [*evidence.flags(report.provenance, "whatever is found is luck.")]
    if report.ledger_fault:
        said.append(f"The trial ledger is damaged ({report.ledger_fault}): more was tried than is counted here.")
    return tuple(said)


def verdict(finding: SearchFinding) -> str:
    """Whether the winner beats the specification's settings by more than luck."""
    if finding.number is None:
        own = shown(finding.sharpe, "ratio")
        return f"None of the {finding.trials - 1:,} settings tried beats the specification's own, whose net Sharpe ratio is {own}."
    gain = finding.gain
    if finding.little:
        return f"Too little to judge: {finding.little}. The best of {finding.trials - 1:,} settings is no finding."
    if math.isnan(gain.difference):
        return f"The specification lost its account; the best of {finding.trials - 1:,} settings did not, which is no measure of skill."
    how = "more than luck" if finding.more_than_luck else "not more than luck"
    return (
        f"The best of {finding.trials - 1:,} settings beats the specification by {shown(gain.difference, 'ratio')} of Sharpe ratio; "
        f"95 % interval {shown(gain.low, 'ratio')} to {shown(gain.high, 'ratio')}: {how}."
    )


def worth(finding: SearchFinding) -> str:
    """The same for the search as a whole: reality check, deflated Sharpe, overfitting."""
    said = []
    if finding.number is not None:
        said.append(
            f"A search of as many settings without any skill ends that well {_percent(finding.gain.chance)} of the time; the interval does "
            "not know that the winner was chosen."
        )
    said.append(
        f"The winner's net Sharpe ratio is {shown(finding.sharpe, 'ratio')}, the specification's "
        f"{shown(finding.specified_sharpe, 'ratio')}. Luck alone gives the best of all {finding.ledger_trials:,} trials that the ledger "
        f"knows of these sessions {shown(finding.luck, 'ratio')}: the winner's true ratio is above that with a probability of "
        f"{_percent(finding.deflated)} (sure from {CONFIDENT:.0%} on)."
    )
    if finding.lost:
        said.append(f"{finding.lost:,} of the settings lost the whole account.")
    if finding.overfitting is not None:
        said.append(f"Probability of backtest overfitting: {_percent(finding.overfitting)} (noise: about 50 %).")
    return " ".join(said)


def held(report: SearchReport) -> str:
    """What is known of the period that was held back."""
    span = f"{report.held_first} to {report.held_last}"
    seen = report.seen_before
    before = f" {seen:,} other trial{'s' if seen != 1 else ''} in the ledger had seen sessions of it." if seen else ""
    one = report.revealed
    if one is None:
        return f"Held back: {span}. The search never saw it.{before} Look once, with --reveal."
    return (
        f"Held back, {span}, and looked at once ({one.at[:10]}, ledger row {one.row}): the winner's net Sharpe ratio there is "
        f"{shown(one.sharpe, 'ratio')}, the specification's {shown(one.specified_sharpe, 'ratio')}, over {one.sessions:,} sessions.{before}"
    )


def settings(report: SearchReport) -> list[tuple[str, str, str, str, str]]:
    """(knob, searched, the specification's, the winner's, importance) of each."""
    found = report.finding
    return [
        (
            one.name,
            one.words,
            plain(found.specified[one.name]),
            plain(found.winner[one.name]),
            _percent(report.importances.get(one.name)),
        )
        for one in report.knobs
    ]


def measures(finding: SearchFinding) -> list[tuple[str, str]]:
    """(what, how much) of everything that was worked out."""
    gain = finding.gain
    return [
        ("Net Sharpe ratio of the winner", shown(finding.sharpe, "ratio")),
        ("Net Sharpe ratio of the specification", shown(finding.specified_sharpe, "ratio")),
        ("Difference", shown(gain.difference, "ratio")),
        ("95 % interval, sessions resampled in blocks", f"{shown(gain.low, 'ratio')} to {shown(gain.high, 'ratio')}"),
        ("A search without skill ends as well (reality check)", _percent(gain.chance)),
        ("Trials of this study", f"{finding.trials:,}"),
        ("Trials of this study that lost the account", f"{finding.lost:,}"),
        ("Trials in the ledger on these sessions, this study's among them", f"{finding.ledger_trials:,}"),
        ("Best of them without skill", shown(finding.luck, "ratio")),
        ("Deflated Sharpe ratio", _percent(finding.deflated)),
        ("Probability of backtest overfitting", _percent(finding.overfitting)),
    ]


def _percent(value: float | None) -> str:
    return shown(value, "fraction")
