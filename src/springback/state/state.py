"""The state database of all accounts: what to ask it and tell it."""

from springback.state.evenings import Evenings
from springback.state.halts import Halts
from springback.state.incidents import Incidents
from springback.state.lease import Leases
from springback.state.orders import Orders
from springback.state.requests import Requests
from springback.state.trading import Trading


class State(Evenings, Halts, Incidents, Leases, Orders, Requests, Trading):
    """The state at a file or a `postgresql://` address; every method takes the account first, and is whole on the disk when it returns.

    SQLite writes ahead (WAL) and waits for the disk (synchronous=FULL), PostgreSQL with synchronous_commit=on. Of two that write one
    waits. Opening brings an older schema to this version's. Raises as `Database` does.
    """
