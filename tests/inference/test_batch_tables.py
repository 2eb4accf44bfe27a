"""The table and the page hold no formula and no markup but their own."""

from __future__ import annotations

import csv
import html.parser
import io
from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.page import page
from omniseg_backend.inference.batch.record import ClassRecord, FlagRecord, ItemRecord, Question
from omniseg_backend.inference.batch.table import table
from omniseg_backend.inference.batch.thumbnail import thumbnail
from tests.inference.conftest import MakeBundle

EVIL = "=1+1<script>alert(1)</script>\"'&.png"
QUESTION = Question(
    bundle="b", bundle_hash="0" * 64, modality=None, override_modality=False, mask_suffix=None
)


def record(**fields: object) -> ItemRecord:
    found = ClassRecord(
        value=1, name="@left <b>", voxels=7, size=0.00123456789, unit="mL", components=1,
        confidence=0.51234, review=True,
    )  # fmt: skip
    missing = found.model_copy(
        update={"name": "right", "voxels": 0, "size": 0.0, "confidence": None, "review": False}
    )
    stated = {
        "label": EVIL, "name": EVIL, "files": (), "content": "", "question": QUESTION,
        "mask": f"{EVIL}.nii.gz", "mask_hash": "0", "thumbnail": True,
        "classes": (found, missing),
        "flags": (FlagRecord(code="demo", sentence="<i>DEMO</i>"),
                  FlagRecord(code="review", sentence="Look again.")),
    }  # fmt: skip
    return ItemRecord.model_validate({**stated, **fields})


OUTCOMES = (
    Outcome(EVIL, record=record()),
    Outcome("-bad", error=DataError("\tx", found="<u>", expected="b", remedy="c")),
)


def test_cells_are_harmless_and_say_everything() -> None:
    rows = list(csv.DictReader(io.StringIO(table(OUTCOMES))))
    assert [row["file"] for row in rows] == [f"'{EVIL}", f"'{EVIL}", "'-bad"]
    assert rows[0]["class"] == "'@left <b>"
    assert (rows[0]["volume"], rows[0]["confidence"]) == ("0.00123457", "0.512")
    assert rows[0]["flag"] == "review; demo"
    assert (rows[1]["volume"], rows[1]["confidence"]) == ("0", "")
    assert rows[1]["flag"] == "none_found; demo"
    assert rows[2]["error"].startswith("\\tx: found <u>")
    assert rows[2]["mask"] == ""


class _Page(html.parser.HTMLParser):
    """The tags, addresses and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_stay_text_on_the_page(make_bundle: MakeBundle) -> None:
    manifest = make_bundle(synthetic=True).manifest
    read = _Page()
    read.feed(page(OUTCOMES, manifest, 3))
    assert not read.tags & {"script", "b", "i", "u"}
    for said in (EVIL, "@left <b>", "<i>DEMO</i>", "<u>", "look again", "right: none found"):
        assert said in read.text
    assert "3 images, 1 segmented, 1 failed; 1 not reached" in read.text
    assert "DEMO: a model trained on phantoms" in read.text
    assert all(address.startswith(("./", "results.csv")) for address in read.addresses)
    assert not any(sign in address for address in read.addresses for sign in "<>\"' ")


@pytest.mark.parametrize(
    ("shape", "size"),
    [((20, 10), (320, 160)), ((100, 10), (480, 48)), ((10, 10), (160, 160)), ((310, 10), None)],
)
def test_thumbnails_are_small(shape: tuple[int, int], size: tuple[int, int] | None) -> None:
    import numpy as np

    columns, rows = shape
    geometry = Geometry((columns, rows, 1), np.eye(4), "px", 2)
    image = Image(np.zeros((1, 1, columns, rows, 1), np.uint8), geometry)
    labels = np.ones((1, columns, rows, 1), np.uint8)
    found = Segmentation(labels, geometry, ClassTable.from_names(["all"]))
    drawn = thumbnail(image, found)
    assert (None if drawn is None else drawn.size) == size


def test_a_large_figure_is_no_power_of_ten(tmp_path: Path) -> None:
    (found, _) = record().classes
    large = record(classes=(found.model_copy(update={"size": 12345678.0, "unit": "px"}),))
    (row,) = csv.DictReader(io.StringIO(table([Outcome("a", record=large)])))
    assert row["volume"] == "12345678"


def test_a_name_steers_no_terminal_that_shows_table_or_page(make_bundle: MakeBundle) -> None:
    name = "\x1b[2J\x9b.png"
    refused = DataError(name, found="a", expected="b", remedy="c")
    outcomes = [Outcome(name, error=refused), Outcome(name, record=record(mask=name))]
    for text in (table(outcomes), page(outcomes, make_bundle().manifest, 2)):
        assert text.count("\\x1b[2J\\x9b.png") >= 2
        assert not {"\x1b", "\x9b"} & set(text)
