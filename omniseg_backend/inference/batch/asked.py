"""What a batch's output may be: settled by its first run, held to by all later ones."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.inference.arithmetic import chosen_arithmetic
from omniseg_backend.inference.arithmetic_choice import Arithmetic, ArithmeticChoice
from omniseg_backend.inference.batch.layout import question_path
from omniseg_backend.inference.batch.record import Question, read_question


def refuse_images_folder(folder: Path, output: Path) -> None:
    """Refuse to write masks among the images.

    Raises:
        UsageError: The output is the folder of the images.
    """
    if folder.resolve() == output.resolve():
        raise UsageError(
            "the output folder",
            found="the folder of the images",
            expected="another folder, which may lie in it",
            remedy="choose another output",
        )


def settled_arithmetic(
    bundle: Bundle, choice: ArithmeticChoice, output: Path, *, overwrite: bool
) -> Arithmetic:
    """What all of a batch runs in.

    Settled once, so that every worker's host computes alike, and a later run as the first.

    Args:
        bundle: The model.
        choice: As the user made it.
        output: The batch's, which says what an earlier run had.
        overwrite: Whether that does not count.

    Raises:
        BundleError: int8 was asked for, and the model does not allow it.
        DataError: The record of the earlier run is damaged.
    """
    earlier = None if overwrite else read_question(question_path(output))
    if (
        choice is ArithmeticChoice.AUTO
        and earlier is not None
        and earlier.bundle_hash == bundle.manifest_hash
    ):
        return earlier.arithmetic
    return chosen_arithmetic(bundle, choice)


def settle_question(output: Path, question: Question, *, overwrite: bool) -> None:
    """Note what the masks in a folder answer, unless they answer something else.

    Raises:
        DataError: They do, and ``overwrite`` is false; or it cannot be noted.
    """
    place = question_path(output)
    earlier = read_question(place)
    if earlier == question:
        return
    if earlier is not None and not overwrite:
        raise DataError(
            output,
            found=f"masks by {_told(earlier)}",
            expected=f"none, or masks by {_told(question)}",
            remedy="choose another output, or allow overwriting (--overwrite)",
        )
    write_text_atomic(place, f"{question.model_dump_json(indent=2)}\n")


def _told(question: Question) -> str:
    override = ", override" if question.override_modality else ""
    modality = f", modality {question.modality}{override}" if question.modality else ""
    suffix = f", format {question.mask_suffix}" if question.mask_suffix else ""
    bits = f", {question.arithmetic}" if question.arithmetic != "fp32" else ""
    return f"{question.bundle} ({question.bundle_hash[:12]}{modality}{suffix}{bits})"
