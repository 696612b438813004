"""Rebuild a submission from the lesson's own notebook, taking only what the learner wrote.

Whatever happened to a notebook - cells copied, deleted, retagged, checks edited - the
result has every locked cell as the lesson has it, every graded cell once, and the learner's
sources in the learner's order. No metadata of the submission survives.
"""

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.lesson import HIDDEN
from course.paths import CourseError

LARGEST = 50_000_000  # bytes of a notebook file that is still read


@dataclass
class Rebuilt:
    """A notebook that is safe to grade, and what had to be put right."""

    notebook: nbformat.NotebookNode
    notes: list[str]


def read_submission(path: Path) -> dict:
    """Read a learner's notebook as plain JSON, whatever its version.

    Raises
    ------
    CourseError
        It is missing, empty, not a notebook or far too large; the message says which.
    """
    if not path.is_file():
        raise CourseError(f"{path} does not exist. Is it in another folder, or renamed?")
    size = path.stat().st_size
    if size > LARGEST:
        raise CourseError(
            f"{path} has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB are read. "
            "Clear its outputs (Edit, Clear Outputs of All Cells) and save it."
        )
    if size == 0:
        raise CourseError(
            f"{path} is empty. Take a saved copy, or start from the release again."
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CourseError(
            f"{path} is damaged: it is not valid JSON ({error}). Take an earlier copy "
            "(.ipynb_checkpoints keeps one), or start from the release again."
        ) from None
    if not isinstance(data, dict) or not isinstance(_cells(data), list):
        raise CourseError(f"{path} is not a notebook: it has no list of cells.")
    return data


def _cells(data: dict):
    """Return the cells of a notebook of format 3 or later."""
    sheets = data.get("worksheets")
    if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict):
        return sheets[0].get("cells")
    return data.get("cells")


def _source(cell) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _identify(cell, known: dict, by_source: dict) -> str | None:
    """Return the id of the lesson's cell that this is, or None for the learner's own."""
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    about = about if isinstance(about, dict) else {}
    for name in (about.get("grade_id"), cell.get("id")):
        if isinstance(name, str) and name in known:
            return name
    return by_source.get(_source(cell).strip())


def rebuild(data: dict, template: nbformat.NotebookNode) -> Rebuilt:
    """Return the template with the learner's sources in it.

    Parameters
    ----------
    data : dict
        From `read_submission`.
    template : notebook
        The lesson with its checks: the source notebook, or the release.
    """
    known = {cell.id: cell for cell in template.cells}
    by_source = {c.source.strip(): c.id for c in template.cells if _role(c) == "locked"}
    items, notes = [], []
    for cell in (c for c in _cells(data) if isinstance(c, dict)):
        items.append((_identify(cell, known, by_source), cell))
    last = {name: n for n, (name, _) in enumerate(items) if name}
    best = {**last, **_written(items, known)}
    cells = []
    for n, (name, cell) in enumerate(items):
        if name is None:
            cells.append(_own_cell(cell, len(cells)))
        elif best[name] != n:
            if _role(known[name]) != "free":
                notes.append(f"{name} stood there more than once: one of them was graded")
        else:
            cells.append(_lesson_cell(known[name], cell, notes))
    _put_back(cells, template, set(last), notes)
    notebook = copy.deepcopy(template)
    notebook.cells = cells
    return Rebuilt(notebook, sorted(set(notes)))


def _role(cell) -> str:
    about = cell.metadata.get("nbgrader", {})
    if about.get("solution"):
        return "answer"
    return "locked" if about.get("locked") else "free"


def _written(items, known):
    """For each answer, the last copy that somebody has written in."""
    written = {}
    for n, (name, cell) in enumerate(items):
        if name and _role(known[name]) == "answer":
            source = _source(cell)
            stub = "NotImplementedError" in source or not source.strip()
            if not stub and source.strip() != known[name].source.strip():
                written[name] = n
    return written


def _own_cell(cell, position):
    """Return a cell that the learner added, without metadata."""
    code = cell.get("cell_type") == "code"
    make = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
    return make(_source(cell), id=f"own-{position:03d}")


def _lesson_cell(original, cell, notes):
    node = copy.deepcopy(original)
    role, source = _role(original), _source(cell)
    if role == "locked":
        if source.strip() != original.source.strip() and not _is_release_of(
            source, original
        ):
            notes.append(f"{original.id} had been edited: the lesson's own was used")
    elif role == "answer" or cell.get("cell_type") == original.cell_type:
        node.source = source
    return node


def _is_release_of(source: str, original) -> bool:
    """Tell whether `source` is a check as released: the original without hidden tests."""
    visible = HIDDEN.sub("", original.source + "\n")
    return source.split() == visible.split()


def _put_back(cells, template, present, notes):
    """Insert the graded and locked cells that the learner deleted."""
    order = [cell.id for cell in template.cells]
    for position, original in enumerate(template.cells):
        if original.id in present or _role(original) == "free":
            continue
        before = set(order[:position])
        at = max((n + 1 for n, cell in enumerate(cells) if cell.id in before), default=0)
        cells.insert(at, copy.deepcopy(original))
        if _role(original) == "answer":
            cells[at].source = ""
        notes.append(f"{original.id} had been deleted: it was put back")


def which_lesson(data: dict, templates: dict[str, nbformat.NotebookNode]) -> str | None:
    """Return the lesson that a notebook of any name belongs to, by the cells it holds."""
    scores = {}
    for name, template in templates.items():
        ids = {cell.id for cell in template.cells if _role(cell) != "free"} - {"setup"}
        known = {cell.id: cell for cell in template.cells if cell.id in ids}
        found = {
            _identify(cell, known, {}) for cell in _cells(data) if isinstance(cell, dict)
        }
        scores[name] = len(found - {None})
    best = max(scores, key=scores.get, default=None)
    return best if best and scores[best] else None


def digest(data: dict) -> str:
    """Return a digest of all cell sources of a notebook; outputs do not count."""
    text = "\0".join(_source(cell) for cell in _cells(data) if isinstance(cell, dict))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
