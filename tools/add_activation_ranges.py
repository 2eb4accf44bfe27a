"""Give a trained bundle the activation ranges that 8-bit arithmetic needs.

``python tools/add_activation_ranges.py BUNDLE DATASET -o NEW`` measures the ranges on the images
that BUNDLE was trained on and both Dice on those it was validated on, found by their hashes in
DATASET, writes NEW and prints what was measured. Training exports them by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.evaluation.int8_export import export_with_int8


def main() -> int:
    """Measure and write; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    try:
        written = export_with_int8(
            load_bundle(options.bundle),
            open_dataset(options.dataset),
            options.output,
            overwrite=options.overwrite,
            threads=options.threads,
        )
    except OmniSegError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    record = written.manifest.int8
    if record is not None:
        sys.stdout.write(
            f"{written.manifest.id}: {len(record.ranges)} ranges from {record.tiles} tiles; Dice "
            f"of {record.cases} validation cases {record.dice_fp32:.4f} in 32 bits, "
            f"{record.dice_int8:.4f} in 8 bits ({record.loss_points:+.2f} points lost)\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
