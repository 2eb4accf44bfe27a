"""Nothing in a bundle may say whose images or whose computer it came from."""

from __future__ import annotations

import dataclasses
import getpass
import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from omniseg_backend.bundles.graph import texts as graph_texts
from omniseg_backend.bundles.manifest import ManifestDraft
from omniseg_backend.common.errors import BundleError

_PATHS = (
    # From the root, where a path can begin: not within "mm/px" or "https://host/page".
    re.compile(r"(?:^|[\s\"'`(\[{=,;|])/[A-Za-z0-9_.+-]+(?:/[^\s/]|[\s\"'`)\]},;|]|$)"),
    re.compile(r"(?<![A-Za-z])[A-Za-z]:[\\/]"),
    re.compile(r"(?:^|[\s\"'`(\[{=,;|])~[\w.-]*[\\/]"),
    re.compile(r"\\\\[\w.-]+\\"),
    re.compile(r"\bfile:/", re.IGNORECASE),
)

#: Names of accounts and hosts that half the world's machines have; "root" is also anatomy.
_EVERYBODY = frozenset(
    {
        "admin",
        "administrator",
        "debian",
        "docker",
        "guest",
        "host",
        "home",
        "local",
        "localhost",
        "node",
        "root",
        "runner",
        "test",
        "ubuntu",
        "user",
        "vagrant",
    }
)
#: Words that files are called by and cards are made of; they tell nobody apart.
_GENERIC = frozenset(
    {
        "case",
        "cases",
        "data",
        "file",
        "image",
        "images",
        "input",
        "label",
        "labels",
        "mask",
        "masks",
        "output",
        "patient",
        "patients",
        "scan",
        "scans",
        "slice",
        "test",
        "train",
        "training",
        "validation",
        "volume",
    }
)
#: ``.png``, ``.nii.gz``, ``.ome.tiff``; not the ``.12`` of ``case.12``.
_SUFFIXES = re.compile(r"(\.nii|\.ome)?\.[A-Za-z]{2,5}$")
_SHORTEST_NAME = 3
#: A case called 100 cannot be told from a count; one called 20240117 can.
_SHORTEST_NUMBER = 6


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who and where the exporting process is.

    Attributes:
        user: The account's name.
        host: The machine's name.
        home: The home folder.
    """

    user: str
    host: str
    home: str

    @classmethod
    def of_this_process(cls) -> Identity:
        """The names that the operating system gives; empty where it gives none."""
        try:
            user = getpass.getuser()
        except (ImportError, KeyError, OSError):
            user = ""
        try:
            home = str(Path.home())
        except RuntimeError:
            home = ""
        return cls(user, socket.gethostname(), home)


def refuse_private_text(
    manifest: ManifestDraft,
    members: Mapping[str, bytes],
    *,
    forbidden: Iterable[str],
    identity: Identity | None = None,
) -> None:
    """Refuse to export what would tell where, or from whom, it was made.

    Searched are manifest, cards, licence and every name and text of the network. Looked for
    are absolute paths, the user's, host's and home folder's names, and ``forbidden``: whole
    words, upper or lower case, with and without folder and suffix. Not looked for are names
    of fewer than three characters, numbers of fewer than six digits, generic words ("image")
    and names that the manifest itself gives to a class or to the structure ("liver").

    Args:
        manifest: The manifest to be written.
        members: The other files, by name.
        forbidden: Names of the training set: files, cases, patients, the data set's folder.
        identity: Names of this machine; asked for if not given.

    Raises:
        BundleError: Something was found; the sentence says where, and what.
    """
    identity = identity or Identity.of_this_process()
    names = {name.lower() for text in forbidden for name in _spellings(text)}
    names -= _public_words(manifest) | _GENERIC
    names |= {n.lower() for n in _machine_names(identity)} - _EVERYBODY
    words = _whole_words({name for name in names if _is_telling(name)})
    for place, text in _texts(manifest, members):
        if identity.home and len(identity.home) > 1 and identity.home in text:
            raise _private(place, "the home folder", text)
        for pattern in _PATHS:
            if found := pattern.search(text):
                raise _private(place, "a path", found[0])
        if words and (found := words.search(text)):
            raise _private(place, "a private name", found[0])


def _texts(manifest: ManifestDraft, members: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Where each piece of text stands, and the text as a person would read it."""
    for text in _json_texts(manifest.model_dump(mode="json")):
        yield "omniseg.json", text
    for name, content in members.items():
        if name.endswith(".onnx"):
            pieces: Iterable[str] = graph_texts(content)
        elif name.endswith(".json"):
            pieces = _json_texts(json.loads(content))
        elif name.endswith(".npy"):
            continue
        else:
            text = content.decode("utf-8", "replace")
            # Also without Markdown's backslashes, which would part a name in two.
            pieces = (text, re.sub(r"\\(?=[^\w\s]|_)", "", text))
        for piece in pieces:
            yield name, piece


def _json_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield str(key)
            yield from _json_texts(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from _json_texts(child)


def _spellings(name: str) -> Iterator[str]:
    """A name as given, without its folders, and without its suffixes."""
    yield name
    last = PureWindowsPath(PurePosixPath(name).name).name
    yield last
    yield _SUFFIXES.sub("", last)


def _machine_names(identity: Identity) -> Iterator[str]:
    yield identity.user
    yield identity.host
    # An address such as pc7.radiology.example also names the machine by its first part.
    yield identity.host.partition(".")[0]
    yield PureWindowsPath(PurePosixPath(identity.home).name).name


def _public_words(manifest: ManifestDraft) -> set[str]:
    return {entry.name.lower() for entry in manifest.classes} | {
        word.lower() for word in re.findall(r"[^\W\d_]+", manifest.task.structure)
    }


def _is_telling(name: str) -> bool:
    return len(name) >= (_SHORTEST_NUMBER if name.isdigit() else _SHORTEST_NAME)


def _whole_words(names: set[str]) -> re.Pattern[str] | None:
    if not names:
        return None
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # A dot before: the decimals of a number are no name.
    return re.compile(rf"(?<![^\W_])(?<!\d\.)(?:{choices})(?![^\W_])", re.IGNORECASE)


def _private(place: str, kind: str, text: str) -> BundleError:
    return BundleError(
        place,
        found=f"{kind}: {text.strip()[:80]!r}",
        expected="no text that tells where or from whom a model was made",
        remedy="rename it or take it out of the task's description, then export again",
    )
