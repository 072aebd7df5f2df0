"""The members of an index, asked of a vendor that knows tickers and no companies."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from springback.data.files import series
from springback.data.laws import LeftOut, lines_of
from springback.data.sources import History
from springback.errors import InputError
from springback.market.market_data import MarketData
from springback.market.prose import prose
from springback.market.symbols import found_in

SUCCEEDED = re.compile(r".+_[0-9]{4}(_[0-9]+)?")
"""A permanent id with a year: the company's ticker belongs to a later company, whose bars the vendor would give."""
CLASS = re.compile(r"([A-Z]{2,})([A-C])")
"""A ticker that may be a share class without its dot, as fund holdings write it: BRKB."""


@dataclass(frozen=True)
class MemberList:
    """The companies of a membership file that were in the index from one day to another: those to ask for, and those whose ticker another
    company has now, by permanent id.
    """

    path: Path
    symbols: tuple[str, ...]
    succeeded: tuple[str, ...]


def read_member_list(path: Path, start: date, end: date) -> MemberList:
    """The member list of a membership file (symbol, start, end exclusive, empty: still in). Raises `BadTable`, `InputError`."""
    tenures = series.read_tenures(path)
    present = set(tenures.between(np.datetime64(start, "D"), np.datetime64(end, "D")))
    members = tuple(one for one in dict.fromkeys(tenures.symbols) if one in present)
    if not members:
        raise InputError(f"{path} has no member from {start} to {end}: its first day is {tenures.starts.min()}")
    late = {one for one in members if SUCCEEDED.fullmatch(one)}
    return MemberList(path, tuple(one for one in members if one not in late), tuple(sorted(late)))


def given_up(member_list: MemberList, stored: Collection[str]) -> dict[str, str]:
    """The names of `stored` that their companies gave up, each with the one that they are listed under now."""
    names = {*member_list.symbols, *member_list.succeeded}
    tickers = sorted(series.read_tickers(member_list.path).items())
    return {old: new for old, new in tickers if old in stored and old not in names}


def check_names(member_list: MemberList, stored: Collection[str], first: str) -> None:
    """Refuses to go on with a store that has a company under a ticker that it gave up. Raises `InputError`.

    `stored` are the names there, `first` is the store's first session.
    """
    for old, new in given_up(member_list, stored).items():
        raise InputError(
            f"{old} of the store is {new} now, says {member_list.path}: it would have two histories: fetch the whole past once, with "
            f"--start {first} --accept-restatement"
        )


def dotted(histories: Sequence[History]) -> dict[str, str]:
    """How names the vendor does not know may be spelled there: {"BRKB": "BRK.B"}."""
    found = {one.symbol: CLASS.fullmatch(one.symbol) for one in histories if one.gone and not len(one.days)}
    return {symbol: f"{match[1]}.{match[2]}" for symbol, match in found.items() if match}


def renamed(histories: Sequence[History], others: Sequence[History], spelled: dict[str, str]) -> tuple[History, ...]:
    """`histories` with those of `others` that have bars in place of the ones asked for under the wrong spelling."""
    better = {one.symbol: one for one in others if len(one.days)}
    return tuple(replace(better[spelled[one.symbol]], symbol=one.symbol) if spelled.get(one.symbol) in better else one for one in histories)


def enrolled(market_data: MarketData, member_list: MemberList, symbols: Collection[str]) -> MarketData:
    """`market_data` with the membership of `member_list`, and a finding that says how many members among `symbols` have no bar while they
    are in.

    Raises `BadTable`.
    """
    members, odd = series.enrol(member_list.path, market_data.bars)
    seen = (members & ~np.isnan(market_data.bars.close)).any(axis=0)
    there = {symbol for symbol, has in zip(market_data.bars.symbols, seen, strict=True) if has}
    wanted = {one for one in symbols if found_in(one, there) is None}
    without = [symbol for symbol in member_list.symbols if symbol in wanted]
    left = [one for one in odd if one.law != "barless"]
    if member_list.succeeded:
        left.append(LeftOut("succeeded", member_list.succeeded[0], count=len(member_list.succeeded)))
    if without:
        left.append(LeftOut("barless", without[0], count=len(without), whole=len(member_list.symbols) + len(member_list.succeeded)))
    return replace(market_data, members=members, findings=(*market_data.findings, *prose(lines_of(left))))
