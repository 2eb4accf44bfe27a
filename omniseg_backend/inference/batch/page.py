"""The page of a batch: thumbnails, figures and links to the masks; no script, nothing from afar."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterator, Sequence

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.common.plain_text import one_line
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.common.wording import counted
from omniseg_backend.inference.batch.layout import TABLE_NAME, thumbnail_name
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.record import ClassRecord, ItemRecord
from omniseg_backend.inference.measurements import Measurement

_STYLE = """
body { font: 15px sans-serif; margin: 2em; color: #222; background: #fff; }
table { border-collapse: collapse; }
td, th { padding: .4em .8em; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top; }
img { display: block; max-width: 480px; }
.review { color: #a40; } .error { color: #a00; max-width: 60em; }
""".strip()


def page(outcomes: Sequence[Outcome], manifest: Manifest, images: int) -> str:
    """The page of these outcomes.

    Args:
        outcomes: In the order of the page.
        manifest: Of the model.
        images: How many images the batch has, those that were not reached too.
    """
    failed = sum(outcome.error is not None for outcome in outcomes)
    told = [f"{counted(images, 'image')}, {len(outcomes) - failed} segmented, {failed} failed"]
    if len(outcomes) < images:
        told.append(f"{images - len(outcomes)} not reached: give the same command again")
    demo = "DEMO: a model trained on phantoms alone. " if manifest.synthetic else ""
    title = f"{_text(manifest.task.title)}, {_text(manifest.id)} {_text(manifest.version)}"
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        f'<head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head>",
        f"<body><h1>{title}</h1>",
        f"<p>{'; '.join(told)}. {demo}{NOTICE.capitalize()}.",
        f'All figures: <a href="{TABLE_NAME}">{TABLE_NAME}</a>.</p>',
        "<table><tr><th></th><th>image</th><th>found</th><th>to be known</th></tr>",
        *(line for outcome in outcomes for line in _row(outcome)),
        "</table></body></html>",
    ]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> Iterator[str]:
    record = outcome.record
    if record is None:
        yield (
            f"<tr><td></td><td>{_text(outcome.label)}</td>"
            f'<td colspan="2" class="error">{_text(str(outcome.error))}</td></tr>'
        )
        return
    found = "<br>".join(map(_found, record.classes))
    flags = "<br>".join(_text(flag.sentence) for flag in record.flags)
    yield (
        f"<tr><td>{_picture(record)}</td>"
        f'<td>{_text(outcome.label)}<br><a href="{_link(record.mask)}">mask</a></td>'
        f"<td>{found}</td><td>{flags}</td></tr>"
    )


def _picture(record: ItemRecord) -> str:
    if not record.thumbnail:
        return ""
    source = _link(thumbnail_name(record.name))
    return f'<img src="{source}" alt="" loading="lazy">'


def _found(found: ClassRecord) -> str:
    name = _text(found.name)
    if found.voxels == 0:
        line = f"{name}: none found"
    else:
        size = Measurement(found.size, found.unit).as_text()
        sure = "" if found.confidence is None else f", confidence {found.confidence:.2f}"
        line = f"{name}: {size}{sure}"
    return f'<span class="review">{line}, look again</span>' if found.review else line


def _text(text: str) -> str:
    return html.escape(one_line(text), quote=True)


def _link(path: str) -> str:
    # Quoted for the address, then for the page; a leading "./" keeps "a:b" from being a scheme.
    return html.escape("./" + urllib.parse.quote(path), quote=True)
