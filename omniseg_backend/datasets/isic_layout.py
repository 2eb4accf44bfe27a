"""The layout of the ISIC challenges: ``ISIC_0000000.jpg`` and ``ISIC_0000000_segmentation.png``.

The challenge's archives unpack to one folder of images and one of masks per part, named
differently each year; a tidied copy has ``train/images`` and ``train/masks``; some keep images
and masks side by side. All are dermoscopy, and the mask shows the lesion (Codella et al. 2017,
arXiv:1710.05006).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.assembly import Facts, Findings, Sample, assemble
from omniseg_backend.datasets.files import ending_of, stem_of, visible_files
from omniseg_backend.datasets.paired_layout import is_paired, paired_parts, validation_warnings
from omniseg_backend.datasets.pairing import PartFolders, pair_up
from omniseg_backend.datasets.problems import listed, raise_if_unusable
from omniseg_backend.datasets.records import Dataset, Part
from omniseg_backend.datasets.unnamed import mask_values, named_classes
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality

_IMAGE_NAME = re.compile(r"ISIC_\d{7}")
_MASK_NAME = re.compile(r"ISIC_\d{7}_[Ss]egmentation")
#: Beside the images of some years lie these, which are neither images nor masks.
_IGNORED = ("_superpixels",)
_PARTS: dict[str, Part] = {"Training": "train", "Validation": "train", "Test": "test"}
#: Such as ISBI2016_ISIC_Part1_Training_Data, ISIC-2017_Test_v2_Data, ISIC2018_Task1-2_Test_Input;
#: the second and third task or part of each year are not about outlines.
_IMAGES_FOLDER = re.compile(
    r"(?!.*(Part|Task)[23]).*ISIC.*_(?P<part>Training|Validation|Test)(_v2)?_(Data|Input)"
)
_MASKS_FOLDER = re.compile(
    r"(?!.*(Part|Task)[23]).*ISIC.*_(?P<part>Training|Validation|Test)(_v2)?(_Part1)?_GroundTruth"
)


def is_isic(folder: Path) -> bool:
    """Whether ``folder`` holds an ISIC challenge's images and masks, by the challenge's names."""
    parts = _parts(folder)
    return bool(parts) and all(
        _are_named(part.images, _IMAGE_NAME, _MASK_NAME)
        and (part.masks is None or _are_named(part.masks, _MASK_NAME, _IMAGE_NAME))
        for part in parts
    )


def open_isic(folder: Path) -> Dataset:
    """Open a data set in the ISIC layout: one class, ``skin lesion``, in dermoscopy.

    Raises:
        DataError: Files are missing (all are in the error's ``problems``), no mask labels
            anything, or ``cases.csv`` is wrong.
    """
    findings = Findings(warnings=(*_archive_warnings(folder), *validation_warnings(folder)))
    for part in _parts(folder):
        findings += pair_up(part, _IGNORED)

    def facts() -> Facts:
        return Facts(
            name=folder.resolve().name,
            classes=named_classes(folder) or _lesion(folder, findings.samples),
            channel_names=("R", "G", "B"),
            modality=Modality.DERMOSCOPY,
        )

    def rest() -> Dataset:
        return assemble(folder, facts().of_the_rest(), findings.samples)

    raise_if_unusable(findings.problems, rest if findings.samples else None)
    return assemble(folder, facts(), findings.samples, findings.warnings)


def _parts(folder: Path) -> tuple[PartFolders, ...]:
    if archives := _archive_parts(folder):
        return archives
    if is_paired(folder):
        return paired_parts(folder)
    places: tuple[tuple[Path, Part], ...] = (
        (folder, "train"),
        (folder / "train", "train"),
        (folder / "test", "test"),
    )
    return tuple(
        PartFolders(part, place, place)
        for place, part in places
        if _are_named(place, _IMAGE_NAME, _MASK_NAME)
    )


def _archive_parts(folder: Path) -> tuple[PartFolders, ...]:
    """The folders that the challenge's archives unpack to."""
    folders = [path for path in folder.iterdir() if path.is_dir()]
    masks = {
        match["part"]: path for path in folders if (match := _MASKS_FOLDER.fullmatch(path.name))
    }
    images = {
        match["part"]: path for path in folders if (match := _IMAGES_FOLDER.fullmatch(path.name))
    }
    return tuple(
        PartFolders(_PARTS[part], path, masks.get(part)) for part, path in sorted(images.items())
    )


def _archive_warnings(folder: Path) -> tuple[str, ...]:
    return tuple(
        f"{part.images} counts as training images; validation images are set aside by patient"
        for part in _archive_parts(folder)
        if "_Validation_" in part.images.name
    )


def _are_named(folder: Path, wanted: re.Pattern[str], allowed: re.Pattern[str]) -> bool:
    """Whether images in ``folder`` are named as ``wanted``, and none but as ``allowed`` else."""
    if not folder.is_dir():
        return False
    files = [path for path in visible_files(folder) if ending_of(path)]
    stems = [stem_of(path) for path in files if not stem_of(path).endswith(_IGNORED)]
    return any(wanted.fullmatch(stem) for stem in stems) and all(
        wanted.fullmatch(stem) or allowed.fullmatch(stem) for stem in stems
    )


def _lesion(folder: Path, samples: Sequence[Sample]) -> ClassTable:
    """The lesion under the value that the first mask with a lesion gives it, 255 as a rule."""
    for sample in samples:
        foreground = mask_values(sample.label_path) - {0}
        if len(foreground) == 1:
            return ClassTable.from_names(["skin lesion"], [foreground.pop()])
        if foreground:
            raise DataError(
                sample.label_path,
                found=f"the values {listed(sorted(foreground))} beside 0",
                expected="0 and one value for the lesion",
                remedy="use the challenge's own masks, not resampled ones",
            )
    raise DataError(
        folder,
        found="masks without any lesion",
        expected="masks that outline lesions",
        remedy="check that the masks belong to this data set",
    )
