"""What may import what: the floors, and the promise that segmenting never loads torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TORCH_FREE_ROOMS = (
    "bundles",
    "cli",
    "common",
    "datasets",
    "evaluation",
    "images",
    "inference",
    "jobs",
    "metrics",
    "preprocessing",
)
# What the runner does for kinds that train; it imports them by name.
WITH_TORCH = ("jobs/work/train.py", "jobs/work/export.py")
# Of these two rooms only the modules that others read without torch.
TORCH_FREE_MODULES = (
    "networks/architecture.py",
    "networks/cost.py",
    "training/settings.py",
    "training/export_settings.py",
)

BLOCKED = ("lightning_fabric", "monai", "torch", "torchvision", "transformers")

IMPORT_ALL_WITHOUT_TORCH = """
import importlib, importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

blocked, modules = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.meta_path.insert(0, Absent())
failures = {}
for module in modules:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        failures[module] = str(error)
print(json.dumps(failures))
"""


def run_python(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml against the packages that lie in `folder`."""
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); "
        "from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copied_tree(repository: Path, tmp_path: Path) -> Path:
    """The packages and their contracts, in a folder where a test may plant a violation."""
    no_caches = shutil.ignore_patterns("__pycache__", "shipped", "samples")
    shutil.copytree(repository / "omniseg_backend", tmp_path / "omniseg_backend", ignore=no_caches)
    shutil.copytree(repository / "sample_data", tmp_path / "omniseg_sample_data", ignore=no_caches)
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(copied_tree: Path) -> None:
    finished = lint_imports(copied_tree)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert " 0 broken" in finished.stdout


FLOORS = "The floors of docs/architecture.md: imports run downwards"
TORCH = "Segmenting never imports torch, not even through another room"
COMMAND_LINE = "The command line itself imports no torch"
SAMPLES = "Samples are for trying it out: only the front ends know them"


@pytest.mark.parametrize(
    ("path", "statement", "contract"),
    [
        ("common/planted.py", "from omniseg_backend.images.image import Image", FLOORS),
        ("metrics/planted.py", "from omniseg_backend.images.image import Image", FLOORS),
        ("room_without_a_floor/__init__.py", "", FLOORS),
        ("inference/planted.py", "import torch", TORCH),
        ("bundles/planted.py", "from omniseg_backend.networks import omnisegnet", TORCH),
        ("cli/planted.py", "def late():\n    import torch", COMMAND_LINE),
        ("jobs/planted.py", "from omniseg_backend.training import bundle_run", TORCH),
        ("datasets/planted.py", "import omniseg_sample_data", SAMPLES),
    ],
)
def test_a_planted_violation_is_found(
    copied_tree: Path, path: str, statement: str, contract: str
) -> None:
    planted = copied_tree / "omniseg_backend" / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f"{statement}\n", encoding="utf-8")
    finished = lint_imports(copied_tree)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert f"{contract} BROKEN" in finished.stdout


def torch_free_modules(repository: Path) -> list[str]:
    package = repository / "omniseg_backend"
    files = [file for room in TORCH_FREE_ROOMS for file in (package / room).rglob("*.py")]
    files += [package / name for name in TORCH_FREE_MODULES if (package / name).is_file()]
    files = [file for file in files if file.relative_to(package).as_posix() not in WITH_TORCH]
    modules = {
        ".".join(file.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        for file in files
    }
    samples = (repository / "sample_data").glob("*.py")
    modules |= {f"omniseg_sample_data.{file.stem}" for file in samples if file.stem != "__init__"}
    return sorted(modules)


def test_torch_free_rooms_import_where_torch_is_not_installed(repository: Path) -> None:
    modules = torch_free_modules(repository)
    failures = run_python("-c", IMPORT_ALL_WITHOUT_TORCH, json.dumps(BLOCKED), json.dumps(modules))
    assert json.loads(failures) == {}


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = run_python("-c", "import omniseg_backend, sys; print(*sys.modules, sep='\\n')")
    heavy = {"SimpleITK", "monai", "numpy", "onnx", "onnxruntime", "scipy", "torch"}
    assert not heavy & set(loaded.split())


def test_starting_the_command_line_loads_no_runtime() -> None:
    loaded = run_python(
        "-c", "import omniseg_backend.cli.main, sys; print(*sys.modules, sep='\\n')"
    )
    assert not {"SimpleITK", "monai", "onnxruntime", "torch"} & set(loaded.split())
