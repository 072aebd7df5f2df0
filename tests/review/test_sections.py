"""Each section on a drawn account of which everything is known, and on no account at all."""

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.market.costs import Costs
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.review import governance
from springback.review.concentration import concentration, days_to_leave, held, stress, worst_sessions
from springback.review.desk_frames import DeskFrames
from springback.review.document import Figure, Quarter, Section, Source
from springback.review.limits import capacity, limits, usage, value_at_risk
from springback.review.outcome import Reference, Ripe, account_returns, accuracy, attribution, band, deepest_fall, outcome, side_profits
from springback.review.review_settings import ReviewRules
from springback.review.trading_costs import buckets, evidence, of_quarter, trading_costs
from springback.strategy.knobs import Strategy
from tests.review.desks import CASH, Drawn, Slip, frames_of, nobody, quiet_tape, write_desk

RULES, STRATEGY, COSTS = ReviewRules(), Strategy(), Costs()
MARKET = Source("store", "1" * 64)
Q4, Q1 = Quarter(2020, 4), Quarter(2021, 1)


@pytest.fixture(scope="module")
def tape() -> MarketData:
    return quiet_tape()


@pytest.fixture(scope="module")
def desk(tape: MarketData, tmp_path_factory: pytest.TempPathFactory) -> DeskFolder:
    """Decisions from December 2020 to March 2021."""
    last = tape.bars.row("2021-04-01") - 1
    return write_desk(tmp_path_factory.mktemp("desk") / "desk", Drawn(tape), tape.bars.row("2020-12-01"), last)


@pytest.fixture(scope="module")
def whole(desk: DeskFolder) -> DeskFrames:
    return frames_of(desk)


@pytest.fixture(scope="module")
def part(whole: DeskFrames) -> DeskFrames:
    return whole.within(Q1.first, Q1.next.first)


def figure(section: Section, name: str) -> Figure:
    (found,) = [one for one in section.figures if one.name == name]
    return found


def reference(mean: float = 0.0, size: int = 700, last: str = "2020-12-31") -> Reference:
    days = np.datetime64(last) - np.arange(size)[::-1]
    return Reference(days, np.random.default_rng(4).normal(mean, 0.002, size), True, Source("ledger.sqlite, row 1", "2" * 64))


def test_the_first_return_of_a_quarter_is_against_the_decision_before_it(whole: DeskFrames, part: DeskFrames) -> None:
    equity = whole.days.set_index("session")["equity"]
    returns = account_returns(whole, part)
    before = equity[equity.index < "2021-01-01"].iloc[-1]
    assert len(returns) == len(part.days)
    assert np.prod(1 + returns) == pytest.approx(equity.iloc[-1] / before)
    assert len(account_returns(whole, whole)) == len(whole.days) - 1


def test_both_sides_together_are_what_the_account_made(whole: DeskFrames) -> None:
    """No dividend and no borrow in it: the sides add up to the change of equity, fees included, to the cent."""
    profits = side_profits(whole)
    assert profits.sum(axis=1).to_numpy() == pytest.approx(np.diff(whole.days["equity"].astype(float)), abs=1e-6)
    assert (profits.abs().sum() > 0).all()


def test_a_quarter_below_its_band_is_red_and_one_inside_is_green(whole: DeskFrames, part: DeskFrames) -> None:
    own = account_returns(whole, part)
    high = outcome(whole, part, reference(mean=0.02), None)
    assert high.state == "red" and high.failures and figure(high, "Return to expect").low > np.prod(1 + own) - 1
    inside = reference()
    like = dataclasses.replace(inside, returns=np.resize(own, len(inside.returns)))
    same = outcome(whole, part, like, None)
    expected = figure(same, "Return to expect")
    assert expected.low < figure(same, "Return of the quarter").value < expected.high and same.state in ("green", "amber")
    assert [one.what for one in same.absent] == ["forecasts"] and same.curves[0].across == tuple(part.days["session"])


def test_the_band_is_of_the_quarters_length_and_none_is_given_on_too_little() -> None:
    found = band(np.full(100, 0.001), 63)
    assert found.low == pytest.approx(1.001**63 - 1) == pytest.approx(found.high) and found.deepest == 0.0
    assert np.isnan(band(np.zeros(59), 63).low) and deepest_fall(np.array([0.1, -0.2, 0.05])) == pytest.approx(-0.2)


def test_forecasts_that_know_half_have_a_rank_ic_and_such_that_know_nothing_none() -> None:
    draw = np.random.default_rng(0)
    session, name = np.repeat(np.arange(60), 40), np.tile(np.arange(40), 60)
    forward = draw.normal(0, 0.03, 2400)
    sure = np.clip(0.5 + 5 * forward + draw.normal(0, 0.15, 2400), 0.01, 0.99)
    knowing = accuracy(Ripe(session, name, sure, 1 - sure, forward, 0.6, 6, MARKET))
    blind = accuracy(Ripe(session, name, draw.random(2400), draw.random(2400), forward, 0.6, 6, MARKET))
    assert knowing[0].low > 0.4 and blind[0].low < 0 < blind[0].high
    assert knowing[1].name == "Hit rate, long" and knowing[1].low > 0.6


def test_attribution_says_what_the_daily_table_tells_and_that_there_is_no_broker(whole: DeskFrames, part: DeskFrames) -> None:
    found = attribution(whole, part)
    equity = whole.days.set_index("session")["equity"].astype(float)
    assert figure(found, "Change of equity").value == pytest.approx(equity.iloc[-1] - equity[equity.index < "2021-01-01"].iloc[-1])
    assert figure(found, "Fees").value == part.days["fees"].sum() == len(part.fills)
    assert [one.what for one in found.absent] == ["broker"]


def test_use_of_the_limits_is_counted(part: DeskFrames, whole: DeskFrames) -> None:
    used = usage(part, STRATEGY)
    newest = part.book
    longs, shorts = (newest["value"] > 0).sum(), (newest["value"] < 0).sum()
    assert used.slots[-1] == max(longs, shorts) / 20
    assert used.gross[-1] == pytest.approx(newest["value"].abs().sum() / part.equity / 1.3)
    assert (used.capped == 400 / 50_000).all()
    found = limits(whole, part, STRATEGY, RULES, None)
    assert found.state == "amber" and "0 breaches" in found.words[0]
    tight = limits(whole, part, dataclasses.replace(STRATEGY, slots=2), RULES, None)
    assert tight.state == "red"


def test_a_line_too_large_for_a_gap_proposes_the_slots_that_bring_it_back(whole: DeskFrames, part: DeskFrames) -> None:
    """110 % over 20 slots is 5.5 %; 30 % of it 1.65 %; 33 slots bring it to 1 %, 32 do not."""
    (proposal,) = limits(whole, part, STRATEGY, RULES, None).proposals
    assert (proposal.knob, proposal.current, proposal.value) == ("strategy.slots", 20, 33)
    assert 1.1 / 33 * 0.3 <= 0.01 < 1.1 / 32 * 0.3
    assert limits(whole, part, dataclasses.replace(STRATEGY, slots=33), RULES, None).proposals == ()


def test_value_at_risk_is_tested_from_250_sessions_on(whole: DeskFrames) -> None:
    returns = account_returns(whole, whole)
    few, _, absent = value_at_risk(returns, reference(), RULES, MARKET)
    assert [one.what for one in absent] == ["sessions"] and "too few" in absent[0].words
    assert not [one for one in few if one.name.startswith("Chance")]
    calm = np.random.default_rng(1).normal(0, 0.002, 300)
    wild = np.where(np.arange(300) % 20 == 0, -0.05, calm)
    many, found, absent = value_at_risk(wild, reference(), RULES, MARKET)
    assert absent == () and found.sessions == 300 and len([one for one in many if one.name.startswith("Chance")]) == 3


def test_days_to_leave_and_the_share_of_a_flat_volume(part: DeskFrames, tape: MarketData) -> None:
    """400 shares at 5 % of a million a day are 0.008 days."""
    own = held(part, tape)
    assert days_to_leave(own, 0.05) == pytest.approx(np.full(len(own.symbols), 400 / 50_000))
    found = concentration(part, tape, RULES, MARKET)
    assert found.state in ("green", "amber") and [one.what for one in found.absent] == ["shares", "sectors"]
    assert figure(found, "Days to leave, slowest name").value == pytest.approx(0.008)
    assert figure(found, "Positions with a mark").value == len(part.book)
    assert figure(found, "Effective number of lines").value <= len(part.book)
    slow = concentration(part, tape, dataclasses.replace(RULES, participation=1e-5), MARKET)
    assert slow.state == "amber"


def test_a_book_that_is_the_benchmark_has_a_beta_of_one(part: DeskFrames, tape: MarketData) -> None:
    (line,) = part.book.head(1).to_dict("records")
    alone = part.lines.head(1).assign(
        session=part.days["session"].iloc[-1], symbol=line["symbol"], quantity=100, mark=part.equity / 100, entry_price=1.0
    )
    column = tape.bars.symbols.index(line["symbol"])
    like = dataclasses.replace(tape, benchmark=np.ascontiguousarray(tape.bars.close[:, column]))
    beta = figure(concentration(dataclasses.replace(part, lines=alone), like, RULES, MARKET), "Beta of the book")
    assert beta.value == pytest.approx(1.0) and beta.low == pytest.approx(1.0) and beta.high == pytest.approx(1.0)


def test_stress_finds_the_worst_session_by_hand(part: DeskFrames, tape: MarketData) -> None:
    own = held(part, tape)
    dates, losses, covered = worst_sessions(own, tape)
    assert covered == pytest.approx([1.0] * 5)
    moves = (own.returns * own.weight).sum(axis=1)[1:]
    assert losses[0] == pytest.approx(moves.min()) and dates[0] == str(tape.bars.sessions[1 + moves.argmin()])
    found = stress(part, tape, RULES, MARKET)
    assert figure(found, "Every name falls by 10 %").value == pytest.approx(-0.1 * own.weight.sum())
    assert [one.what for one in stress(part, None, RULES, MARKET).absent] == ["market"]


def test_capacity_is_the_room_under_the_cap(part: DeskFrames) -> None:
    """Each entry is 400 shares under a cap of 50,000: 125 times as much room."""
    found = capacity(part)
    assert found.state == "green" and figure(found, "Capital at which half of them are cut").value == pytest.approx(125 * part.equity)


def costs_of(tape: MarketData, place: Path, slip: Slip, assumed: bool = False) -> tuple[Section, DeskFrames]:
    """The section of the first quarter of 2021 on an account whose fills slipped so."""
    desk = frames_of(write_desk(place / "desk", Drawn(tape, assumed, slip), tape.bars.row("2020-11-20"), tape.bars.row("2021-04-01") - 1))
    known = evidence(desk, tape, COSTS, STRATEGY.max_adv_fraction)
    return trading_costs(known, desk.within(Q1.first, Q1.next.first), Q1, COSTS, RULES), desk


def charged(desk: DeskFrames, tape: MarketData) -> float:
    known = evidence(desk, tape, COSTS, STRATEGY.max_adv_fraction)
    assert known is not None
    return float(of_quarter(known, Q1).prior.mean())


def test_assumed_fills_are_no_evidence(whole: DeskFrames, part: DeskFrames, tape: MarketData) -> None:
    found = trading_costs(evidence(whole, tape, COSTS, 0.05), part, Q1, COSTS, RULES)
    assert found.state == "unknown" and [one.what for one in found.absent] == ["evidence"] and found.figures == () and found.proposals == ()
    assert f"{len(part.fills):,} fills of the quarter were assumed" in found.words[0]
    assert [one.what for one in trading_costs(None, part, Q1, COSTS, RULES).absent] == ["market"]


def test_a_cost_above_the_model_is_measured_and_proposed_at_once(tape: MarketData, tmp_path: Path) -> None:
    """Ten basis points beyond the model's 12 or so: the measured mean is what was put in, whatever side."""
    found, desk = costs_of(tape, tmp_path, lambda _, draw: 25.0 + float(draw.normal(0, 4)))
    measured = figure(found, "Slippage, raw")
    assert measured.low < 25.0 < measured.high and measured.high - measured.low < 2
    assert figure(found, "What the model charges").value == pytest.approx(charged(desk, tape))
    (proposal,) = found.proposals
    assert proposal.knob == "costs.half_spread_bp" and proposal.current == COSTS.half_spread_bp
    assert proposal.value != COSTS.half_spread_bp and found.failures
    tiers = [k for k in range(4) if proposal.value[k] != COSTS.half_spread_bp[k]]
    for k in tiers:
        impact = COSTS.impact_bp * np.sqrt(400 / 1e6)
        assert proposal.value[k] == pytest.approx((25.0 - impact) / COSTS.open_multiple, abs=0.6)


def test_a_cost_below_the_model_waits_for_two_quarters(tape: MarketData, tmp_path: Path) -> None:
    twice, _ = costs_of(tape, tmp_path / "twice", lambda _, draw: 1.0 + float(draw.normal(0, 1)))
    assert twice.proposals and max(twice.proposals[0].value[k] - COSTS.half_spread_bp[k] for k in range(4)) == 0
    drawn = Drawn(tape, False, lambda _, draw: 1.0 + float(draw.normal(0, 1)))
    once = frames_of(write_desk(tmp_path / "once", drawn, tape.bars.row("2021-01-04"), tape.bars.row("2021-04-01") - 1))
    found = trading_costs(evidence(once, tape, COSTS, 0.05), once, Q1, COSTS, RULES)
    assert found.proposals == () and found.state == "green"


def test_fills_under_the_least_number_propose_nothing(tape: MarketData, tmp_path: Path) -> None:
    drawn = Drawn(tape, False, lambda *_: 60.0)
    row = tape.bars.row("2021-01-04")
    few = frames_of(write_desk(tmp_path / "desk", drawn, row, row + 15))
    found = trading_costs(evidence(few, tape, COSTS, 0.05), few, Q1, COSTS, RULES)
    assert found.proposals == () and found.state == "unknown" and "are needed" in found.words[-1]


def test_a_bucket_of_few_mornings_stays_at_the_model(tape: MarketData, tmp_path: Path) -> None:
    row = tape.bars.row("2021-01-04")
    few = frames_of(write_desk(tmp_path / "desk", Drawn(tape, False, lambda *_: 60.0), row, row + 6))
    known = evidence(few, tape, COSTS, 0.05)
    assert known is not None
    assert all(one.shrunk == one.prior and one.change == 0 for one in buckets(known, RULES))


def test_incidents_count_what_was_missed(tape: MarketData, tmp_path: Path) -> None:
    from springback.operation.frozen_decision import Reason

    row = tape.bars.row("2021-01-04")
    odd = {
        row + 3: {"kind": "late"},
        row + 5: {"kind": "deadline", "exits_only": True, "reasons": (Reason("vix", "VIX is missing"),)},
        row + 8: {
            "halts": ({"scope": "entries", "by": "ann"},),
            "ended": ({"order_id": 1, "symbol": "N01", "status": "cancelled", "why": "no bar"},),
        },
    }
    desk = write_desk(tmp_path / "desk", Drawn(tape), row, row + 20, odd)
    calendar = tape.bars.sessions[row : row + 23]
    found = governance.incidents(frames_of(desk), calendar, RULES, str(calendar[0]))
    values = {one.name: one.value for one in found.figures}
    assert values["Sessions due"] == 23 and values["Without any record"] == 2 and values["Late, without orders"] == 1
    assert values["At the deadline, exits only"] == 1 and values["Orders that ended unfilled"] == 1
    assert found.state == "red" and "3 of 23" in found.failures[0]
    causes, ended = found.grids
    assert [one[0] for one in causes.rows] == ["halt", "vix"] and ended.rows == (("cancelled", "no bar", "1"),)


def test_a_quarter_without_any_decision_of_an_account_that_had_one_is_red(tape: MarketData) -> None:
    calendar = tape.bars.sessions[-10:]
    assert governance.incidents(nobody(), calendar, RULES, "2020-01-02").state == "red"
    found = governance.incidents(nobody(), calendar, RULES, "")
    assert found.state == "unknown" and found.absent[0].what == "account" and found.figures == ()


def test_an_account_at_a_broker_lacks_no_broker() -> None:
    for at_broker, lacking in ((True, ["drill"]), (False, ["broker", "drill"])):
        for begun in ("", "2020-01-02"):
            found = governance.incidents(nobody(), np.array(["2020-01-02"], "M8[D]"), RULES, begun, None, at_broker)
            assert [one.what for one in found.absent if one.what != "account"] == lacking


def test_incidents_of_the_state_tell_how_long_they_stood(part: DeskFrames) -> None:
    facts = (
        governance.IncidentFact("vix", "2021-01-05 21:40", 10.0, Prose("VIX is missing")),
        governance.IncidentFact("bars", "2021-02-05 21:40", 2.0, Prose("no bar")),
        governance.IncidentFact("disk", "2021-03-05 21:40", None, Prose("the disk is full")),
    )
    calendar = np.array(list(part.days["session"]), "datetime64[D]")
    found = governance.incidents(part, calendar, RULES, "2020-12-01", facts)
    values = {one.name: one.value for one in found.figures}
    told = (values["Incidents opened"], values["Incidents that stand"], values["Hours until an incident ended, median"])
    assert told == (3, 1, 6.0) and found.state == "amber" and found.grids[2].rows[2][2] == "stands"
    assert governance.incidents(part, calendar, RULES, "2020-12-01", facts[:2]).state == "green"


def test_contests_are_told_by_their_events(part: DeskFrames) -> None:
    ledger = governance.LedgerFacts(Source("ledger.sqlite, row 9", "9" * 64), 9, 1, "")
    event = governance.ContestFact("2021-02-01", "won", "2021Q1", "2020Q4", 252, 0.004, "", Prose("better"))
    found = governance.contests(part, ledger, (event,))
    assert found.state == "green" and found.absent == () and figure(found, "Events of contests").value == 1
    assert found.grids[1].rows == (("2021-02-01", "won", "2021Q1", "2020Q4", "252", "0.004", "", "better"),)
    assert [one.what for one in governance.contests(part, None, ()).absent] == ["ledger"]


def test_inventory_names_what_changed(tape: MarketData, tmp_path: Path) -> None:
    row = tape.bars.row("2021-01-04")
    odd = {row + 2: {"champion": "2020Q4", "settings_version": "0001"}, row + 3: {"champion": "2020Q4", "settings_version": "0001"}}
    desk = frames_of(write_desk(tmp_path / "desk", Drawn(tape), row, row + 3, odd))
    found = governance.inventory(desk, None, None, {})
    day = str(tape.bars.sessions[row + 2])
    assert (day, "champion", "champion", "2020Q4") in found.grids[0].rows and found.state == "amber"
    assert "2 of 4 decisions ran under unversioned settings" in found.words[-1]
    fired = {one.key: one.fired for one in governance.triggers(desk, desk, None)}
    assert fired == {**dict.fromkeys(fired, False), "drawdown": None, "unreconciled": None, "model": True, "gross": fired["gross"]}


def test_triggers_hear_an_alarm_and_a_deep_fall(whole: DeskFrames, part: DeskFrames) -> None:
    days = part.days.assign(alarm_factor=[0.5] * 3 + [1.0] * (len(part.days) - 3))
    calm = dataclasses.replace(reference(), returns=np.full(700, 0.0001))
    fired = {one.key: one for one in governance.triggers(whole, dataclasses.replace(part, days=days), calm)}
    assert fired["alarm"].fired and "3 of" in fired["alarm"].words
    assert fired["drawdown"].fired and fired["drawdown"].source.name == "ledger.sqlite, row 1"


def test_an_account_without_data_of_a_session_goes_on(whole: DeskFrames, part: DeskFrames) -> None:
    """A decision at the deadline has no equity of its own."""
    days = part.days.copy()
    days.loc[5, "equity"] = np.nan
    broken = dataclasses.replace(part, days=days)
    returns = account_returns(broken, broken)
    equity = part.days["equity"].to_numpy(float)
    assert np.isfinite(returns).all() and len(returns) == len(days) - 2
    assert returns[4] == pytest.approx(equity[6] / equity[4] - 1)


def test_nobody_has_no_figure_and_says_so(tape: MarketData) -> None:
    desk = nobody()
    sections = [
        outcome(desk, desk, None, None),
        attribution(desk, desk),
        limits(desk, desk, STRATEGY, RULES, None),
        concentration(desk, tape, RULES, MARKET),
        stress(desk, tape, RULES, MARKET),
        trading_costs(evidence(desk, tape, COSTS, 0.05), desk, Q1, COSTS, RULES),
        capacity(desk),
    ]
    for section in sections:
        assert section.state == "unknown" and section.absent and section.figures == (), section.key
    assert desk.within(date(2020, 1, 1), date(2021, 1, 1)).book.empty and np.isnan(desk.equity)
    assert isinstance(desk.days, pd.DataFrame) and CASH > 0
