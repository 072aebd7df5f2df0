"""Dated holdings of an index fund, as iShares publishes them for IWV (Russell 3000): one CSV file a day.

The file opens with the fund's name and a line `Fund Holdings as of,"Dec 29, 2023"`; then a table that begins with the columns Ticker, Name,
Sector, Asset Class; then, after an empty line, a disclaimer. Some layouts carry CUSIP, ISIN or SEDOL, which follow a company through
changes of its ticker. The user downloads one file for each date from the fund's page (its link takes `asOfDate=YYYYMMDD`).
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from springback.data.laws import LeftOut
from springback.data.roster import is_right, symbol_of
from springback.errors import BadTable, MissingData

AS_OF = "fund holdings as of"
NEEDED = ("Ticker", "Name", "Asset Class")
IDENTIFIERS = ("ISIN", "CUSIP", "SEDOL")
DATES = ("%b %d, %Y", "%d-%b-%Y", "%d/%b/%Y", "%Y-%m-%d", "%m/%d/%Y")
MOST_BYTES = 20_000_000
HEAD = 60  # lines in which the date and the columns must come


@dataclass(frozen=True)
class Holding:
    """One stock: `identifier` is its ISIN, CUSIP or SEDOL, empty where the file has none."""

    ticker: str
    name: str
    identifier: str


@dataclass(frozen=True)
class Holdings:
    """What the fund held at the close of `as_of`, stocks only, in the order of the file; and what of the file was `left` out."""

    as_of: np.datetime64
    rows: tuple[Holding, ...]
    left: tuple[LeftOut, ...] = ()


def read(path: Path) -> Holdings:
    """The stocks of one file; cash, futures and what has no ticker are left out. Raises `BadTable` in one line."""
    text = _text(path)
    lines = text.splitlines()
    as_of = _as_of(path, lines)
    start = next((k for k, one in enumerate(lines[:HEAD]) if one.replace('"', "").replace(" ", "").startswith("Ticker,")), None)
    if start is None:
        raise BadTable(f"{path}: no line begins with Ticker,Name: this is not a holdings file of iShares")
    table = csv.DictReader(io.StringIO("\n".join(lines[start:])), skipinitialspace=True)
    missing = [name for name in NEEDED if name not in (table.fieldnames or ())]
    if missing:
        raise BadTable(f"{path}: the table has no column {missing[0]}; it must have {', '.join(NEEDED)}")
    try:
        rows, left = _once(_stocks(table))
    except csv.Error as error:
        raise BadTable(f"{path}: the table cannot be read ({error})") from None
    odd = sum(one.count for one in left if one.law == "no_symbol")
    if not rows or odd > len(rows):
        first = next((one.name for one in left if one.law == "no_symbol"), "")
        why = f"'{first}' is no symbol, {odd:,} of {odd + len(rows):,} tickers are none" if odd else "it holds no stock"
        raise BadTable(f"{path}: {why}: download the file again")
    return Holdings(as_of, rows, left)


def _once(rows: Iterable[Holding]) -> tuple[tuple[Holding, ...], tuple[LeftOut, ...]]:
    """The shares among `rows`, one a ticker, and what is left out: what cannot be a ticker, rights beside their stock, rows there twice."""
    kept: dict[str, Holding] = {}
    left: dict[str, list[str]] = {}
    for row in rows:
        ticker = symbol_of(row.ticker)
        if ticker is None:
            left.setdefault("no_share" if is_right(row.ticker) else "no_symbol", []).append(row.ticker)
        elif ticker in kept:
            left.setdefault("one_company", []).append(f"{ticker}: {row.name}")
        else:
            kept[ticker] = replace(row, ticker=ticker)
    return tuple(kept.values()), tuple(LeftOut(law, odd[0], count=len(odd)) for law, odd in left.items())


def read_folder(folder: Path) -> tuple[Holdings, ...]:
    """Every *.csv of `folder`, oldest first; what cannot be read is left out and told, where it is less than half of them.

    Raises `MissingData` on an empty folder, `BadTable` on two files of one date.
    """
    files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    if not files:
        raise MissingData(f"{folder} holds no *.csv: download the fund's holdings, one file for each date, into it")
    found: dict[np.datetime64, Path] = {}
    read_: list[Holdings] = []
    wrong: list[BadTable] = []
    for file in files:
        try:
            one = read(file)
        except BadTable as error:
            wrong.append(error)
            continue
        if one.as_of in found:
            raise BadTable(f"{file} and {found[one.as_of].name} are both of {one.as_of}: keep one of them")
        found[one.as_of] = file
        read_.append(one)
    if len(wrong) >= len(read_):
        raise wrong[0]
    first, *rest = sorted(read_, key=lambda one: one.as_of)
    left = [LeftOut("file_unreadable", str(wrong[0])[:160], count=len(wrong))] if wrong else []
    return replace(first, left=(*left, *first.left)), *rest


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadTable(f"{path} has {path.stat().st_size:,} bytes, a holdings file has at most {MOST_BYTES:,}", limit=MOST_BYTES)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadTable(f"{path} is not text in UTF-8: download the CSV file, not the spreadsheet") from None
    if text.lstrip()[:1] == "<":
        raise BadTable(f"{path} is a web page, not CSV: the fund's link sends one when it has no holdings for the date")
    return text


def _as_of(path: Path, lines: list[str]) -> np.datetime64:
    for one in lines[:HEAD]:
        if one.replace('"', "").strip().lower().startswith(AS_OF):
            said = next((cell.strip() for cell in next(csv.reader([one]))[1:] if cell.strip()), "")  # a spreadsheet pads with commas
            for form in DATES:
                try:
                    return np.datetime64(datetime.strptime(said, form).date(), "D")  # noqa: DTZ007 (a calendar day)
                except ValueError:
                    continue
            raise BadTable(f"{path}: 'Fund Holdings as of' must be a date such as Dec 29, 2023, was '{said}'", value=said)
    raise BadTable(f"{path}: no line says 'Fund Holdings as of': the date of the holdings is not known")


def _stocks(table: "csv.DictReader[str]") -> Iterator[Holding]:
    for row in table:
        ticker = (row["Ticker"] or "").strip().upper()
        if not ticker or ticker.lower().startswith(AS_OF):
            return  # the disclaimer, or the table of another fund
        if (row["Asset Class"] or "").strip().lower() != "equity" or ticker in {"-", "--"}:
            continue
        known = ((row.get(kind) or "").strip(" -") for kind in IDENTIFIERS)
        yield Holding(ticker, " ".join((row["Name"] or "").split()), next((one for one in known if one), ""))
