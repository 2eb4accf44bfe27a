"""The nnU-Net v2 raw layout: ``imagesTr``, ``labelsTr``, ``imagesTs``, ``labelsTs``.

Images are named ``CASE_0000.png``, one file per channel; masks ``CASE.png``. A colour picture
is one file ``CASE_0000`` although ``dataset.json`` names three channels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.assembly import Facts, Findings, Sample, assemble
from omniseg_backend.datasets.channels import stated_modality
from omniseg_backend.datasets.files import visible_files
from omniseg_backend.datasets.nnunet_json import (
    FILE_NAME,
    ListedCase,
    NnunetJson,
    nnunet_classes,
    read_nnunet_json,
)
from omniseg_backend.datasets.problems import Problem, listed, raise_if_unusable
from omniseg_backend.datasets.records import Dataset, Part

_NUMBERED = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")
_FOLDER_NAME = re.compile(r"Dataset\d{3}_(?P<name>.+)")
_FOLDERS: dict[Part, tuple[str, str]] = {
    "train": ("imagesTr", "labelsTr"),
    "test": ("imagesTs", "labelsTs"),
}


def is_nnunet(folder: Path) -> bool:
    """Whether ``folder`` is laid out as an nnU-Net v2 raw data set."""
    return (folder / FILE_NAME).is_file() or (folder / "imagesTr").is_dir()


def open_nnunet(folder: Path) -> Dataset:
    """Open an nnU-Net v2 raw data set.

    Raises:
        DataError: ``dataset.json`` or ``cases.csv`` is wrong, or files are missing; all missing
            files are in the error's ``problems``.
    """
    path = folder / FILE_NAME
    facts = read_nnunet_json(path)
    classes = nnunet_classes(facts, path)
    site = facts.omniseg
    training = (
        _find_part(folder, "train", facts)
        if facts.listed is None
        else _listed_part(folder, "train", facts.listed)
    )
    findings = training + (
        _find_part(folder, "test", facts)
        if site is None
        else _listed_part(folder, "test", site.test)
    )
    named = _FOLDER_NAME.fullmatch(folder.name)
    stated = Facts(
        name=facts.name or (named["name"] if named else folder.name),
        classes=classes,
        channel_names=facts.channels,
        modality=(site.modality if site else None) or stated_modality(facts.channels),
        description=facts.description,
        licence=facts.licence,
        is_unlisted=lambda name: facts.listed is not None and _lies_in(folder, name, facts),
        unstated=() if site is None else site.unstated,
    )
    raise_if_unusable(
        [*_count_problems(path, facts, training), *findings.problems],
        rest=lambda: assemble(folder, stated.of_the_rest(), findings.samples),
    )
    return assemble(folder, stated, findings.samples, findings.warnings)


def _lies_in(folder: Path, name: str, facts: NnunetJson) -> bool:
    """Whether the folders hold an image of this name, listed or not."""
    files = (folder / images / f"{name}_0000{facts.file_ending}" for images, _ in _FOLDERS.values())
    return any(path.is_file() for path in files)


def _listed_part(folder: Path, part: Part, cases: Mapping[str, ListedCase]) -> Findings:
    samples = tuple(
        Sample(name, part, tuple(folder / image for image in case.images), folder / case.label)
        for name, case in cases.items()
    )
    paths = [path for sample in samples for path in (*sample.image_paths, sample.label_path)]
    missing = [path for path in paths if not path.is_file()]
    problems = _missing("files", folder / FILE_NAME, missing, "every file that it lists")
    return Findings(samples, tuple(problems))


def _find_part(folder: Path, part: Part, facts: NnunetJson) -> Findings:
    images_folder, labels_folder = (folder / name for name in _FOLDERS[part])
    if not images_folder.is_dir():
        if part == "test":
            return Findings()
        return Findings(problems=tuple(_missing("folder", folder, ["imagesTr"], "the images")))
    images, strays = _by_case(images_folder, facts.file_ending)
    if not labels_folder.is_dir() and part == "test":
        left = f"{images_folder.name} has {counted(len(images), 'image')} without masks, not used"
        return Findings(warnings=(left,))
    labels = _labels(labels_folder, facts.file_ending)
    channels = _expected_channels(facts, images)
    problems = [
        *_missing("channel number in the name of", images_folder, strays, "names as CASE_0000"),
        *_missing("mask for", labels_folder, images.keys() - labels.keys(), "one mask per image"),
        *_missing("image for the mask", images_folder, labels.keys() - images.keys(), "its image"),
        *_channel_problems(images_folder, images, channels),
    ]
    samples = tuple(
        Sample(case, part, tuple(files[number] for number in sorted(files)), labels[case])
        for case, files in images.items()
        if case in labels
    )
    return Findings(samples, tuple(problems))


def _by_case(folder: Path, ending: str) -> tuple[dict[str, dict[int, Path]], list[str]]:
    """Image files by case and channel number, and names without a channel number."""
    cases: dict[str, dict[int, Path]] = {}
    strays = []
    for path in visible_files(folder):
        if not path.name.endswith(ending):
            continue
        match = _NUMBERED.fullmatch(path.name.removesuffix(ending))
        if match is None:
            strays.append(path.name)
        else:
            cases.setdefault(match["case"], {})[int(match["channel"])] = path
    return cases, strays


def _labels(folder: Path, ending: str) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    paths = visible_files(folder)
    return {path.name.removesuffix(ending): path for path in paths if path.name.endswith(ending)}


def _expected_channels(facts: NnunetJson, images: dict[str, dict[int, Path]]) -> set[int]:
    """The channel numbers that every case should have.

    nnU-Net stores a colour picture as one file, so that several channel names with ``_0000``
    alone throughout are no fault unless the files are NIfTI, which hold one channel each.
    """
    everywhere_first = all(set(files) == {0} for files in images.values())
    if everywhere_first and not facts.file_ending.startswith(".nii"):
        return {0}
    return set(range(len(facts.channels)))


def _channel_problems(
    folder: Path, images: dict[str, dict[int, Path]], channels: set[int]
) -> list[Problem]:
    wanted = ", ".join(f"_{number:04d}" for number in sorted(channels))
    wrong = [case for case, files in images.items() if set(files) != channels]
    if not wrong:
        return []
    return [
        Problem(
            "layout",
            str(folder),
            found=f"missing or additional channels for {listed(wrong)}",
            expected=f"the files {wanted} of every case",
            remedy="add the missing files or correct channel_names in dataset.json",
        )
    ]


def _count_problems(path: Path, facts: NnunetJson, training: Findings) -> list[Problem]:
    if training.problems or len(training.samples) == facts.training_count:
        return []
    return [
        Problem(
            "layout",
            str(path),
            found=f"numTraining {facts.training_count} and "
            f"{counted(len(training.samples), 'training case')} that end in {facts.file_ending}",
            expected="the same number",
            remedy="correct numTraining or file_ending, or add the missing files",
        )
    ]


def _missing(what: str, place: Path, names: Iterable[object], expected: str) -> list[Problem]:
    ordered = sorted(str(name) for name in names)
    if not ordered:
        return []
    return [
        Problem(
            "layout",
            str(place),
            found=f"no {what} {listed(ordered)}",
            expected=expected,
            remedy="add what is missing or remove what is superfluous",
        )
    ]
