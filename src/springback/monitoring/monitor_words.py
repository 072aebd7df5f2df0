"""The monitor in plain words: whether an alarm stands, what the watch is worth, what the regime does, what is missing and why."""

from springback.analytics import evidence
from springback.analytics.figures import shown
from springback.monitoring.label_maturity import Firing, Rate
from springback.monitoring.monitor_study import LACKS, MonitorStudy
from springback.monitoring.regime_effect import FEWEST_EPISODES


def flags(study: MonitorStudy) -> tuple[str, ...]:
    """What must be known before any figure."""
    return evidence.flags(study.provenance, "whatever is found here is luck.")


def finding(study: MonitorStudy) -> str:
    """Whether an alarm stands, in one sentence."""
    if study.watch is None:
        return "The champion is not watched: there is nothing to hold it against."
    if study.alarm:
        return f"An alarm stands since {study.watch.alarm}: the champion ranks worse than it did, and new entries are {_size(study)}."
    return f"No alarm: the shortfall is {shown(study.watch.shortfall, 'one')} of {shown(study.watch.limit, 'one')}."


def _size(study: MonitorStudy) -> str:
    return f"{100 * study.alarm_factor:g} % of their size"


def resolve(study: MonitorStudy) -> str:
    """What a person can do about an alarm; empty without one."""
    if not study.alarm:
        return ""
    return "Look at the pictures, then clear it with 'springback monitor --clear --by WHO', or let another champion take over."


def lead(study: MonitorStudy) -> tuple[str, ...]:
    """How the account did and whether that is what days out of sample would give."""
    beside = study.beside
    worth = f"Equity {shown(float(beside.equity[-1]), 'dollars')} after {shown(float(len(beside.equity)), 'sessions')}"
    gain = shown(float(beside.equity[-1] / beside.cash - 1), "fraction")
    if beside.low is None or beside.high is None:
        return (f"{worth}, {gain}; too few sessions out of sample to say what would be usual.",)
    band = f"{shown(float(beside.low[-1]), 'dollars')} to {shown(float(beside.high[-1]), 'dollars')}"
    return (f"{worth}, {gain}; {'outside of' if beside.outside else 'within'} what blocks of days out of sample give, {band}.",)


def watched(study: MonitorStudy) -> str:
    """The watch, its limit and how often it cries wolf."""
    watch = study.watch
    if watch is None:
        return f"No watch: {LACKS['no_reference']}."
    rate = (
        f"in {watch.sessions} sessions in which nothing changes {shown(watch.rate, 'fraction')} of such watches end in an alarm, measured"
    )
    cleared = f" The last alarm was cleared by {watch.cleared}." if watch.cleared else ""
    return (
        f"The watch adds up what the daily rank IC falls short of {shown(watch.mean, 'three')}, its mean before the champion's first "
        f"session, in standard deviations less {watch.allowance:g}; {watch.count} sessions were added since it began anew. Past "
        f"{shown(watch.limit, 'one')} it is an alarm; {rate}.{cleared}"
    )


def regime(study: MonitorStudy) -> str:
    """What the regime gained, and whether that can be told."""
    effect = study.regime
    episodes = f"{len(effect.episodes)} episodes"
    if not len(effect.difference):
        return "Too few sessions to say anything."
    gain = f"{1e4 * effect.gain:.2f} basis points a session"
    if not effect.can_be_told:
        return f"Cannot be told: {episodes}, {FEWEST_EPISODES} are needed. So far the regime gained {gain}."
    if effect.low is None or effect.high is None:
        return f"The regime gained {gain} over {episodes}; too few sessions for an interval."
    return f"The regime gained {gain} over {episodes}, 95 % interval {1e4 * effect.low:.2f} to {1e4 * effect.high:.2f}."


def missing(study: MonitorStudy) -> tuple[str, ...]:
    """A line for each reason why parts are not there, with those parts."""
    parts: dict[str, list[str]] = {}
    for part, lack in sorted(study.lacks.items()):
        parts.setdefault(LACKS[lack], []).append(part)
    return tuple(f"No {', '.join(named)}: {why}." for why, named in parts.items())


def hits(rate: Rate) -> tuple[str, str, str]:
    """What fired, the share that came true, its interval."""
    if not rate.count:
        return "0", "\u2013", "\u2013"
    return f"{rate.count:,}", shown(rate.share, "fraction"), f"{shown(rate.low, 'fraction')} to {shown(rate.high, 'fraction')}"


def fired(firing: Firing | None) -> tuple[str, str]:
    """How many fired, and how many the past leads to expect."""
    return ("\u2013", "\u2013") if firing is None else (f"{firing.observed:,}", f"{firing.low:,} to {firing.high:,}")
