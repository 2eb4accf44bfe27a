"""``omniseg export``: a bundle of the best state that a training run has reached so far."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Annotated

from omniseg_backend.cli.model_options import with_options
from omniseg_backend.cli.options import Json, Overwrite, path_argument, path_option
from omniseg_backend.training.export_settings import ExportSettings


@with_options(ExportSettings, leave_out={"run"})
def export(
    run: Annotated[Path, path_argument("BUNDLE.run, or the folder of a training job.")],
    output: Annotated[
        Path,
        path_option("--output", "-o", text="The bundle: NAME.omniseg, or a folder."),
    ],
    overwrite: Overwrite = False,
    json: Json = False,
    **options: object,
) -> None:
    """Make a bundle of a training run's best state so far, finished or not.

    The run itself is not touched: it may go on meanwhile and afterwards.
    """
    from omniseg_backend.cli.terminal import command

    with command(json=json, log_level=logging.INFO) as terminal:
        from omniseg_backend.cli.model_values import model_values
        from omniseg_backend.cli.train import train_document, train_tables
        from omniseg_backend.cli.training_extra import training_extra

        started = time.perf_counter()
        settings = model_values(ExportSettings, options, fixed={"run": run})
        with training_extra("exporting"):
            from omniseg_backend.training.export_run import export_run
        bundle = export_run(
            settings,
            output,
            overwrite=overwrite,
            progress=terminal.progress,
            cancel=terminal.cancel,
        )
        document = train_document(bundle, output, time.perf_counter() - started)
        terminal.answer(document, train_tables)
