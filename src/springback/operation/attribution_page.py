"""attribution.html: from the backtest to the account, on one page that opens without a network."""

from decimal import Decimal
from itertools import accumulate

from springback.analytics import page as pages
from springback.analytics import palette
from springback.analytics.cells import Cell, Table
from springback.analytics.charts import DOLLARS, Chart, axis, layout
from springback.analytics.figures import shown
from springback.operation.attribution_study import AttributionDay, AttributionStudy
from springback.trading.attribution import TERMS

ROOM = "springback.operation"
NAMES = {
    "backtest": ("Backtest", "The backtest of today, on today's data."),
    "data": ("Data", "What was restated since the decision."),
    "signal": ("Signal", "Models, settings and program that ran."),
    "refused": ("Refused", "Names and entries that were not allowed."),
    "sizing": ("Sizing", "The account's own equity, in whole shares."),
    "opportunity": ("Opportunity", "What was not filled, or in part."),
    "price": ("Price", "Fill prices beside those of the backtest."),
    "stops": ("Stops", "Stop fills beside those of the backtest."),
    "fees": ("Fees", "Commissions and regulatory fees."),
    "financing": ("Financing", "Interest and borrow fees as booked."),
    "events": ("Events", "Dividends, corporate actions, corrections."),
    "foreign": ("Foreign", "Other hands, deposits, an inherited book."),
}
CENT = 0.005
TONES = {"reconciled": "badge good", "unreconciled": "badge bad", "provisional": "badge"}
PAPER = "Paper fills at the quote, pays no dividends and charges no borrow: what fills cost here says nothing of real money."
MODES = {"paper": "PAPER", "live": "LIVE", "rehearsal": "REHEARSAL"}


def page(study: AttributionStudy) -> str:
    """The whole page as text; the same bytes for the same study."""
    return pages.render(
        "attribution.html",
        ROOM,
        title=title(study),
        study=study,
        mode=MODES.get(study.mode, ""),
        flags=flags(study),
        tiles=_tiles(study),
        tables={"terms": _terms(study), "days": _days(study), "fills": _fills(study)},
        charts={"worlds": [waterfall(study)] if study.days else []},
    )


def title(study: AttributionStudy) -> str:
    """The finding in one line."""
    if not study.days:
        return "No session was attributed yet"
    bad = sum(one.state == "unreconciled" for one in study.days)
    if bad:
        return f"{bad} of {len(study.days)} sessions are not reconciled"
    return f"Explained to the cent: {len(study.days)} {'session' if len(study.days) == 1 else 'sessions'}"


def flags(study: AttributionStudy) -> list[str]:
    """What must be read first."""
    told = [f"{one.session}: {doubt}" for one in study.days for doubt in one.doubts]
    if study.mode == "rehearsal":
        told.insert(0, "A rehearsal: nothing here happened at a market.")
    if study.mode == "paper":
        told.insert(0, PAPER)
    return told


def money(value: Decimal) -> str:
    """Dollars and cents with their sign."""
    return f"{'−' if value < 0 else ''}${abs(value):,.2f}"


def _tiles(study: AttributionStudy) -> list[tuple[str, str, str]]:
    shadow, whole = study.shadow, study.terms
    slippage = "–" if shadow.mean is None else f"{shown(shadow.mean.mean, 'one')} bp"
    span = f"{study.days[0].session} to {study.days[-1].session}" if study.days else ""
    return [
        ("Account", money(study.change), span),
        ("Backtest", money(whole["backtest"]), f"on today's data; {money(study.change - whole['backtest'])} between them"),
        ("Not explained", money(study.residual), "must be $0.00 every session"),
        ("Slippage at the open", slippage, str(shadow.sentence)),
    ]


def _terms(study: AttributionStudy) -> Table:
    rows = tuple((Cell(NAMES[name][0], left=True), Cell(NAMES[name][1], left=True), _money(value)) for name, value in study.terms.items())
    last = (Cell("Account", left=True), Cell("Cash, positions at the store's closes, dividends to come.", left=True), _money(study.change))
    return Table("Terms", "", (("World", True), ("What it changes", True), ("Dollars", False)), (*rows, last), (len(rows),))


def _money(value: Decimal) -> Cell:
    return Cell(money(value), "quiet" if not value else "")


def _days(study: AttributionStudy) -> Table:
    names = [name for name in TERMS if any(one.terms and one.terms[name] for one in study.days)]
    heads = (("Session", True), ("State", True), ("Account", False), ("Residual", False), *((NAMES[name][0], False) for name in names))
    return Table(
        "Sessions", "Terms that were nothing every session are left out.", heads, tuple(_row(one, names) for one in _newest(study))
    )


def _newest(study: AttributionStudy) -> list[AttributionDay]:
    return list(reversed(study.days))


def _row(one: AttributionDay, names: list[str]) -> tuple[Cell, ...]:
    terms = [_money(one.terms[name]) if one.terms is not None else Cell("–", "quiet") for name in names]
    residual = Cell(money(one.residual), "bad" if one.residual else "quiet")
    change = Cell("–", "quiet") if one.change is None else Cell(money(one.change))
    return (Cell(one.session, left=True), Cell(one.state, TONES[one.state], left=True), change, residual, *terms)


def _fills(study: AttributionStudy) -> Table:
    heads = (
        *(("Session", True), ("Name", True), ("For", True), ("Shares", False), ("Price", False), ("Official open", False)),
        *(("Auction", False), ("Basis points", False)),
    )
    rows = []
    for day in _newest(study):
        for one in day.pairs:
            prices = [Cell("–" if one[name] is None else f"${float(one[name]):,.2f}") for name in ("price", "opening", "auction")]
            cost = Cell("–" if one["slippage_bp"] is None else shown(float(one["slippage_bp"]), "one"))
            told = (Cell(day.session, left=True), Cell(str(one["symbol"]), left=True), Cell(str(one["purpose"]), left=True))
            rows.append((*told, Cell(f"{int(float(one['quantity'])):+,}".replace("-", "−")), *prices, cost))
    return Table("Fills beside the official open", str(study.shadow.sentence), heads, tuple(rows[:200]))


def waterfall(study: AttributionStudy) -> Chart:
    """From the backtest over each term to the account, dollars."""
    names = [name for name in TERMS if name == "backtest" or study.terms[name]]
    steps = [(NAMES[name][0], float(study.terms[name])) for name in names]
    left = float(study.change) - sum(size for _, size in steps)
    steps += [("Not explained", left)] if abs(left) >= CENT else []
    sizes = [size for _, size in steps]
    colours = [palette.INK, *(palette.LONG if one >= 0 else palette.SHORT for one in sizes[1:]), palette.INK]
    ends = [*sizes, float(study.change)]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [*(name for name, _ in steps), "Account"],
        "x": ends,
        "base": [0.0, *accumulate(sizes[:-1]), 0.0],
        "marker": {"color": colours},
        "text": [money(Decimal(f"{one:.2f}")) for one in ends],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{text}<extra></extra>",
    }
    frame = layout(60 + 30 * len(colours), bargap=0.3, showlegend=False, hovermode="closest")
    reached = [0.0, *accumulate(sizes), ends[-1]]
    low, high = min(reached), max(reached)
    room = 0.38 * (high - low)  # for the labels, on a narrow screen too
    span = [low - (room if low < 0 else 0.0), high + room]
    frame |= {"xaxis": axis(showgrid=True, tickformat=DOLLARS, zeroline=True, nticks=5, range=span), "yaxis": axis(autorange="reversed")}
    caption = "Each step changes one thing, in this order; terms that are nothing are left out. Together they are the account to the cent."
    return Chart("worlds", "Step by step", caption, [trace], frame)
