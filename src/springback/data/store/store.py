"""The store: market data on disk as Parquet, raw prices by year, splits and dividends beside them.

    STORE/manifest.json                     swapped last: what it names is the store, anything else is a leftover
    STORE/bars/year=2018/000001.parquet     date, symbol, open, high, low, close, volume, known_at; by date, then symbol
    STORE/splits/000001.parquet             date, symbol, old_shares_per_new, place (the order within a day), known_at
    STORE/dividends/000001.parquet          date, symbol, dollars, place, known_at
    STORE/members/000001.parquet            symbol, start, end (exclusive, empty = still in), known_at
    STORE/sessions/000001.parquet           date, vix, benchmark, risk_free, known_at
    STORE/securities/000001.parquet         symbol, first, last, ending, sector, known_at
    STORE/delistings/000001.parquet         symbol, date, reason, value, known_at; only where something is known
    STORE/superseded/bars/000002.parquet    the rows that generation 2 replaced, with superseded_at; so for each of the others
    STORE/writes/000002.parquet             every write: at, generation, origin, content_hash, has, findings

A file is written once, under the number of its generation, and never changed. A write makes new files for what is new, swaps the manifest,
and then takes away what neither the new nor the last generation names; a write that is cut short leaves the old store as it was. A reader
whose files were taken away begins again with the newer manifest. `known_at` is when a row was first learned as it stands.
"""

import json
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from springback.data.store import frames
from springback.data.store.content_hash import content_hash
from springback.data.store.frames import Tables
from springback.data.store.overlay import overlay
from springback.data.store.place import Place, place_of
from springback.data.store.provenance import StoreRecord, manifest_record
from springback.data.store.read import Generation
from springback.data.store.restatement import EXAMPLES, NOTHING, Restatement, compare
from springback.data.store.verify import faults
from springback.data.store.write import MANIFEST, Draft, number_of
from springback.errors import Damaged, InputError, MissingData, Restated, StoreError
from springback.market.market_data import TRADING, MarketData
from springback.market.membership import Membership
from springback.market.origin import Origin
from springback.market.prose import Prose, prose

FORMAT = 3
OLD = 2
"""A format that is read as well: it kept where the data come from in sentences."""
ATTEMPTS = 50
"""How often a reader whose files were taken away begins again."""
ASIDE = "move the store aside and run 'springback fetch' again"
NEEDED = ("content_hash", "generation", "has", "retired", "written_at")
FILE = re.compile(r"(superseded/)?[a-z]+/(year=-?[0-9]{1,5}/)?[0-9]+\.parquet")
EVER = (-(1 << 30), 1 << 30)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Found = TypeVar("Found")


class Store:
    """Market data on disk at `where`: a folder, or an address that fsspec knows such as s3://bucket/prefix, with fsspec's `options`."""

    def __init__(self, where: str | Path, options: dict[str, Any] | None = None) -> None:
        self.place: Place = place_of(where, options)

    def write(self, market_data: MarketData, at: datetime | None = None, accept_restatement: bool = False) -> Restatement:
        """Makes the store hold `market_data`, whole or not at all, and returns what it says differently of the past; `at` is when it was
        learned.

        Only what changed is written; what is replaced stays to be read `as_of` an earlier day. Raises `Restated` when the past changed and
        that was not accepted, `StoreError` when another process is writing, `Unwritable`.
        """
        with self.place.alone():
            old, now = self._before(at)
            made = frames.tables_of(market_data)
            draft = Draft(self.place, old, now, FORMAT)
            before = draft.stored(made)
            restated = compare(before, made) if before else NOTHING
            self._accept(restated, accept_restatement)
            if draft.unknown and not accept_restatement:
                raise Damaged(
                    f"{self.place.name}: {draft.unknown[0]} is damaged, so whether the source says now what it said then cannot be known; "
                    "nothing was written: 'springback fetch --accept-restatement' takes what it says now, and what was known before is lost"
                )
            draft.finish(before, made, StoreRecord(market_data.origin, market_data.findings))
        return restated

    def replace(self, market_data: MarketData, at: datetime | None = None, over: int | None = None) -> None:
        """Makes the store hold `market_data` and forget all that it held: for a market that was drawn, not recorded.

        `over` is the generation that the caller looked at: when another was written since, nothing is. Raises `StoreError` then, and
        where another process is writing.
        """
        with self.place.alone():
            old, now = self._before(at)
            if over is not None and (old is None or old.manifest["generation"] != over):
                raise StoreError(f"{self.place.name} was written by another process meanwhile: look at it, then run this again")
            Draft(self.place, old, now, FORMAT, forget=True).finish(
                None, frames.tables_of(market_data), StoreRecord(market_data.origin, market_data.findings)
            )

    def update(
        self, market_data: MarketData, at: datetime | None = None, accept_restatement: bool = False, examples: int = EXAMPLES
    ) -> Restatement:
        """Lays the sessions of `market_data` over the store and returns what they say differently of the past, with so many `examples`.

        Names that `market_data` does not have, and sessions outside its first and last, stay. Raises as `write`, `MissingData` without a
        store."""
        with self.place.alone():
            old, now = self._before(at)
            if old is None:
                raise MissingData(f"{self.place.name} holds no store to update: write one first")
            years = {int(year) for year in frames.years_of(market_data.bars.sessions)}
            before = Tables({year: old.rows(year) for year in sorted(years & set(old.bars))}, old.frames(), frozenset(old.manifest["has"]))
            made = overlay(before, market_data, lambda: (old.rows(year) for year in old.bars))
            restated = compare(before, made, examples)
            self._accept(restated, accept_restatement)
            first, last = market_data.bars.sessions[0], market_data.bars.sessions[-1]
            span, new = f"update {first} to {last}", (*market_data.findings, *prose(_silent(made)))
            updates = tuple(Prose(f"{span}: {line}", "tables" if line.about == "tables" else "") for line in new)
            told = StoreRecord(old.record.origin.updated_by(market_data.origin, last.item()), old.record.findings, updates)
            Draft(self.place, old, now, FORMAT).finish(before, made, told, set(old.bars) - years)
        return restated

    def read(
        self, start: str | None = None, end: str | None = None, as_of: str | datetime | None = None, names: Collection[str] = ()
    ) -> MarketData:
        """The market data from `start` to `end`, both included; names without a bar in the window are left out, but those of `names` that
        the store has, which keep their columns.

        With `as_of` (a day, whose end in UTC counts, or an instant) it is the market data that this would have given then, bit for bit.
        Each file read is checked against the manifest. Raises `MissingData` when there is no store, no session in the window or nothing
        known yet, `StoreError` when it is damaged."""
        return self.open(start, end, as_of, names)[0]

    def open(
        self, start: str | None = None, end: str | None = None, as_of: str | datetime | None = None, names: Collection[str] = ()
    ) -> tuple[MarketData, str]:
        """What `read` gives, and the content hash of the whole store that it came from. Raises as `read`, `InputError` on no day."""
        try:
            first, last = (EVER[k] if one is None else int(np.datetime64(one, "D").astype(np.int64)) for k, one in enumerate((start, end)))
        except ValueError:
            raise InputError(f"start and end must be dates such as 2018-01-02, were '{start}' and '{end}'", value=start) from None
        if as_of is None:
            return self._steady(lambda found: (found.market_data(first, last, names), str(found.manifest["content_hash"])))
        known = instant(as_of)
        market_data, whole = self._steady(lambda found: found.market_data_as_of(first, last, known, names))
        if start is end is None and content_hash(market_data) != whole:
            raise StoreError(f"{self.place.name}: what was known at {as_of} is not what was written then: run 'springback data verify'")
        return market_data, whole

    @property
    def origin(self) -> Origin:
        """Where what it holds comes from."""
        return manifest_record(self.describe()).origin

    def series(self) -> pd.DataFrame:
        """What stands beside the bars: date, vix, benchmark, risk_free, a row for each session; NaN unknown."""
        return self._steady(lambda found: found.frame("sessions"))

    def actions(self, symbols: Collection[str]) -> pd.DataFrame:
        """The splits and dividends of `symbols` in the order in which they take effect: date, symbol, kind (split, dividend), value (old
        shares per new one, dollars a share).
        """

        def told(found: Generation) -> pd.DataFrame:
            kinds = (("splits", "split", "old_shares_per_new"), ("dividends", "dividend", "dollars"))
            tables = [found.frame(name).rename(columns={value: "value"}).assign(kind=kind) for name, kind, value in kinds]
            own = pd.concat([table[table["symbol"].isin(set(symbols))] for table in tables])
            return own.sort_values(["date", "place"], kind="stable", ignore_index=True)[["date", "symbol", "kind", "value"]]

        return self._steady(told)

    def membership(self) -> Membership | None:
        """Who was in the index when, as far as it was told; None where no membership is known. See `Membership`."""
        frame = self._steady(lambda found: found.frame("members") if "members" in found.manifest["has"] else None)
        return None if frame is None else frames.membership(frame)

    def membership_told(self) -> np.datetime64 | None:
        """The newest session that the store had when it last learned of its membership; None where no membership is known."""

        def told(found: Generation) -> np.datetime64 | None:
            if "members" not in found.manifest["has"]:
                return None
            sessions, learned = found.frame("sessions"), found.frame("members")["known_at"].max()
            then = sessions["date"][sessions["known_at"] <= learned] if np.isfinite(learned) else sessions["date"].iloc[:1]
            return np.datetime64(then.max(), "D")

        return self._steady(told)

    def first_told(self, session: str) -> datetime:
        """When the store first held `session` with its VIX, or at all where that never came, UTC. Raises `MissingData` without it."""

        def told(found: Generation) -> list[tuple[bool, int]]:
            rows = pd.concat([found.frame("sessions"), *found.superseded("sessions")])
            own = rows[rows["date"] == pd.Timestamp(session)]
            return sorted(zip(own["vix"].isna(), own["known_at"].astype(int), strict=True))

        known = self._steady(told)
        if not known:
            raise MissingData(f"{self.place.name} has no session {session}", session=session)
        return datetime.fromtimestamp(known[0][1] / 1_000_000, UTC)

    def securities(self) -> pd.DataFrame:
        """The stored names: symbol, first and last day of a bar, ending (trading, delisted, end_of_data, bankrupt), sector."""
        return self._steady(lambda found: found.frame("securities"))

    @property
    def hash(self) -> str:
        """SHA-256 of what the store holds, whatever the day it was written and the way it is packed."""
        return str(self.describe()["content_hash"])

    def hash_as_of(self, as_of: str | datetime) -> str:
        """The content hash of what the store held at a day's end or an instant."""
        known = instant(as_of)
        return str(self._steady(lambda found: found.write_as_of(known))["content_hash"])

    def writes(self) -> pd.DataFrame:
        """Every write that changed something: at (microseconds since 1970 UTC), generation, origin, content_hash, has, findings."""
        return self._steady(lambda found: found.writes())

    def exists(self) -> bool:
        """Whether there is a manifest, sound or not."""
        try:
            self.place.read(MANIFEST)
        except FileNotFoundError:
            return False
        return True

    def describe(self) -> dict[str, Any]:
        """The manifest: origin, time, coverage, generation, content hash, findings and the SHA-256 of each file.

        Raises `MissingData` where there is no store, `StoreError` on a manifest that is damaged or of another format.
        """
        try:
            content = self.place.read(MANIFEST)
        except FileNotFoundError:
            raise MissingData(f"{self.place.name} holds no store: run 'springback fetch' first") from None
        try:
            manifest = json.loads(content)
            known = manifest["format"] in (OLD, FORMAT)
            if known:
                manifest_record(manifest)
                _ = [manifest[name] for name in NEEDED], int(manifest["generation"]), set(manifest["has"]), set(manifest["retired"])
                if not all(FILE.fullmatch(path) and isinstance(told["sha256"], str) for path, told in manifest["files"].items()):
                    raise ValueError("a file it names cannot be one of a store")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            raise StoreError(f"{self.place.name}/{MANIFEST} is damaged: {ASIDE}") from None
        if not known:
            told = f"has format {manifest['format']}, this version reads {FORMAT}"
            raise StoreError(f"{self.place.name}/{MANIFEST} {told}: {ASIDE}")
        return dict(manifest)

    def verify(self) -> tuple[str, ...]:
        """One line for each fault: a file that is gone, changed or unlike its description, contents that do not give the content hash."""
        for _ in range(ATTEMPTS):
            manifest = self.describe()
            found = faults(Generation(self.place, manifest))
            if not found or self.describe()["generation"] == manifest["generation"]:
                break
        return found

    def _steady(self, work: Callable[[Generation], Found]) -> Found:
        """`work` on one generation; when a writer took it away meanwhile, on the next."""
        for _ in range(ATTEMPTS):
            manifest = self.describe()
            try:
                return work(Generation(self.place, manifest))
            except StoreError:
                if self.describe()["generation"] == manifest["generation"]:
                    raise
        raise StoreError(f"{self.place.name} was written anew {ATTEMPTS} times while it was read: read it when its writer rests")

    def _before(self, at: datetime | None) -> tuple[Generation | None, int]:
        """What the store holds, None where there is none yet, and the time of this write in microseconds since 1970 UTC.

        A store that cannot be read is not written over: what it knew of the past would be gone.
        """
        now = _microseconds(at or datetime.now(UTC))
        try:
            manifest = self.describe()
        except MissingData:
            if max(map(number_of, self.place.files()), default=0) > 1:
                raise StoreError(f"{self.place.name} holds files of several writes and no {MANIFEST}: {ASIDE}") from None
            return None, now
        last = _microseconds(datetime.fromisoformat(manifest["written_at"]))
        if now <= last:
            raise InputError(f"{self.place.name} was last written at {manifest['written_at']}, later than now: set the clock right")
        return Generation(self.place, manifest), now

    def _accept(self, restated: Restatement, accepted: bool) -> None:
        if restated and not accepted:
            raise Restated(
                f"the source says other things of the past than {self.place.name}: {restated}; nothing was written: "
                "take it with 'springback fetch --accept-restatement' (what was known stays readable with --as-of), or give another --store"
            )


def _silent(tables: Tables) -> tuple[str, ...]:
    """A line on the names that have no bar on the newest session and are not known to have ended."""
    names, newest = tables.frames["securities"], tables.frames["sessions"]["date"].max()
    odd = names[(names["ending"] == frames.ENDING_NAMES[TRADING]) & (names["last"] < newest)]
    if len(odd) == 0:
        return ()
    told = f"{len(odd):,} names have no bar on {newest:%Y-%m-%d} and no word on how they end: they count as halted"
    return (f"{told} (such as {odd['symbol'].iloc[0]})",)


def instant(as_of: str | datetime) -> int:
    """Microseconds since 1970 UTC of an instant with its zone, or of the end of a day (YYYY-MM-DD). Raises `InputError` on all else."""
    try:
        if isinstance(as_of, str) and DAY.fullmatch(as_of):
            return int(np.datetime64(as_of, "us").astype(np.int64)) + 86_400_000_000 - 1
        found = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(as_of) if DAY.match(as_of) else None
        if found is None or found.tzinfo is None:
            raise ValueError("neither a day nor an instant with its zone")
        return _microseconds(found)
    except (ValueError, OverflowError):
        raise InputError(
            f"--as-of must be a day such as 2024-03-28 or an instant such as 2024-03-28T21:00+00:00, was '{as_of}'", value=as_of
        ) from None


def _microseconds(at: datetime) -> int:
    return int(np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
