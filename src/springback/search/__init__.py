"""The search for settings, and how far what it finds is luck. It holds a last period back and never looks at it."""

from springback.search.knobs import Searchable
from springback.search.search_settings import Optimise

__all__ = ["Optimise", "Searchable"]
