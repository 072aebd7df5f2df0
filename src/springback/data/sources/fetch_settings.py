"""How vendors are asked, and where they live."""

from dataclasses import dataclass, fields
from datetime import timedelta
from urllib.parse import urlsplit

from springback.errors import SettingsError


@dataclass(frozen=True)
class Fetch:
    """Asking vendors (table `fetch`).

    At most `per_second` questions; each waits `timeout` seconds for an answer and is put `attempts` times, a first pause of `pause` seconds
    doubling, as long as the waiting stays within `patience` seconds; a vendor that asks for a longer pause ends the run. What a vendor told
    less than `fresh_hours` ago is not asked again. `alpaca_batch` names go into one question. `risk_free` is a FRED series of yearly
    percent, `benchmark` a name of the source.

    `yahoo_settled` and its like are minutes after the exchange's close, of a half day too, from which a session's bars are taken. Tiingo
    has them 90 minutes after the close and says that exchanges correct them until 20:00, 4 hours after it (its documentation, 2.1.1). Yahoo
    and Alpaca have the closing auctions within minutes, and without a subscription both tell of a trade 15 minutes late: twice that, and
    what is corrected later is heard on the next evenings. A LEAN folder is read where it lies: who filled it has waited.
    """

    per_second: float = 2.0
    timeout: float = 30.0
    attempts: int = 6
    pause: float = 1.0
    patience: float = 180.0
    fresh_hours: float = 72.0
    yahoo_settled: int = 30
    tiingo_settled: int = 240
    alpaca_settled: int = 30
    lean_settled: int = 0
    alpaca_batch: int = 50
    alpaca_feed: str = "sip"
    risk_free: str = "DGS3MO"
    benchmark: str = "SPY"
    yahoo_url: str = "https://query2.finance.yahoo.com"
    tiingo_url: str = "https://api.tiingo.com"
    tiingo_names_url: str = "https://apimedia.tiingo.com/docs/tiingo/daily/supported_tickers.zip"
    alpaca_url: str = "https://data.alpaca.markets"
    alpaca_names_url: str = "https://paper-api.alpaca.markets/v2/assets"
    cboe_url: str = "https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv"
    fred_url: str = "https://fred.stlouisfed.org/graph/fredgraph.csv"

    def __post_init__(self) -> None:
        limits = {
            "per_second": (0.01, 10_000),
            "timeout": (0.05, 600),
            "attempts": (1, 20),
            "pause": (0.001, 60),
            "patience": (0, 7200),
            "fresh_hours": (0, 8760),
        }
        limits |= {field.name: (0, 1440) for field in fields(self) if field.name.endswith("_settled")}
        for name, (least, most) in (limits | {"alpaca_batch": (1, 200)}).items():
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"fetch.{name} must be {least:g} to {most:g}, was {getattr(self, name):g}")
        if self.alpaca_feed not in {"sip", "iex", "otc"}:
            raise SettingsError(f"fetch.alpaca_feed must be sip, iex or otc, was '{self.alpaca_feed}'", value=self.alpaca_feed)
        for name in (field.name for field in fields(self) if field.name.endswith("_url")):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
                raise SettingsError(
                    f"fetch.{name} must be an address such as https://host without a user in it, was '{parts.hostname or ''}'"
                )

    def settled(self, source: str) -> timedelta:
        """How long after the close the bars of `source` are taken for settled; at once for one that is no vendor."""
        return timedelta(minutes=getattr(self, f"{source}_settled", 0))
