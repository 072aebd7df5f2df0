"""25,000 damaged files through every reader: a clear line or the right answer, soon, and in little memory.

SPRINGBACK_FUZZ=200000 draws that many. A failure names its case; `case(name, k, tmp_path)` draws it again.
"""

import os
import resource
import shutil
import time
import zlib
from pathlib import Path
from random import Random

import pytest

from springback.errors import SpringbackError
from tests.fuzz import lean_side, ours, readers, samples, vendors
from tests.fuzz.mutations import mutated

READERS = readers.READERS | ours.READERS | lean_side.READERS | vendors.READERS
SAMPLES = samples.SAMPLES | ours.SAMPLES | lean_side.SAMPLES | vendors.SAMPLES
TOTAL = int(os.environ.get("SPRINGBACK_FUZZ", "25000"))
SHARES = sum(reader.cases for reader in READERS.values())
SECONDS = 2.0  # of processor time: what stands between a slow answer and a hang
MEGABYTES = 600  # how much the process may grow over all its cases
SHOWN = 6
CHUNK = 250 * max(1, TOTAL // 20_000)


def share(name: str) -> int:
    """How many cases are drawn for a reader."""
    return -(-READERS[name].cases * TOTAL // SHARES)


CHUNKS = [(name, first) for name in READERS for first in range(0, share(name), CHUNK)]


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of sound files for each sample."""
    found = {}
    for name, write in SAMPLES.items():
        found[name] = tmp_path_factory.mktemp(name) / "sound"
        found[name].mkdir()
        write(found[name])
    return found


def case(name: str, number: int, home: Path, content: bytes) -> str:
    """What is wrong with the way the reader takes case `number`; nothing where all is well."""
    reader = READERS[name]
    target = home / reader.target
    damaged = mutated(Random(zlib.crc32(f"{name} {number}".encode())), content, reader.kind)
    target.write_bytes(damaged)
    started = time.process_time()
    try:
        found = reader.read(home)
    except SpringbackError as error:
        said = str(error)
        if not said.isprintable() or len(said) > 2500:
            return f"said in more than a line: {said[:300]!r}"
        stem = Path(reader.target).name
        return "" if stem in said or str(home) in said or (reader.words and reader.words in said) else f"names no file: {said}"
    except Exception as error:  # noqa: BLE001 (that nothing else comes out is what is tested)
        return f"{type(error).__module__}.{type(error).__name__}: {str(error)[:300]!r} from {_where(error)}"
    finally:
        took = time.process_time() - started
        if took > SECONDS:
            return f"took {took:.1f} s"  # noqa: B012
    if reader.agree:
        try:
            reader.agree(home, found)
        except Exception as error:  # noqa: BLE001
            return f"was read as something else: {type(error).__name__} {str(error)[:300]!r}"
    return ""


def _where(error: BaseException) -> str:
    trace, last = error.__traceback__, ""
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if "springback/" in file and "tests" not in file:
            last = f"{file.rsplit('springback/', 1)[1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last


@pytest.mark.parametrize("name", READERS)
def test_the_sound_sample_is_read_and_agreed_with(name: str, sound: dict[str, Path]) -> None:
    reader = READERS[name]
    found = reader.read(sound[reader.sample])
    if reader.agree:
        reader.agree(sound[reader.sample], found)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "first"), CHUNKS)
def test_damage_is_said_or_does_no_harm(name: str, first: int, sound: dict[str, Path], tmp_path: Path) -> None:
    reader = READERS[name]
    home = sound[reader.sample].parent / tmp_path.name
    shutil.copytree(sound[reader.sample], home)
    content = (home / reader.target).read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrong = {}
    for number in range(first, min(first + CHUNK, share(name))):
        said = case(name, number, home, content)
        if said:
            wrong[number] = said
    shutil.rmtree(home)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    shown = "\n".join(f"  case {number}: {said}" for number, said in list(wrong.items())[:SHOWN])
    assert not wrong, f"{len(wrong)} cases of {name}:\n{shown}"
    assert grown < MEGABYTES, f"{name} took {grown:.0f} MB"


def test_the_cases_are_as_many_as_was_said() -> None:
    assert sum(map(share, READERS)) >= TOTAL
