"""The monitor as a text file that a Prometheus node exporter reads."""

from datetime import UTC, datetime

import numpy as np
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from springback.monitoring.monitor_study import MonitorStudy


def metrics(study: MonitorStudy) -> str:
    """The figures of `study` in the text format of Prometheus, labelled by account; what is not known is left out."""
    registry = CollectorRegistry()
    for name, words, value in _values(study):
        if np.isfinite(value):
            Gauge(f"springback_{name}", words, ["account"], registry=registry).labels(study.account).set(value)
    return generate_latest(registry).decode()


def _values(study: MonitorStudy) -> list[tuple[str, str, float]]:
    beside, watch, days = study.beside, study.watch, study.accuracy.days
    last = datetime.fromisoformat(study.last).replace(tzinfo=UTC).timestamp()
    known = days.rank_ic[np.isfinite(days.rank_ic)]
    none = float("nan")
    gaps = [none if one is None else one for one in (beside.gap(beside.replayed), beside.gap(beside.today))]
    return [
        ("last_session_timestamp_seconds", "Midnight UTC of the newest decision's session.", last),
        ("equity_dollars", "Equity at the close of the newest session.", float(beside.equity[-1])),
        ("profit_dollars", "Profit and loss of the newest session.", float(beside.profit[-1])),
        ("gap_replayed_dollars", "Equity above that of the frozen decisions replayed.", gaps[0]),
        ("gap_today_dollars", "Equity above that of the backtest on today's data.", gaps[1]),
        ("outside_band", "1 where equity lies outside of what days out of sample give.", none if beside.low is None else beside.outside),
        ("alarm", "1 while an alarm of the watch stands.", float(study.alarm)),
        ("alarm_factor", "What the gross of new entries is multiplied by.", study.alarm_factor),
        ("shortfall", "Sum of the watch, standard deviations.", none if watch is None else watch.shortfall),
        ("shortfall_limit", "What the sum must pass for an alarm.", none if watch is None else watch.limit),
        ("rank_ic", "Mean rank IC of the scored sessions.", float(known.mean()) if len(known) else none),
        ("scored_sessions", "Sessions whose labels are known.", float(len(known))),
        ("drifting_columns", "Features and scores past their limit.", float(sum(one.drifts for one in study.drift))),
        ("drifting_forecasts", "Columns whose drift moves forecasts.", float(sum(one.moves for one in study.drift))),
    ]
