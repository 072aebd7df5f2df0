"""The line to Alpaca: questions are put again, orders are sent once, and a verdict is told apart from silence.

A key travels in a header and nowhere else: it is in no address, message, log or `repr`.
"""

import email.utils
import json
import math
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from springback.brokers.broker_settings import Brokers
from springback.brokers.patience import Later, asked
from springback.errors import Refused, Unauthorized, Unreachable

VERDICTS = (403, 422)
Params = Mapping[str, str | int]


class Line:
    """Requests to one host under the manners of `settings`; `keys` are the key's id and its secret."""

    def __init__(self, settings: Brokers, keys: tuple[str, str]) -> None:
        self.settings = settings
        self.url = settings.alpaca_url.rstrip("/")
        self.client = httpx.Client(timeout=settings.timeout, auth=_signed(keys), headers={"User-Agent": "springback"})
        weakref.finalize(self, self.client.close)
        self.locked = False
        self.quiet_until = 0.0
        self.time: datetime | None = None  # the broker's, of its newest answer

    def ask(self, path: str, params: Params | None = None) -> Any:
        """The JSON at `path`, put again until it comes; None where Alpaca says that there is no such thing. Raises `Unreachable`."""
        return asked(self.settings, lambda: self._question(path, params or {}))

    def send(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """What Alpaca answers to one request that may change something; it is never repeated. Raises `Refused` on its verdict, and
        `Unreachable` on everything else: then nobody knows.
        """
        response = self._once(method, path, body=body)
        if response.status_code in VERDICTS:
            raise self._verdict(response)
        if not response.is_success:
            raise self._later(response)
        return None if response.status_code == 204 else _json(response)

    def events(self, path: str, params: Params) -> Iterator[dict[str, Any]]:
        """The messages of an event stream that ends by itself. Raises `Unreachable` where it does not within twice the time-out, or says
        that some were lost.
        """
        end = time.monotonic() + 2 * self.settings.timeout
        self._wait()
        try:
            with self.client.stream("GET", self.url + path, params=dict(params)) as response:
                self._judge(response)
                if response.status_code != 200:
                    raise self._later(response)
                for line in response.iter_lines():
                    if time.monotonic() > end or line.startswith((": you are reading too slowly", ": internal server error")):
                        raise Unreachable(f"Alpaca's events at {path} do not come to their end")
                    if line.startswith("data:") and isinstance(message := _loads(line[5:]), dict):
                        yield message
        except httpx.HTTPError as error:
            raise Unreachable(f"Alpaca's events at {path} broke off ({type(error).__name__})") from None

    def _question(self, path: str, params: Params) -> Any:
        response = self._once("GET", path, params=params)
        if response.status_code == 404 and isinstance(_loads(response.text), dict):
            return None
        if response.status_code == 429 or response.status_code >= 500:
            raise self._later(response)
        if response.status_code != 200:
            raise Unreachable(f"Alpaca answers HTTP {response.status_code} about {path}: see brokers.alpaca_url")
        return _json(response)

    def _once(self, method: str, path: str, params: Params | None = None, body: Mapping[str, str] | None = None) -> httpx.Response:
        self._wait()
        try:
            response = self.client.request(method, self.url + path, params=dict(params) if params else None, json=body)
        except httpx.TimeoutException:
            raise Later(f"Alpaca did not answer to {method} {path} within {self.settings.timeout:g} s (brokers.timeout)") from None
        except httpx.HTTPError as error:
            raise Later(f"Alpaca cannot be reached for {method} {path} ({type(error).__name__}): check the network") from None
        self._judge(response)
        return response

    def _judge(self, response: httpx.Response) -> None:
        """What concerns every request to come: wrong keys end them all, and none goes before Alpaca takes one again."""
        if response.status_code == 401:
            self.locked = True
            raise _unauthorized(self.url)
        self.time = date_of(response) or self.time
        if response.headers.get("X-RateLimit-Remaining") == "0" or response.status_code == 429:
            self.quiet_until = time.monotonic() + min(_reset(response) or 0.0, self.settings.patience)

    def _wait(self) -> None:
        """Nothing is sent after Alpaca took the keys for wrong, nor before it takes questions again."""
        if self.locked:
            raise _unauthorized(self.url)
        time.sleep(max(0.0, self.quiet_until - time.monotonic()))

    def _verdict(self, response: httpx.Response) -> Refused | Unreachable:
        """A refusal has a code and a message, both of Alpaca; one without is a word of somebody on the way, and no verdict."""
        body = _loads(response.text)
        if not isinstance(body, dict) or "message" not in body or "code" not in body:
            return self._later(response)
        words = " ".join(str(body["message"]).split())[:300]
        message = f"Alpaca refuses ({response.status_code}/{body['code']}): {words}"
        return Refused(message, str(body["code"]), words, date_of(response), str(body.get("existing_order_id") or ""))

    def _later(self, response: httpx.Response) -> Unreachable:
        """The question that is left. Every answer bears the reset of the rate limit; only a 429 is about it."""
        after = _reset(response) if response.status_code == 429 else None
        if after is not None and after > self.settings.patience:
            return Unreachable(f"Alpaca takes no request for {after:.0f} s (HTTP 429), brokers.patience is {self.settings.patience:g} s")
        return Later(f"Alpaca answers HTTP {response.status_code}, which is no verdict: ask again what became of it", after)


def date_of(response: httpx.Response) -> datetime | None:
    """The instant, in UTC, that the answer bears; None where it bears none."""
    try:
        return email.utils.parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _unauthorized(url: str) -> Unauthorized:
    return Unauthorized(f"Alpaca takes the keys for wrong at {url} (HTTP 401): nothing more is asked; check brokers.keys and alpaca_url")


def _reset(response: httpx.Response) -> float | None:
    """Seconds until Alpaca, or who answers in its place, takes requests again; None where nobody says, or names an instant that is past."""
    told = []
    for name, now in (("X-RateLimit-Reset", time.time()), ("Retry-After", 0.0)):
        with suppress(KeyError, ValueError):  # an instant; so many seconds, of which a date is no number
            told.append(float(response.headers[name]) - now)
    return max((one for one in told if 0 < one < math.inf), default=None)


def _json(response: httpx.Response) -> Any:
    body = _loads(response.text)
    if not isinstance(body, dict | list):
        raise Later(f"Alpaca's answer is not whole JSON ({len(response.text):,} characters): ask again what became of it")
    return body


def _loads(text: str) -> Any:
    """JSON with exact numbers; None where it is none."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _signed(keys: tuple[str, str]) -> Any:
    identity, secret = keys

    def sign(request: httpx.Request) -> httpx.Request:
        request.headers.update({"APCA-API-KEY-ID": identity, "APCA-API-SECRET-KEY": secret})
        return request

    return sign
