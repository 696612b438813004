"""What a learner sees of `course check` and `course progress`, in a real kernel."""

import hashlib
import json
import os
import subprocess
import sys

import nbformat
import pytest
from tiny import write_course

from course import checkup, progress
from course.paths import CourseError

NAME = "01_tiny"
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "half": "def half(x):\n    return x / 2",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def root(built, tmp_path, monkeypatch):
    """Return the course with a blank notebook and no records."""
    monkeypatch.setenv("COURSE_ROOT", str(built))
    path = built / "notebooks" / NAME / f"{NAME}.ipynb"
    blank = path.read_bytes()
    yield built
    path.write_bytes(blank)
    for record in (built / progress.FOLDER).glob("*"):
        record.unlink()


def path_of(root):
    return root / "notebooks" / NAME / f"{NAME}.ipynb"


def answer(root, sources, path=None):
    """Write answers into cells of the release, as Jupyter would save them."""
    book = nbformat.read(path_of(root), as_version=4)
    for cell in book.cells:
        cell.source = sources.get(cell.id, cell.source)
    nbformat.write(book, path or path_of(root))


def states(report):
    return [(row.name, row.state, row.points, row.of) for row in report.rows]


def test_a_blank_notebook_is_empty_and_not_wrong(root):
    report = checkup.check(root, "1")
    assert states(report) == [
        ("double", "empty", 0, 6),
        ("half", "empty", 0, 3),
        ("why", "empty", 0, 5),
    ]
    assert report.notes == []


def test_right_answers_get_every_point_and_the_notebook_stays_as_it_was(root):
    answer(root, RIGHT | {"why": "Because I think so."})
    before = hashlib.sha256(path_of(root).read_bytes()).hexdigest()
    report = checkup.check(root, "01_tiny")
    assert states(report) == [
        ("double", "right", 6, 6),
        ("half", "right", 3, 3),
        ("why", "written", 0, 5),
    ]
    assert (report.points, report.of, report.by_hand) == (9, 9, 5)
    assert hashlib.sha256(path_of(root).read_bytes()).hexdigest() == before


def test_a_slip_gets_its_hint_and_hidden_tests_run(root):
    typed_in = "def double(x):\n    return xp.array([2.0, 4.0, 10.0])"
    answer(root, {"double": typed_in, "half": "def half(x):\n    return x // 2"})
    report = checkup.check(root, "1")
    assert states(report)[:2] == [("double", "partly", 4, 6), ("half", "wrong", 0, 3)]
    assert "does your code use its arguments?" in report.rows[0].message
    assert report.rows[1].message.endswith("two slashes drop what follows the point.")


def test_half_finished_work_counts_for_what_is_there(root):
    answer(root, {"double": RIGHT["double"]})
    assert [row.points for row in checkup.check(root, "1").rows] == [6, 0, 0]


def test_an_endless_loop_costs_its_own_check(root):
    answer(root, RIGHT | {"double": "def double(x):\n    while True:\n        pass"})
    report = checkup.check(root, "1", cell_seconds=2)
    assert [row.points for row in report.rows] == [0, 3, 0]
    assert report.rows[0].message == "the cell did not end within 2 seconds"


def test_a_loop_that_ignores_interrupts_ends_too(root):
    stubborn = (
        "import signal\ndef double(x):\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "    while True:\n        pass"
    )
    answer(root, RIGHT | {"double": stubborn})
    report = checkup.check(root, "1", cell_seconds=2)
    assert report.points == 0
    assert "the kernel could not be interrupted in double-check" in report.notes
    assert "not run" in report.rows[1].message


def test_a_dead_kernel_is_named(root):
    answer(root, RIGHT | {"double": "import os\ndef double(x):\n    os._exit(1)"})
    report = checkup.check(root, "1")
    assert report.rows[0].message == "the cell ended the kernel"
    assert "not run" in report.rows[1].message
    assert "the kernel died in double-check" in report.notes


def test_a_syntax_error_is_shown_where_it_is(root):
    answer(root, RIGHT | {"double": "def double(x)\n    return x"})
    report = checkup.check(root, "1")
    assert report.rows[0].message.startswith(
        "the cell of double does not run: SyntaxError: expected ':'"
    )
    assert report.rows[1].points == 3


def test_edited_and_skipped_checks_do_not_count(root):
    book = nbformat.read(path_of(root), as_version=4)
    for cell in book.cells:
        if "check" in cell.id:
            cell.source, cell.metadata["tags"] = "pass", ["skip-execution"]
    nbformat.write(book, path_of(root))
    report = checkup.check(root, "1")
    assert report.points == 0
    assert "double-check had been edited: the lesson's own was used" in report.notes


def test_a_renamed_notebook_is_recognised(root, tmp_path):
    answer(root, RIGHT, tmp_path / "my work (2).ipynb")
    report = checkup.check(root, str(tmp_path / "my work (2).ipynb"))
    assert (report.lesson, report.points) == (NAME, 9)
    assert report.notes == ["my work (2).ipynb was taken for lesson 01_tiny"]


def test_a_notebook_of_no_lesson_is_refused(root, tmp_path):
    path = tmp_path / "other.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    with pytest.raises(CourseError, match="no cell of any lesson"):
        checkup.check(root, str(path))


def test_a_missing_notebook_names_the_way_back_and_a_renamed_one(root):
    path = path_of(root)
    blank = path.read_bytes()
    path.unlink()
    with pytest.raises(CourseError, match="git checkout -- notebooks/01_tiny"):
        checkup.check(root, "1")
    other = path.with_name("mine.ipynb")
    other.write_bytes(blank)
    with pytest.raises(CourseError, match="course check .*mine.ipynb"):
        checkup.check(root, "1")
    other.unlink()
    path.write_bytes(blank)


@pytest.mark.parametrize("content, words", [("", "is empty"), ('{"cells": [', "damaged")])
def test_a_corrupt_notebook_says_so(root, content, words):
    path_of(root).write_text(content)
    with pytest.raises(CourseError, match=words):
        checkup.check(root, "1")
    assert [row["state"] for row in progress.overview(root)] == [
        "unreadable",
        "not started",
    ]


def test_progress_follows_the_work(root):
    def first():
        return progress.overview(root)[0]

    assert first()["state"] == "not started"
    assert progress.next_step(progress.overview(root)).startswith("Open ")
    answer(root, {"double": RIGHT["double"]})
    assert first()["state"] == "not checked"
    checkup.check(root, "1")
    assert (first()["state"], first()["points"], first()["tried"]) == ("checked", 6, 1)
    answer(root, RIGHT)
    assert first()["state"] == "changed since"
    assert "course check 01" in progress.next_step(progress.overview(root))
    answer(root, {"why": "Because."})
    checkup.check(root, "1")
    assert first()["state"] == "complete"
    assert "02_tinier" in progress.next_step(progress.overview(root))


def test_a_damaged_record_is_no_disaster(root):
    (root / progress.FOLDER).mkdir(parents=True, exist_ok=True)
    (root / progress.FOLDER / f"{NAME}.json").write_text("{")
    assert progress.overview(root)[0]["state"] == "not started"


def course(*args):
    command = [sys.executable, "-m", "course", *args]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ
    )


def test_the_command_prints_a_table_and_the_next_step(root):
    answer(root, RIGHT | {"half": "def half(x):\n    return x // 2"})
    done = course("check", "1")
    assert done.returncode == 0 and done.stderr == ""
    for words in ("6 of 9 points", "double", "6/6", "0/3", "Next: half", "was not changed"):
        assert words in done.stdout
    assert "Likely slip: two slashes drop what follows the point." in done.stdout
    rows = json.loads(course("progress", "--json").stdout)
    assert [(row["lesson"], row["points"]) for row in rows] == [
        (NAME, 6),
        ("02_tinier", None),
    ]
    assert "6/9" in course("progress").stdout


def test_json_is_all_that_json_prints(root):
    answer(root, RIGHT)
    report = json.loads(course("check", "1", "--json").stdout)[0]
    assert (report["points"], report["of"], report["lesson"]) == (9, 9, NAME)


def test_without_a_lesson_it_checks_what_was_started(root):
    assert "No lesson has been started yet" in course("check").stdout
    answer(root, RIGHT)
    assert "9 of 9 points" in course("check").stdout


@pytest.mark.parametrize(
    "args, words",
    [
        (("check", "9"), "'9' is no lesson. The lessons are: 01_tiny, 02_tinier."),
        (("check", "gone.ipynb"), "gone.ipynb does not exist"),
        (("build", "nothing"), "'nothing' is no lesson"),
    ],
)
def test_wrong_use_ends_with_a_sentence(root, args, words):
    done = course(*args)
    assert done.returncode == 1 and words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_doctor_says_which_library_and_why(root):
    facts = json.loads(course("doctor", "--json").stdout)
    assert facts["arrays"]["library"] in ("numpy", "cupy") and facts["arrays"]["reason"]
    assert facts["course"]["lessons"] == "01_tiny, 02_tinier"
    assert "numpy" in course("doctor").stdout
