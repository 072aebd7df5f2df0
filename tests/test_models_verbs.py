"""`springback retrain`, `models`, `promote` and `rollback` as a user meets them."""

import json
from pathlib import Path
from typing import Any

import pytest

from springback.ledger.book import Ledger
from tests.terminal import done, sets, springback

FEW = sets(demo__names=40, demo__start='"2018-01-02"', demo__end='"2019-12-31"', training__trees=5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a drawn market."""
    folder = tmp_path_factory.mktemp("desk")
    done(springback(folder, "fetch", *FEW, "--quiet"))
    return folder


def models(home: Path) -> dict[str, Any]:
    told = json.loads(done(springback(home, "models", "--json")).stdout)
    assert isinstance(told, dict)
    return told


def test_from_the_first_pair_to_a_signature_and_back(home: Path) -> None:
    nothing = springback(home, "models")
    assert nothing.returncode == 2 and "models has no timeline of champions yet: run 'springback retrain --now'" in nothing.stderr
    said = done(springback(home, "retrain", *FEW)).stdout
    assert "gate: AUC > 0.60 on both sides" in said and "trained on every label known by 2019-12-31" in said
    told = models(home)
    (challenger,), champion = told["challengers"], told["champion"]
    assert f"champion: {champion}; previous: none; policy if_better" in said
    assert [(one["challenger"], one["state"], one["after"]) for one in told["contests"]] == [(challenger, "open", "2019-12-31")]
    (home / "desk" / "2020-12-31").mkdir(parents=True)
    (home / "desk" / "2020-12-31" / "decision.json").touch()
    assert json.loads(done(springback(home, "models", "--json", "--desk", "desk")).stdout)["stale"], "a desk of a year later"
    (home / "desk" / "2020-12-31" / "decision.json").unlink()
    assert {one.name for one in (home / "models" / "archive").iterdir()} == set(told["hashes"].values())
    again = done(springback(home, "retrain", *FEW)).stdout
    assert "not due: the pair that was trained on what was known by 2019-12-31 is of this period" in again

    refused = springback(home, "promote", challenger, "--by", "R. Roe")
    assert refused.returncode == 2 and "is open (0 of 252 sessions): wait for the verdict" in refused.stderr
    assert models(home) == told
    words = ("--by", "R. Roe", "--override", "the champion is broken", "--store", home / "store", "--desk", "desk")
    done(springback(home, "promote", challenger[:12], *words))
    new = models(home)
    assert (new["champion"], new["previous"], new["challengers"]) == (challenger, champion, [])
    assert (new["tenures"][-1]["by"], new["tenures"][-1]["why"]) == ("R. Roe", "the champion is broken")

    back = done(springback(home, "rollback", "--by", "R. Roe", "--why", "it was not", "--store", "store", "--desk", "desk")).stdout
    assert f"{champion} is champion in the sessions after 2019-12-31, by R. Roe: it was not" in back
    assert (models(home)["champion"], models(home)["previous"]) == (champion, challenger)
    events = [one.event for one in Ledger(home / "ledger.sqlite").contests()]
    assert [one.event for one in events] == ["began", "registered", "overridden", "rolled back"]
    assert events[2].why == "the champion is broken" and events[1].market.startswith("demo ")
    assert "No trial so far" in done(springback(home, "ledger")).stdout

    said = done(springback(home, "train", *FEW)).stdout
    assert f"the champion {champion} stays" in said and models(home)["champion"] == champion


def test_the_newest_store_is_asked_and_the_policy_never_refused(home: Path) -> None:
    never = springback(home, "retrain", "--now", *FEW, "--set", "walk_forward.policy=never")
    assert never.returncode == 2 and "walk_forward.policy = never trains no challengers" in never.stderr
    unsigned = springback(home, "rollback")
    assert unsigned.returncode == 2 and "--by" in unsigned.stderr
