"""Reading one DICOM file with pydicom, without trusting it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import BinaryIO

import pydicom
from pydicom.tag import BaseTag
from pydicom.uid import (
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.images.checks import refuse_larger_than_memory
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS, quiet_pydicom

_CHUNK = 1 << 20
_META_GROUP = 0x0002


def read_dataset(
    file: DicomFile, *, pixels: bool, available: Callable[[], int] = available_memory
) -> pydicom.Dataset:
    """Read a file's header, or the file with its pixel data still encoded.

    Args:
        file: What to read.
        pixels: Whether to read on into the pixel data.
        available: Says how many bytes of memory are free.

    Returns:
        The data set; its ``file_meta`` always names a transfer syntax.

    Raises:
        DataError: The file is damaged or no DICOM.
        ResourceError: Its deflated content does not fit into memory.
    """
    with quiet_pydicom(), file.open() as stream:
        try:
            _refuse_inflated(file, stream, available)
            stream.seek(0)
            dataset = pydicom.dcmread(stream, force=True, stop_before_pixels=not pixels)
            _complete_meta(dataset)
        except PYDICOM_ERRORS as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                file,
                found="a DICOM file whose header cannot be read",
                expected="a complete, undamaged file",
                remedy="copy it or export it again",
            ) from error
    return dataset


def _complete_meta(dataset: pydicom.Dataset) -> None:
    """Name the encoding that pydicom recognised, where the file does not name it.

    Raises:
        ValueError: The file names an encoding that does not exist.
    """
    if named := dataset.file_meta.get("TransferSyntaxUID"):
        if named not in AllTransferSyntaxes:
            raise ValueError("unknown transfer syntax")
        return
    implicit, little = dataset.original_encoding
    if implicit:
        syntax = ImplicitVRLittleEndian
    else:
        syntax = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = syntax


def _after_meta(tag: BaseTag, _type: str | None, _length: int) -> bool:
    return tag.group != _META_GROUP


def _refuse_inflated(file: DicomFile, stream: BinaryIO, available: Callable[[], int]) -> None:
    """Measure a deflated data set chunk by chunk: pydicom inflates it at once, however large."""
    if stream.read(132)[128:] != b"DICM":
        return
    meta = pydicom.filereader.read_dataset(
        stream, is_implicit_VR=False, is_little_endian=True, stop_when=_after_meta
    )
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    # Preamble, prefix and the group length's own element stand before what it counts.
    stream.seek(128 + 4 + 12 + int(meta.FileMetaInformationGroupLength))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = 0
    rest = stream.read(_CHUNK)
    while rest and not inflater.eof:
        inflated += len(inflater.decompress(rest, _CHUNK))
        refuse_larger_than_memory(file.path, 2 * inflated, available=available)
        rest = inflater.unconsumed_tail or stream.read(_CHUNK)
