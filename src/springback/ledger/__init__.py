"""The trial ledger: every look at a period, in one file that only grows."""
