"""A mail server and a web server on this machine, which remember what they were sent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Mail:
    """A mail server: its `port`, and the title and body of each letter."""

    port: int
    letters: list[tuple[str, str]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """As aiosmtpd calls it."""
        letter = message_from_bytes(envelope.content)
        parts = [one for one in letter.walk() if one.get_content_type() == "text/plain"] or [letter]
        body = parts[0].get_payload(decode=True).decode()  # type: ignore[union-attr]
        self.letters.append((str(make_header(decode_header(letter["Subject"]))), body.replace("\r\n", "\n").strip()))
        return "250 OK"

    @property
    def url(self) -> str:
        """Its address for apprise, with a word that must never be shown."""
        return f"mailto://127.0.0.1:{self.port}?from=desk@example.com&to=ann@example.com&name=s3cret"


@contextmanager
def mail(port: int | None = None) -> Iterator[Mail]:
    """A mail server that runs."""
    one = Mail(port or free_port())
    controller = Controller(one, hostname="127.0.0.1", port=one.port)
    controller.start()
    try:
        yield one
    finally:
        controller.stop()


@dataclass
class Web:
    """A web server: its address, the code that it answers, and the method and path of each question."""

    address: str = ""
    code: int = 200
    asked: list[str] = field(default_factory=list)


@contextmanager
def web() -> Iterator[Web]:
    """A web server that runs."""
    one = Web()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            one.asked.append(f"{self.command} {self.path}")
            self.send_response(one.code)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    one.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
