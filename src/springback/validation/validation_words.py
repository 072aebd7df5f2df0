"""A validation in plain words: what was found, what it is worth, what a careless split would have said."""

from springback.analytics import evidence
from springback.analytics.figures import shown
from springback.analytics.gates import FEWEST_SESSIONS
from springback.training.judgement import Estimate, Judgement, Part
from springback.validation.validation_study import ValidationStudy

CARELESS = "AUC of a random split, a warning"
"""What the row of figures is called that is no skill."""
GATE = 0.60
"""Of AUC and of accuracy, on both sides."""


def headline(study: ValidationStudy) -> tuple[str, ...]:
    """(flags if any, the finding, how good that is against the gates, the warning)."""
    return (*flags(study), finding(study.judgement), worth(study.judgement), warning(study.judgement))


def flags(study: ValidationStudy) -> tuple[str, ...]:
    """What must be known before any figure."""
    return evidence.flags(study.provenance, "whatever is found here is luck.")


def finding(judgement: Judgement) -> str:
    """Whether the models rank the names of a day better than a coin, from the interval of the rank IC of P_long - P_short."""
    ic = judgement.whole.rank_ic
    if ic.value is None:
        return "Nothing can be said: no session has enough names to rank."
    if ic.low is None or ic.high is None or judgement.whole.sessions < FEWEST_SESSIONS:
        return f"Too few sessions to say anything: rank IC {ic3(ic.value)} over {judgement.whole.sessions:,} sessions."
    if ic.low > 0:
        how = "better than a coin"
    elif ic.high < 0:
        how = "the wrong way round"
    else:
        how = "no better than a coin"
    return f"The models rank names within a day {how}: rank IC {ic3(ic.value)}, 95 % interval {ic3(ic.low)} to {ic3(ic.high)}."


def worth(judgement: Judgement) -> str:
    """AUC and accuracy of the worse side against the gates."""
    whole = judgement.whole
    parts = [
        f"AUC {shown(whole.long.auc.value, 'three')} long and {shown(whole.short.auc.value, 'three')} short pooled",
        f"{shown(whole.long.auc_by_day.value, 'three')} and {shown(whole.short.auc_by_day.value, 'three')} within a day",
    ]
    verdicts = [f"{name} > {GATE:.2f} on both sides: {passed(judgement, key)}" for name, key in (("AUC", "auc"), ("accuracy", "accuracy"))]
    return f"{', '.join(parts)}. Gates: {'; '.join(verdicts)}."


def passed(judgement: Judgement, name: str) -> str:
    """PASS, FAIL, or unknown, of the gate on `name` (auc, accuracy)."""
    both = [getattr(side, name).value for side in (judgement.whole.long, judgement.whole.short)]
    return "unknown" if None in both else "PASS" if min(both) > GATE else "FAIL"


def warning(judgement: Judgement) -> str:
    """What a random split of the same rows shows, and what of it is not skill."""
    long, short = judgement.random_split_auc
    said = f"A random split of the same rows shows AUC {shown(long, 'three')} long and {shown(short, 'three')} short"
    honest = [judgement.whole.long.auc.value, judgement.whole.short.auc.value]
    if None in (long, short, *honest):
        return said + "."
    more = [one - other for one, other in zip((long, short), honest, strict=True)]  # type: ignore[operator]
    if min(more) <= 0:
        return said + ": not above the purged figures here."
    return f"{said}: {shown(min(more), 'three')} or more above the purged figures is leakage of overlapping labels, not skill."


def interval(one: Estimate, unit: str = "three") -> str:
    """`low to high`, or nothing where it is not known."""
    if one.low is None or one.high is None:
        return ""
    return f"{figure(one.low, unit)} to {figure(one.high, unit)}"


def figure(value: float | None, unit: str) -> str:
    """A figure in the unit three, four or fraction."""
    if unit == "four":
        return "–" if value is None else f"{value:.4f}".replace("-", "\u2212")
    return shown(value, "fraction" if unit == "fraction" else "three")


def ic3(value: float | None) -> str:
    """A rank IC; a correlation that small needs its sign and three decimals."""
    return shown(value, "three")


def sides(judgement: Judgement) -> list[tuple[str, str, str, str, str]]:
    """The figures of the whole: (name, long, its interval, short, its interval)."""
    long, short = judgement.whole.long, judgement.whole.short
    rows = [
        _both("AUC, all rows together", long.auc, short.auc),
        _both("AUC by day", long.auc_by_day, short.auc_by_day),
        _both("rank IC by day", long.rank_ic, short.rank_ic),
        _both("accuracy at 0.5", long.accuracy, short.accuracy, "fraction"),
        ("share that came true", figure(long.base_rate, "fraction"), "", figure(short.base_rate, "fraction"), ""),
        (f"rows with P > {judgement.threshold:g}", f"{long.fired:,}", "", f"{short.fired:,}", ""),
        _both(f"precision at P > {judgement.threshold:g}", long.precision, short.precision, "fraction"),
        _both("Brier score", long.brier, short.brier, "four"),
        _both("Brier skill", long.brier_skill, short.brier_skill, "fraction"),
    ]
    careless = [shown(one, "three") for one in judgement.random_split_auc]
    rows.append((CARELESS, careless[0], "", careless[1], ""))
    return rows


def _both(name: str, long: Estimate, short: Estimate, unit: str = "three") -> tuple[str, str, str, str, str]:
    return name, figure(long.value, unit), interval(long, unit), figure(short.value, unit), interval(short, unit)


def part(one: Part) -> tuple[str, str, str, str, str, str, str]:
    """A part: (name, rows, sessions, AUC by day long, short, rank IC, its interval); dashes where the sessions are too few for one."""
    by_day = (one.long.auc_by_day, one.short.auc_by_day, one.rank_ic)
    long, short, ic = (ic3(figure.value if figure.low is not None else None) for figure in by_day)
    return one.name, f"{one.rows:,}", f"{one.sessions:,}", long, short, ic, interval(one.rank_ic)


def mirror(judgement: Judgement) -> str:
    """How far the short model is the long one again."""
    return (
        f"Correlation of P_long with 1 \u2212 P_short: {shown(judgement.mirror, 'three')} (1: the short model only repeats the long one)."
    )
