"""Batch normalisation and dropout against arithmetic and central differences."""

import numpy as np
import pytest

from helpers import layers


def fresh(C, dtype="float64"):
    """Running statistics before any training."""
    return {"mean": np.zeros(C, dtype), "var": np.ones(C, dtype)}


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(2.0, 3.0, shape)


def test_batch_norm_by_hand():
    x = np.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    state = fresh(1)
    out, _ = layers.batch_norm(x, np.array([5.0]), np.array([7.0]), state, eps=0.0)
    assert out.ravel().tolist() == [7 - 5, 7 + 5]
    assert state["mean"].tolist() == [0.9 * 0 + 0.1 * 2]
    assert state["var"].tolist() == pytest.approx([0.9 * 1 + 0.1 * (1 + 1) / (2 - 1)])


def test_batch_norm_in_training_and_after():
    x, gamma, beta = draw(1, 4, 3, 5, 2), draw(2, 3), draw(3, 3)
    state = {"mean": draw(4, 3), "var": draw(5, 3) ** 2}
    kept = {k: v.copy() for k, v in state.items()}
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    wide = [a[:, None, None] for a in (gamma, beta)]
    out, _ = layers.batch_norm(x, gamma, beta, state, True, momentum=0.25)
    expected = (x - mean) / np.sqrt(var + 1e-5) * wide[0] + wide[1]
    np.testing.assert_allclose(out, expected, atol=1e-12)
    np.testing.assert_allclose(state["mean"], 0.75 * kept["mean"] + 0.25 * mean.ravel())
    unbiased = var.ravel() * 40 / 39
    np.testing.assert_allclose(state["var"], 0.75 * kept["var"] + 0.25 * unbiased)
    kept = {k: v.copy() for k, v in state.items()}
    out, _ = layers.batch_norm(x[:1], gamma, beta, state, False)
    root = np.sqrt(kept["var"] + 1e-5)[:, None, None]
    expected = (x[:1] - kept["mean"][:, None, None]) / root * wide[0] + wide[1]
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert all(np.array_equal(state[k], kept[k]) for k in kept)


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_backward_equals_central_differences(train):
    arrays = [draw(6, 3, 2, 4, 3), draw(7, 2), draw(8, 2)]
    state = {"mean": draw(9, 2), "var": draw(10, 2) ** 2}
    dout = draw(11, 3, 2, 4, 3)

    def value(*moved):
        return (dout * layers.batch_norm(*moved, dict(state), train)[0]).sum()

    _, cache = layers.batch_norm(*arrays, dict(state), train)
    before = [c.copy() if hasattr(c, "copy") else c for c in cache]
    gradients = layers.batch_norm_backward(dout, cache)
    assert all(np.array_equal(a, b) for a, b in zip(before, cache, strict=True))
    for k, got in enumerate(gradients):
        expected = np.zeros_like(arrays[k])
        for index in np.ndindex(expected.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [a.copy() for a in arrays]
                moved[k][index] += step
                ends.append(value(*moved))
            expected[index] = (ends[0] - ends[1]) / 2e-5
        assert np.abs(got - expected).max() <= 1e-6 * np.abs(expected).max()
    if train:
        np.testing.assert_allclose(gradients[0].sum((0, 2, 3)), 0, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_and_untouched_inputs(dtype):
    x = np.asfortranarray(draw(12, 3, 2, 4, 5).astype(dtype))
    gamma, beta, state = (
        draw(13, 2).astype(dtype),
        draw(14, 2).astype(dtype),
        fresh(2, dtype),
    )
    copies = [a.copy() for a in (x, gamma, beta)]
    for train in (True, False):
        out, cache = layers.batch_norm(x, gamma, beta, state, train)
        results = [out, *layers.batch_norm_backward(x, cache), *state.values()]
        assert {a.dtype for a in results} == {np.dtype(dtype)}
    out, mask = layers.dropout(x, 0.5, np.random.default_rng(1))
    assert (
        out.dtype == mask.dtype == layers.dropout_backward(x, mask).dtype == np.dtype(dtype)
    )
    assert all(np.array_equal(a, b) for a, b in zip(copies, (x, gamma, beta), strict=True))


def test_dropout():
    x = np.ones((50, 4, 30, 20), "float32")
    out, mask = layers.dropout(x, 0.25, np.random.default_rng(5))
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(float(out.mean()) - 1) < 0.01
    assert np.array_equal(layers.dropout_backward(2 * x, mask), 2 * out)
    again, _ = layers.dropout(np.asfortranarray(x), 0.25, np.random.default_rng(5))
    assert np.array_equal(out, again)
    rng = np.random.default_rng(5)
    first, second = (layers.dropout(x, 0.25, rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    for p, train in ((0.25, False), (0.0, True)):
        same, mask = layers.dropout(x, p, rng, train)
        assert np.array_equal(same, x) and mask is None
        assert np.array_equal(layers.dropout_backward(x, mask), x)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: layers.batch_norm(
                np.ones((2, 3, 4, 4)), np.ones(2), np.ones(3), fresh(3)
            ),
            ["gamma", "(2,)", "3 channels"],
        ),
        (
            lambda: layers.batch_norm(
                np.ones((2, 3, 4, 4)), np.ones(3), np.ones(3), fresh(4)
            ),
            ["mean", "(4,)", "3 channels"],
        ),
        (
            lambda: layers.batch_norm(
                np.ones((1, 3, 1, 1)), np.ones(3), np.ones(3), fresh(3)
            ),
            ["(1, 3, 1, 1)", "1 value", "train=False"],
        ),
        (
            lambda: layers.batch_norm_backward(
                np.ones((2, 3, 4, 5)),
                layers.batch_norm(np.ones((2, 3, 4, 4)), np.ones(3), np.ones(3), fresh(3))[
                    1
                ],
            ),
            ["(2, 3, 4, 5)", "(2, 3, 4, 4)"],
        ),
        (lambda: layers.dropout(np.ones((2, 3)), 1.0, None), ["p is 1.0", "below 1"]),
        (lambda: layers.dropout(np.ones((2, 3)), -0.1, None), ["p is -0.1"]),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)
