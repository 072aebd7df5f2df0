"""The state's two databases: every test that takes `url` runs on both."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import address, server

NUMBERS = itertools.count()
KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    with server() as folder:
        yield folder


@pytest.fixture
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The URL of a new and empty database of a kind."""

    def make(kind: str) -> str:
        name = f"state{next(NUMBERS)}"
        if kind == "sqlite":
            return str(tmp_path / f"{name}.sqlite")
        folder = request.getfixturevalue("postgres")
        with psycopg.connect(address(folder, "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return address(folder, name)

    return make


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, new: Callable[[str], str]) -> str:
    return new(request.param)
