"""constraints.txt pins what pyproject.toml asks for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


@pytest.fixture(scope="module")
def pins(repository: Path) -> dict[str, Version]:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = {}
    for requirement in requirements:
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", requirement
        assert requirement.url is None
        pinned[canonicalize_name(requirement.name)] = Version(specifier.version)
    return pinned


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, object]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("extra", [None, "napari", "train", "cluster", "dev"])
def test_each_requirement_is_pinned_within_its_range(
    pins: dict[str, Version], project: dict[str, object], extra: str | None
) -> None:
    lines = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    requirements = [Requirement(line) for line in lines]
    assert requirements
    outside = [
        str(requirement)
        for requirement in requirements
        if canonicalize_name(requirement.name) not in pins
        or pins[canonicalize_name(requirement.name)] not in requirement.specifier
    ]
    assert outside == []


def test_torch_is_pinned_without_a_build(pins: dict[str, Version]) -> None:
    # A pin such as 2.13.0+cpu would shut out every machine with a GPU.
    assert pins["torch"] == Version("2.13.0")
    assert pins["torch"].local is None


def test_segmenting_needs_no_torch(project: dict[str, object]) -> None:
    base = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert not {"torch", "monai", "lightning-fabric", "matplotlib"} & base
