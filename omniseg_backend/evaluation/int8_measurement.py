"""What a bundle needs and loses in 8-bit arithmetic, measured on its data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.npy import npy_bytes
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.hashing import sha256_bytes
from omniseg_backend.common.platform import usable_cpus
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.datasets.loading import load_image
from omniseg_backend.datasets.records import Dataset, Record, group_cases
from omniseg_backend.evaluation.evaluate import BundleEvaluation, evaluate_cases
from omniseg_backend.inference.int8_graph import int8_model
from omniseg_backend.inference.int8_ranges import PERCENTILE, measure_ranges
from omniseg_backend.inference.selftest import run_self_test
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.preprocessing.frame import PreparedFrame
from omniseg_backend.preprocessing.settings import PreprocessingSettings

#: Real tiles that ranges are measured on, spread over the training images.
_TILES = 32


def measure_int8(
    bundle: Bundle,
    dataset: Dataset,
    train: Sequence[Record],
    validation: Sequence[Record],
    *,
    plain: BundleEvaluation | None = None,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> Int8Record:
    """Measure the activation ranges on training tiles and the Dice on validation cases.

    Args:
        bundle: The model; its manifest may have ranges already, which are not looked at.
        dataset: Where the records come from.
        train: Images to take tiles of, at least one.
        validation: Labelled images that the model was not trained on, at least one.
        plain: Its evaluation in 32 bits on the same validation cases, if there is one.
        threads: Of the network.
        progress: Told about every case.
        cancel: Looked at between tiles and cases.

    Raises:
        DataError: An image cannot be read.
        BundleError: The network has no 8-bit form.
        CancelledError: The user cancelled.
    """
    progress("measuring activation ranges", 0.0)
    ranges = measure_ranges(
        bundle.model_bytes(),
        tiles_of(train, dataset, bundle.manifest.preprocessing, cancel),
        threads or usable_cpus(),
        bundle.path,
    )
    model = int8_model(bundle.model_bytes(), ranges, bundle.path)
    cases = group_cases(tuple(validation))

    def dice(one: Bundle) -> float:
        found = evaluate_cases(
            one,
            dataset,
            cases,
            "validation",
            threads=threads,
            progress=progress,
            cancel=cancel,
        )
        return found.score.mean_dice or 0.0

    session = NetworkSession(model, threads=1, subject=bundle.path)
    known = dice(bundle) if plain is None else plain.score.mean_dice or 0.0
    return Int8Record(
        ranges=ranges,
        percentile=PERCENTILE,
        tiles=min(len(train), _TILES),
        cases=len(cases),
        dice_fp32=known,
        dice_int8=dice(int8_twin(bundle, model)),
        self_test_mismatch=run_self_test(session, bundle).mismatch,
    )


def int8_twin(bundle: Bundle, model: bytes) -> Bundle:
    """A bundle in memory whose network is the 8-bit one, to be evaluated like any other.

    Its self-test expects what the 8-bit network gives.
    """
    test = bundle.manifest.self_test
    source, _ = bundle.self_test_arrays()
    output = NetworkSession(model, threads=1, subject=bundle.path).run(source)
    members = {**bundle.members, "model.onnx": model, test.output: npy_bytes(output)}
    key = sha256_bytes(bundle.manifest_content + model)
    return dataclasses.replace(bundle, manifest_hash=key, members=MappingProxyType(members))


def tiles_of(
    records: Sequence[Record],
    dataset: Dataset,
    preprocessing: PreprocessingSettings,
    cancel: Cancel | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Network inputs (C, H, W) spread over some images: the middle window of the middle plane."""
    count = min(len(records), _TILES)
    for place in np.linspace(0, len(records) - 1, count).astype(int):
        check_cancel(cancel, "measuring activation ranges")
        image = load_image(records[int(place)], dataset)
        prepared = PreparedFrame(image, preprocessing, image.frames // 2)
        windows = prepared.windows(prepared.planes // 2)
        yield np.ascontiguousarray(windows[len(windows) // 2], dtype=np.float32)
