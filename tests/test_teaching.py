"""The instructor's loop: the commands of docs/teaching.md, run on a class."""

import csv
import fcntl
import html
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from cohort import BY_HAND, GRADED, LESSON, NOT_HANDED_IN, ROOT, Cohort, copy_course
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from course import roster, sanitise
from course.build import load_config
from course.paths import CourseError

pytestmark = pytest.mark.slow
GUIDE = ROOT / "docs" / "teaching.md"
BLOCK = re.compile(
    r"(?:<!-- (not run|run)(?:, exit (\d))?: ([^>]+) -->\n)?```(\w*)\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
LIMIT = 10  # seconds that a cell may take; the guide's 60 would only make the test wait
SEED = "4711"
COMMENT = "A good start."


def blocks():
    """Return (how, exit code, name, commands) of the guide's command blocks."""
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    return [(how, int(code or 0), name, text) for how, code, name, _, text in found]


class Course:
    """A copy of the course with a class in it, taken through the guide once."""

    def __init__(self, place: Path):
        self.root, self.place = place / "cnn-course", place
        copy_course(self.root)
        with open(self.root / "nbgrader_config.py", "a") as file:
            file.write(f"c.Execute.timeout = {LIMIT}\n")
        os.environ["COURSE_SEED"] = SEED
        try:
            self.cohort = Cohort(self.root, LESSON)
        finally:
            del os.environ["COURSE_SEED"]
        self.cohort.write(self.root)
        self.seconds: dict[str, float] = {}
        self.output: dict[str, str] = {}
        (place / "home").mkdir()

    def run(self, name):
        """Run one block of the guide in a shell."""
        code, text = next((c, t) for how, c, n, t in blocks() if (how, n) == ("run", name))
        keep = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")
        env = {key: os.environ[key] for key in keep if key in os.environ}
        env |= {
            "HOME": str(self.place / "home"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "200",
        }
        begun = time.monotonic()
        text = text.replace("/srv/nbgrader", str(self.place))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.root,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
        )
        self.seconds[name] = round(time.monotonic() - begun, 1)
        self.output[name] = done.stdout
        assert done.returncode == code, done.stdout[-3000:]

    def gradebook(self):
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")

    def earned(self, student):
        """Return the points of each check cell in the gradebook."""
        with self.gradebook() as gradebook:
            notebook = gradebook.find_submission_notebook(LESSON, LESSON, student)
            automatic = {g.name: g.auto_score for g in notebook.grades}
        return {name: automatic[name] for name in self.student("bea").earned}

    def student(self, name):
        return next(s for s in self.cohort.students if s.name == name)

    def rows(self):
        return {row.student: row for row in roster.overview(self.root, LESSON)}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Take one class through the guide; a second test process waits and uses the same."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    place /= "teaching"
    place.mkdir(exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = place / "course.pickle"
        if not kept.exists():
            course = Course(place)
            _follow_the_guide(course)
            kept.write_bytes(pickle.dumps(course))
            print("\nseconds:", json.dumps(course.seconds))
    return pickle.loads(kept.read_bytes())


def _follow_the_guide(course):
    for name in ("class list", "generate", "archive", "exchange folder", "release"):
        course.run(name)
    course.run("fetch and submit")
    course.run("collect")
    _inbox(course, "bea")
    course.run("inbox")
    course.run("seed")
    (course.root / sanitise.SEED).write_text(f"{SEED}\n")
    course.run("autograde")
    course.first = course.rows()
    course.run("roster")
    course.run("renamed")
    course.renamed = course.rows()["ada"]
    course.run("one learner")
    course.by_hand = _grade_by_hand(course, "bea")
    course.run("feedback")
    course.run("release feedback")
    course.run("export")


def _inbox(course, student):
    """Take a submission out of its place and put it where mail would be saved."""
    path = course.root / "submitted" / student / LESSON / f"{LESSON}.ipynb"
    (course.root / "inbox").mkdir()
    path.rename(course.root / "inbox" / f"{student}.ipynb")
    shutil.rmtree(path.parents[1])


def _api(course):
    """Return nbgrader in this process: it spares the command's four seconds of imports."""
    config = load_config(course.root)
    config.CourseDirectory.root = str(course.root)
    api = NbGraderAPI(config=config)
    api.log.setLevel("ERROR")
    return api


def _grade_by_hand(course, student):
    """Give points and a comment as formgrader does, grade again, return what is kept."""
    with course.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook(LESSON, LESSON, student)
        grades = sorted(notebook.grades, key=lambda g: (g.auto_score is not None, g.name))
        grade = grades[0]  # a written answer where the lesson has one
        name, most, before = grade.name, grade.max_score, notebook.score
        old = grade.score
        grade.manual_score, grade.needs_manual_grade = most - 1, False
        comment = notebook.comments[0]
        comment.manual_comment = COMMENT
        commented = comment.name
        gradebook.db.commit()
    api = _api(course)
    begun = time.monotonic()
    result = api.autograde(LESSON, student, force=True)
    course.seconds["autograde in process"] = round(time.monotonic() - begun, 1)
    assert result["success"], result
    return {
        "name": name,
        "commented": commented,
        "score": most - 1,
        "total": before - (old or 0) + most - 1,
    }


def test_every_block_of_the_guide_is_run_or_says_why_not(course):
    for how, _, name, text in blocks():
        assert how, f"mark this block of docs/teaching.md:\n{text}"
        assert how == "not run" or name in course.seconds, f"no test runs {name!r}"


def test_links_of_the_guide_lead_somewhere():
    text = GUIDE.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if link.startswith("#"):
            assert re.search(rf"^## {link[1:].replace('-', ' ')}$", text, re.I | re.M), link
        elif not link.startswith("http"):
            assert (GUIDE.parent / link).exists(), link


def test_generating_again_changes_no_byte_of_the_release(course):
    for path in (ROOT / "notebooks" / LESSON).iterdir():
        assert (
            course.root / "notebooks" / LESSON / path.name
        ).read_bytes() == path.read_bytes()


def test_the_class_holds_what_it_should(course):
    """The scores below would mean little if every one of them were the same."""
    most = sum(c.points for c in course.cohort.lesson.marked("check"))
    by_name = {s.name: s for s in course.cohort.students}
    assert len(by_name) == len(course.cohort.students) >= 20
    for name in ("bea", "carl", "dora", "gus", "hana", "karl", "mia", "olga"):
        assert by_name[name].score == most, by_name[name].messages
    for name in ("eva", "lena", "nick"):
        assert by_name[name].score == 0, by_name[name].earned
    wrong = [s for s in course.cohort.students if s.name.startswith("slip")] + [
        by_name["jana"]
    ]
    assert all(s.score < most for s in wrong)
    exercises = {s.about.split(":")[0] for s in wrong if s.hint}
    assert exercises == set(course.cohort.exercises)


def test_everybody_has_the_score_that_the_answers_deserve(course):
    expected = {s.name: s.earned for s in course.cohort.students if s.earned is not None}
    found = {name: course.earned(name) for name in expected}
    assert found == expected


def test_the_list_says_who_has_no_grade_and_why(course):
    rows = course.first
    expected = {s.name: s.state for s in course.cohort.students}
    found = {name: row.state for name, row in rows.items() if name in expected}
    assert found == expected
    for student in course.cohort.students:
        assert student.note in rows[student.name].why, rows[student.name]
        if student.state not in (GRADED, BY_HAND):
            assert rows[student.name].score is None
    assert all(name in course.output["roster"] for name in expected)


def test_a_renamed_notebook_is_graded_once_it_has_its_name(course):
    assert course.first["ada"].state == "no notebook"
    assert course.renamed.state == "failed"
    assert "--student=ada" in course.renamed.why
    assert course.rows()["ada"].state == GRADED
    assert course.earned("ada") == course.student("bea").earned


def test_a_submission_changed_after_grading_is_noticed(course):
    path = course.root / "submitted" / "finn" / LESSON / f"{LESSON}.ipynb"
    before = path.read_text(encoding="utf-8")
    assert course.rows()["finn"].state == GRADED
    notebook = nbformat.reads(before, as_version=4)
    notebook.cells[-1].source += "\n# later"
    nbformat.write(notebook, path)
    assert course.rows()["finn"].state == "not graded yet"
    path.write_text(before, encoding="utf-8")


def test_a_run_that_was_cut_off_is_no_grade(course):
    path = course.root / "autograded" / "gus" / LESSON / f"{LESSON}.ipynb"
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    path.chmod(0o644)
    nbformat.write(notebook, path)
    assert course.rows()["gus"].state == "failed"
    path.unlink()
    assert course.rows()["gus"].state == "failed"
    path.write_text(before, encoding="utf-8")
    assert course.rows()["gus"].state == GRADED


def test_points_given_by_hand_survive_grading_again(course):
    kept = course.by_hand
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(kept["name"], LESSON, LESSON, "bea")
        assert (grade.manual_score, grade.score) == (kept["score"], kept["score"])
        comment = gradebook.find_comment(kept["commented"], LESSON, LESSON, "bea")
        assert comment.comment == COMMENT
        assert gradebook.find_submission(LESSON, "bea").score == kept["total"]


def _page(course, student):
    """Return the text of a feedback page, without markup and line breaks."""
    path = course.root / "feedback" / student / LESSON / f"{LESSON}.html"
    text = re.sub(
        r"<(style|script).*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.S
    )
    return _plain(html.unescape(re.sub(r"<[^>]+>", "", text)))


def _plain(text):
    return "".join(text.split())


def test_feedback_of_a_slip_shows_message_and_hint(course):
    hinted = 0
    for student in course.cohort.students:
        if not student.name.startswith("slip"):
            continue
        page = _page(course, student.name)
        for message in student.messages.values():
            assert _plain(message) in page, f"{student.name}: {message}"
        hinted += _plain(student.hint) in page
    assert hinted >= len(course.cohort.exercises) / 2


def test_feedback_shows_comment_and_what_was_put_right(course):
    assert _plain(COMMENT) in _page(course, "bea")
    assert _plain("Put right before grading") in _page(course, "karl")
    assert _plain("Put right before grading") not in _page(course, "bea")
    assert _plain(f"did not end within {LIMIT} seconds") in _page(course, "jana")


def test_the_export_holds_everybody(course):
    with open(course.root / "grades.csv", newline="") as file:
        lines = {line["student_id"]: line for line in csv.DictReader(file)}
    assert {s.name for s in course.cohort.students} <= set(lines)
    assert float(lines[NOT_HANDED_IN]["score"]) == 0
    for student in course.cohort.students:
        if student.earned is not None and student.name != "bea":
            assert float(lines[student.name]["score"]) == student.score
        assert float(lines[student.name]["max_score"]) == course.cohort.lesson.points
    assert float(lines["bea"]["score"]) == course.by_hand["total"]


def test_the_log_is_silent_about_submissions_that_are_in_order(course):
    log = course.output["autograde"]
    assert "has changed" not in log  # stock nbgrader says so of every hidden test
    assert "TCP without encryption" not in log
    assert "karl: " in log
    assert "bea: " not in log


def test_the_seed_of_the_class_reaches_the_checks(course, monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    name = course.cohort.exercises[0]
    tell = (
        f"import os\ndef {name}(*a, **k):\n    raise ValueError(os.environ['COURSE_SEED'])"
    )
    path = course.root / "submitted" / "seed" / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(course.cohort.notebook({name: tell}), path)
    result = _api(course).autograde(LESSON, "seed")
    assert result["success"], result
    graded = course.root / "autograded" / "seed" / LESSON / f"{LESSON}.ipynb"
    assert f"ValueError: {SEED}" in graded.read_text(encoding="utf-8")
    assert "COURSE_SEED" not in os.environ


def test_a_lesson_changed_after_its_release_is_named():
    template = sanitise.read_template(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb")
    with pytest.raises(CourseError, match="changed after"):
        sanitise.prepare({"cells": []}, template, {"another": ""})


def test_a_value_or_a_skipped_check_gives_no_points_by_itself():
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell("f()", id="f-check", execution_count=1)
    cell.outputs = [output("execute_result", {"text/plain": "99"}, execution_count=1)]
    assert sanitise.only_errors_count(cell) == [
        "f-check gave a value, which is no score here"
    ]
    assert cell.outputs[0].output_type == "display_data"
    cell = nbformat.v4.new_code_cell("f()", id="f-check")
    assert sanitise.only_errors_count(cell) == ["f-check was not run"]
    assert cell.outputs[0].ename == "NotRun"
