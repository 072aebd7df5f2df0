"""One session after the other, for any host: what was seen comes in, orders go out."""
