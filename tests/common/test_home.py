from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.home import omniseg_home


def test_the_variable_names_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMNISEG_HOME", str(tmp_path / "mine"))
    assert omniseg_home() == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()


def test_a_tilde_and_a_relative_home_are_resolved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("OMNISEG_HOME", "~/mine")
    assert omniseg_home() == tmp_path / "mine"
    monkeypatch.setenv("OMNISEG_HOME", "here")
    assert omniseg_home() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_platforms_user_data_is_home(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("OMNISEG_HOME", raising=False)
    else:
        monkeypatch.setenv("OMNISEG_HOME", value)
    home = omniseg_home()
    assert home.is_absolute()
    assert "omniseg" in home.parts
