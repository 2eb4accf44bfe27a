"""What a model segments in what: the task and its classes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from omniseg_backend.bundles.fields import Label, Slug, Strict, Text
from omniseg_backend.images.classes import ClassEntry

Byte = Annotated[int, Field(ge=0, le=255)]


class TaskDescription(Strict):
    """What is segmented, what in, and what the model is for.

    Attributes:
        id: The task's name for machines: ``cardiac-mri``.
        title: Its name for people: "Heart in short-axis cine MRI".
        structure: What is outlined: "left ventricular blood pool".
        description: What the images are and how the structures were outlined.
        licence: Licence of the training data.
        credit: Whom the data's licence asks to name, or "none asked".
        intended_use: What a user may do with it.
        limits: Where it is known to fail or was never tested, one sentence each.
        needs_region: Whether the user must mark a region first.
    """

    id: Slug
    title: Label
    structure: Label
    description: Text
    licence: Label
    credit: Text
    intended_use: Text
    limits: tuple[Text, ...]
    needs_region: bool = False


class ClassDescription(Strict):
    """One foreground class; the network's channel is its place in the manifest plus one.

    Attributes:
        value: Its label in files, 1 to 65535.
        name: Its name as people read it.
        colour: Red, green, blue, 0 to 255.
        snomed: Its SNOMED CT code, where pydicom's dictionary has one.
    """

    value: Annotated[int, Field(ge=1, le=65535)]
    name: Label
    colour: tuple[Byte, Byte, Byte]
    snomed: Annotated[str, StringConstraints(pattern=r"^\d{6,18}$")] | None = None

    def entry(self) -> ClassEntry:
        """The same as a row of a class table."""
        return ClassEntry(self.value, self.name, self.colour, self.snomed)
