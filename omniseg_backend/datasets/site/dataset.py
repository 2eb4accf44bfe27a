"""A site data set: created once, then added to, case by case, by any number of writers."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from omniseg_backend.common.atomic import atomic_path, refuse_existing, write_text_atomic
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.common.locking import exclusive
from omniseg_backend.common.provenance import now_utc
from omniseg_backend.datasets.nnunet_json import FILE_NAME
from omniseg_backend.datasets.nnunet_layout import open_nnunet
from omniseg_backend.datasets.records import Dataset
from omniseg_backend.datasets.site.arrival import (
    OtherMaskError,
    checked_labels,
    patient_notes,
    prepared_image,
    source_of,
)
from omniseg_backend.datasets.site.class_matching import consecutive, matched_labels
from omniseg_backend.datasets.site.document import (
    FOLDERS,
    SiteCase,
    SiteDocument,
    SourceBundle,
    new_document,
    read_document,
)
from omniseg_backend.datasets.site.patients import part_of, patient_of
from omniseg_backend.datasets.site.storing import (
    refuse_edited_cases_csv,
    write_case_image,
    write_case_mask,
    write_cases_csv,
)
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.images.segmentation import Segmentation

#: Hidden, so that no listing of the folder shows it.
_LOCK = ".omniseg-lock"
#: A whole-body volume takes minutes to compress.
_LONGEST_WAIT = 600.0
_RGB = ("R", "G", "B")


@dataclasses.dataclass(frozen=True)
class AddedCase:
    """What became of an image and its mask.

    Attributes:
        name: The case's name: nothing of the file's name, which may name a patient.
        case: Its entry.
        outcome: ``added``; ``present``: image and mask were there already; ``replaced``: the
            image was there, and its mask was replaced.
        notes: What the user should know.
    """

    name: str
    case: SiteCase
    outcome: Literal["added", "present", "replaced"]
    notes: tuple[Flag, ...] = ()


@dataclasses.dataclass(frozen=True)
class SiteDataset:
    """A site data set on disk, in nnU-Net v2's raw layout.

    Attributes:
        folder: Where it lies.
    """

    folder: Path

    @classmethod
    def create(
        cls,
        folder: Path | str,
        classes: ClassTable,
        *,
        name: str | None = None,
        modality: Modality | None = None,
        channel_names: Sequence[str] | int = 1,
        description: str = "",
        licence: str | None = None,
    ) -> SiteDataset:
        """Make an empty data set, in one step.

        Args:
            folder: Its folder, which must not exist yet.
            classes: What its masks distinguish. Values are numbered anew, 1, 2, 3, ..., in the
                order of the given ones.
            name: For people; the folder's name by default.
            modality: What its images are, if that is known.
            channel_names: Of every image, in order; or their number, and names are made.
            description: What it holds.
            licence: What its images may be used for.

        Raises:
            DataError: The folder exists or cannot be written, or there is no class.
        """
        folder = Path(folder)
        refuse_existing(folder, overwrite=False)
        if not len(classes):
            raise DataError(
                folder,
                found="no class",
                expected="at least one class that the masks hold",
                remedy="name the classes, or a bundle that has them",
            )
        document = new_document(
            name or folder.resolve().name,
            consecutive(classes),
            _named(channel_names, modality),
            modality=modality,
            salt=secrets.token_hex(16),
            description=description,
            licence=licence,
        )
        with atomic_path(folder) as temporary:
            for part in FOLDERS:
                (temporary / part).mkdir(parents=True)
            write_cases_csv(temporary, document)
            write_text_atomic(temporary / FILE_NAME, document.as_json())
        return cls(folder)

    @classmethod
    def open(cls, folder: Path | str) -> SiteDataset:
        """Open an existing one; only its description is read.

        Raises:
            DataError: There is none in this folder, or it is damaged or of a newer OmniSeg.
        """
        made = cls(Path(folder))
        made.document()
        return made

    def document(self) -> SiteDocument:
        """What belongs to it now.

        Raises:
            DataError: The description is damaged.
        """
        return read_document(self.folder)

    def dataset(self) -> Dataset:
        """The data set as training and evaluation take it; reserved cases are its test part.

        Raises:
            DataError: Files are missing or damaged.
        """
        return open_nnunet(self.folder)

    def add(
        self,
        image: Image,
        segmentation: Segmentation,
        *,
        patient: str | None = None,
        bundle: SourceBundle | None = None,
        overwrite: bool = False,
    ) -> AddedCase:
        """Add an image and its corrected mask.

        Files come first, then the row of ``cases.csv``, and the listing in ``dataset.json`` last:
        a writer that is killed leaves the data set as it was, valid, with files beside it.

        Args:
            image: One frame, with the channels of the data set.
            segmentation: The corrected mask on the image's geometry.
            patient: A pseudonym, if the user states one. Otherwise a DICOM image has the keyed
                hash of its Patient ID, and any other image is a patient of its own.
            bundle: What the mask was corrected from; by default what its provenance says.
            overwrite: Whether the files of an image that is there already are replaced.

        Raises:
            DataError: The image does not fit the data set, the mask holds an unknown class, or
                the image is there with another patient.
            OtherMaskError: The image is there with another mask, and ``overwrite`` is false.
            GeometryError: The mask lies on another grid than the image.
            ResourceError: The disk is full, or another program has been writing for ten minutes.
        """
        labels = checked_labels(image, segmentation)
        self.document()  # before the lock, which would make the folder
        with exclusive(self.folder / _LOCK, longest_wait=_LONGEST_WAIT):
            document = self.document()
            refuse_edited_cases_csv(self.folder, document)
            prepared = prepared_image(image, document)
            named = dataclasses.replace(segmentation, labels=labels)
            mask = Segmentation(
                labels=matched_labels(named, document.classes),
                geometry=image.geometry,
                classes=document.classes,
                name=image.name,
            )
            image_hash = sha256_voxels(prepared.array)
            name = f"case-{image_hash[:16]}"
            whose = patient_of(image, patient, document.omniseg.salt, name)
            case = SiteCase(
                patient=whose.name,
                patient_from=whose.source,
                part=part_of(whose.name, document.patients),
                added=now_utc(),
                image_hash=image_hash,
                mask_hash=sha256_voxels(mask.labels),
                bundle=bundle or source_of(segmentation),
            )
            known = document.omniseg.cases.get(name)
            if known is None:
                self._store(document, name, case, prepared, mask)
                return AddedCase(name, case, "added", patient_notes(image, whose))
            if not overwrite and _is_present(image.name, name, known, case):
                return AddedCase(name, known, "present")
            _refuse_other_patient(image.name, name, known, case)
            replaced = known.model_copy(
                update={"mask_hash": case.mask_hash, "added": case.added, "bundle": case.bundle}
            )
            self._store(document, name, replaced, prepared, mask)
            return AddedCase(name, replaced, "replaced")

    def _store(
        self, document: SiteDocument, name: str, case: SiteCase, image: Image, mask: Segmentation
    ) -> None:
        """Write a case: its files, its row of ``cases.csv``, and its listing last."""
        write_case_image(self.folder, name, case.part, image)
        write_case_mask(self.folder, name, case.part, mask)
        listing = document.with_case(name, case)
        write_cases_csv(self.folder, listing)
        write_text_atomic(self.folder / FILE_NAME, listing.as_json())


def _is_present(image: str, name: str, known: SiteCase, case: SiteCase) -> bool:
    """True where image and mask are there already; another mask is refused."""
    _refuse_other_patient(image, name, known, case)
    if case.mask_hash == known.mask_hash:
        return True
    raise OtherMaskError(
        image,
        found=f"an image that is there already ({name}, {known.added}) with another mask",
        expected="a new image, or the same mask",
        remedy="allow overwriting (--overwrite) to replace the stored mask",
    )


def _refuse_other_patient(image: str, name: str, known: SiteCase, case: SiteCase) -> None:
    if case.patient_from != "none" and case.patient != known.patient:
        raise DataError(
            image,
            found=f"the patient {case.patient} for an image that is there already ({name})",
            expected=f"{known.patient}, its patient so far",
            remedy="state that patient, or none",
        )


def _named(channels: Sequence[str] | int, modality: Modality | None) -> tuple[str, ...]:
    """Channel names; nnU-Net normalises by them, and knows CT by this name."""
    if not isinstance(channels, int):
        return tuple(channels)
    if channels == len(_RGB):
        return _RGB
    word = {Modality.CT: "CT", Modality.MRI: "MRI", None: "intensity"}.get(modality, str(modality))
    return (word,) if channels == 1 else tuple(f"{word} {number}" for number in range(channels))
