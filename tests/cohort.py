"""A class of submissions to one lesson, good, wrong and broken, and what each deserves.

``python tests/cohort.py FOLDER [LESSON]`` makes a course folder with the class in it.
Answers come from the lesson itself, its slips and its alternatives, and scores from running
them without notebook or nbgrader; an edit of the lesson moves both sides of a comparison.
"""

import argparse
import ast
import contextlib
import copy
import io
import os
import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from course.lesson import Lesson, read_lesson
from course.paths import resolve_lesson
from helpers import checking

ROOT = Path(__file__).resolve().parents[1]
LESSON = "03_convolution_2d"
NOT_HANDED_IN = "zoe"
HANDED_IN = "2026-03-02 10:00:00 UTC"
WRITTEN = "The answer is written in words: every window is looked at once."
GRADED, BY_HAND = "graded", "needs manual grading"


@dataclass
class Student:
    """One student's submission.

    Attributes
    ----------
    files : dict
        File name to text; None where not even the folder is there.
    earned : dict or None
        Points of each check cell; None where nothing can be graded.
    messages : dict
        What each failing check cell says.
    state : str
        What the roster must say after autograde.
    """

    name: str
    about: str
    files: dict[str, str] | None
    earned: dict[str, int] | None = None
    messages: dict[str, str] = field(default_factory=dict)
    state: str = GRADED
    note: str = ""
    hint: str = ""

    @property
    def score(self) -> int:
        """The automatic points."""
        return sum(self.earned.values()) if self.earned else 0


def run(lesson: Lesson, answers: dict[str, str], folder: Path):
    """Run a lesson's given cells, some answers and all checks, as a notebook would.

    Returns
    -------
    (earned, messages) : (dict, dict)
        Points of each check cell, and what the failing ones say.
    """
    earned, messages = {}, {}
    namespace = {"__name__": "__main__"}
    checking.forget()
    with _place(folder):
        for cell in lesson.cells:
            if cell.mark not in ("given", "exercise", "check"):
                continue
            source = answers[cell.name] if cell.mark == "exercise" else cell.source
            try:
                _execute(source, namespace)
            except Exception as error:
                messages[cell.id] = f"{error}"
            if cell.mark == "check":
                earned[cell.id] = 0 if cell.id in messages else cell.points
    checking.forget()
    return earned, messages


def _execute(source, namespace):
    import linecache

    name = f"<cohort {abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), namespace)


@contextlib.contextmanager
def _place(folder):
    here, figures = Path.cwd(), os.environ.get("COURSE_FIGURES")
    os.environ["COURSE_FIGURES"] = "off"
    os.chdir(folder)
    quiet = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(quiet):
            with contextlib.redirect_stderr(quiet):
                warnings.simplefilter("ignore")
                yield
    finally:
        os.chdir(here)
        os.environ.pop("COURSE_FIGURES")
        if figures is not None:
            os.environ["COURSE_FIGURES"] = figures


class Cohort:
    """The class of one lesson.

    Parameters
    ----------
    root : Path
        The course's folder, with the lesson built.
    name : str
        The lesson.
    """

    def __init__(self, root: Path = ROOT, name: str = LESSON):
        self.name = name
        self.folder = root / "notebooks" / name
        self.lesson = read_lesson(root / "solutions" / name)
        self.release = nbformat.read(self.folder / f"{name}.ipynb", as_version=4)
        cells = {cell.id: cell.source for cell in self.release.cells}
        self.right = {c.name: c.source for c in self.lesson.marked("exercise")}
        missing = [c.id for c in self.lesson.marked("exercise") if c.id not in cells]
        if missing:
            raise ValueError(
                f"{name} was edited after its last build: {missing}. course build"
            )
        self.stubs = {exercise: cells[exercise] for exercise in self.right}
        self.exercises = list(self.right)
        self.students: list[Student] = []
        self._good()
        self._wrong()
        self._broken_cells()
        self._broken_files()

    # -- making notebooks ----------------------------------------------------------------

    def notebook(self, answers: dict[str, str], written: bool = False):
        """Return the release with some answers filled in."""
        notebook = copy.deepcopy(self.release)
        for cell in notebook.cells:
            if cell.id in answers:
                cell.source = answers[cell.id]
            elif written and _is_question(cell):
                cell.source = WRITTEN
        return notebook

    def add(self, name, about, answers=None, change=None, score_of=None, **more):
        """Add a student who filled in `answers`; `change(notebook)` breaks something else.

        `score_of` are answers that deserve the same score but end by themselves.
        """
        answers = self.stubs | (answers or {})
        notebook = self.notebook(answers, written=more.get("state") == BY_HAND)
        if change:
            change(notebook)
        earned, messages = run(self.lesson, score_of or answers, self.folder)
        files = {f"{self.name}.ipynb": nbformat.writes(notebook)}
        self.students.append(Student(name, about, files, earned, messages, **more))

    # -- the class -----------------------------------------------------------------------

    def _good(self):
        questions = bool(self.lesson.marked("question"))
        self.add("bea", "all right", self.right, state=BY_HAND if questions else GRADED)
        for student, pick in (("carl", 0), ("dora", -1)):
            ways = self.right | {
                exercise: list(ways.values())[pick]
                for exercise, ways in self.lesson.alternatives.items()
            }
            self.add(student, f"other right answers, {pick}", ways)
        self.add("eva", "nothing filled in")
        half = self.exercises[: (len(self.exercises) + 1) // 2]
        self.add("finn", "the first half", {name: self.right[name] for name in half})

        def chatter(notebook):
            for position in (2, len(notebook.cells)):
                cell = nbformat.v4.new_code_cell("print('here I am')\n42")
                notebook.cells.insert(position, cell)
            notebook.cells.append(nbformat.v4.new_markdown_cell("My own notes."))

        self.add("gus", "extra cells and prints", self.right, chatter)
        noisy = {name: _noisy(source) for name, source in self.right.items()}
        self.add("hana", "right, with warnings on stderr", noisy, score_of=self.right)

    def _wrong(self):
        for exercise in self.exercises:
            slips = [slip for slip in self.lesson.slips if slip.exercise == exercise]
            for slip in slips[: 1 if len(self.exercises) > 2 else 3]:
                answers = self.right | {exercise: slip.apply(self.right[exercise])}
                student = f"slip{sum(s.name.startswith('slip') for s in self.students):02d}"
                self.add(student, f"{exercise}: {slip.name}", answers, hint=slip.hint)
        cut = self.right[self.exercises[0]].replace(":", "", 1)
        broken = {self.exercises[0]: cut}
        self.add("ivan", "a syntax error in one cell", self.right | broken)
        self.add("jana", "an endless loop", *self._endless(), note="did not end within")

    def _endless(self):
        """Return answers with an endless loop where it spoils least, and a stand-in."""

        def spoilt(name, body):
            functions = "".join(
                f"\n\ndef {function}(*args, **kwargs):\n{body}"
                for function in _functions(self.right[name])
            )
            return self.right | {name: self.right[name] + functions}

        ending = {n: spoilt(n, "    raise RuntimeError\n") for n in self.exercises}
        costs = {
            n: self._failing(ending[n]) for n in self.exercises if _functions(self.right[n])
        }
        name = min(costs, key=costs.get)
        return spoilt(name, "    while True:\n        pass\n"), None, ending[name]

    def _failing(self, answers):
        earned, messages = run(self.lesson, answers, self.folder)
        return len(messages), sum(earned.values())

    def _broken_cells(self):
        def delete(notebook):
            notebook.cells = [c for c in notebook.cells if not _is_check(c)]

        self.add("karl", "check cells deleted", self.right, delete, note="put back")

        first = self.exercises[0]

        def delete_answers(notebook):
            gone = [c for c in notebook.cells if c.id == first or _is_question(c)]
            notebook.cells = [c for c in notebook.cells if c not in gone]

        answers = self.right | {first: self.stubs[first]}
        about = "an exercise and all questions deleted"
        self.add("tom", about, answers, delete_answers, note="put back")

        def disarm(notebook):
            for cell in filter(_is_check, notebook.cells):
                cell.source = "print('all tests passed')"

        self.add(
            "lena", "checks emptied, nothing written", None, disarm, note="had been edited"
        )

        def duplicate(notebook):
            for cell in list(notebook.cells):
                if cell.id == self.exercises[0] or _is_check(cell):
                    twin = copy.deepcopy(cell)
                    twin["id"] = f"copy-{cell.id}"
                    notebook.cells.insert(notebook.cells.index(cell), twin)

        self.add("mia", "cells duplicated", self.right, duplicate, note="more than once")

        def skip(notebook):
            for cell in filter(_is_check, notebook.cells):
                cell.metadata["tags"] = ["skip-execution"]

        wrong = {name: _gives_nothing(source) for name, source in self.right.items()}
        self.add("nick", "wrong, checks tagged skip-execution", wrong, skip)

        def strip(notebook):
            for cell in notebook.cells:
                cell.metadata.pop("nbgrader", None)

        self.add("olga", "nbgrader metadata stripped", self.right, strip)

    def _broken_files(self):
        right = nbformat.writes(self.notebook(self.right))
        file = f"{self.name}.ipynb"
        none = [
            (
                "ada",
                "notebook renamed",
                {"my work.ipynb": right},
                "no notebook",
                "my work.ipynb",
            ),
            (
                "pia",
                "no notebook",
                {"letter.txt": "Dear teacher"},
                "no notebook",
                "letter.txt",
            ),
            (
                "quin",
                "not JSON",
                {file: right[: len(right) // 2]},
                "unreadable",
                "not valid JSON",
            ),
            ("rosa", "an empty file", {file: ""}, "unreadable", "is empty"),
            (
                "sam",
                "JSON, but no notebook",
                {file: "[1, 2]"},
                "unreadable",
                "not a notebook",
            ),
            (NOT_HANDED_IN, "in the class list only", None, "missing", "handed in nothing"),
        ]
        for name, about, files, state, note in none:
            self.students.append(Student(name, about, files, state=state, note=note))

    # -- writing it ----------------------------------------------------------------------

    def write(self, folder: Path):
        """Put every submission into `folder/submitted` and the class list beside it."""
        lines = ["id,first_name,last_name,email"]
        for student in self.students:
            lines.append(f"{student.name},{student.name.title()},Student,")
            files = student.files and student.files | {"timestamp.txt": HANDED_IN}
            for name, text in (files or {}).items():
                path = folder / "submitted" / student.name / self.name / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        (folder / "students.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _functions(source):
    try:
        return [
            node.name
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef)
        ]
    except SyntaxError:
        return []


def _noisy(source):
    """Return an answer that warns and writes to stderr each time it is called."""
    wrapped = "".join(f"{name} = _noisy({name})\n" for name in _functions(source))
    return f"""{source.rstrip()}


import functools
import sys
import warnings


def _noisy(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        warnings.warn(f"{{function.__name__}} was called", stacklevel=2)
        print("a line on stderr", file=sys.stderr)
        return function(*args, **kwargs)

    return wrapper


{wrapped}"""


def _gives_nothing(source):
    functions = _functions(source)
    return "\n\n".join(
        f"def {name}(*args, **kwargs):\n    return None" for name in functions
    )


def _about(cell):
    return cell.metadata.get("nbgrader", {})


def _is_check(cell):
    return bool(_about(cell).get("grade") and not _about(cell).get("solution"))


def _is_question(cell):
    return bool(_about(cell).get("grade") and _about(cell).get("solution"))


def copy_course(folder: Path, root: Path = ROOT) -> None:
    """Copy what nbgrader needs of the course: settings, lessons, releases."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "nbgrader_config.py", folder / "nbgrader_config.py")
    for name in ("solutions", "notebooks"):
        leave = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
        shutil.copytree(root / name, folder / name, dirs_exist_ok=True, ignore=leave)


def main():
    """Make a course folder with a class in it and print who is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("lesson", nargs="?", default=LESSON)
    options = parser.parse_args()
    name = resolve_lesson(ROOT, options.lesson)
    copy_course(options.folder)
    cohort = Cohort(options.folder, name)
    cohort.write(options.folder)
    for student in cohort.students:
        print(f"{student.name:8} {student.score:4} {student.state:22} {student.about}")


if __name__ == "__main__":
    main()
