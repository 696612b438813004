"""The messages of checks: found, expected, where, likely slip."""

import json

import numpy as np
import pytest

from helpers import checking, hints
from helpers.calls import Outcome, call, decode, encode, fingerprint, plain
from helpers.checking import CheckFailed, case, expect, expect_like
from helpers.diagnosis import explain, generic_slip, same
from helpers.judging import judge


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """Work where no hints lie, and forget what other tests expected."""
    monkeypatch.chdir(tmp_path)
    checking.forget()


def failure(*args, **kwargs):
    with pytest.raises(CheckFailed) as caught:
        expect(*args, **kwargs)
    return str(caught.value)


def double(x):
    return 2 * x


def test_a_right_answer_is_named_and_says_nothing_else(capsys):
    expect(double, np.array([1.0, 2.0]), gives=[2, 4])
    assert capsys.readouterr().out == "✓ double(x=[1. 2.])\n"


def test_a_wrong_value_gives_found_expected_and_where():
    message = failure(double, np.ones((2, 3)), gives=np.full((2, 3), 3.0))
    assert message.startswith(
        "double(x 2×3) differs in 6 of 6 entries. "
        "The first is at [0, 0]: found 2, expected 3."
    )
    assert "found    [[2. 2. 2.]" in message and "expected [[3. 3. 3.]" in message


def test_a_wrong_shape_is_told_before_values():
    assert "has shape (2, 3); expected (3, 2)" in failure(
        double, np.ones((2, 3)), gives=np.ones((3, 2))
    )


def test_none_asks_for_the_return():
    def forgets(x):
        double(x)

    message = failure(forgets, np.ones(3), gives=[2.0, 2.0, 2.0])
    assert (
        "returned None; expected an array of shape (3,). Does it end with `return`?"
        in message
    )


def test_an_exception_is_quoted_with_the_learners_line():
    def breaks(x):
        return x[7]

    message = failure(breaks, np.ones(3), gives=1.0)
    assert (
        "breaks(x=[1. 1. 1.]) stopped with IndexError: index 7 is out of bounds" in message
    )
    assert "line " in message and "return x[7]" in message


def test_sys_exit_is_an_error_of_the_answer_and_not_of_the_check():
    def leaves(x):
        raise SystemExit(1)

    assert "stopped with SystemExit" in failure(leaves, 1, gives=1)


def test_an_empty_stub_is_called_what_it_is():
    def stub(x):
        raise NotImplementedError

    assert failure(stub, 1, gives=1).startswith("stub is not written yet")


def test_an_empty_stub_below_a_probe_is_named_itself():
    def stub(x):
        raise NotImplementedError

    def probe(x):
        return stub(x) + 1

    assert failure(probe, 1, gives=1).startswith("stub is not written yet")


@pytest.mark.parametrize("spoil", [lambda x: x.fill(0), lambda x: x.__setitem__(0, np.nan)])
def test_a_changed_argument_is_named(spoil):
    def careless(values):
        answer = values.sum()
        spoil(values)
        return answer

    assert "changed its argument `values`" in failure(careless, np.ones(4), gives=4.0)


def test_an_array_inside_a_tuple_is_moved_copied_and_watched():
    def careless(cache):
        cache[0][...] = 0
        return 1

    def cases(rng):
        yield ((rng.standard_normal(3), 2),)

    message = failure(careless, (np.ones(2), [float("nan")]), gives=1)
    assert "changed its argument `cache`" in message
    expect(lambda cache: 1, (np.ones(2), [float("nan")]), gives=1)
    with pytest.raises(CheckFailed, match="changed its argument `cache`"):
        expect_like(careless, lambda cache: cache[0].fill(9) or 1, cases)


def test_a_list_argument_that_grows_is_noticed():
    def careless(layers):
        layers.append(1)
        return 0

    assert "changed its argument `layers`" in failure(careless, [(3, 1)], gives=0)


def test_a_missing_error_and_a_wrong_error_are_told_apart():
    def wrong(x):
        raise KeyError(x)

    assert "double(x=1) returned 2; expected it to raise ValueError" in failure(
        double, 1, raises=ValueError
    )
    assert "KeyError: 1" in failure(wrong, 1, raises=ValueError)
    assert "returned a tuple of 2 values; expected it to raise" in failure(
        lambda x: (np.ones(2), np.ones(3)), 1, raises=ValueError
    )


def test_a_dtype_is_checked_after_the_values():
    message = failure(double, np.ones(2, "float32"), gives=[2, 2], dtype="float64")
    assert "right values but dtype float32; expected float64" in message


def test_an_object_that_equals_everything_is_not_equal():
    class Yes:
        def __eq__(self, other):
            return True

    message = failure(lambda x: Yes(), 1, gives=2)
    assert "returned an object of type Yes; expected a number" in message


@pytest.mark.parametrize(
    "found, expected, agree",
    [
        (1.0, 1.0 + 1e-9, True),
        (1.0, 1.0 + 1e-5, False),
        (np.float64(3.0), 3, True),
        (np.ones(2, "float32") * 1.00001, np.ones(2), True),
        (np.ones(2) * 1.00001, np.ones(2), False),
        (np.array([np.nan, 1]), np.array([np.nan, 1]), True),
        (np.array([np.nan, 1]), np.array([0.0, 1]), False),
        (np.array([np.inf, 1]), np.array([np.inf, 1]), True),
        (float("nan"), 1.0, False),
        ((1, 2), [1, 2], True),
        ((1, 2), (1, 2, 3), False),
        (True, True, True),
        (1, True, False),
        (np.array(True), True, True),
        ("same", "same", True),
        (None, 0.0, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"b": 1}, False),
        (np.ones((1, 3)), np.ones(3), False),
        (np.array(["1"]), np.array([1.0]), False),
        (1e-8, 0.0, False),
        (1e-12, 0.0, True),
    ],
)
def test_same(found, expected, agree):
    assert same(plain(found), plain(expected)) is agree


def test_long_lists_and_flags_are_readable():
    layers = [(3, 1, 0, 1)] * 9
    assert failure(len, layers, gives=8).startswith(
        "len(obj=[(3, 1, 0, 1), (3, 1, 0, 1), ...]) returned 9"
    )
    flags = np.array([True, False, True])
    assert "found True, expected False" in explain("f()", flags, ~flags)


def test_explain_never_calls_equal_things_different():
    for value in ({"a": np.ones(2)}, (1, 2)):
        with pytest.raises(ValueError, match="agree"):
            explain("f()", value, value)


def test_explain_goes_into_tuples_and_dictionaries():
    assert explain("f()", (1, np.ones(2)), (1, np.zeros(2))).startswith(
        "f()[1] differs in 2 of 2"
    )
    assert explain("f()", {"a": 1.0}, {"a": 2.0}) == "f()['a'] returned 1; expected 2."
    assert explain("f(), small,", (np.ones(2), 1), (np.zeros(2), 1)).startswith(
        "entry 0 of f(), small, differs in 2 of 2"
    )
    assert explain("f()", (1, 2), (1, 3)) == "f() returned (1, 2); expected (1, 3)."
    assert explain("f()", (1,), (1, 2)) == "f() returned 1 values; expected 2."
    assert "expected a tuple of 2 values" in explain("f()", 3, (1, 2))


base = np.array([[1.3, -2.2, 3.7], [4.9, 5.1, -6.6]])


@pytest.mark.parametrize(
    "found, words",
    [
        (base.T, "transposed"),
        (-base, "sign"),
        (base * 0.5, "0.5 times"),
        (base + 2.5, "off by 2.5"),
        (base[::-1, ::-1], "180 degrees"),
        (np.trunc(base).astype(int), "decimals are cut off"),
        (np.zeros_like(base), "every entry is 0"),
        (base + np.arange(6).reshape(2, 3), ""),
        (np.full_like(base, np.nan), ""),
    ],
)
def test_generic_slips_are_recognised_from_the_numbers(found, words):
    slip = generic_slip(found, base)
    assert words in slip and bool(slip) == bool(words)


def test_hidden_cases_follow_the_seed(monkeypatch):
    def seen(seed):
        monkeypatch.setenv("COURSE_SEED", seed)
        values = []

        def cases(rng):
            values.append(rng.integers(1000))
            yield (np.ones(2),)

        expect_like(double, double, cases)
        return values[0]

    assert seen("1") == seen("1") != seen("2")


def test_hidden_cases_name_what_is_special_and_give_their_hint():
    def cases(rng):
        yield case(np.ones(2), note="a tiny case", hint="multiply by three.")

    with pytest.raises(CheckFailed) as caught:
        expect_like(double, lambda x: np.array([3.0, 4.0]), cases)
    assert "double(x=[1. 1.]), a tiny case, differs" in str(caught.value)
    assert str(caught.value).endswith("Likely slip: multiply by three.")


def test_no_hidden_case_is_an_error_of_the_lesson():
    with pytest.raises(ValueError, match="empty"):
        expect_like(double, double, lambda rng: iter(()))


def test_the_reference_cannot_spoil_the_case():
    def spoils(x):
        answer = 2 * x
        x[...] = 0
        return answer

    expect_like(double, spoils, lambda rng: iter([(np.ones(3),)]))


def test_an_answer_typed_in_from_an_example_is_recognised():
    typed = np.array([2.0, 4.0])
    expect(lambda x: typed, np.array([1.0, 2.0]), gives=[2, 4])
    message = failure(lambda x: typed, np.array([5.0, 6.0]), gives=[10, 12])
    assert "does your code use its arguments?" in message


def test_a_stored_slip_brings_up_its_hint_and_only_for_its_call(tmp_path):
    x = np.array([1.0, 2.0])
    stored = hints.outline(Outcome(3 * x))
    slip = {
        "function": "triple",
        "call": fingerprint((x,), {}),
        "outcome": stored,
        "hint": "twice is not three times.",
    }
    (tmp_path / "hints.json").write_text(json.dumps({"slips": [slip]}))

    def triple(x):
        return 3 * x

    assert failure(triple, x, gives=2 * x).endswith(
        "Likely slip: twice is not three times."
    )
    assert "twice is not" not in failure(triple, x + 1, gives=2 * x)
    assert "twice is not" not in failure(double, x, gives=x)


def test_large_answers_are_recognised_by_a_sample():
    large = np.random.default_rng(0).standard_normal((40, 50))
    stored = json.loads(json.dumps(hints.outline(Outcome(large))))
    assert len(json.dumps(stored)) < 4000
    assert hints.matches(stored, Outcome(large + 1e-9))
    assert not hints.matches(stored, Outcome(large + 1))
    assert not hints.matches(stored, Outcome(large[:-1]))


def test_a_right_answer_that_spoils_its_input_is_no_other_slip():
    stored = hints.outline(Outcome(np.ones(2)))
    assert hints.matches(stored, Outcome(np.ones(2)))
    assert not hints.matches(stored, Outcome(np.ones(2), changed=["x"]))
    spoiled = hints.outline(Outcome(np.ones(2), changed=["x"]))
    assert hints.matches(spoiled, Outcome(np.ones(2), changed=["x"]))


def test_errors_are_recognised_by_their_text():
    stored = hints.outline(Outcome(error="IndexError: out"))
    assert hints.matches(stored, Outcome(error="IndexError: out"))
    assert not hints.matches(stored, Outcome(error="IndexError: else"))
    assert not hints.matches(stored, Outcome(1.0))


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([[1, 2]], dtype="int32"),
        np.array([True, False]),
        np.array([1 + 2j, 3.5]),
        np.array([np.nan, np.inf, -np.inf]),
        np.zeros((0, 3)),
        np.array(3.5),
        (1, [2.5, "x"], None, True),
        {"a": (1, np.ones(2))},
        float("nan"),
        2.0,
        1 + 2j,
    ],
)
def test_values_cross_as_json_and_come_back_the_same(value):
    back = decode(json.loads(json.dumps(encode(plain(value)))))
    assert type(back) is type(plain(value))
    if isinstance(value, np.ndarray):
        assert back.dtype == value.dtype and back.shape == value.shape
        assert np.array_equal(back, value, equal_nan=value.dtype.kind in "fc")
    elif value == value:
        assert repr(back) == repr(plain(value))


def test_a_function_crosses_as_source():
    def predict(x):
        return xp.sum(x) > 1  # noqa: F821

    back = decode(json.loads(json.dumps(encode(predict))))
    assert back(np.ones(3)) and not back(np.zeros(3))


def test_fingerprints_tell_arguments_apart():
    prints = [
        fingerprint(args, kwargs)
        for args, kwargs in [
            ((np.ones((2, 3)),), {}),
            ((np.ones((3, 2)),), {}),
            ((np.zeros((2, 3)),), {}),
            ((np.ones((2, 3)), 1), {}),
            ((np.ones((2, 3)),), {"stride": 1}),
            ((np.ones((2, 3)),), {"stride": 2}),
            (([1, 2],), {}),
            (((1,), (2,)), {}),
            ((double,), {}),
        ]
    ]
    assert len(set(prints)) == len(prints)
    nearly = np.full((2, 3), 1 + 1e-12)
    assert fingerprint((nearly,), {}) == prints[0]
    assert fingerprint((np.ones((2, 3), int),), {}) == prints[0]


def test_a_call_keeps_no_reference_to_the_learners_array():
    kept = np.ones(3)
    outcome = call(lambda x: kept, (1,), {})
    kept[:] = 7
    assert outcome.value.tolist() == [1, 1, 1]


def good(x):
    return x + 1


def off_by_two(x):
    return x + 2


def does_nothing(x):
    return x


def test_a_learners_test_is_judged_by_what_it_rejects(capsys):
    def tests_well(candidate):
        assert candidate(1) == 2

    judge(tests_well, [good], [(off_by_two, "a"), (does_nothing, "b")], at_least=2)
    assert "rejects 2 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda candidate: None, "It accepts off_by_two.\nLikely slip: ask for one."),
        (lambda candidate: candidate.missing, "rejects good, which is right"),
    ],
)
def test_a_weak_or_broken_test_is_told_why(answer, words):
    with pytest.raises(CheckFailed, match=".*") as caught:
        judge(
            answer, [good], [(off_by_two, "ask for one."), (does_nothing, "b")], at_least=1
        )
    assert words in str(caught.value)


def test_notebooks_show_the_message_without_a_traceback():
    error = CheckFailed("found 1, expected 2")
    assert error._render_traceback_() == ["\x1b[1m✗\x1b[0m found 1, expected 2"]
