"""Pooling, linear, relu, flatten and add against definitions and central differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import layers

POOLS = [
    # (H, W), size, stride: tiles, leftovers, overlaps
    ((6, 8), (2, 2), 2),
    ((7, 5), (3, 2), 2),
    ((5, 5), (3, 3), 1),
    ((7, 9), (2, 3), None),
    ((4, 6), 1, (2, 3)),
]


def draw(seed, *shape):
    """Normal numbers, all below zero for most draws."""
    return np.random.default_rng(seed).normal(size=shape) - 3


def slow_pool(x, size, stride, reduce):
    """Visit every window."""
    KH, KW = np.broadcast_to(size, 2)
    sh, sw = np.broadcast_to(size if stride is None else stride, 2)
    rows = range(0, x.shape[2] - KH + 1, sh)
    columns = range(0, x.shape[3] - KW + 1, sw)
    return np.array(
        [[reduce(x[:, :, i : i + KH, j : j + KW]) for j in columns] for i in rows]
    ).transpose(2, 3, 0, 1)


def slow_max_backward(dout, x, size, stride):
    """Visit every window and look for its first maximum."""
    KH, KW = np.broadcast_to(size, 2)
    sh, sw = np.broadcast_to(size if stride is None else stride, 2)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * sh : i * sh + KH, j * sw : j * sw + KW]
        p, q = divmod(int(window.argmax()), KW)
        dx[n, c, i * sh + p, j * sw + q] += dout[n, c, i, j]
    return dx


def central_difference(fn, x, dout, h=1e-5):
    """Gradient of sum(dout * fn(x))."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        ends = []
        for step in (h, -h):
            moved = x.copy()
            moved[index] += step
            ends.append((dout * fn(moved)).sum())
        grad[index] = (ends[0] - ends[1]) / (2 * h)
    return grad


@pytest.mark.parametrize(("size_in", "size", "stride"), POOLS)
def test_pooling_equals_the_definition(size_in, size, stride):
    x = draw(1, 2, 3, *size_in)
    mean = slow_pool(x, size, stride, lambda a: a.mean((2, 3)))
    top = slow_pool(x, size, stride, lambda a: a.max((2, 3)))
    np.testing.assert_allclose(layers.avg_pool2d(x, size, stride), mean, atol=1e-14)
    assert np.array_equal(layers.max_pool2d(x, size, stride), top)
    dout = draw(2, *top.shape)
    dx = layers.max_pool2d_backward(dout, x, size, stride)
    np.testing.assert_allclose(dx, slow_max_backward(dout, x, size, stride), atol=1e-14)
    np.testing.assert_allclose(
        dx,
        central_difference(lambda a: layers.max_pool2d(a, size, stride), x, dout),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        layers.avg_pool2d_backward(dout, x.shape, size, stride),
        central_difference(lambda a: layers.avg_pool2d(a, size, stride), x, dout),
        rtol=1e-6,
        atol=1e-9,
    )
    again = layers.max_pool2d_backward(dout, x, size, stride, out=top)
    assert np.array_equal(again, dx)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_max_pool_with_many_ties(data):
    """Few different values: the first maximum of each window takes the gradient."""
    pick = [data.draw(st.integers(1, 3)) for _ in range(4)]
    size, stride = tuple(pick[:2]), tuple(pick[2:])
    shape = (2, 3, data.draw(st.integers(3, 8)), data.draw(st.integers(3, 7)))
    x = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-3, 0, shape) * 1.0
    out = layers.max_pool2d(x, size, stride)
    assert np.array_equal(out, slow_pool(x, size, stride, lambda a: a.max((2, 3))))
    dout = draw(3, *out.shape)
    dx = layers.max_pool2d_backward(dout, x, size, stride)
    np.testing.assert_allclose(dx, slow_max_backward(dout, x, size, stride), atol=1e-13)


def test_max_pool_backward_by_hand():
    x = np.array([[[[1.0, 4.0, 4.0], [4.0, 0.0, 9.0]]]])
    dout = np.array([[[[10.0, 7.0]]]])
    dx = layers.max_pool2d_backward(dout, x, 2, 1)
    assert dx.tolist() == [[[[0, 10, 0], [0, 0, 7]]]]
    same = layers.max_pool2d_backward(dout, np.full((1, 1, 2, 3), -3.0), 2, 1)
    assert same.tolist() == [[[[10, 7, 0], [0, 0, 0]]]]


@pytest.mark.parametrize("kind", ["avg", "max"])
def test_global_pooling(kind):
    x = draw(4, 2, 3, 4, 5)
    out = layers.global_pool2d(x, kind)
    expected = x.mean((2, 3)) if kind == "avg" else x.max((2, 3))
    np.testing.assert_allclose(out, expected, atol=1e-14)
    dout = draw(5, 2, 3)
    dx = layers.global_pool2d_backward(dout, x, kind)
    expected = central_difference(lambda a: layers.global_pool2d(a, kind), x, dout)
    np.testing.assert_allclose(dx, expected, rtol=1e-6, atol=1e-9)


def test_linear_by_hand_and_by_differences():
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    w = np.array([[1.0, 0.0, -1.0]])
    assert layers.linear(x, w, np.array([10.0])).tolist() == [[1 - 3 + 10], [4 - 6 + 10]]
    x, w, b, dout = draw(6, 2, 5), draw(7, 3, 5), draw(8, 3), draw(9, 2, 3)
    dx, dw, db = layers.linear_backward(dout, x, w)
    for got, fn, a in [
        (dx, lambda a: layers.linear(a, w, b), x),
        (dw, lambda a: layers.linear(x, a, b), w),
        (db, lambda a: layers.linear(x, w, a), b),
    ]:
        np.testing.assert_allclose(got, central_difference(fn, a, dout), rtol=1e-6)


def test_relu():
    x = np.array([[-2.0, 0.0, 3.0]])
    assert layers.relu(x).tolist() == [[0, 0, 3]]
    for shape in [(), (3,), (2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5)]:
        a = draw(17, *shape) + 3
        assert np.array_equal(layers.relu(a), a * (a > 0))
    assert layers.relu_backward(np.array([[5.0, 6.0, -7.0]]), x).tolist() == [[0, 0, -7]]


def test_flatten_keeps_the_order_and_comes_back():
    x = draw(10, 2, 3, 4, 5)
    flat = layers.flatten(x)
    assert np.array_equal(flat, x.reshape(2, 60))
    last = np.ascontiguousarray(x.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)
    assert np.array_equal(layers.flatten(last), flat)
    assert layers.flatten(last).T.flags.c_contiguous
    assert np.array_equal(layers.flatten_backward(flat, x.shape), x)
    assert layers.flatten(x[:0]).shape == (0, 60)


def test_add():
    x, y = draw(11, 2, 3), draw(12, 2, 3)
    assert np.array_equal(layers.add(x, y), x + y)
    assert all(np.array_equal(d, x) for d in layers.add_backward(x))


def calls(x4, x2, dtype):
    """Every layer of this file once: name, function, arrays."""
    w, b = draw(13, 4, x2.shape[1]).astype(dtype), draw(14, 4).astype(dtype)
    pooled = np.ones((*x4.shape[:2], x4.shape[2] // 2, x4.shape[3] // 2), dtype)
    maps, rows = np.ones(x4.shape[:2], dtype), np.ones((len(x2), 4), dtype)
    return [
        (layers.max_pool2d, x4, 2),
        (layers.max_pool2d_backward, pooled, x4, 2),
        (layers.avg_pool2d, x4, 2),
        (layers.avg_pool2d_backward, pooled, x4.shape, 2),
        (layers.global_pool2d, x4, "avg"),
        (layers.global_pool2d, x4, "max") if x4.size else (layers.relu, x4),
        (layers.global_pool2d_backward, maps, x4, "max"),
        (layers.global_pool2d_backward, maps, x4, "avg"),
        (layers.linear, x2, w, b),
        (layers.linear_backward, rows, x2, w),
        (layers.relu, x4),
        (layers.relu_backward, x4, x4),
        (layers.flatten, x4),
        (layers.add, x2, x2),
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("N", [0, 1, 3])
def test_types_orders_and_untouched_inputs(dtype, N):
    x4, x2 = draw(15, N, 2, 4, 6).astype(dtype), draw(16, N, 5).astype(dtype)
    fortran = [
        [np.asfortranarray(a) if isinstance(a, np.ndarray) else a for a in call]
        for call in calls(x4, x2, dtype)
    ]
    for (fn, *plain), (_, *other) in zip(calls(x4, x2, dtype), fortran, strict=True):
        before = [a.copy() for a in other if isinstance(a, np.ndarray)]
        for a in other:
            if isinstance(a, np.ndarray):
                a.flags.writeable = False
        got, expected = fn(*other), fn(*plain)
        pairs = (
            zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]
        )
        for g, e in pairs:
            assert g.dtype == np.dtype(dtype), fn.__name__
            np.testing.assert_allclose(g, e, rtol=1e-5, err_msg=fn.__name__)
        after = [a for a in other if isinstance(a, np.ndarray)]
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.max_pool2d(np.ones((1, 2, 3, 4)), 5), ["spans 5", "only 3"]),
        (lambda: layers.max_pool2d(np.ones((2, 3, 4)), 2), ["(2, 3, 4)", "expected 4"]),
        (
            lambda: layers.max_pool2d_backward(
                np.ones((1, 1, 3, 3)), np.ones((1, 1, 4, 4)), 2
            ),
            ["(1, 1, 3, 3)", "(1, 1, 2, 2)"],
        ),
        (
            lambda: layers.avg_pool2d_backward(np.ones((1, 1, 3, 3)), (1, 1, 4, 4), 2),
            ["(1, 1, 3, 3)", "(1, 1, 2, 2)"],
        ),
        (lambda: layers.global_pool2d(np.ones((1, 1, 2, 2)), "sum"), ["'sum'", "'avg'"]),
        (
            lambda: layers.global_pool2d_backward(
                np.ones((1, 1)), np.ones((1, 1, 2, 2)), "sum"
            ),
            ["'sum'", "'avg'"],
        ),
        (
            lambda: layers.linear(np.ones((2, 5)), np.ones((3, 4))),
            ["5 features", "expects 4", "(3, 5)"],
        ),
        (
            lambda: layers.linear(np.ones((2, 1, 5)), np.ones((3, 5))),
            ["(2, 1, 5)", "flatten"],
        ),
        (
            lambda: layers.linear(np.ones((2, 5)), np.ones((3, 5)), np.ones(2)),
            ["(2,)", "3 rows"],
        ),
        (
            lambda: layers.linear_backward(
                np.ones((3, 2)), np.ones((2, 5)), np.ones((3, 5))
            ),
            ["(3, 2)", "(2, 3)"],
        ),
        (
            lambda: layers.relu_backward(np.ones((3, 2)), np.ones((2, 3))),
            ["(3, 2)", "(2, 3)"],
        ),
        (lambda: layers.flatten_backward(np.ones((2, 5)), (2, 3, 2)), ["(2, 5)", "(2, 6)"]),
        (lambda: layers.add(np.ones((3, 2)), np.ones((3, 1))), ["(3, 2)", "(3, 1)", "1x1"]),
    ],
)
def test_bad_shapes_are_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)
