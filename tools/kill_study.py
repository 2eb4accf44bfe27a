"""Kill a short training N times at random moments and compare what each resumed run gives.

``python tools/kill_study.py --kills 20`` prints one line per kill and a summary; the exit code
is 1 if any resumed run differs from the uninterrupted one. The tests hold a shorter version.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from omniseg_backend.bundles.store import load_bundle
from tests.training.conftest import write_toy
from tests.training.test_resume import run, what_counts


def main() -> int:
    """Run the study; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omniseg-kills-") as name:
        folder = Path(name)
        dataset = write_toy(folder / "toy")
        straight = folder / "straight.omniseg"
        total = run(dataset, straight)
        expected = what_counts(load_bundle(straight))
        cuts = np.random.default_rng(options.seed).integers(1, total, options.kills)
        equal = 0
        for number, cut in enumerate(cuts, start=1):
            target = folder / f"killed-{number}.omniseg"
            run(dataset, target, lines=int(cut))
            if not target.exists():
                run(dataset, target)
            same = what_counts(load_bundle(target)) == expected
            equal += same
            sys.stdout.write(
                f"kill {number}, report {cut} of {total}: {'equal' if same else 'DIFFERENT'}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{equal} of {options.kills} resumed runs equal the uninterrupted one\n")
    return 0 if equal == options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
