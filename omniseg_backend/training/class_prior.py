"""Starting from how often each class occurs, so that a run need not learn it first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from omniseg_backend.networks.omnisegnet import OmniSegNet
from omniseg_backend.training.samples import Plane

#: Rarer classes start as if they were this frequent: from rarer ones no gradient comes at first.
_RAREST = 0.02


def set_class_prior(network: OmniSegNet, planes: Sequence[Plane]) -> None:
    """Set the head's biases to the logarithms of the classes' shares of all pixels.

    An untrained network then predicts the shares everywhere (Lin et al. 2017, arXiv:1708.02002,
    section 4.1, for several classes).

    Args:
        network: Freshly initialised.
        planes: Training planes that show the structure.
    """
    classes = network.architecture.out_channels
    counts = np.zeros(classes)
    for plane in planes:
        counts += np.bincount(plane.labels.ravel(), minlength=classes)
    shares = np.maximum(counts / counts.sum(), _RAREST)
    prior = torch.from_numpy(np.log(shares / shares.sum()))
    network.head.load_state_dict({"bias": prior}, strict=False)
