"""The journal's two databases, which are the state's."""

from tests.state.conftest import new, postgres, url

__all__ = ["new", "postgres", "url"]
