"""Optimizers in closed form, three steps at a time."""

import numpy as np
import pytest

from helpers.optimizers import SGD, Adam, Momentum, cosine

GRADS = [2.0, -1.0, 4.0]


def run(make, dtype="float64"):
    """Take three steps on a scalar and on a matrix whose gradients are GRADS times k."""
    params = [np.ones((), dtype), np.arange(6.0, dtype=dtype).reshape(2, 3).T]
    k = np.arange(1.0, 7.0, dtype=dtype).reshape(3, 2)
    optimizer, path = make(params), []
    for g in GRADS:
        grads = [np.asarray(g, dtype), (g * k).astype(dtype)]
        copies = [a.copy() for a in grads]
        optimizer.step(grads)
        assert all(np.array_equal(a, b) for a, b in zip(grads, copies, strict=True))
        path.append([p.copy() for p in params])
    assert params[1].dtype == np.dtype(dtype)
    return path


def test_sgd():
    path = run(lambda p: SGD(p, 0.1))
    assert [float(p[0]) for p in path] == pytest.approx([1 - 0.2, 1 - 0.1, 1 - 0.5])
    start = np.arange(6.0).reshape(2, 3).T
    k = np.arange(1.0, 7.0).reshape(3, 2)
    np.testing.assert_allclose(path[-1][1], start - 0.1 * (2 - 1 + 4) * k)


def test_momentum():
    path = run(lambda p: Momentum(p, 0.1, 0.5))
    v1, v2 = 2, 0.5 * 2 - 1
    v3 = 0.5 * v2 + 4
    expected = [1 - 0.1 * v1, 1 - 0.1 * (v1 + v2), 1 - 0.1 * (v1 + v2 + v3)]
    assert [float(p[0]) for p in path] == pytest.approx(expected)


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_adam(decay):
    path = run(lambda p: Adam(p, 0.1, (0.8, 0.9), 1e-3, decay))
    m = v = 0.0
    value = 1.0
    for t, g in enumerate(GRADS, 1):
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g
        value *= 1 - 0.1 * decay
        value -= 0.1 * (m / (1 - 0.8**t)) / ((v / (1 - 0.9**t)) ** 0.5 + 1e-3)
        assert float(path[t - 1][0]) == pytest.approx(value, rel=1e-12)


def test_first_adam_step_has_the_length_of_the_learning_rate():
    path = run(lambda p: Adam(p, 0.01))
    start = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_allclose(path[0][1], start - 0.01, rtol=1e-6)


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
def test_weight_decay_is_apart_from_the_gradient(kind):
    p = [np.array([2.0, 4.0])]
    kind(p, 0.1, weight_decay=0.5).step([np.zeros(2)])
    np.testing.assert_allclose(p[0], [2 * 0.95, 4 * 0.95])


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
def test_float32_stays_and_a_new_learning_rate_counts(kind):
    run(lambda p: kind(p, 0.1), "float32")
    p = [np.array([2.0])]
    optimizer = kind(p, 0.1)
    optimizer.learning_rate = 0.0
    optimizer.step([np.array([5.0])])
    assert p[0].tolist() == [2.0]


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="empty"):
        SGD([])
    with pytest.raises(ValueError, match="learning_rate is -1"):
        Adam([np.ones(2)], -1)
    with pytest.raises(ValueError, match="weight_decay is -1"):
        Adam([np.ones(2)], 1, weight_decay=-1)
    with pytest.raises(ValueError, match=r"\[\(3,\)\].*\[\(2,\)\]"):
        SGD([np.ones(2)]).step([np.ones(3)])


def test_cosine():
    rates = [cosine(t, 10, 0.5, warmup=2, floor=0.1) for t in range(11)]
    assert rates[:3] == pytest.approx([0.25, 0.5, 0.5])
    assert rates[6] == pytest.approx((0.5 + 0.1) / 2)
    assert rates[10] == pytest.approx(0.1)
    assert all(a >= b for a, b in zip(rates[1:], rates[2:], strict=False))
    with pytest.raises(ValueError, match="warmup is 5 of 5"):
        cosine(0, 5, 1.0, warmup=5)
