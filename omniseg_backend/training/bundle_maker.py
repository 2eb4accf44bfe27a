"""Putting a run's manifest and members together, for measuring and for keeping."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.manifest import ManifestDraft, SelfTest, Storage
from omniseg_backend.bundles.npy import npy_bytes
from omniseg_backend.bundles.rules import ReviewRule, Tolerance
from omniseg_backend.bundles.store import Bundle, write_bundle
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.networks.omnisegnet import OmniSegNet
from omniseg_backend.training.run import FinishedRun
from omniseg_backend.training.self_description import (
    classes_of,
    task_of,
    training_record,
    version_of,
)

_UNJUDGED = ReviewRule(threshold=0.0, detected=0, bad=0, false_flags=0, good=0)
_DEFAULT_TOLERANCE = Tolerance(value=2.0, unit="px")


class BundleMaker:
    """Makes complete bundles of one run.

    Args:
        run: A finished run.
        network: With the weights to keep, in evaluation mode.
        folder: For provisional bundles.
    """

    def __init__(self, run: FinishedRun, network: OmniSegNet, folder: Path) -> None:
        self._run = run
        self._network = network
        self._folder = folder

    def draft(self, storage: Storage, temperature: float, review: ReviewRule) -> ManifestDraft:
        """The manifest but for its members."""
        plan = self._run.plan
        settings = plan.settings
        task = task_of(self._run)
        return ManifestDraft(
            id=f"{task.id}-{settings.variant}",
            version=version_of(self._run),
            task=task,
            variant=settings.variant,
            architecture=plan.architecture,
            preprocessing=plan.preprocessing,
            classes=classes_of(self._run.data.dataset.classes),
            symmetric_axes=settings.symmetric_axes,
            clean_up=settings.clean_up,
            temperature=temperature,
            review=review,
            surface_tolerance=settings.surface_tolerance or _DEFAULT_TOLERANCE,
            synthetic=settings.synthetic,
            storage=storage,
            # Processors add in different orders; float32 keeps about six digits of a logit.
            self_test=SelfTest(rtol=1e-2, atol=2e-2, max_mismatch=0.002),
            training=training_record(self._run),
        )

    def provisional(self, graph: bytes, storage: Storage, temperature: float) -> Bundle:
        """A complete bundle on a temporary path, to be measured as a user would run it."""
        draft = self.draft(storage, temperature, _UNJUDGED)
        card = ModelCard(
            bundle=draft.id,
            version=draft.version,
            parameters=1,
            evaluations=(),
            false_positives=None,
            calibration=None,
        )
        path = self._folder / f"{storage}-{temperature}.omniseg"
        return write_bundle(path, draft, self.members(graph, draft, card), overwrite=True)

    def members(self, graph: bytes, draft: ManifestDraft, card: ModelCard) -> Mapping[str, bytes]:
        """Every file of a bundle but its manifest.

        The self-test's output is torch's own for weights stored in full, so that the graph is
        held to it; for rounded weights it is what the stored graph gives.
        """
        source = synthetic_input(draft.architecture, self._run.plan.settings.seed)
        if draft.storage == "fp32":
            with torch.inference_mode():
                output = self._network(torch.from_numpy(source)).numpy()
        else:
            output = NetworkSession(graph, threads=1).run(source)
        return {
            "model.onnx": graph,
            "self_test_input.npy": npy_bytes(source.astype(np.float16)),
            "self_test_output.npy": npy_bytes(output.astype(np.float32)),
            **card_members(card, draft),
        }
