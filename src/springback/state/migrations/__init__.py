"""The steps from one schema to the next, each in a module of its own; none is ever changed."""
