"""`springback data check` as it is typed: the verdict first, exit code 1 on errors only, the files, the quarantine, two sources."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.market.bars import FIELDS
from springback.market.market_data import MarketData
from springback.market.prose import prose
from springback.market.quarantine import Span
from springback.quality import entry, gate, quality_charts, quarantine
from springback.quality.quality_settings import Quality
from springback.quality.quality_study import QualityStudy
from springback.workflow.sources import open_store
from tests.browser import in_browser, opened
from tests.quality import planted
from tests.terminal import TINY, done, springback


@pytest.fixture(scope="module")
def clean() -> MarketData:
    return planted.market()


def to_csv(market_data: MarketData, path: Path, edit: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> Path:
    """The bars of `market_data` as a plain file."""
    row, column = np.nonzero(~np.isnan(market_data.bars.close))
    frame = pd.DataFrame({"date": market_data.bars.sessions[row].astype(str), "symbol": np.array(market_data.bars.symbols)[column]})
    for name in FIELDS:
        frame[name] = getattr(market_data.bars, name)[row, column]
    edit(frame).to_csv(path, index=False)
    return path


def test_a_clean_store_is_usable_and_leaves_figures_and_a_page(clean: MarketData, tmp_path: Path) -> None:
    entry.fetch(clean, tmp_path / "store")
    said = done(springback(tmp_path, "data", "check")).stdout.splitlines()
    assert said[0].startswith("usable")
    assert said[-1] == "page: runs/check/check.html"
    told = json.loads((tmp_path / "runs" / "check" / "check.json").read_text())
    assert told["usable"] is True
    assert told["verdict"] == said[0]
    assert not (tmp_path / "store" / quarantine.FILE).exists()


def test_an_error_closes_the_gate_and_a_quarantine_opens_it(clean: MarketData, tmp_path: Path) -> None:
    market_data, (day, symbol) = planted.spike(clean)
    entry.fetch(market_data, tmp_path / "store")
    shut = springback(tmp_path, "data", "check")
    assert (shut.returncode, shut.stderr) == (1, "")
    assert shut.stdout.startswith("not usable as it stands: 1 error, ")
    assert f"{symbol} {day}" in shut.stdout
    assert not (tmp_path / "store" / quarantine.FILE).exists()
    held = done(springback(tmp_path, "data", "check", "--quarantine")).stdout
    assert held.splitlines()[0].endswith("; 1 name quarantined")
    assert "quarantine: store/quarantine.json, 1 span; edit it as you like" in held
    (span,) = quarantine.read(tmp_path / "store")
    assert (span.symbol, span.by, span.reason) == (symbol, "springback data check", f"spike: {day}")
    assert span.start < day < span.end
    again = json.loads(done(springback(tmp_path, "data", "check", "--json")).stdout)
    assert again["check"]["quarantine"] == {"spans": 1, "names": 1, "bars": 29}
    spike = next(one for one in again["check"]["findings"] if one["check"] == "spike")
    assert (spike["severity"], spike["left"]) == ("error", 0)


def test_what_the_door_leaves_out_of_a_file_closes_the_gate(clean: MarketData, tmp_path: Path) -> None:
    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame, frame.iloc[[4]]])

    to_csv(clean, tmp_path / "bars.csv", spoil)
    shut = springback(tmp_path, "data", "check", "--path", "bars.csv")
    assert shut.returncode == 1
    assert shut.stdout.startswith("not usable as it stands: ")
    assert "file_duplicate: 1 row stands there twice" in shut.stdout
    assert "stands there twice" in (tmp_path / "runs" / "check" / "check.html").read_text()


def test_two_sources_are_laid_side_by_side(clean: MarketData, tmp_path: Path) -> None:
    column = planted.steady(clean)
    symbol, days = clean.bars.symbols[column], clean.bars.sessions

    def edit(panels: planted.Panels) -> None:
        panels["close"][planted.ROW, column] *= 1.003  # above 0.2 %
        panels["close"][planted.ROW + 1, column] *= 1.001  # below
        panels["volume"][planted.ROW + 2, column] *= 1.2
        planted.blank(panels, planted.ROW + 3, column)

    entry.fetch(clean, tmp_path / "store")
    other = planted.with_split(planted.change(clean, edit), planted.ROW, column, 0.5)
    entry.fetch(other, tmp_path / "second")
    told = json.loads(done(springback(tmp_path, "data", "check", "--against", "second", "--json")).stdout)
    found = {one["check"]: one for one in told["check"]["findings"] if one["check"].startswith("against")}
    expected = {"against_close": 0, "against_volume": 2, "against_absent_there": 3, "against_split": 0}
    assert {check: (one["count"], one["rows"]) for check, one in found.items()} == {
        check: (1, [[str(days[planted.ROW + offset]), symbol]]) for check, offset in expected.items()
    }


def test_sources_that_share_nothing_are_refused(clean: MarketData, tmp_path: Path) -> None:
    entry.fetch(clean, tmp_path / "store")
    (tmp_path / "other.csv").write_text("date,symbol,open,high,low,close,volume\n2001-01-03,ZZZZZ,1,1,1,1,1\n2001-01-04,ZZZZZ,1,1,1,1,1\n")
    found = springback(tmp_path, "data", "check", "--against", "other.csv")
    assert found.returncode == 2
    assert "the two sources share 0 names and 0 sessions" in found.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--store", "nowhere"), "nowhere holds no store"),
        (("--path", "nowhere.csv"), "nowhere.csv does not exist"),
        (("--path", "a.csv", "--store", "b"), "--store and --path both name the data"),
        (("--vix", "vix.csv"), "stand beside a CSV file"),
        (("--path", "a.csv", "--quarantine"), "--quarantine is written beside a store"),
        (("--set", "quality.stale=1"), "quality.stale must be at least 3, was 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    found = springback(tmp_path, "data", "check", *words)
    assert found.returncode == 2
    assert line in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_picture_without_a_price_is_not_drawn(clean: MarketData) -> None:
    """A member without a bar for two hundred sessions has no close around its first."""
    market_data, _ = planted.member_without_bar(clean)
    study = QualityStudy(gate.examine(market_data, Quality()), market_data, (), {})
    assert "members_no_bar" in {one.check for one in study.findings}
    pictures = quality_charts.examples(study)
    assert "example_members_no_bar" not in {one.key for one in pictures}
    assert all(any(value is not None for value in one.traces[0]["y"]) for one in pictures)


@pytest.mark.slow
def test_a_run_respects_the_quarantine_and_says_so(tmp_path: Path) -> None:
    done(springback(tmp_path, "fetch", *TINY))
    market_data, _ = open_store(tmp_path / "store")
    shut = market_data.bars.symbols[::2]
    quarantine.write(tmp_path / "store", [Span(one, "2020-03-01", "2020-06-30", "a test", "me") for one in shut])
    said = done(springback(tmp_path, "run", *TINY)).stdout
    assert "    quarantine: " in said
    folder = tmp_path / "runs" / "latest"
    assert "are left out of training and of every order" in (folder / "report.html").read_text(encoding="utf-8")
    trades = pd.read_csv(next(folder.glob("trades.csv*")))
    opened = trades[trades["symbol"].isin(shut)]
    entry = pd.to_datetime(opened[next(one for one in opened.columns if "entry" in one and "price" not in one)])
    assert not entry.between("2020-03-01", "2020-06-30").any()
    assert len(opened) > 0


@in_browser
def test_the_page_opens_offline_and_draws_everything(clean: MarketData, tmp_path: Path, width: int, scheme: str) -> None:
    entry.fetch(planted.frozen(planted.spike(clean)[0])[0], tmp_path / "store")
    done(springback(tmp_path, "data", "check", "--quarantine"))
    with opened(tmp_path / "runs" / "check" / "check.html", width, scheme) as page:
        assert page.locator(".drawing").count() >= 4
        assert page.locator("section#findings tbody tr").count() >= 2
        assert page.locator("section#quarantine tbody tr").count() >= 1
        box = page.locator("section#findings tbody td:nth-child(6)").first.bounding_box()
        assert width > 640 or box["x"] + box["width"] <= width, "what was found is said beyond the edge"


def test_what_must_not_be_used_is_said_before_the_features(clean: MarketData, tmp_path: Path) -> None:
    market_data, _ = planted.spike(clean)
    entry.fetch(market_data, tmp_path / "store")
    said = done(springback(tmp_path, "features", "--out", "features.csv")).stdout.splitlines()
    shut = next(k for k, line in enumerate(said) if line.startswith("NOT USABLE: "))
    assert "spike" in said[shut]
    assert shut < next(k for k, line in enumerate(said) if line.startswith("8 features of"))


def test_the_findings_of_the_store_stand_beside_the_checks(clean: MarketData, tmp_path: Path) -> None:
    noted = dataclasses.replace(clean, findings=prose(("3 rows are of no symbol and left out",)))
    entry.fetch(noted, tmp_path / "store")
    said = done(springback(tmp_path, "data", "check", "--store", "store")).stdout.splitlines()
    assert said[said.index("noted when the data were read:") + 1] == "  3 rows are of no symbol and left out"
    assert json.loads(done(springback(tmp_path, "data", "check", "--json")).stdout)["notes"] == ["3 rows are of no symbol and left out"]
