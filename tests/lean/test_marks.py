"""Marks - rows on which nothing was traded - and lives that end long after the last bar: both hosts hold and order such names alike."""

from pathlib import Path

import numpy as np
import pytest

from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.lean_folder import LeanFolder
from springback.lean.export import export
from springback.market.origin import Origin
from springback.market.prose import Prose
from tests.lean import replays
from tests.lean.small import DAYS, Case, table_of, tape_of

NAMES = ("DEAD", "HALT", "LIVE", "ZERO")
FIRES = frozenset({(36, "HALT"), (43, "DEAD"), (46, "LIVE"), (56, "ZERO")})


def case(filled: bool = False) -> Case:
    """DEAD has marks from session 44 on, HALT from 38 until it is delisted after 60; ZERO has one on session 56."""
    marks = {"DEAD": slice(44, None), "HALT": slice(38, 61), "ZERO": slice(56, 57)}
    return Case(tape_of(NAMES, marks, {"HALT": 60}, {}, filled), FIRES)


@pytest.mark.parametrize("filled", [False, True])
def test_both_hosts_hold_a_halted_name_to_the_end_of_its_life_and_free_the_slot_of_a_dead_order(filled: bool, tmp_path: Path) -> None:
    one = case(filled)
    done = export(one.market_data, tmp_path / "data")
    assert done.counts["marks"] == (len(DAYS) - 44) + 23 + 1
    source = LeanFolder(tmp_path / "data")
    first, last = (DAYS[row].astype(object) for row in (0, -1))
    vix = VixAndRates({day.astype(object): 15.0 for day in DAYS}, None)
    back = assemble(list(source.histories(NAMES, first, last)), vix, None, first, last, Origin(words=Prose("the folder")))
    assert (back.last.tolist(), back.ending.tolist()) == (one.market_data.last.tolist(), one.market_data.ending.tolist())
    orders, fills = one.ours()
    assert one.ours(back) == (orders, fills)
    assert table_of(one.run(one.store(tmp_path / "store"))) == (orders, fills)
    assert [(str(day), name, reason) for day, name, _, reason in orders if name != "LIVE"] == [
        (str(DAYS[36]), "HALT", "entry"),  # filled on session 37, held through its halt
        (str(DAYS[42]), "HALT", "time_stop"),  # waits for a bar that never comes
        (str(DAYS[43]), "DEAD", "entry"),  # never filled: its slot, the only one, is free for LIVE on session 46
    ]
    assert ("LIVE", "entry") in [(name, reason) for _, name, _, reason in orders]
    assert [(name, round(price, 2)) for _, name, _, price in fills if name == "HALT"] == [("HALT", 10.37), ("HALT", 10.37)]


def test_a_real_bar_of_volume_0_ranks_nobody_in_lean(tmp_path: Path) -> None:
    """In a folder of somebody else such a bar may stand: LEAN delivers it, the algorithm takes it for the mark it is."""
    one = case()
    world, store = replays.tape_world(one.market_data), one.store(tmp_path)
    row, column = world.row_of(DAYS[56].astype(object)), world.column["ZERO"]
    assert np.isnan(world.close[row, column])
    for field in ("open", "high", "low", "close"):
        getattr(world, field)[row, column] = 10.0
    world.volume[row, column], world.last_bar[row, column] = 0.0, row
    assert "ZERO" not in {name for _, name, _, _ in table_of(one.run(store, world))[0]}
    world.volume[row, column] = 5.0
    world.last_traded = world.traded()
    assert "ZERO" in {name for _, name, _, _ in table_of(one.run(store, world))[0]}


def test_a_name_that_trades_as_many_shares_as_the_session_before_has_a_bar(tmp_path: Path) -> None:
    """Its Security's volume stands still, as that of a halted name does: the slice knows the difference."""
    one = Case(tape_of(("FLAT", "LIVE"), {}, {}, {"FLAT": [30, 31, 32]}), frozenset({(31, "FLAT"), (33, "FLAT"), (50, "FLAT")}))
    world = replays.tape_world(one.market_data)
    world.volume[:, world.column["FLAT"]] = 1e6
    orders, _ = table_of(one.run(one.store(tmp_path), world))
    assert [str(day) for day, _, _, reason in orders if reason == "entry"] == [str(DAYS[33]), str(DAYS[50])]
