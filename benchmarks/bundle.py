"""The bundle of real prices into a store: what is known of it and stands in none of its tables, as facts for the reader of yearly files.

Run: python benchmarks/bundle.py ../shared/data STORE
"""

import argparse
from pathlib import Path

from springback.data.files import csv_folder
from springback.data.files.folder_facts import FolderFacts
from springback.quality import entry, quarantine
from springback.quality.remarks import remarked

FACTS = FolderFacts(
    title="Real prices of Russell 3000 members, point in time, delisted names included",
    biases=(
        "5 to 9 % of member-days have no price",
        "some series stop at a snapshot, not at their end, most from 2018-07 to 2020-12",
        "additions between the June lists are absent and takeovers stay listed",
        "many names of 2020-12 to 2024-03 have closes only",
        "the last price of a bankrupt name is not what was recovered",
        "dividends are inferred and partly missing",
    ),
    worthless=("FRC", "SBNY", "SIVB"),  # banks closed by their supervisors in 2023
    decimals={"S": 2},
    carried=("C", "N", "R", "U"),
    worked_out=("detected",),
    absent_splits=(("TSLA", "2020-08-31", 5),),
)


def main() -> None:
    """Reads the folder and writes the store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("store", type=Path)
    options = parser.parse_args()
    market_data = remarked(csv_folder.read(options.folder, facts=FACTS))
    manifest = entry.fetch(quarantine.imposed(market_data, market_data.quarantine), options.store)
    span = f"{manifest['first_session']} to {manifest['last_session']}"
    print(f"{options.store}: {manifest['names']:,} names, {span}, content hash {manifest['content_hash']}")


if __name__ == "__main__":
    main()
