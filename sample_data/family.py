"""What a phantom family is: a named, seeded recipe for synthetic images with their truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import UsageError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation

#: Below this the thinnest structures (retinal layers, cortex) are thinner than a voxel.
SMALLEST_SIZE = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A drawn 2D picture.

    Attributes:
        pixels: Shape (rows, columns) or (rows, columns, 3), uint8.
        labels: Shape (rows, columns), uint8; 0 is the background.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class Volume:
    """A drawn 3D volume.

    Attributes:
        voxels: Shape (channel, i, j, k), int16.
        labels: Shape (i, j, k), uint8; 0 is the background.
        geometry: Where the voxels lie, in millimetres.
    """

    voxels: NDArray[np.int16]
    labels: NDArray[np.uint8]
    geometry: Geometry


@dataclasses.dataclass(frozen=True, eq=False)
class Phantom:
    """One synthetic image together with its exact truth."""

    image: Image
    truth: Segmentation


@dataclasses.dataclass(frozen=True)
class PhantomFamily:
    """A kind of phantom.

    Attributes:
        name: Its id, such as ``abdominal_ct``.
        title: Its name for people, such as ``abdominal CT``.
        code: A number of its own that enters every seed; never reused or changed.
        modality: What it imitates.
        classes: What its truth distinguishes.
        channel_names: One name per channel.
        dimensions: 2 for pictures, 3 for volumes.
        default_size: Columns of a picture, or voxels along a volume's first axis.
        draw: Draws one phantom from a generator at a size.
    """

    name: str
    title: str
    code: int
    modality: Modality
    classes: ClassTable
    channel_names: tuple[str, ...]
    dimensions: int
    default_size: int
    draw: Callable[[np.random.Generator, int], Picture | Volume]

    def generate(self, seed: int, size: int | None = None) -> Phantom:
        """Make the phantom of a seed; the same seed and size give the same voxels.

        Args:
            seed: Zero or above; chooses anatomy, contrast, noise and geometry.
            size: Columns of a picture or voxels along a volume's first axis. The field of
                view stays, so a smaller size has larger pixels.

        Raises:
            UsageError: The seed is negative or the size is too small.
        """
        if seed < 0:
            raise UsageError(
                "seed", found=str(seed), expected="0 or above", remedy="choose another seed"
            )
        side = self.default_size if size is None else size
        if side < SMALLEST_SIZE:
            raise UsageError(
                f"size of a {self.title} phantom",
                found=str(side),
                expected=f"at least {SMALLEST_SIZE}",
                remedy="choose a larger size",
            )
        drawn = self.draw(np.random.default_rng((self.code, seed)), side)
        name = f"{self.name}_{seed}"
        # Whoever asks for a family by name states the modality.
        modality = ModalityStatement(self.modality, "user")
        if isinstance(drawn, Picture):
            picture = Image.from_picture(drawn.pixels, modality=modality, name=name)
            image = dataclasses.replace(picture, channel_names=self.channel_names)
            labels = drawn.labels.T[np.newaxis, :, :, np.newaxis]
        else:
            image = Image(
                drawn.voxels[np.newaxis], drawn.geometry, self.channel_names, modality, name
            )
            labels = drawn.labels[np.newaxis]
        truth = Segmentation(labels, image.geometry, self.classes, name=f"{name}_truth")
        return Phantom(image, truth)
