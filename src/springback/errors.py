"""Everything that can go wrong, as one tree.

    SpringbackError
    ├── SettingsError      a knob is unknown or out of its range              exit 2
    ├── InputError         a file or table given by the user is not usable    exit 2
    │   ├── BadTable       a column, value, date or row of it is wrong
    │   ├── MissingData    what the job needs is not there (VIX, bars, a store)
    │   └── Unwritable     the place to write to cannot be written
    │       └── Taken      another process is writing it
    ├── StoreError         the Parquet store is damaged or cannot be read     exit 1
    │   └── Damaged        a file of it is gone or not what was written
    ├── Restated           a source says other things of the past than before exit 1
    ├── ModelError         a model file is absent, foreign or tampered with   exit 1
    ├── SourceError        a vendor does not answer, or answers nonsense      exit 1
    │   ├── GoneName       it has no such name, or no longer
    │   └── OddName        what it, or a file, tells of one name cannot be read
    ├── LedgerError        the trial ledger is damaged or not one             exit 1
    ├── StateError         the state database is damaged, newer or not one    exit 1
    ├── EngineError        LEAN ended badly, hangs or cannot be started       exit 1
    ├── ClusterError       no scheduler, no workers, or other versions there  exit 1
    └── BrokerError        a broker did not do what was asked of it           exit 1
        ├── Refused        it said no: the same order is not sent again
        ├── Unreachable    it did not answer: ask again what became of it
        │   └── Unauthorized   it takes the keys for wrong: nothing more is asked
        ├── WrongAccount   the keys open another account than the one named
        └── Disagrees      it holds what the journal does not: halt, a person decides

Each message says what, the value, the limit and the way out, in one line.
"""

from datetime import datetime

from springback.grammar import agree

LONGEST = 2000
"""Characters of a message; more is a file quoted whole."""


class SpringbackError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with.

    What the sentence names stands beside it for a page or a program: the `symbol` and `session` it concerns, the `value` that was met and
    the `limit` that it broke, each None where the sentence names none.
    """

    exit_code = 1

    def __init__(self, *message: object, symbol: object = None, session: object = None, value: object = None, limit: object = None) -> None:
        super().__init__(*message)
        self.symbol = symbol
        self.session = session
        self.value = value
        self.limit = limit

    def __str__(self) -> str:
        """The message in one line: what a damaged file put into it and cannot be printed (a line break, a NUL) is shown escaped."""
        said = agree(super().__str__())
        said = said if len(said) <= LONGEST else f"{said[: LONGEST - 3]}..."
        return said if said.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in said)


class SettingsError(SpringbackError):
    """A knob is unknown or out of its range."""

    exit_code = 2


class InputError(SpringbackError):
    """A file or table given by the user is not usable."""

    exit_code = 2


class BadTable(InputError):
    """A column, value, date or row of a table is wrong."""


class MissingData(InputError):
    """What the job needs is not there."""


class Unwritable(InputError):
    """The place to write to cannot be written."""


class Taken(Unwritable):
    """Another process is writing the place."""


class StoreError(SpringbackError):
    """The Parquet store is damaged or cannot be read."""


class Damaged(StoreError):
    """A file of the store is gone, or is not what was written: not one that does not answer now. `fault` says what is wrong, the message
    also the `way` out.
    """

    def __init__(self, fault: str, way: str = "") -> None:
        super().__init__(f"{fault}: {way}" if way else fault)
        self.fault = fault


class Restated(SpringbackError):
    """A source says other things of the past than the store holds, and nobody accepted that."""


class ModelError(SpringbackError):
    """A model file is absent, foreign or tampered with."""


class SourceError(SpringbackError):
    """A vendor of data does not answer, refuses, or answers what cannot be."""


class GoneName(SourceError):
    """The vendor does not know the name, or no longer."""


class OddName(SourceError):
    """What a source tells of one name cannot be read, or cannot be: others may be sound."""


class LedgerError(SpringbackError):
    """The trial ledger is damaged, or the file in its place is not one."""


class StateError(SpringbackError):
    """The state database is damaged, of a newer version, not one or does not answer; or what it holds forbids what was asked."""


class EngineError(SpringbackError):
    """LEAN ended badly, hangs or cannot be started."""


class ClusterError(SpringbackError):
    """No scheduler answers, its workers are gone, or they would compute something else."""


class BrokerError(SpringbackError):
    """A broker did not do what was asked of it; each kind says what is to be done."""


class Refused(BrokerError):
    """The broker said no, with its reason: final, the same order is not sent again.

    `code` is the broker's own, `words` are its sentence, to be shown and kept; `at` the broker's time of the answer, None where unknown.
    `opposite` is the broker's id of an order of the other side, where that is what was in the way.
    """

    def __init__(self, message: str, code: str = "", words: str = "", at: datetime | None = None, opposite: str = "") -> None:
        super().__init__(message)
        self.code, self.words, self.at, self.opposite = code, words, at, opposite


class Unreachable(BrokerError):
    """The broker did not answer, so what became of the order is not known: ask again before anything is sent."""


class Unauthorized(Unreachable):
    """The broker takes the keys for wrong: nothing more is asked, and what became of an order that was on its way is not known."""


class WrongAccount(BrokerError):
    """The keys open another account than the one that the settings name, or paper is meant and this is live: nothing is sent."""


class Disagrees(BrokerError):
    """The broker holds what the journal cannot explain: nothing more is sent until a person has looked."""
