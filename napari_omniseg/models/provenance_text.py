"""What the panel says about where a layer came from."""

from __future__ import annotations

from napari_omniseg.bridge.origin import LabelsOrigin
from omniseg_backend.common.provenance import NOTICE


def provenance_text(origin: LabelsOrigin | None) -> str:
    """One line on the model and on what the layer may be used for.

    Args:
        origin: What the layer remembers; None for a layer of another plugin or a person.
    """
    if origin is None:
        return f"Not made by OmniSeg; {NOTICE}."
    made = origin.provenance
    if made is None:
        return f"No model is named in its file; {NOTICE}."
    eight = ", 8 bits" if made.arithmetic == "int8" else ""
    demo = "DEMO, trained on phantoms, not on patients. " if made.synthetic else ""
    return (
        f"{demo}{made.bundle} {made.bundle_version}{eight}; {made.time.replace('T', ' ')}; "
        f"{made.notice}."
    )
