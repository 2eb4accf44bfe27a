"""A scan of any size, stretched from a smaller one."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image

#: Hounsfield units up and down: what keeps a stretched scan from compressing like none does.
_NOISE = 12
_SEED = 0


def stretched_scan(scan: Image, shape: tuple[int, int, int]) -> Image:
    """The same anatomy on another grid, with fresh noise; its corner voxels stay in place.

    Args:
        scan: One frame and one channel of whole numbers.
        shape: Voxels along i, j and k.
    """
    source = np.array(scan.geometry.shape)
    steps = (source - 1) / np.maximum(np.array(shape) - 1, 1)
    voxels = ndimage.affine_transform(
        scan.array[0, 0], steps, output_shape=shape, output=np.int16, order=1
    )
    random = np.random.default_rng(_SEED)
    # Slice by slice: the noise of a whole scan would take as much memory again.
    for plane in range(shape[2]):
        voxels[:, :, plane] += random.integers(-_NOISE, _NOISE + 1, shape[:2], np.int16)
    affine = scan.geometry.affine.copy()
    affine[:3, :3] *= np.where(steps > 0, steps, 1.0)
    geometry = Geometry(shape, affine, scan.geometry.unit, scan.geometry.dimensions)
    return Image(voxels[np.newaxis, np.newaxis], geometry, scan.channel_names, scan.modality)
