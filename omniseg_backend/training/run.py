"""One training run from settings to its finished state, resumable from its folder."""

from __future__ import annotations

import dataclasses
import logging
import sys
from pathlib import Path

import lightning_fabric
import torch
from torch import nn

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.bundles.weights import read_state
from omniseg_backend.common.platform import keep_freed_memory, usable_cpus
from omniseg_backend.common.progress import Cancel, Progress, no_progress
from omniseg_backend.common.provenance import now_utc, source_commit
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.site.check import open_for_training
from omniseg_backend.networks.architecture import architecture_of
from omniseg_backend.networks.omnisegnet import OmniSegNet, build_network
from omniseg_backend.training.augmentation import augmentation_of
from omniseg_backend.training.checkpoint import Checkpoint, RunState
from omniseg_backend.training.class_prior import set_class_prior
from omniseg_backend.training.curves import draw_curves
from omniseg_backend.training.export_settings import PLAN
from omniseg_backend.training.fine_tuning import completed
from omniseg_backend.training.observer import Observer, TrainingNews, ValidationFigures
from omniseg_backend.training.plan import (
    RunPlan,
    check_same_run,
    choose_precision,
    steps_of,
)
from omniseg_backend.training.preparation import PreparedData, prepare_data
from omniseg_backend.training.preview import fullest, preview_png
from omniseg_backend.training.probe import probe_seconds
from omniseg_backend.training.samples import StepSamples
from omniseg_backend.training.settings import TrainingSettings
from omniseg_backend.training.surgery import transplant
from omniseg_backend.training.trainer import TrainingData, fit

logger = logging.getLogger(__name__)

CHECKPOINT, _CURVES = "checkpoint.safetensors", "curves.png"


@dataclasses.dataclass(frozen=True, eq=False)
class FinishedRun:
    """What an export is made of."""

    plan: RunPlan
    data: PreparedData
    checkpoint: Checkpoint


def run_folder(bundle: Path) -> Path:
    """Where the run that makes ``bundle`` keeps its state: ``BUNDLE.run/`` beside it."""
    return bundle.with_name(bundle.name + ".run")


def run_training(
    settings: TrainingSettings,
    folder: Path,
    *,
    progress: Progress,
    cancel: Cancel | None = None,
    observer: Observer | None = None,
) -> FinishedRun:
    """Train, or go on with the unfinished run in ``folder``.

    After a kill at any moment the same call gives the same result as without it, on the same
    machine: steps, precision and threads are stored before the first step, and what a step
    sees depends on its number and the seed alone.

    Args:
        settings: What to do.
        folder: The run's own folder.
        progress: Told about every stage.
        cancel: Looked at between steps.
        observer: Told after every validation.

    Raises:
        DataError: The data set or the folder cannot be used.
        CancelledError: The user cancelled; the same call resumes.
    """
    dataset = open_for_training(settings.dataset, progress=progress, cancel=cancel)
    settings = completed(settings, dataset)
    _refuse_early(settings, folder)
    keep_freed_memory()
    fabric = lightning_fabric.Fabric(accelerator=settings.accelerator, devices=settings.devices)
    data = prepare_data(settings, progress=progress, cancel=cancel)
    for warning in data.warnings:
        logger.warning(warning)
    plan = _plan(settings, folder, data, fabric, progress)
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    fabric = lightning_fabric.Fabric(
        accelerator=settings.accelerator,
        devices=settings.devices,
        precision="bf16-mixed" if plan.precision == "bf16" else "32-true",
    )
    fabric.launch()
    if not fabric.is_global_zero:
        progress = no_progress
    checkpoint = fit(
        fabric,
        _initial_network(plan, data),
        TrainingData(_samples(data, settings), data.validation),
        plan,
        folder / CHECKPOINT,
        progress=progress,
        cancel=cancel,
        on_validation=lambda state, network: _report(state, network, plan, data, folder, observer),
    )
    if not fabric.is_global_zero:
        # This process was started for data-parallel training and has nothing left to do.
        sys.exit(0)
    return FinishedRun(plan, data, checkpoint)


def _refuse_early(settings: TrainingSettings, folder: Path) -> None:
    """Refuse what needs no look at the data, which may take minutes to read."""
    path = folder / PLAN
    if path.exists():
        check_same_run(RunPlan.load(path), settings, None, path)


def _plan(
    settings: TrainingSettings,
    folder: Path,
    data: PreparedData,
    fabric: lightning_fabric.Fabric,
    progress: Progress,
) -> RunPlan:
    path = folder / PLAN
    if path.exists():
        plan = RunPlan.load(path)
        check_same_run(plan, settings, data.data_hash, path)
        return plan
    progress("measuring the speed of a step", 0.0)
    threads = settings.threads or max(1, usable_cpus() // settings.devices)
    torch.set_num_threads(threads)
    classes = data.dataset.classes
    architecture = architecture_of(
        settings.variant, data.preprocessing.network_channels, len(classes) + 1
    )
    precision = choose_precision(settings, fabric.device)
    step_seconds = probe_seconds(
        build_network(architecture, settings.seed),
        _samples(data, settings),
        data.validation,
        settings,
        precision,
        fabric.device,
    )
    steps = steps_of(settings, len(data.train.foreground), step_seconds)
    plan = RunPlan(
        settings=settings,
        data_hash=data.data_hash,
        steps=steps,
        validate_every=max(1, -(-steps // settings.validations)),
        precision=precision,
        threads=threads,
        device="CPU" if fabric.device.type == "cpu" else torch.cuda.get_device_name(fabric.device),
        expected_seconds=steps * step_seconds,
        architecture=architecture,
        preprocessing=data.preprocessing,
        class_names=classes.names,
        class_values=classes.values,
        started=now_utc(),
        commit=source_commit(),
    )
    if fabric.is_global_zero:
        folder.mkdir(parents=True, exist_ok=True)
        plan.save(path)
    logger.info("%s, about %.1f min", counted(steps, "step"), plan.expected_seconds / 60)
    return plan


def _samples(data: PreparedData, settings: TrainingSettings) -> StepSamples:
    return StepSamples(data.train, settings.seed, augmentation_of(settings))


def _initial_network(plan: RunPlan, data: PreparedData) -> OmniSegNet:
    network = build_network(plan.architecture, plan.settings.seed)
    set_class_prior(network, data.train.foreground)
    if plan.settings.initial_bundle is not None:
        bundle = load_bundle(plan.settings.initial_bundle)
        state = read_state(bundle.model_bytes())
        taken = transplant(
            network,
            {name: torch.from_numpy(value.copy()) for name, value in state.items()},
            old_classes=bundle.manifest.class_table().names,
            new_classes=plan.class_names,
        )
        logger.info(
            "started from %s; classes kept: %s; new: %s%s",
            bundle.manifest.id,
            ", ".join(taken.kept_classes) or "none",
            ", ".join(taken.new_classes) or "none",
            "; first block fitted to other channels" if taken.stem_adapted else "",
        )
    return network


def _report(
    state: RunState,
    network: nn.Module,
    plan: RunPlan,
    data: PreparedData,
    folder: Path,
    observer: Observer | None,
) -> None:
    last = state.history[-1]
    logger.info(
        "step %d of %d: loss %.4f, validation Dice %.4f (best %.4f at step %d)",
        last.step,
        plan.steps,
        last.loss,
        last.dice,
        state.best_dice,
        state.best_step,
    )
    draw_curves(state, plan.class_names, folder / _CURVES)
    if observer is None:
        return
    device = next(network.parameters()).device
    picture = preview_png(network, fullest(data.validation), data.dataset.classes, device)
    caption = f"a validation case after {counted(last.step, 'step')}: image, truth, prediction"
    observer(TrainingNews(figures_of(state, plan.class_names), plan.steps, picture, caption))


def figures_of(state: RunState, class_names: tuple[str, ...]) -> tuple[ValidationFigures, ...]:
    """Every validation of a run, as onlookers are told it."""
    return tuple(
        ValidationFigures(
            step=one.step,
            loss=one.loss,
            dice=one.dice,
            class_dice=dict(zip(class_names, one.class_dice, strict=True)),
            learning_rate=one.learning_rate,
        )
        for one in state.history
    )
