"""A dashboard on a port of this machine, as `springback web` serves it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import uvicorn

from springback.web.access import FILE, Access
from springback.web.app import dashboard_of
from springback.web.dashboard import Dashboard
from springback.web.server import configuration, listening
from springback.workflow.web_settings import Web
from tests.web.homes import CHEAP, NOW, desks_of


@contextmanager
def served(home: Path, now: Callable[[], datetime] = lambda: NOW, web: Web | None = None) -> Iterator[tuple[Dashboard, str]]:
    """The dashboard over `home`, which must be the working folder, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings = replace(web or Web(), port=free.getsockname()[1])
    at = listening(settings)
    dashboard = dashboard_of(desks_of(home), settings, Access(home / FILE, settings.hours, CHEAP), now)
    server = uvicorn.Server(configuration(dashboard))
    thread = threading.Thread(target=server.run, args=([at],), daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield dashboard, f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        thread.join(10)
        at.close()
