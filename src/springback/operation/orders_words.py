"""The orders in words: what is sent, why, what it leaves, and where names left the funnel."""

from datetime import datetime
from zoneinfo import ZoneInfo

from springback.analytics.figures import shown
from springback.operation.explanation import EntryWhy, ExitWhy, FeaturePart
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.morning import Morning
from springback.operation.order_sheet import OrderLine, OrderSheet

NEW_YORK = ZoneInfo("America/New_York")
MINUS, NOTHING = "\u2212", "\u2013"
MOST_NAMES = 6
"""That a heading names one by one."""
STAGE_WORDS = {
    "untraded": ("no trade today", "traded today"),
    "not_member": ("not in the universe", "in the universe"),
    "low_price": ("price too low", "price above the floor"),
    "illiquid": ("too little volume", "enough volume"),
    "quarantined": ("in quarantine", "not in quarantine"),
    "barred": ("restricted or barred", "not barred"),
    "unscored": ("no forecast: a feature is missing", "with a forecast"),
    "not_extreme": ("QPI not extreme", "QPI extreme"),
    "no_bar": ("no bar today", "a bar today"),
    "last_session": ("its last session", "trades on"),
    "in_book": ("in the book already", "not in the book"),
    "not_shortable": ("not shortable", "shortable"),
    "cooling": ("cooling down", "cooled down"),
    "against_trend": ("against the trend", "with the trend"),
    "below_probability": ("probability too low", "probable enough"),
    "no_slot": ("no slot free", "a slot free"),
    "no_shares": ("not one share", "a share at least"),
    "entered": ("ordered", "ordered"),
}
"""What is said of the names that left at each stage of the funnel, and of those that did not."""
REASON_WORDS = {
    "beyond_yesterday": "closed beyond yesterday's range",
    "regime": "the regime turned",
    "recall": "the lender wants the shares back",
    "flatten": "a person has all positions closed",
}
ABSENT_WORDS = {
    "no_model": "The pair that gave the scores is not in the folder of models, so what each feature added is not known.",
    "no_contributions": "The models are scikit-learn's (training.estimator = exact), which tell no contributions.",
}
ENDED_WORDS = {
    "unfilled": "no bar to fill it",
    "replaced": "an exit took its place",
    "delisted": "the name was delisted",
    "split": "a split left no share",
}


def title(morning: Morning) -> str:
    """What is done at the open, as a heading."""
    entries = [(action, [one.symbol for one in morning.sheet.entries if one.action == action]) for action in ("buy", "sell short")]
    parts = [f"{action} {', '.join(names) if len(names) <= MOST_NAMES else f'{len(names)} names'}" for action, names in entries if names]
    closed = len(morning.sheet.exits)
    whole = "; ".join([*parts, *([f"close {closed} positions"] if closed else [])])
    return whole[:1].upper() + whole[1:] if whole else "Nothing is sent"


def when(decision: FrozenDecision) -> str:
    """For which open, by New York's clock."""
    opens = datetime.fromisoformat(decision.next_open).astimezone(NEW_YORK)
    return f"{opens:%a %Y-%m-%d %H:%M} New York"


def flags(morning: Morning) -> list[str]:
    """What must be read before anything is sent."""
    decision = morning.sheet.decision
    general = "; ".join(one.text for one in decision.reasons if not one.symbol) or "no reason is known"
    out = [f"Exits only: {general}."] if decision.exits_only else []
    if decision.alarm_factor != 1.0:
        out.append(f"An alarm is on: new entries have {decision.alarm_factor:g} times their usual gross.")
    if morning.over:
        out.append(f"The open of {when(decision)} has passed: these orders are for the record.")
    split = [one for one in morning.sheet.lines if one.send != one.quantity]
    return out + [f"{one.symbol} splits at this open: frozen {abs(one.quantity):,} \u2192 send {abs(one.send):,}." for one in split]


def regime(decision: FrozenDecision) -> str:
    """The regime and the equity."""
    vix, mean = shown(decision.regime["vix"], "one"), shown(decision.regime["mean"], "one")
    equity = f"equity {shown(decision.equity, 'dollars')} after the close of {decision.session}."
    return f"{decision.regime_name.capitalize()} regime (VIX {vix}, mean {mean}); {equity}"


def reasons(decision: FrozenDecision) -> list[str]:
    """Why something was curbed, a line each."""
    return [one.line for one in decision.reasons]


def account(sheet: OrderSheet) -> str:
    """What the orders cost, and the account after the fills."""
    after = sheet.after
    return (
        f"needs {shown(sheet.bought, 'dollars')} at the open, sales bring {shown(sheet.sold, 'dollars')}; after the fills: "
        f"{after.long} long, {after.short} short, gross {shown(after.gross, 'fraction')}, net {shown(after.net, 'fraction')}, "
        f"largest {after.largest or 'none'} {shown(after.largest_share, 'fraction')} of equity"
    )


def splits(morning: Morning) -> str:
    """What the morning knows of splits."""
    check = morning.splits
    if check.fault is not None:
        return f"Splits of {check.day} could not be asked for: {check.fault}"
    found = ", ".join(f"{symbol} ({1 / factor:g} for 1)" for symbol, factor in check.factors.items())
    heard = f"A split at the open of {check.day}, says {check.source}: {found}." if found else f"No split is known for {check.day}."
    later = f" {check.source} tells a split with the bars of its session, so one may still come: ask your broker."
    return heard if check.ahead else heard + later


def order(line: OrderLine) -> str:
    """What is sent: "buy 400", with what was frozen where a split made it another number."""
    frozen = "" if line.send == line.quantity else f" (frozen {abs(line.quantity):,})"
    return f"{line.action} {abs(line.send):,}{frozen}"


def reason(morning: Morning, line: OrderLine) -> str:
    """Why an order is sent, in one line."""
    return f"{line.rank}. {entry(morning.entry_why(line.symbol))}" if line.entry else exit_(morning.exit_why(line.symbol), line)


def entry(why: EntryWhy | None) -> str:
    """Why a name is entered, in one line."""
    if why is None:
        return NOTHING
    state, direction = ("oversold", "up") if why.side == "long" else ("overbought", "down")
    most = "" if why.absent else f"; most by {why.parts[0].name} {number(why.parts[0].value)}"
    return f"{state}, QPI {why.qpi:.0f}; P({direction}) {shown(why.score, 'fraction')}{most}"


def exit_(why: ExitWhy | None, line: OrderLine) -> str:
    """Why a position is left, in one line."""
    if why is not None and why.stopped and why.level is not None and why.close is not None:
        over = "below" if why.side == "long" else "above"
        return f"stop: closed at ${why.close:,.2f}, {over} ${why.level:,.2f}"
    if why is not None and why.reason == "time_stop":
        return f"time: held {why.age} of {why.limit} sessions"
    return REASON_WORDS.get(line.reason, line.reason)


def sum_of(why: EntryWhy) -> str:
    """How base and contributions make the score; what is missing where they are not known."""
    if why.base is None or why.log_odds is None or why.slope is None or why.intercept is None:
        return ABSENT_WORDS[why.absent]
    score = f"P({'up' if why.side == 'long' else 'down'})"
    own = f"Base {signed(why.base)} and the contributions add up to {signed(why.log_odds)}, the log-odds of"
    if not why.calibrated:
        return f"{own} {score} {shown(why.score, 'fraction')}."
    scale = f"{why.slope:.3g} times it {signed(why.intercept)}"
    return f"{own} the forest's own score; calibrated ({scale}) {score} is {shown(why.score, 'fraction')}."


def part(one: FeaturePart) -> tuple[str, str, str, str]:
    """A feature's name, value, median of the day, and what it added."""
    return one.name, number(one.value), number(one.median), NOTHING if one.contribution is None else signed(one.contribution)


def number(value: float) -> str:
    """A feature's value: three digits that matter."""
    return (f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", MINUS)


def signed(value: float) -> str:
    """A number of log-odds with its sign."""
    return f"{value:+.3f}".replace("-", MINUS)
