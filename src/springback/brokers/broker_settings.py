"""Which broker's door, which account, with which keys, and how long it is waited for."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from springback.errors import SettingsError


@dataclass(frozen=True)
class Brokers:
    """Brokers (table `brokers`).

    `account` is the account's number: nothing is sent while it is empty, or the keys open another one. `capital` in dollars bounds what is
    sized on; 0 is the account's equity. `keys` names the table of the owner-only file that holds the keys (paper, live); empty takes those
    of the environment. Alpaca's paper and live accounts differ by `alpaca_url`; IB's gateway is `ib_host`, `ib_port`, `ib_client_id`.
    `ib_borrow` is the file of IB's list of what can be borrowed (empty: nothing can), of which `ib_borrow_fee` percent a year is the most
    that counts as easy; `flex_url` is IB's service of statements.

    The simulated broker fills a share `simulated_partial` of orders in part and turns `simulated_refusal` of them away, by luck of
    `simulated_seed`: faults to rehearse with.

    A request waits `timeout` seconds for an answer. Questions alone are put again, `attempts` times in all, the first pause of `pause`
    seconds doubling, as long as the waiting stays within `patience` seconds; an order is sent once.
    """

    account: str = ""
    capital: float = 0.0
    keys: str = ""
    alpaca_url: str = "https://paper-api.alpaca.markets"
    ib_host: str = "127.0.0.1"
    ib_port: int = 4002
    ib_client_id: int = 1
    ib_borrow: str = ""
    ib_borrow_fee: float = 3.0
    flex_url: str = "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService"
    timeout: float = 10.0
    attempts: int = 5
    pause: float = 0.5
    patience: float = 90.0
    simulated_seed: int = 0
    simulated_partial: float = 0.0
    simulated_refusal: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "capital": (0, 1e12),
            "ib_port": (1, 65535),
            "ib_client_id": (0, 2**31 - 1),
            "ib_borrow_fee": (0, 1000),
            "timeout": (0.01, 120),
            "attempts": (1, 20),
            "pause": (0.001, 60),
            "patience": (0, 600),
            "simulated_seed": (0, 2**31 - 1),
            "simulated_partial": (0, 1),
            "simulated_refusal": (0, 1),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise SettingsError(f"brokers.{name} must be {least:g} to {most:g}, was {value:g}", value=value)
        for name in ("alpaca_url", "flex_url"):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
                raise SettingsError(f"brokers.{name} must be an address such as https://host without a user, was '{parts.hostname or ''}'")
            if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
                raise SettingsError(f"brokers.{name} must be https beyond this machine, keys travel in it: was '{parts.hostname}'")
