"""Who was in the index on a day, by what was known then: a store, or dated files of fund holdings; and membership from these."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from springback.data import membership
from springback.data.files import holdings
from springback.data.files.reading import writing
from springback.data.laws import lines_of
from springback.data.membership import Answer
from springback.data.sources import day_of
from springback.data.store.store import Store
from springback.errors import InputError
from springback.market.prose import Prose
from springback.project import usual
from springback.strategy.universe import eligible
from springback.workflow.inputs import Inputs
from springback.workflow.settings import Settings
from springback.workflow.sources import open_store

BROUGHT = "members.csv"
"""What holdings become that bring a store's membership on."""


@dataclass(frozen=True)
class MembersFile:
    """A membership file that was written: of how many companies, from how many files of which days, and lines on what was left out."""

    file: Path
    companies: int
    files: int
    first: str
    last: str
    left: tuple[str, ...]


read_holdings, from_holdings = holdings.read_folder, membership.from_holdings


def write_members(listed: Sequence[holdings.Holdings], out: Path) -> MembersFile:
    """Membership by permanent id, written to `out`, of dated holdings files. Raises `BadTable`, `Unwritable`."""
    ranges = membership.intervals(listed)
    membership.write(out, ranges)
    companies, left = len({one.symbol for one in ranges}), lines_of(line for one in listed for line in one.left)
    return MembersFile(out, companies, len(listed), str(listed[0].as_of), str(listed[-1].as_of), tuple(left))


def with_holdings(inputs: Inputs) -> Inputs:
    """`inputs` whose `members` are a file of what the store knows of its membership and of their `holdings` (a file, or a folder of dated
    ones), which bring it on; it lies where the downloads do. The same inputs where they name no holdings.

    Raises `InputError` beside `members`, `BadTable`, `MissingData`, `Unwritable`.
    """
    if inputs.holdings is None:
        return inputs
    if inputs.members is not None:
        raise InputError("--members and --holdings both say who is in the index: give one of them")
    listed = holdings.read_folder(inputs.holdings) if inputs.holdings.is_dir() else (holdings.read(inputs.holdings),)
    store = Store(inputs.folder)
    out = (inputs.request.downloads or usual("downloads")) / BROUGHT
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    membership.write(out, membership.newer(store.membership() if store.exists() else None, listed))
    return replace(inputs, members=out, holdings=None)


def from_store(settings: Settings, store: Path, day: np.datetime64, as_of: str | None = None) -> Answer:
    """The index on `day` by a store, as it was known at `as_of`, and how many of it can be traded. Raises `MissingData`."""
    market_data, _ = open_store(store, as_of)
    row = int(np.searchsorted(market_data.bars.sessions, day, side="right")) - 1
    tradable = eligible(market_data, settings.universe)[row] if row >= 0 else None
    answer = membership.from_market_data(market_data, day, tradable)
    if market_data.members is not None and tradable is not None:
        able = int((tradable & market_data.members[row]).sum())
        answer = replace(answer, notes=(*answer.notes, Prose(f"{able:,} of them have the price and the volume to be traded")))
    return answer


def day_named(text: str) -> np.datetime64:
    """The day that `--on` names. Raises `InputError`."""
    try:
        return np.datetime64(day_of(text), "D")
    except ValueError:
        raise InputError(f"--on must be a date such as 2020-03-23, was '{text}'", value=text) from None
