"""What every output says about its origin."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest

from omniseg_backend.common.provenance import NOTICE, Provenance, now_utc, software_version

GIVEN = Provenance(
    bundle="cardiac-compact",
    bundle_version="1.0",
    bundle_hash="0123456789abcdef" * 4,
    software="napari-omniseg 0.1.0",
    time="2026-11-23T06:00:00+00:00",
    synthetic=False,
    modality="mri (stated by the user)",
)


def test_the_notice_is_always_there():
    assert GIVEN.notice == NOTICE == "research use, not reviewed"
    assert NOTICE in GIVEN.as_text()


def test_the_line_names_bundle_version_hash_software_and_time():
    assert GIVEN.as_text() == (
        "research use, not reviewed; cardiac-compact 1.0 (0123456789ab); "
        "napari-omniseg 0.1.0; 2026-11-23T06:00:00+00:00"
    )


def test_a_bundle_trained_on_phantoms_says_demo_first():
    assert dataclasses.replace(GIVEN, synthetic=True).as_text().startswith("DEMO, research use")


def test_what_a_person_changed_says_so_beside_the_notice():
    edited = dataclasses.replace(GIVEN, edited=True, synthetic=True)
    assert edited.as_text().startswith("DEMO, research use, not reviewed, edited by hand; cardiac")
    assert "edited" not in GIVEN.as_text()


def test_the_fields_survive_json():
    assert Provenance(**json.loads(json.dumps(GIVEN.as_dict()))) == GIVEN


def test_nothing_is_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GIVEN.notice = "reviewed"


def test_the_time_is_utc_to_the_second():
    time = datetime.datetime.fromisoformat(now_utc())
    assert time.utcoffset() == datetime.timedelta(0)
    assert time.microsecond == 0


def test_the_version_is_the_installed_one():
    assert software_version().count(".") >= 2


def test_labels_of_a_part_say_so_and_older_files_are_of_the_whole():
    part = dataclasses.replace(GIVEN, region="0:30,0:20,12:13")
    assert part.heading == "research use, not reviewed, of a part"
    assert part.as_text().endswith("; only voxels 0:30,0:20,12:13")
    assert Provenance(**json.loads(json.dumps(part.as_dict()))) == part
    older = GIVEN.as_dict()
    del older["region"]
    assert Provenance(**older).region is None
