"""Remember what checks found, on this machine only, in ``.course/progress``."""

import datetime
import json
import os
import tempfile
from pathlib import Path

from course import bundle
from course.build import answered
from course.paths import CourseError, lesson_names

FOLDER = ".course/progress"


def record(root: Path, report, answers: str) -> None:
    """Keep the result of a check; one file a lesson, replaced in one step.

    Parameters
    ----------
    root : Path
    report : course.checkup.Report
    answers : str
        The digest of the notebook's sources, to notice later changes.
    """
    folder = root / FOLDER
    data = report.as_dict() | {
        "when": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "answers": answers,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
        os.replace(name, folder / f"{report.lesson}.json")
    except OSError as error:
        raise CourseError(
            f"The result could not be kept in {folder} ({error.strerror}). Your notebook "
            "was checked and is unchanged; make the folder writable to see your progress."
        ) from None


def read(root: Path, name: str) -> dict | None:
    """Return the last result of a lesson, or None."""
    try:
        return json.loads((root / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def overview(root: Path) -> list[dict]:
    """Return one row a lesson: points, state and what comes next.

    The state is ``not started``, ``not checked``, ``changed since``, ``checked``,
    ``complete``, ``unreadable`` or ``missing``.
    """
    rows = []
    for name in lesson_names(root):
        path = root / "notebooks" / name / f"{name}.ipynb"
        last = read(root, name) or {}
        rows.append(
            {
                "lesson": name,
                "points": last.get("points"),
                "of": last.get("of"),
                "by_hand": last.get("by_hand"),
                "tried": sum(
                    row["state"] != "empty" for row in last.get("rows", []) if row["of"]
                ),
                "items": len(last.get("rows", [])),
                "state": _state(path, last),
                "when": last.get("when"),
                "path": str(path),
                "checked_path": last.get("path"),
            }
        )
    return rows


def _state(path: Path, last: dict) -> str:
    checked = Path(last["path"]) if last else path
    if not path.exists() and not checked.exists():
        return "missing"
    try:
        digest = bundle.digest(
            bundle.read_submission(checked if checked.exists() else path)
        )
    except CourseError:
        return "unreadable"
    if not last:
        return "not checked" if answered(path) else "not started"
    if digest != last.get("answers"):
        return "changed since"
    full = all(row["state"] in ("right", "written") for row in last["rows"])
    return "complete" if full else "checked"


def next_step(rows: list[dict]) -> str:
    """Say in one sentence what to do next."""
    words = {
        "missing": "{lesson}: the notebook is missing. git checkout -- notebooks/{lesson}",
        "unreadable": "{lesson}: the notebook is damaged. course check {lesson} says more.",
        "changed since": "{lesson} changed since its last check: course check {number}",
        "not checked": "{lesson} has not been checked yet: course check {number}",
        "checked": "{lesson} is not complete. Work on it, then: course check {number}",
        "not started": "Open {path} and begin.",
    }
    for row in rows:
        if row["state"] in words:
            number = row["lesson"].split("_")[0]
            return words[row["state"]].format(number=number, **row)
    return "Every lesson is complete."
