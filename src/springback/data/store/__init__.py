"""The Parquet store: what was known when, written once and swapped whole."""
