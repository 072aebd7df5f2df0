"""The knobs of the monitor."""

from dataclasses import dataclass

from springback.errors import SettingsError


@dataclass(frozen=True)
class Monitor:
    """How live forecasts are watched.

    `alarm_size` is what an alarm multiplies the gross of new entries by, until a person clears it or another champion takes over.
    `allowance`, in standard deviations of the daily score, is forgiven each session; `false_alarms` is how often `sessions` in which
    nothing changed may end in an alarm (the reference is a sample too: `decay.Decay.rate` measures what comes out). Resamples take whole
    sessions in blocks of `block` on average. `drift_sessions`, the newest, are held against the reference.
    """

    alarm_size: float = 0.5
    allowance: float = 0.25
    false_alarms: float = 0.05
    sessions: int = 252
    block: int = 20
    draws: int = 1000
    drift_sessions: int = 63
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.alarm_size <= 1:
            raise SettingsError(f"monitor.alarm_size must lie between 0 and 1, was {self.alarm_size}", value=self.alarm_size, limit=1)
        if not 0 < self.false_alarms < 1:
            raise SettingsError(f"monitor.false_alarms must lie between 0 and 1, was {self.false_alarms}", value=self.false_alarms)
        if not self.allowance >= 0:
            raise SettingsError(
                f"monitor.allowance must be at least 0 standard deviations, was {self.allowance}", value=self.allowance, limit=0
            )
        for name, least in (("sessions", 1), ("block", 1), ("draws", 100), ("drift_sessions", 5), ("seed", 0)):
            if getattr(self, name) < least:
                raise SettingsError(f"monitor.{name} must be at least {least}, was {getattr(self, name)}", limit=least)
