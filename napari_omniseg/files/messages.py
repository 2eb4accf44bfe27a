"""What is said in napari's own notifications: about files, which have no panel to speak in."""

from __future__ import annotations

from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.images.image import Image


def someone_watches() -> bool:
    """Whether a napari window is open, in which notifications are seen."""
    from napari import current_viewer

    return current_viewer() is not None


def tell_error(error: OmniSegError) -> None:
    """Show the sentence of an error, without a traceback."""
    from napari.utils.notifications import show_error

    show_error(str(error))


def tell_skipped(error: OmniSegError) -> None:
    """Show why one of several things was left out."""
    from napari.utils.notifications import show_warning

    show_warning(f"Left out: {error}")


def tell_notes(image: Image) -> None:
    """Show what the reader had to assume; an assumed side of the body must not pass unseen."""
    from napari.utils.notifications import show_warning

    if image.notes:
        show_warning(f"{image.name}: {' '.join(map(str, image.notes))}")
