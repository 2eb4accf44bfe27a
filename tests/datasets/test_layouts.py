from __future__ import annotations

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.layouts import open_dataset


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="found nothing"):
        open_dataset(tmp_path / "none")


def test_a_file_is_refused(tmp_path):
    (tmp_path / "image.png").touch()
    with pytest.raises(DataError, match="found a file"):
        open_dataset(tmp_path / "image.png")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="an empty folder"):
        open_dataset(tmp_path)


def test_an_unknown_layout_names_what_is_there_and_what_would_do(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(DataError, match=r"found pictures, expected dataset\.json with imagesTr"):
        open_dataset(tmp_path)
