"""Bundles to segment with: hand-made networks whose answer is known, and a real OmniSegNet."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from omniseg_backend.bundles.card import ModelCard
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.manifest import ManifestDraft, SelfTest
from omniseg_backend.bundles.npy import npy_bytes
from omniseg_backend.bundles.rules import ReviewRule, Tolerance
from omniseg_backend.bundles.store import Bundle, load_bundle, write_bundle
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.bundles.task import ClassDescription, TaskDescription
from omniseg_backend.bundles.training_record import TrainingRecord
from omniseg_backend.common.hashing import sha256_bytes, sha256_file
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.inference.session import NetworkSession
from omniseg_backend.networks.architecture import Architecture, Variant
from omniseg_backend.preprocessing.settings import FitToSize, PreprocessingSettings, Window

MakeBundle = Callable[..., Bundle]
MakeVolume = Callable[..., Image]

_TASK = TaskDescription(
    id="toy",
    title="Squares",
    structure="square",
    description="Squares drawn by a program.",
    licence="CC0-1.0",
    credit="none asked",
    intended_use="Testing this software.",
    limits=("Nothing but squares.",),
)
_TRAINING = TrainingRecord(
    train_hashes=("0" * 64,),
    validation_hashes=(),
    split="none",
    by_patient=True,
    train_patients=1,
    validation_patients=0,
    train_cases=1,
    validation_cases=0,
    steps=1,
    batch_size=1,
    learning_rate=3e-4,
    seed=0,
    augmentation="none",
    negatives_share=0.0,
    initialised_from=None,
    device="CPU",
    threads=1,
    precision="fp32",
    machine="any",
    software={},
    commit=None,
    started="2026-01-31T12:00:00+00:00",
    finished="2026-01-31T12:00:00+00:00",
)
#: Values are taken as they are: -1 stays -1 and 1 stays 1.
AS_IT_IS = Window(low=-1.0, high=1.0)


def convolution_model(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """A network of one convolution, as ONNX.

    Args:
        weights: Shape (class, channel, height, width), odd sides.
        bias: Shape (class,).
    """
    from onnx import TensorProto, helper, numpy_helper

    classes, channels, height, width = weights.shape
    pads = [height // 2, width // 2, height // 2, width // 2]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["logits"], pads=pads)],
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", channels, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes, "h", "w"])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weight"),
            numpy_helper.from_array(bias.astype(np.float32), "bias"),
        ],
    )
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def bright_model(channels: int = 1, steepness: float = 20.0) -> bytes:
    """Class 1 where the mean over channels is above zero."""
    weights = np.zeros((2, channels, 1, 1), np.float32)
    weights[1] = steepness / channels
    return convolution_model(weights, np.zeros(2, np.float32))


def blurring_model(reach: int = 7) -> bytes:
    """Class 1 where the mean over a neighbourhood is above zero: edges matter to it."""
    weights = np.zeros((2, 1, reach, reach), np.float32)
    weights[1] = 3.0 / reach**2
    return convolution_model(weights, np.zeros(2, np.float32))


def blocks(*shape: int) -> np.ndarray:
    """-1 everywhere but in one block, which is 1."""
    values = np.full(shape, -1.0, np.float32)
    values[..., 5:17, 8:20, 1:3] = 1.0
    return values


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Write and load a bundle of a network; fields of the manifest by keyword.

    ``preprocessing`` takes keywords of its own; by default 32 x 32, values as they are.
    """
    made = 0

    def make(
        model: bytes | None = None,
        *,
        classes: tuple[tuple[int, str], ...] = ((1, "square"),),
        preprocessing: dict[str, Any] | None = None,
        task: dict[str, Any] | None = None,
        self_test_error: float = 0.0,
        **fields: Any,
    ) -> Bundle:
        nonlocal made
        made += 1
        chosen: dict[str, Any] = {
            "modality": Modality.MRI,
            "image_channels": 1,
            "normalisation": AS_IT_IS,
            "sampling": FitToSize(),
            "input_size": (32, 32),
            **(preprocessing or {}),
        }
        settings = PreprocessingSettings(**chosen)
        architecture = fields.pop("architecture", None) or Architecture(
            alpha=0.6,
            beta=0.5,
            in_channels=settings.network_channels,
            out_channels=len(classes) + 1,
        )
        model = model or bright_model(settings.network_channels)
        draft = ManifestDraft(
            id=f"toy-{made}",
            version="1.0.0",
            task=_TASK.model_copy(update=task or {}),
            variant=Variant.CUSTOM,
            architecture=architecture,
            preprocessing=settings,
            classes=tuple(
                ClassDescription(value=value, name=name, colour=(0, 0, 255))
                for value, name in classes
            ),
            **{
                "review": ReviewRule(threshold=0.8, detected=0, bad=0, false_flags=0, good=0),
                "surface_tolerance": Tolerance(value=2.0, unit="px"),
                "synthetic": False,
                "storage": "fp32",
                "self_test": SelfTest(rtol=1e-3, atol=1e-3, max_mismatch=0.0),
                "training": _TRAINING,
                **fields,
            },
        )
        card = ModelCard(
            bundle=draft.id,
            version=draft.version,
            parameters=1,
            evaluations=(),
            false_positives=None,
            calibration=None,
        )
        source = synthetic_input(architecture, seed=made, shape=settings.input_size)
        target = NetworkSession(model, threads=1).run(source) + np.float32(self_test_error)
        members = {
            "model.onnx": model,
            "self_test_input.npy": npy_bytes(source),
            "self_test_output.npy": npy_bytes(target),
            **card_members(card, draft),
        }
        path = tmp_path / f"toy-{made}"
        write_bundle(path, draft, members)
        return load_bundle(path)

    return make


@pytest.fixture
def make_volume() -> MakeVolume:
    """An Image of (k, j, i)-free arrays: (i, j, k) or (time, i, j, k) values with a spacing."""

    def make(
        values: NDArray[Any],
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        *,
        modality: ModalityStatement | None = None,
        unit: str = "mm",
    ) -> Image:
        frames = values if values.ndim == 4 else values[np.newaxis]
        shape = frames.shape[1:]
        geometry = Geometry(shape, np.diag([*spacing, 1.0]), unit, 3)  # type: ignore[arg-type]
        stated = modality or ModalityStatement(Modality.MRI, "file")
        return Image(
            frames[:, np.newaxis],
            geometry,
            modality=stated,
            name="volume.nii.gz",
            has_time=values.ndim == 4,
        )

    return make


OMNISEGNET = Architecture(
    alpha=0.6, beta=0.5, in_channels=1, out_channels=3, base_widths=(16, 16, 16, 32, 32),
    aspp_width=16,
)  # fmt: skip


@pytest.fixture(scope="session")
def omnisegnet_model(pytestconfig: pytest.Config, repository: Path) -> bytes:
    """A real OmniSegNet with random weights, 64 x 64, as ONNX.

    Exporting takes ten seconds, so the file is kept in pytest's cache until the network's
    sources change.
    """
    torch = pytest.importorskip("torch", reason="exporting needs the extra 'train'")
    sources = sorted((repository / "omniseg_backend" / "networks").glob("*.py"))
    contents = [sha256_file(source) for source in sources]
    contents.append(sha256_file(Path(__file__)))
    key = sha256_bytes("".join([*contents, repr(OMNISEGNET), torch.__version__]).encode())
    kept = pytestconfig.cache.mkdir("omnisegnet") / f"{key}.onnx"
    if kept.is_file():
        return kept.read_bytes()
    from omniseg_backend.common.atomic import write_bytes_atomic
    from omniseg_backend.networks.omnisegnet import build_network

    network = build_network(OMNISEGNET, seed=4)
    generator = torch.Generator().manual_seed(4)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    network.eval()
    with torch.no_grad():  # so that every class wins somewhere
        coarse = torch.randn(4, 1, 8, 8, generator=generator)
        logits = network(torch.nn.functional.interpolate(coarse, scale_factor=8.0, mode="bilinear"))
        mean, spread = logits.mean((0, 2, 3)), logits.std((0, 2, 3))
        network.head.weight /= spread[:, None, None, None]
        network.head.bias.copy_((network.head.bias - mean) / spread)
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 1, 64, 64),),
        dynamo=True,
        optimize=False,
        external_data=False,
        verbose=False,
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes=({0: "batch"},),
    )
    buffer = io.BytesIO()
    program.save(buffer, external_data=False)
    write_bytes_atomic(kept, buffer.getvalue())
    return buffer.getvalue()
