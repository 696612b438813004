"""Try answers to a lesson's exercises: the right one, other right ones, and slips.

Only a lesson's own code runs here, never a learner's. Of a lesson, the cells marked
``given``, ``exercise`` and ``check`` run, in order; checks may rely on nothing else.
"""

import ast
import contextlib
import copy
import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course.lesson import SOLUTION, Cell, Lesson
from course.paths import CourseError
from helpers import checking, hints
from helpers.calls import fingerprint, run_source
from helpers.checking import CheckFailed

BLANK = "nothing filled in"
EXAMPLE_ONLY = "right for the visible examples only"
CHANGES_INPUT = "input changed"


@dataclass
class Result:
    """What one check cell said: None where it passed."""

    check: str
    error: BaseException | None
    printed: str

    @property
    def message(self) -> str:
        """The message of the error, or an empty string."""
        return "" if self.error is None else str(self.error)


class Bench:
    """A lesson with its right answers in place; other answers are tried one at a time.

    Parameters
    ----------
    lesson : Lesson
    folder : Path, optional
        Where checks run, and so where they look for ``hints.json``; an empty folder unless
        told.
    """

    def __init__(self, lesson: Lesson, folder: Path | None = None):
        self.lesson, self.folder = lesson, folder
        self.before: dict[str, dict] = {}
        self.results: list[Result] = []
        self.namespace = namespace = {"__name__": "__main__"}
        with self.place():
            for cell in lesson.cells:
                if cell.mark == "exercise":
                    self.before[cell.name] = _snapshot(namespace)
                if cell.mark in ("given", "exercise"):
                    self._run(cell.source, cell.id, namespace)
                elif cell.mark == "check":
                    self.results.append(self._check(cell, cell.source, namespace))

    def solution(self, exercise: str) -> str:
        """Return the right answer: the source of the exercise's cell."""
        return next(c.source for c in self.lesson.marked("exercise") if c.name == exercise)

    def attempt(
        self, exercise: str, source: str, replace=None, visible=False
    ) -> list[Result]:
        """Run another answer to one exercise and then the exercise's checks.

        Parameters
        ----------
        exercise : str
        source : str
            What takes the place of the exercise's cell.
        replace : function, optional
            ``replace(namespace)`` may exchange what the cell defined before the checks run.
        visible : bool
            Leave the hidden tests out.
        """
        namespace = _snapshot(self.before[exercise])
        checking.forget()
        with self.place():
            try:
                self._run(source, exercise, namespace)
            except Exception as error:  # a cell that does not even run: its checks fail too
                return [Result(c.id, error, "") for c in self.lesson.checks_of(exercise)]
            if replace:
                replace(namespace)
            cells = self.lesson.checks_of(exercise)
            return [
                self._check(c, c.visible if visible else c.source, _snapshot(namespace))
                for c in cells
            ]

    def automatic_slips(self, exercise: str) -> dict[str, list[Result]]:
        """Try the slips of every exercise: blank, memorised examples, changed input."""
        solution = self.solution(exercise)
        tried = {BLANK: self.attempt(exercise, blank(solution))}
        defined = _functions(solution)
        if not defined:
            return tried
        memory: dict = {}
        self.attempt(
            exercise, solution, _wrap(defined, lambda f: _remember(f, memory)), True
        )
        tried[EXAMPLE_ONLY] = self.attempt(
            exercise, solution, _wrap(defined, lambda f: _recall(f, memory))
        )
        touched: list = []
        results = self.attempt(
            exercise, solution, _wrap(defined, lambda f: _spoil(f, touched))
        )
        if touched:
            tried[CHANGES_INPUT] = results
        return tried

    @contextlib.contextmanager
    def place(self):
        """Work in the bench's folder, with figures off, as a grader would."""
        here, figures = Path.cwd(), os.environ.get("COURSE_FIGURES")
        os.environ["COURSE_FIGURES"] = "off"
        with tempfile.TemporaryDirectory() as empty:
            os.chdir(self.folder or empty)
            try:
                yield
            finally:
                os.chdir(here)
                if figures is None:
                    del os.environ["COURSE_FIGURES"]
                else:
                    os.environ["COURSE_FIGURES"] = figures

    def _check(self, cell: Cell, source: str, namespace: dict) -> Result:
        printed = io.StringIO()
        error = None
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a slip may well divide by zero
            try:
                self._run(source, cell.id, namespace)
            except Exception as problem:
                error = problem
        return Result(cell.id, error, printed.getvalue())

    def _run(self, source: str, name: str, namespace: dict) -> None:
        run_source(source, f"<{self.lesson.name} {name}>", namespace)


def blank(solution: str) -> str:
    """Return what the release holds in place of a solution."""

    def stub(match):
        first = match.group(0)
        return first[: len(first) - len(first.lstrip())] + "raise NotImplementedError\n"

    return SOLUTION.sub(stub, solution + "\n")


def make_hints(lesson: Lesson) -> list[dict]:
    """Run every slip and return the data by which checks recognise it.

    Raises
    ------
    CourseError
        The right answers fail their own checks, or two slips with different hints give the
        same answer where the first check fails, so that no check could tell them apart.
    """
    bench = Bench(lesson)
    for result in bench.results:
        if result.error is not None:
            raise CourseError(
                f"{lesson.name}: the solution fails {result.check}: {result.error}"
            )
    found: dict[tuple, tuple] = {}
    for slip in lesson.slips:
        for result in bench.attempt(
            slip.exercise, slip.apply(bench.solution(slip.exercise))
        ):
            error = result.error
            if not isinstance(error, CheckFailed) or error.outcome is None:
                continue
            outline = hints.outline(error.outcome)
            key = (error.function, error.call, repr(outline))
            name, hint, _ = found.setdefault(key, (slip.name, slip.hint, outline))
            if hint != slip.hint:
                raise CourseError(
                    f"{lesson.name}: slips {name!r} and {slip.name!r} of {slip.exercise} "
                    f"give the same answer where {result.check} first fails. Add a "
                    "visible case before it that tells them apart, or give both one hint."
                )
    return [
        {"function": function, "call": call, "outcome": outline, "hint": hint}
        for (function, call, _), (_, hint, outline) in found.items()
    ]


def _snapshot(namespace: dict) -> dict:
    """Copy a namespace, its arrays included, so that no attempt disturbs the next."""
    return {
        name: copy.deepcopy(value) if isinstance(value, np.ndarray | list | dict) else value
        for name, value in namespace.items()
        if name != "__builtins__"
    }


def _functions(source: str) -> list[str]:
    """Return the names of the functions that a cell defines."""
    return [
        node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    ]


def _wrap(names: list[str], make):
    def replace(namespace):
        for name in names:
            wrapper = make(namespace[name])
            wrapper.__name__ = name
            wrapper.__wrapped__ = namespace[name]
            namespace[name] = wrapper

    return replace


def _remember(function, memory):
    def wrapper(*args, **kwargs):
        key = (function.__name__, fingerprint(args, kwargs))
        memory[key] = answer = function(*args, **kwargs)
        memory.setdefault(function.__name__, answer)
        return answer

    return wrapper


def _recall(function, memory):
    """Answer from memory; to a new question give the first answer of all."""

    def wrapper(*args, **kwargs):
        key = (function.__name__, fingerprint(args, kwargs))
        answer = memory.get(key, memory.get(function.__name__))
        return copy.deepcopy(answer)

    return wrapper


def _spoil(function, touched):
    def wrapper(*args, **kwargs):
        answer = function(*args, **kwargs)
        answer = answer.copy() if isinstance(answer, np.ndarray) else answer
        for value in args:
            if isinstance(value, np.ndarray) and value.size and value.flags.writeable:
                value[...] = value + 1
                touched.append(function.__name__)
        return answer

    return wrapper
