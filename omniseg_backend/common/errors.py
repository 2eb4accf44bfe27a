"""The family of errors that a user may meet.

Each error says four things in one sentence: what it is about, what was found, what was
expected and what to do. Front ends show that sentence unchanged; the command line ends
with the error's exit code.
"""

from __future__ import annotations


class OmniSegError(Exception):
    """Base of all errors that this project raises on purpose.

    Args:
        subject: The thing concerned: a file, a bundle, an option.
        found: What was found there.
        expected: What was expected instead.
        remedy: What the user can do about it.
    """

    exit_code = 3

    def __init__(self, subject: object, *, found: str, expected: str, remedy: str) -> None:
        self.subject = str(subject)
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(f"{self.subject}: found {found}, expected {expected}; {remedy}.")

    @property
    def details(self) -> tuple[str, ...]:
        """Every fault in a sentence of its own, where the error stands for several."""
        return ()


class UsageError(OmniSegError):
    """The call itself is wrong: an unknown option value, a missing choice."""

    exit_code = 2


class DataError(OmniSegError):
    """A file or data set cannot be used as it is."""


class GeometryError(DataError):
    """Geometries that should agree do not, or a transform cannot be represented."""


class BundleError(DataError):
    """A trained model on disk is damaged, unsafe, unknown or does not fit the image."""


class ResourceError(DataError):
    """The machine lacks something: memory, disk space, a package."""


class FullDiskError(ResourceError):
    """A disk has no room for an output; whatever is written there next fails too."""


class CancelledError(OmniSegError):
    """The user cancelled a long call; nothing half-done is left behind."""

    exit_code = 4

    def __init__(self, subject: object = "the run") -> None:
        super().__init__(
            subject,
            found="a request to stop",
            expected="to run to the end",
            remedy="run it again to continue or start anew",
        )
