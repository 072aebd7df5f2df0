"""The regime: VIX against its threshold, session by session, and what the regime was worth in the newest backtest."""

from collections.abc import Sequence

from springback.errors import MissingData
from springback.web.page import Block, Column, Line, Page, Picture, Sheet, Tile, Tiles, Words
from springback.web.pages.parts import bear_spells
from springback.web.visit import Visit
from springback.workflow.history import SessionLine
from springback.workflow.studies import studies, values

OVERLAYS = {
    "model": "the model",
    "regime": "the regime",
    "stop": "the stop",
    "time stop": "the time stop",
    "ADV cap": "the cap on mean volume",
}
COLUMNS = (
    Column("part", "Without"),
    Column("touched", "It touched", "count"),
    Column("of_what", "What it touched", wide=True),
    Column("annual_return", "Return a year", "share"),
    Column("sharpe", "Sharpe", "number"),
)


def regime(visit: Visit) -> Page:
    """The page. Raises `MissingData` before the first evening."""
    lines = visit.lines
    if not lines:
        raise MissingData("nothing is decided yet: 'springback daily' decides the first evening")
    multiple, newest = visit.settings.regime.multiple, lines[-1]
    bears = sum(one.regime == "bear" for one in lines)
    limit = None if newest.mean is None else multiple * newest.mean
    lead = f"After the close of {newest.session} the regime is {newest.regime}; it was bear in {bears} of {len(lines)} sessions."
    blocks: list[Block] = [
        Tiles(
            (
                Tile("Regime", newest.regime, tone="warn" if newest.regime != "bull" else ""),
                Tile("VIX", newest.vix, "number"),
                Tile("Threshold", limit, "number", f"{multiple:g} times the mean of {visit.settings.regime.window} sessions"),
                Tile("Bear sessions", bears / len(lines), "share", f"{bears} of {len(lines)}"),
            )
        ),
        _picture(lines, multiple),
        *_worth(),
        _spells(lines),
    ]
    return Page("Regime", lead, tuple(blocks))


def _picture(lines: Sequence[SessionLine], multiple: float) -> Picture:
    limits = [None if one.mean is None else multiple * one.mean for one in lines]
    words = "VIX at each close and the threshold above which the rule holds the market for a bear; shaded: bear regime."
    parts = (Line("VIX", [one.vix for one in lines], "net"), Line("threshold", limits, "bad", dashed=True))
    return Picture("vix", "VIX against its threshold", words, [one.session for one in lines], parts, "number", bear_spells(lines))


def _worth() -> tuple[Block, ...]:
    """What the newest backtest says of the rule without each of its parts."""
    known = studies("run")
    told = values("run", max(known), "report.json").get("overlays") if known else None
    if not told:
        return (Words("No backtest tells what the regime was worth: run one with 'springback backtest'.", "What it was worth", "absent"),)
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    figures = values("run", max(known)).get("figures", {})
    whole = {name: figures.get(name, {}).get("value") for name in ("annual_return", "sharpe")}
    rows = [one | {"part": OVERLAYS.get(str(one["overlay"]), str(one["overlay"]).replace("_", " "))} for one in rows]
    rows.insert(0, {"part": "nothing: the whole rule", **whole})
    note = f"The rule of run {max(known)} without one part at a time, net of costs."
    return (Sheet("worth", "What it was worth", COLUMNS, rows, note),)


def _spells(lines: Sequence[SessionLine]) -> Sheet:
    order = {one.session: k for k, one in enumerate(lines)}
    rows = [{"first": first, "last": last, "sessions": order[last] - order[first] + 1} for first, last in bear_spells(lines)][::-1]
    columns = (
        Column("first", "First session", "session"),
        Column("last", "Last session", "session"),
        Column("sessions", "Sessions", "count"),
    )
    return Sheet("spells", "Spells of bear regime", columns, rows, nothing="None since the account was opened.")
