"""Builds the wheel from the tracked files, installs it alone, and segments a sample with it.

    python tools/check_wheel.py                            # with the Python that runs this
    python tools/check_wheel.py --python python3.12 --tests

The environment lies under a path with a space and holds no extra: no torch. With ``--tests`` the
tests of the rooms that need no torch run there too, against the installed wheel.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LARGEST_WHEEL = 95 * 10**6
TORCH_FREE_ROOMS = (
    "common",
    "images",
    "metrics",
    "preprocessing",
    "datasets",
    "sample_data",
    "contract",
)


def main() -> None:
    """Run the check; exits with a sentence where it fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="makes the environment")
    parser.add_argument("--wheel", type=Path, help="take this one instead of building")
    parser.add_argument("--tests", action="store_true", help="also run the torch-free tests")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omniseg wheel ") as folder:
        work = Path(folder)
        wheel = chosen.wheel or build_wheel(chosen.python, work)
        size = wheel.stat().st_size
        print(f"{wheel.name}: {size / 1e6:.1f} MB")
        if size > LARGEST_WHEEL:
            sys.exit(f"{wheel.name}: {size} bytes, expected at most {LARGEST_WHEEL}")
        python = install(chosen.python, wheel, work / "an environment")
        print(segment_a_sample(python, work))
        if chosen.tests:
            run_tests(python, work)


def build_wheel(python: str, work: Path) -> Path:
    """Build from a copy of what git tracks, so that nothing else can get in."""
    source = work / "source"
    listed = run(["git", "-C", str(REPOSITORY), "ls-files", "-z"]).split("\0")
    for name in filter(None, listed):
        origin, target = REPOSITORY / name, source / name
        if origin.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, target)
    run([python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(work), str(source)])
    return next(work.glob("*.whl"))


def install(python: str, wheel: Path, environment: Path) -> Path:
    """Install the wheel without extras; the interpreter of the new environment."""
    run([python, "-m", "venv", str(environment)])
    inside = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip_install(inside, str(wheel))
    return inside


def pip_install(python: Path, *packages: str) -> None:
    """Install with the versions that the tests ran with."""
    constraints = str(REPOSITORY / "constraints.txt")
    run([str(python), "-m", "pip", "install", "--quiet", "-c", constraints, *packages])


def segment_a_sample(python: Path, work: Path) -> str:
    """Segment a packaged sample by the installed command; a line that says what came out."""
    code = (
        "import importlib.util as u, omniseg_sample_data as s; from pathlib import Path;"
        "assert u.find_spec('torch') is None, 'torch is installed';"
        "print(Path(s.__file__).parent / 'samples' / 'brain_mri.nii.gz')"
    )
    sample = run([str(python), "-c", code], cwd=work).strip()
    output = work / "out put" / "mask.nii.gz"
    output.parent.mkdir()
    command = [str(python), "-m", "omniseg_backend.cli.main", "segment", sample]
    options = ["-o", str(output), "--task", "demo-brain-mri", "--json"]
    document = json.loads(run([*command, *options], cwd=work))
    found = {entry["name"]: entry["voxels"] for entry in document["classes"]}
    if not output.is_file() or not all(found.values()):
        sys.exit(f"{sample}: found {found}, expected every class and a mask")
    return f"segmented {Path(sample).name} without torch: {found}"


def run_tests(python: Path, work: Path) -> None:
    """Run the torch-free rooms' tests from a copy without the source beside them."""
    pip_install(python, "pytest", "pytest-timeout", "hypothesis", "SimpleITK")
    elsewhere = work / "tests only" / "tests"
    shutil.copytree(REPOSITORY / "tests", elsewhere)
    shutil.copytree(REPOSITORY / "docs", elsewhere.parent / "docs")  # tests hold the documents
    for file in ("pyproject.toml", "sample_data/samples/index.json"):
        target = elsewhere.parent / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / file, target)
    rooms = [str(elsewhere / room) for room in TORCH_FREE_ROOMS]
    result = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *rooms],
        cwd=elsewhere.parent,
        check=False,
    )
    if result.returncode:
        sys.exit(f"the torch-free tests failed under {python}")


def run(command: list[str], cwd: Path | None = None) -> str:
    """Run and return what was printed; on failure exit with its last words."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command[:4])} ...: exit code {result.returncode}\n{result.stderr}")
    return result.stdout


if __name__ == "__main__":
    main()
