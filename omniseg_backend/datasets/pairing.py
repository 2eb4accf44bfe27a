"""Pairing images with masks by their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.assembly import Findings, Sample
from omniseg_backend.datasets.files import (
    LOSSY_ENDINGS,
    ending_of,
    is_headers_half,
    member_suffixes,
    stem_of,
    visible_files,
)
from omniseg_backend.datasets.problems import Problem, listed
from omniseg_backend.datasets.records import Part

#: What a mask's name may have behind its image's name.
MASK_SUFFIXES = ("_mask", "_segmentation", "_seg")


@dataclasses.dataclass(frozen=True)
class PartFolders:
    """Where one part's images and masks lie; one folder may hold both, ``masks`` may be None."""

    part: Part
    images: Path
    masks: Path | None


def pair_up(folders: PartFolders, ignored_suffixes: tuple[str, ...] = ()) -> Findings:
    """Pair every image with the mask of the same name.

    A mask belongs to the image of exactly its name, or else to the one named as it is without
    ``_mask``, ``_segmentation`` or ``_seg``. In a folder that holds both, these suffixes tell
    which files are masks.

    Args:
        folders: Where to look. A test part without masks is left out, with a warning.
        ignored_suffixes: Ends of stems of files that are neither image nor mask.
    """
    together = folders.masks == folders.images
    files, strays = _image_files(folders.images, ignored_suffixes)
    images = _by_stem(path for path in files if not (together and _is_mask_name(path)))
    if folders.masks is None:
        return _without_masks(folders, len(files))
    mask_files, stray_masks = _image_files(folders.masks, ignored_suffixes)
    masks = _by_owner(
        (path for path in mask_files if not together or _is_mask_name(path)), set(images)
    )
    problems = _problems(folders.images, folders.masks, images, masks)
    samples = tuple(
        Sample(name, folders.part, (paths[0],), masks[name][0])
        for name, paths in images.items()
        if name in masks
    )
    ignored = sorted({path.name for path in (*strays, *stray_masks)})
    warnings = (f"no images of a data set, ignored: {listed(ignored)}",) if ignored else ()
    return Findings(samples, tuple(problems), warnings)


def _without_masks(folders: PartFolders, count: int) -> Findings:
    if folders.part == "test":
        text = f"{folders.images} has {counted(count, 'image')} without masks, not used"
        return Findings(warnings=(text,))
    problem = Problem(
        "layout",
        str(folders.images.parent),
        found="images without a folder of masks",
        expected="a folder masks or labels beside images",
        remedy="add it",
    )
    return Findings(problems=(problem,))


def _image_files(folder: Path, ignored: tuple[str, ...]) -> tuple[list[Path], list[Path]]:
    """Files that can be images, and files that cannot."""
    files = [path for path in visible_files(folder) if not stem_of(path).endswith(ignored)]
    strays = [path for path in files if not ending_of(path) and not is_headers_half(path)]
    return [path for path in files if ending_of(path)], strays


def _is_mask_name(path: Path) -> bool:
    return stem_of(path).lower().endswith(MASK_SUFFIXES)


def _by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(stem_of(path), []).append(path)
    return groups


def _by_owner(masks: Iterable[Path], images: set[str]) -> dict[str, list[Path]]:
    """Masks by the name of the image that they belong to."""
    groups: dict[str, list[Path]] = {}
    for path in masks:
        stem = stem_of(path)
        suffix = next((end for end in MASK_SUFFIXES if stem.lower().endswith(end)), "")
        owner = stem if stem in images else stem[: len(stem) - len(suffix)]
        groups.setdefault(owner, []).append(path)
    return groups


def _problems(
    images_folder: Path,
    masks_folder: Path,
    images: dict[str, list[Path]],
    masks: dict[str, list[Path]],
) -> list[Problem]:
    mask_files = [path for paths in masks.values() for path in paths]
    lossy = [path.name for path in mask_files if ending_of(path) in LOSSY_ENDINGS]
    unclear_images = [name for name, paths in images.items() if len(paths) > 1]
    unclear_masks = [name for name, paths in masks.items() if len(paths) > 1]
    lonely = [path.name for name, paths in masks.items() if name not in images for path in paths]
    faults = (
        (images_folder, "no file that ends in", () if images else member_suffixes()),
        (masks_folder, "no mask for", [name for name in images if name not in masks]),
        (images_folder, "no image for the mask", lonely),
        (images_folder, "several images named", unclear_images),
        (masks_folder, "several masks for", unclear_masks),
        (masks_folder, "masks in a lossy format, which blurs class values:", lossy),
    )
    return [
        Problem(
            "layout",
            str(place),
            found=f"{what} {listed(names)}",
            expected="one image and one lossless mask under each name "
            "(the mask may end in _mask, _segmentation or _seg)",
            remedy="add, rename or remove these files",
        )
        for place, what, names in faults
        if names
    ]
