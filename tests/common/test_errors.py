"""The sentence that every error says, and the exit codes."""

from __future__ import annotations

import pytest

from omniseg_backend.common.errors import (
    BundleError,
    CancelledError,
    DataError,
    GeometryError,
    OmniSegError,
    ResourceError,
    UsageError,
)
from omniseg_backend.common.progress import check_cancel, no_progress


class Flag:
    """A cancellation flag as a job would hold one."""

    def __init__(self, raised: bool) -> None:
        self.raised = raised

    def is_set(self) -> bool:
        return self.raised


def test_the_sentence_names_subject_finding_expectation_and_remedy():
    error = DataError("scan.nii", found="nothing", expected="an image", remedy="look elsewhere")
    assert str(error) == "scan.nii: found nothing, expected an image; look elsewhere."
    assert (error.subject, error.found) == ("scan.nii", "nothing")
    assert (error.expected, error.remedy) == ("an image", "look elsewhere")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, 2),
        (DataError, 3),
        (GeometryError, 3),
        (BundleError, 3),
        (ResourceError, 3),
    ],
)
def test_exit_codes(kind, code):
    error = kind("x", found="a", expected="b", remedy="c")
    assert isinstance(error, OmniSegError)
    assert error.exit_code == code


def test_cancelling_is_neither_a_data_nor_a_usage_error():
    error = CancelledError()
    assert error.exit_code == 4
    assert not isinstance(error, (DataError, UsageError))


def test_a_set_flag_cancels_and_an_unset_or_missing_one_does_not():
    check_cancel(None)
    check_cancel(Flag(False))
    with pytest.raises(CancelledError, match="the training: found a request to stop"):
        check_cancel(Flag(True), "the training")


def test_the_default_progress_takes_what_long_calls_say():
    no_progress("reading", 0.5)
