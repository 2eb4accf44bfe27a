"""What a run will do, settled and checked before anything is computed."""

from __future__ import annotations

import dataclasses

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.image import Image
from omniseg_backend.inference.region import Region, check_region, crop, in_planes, whole
from omniseg_backend.preprocessing.fitness import check_image
from omniseg_backend.preprocessing.layout import PlaneLayout, plane_layout
from omniseg_backend.preprocessing.sampling import sampling_plan


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """An image and a region, ready to run.

    Attributes:
        image: What the network sees: the image, or its region where the task needs one.
        region: The part of ``image`` that is segmented.
        cropped_to: Where ``image`` lies in the user's image; None if it is the whole.
        layout: How ``image`` becomes planes.
        flags: What the user must know beforehand.
    """

    image: Image
    region: Region
    cropped_to: Region | None
    layout: PlaneLayout
    flags: tuple[Flag, ...]


def plan_work(
    image: Image, manifest: Manifest, region: Region | None, *, override_modality: bool
) -> Work:
    """Check an image and a region against a bundle.

    For most tasks a region only limits the work: the network sees what it would see of the
    whole image, and the result inside the region is that of the whole image. A task that
    needs a region was trained on cut-outs, so the network sees the region alone.

    Raises:
        UsageError: The region leaves the image, or the task needs one and got none.
        DataError: The image does not fit the task.
    """
    if region is not None:
        check_region(region, image.geometry)
    cropped_to = region if manifest.task.needs_region else None
    seen = image if cropped_to is None else crop(image, cropped_to)
    checked = check_image(seen, manifest.preprocessing, override_modality=override_modality)
    if manifest.task.needs_region and region is None:
        _require_cut_out(checked.image, manifest, checked.flags)
    inside = whole(seen.geometry) if cropped_to or region is None else region
    layout = plane_layout(seen.geometry, manifest.preprocessing.slicing)
    flags = (*_demo(manifest), *image.notes, *checked.flags)
    return Work(checked.image, inside, cropped_to, layout, flags)


def _require_cut_out(image: Image, manifest: Manifest, flags: tuple[Flag, ...]) -> None:
    """Let an image pass without a region if it is as small as the cut-outs of training."""
    doubtful = {flag.code for flag in flags} & {"extent_outside", "spacing_unknown"}
    if manifest.preprocessing.seen is None or doubtful:
        raise UsageError(
            image.name,
            found="a whole image and no region",
            expected=f"a region around the {manifest.task.structure}, as in training",
            remedy="mark a region, or state one such as 40:90,60:110,20:60 (--region)",
        )


def _demo(manifest: Manifest) -> tuple[Flag, ...]:
    if not manifest.synthetic:
        return ()
    sentence = "DEMO: this model was trained on phantoms alone and never saw a patient."
    return (Flag("demo", sentence),)


def frame_windows(work: Work, manifest: Manifest) -> tuple[int, int]:
    """Planes and windows that one frame of the work takes."""
    box = in_planes(work.region, work.layout, work.image.geometry)
    plan = sampling_plan(work.layout, manifest.preprocessing)
    planes = box.planes[1] - box.planes[0]
    return planes, planes * len(plan.windows_over(box.rows, box.columns))
