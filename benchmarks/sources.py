"""Asking a vendor for many names and going on from what was kept, beside pandas doing the plain part of it, in one run.

    python benchmarks/sources.py [--names 1000] [--years 3]

A server of this machine answers in Tiingo's format, in a process of its own. Ours asks, checks, keeps each answer on disk and makes the
market data; the yardstick is `pandas.read_json` of the same answers and five pivots, which checks and keeps nothing. Then both read what
was kept."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import exchange_calendars
import numpy as np
import pandas as pd

from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.downloads import Downloads
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.gather import gather
from springback.data.sources.keys import Keys
from springback.data.sources.tiingo import Tiingo
from springback.market.bars import FIELDS
from springback.market.origin import Origin
from springback.market.prose import Prose

START = date(2018, 1, 2)


def days_of(years: int) -> list[str]:
    """New York's sessions."""
    end = START + timedelta(days=365 * years)
    return [str(day)[:10] for day in exchange_calendars.get_calendar("XNYS").sessions_in_range(str(START), str(end))]


def serve(years: int) -> None:
    """Answers for any ticker with a random walk of its own until the process ends; prints the port."""
    days = days_of(years)

    class Vendor(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            moves = np.random.default_rng(sum(self.path.encode())).normal(0, 0.015, len(days))
            plain = {"volume": 100000, "divCash": 0.0, "splitFactor": 1.0}
            told = [
                {"date": f"{day}T00:00:00.000Z", "open": one, "high": one + 0.5, "low": one - 0.25, "close": one, **plain}
                for day, one in zip(days, np.round(50 * np.exp(moves.cumsum()), 2).tolist(), strict=True)
            ]
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    print(server.server_port, flush=True)
    server.serve_forever()


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock and of this process's CPU of one call, and what it gave."""
    clock, cpu = time.perf_counter(), time.process_time()
    given = work()
    return time.perf_counter() - clock, time.process_time() - cpu, given


def pivoted(frames: list[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Five panels."""
    frame = pd.concat(frames)
    return {field: frame.pivot(index="date", columns="symbol", values=field) for field in FIELDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.years)
    names = [f"N{k:04d}" for k in range(asked.names)]
    days = days_of(asked.years)
    first, last = START, date.fromisoformat(days[-1])
    beside = VixAndRates({date.fromisoformat(day): 20.0 for day in days}, None)
    words = [sys.executable, __file__, "--serve", "--years", str(asked.years)]
    with tempfile.TemporaryDirectory() as place, subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        vendor = Tiingo(Fetch(per_second=10_000, tiingo_url=address), Keys({"TIINGO_API_KEY": "none"}))

        def ours() -> Any:
            kept = Downloads(Path(place), "tiingo", timedelta(hours=72))
            return assemble(gather(vendor, names, first, last, kept).histories, beside, None, first, last, Origin(words=Prose("drawn")))

        def answer(name: str) -> pd.DataFrame:
            with urllib.request.urlopen(f"{address}/tiingo/daily/{name}/prices?startDate={first}&endDate={last}&format=json") as told:
                return pd.read_json(StringIO(told.read().decode())).assign(symbol=name)

        rounds = [
            ("asked now", timed(ours), timed(lambda: pivoted([answer(name) for name in names]))),
            ("kept", timed(ours), timed(lambda: pivoted([pd.read_parquet(path).assign(symbol=path.stem) for path in files(place)]))),
        ]
        server.kill()
    print(f"{len(names):,} names, {len(days):,} sessions, a server of this machine that answers at once")
    for label, mine, other in rounds:
        assert mine[2].bars.shape == other[2]["close"].shape
        print(
            f"{label:10} {mine[0]:6.2f} s ({mine[1]:.2f} s CPU); pandas {other[0]:.2f} s ({other[1]:.2f} s CPU): "
            f"{mine[0] / other[0]:.2f} times its time"
        )
    print(f"peak memory of all of it {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


def files(place: str) -> list[Path]:
    """What was kept, a file a name."""
    return sorted((Path(place) / "tiingo").glob("*.parquet"))


if __name__ == "__main__":
    main()
