"""The ``course`` command."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from course.paths import CourseError, find_root, lesson_names, resolve_lesson

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Build, check and follow the course on convolutional neural networks.",
)
console = Console()
Lessons = Annotated[
    list[str] | None, typer.Argument(help="Lessons: 3, 03 or 03_convolution_2d.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _chosen(root: Path, wanted: list[str] | None) -> list[str]:
    names = lesson_names(root)
    if not names:
        raise CourseError(f"There is no lesson in {root / 'solutions'}.")
    return [resolve_lesson(root, name) for name in wanted] if wanted else names


@app.command()
def build(
    lessons: Lessons = None,
    check: Annotated[
        bool, typer.Option("--check", help="Fail if one byte differs.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Build all; overwrite answers.")
    ] = False,
):
    """Make the notebooks from the lessons (authors)."""
    from course import build as builder

    root = find_root()
    names = _chosen(root, lessons)
    if check:
        different = builder.differences(root, names)
        for path in different:
            console.print(f"differs: {path}", highlight=False)
        if different:
            raise CourseError("Run `course build` and commit what it makes.")
        console.print(f"{len(names)} lessons: every generated file is up to date.")
        return
    builder.build(root, names, force, lambda name, word: console.print(f"{name}: {word}"))


@app.command()
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Lessons (3, 03_convolution_2d) or notebooks."),
    ] = None,
    as_json: AsJson = False,
    timeout: Annotated[int, typer.Option(help="Seconds that one cell may take.")] = 60,
):
    """Grade your notebook with visible and hidden tests; it is never changed (learners)."""
    from course import checkup, show

    root = find_root()
    reports = []
    for target in targets or checkup.started(root):
        with console.status(f"Running {target} ...") if not as_json else _quiet():
            report = checkup.check(root, target, timeout)
        reports.append(report)
        if not as_json:
            show.report(console, report)
    if as_json:
        print(json.dumps([report.as_dict() for report in reports], indent=1))
    elif not reports:
        console.print("No lesson has been started yet. Open notebooks/01_images to begin.")


def _quiet():
    import contextlib

    return contextlib.nullcontext()


@app.command()
def progress(as_json: AsJson = False):
    """Show all lessons: points, what was tried, what comes next (learners)."""
    from course import progress as records
    from course import show

    root = find_root()
    rows = records.overview(root)
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        show.progress(console, rows)


@app.command()
def roster(
    assignment: Annotated[str, typer.Argument(help="A lesson: 3, 03, 03_convolution_2d.")],
    as_json: AsJson = False,
):
    """List who has a grade, who has none and why (instructors, after autograde)."""
    from course import roster as rosters
    from course import show

    root = find_root()
    rows = rosters.overview(root, resolve_lesson(root, assignment))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        show.roster(console, rows)
    if any(row.state != "graded" for row in rows):
        raise typer.Exit(2)


@app.command()
def doctor(as_json: AsJson = False):
    """Say what this installation has: versions, array library and why, memory."""
    from course import doctor as doctors
    from course import show

    facts = doctors.examine()
    if as_json:
        print(json.dumps(facts, indent=1))
    else:
        show.doctor(console, facts)


def main():
    """Run the command; mistakes of use end with a sentence and exit code 1."""
    try:
        app()
    except CourseError as error:
        Console(stderr=True).print(
            f"[bold red]course:[/] {error}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
