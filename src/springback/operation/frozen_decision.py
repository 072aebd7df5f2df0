"""A decision as it was frozen before the next open: a folder of four files that is written once, and checked before it is believed.

DATE/decision.json       what was decided, in which regime, by which models, on which data, and the SHA-256 of the other files
DATE/orders.csv          order_id, decided, symbol, quantity, reason, side, last_close, adv_limit, rank, score
DATE/forecasts.parquet   symbol, model, qpi, p_long, p_short, adv and the 8 features: every ranked name by every model in use
DATE/account.json        the account after the decision (`AccountState`); not there where no data of the session had come
"""

import hashlib
import io
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from springback.analytics import encode
from springback.errors import BadTable, Unwritable
from springback.operation.account_state import AccountState, WorkingOrder

FORMAT = 1
DECISION, ORDERS, FORECASTS, ACCOUNT = "decision.json", "orders.csv", "forecasts.parquet", "account.json"
ORDER_COLUMNS = ("order_id", "decided", "symbol", "quantity", "reason", "side", "last_close", "adv_limit", "rank", "score")
Kind = Literal["frozen", "deadline", "late"]
KINDS = ("frozen", "deadline", "late")
"""Taken in time; taken at the deadline without the session's data, exits only; written after its next open, without orders."""


@dataclass(frozen=True)
class Reason:
    """Why something was curbed: a `code` to look at, a sentence to read, and the name it concerns (empty: all)."""

    code: str
    text: str
    symbol: str = ""

    @property
    def line(self) -> str:
        """It in one line, which begins with its name once."""
        named = not self.symbol or self.text.split(" ")[0].rstrip(":") == self.symbol
        return str(self.text) if named else f"{self.symbol}: {self.text}"


@dataclass(frozen=True)
class FrozenDecision:
    """Everything that was decided after the close of `session` (ISO date), and what it stood on.

    `frozen_at` and `next_open` are instants in UTC; `regime` has vix, mean, bear
    (None where VIX is missing: nobody knows); `equity` and `cash` dollars at the session's close.
    `exits_only` says that nothing was entered, `reasons` why; `halts` and `restricted` what a person had forbidden; `alarm_factor`
    multiplied the gross of entries. `settings` are all knobs, flat, `settings_version` the reviewed version they are of (None: of none).
    `champion` decided, `challengers` only forecast; `hashes` has data, settings, program, and models by name. `book` holds the lines
    before and after the orders, `fills` and `ended` what became of earlier ones, also in sessions before whose data came
    late, `daily` the loop's row of the session, `funnel` by side
    and stage the count and the best name lost there; `book_event` is the number of the last event of the book that
    was known. `files` are the SHA-256 of the files beside it. `sized_on` are the dollars that sizes were worked out on (None: `equity`),
    `broker` what the broker said before the decision: its own figures, and the id and borrow of each candidate.
    """

    session: str
    kind: Kind
    frozen_at: str
    next_open: str
    account: str
    profile: str
    regime: Mapping[str, Any]
    equity: float
    cash: float
    exits_only: bool
    reasons: tuple[Reason, ...]
    halts: tuple[Mapping[str, Any], ...]
    restricted: tuple[str, ...]
    alarm_factor: float
    settings: Mapping[str, Any]
    settings_version: str | None
    champion: str
    challengers: tuple[str, ...]
    hashes: Mapping[str, Any]
    book: Mapping[str, Any]
    fills: tuple[Mapping[str, Any], ...]
    ended: tuple[Mapping[str, Any], ...]
    daily: Mapping[str, float | None]
    funnel: Mapping[str, Any]
    book_event: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    sized_on: float | None = None
    broker: Mapping[str, Any] = field(default_factory=dict)

    def orders(self) -> pd.DataFrame:
        """The orders for the next open, one a row, in the order they are sent. Raises `BadTable` where the file is not what was frozen."""
        return pd.read_csv(io.BytesIO(self._vouched(ORDERS)), keep_default_na=False, na_values=[""], dtype={"symbol": str, "reason": str})

    def forecasts(self) -> pd.DataFrame:
        """What every model in use said of every ranked name. Raises `BadTable` where the file is not what was frozen."""
        return pd.read_parquet(io.BytesIO(self._vouched(FORECASTS)))

    def state(self) -> AccountState | None:
        """The account after the decision; None where it was taken without data. Raises `BadTable` as the others."""
        return AccountState.from_json(self._vouched(ACCOUNT).decode(), str(self.folder / ACCOUNT)) if ACCOUNT in self.files else None

    def working(self) -> tuple[WorkingOrder, ...]:
        """The orders as the loop places them."""
        rows = self.orders().to_dict("records")
        return tuple(WorkingOrder(int(one["order_id"]), one["symbol"], int(one["quantity"]), one["reason"], self.session) for one in rows)

    @property
    def regime_name(self) -> str:
        """bear or bull; unknown where the session's VIX or its mean was."""
        known = all(one is not None and math.isfinite(one) for one in (self.regime["vix"], self.regime["mean"]))
        return ("bear" if self.regime["bear"] else "bull") if known else "unknown"

    @property
    def hash(self) -> str:
        """SHA-256 of decision.json, which vouches for the other files."""
        return hashlib.sha256((self.folder / DECISION).read_bytes()).hexdigest()

    def _vouched(self, name: str) -> bytes:
        try:
            content = (self.folder / name).read_bytes()
        except OSError as error:
            raise BadTable(f"{self.folder / name} cannot be read ({error.strerror}): bring back a copy of the desk's folder") from None
        if hashlib.sha256(content).hexdigest() != self.files.get(name):
            raise BadTable(
                f"{self.folder / name} is not what was frozen on {self.frozen_at[:16]}: it is not used: bring back a copy of the folder",
                session=self.session,
            )
        return content

    def check(self) -> None:
        """Raises `BadTable` where a file beside it is not what was frozen."""
        for name in self.files:
            self._vouched(name)

    def to_json(self) -> str:
        """The decision as text; a number that is not one is null."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "folder"}
        return encode.text({"format": FORMAT, **values})


def read(folder: Path) -> FrozenDecision:
    """The decision in `folder`, its files checked. Raises `BadTable` where one is damaged, gone or not what was frozen."""
    path = folder / DECISION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError("it is of another format")
        date.fromisoformat(values["session"]), datetime.fromisoformat(values["frozen_at"])
        values["reasons"] = tuple(Reason(**one) for one in values["reasons"])
        for name in ("halts", "restricted", "challengers", "fills", "ended"):
            values[name] = tuple(values[name])
        decision = FrozenDecision(**values, folder=folder)
        if decision.kind not in KINDS or set(decision.files) - {ORDERS, FORECASTS, ACCOUNT}:
            raise ValueError("it holds what no evening writes")
    except OSError as error:
        raise BadTable(f"{path} cannot be read ({error.strerror}): bring back a copy of the desk's folder") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadTable(f"{path} is not a frozen decision ({error}): bring back a copy of the desk's folder") from None
    decision.check()
    return decision


def freeze(
    decision: FrozenDecision, folder: Path, orders: pd.DataFrame, forecasts: pd.DataFrame, state: AccountState | None
) -> FrozenDecision:
    """Writes the four files into `folder`, which comes into being whole, by rename, and is never written again.

    Raises `Unwritable` where it is there already or cannot be written.
    """
    contents = {ORDERS: orders.to_csv(index=False, lineterminator="\n").encode(), FORECASTS: _parquet(forecasts)}
    if state is not None:
        contents[ACCOUNT] = state.to_json().encode()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    whole = replace(decision, files=hashes, folder=folder)
    contents[DECISION] = whole.to_json().encode()
    part = folder.parent / f".{folder.name}.unfinished"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for name, content in contents.items():
            _written(part / name, content)
        if folder.exists():
            raise Unwritable(f"{folder} was frozen before and is never written again: look at it with 'springback orders'")
        part.rename(folder)
        _synced(folder.parent)
    except OSError as error:
        raise Unwritable(f"{folder} cannot be written ({error.strerror or error}): free the place") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return whole


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _written(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
