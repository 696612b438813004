"""What every lesson must hold: checks that reject slips and accept right answers."""

import ast
import json
import re
import resource
import sys
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course import build, execute, oracle
from course.bench import BLANK, CHANGES_INPUT, EXAMPLE_ONLY, Bench
from course.lesson import SOLUTION, read_lesson
from course.paths import CourseError, lesson_names
from helpers import calls

ROOT = Path(__file__).resolve().parents[1]
NAMES = lesson_names(ROOT)


@cache
def lesson(name):
    return read_lesson(ROOT / "solutions" / name)


@cache
def bench(name):
    return Bench(lesson(name), ROOT / "notebooks" / name)


def notebook(folder, name):
    return nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)


def readable(name):
    """Tell whether a lesson can be read; one that cannot fails a test of its own."""
    try:
        lesson(name)
    except (CourseError, ValueError):
        return False
    return True


READABLE = [name for name in NAMES if readable(name)]
EXERCISES = [
    (name, cell.name) for name in READABLE for cell in lesson(name).marked("exercise")
]
SLIPS = [
    pytest.param(name, slip, id=f"{name}-{slip.exercise}-{slip.name}")
    for name in READABLE
    for slip in lesson(name).slips
]
WAYS = [
    pytest.param(name, exercise, source, id=f"{name}-{exercise}-{way}")
    for name in READABLE
    for exercise, ways in lesson(name).alternatives.items()
    for way, source in ways.items()
]
EVERY_LESSON = pytest.mark.parametrize("name", NAMES)
EVERY_EXERCISE = pytest.mark.parametrize("name, exercise", EXERCISES)


def test_there_are_lessons():
    assert NAMES and SLIPS and WAYS


@EVERY_LESSON
def test_the_lesson_can_be_read(name):
    lesson(name)


@EVERY_LESSON
def test_the_points_are_100_and_the_headings_say_so(name):
    points: dict[str, int] = {}
    for cell in lesson(name).marked("check"):
        points[cell.name] = points.get(cell.name, 0) + cell.points
    assert lesson(name).points == 100
    text = "\n".join(c.source for c in lesson(name).cells if c.kind == "markdown")
    for exercise, value in points.items():
        heading = rf"^###.*{re.escape(exercise)}.*\({value} points\)"
        assert re.search(heading, text, re.MULTILINE), (
            f"no heading gives {exercise} {value} points"
        )


@EVERY_LESSON
def test_the_solution_passes_its_checks(name):
    assert {r.check: r.message for r in bench(name).results if r.error} == {}
    assert all("✓" in r.printed for r in bench(name).results)


@pytest.mark.parametrize("name, slip", SLIPS)
def test_a_slip_is_rejected_with_its_own_hint(name, slip):
    wrong = slip.apply(bench(name).solution(slip.exercise))
    messages = [r.message for r in bench(name).attempt(slip.exercise, wrong) if r.error]
    assert messages, f"no check of {slip.exercise} rejects the slip {slip.name!r}"
    assert any(slip.hint in message for message in messages), "\n".join(messages)


@EVERY_EXERCISE
def test_an_exercise_has_slips_enough_each_with_its_own_hint(name, exercise):
    slips = [slip for slip in lesson(name).slips if slip.exercise == exercise]
    automatic = bench(name).automatic_slips(exercise)
    assert len(slips) + len(automatic) >= 5
    assert len({slip.hint for slip in slips}) >= 3, "slips of one cause may share a hint"


@EVERY_EXERCISE
def test_automatic_slips_are_rejected(name, exercise):
    hints = {
        BLANK: "is not written yet",
        EXAMPLE_ONLY: "does your code use its arguments?",
        CHANGES_INPUT: "changed its argument",
    }
    for slip, results in bench(name).automatic_slips(exercise).items():
        failed = [r for r in results if r.error]
        assert failed, f"no check of {exercise} rejects: {slip}"
        if (
            slip == EXAMPLE_ONLY
        ):  # probes and promised errors show nothing that was memorised
            failed = [r for r in failed if compares_an_answer(name, r.error)]
        messages = [r.message for r in failed]
        assert not messages or any(hints[slip] in m for m in messages), "\n".join(messages)


def compares_an_answer(name, error):
    words = ("expected it to raise", "stopped with", "wrong functions")
    known = getattr(error, "function", "") in learners_names(name)
    return known and not any(word in str(error) for word in words)


@pytest.mark.parametrize("name, exercise, source", WAYS)
def test_another_right_answer_is_accepted(name, exercise, source):
    assert [r.message for r in bench(name).attempt(exercise, source) if r.error] == []


@EVERY_EXERCISE
def test_three_other_right_answers_are_tried(name, exercise):
    assert len(lesson(name).alternatives.get(exercise, {})) >= 3


def learners_names(name):
    """Everything that the exercise cells of a lesson define."""
    trees = [ast.parse(cell.source) for cell in lesson(name).marked("exercise")]
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for tree in trees for node in tree.body if isinstance(node, kinds)}


@EVERY_LESSON
def test_checks_touch_answers_only_through_calls_that_can_be_made_elsewhere(name):
    """A learner's name is the first argument of an expect, or stands in a probe."""
    judges = {"expect", "expect_like", "judge"}
    for cell in lesson(name).marked("check"):
        tree = ast.parse(cell.source)
        first = [
            node.args[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in judges
        ]
        probes = {node.id for node in first if isinstance(node, ast.Name)}
        allowed = {id(node) for node in first}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in probes:
                allowed |= {id(inner) for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in learners_names(name):
                assert id(node) in allowed, (
                    f"{cell.id} line {node.lineno} uses {node.id} itself"
                )


@EVERY_LESSON
def test_checks_can_be_judged_in_another_process(name):
    """Calls and outcomes cross as JSON; right answers pass, zeros fail; another seed."""
    right = bench(name)
    with right.place():
        namespace = right.namespace
        for cell in lesson(name).marked("check"):
            made = json.loads(json.dumps(oracle.collect(lesson(name), cell, seed=4)))
            assert made, f"{cell.id} makes no call"
            outcomes = json.loads(json.dumps(oracle.answer(dict(namespace), made)))
            assert oracle.verdict(lesson(name), cell, 4, outcomes) == "", cell.id
            zeros = [
                o | {"value": calls.encode(np.zeros(())), "error": ""} for o in outcomes
            ]
            assert oracle.verdict(lesson(name), cell, 4, zeros) != "", cell.id


@EVERY_LESSON
def test_generated_files_are_up_to_date(name):
    assert build.differences(ROOT, [name]) == [], f"run: course build {name}"


def secret_lines(name):
    """Lines of answers, hidden tests and model answers that stand nowhere else."""
    secret, public = [], []
    for cell in lesson(name).cells:
        if cell.mark == "question":
            secret += cell.source.splitlines()
        elif cell.mark == "exercise":
            secret += "".join(SOLUTION.findall(cell.source + "\n")).splitlines()
            public += SOLUTION.sub("", cell.source + "\n").splitlines()
        else:
            secret += cell.hidden.splitlines()
            public += cell.visible.splitlines()
    known = {line.strip() for line in public}
    return {line.strip() for line in secret if len(line.strip()) > 12} - known


@EVERY_LESSON
def test_the_release_leaks_nothing(name):
    folder = ROOT / "notebooks" / name
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert files >= {f"{name}.ipynb", "hints.json"}
    assert not [f for f in files if Path(f).suffix in (".py", ".toml", ".md")]
    release = notebook("notebooks", name)
    texts = [cell.source for cell in release.cells] + [
        (folder / "hints.json").read_text("utf-8")
    ]
    lines = {line.strip() for text in texts for line in text.splitlines()}
    assert secret_lines(name) and secret_lines(name) & lines == set()
    everything = (folder / f"{name}.ipynb").read_text("utf-8") + texts[-1]
    for word in ("BEGIN SOLUTION", "HIDDEN TESTS", "Rubric", "Sample answer"):
        assert word.lower() not in everything.lower()
    assert all(not cell.get("outputs") for cell in release.cells)
    assert all(not cell.get("execution_count") for cell in release.cells)


@EVERY_LESSON
def test_hints_are_data_and_small(name):
    path = ROOT / "notebooks" / name / "hints.json"
    for slip in json.loads(path.read_text("utf-8"))["slips"]:
        assert set(slip) == {"function", "call", "outcome", "hint"}
    assert path.stat().st_size < 200_000


def run(name, folder, tmp_path, monkeypatch):
    """Run a notebook as a learner's kernel would, figures included."""
    monkeypatch.setattr(execute, "FIGURES", "on")
    book = notebook(folder, name)
    for cell in book.cells:
        cell.metadata.pop("tags", None)
    (tmp_path / "hints.json").write_bytes(
        (ROOT / "notebooks" / name / "hints.json").read_bytes()
    )
    troubles = execute.run(book, tmp_path, cell_seconds=60, total_seconds=120)
    assert troubles == []
    return book


def outputs(book, kind):
    return {
        cell.id: output
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == kind or output.get("name") == kind
    }


@EVERY_LESSON
def test_a_solved_notebook_runs_without_a_word_of_complaint(name, tmp_path, monkeypatch):
    book = run(name, "solutions", tmp_path, monkeypatch)
    assert outputs(book, "error") == {}
    assert outputs(book, "stderr") == {}
    figures = [
        o for o in outputs(book, "display_data").values() if "text/html" in o["data"]
    ]
    assert figures, "the lesson shows no figure"
    for output in figures:
        html = "".join(output["data"]["text/html"])
        assert html.count("<img") == len(re.findall(r"<img[^>]* alt=\"[^\"]{15,}\"", html))
        assert "https://" not in html and "http://" not in re.sub(
            r"http://www\.w3\.org\S*", "", html
        )


@EVERY_LESSON
def test_a_blank_release_reaches_its_end_and_fails_only_checks(name, tmp_path, monkeypatch):
    book = run(name, "notebooks", tmp_path, monkeypatch)
    failed = outputs(book, "error")
    checks = {cell.id for cell in lesson(name).marked("check")}
    assert set(failed) == checks
    assert all("is not written yet" in output["evalue"] for output in failed.values())
    assert outputs(book, "stderr") == {}


def test_running_lessons_takes_less_than_a_gigabyte():
    """Children of this process are the kernels of the tests above."""
    unit = 1 if sys.platform == "darwin" else 1024
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit < 1e9
