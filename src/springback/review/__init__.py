"""The quarterly risk review: pure functions on frames and values, sections as values, one page and one Markdown of the same."""
