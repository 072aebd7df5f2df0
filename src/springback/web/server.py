"""The dashboard at work: refused where the world could listen in, and served until somebody ends it."""

import socket
from pathlib import Path

import uvicorn

from springback.errors import InputError, Unwritable
from springback.web.app import application
from springback.web.dashboard import Dashboard
from springback.web.door import LOOPBACK
from springback.workflow.web_settings import Web


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
    uvicorn.Server(configuration(dashboard)).run([at])


def configuration(dashboard: Dashboard) -> uvicorn.Config:
    """How the server runs: nothing of itself in its answers, nobody's word for where a visitor comes from."""
    web = dashboard.web
    return uvicorn.Config(
        application(dashboard),
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
