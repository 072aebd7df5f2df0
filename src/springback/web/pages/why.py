"""Why each order was given, and why the others were not: contributions of the features, and the funnel that names leave."""

from collections.abc import Mapping
from typing import Any

from springback.errors import MissingData
from springback.market.symbols import is_symbol
from springback.operation.explanation import EntryWhy, ExitWhy
from springback.operation.frozen_decision import FrozenDecision
from springback.web.page import Bar, BarList, Block, Choice, Column, Facts, Page, Sheet, Words
from springback.web.pages.parts import session_links
from springback.web.visit import Visit
from springback.workflow.orders import why as what_became

FEATURE = {
    "qpi_3day": "QPI of 3 days",
    "rsi_14": "RSI of 14 days",
    "bb_position": "place in the Bollinger band",
    "volume_surge": "volume against its mean",
    "mom_5": "momentum of 5 days",
    "mom_10": "momentum of 10 days",
    "mom_20": "momentum of 20 days",
    "vol_ratio": "volatility, short to long",
}
STAGES = {
    "untraded": "no bar in the session",
    "not_member": "no member of the index",
    "low_price": "price too low",
    "illiquid": "not liquid enough",
    "quarantined": "in quarantine",
    "barred": "kept from entry that evening",
    "unscored": "without a forecast",
    "not_extreme": "not extreme enough",
    "no_bar": "no bar to be decided on",
    "last_session": "in its last session",
    "in_book": "held already",
    "not_shortable": "not to be borrowed",
    "cooling": "left too short a time ago",
    "against_trend": "against the trend",
    "below_probability": "probability too low",
    "no_slot": "no slot was free",
    "no_shares": "no whole share",
    "entered": "entered",
}
EXITS = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("side", "Side"),
    Column("reason", "Why"),
    Column("close", "Close", "cents"),
    Column("entry_price", "Entry", "cents"),
    Column("level", "Stop", "cents"),
    Column("age", "Sessions held", "count"),
    Column("limit", "At most", "count"),
)
ABSENT = {"no_model": "The pair that gave the score is not at hand.", "no_contributions": "Its estimator knows no contributions."}


def why(visit: Visit) -> Page:
    """Why this trade. Raises `MissingData` before the first evening."""
    decision = visit.decision
    found = visit.desks.explanation(visit.account, decision)
    blocks: list[Block] = [session_links(visit, "why"), _ground(decision)]
    for entry in found.entries:
        blocks += _entry(entry)
    if not found.entries:
        blocks.append(Words("Nothing is bought or sold short; 'Why no trade' says where the names left.", tone="absent"))
    blocks.append(Sheet("exits", "What is closed", EXITS, [_exit(one) for one in found.exits], nothing="Nothing is closed."))
    barred = [{"symbol": one.symbol, "code": one.code.replace("_", " "), "text": one.text} for one in decision.reasons if one.symbol]
    columns = (Column("symbol", "Symbol", link="symbol?symbol={symbol}"), Column("code", "What"), Column("text", "In words", wide=True))
    blocks.append(Sheet("cuts", "Kept from entry", columns, barred, nothing="No name was kept from entry."))
    lead = f"{len(found.entries)} entries and {len(found.exits)} exits, decided after the close of {decision.session}."
    return Page("Why this trade", lead, tuple(blocks))


def _ground(decision: FrozenDecision) -> Facts:
    vix, mean = decision.regime.get("vix"), decision.regime.get("mean")
    words = f"{decision.regime_name}: VIX {vix:.2f}, its mean {mean:.2f}" if vix is not None and mean is not None else "not known"
    pairs = (
        ("Regime", words),
        ("Champion", decision.champion or "none", "code"),
        ("Settings", decision.settings_version or "no signed version"),
        ("Gross of entries", decision.alarm_factor, "share"),
        ("Data", str(decision.hashes.get("data", ""))[:16], "code"),
    )
    return Facts("", pairs)  # type: ignore[arg-type]


def _entry(entry: EntryWhy) -> list[Block]:
    word = "P(up)" if entry.side == "long" else "P(down)"
    extreme = "oversold" if entry.side == "long" else "overbought"
    text = f"Rank {entry.rank} of the {entry.side} side: {extreme}, QPI {entry.qpi:.0f}, {word} {entry.score:.1%}."
    if entry.absent:
        return [Words(f"{text} {ABSENT[entry.absent]}", entry.symbol)]
    bars = tuple(
        Bar(
            FEATURE.get(one.name, one.name),
            one.contribution or 0.0,
            f"{one.contribution or 0.0:+.3f}".replace("-", "−"),
            f"{one.value:.3g}, the median name {one.median:.3g}".replace("-", "−"),
            tone="good" if (one.contribution or 0) > 0 else "quiet",
        )
        for one in entry.parts[:5]
    )
    calibrated = " The score is calibrated, the contributions are the forest's own." if entry.calibrated else ""
    return [BarList(entry.symbol, f"{text} What the five weightiest features added to the log-odds.{calibrated}", bars)]


def _exit(one: ExitWhy) -> dict[str, Any]:
    return {**vars(one), "reason": one.reason.replace("_", " ")}


def why_not(visit: Visit) -> Page:
    """Why no trade: the funnel of both sides, and where one name left it. Raises `MissingData` before the first evening."""
    decision, symbol = visit.decision, visit.query.get("symbol", "").strip().upper()
    blocks: list[Block] = [session_links(visit, "why-not"), Choice({"symbol": ("Symbol", symbol, ())}, "Where did it leave?")]
    if symbol:
        blocks.append(_name(decision, symbol))
    for side, stages in decision.funnel.items():
        blocks.append(_funnel(side, stages))
    rows = [
        _stage(side, key, one)
        for side, stages in decision.funnel.items()
        for key, one in stages.items()
        if one["count"] and key not in ("universe", "entered")
    ]
    columns = (
        Column("side", "Side"),
        Column("stage", "Left because"),
        Column("count", "Names", "count"),
        Column("best", "The best lost", link="symbol?symbol={best}"),
    )
    blocks.append(Sheet("funnel", "The funnel as a table", columns, rows, nothing="No name left."))
    counts = {side: stages.get("entered", {}).get("count", 0) for side, stages in decision.funnel.items()}
    begun = max((stages.get("universe", {}).get("count", 0) for stages in decision.funnel.values()), default=0)
    chosen = f"{counts.get('long', 0)} were to be bought and {counts.get('short', 0)} to be sold short"
    lead = f"Of {begun} names, {chosen} after the close of {decision.session}."
    return Page("Why no trade", lead, tuple(blocks))


def _name(decision: FrozenDecision, symbol: str) -> Words:
    if not is_symbol(symbol):
        raise MissingData(f"'{symbol[:32]}' is no symbol: give one such as AAPL")
    found = what_became(decision, symbol)
    if not found.departures:
        return Words(f"{symbol} was not in the universe that evening, or there is no such name.", tone="warn")
    ways = "; ".join(f"{one.side} side: {STAGES.get(one.stage, one.stage)}" for one in found.departures)
    said = "" if found.qpi is None else f" QPI {found.qpi:.0f}, P(up) {found.p_long:.1%}, P(down) {found.p_short:.1%}."
    return Words(f"{symbol}: {ways}.{said}", tone="quiet")


def _funnel(side: str, stages: Mapping[str, Mapping[str, Any]]) -> BarList:
    left = int(stages.get("universe", {}).get("count", 0))
    bars = [Bar("in the universe", left, f"{left:,}")]
    for key, one in stages.items():
        if key not in ("universe", "entered") and one["count"]:
            left -= int(one["count"])
            more = f"the best lost: {one['best']}" if one.get("best") else ""
            bars.append(Bar(STAGES.get(key, key), left, f"{left:,} left", f"−{one['count']:,}{', ' if more else ''}{more}", tone="quiet"))
    entered = int(stages.get("entered", {}).get("count", 0))
    bars.append(Bar("entered", entered, f"{entered:,}", tone="good"))
    return BarList(f"{side.capitalize()} side", "How many names are left after each test, and the best one that it cost.", tuple(bars))


def _stage(side: str, key: str, one: Mapping[str, Any]) -> dict[str, Any]:
    return {"side": side, "stage": STAGES.get(key, key), "count": one["count"], "best": one.get("best")}
