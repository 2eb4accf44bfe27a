"""What the commands of ``omniseg dataset`` do, up to their documents."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.bundles.store import read_manifest
from omniseg_backend.cli.bundle_choice import bundle_path
from omniseg_backend.cli.site_documents import (
    DatasetAddDocument,
    DatasetCheckDocument,
    DatasetCreateDocument,
    DatasetListDocument,
    ProblemReport,
    SiteCaseReport,
)
from omniseg_backend.cli.terminal import Terminal, contradiction
from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.site.check import check_site
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.datasets.site.document import SiteCase, SiteDocument, SourceBundle
from omniseg_backend.datasets.site.settings import AddSettings, CreateSettings
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.reading import read_image, read_segmentation


def create_site(settings: CreateSettings) -> DatasetCreateDocument:
    """Make a data set with the classes that are named, or those of a bundle.

    Raises:
        UsageError: Neither or both are named.
        DataError: The folder exists, or the bundle is damaged.
    """
    if settings.model is not None and settings.classes:
        raise contradiction("--model", "--class")
    if settings.model is None and not settings.classes:
        raise UsageError(
            "--class",
            found="no class",
            expected="what the masks hold",
            remedy="name each class with --class, or a bundle that has them with --model",
        )
    manifest = None if settings.model is None else _manifest(settings.model)
    like = manifest.preprocessing if manifest else None
    made = SiteDataset.create(
        settings.folder,
        manifest.class_table() if manifest else ClassTable.from_names(settings.classes),
        name=settings.name,
        modality=settings.modality or (like.modality if like else None),
        channel_names=settings.channels or (like.image_channels if like else 1),
        description=settings.description,
        licence=settings.licence,
    )
    document = made.document()
    return DatasetCreateDocument(
        folder=str(made.folder),
        name=document.name,
        classes={entry.name: entry.value for entry in document.classes},
        channels=document.channels,
        modality=document.omniseg.modality,
    )


def add_to_site(settings: AddSettings, *, overwrite: bool) -> DatasetAddDocument:
    """Read an image and its mask and add them.

    Raises:
        DataError: A file cannot be used, or does not fit the data set.
        UsageError: The bundle is neither a path nor an id.
    """
    site = SiteDataset.open(settings.folder)
    modality = settings.modality or site.document().omniseg.modality
    added = site.add(
        read_image(settings.image, modality=modality, series_uid=settings.series),
        read_segmentation(settings.mask),
        patient=settings.patient,
        bundle=None if settings.model is None else _source(settings.model),
        overwrite=overwrite,
    )
    return DatasetAddDocument(
        folder=str(settings.folder),
        outcome=added.outcome,
        case=_report(added.name, added.case),
        notes=tuple(str(note) for note in added.notes),
    )


def list_site(folder: Path) -> DatasetListDocument:
    """What belongs to a data set.

    Raises:
        DataError: It is none, or its description is damaged.
    """
    document = SiteDataset.open(folder).document()
    cases = document.omniseg.cases
    return DatasetListDocument(
        folder=str(folder),
        name=document.name,
        classes={entry.name: entry.value for entry in document.classes},
        channels=document.channels,
        modality=document.omniseg.modality,
        training_cases=sum(case.part == "train" for case in cases.values()),
        reserved_cases=sum(case.part == "test" for case in cases.values()),
        patients=len(document.patients),
        reserved_patients=_reserved(document),
        cases=tuple(_report(name, case) for name, case in cases.items()),
    )


def check_folder(folder: Path, terminal: Terminal) -> DatasetCheckDocument:
    """Every problem of a data set.

    Raises:
        CancelledError: The user stopped it.
    """
    problems = check_site(folder, progress=terminal.progress, cancel=terminal.cancel)
    return DatasetCheckDocument(
        folder=str(folder),
        usable=all(problem.severity != "error" for problem in problems),
        problems=tuple(
            ProblemReport(
                kind=problem.kind,
                severity=problem.severity,
                subject=problem.subject,
                found=problem.found,
                expected=problem.expected,
                remedy=problem.remedy,
            )
            for problem in problems
        ),
    )


def _reserved(document: SiteDocument) -> int:
    return sum(part == "test" for part in document.patients.values())


def _manifest(name: str) -> Manifest:
    manifest, _ = read_manifest(bundle_path(name))
    return manifest


def _source(name: str) -> SourceBundle:
    manifest, digest = read_manifest(bundle_path(name))
    return SourceBundle(id=manifest.id, version=manifest.version, manifest_hash=digest)


def _report(name: str, case: SiteCase) -> SiteCaseReport:
    bundle = case.bundle
    return SiteCaseReport(
        case=name,
        patient=case.patient,
        patient_from=case.patient_from,
        part=case.part,
        added=case.added,
        image_hash=case.image_hash,
        mask_hash=case.mask_hash,
        bundle=None if bundle is None else bundle.id,
        bundle_version=None if bundle is None else bundle.version,
        bundle_hash=None if bundle is None else bundle.manifest_hash,
    )
