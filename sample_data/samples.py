"""The small samples that ship with the project: one phantom of each family, with its truth.

``python -m omniseg_sample_data.samples`` draws and writes them anew.
"""

from __future__ import annotations

import argparse
import importlib.resources
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pydantic

from omniseg_backend.common.atomic import write_text_atomic, writing_errors
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.images.classes import ClassEntry
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.writing import write_image
from omniseg_sample_data.family import PhantomFamily
from omniseg_sample_data.files import file_ending, write_truth
from omniseg_sample_data.phantoms import PHANTOMS

_INDEX = "index.json"

#: The seed of each sample: chosen by eye for showing what is typical of its modality. All lie
#: below ``dataset.FIRST_TRAINING_SEED``, so that no model has seen them.
SEEDS: Mapping[str, int] = MappingProxyType(
    {
        "abdominal_ct": 19,
        "abdominal_mri": 4,
        "brain_mri": 2,
        "retinal_oct": 3,
        "dermoscopy": 1,
        "surgical_instruments": 5,
        "fetal_head_us": 1,
        "cardiac_mri": 8,
        "fluorescence_nuclei": 7,
    }
)


class Sample(pydantic.BaseModel):
    """One sample.

    Attributes:
        id: The family's name.
        title: What it shows, for people.
        image: File name of the image.
        truth: File name of its truth.
        modality: What it imitates.
        seed: The phantom's seed.
        classes: What the truth distinguishes.
        synthetic: Always true: results on samples are a demo and never pooled with real ones.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    image: str
    truth: str
    modality: Modality
    seed: int
    classes: tuple[ClassEntry, ...]
    synthetic: Literal[True] = True

    @property
    def image_path(self) -> Path:
        """Where the image lies."""
        return samples_folder() / self.image

    @property
    def truth_path(self) -> Path:
        """Where the truth lies."""
        return samples_folder() / self.truth


class SampleIndex(pydantic.BaseModel):
    """The content of ``index.json``."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    samples: tuple[Sample, ...]


def samples_folder() -> Path:
    """The folder of the samples in the installed package."""
    return Path(str(importlib.resources.files("omniseg_sample_data"))) / "samples"


def samples() -> tuple[Sample, ...]:
    """All samples, in the order of ``PHANTOMS``."""
    text = (samples_folder() / _INDEX).read_text(encoding="utf-8")
    return SampleIndex.model_validate_json(text).samples


def write_samples(folder: Path) -> None:
    """Draw every sample and write it with its truth and the index, replacing what is there.

    Args:
        folder: Where to; made if missing.

    Raises:
        DataError: The folder cannot be written.
        ResourceError: The disk is full.
    """
    with writing_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    made = tuple(write_sample(family, folder) for family in PHANTOMS.values())
    index = SampleIndex(samples=made).model_dump_json(indent=2)
    write_text_atomic(folder / _INDEX, f"{index}\n")


def write_sample(family: PhantomFamily, folder: Path) -> Sample:
    """Draw one family's sample and write its two files, replacing what is there."""
    ending = file_ending(family)
    sample = Sample(
        id=family.name,
        title=family.title,
        image=f"{family.name}{ending}",
        truth=f"{family.name}_truth{ending}",
        modality=family.modality,
        seed=SEEDS[family.name],
        classes=family.classes.entries,
    )
    phantom = family.generate(sample.seed)
    write_image(phantom.image, folder / sample.image, overwrite=True)
    write_truth(phantom.truth, folder / sample.truth)
    return sample


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit code."""
    parser = argparse.ArgumentParser(description="Draw the shipped samples anew.")
    parser.add_argument("--folder", type=Path, default=samples_folder())
    given = parser.parse_args(arguments)
    try:
        write_samples(given.folder)
    except OmniSegError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
