"""What a table's prices are, told by what stands beside them, and the prices of their day that come out of each kind.

One invented market, in whole cents; adjusted by hand: before a split prices times old shares per new, before a dividend times
1 - dividend / last close.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.data.basis import WORDS
from springback.data.sessions import exchange_days
from springback.errors import BadTable, InputError
from springback.market.actions import KINDS
from springback.market.market_data import MarketData
from springback.market.prose import those
from springback.workflow.sources import load_bars

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
DAYS = pd.DatetimeIndex(exchange_days(np.datetime64("2021-01-04"), np.datetime64("2021-12-31")))
NAMES = {"AAA": (60.0, 0.25, 0.6), "BBB": (30.0, 1.5, 0.35), "CCC": (8.0, 10.0, 0.1)}
"""First close, the factor of a split in June, the dividend of a quarter."""
SPLIT_AT, PAID_AT = 110, (30, 70, 150, 200)


def market() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw closes (T, 3) and the events."""
    draw = np.random.default_rng(5)
    closes, events = {}, []
    for name, (first, factor, paid) in NAMES.items():
        steps = draw.normal(0, 0.008, len(DAYS))
        price, out = first, []
        for k, step in enumerate(steps):
            price = price * np.exp(step)
            if k in PAID_AT:
                price -= paid
                events.append((DAYS[k], name, "dividend", paid))
            if k == SPLIT_AT:
                price *= factor
                events.append((DAYS[k], name, "split", factor))
            price = round(price, 2)
            out.append(price)
        closes[name] = np.array(out)
    return pd.DataFrame(closes, index=DAYS), pd.DataFrame(events, columns=["date", "symbol", "event", "value"])


RAW, EVENTS = market()


def adjusted(kinds: tuple[str, ...]) -> pd.DataFrame:
    """RAW adjusted for the events of `kinds`, to four decimals."""
    out = {}
    for name in RAW:
        factor = np.ones(len(DAYS))
        for row in EVENTS[EVENTS.symbol == name].itertuples():
            k = DAYS.get_loc(row.date)
            if row.event in kinds:
                factor[:k] *= row.value if row.event == "split" else 1 - row.value / RAW[name].iloc[k - 1]
        out[name] = RAW[name] * factor
    return pd.DataFrame(out, index=DAYS)


TOLD = {"raw": RAW, "split": adjusted(("split",)), "total": adjusted(("split", "dividend"))}


def frame(close: pd.DataFrame, beside: pd.DataFrame | None = None, digits: int = 4) -> pd.DataFrame:
    parts = []
    for name in close:
        c = close[name].round(digits).to_numpy()
        part = pd.DataFrame({"date": DAYS, "symbol": name, "open": c, "high": c, "low": c, "close": c, "volume": 1_000_000})
        parts.append(part if beside is None else part.assign(adj_close=beside[name].to_numpy()))
    return pd.concat(parts)


def said(market_data: MarketData) -> str:
    (line,) = those(market_data.findings, "prices")
    return line


def value(market_data: MarketData, kind: str) -> list[float]:
    return [float(market_data.actions.value[k]) for k in range(len(market_data.actions.row)) if KINDS[market_data.actions.kind[k]] == kind]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("told", [True, False])
def test_prices_of_every_kind_become_those_of_their_day(word: str, told: bool) -> None:
    market_data = load_bars(frame(TOLD[word], digits=8), events=EVENTS, prices=word if told else None)
    np.testing.assert_allclose(market_data.bars.close, RAW.to_numpy(), atol=2e-3)
    words = {"raw": "as printed", "split": "adjusted for splits", "total": "adjusted for splits and dividends"}
    assert said(market_data).startswith(f"prices: {words[word]}, as")
    assert len(value(market_data, "split")) == 3 and len(value(market_data, "dividend")) == 12


def test_volumes_are_those_of_the_day_too() -> None:
    market_data = load_bars(frame(TOLD["split"], digits=8), events=EVENTS)
    np.testing.assert_allclose(market_data.bars.volume[SPLIT_AT - 1], [250_000, 1_500_000, 10_000_000])
    np.testing.assert_allclose(market_data.bars.volume[SPLIT_AT], 1_000_000)


def test_a_split_that_was_not_adjusted_for_is_left_as_it_is() -> None:
    mixed = TOLD["split"].assign(AAA=RAW["AAA"])
    market_data = load_bars(frame(mixed, digits=8), events=EVENTS, prices="split")
    np.testing.assert_allclose(market_data.bars.close, RAW.to_numpy(), atol=2e-3)
    assert any("AAA" in line and "not at all" in line for line in market_data.findings)


def test_an_adjusted_close_beside_the_printed_one_tells_splits_and_dividends() -> None:
    """No events: Tiingo's and Quandl's layout."""
    market_data = load_bars(frame(RAW, TOLD["total"]))
    np.testing.assert_allclose(market_data.bars.close, RAW.to_numpy(), atol=1e-9)
    assert sorted(value(market_data, "split")) == pytest.approx([0.25, 1.5, 10.0])
    assert sorted(value(market_data, "dividend")) == pytest.approx(sorted(EVENTS[EVENTS.event == "dividend"]["value"]), abs=0.03)


def test_an_adjusted_close_beside_a_split_adjusted_one_tells_dividends() -> None:
    """Yahoo's layout, with the splits from elsewhere, or from nowhere."""
    splits = EVENTS[EVENTS.event == "split"]
    market_data = load_bars(frame(TOLD["split"], TOLD["total"], digits=8), events=splits)
    np.testing.assert_allclose(market_data.bars.close, RAW.to_numpy(), atol=2e-3)
    assert sorted(value(market_data, "dividend")) == pytest.approx(sorted(EVENTS[EVENTS.event == "dividend"]["value"]), abs=0.03)
    bare = load_bars(frame(TOLD["split"], TOLD["total"]))
    assert said(bare).startswith("prices: adjusted for splits, as an adjusted close stands beside") and "taken as they are" in said(bare)


def test_fractions_of_a_cent_tell_and_whole_cents_do_not() -> None:
    assert said(load_bars(frame(TOLD["total"]))).startswith("prices: adjusted for splits and dividends, as")
    market_data = load_bars(frame(RAW))
    assert said(market_data).startswith("prices: taken as printed, and nothing in them tells") and "--prices" in said(market_data)
    assert said(market_data) in str(market_data.origin)


def test_a_word_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="--prices must be raw, split or total, was 'adjusted'"):
        load_bars(frame(RAW), prices="adjusted")


def test_the_record_is_refused_with_all_rows_that_the_prices_contradict() -> None:
    wrong = EVENTS.copy()
    wrong.loc[(wrong.symbol == "AAA") & (wrong.event == "split"), "value"] = 4.0
    wrong.loc[(wrong.symbol == "CCC") & (wrong.event == "dividend") & (wrong.date == DAYS[150]), "value"] = 1000.0
    with pytest.raises(BadTable) as caught:
        load_bars(frame(RAW), events=wrong)
    text = str(caught.value)
    assert "2 rows" in text and "AAA on 2021-06-11" in text and "the inverse fits, 0.25" in text and "1000" in text and "BBB" not in text


@pytest.mark.skipif(not CASES.parent.is_dir(), reason="the folder `shared` is not beside the checkout")
def test_the_case_of_six_rows(tmp_path: Path) -> None:
    case = CASES / "07-split-against-the-prices"
    with pytest.raises(BadTable) as caught:
        load_bars(case / "bars.csv", case / "vix.csv", events=case / "events.csv")
    text = str(caught.value)
    for line, symbol, before, after in [
        (2, "FOUR", "351.28", "86.18"), (4, "THRE", "135.09", "88.55"), (5, "FIVE", "86.26", "69.5"), (6, "TENP", "63.91", "57.91"),
        (7, "PHAN", "47.66", "48.3"), (8, "SMAL", "74.12", "73.17"),
    ]:  # fmt: skip
        assert f"line {line}: {symbol} on 2022-03-15" in text and f"from {before} to {after}" in text
    assert "line 3" not in text and json.dumps(text)
    case = CASES / "13-dividend-larger-than-the-price"
    with pytest.raises(BadTable, match="line 2: SKX on 2021-07-08: the dividend pays 1000") as caught:
        load_bars(case / "bars.csv", case / "vix.csv", events=case / "events.csv")
    assert "LIQ" not in str(caught.value)
