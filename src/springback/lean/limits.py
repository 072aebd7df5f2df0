"""What LEAN's data folder cannot hold, in words: nothing is left out or rounded in silence."""

from collections.abc import Iterator

from springback.lean.export_log import Counts

FINDINGS = {
    "names_without_bars": "{n} names have no bar that LEAN can hold: they are not exported",
    "marks": "{n} rows are marks (no open, high or low, or no volume): nothing was traded, they are left out",
    "beyond": "{n} bars have a price under 1/10,000 dollar, or a price or volume out of range: left out",
    "rounded": "{n} bars have a price finer than 1/10,000 dollar: rounded to it",
    "part_shares": "{n} volumes are not whole shares: rounded",
    "actions_left_out": "{n} splits and dividends are left out: before a name's second bar, after its last, or as large as its close",
    "dividends_in_cents": "{n} dividends are not whole cents: LEAN pays them rounded to the cent",
    "bankrupt": "{n} names became worthless: LEAN closes them at their last close",
    "renames_unused": "{n} renames fit no name and session of the bars: passed over",
    "vix_absent": "{n} sessions have no VIX close",
}


def findings(counts: Counts, moved: int, spans: int = 0) -> Iterator[str]:
    """What a reader should know, one line each."""
    for name, text in FINDINGS.items():
        if counts.get(name):
            yield text.format(n=f"{counts[name]:,}")
    if spans:
        yield f"{spans:,} spans of the quarantine go along in springback/barred.csv: no order is given there"
    if moved:
        yield f"{moved:,} files of others stood where the export writes: they are in springback/kept now"
