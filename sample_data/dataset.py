"""Data sets of phantoms in the nnU-Net v2 raw layout.

``python -m omniseg_sample_data.dataset FAMILY FOLDER --train N --test M --seed S`` writes one.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.common.atomic import atomic_path, refuse_existing
from omniseg_backend.common.errors import OmniSegError, UsageError
from omniseg_backend.images.image import Image
from omniseg_backend.images.writing import write_image
from omniseg_sample_data.family import PhantomFamily
from omniseg_sample_data.files import file_ending, write_truth
from omniseg_sample_data.phantoms import PHANTOMS

#: Seeds below this are the samples' and the tests'; nothing is trained on them.
FIRST_TRAINING_SEED = 100_000
#: Test seeds of a data set start this far above its training seeds.
TEST_DISTANCE = 500_000


def write_dataset(
    family: PhantomFamily,
    folder: Path,
    train: int,
    test: int,
    seed: int = 0,
) -> None:
    """Write an nnU-Net v2 raw data set with ``cases.csv``; every phantom is its own patient.

    A picture becomes one PNG (colour in one file, suffix ``_0000``), a volume one NIfTI per
    channel. The phantom of a seed never stands in both parts, nor among the samples.

    Args:
        family: What to draw.
        folder: The data set's folder; must not exist.
        train: Number of training cases.
        test: Number of test cases.
        seed: Chooses the set; two sets whose seeds differ by ``train`` or more share no case.

    Raises:
        UsageError: A count is out of range.
        DataError: The folder exists or cannot be written.
    """
    train_seeds, test_seeds = seeds_of_parts(train, test, seed)
    refuse_existing(folder, overwrite=False)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        rows = _write_part(family, temporary, "Tr", train_seeds)
        rows += _write_part(family, temporary, "Ts", test_seeds)
        _write_index(family, temporary, rows, train)


def seeds_of_parts(train: int, test: int, seed: int = 0) -> tuple[range, range]:
    """The phantoms' seeds in the training and in the test part, which never meet.

    Args:
        train: Number of training cases.
        test: Number of test cases.
        seed: Shifts both.

    Raises:
        UsageError: A count is out of range.
    """
    fits = 1 <= train <= TEST_DISTANCE and 0 <= test <= TEST_DISTANCE
    if not fits or not 0 <= seed <= TEST_DISTANCE - train:
        raise UsageError(
            "phantom data set",
            found=f"{train} training cases, {test} test cases and the seed {seed}",
            expected=f"1 to {TEST_DISTANCE} of each, training cases and seed together no more",
            remedy="ask for other counts",
        )
    first = FIRST_TRAINING_SEED + seed
    start = FIRST_TRAINING_SEED + TEST_DISTANCE + seed
    return range(first, first + train), range(start, start + test)


def _write_part(family: PhantomFamily, folder: Path, part: str, seeds: range) -> list[str]:
    ending = file_ending(family)
    for kind in ("images", "labels"):
        (folder / f"{kind}{part}").mkdir()
    names = []
    for seed in seeds:
        name = f"{family.name}_{seed}"
        phantom = family.generate(seed)
        for channel, image in enumerate(_files(phantom.image)):
            write_image(image, folder / f"images{part}" / f"{name}_{channel:04d}{ending}")
        write_truth(phantom.truth, folder / f"labels{part}" / f"{name}{ending}")
        names.append(name)
    return names


def _files(image: Image) -> list[Image]:
    """The image as nnU-Net files it: a picture whole, a volume one file per channel."""
    if image.geometry.dimensions == 2:
        return [image]
    return [
        dataclasses.replace(image, array=image.array[:, [channel]], channel_names=(name,))
        for channel, name in enumerate(image.channel_names)
    ]


def _write_index(family: PhantomFamily, folder: Path, names: Sequence[str], train: int) -> None:
    description = {
        "name": family.name,
        "description": f"Synthetic {family.title} phantoms; no patient's data.",
        "licence": "Apache-2.0",
        "channel_names": {str(i): name for i, name in enumerate(family.channel_names)},
        "labels": {"background": 0} | {entry.name: entry.value for entry in family.classes},
        "numTraining": train,
        "file_ending": file_ending(family),
    }
    (folder / "dataset.json").write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    with (folder / "cases.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("file", "case", "patient", "slice"))
        table.writerows((name, name, name, "") for name in names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("family", choices=sorted(PHANTOMS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, required=True, help="number of training cases")
    parser.add_argument("--test", type=int, required=True, help="number of test cases")
    parser.add_argument("--seed", type=int, default=0, help="chooses the set")
    given = parser.parse_args(arguments)
    try:
        write_dataset(PHANTOMS[given.family], given.folder, given.train, given.test, given.seed)
    except OmniSegError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
