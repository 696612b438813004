"""Grade a learner's own notebook: visible and hidden tests, in a copy, in seconds."""

import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat

from course import bundle, execute
from course import progress as records
from course.build import answered
from course.paths import CourseError, lesson_names, resolve_lesson

TOTAL_SECONDS = 600


@dataclass
class Row:
    """One exercise or question.

    Attributes
    ----------
    state : str
        ``right``, ``partly``, ``wrong``, ``empty``; for questions ``written`` or ``empty``.
    message : str
        What the first failing check said.
    """

    name: str
    kind: str
    state: str
    points: int
    of: int
    message: str = ""


@dataclass
class Report:
    """What `course check` found in one notebook."""

    lesson: str
    path: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    hidden: bool = True

    @property
    def points(self) -> int:
        """Points for exercises."""
        return sum(row.points for row in self.rows)

    @property
    def of(self) -> int:
        """The most that exercises can give."""
        return sum(row.of for row in self.rows if row.kind == "exercise")

    @property
    def by_hand(self) -> int:
        """Points that a person gives for written answers."""
        return sum(row.of for row in self.rows if row.kind == "question")

    def as_dict(self) -> dict:
        """Return the report as plain data."""
        return asdict(self) | {
            "points": self.points,
            "of": self.of,
            "by_hand": self.by_hand,
        }


def started(root: Path) -> list[str]:
    """Return the lessons in whose notebook somebody has written."""
    paths = [
        (name, root / "notebooks" / name / f"{name}.ipynb") for name in lesson_names(root)
    ]
    return [name for name, path in paths if path.exists() and answered(path)]


def check(root: Path, target: str, cell_seconds: int = 60) -> Report:
    """Grade one notebook.

    Parameters
    ----------
    root : Path
        The course's folder.
    target : str
        A lesson (``3``, ``03``, ``03_convolution_2d``) or the path of a notebook.
    cell_seconds : int
        The time limit of one cell.

    Raises
    ------
    CourseError
        The notebook is missing, damaged or of no lesson.
    """
    begun = time.monotonic()
    path, name = _locate(root, target)
    data = bundle.read_submission(path)
    if name is None:
        name = bundle.which_lesson(data, templates(root))
        if name is None:
            raise CourseError(
                f"{path} has no cell of any lesson. The lessons are in "
                f"{root / 'notebooks'}."
            )
    template, hidden = _template(root, name)
    rebuilt = bundle.rebuild(data, template)
    if path.stem != name:
        rebuilt.notes.append(f"{path.name} was taken for lesson {name}")
    with tempfile.TemporaryDirectory() as folder:
        _side_files(root, name, Path(folder))
        troubles = execute.run(rebuilt.notebook, Path(folder), cell_seconds, TOTAL_SECONDS)
    rows = _rows(rebuilt.notebook, template)
    report = Report(name, str(path), rows, rebuilt.notes + troubles, hidden=hidden)
    report.seconds = round(time.monotonic() - begun, 1)
    records.record(root, report, bundle.digest(data))
    return report


def _locate(root: Path, target: str) -> tuple[Path, str | None]:
    """Return the notebook's path, and its lesson where the target names one."""
    if target.endswith(".ipynb"):
        return Path(target), None
    name = resolve_lesson(root, target)
    path = root / "notebooks" / name / f"{name}.ipynb"
    if path.exists():
        return path, name
    others = sorted(other.name for other in path.parent.glob("*.ipynb"))
    if others:
        raise CourseError(
            f"{path} does not exist, but its folder holds {', '.join(others)}. If one of "
            "them is your renamed notebook, check it with: "
            f"course check {path.parent / others[0]}"
        )
    raise CourseError(
        f"{path} does not exist. Get the release back: git checkout -- notebooks/{name}"
    )


def templates(root: Path) -> dict[str, nbformat.NotebookNode]:
    """Return every built lesson's notebook to grade against."""
    names = lesson_names(root)
    built = [n for n in names if (root / "solutions" / n / f"{n}.ipynb").exists()]
    return {name: _template(root, name)[0] for name in built}


def _template(root: Path, name: str):
    """Return the source notebook; without it, the release, which has no hidden tests."""
    for folder, hidden in (("solutions", True), ("notebooks", False)):
        path = root / folder / name / f"{name}.ipynb"
        if path.exists():
            return nbformat.read(path, as_version=4), hidden
    raise CourseError(f"{name} has not been built. Run: course build {name}")


def _side_files(root: Path, name: str, folder: Path) -> None:
    """Copy what stands beside the release, hints included, into the working folder."""
    for path in (root / "notebooks" / name).glob("*"):
        if path.is_file() and path.suffix != ".ipynb":
            shutil.copyfile(path, folder / path.name)


def _rows(notebook, template) -> list[Row]:
    cells = {cell.id: cell for cell in notebook.cells}
    rows: dict[str, Row] = {}
    for original in template.cells:
        about = original.metadata.get("nbgrader", {})
        if about.get("grade") and about.get("solution"):
            text = cells[original.id].source.strip()
            blank = text in ("", "*Write your answer here.*", original.source.strip())
            rows[original.id] = Row(
                original.id, "question", "empty" if blank else "written", 0, about["points"]
            )
        elif about.get("grade"):
            name = original.id.split("-check")[0]
            row = rows.setdefault(name, Row(name, "exercise", "", 0, 0))
            message = _problem(cells[original.id])
            broken = _problem(cells[name]) if name in cells else ""
            if message and broken:
                message = f"the cell of {name} does not run: {broken}"
            row.of += about["points"]
            row.points += 0 if message else about["points"]
            row.message = row.message or message
    for row in rows.values():
        if row.kind == "exercise":
            row.state = _state(row)
    return list(rows.values())


def _state(row: Row) -> str:
    if row.points == row.of:
        return "right"
    if "is not written yet" in row.message:
        return "empty"
    return "partly" if row.points else "wrong"


def _problem(cell) -> str:
    """Return what a check cell said, or an empty string where it passed."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename in ("CheckFailed", "Stopped"):
                return output.evalue
            return f"{output.ename}: {output.evalue}"
    if cell.execution_count is None:
        return "not run: an earlier cell ended the run"
    return ""
