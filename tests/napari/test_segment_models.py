"""What the Segment panel knows and decides, without Qt."""

from __future__ import annotations

import dataclasses
import threading

import dask.array
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_omniseg.bridge.layer_image import LayerSnapshot, layer_of
from napari_omniseg.bridge.layer_sample import sample_of
from napari_omniseg.bridge.lazy_layer import load, stand_in
from napari_omniseg.models.bundle_cache import BundleCache
from napari_omniseg.models.card_tip import card_tip
from napari_omniseg.models.catalogue import read_catalogue
from napari_omniseg.models.expectation import expect
from napari_omniseg.models.figures import bytes_text, parameters_text, progress_text, seconds_text
from napari_omniseg.models.image_choices import ImageChoices, statement_words
from napari_omniseg.models.image_layers import ImageLayers
from napari_omniseg.models.run import Order, perform, sentence_of
from napari_omniseg.models.scope import Scope, part_in_words, region_of, scopes_of
from napari_omniseg.models.tasks import Question, list_tasks
from omniseg_backend.common.errors import CancelledError, UsageError
from omniseg_backend.common.progress import no_progress
from omniseg_backend.images.modality import UNKNOWN, Modality, ModalityStatement
from omniseg_backend.images.reading import read_image
from omniseg_backend.inference.region import Region
from tests.napari.segment_makers import sample


def question(name: str) -> Question:
    made = layer_of(read_image(sample(name).image_path))
    snapshot = LayerSnapshot.of(Image(made.array, **made.attributes))
    return Question(snapshot, snapshot.readings()[0])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.03, "< 0.1 s"),
        (0.43, "0.4 s"),
        (9.96, "10 s"),
        (75.0, "75 s"),
        (210.0, "3.5 min"),
        (1500.0, "25 min"),
        (7560.0, "2.1 h"),
    ],
)
def test_durations_have_two_digits(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_figures_for_people() -> None:
    assert parameters_text(1_482_337) == "1.5 M"
    assert parameters_text(25_000) == "25 k"
    assert bytes_text(2_340_000_000) == "2.3 GB"
    assert bytes_text(38_000_000) == "38 MB"


def test_progress_tells_the_time_left_once_it_can() -> None:
    assert progress_text("segmenting", 0.02, 3.0) == "segmenting, 2 %"
    assert progress_text("segmenting", 0.25, 2.0) == "segmenting, 25 %, 6.0 s left"
    assert progress_text("segmenting", 1.0, 8.0) == "segmenting, 100 %"


def test_the_catalogue_holds_real_tasks_before_demos(home) -> None:
    catalogue = read_catalogue()
    demos = [task.demo for task in catalogue.tasks]
    assert demos == sorted(demos)
    heart = catalogue.task("cardiac-mri")
    assert heart is not None
    assert heart.variants == ("compact", "balanced", "accurate")
    assert not catalogue.problems


def test_a_card_tells_classes_results_licence_and_limits(home) -> None:
    heart = read_catalogue().task("cardiac-mri")
    assert heart is not None
    tip = card_tip(heart)
    for part in ("left ventricle", "0.909", "Licence", "CC0 1.0", "patients", "Limits", "never"):
        assert part in tip
    demo = read_catalogue().task("demo-abdominal-ct")
    assert demo is not None
    assert "no patient was seen" in card_tip(demo)


def test_the_likeliest_task_is_suggested_and_a_fitting_choice_kept(home) -> None:
    tasks = list_tasks(question("abdominal_mri"))
    assert tasks.suggested(None) == "cardiac-mri"
    assert tasks.suggested("demo-abdominal-mri") == "demo-abdominal-mri"
    assert tasks.suggested("demo-abdominal-ct") == "cardiac-mri"
    assert not tasks.asks_modality


def test_a_guess_keeps_other_tasks_possible_but_suggests_none_of_them(home) -> None:
    asked = question("abdominal_ct")
    guessed = dataclasses.replace(asked, modality=ModalityStatement(Modality.CT, "guess"))
    tasks = list_tasks(guessed)
    assert next(fit.task.id for fit in tasks.fits if fit.fits) == "demo-abdominal-ct"
    assert "cardiac-mri" in [fit.task.id for fit in tasks.fits if fit.fits]
    assert tasks.suggested("cardiac-mri") == "demo-abdominal-ct"


def test_what_the_user_said_of_a_layer_is_remembered_with_its_witness() -> None:
    choices, layer = ImageChoices(), Image(np.zeros((4, 5, 6)))
    assert choices.axes(layer, ("zyx", "tyx")) == "zyx"
    choices.read_as(layer, "tyx")
    assert choices.axes(layer, ("zyx", "tyx")) == "tyx"
    assert choices.modality(layer, UNKNOWN) is None
    choices.shows(layer, Modality.MRI)
    assert choices.modality(layer, UNKNOWN) == ModalityStatement(Modality.MRI, "user")
    stated = ModalityStatement(Modality.CT, "file")
    assert choices.modality(layer, stated) == ModalityStatement(Modality.MRI, "override")
    assert statement_words(stated) == "CT (as the file says)"
    choices.shows(layer, None)
    assert choices.modality(layer, stated) is None


def test_a_sample_of_a_lazy_volume_reads_one_slice_alone() -> None:
    read: list[object] = []

    def slice_of(block_info=None):
        read.append(block_info[None]["chunk-location"])
        return np.ones((1, 600, 700), np.int16)

    lazy = dask.array.map_blocks(slice_of, chunks=((1,) * 9, (600,), (700,)), dtype=np.int16)
    snapshot = LayerSnapshot.of(Image(lazy, contrast_limits=(0, 1)))
    read.clear()
    small = sample_of(snapshot, "zyx")
    assert np.asarray(small.array).shape == (1, 512, 512)
    assert set(read) == {(4, 0, 0)}


def test_a_lazy_layer_is_read_piece_by_piece_and_can_be_cancelled() -> None:
    whole = np.arange(240, dtype=np.int16).reshape(10, 4, 6)
    lazy = dask.array.from_array(whole, chunks=(3, 4, 6))
    snapshot = LayerSnapshot.of(Image(lazy, contrast_limits=(0, 1)))
    told: list[float] = []
    cancel = threading.Event()
    loaded = load(snapshot, lambda stage, fraction: told.append(fraction), cancel)
    np.testing.assert_array_equal(loaded.array, whole)
    assert told == [0.0, 0.3, 0.6, 0.9]
    assert load(loaded, no_progress, cancel) is loaded
    cancel.set()
    with pytest.raises(CancelledError):
        load(snapshot, no_progress, cancel)


def test_the_stand_in_of_a_lazy_layer_takes_no_memory() -> None:
    lazy = dask.array.zeros((100, 2000, 2000), dtype=np.int16, chunks=(1, 2000, 2000))
    standing = stand_in(LayerSnapshot.of(Image(lazy, contrast_limits=(0, 1))))
    assert standing.array.shape == (100, 2000, 2000)
    assert standing.array.strides == (0, 0, 0)


def test_an_order_says_what_it_would_take_and_what_came_of_it(home) -> None:
    asked = question("cardiac_mri")
    task = read_catalogue().task("cardiac-mri")
    assert task is not None
    order, bundles = Order(asked, task.of_variant("compact")[0]), BundleCache()
    expected = expect(order, bundles)
    assert expected.seconds is not None
    assert expected.as_text().endswith(" s")
    outcome = perform(order, bundles, no_progress, threading.Event())
    assert [type(layer).__name__ for layer in outcome.layers] == ["Labels"]
    assert sentence_of(outcome).startswith("cardiac_mri.png: found 1 of 1 class in ")
    assert outcome.result.segmentation.provenance.region is None
    limited = dataclasses.replace(order, part="in the rectangle alone")
    said = sentence_of(dataclasses.replace(outcome, order=limited))
    assert said.splitlines()[0].endswith(", in the rectangle alone: left ventricle.")


def test_an_order_that_would_be_refused_says_why(home) -> None:
    asked = question("abdominal_ct")
    task = read_catalogue().task("cardiac-mri")
    assert task is not None
    expected = expect(Order(asked, task.models[0]), BundleCache())
    assert expected.seconds is None
    assert "modality ct" in str(expected.refusal)


def test_nothing_found_is_said_plainly(home) -> None:
    made = Image(np.full((64, 64), 7, np.uint8) + np.eye(64, dtype=np.uint8), name="empty")
    snapshot = LayerSnapshot.of(made)
    task = read_catalogue().task("cardiac-mri")
    assert task is not None
    order = Order(Question(snapshot, "yx"), task.models[0])
    outcome = perform(order, BundleCache(), no_progress, threading.Event())
    assert outcome.result.none_found
    assert "None found: left ventricle" in sentence_of(outcome)


# Parts of an image


def shown(array: np.ndarray, **attributes: object) -> tuple[ViewerModel, Image]:
    viewer = ViewerModel()
    layer = viewer.add_image(array, **attributes)
    return viewer, layer


def test_parts_are_named_for_pictures_and_volumes() -> None:
    assert Scope.SLICE not in scopes_of("tyx")
    assert next(iter(scopes_of("zyx"))) is Scope.WHOLE


def test_this_slice_is_the_one_on_the_screen_whichever_way_it_is_cut() -> None:
    viewer, layer = shown(np.zeros((10, 20, 30)), scale=(3, 2, 1))
    viewer.dims.set_current_step(0, 4)
    assert region_of(Scope.SLICE, viewer, layer, "zyx", None) == Region((0, 30), (0, 20), (4, 5))
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 6)
    assert region_of(Scope.SLICE, viewer, layer, "zyx", None) == Region((0, 30), (6, 7), (0, 10))


def test_the_field_of_view_is_what_the_canvas_shows() -> None:
    viewer, layer = shown(np.zeros((100, 200)), scale=(2, 2))
    viewer.canvas.size = (80, 120)  # height, width
    viewer.scene.camera.zoom = 2.0  # so 40 x 60 of the world, 20 x 30 pixels of the layer
    viewer.scene.camera.center = (100.0, 200.0)
    region = region_of(Scope.VIEW, viewer, layer, "yx", None)
    assert region is not None
    (left, right), (top, bottom), _ = region.spans
    assert (left, right) == (85, 116)
    assert (top, bottom) == (40, 61)


def test_a_view_beside_the_image_is_refused() -> None:
    viewer, layer = shown(np.zeros((100, 200)))
    viewer.scene.camera.zoom = 100.0
    viewer.scene.camera.center = (5000.0, 5000.0)
    with pytest.raises(UsageError, match="outside of the image"):
        region_of(Scope.VIEW, viewer, layer, "yx", None)


def test_a_view_in_three_dimensions_has_no_slice() -> None:
    viewer, layer = shown(np.zeros((10, 20, 30)))
    viewer.dims.ndisplay = 3
    with pytest.raises(UsageError, match="2D"):
        region_of(Scope.SLICE, viewer, layer, "zyx", None)


def test_rectangles_reach_through_all_slices_or_from_the_first_to_the_last() -> None:
    viewer, layer = shown(np.zeros((10, 20, 30)), scale=(3, 2, 1))
    box = np.array([[4, 5], [4, 12], [9, 12], [9, 5]], float)
    flat = viewer.add_shapes(ndim=3, scale=(3, 2, 1))
    flat.add_rectangles(np.insert(box, 0, 2.0, axis=1))
    one = region_of(Scope.RECTANGLE, viewer, layer, "zyx", flat)
    assert part_in_words(Scope.RECTANGLE, flat) == "in the rectangle alone"
    assert one == Region((5, 13), (4, 10), (0, 10))
    flat.add_rectangles(np.insert(box, 0, 6.0, axis=1))
    both = region_of(Scope.RECTANGLE, viewer, layer, "zyx", flat)
    assert (
        part_in_words(Scope.RECTANGLE, flat)
        == "in the rectangle around all 2 shapes of Shapes alone"
    )
    assert both == Region((5, 13), (4, 10), (2, 7))


@pytest.mark.parametrize(
    ("kind", "corners", "said"),
    [
        ("rectangle", [[4, 5], [4, 12], [9, 12], [9, 5]], "in the rectangle alone"),
        (
            "rectangle",
            [[4, 8], [8, 12], [12, 8], [8, 4]],
            "in the upright rectangle around the turned one of drawn alone",
        ),
        (
            "polygon",
            [[4, 5], [4, 12], [9, 7]],
            "in the rectangle around the polygon of drawn alone",
        ),
        (
            "ellipse",
            [[4, 5], [4, 12], [9, 12], [9, 5]],
            "in the rectangle around the ellipse of drawn alone",
        ),
    ],
)
def test_of_a_shape_that_is_no_upright_rectangle_it_is_said_what_is_taken(
    kind: str, corners: list[list[int]], said: str
) -> None:
    viewer, layer = shown(np.zeros((20, 30)))
    drawn = viewer.add_shapes([np.array(corners, float)], shape_type=kind, name="drawn")
    assert part_in_words(Scope.RECTANGLE, drawn) == said
    region = region_of(Scope.RECTANGLE, viewer, layer, "yx", drawn)
    assert region is not None
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    assert region == Region((low[1], high[1] + 1), (low[0], high[0] + 1), (0, 1))


@pytest.mark.parametrize(
    ("kind", "corners", "reason"),
    [
        ("line", [[4, 5], [9, 12]], "found a line"),
        ("path", [[4, 5], [9, 12], [4, 9]], "found a line"),
        ("rectangle", [[4, 5], [4, 5.4], [4.3, 5.4], [4.3, 5]], "smaller than a voxel"),
        ("rectangle", [[4, 5], [4, 12], [4.3, 12], [4.3, 5]], "smaller than a voxel"),
    ],
)
def test_what_has_no_inside_is_no_part(kind: str, corners: list[list[float]], reason: str) -> None:
    viewer, layer = shown(np.zeros((20, 30)))
    drawn = viewer.add_shapes([np.array(corners, float)], shape_type=kind)
    with pytest.raises(UsageError, match=reason):
        region_of(Scope.RECTANGLE, viewer, layer, "yx", drawn)


def test_the_watcher_lets_go() -> None:
    viewer = ViewerModel()
    watcher = ImageLayers(viewer)
    heard: list[int] = []
    watcher.changed.connect(lambda: heard.append(1))
    viewer.add_image(np.zeros((4, 4)))
    assert heard
    heard.clear()
    watcher.stop()
    watcher.stop()
    viewer.add_image(np.zeros((4, 4)))
    assert not heard
