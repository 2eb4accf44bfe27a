"""A small picture of what was found in an image, for the page of a batch."""

from __future__ import annotations

import PIL.Image

from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.contours import fullest_plane, plane_picture, with_contours
from omniseg_backend.preprocessing.layout import plane_layout
from omniseg_backend.preprocessing.settings import Slicing

#: Pixels; panoramas are as wide as three of the usual ones.
_HEIGHT, _WIDEST = 160, 480
#: A picture that is so much longer than wide would show nothing.
_LONGEST = 30


def thumbnail(image: Image, found: Segmentation) -> PIL.Image.Image | None:
    """The plane of the first frame that shows most, with the contours of every class.

    Returns:
        At most 480 x 160 pixels; None for a plane that is a mere line.
    """
    layout = plane_layout(image.geometry, Slicing.NATIVE)
    planes = layout.to_planes(found.labels[0])
    index = fullest_plane(planes)
    rows, columns = (
        length * step for length, step in zip(layout.plane_shape, layout.plane_spacing, strict=True)
    )
    if max(rows, columns) > _LONGEST * min(rows, columns):
        return None
    height = min(_HEIGHT, round(_WIDEST * rows / columns))
    picture = plane_picture(image, layout, index, height)
    return with_contours(picture, planes[index], found.classes)
