"""IB's Flex Web Service, version 3: what was booked in an account, asked for and fetched as XML once a day.

The token must stand in the address; it is put there below the client, so that it is in no message, log or `repr`.
"""

import re
import time
import weakref
from collections.abc import Callable
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import httpx

from springback.brokers.broker_settings import Brokers
from springback.brokers.flex_words import Statement, statement_of
from springback.brokers.patience import Later, asked
from springback.errors import Unauthorized, Unreachable, WrongAccount

AGAIN = frozenset(("1001", "1004", "1005", "1006", "1007", "1008", "1009", "1018", "1019", "1021"))
"""Not ready, busy, too many requests, being generated: the same is asked again."""
KEYS = {
    "1011": "the service is not active for this login",
    "1012": "the token has expired",
    "1013": "the token is bound to another address",
}
KEYS |= {"1015": "the token is invalid"}
QUIET = 900.0
"""Seconds between two attempts."""
DEEP = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Flex:
    """Statements of one Flex query; `token` and `query` are those of the login's Flex Web Service."""

    def __init__(self, settings: Brokers, token: str, query: str) -> None:
        self.settings, self.query = settings, query
        headers = {"User-Agent": "springback"}
        self.client = httpx.Client(timeout=settings.timeout, transport=_Signed(token), headers=headers)
        weakref.finalize(self, self.client.close)
        self.statement: Statement | None = None
        self.quiet_until = 0.0
        self.refusal = ""
        """Why the service told nothing when it was last asked, where a person must mend it; empty where it tells, or is late."""

    def booked(self, today: date) -> Statement | None:
        """What was booked up to the day before `today`: the newest statement there is, None where there was none yet. It is asked for while
        the last weekday is not in it, every 15 minutes. Raises `Unreachable`, `Unauthorized` or `WrongAccount`.
        """
        whole = self.statement is not None and self.statement.end >= _weekday_before(today)
        if not whole and time.monotonic() >= self.quiet_until:
            self.quiet_until = time.monotonic() + QUIET
            try:
                self.statement, self.refusal = self._fetch(), ""
            except Later:
                raise
            except Unreachable as error:
                self.refusal = str(error)
                raise
        return self.statement

    def _fetch(self) -> Statement:
        """Generates a statement and fetches it, both asked again while IB has it in work."""
        reference = asked(self.settings, self._reference)
        root = asked(self.settings, lambda: self._question("GetStatement", reference, "FlexQueryResponse"))
        try:
            found = statement_of(root)
        except (KeyError, ValueError, ArithmeticError) as error:
            what = error.args[0] if error.args else type(error).__name__
            raise Unreachable(
                f"IB's statement is not the known one ({what}): see docs/interactive-brokers.md for what the Flex query must hold"
            ) from None
        if self.settings.account and found.account != self.settings.account:
            raise WrongAccount(
                f"the Flex query is of account {found.account}, brokers.account is {self.settings.account}: change the query"
            )
        return found

    def _reference(self) -> str:
        reference = self._question("SendRequest", self.query, "FlexStatementResponse").findtext("ReferenceCode")
        if not reference:
            raise Later("IB's Flex service gives no reference code: its format may have changed")
        return reference

    def _question(self, act: str, query: str, tag: str) -> ET.Element:
        """The answer, whose root is `tag`."""
        try:
            response = self.client.get(f"{self.settings.flex_url.rstrip('/')}/{act}", params={"q": query, "v": "3"})
        except httpx.HTTPError as error:
            raise Later(f"IB's Flex service cannot be reached ({type(error).__name__}): check the network and brokers.flex_url") from None
        if response.status_code != 200 or DEEP.search(response.content):
            raise Later(f"IB's Flex service answers HTTP {response.status_code} to {act}, and no statement")
        try:
            root = ET.fromstring(response.content)
        except ET.ParseError:
            raise Later(f"IB's Flex service answers {act} with what is no XML") from None
        if code := root.findtext("ErrorCode"):
            raise _verdict(code, root.findtext("ErrorMessage") or "")
        if root.tag != tag:
            raise Unreachable(f"IB's Flex service answers {act} with {root.tag[:40]}: its format may have changed")
        return root


class _Signed(httpx.BaseTransport):
    """Puts the token into the address that goes out."""

    def __init__(self, token: str) -> None:
        self._sign, self._wire = _signing(token), httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        signed = httpx.Request(request.method, self._sign(request.url), headers=request.headers, extensions=request.extensions)
        return self._wire.handle_request(signed)

    def close(self) -> None:
        self._wire.close()


def _signing(token: str) -> Callable[[httpx.URL], httpx.URL]:
    def sign(url: httpx.URL) -> httpx.URL:
        return url.copy_merge_params({"t": token})

    return sign


def _verdict(code: str, words: str) -> Unreachable:
    words = " ".join(words.split())[:200]
    if code in AGAIN:
        return Later(f"IB's Flex service has no statement yet ({code}): {words}")
    if code in KEYS:
        return Unauthorized(f"IB's Flex service refuses ({code}): {KEYS[code]}; make a new token and write it into [ib_flex]")
    return Unreachable(f"IB's Flex service refuses ({code}): {words}; see IB_FLEX_QUERY in [ib_flex]")


def _weekday_before(day: date) -> date:
    day -= timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day
