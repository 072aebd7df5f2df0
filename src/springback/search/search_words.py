"""A search in plain words: what won, by how much, and how much of it is luck."""

import math

from springback.analytics import evidence
from springback.analytics.figures import shown
from springback.search.optimizer import plain
from springback.search.search_finding import Finding, Report
from springback.statistics.overfitting import CONFIDENT


def flags(report: Report) -> tuple[str, ...]:
    """What must be known before any figure."""
    said = [*evidence.flags(report.provenance, "whatever is found is luck.")]
    if report.ledger_fault:
        said.append(f"The trial ledger is damaged ({report.ledger_fault}): more was tried than is counted here.")
    return tuple(said)


def verdict(found: Finding) -> str:
    """Whether the winner beats the specification's settings by more than luck."""
    if found.number is None:
        own = shown(found.sharpe, "ratio")
        return f"None of the {found.trials - 1:,} settings tried beats the specification's own, whose net Sharpe ratio is {own}."
    gain = found.gain
    if found.little:
        return f"Too little to judge: {found.little}. The best of {found.trials - 1:,} settings is no finding."
    if math.isnan(gain.difference):
        return f"The specification lost its account; the best of {found.trials - 1:,} settings did not, which is no measure of skill."
    how = "more than luck" if found.more_than_luck else "not more than luck"
    return (
        f"The best of {found.trials - 1:,} settings beats the specification by {shown(gain.difference, 'ratio')} of Sharpe ratio; "
        f"95 % interval {shown(gain.low, 'ratio')} to {shown(gain.high, 'ratio')}: {how}."
    )


def worth(found: Finding) -> str:
    """The same for the search as a whole: reality check, deflated Sharpe, overfitting."""
    said = []
    if found.number is not None:
        said.append(
            f"A search of as many settings without any skill ends that well {_percent(found.gain.chance)} of the time; the interval does "
            "not know that the winner was chosen."
        )
    said.append(
        f"The winner's net Sharpe ratio is {shown(found.sharpe, 'ratio')}, the specification's {shown(found.specified_sharpe, 'ratio')}. "
        f"Luck alone gives the best of all {found.ledger_trials:,} trials that the ledger knows of these sessions "
        f"{shown(found.luck, 'ratio')}: the winner's true ratio is above that with a probability of {_percent(found.deflated)} (sure from "
        f"{CONFIDENT:.0%} on)."
    )
    if found.lost:
        said.append(f"{found.lost:,} of the settings lost the whole account.")
    if found.overfitting is not None:
        said.append(f"Probability of backtest overfitting: {_percent(found.overfitting)} (noise: about 50 %).")
    return " ".join(said)


def held(report: Report) -> str:
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


def settings(report: Report) -> list[tuple[str, str, str, str, str]]:
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


def measures(found: Finding) -> list[tuple[str, str]]:
    """(what, how much) of everything that was worked out."""
    gain = found.gain
    return [
        ("Net Sharpe ratio of the winner", shown(found.sharpe, "ratio")),
        ("Net Sharpe ratio of the specification", shown(found.specified_sharpe, "ratio")),
        ("Difference", shown(gain.difference, "ratio")),
        ("95 % interval, sessions resampled in blocks", f"{shown(gain.low, 'ratio')} to {shown(gain.high, 'ratio')}"),
        ("A search without skill ends as well (reality check)", _percent(gain.chance)),
        ("Trials of this study", f"{found.trials:,}"),
        ("Trials of this study that lost the account", f"{found.lost:,}"),
        ("Trials in the ledger on these sessions, this study's among them", f"{found.ledger_trials:,}"),
        ("Best of them without skill", shown(found.luck, "ratio")),
        ("Deflated Sharpe ratio", _percent(found.deflated)),
        ("Probability of backtest overfitting", _percent(found.overfitting)),
    ]


def _percent(value: float | None) -> str:
    return shown(value, "fraction")
