"""The network's ONNX graph: what a bundle's may hold, and taking out what it need not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from omniseg_backend.common.errors import BundleError
from omniseg_backend.common.wording import counted
from omniseg_backend.networks.architecture import Architecture

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import ModelProto, ValueInfoProto

_STANDARD_DOMAINS = ("", "ai.onnx")
#: A network needs none of these, and each could hide what the checks look for.
_NEVER_NEEDED = {
    "FunctionProto": "functions of its own",
    "TrainingInfoProto": "a training graph",
    "SparseTensorProto": "sparse tensors",
}


def parse_model(content: bytes, subject: object) -> ModelProto:
    """Read the bytes of an ONNX file; nothing that they refer to is opened.

    Raises:
        BundleError: They are no ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise _unusable(subject, "bytes that are no ONNX model") from error
    if not model.graph.node:
        raise _unusable(subject, "an ONNX model without operations")
    return model


def check_model(content: bytes, architecture: Architecture, subject: object) -> None:
    """Refuse a network that reaches outside of its own bytes or does not fit the manifest.

    About 10 ms for a network of 240 nodes.

    Args:
        content: The ONNX file's bytes.
        architecture: What the manifest says of the network.
        subject: What an error names.

    Raises:
        BundleError: External data, operators of another domain, functions, subgraphs, or an
            input or output that the manifest does not describe.
    """
    model = parse_model(content, subject)
    foreign = [o.domain for o in model.opset_import if o.domain not in _STANDARD_DOMAINS]
    if foreign:
        raise _unusable(subject, f"operators of the domain {foreign[0]!r}")
    for message in _messages(model):
        _check_message(message, model, subject)
    names = [tensor.name for tensor in model.graph.initializer]
    if len(set(names)) != len(names):
        raise _unusable(subject, "two weights of the same name")
    inputs = [value for value in model.graph.input if value.name not in names]
    _check_port(inputs, "input", architecture.in_channels, subject)
    _check_port(list(model.graph.output), "output", architecture.out_channels, subject)


def strip_metadata(content: bytes) -> bytes:
    """The same network without free text and shape hints.

    The exporter writes each line of source that led to a node, with its path, into the node's
    metadata, and keeps a shape hint per intermediate value, which ONNX Runtime infers anew.

    Raises:
        BundleError: ``content`` is no ONNX model.
    """
    model = parse_model(content, "the exported network")
    for message in _messages(model):
        for field in ("doc_string", "metadata_props"):
            if field in message.DESCRIPTOR.fields_by_name:
                message.ClearField(field)
    model.graph.ClearField("value_info")
    return model.SerializeToString(deterministic=True)


def texts(content: bytes) -> Iterator[str]:
    """Every piece of text in an ONNX file: names, attributes, metadata; no weights."""
    model = parse_model(content, "the exported network")
    for message in _messages(model):
        for field, value in message.ListFields():
            if field.type == field.TYPE_STRING:
                yield from [value] if isinstance(value, str) else value
            elif field.type == field.TYPE_BYTES and field.name != "raw_data":
                pieces = [value] if isinstance(value, bytes) else value
                yield from (piece.decode("utf-8", "replace") for piece in pieces)


def _messages(message: Message) -> Iterator[Message]:
    """``message`` and all that it holds, however deep."""
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for child in [value] if hasattr(value, "DESCRIPTOR") else value:
            yield from _messages(child)


def _check_message(message: Message, model: ModelProto, subject: object) -> None:
    import onnx

    kind = message.DESCRIPTOR.name
    if kind in _NEVER_NEEDED:
        raise _unusable(subject, _NEVER_NEEDED[kind])
    if isinstance(message, onnx.GraphProto) and message is not model.graph:
        raise _unusable(subject, "a graph within a graph")
    if isinstance(message, onnx.NodeProto) and message.domain not in _STANDARD_DOMAINS:
        raise _unusable(subject, f"the operator {message.op_type} of {message.domain!r}")
    if isinstance(message, onnx.TensorProto) and (
        message.external_data or message.data_location != onnx.TensorProto.DEFAULT
    ):
        raise _unusable(subject, f"the tensor {message.name!r} stored in another file")


def _check_port(ports: list[ValueInfoProto], role: str, channels: int, subject: object) -> None:
    import onnx

    if len(ports) != 1:
        raise _unusable(subject, f"{len(ports)} {role}s")
    tensor = ports[0].type.tensor_type
    dimensions = tensor.shape.dim
    if tensor.elem_type != onnx.TensorProto.FLOAT or len(dimensions) != 4:
        raise _unusable(subject, f"an {role} that is not (N, channels, rows, columns) of float32")
    if dimensions[1].dim_value != channels:
        raise BundleError(
            subject,
            found=f"a network with {counted(dimensions[1].dim_value, f'{role} channel')}",
            expected=f"the {channels} that the manifest states",
            remedy="do not use this bundle; get it again from where it came",
        )


def _unusable(subject: object, found: str) -> BundleError:
    return BundleError(
        subject,
        found=found,
        expected="one plain ONNX graph of standard operators that holds its own weights",
        remedy="do not use this bundle; get it again from where it came",
    )
