"""Where the dashboard listens, and for how long it knows somebody."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from springback.errors import SettingsError


@dataclass(frozen=True)
class Web:
    """The dashboard (table `web`).

    It listens on `host` and `port`. `origin` is the https address under which others reach it, by a proxy on this machine or by its own
    TLS, which it speaks with the files `certificate` and `key`; empty: nobody else does. A session ends `hours` after its sign-in; after
    `attempts` wrong passwords within a minute whoever gave them waits, each time twice as long. At most `readers` follow its events.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    origin: str = ""
    certificate: str = ""
    key: str = ""
    hours: float = 12.0
    attempts: int = 5
    readers: int = 100

    def __post_init__(self) -> None:
        limits = {"port": (1, 65535), "hours": (0.1, 720), "attempts": (1, 100), "readers": (1, 10_000)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise SettingsError(f"web.{name} must be {least:g} to {most:g}, was {value:g}", value=value)
        parts = urlsplit(self.origin)
        plain = parts.scheme == "https" and bool(parts.hostname) and self.origin == f"https://{parts.netloc}" and "@" not in parts.netloc
        if self.origin and not plain:
            raise SettingsError(f"web.origin must be an address such as https://desk.example, was '{self.origin}'", value=self.origin)
        if bool(self.certificate) != bool(self.key):
            raise SettingsError("web.certificate and web.key go together: name both files, or neither")
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise SettingsError(f"web.host must be an address such as 127.0.0.1, was '{self.host}'", value=self.host)
