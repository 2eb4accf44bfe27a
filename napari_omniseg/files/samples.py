"""The phantoms of File > Open Sample: an image, and its truth as a hidden layer."""

from __future__ import annotations

import dataclasses
import functools

from napari_omniseg.bridge.labels_layer import file_layer
from napari_omniseg.bridge.layer_image import layer_of
from napari_omniseg.bridge.origin import METADATA_KEY
from napari_omniseg.files.reader import LayerTuple
from omniseg_backend.images.modality import ModalityStatement
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_sample_data.samples import Sample, samples


def open_sample(key: str) -> list[LayerTuple]:
    """The layers of one sample.

    The image states its modality, as the index does, and what it shows, so that the task that looks
    for it is suggested. The truth is hidden, so that nothing but the image is seen before it is
    segmented.

    Args:
        key: The sample's id.
    """
    sample = next(sample for sample in samples() if sample.id == key)
    return [_image(sample), _truth(sample)]


def _image(sample: Sample) -> LayerTuple:
    image = read_image(sample.image_path)
    stated = image.with_modality(ModalityStatement(sample.modality, "file"))
    named = dataclasses.replace(stated, name=f"{sample.title} (phantom)")
    layer = layer_of(named, str(sample.image_path))
    origin = layer.attributes["metadata"][METADATA_KEY]
    shown = dataclasses.replace(origin, shows=tuple(entry.name for entry in sample.classes))
    metadata = {**layer.attributes["metadata"], METADATA_KEY: shown}
    told = {**layer.attributes, "metadata": metadata}
    return dataclasses.replace(layer, attributes=told).as_tuple()


def _truth(sample: Sample) -> LayerTuple:
    truth = read_segmentation(sample.truth_path)
    layer = file_layer(dataclasses.replace(truth, name=f"{sample.title}, truth"))
    hidden = {**layer.attributes, "visible": False}
    return dataclasses.replace(layer, attributes=hidden).as_tuple()


# What napari.yaml names; a test compares these with the index.
abdominal_ct = functools.partial(open_sample, "abdominal_ct")
abdominal_mri = functools.partial(open_sample, "abdominal_mri")
brain_mri = functools.partial(open_sample, "brain_mri")
retinal_oct = functools.partial(open_sample, "retinal_oct")
dermoscopy = functools.partial(open_sample, "dermoscopy")
surgical_instruments = functools.partial(open_sample, "surgical_instruments")
fetal_head_us = functools.partial(open_sample, "fetal_head_us")
cardiac_mri = functools.partial(open_sample, "cardiac_mri")
fluorescence_nuclei = functools.partial(open_sample, "fluorescence_nuclei")
