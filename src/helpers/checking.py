"""What graded cells call: compare an answer with what was expected and say what is wrong.

A check names a function, its arguments and what it must give. A hidden check names a
reference
and cases drawn from a seed, so that its calls can be made in one process and judged in
another: see `helpers.transport`.
"""

import os
import re
import zlib
from dataclasses import dataclass, field

import numpy as np

from helpers import diagnosis, hints, transport
from helpers.backend import to_backend
from helpers.calls import fingerprint, moved, plain
from helpers.labels import label as label_of

PUBLIC_SEED = 20260


class CheckFailed(AssertionError):
    """A check did not pass; the message is written for the learner."""

    def __init__(self, message, function="", call="", outcome=None):
        super().__init__(message)
        self.function, self.call, self.outcome = function, call, outcome

    def _render_traceback_(self):
        """Show the message alone in a notebook: the traceback is not the learner's code."""
        return [f"\x1b[1m✗\x1b[0m {self}"]


@dataclass
class Case:
    """One hidden call: its arguments, and what is special about it."""

    args: tuple
    kwargs: dict = field(default_factory=dict)
    note: str = ""
    raises: type | None = None
    hint: str = ""


def case(*args, note="", raises=None, hint="", **kwargs):
    """Describe one hidden call.

    Parameters
    ----------
    *args, **kwargs
        What the function is called with; NumPy arrays are moved to the library in use.
    note : str
        What is special about this case, for the message: ``"a 1 by 1 kernel"``.
    raises : type, optional
        The exception that the docstring promises for it.
    hint : str
        The likely slip when this case fails and no known slip is recognised.
    """
    return Case(args, kwargs, note, raises, hint)


def case_rng(function: str):
    """Return the generator of a function's hidden cases.

    The environment variable ``COURSE_SEED`` gives a cohort cases of its own.
    """
    seed = int(os.environ.get("COURSE_SEED", PUBLIC_SEED))
    return np.random.default_rng([seed, zlib.crc32(function.encode())])


def expect(fn, *args, gives=None, raises=None, within=None, dtype=None, hint="", **kwargs):
    """Call ``fn(*args, **kwargs)`` and check what it gives.

    Parameters
    ----------
    fn : function
        The function under test.
    gives : array, number, str, tuple, list or dict
        The expected answer. A list of numbers, or of such lists, stands for an array; a
        tuple, or a list of tuples, for itself.
    raises : type, optional
        The exception that must be raised instead.
    within : float, optional
        The relative tolerance; 1e-6 unless told, 1e-4 for an answer in single precision.
    dtype : str, optional
        The dtype that the answer must have.
    hint : str
        The likely slip when the check fails and no known slip is recognised.

    Raises
    ------
    CheckFailed
        With what was found, what was expected, where, and the likely slip.
    """
    this = Case(args, kwargs, raises=raises, hint=hint)
    label = _check(fn, this, gives, within=within, dtype=dtype)
    if label:
        print(f"✓ {label} raises {raises.__name__}" if raises else f"✓ {label}")


def expect_like(fn, reference, cases, within=None, dtype=None):
    """Check that `fn` agrees with a reference on cases drawn from a seed.

    Parameters
    ----------
    fn : function
        The function under test.
    reference : function
        Takes the same arguments as NumPy arrays and returns the expected answer.
    cases : function
        ``cases(rng)`` yields tuples of arguments, or `case` objects, as NumPy arrays.

    Raises
    ------
    CheckFailed
        For the first case that fails.
    """
    count = 0
    for item in cases(case_rng(fn.__name__)):
        this = item if isinstance(item, Case) else Case(tuple(item))
        wanted = None
        if transport.current().judges and this.raises is None:
            wanted = reference(*moved(this.args, np.copy), **this.kwargs)
        this.args = moved(this.args, to_backend)
        _check(fn, this, wanted, within=within, dtype=dtype, names_from=reference)
        count += 1
    if not count:
        raise ValueError(f"the hidden cases of {fn.__name__} are empty")
    if transport.current().judges:
        print(f"✓ {fn.__name__} on {count} hidden case{'s' if count > 1 else ''}")


def _check(fn, this, wanted, within, dtype, names_from=None):
    """Judge one call and return its label. `names_from` has the parameters of `fn`."""
    key = fingerprint(this.args, this.kwargs)
    label = label_of(names_from or fn, this, fn.__name__)  # before the call can change it
    outcome = transport.current().outcome(fn, this, key)
    if outcome is None:
        return ""
    wanted = _expected(wanted)
    problem, slip = _verdict(label, outcome, this, wanted, within, dtype, fn.__name__)
    if not problem:
        _answers.append((fn.__name__, key, wanted))
        return label
    slip = hints.find(fn.__name__, key, outcome) or slip
    if slip:
        problem += f"\nLikely slip: {slip}"
    raise CheckFailed(problem, fn.__name__, key, outcome)


def _expected(wanted):
    """Return plain data; a list of numbers, or of lists of them, stands for an array."""
    if isinstance(wanted, list) and not isinstance(
        next(iter(wanted), 0), tuple | dict | str
    ):
        return np.array(wanted)
    return plain(wanted)


def _verdict(label, outcome, this, wanted, within, dtype, name):
    """Return (problem, likely slip), both empty when the outcome is right."""
    if outcome.error.startswith("NotImplementedError"):
        blank = raised_in(outcome) or name
        return f"{blank} is not written yet: its cell still raises NotImplementedError.", ""
    if this.raises is not None:
        return _verdict_on_error(label, outcome, this.raises), this.hint
    if outcome.error:
        return f"{label} stopped with {outcome.error}" + _at(outcome), this.hint
    if outcome.changed:
        return (
            f"{label} changed its argument `{outcome.changed[0]}`: "
            f"after the call its content is not what it was.",
            "work on a copy, or on a new array; the caller still needs the old one.",
        )
    if outcome.on_host:
        return f"{label} returned a NumPy array; expected an array of the library `xp`.", ""
    if not diagnosis.same(outcome.value, wanted, within):
        slip = _typed_in(name, outcome.value) or this.hint
        slip = slip or diagnosis.generic_slip(outcome.value, wanted, within)
        return diagnosis.explain(label, outcome.value, wanted, within), slip
    found = getattr(outcome.value, "dtype", type(outcome.value).__name__)
    if dtype and str(found) != dtype:
        return (
            f"{label} has the right values but dtype {found}; expected {dtype}.",
            this.hint,
        )
    return "", ""


def _verdict_on_error(label, outcome, raises):
    if not outcome.error:
        got = outcome.value
        single = not isinstance(got, tuple | list | dict) and np.ndim(got) == 0
        shown = diagnosis.show(got) if single else diagnosis.kind_of(got)
        return f"{label} returned {shown}; expected it to raise {raises.__name__}."
    if outcome.error.split(":")[0] != raises.__name__:
        found = f"{label} stopped with {outcome.error}"
        return f"{found}; expected it to raise {raises.__name__}." + _at(outcome)
    return ""


def raised_in(outcome) -> str:
    """Return the name of the learner's function that raised, where it is known."""
    found = re.search(r"of `(\w+)`", outcome.where)
    return found.group(1) if found else ""


def _at(outcome):
    return f"\n  in {outcome.where}" if outcome.where else ""


_answers: list[tuple] = []  # what earlier checks expected: (function, fingerprint, answer)


def forget():
    """Forget the answers that earlier checks expected."""
    _answers.clear()


def _typed_in(name, value):
    """Notice an answer that belongs to another call: it was copied, not computed."""
    known = [answer for function, _, answer in _answers if function == name]
    if value is not None and any(diagnosis.same(value, answer) for answer in known):
        return "this is the answer of an earlier example: does your code use its arguments?"
    return ""
