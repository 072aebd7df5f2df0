"""The options that verbs share, each said once, and the groups in which they come."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no text, only errors.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file laid over settings/default.toml.", show_default=False)]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One knob: table.name=value. May be repeated.", show_default=False)]
StoreFolder = Annotated[Path | None, typer.Option("--store", help="Folder of the Parquet store.", show_default="store")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The store as it was known on that day (its end, UTC).", show_default=False)]
ModelsFolder = Annotated[Path | None, typer.Option("--models-dir", help="Folder of the models.", show_default="models")]
Which = Annotated[
    str | None, typer.Option("--models", help="walk-forward, or fixed: one model for the whole period.", show_default="walk-forward")
]
RunFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Run folder to write; a run there is replaced whole.",
        show_default="runs/DATE_TIME, linked as runs/latest",
    ),
]
Original = Annotated[bool, typer.Option("--original", help="The dates of the original plan (settings/original.toml).")]
ForecastFile = Annotated[
    Path | None, typer.Option("--forecasts", help="File date,symbol,qpi,p_long,p_short,adv_63, instead of models.", show_default=False)
]
BarsFile = Annotated[
    Path | None, typer.Option("--bars", help="File or folder of daily bars, instead of a store: docs/layouts.md.", show_default=False)
]
DataPath = Annotated[
    Path | None, typer.Option("--path", help="File or folder of daily bars, instead of a store: docs/layouts.md.", show_default=False)
]
VixFile = Annotated[Path | None, typer.Option("--vix", help="CSV file date,close of VIX; a store has its own.", show_default=False)]
BenchmarkFile = Annotated[
    Path | None,
    typer.Option(
        "--benchmark",
        help="CSV file date,close of a level to compare with, as SPY's with dividends put back in; likewise.",
        show_default=False,
    ),
]
Method = Annotated[
    str | None, typer.Option("--method", help="walk-forward, or combinatorial: purged cross-validation.", show_default="walk-forward")
]
Symbols = Annotated[
    str | None,
    typer.Option("--symbols", help="A,B,C, or a file with one a line. Default: all that the source lists.", show_default=False),
]
FirstDay = Annotated[str | None, typer.Option("--start", help="First day asked for.", show_default="where its store ends, or 2017-01-03")]
LastDay = Annotated[str | None, typer.Option("--end", help="Last day asked for.", show_default="the newest settled session")]
KeysFile = Annotated[
    Path | None, typer.Option("--keys", help="TOML file of API keys, rights 0600.", show_default="~/.config/springback/keys.toml")
]
DownloadsFolder = Annotated[
    Path | None,
    typer.Option("--downloads", help="Folder of what vendors have told; a fetch goes on from it.", show_default="downloads"),
]
MembersFile = Annotated[
    Path | None, typer.Option("--members", help="CSV file symbol,start,end of index membership; likewise.", show_default=False)
]
EventsFile = Annotated[
    Path | None,
    typer.Option("--events", help="CSV file date,symbol,event,value of splits, dividends, delistings; likewise.", show_default=False),
]
PricesAre = Annotated[
    str | None,
    typer.Option("--prices", help="What a table of bars holds: raw, split or total (adjusted for dividends too). Default: the data tell."),
]
RatesFile = Annotated[
    Path | None,
    typer.Option("--interest-rate", help="CSV file date,rate in percent: the risk-free rate of LEAN's statistics.", show_default=False),
]
Scheduler = Annotated[str | None, typer.Option("--cluster", help="Address of a Dask scheduler; default: this machine's cores.")]


@dataclass(frozen=True)
class Output:
    """How a verb speaks."""

    as_json: Json = False
    quiet: Quiet = False


@dataclass(frozen=True)
class Knobs:
    """The settings of a verb."""

    settings: SettingsFile = None
    sets: Sets = None


@dataclass(frozen=True)
class Plan:
    """The settings of a verb that has a window."""

    original: Original = False
    settings: SettingsFile = None
    sets: Sets = None


@dataclass(frozen=True)
class Stored:
    """A store."""

    store: StoreFolder = None
    as_of: AsOf = None


@dataclass(frozen=True)
class Tables:
    """Files that stand beside bars."""

    vix: VixFile = None
    members: MembersFile = None
    events: EventsFile = None
    prices: PricesAre = None
    benchmark: BenchmarkFile = None


@dataclass(frozen=True)
class Request:
    """What a vendor is asked for."""

    symbols: Symbols = None
    start: FirstDay = None
    end: LastDay = None
    keys: KeysFile = None
    downloads: DownloadsFolder = None


@dataclass(frozen=True)
class Models:
    """Whose forecasts."""

    models_dir: ModelsFolder = None
    models: Which = None
