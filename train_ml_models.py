"""Trains the long and the short model: the same as `springback train`, at the path everyone expects."""

import sys

from springback.__main__ import command

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    command()
