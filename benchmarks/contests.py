"""How often the whole pipeline lets a challenger take over: where no pair has any skill, where nothing changed, where the edge turned.

    python benchmarks/contests.py [MARKETS]

Each market is drawn anew, 60 names and five years: without an edge, where every promotion is a false one; with one; and with `demo.turn` in
the middle, where a market is missed in which no pair that was trained after the turn holds at the end. Models are trained each quarter on
the newest year; the champion is the first pair. The policy "newest" takes over each quarter, whatever there is: that is the ratio.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import prepare_world
from springback.workflow.settings import choose
from springback.workflow.sources import draw_demo

START, TURN, END = "2018-01-02", "2020-07-01", "2022-12-30"
KNOBS = [
    *(f'demo.start="{START}"', f'demo.end="{END}"', "demo.names=60", "training.trees=40", "training.years=1"),
    *("universe.min_dollar_volume=0.0", "walk_forward.min_sessions=200", "training.threads=1"),
]


QUARTERS = 16
"""About as many challengers has a market."""
CASES = {"no edge": ("0.0", ""), "an edge": ("0.4", ""), "turned": ("0.4", TURN)}


def succession(seed: int, reversal: str, turn: str) -> tuple[int, bool]:
    """How many promotions there were in the market of `seed`, and whether a pair that was trained after the turn holds at the end."""
    settings = choose(None, [*KNOBS, f"demo.seed={seed}", f"demo.reversal={reversal}", f'demo.turn="{turn}"'])
    with TemporaryDirectory() as folder:
        walk = forecast_walk_forward(prepare_world(draw_demo(settings), settings), settings, Path(folder))
    return len(walk.timeline.tenures) - 1, walk.timeline.champion[:10] > TURN


def main() -> None:
    markets = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found: dict[str, list[tuple[int, bool]]] = {name: [] for name in CASES}
    for seed in range(1, markets + 1):
        for name, case in CASES.items():
            found[name].append(succession(seed, *case))
        if seed == markets or seed % 10 == 0:
            print(f"after {seed} markets", flush=True)
            for name, many in found.items():
                some = sum(count > 0 for count, _ in many) / seed
                each = sum(count for count, _ in many) / seed
                missed = f", missed {100 * sum(not new for _, new in many) / seed:.1f} %" if name == "turned" else ""
                rates = f"a promotion in {100 * some:.1f} % of the markets, {each:.2f} a market, ratio to newest {each / QUARTERS:.3f}"
                print(f"  {name:8s}  {rates}{missed}", flush=True)


if __name__ == "__main__":
    main()
