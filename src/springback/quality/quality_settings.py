"""The thresholds of the gate."""

from dataclasses import dataclass

from springback.errors import SettingsError


@dataclass(frozen=True)
class Quality:
    """What the gate takes for a defect (table `quality`).

    `stale` equal closes in a row, without volume or with an unchanged one, are a warning, `frozen` of them an error. A `move` (share of
    the price) of `sigmas` of the name's usual moves, of which `revert` is gone at the next bar, is a spike: an error where it came and
    went overnight and volume stayed below `calm` times its usual, a warning where it was traded. An overnight step that stays, within
    `fit` of the name's usual moves of a split's ratio, is a split without a record. `cluster` series that end or pause on one day are
    told; `missing_share` of the calendar's sessions may be absent. Prices under `cent` dollars are told. Two sources disagree where a
    close differs by more than `disagree`, a volume by `disagree_volume`. A quarantine reaches `before` sessions before a row, so that no
    trade lives through it, and `after` behind it, so that no feature looks at it.
    """

    stale: int = 5
    frozen: int = 10
    move: float = 0.5
    sigmas: float = 8.0
    revert: float = 0.8
    calm: float = 3.0
    fit: float = 3.0
    cluster: int = 10
    missing_share: float = 0.01
    cent: float = 0.01
    disagree: float = 0.002
    disagree_volume: float = 0.05
    before: int = 7
    after: int = 21

    def __post_init__(self) -> None:
        least = {"stale": 3, "frozen": self.stale, "cluster": 2, "before": 0, "after": 0, "sigmas": 1, "calm": 1, "fit": 1}
        for name, limit in least.items():
            if not getattr(self, name) >= limit:
                raise SettingsError(f"quality.{name} must be at least {limit}, was {getattr(self, name)}", limit=limit)
        for name in ("move", "revert", "missing_share", "cent", "disagree", "disagree_volume"):
            if not 0 < getattr(self, name) < 1:
                raise SettingsError(f"quality.{name} must be above 0 and below 1, was {getattr(self, name)}", limit=0)
