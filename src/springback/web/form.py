"""A form as it was sent."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from springback.web.access import csrf_of


@dataclass(frozen=True)
class Form:
    """The fields of a form, and the cookie of who sent it."""

    fields: Mapping[str, str]
    cookie: str

    def of(self, name: str) -> str:
        """A field; empty where it was not sent."""
        return self.fields.get(name, "")

    @property
    def ours(self) -> bool:
        """Whether it was made for the holder of this cookie."""
        return bool(self.cookie) and secrets.compare_digest(self.of("csrf").encode(), csrf_of(self.cookie).encode())
