"""How often a person is told."""

from dataclasses import dataclass

from springback.errors import SettingsError


@dataclass(frozen=True)
class Alerts:
    """Messages (table `alerts`); where they go stands in the file of keys, in its table [alerts].

    A cause that was told of is told of again `quiet_hours` later at the earliest, its end at once. With `daily` one message a session
    says that all is well, or what is open: silence is no health. A channel and the outside clock are given `timeout` seconds.
    """

    quiet_hours: float = 6.0
    daily: bool = True
    timeout: float = 10.0

    def __post_init__(self) -> None:
        for name, least, most in (("quiet_hours", 0, 168), ("timeout", 0.1, 120)):
            value = getattr(self, name)
            if not least <= value <= most:
                raise SettingsError(f"alerts.{name} must be {least:g} to {most:g}, was {value:g}", value=value)
