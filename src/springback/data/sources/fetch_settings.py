"""How vendors are asked, and where they live."""

from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from springback.errors import SettingsError


@dataclass(frozen=True)
class Fetch:
    """Asking vendors (table `fetch`).

    At most `per_second` questions; each waits `timeout` seconds for an answer and is put `attempts` times, a first pause of `pause` seconds
    doubling, as long as the waiting stays within `patience` seconds; a vendor that asks for a longer pause ends the run. What a vendor told
    less than `fresh_hours` ago is not asked again. `alpaca_batch` names go into one question. `risk_free` is a FRED series of yearly
    percent, `benchmark` a name of the source.
    """

    per_second: float = 2.0
    timeout: float = 30.0
    attempts: int = 6
    pause: float = 1.0
    patience: float = 180.0
    fresh_hours: float = 72.0
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
