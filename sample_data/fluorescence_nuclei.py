"""Fluorescence microscopy of nuclei: touching, unevenly lit, blurred, with shot noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality
from omniseg_sample_data.family import PhantomFamily, Picture
from omniseg_sample_data.fields import Field, bias_field, smooth_field, to_bytes
from omniseg_sample_data.shapes import coverage, ellipsoid

NUCLEUS = 1


def draw(rng: np.random.Generator, size: int) -> Picture:
    """Draw one square field of view of ``size`` pixels."""
    unit = size / 256.0
    radius = np.exp(rng.uniform(np.log(5.5), np.log(20.0))) * unit
    light = np.zeros((size, size))
    labels = np.zeros((size, size), dtype=np.uint8)
    crowding = rng.uniform(0.06, 0.42)
    count = max(int(crowding * size**2 / (np.pi * radius**2)), 4)
    centres = _places(rng, count, radius, size)
    brightness = np.exp(rng.normal(0.0, rng.uniform(0.15, 0.5), count))
    roughness = smooth_field(rng, (size, size), radius / 2.2)
    chromatin = 1.0 + rng.uniform(0.05, 0.22) * smooth_field(rng, (size, size), radius / 5.0)
    for centre, strength in zip(centres, brightness, strict=True):
        _add_nucleus(rng, light, labels, centre, radius, strength, roughness)
    light *= chromatin
    light += _haze(rng, light, radius)
    return Picture(_expose(rng, light, unit), labels)


def _places(rng: np.random.Generator, count: int, radius: float, size: int) -> Field:
    """Centres in clusters, near enough to touch but seldom to overlap."""
    clusters = rng.uniform(-0.05, 1.05, (max(count // 5, 2), 2)) * size
    spread = radius * rng.uniform(2.0, 6.0)
    gathered = rng.random() < 0.6
    nearest = radius * rng.uniform(1.45, 2.0)
    placed: list[Field] = []
    for _ in range(count):
        for _ in range(12):
            place = rng.uniform(0.0, size, 2)
            if gathered:
                place = clusters[rng.integers(len(clusters))] + rng.normal(0.0, spread, 2)
            if all(np.hypot(*(place - other)) > nearest for other in placed):
                break
        placed.append(place)
    # One lies in the middle part, so that no field of view is empty.
    placed[0] = rng.uniform(0.3, 0.7, 2) * size
    return np.stack(placed)


def _add_nucleus(
    rng: np.random.Generator,
    light: Field,
    labels: np.ndarray,
    centre: Field,
    radius: float,
    strength: float,
    roughness: Field,
) -> None:
    """Add one nucleus to the light and to the truth, computed in its own window only."""
    size = light.shape[0]
    radii = radius * np.exp(rng.normal(0.0, 0.12, 2)) * [1.0, rng.uniform(0.65, 1.0)]
    reach = 1.6 * radii.max() + 3.0
    low = np.clip(np.floor(centre - reach), 0, size).astype(int)
    high = np.clip(np.ceil(centre + reach), 0, size).astype(int)
    turn = rng.uniform(0.0, 180.0)
    dividing = rng.random() < 0.04
    if (high <= low).any():
        return
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    rows, columns = np.mgrid[window].astype(np.float64)
    distance = ellipsoid((rows, columns), centre, radii * (0.6 if dividing else 1.0), turn)
    distance = distance + 0.07 * radius * roughness[window]
    share = coverage(distance, 1.5)
    # Thicker in the middle; condensed and bright while it divides.
    profile = 0.75 + 0.25 * np.sqrt(np.clip(-distance / radius, 0.0, 1.0))
    light[window] = np.maximum(light[window], share * profile * strength * (2.2 if dividing else 1))
    labels[window][share >= 0.5] = NUCLEUS


def _haze(rng: np.random.Generator, light: Field, radius: float) -> Field:
    """Scattered light, cytoplasm, nuclei out of focus and debris: bright, but no nucleus."""
    size = light.shape[0]
    level = light[light > 0.1].mean() if (light > 0.1).any() else 1.0
    haze = rng.uniform(0.05, 0.3) * ndimage.gaussian_filter(light, 1.6 * radius)
    haze += level * rng.uniform(0.02, 0.18)
    cytoplasm = np.clip(smooth_field(rng, light.shape, 1.6 * radius), 0.0, None)
    haze += level * rng.uniform(0.0, 0.12) * cytoplasm
    ghosts = np.zeros_like(light)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float64)
    for _ in range(rng.integers(0, 7)):
        place = rng.uniform(0.0, size, 2)
        ghost = ellipsoid((rows, columns), place, radius * rng.uniform(0.9, 1.7, 2))
        ghosts += coverage(ghost, radius) * rng.uniform(0.15, 0.5) * level
    haze += ndimage.gaussian_filter(ghosts, 0.35 * radius)
    for _ in range(rng.integers(0, 14)):
        speck = rng.integers(1, size - 1, 2)
        haze[speck[0], speck[1]] += level * rng.uniform(1.0, 5.0)
    return haze


def _expose(rng: np.random.Generator, light: Field, unit: float) -> np.ndarray:
    """Uneven illumination, the microscope's blur, shot noise and the camera's scale."""
    size = light.shape[0]
    lit = light * bias_field(
        rng, light.shape, strength=rng.uniform(0.1, 0.4), lengths=[size / 2] * 2
    )
    blurred = ndimage.gaussian_filter(lit, rng.uniform(0.6, 2.0) * unit)
    photons = np.exp(rng.uniform(np.log(15.0), np.log(250.0)))
    # Shot noise as its normal limit: Poisson sampling would branch on the last bit.
    shot = rng.standard_normal(blurred.shape) * np.sqrt(np.maximum(blurred, 0.0) / photons)
    read = rng.uniform(0.002, 0.02) * rng.standard_normal(blurred.shape)
    picture = blurred + shot + read
    return to_bytes(picture / np.quantile(picture, 0.998) * rng.uniform(0.25, 1.0))


FAMILY = PhantomFamily(
    name="fluorescence_nuclei",
    title="fluorescence nuclei",
    code=9,
    modality=Modality.MICROSCOPY,
    classes=ClassTable.from_names(("nucleus",)),
    channel_names=("fluorescence",),
    dimensions=2,
    default_size=256,
    draw=draw,
)
