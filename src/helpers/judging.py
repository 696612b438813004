"""Grade a test that the learner wrote: by what it accepts and what it rejects."""

from helpers import hints, transport
from helpers.calls import Outcome, fingerprint
from helpers.checking import Case, CheckFailed


def judge(test, right, wrong, at_least):
    """Check that a learner's test accepts right functions and rejects wrong ones.

    Parameters
    ----------
    test : function
        ``test(candidate)`` raises an exception, usually by ``assert``, when the candidate
        is wrong, and returns None otherwise.
    right : list of function
        All must be accepted.
    wrong : list of (function, str)
        Wrong functions, each with the hint to give when the test accepts it.
    at_least : int
        How many of the wrong functions must be rejected.

    Raises
    ------
    CheckFailed
        Naming the first right function that was rejected, or a wrong one that was accepted.
    """
    outcomes = [_try(test, function) for function in right]
    verdicts = [_try(test, function) for function, _ in wrong]
    if None in outcomes + verdicts:  # the calls were only written down
        return
    for function, outcome in zip(right, outcomes, strict=True):
        if outcome.error.startswith("NotImplementedError"):
            raise CheckFailed(f"{test.__name__} is not written yet.", test.__name__)
        if outcome.error:
            _reject_a_right_one(test.__name__, function.__name__, outcome)
    _count_rejections(test.__name__, wrong, verdicts, at_least)


def _reject_a_right_one(name, function, outcome):
    at = f"\n  in {outcome.where}" if outcome.where else ""
    slip = hints.find(name, "right", outcome)
    raise CheckFailed(
        f"{name} rejects {function}, which is right: {outcome.error}{at}"
        + (f"\nLikely slip: {slip}" if slip else ""),
        name,
        "right",
        outcome,
    )


def _try(test, function):
    this = Case((function,))
    return transport.current().outcome(test, this, fingerprint(this.args, {}))


def _count_rejections(name, wrong, verdicts, at_least):
    accepted = [
        (function.__name__, hint)
        for (function, hint), outcome in zip(wrong, verdicts, strict=True)
        if not outcome.error
    ]
    rejected = len(wrong) - len(accepted)
    if rejected >= at_least:
        print(
            f"✓ {name} accepts what is right and rejects {rejected} of {len(wrong)} wrong"
        )
        return
    outcome = Outcome([function for function, _ in accepted])
    slip = hints.find(name, "wrong", outcome) or accepted[0][1]
    raise CheckFailed(
        f"{name} rejects {rejected} of {len(wrong)} wrong functions; expected at least "
        f"{at_least}. It accepts {accepted[0][0]}.\nLikely slip: {slip}",
        name,
        "wrong",
        outcome,
    )
