"""Without a PostgreSQL server its tests are skipped, and say why; in CI they fail."""

import pytest

from tests import postgres


@pytest.mark.parametrize(("ci", "kind"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_machine_without_a_server_is_said(ci: str, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "binaries", lambda: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(kind, match="no PostgreSQL server on this machine: apt-get install postgresql"), postgres.server():
        pass
