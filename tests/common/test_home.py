from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError
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


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only /proc takes no folder of root's")
def test_a_home_that_cannot_be_written_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMNISEG_HOME", "/proc/omni")
    with pytest.raises(DataError) as caught:
        write_text_atomic(omniseg_home() / "jobs" / "x", "x")
    assert "(OMNISEG_HOME); set OMNISEG_HOME to a folder that can be written" in str(caught.value)
    with pytest.raises(DataError, match="choose another output"):
        write_text_atomic(Path("/proc/other/x"), "x")


def test_a_file_in_the_place_of_the_home_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.write_text("no folder")
    monkeypatch.setenv("OMNISEG_HOME", str(home))
    with pytest.raises(DataError) as caught:
        write_text_atomic(omniseg_home() / "config.json", "{}")
    assert caught.value.subject == str(home)
    assert "found a file, expected a folder" in str(caught.value)
    assert caught.value.remedy.startswith("set OMNISEG_HOME")
