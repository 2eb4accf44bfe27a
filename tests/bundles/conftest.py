"""A small real network, exported once per session, and the bundle made of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from omniseg_backend.bundles.card import (
    Calibration,
    ClassResult,
    Evaluation,
    FalsePositives,
    Latency,
    ModelCard,
    Spread,
    StorageFigure,
)
from omniseg_backend.bundles.card_text import card_members
from omniseg_backend.bundles.graph import strip_metadata
from omniseg_backend.bundles.manifest import ManifestDraft, SelfTest
from omniseg_backend.bundles.npy import npy_bytes
from omniseg_backend.bundles.rules import CleanUpRule, ReviewRule, Tolerance
from omniseg_backend.bundles.store import Bundle, write_bundle
from omniseg_backend.bundles.synthetic import synthetic_input
from omniseg_backend.bundles.task import ClassDescription, TaskDescription
from omniseg_backend.bundles.training_record import TrainingRecord
from omniseg_backend.images.modality import Modality
from omniseg_backend.networks.architecture import Architecture, Variant
from omniseg_backend.preprocessing.settings import FitToSize, PreprocessingSettings, RobustZScore

ARCHITECTURE = Architecture(
    alpha=0.6,
    beta=0.5,
    in_channels=1,
    out_channels=2,
    base_widths=(16, 16, 32, 32, 64),
    aspp_width=16,
)


@pytest.fixture(scope="session")
def architecture() -> Architecture:
    """What the exported network is made of."""
    return ARCHITECTURE


@pytest.fixture(scope="session")
def exported() -> tuple[bytes, dict[str, NDArray[np.float32]]]:
    """A network whose batch normalisations are not the identity, as ONNX, and its weights."""
    torch = pytest.importorskip("torch", reason="exporting needs the extra 'train'")
    from omniseg_backend.networks.omnisegnet import build_network

    network = build_network(ARCHITECTURE, seed=3)
    generator = torch.Generator().manual_seed(4)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(generator=generator)
    network.eval()
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
    state = {
        name: tensor.numpy()
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return buffer.getvalue(), state


@pytest.fixture(scope="session")
def raw_model(exported: tuple[bytes, dict[str, NDArray[np.float32]]]) -> bytes:
    """The network as the exporter wrote it."""
    return exported[0]


@pytest.fixture(scope="session")
def model(raw_model: bytes) -> bytes:
    """The network as bundles hold it, in float32."""
    return strip_metadata(raw_model)


@pytest.fixture(scope="session")
def state(
    exported: tuple[bytes, dict[str, NDArray[np.float32]]],
) -> dict[str, NDArray[np.float32]]:
    """The weights that were exported, under the state dict's names."""
    return exported[1]


@pytest.fixture(scope="session")
def run_model() -> Callable[[bytes, NDArray[np.float32]], NDArray[np.float32]]:
    """Runs an ONNX file's bytes on one input."""
    import onnxruntime

    def run(model: bytes, image: NDArray[np.float32]) -> NDArray[np.float32]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return session.run(None, {"image": image})[0]

    return run


@pytest.fixture(scope="session")
def draft() -> ManifestDraft:
    """A manifest that fits the exported network."""
    return ManifestDraft(
        id="toy-custom",
        version="1.0.0",
        task=TaskDescription(
            id="toy",
            title="Disc in a toy picture",
            structure="disc",
            description="Discs drawn by a program.",
            licence="CC0-1.0",
            credit="none asked",
            intended_use="Testing this software.",
            limits=("Discs of other colours were never tested.",),
        ),
        variant=Variant.CUSTOM,
        architecture=ARCHITECTURE,
        preprocessing=PreprocessingSettings(
            modality=Modality.MRI,
            image_channels=1,
            normalisation=RobustZScore(),
            sampling=FitToSize(),
            input_size=(64, 64),
        ),
        classes=(ClassDescription(value=1, name="disc", colour=(230, 159, 0)),),
        symmetric_axes=("rows", "columns"),
        clean_up=(CleanUpRule(class_name="disc", keep_largest=True, min_size=4),),
        temperature=1.25,
        review=ReviewRule(threshold=0.8, detected=12, bad=15, false_flags=0, good=0),
        surface_tolerance=Tolerance(value=2.0, unit="mm"),
        synthetic=True,
        storage="fp32",
        self_test=SelfTest(rtol=1e-3, atol=1e-3, max_mismatch=1e-4),
        training=TrainingRecord(
            train_hashes=("0" * 64, "f" * 64),
            validation_hashes=("a" * 64,),
            split="a seeded fifth of the patients validates",
            by_patient=True,
            train_patients=2,
            validation_patients=1,
            train_cases=2,
            validation_cases=1,
            steps=300,
            batch_size=8,
            learning_rate=3e-4,
            seed=7,
            augmentation="online",
            negatives_share=0.125,
            initialised_from=None,
            device="CPU",
            threads=2,
            precision="fp32",
            machine="Example CPU at 2 GHz",
            software={"torch": "2.13.0"},
            commit=None,
            started="2026-01-31T12:00:00+00:00",
            finished="2026-01-31T12:10:00+00:00",
        ),
    )


@pytest.fixture(scope="session")
def card() -> ModelCard:
    """A card with every section filled."""
    dice = Spread(n=14, mean=0.9312, sd=0.0214, low=0.9188, high=0.9436)
    hd95 = Spread(n=14, mean=3.25, sd=None, low=None, high=None)
    disc = ClassResult(
        class_name="disc", dice=dice, hd95=hd95, unit="mm", both_empty=2, missed=1, invented=0
    )
    return ModelCard(
        bundle="toy-custom",
        version="1.0.0",
        parameters=1234,
        evaluations=(
            Evaluation(
                data="Toy",
                part="validation",
                synthetic=True,
                cases=16,
                patients=None,
                mean_dice=0.9312,
                classes=(disc,),
            ),
        ),
        false_positives=FalsePositives(
            data="Empty toys", images=40, images_with_any=3, mean_area=1.5, unit="px"
        ),
        calibration=Calibration(cases=16, ece_before=0.0311, ece_after=0.0122),
        storage=(
            StorageFigure(storage="fp32", size=200_000, dice=0.9312),
            StorageFigure(storage="int8", size=60_000, dice=0.9307),
        ),
        latency=(
            Latency(
                cpu="Example CPU at 2 GHz",
                threads=2,
                input_size=(64, 64),
                runs=20,
                milliseconds=3.5,
                fastest=3.1,
            ),
        ),
        notes=("Stopped early.",),
    )


@pytest.fixture(scope="session")
def members(
    model: bytes,
    draft: ManifestDraft,
    card: ModelCard,
    run_model: Callable[[bytes, NDArray[np.float32]], NDArray[np.float32]],
) -> dict[str, bytes]:
    """Every file of a valid bundle beside its manifest."""
    image = synthetic_input(ARCHITECTURE, seed=1)
    logits = run_model(model, image)
    return {
        "model.onnx": model,
        "self_test_input.npy": npy_bytes(image.astype(np.float16)),
        "self_test_output.npy": npy_bytes(logits),
        "LICENSE": b"CC0-1.0\n",
        **card_members(card, draft),
    }


@pytest.fixture(params=["toy.omniseg", "toy"], ids=["zip", "folder"])
def bundle(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    draft: ManifestDraft,
    members: dict[str, bytes],
) -> Bundle:
    """A valid bundle on disk, once as a zip and once as a folder."""
    return write_bundle(tmp_path / request.param, draft, members)


@pytest.fixture
def files(tmp_path: Path, draft: ManifestDraft, members: dict[str, bytes]) -> dict[str, bytes]:
    """Every file of a valid bundle, the manifest among them."""
    written = write_bundle(tmp_path / "source", draft, members)
    return {path.name: path.read_bytes() for path in written.path.iterdir()}
