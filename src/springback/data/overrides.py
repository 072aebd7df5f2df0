"""What is handed in beside a store for one run: VIX and membership laid over its own, and words that say what of the store gave way."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from springback.data.files.series import read_closes, read_members
from springback.errors import BadTable
from springback.market.market_data import MarketData
from springback.market.origin import BENCHMARK
from springback.market.prose import Prose


def laid_over(
    market_data: MarketData, vix: Path | None = None, members: Path | None = None, benchmark: Path | None = None
) -> tuple[MarketData, tuple[Prose, ...]]:
    """`market_data` with the closes of `vix` where it has a session, the membership of `members` and the level of `benchmark`; a line on
    each.

    The lines are findings of the market data as well. Raises `BadTable`, `MissingData`.
    """
    told = []
    if vix is not None:
        market_data, line = with_vix(market_data, vix)
        told.append(line)
    if members is not None:
        own = "it had none" if market_data.members is None else "its own is not used"
        market_data = replace(
            market_data, members=read_members(members, market_data.bars), origin=replace(market_data.origin, members_from=None)
        )
        told.append(f"membership is that of {members.name}, not the store's: {own}")
    if benchmark is not None:
        level = read_closes(benchmark, market_data.bars.sessions)
        if np.isnan(level).all():
            raise BadTable(
                f"{benchmark} has no level on any session from {market_data.bars.sessions[0]} to {market_data.bars.sessions[-1]}"
            )
        market_data = replace(
            market_data,
            benchmark=level,
            origin=replace(market_data.origin, benchmark=market_data.origin.benchmark if market_data.origin.demo else BENCHMARK),
        )
        told.append(f"the benchmark is that of {benchmark.name} on {int((~np.isnan(level)).sum()):,} of {len(level):,} sessions")
    lines = tuple(Prose(line, "overrides") for line in told)
    return replace(market_data, findings=(*market_data.findings, *lines)), lines


def with_vix(market_data: MarketData, file: Path) -> tuple[MarketData, str]:
    """`market_data` with the closes of `file` where it has a session, and what that changed in words."""
    closes = read_closes(file, market_data.bars.sessions)
    said, lacked = ~np.isnan(closes), np.isnan(market_data.vix)
    other = said & ~lacked & (closes != market_data.vix)
    line = (
        f"VIX is that of {file.name} on {int(said.sum()):,} of {len(closes):,} sessions: {int((said & lacked).sum()):,} had none, "
        f"{int(other.sum()):,} had another"
    )
    return replace(market_data, vix=np.where(said, closes, market_data.vix)), line
