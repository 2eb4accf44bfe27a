from __future__ import annotations

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.cases import CaseRow, case_rows, read_cases_csv


def test_rows_are_read_with_and_without_slices(tmp_path, write_cases):
    write_cases(tmp_path, ["a_00,a,P1,0", "a_01,a,P1,1", "b,b,P2,"])
    assert case_rows(tmp_path, ["a_00", "a_01", "b"]) == {
        "a_00": CaseRow("a_00", "a", "P1", 0),
        "a_01": CaseRow("a_01", "a", "P1", 1),
        "b": CaseRow("b", "b", "P2", None),
    }


def test_without_the_file_nothing_is_stated(tmp_path):
    assert case_rows(tmp_path, ["P1_slice0"]) is None


def test_byte_order_mark_of_spreadsheets_is_accepted(tmp_path):
    (tmp_path / "cases.csv").write_bytes(b"\xef\xbb\xbffile,case,patient,slice\r\na,a,p,\r\n")
    assert read_cases_csv(tmp_path / "cases.csv") == (CaseRow("a", "a", "p", None),)


@pytest.mark.parametrize(
    "header",
    [
        "file,case,patient",
        "file;case;patient;slice",
        "case,file,patient,slice",
        "File,Case,Patient,Slice",
    ],
)
def test_another_header_is_refused(tmp_path, header):
    (tmp_path / "cases.csv").write_text(f"{header}\na,a,p,0\n")
    with pytest.raises(DataError, match="'file,case,patient,slice'"):
        read_cases_csv(tmp_path / "cases.csv")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "cases.csv").touch()
    with pytest.raises(DataError, match="an empty file"):
        read_cases_csv(tmp_path / "cases.csv")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "cases.csv").write_bytes(b"\xff\xfe\x00f")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_cases_csv(tmp_path / "cases.csv")


def test_every_wrong_line_is_named(tmp_path, write_cases):
    path = write_cases(
        tmp_path, ["a,a,p,0", "b,b,p,first", "c,c,,1", "d,d,p", "e,e,p,-1", "f,f,p,2,x", "g,g,p,3"]
    )
    with pytest.raises(DataError, match="in line 3, 4, 5, 6, 7, expected"):
        read_cases_csv(path)


def test_rows_and_files_that_do_not_match_are_listed_at_once(tmp_path, write_cases):
    write_cases(tmp_path, ["a,a,p,", "gone,gone,p,", "a,a,p,"])
    with pytest.raises(DataError) as caught:
        case_rows(tmp_path, ["a", "b", "c"])
    assert caught.value.found == (
        "more than one row for a and no row for b, c and rows for files that do not exist (gone)"
    )


def test_a_case_of_two_patients_is_refused(tmp_path, write_cases):
    write_cases(tmp_path, ["a0,a,p,0", "a1,a,q,1"])
    with pytest.raises(DataError, match="more than one patient for the case a"):
        case_rows(tmp_path, ["a0", "a1"])


@pytest.mark.parametrize("slices", [("0", "0"), ("0", ""), ("", "1"), ("", "")])
def test_a_case_whose_slices_have_no_order_is_refused(tmp_path, write_cases, slices):
    write_cases(tmp_path, [f"a{index},a,p,{number}" for index, number in enumerate(slices)])
    with pytest.raises(DataError, match="missing or repeated slice numbers in the case a"):
        case_rows(tmp_path, ["a0", "a1"])


def test_faults_of_rows_and_of_cases_are_counted_together(tmp_path, write_cases):
    write_cases(tmp_path, ["a0,a,p,0", "a1,a,q,0"])
    with pytest.raises(DataError, match=r"\(and 2 more problems in the data set\)") as caught:
        case_rows(tmp_path, ["a0", "a1", "b"])
    assert len(caught.value.problems) == 3
