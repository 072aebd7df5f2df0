"""From a store to a report in a cold process, models ready: seconds and peak memory, beside reading the same bars with pandas.

The market is a demo of 3,000 names and four years of backtest (W4), drawn and trained once into a temporary folder. The yardstick is the
least that any pandas pipeline must do before it begins: read the same Parquet files and pivot the closes, in a cold process too.
Run: python benchmarks/report.py [--names 3000]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PANDAS = """
import pandas as pd, sys, glob
frame = pd.concat(pd.read_parquet(f) for f in glob.glob(sys.argv[1] + "/bars/*/*.parquet"))
for field in ("open", "high", "low", "close", "volume"):
    frame.pivot(index="date", columns="symbol", values=field)
"""
PEAK = "import resource, sys; sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
WRAP = f"import subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); {PEAK}"


def timed(*command: str) -> tuple[float, float]:
    """Seconds and peak GiB of a cold process."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", WRAP, *command], check=True, capture_output=True, text=True)
    return time.perf_counter() - started, int(done.stderr.split()[-1]) / 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    names = parser.parse_args().names
    with tempfile.TemporaryDirectory() as folder:
        store, models, out = (str(Path(folder) / part) for part in ("store", "models", "run"))
        verb = (sys.executable, "-m", "springback")
        places = ("--quiet", "--store", store, "--models-dir", models, "--out", out)
        first = timed(*verb, "run", "--source", "demo", "--set", f"demo.names={names}", *places)
        print(f"first run, everything trained        {first[0]:7.1f} s   {first[1]:5.2f} GiB")
        again = timed(*verb, "backtest", *places)
        print(f"store to report, walk-forward ready  {again[0]:7.1f} s   {again[1]:5.2f} GiB   (target 12 s, 2 GiB)")
        plain = timed(sys.executable, "-c", PANDAS, store)
        print(f"pandas: read and pivot the bars      {plain[0]:7.1f} s   {plain[1]:5.2f} GiB")
        print(f"ratio: store to report takes {again[0] / plain[0]:.1f} times as long as pandas takes to read and pivot")


if __name__ == "__main__":
    main()
