"""The plain bytes of a file: gzip and a zip of one are told by their first bytes, and nothing may swell beyond measure."""

import gzip
import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from springback.errors import BadTable

SMALL, SWELLS = 1 << 28, 100
"""A packed file may hold up to 256 MB, or up to this many times its own size: real prices are 4 times as large unpacked."""
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
PIECE = 1 << 24
BESIDE = ("__MACOSX/", ".DS_Store")
"""What one system puts into every zip beside what was packed."""
UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError, KeyError, struct.error)


def plain(path: Path) -> tuple[bytes, str]:
    """The unpacked bytes of `path`, and the name of the file that was packed, else its own. Raises `BadTable`."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if head == ZIP:
                return _only(path)
            file.seek(0)
            if head[:2] != GZIP:
                return file.read(), path.name
            most = most_bytes(path.stat().st_size)
            with gzip.GzipFile(fileobj=file) as packed:
                pieces, told = [], 0
                while piece := packed.read(PIECE):
                    told += len(piece)
                    if told > most:
                        raise swollen(path, most)
                    pieces.append(piece)
            return b"".join(pieces), path.name
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise BadTable(f"{path} cannot be read: {in_short(error)}") from None


def _only(path: Path) -> tuple[bytes, str]:
    """The one table of a zip and its name."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name for name in packed.namelist() if not name.startswith(BESIDE[0]) and not name.endswith(("/", BESIDE[1]))]
    except UNPACKING as error:
        raise BadTable(f"{path} is no sound zip ({in_short(error)}): copy it again") from None
    if any(name.startswith(("xl/", "word/")) or name == "mimetype" for name in names):
        raise workbook(path)
    if len(names) != 1:
        raise BadTable(f"{path} holds {len(names)} files, a zip of one table is expected: unpack it into a folder and name that")
    return unzipped(path, path.stat().st_size, path, names[0]), names[0].replace("\\", "/").rsplit("/", 1)[-1]


def workbook(path: object) -> BadTable:
    """The error of a spreadsheet's own file."""
    return BadTable(f"{path} is a workbook of a spreadsheet: save the sheet as CSV (UTF-8) or Parquet and name that file")


def most_bytes(packed: int) -> int:
    """How much a packed file of `packed` bytes may hold."""
    return max(SMALL, SWELLS * packed)


def swollen(path: object, most: int) -> BadTable:
    """The error of a packed file that holds more than `most` bytes."""
    return BadTable(f"{path} holds more than {most:,} bytes when unpacked, {SWELLS} times its own size: unpack it yourself if it is sound")


def unzip(path: Path) -> bytes:
    """The one file in the zip at `path`, whatever its name. Raises `BadTable` on no sound zip of one file and on one that swells."""
    return unzipped(path, path.stat().st_size, path)


def unzipped(source: Path | IO[bytes], size: int, where: object, name: str | None = None) -> bytes:
    """The one file of a zip of `size` bytes, unpacked; `where` names it, `name` the file meant where it need not be the only one.

    Raises `BadTable` on a damaged zip, one of several files, and one that swells beyond all measure.
    """
    most = most_bytes(size)
    try:
        with zipfile.ZipFile(source) as packed:
            names = packed.namelist()
            if name is None and len(names) != 1:
                raise BadTable(f"{where} holds {len(names)} files, one CSV is expected: copy it again")
            with packed.open(name or names[0]) as file:
                content = file.read(most + 1)
    except UNPACKING as error:
        raise BadTable(f"{where} is no sound zip ({in_short(error)}): copy it again") from None
    if len(content) > most:
        raise swollen(where, most)
    return content


def in_short(error: Exception) -> str:
    """What a library said, in a line."""
    text = " ".join(str(error).split())
    if "truncated" in text.lower() or isinstance(error, EOFError | gzip.BadGzipFile):
        return "its gzip data end early: copy or download it again"
    return text[:160]
