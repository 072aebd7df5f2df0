"""What is laid out for LEAN: models that their cards vouch for, under keys LEAN takes; a folder of results for each run."""

import json
import os
import re
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from springback import __version__
from springback.errors import BadTable, InputError, MissingData, ModelError
from springback.forecasting.archive import Archive, read_timeline, write_timeline
from springback.forecasting.card import Card
from springback.lean import bundle, prepare
from springback.lean.engines import DATABASES, Cli, Native

SOURCE = Path(bundle.__file__).parents[1]
KEY = re.compile(r"^\.?[a-zA-Z0-9\\/_#\-$= ]+\.?[a-zA-Z0-9]*$")
"""What LEAN's object store takes as a key (Engine/Storage/LocalObjectStore.cs)."""
START = date(2020, 1, 1)
NOW = datetime(2026, 11, 23, 12, 0, 0)  # noqa: DTZ001 (the name of a folder)


def test_the_fixed_pair_is_four_files(shop: Path) -> None:
    files, cards = prepare.models(shop / "models", "fixed", START)
    names = ("card.json", "feature_columns.pkl", "ml_mean_reversion_long.pkl", "ml_mean_reversion_short.pkl")
    assert sorted(files) == [f"models/{name}" for name in names]
    assert files["models/card.json"] == (shop / "models" / "card.json").read_bytes()
    assert len(cards) == 1


def test_walk_forward_is_a_pair_for_each_fold_and_their_list(shop: Path) -> None:
    files, cards = prepare.models(shop / "models", "walk-forward", START)
    timeline = read_timeline(shop / "models" / "walk_forward")
    assert timeline is not None
    days = [one.after for one in timeline.tenures]
    assert len(days) >= 4
    assert [fold["as_of"] for fold in json.loads(files["models/walk_forward/folds.json"])] == days
    assert len(files) == 1 + 4 * len(days) and len(cards) == len(days)
    assert all(f"models/walk_forward/{day}/ml_mean_reversion_short.pkl" in files for day in days)
    assert not [key for key in files if not KEY.match(key)]


def older(shop: Path, models: Path) -> None:
    """`models` as an older version left them: a folder for each as-of date, and the record of the forecast."""
    timeline = read_timeline(shop / "models" / "walk_forward")
    assert timeline is not None
    for one in timeline.tenures:
        shutil.copytree(Archive(shop / "models").folder(one.model), models / "walk_forward" / one.after)
    (models / "walk_forward" / "folds.json").write_text(json.dumps([{"as_of": one.after} for one in timeline.tenures]))


def test_the_folder_of_an_older_version_is_read_without_its_record_too(shop: Path, tmp_path: Path) -> None:
    older(shop, tmp_path)
    listed, _ = prepare.models(tmp_path, "walk-forward", START)
    assert listed == prepare.models(shop / "models", "walk-forward", START)[0]
    (tmp_path / "walk_forward" / "folds.json").unlink()
    assert prepare.models(tmp_path, "walk-forward", START)[0] == listed
    (tmp_path / "walk_forward" / "folds.json").write_text("[{}]")
    with pytest.raises(ModelError, match="is not the record of a forecast"):
        prepare.models(tmp_path, "walk-forward", START)


def test_the_champions_of_the_timeline_are_handed_on_and_no_other_pair(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "models", tmp_path / "models")
    timeline = read_timeline(tmp_path / "models" / "walk_forward")
    assert timeline is not None
    first, second = timeline.tenures[:2]
    back = replace(timeline, tenures=(first, second, replace(first, after="2020-08-03")))
    write_timeline(tmp_path / "models" / "walk_forward", back)
    files, cards = prepare.models(tmp_path / "models", "walk-forward", START)
    assert [card.name for card in cards] == [first.model, second.model, first.model]
    assert [one["as_of"] for one in json.loads(files["models/walk_forward/folds.json"])] == [first.after, second.after, "2020-08-03"]
    assert files["models/walk_forward/2020-08-03/card.json"] == files[f"models/walk_forward/{first.after}/card.json"]


@pytest.mark.parametrize("which", ["fixed", "walk-forward"])
def test_models_that_are_not_there_are_asked_for(which: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"run 'springback (train|forecast)'"):
        prepare.models(tmp_path, which, START)


def test_a_model_its_card_does_not_know_is_not_handed_on(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "models", tmp_path / "models")
    (tmp_path / "models" / "ml_mean_reversion_long.pkl").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"ml_mean_reversion_long\.pkl is not the file of its card"):
        prepare.models(tmp_path / "models", "fixed", START)
    (tmp_path / "models" / "walk_forward" / "timeline.json").write_text("[{}]")
    with pytest.raises(ModelError, match=r"timeline\.json is no timeline of models"):
        prepare.models(tmp_path / "models", "walk-forward", START)


def test_models_that_are_too_young_are_refused_and_those_that_know_the_answer_are_named(shop: Path) -> None:
    with pytest.raises(ModelError, match=r"the oldest models in .* are of 2019-12-31, the backtest starts on 2019-12-31"):
        prepare.models(shop / "models", "walk-forward", date(2019, 12, 31))
    _, cards = prepare.models(shop / "models", "fixed", START)
    known = cards[0].known_by
    assert prepare.in_sample(cards, "walk-forward", START) == []
    assert prepare.in_sample(cards, "fixed", date(2031, 1, 1)) == []
    assert prepare.in_sample(cards, "fixed", START) == [
        f"the fixed models learned from sessions up to {known}, the backtest starts on 2020-01-01: its result is in sample"
    ] * (known >= "2020-01-01")
    assert len(prepare.in_sample(cards, "fixed", date.fromisoformat(known))) == 1


def test_models_of_other_libraries_are_named(shop: Path) -> None:
    _, (card,) = prepare.models(shop / "models", "fixed", START)
    older: Card = replace(card, versions={**card.versions, "scikit-learn": "1.5.0", "lightgbm": "4.6.0"})
    assert [line for line in prepare.strangers([older, older]) if "scikit" in line] == [
        "the models were trained under scikit-learn 1.5.0, LEAN's image has 1.6.1: they will not open there"
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_forecasts_reach_the_store_as_plain_csv(suffix: str, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2020-01-02", "2020-01-03"]),
            "symbol": ["TRUE", "NA"],
            **{name: [0.1, 1 / 3] for name in ("qpi", "p_long", "p_short", "adv_63")},
        }
    )
    file = tmp_path / f"said{suffix}"
    if suffix == ".parquet":
        rows.to_parquet(file)
    else:
        rows.to_csv(file, index=False)
    (key, content), *rest = bundle.forecast_files(file).items()
    assert key == "springback/forecasts.csv" and KEY.match(key) and not rest
    (tmp_path / "back.csv").write_bytes(content)
    back = pd.read_csv(tmp_path / "back.csv", keep_default_na=False, parse_dates=["date"])
    pd.testing.assert_frame_equal(back, rows, check_dtype=False, check_exact=True)


def test_forecasts_without_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("date,symbol\n2020-01-02,A\n")
    with pytest.raises(BadTable, match="no columns 'qpi'"):
        bundle.forecast_files(tmp_path / "said.csv")
    with pytest.raises(MissingData, match="does not exist"):
        bundle.forecast_files(tmp_path / "nowhere.csv")


def test_a_later_run_replaces_what_the_earlier_laid(project: Path) -> None:
    (project / "storage" / "mine").mkdir(parents=True)
    (project / "storage" / "mine" / "notes").write_text("kept")
    prepare.lay_out(project, SOURCE, __version__, {"models/walk_forward/2019-12-31/card.json": b"1", "models/card.json": b"2"})
    (project / "storage" / "springback").mkdir()
    (project / "storage" / "springback" / "daily.csv").write_text("the account of the earlier run")
    prepare.lay_out(project, SOURCE, __version__, {"models/card.json": b"3"})
    found = {file.relative_to(project / "storage").as_posix() for file in (project / "storage").rglob("*") if file.is_file()}
    assert found == {bundle.OURS, "mine/notes", "models/card.json"}
    assert (project / "storage" / "models" / "card.json").read_bytes() == b"3"
    assert (project / "springback" / "trading" / "desk.py").read_bytes() == (SOURCE / "trading" / "desk.py").read_bytes()


def test_someone_elses_package_is_not_overwritten(project: Path) -> None:
    (project / "springback").mkdir()
    (project / "springback" / "mine.py").write_text("mine")
    with pytest.raises(InputError, match="holds other files and no bundle of ours"):
        prepare.lay_out(project, SOURCE, __version__, {})
    (project / "ml_mean_reversion_main.py").unlink()
    with pytest.raises(InputError, match="give --project"):
        prepare.lay_out(project, SOURCE, __version__, {})


def test_each_run_has_its_own_folder(project: Path) -> None:
    engine = Native("dotnet", project / "x.dll", {})
    first, second = (prepare.run(engine, project, project / "data", {"a.b": "1"}, {}, NOW) for _ in range(2))
    assert (first.results.name, second.results.name) == ("2026-11-23_12-00-00", "2026-11-23_12-00-00_1")
    assert first.command == ("dotnet", str(project / "x.dll"), "--config", str(first.config))
    told = json.loads(first.config.read_text())
    assert told["results-destination-folder"] == str(first.results.resolve())
    assert told["object-store-root"] == str((project / "storage").resolve())


def test_the_cli_gets_every_parameter_and_a_workspace(project: Path) -> None:
    run = prepare.run(Cli("lean"), project, project / "data", {"a.b": "1", "c.d": "x y"}, dict(os.environ), NOW)
    results = str(project / "backtests" / "2026-11-23_12-00-00")
    words = [
        "--lean-config",
        str(project / prepare.RUN_WORKSPACE),
        "--output",
        results,
        "--parameter",
        "a.b",
        "1",
        "--parameter",
        "c.d",
        "x y",
    ]
    assert list(run.command) == ["lean", "backtest", "ml_mean_reversion_main.py", *words]
    assert run.cwd == project and run.config == project / prepare.RUN_WORKSPACE


def test_the_workspace_is_the_projects_with_the_data_of_this_run(project: Path, tmp_path: Path) -> None:
    """It stands in the project, where the CLI looks for storage; the CLI writes into it and not into the file of git."""
    data, mine = tmp_path / "elsewhere", project / prepare.RUN_WORKSPACE
    lean = json.loads((project / "lean.json").read_text())
    (project / "lean.json").write_text(json.dumps({**lean, "organization-id": "abc"}))
    prepare.run(Cli("lean"), project, data, {}, {}, NOW)
    told = json.loads(mine.read_text())
    assert told == {**lean, "organization-id": "abc", "data-folder": str(data)}
    mine.write_text(json.dumps({**told, prepare.FETCHED: "11/23/2026 12:00:00"}))  # as the CLI notes it
    prepare.run(Cli("lean"), project, data, {}, {}, NOW)
    assert prepare.FETCHED not in json.loads(mine.read_text())  # the databases are not there: it shall fetch them
    for name in DATABASES:
        (data / name).parent.mkdir(parents=True)
        (data / name).touch()
    mine.write_text(json.dumps({**told, prepare.FETCHED: "11/23/2026 12:00:00"}))
    prepare.run(Cli("lean"), project, data, {}, {}, NOW)
    assert json.loads(mine.read_text())[prepare.FETCHED] == "11/23/2026 12:00:00"


def test_the_record_of_the_account_stays_with_its_result(project: Path, tmp_path: Path) -> None:
    prepare.keep_record(project, tmp_path)
    assert not (tmp_path / "daily.csv").exists()
    (project / "storage" / "springback").mkdir(parents=True)
    (project / "storage" / "springback" / "daily.csv").write_text("date,equity\n")
    prepare.keep_record(project, tmp_path)
    assert (tmp_path / "daily.csv").read_text() == "date,equity\n"
