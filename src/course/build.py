"""Make the notebooks: lesson -> nbgrader source -> student release, byte for byte the same.

``solutions/NN_topic/NN_topic.py``, ``slips.toml`` and ``alternatives.py`` are written by
hand.
From them come ``NN_topic.ipynb`` and ``hints.json`` beside them, and, through nbgrader
itself, everything in ``notebooks/NN_topic``.
"""

import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat

from course.bench import make_hints
from course.lesson import read_lesson, to_notebook
from course.paths import CourseError
from helpers import hints

BY_HAND = ("*.py", "*.toml", "*.png", "*.svg", "*.md")
STAMPS = ".course/build.json"
BUILDERS = ("nbgrader", "jupytext", "nbformat", "numpy")


def build(
    root: Path,
    names: Iterable[str],
    force: bool = False,
    report: Callable[[str, str], None] = lambda name, word: None,
) -> list[str]:
    """Bring the generated files of some lessons up to date.

    Parameters
    ----------
    root : Path
        The course's folder.
    names : iterable of str
        Names of lessons.
    force : bool
        Build even what is up to date, and overwrite a release that holds somebody's
        answers.
    report : function
        ``report(name, word)`` is called for each lesson with "built" or "up to date".

    Returns
    -------
    list of str
        The lessons that were built.

    Raises
    ------
    CourseError
        A lesson is wrong, or its release holds answers that a build would overwrite.
    """
    stamps = _read_stamps(root)
    built = []
    for name in names:
        if not force and stamps.get(name) == _stamp(root, name):
            report(name, "up to date")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            make(root, name, Path(scratch))
            _install(root, name, Path(scratch), force)
        stamps[name] = _stamp(root, name)
        _write_stamps(root, stamps)
        built.append(name)
        report(name, "built")
    return built


def differences(root: Path, names: Iterable[str]) -> list[str]:
    """Build lessons in a scratch folder and return the generated files that differ."""
    different = []
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            make(root, name, Path(scratch))
            for folder in ("solutions", "notebooks"):
                fresh, kept = Path(scratch) / folder / name, root / folder / name
                for file in sorted(_files(fresh) | _files(kept)):
                    if not _equal(fresh / file, kept / file):
                        different.append(f"{folder}/{name}/{file}")
    return different


def make(root: Path, name: str, scratch: Path) -> None:
    """Build one lesson in an empty folder, from what is written by hand alone."""
    source = scratch / "solutions" / name
    source.mkdir(parents=True)
    for pattern in BY_HAND:
        for path in (root / "solutions" / name).glob(pattern):
            shutil.copyfile(path, source / path.name)
    lesson = read_lesson(source)
    nbformat.write(to_notebook(lesson), source / f"{name}.ipynb")
    _write_hints(source / hints.FILE, name, make_hints(lesson))
    _release(root, scratch, name)


def _write_hints(path: Path, name: str, slips: list[dict]) -> None:
    lines = ",\n".join(json.dumps(slip, ensure_ascii=False) for slip in slips)
    text = f'{{"lesson": {json.dumps(name)}, "slips": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="\n")


def _release(root: Path, scratch: Path, name: str) -> None:
    """Let nbgrader take answers and hidden tests out."""
    from nbgrader.apps import NbGraderAPI

    config = load_config(root)
    config.CourseDirectory.root = str(scratch)
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    config.NbGrader.logfile = ""
    api = NbGraderAPI(config=config)
    api.log.setLevel("ERROR")
    result = api.generate_assignment(name, force=True, create=True)
    if not result["success"]:
        raise CourseError(f"nbgrader could not release {name}:\n{result.get('error', '')}")
    for folder in (scratch / "notebooks" / name).rglob("*"):  # nbgrader copies modes
        folder.chmod(0o755 if folder.is_dir() else 0o644)


def load_config(root: Path):
    """Return nbgrader's settings for this course as a traitlets configuration."""
    from traitlets.config.loader import PyFileConfigLoader

    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def _install(root: Path, name: str, scratch: Path, force: bool) -> None:
    """Move the generated files into place, unless a learner's answers stand there."""
    release = root / "notebooks" / name
    fresh = scratch / "notebooks" / name
    path = release / f"{name}.ipynb"
    if not force and path.exists() and not _equal(path, fresh / path.name):
        answers = answered(path)
        if answers:
            raise CourseError(
                f"notebooks/{name}/{name}.ipynb holds answers ({', '.join(answers[:3])}); "
                "a build would overwrite them. Copy the notebook elsewhere, or use --force."
            )
    for folder, target in (
        ("solutions", root / "solutions" / name),
        ("notebooks", release),
    ):
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(_files(scratch / folder / name)):
            if not _equal(scratch / folder / name / file, target / file):
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(scratch / folder / name / file, target / file)
    for file in _files(release) - _files(fresh):
        if not force:
            raise CourseError(
                f"notebooks/{name}/{file} comes from no lesson: move or delete it."
            )
        (release / file).unlink()


def answered(path: Path) -> list[str]:
    """Return the ids of the cells of a release that somebody has filled in."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:  # a notebook that cannot be read may be somebody's work
        return ["unreadable"]
    filled = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            stub = (
                "*Write your answer here.*" if about.get("grade") else "NotImplementedError"
            )
            if stub not in cell.source:
                filled.append(about.get("grade_id", "?"))
    return filled


def _files(folder: Path) -> set[Path]:
    """Return the files of a folder, without what editors and Python leave behind."""
    ignored = {".ipynb_checkpoints", "__pycache__"}
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not ignored & set(path.parts)
    }


def _equal(a: Path, b: Path) -> bool:
    return a.is_file() and b.is_file() and a.read_bytes() == b.read_bytes()


def _stamp(root: Path, name: str) -> str:
    """Digest everything that a lesson's generated files depend on, and those files."""
    digest = hashlib.sha256()
    for package in BUILDERS:
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    paths = [root / "nbgrader_config.py"]
    for folder in ("src/helpers", "src/course"):
        paths += (root / folder).rglob("*.py")
    for folder in (root / "solutions" / name, root / "notebooks" / name):
        paths += [folder / file for file in _files(folder)]
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _read_stamps(root: Path) -> dict[str, str]:
    try:
        return json.loads((root / STAMPS).read_text())
    except (OSError, ValueError):  # a lost or damaged stamp costs one build
        return {}


def _write_stamps(root: Path, stamps: dict[str, str]) -> None:
    path = root / STAMPS
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(stamps, indent=1, sort_keys=True) + "\n")
