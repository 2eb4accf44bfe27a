"""What the Fine-tune panel knows and decides, without a window."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from pathlib import Path

import pytest
from napari.components import Dims
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_omniseg.models.acceptance import Question
from napari_omniseg.models.compared import Compared
from napari_omniseg.models.fine_tuning import Action, FineTuning, Step
from napari_omniseg.models.fine_tuning_request import FineTuningRequest
from napari_omniseg.models.job_watch import JobWatch
from napari_omniseg.models.layer_pairs import Added, add_pairs, create_site, layer_pairs
from napari_omniseg.models.new_model import NewModel, Rival
from napari_omniseg.models.run_text import clock, run_text
from napari_omniseg.models.site_summary import SiteSummary, problem_text
from napari_omniseg.models.start_models import start_models
from omniseg_backend.bundles.models import add_model
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import no_progress
from omniseg_backend.datasets.site.check import check_site
from omniseg_backend.evaluation.compare import compare
from omniseg_backend.jobs.events import (
    Event,
    Failed,
    Finished,
    Measured,
    Progressed,
    Queued,
    Started,
    Stopped,
    Warned,
)
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.jobs.states import State
from omniseg_backend.training.settings import Budget
from tests.napari.fine_tuning_makers import make_current, toy_case, toy_site
from tests.training.conftest import draw_case

UTC = datetime.UTC
DONE = "Done."


class Never:
    """A cancel that nobody sets."""

    def is_set(self) -> bool:
        return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten patients, two of them reserved; read only."""
    return toy_site(tmp_path_factory.mktemp("site") / "Dataset300_Toy", 10).folder


def watch_of(*events: Event) -> JobWatch:
    watch = JobWatch(JobFolder(Path("train-1")))
    for event in events:
        watch.take("train-1", event)
    return watch


def test_a_watch_is_what_the_events_say() -> None:
    told = Progressed(
        time="2026-01-31T12:00:00+00:00", stage="training", fraction=0.25, remaining_seconds=90.0
    )
    watch = watch_of(Queued(), Started(attempt=1, process=7), told, Warned(sentence="Look."))
    assert (watch.state, watch.alive, watch.resumable) == (State.RUNNING, True, False)
    assert watch.expected_end == datetime.datetime(2026, 1, 31, 12, 1, 30, tzinfo=UTC)
    assert "This stage ends about" in run_text(watch, DONE)
    watch.take("train-1", Stopped(state="paused"))
    assert (watch.expected_end, watch.resumable) == (None, True)
    assert run_text(watch, DONE).startswith("Paused.")
    watch.take("train-1", Queued())
    assert run_text(watch, DONE, 2) == "Waits for 2 other jobs to end."
    assert watch.progress is None
    watch.take("train-1", Failed(sentence="No room.", traceback=None, details=("a", "b")))
    assert run_text(watch, DONE) == "Failed. No room."
    assert (watch.details, watch.warnings) == (("a", "b"), ["Look."])
    watch.take("train-1", Queued())
    assert (watch.error, watch.details) == (None, ())
    watch.take("train-1", Finished(results=("result/model.omniseg",)))
    assert run_text(watch, DONE) == DONE
    figures = Measured(group="loss", step=1, values={"training": 1.0})
    watch.take("train-1", figures)
    assert (watch.fresh_figures(), watch.fresh_figures()) == ([figures], [])


def test_a_time_is_told_with_its_day_where_that_is_another() -> None:
    noon = datetime.datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert clock(noon + datetime.timedelta(hours=2), noon) == "14:00"
    assert clock(noon + datetime.timedelta(hours=20), noon) == "Sunday 08:00"


def test_a_summary_counts_and_warns(site: Path, tmp_path: Path) -> None:
    summary = SiteSummary.read(site)
    assert (summary.training_cases, summary.reserved_cases, summary.patients) == (8, 2, 10)
    assert "square, disc" in summary.sentence
    assert [text[:10] for text in summary.warnings] == ["2 reserved"]
    few = SiteSummary.read(toy_site(tmp_path / "few", 3).folder)
    assert "Only 3 patients" in few.warnings[0]
    assert "No patient is reserved" in few.warnings[1]
    assert (few.hindrance, summary.hindrance) == (None, None)
    empty = SiteSummary.read(toy_site(tmp_path / "empty", 0).folder)
    assert empty.hindrance is not None
    single = SiteSummary.read(toy_site(tmp_path / "single", 1).folder)
    assert "one case to learn from, and training needs at least 2" in str(single.hindrance)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such folder"),
        ("{", "JSON"),
        ('{"name": "x"}', "not a site data set"),
        ('{"omniseg": {"schema_version": 99}}', "schema 99"),
    ],
)
def test_what_is_no_site_data_set_is_refused_in_a_sentence(
    tmp_path: Path, content: str | None, said: str
) -> None:
    folder = tmp_path / "data"
    if content is not None:
        folder.mkdir()
        (folder / "dataset.json").write_text(content)
    with pytest.raises(DataError, match=said):
        SiteSummary.read(folder)


def test_problems_are_listed_with_errors_first(site: Path, tmp_path: Path) -> None:
    assert problem_text(check_site(site)) == "No problem found."
    broken = tmp_path / "broken"
    shutil.copytree(site, broken)
    next((broken / "imagesTr").iterdir()).unlink()
    (broken / "imagesTr" / "stray_0000.nii.gz").write_bytes(b"")
    lines = problem_text(check_site(broken)).splitlines()
    assert lines[0].startswith("1 error, 1 warning")
    assert "files of no case" in lines[-1]


def test_models_that_suit_the_data_come_first(
    toy_bundle: Path, weak_bundle: Path, home: Path
) -> None:
    add_model(toy_bundle)
    make_current(weak_bundle)
    found = start_models(("disc", "square"))
    assert [model.status for model in found[:2]] == ["current", "candidate"]
    assert {model.task for model in found[:2]} == {found[0].task}
    assert found[0].manifest_hash == load_bundle(weak_bundle).manifest_hash
    # Without a data set the order is that of the states alone.
    assert [model.status for model in start_models(())] == sorted(
        (model.status for model in found), key=["current", "previous", "shipped", "candidate"].index
    )


def test_a_request_states_only_what_was_chosen(toy_bundle: Path, home: Path, site: Path) -> None:
    make_current(toy_bundle)
    start = start_models(("square", "disc"))[0]
    spec = FineTuningRequest(site, start, minutes=5).spec()
    assert isinstance(spec, TrainSpec)
    assert spec.settings.model_fields_set == {"dataset", "budget", "initial_bundle"}
    assert spec.settings.budget == Budget(minutes=5)
    assert spec.title == f"{start.id} {start.version}, fine-tuned on {site.name}"
    scratch = FineTuningRequest(site, None, "balanced", modality="ct", budget=Budget(steps=3))
    settings = scratch.spec().settings
    assert settings.model_fields_set == {"dataset", "budget", "variant", "modality"}
    assert (settings.variant.value, settings.budget.steps) == ("balanced", 3)
    with pytest.raises(DataError, match="minutes"):
        FineTuningRequest(site, None, minutes=10**6).spec()


def test_each_step_allows_what_makes_sense(site: Path) -> None:
    tuning = FineTuning()
    assert (tuning.step, tuning.actions) == (Step.NO_DATA, frozenset())
    tuning.summary = SiteSummary.read(site)
    assert tuning.actions == {Action.TRAIN}
    tuning.training = watch_of(Queued(), Started(attempt=1, process=1))
    assert (tuning.step, tuning.actions) == (Step.TRAINING, frozenset())
    tuning.training.take("", Stopped(state="cancelled"))
    assert (tuning.step, tuning.actions) == (Step.STOPPED, {Action.TRAIN})
    tuning.training.take("", Finished(results=()))
    assert tuning.actions == {Action.TRAIN}
    rival = Rival(Path("old"), "old 1.0.0", "a" * 64, current=True)
    tuning.new = NewModel(Path("new"), "new 1.0.0", "toy", "compact", "b" * 64, False, rival)
    assert tuning.compares_by_itself
    assert tuning.actions == {Action.TRAIN, Action.COMPARE, Action.PROMOTE}
    tuning.comparing = watch_of(Queued())
    assert (tuning.step, tuning.actions) == (Step.COMPARING, frozenset())
    tuning.comparing.take("", Finished(results=()))
    tuning.compared = Compared("too few to tell", "", (), (), (), "a" * 64)
    assert (tuning.step, tuning.needs_acceptance) == (Step.COMPARED, True)
    tuning.compared = Compared("better", "", (), (), (), "c" * 64)
    assert (tuning.step, tuning.outdated) == (Step.TRAINED, True)
    tuning.new = dataclasses.replace(tuning.new, current=True)
    assert tuning.actions == {Action.TRAIN, Action.ROLL_BACK}
    tuning.training_gone = True
    assert tuning.step is Step.READY


def test_without_reserved_cases_or_a_rival_the_reason_is_said(tmp_path: Path) -> None:
    tuning = FineTuning()
    tuning.summary = SiteSummary.read(toy_site(tmp_path / "few", 1).folder)
    tuning.training = watch_of(Finished(results=()))
    rival = Rival(Path("old"), "old 1.0.0", "a" * 64, current=True)
    tuning.new = NewModel(Path("new"), "new 1.0.0", "toy", "compact", "b" * 64, False, rival)
    assert "No case is reserved" in (tuning.why_not_compared or "")
    tuning.new = dataclasses.replace(tuning.new, rival=None)
    assert "no other model to compare" in (tuning.why_not_compared or "")
    assert not tuning.compares_by_itself
    assert Action.PROMOTE in tuning.actions


def test_a_comparison_is_put_into_words(
    toy_bundle: Path, weak_bundle: Path, home: Path, tmp_path: Path
) -> None:
    site = toy_site(tmp_path / "many", 30)
    old, new = load_bundle(weak_bundle), load_bundle(toy_bundle)
    better = Compared.of(compare(old, new, site.dataset(), threads=1))
    assert better.sentence.startswith("Better: the mean Dice changes by +")
    assert "6 reserved patients" in better.sentence
    assert (better.uncertain, better.old_hash) == (False, old.manifest_hash)
    assert [row.name for row in better.rows] == ["square", "disc"]
    assert better.rows[0].difference.startswith("+")
    assert better.rows[0].missed.endswith("→ 0")
    worse = Compared.of(compare(new, old, site.dataset(), threads=1))
    assert worse.verdict == "worse"


def test_what_compares_on_cases_that_were_trained_on_says_so(
    toy_bundle: Path, weak_bundle: Path, home: Path, toy_dataset: Path, tmp_path: Path
) -> None:
    site = toy_site(tmp_path / "leaky", 4)
    site.add(*toy_case(3), patient="P99")  # a picture that the toy networks learnt from
    # Reserved here, known there: by its voxels.
    found = compare(load_bundle(weak_bundle), load_bundle(toy_bundle), site.dataset(), threads=1)
    assert any("allows no promotion" in remark for remark in Compared.of(found).remarks)


def test_masks_find_their_images() -> None:
    values, labels = draw_case(1)
    near = ImageLayer(values, name="near")
    far = ImageLayer(values, name="far")
    colours = ImageLayer(values[..., None].repeat(3, -1), rgb=True, name="colours")
    uncertain = ImageLayer(values, name="map", metadata={"of": "mask", "provenance": None})
    mask, other = Labels(labels, name="mask"), Labels(labels[:8], name="other")
    pairs = layer_pairs([far, near, uncertain, mask, other]).pairs
    assert [(pair.image.name, pair.labels.name) for pair in pairs] == [("near", "mask")]
    assert layer_pairs([colours, mask]).pairs[0].image is colours


def test_open_layers_become_a_data_set(home: Path, toy_bundle: Path, tmp_path: Path) -> None:
    make_current(toy_bundle)
    folder, dims = tmp_path / "made", Dims(ndim=2)
    layers: list[Layer] = []
    for seed in range(5):
        values, labels = draw_case(seed)
        mask = (labels > 0).astype("uint8") + (labels == 5)
        layers += [ImageLayer(values, name=f"i{seed}"), Labels(mask, name=f"m{seed}")]
    pairs = layer_pairs(layers).pairs
    assert [pair.image.name for pair in pairs] == [f"i{seed}" for seed in range(5)]
    chosen = [pair.request(dims, folder, f"P{number}") for number, pair in enumerate(pairs)]
    create_site(folder, start_models(("square", "disc"))[0])
    assert add_pairs(chosen, no_progress, Never()) == Added(folder, ("5 pairs in the data set.",))
    summary = SiteSummary.read(folder)
    assert (summary.classes, summary.reserved_cases) == (("square", "disc"), 1)
    assert add_pairs(chosen, no_progress, Never()) == Added(folder, ("5 pairs in the data set.",))
    assert SiteSummary.read(folder) == summary
    with pytest.raises(DataError, match="an existing file or folder"):
        create_site(folder, start_models(("square", "disc"))[0])


def test_what_cannot_be_added_says_why_and_the_rest_is(tmp_path: Path) -> None:
    values, labels = draw_case(1)
    folder, dims = tmp_path / "scratch", Dims(ndim=2)
    good = layer_pairs([ImageLayer(values), Labels(labels, name="m")]).pairs[0]
    bad = layer_pairs([ImageLayer(values.T), Labels(labels * 3, name="unknown")]).pairs[0]
    changed = layer_pairs([ImageLayer(values), Labels(labels * (labels == 2), name="other")]).pairs[
        0
    ]
    asked = [pair.request(dims, folder, "") for pair in (good, bad, changed)]
    question = add_pairs(asked, no_progress, Never())
    assert isinstance(question, Question)
    assert not folder.exists()
    agreed = [dataclasses.replace(one, create=True) for one in asked]
    added = add_pairs(agreed, no_progress, Never())
    assert isinstance(added, Added)
    assert added.sentences[0] == "1 pair in the data set."
    assert "Nobody stated the patient" in added.sentences[1]
    assert added.sentences[2].startswith("other: another mask")
    assert "unknown" in added.sentences[3]
    assert added.question.startswith("other: the data set has another mask of this image.")
    before = SiteSummary.read(folder)
    assert add_pairs(added.others, no_progress, Never()).sentences[0] == "1 pair in the data set."
    assert SiteSummary.read(folder) == before
    again = add_pairs(agreed[::2], no_progress, Never())
    assert isinstance(again, Added)
    assert [request.labels.name for request in again.others] == ["m"]
    with pytest.raises(DataError, match="unknown"):
        add_pairs(agreed[1:2], no_progress, Never())


def test_a_damaged_comparison_is_told(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "compare-1")
    with pytest.raises(DataError, match="compare again"):
        Compared.of_job(folder)
    made = folder.result / "comparison"
    made.mkdir(parents=True)
    (made / "comparison.json").write_text(json.dumps({"schema_version": 2}))
    with pytest.raises(DataError, match="compare again"):
        Compared.of_job(folder)
