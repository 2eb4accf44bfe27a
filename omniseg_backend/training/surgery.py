"""Starting a network from another one's weights, also where classes or channels differ.

Everything between the first block and the head has the same shapes in two networks of one
variant. The head has a row per class, the first block depthwise filters per image channel:
rows and filters are matched by class name and channel, and only what has no counterpart starts
anew.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from omniseg_backend.common.errors import BundleError
from omniseg_backend.networks.omnisegnet import OmniSegNet

_HEAD_WEIGHT, _HEAD_BIAS = "head.weight", "head.bias"
_STEM = "encoder.0.0.residual."
_DEPTHWISE = (f"{_STEM}depthwise.weight", f"{_STEM}depthwise.bias")
_NORM = tuple(f"{_STEM}norm.{name}" for name in ("weight", "bias", "running_mean", "running_var"))
_COUNTER = ".num_batches_tracked"
_POINTWISE, _PROJECT = f"{_STEM}pointwise.weight", f"{_STEM}project.weight"


@dataclasses.dataclass(frozen=True)
class Transplant:
    """What a network took over.

    Attributes:
        kept_classes: Classes whose row of the head was taken over, background not named.
        new_classes: Classes whose row starts anew.
        stem_adapted: Whether the first block was fitted to another number of channels.
    """

    kept_classes: tuple[str, ...]
    new_classes: tuple[str, ...]
    stem_adapted: bool


def transplant(
    network: OmniSegNet,
    state: dict[str, Tensor],
    *,
    old_classes: Sequence[str],
    new_classes: Sequence[str],
) -> Transplant:
    """Load ``state`` into ``network``, operating on head and stem where they differ.

    Args:
        network: Freshly initialised; new classes keep their fresh rows.
        state: Of the network to start from.
        old_classes: Its foreground classes, in the order of its channels 1, 2, ...
        new_classes: Those of ``network``.

    Raises:
        BundleError: The two differ in more than head and stem: another variant or scaling.
    """
    own = network.state_dict()
    # Bundles hold no counters of batches, which nothing reads.
    counters = {name: value for name, value in own.items() if name.endswith(_COUNTER)}
    fitted = {**state, **counters}
    _check_same_trunk(fitted, own)
    for name in (_HEAD_WEIGHT, _HEAD_BIAS):
        head = own[name].clone()
        for target, source in _head_rows(old_classes, new_classes).items():
            head[target] = state[name][source]
        fitted[name] = head
    stem_adapted = _input_channels(state) != _input_channels(own)
    if stem_adapted:
        fitted |= _fitted_stem(state, own)
    network.load_state_dict(fitted)
    return Transplant(
        kept_classes=tuple(name for name in new_classes if name in old_classes),
        new_classes=tuple(name for name in new_classes if name not in old_classes),
        stem_adapted=stem_adapted,
    )


def _check_same_trunk(state: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    adaptable = {_HEAD_WEIGHT, _HEAD_BIAS, *_DEPTHWISE, *_NORM, _POINTWISE, _PROJECT}
    differing = set(state) ^ set(own) | {
        name
        for name in set(state) & set(own)
        if state[name].shape != own[name].shape and name not in adaptable
    }
    widths = {state[_HEAD_WEIGHT].shape[1], own[_HEAD_WEIGHT].shape[1]}
    if differing or len(widths) > 1:
        raise BundleError(
            "the bundle to start from",
            found=f"weights of another shape ({', '.join(sorted(differing)[:1]) or _HEAD_WEIGHT})",
            expected="a bundle of the same variant as the network to train",
            remedy="choose the bundle's own variant, or another bundle",
        )


def _head_rows(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Row of the new head to row of the old one; background is row 0 of both."""
    places = {name: index for index, name in enumerate(old, start=1)}
    shared = {index: places[name] for index, name in enumerate(new, start=1) if name in places}
    return {0: 0, **shared}


def _input_channels(state: dict[str, Tensor]) -> int:
    """Channels of the image: what the projection of the first block's input reads."""
    return int(state[_PROJECT].shape[1])


def _fitted_stem(state: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """The first block for another number of channels.

    Channels with the same remainder (by the smaller number of channels) stand for each other.
    New filters are dealt from the old ones of that remainder in turn, and the columns that read
    a filter more than once share its weight: a grey image repeated in all channels then gives
    the features that the grey network had.
    """
    old_channels, channels = _input_channels(state), _input_channels(own)
    remainders = min(old_channels, channels)
    old_filters = state[_DEPTHWISE[0]].shape[0] // old_channels
    filters = own[_DEPTHWISE[0]].shape[0] // channels
    dealers = [
        itertools.cycle(
            channel * old_filters + place
            for place in range(old_filters)
            for channel in range(remainder, old_channels, remainders)
        )
        for remainder in range(remainders)
    ]
    source = torch.tensor(
        [next(dealers[channel % remainders]) for channel in range(channels) for _ in range(filters)]
    )
    copies = torch.bincount(source, minlength=old_channels * old_filters).clamp(min=1)
    read = torch.tensor([channel % remainders for channel in range(channels)])
    # Of old channels with one remainder the projections add up; new ones share the sum.
    summed = torch.stack(
        [state[_PROJECT][:, remainder::remainders].sum(1) for remainder in range(remainders)], dim=1
    )
    times = torch.bincount(read, minlength=remainders)
    return {
        **{name: state[name][source].clone() for name in (*_DEPTHWISE, *_NORM)},
        _POINTWISE: state[_POINTWISE][:, source] / copies[source].view(1, -1, 1, 1),
        _PROJECT: summed[:, read] / times[read].view(1, -1, 1, 1),
    }
