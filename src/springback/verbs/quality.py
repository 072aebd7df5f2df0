"""What `springback data check` does: the verdict on a store or on files, the table and the page."""

from pathlib import Path
from typing import Any

from springback.errors import Unwritable
from springback.market.prose import those
from springback.project import usual
from springback.quality.quality_charts import words
from springback.quality.quality_page import share
from springback.quality.quality_study import as_json
from springback.verbs.console import Voice, table
from springback.workflow import check_data as workflow
from springback.workflow import places
from springback.workflow.check_data import PAGE, Checked
from springback.workflow.inputs import Inputs
from springback.workflow.settings import Settings, choose

__all__ = ["Inputs", "Voice", "choose"]


def check(voice: Voice, chosen: Settings, inputs: Inputs, against: Path | None, out: Path | None, keep_out: bool, command: str) -> bool:
    """Whether no error stands; check.json and check.html in `out`, and the table. `keep_out` writes the quarantine beside the store.

    Where nobody named `out` and the usual place cannot be written, the verdict is told all the same, and why there is no page.
    """
    workflow.allowed(inputs, keep_out)
    folder = out or usual("runs") / "check"
    request = chosen, inputs, voice, against, keep_out, command
    try:
        places.writable(folder)
    except Unwritable:
        if out is not None:
            raise
        checked = workflow.check_data(*request)
        return _told(voice, checked, f"no page: {folder} cannot be written: name a folder with --out", None)
    with places.held(folder):
        checked = workflow.check_data(*request)
        workflow.write(checked.study, folder)
        return _told(voice, checked, f"page: {folder / PAGE}", str(folder / PAGE))


def _told(voice: Voice, checked: Checked, page_words: str, page: str | None) -> bool:
    if checked.quarantine:
        voice.told["quarantine"] = {"file": checked.quarantine, "spans": checked.spans}
    voice.told["check"] = as_json(checked.study)
    voice.told["page"] = page
    _say(voice, checked, page_words)
    return checked.study.usable


def _say(voice: Voice, checked: Checked, page_words: str) -> None:
    study = checked.study
    voice.say(study.verdict)
    for flag in study.flags:
        voice.say(flag)
    if study.tape is not None:
        sessions, names = study.tape.bars.shape
        voice.say(f"{names:,} names, {sessions:,} sessions, {study.tape.bars.sessions[0]} to {study.tape.bars.sessions[-1]}")
    shown: Any = table("", "", "", "found", "names", "share", "worst")
    shown.columns[1].justify, shown.columns[1].style, shown.columns[-1].justify = "left", "", "left"
    for one in study.findings:
        handled = one.severity == "error" and not one.stands
        such = " ".join(reversed(one.rows[0])).strip() if one.rows else ""
        shown.add_row("in quarantine" if handled else one.severity, words(one.check), f"{one.count:,}", f"{one.names:,}", share(one), such)
    if study.findings:
        voice.show(shown)
    for one in study.findings:
        if one.severity == "error":
            voice.say(f"  {one.check}: {one.said}")
    for line in those(study.tape.findings, "quarantine") if study.tape is not None else ():
        voice.say(f"  {line}")
    if checked.quarantine:
        voice.say(f"quarantine: {checked.quarantine}, {checked.spans:,} spans; edit it as you like")
    voice.say(page_words)
