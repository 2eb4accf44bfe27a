"""From a finished run to a verified bundle: weights, thresholds, card."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from omniseg_backend.bundles.card import (
    Calibration,
    FalsePositives,
    Latency,
    ModelCard,
    StorageFigure,
)
from omniseg_backend.bundles.graph import strip_metadata
from omniseg_backend.bundles.int8_record import Int8Record
from omniseg_backend.bundles.manifest import ManifestDraft, Storage
from omniseg_backend.bundles.privacy import refuse_private_text
from omniseg_backend.bundles.rules import ReviewRule
from omniseg_backend.bundles.store import Bundle, write_bundle
from omniseg_backend.bundles.weights import store_weights
from omniseg_backend.common.platform import cpu_model
from omniseg_backend.common.progress import Cancel, Progress
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_image, load_record
from omniseg_backend.datasets.records import group_cases
from omniseg_backend.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    joined,
    sample_band,
)
from omniseg_backend.evaluation.card_figures import card_evaluation
from omniseg_backend.evaluation.evaluate import BundleEvaluation, evaluate_bundle, evaluate_cases
from omniseg_backend.evaluation.int8_measurement import measure_int8
from omniseg_backend.evaluation.judgement import (
    LabelledImage,
    false_positives,
    judge,
    judge_strangers,
)
from omniseg_backend.evaluation.review_threshold import choose_review_rule
from omniseg_backend.images.image import Image
from omniseg_backend.inference.latency import measure_latency
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.inference.session_cache import SESSIONS
from omniseg_backend.networks.cost import cost_of
from omniseg_backend.networks.omnisegnet import OmniSegNet
from omniseg_backend.training.bundle_maker import BundleMaker
from omniseg_backend.training.onnx_graph import export_graph, verify_graph
from omniseg_backend.training.preparation import with_channels
from omniseg_backend.training.run import FinishedRun
from omniseg_backend.training.self_description import private_names

#: Smaller storage is kept where it costs less than this in mean Dice.
_STORAGE_LOSS = 0.002
_STRANGERS = 100


def export_bundle(
    run: FinishedRun,
    target: Path,
    *,
    overwrite: bool,
    progress: Progress,
    cancel: Cancel | None,
) -> Bundle:
    """Export the best state of a run and measure everything that its card states.

    Args:
        run: A run, finished or stopped after a validation.
        target: A folder, or a file that ends in ``.omniseg``.
        overwrite: Whether ``target`` may be replaced.
        progress: Told about every stage.
        cancel: Looked at between stages.

    Raises:
        BundleError: The exported graph does not agree with torch, or a text would tell who
            the training images were of.
        CancelledError: The user cancelled.
    """
    return _Export(run, progress, cancel).write(target, overwrite=overwrite)


@dataclasses.dataclass(frozen=True)
class _Stored:
    """A storage of the weights and what it costs."""

    storage: Storage
    graph: bytes
    evaluation: BundleEvaluation

    @property
    def dice(self) -> float:
        return self.evaluation.score.mean_dice or 0.0


class _Export:
    """The stages of one export; each needs what the ones before found."""

    def __init__(self, run: FinishedRun, progress: Progress, cancel: Cancel | None) -> None:
        self._run = run
        self._progress = progress
        self._cancel = cancel
        self._network = OmniSegNet(run.plan.architecture)
        self._network.load_state_dict(run.checkpoint.best)
        self._network.eval()
        self._folder = tempfile.TemporaryDirectory(prefix="omniseg-export-")
        self._maker = BundleMaker(run, self._network, Path(self._folder.name))

    def write(self, target: Path, *, overwrite: bool) -> Bundle:
        with self._folder:
            self._progress("exporting the network", 0.0)
            graph = strip_metadata(export_graph(self._network))
            verify_graph(self._network, graph)
            temperature, calibration = self._calibrate(graph)
            stored = self._choose_storage(graph, temperature)
            provisional = self._maker.provisional(stored[-1].graph, stored[-1].storage, temperature)
            review, strangers = self._judge(provisional)
            draft = self._maker.draft(stored[-1].storage, temperature, review).model_copy(
                update={"int8": self._measure_int8(provisional, stored[-1].evaluation)}
            )
            card = self._card(draft, provisional, stored, calibration, strangers)
            members = self._maker.members(stored[-1].graph, draft, card)
            refuse_private_text(draft, members, forbidden=private_names(self._run))
            SESSIONS.clear()
            return write_bundle(target, draft, members, overwrite=overwrite)

    def _calibrate(self, graph: bytes) -> tuple[float, Calibration | None]:
        """Fit the temperature on the validation planes, on the network's own grid."""
        self._progress("calibrating", 0.1)
        session = NetworkSession(graph, threads=self._run.plan.threads)
        random = np.random.default_rng((self._run.plan.settings.seed, 5))
        height, width = self._run.plan.preprocessing.input_size
        samples = joined(
            sample_band(
                session.run(plane.inputs[np.newaxis, :, :height, :width])[0],
                plane.labels[:height, :width],
                random,
            )
            for plane in self._run.data.validation
        )
        temperature = fit_temperature(samples)
        if not len(samples.labels):
            return temperature, None
        return temperature, Calibration(
            cases=len(self._run.data.validation_hashes),
            ece_before=expected_calibration_error(samples, 1.0),
            ece_after=expected_calibration_error(samples, temperature),
        )

    def _choose_storage(self, graph: bytes, temperature: float) -> list[_Stored]:
        """Measure every storage; the one to keep comes last."""
        plain = self._measure("fp32", graph, temperature)
        smaller = [
            self._measure(storage, store_weights(graph, storage), temperature)
            for storage in ("fp16", "int8")
        ]
        kept = [one for one in smaller if plain.dice - one.dice < _STORAGE_LOSS]
        best = kept[-1] if kept else plain
        return [*(one for one in (plain, *smaller) if one is not best), best]

    def _measure(self, storage: Storage, graph: bytes, temperature: float) -> _Stored:
        bundle = self._maker.provisional(graph, storage, temperature)
        evaluation = evaluate_cases(
            bundle,
            self._run.data.dataset,
            group_cases(self._run.data.split.validation),
            "validation",
            progress=self._progress,
            cancel=self._cancel,
        )
        return _Stored(storage, graph, evaluation)

    def _measure_int8(self, bundle: Bundle, plain: BundleEvaluation) -> Int8Record:
        split = self._run.data.split
        return measure_int8(
            bundle,
            self._run.data.dataset,
            split.train,
            split.validation,
            plain=plain,
            progress=self._progress,
            cancel=self._cancel,
        )

    def _judge(self, bundle: Bundle) -> tuple[ReviewRule, FalsePositives | None]:
        judged = judge(
            bundle,
            self._validation_images(),
            seed=self._run.plan.settings.seed,
            progress=self._progress,
            cancel=self._cancel,
        )
        self._progress("looking at images without the structure", 0.8)
        strangers = list(self._strangers())
        judged += judge_strangers(bundle, (image for image, _ in strangers))
        names = ", ".join(sorted({name for _, name in strangers}))
        measured = false_positives(
            bundle, (image for image, _ in strangers), f"test parts of {names}" if names else ""
        )
        return choose_review_rule(judged), measured

    def _validation_images(self) -> Iterator[LabelledImage]:
        dataset = self._run.data.dataset
        return (load_record(record, dataset) for record in self._run.data.split.validation)

    def _strangers(self) -> Iterator[tuple[Image, str]]:
        """Images of the negatives' test parts, which training never saw."""
        channels = self._run.plan.preprocessing.image_channels
        for folder in self._run.plan.settings.negatives:
            dataset = open_dataset(folder)
            records = dataset.part("test")
            step = max(1, -(-len(records) // _STRANGERS))
            for record in records[::step]:
                yield with_channels(load_image(record, dataset), channels), dataset.name

    def _card(
        self,
        draft: ManifestDraft,
        bundle: Bundle,
        stored: list[_Stored],
        calibration: Calibration | None,
        strangers: FalsePositives | None,
    ) -> ModelCard:
        dataset = self._run.data.dataset
        synthetic = self._run.plan.settings.synthetic
        evaluations = [card_evaluation(stored[-1].evaluation, dataset, synthetic=synthetic)]
        if dataset.part("test"):
            tested = evaluate_bundle(
                bundle, dataset, "test", progress=self._progress, cancel=self._cancel
            )
            evaluations.append(card_evaluation(tested, dataset, synthetic=synthetic))
        order = ("fp32", "fp16", "int8")
        return ModelCard(
            bundle=draft.id,
            version=draft.version,
            parameters=cost_of(draft.architecture, 64, 64).parameters,
            evaluations=tuple(evaluations),
            false_positives=strangers,
            calibration=calibration,
            storage=tuple(
                StorageFigure(storage=one.storage, size=len(one.graph), dice=one.dice)
                for one in sorted(stored, key=lambda one: order.index(one.storage))
            ),
            latency=(self._latency(stored[-1].graph),),
            notes=self._notes(),
        )

    def _latency(self, graph: bytes) -> Latency:
        self._progress("measuring latency", 0.95)
        plan = self._run.plan
        session = NetworkSession(graph, threads=plan.threads)
        shape = (1, plan.architecture.in_channels, *plan.preprocessing.input_size)
        figures = measure_latency(session, shape)
        return Latency(
            cpu=cpu_model(),
            threads=plan.threads,
            input_size=plan.preprocessing.input_size,
            runs=figures.runs,
            milliseconds=figures.median_ms,
            fastest=figures.min_ms,
        )

    def _notes(self) -> tuple[str, ...]:
        state, plan = self._run.checkpoint.state, self._run.plan
        notes = [
            f"The weights are those of step {state.best_step} of {plan.steps}, the best of "
            f"{counted(len(state.history), 'validation')}."
        ]
        if not state.finished:
            notes.append(f"Exported at step {state.step}, while the training went on.")
        elif state.step < plan.steps:
            notes.append(f"Training stopped early at step {state.step}.")
        return tuple(notes)
