"""What `springback init` does: a project file in the working folder, every line of it a default until its '#' is taken away."""

from pathlib import Path

from springback.errors import InputError
from springback.project import FILE, template
from springback.settings import flat
from springback.verbs.console import Console
from springback.workflow import places
from springback.workflow.settings import Settings

__all__ = ["Console"]


def init(console: Console, folder: Path = Path()) -> None:
    """Writes the project file into `folder`. Raises `InputError` where there is one, `Unwritable`."""
    file = folder / FILE
    if file.exists():
        raise InputError(f"{file} is there: edit it, or move it away to begin anew")
    places.write(folder, {FILE: template(flat(Settings()))})
    console.payload["init"] = {"file": str(file)}
    console.say(f"{file}: paths and knobs, each a default until its '#' is taken away")
