"""What a person must know: incidents with their end, and alarms of a score that decays."""

from datetime import datetime

from springback.errors import InputError
from springback.state.database import Database, add, change, found
from springback.state.rows import Alarm, Incident
from springback.state.tables import ALARM, INCIDENT

OPEN = INCIDENT.c.closed_at.is_(None)


class Incidents(Database):
    """The incidents and alarms of each account."""

    def open_incident(self, account: str, incident: Incident) -> Incident:
        """The open incident of this cause: `incident` itself, now kept, or the one that was open before."""
        with self._writing() as connection:
            return (found(connection, Incident, account, INCIDENT.c.cause == incident.cause, OPEN) or add(connection, account, incident))[0]

    def close_incident(self, account: str, cause: str, at: datetime) -> Incident | None:
        """The incident of this cause, now closed; None where none was open."""
        with self._writing() as connection:
            for one in found(connection, Incident, account, INCIDENT.c.cause == cause, OPEN):
                return change(connection, account, one, closed_at=at)
        return None

    def incidents(self, account: str, history: bool = False) -> tuple[Incident, ...]:
        """The open incidents; with `history` the closed ones too."""
        return self._rows(Incident, account, *(() if history else (OPEN,)))

    def notify(self, account: str, n: int, heard: str, at: datetime) -> Incident:
        """Incident `n`, of which `heard` was delivered. Raises `InputError` where there is none."""
        with self._writing() as connection:
            for one in found(connection, Incident, account, INCIDENT.c.n == n):
                return change(connection, account, one, heard=heard, notified_at=at)
        raise InputError(f"account {account} has no incident {n}", value=n)

    def raise_alarm(self, account: str, alarm: Alarm) -> Alarm:
        """The alarm in force for this model: `alarm` itself, now kept, or the one that was there before."""
        with self._writing() as connection:
            same = (ALARM.c.model == alarm.model, ALARM.c.cleared_at.is_(None))
            return (found(connection, Alarm, account, *same) or add(connection, account, alarm))[0]

    def clear_alarm(self, account: str, model: str, by: str, at: datetime) -> Alarm:
        """The alarm of `model`, cleared. Raises `InputError` where none is in force."""
        with self._writing() as connection:
            for one in found(connection, Alarm, account, ALARM.c.model == model, ALARM.c.cleared_at.is_(None)):
                return change(connection, account, one, cleared_by=by, cleared_at=at)
        raise InputError(f"no alarm of model {model} of account {account} is in force", value=model)

    def alarms(self, account: str, history: bool = False) -> tuple[Alarm, ...]:
        """The alarms in force; with `history` the cleared ones too."""
        return self._rows(Alarm, account, *(() if history else (ALARM.c.cleared_at.is_(None),)))
