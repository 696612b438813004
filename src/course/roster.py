"""Who has a grade, who has none, and why: the list to read after `nbgrader autograde`.

nbgrader exports 0.0 for a notebook that it could not read, that had another name or whose
kernel died, and leaves out who handed in nothing. Here nobody is left out.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory

from course import bundle, sanitise
from course.build import load_config
from course.paths import CourseError

SQLITE = "sqlite:///"


@dataclass
class Row:
    """One student.

    Attributes
    ----------
    state : str
        ``graded``, ``needs manual grading``, ``not graded yet``, ``no notebook``,
        ``unreadable``, ``failed`` or ``missing``.
    score : float or None
        The score so far; None where nothing was graded.
    max : float
        The most that the assignment can give.
    why : str
        The reason for the state, what was put right, and what to do.
    """

    student: str
    state: str
    score: float | None
    max: float
    why: str


def overview(root: Path, assignment: str) -> list[Row]:
    """Return one row for every student in the gradebook or in ``submitted``.

    Parameters
    ----------
    root : Path
        The course's folder.
    assignment : str
        The lesson's name.

    Raises
    ------
    CourseError
        There is no gradebook, or the assignment is not in it.
    """
    courses = CourseDirectory(config=load_config(root), root=str(root))
    path = Path(courses.db_url.removeprefix(SQLITE))
    advice = f"Run: nbgrader generate_assignment {assignment} --force"
    if courses.db_url.startswith(SQLITE) and not path.is_file():
        raise CourseError(f"There is no gradebook at {path}. {advice}")
    with Gradebook(courses.db_url) as gradebook:
        try:
            cells = sanitise.recorded(gradebook, assignment, assignment)
            most = gradebook.find_assignment(assignment).max_score
        except MissingEntry:
            raise CourseError(f"{assignment} is not in the gradebook. {advice}") from None
        look = _Look(courses, gradebook, assignment, cells)
        found = [look.at(student) for student in _students(courses, gradebook)]
    return [Row(student, state, score, most, why) for student, state, score, why in found]


def _students(courses, gradebook) -> list[str]:
    submitted = Path(courses.root, courses.submitted_directory)
    folders = submitted.iterdir() if submitted.is_dir() else []
    names = {f.name for f in folders if f.is_dir() and not f.name.startswith(".")}
    return sorted(names | {student.id for student in gradebook.students})


class _Look:
    """One look at each student's files and grades."""

    def __init__(self, courses, gradebook, assignment, released):
        self.courses, self.gradebook, self.assignment = courses, gradebook, assignment
        self.released = released
        source = courses.format_path(courses.source_directory, ".", assignment)
        self.template = sanitise.read_template(Path(source) / f"{assignment}.ipynb")
        self.again = f"nbgrader autograde {assignment} --force --student={{}}"

    def at(self, student: str) -> tuple:
        """Return (student, state, score, why)."""
        submitted = Path(
            self.courses.format_path(
                self.courses.submitted_directory, student, self.assignment
            )
        )
        notebook = submitted / f"{self.assignment}.ipynb"
        if not submitted.is_dir():
            return student, "missing", None, self._instead_of(submitted)
        if not notebook.is_file():
            return student, "no notebook", None, self._other_files(submitted)
        try:
            data = bundle.read_submission(notebook)
        except CourseError as error:
            why = str(error).replace(f"{self.courses.root}{os.sep}", "")
            return student, "unreadable", None, why
        return student, *self._graded(student, data)

    def _instead_of(self, folder: Path) -> str:
        others = (
            sorted(p.name for p in folder.parent.iterdir())
            if folder.parent.is_dir()
            else []
        )
        if not others:
            return "handed in nothing"
        return f"{folder.parent.name} handed in {', '.join(others)}, but not {folder.name}"

    def _other_files(self, folder: Path) -> str:
        files = sorted(p.name for p in folder.rglob("*") if p.is_file())
        files = [name for name in files if name != "timestamp.txt"]
        if not files:
            return "the folder is empty"
        for path in sorted(folder.rglob("*.ipynb")):
            try:
                data = bundle.read_submission(path)
            except CourseError:
                continue
            if bundle.which_lesson(data, {self.assignment: self.template}):
                where = path.relative_to(folder)
                return f"{where} holds this lesson: rename it to {self.assignment}.ipynb"
        return f"found only {', '.join(files)}"

    def _graded(self, student: str, data: dict) -> tuple:
        """Return (state, score, why) of a notebook that can be read."""
        again = self.again.format(student)
        try:
            submission = self.gradebook.find_submission(self.assignment, student)
        except MissingEntry:
            return "not graded yet", None, f"run: {again}"
        folder = self.courses.format_path(
            self.courses.autograded_directory, student, self.assignment
        )
        path = Path(folder) / f"{self.assignment}.ipynb"
        if not path.is_file():
            why = "no result: the last run failed, or the notebook came later; run and read"
            return "failed", None, f"{why}: {again}"
        graded = nbformat.read(path, as_version=4)
        checks = [c for c in graded.cells if c.cell_type == "code" and _is_graded(c)]
        if any(cell.execution_count is None and not cell.outputs for cell in checks):
            return "failed", None, f"the run was cut off; run: {again}"
        rebuilt = sanitise.prepare(data, self.template, self.released).notebook
        if [c.source for c in rebuilt.cells] != [c.source for c in graded.cells]:
            return "not graded yet", None, f"changed since it was graded; run: {again}"
        notes = _notes(graded)
        waiting = [
            g.name for n in submission.notebooks for g in n.grades if g.needs_manual_grade
        ]
        if waiting:
            notes.insert(0, f"to grade by hand: {', '.join(sorted(waiting))}")
        state = "needs manual grading" if waiting else "graded"
        return state, submission.score, "; ".join(notes)


def _is_graded(cell) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _notes(notebook) -> list[str]:
    """Return what was put right before the run and what did not end."""
    notes = []
    if notebook.cells and notebook.cells[0].get("id") == sanitise.NOTES:
        lines = notebook.cells[0].source.splitlines()
        notes += [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("ename") in ("CellTimeoutError", "NotRun"):
                text = (
                    str(output.evalue)
                    .removeprefix("this cell ")
                    .removeprefix("this check ")
                )
                notes.append(f"{cell.id} {text}")
    return notes
