"""The phantom families by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from omniseg_sample_data import (
    abdominal_ct,
    abdominal_mri,
    brain_mri,
    cardiac_mri,
    dermoscopy,
    fetal_head_us,
    fluorescence_nuclei,
    retinal_oct,
    surgical_instruments,
)
from omniseg_sample_data.family import Phantom, PhantomFamily

__all__ = ["PHANTOMS", "Phantom", "PhantomFamily"]

#: Every family by its name, such as ``abdominal_ct``.
PHANTOMS: Mapping[str, PhantomFamily] = MappingProxyType(
    {
        module.FAMILY.name: module.FAMILY
        for module in (
            abdominal_ct,
            abdominal_mri,
            brain_mri,
            retinal_oct,
            dermoscopy,
            surgical_instruments,
            fetal_head_us,
            cardiac_mri,
            fluorescence_nuclei,
        )
    }
)
