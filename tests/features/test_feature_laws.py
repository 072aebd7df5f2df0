"""What must hold on every market data."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback import features
from springback.compiled import COMPILED
from springback.features.window import measure
from springback.market.actions import Actions
from springback.market.bars import Panel
from tests.features.tapes import bars_of, random_bars, random_splits, splits

seeds = st.integers(0, 2**32 - 1)


def same(left: Panel, right: Panel) -> bool:
    """Equal to the last bit, NaN like NaN."""
    return left.shape == right.shape and bool(np.array_equal(left, right, equal_nan=True))


@given(seeds, st.integers(1, 44))
@settings(max_examples=30, deadline=None)
def test_the_future_changes_nothing(seed: int, known: int) -> None:
    bars, actions = random_bars(seed), random_splits(seed)
    whole = features.panel(bars, actions)
    assert same(features.panel(bars.between(0, known), actions.between(0, known)), whole[:known])
    assert same(features.panel(bars.between(0, known), actions), whole[:known])


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_panel_and_latest_agree_each_day(seed: int) -> None:
    bars, actions = random_bars(seed), random_splits(seed)
    whole = features.panel(bars, actions)
    for end in range(1, len(bars.sessions) + 1):
        assert same(features.latest(bars.between(0, end), actions.between(0, end)), whole[end - 1])


@given(seeds, st.integers(0, 24))
@settings(max_examples=30, deadline=None)
def test_the_length_of_the_history_changes_nothing(seed: int, first: int) -> None:
    bars, actions = random_bars(seed), random_splits(seed)
    late = features.panel(bars.between(first, 45), actions.between(first, 45))
    assert same(late[20:], features.panel(bars, actions)[first + 20 :])


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_no_name_leans_on_another(seed: int) -> None:
    bars = random_bars(seed)
    whole = features.panel(bars, Actions.none())
    for column, symbol in enumerate(bars.symbols):
        assert same(features.panel(bars.of([symbol]), Actions.none())[:, 0], whole[:, column])


@given(seeds, st.integers(1, 44), st.sampled_from([0.25, 0.5, 4.0]))
@settings(max_examples=30, deadline=None)
def test_a_split_changes_nothing(seed: int, row: int, factor: float) -> None:
    """Powers of two scale without rounding. The epsilons of rsi and bands are in dollars of the day: they may move by a hair."""
    bars = random_bars(seed)
    close, volume = bars.close.copy(), bars.volume.copy()
    close[row:, 2] *= factor
    volume[row:, 2] /= factor
    plain = features.panel(bars, Actions.none())
    split = features.panel(bars_of(close, volume), splits((row, 2, factor)))
    ratios = [features.FEATURES.index(name) for name in ("qpi_3day", "volume_surge", "mom_5", "mom_10", "mom_20", "vol_ratio")]
    assert same(split[..., ratios], plain[..., ratios])
    np.testing.assert_allclose(split, plain, rtol=1e-3, atol=1e-3)


def test_a_split_ignored_would_show() -> None:
    bars = random_bars(1, ugly=False)
    close = bars.close.copy()
    close[30:, 2] *= 0.25
    wrong = features.panel(bars_of(close, bars.volume), Actions.none())
    assert wrong[32, 2, 0] < 15 < features.panel(bars, Actions.none())[32, 2, 0]


ugly_numbers = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 0.01, 1e-300, 1e300, 5.0, 5.01])


@given(st.lists(st.tuples(ugly_numbers, ugly_numbers), min_size=21, max_size=21))
@settings(max_examples=200, deadline=None)
def test_nothing_is_infinite(rows: list[tuple[float, float]]) -> None:
    close, volume = np.array(rows).T
    values = features.panel(bars_of(close.reshape(-1, 1).copy(), volume.reshape(-1, 1).copy()), Actions.none())
    assert not np.isinf(values).any()
    qpi = values[..., 0][~np.isnan(values[..., 0])]
    assert np.all((qpi >= 0) & (qpi <= 100))


@pytest.mark.skipif(not COMPILED, reason="numba is not installed: there is only the plain version")
def test_compiled_and_plain_agree(tmp_path: Path) -> None:
    """The same panel, drawn in a process where numba compiles nothing."""
    script = (
        "import sys, numpy as np; from tests.features.tapes import random_bars, random_splits; from springback import features;"
        "np.save(sys.argv[1], np.stack([features.panel(random_bars(k), random_splits(k)) for k in range(3)]))"
    )
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(features.__file__).parents[2])])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-W", "error", "-c", script, str(tmp_path / "plain.npy")], env=environment, check=True)
    compiled = np.stack([features.panel(random_bars(k), random_splits(k)) for k in range(3)])
    assert same(np.load(tmp_path / "plain.npy"), compiled)


def test_window_alone_gives_the_panel() -> None:
    """`measure` on a hand-cut window is what the panel holds: there is no second definition."""
    bars = random_bars(3, ugly=False)
    out = np.empty(8)
    measure(bars.close[10:31, 2].copy(), bars.volume[10:31, 2].copy(), out)
    assert same(out, features.panel(bars, Actions.none())[30, 2])
