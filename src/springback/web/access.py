"""Who may look and who may act: passwords and sessions in a file that its owner alone may read, outside the database.

web.json  {"passwords": {role: argon2 hash}, "sessions": {SHA-256 of the cookie: {"role", "until"}}}
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from springback.errors import InputError, Unwritable

FILE = "web.json"
Role = Literal["reader", "operator"]
ROLES: tuple[Role, Role] = ("reader", "operator")
SHORTEST = 12
"""Characters of a password."""
LONGEST = 1024
MOST_SESSIONS = 200
"""Of one role: who comes in too often ends the oldest of its own, and nobody else's."""


@dataclass(frozen=True)
class Session:
    """Somebody who signed in: as what, until when (UTC)."""

    role: Role
    until: datetime

    @property
    def operator(self) -> bool:
        """Whether acts are allowed."""
        return self.role == "operator"


def csrf_of(cookie: str) -> str:
    """What a form of the holder of `cookie` brings along: nobody else can know it."""
    return hashlib.sha256(f"form {cookie}".encode()).hexdigest()


def new_cookie() -> str:
    """A cookie that nobody has had."""
    return secrets.token_urlsafe(32)


class Access:
    """The file at `path`; it may be absent, then nobody has a password, and the one-time `token` lets somebody set the first one.
    A session ends after so many `hours`; a `hasher` other than the usual one is for tests.

    Raises `InputError` where others than the owner may read the file, or it is damaged.
    """

    def __init__(self, path: Path, hours: float = 12.0, hasher: PasswordHasher | None = None) -> None:
        self.path, self.hours = path, hours
        self._hasher, self._lock = hasher or PasswordHasher(), threading.Lock()
        self._known: tuple[tuple[int, int], dict[str, Any]] = ((-1, -1), {})
        self._read()
        self.token = "" if self.begun else secrets.token_urlsafe(18)

    @property
    def begun(self) -> bool:
        """Whether there is an operator's password."""
        return "operator" in self._read()["passwords"]

    def begin(self, token: str, password: str) -> bool:
        """Sets the operator's first password, by the one-time token, which is then spent. Raises `InputError` on a short one."""
        if not self.token or not hmac.compare_digest(token.encode(), self.token.encode()):
            return False
        self.set_password("operator", password)
        self.token = ""
        return True

    def set_password(self, role: Role, password: str) -> None:
        """Gives `role` a password; whoever was signed in as that no longer is. Raises `InputError` on a short one, `Unwritable`."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise InputError(f"a password must have {SHORTEST} to {LONGEST} characters, has {len(password)}")
        with self._lock:
            found = self._read()
            others = {key: one for key, one in found["sessions"].items() if one["role"] != role}
            self._write({"passwords": found["passwords"] | {role: self._hasher.hash(password)}, "sessions": others})

    def right(self, role: Role, password: str) -> bool:
        """Whether `password` opens `role`: its own, or for a reader the operator's."""
        known = self._read()["passwords"]
        wanted = ("operator",) if role == "operator" else ROLES
        with self._lock:  # one at a time: each check takes 64 MB
            return len(password) <= LONGEST and any(self._verified(known[one], password) for one in wanted if one in known)

    def _verified(self, digest: str, password: str) -> bool:
        try:
            return self._hasher.verify(digest, password)
        except (Argon2Error, InvalidHashError):
            return False

    def sign_in(self, role: Role, now: datetime) -> str:
        """A new session of `role`; its cookie. Raises `Unwritable`."""
        cookie, until = new_cookie(), now + timedelta(hours=self.hours)
        with self._lock:
            found = self._read()
            live = {key: one for key, one in found["sessions"].items() if datetime.fromisoformat(one["until"]) > now}
            own = sorted((item for item in live.items() if item[1]["role"] == role), key=lambda item: item[1]["until"])
            kept = {key: one for key, one in live.items() if one["role"] != role} | dict(own[-MOST_SESSIONS + 1 :])
            self._write({**found, "sessions": kept | {_key(cookie): {"role": role, "until": until.isoformat()}}})
        return cookie

    def sign_out(self, cookie: str) -> None:
        """Ends the session of `cookie`. Raises `Unwritable`."""
        with self._lock:
            found = self._read()
            self._write({**found, "sessions": {key: one for key, one in found["sessions"].items() if key != _key(cookie)}})

    def session(self, cookie: str, now: datetime) -> Session | None:
        """The session of `cookie`; None where there is none, or it is over."""
        one = self._read()["sessions"].get(_key(cookie)) if cookie else None
        if one is None or datetime.fromisoformat(one["until"]) <= now:
            return None
        return Session("operator" if one["role"] == "operator" else "reader", datetime.fromisoformat(one["until"]))

    def _read(self) -> dict[str, Any]:
        """What the file says, read again where it was written since."""
        try:
            told = self.path.stat()
        except FileNotFoundError:
            return {"passwords": {}, "sessions": {}}
        if told.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(f"{self.path} can be read by others than its owner: run 'chmod 600 {self.path}', and change the password")
        stamp = told.st_ino, told.st_mtime_ns
        if self._known[0] != stamp:
            self._known = stamp, _parsed(self.path)
        return self._known[1]

    def _write(self, content: Mapping[str, Any]) -> None:
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            raise Unwritable(f"{self.path} cannot be written ({error.strerror}): free the place") from None
        finally:
            part.unlink(missing_ok=True)
        self._known = (-1, -1), {}


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = {name: dict(found[name]) for name in ("passwords", "sessions")}
        if set(known["passwords"]) - set(ROLES) or any(set(one) != {"role", "until"} for one in known["sessions"].values()):
            raise ValueError("it holds what no dashboard writes")
        for one in known["sessions"].values():
            datetime.fromisoformat(one["until"]).astimezone(UTC)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"{path} is not the dashboard's file of passwords ({type(error).__name__})"
        raise InputError(f"{words}: move it away, and the next start gives a one-time token") from None
    return known
