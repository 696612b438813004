"""Where the course lies on disk, and which lesson a name means."""

import os
from pathlib import Path


class CourseError(Exception):
    """Something a person can put right; the message says how."""


def find_root(start: Path | None = None) -> Path:
    """Return the folder of the course: here, above, or where the package comes from.

    Raises
    ------
    CourseError
        No folder with ``solutions`` and ``nbgrader_config.py`` was found.
    """
    if "COURSE_ROOT" in os.environ:
        return Path(os.environ["COURSE_ROOT"]).resolve()
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() and (folder / "nbgrader_config.py").is_file():
            return folder
    raise CourseError(
        f"No course was found in {start} or above it. Change into the course's folder, "
        "or name it in the environment variable COURSE_ROOT."
    )


def lesson_names(root: Path) -> list[str]:
    """Return the names of all lessons, in order: ``01_images`` and so on."""
    return sorted(path.parent.name for path in root.glob("solutions/*/[0-9]*_*.py"))


def resolve_lesson(root: Path, wanted: str) -> str:
    """Return the lesson that ``3``, ``03``, ``03_convolution_2d`` or its folder means.

    Raises
    ------
    CourseError
        There is none, or more than one.
    """
    names = lesson_names(root)
    key = Path(wanted.rstrip("/\\")).name
    if key in names:
        return key
    number = key.zfill(2) if key.isdigit() else None
    fits = [
        n for n in names if n.split("_")[0] == number or (not number and key and key in n)
    ]
    if len(fits) == 1:
        return fits[0]
    problem = "is no lesson" if not fits else f"could be {' or '.join(fits)}"
    raise CourseError(f"{wanted!r} {problem}. The lessons are: {', '.join(names)}.")
