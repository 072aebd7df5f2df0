"""A recorder between a client and a real Gateway: every message of a session as a line of JSON, with the account's number masked.

    python -m springback.brokers.ib_recorder --listen 5002 --gateway 127.0.0.1:4002 --account DU1234567 --file session.jsonl

and then a client with `brokers.ib_port = 5002`. What it writes shows where a stand-in for the Gateway differs from it.
"""

import argparse
import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import SHUT_RDWR, create_connection, create_server, socket
from threading import Lock, Thread

MASK = "DU0000000"
GREETING = b"API\0"


class Recorder:
    """Listens on `port` and hands everything on to the Gateway at `gateway`; lines are added to `file`."""

    def __init__(self, file: Path, gateway: tuple[str, int], account: str, port: int = 0) -> None:
        self.file, self.gateway, self.account = file, gateway, account
        self.server = create_server(("127.0.0.1", port))
        self.port = int(self.server.getsockname()[1])
        self.lock, self.begin = Lock(), time.monotonic()
        self.lines: list[socket] = []
        self.threads = [Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def close(self) -> None:
        """Hangs up on both sides."""
        with suppress(OSError):
            self.server.shutdown(SHUT_RDWR)
        self.server.close()
        for line in list(self.lines):
            with suppress(OSError):
                line.shutdown(SHUT_RDWR)
        for thread in self.threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
                gateway = create_connection(self.gateway, timeout=10)
            except OSError:
                return
            gateway.settimeout(None)
            self.lines += [client, gateway]
            for source, target, name in ((client, gateway, "client"), (gateway, client, "gateway")):
                self.threads.append(Thread(target=self._pass, args=(source, target, name), daemon=True))
                self.threads[-1].start()

    def _pass(self, source: socket, target: socket, name: str) -> None:
        rest = b""
        with source:
            while True:
                try:
                    part = source.recv(65536)
                    target.sendall(part)
                except OSError:
                    part = b""
                if not part:
                    break
                rest = self._write(name, rest + part)
        with suppress(OSError):
            target.shutdown(SHUT_RDWR)

    def _write(self, name: str, data: bytes) -> bytes:
        """Writes the whole messages of `data`, and gives back what is left of it."""
        data = data.removeprefix(GREETING)
        while len(data) >= 4 and len(data) >= 4 + (length := struct.unpack(">I", data[:4])[0]):
            body, data = data[4 : 4 + length], data[4 + length :]
            fields = body.decode(errors="replace").replace(self.account, MASK).split("\0")
            line = {"at": round(time.monotonic() - self.begin, 3), "from": name, "fields": fields[:-1] if len(fields) > 1 else fields}
            with self.lock, self.file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
        return data


@contextmanager
def recording(file: Path, gateway: tuple[str, int], account: str, port: int = 0) -> Iterator[Recorder]:
    """The recorder, while the block runs."""
    recorder = Recorder(file, gateway, account, port)
    try:
        yield recorder
    finally:
        recorder.close()


def shapes(file: Path) -> dict[tuple[str, str], set[int]]:
    """How many fields the messages of each side and kind have in a recording: the greeting and the orders' optional ends apart."""
    found: dict[tuple[str, str], set[int]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        found.setdefault((message["from"], message["fields"][0]), set()).add(len(message["fields"]))
    return found


def _main() -> None:
    words = argparse.ArgumentParser(description="Records a session between a client and IB's Gateway.")
    words.add_argument("--file", type=Path, required=True)
    words.add_argument("--account", required=True, help="its number is masked")
    words.add_argument("--gateway", default="127.0.0.1:4002")
    words.add_argument("--listen", type=int, default=5002)
    asked = words.parse_args()
    host, _, port = asked.gateway.rpartition(":")
    with recording(asked.file, (host, int(port)), asked.account, asked.listen) as recorder, suppress(KeyboardInterrupt):
        recorder.threads[0].join()


if __name__ == "__main__":
    _main()
