"""The check of data: every check on a store or on files, the verdict, the page, and the quarantine when asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from springback.analytics.evidence import pair
from springback.data.store.content_hash import content_hash
from springback.errors import InputError, MissingData
from springback.market.market_data import MarketData
from springback.market.quarantine import Span
from springback.quality import against as two
from springback.quality import gate, quarantine, raw
from springback.quality.quality_finding import QualityFinding
from springback.quality.quality_page import page
from springback.quality.quality_study import QualityStudy, as_json
from springback.settings import flat
from springback.workflow import places
from springback.workflow.inputs import Inputs, read
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.sources import has_store, load_bars, open_store

PAGE = "check.html"


@dataclass(frozen=True, eq=False)
class Checked:
    """The study, and where the quarantine was written and how many spans it holds, if it was asked for."""

    study: QualityStudy
    quarantine: str = ""
    spans: int = 0


def check_data(
    settings: Settings,
    inputs: Inputs,
    progress: Progress = SILENT,
    against: Path | None = None,
    keep_out: bool = False,
    command: str = "",
) -> Checked:
    """Every check on the store of `inputs` or the files at its path; `against` a second store or files. `keep_out` writes the quarantine
    beside the store. Raises `InputError`, `MissingData`.
    """
    allowed(inputs, keep_out)
    step, name = progress.step("check"), name_of(inputs)
    whole = len(gate.CHECKS) + 3
    step(0, whole, f"reading {name}")
    found, market_data, digest = _read(inputs)
    file, spans = "", tuple[Span, ...]()
    if market_data is not None:
        found += gate.examine(market_data, settings.quality, lambda done, _, check: step(done + 1, whole, check))
        if against is not None:
            step(whole - 2, whole, f"against {against}")
            found += two.compare(market_data, _other(against), settings.quality)
        if keep_out:
            spans = quarantine.drawn_up(market_data, found, settings.quality, market_data.quarantine)
            file = quarantine.write(inputs.folder, spans)
            market_data = quarantine.imposed(market_data, spans)
    step(whole - 1, whole, "judged")
    facts = _facts(settings, name, market_data, digest, against, command)
    return Checked(_study(market_data, found, facts), file, len(spans))


def check_tape(settings: Settings, market_data: MarketData, progress: Progress = SILENT) -> QualityStudy:
    """Every check on market data at hand."""
    step = progress.step("check")
    found = gate.examine(market_data, settings.quality, step)
    return _study(market_data, found, _facts(settings, "market data", market_data, content_hash(market_data), None, ""))


def allowed(inputs: Inputs, keep_out: bool = False) -> None:
    """Raises `InputError` where the inputs do not go together, or with a quarantine."""
    if inputs.store is not None and inputs.path is not None:
        raise InputError("--store and --path both name the data: give one of them")
    if inputs.path is None and inputs.beside():
        raise InputError("--vix, --members, --events, --prices and --benchmark stand beside a CSV file: name it with --path")
    if inputs.path is not None and inputs.as_of:
        raise InputError("--as-of reads a store as it was known, --path names a file: give one of them")
    if keep_out and inputs.path is not None:
        raise InputError("--quarantine is written beside a store: 'springback fetch --source csv --path ...' first, then check the store")
    if keep_out and inputs.as_of:
        raise InputError("--quarantine is drawn up from all that is known now: leave --as-of out")


def inputs_of(market: Path) -> Inputs:
    """A store, or a file or folder of bars, whichever lies at `market`."""
    return Inputs(store=market) if has_store(market) else Inputs(path=market)


def write(study: QualityStudy, out: Path) -> None:
    """Writes check.json and check.html into `out`. Raises `Unwritable`."""
    places.write(out, pair("check", as_json(study), page(study)))


def name_of(inputs: Inputs) -> str:
    """What is looked at, in words."""
    return str(inputs.path or inputs.folder) + (f" as known on {inputs.as_of}" if inputs.as_of else "")


def _read(inputs: Inputs) -> tuple[list[QualityFinding], MarketData | None, str]:
    """What is wrong with the files as they lie there, and the market data; none where they were refused and it is told already why."""
    if inputs.path is None:
        return [], *open_store(inputs.folder, inputs.as_of)
    if not inputs.path.exists():
        raise MissingData(f"{inputs.path} does not exist: give a CSV file or a folder of bars")
    found = list(raw.examine(raw.read_files(inputs.path)))
    try:
        market_data = read(inputs)
    except InputError:
        if not any(one.severity == "error" for one in found):
            raise
        return found, None, ""
    return found, market_data, content_hash(market_data)


def _other(where: Path) -> MarketData:
    return open_store(where)[0] if has_store(where) else load_bars(where)


def _facts(
    settings: Settings, name: str, market_data: MarketData | None, digest: str, against: Path | None, command: str
) -> dict[str, str]:
    facts = {"Source": name if market_data is None else str(market_data.origin) or name, "Data": digest or "refused at the door"}
    if against is not None:
        facts["Against"] = str(against)
    facts["Thresholds"] = ", ".join(f"{knob[8:]} = {value}" for knob, value in flat(settings).items() if knob.startswith("quality."))
    return facts | {"Command": command}


def _study(market_data: MarketData | None, findings: Iterable[QualityFinding], facts: dict[str, str]) -> QualityStudy:
    if market_data is None:
        return QualityStudy(gate.ranked(findings), None, (), facts)
    return QualityStudy(gate.ranked(gate.settled(findings, market_data)), market_data, market_data.quarantine, facts)
