"""`python -m springback` is the command `springback`."""

from springback.cli import main

main()
