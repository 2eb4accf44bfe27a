"""What the Jobs panel knows, without Qt: lines, words, results; broken folders are lines too."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from napari_omniseg.models.field_words import asked, label
from napari_omniseg.models.job_look import look
from napari_omniseg.models.job_results import Opener, results_of
from napari_omniseg.models.job_rows import Action, actions_of, progress_words, time_left, when
from napari_omniseg.models.job_story import JobStory
from omniseg_backend.jobs.events import Failed, Previewed, Progressed, Queued, Started, Warned
from omniseg_backend.jobs.states import FOLLOWERS, State
from tests.jobs.conftest import Jobs


def test_an_action_is_offered_exactly_where_the_store_takes_it(jobs: Jobs) -> None:
    for state in State:
        offered = actions_of(state)
        assert (Action.CANCEL in offered) == (State.CANCELLED in FOLLOWERS[state])
        assert (Action.RESUME in offered) == (
            State.QUEUED in FOLLOWERS[state] and state is not State.RUNNING
        )
        assert (Action.REMOVE in offered) == (state is not State.RUNNING)
    assert actions_of(State.FINISHED) == {Action.REMOVE}


def test_a_running_and_a_waiting_job_are_lines_newest_first(jobs: Jobs) -> None:
    running = jobs.submit(title="first", steps=4, gate=str(jobs.gate))
    waiting = jobs.submit(title="second")
    jobs.open_gate(1)
    jobs.wait_for_step(running, 1)
    seen = look(running)
    assert [row.title for row in seen.rows] == ["second", "first"]
    row = seen.rows[1]
    assert (row.id, row.status, row.kind) == (running, "▶ running", "counting")
    assert (row.percent, row.stage) == (25, "counting, 1 of 4")
    assert seen.rows[0].id == waiting
    assert seen.rows[0].status == "○ queued"
    assert seen.details is not None
    assert seen.details.row == row
    assert ("Steps", "4") in seen.details.asked
    jobs.client.pause(running)
    jobs.wait_for(running, State.PAUSED)
    assert look("").rows[1].status == "‖ paused"


def test_broken_folders_are_lines_that_say_why(jobs: Jobs) -> None:
    made = [jobs.client.store.create(jobs.spec(title=str(number))) for number in range(3)]
    made[0].folder.state.write_text("{")
    content = json.loads(made[1].folder.state.read_text()) | {"schema_version": 2}
    made[1].folder.state.write_text(json.dumps(content))
    rows = {row.id: row for row in look("").rows}
    damaged, newer = rows[made[0].id], rows[made[1].id]
    assert (damaged.status, damaged.actions) == ("⚠ unreadable", {Action.REMOVE})
    assert "damaged state" in damaged.problem
    assert (newer.status, newer.actions) == ("? newer version", frozenset())
    assert "schema 2" in newer.problem
    assert rows[made[2].id].state is not None
    assert look(made[0].id).details is not None
    assert look("gone-1").details is None


def test_results_know_how_they_are_opened_and_whether_they_are_there(tmp_path: Path) -> None:
    result = tmp_path / "result"
    (result / "comparison").mkdir(parents=True)
    page = tmp_path / "page.html"
    page.write_text("<p>")
    for name in ("mask.nii.gz", "model.omniseg"):
        (result / name).touch()
    (result / "batch.json").write_text(json.dumps({"page": str(page)}))
    names = ["model.omniseg", "batch.json", "comparison", "mask.nii.gz", "deleted.csv"]
    found = results_of(tmp_path, [f"result/{name}" for name in names])
    assert [(one.name, one.opener) for one in found] == [
        ("mask.nii.gz", Opener.VIEWER),
        ("page.html", Opener.DESKTOP),
        ("batch.json", Opener.DESKTOP),
        ("comparison", Opener.DESKTOP),
        ("model.omniseg", Opener.MODELS),
    ]


def test_a_finished_job_of_which_nothing_is_left_says_so(jobs: Jobs) -> None:
    job = jobs.submit(steps=1)
    jobs.wait_for(job, State.FINISHED)
    details = look(job).details
    assert details is not None
    assert [one.name for one in details.results] == ["count.json"]
    (jobs.folder_of(job).result / "count.json").unlink()
    details = look(job).details
    assert details is not None
    assert details.results_gone


def test_a_spec_is_told_in_words_of_any_kind() -> None:
    told = asked(
        {
            "kind": "train",
            "title": "left out",
            "settings": {"budget": {"minutes": 30.0}, "rotation": 15.0, "synthetic": True},
            "output": None,
        }
    )
    assert told == (("Budget: minutes", "30"), ("Rotation (degrees)", "15"), ("Synthetic", "yes"))
    assert asked({"kind": "unheard-of", "settings": {"depth": [1, 2]}}) == (("Depth", "1, 2"),)
    assert label(("settings", "input_size"), "px") == "Input size (px)"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "1 s"), (59, "59 s"), (90, "2 min"), (3599, "60 min"), (7500, "2 h 5 min")],
)
def test_rests_are_told_in_round_figures(seconds: float | None, words: str) -> None:
    assert time_left(seconds) == words


def test_times_are_short_and_those_of_other_days_have_their_date() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=1))
    now = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=zone)
    created = datetime.datetime(2026, 11, 25, 23, 30, tzinfo=datetime.UTC)
    assert when(created, now) == "today 00:30"
    assert when(created - datetime.timedelta(days=2), now) == "24 Nov 00:30"
    assert when(created - datetime.timedelta(days=365), now) == "26 Nov 2025"
    assert when(None, now) == ""


def test_the_time_left_is_told_once() -> None:
    assert progress_words("counting", 0.5, "2 min") == "counting (50%), 2 min left"
    assert progress_words("step 3, 2 min 09 s left", 0.07, "2 min") == (
        "step 3, 2 min 09 s left (7%)"
    )
    assert progress_words("", 0.5, "2 min") == "2 min left"
    assert progress_words("counting", 1.0, "") == "counting (100%)"


def test_a_resumed_job_forgets_why_it_failed_and_keeps_what_was_said() -> None:
    story = JobStory()
    warning = Warned(sentence="Two cases are alike.")
    progress = Progressed(stage="training", fraction=0.5, remaining_seconds=None)
    preview = Previewed(picture="previews/1.png", step=1, caption="one")
    assert [story.take(event) for event in (Queued(), Started(attempt=1, process=1))] == [True] * 2
    assert [story.take(event) for event in (progress, warning, warning, preview)] == [False] * 4
    assert (story.progress, story.warnings, story.preview) == (
        progress,
        [warning.sentence],
        preview,
    )
    assert story.take(Failed(sentence="No room.", traceback=None, details=("a", "b")))
    assert (story.progress, story.error, story.faults) == (None, "No room.", ("a", "b"))
    assert story.take(Queued())
    assert (story.error, story.faults, story.warnings) == ("", (), [warning.sentence])
