"""What a job is asked to do: the settings of a room, and what holds for every job.

Each kind of job is one class in ``kinds/``, whose ``settings`` are the room's own: no field is
stated twice. The command's options, the JSON schema and the forms are made from these classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel

from omniseg_backend.common.errors import UsageError
from omniseg_backend.common.settings import NamesBundle, NamesOutput, Settings, Usual, has_mark

ModelT = TypeVar("ModelT", bound=BaseModel)


class JobSpec(Settings):
    """Base of all kinds. A subclass adds ``kind``, a literal, and ``settings``."""

    #: The function that does the work, ``MODULE:NAME``; only the runner imports it.
    work: ClassVar[str]
    #: What the kind does, in a line of help.
    summary: ClassVar[str]
    #: Whether it runs in the interpreter that can train.
    needs_training: ClassVar[bool] = False
    #: Name of the main result in the job's folder where no ``output`` is named.
    default_output: ClassVar[str]

    schema_version: Literal[1] = 1
    """Of the job folder."""
    kind: str
    """Which of the kinds."""
    settings: Settings
    """What the room that does the work is asked."""
    title: str = ""
    """Name in lists; made from the settings if nothing is said."""
    output: Annotated[Path | None, NamesOutput(), Usual()] = None
    """Where the result is put as well; without it, it stays in the job's folder."""
    overwrite: bool = False
    """Whether an existing output may be replaced."""

    @property
    def is_heavy(self) -> bool:
        """Whether the job waits until no other heavy one runs."""
        return True

    @property
    def default_title(self) -> str:
        """What lists show where the user gave no title."""
        return self.kind

    @property
    def shown_title(self) -> str:
        """What lists show."""
        return self.title or self.default_title

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Files that will be put outside the job's folder."""
        return () if self.output is None else (self.output,)

    def refuse_hopeless(self) -> None:
        """Refuse, at submission, what is bound to fail when the job's turn comes.

        Asked of a settled spec, hence of absolute paths; only what names and manifests tell,
        without a look into an image, since a form waits for it. A kind looks at its own settings
        with the checks that its work begins with.

        Raises:
            OmniSegError: It is bound to fail, for a reason that the work would give too.
        """


SpecT = TypeVar("SpecT", bound=JobSpec)


def settled(spec: SpecT) -> SpecT:
    """The spec with absolute paths and without model ids: a runner works in another folder.

    Raises:
        UsageError: A bundle is neither a file nor the id of a model.
    """
    return _settled(spec)


def _settled(model: ModelT) -> ModelT:
    changes: dict[str, Any] = {}
    for name, info in type(model).model_fields.items():
        if name not in model.model_fields_set:
            # A copy's changes count as stated; a fine-tuning inherits what is not.
            continue
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            changes[name] = _settled(value)
        elif value is not None and has_mark(info, NamesBundle):
            path = _bundle(str(value))
            changes[name] = path if isinstance(value, Path) else str(path)
        elif isinstance(value, Path):
            changes[name] = _absolute(value)
        elif isinstance(value, tuple):
            changes[name] = tuple(_absolute_parts(value))
    return model.model_copy(update=changes)


def _absolute_parts(values: Iterable[object]) -> Iterable[object]:
    return (_absolute(value) if isinstance(value, Path) else value for value in values)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _bundle(name: str) -> Path:
    # Reading manifests takes numpy and half of all else that a client loads.
    from omniseg_backend.bundles.models import available_models

    path = _absolute(Path(name))
    if path.exists():
        return path
    for entry in available_models():
        if entry.manifest.id == name:
            return entry.path.absolute()
    raise UsageError(
        name,
        found="neither a file nor the id of a model",
        expected="the path of a bundle, or an id of `omniseg models`",
        remedy="name one of these",
    )
