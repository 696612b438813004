"""Every lesson's answers and checks on an array library that refuses what CuPy refuses."""

import json
from pathlib import Path

import pytest
import standin

from course.paths import lesson_names

ROOT = Path(__file__).resolve().parents[1]

RUN = """
import json
from pathlib import Path
from course.bench import Bench
from course.lesson import read_lesson
from helpers import backend

lesson = read_lesson(Path({folder!r}))
bench = Bench(lesson)
failed = {{result.check: result.message for result in bench.results if result.error}}
for exercise, ways in lesson.alternatives.items():
    if exercise in {trains}:
        continue
    for way, source in ways.items():
        for result in bench.attempt(exercise, source):
            if result.error:
                failed[f"{{exercise}} by {{way}}"] = result.message
{leak}
print(json.dumps([backend.active.name, len(bench.results), failed]))
"""

LEAK = """
exercise = lesson.marked("exercise")[0].name
name = next(iter(lesson.alternatives))
source = f"import numpy as np\\ndef {name}(x, *more):\\n    return np.asarray(x)"
failed = [result.message for result in bench.attempt(name, source) if result.error]
"""


# Their checks train a network for half a minute here: the solution runs, its rivals do not.
TRAINS = ("digit_reader", "capstone")


def outcome(name, leak=""):
    code = RUN.format(folder=str(ROOT / "solutions" / name), leak=leak, trains=TRAINS)
    done = standin.run_isolated(code, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", lesson_names(ROOT))
def test_answers_and_checks_run_unchanged(name):
    library, count, failed = outcome(name)
    assert (library, failed) == ("cupy", {}) and count >= 5


def test_a_numpy_call_on_a_device_array_fails_its_check():
    failed = outcome("03_convolution_2d", LEAK)[2]
    assert failed and all("Implicit conversion to a NumPy array" in text for text in failed)
