"""Judge a check away from the learner's code: expected values never enter its process.

Three steps, with JSON between them. `collect` (trusted) runs a check cell and writes down
the
calls it would make, drawn from a seed. `answer` (the learner's process) makes the calls and
writes down what came of them. `verdict` (trusted) runs the check cell again on those
outcomes.
"""

import contextlib
import io
import os
from dataclasses import asdict

from course.bench import blank
from course.lesson import Cell, Lesson
from helpers import checking, transport
from helpers.backend import to_backend
from helpers.calls import Outcome, call, decode, define, encode, moved, run_source
from helpers.checking import CheckFailed
from helpers.transport import Collect, Replay


def collect(lesson: Lesson, check: Cell, seed: int) -> list[dict]:
    """Return the calls that a check cell makes, their arguments as JSON data."""
    collected = Collect()
    _run(lesson, check, seed, collected)
    return collected.calls


def answer(namespace: dict, calls: list[dict]) -> list[dict]:
    """Make the calls with the functions of `namespace`, which a learner defined.

    A call whose function is missing has the outcome of a `NameError`.
    """
    outcomes = []
    for one in calls:
        try:
            if one["probe"]:
                function = define(one["probe"]["source"], one["function"], namespace)
            else:
                function = namespace[one["function"]]
        except KeyError:
            missing = Outcome(error=f"NameError: name {one['function']!r} is not defined")
            outcomes.append(_written(missing))
            continue
        args = [moved(decode(value, namespace), to_backend) for value in one["args"]]
        kwargs = {key: decode(value, namespace) for key, value in one["kwargs"].items()}
        outcomes.append(_written(call(function, args, kwargs)))
    return outcomes


def verdict(lesson: Lesson, check: Cell, seed: int, outcomes: list[dict]) -> str:
    """Return what a check says of recorded outcomes; an empty string where it passes."""
    recorded = [Outcome(**one | {"value": decode(one["value"])}) for one in outcomes]
    try:
        _run(lesson, check, seed, Replay(recorded))
    except CheckFailed as error:
        return str(error)
    return ""


def _written(outcome: Outcome) -> dict:
    return asdict(outcome) | {"value": encode(outcome.value)}


def _run(lesson: Lesson, check: Cell, seed: int, way) -> None:
    """Run a check cell with stand-ins for everything that learners define."""
    namespace: dict = {"__name__": "__main__"}
    for cell in lesson.cells:
        if cell.mark == "given":
            run_source(cell.source, f"<oracle {cell.id}>", namespace)
        elif cell.mark == "exercise":
            before = set(namespace)
            run_source(blank(cell.source), f"<oracle {cell.id}>", namespace)
            for name in set(namespace) - before:
                if callable(namespace[name]):
                    namespace[name].is_stand_in = True
    checking.forget()
    previous = os.environ.get("COURSE_SEED")
    os.environ["COURSE_SEED"] = str(seed)
    try:
        with transport.using(way), contextlib.redirect_stdout(io.StringIO()):
            run_source(check.source, f"<oracle {check.id}>", namespace)
    finally:
        if previous is None:
            del os.environ["COURSE_SEED"]
        else:
            os.environ["COURSE_SEED"] = previous
