"""The dashboard at work: refused where the world could listen in, and served until somebody ends it."""

import asyncio
import socket
import threading
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from springback.errors import InputError, Unwritable
from springback.web.app import application
from springback.web.dashboard import Dashboard
from springback.web.door import LOOPBACK
from springback.workflow.web_settings import Web

SLOWEST = 15.0
"""Seconds within which a request is said."""


def check(web: Web, begun: bool) -> None:
    """Refuses an address that others reach without TLS or before there is a password. Raises `InputError`, `Unwritable`."""
    for file in filter(None, (web.certificate, web.key)):
        if not Path(file).is_file():
            raise InputError(f"there is no file {file}: web.certificate and web.key name those of TLS", value=file)
    if web.host in LOOPBACK:
        return
    if not web.certificate:
        words = f"{web.host} is reached by others, and nothing is encrypted: name web.certificate and web.key"
        raise InputError(f"{words}, or listen on 127.0.0.1 behind a proxy that speaks TLS (web.origin)", value=web.host)
    if not begun:
        words = f"{web.host} is reached by others, and there is no password yet"
        raise InputError(f"{words}: start once on 127.0.0.1 and set one", value=web.host)


def listening(web: Web) -> socket.socket:
    """The socket of the dashboard. Raises `Unwritable` where the address is taken or not this machine's."""
    found = socket.socket(socket.AF_INET6 if ":" in web.host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((web.host, web.port))
    except OSError as error:
        found.close()
        raise Unwritable(f"{web.host}:{web.port} cannot be listened on ({error.strerror}): name another --port") from None
    return found


def serve(dashboard: Dashboard, at: socket.socket) -> None:
    """Answers at `at` until it is interrupted."""
    threading.Thread(target=dashboard.desks.read_ahead, name="reading ahead", daemon=True).start()
    uvicorn.Server(configuration(dashboard)).run([at])


class Prompt(H11Protocol):
    """A connection that says what it wants within `SLOWEST` seconds of its beginning and of each answer, else it makes room."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It begins."""
        super().connection_made(transport)
        self._late = self.loop.call_later(SLOWEST, self._dropped)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._late.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """It may ask again."""
        self._late.cancel()
        self._late = self.loop.call_later(SLOWEST, self._dropped)
        super().on_response_complete()

    def _dropped(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        if cycle is None or cycle.response_complete:
            self.transport.close()


def configuration(dashboard: Dashboard) -> uvicorn.Config:
    """How the server runs: nothing of itself in its answers, nobody's word for where a visitor comes from."""
    web = dashboard.web
    return uvicorn.Config(
        application(dashboard),
        http=Prompt,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        ssl_certfile=web.certificate or None,
        ssl_keyfile=web.key or None,
        limit_concurrency=web.readers + 100,
        timeout_graceful_shutdown=2,
    )
