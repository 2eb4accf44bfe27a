"""A run that does not fit is refused with numbers and a smaller choice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import ResourceError
from omniseg_backend.images.image import Image
from omniseg_backend.inference.memory import bytes_needed, refuse_beyond_memory
from omniseg_backend.inference.region import Region
from omniseg_backend.inference.work import plan_work

MakeBundle = Callable[..., Bundle]
MakeVolume = Callable[..., Image]


@pytest.fixture
def image(make_volume: MakeVolume) -> Image:
    return make_volume(np.broadcast_to(np.float32(0), (512, 512, 400)))


def test_a_run_that_just_fits_is_let_through(make_bundle: MakeBundle, image: Image) -> None:
    manifest = make_bundle().manifest
    work = plan_work(image, manifest, None, override_modality=False)
    needed = bytes_needed(image, work, manifest, uncertainty=False)
    refuse_beyond_memory(image, work, manifest, uncertainty=False, available=lambda: needed)
    with pytest.raises(ResourceError) as refused:
        refuse_beyond_memory(image, work, manifest, uncertainty=False, available=lambda: needed - 1)
    assert f"{needed / 1e9:.2g} GB" in str(refused.value)
    assert "a region of it" in str(refused.value)


def test_where_only_the_uncertainty_map_is_too_much_it_is_named(
    make_bundle: MakeBundle, image: Image
) -> None:
    manifest = make_bundle().manifest
    work = plan_work(image, manifest, None, override_modality=False)
    plain = bytes_needed(image, work, manifest, uncertainty=False)
    assert bytes_needed(image, work, manifest, uncertainty=True) > plain
    with pytest.raises(ResourceError, match="leave the uncertainty map out"):
        refuse_beyond_memory(image, work, manifest, uncertainty=True, available=lambda: plain)


def test_a_region_needs_less(make_bundle: MakeBundle, image: Image) -> None:
    manifest = make_bundle().manifest
    whole = plan_work(image, manifest, None, override_modality=False)
    part = plan_work(image, manifest, Region((0, 64), (0, 64), (0, 10)), override_modality=False)
    assert bytes_needed(image, part, manifest, uncertainty=False) < bytes_needed(
        image, whole, manifest, uncertainty=False
    )
