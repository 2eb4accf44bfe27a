"""What each benchmark is asked, torch-free, so that the command line can say it."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from omniseg_backend.training.settings import Budget, TrainingSettings

Rounds = Annotated[int, Field(ge=1)]
Threads = Annotated[int, Field(ge=1)]


class NetworkName(enum.StrEnum):
    """Our variants and the peers, each of ours before what it is compared with."""

    COMPACT = "compact"
    CMUNEXT_S = "cmunext-s"
    BALANCED = "balanced"
    CMUNEXT = "cmunext"
    ACCURATE = "accurate"
    CMUNEXT_L = "cmunext-l"
    UNET = "unet"
    DYNUNET = "dynunet"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LatencySettings(_Settings):
    """The question of the latency benchmark.

    Attributes:
        networks: Which of those that are built here.
        sizes: Sides of their inputs, multiples of 16.
        peers: ONNX files to run beside them.
        rounds: Timed runs of each network at each size.
        threads: Threads within an operation.
    """

    networks: tuple[NetworkName, ...] = tuple(NetworkName)
    sizes: tuple[Annotated[int, Field(ge=16, multiple_of=16)], ...] = (256, 512)
    peers: tuple[Path, ...] = ()
    rounds: Rounds = 20
    threads: Threads


class TrainingSpeedSettings(_Settings):
    """The question of the training benchmark.

    Attributes:
        networks: Which networks.
        size: Side of the crops, a multiple of 16.
        batch_size: Crops in a step.
        rounds: Timed steps of each network.
        threads: Threads of torch.
    """

    networks: tuple[NetworkName, ...] = (
        NetworkName.COMPACT,
        NetworkName.BALANCED,
        NetworkName.ACCURATE,
        NetworkName.UNET,
    )
    size: Annotated[int, Field(ge=16, multiple_of=16)] = 256
    batch_size: Annotated[int, Field(ge=1)] = 8
    rounds: Rounds = 5
    threads: Threads


class VolumeSettings(_Settings):
    """The question of the volume benchmark.

    Attributes:
        bundle: The model, by its path.
        side: Voxels along a slice's sides.
        slices: Slices of each volume, one run for each.
        threads: Threads of the network.
    """

    bundle: Path
    side: Annotated[int, Field(ge=16)] = 512
    slices: tuple[Annotated[int, Field(ge=1)], ...] = (50, 100, 200)
    threads: Threads


class BatchMemorySettings(_Settings):
    """The question of the batch benchmark.

    Attributes:
        bundle: The model, by its path.
        images: How many.
        side: Largest number of voxels along a slice's sides.
        slices: Of each image.
        workers: Processes at once.
    """

    bundle: Path
    images: Annotated[int, Field(ge=1)] = 200
    side: Annotated[int, Field(ge=16)] = 160
    slices: Annotated[int, Field(ge=1)] = 8
    workers: Annotated[int, Field(ge=1)]


class Arm(_Settings):
    """One way of training that a study compares with others.

    Attributes:
        name: Of its row and its folders.
        settings: Fields of the training settings that make it different.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    settings: dict[str, Any] = {}


class FineTuningSettings(_Settings):
    """The question of the fine-tuning study.

    Attributes:
        dataset: An nnU-Net v2 raw data set; patients of both parts are used.
        arms: What is compared; the others are compared with the first.
        folds: Into how many the patients are parted.
        seeds: Each arm is trained once with each.
        budget: Of each training.
        shared: Training settings that all arms have.
        threads: Threads of torch; 0: as many as the process may use.
    """

    dataset: Path
    arms: Annotated[tuple[Arm, ...], Field(min_length=2)]
    folds: Annotated[int, Field(ge=2, le=20)] = 4
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    budget: Budget = Budget(minutes=5)
    shared: dict[str, Any] = {}
    threads: Annotated[int, Field(ge=0)] = 0

    def training(self, arm: Arm, seed: int, data: Path) -> TrainingSettings:
        """The settings of one training: what all arms have, then what the arm has.

        Args:
            arm: One of ``arms``.
            seed: One of ``seeds``.
            data: The fold's data set.

        Raises:
            pydantic.ValidationError: They do not go together, or a value is wrong.
        """
        return TrainingSettings.model_validate(
            {
                **self.shared,
                **arm.settings,
                "dataset": data,
                "budget": self.budget,
                "seed": seed,
                "threads": self.threads,
            }
        )
