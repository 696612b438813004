"""Softmax and cross-entropy: closed forms, extremes and central differences."""

import math

import numpy as np
import pytest

from helpers.losses import cross_entropy, softmax


def test_softmax_by_hand():
    p = softmax(np.array([[0.0, math.log(3.0)], [5.0, 5.0]]))
    np.testing.assert_allclose(p, [[1 / 4, 3 / 4], [1 / 2, 1 / 2]], rtol=1e-14)


def test_equal_scores_cost_the_logarithm_of_the_classes():
    loss, dz = cross_entropy(np.full((2, 5), 7.0), np.array([0, 3]))
    assert float(loss) == pytest.approx(math.log(5), rel=1e-14)
    expected = np.full((2, 5), 0.2 / 2)
    expected[[0, 1], [0, 3]] -= 1 / 2
    np.testing.assert_allclose(dz, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_scores_stay_finite(dtype):
    z = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype)
    loss, dz = cross_entropy(z, np.array([1, 2]))
    assert float(loss) == pytest.approx((2e4 + math.log(2)) / 2)
    np.testing.assert_allclose(dz, [[0.5, -0.5, 0], [0, 0.25, -0.25]], atol=1e-7)
    assert loss.dtype == dz.dtype == softmax(z).dtype == np.dtype(dtype)


def test_gradient_equals_central_differences():
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(4, 3)) * 3, np.array([2, 0, 1, 2])
    copy = z.copy()
    _, dz = cross_entropy(z, y)
    assert np.array_equal(z, copy)
    for index in np.ndindex(z.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = z.copy()
            moved[index] += step
            ends.append(cross_entropy(moved, y)[0])
        assert dz[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(dz.sum(1), 0, atol=1e-16)


@pytest.mark.parametrize(
    ("z", "y", "words"),
    [
        (np.ones((2, 3)), [0, 1, 2], ["(3,)", "(2, 3)"]),
        (np.ones((2, 3)), [0.0, 1.0], ["float64", "whole number"]),
        (np.ones((2, 3)), [0, 3], ["0 to 3", "0 to 2"]),
        (np.ones((2, 3)), [-1, 2], ["-1 to 2", "0 to 2"]),
        (np.ones(3), [0], ["(3,)", "(N, K)"]),
        (np.ones((2, 3), int), [0, 1], ["int64", "floating"]),
        (np.ones((0, 3)), np.zeros(0, int), ["no rows"]),
        (np.ones((2, 0)), [0, 0], ["(2, 0)"]),
    ],
)
def test_bad_input_is_named(z, y, words):
    with pytest.raises(ValueError) as caught:
        cross_entropy(z, np.array(y))
    for word in words:
        assert word in str(caught.value)
