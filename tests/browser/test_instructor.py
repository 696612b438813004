"""An instructor opens formgrader: lists, one submission, a grade given by hand."""

import csv
import json
import re
import shutil
import tomllib

import copies
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LESSON = "03_convolution_2d"
# One of each kind: all right with written answers, nothing at all, a known slip.
RIGHT, BLANK, SLIP = "bea", "eva", "slip01"
BY_BUTTON = "finn"  # graded in the page itself
KEPT = (RIGHT, BLANK, SLIP, BY_BUTTON)
MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"

GRADES = """import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    submission = gradebook.find_submission(sys.argv[2], sys.argv[1])
    grades = {g.name: [g.auto_score, g.manual_score, bool(g.needs_manual_grade)]
              for notebook in submission.notebooks for g in notebook.grades}
print(json.dumps(grades))"""


def listed(student):
    """Return a student's name as formgrader's lists show it."""
    return f"Learner, {student.title()}"


class Class:
    """A course folder with a class, as far as nbgrader's commands bring it.

    Attributes
    ----------
    folder : Path
    scores : dict
        The points that each student's checks deserve, found without nbgrader.
    """

    def __init__(self, folder, home):
        cohort = home / "cohort"
        lines = copies.run(folder, home, "tests/cohort.py", cohort, LESSON).splitlines()
        found = [re.match(r"(\w+)\s+(\d+) ", line) for line in lines]
        self.scores = {match[1]: int(match[2]) for match in found if match}
        self.folder, self.home = folder, home
        for name in KEPT:
            shutil.copytree(cohort / "submitted" / name, folder / "submitted" / name)
        self._write_class_list(cohort / "students.csv")
        nbgrader = ("-m", "nbgrader")
        copies.run(folder, home, *nbgrader, "db", "student", "import", "students.csv")
        copies.run(folder, home, *nbgrader, "generate_assignment", LESSON, "--force")
        only = f"--CourseDirectory.student_id_exclude={BY_BUTTON}"
        copies.run(folder, home, *nbgrader, "autograde", LESSON, only)

    def _write_class_list(self, path):
        with open(path) as source, open(self.folder / "students.csv", "w") as target:
            rows = csv.DictReader(source)
            writer = csv.DictWriter(target, rows.fieldnames)
            writer.writeheader()
            surname = {"last_name": "Learner"}
            writer.writerows(row | surname for row in rows if row["id"] in KEPT)

    def grades(self, student):
        """Return [automatic, manual, waiting] of each graded cell, from the gradebook."""
        return json.loads(copies.run(self.folder, self.home, "-c", GRADES, student, LESSON))


@pytest.fixture(scope="module")
def course_with_class(home, python):
    """Return the course folder of an instructor, generated and autograded."""
    return Class(copies.copy_course(home / "teach", python), home)


@pytest.fixture(scope="module")
def points(course_with_class):
    """Return the most that the lesson can give."""
    path = course_with_class.folder / "notebooks" / LESSON / f"{LESSON}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells)


@pytest.fixture(scope="module")
def slip_hint(course_with_class):
    """Return the hint that the first slip of `correlate2d` deserves."""
    path = course_with_class.folder / "solutions" / LESSON / "slips.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["correlate2d"][0]["hint"]


@pytest.fixture(scope="module")
def formgrader(start_server, course_with_class, open_window):
    """Return formgrader of a JupyterLab that `make lab-teach` started."""
    return Formgrader(open_window(), start_server(course_with_class.folder, "lab-teach"))


class Formgrader:
    """Formgrader: in its panel, and page by page as its links lead."""

    def __init__(self, window, server):
        self.window, self.page, self.server = window, window.page, server
        self.page.goto(server.address("lab"))

    def open(self, path):
        """Open one of its pages."""
        self.page.goto(f"{self.server.base}/formgrader/{path}")

    def rows(self, place=None):
        """Return the table: the first text in each row, and the others by their heading."""
        place = place or self.page
        place.locator("table tbody td").nth(1).wait_for()  # "Loading" fills one cell alone
        place.locator("table tbody tr", has_text="Loading").wait_for(state="detached")
        heads = place.locator("table thead th").all_inner_texts()
        found = place.locator("table tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )
        rows = [dict(zip(map(str.strip, heads), texts, strict=True)) for texts in found]
        return {row[next(filter(None, row))]: row for row in rows}

    def open_submission(self, student):
        """Open a student's notebook by its link in the gradebook."""
        self.open(f"gradebook/{LESSON}/{LESSON}")
        self.rows()
        name = self.page.locator(
            "a.name-shown", has_text=re.compile(f"^{listed(student)}$")
        )
        row = self.page.locator("tbody tr").filter(has=name)
        row.locator("a.name-hidden").click()
        self.page.locator(".nbgrader_cell").first.wait_for()
        # Grades arrive after the page; the boxes then show the automatic points.
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('input.score')].some(i => i.placeholder)"
        )

    def automatic(self):
        """Return the points that the open page shows for each graded cell."""
        boxes = self.page.locator("input.score")
        pairs = boxes.evaluate_all("all => all.map(box => [box.id, box.placeholder])")
        return {cell: float(points) for cell, points in pairs if points}

    def saving(self):
        """Wait for what is saved inside the `with` block."""
        return self.page.expect_response(
            lambda answer: answer.request.method in ("PUT", "POST") and answer.ok
        )


def test_the_panel_opens_from_the_menu_and_lists_the_lessons(formgrader):
    formgrader.page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    items = formgrader.page.locator(".lm-Menu-itemLabel")
    items.get_by_text("Formgrader", exact=True).click()
    panel = formgrader.page.frame_locator("iframe")
    rows = formgrader.rows(panel)
    formgrader.window.keep("teacher_1_panel")
    assert LESSON in rows and len(rows) >= 3
    assert formgrader.window.popups() == []


def test_the_assignments_list_counts_the_submissions(formgrader):
    formgrader.open("manage_assignments")
    row = formgrader.rows()[LESSON]
    formgrader.window.keep("teacher_2_assignments")
    assert row["# Submissions"] == "4"


def test_the_submissions_list_shows_the_scores_that_the_answers_deserve(
    formgrader, course_with_class, points
):
    formgrader.open(f"manage_submissions/{LESSON}")
    rows = formgrader.rows()
    formgrader.window.keep("teacher_3_submissions")
    assert sorted(rows) == sorted(map(listed, KEPT))
    for name in (RIGHT, BLANK, SLIP):
        assert rows[listed(name)]["Score"] == f"{course_with_class.scores[name]} / {points}"
    assert rows[listed(RIGHT)]["Status"] == "needs manual grading"
    assert rows[listed(BLANK)]["Status"] == "graded"
    assert rows[listed(BY_BUTTON)]["Score"] == ""


def test_one_submission_is_autograded_by_its_button(formgrader, course_with_class, points):
    formgrader.open(f"manage_submissions/{LESSON}")
    formgrader.rows()
    row = formgrader.page.locator("tbody tr").filter(has_text=listed(BY_BUTTON))
    row.locator(".autograde a").click()
    box = formgrader.page.locator(".modal.in, .modal.show")
    box.wait_for(timeout=90_000)
    formgrader.window.keep("teacher_4_autograded_by_button")
    assert "Successfully autograded" in box.inner_text()
    box.get_by_role("button", name="Close").last.click()
    box.wait_for(state="detached")
    score = f"{course_with_class.scores[BY_BUTTON]} / {points}"
    assert formgrader.rows()[listed(BY_BUTTON)]["Score"] == score


def test_a_submission_shows_each_checks_points_and_message(formgrader, slip_hint):
    formgrader.open_submission(SLIP)
    earned = formgrader.automatic()
    lost = [
        cell for cell, points in earned.items() if cell.endswith("check") and not points
    ]
    assert "correlate2d-check" in lost and earned["patch-check"] > 0
    text = " ".join(formgrader.page.inner_text("#notebook").split())
    assert "correlate2d(image 3×5, kernel 2×3) differs" in text
    assert f"Likely slip: {slip_hint}" in text
    assert "Traceback" not in text
    formgrader.page.locator("text=Likely slip").first.scroll_into_view_if_needed()
    formgrader.window.keep("teacher_5_messages")
    formgrader.window.keep("teacher_5_submission_whole", full_page=True)


def test_points_and_a_comment_given_by_hand_reach_the_gradebook(
    formgrader, course_with_class, points
):
    before = course_with_class.grades(RIGHT)
    assert before["shift"] == [None, None, True]
    formgrader.open_submission(RIGHT)
    box = formgrader.page.locator("input.score#shift")
    with formgrader.saving():
        box.fill("6.5")
        box.press("Tab")
    comment = formgrader.page.locator("textarea#shift-comment")
    with formgrader.saving():
        comment.fill("Say which pixels move.")
        comment.press("Tab")
    box.scroll_into_view_if_needed()
    formgrader.window.keep("teacher_6_graded_by_hand")
    after = course_with_class.grades(RIGHT)
    assert after == before | {"shift": [None, 6.5, False]}
    formgrader.open_submission(RIGHT)
    assert box.input_value() == "6.5"
    expect(comment).to_have_value("Say which pixels move.")  # comments come last
    formgrader.open(f"manage_submissions/{LESSON}")
    score = course_with_class.scores[RIGHT] + 6.5
    assert formgrader.rows()[listed(RIGHT)]["Score"] == f"{score} / {points}"


def test_formgrader_asks_nobody_but_mathjax_and_does_without(formgrader):
    formgrader.open_submission(RIGHT)
    print("refused:", *sorted(set(formgrader.window.refused)), sep="\n  ")
    assert all(address.startswith(MATHJAX) for address in formgrader.window.refused)
    assert set(formgrader.window.errors) <= {"MathJax is not defined"}
