"""The line to one vendor: questions throttled and put again, answers judged before anyone reads them.

A key travels in a header and nowhere else: it is in no address, no message and no log, and what a vendor says back is scrubbed of it.
"""

import email.utils
import io
import json
import re
import time
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import stamina
import stamina.instrumentation

from springback.data.sources.fetch_settings import Fetch
from springback.errors import GoneName, InputError, SourceError

AGENT = "Mozilla/5.0 (compatible; Springback)"
"""Yahoo answers 429 to clients that give no browser-like name."""
SKEW = 26 * 3600.0
"""Seconds that the vendor's clock and ours may differ: more is a wrong date somewhere."""
LONGEST = 60.0
"""Seconds of the longest pause that is our own choice."""
GONE = (404, 410)
REFUSED, NAME = (400, 422), re.compile(r"symbol|ticker|not found|no data|delisted", re.IGNORECASE)
"""Other ways in which vendors say that they do not know a name."""
Answer = TypeVar("Answer")

stamina.instrumentation.set_on_retry_hooks([])  # its own note of each pause would go to the user's terminal


class Fault(SourceError):
    """An answer that may be better next time; `after` are the seconds the vendor asked for; `halts`: other names will fare no better."""

    def __init__(self, message: str, after: float | None = None, halts: bool = False) -> None:
        super().__init__(message)
        self.after, self.halts = after, halts


class Halt(SourceError):
    """Asking on is of no use, about this name or another."""


class NoName(GoneName):
    """The vendor takes a name, or one of many, for none; `said` is its answer."""

    def __init__(self, message: str, answer: str) -> None:
        super().__init__(message)
        self.answer = answer


class Answered(SourceError):
    """The vendor answers something else than data; `said` is its answer."""

    def __init__(self, message: str, answer: str) -> None:
        super().__init__(message)
        self.answer = answer


class Line:
    """GETs of one `vendor` under the manners of `fetch`; `keys` are headers, `asks_for` says in an error how a key is given."""

    def __init__(self, vendor: str, url: str, fetch: Fetch, keys: Mapping[str, str] | None = None, asks_for: str = "") -> None:
        self.vendor, self.fetch, self.asks_for = vendor, fetch, asks_for
        self.secrets = tuple(filter(None, (keys or {}).values()))
        self.client = httpx.Client(timeout=fetch.timeout, headers={"User-Agent": AGENT}, auth=_signed(keys or {}))
        weakref.finalize(self, self.client.close)
        self.url = url.rstrip("/")
        self.next_at = 0.0

    def json(self, path: str, params: Mapping[str, Any], what: str) -> Any:
        """The JSON that the vendor answers about `what`. Raises `GoneName` when there is no such thing, else `SourceError`."""
        return self._ask(path, params, what, self._as_json)

    def text(self, path: str, params: Mapping[str, Any], what: str) -> str:
        """The same for a text that is not a web page."""
        return self._ask(path, params, what, self._as_text)

    def file(self, path: str, params: Mapping[str, Any], what: str) -> io.BytesIO:
        """The same for bytes."""
        return self._ask(path, params, what, lambda response, _: io.BytesIO(response.content))

    def scrubbed(self, text: str) -> str:
        """`text` in one short line, without our keys."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())[:120]

    def _ask(self, path: str, params: Mapping[str, Any], what: str, read: Callable[[httpx.Response, str], Answer]) -> Answer:
        for attempt in stamina.retry_context(
            on=_pause,
            attempts=self.fetch.attempts,
            timeout=self.fetch.patience or None,
            wait_initial=self.fetch.pause,
            wait_max=LONGEST,
            wait_jitter=self.fetch.pause,
        ):
            with attempt:
                return read(self._answer(path, params, what), what)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _answer(self, path: str, params: Mapping[str, Any], what: str) -> httpx.Response:
        now = time.monotonic()
        time.sleep(max(0.0, self.next_at - now))
        self.next_at = max(now, self.next_at) + 1 / self.fetch.per_second
        try:
            response = self.client.get(self.url + path, params=dict(params))
        except httpx.TimeoutException:
            raise Fault(f"{self.vendor} did not answer about {what} within {self.fetch.timeout:g} s: {self._later()}") from None
        except httpx.RemoteProtocolError:
            raise Fault(f"{self.vendor} broke off its answer about {what}: {self._later()}") from None
        except httpx.HTTPError as error:
            raise Fault(
                f"{self.vendor} cannot be reached about {what} ({self.scrubbed(str(error)) or type(error).__name__}): check the network, "
                f"then {self._later()}",
                halts=True,
            ) from None
        self._judge(response, what)
        return response

    def _judge(self, response: httpx.Response, what: str) -> None:
        code = response.status_code
        if code in (401, 403):
            way = self.asks_for or "run again later, or from another network"
            raise InputError(f"{self.vendor} refuses to tell of {what} (HTTP {code}): {way}")
        if code in GONE:
            raise GoneName(f"{self.vendor} has no {what} (HTTP {code}): leave it out, or ask another source")
        if code == 429:
            raise self._too_many(_seconds(response.headers.get("Retry-After")))
        if code == 408 or code >= 500:
            raise Fault(
                f"{self.vendor} is in trouble (HTTP {code}) about {what}: {self._later()}", _seconds(response.headers.get("Retry-After"))
            )
        if code in REFUSED and NAME.search(response.text):
            raise NoName(f"{self.vendor} takes no {what} (HTTP {code}): leave it out, or ask another source", response.text[:2000])
        if code != 200:
            raise Answered(
                f"{self.vendor} answers HTTP {code} about {what} ({self.scrubbed(response.text)}): check the symbol and the dates",
                response.text[:2000],
            )
        self._compare_clocks(response)

    def _too_many(self, after: float | None) -> Halt | Fault:
        """The error of a vendor that wants fewer questions, and the next one `after` so many seconds."""
        if after is not None and after > self.fetch.patience:
            return Halt(
                f"{self.vendor} asks to wait {after:,.0f} s (HTTP 429), fetch.patience is {self.fetch.patience:g} s: run the same "
                "command again then; what was fetched is kept"
            )
        return Fault(
            f"{self.vendor} still says 'too many requests' (HTTP 429) after {self.fetch.attempts} attempts: lower fetch.per_second "
            f"(now {self.fetch.per_second:g}), or {self._later()}",
            after,
            halts=True,
        )

    def _compare_clocks(self, response: httpx.Response) -> None:
        said = response.headers.get("Date")
        try:
            theirs = email.utils.parsedate_to_datetime(said).astimezone(UTC) if said else None
        except ValueError:
            theirs = None
        ours = datetime.now(UTC)
        if theirs is not None and abs((theirs - ours).total_seconds()) > SKEW:
            raise Halt(
                f"{self.vendor}'s clock says {theirs:%Y-%m-%d %H:%M}, this machine's {ours:%Y-%m-%d %H:%M} UTC: set it; with a wrong "
                "one the newest session cannot be known"
            )

    def _as_text(self, response: httpx.Response, what: str) -> str:
        text = response.text
        if "\ufffd" in text:
            raise Fault(f"{self.vendor}'s answer about {what} is not whole {response.encoding} text: {self._later()}")
        if not text.strip():
            raise Fault(f"{self.vendor} answers nothing about {what}: {self._later()}")
        if text.lstrip()[:1] == "<" or "text/html" in response.headers.get("Content-Type", ""):
            raise Fault(f"{self.vendor} answers with a web page about {what}, not with data ({self.scrubbed(text)[:60]}): {self._later()}")
        return text

    def _as_json(self, response: httpx.Response, what: str) -> Any:
        text = self._as_text(response, what)
        try:
            return json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Fault(f"{self.vendor}'s answer about {what} is not whole JSON ({len(text):,} characters): {self._later()}") from None

    def _later(self) -> str:
        return "run the same command again later; what was fetched is kept"


def _no_number(word: str) -> float:
    """NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(f"{word} is no number of JSON")


def _pause(error: Exception) -> bool | float:
    """Whether to ask again, or after how many seconds."""
    if not isinstance(error, Fault):
        return False
    return True if error.after is None else error.after


def _signed(keys: Mapping[str, str]) -> Callable[[httpx.Request], httpx.Request]:
    def sign(request: httpx.Request) -> httpx.Request:
        request.headers.update(keys)
        return request

    return sign


def _seconds(header: str | None) -> float | None:
    """Retry-After as seconds: a number, or an HTTP date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
