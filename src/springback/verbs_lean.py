"""What each verb of `springback lean` does."""

import dataclasses
from pathlib import Path

from springback import wiring
from springback.data import series
from springback.errors import InputError
from springback.market.tape import Tape
from springback.verbs import choose, tape_for_backtest
from springback.voice import Voice

__all__ = ["Voice", "choose"]


def export(
    voice: Voice,
    out: Path,
    store: Path | None,
    bars: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    renames: Path | None,
    interest_rate: Path | None,
) -> None:
    """Writes a LEAN data folder from the store or the files, and says what LEAN cannot hold."""
    from springback.lean.export import export as write_folder

    tape = _tape_for_export(voice, store, bars, vix, members, events)
    done = write_folder(tape, out, renames, interest_rate, voice.step("export"))
    counts = done.counts
    voice.say(
        f"{out}: {done.names:,} names ({counts['ended']:,} of them end, {counts['renamed']:,} renamed), {counts['rows']:,} bars, "
        f"{counts['actions']:,} splits and dividends; {done.files:,} files, {done.written:,} names written now"
    )
    voice.say(f"  interest rates: {done.rates}")
    for finding in done.findings:
        voice.say(f"  {finding}")
    voice.told["export"] = {**dataclasses.asdict(done), "folder": str(out)}


def _tape_for_export(
    voice: Voice, store: Path | None, bars: Path | None, vix: Path | None, members: Path | None, events: Path | None
) -> Tape:
    """The files that were named, or the store with the VIX and the membership that were named laid over its own."""
    if bars is None and events is not None:
        raise InputError("--events belongs to --bars: the store holds its own splits and dividends")
    tape, _ = tape_for_backtest(voice, bars, vix, members, events, store)
    if bars is None and vix is not None:
        tape = dataclasses.replace(tape, vix=series.read_closes(vix, tape.bars.sessions))
    if bars is None and members is not None:
        tape = dataclasses.replace(tape, members=series.read_members(members, tape.bars))
    return tape


def backtest(
    voice: Voice,
    chosen: wiring.Settings,
    store: Path | None,
    models_dir: Path,
    models: str,
    forecasts: Path | None,
    data_folder: Path | None,
    launcher: Path | None,
    time_limit: float,
    dry_run: bool,
    project: Path,
    out: Path,
) -> None:
    """Prepares a LEAN run, runs it, and writes its run folder."""
    raise NotImplementedError


def bundle(voice: Voice, chosen: wiring.Settings, out: Path, models_dir: Path, models: str, project: Path) -> None:
    """Writes a self-contained LEAN project folder."""
    raise NotImplementedError


def import_(voice: Voice, result: Path, out: Path, interest_rate: Path | None) -> None:
    """Turns LEAN's result files into a run folder."""
    raise NotImplementedError


def compare(voice: Voice, a: Path, b: Path, out: Path | None, fill_tolerance: float, equity_tolerance: float) -> bool:
    """Lays two runs side by side; whether they agree within the tolerances."""
    raise NotImplementedError
