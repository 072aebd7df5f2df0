"""All that the page of the monitor needs, as plain values; what `monitor --json` prints."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from springback.analytics import encode
from springback.market.bars import Dates
from springback.market.origin import Provenance
from springback.monitoring.accuracy import Accuracy
from springback.monitoring.beside import Beside
from springback.monitoring.decay import Decay
from springback.monitoring.drift import Drift
from springback.monitoring.regime_effect import RegimeEffect

Lack = Literal["no_reference", "no_models", "few_sessions", "nothing_ripe", "no_replay"]
"""Why a part is missing: no forecasts out of sample from before the desk's first session, or too few; the models that decided are not in
the archive; too few sessions of the desk; no label is known yet; a decision cannot be played on these bars."""
LACKS: dict[str, str] = {
    "no_reference": "no long enough walk-forward lies before the desk's first session: run 'springback forecast'",
    "no_models": "the models that decided are not in the archive any more",
    "few_sessions": "too few sessions were decided",
    "nothing_ripe": "no label is known yet",
    "no_replay": "a name that was ordered has no bar in the store",
}


@dataclass(frozen=True, eq=False)
class MonitorStudy:
    """The desk's account `account` from `first` to `last` session (ISO): the desk `beside` its backtests, the `accuracy` of the champion
    with the `days` (D,) that were scored, the `watch` over it with the `path` (P,) of its sum on `path_days` (P,), what drifts, what the
    regime does. `alarm_factor` multiplies the gross of new entries now. A part that is None or empty is named in `lacks`, with why.
    """

    account: str
    champion: str
    first: str
    last: str
    alarm_factor: float
    beside: Beside
    accuracy: Accuracy
    days: Dates
    watch: Decay | None
    path_days: Dates
    path: NDArray[np.float64]
    drift: tuple[Drift, ...]
    regime: RegimeEffect
    lacks: dict[str, Lack]
    provenance: Provenance

    @property
    def alarm(self) -> bool:
        """Whether an alarm of the watch stands."""
        return self.watch is not None and bool(self.watch.alarm)


def as_json(study: MonitorStudy) -> dict[str, Any]:
    """One object: every figure, series as lists; NaN has become null."""
    scored = study.accuracy.days
    by_day = {name: encode.plain(getattr(scored, name).tolist()) for name in ("names", "rank_ic", "auc_long", "auc_short")}
    sides = {side: encode.plain(getattr(study.accuracy, side)) for side in ("long", "short")}
    return {
        "account": study.account,
        "champion": study.champion,
        "first": study.first,
        "last": study.last,
        "alarm": study.alarm,
        "alarm_factor": study.alarm_factor,
        "account_beside": _beside(study.beside),
        "accuracy": {"days": {"date": [str(one) for one in study.days], **by_day}, **sides},
        "watch": None if study.watch is None else encode.plain(study.watch),
        "drift": encode.plain(study.drift),
        "regime": _regime(study.regime),
        "lacks": dict(study.lacks),
        "stands_on": encode.plain(study.provenance.facts()),
    }


def _beside(beside: Beside) -> dict[str, Any]:
    series = {"equity": beside.equity, "profit": beside.profit, "replayed": beside.replayed, "today": beside.today}
    lists = {name: None if one is None else encode.plain(one.tolist()) for name, one in {**series, **_band(beside)}.items()}
    gaps = {"gap_replayed": beside.gap(beside.replayed), "gap_today": beside.gap(beside.today), "outside_band": beside.outside}
    return {"date": [str(one) for one in beside.sessions], "cash": beside.cash, **lists, **encode.plain(gaps)}


def _band(beside: Beside) -> dict[str, NDArray[np.float64] | None]:
    return {"band_low": beside.low, "band_high": beside.high}


def _regime(effect: RegimeEffect) -> dict[str, Any]:
    told = {name: getattr(effect, name) for name in ("gain", "low", "high", "can_be_told")}
    episodes = [{"first": str(one.first), "last": str(one.last), "sessions": one.sessions, "gain": one.gain} for one in effect.episodes]
    return {**encode.plain(told), "episodes": encode.plain(episodes)}
