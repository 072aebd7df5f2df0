"""A market in one plain CSV file, with VIX, membership and corporate actions in files beside it."""

from pathlib import Path

import numpy as np

from springback.data import checks, rows, series
from springback.data.files import read_table
from springback.market.actions import Actions
from springback.market.tape import DELISTED, TRADING, Tape, last_rows


def read(
    bars: Path,
    vix: Path | None = None,
    members: Path | None = None,
    events: Path | None = None,
    risk_free: Path | None = None,
    benchmark: Path | None = None,
) -> Tape:
    """The tape of `bars` (date, symbol, open, high, low, close, volume; raw prices; rows of a name by rising date), CSV or gzipped CSV.

    The sessions are the dates of the file. A name whose last bar comes before the last session is delisted after it; other gaps are halts.
    `vix` and `benchmark` (date, close), `members` (symbol, start, end exclusive), `events` (date, symbol, event, value), `risk_free`
    (LEAN's interest-rate.csv) are optional: without them VIX is NaN and the others are absent. Raises `MissingData` and `BadTable`.
    """
    frame = read_table(bars, rows.BARS)
    places = rows.place(frame)
    rows.check_order(bars, frame, places)
    rows.check_prices(bars, frame)
    panel = rows.to_bars(frame, places)
    actions, astray = series.read_actions(events, panel) if events else (Actions.none(), 0)
    tape = Tape(
        bars=panel,
        actions=actions,
        vix=series.read_closes(vix, panel.sessions) if vix else np.full(len(panel.sessions), np.nan),
        last=last_rows(panel.close),
        ending=np.where(checks.ended_early(panel), DELISTED, TRADING).astype(np.int8),
        members=series.read_members(members, panel) if members else None,
        benchmark=series.read_closes(benchmark, panel.sessions) if benchmark else None,
        risk_free=series.read_rates(risk_free, panel.sessions) if risk_free else None,
        origin=f"{Path(bars).name}: {len(panel.symbols):,} names, {panel.sessions[0]} to {panel.sessions[-1]}, prices taken as they are",
        findings=(f"{astray:,} corporate actions are of names or dates outside the bars",) if astray else (),
    )
    return checks.clean(tape)[0]
