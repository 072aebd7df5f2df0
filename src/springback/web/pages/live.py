"""Live against backtest: from the backtest's change of equity to the account's, term by term; and what trading cost."""

from decimal import Decimal
from itertools import accumulate

from springback.operation.attribution_page import NAMES
from springback.operation.attribution_study import AttributionDay, AttributionStudy
from springback.trading.attribution import TERMS
from springback.web.page import Bar, BarList, Block, Column, Line, Page, Picture, Sheet, Tile, Tiles, Words
from springback.web.visit import Visit
from springback.workflow.studies import studies, values

STATES = {"reconciled": "good", "provisional": "warn", "unreconciled": "bad"}
PAIRS = (
    Column("session", "Session", "session"),
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("purpose", "For"),
    Column("quantity", "Shares", "shares", signed=True),
    Column("price", "Price", "cents"),
    Column("modelled", "Backtest's", "cents"),
    Column("opening", "Official open", "cents"),
    Column("fee", "Fee", "cents"),
    Column("slippage_bp", "Slippage, bp", "number", signed=True),
)
COSTS = (
    Column("session", "Session", "session"),
    Column("fees", "Fees", "cents"),
    Column("slippage", "Slippage", "cents"),
    Column("fills", "Fills", "count"),
    Column("share", "Of equity, bp", "number"),
)
SWEEP = (Column("bp", "Slippage, bp", "count"), Column("annual_return", "Return a year", "share"), Column("sharpe", "Sharpe", "number"))
NONE = "No attribution is kept yet: it is worked out for an account at a broker, by 'springback attribution', once a session is booked."


def live(visit: Visit) -> Page:
    """Live against backtest, as it is stored."""
    study = _study(visit)
    if not study.days:
        return Page("Live against backtest", "", (Words(NONE, tone="absent"),))
    blocks: list[Block] = [_tiles(study), _chain(study), _curve(study), _sessions(study), _doubts(study)]
    lost = sum(one.change is None for one in study.days)
    words = f" Of {lost} sessions the account is not known: what it made in them is in no figure here." if lost else ""
    lead = f"{len(study.days)} sessions to {study.days[-1].session}.{words} {study.shadow.sentence}"
    return Page("Live against backtest", lead, tuple(blocks))


def costs(visit: Visit) -> Page:
    """What trading cost: by session, by fill beside the official open, and what the backtest says of dearer trading."""
    lines, study = visit.lines, _study(visit)
    fees, slippage = sum(one.fees for one in lines), sum(one.slippage for one in lines)
    fills = sum(len(one.fills) for one in lines)
    rows = [
        {"session": one.session, "fees": one.fees, "slippage": one.slippage, "fills": len(one.fills)}
        | {"share": 1e4 * (one.fees + one.slippage) / one.equity if one.equity else None}
        for one in lines[::-1]
        if one.fills
    ]
    pairs = [dict(pair) | {"session": day.session} for day in study.days[::-1] for pair in day.pairs]
    numbers = [{key: _plain(value) for key, value in pair.items()} for pair in pairs]
    totals = list(accumulate(one.fees + one.slippage for one in lines))
    words = "Fees and slippage since the first session, dollars; slippage is the loop's model where nobody has said what was filled."
    blocks: list[Block] = [
        Tiles(
            (
                Tile("Fees", fees, "dollars", f"{fills:,} fills"),
                Tile("Slippage", slippage, "dollars", "as the backtest's law has it, unless told"),
                Tile("Cost of a fill", (fees + slippage) / fills if fills else None, "cents", "fees and slippage, mean"),
            )
        ),
        *([Words(str(study.shadow.sentence), tone="quiet")] if study.days else ()),
        Picture("costs", "Costs so far", words, [one.session for one in lines], (Line("costs", totals, "bad", filled=True),), "dollars"),
        *([Sheet("pairs", "Fills beside the backtest's", PAIRS, numbers, most=50)] if numbers else ()),
        *_sweep(),
        Sheet("costs-by-session", "By session", COSTS, rows, nothing="Nothing was traded.", most=30),
    ]
    lead = f"${fees + slippage:,.0f} in {len(lines)} sessions: ${fees:,.0f} of fees and ${slippage:,.0f} of slippage."
    return Page("Costs", lead, tuple(blocks))


def _study(visit: Visit) -> AttributionStudy:
    return AttributionStudy(visit.name, "", ()) if visit.desk is None else visit.desks.study(visit.account)


def _tiles(study: AttributionStudy) -> Tiles:
    residual = float(study.residual)
    states, known = [one.state for one in study.days], sum(one.change is not None for one in study.days)
    return Tiles(
        (
            Tile("The account", float(study.change), "dollars", f"change of equity in {known} sessions"),
            Tile("The backtest", float(study.terms["backtest"]), "dollars", "of the same sessions"),
            Tile("Nobody explains", residual, "cents", "whatever its sign", "bad" if residual else "good"),
            Tile(
                "Reconciled", states.count("reconciled"), "count", f"of {len(states)} sessions, {states.count('provisional')} provisional"
            ),
        )
    )


def _chain(study: AttributionStudy) -> BarList:
    terms = {name: float(value) for name, value in study.terms.items()}
    chosen = [name for name in TERMS if name == "backtest" or terms[name]]
    bars = [
        Bar(NAMES[name][0], terms[name], _dollars(terms[name]), NAMES[name][1], tone="good" if terms[name] >= 0 else "bad")
        for name in chosen
    ]
    bars.append(Bar("The account", float(study.change), _dollars(float(study.change))))
    words = "Each line changes one thing on the way from the backtest to the account; together they are its change, to the cent."
    return BarList("From the backtest to the account", words, tuple(bars))


def _dollars(value: float) -> str:
    return f"{'−' if value < 0 else '+'}${abs(value):,.2f}"


def _curve(study: AttributionStudy) -> Picture:
    known = [one for one in study.days if one.terms is not None and one.change is not None]
    ours = list(accumulate(float(one.change or 0) for one in known))
    theirs = list(accumulate(float(one.terms["backtest"]) if one.terms else 0.0 for one in known))
    lines = (Line("account", ours, "net"), Line("backtest", theirs, "benchmark", dashed=True))
    words = "Change of equity since the first session that could be worked out, dollars."
    return Picture("curves", "Account and backtest", words, [one.session for one in known], lines, "dollars")


def _sessions(study: AttributionStudy) -> Sheet:
    shown = [name for name in TERMS if any(one.terms and one.terms[name] for one in study.days)]
    columns = (
        Column("session", "Session", "session"),
        Column("state", "State", "tone"),
        Column("change", "Account", "cents", signed=True),
        *(Column(name, NAMES[name][0], "cents", signed=True) for name in shown),
        Column("residual", "Residual", "cents", signed=True),
    )
    return Sheet("sessions", "Session by session", columns, [_row(one) for one in study.days[::-1]], most=100)


def _row(one: AttributionDay) -> dict[str, object]:
    terms = {} if one.terms is None else {name: float(value) for name, value in one.terms.items()}
    own = {"session": one.session, "state": one.state, "change": None if one.change is None else float(one.change)}
    return {
        **own,
        **terms,
        "residual": None if one.change is None else float(one.residual),
        "_tone_state": STATES[one.state],
        "_tone_residual": "bad" if one.residual else "",
    }


def _doubts(study: AttributionStudy) -> Sheet:
    rows = [{"session": day.session, "words": str(doubt)} for day in study.days[::-1] for doubt in day.doubts]
    columns = (Column("session", "Session", "session"), Column("words", "In words", wide=True))
    return Sheet("doubts", "Doubts", columns, rows, nothing="None.", most=50)


def _sweep() -> tuple[Block, ...]:
    known = studies("run")
    told = values("run", max(known), "report.json").get("cost_sweep") if known else None
    if not told:
        return ()
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    return (Sheet("sweep", "The backtest under dearer trading", SWEEP, rows, f"Run {max(known)}."),)


def _plain(value: object) -> object:
    """A decimal that JSON kept as a text, as a number."""
    try:
        return float(Decimal(value)) if isinstance(value, str) else value
    except ArithmeticError:
        return value
