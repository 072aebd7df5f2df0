"""Who was in the index when: by effective date, by permanent name, as the lists stood, with another library as the witness of the join."""

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from springback.data.files import csv_file, series
from springback.data.sessions import exchange_days
from springback.market.bars import Bars
from springback.market.market_data import DELISTED, TRADING
from springback.strategy.universe import Universe, eligible

SESSIONS = exchange_days("2020-06-01", "2020-12-31")[:60]
NAMES = ("A", "B", "C")


def bars() -> Bars:
    close = np.full((len(SESSIONS), len(NAMES)), 10.0)
    return Bars(SESSIONS, NAMES, close, close, close, close, np.full(close.shape, 1e6))


def members_of(folder: Path, lines: list[str]) -> NDArray[np.bool_]:
    path = folder / "members.csv"
    path.write_text("symbol,start,end\n" + "".join(f"{line}\n" for line in lines))
    return series.read_members(path, bars())


def test_a_change_counts_from_its_effective_date_and_not_from_its_announcement(tmp_path: Path) -> None:
    """Announced Friday 2020-06-05, effective after the close of Friday 06-26: in from Monday 06-29 on, and the one it replaces out."""
    found = members_of(tmp_path, ["A,2020-01-01,2020-06-27", "B,2020-06-27,", "C,2020-01-01,"])
    friday, monday = (int(np.searchsorted(SESSIONS, np.datetime64(day))) for day in ("2020-06-26", "2020-06-29"))
    assert found[friday].tolist() == [True, False, True] and found[monday].tolist() == [False, True, True]
    assert not found[: friday + 1, 1].any(), "nothing is known of it between announcement and effect"


ranges = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-5, 80), st.integers(1, 40)), min_size=1, max_size=6)


@given(ranges)
@settings(max_examples=30, deadline=None)
def test_pandas_joins_the_same_as_of_each_session(found: list[tuple[str, int, int]]) -> None:
    import tempfile

    first = np.datetime64("2020-06-01")
    spans = {name: [] for name in NAMES}  # type: dict[str, list[tuple[np.datetime64, np.datetime64]]]
    for name, start, length in found:  # one after the other, as the stays of one firm are
        begin = max([first + start, *(end + 1 for _, end in spans[name])])
        spans[name].append((begin, begin + length))
    lines = [f"{name},{start},{end}" for name in NAMES for start, end in spans[name]]
    visible = [start <= SESSIONS[-1] and np.any((start <= SESSIONS) & (end > SESSIONS)) for one in spans.values() for start, end in one]
    if not any(visible):
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = members_of(Path(folder), lines)
    for column, name in enumerate(NAMES):
        changes = [(day, said) for start, end in spans[name] for day, said in ((start, True), (end, False))]
        theirs = np.zeros(len(SESSIONS), dtype=np.bool_)
        if changes:
            events = pd.DataFrame(changes, columns=["date", "member"]).astype({"date": "datetime64[s]"})
            days = pd.DataFrame({"date": SESSIONS.astype("datetime64[s]")})
            theirs = (pd.merge_asof(days, events.sort_values("date", kind="stable"), on="date")["member"] == True).to_numpy()  # noqa: E712
        np.testing.assert_array_equal(ours[:, column], theirs, err_msg=name)


@given(st.integers(1, 58))
@settings(max_examples=20, deadline=None)
def test_lists_that_begin_later_change_no_earlier_session(row: int) -> None:
    import tempfile

    later = str(SESSIONS[row])
    known = ["A,2020-01-01,", "C,2020-06-10,2020-06-20"]
    with tempfile.TemporaryDirectory() as folder:
        before = members_of(Path(folder), known)
        after = members_of(Path(folder), [*known, f"B,{later},"])
    np.testing.assert_array_equal(before[:row], after[:row])
    assert after[row:, 1].all()


def test_a_ticker_used_again_is_two_names_and_an_old_date_holds_the_one_that_is_gone(tmp_path: Path) -> None:
    """RAD of 2020 was delisted in 2020-07 and its ticker given to another firm: two permanent names, each a member in its own time."""
    rows = [f"{day},RAD_2020,10,11,9,10,1000000" for day in SESSIONS[:30]]
    rows += [f"{day},RAD,50,51,49,50,1000000" for day in SESSIONS[40:]]
    rows += [f"{day},ZED,20,21,19,20,1000000" for day in SESSIONS]
    (tmp_path / "bars.csv").write_text("date,symbol,open,high,low,close,volume\n" + "".join(f"{row}\n" for row in rows))
    gone, again = SESSIONS[30], SESSIONS[40]
    (tmp_path / "members.csv").write_text(f"symbol,start,end\nRAD_2020,2020-01-01,{gone}\nRAD,{again},\nZED,2020-01-01,\n")
    market_data = csv_file.read(tmp_path / "bars.csv", members=tmp_path / "members.csv")
    assert market_data.bars.symbols == ("RAD", "RAD_2020", "ZED") and market_data.ending.tolist() == [TRADING, DELISTED, TRADING]
    allowed = eligible(market_data, Universe(window=3))
    assert allowed[20].tolist() == [False, True, True], "the old date holds the name that was delisted later"
    assert allowed[35].tolist() == [False, False, True] and allowed[50].tolist() == [True, False, True]
    assert np.isnan(market_data.bars.close[:40, 0]).all() and np.isnan(market_data.bars.close[30:, 1]).all(), (
        "no price of one is the other's"
    )
