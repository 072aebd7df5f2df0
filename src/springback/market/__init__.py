"""The words of the market. Pure: no file, clock, network, randomness or log."""
