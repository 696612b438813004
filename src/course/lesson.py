"""Read a lesson: one hand-written text file that holds text, answers, checks and questions.

A cell begins with ``# %%`` (code) or ``# %% [markdown]`` and may carry one mark:

    given="setup"                    code that checks rely on; locked in the release
    exercise="correlate2d"           the learner's code, between BEGIN and END SOLUTION
    check="correlate2d" points=12    graded tests of that exercise, hidden ones included
    question="shift" points=10       a written answer, graded by hand (markdown)

A second check of the same exercise adds ``part="edges"``.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
import nbformat

from course.paths import CourseError

MARKS = ("given", "exercise", "check", "question")
BLOCK = r"^[ \t]*### BEGIN {0}\n(.*?)^[ \t]*### END {0}\n?"
HIDDEN = re.compile(BLOCK.format("HIDDEN TESTS"), re.DOTALL | re.MULTILINE)
SOLUTION = re.compile(BLOCK.format("SOLUTION"), re.DOTALL | re.MULTILINE)
KERNELSPEC = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}


@dataclass
class Cell:
    """One cell of a lesson.

    Attributes
    ----------
    id : str
        The nbgrader id of a marked cell; otherwise made from the position.
    kind : str
        ``"code"`` or ``"markdown"``.
    mark : str
        One of ``given``, ``exercise``, ``check``, ``question``, or ``""``.
    name : str
        What the mark names.
    points : int
        Points of a check or question.
    """

    id: str
    kind: str
    source: str
    mark: str = ""
    name: str = ""
    points: int = 0

    @property
    def visible(self) -> str:
        """The source without its hidden tests."""
        return HIDDEN.sub("", self.source)

    @property
    def hidden(self) -> str:
        """The hidden tests alone, or an empty string."""
        return "".join(HIDDEN.findall(self.source))


@dataclass
class Slip:
    """A known wrong answer: a small edit of the right one, and the hint it deserves."""

    exercise: str
    name: str
    hint: str
    edits: list[tuple[str, str]] = field(default_factory=list)
    source: str = ""

    def apply(self, solution: str) -> str:
        """Return the wrong answer.

        Raises
        ------
        CourseError
            The solution no longer holds the text that the slip edits.
        """
        if self.source:
            return self.source
        for old, new in self.edits:
            if solution.count(old) != 1:
                raise CourseError(
                    f"slip {self.name!r} of {self.exercise} edits {old!r}, which stands "
                    f"{solution.count(old)} times in the solution; it must stand there "
                    "once. Bring the slip in line with the solution."
                )
            solution = solution.replace(old, new)
        return solution


@dataclass
class Lesson:
    """A lesson with its slips and its other right answers."""

    folder: Path
    cells: list[Cell]
    slips: list[Slip]
    alternatives: dict[str, dict[str, str]]

    @property
    def name(self) -> str:
        """The name of the lesson's folder: ``03_convolution_2d``."""
        return self.folder.name

    @property
    def title(self) -> str:
        """The first heading."""
        first = next(cell.source for cell in self.cells if cell.kind == "markdown")
        return first.splitlines()[0].lstrip("# ")

    def marked(self, mark: str) -> list[Cell]:
        """Return the cells that carry this mark."""
        return [cell for cell in self.cells if cell.mark == mark]

    def checks_of(self, exercise: str) -> list[Cell]:
        """Return the check cells of one exercise."""
        return [cell for cell in self.marked("check") if cell.name == exercise]

    @property
    def points(self) -> int:
        """All points, automatic and manual."""
        return sum(cell.points for cell in self.cells)


def read_lesson(folder: Path) -> Lesson:
    """Read ``NN_topic/NN_topic.py`` with its ``slips.toml`` and ``alternatives.py``.

    Raises
    ------
    CourseError
        A mark is wrong; the message names the lesson and the cell.
    """
    cells = _read_cells(folder / f"{folder.name}.py")
    _validate(folder.name, cells)
    alternatives: dict[str, dict[str, str]] = {}
    path = folder / "alternatives.py"
    if path.exists():
        for cell in jupytext.read(path, fmt="py:percent").cells:
            if "exercise" in cell.metadata:
                ways = alternatives.setdefault(cell.metadata["exercise"], {})
                ways[cell.metadata["way"]] = cell.source
    lesson = Lesson(folder, cells, _read_slips(folder / "slips.toml"), alternatives)
    known = {cell.name for cell in lesson.marked("exercise")}
    strangers = {slip.exercise for slip in lesson.slips} | set(alternatives)
    if strangers - known:
        raise CourseError(
            f"{folder.name}: slips or alternatives name {sorted(strangers - known)}; "
            f"the exercises are {sorted(known)}."
        )
    return lesson


def _read_cells(path: Path) -> list[Cell]:
    cells = []
    for position, raw in enumerate(jupytext.read(path, fmt="py:percent").cells):
        marks = [mark for mark in MARKS if mark in raw.metadata]
        if len(marks) > 1:
            raise CourseError(f"{path.name}: cell {position} carries two marks: {marks}.")
        cell = Cell(f"cell-{position:02d}", raw.cell_type, raw.source)
        if marks:
            cell.mark, cell.name = marks[0], raw.metadata[marks[0]]
            cell.points = int(raw.metadata.get("points", 0))
            cell.id = cell.name
            if cell.mark == "check":
                cell.id = f"{cell.name}-check"
            if "part" in raw.metadata:
                cell.id += f"-{raw.metadata['part']}"
        cells.append(cell)
    return cells


def _read_slips(path: Path) -> list[Slip]:
    if not path.exists():
        return []
    slips = []
    for exercise, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            edits = [tuple(pair) for pair in entry.get("edits", [])]
            if "old" in entry:
                edits.append((entry["old"], entry["new"]))
            source = entry.get("source", "")
            slips.append(Slip(exercise, entry["slip"], entry["hint"], edits, source))
    return slips


def _validate(name: str, cells: list[Cell]) -> None:
    """Refuse what nbgrader would accept in silence and then grade or publish wrongly."""
    ids = [cell.id for cell in cells]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise CourseError(
            f"{name}: two cells have the id {', '.join(twice)}. Use part=...."
        )
    exercises = {cell.name for cell in cells if cell.mark == "exercise"}
    for cell in cells:
        where = f"{name}: {cell.mark} {cell.name!r}"
        if cell.mark == "exercise" and not SOLUTION.search(cell.source + "\n"):
            raise CourseError(f"{where} has no BEGIN SOLUTION and END SOLUTION.")
        if cell.mark == "check" and cell.name not in exercises:
            raise CourseError(f"{where} checks no exercise of this lesson.")
        if cell.mark in ("check", "question") and cell.points <= 0:
            raise CourseError(f"{where} has no points.")
        if cell.mark == "question" and cell.kind != "markdown":
            raise CourseError(f"{where} must be a markdown cell.")
        if cell.mark != "exercise" and "BEGIN SOLUTION" in cell.source:
            raise CourseError(
                f"{where or name} holds a solution but is no exercise: {cell.id}."
            )
        if cell.mark != "check" and "HIDDEN TESTS" in cell.source:
            raise CourseError(
                f"{where or name} holds hidden tests but is no check: {cell.id}."
            )


def to_notebook(lesson: Lesson) -> nbformat.NotebookNode:
    """Return the lesson as nbgrader's source notebook, with ids that never change."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    for cell in lesson.cells:
        make = (
            nbformat.v4.new_code_cell
            if cell.kind == "code"
            else nbformat.v4.new_markdown_cell
        )
        node = make(cell.source, id=cell.id)
        if cell.mark:
            node.metadata["nbgrader"] = _nbgrader_metadata(cell)
        if cell.mark == "check":  # "Run All" goes on past a check that fails
            node.metadata["tags"] = ["raises-exception"]
        notebook.cells.append(node)
    return notebook


def _nbgrader_metadata(cell: Cell) -> dict:
    graded = cell.mark in ("check", "question")
    metadata = {
        "schema_version": 3,
        "grade_id": cell.id,
        "grade": graded,
        "solution": cell.mark in ("exercise", "question"),
        "locked": cell.mark in ("check", "given"),
        "task": False,
    }
    return metadata | ({"points": cell.points} if graded else {})
