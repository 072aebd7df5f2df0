"""What each verb of `springback lean` does."""

from pathlib import Path

from springback import wiring
from springback.verbs import choose
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
    """Writes a LEAN data folder from the store or the files."""
    raise NotImplementedError


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
