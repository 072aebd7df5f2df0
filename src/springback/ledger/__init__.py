"""The memory of the house: every look at a period, in one file that only grows."""
