"""The front door: sources, quality findings, the universe and the store."""
