"""`springback lean export` as a user meets it."""

import json
from pathlib import Path

import pytest

from tests.terminal import done, springback

DAYS = ("2020-01-02", "2020-01-03", "2020-01-06")
EXPORT = ("lean", "export")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """bars.csv, vix.csv, events.csv, members.csv, renames.csv and rates.csv of two names and three sessions."""
    bars = [f"{day},{name},10,11,9,10,100" for name in ("AAA", "META") for day in DAYS]
    tables = {
        "bars": ["date,symbol,open,high,low,close,volume", *bars],
        "vix": ["date,close", *(f"{day},20" for day in DAYS)],
        "events": ["date,symbol,event,value", "2020-01-03,AAA,dividend,0.5", "2020-01-06,AAA,split,0.5"],
        "members": ["symbol,start,end", "AAA,2020-01-02,2020-01-06"],
        "renames": ["date,old,new", "2020-01-06,FB,META"],
        "rates": ["DATE,PCREDIT8", "2019-08-01,2.75"],
    }
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_files_become_a_data_folder(files: Path) -> None:
    words = ("--bars", "bars.csv", "--vix", "vix.csv", "--events", "events.csv", "--members", "members.csv")
    words += ("--renames", "renames.csv", "--interest-rate", "rates.csv", "--out", "data")
    said = json.loads(done(springback(files, *EXPORT, *words, "--json")).stdout)["export"]
    assert (said["folder"], said["names"], said["written"], said["rates"]) == ("data", 2, 2, "rates.csv")
    assert (said["counts"]["actions"], said["counts"]["renamed"]) == (2, 1)
    usa = files / "data" / "equity" / "usa"
    assert (
        usa / "factor_files" / "aaa.csv"
    ).read_text() == "20200102,0.975,0.5,20\n20200103,1,0.5,20\n20501231,1,1,0\n"  # told after the split: put back
    assert sorted(path.name for path in (usa / "daily").iterdir()) == ["aaa.zip", "fb.zip", "meta.zip"]
    assert (files / "data/springback/members.csv").read_text() == "symbol,start,end\nAAA,2020-01-02,2020-01-03\n"
    again = done(springback(files, *EXPORT, *words)).stdout
    assert "2 names (0 of them end, 1 renamed), 6 bars, 2 splits and dividends" in again
    assert "0 names written now" in again


@pytest.mark.slow
def test_a_store_gives_the_same_folder(files: Path) -> None:
    source = ("--path", "bars.csv", "--vix", "vix.csv", "--events", "events.csv", "--members", "members.csv")
    done(springback(files, "fetch", "--source", "csv", *source, "--store", "store", "--quiet"))
    done(springback(files, *EXPORT, "--store", "store", "--out", "a", "--quiet"))
    words = ("--bars", "bars.csv", *source[2:])
    assert done(springback(files, *EXPORT, *words, "--out", "b", "--quiet")).stdout == ""
    a, b = ({path.relative_to(top): path.read_bytes() for path in top.rglob("*.*")} for top in (files / "a", files / "b"))
    assert a == b and len(a) == 11


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--bars", "bars.csv"), "--bars needs --vix FILE"),
        (("--store", "none"), "none holds no store"),
        (("--bars", "bars.csv", "--store", "store", "--vix", "vix.csv"), "give one of them"),
        (("--store", "none", "--events", "events.csv"), "--events belongs to a CSV file of bars"),
        (("--bars", "bars.csv", "--vix", "vix.csv", "--interest-rate", "vix.csv"), "has no column 'PCREDIT8'"),
        (("--bars", "bars.csv", "--vix", "vix.csv", "--renames", "none.csv"), "none.csv does not exist"),
        (("--bars", "bars.csv", "--vix", "vix.csv", "--out", "bars.csv"), "cannot be written"),
    ],
)
def test_bad_input_ends_in_one_line(files: Path, words: tuple[str, ...], says: str) -> None:
    result = springback(files, *EXPORT, "--quiet", *words)
    assert result.returncode == 2 and says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
