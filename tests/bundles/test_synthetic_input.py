from __future__ import annotations

import numpy as np

from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.networks.architecture import Architecture


def test_it_depends_on_the_seed_alone(architecture: Architecture) -> None:
    one, again = (synthetic_input(architecture, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, synthetic_input(architecture, seed=2))


def test_it_is_what_a_network_reads(architecture: Architecture) -> None:
    wide = architecture.model_copy(update={"in_channels": 5})
    image = synthetic_input(wide, seed=1, shape=(48, 80))
    assert image.shape == (1, 5, 48, 80)
    assert image.dtype == np.float32
    assert np.abs(image).max() <= 1
    assert (image.std(axis=(2, 3)) > 0.2).all()
    np.testing.assert_array_equal(image, image.astype(np.float16))
    assert not np.array_equal(image[0, 0], image[0, 1])
