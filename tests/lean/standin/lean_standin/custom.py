"""Custom data: the lines of the files a PythonData subclass names, read as LEAN reads them."""

from bisect import bisect_right
from datetime import datetime
from pathlib import Path
from typing import Any

from lean_standin.data import SubscriptionDataConfig, SubscriptionDataSource, Symbol
from lean_standin.hours import MIDNIGHT
from lean_standin.names import Resolution, SubscriptionTransportMedium
from lean_standin.world import World


class CustomFeed:
    """All data of one custom subscription, ascending by end time."""

    def __init__(self, symbol: Symbol, data: list[Any]) -> None:
        self.symbol = symbol
        self.data = sorted(data, key=lambda datum: datum.end_time)
        self.ends = [datum.end_time for datum in self.data]

    def between(self, after: datetime, until: datetime) -> list[Any]:
        """Data with after < end time <= until."""
        return self.data[bisect_right(self.ends, after) : bisect_right(self.ends, until)]


def read(kind: type, symbol: Symbol, world: World, object_store: Path | None, live: bool) -> CustomFeed:
    """Asks for the source of each session and reads a source once; a missing file is no data, as in LEAN."""
    config = SubscriptionDataConfig(symbol, Resolution.DAILY, kind)
    seen: set[str] = set()
    found = []
    for session in world.sessions:
        day = datetime.combine(session.item(), MIDNIGHT)
        source = kind().get_source(config, day, live)
        if source is None or source.source in seen:
            continue
        seen.add(source.source)
        for line in _lines(source, object_store):
            datum = kind().reader(config, line, day, live)
            if datum is not None:
                if datum.symbol is None:
                    raise ValueError(f"{kind.__name__}.reader must set symbol to config.symbol")
                found.append(datum)
    return CustomFeed(symbol, found)


def _lines(source: SubscriptionDataSource, object_store: Path | None) -> list[str]:
    if source.transport_medium == SubscriptionTransportMedium.OBJECT_STORE:
        path = Path("no-object-store" if object_store is None else object_store) / source.source
    elif source.transport_medium == SubscriptionTransportMedium.LOCAL_FILE:
        path = Path(source.source)
    else:
        raise NotImplementedError("the stand-in reads custom data from local files and the object store only")
    return path.read_text().splitlines() if path.is_file() else []
