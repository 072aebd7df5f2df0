"""What the export has written into a data folder: so that it can go on, start clean, and keep its hands off foreign files.

OUT/springback/export.progress  while it works: a line with the export's identity and all files it will write, then a line a finished name
OUT/springback/export.json      written last: identity, window, counts, SHA-256 of each file; then the progress is removed
OUT/springback/kept/            files of others that stood where the export writes, under their old paths
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from springback.data.files.reading import atomic, writing

MANIFEST, PROGRESS, KEPT = "springback/export.json", "springback/export.progress", "springback/kept"
Counts = dict[str, int]


@dataclass
class ExportLog:
    """The export `identity` (what makes two exports equal) into `folder`.

    `parts` what each finished one wrote: files (path -> SHA-256) and counts. `moved` how many foreign files were put aside.
    """

    folder: Path
    identity: Mapping[str, Any]
    parts: dict[str, tuple[dict[str, str], Counts]] = field(default_factory=dict)
    moved: int = 0

    def open(self, planned: Iterable[str]) -> None:
        """Takes up an interrupted or finished export of the same identity, or clears away an other one's files. Raises `Unwritable`."""
        planned = sorted(planned)
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep(planned)
            was, written, old = self._read()
            ours = {path: said for path, said in written.items() if _inside(path)}
            same = was == dict(self.identity)
            for path in planned:
                self._put_aside(path, ours)
            if same:
                self.parts = {name: part for name, part in old.items() if self._holds(part[0])}
            else:
                for path in set(ours) - set(planned):
                    self._put_aside(path, ours)
                    (self.folder / path).unlink(missing_ok=True)
            self._begin(planned)

    def write(self, path: str, content: bytes) -> str:
        """Writes one file, whole or not at all; its SHA-256."""
        with atomic(self.folder / path) as part:
            part.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def finish(self, name: str, files: dict[str, str], counts: Counts) -> None:
        """Notes that the part `name` is written."""
        self.parts[name] = files, counts
        with writing(self.folder), (self.folder / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, files, counts]) + "\n")

    def close(self, described: Mapping[str, Any]) -> None:
        """Writes the manifest: the identity, what is `described`, and each part. The progress is removed."""
        parts = {name: {"files": files, "counts": counts} for name, (files, counts) in sorted(self.parts.items())}
        with atomic(self.folder / MANIFEST) as part:
            part.write_text(json.dumps({"identity": self.identity, **described, "parts": parts}, indent=1) + "\n", encoding="utf-8")
        with writing(self.folder):
            (self.folder / PROGRESS).unlink(missing_ok=True)

    def _begin(self, planned: list[str]) -> None:
        (self.folder / MANIFEST).unlink(missing_ok=True)
        with atomic(self.folder / PROGRESS) as part:
            lines = [{"identity": self.identity, "planned": planned}, *([name, *known] for name, known in self.parts.items())]
            part.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")

    def _read(self) -> tuple[dict[str, Any] | None, dict[str, str | None], dict[str, tuple[dict[str, str], Counts]]]:
        """Identity of the export that was here, its files (SHA-256, or None: planned and perhaps written), its finished parts."""
        try:
            if (self.folder / PROGRESS).is_file():
                first, *lines = (self.folder / PROGRESS).read_text(encoding="utf-8").splitlines()
                head = json.loads(first)
                parts = {str(name): _part(files, counts) for name, files, counts in map(json.loads, _whole(lines))}
                return head["identity"], dict.fromkeys(map(str, head["planned"])) | _files(parts), parts
            if (self.folder / MANIFEST).is_file():
                said = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
                parts = {name: _part(part["files"], part["counts"]) for name, part in said["parts"].items()}
                return said["identity"], _files(parts), parts
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        return None, {}, {}

    def _holds(self, files: Mapping[str, str]) -> bool:
        return all(self._hash(path) == said for path, said in files.items())

    def _hash(self, path: str) -> str | None:
        file = self.folder / path
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None

    def _put_aside(self, path: str, ours: Mapping[str, str | None]) -> None:
        """Moves what stands at `path` to KEPT unless the export wrote it and nobody has changed it since."""
        found = self._hash(path)
        if found is None or (path in ours and ours[path] in (None, found)):
            return
        aside, k = self.folder / KEPT / path, 1
        while aside.exists():
            aside, k = aside.with_name(f"{aside.name}.{k}"), k + 1
        aside.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).replace(aside)
        self.moved += 1

    def _sweep(self, planned: list[str]) -> None:
        """Removes the half-written temporary files of an export that was killed."""
        for folder in {(self.folder / path).parent for path in (*planned, MANIFEST)}:
            for left in folder.glob(".writing-*"):
                left.unlink(missing_ok=True)


def _whole(lines: list[str]) -> list[str]:
    """The lines without a last one that was cut short."""
    return lines if not lines or lines[-1].endswith("}]") else lines[:-1]


def _part(files: Any, counts: Any) -> tuple[dict[str, str], Counts]:
    """What a finished part wrote. Raises `ValueError` on what `finish` does not write down."""
    if not all(isinstance(said, str) and _inside(path) for path, said in files.items()):
        raise ValueError("a file that no export writes")
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts.values()):
        raise ValueError("a count that is none")
    return files, counts


def _files(parts: Mapping[str, tuple[dict[str, str], Counts]]) -> dict[str, str | None]:
    return {path: said for files, _ in parts.values() for path, said in files.items()}


def _inside(path: str) -> bool:
    """Whether `path` stays within the folder: a manifest that was tampered with must not make us delete elsewhere."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts and "\0" not in path
