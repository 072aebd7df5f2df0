"""Trains the long and the short model: the same as `springback train`, at the path everyone expects."""

import sys

from springback.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()
