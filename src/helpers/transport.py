"""How checks make their calls: here and now, written down for elsewhere, or replayed.

A check hands each call to the transport in use. `Direct` makes it, which is what a
notebook does. `Collect` only writes it down, and `Replay` returns what came of it in
another process.
"""

import contextlib

from helpers.calls import Outcome, call, encode, plain


class Direct:
    """Make the calls here and judge them here: what a notebook does."""

    judges = True

    def outcome(self, fn, this, key):
        """Call the function."""
        return call(fn, this.args, this.kwargs)


class Collect:
    """Write the calls down as JSON-ready data; make none and judge none."""

    judges = False

    def __init__(self):
        self.calls = []

    def outcome(self, fn, this, key):
        """Note the call; there is no outcome yet."""
        arguments = {k: encode(_portable(v)) for k, v in this.kwargs.items()}
        self.calls.append(
            {
                "function": fn.__name__,
                "probe": None if getattr(fn, "is_stand_in", False) else encode(fn),
                "args": [encode(_portable(a)) for a in this.args],
                "kwargs": arguments,
            }
        )


def _portable(value):
    return value if callable(value) else plain(value)


class Replay:
    """Judge outcomes that were recorded elsewhere, in the order of the calls."""

    judges = True

    def __init__(self, outcomes: list[Outcome]):
        self.outcomes = iter(outcomes)

    def outcome(self, fn, this, key):
        """Return the next recorded outcome."""
        return next(self.outcomes)


_current = Direct()


def current():
    """Return the way in which calls are made at the moment."""
    return _current


@contextlib.contextmanager
def using(transport):
    """Let all checks inside the ``with`` block make their calls through `transport`."""
    global _current
    before, _current = _current, transport
    try:
        yield transport
    finally:
        _current = before
