"""The channels of a desk: apprise's addresses, and the address that an outside clock watches. They hold keys and are shown nowhere."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from springback.errors import InputError
from springback.grammar import agree
from springback.market.prose import Prose

FIELDS = ("urls", "heartbeat")


@dataclass(frozen=True)
class Message:
    """What a person reads: one line, and a few."""

    title: Prose
    body: Prose


@dataclass(frozen=True)
class Delivery:
    """Whether a channel took the message, and what went wrong on the others, a line each that holds no key."""

    heard: bool
    faults: tuple[Prose, ...] = ()


class Channels:
    """Channels by the table [alerts] of the file of keys: `urls`, apprise's addresses, and `heartbeat`.

    Neither `repr` nor an error shows one. Raises `InputError` on a table of other things.
    """

    __slots__ = ("_heartbeat", "_urls")

    def __init__(self, table: Mapping[str, Any]) -> None:
        unknown = sorted(set(table) - set(FIELDS))
        if unknown:
            raise InputError(f"the file of keys: [alerts] has '{unknown[0][:40]}', known are {', '.join(FIELDS)}")
        urls, heartbeat = table.get("urls", []), table.get("heartbeat", "")
        if not isinstance(urls, list) or not all(isinstance(one, str) for one in urls):
            raise InputError("the file of keys: alerts.urls must be a list of texts, apprise's addresses")
        if not isinstance(heartbeat, str) or (heartbeat and not _is_web(heartbeat)):
            raise InputError("the file of keys: alerts.heartbeat must be an address that begins with https:// or http://")
        self._urls, self._heartbeat = tuple(urls), heartbeat

    def __len__(self) -> int:
        return len(self._urls)

    def __repr__(self) -> str:
        return f"Channels({len(self._urls)} channels, {'a' if self._heartbeat else 'no'} heartbeat)"

    def send(self, message: Message, timeout: float) -> Delivery:
        """Gives the message to every channel, for `timeout` seconds each."""
        if not self._urls:
            return Delivery(False)
        try:
            with _unheard():
                import apprise
        except ModuleNotFoundError:
            return Delivery(False, (Prose("messages need apprise, which is not installed: pip install 'springback[alerts]'"),))
        faults = []
        for k, url in enumerate(self._urls, 1):
            name = f"channel {k} ({url.partition(':')[0][:20]})"
            with _unheard():
                channel = apprise.Apprise.instantiate(url, suppress_exceptions=True)
                if channel is None:
                    faults.append(Prose(f"{name} is no address that apprise knows: mend alerts.urls in the file of keys"))
                    continue
                channel.socket_connect_timeout = channel.socket_read_timeout = timeout
                line = apprise.Apprise(channel)
                if not line.notify(title=agree(message.title), body=agree(message.body), body_format=apprise.NotifyFormat.TEXT):
                    faults.append(Prose(f"{name} did not take the message: check its address, 'springback alert' tries it"))
        return Delivery(len(faults) < len(self._urls), tuple(faults))

    def beat(self, timeout: float) -> tuple[Prose, ...]:
        """Tells the outside clock that the desk lives; what went wrong. Nothing where there is no such clock."""
        if not self._heartbeat:
            return ()
        try:
            with _unheard():
                code = httpx.get(self._heartbeat, timeout=timeout, follow_redirects=True).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return (Prose(f"the heartbeat's clock does not answer ({type(error).__name__}): check the network and alerts.heartbeat"),)
        return () if code < 400 else (Prose(f"the heartbeat's clock answers HTTP {code}: check alerts.heartbeat in the file of keys"),)


@contextmanager
def _unheard() -> Iterator[None]:
    """No line of a log and no warning, for libraries write addresses into theirs."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
