"""The pages: each a function of a visit that returns a page as a value."""
