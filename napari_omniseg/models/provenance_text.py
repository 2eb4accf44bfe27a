"""What the panel says about where a layer came from."""

from __future__ import annotations

from napari_omniseg.bridge.origin import LabelsOrigin
from omniseg_backend.common.provenance import NOTICE

#: Flags that the table and the line on the model say themselves.
_SAID = ("none_found", "review", "demo")


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
    model = f"{demo}{made.bundle} {made.bundle_version}{eight}; {_when(made.time)}; {made.notice}."
    if made.region is None:
        return model
    return f"{model} Only a part of the image was segmented: voxels {made.region}."


def run_remarks(origin: LabelsOrigin | None) -> str:
    """What the run said the user must see, a line each; what stands elsewhere is left out."""
    flags = () if origin is None else origin.flags
    return "\n".join(f"⚠ {flag}" for flag in flags if flag.code not in _SAID)


def _when(time: str) -> str:
    """A time as ISO 8601 gives it, for people."""
    return time.replace("T", " ").replace("+00:00", " UTC")
