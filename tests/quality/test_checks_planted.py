"""Each kind of defect planted in the demo market is found, by its check, under the right session and name; a clean market has none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from springback.data.demo.demo import Demo, draw
from springback.market.actions import DIVIDEND, Actions
from springback.market.bars import Bars
from springback.market.market_data import MarketData, last_rows
from springback.quality import gate
from springback.quality.quality_settings import Quality
from tests.quality import planted

FIRST = Quality()


@pytest.fixture(scope="module")
def clean() -> MarketData:
    return planted.market()


@pytest.mark.parametrize("kind", planted.PLANTED)
def test_a_planted_defect_is_found_where_it_is(clean: MarketData, kind: str) -> None:
    plant, check, severity = planted.PLANTED[kind]
    market_data, where = plant(clean)
    before = {one.check: one.count for one in gate.examine(clean, FIRST)}
    found = {one.check: one for one in gate.examine(market_data, FIRST)}
    assert check in found, f"nothing was said of {kind}: {list(found)}"
    one = found[check]
    assert one.severity == severity
    if one.places.size:
        told = [(str(market_data.bars.sessions[row]), market_data.bars.symbols[column]) for row, column in one.places]
        assert where in told
    if check not in before:
        assert one.rows[0][1] == where[1]
    if check not in before and one.count == 1:
        assert one.rows == (where,)
    others = {name for name, other in found.items() if other.severity == "error" and name != check}
    assert not others, f"{kind} was also called {others}"


@pytest.mark.parametrize("seed", [1, 2, 3, 15])
def test_a_clean_market_has_no_error(seed: int) -> None:
    """False alarms of eight years of names: none that would close the gate."""
    market_data = draw(Demo(names=60, start="2017-01-03", end="2019-12-31", seed=seed))
    found = gate.examine(market_data, FIRST)
    assert [one.sentence for one in found if one.severity == "error"] == []
    assert {one.check for one in found} <= {
        "gap",
        "gap_together",
        "jump",
        "members_no_bar",
        "spike_traded",
        "split_or_move",
        "under_a_dollar",
        "no_volume",
        "short_history",
        "dead_end",
        "snapshot",
    }


@pytest.mark.parametrize("ratio", [1.5, 2, 3, 4, 5, 6, 7, 8, 10, 20, 1 / 2, 1 / 4, 1 / 6, 1 / 8, 1 / 12, 1 / 25, 1 / 30, 1 / 50])
def test_a_split_is_seen_through_the_moves_of_its_day(ratio: float) -> None:
    """The day's own return lies on top of the ratio: on a name that moves by 1.5 % a day a tolerance of 2 % of the close is none."""
    market_data = planted.noisy()
    for column in range(3):
        found = {one.check: one for one in gate.examine(planted.split_by(market_data, column, ratio), FIRST)}
        assert found["split_without_record"].places.tolist() == [[planted.ROW, column]]


@pytest.mark.parametrize("ratio", [1.25, 4 / 3])
def test_a_split_that_news_could_make_as_well_is_told_and_closes_nothing(ratio: float) -> None:
    found = {one.check: one for one in gate.examine(planted.split_by(planted.noisy(), 0, ratio), FIRST)}
    assert found["split_or_move"].places.tolist() == [[planted.ROW, 0]]
    assert "split_without_record" not in found


def test_a_special_dividend_on_record_is_no_split() -> None:
    market_data = planted.noisy()
    bare = planted.split_by(market_data, 0, 2.0)
    value = float(market_data.bars.close[planted.ROW - 1, 0] / 2)
    paid = replace(bare, actions=Actions(*(np.array([one]) for one in (planted.ROW, 0, DIVIDEND)), np.array([value])))
    assert not {"split_without_record", "split_or_move"} & {one.check for one in gate.examine(paid, FIRST)}


def test_a_split_on_record_is_no_defect(clean: MarketData) -> None:
    market_data, (_, symbol) = planted.lost_split(clean)
    column = market_data.bars.symbols.index(symbol)
    told = planted.with_split(market_data, planted.ROW, column, 0.25)
    assert not [one for one in gate.examine(told, FIRST) if one.severity == "error"]


def test_a_crash_on_heavy_volume_is_no_split(clean: MarketData) -> None:
    """A name that loses four fifths on news, ten times its volume that day and twice after: a jump, not a split."""
    column = planted.steady(clean)

    def crash(panels: planted.Panels) -> None:
        planted.times(panels, slice(planted.ROW, None), column, 1 / 5, volume=2.0)
        panels["volume"][planted.ROW : planted.ROW + 3, column] *= 10

    found = {one.check for one in gate.examine(planted.change(clean, crash), FIRST)}
    assert "jump" in found
    assert "split_without_record" not in found


def test_a_name_that_hardly_trades_may_stand_still(clean: MarketData) -> None:
    """Thirty bars at one price on a hundredth of the usual volume are told, and close nothing."""
    market_data, (_, symbol) = planted.filled_forward(clean)
    column = market_data.bars.symbols.index(symbol)

    def edit(panels: planted.Panels) -> None:
        panels["volume"][planted.ROW : planted.ROW + 30, column] /= 100

    found = {one.check: one for one in gate.examine(planted.change(market_data, edit), FIRST)}
    assert "filled_forward" not in found
    assert found["repeated"].count == 30


@pytest.mark.parametrize("plant", [planted.a_day_late, planted.alone])
def test_one_odd_name_accuses_no_other(clean: MarketData, plant: Callable[[MarketData], planted.Plant]) -> None:
    """Days on which only it has a bar are no gaps of the others, and the last of them is not where the others stop."""
    before = {one.check: one for one in gate.examine(clean, FIRST)}
    market_data, (_, symbol) = plant(clean)
    column = market_data.bars.symbols.index(symbol)
    for one in gate.examine(market_data, FIRST):
        accused = {int(name) for name in one.places[:, 1]} - {column}
        known = before[one.check].places[:, 1] if one.check in before else []
        assert accused <= {int(name) for name in known}, one.sentence
        if one.check == "gap":
            others = int((one.places[:, 1] != column).sum())
            assert others == int((before["gap"].places[:, 1] != column).sum())


def test_one_odd_name_hides_nothing_of_the_others() -> None:
    """Its Saturdays stand between the bars of the others: a run over them, and a split on a Monday, are found all the same."""
    market_data = planted.noisy()
    monday = next(
        k for k in range(planted.ROW, planted.ROW + 9) if (market_data.bars.sessions[k] - market_data.bars.sessions[k - 1]).astype(int) == 3
    )

    def edit(panels: planted.Panels) -> None:
        planted.times(panels, slice(monday, None), 1, 1 / 2, volume=2.0)
        for name in ("open", "high", "low", "close"):
            panels[name][planted.ROW : planted.ROW + 30, 2] = panels["close"][planted.ROW - 1, 2]

    late, _ = planted.a_day_late(planted.change(market_data, edit), 0)
    found = {one.check: one for one in gate.examine(late, FIRST)}
    day = late.bars.row(market_data.bars.sessions[monday])
    assert found["split_without_record"].places.tolist() == [[day, 1]]
    assert (found["filled_forward"].count, set(found["filled_forward"].places[:, 1])) == (30, {2})


@pytest.mark.parametrize(("sessions", "names"), [(1, 1), (2, 1), (12, 1), (60, 3)])
@pytest.mark.parametrize("absent", [0.0, 0.5, 0.95])
def test_small_and_ragged_tapes_are_looked_at_without_a_complaint(sessions: int, names: int, absent: float) -> None:
    draws = np.random.default_rng(0)
    shape = (sessions, names)
    close = 10 * np.exp(np.cumsum(draws.normal(0, 0.5, shape), axis=0))
    close[draws.random(shape) < absent] = np.nan
    opened = np.where(draws.random(shape) < 0.3, np.nan, close)
    volume = np.where(np.isnan(close), np.nan, draws.integers(0, 3, shape) * 100.0)
    days = np.datetime64("2020-01-02", "D") + np.arange(sessions)
    bars = Bars(days, tuple(f"N{k}" for k in range(names)), opened, opened * 1.01, opened * 0.99, close, volume)
    ending, members = np.zeros(names, dtype=np.int8), np.ones(shape, dtype=bool)
    gate.examine(MarketData(bars, Actions.none(), np.full(sessions, 15.0), last_rows(close), ending, members=members), FIRST)


def test_the_unit_accuses_the_bars_in_the_odd_unit(clean: MarketData) -> None:
    market_data, (_, symbol) = planted.pence(clean)
    one = next(one for one in gate.examine(market_data, FIRST) if one.check == "unit")
    assert one.places[:, 0].tolist() == list(range(planted.ROW, planted.ROW + 60))
    assert set(one.places[:, 1]) == {market_data.bars.symbols.index(symbol)}


def test_thresholds_are_knobs(clean: MarketData) -> None:
    market_data, _ = planted.stale(clean)
    assert "stale" in {one.check for one in gate.examine(market_data, FIRST)}
    assert "stale" not in {one.check for one in gate.examine(market_data, Quality(stale=8))}


def test_the_verdict_in_words(clean: MarketData) -> None:
    assert gate.verdict((), ()) == "usable"
    market_data, _ = planted.spike(clean)
    found = gate.examine(market_data, FIRST)
    warnings = sum(one.severity == "warning" for one in found)
    assert gate.verdict(found, ()) == f"not usable as it stands: 1 error, {warnings or 'no'} warning{'' if warnings == 1 else 's'}"


def test_the_share_and_the_names_are_counted(clean: MarketData) -> None:
    market_data, _ = planted.gap(clean)
    before = next((one.count for one in gate.examine(clean, FIRST) if one.check == "gap"), 0)
    one = next(one for one in gate.examine(market_data, FIRST) if one.check == "gap")
    assert one.count == before + 15
    has = int((~np.isnan(market_data.bars.close)).sum())
    assert one.share == pytest.approx(one.count / (has + one.count))
