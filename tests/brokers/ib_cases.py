"""Interactive Brokers as the suites ask for it: the client, a fake Gateway, a fake Flex service and a list of what can be borrowed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from springback.brokers.broker_settings import Brokers
from springback.brokers.flex import Flex
from springback.brokers.interactive_brokers import InteractiveBrokers
from tests.brokers.broker_cases import EVENING, QUICK, Case, at
from tests.brokers.fake_flex import QUERY, TOKEN, FakeFlex, serving
from tests.brokers.fake_tws import FakeTws, running


def gateway() -> FakeTws:
    """The three names of the suite, and SPY, on the fake Gateway, which does not listen yet."""
    fake = FakeTws(at(EVENING))
    fake.enlist("SPY", 600.0, primary="ARCA")
    fake.enlist("AAA", 50.0, opening=51.0)
    fake.enlist("BRK B", 200.0, opening=202.0, primary="NYSE")
    fake.enlist("HARD", 30.0, available=0)
    return fake


def borrow_list(fake: FakeTws, file: Path, at_time: str = "2026.03.03|18:45:02") -> Path:
    """IB's list of shares to borrow, as its FTP server has it."""
    rows = [
        f"{one.symbol}|USD|NAME|{one.con_id}|XXXXXXXX0000|3.1|0.25|{'>' * (one.available >= 10**7)}{one.available}|" for one in fake.stocks
    ]
    head = (f"#BOF|{at_time}", "#SYM|CUR|NAME|CON|ISIN|REBATERATE|FEERATE|AVAILABLE|")
    file.write_text("\n".join((*head, *rows, f"#EOF|{len(rows)}")), encoding="latin-1")
    return file


def settings(fake: FakeTws, **knobs: Any) -> Brokers:
    """Where the fake Gateway listens, with the time-outs of a test."""
    return Brokers(**{**QUICK.__dict__, "ib_port": fake.port, "account": fake.account, **knobs})


def client(fake: FakeTws, flex: Flex | None = None, live: bool = False, **knobs: Any) -> InteractiveBrokers:
    """The client of a running fake Gateway, with its account pinned; as quick as the machine is."""
    broker = InteractiveBrokers(settings(fake, **knobs), live, flex)
    broker.line.pace = 100_000
    return broker


@contextmanager
def ib_case(**knobs: Any) -> Iterator[Case]:
    """The client against the fake Gateway, with the fake Flex service behind it."""
    with tempfile.TemporaryDirectory() as folder, running(gateway()) as fake, serving(FakeFlex(fake)) as service:
        loans = borrow_list(fake, Path(folder) / "usa.txt")
        where = {"ib_borrow": str(loans), "flex_url": service.url, **knobs}
        broker = client(fake, Flex(settings(fake, **where), TOKEN, QUERY), **where)
        try:
            yield Case(broker, fake, mode="paper")
        finally:
            broker.close()
            if broker.flex is not None:
                broker.flex.client.close()
