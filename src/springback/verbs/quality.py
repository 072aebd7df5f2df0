"""What `springback data check` does: the verdict on a store or on files, the table and the page."""

from pathlib import Path
from typing import Any

from springback.errors import Unwritable
from springback.market.prose import Prose, those
from springback.project import usual
from springback.quality.quality_charts import words
from springback.quality.quality_page import share
from springback.quality.quality_study import QualityStudy, as_json
from springback.verbs.console import Console, table
from springback.workflow import check_data as workflow
from springback.workflow import places
from springback.workflow.check_data import PAGE, Checked
from springback.workflow.inputs import Inputs
from springback.workflow.settings import Settings, choose

__all__ = ["Console", "Inputs", "choose"]


def check(
    console: Console, settings: Settings, inputs: Inputs, against: Path | None, out: Path | None, keep_out: bool, command: str
) -> bool:
    """Whether no error stands; check.json and check.html in `out`, and the table. `keep_out` writes the quarantine beside the store.

    Where nobody named `out` and the usual place cannot be written, the verdict is told all the same, and why there is no page.
    """
    workflow.allowed(inputs, keep_out)
    folder = out or usual("runs") / "check"
    request = settings, inputs, console, against, keep_out, command
    try:
        places.writable(folder)
    except Unwritable:
        if out is not None:
            raise
        checked = workflow.check_data(*request)
        return _told(console, checked, f"no page: {folder} cannot be written: name a folder with --out", None)
    with places.held(folder):
        checked = workflow.check_data(*request)
        workflow.write(checked.study, folder)
        return _told(console, checked, f"page: {folder / PAGE}", str(folder / PAGE))


def _told(console: Console, checked: Checked, page_words: str, page: str | None) -> bool:
    if checked.quarantine:
        console.payload["quarantine"] = {"file": checked.quarantine, "spans": checked.spans}
    console.payload["check"] = as_json(checked.study)
    console.payload["notes"] = list(notes_of(checked.study))
    console.payload["page"] = page
    _say(console, checked, page_words)
    return checked.study.usable


def _say(console: Console, checked: Checked, page_words: str) -> None:
    study = checked.study
    console.say(study.verdict)
    for flag in study.flags:
        console.say(flag)
    if study.market_data is not None:
        bars = study.market_data.bars
        console.say(f"{bars.shape[1]:,} names, {bars.shape[0]:,} sessions, {bars.sessions[0]} to {bars.sessions[-1]}")
    _say_findings(console, study)
    for line in those(study.market_data.findings, "quarantine") if study.market_data is not None else ():
        console.say(f"  {line}")
    if notes := notes_of(study):
        console.say("noted when the data were read:")
    for line in notes:
        console.say(f"  {line}")
    if checked.quarantine:
        console.say(f"quarantine: {checked.quarantine}, {checked.spans:,} spans; edit it as you like")
    console.say(page_words)


def notes_of(study: QualityStudy) -> tuple[Prose, ...]:
    """What the door that the data came in by found on them, a line each, beside what the checks find."""
    return () if study.market_data is None else those(study.market_data.findings, "", "prices", "tables")


def _say_findings(console: Console, study: QualityStudy) -> None:
    listed: Any = table("", "", "", "found", "names", "share", "worst")
    listed.columns[1].justify, listed.columns[1].style, listed.columns[-1].justify = "left", "", "left"
    for one in study.findings:
        handled = one.severity == "error" and not one.stands
        such = " ".join(reversed(one.rows[0])).strip() if one.rows else ""
        listed.add_row("in quarantine" if handled else one.severity, words(one.check), f"{one.count:,}", f"{one.names:,}", share(one), such)
    if study.findings:
        console.show(listed)
    for one in study.findings:
        if one.severity == "error":
            console.say(f"  {one.check}: {one.sentence}")
