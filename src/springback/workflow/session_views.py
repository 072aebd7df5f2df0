"""A session as the worlds of an account see it: out of its frozen decision, the store as it was known then and as it is now, the models."""

import ast
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from springback import settings as toml
from springback.data.store.store import Store
from springback.errors import SettingsError
from springback.market.bars import FIELDS
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.evening import Curbs, Terms
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.spoken import session_forecasts
from springback.operation.worlds import Seeing, View
from springback.workflow.catch_up import window
from springback.workflow.curbs import FLATTEN, NO_SHORTING, NOT_SHORT
from springback.workflow.evening import LiveAccount
from springback.workflow.inputs import Loaded
from springback.workflow.models_in_use import models_in_use
from springback.workflow.settings import Settings, hash_of, plain_settings

PANELS = ("qpi", "p_long", "p_short", "adv")


@dataclass(frozen=True)
class Doubt:
    """Why a session is not seen as it was: a `code` and a sentence."""

    code: str
    text: str


def seeing(account: LiveAccount, decision: FrozenDecision, names: Collection[str]) -> tuple[Seeing, tuple[Doubt, ...]]:
    """The session of `decision`, with columns for `names`, and what of it could not be had as it was. Raises as `window` does."""
    known, now = _windows(account, decision, names)
    terms, doubts = _terms(account, decision)
    said = frozen_forecasts(decision, known.market_data)
    today = View(now.market_data, _asked(account, decision, now, said), account.terms)
    then = today if now is known else View(known.market_data, _asked(account, decision, known, said), account.terms)
    return Seeing(today, then, View(known.market_data, said, terms), curbs_of(decision), _sized_on(decision)), doubts


def _windows(account: LiveAccount, decision: FrozenDecision, names: Collection[str]) -> tuple[Loaded, Loaded]:
    """What was known of the session when it was decided, and what is now; a store that was written later knew what it knew first."""
    now = window(account.store, decision.session, account.length, names)
    if decision.hashes.get("data") == now.hash:
        return now, now
    frozen, first = datetime.fromisoformat(decision.frozen_at), Store(account.store).first_told(decision.session)
    known = window(account.store, decision.session, account.length, names, max(frozen, first).isoformat())
    return (known, known) if known.hash == now.hash or _same(known.market_data, now.market_data) else (known, now)


def _same(one: MarketData, other: MarketData) -> bool:
    """Whether two windows say the same of the same sessions and names."""
    if one.bars.symbols != other.bars.symbols or not np.array_equal(one.bars.sessions, other.bars.sessions):
        return False
    panels = [(getattr(one.bars, name), getattr(other.bars, name)) for name in FIELDS]
    panels += [(getattr(one.actions, name), getattr(other.actions, name)) for name in ("row", "name", "kind", "value")]
    panels += [(one.vix, other.vix), (one.last, other.last), (one.ending, other.ending)]
    return all(np.array_equal(here, there, equal_nan=here.dtype.kind == "f") for here, there in panels)


def _asked(account: LiveAccount, decision: FrozenDecision, loaded: Loaded, forecasts: Forecasts) -> Forecasts:
    """What today's models and settings say on these data; what was frozen where all three are the same."""
    models, settings = models_in_use(account.models, decision.session), account.settings
    hashes = (loaded.hash, hash_of(plain_settings(settings)), dict(models.hashes))
    if hashes == tuple(decision.hashes.get(name) for name in ("data", "settings", "models")) and models.champion == decision.champion:
        return forecasts
    return session_forecasts(loaded.market_data, models, settings.universe, settings.strategy.indicator).decisive


def frozen_forecasts(decision: FrozenDecision, market_data: MarketData) -> Forecasts:
    """What the champion said, as panels (T, N) of `market_data` that are NaN before its newest session."""
    table, bars = decision.forecasts(), market_data.bars
    panels = {name: np.full(bars.shape, np.nan) for name in PANELS}
    own = table[table["model"] == decision.champion] if len(table) else table
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    place = [columns.get(symbol, -1) for symbol in own["symbol"]] if len(own) else []
    known = np.array([one >= 0 for one in place], bool)
    for name, panel in panels.items():
        if len(own):
            panel[-1, np.array(place)[known]] = own[name].to_numpy(np.float64)[known]
    return Forecasts(*panels.values())


def curbs_of(decision: FrozenDecision) -> Curbs | None:
    """What kept the decision from entering, as it was frozen; None where it was written too late to decide anything."""
    if decision.kind == "late":
        return None
    named = [one for one in decision.reasons if one.symbol]
    codes, sized = {one.code for one in decision.reasons}, _sized_on(decision)
    return Curbs(
        entries=not decision.exits_only,
        barred=frozenset(one.symbol for one in named if one.code not in NOT_SHORT),
        factor=decision.alarm_factor,
        not_short=frozenset(one.symbol for one in named if one.code in NOT_SHORT),
        shorts=NO_SHORTING not in codes,
        share=1.0 if sized == decision.equity or not decision.equity else sized / decision.equity,
        flatten=FLATTEN in codes,
    )


def _sized_on(decision: FrozenDecision) -> float:
    return decision.equity if decision.sized_on is None else decision.sized_on


def _terms(account: LiveAccount, decision: FrozenDecision) -> tuple[Terms, tuple[Doubt, ...]]:
    """The terms that ran, rebuilt from the knobs that were frozen."""
    if decision.hashes.get("settings") in {None, hash_of(plain_settings(account.settings))}:
        return account.terms, ()
    try:
        settings = toml.build(Settings, toml.nested({name: _value(one) for name, one in decision.settings.items()}))
    except SettingsError as error:
        return account.terms, (Doubt("settings", f"the settings of {decision.session} cannot be read any more: {error}"),)
    return replace(account, settings=settings).terms, ()


def _value(knob: Any) -> Any:
    """A knob as TOML has it; a list was frozen as its text."""
    if isinstance(knob, str) and knob[:1] in "([" and knob:
        return list(ast.literal_eval(knob))
    return knob


def worlds_place(folder: Path, session: str) -> Path:
    """Where the worlds after `session` are kept; they can be made anew."""
    return folder / "worlds" / f"{session}.json"
