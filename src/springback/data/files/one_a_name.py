"""A folder, or a mapping, with the bars of one name in each file or frame."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import union_categoricals

from springback.data.files import headers
from springback.data.files.layouts import SUFFIX, Nameless, read_bars, stem_of, symbol_of
from springback.data.files.sheets import NamedFrame, NoRows, Table, sheet_of
from springback.errors import BadTable, MissingData

BESIDE = ("vix", "benchmark", "members", "events")
"""Files of a folder that are no bars but stand beside them, by their names."""


def read_all(bars: Table) -> pd.DataFrame:
    """The rows of bars in a file, a folder of files, a frame, or a mapping of frames by symbol."""
    if isinstance(bars, NamedFrame) and isinstance(bars.frame, Mapping):
        return read_mapping(bars.frame)
    return read_folder(Path(bars)) if isinstance(bars, Path | str) and Path(bars).is_dir() else read_bars(bars)


def yearly(folder: Path) -> bool:
    """Whether a folder is laid out by years: its bars are in files `prices/prices_YYYY.csv`, gzipped or not."""
    return (folder / "prices").is_dir()


def files_of(folder: Path) -> dict[Path, str]:
    """Every table in a folder and those in it, but for hidden ones, and what it is called. Raises `MissingData` where there is none."""
    inside = (one for one in sorted(folder.rglob("*")) if one.is_file() and SUFFIX.search(one.name))
    found = {one: stem_of(one.name) for one in inside if not any(part.startswith(".") for part in one.relative_to(folder).parts)}
    if not found:
        raise MissingData(
            f"{folder} holds no bars: give it a file a name (AAPL.csv, MSFT.parquet, aapl.us.txt), or yearly files prices/prices_2020.csv"
        )
    return found


def beside(folder: Path) -> dict[str, Path]:
    """The files of a folder that stand beside its bars, by what they hold."""
    found = {stem.lower(): one for one, stem in reversed(files_of(folder).items()) if one.parent == folder}
    return {name: found[name] for name in BESIDE if name in found}


def tables(folder: Path) -> list[Path]:
    """The files of a folder that hold bars and say whose."""
    apart = set(beside(folder).values())
    return [one for one, stem in files_of(folder).items() if one not in apart and (symbol_of(stem) or not _nameless(one))]


def _nameless(path: Path) -> bool:
    try:
        sheet = sheet_of(path)
    except NoRows:
        return True
    return not headers.means(path, sheet.header, "symbol")


def read_folder(folder: Path) -> pd.DataFrame:
    """The rows of all names in a folder (see `layouts.read_bars`), a table or many of them each.

    A file without rows, and one that has no symbols and a name that is none, is left out and told. Raises `BadTable`, `MissingData`.
    """
    apart = set(beside(folder).values())
    frames, left, ways = list[pd.DataFrame](), dict[str, list[str]](), dict[str, str]()
    owner: dict[str, Path] = {}
    for path in (one for one in files_of(folder) if one not in apart):
        try:
            with headers.understanding() as heard:
                frame = read_bars(path)
        except NoRows:
            left.setdefault("without rows", []).append(path.name)
            continue
        except Nameless:
            left.setdefault("not called after a symbol and without a column of symbols", []).append(path.name)
            continue
        ways |= {one.words.replace(stem_of(path.name), "NAME"): path.name for one in reversed(heard)}
        for symbol in frame["symbol"].cat.remove_unused_categories().cat.categories:
            if symbol in owner and _overlap(frames, frame, symbol):
                raise BadTable(
                    f"{folder}: {symbol} has bars of one day in {owner[symbol].name} and in {path.name}: leave one of them out",
                    symbol=symbol,
                )
            owner[symbol] = path
        frames.append(frame)
    if not frames:
        raise MissingData(f"{folder} holds {sum(map(len, left.values())):,} tables and no bars: {'; '.join(_lines_of(left))}")
    used = [f"as {name}: {way}" for way, name in list(ways.items())[:3]]
    headers.say(folder, [f"{len(frames):,} files, {len(owner):,} names", *_lines_of(left), *used])
    return joined(frames)


def read_mapping(frames: Mapping[str, Table]) -> pd.DataFrame:
    """The rows of bars of a table for each symbol, one below the other. Raises `MissingData` where there is none."""
    if not frames:
        raise MissingData("there is no frame of bars: give {'AAPL': frame, ...}")
    return joined([read_bars(NamedFrame(frame, f"the frame of {symbol}"), str(symbol)) for symbol, frame in frames.items()])


def joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all `frames`, each with its place in its own table; the adjusted close where all have it."""
    everywhere = [name for name in frames[0] if all(name in frame for frame in frames)]
    whole = pd.concat([frame[[name for name in everywhere if name != "symbol"]] for frame in frames])
    return whole.assign(symbol=union_categoricals([frame["symbol"] for frame in frames]))[everywhere]


def _overlap(frames: list[pd.DataFrame], more: pd.DataFrame, symbol: str) -> bool:
    days = set(more.loc[(more["symbol"] == symbol).to_numpy(), "date"])
    return any(not days.isdisjoint(frame.loc[(frame["symbol"] == symbol).to_numpy(), "date"]) for frame in frames)


def _lines_of(left: Mapping[str, list[str]]) -> list[str]:
    return [f"{len(names):,} left out that are {why} (such as {names[0]})" for why, names in left.items()]
