"""Convolution against a slow definition, hand arithmetic and central differences."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import layers

# The standard battery: x, w, stride, padding. No two sizes are equal until the last case.
BATTERY = [
    ((2, 3, 5, 7), (4, 3, 3, 2), 1, 0),
    ((2, 3, 6, 9), (4, 3, 3, 2), 2, 1),
    ((3, 2, 7, 8), (2, 2, 2, 3), 3, 2),
    ((1, 2, 6, 6), (2, 2, 3, 3), 1, 1),
]
OPTIONS = [
    # x, w, stride, padding, dilation, groups
    ((2, 4, 7, 9), (6, 2, 3, 2), (2, 1), (1, 2), (1, 2), 2),
    ((3, 6, 8, 7), (6, 1, 2, 3), (1, 2), ((0, 2), (3, 1)), (2, 1), 6),
    ((5, 3, 1, 1), (2, 3, 1, 1), 1, 0, 1, 1),
    ((2, 1, 5, 70), (3, 1, 3, 4), (2, 3), ((1, 0), (2, 5)), (2, 3), 1),
    ((1, 3, 6, 33), (4, 3, 3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2), 1),
    ((4, 3, 5, 7), (3, 1, 2, 3), (1, 2), ((1, 0), (2, 1)), (2, 1), 3),
    ((0, 3, 5, 6), (2, 3, 2, 3), 1, 1, 1, 1),
]
CASES = [(x, w, s, p, 1, 1) for x, w, s, p in BATTERY] + OPTIONS


def slow_conv2d(x, w, b, stride, padding, dilation, groups):
    """Seven loops, written from the definition."""
    sh, sw = np.broadcast_to(stride, 2)
    dh, dw = np.broadcast_to(dilation, 2)
    if np.ndim(padding) < 2:
        ph, pw = np.broadcast_to(padding, 2)
        padding = (ph, ph), (pw, pw)
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    N, C, H, W = x.shape
    F, Cg, KH, KW = w.shape
    rows = range(0, H - dh * (KH - 1), sh)
    columns = range(0, W - dw * (KW - 1), sw)
    out = np.zeros((N, F, len(rows), len(columns)))
    for n, f in itertools.product(range(N), range(F)):
        first = f // (F // groups) * Cg
        for (i, top), (j, left) in itertools.product(enumerate(rows), enumerate(columns)):
            total = b[f]
            for c, p, q in itertools.product(range(Cg), range(KH), range(KW)):
                total += w[f, c, p, q] * x[n, first + c, top + p * dh, left + q * dw]
            out[n, f, i, j] = total
    return out


def draw(seed, *shapes):
    """Normal numbers, shifted so that most sums are far from zero."""
    rng = np.random.default_rng(seed)
    return [rng.normal(-0.5, 1.0, shape) for shape in shapes]


def central_difference(fn, arrays, dout, h=1e-5):
    """Gradient of sum(dout * fn(*arrays)) with respect to each array."""
    grads = []
    for k, a in enumerate(arrays):
        grad = np.zeros_like(a)
        for index in np.ndindex(a.shape):
            ends = []
            for step in (h, -h):
                moved = [v.copy() for v in arrays]
                moved[k][index] += step
                ends.append((dout * fn(*moved)).sum())
            grad[index] = (ends[0] - ends[1]) / (2 * h)
        grads.append(grad)
    return grads


def assert_gradients(found, expected, tolerance=1e-6):
    """Compare relative to the largest entry of each gradient."""
    for name, got, want in zip(("dx", "dw", "db"), found, expected, strict=True):
        assert got.shape == want.shape, name
        scale = max(np.abs(want).max(initial=0), 1e-3)
        assert np.abs(got - want).max(initial=0) <= tolerance * scale, name


def test_conv2d_by_hand():
    """One window at a time, in arithmetic that a person can follow."""
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    w = np.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    out = layers.conv2d(x, w, np.array([10.0]))
    assert out.tolist() == [
        [
            [
                [1 * 1 + 2 * 4 + 3 * 5 + 10, 1 * 2 + 2 * 5 + 3 * 6 + 10, 3 + 12 + 21 + 10],
                [1 * 5 + 2 * 8 + 3 * 9 + 10, 6 + 2 * 9 + 3 * 10 + 10, 7 + 20 + 33 + 10],
            ]
        ]
    ]


def test_conv2d_backward_by_hand():
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    w = np.array([[[[10.0, 20.0]]]])
    dx, dw, db = layers.conv2d_backward(np.array([[[[5.0, 7.0]]]]), x, w)
    assert dx.tolist() == [[[[5 * 10, 5 * 20 + 7 * 10, 7 * 20]]]]
    assert dw.tolist() == [[[[5 * 1 + 7 * 2, 5 * 2 + 7 * 3]]]]
    assert db.tolist() == [5 + 7]


@pytest.mark.parametrize("case", CASES)
def test_conv2d_equals_the_definition(case):
    x_shape, w_shape, *options = case
    x, w, b = draw(1, x_shape, w_shape, w_shape[:1])
    expected = slow_conv2d(x, w, b, *options)
    out = layers.conv2d(x, w, b, *options)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        layers.conv2d(x, w, None, *options), expected - b[:, None, None], atol=1e-12
    )


@pytest.mark.parametrize("case", [c for c in CASES if c[0][0]])
def test_conv2d_backward_equals_central_differences(case):
    x_shape, w_shape, *options = case
    arrays = draw(2, x_shape, w_shape, w_shape[:1])
    out = layers.conv2d(*arrays, *options)
    (dout,) = draw(3, out.shape)
    expected = central_difference(
        lambda x, w, b: layers.conv2d(x, w, b, *options), arrays, dout
    )
    assert_gradients(layers.conv2d_backward(dout, *arrays[:2], *options), expected)


def test_zero_images_give_zero_gradients():
    x_shape, w_shape, *options = OPTIONS[-1]
    x, w = draw(4, x_shape, w_shape)
    out = layers.conv2d(x, w, None, *options)
    dx, dw, db = layers.conv2d_backward(out, x, w, *options)
    assert dx.shape == x_shape and not dw.any() and not db.any()
    assert dw.shape == w_shape and db.shape == w_shape[:1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_conv2d_for_any_options(data):
    def pick(low, high):
        return data.draw(st.integers(low, high))

    G = pick(1, 3)
    stride, dilation, kernel = [(pick(1, 3), pick(1, 3)) for _ in range(3)]
    padding = ((pick(0, 2), pick(0, 2)), (pick(0, 2), pick(0, 2)))
    size = [
        max(d * (k - 1) + 1 - sum(p), 1) + pick(0, 4)
        for d, k, p in zip(dilation, kernel, padding, strict=True)
    ]
    N, C_group = pick(1, 3), pick(1, 2)
    x, w = draw(1, (N, G * C_group, *size), (G * pick(1, 3), C_group, *kernel))
    options = stride, padding, dilation, G
    (b,) = draw(7, w.shape[:1])
    expected = slow_conv2d(x, w, b, *options)
    np.testing.assert_allclose(layers.conv2d(x, w, b, *options), expected, atol=1e-11)
    (dout,) = draw(8, expected.shape)
    dx, dw, db = layers.conv2d_backward(dout, x, w, *options)
    # conv2d is linear in x and in w: <dout, conv(x, w)> = <dx, x> = <dw, w>
    zero = layers.conv2d(x, w, None, *options)
    np.testing.assert_allclose((dx * x).sum(), (dout * zero).sum(), atol=1e-9)
    np.testing.assert_allclose((dw * w).sum(), (dout * zero).sum(), atol=1e-9)
    np.testing.assert_allclose(db, dout.sum((0, 2, 3)), atol=1e-11)
    other_x, other_w = draw(9, x.shape, w.shape)
    by_x = (dout * slow_conv2d(other_x, w, 0 * b, *options)).sum()
    np.testing.assert_allclose((dx * other_x).sum(), by_x, atol=1e-9)
    by_w = (dout * slow_conv2d(x, other_w, 0 * b, *options)).sum()
    np.testing.assert_allclose((dw * other_w).sum(), by_w, atol=1e-9)


@pytest.mark.parametrize(
    ("x", "w", "groups"),
    [
        ((5, 4, 11, 9), (6, 2, 3, 2), 2),
        ((2, 4, 11, 40), (6, 4, 3, 2), 1),
        ((5, 6, 11, 9), (6, 1, 3, 2), 6),
    ],
)
def test_bands_give_the_same_numbers_as_one_piece(monkeypatch, x, w, groups):
    x, w, b = draw(5, x, w, (6,))
    # So many rows of padding that the first and last bands see nothing else.
    options = (2, 1), ((4, 7), (1, 1)), (1, 2), groups
    whole = layers.conv2d(x, w, b, *options)
    (dout,) = draw(6, whole.shape)
    gradients = layers.conv2d_backward(dout, x, w, *options)
    monkeypatch.setattr("helpers.layers.geometry.BAND_BYTES", 1)
    np.testing.assert_allclose(layers.conv2d(x, w, b, *options), whole, atol=1e-13)
    assert_gradients(layers.conv2d_backward(dout, x, w, *options), gradients, 1e-12)


def test_memory_is_the_results_and_a_few_bands():
    """No padded copy of the images, no band kept while the next one is made."""
    x, dout = (np.ones((16, 16, C, 64), "float32").transpose(3, 2, 0, 1) for C in (32, 48))
    w, b = np.ones((48, 32, 3, 3), "float32"), np.ones(48, "float32")
    band = 2**20
    tracemalloc.start()
    try:
        out = layers.conv2d(x, w, b, padding=1)
        forward = tracemalloc.get_traced_memory()[1]
        assert forward < out.nbytes + 1.6 * band
        del out
        tracemalloc.reset_peak()
        layers.conv2d_backward(dout, x, w, padding=1)
        dx = 18 * 18 * 32 * 64 * 4  # with the padding cut off at the end
        assert tracemalloc.get_traced_memory()[1] < dx + band
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(1, 1, 40, 90), (2, 3, 12, 50)])
def test_few_large_images_take_the_row_form(shape):
    """The same answer from the form for few images as from the same image among many."""
    x, w, b = draw(10, shape, (4, shape[1], 3, 5), (4,))
    many = np.concatenate([x, *draw(11, (6, *shape[1:]))])
    for options in [(1, 0), (2, 3), ((1, 3), ((0, 2), (1, 4)), (2, 3))]:
        few = layers.conv2d(x, w, b, *options)
        expected = layers.conv2d(many, w, b, *options)[: len(x)]
        np.testing.assert_allclose(few, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 3, 6, 7), (1, 3, 6, 70)])
def test_types_memory_orders_and_untouched_inputs(dtype, shape):
    x, w, b = (a.astype(dtype) for a in draw(12, shape, (4, 3, 3, 2), (4,)))
    plain = layers.conv2d(x, w, b, 1, 1)
    (dout,) = (a.astype(dtype) for a in draw(13, plain.shape))
    gradients = layers.conv2d_backward(dout, x, w, 1, 1)
    assert {a.dtype for a in (plain, *gradients)} == {np.dtype(dtype)}
    step = 2 * np.ones((*shape[:3], 2 * shape[3]), dtype)
    step[..., ::2] = x
    others = [
        np.asfortranarray(x),
        np.ascontiguousarray(x.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1),
        x[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
        step[..., ::2],
    ]
    tight = 1e-5 if dtype == "float32" else 1e-13
    for other in others:
        copies = [a.copy() for a in (other, w, b, dout)]
        np.testing.assert_allclose(layers.conv2d(other, w, b, 1, 1), plain, atol=tight)
        back = layers.conv2d_backward(np.asfortranarray(dout), other, w, 1, 1)
        assert_gradients(back, gradients, tight)
        for a, before in zip((other, w, b, dout), copies, strict=True):
            assert np.array_equal(a, before)


def test_a_read_only_input_is_enough():
    arrays = draw(14, (5, 2, 4, 5), (3, 2, 2, 3), (3,), (5, 3, 3, 3))
    for a in arrays:
        a.flags.writeable = False
    x, w, b, dout = arrays
    layers.conv2d(x, w, b)
    layers.conv2d_backward(dout, x, w)


def test_integers_are_converted():
    x = np.arange(24).reshape(1, 1, 4, 6)
    w = np.array([[[[1, -1]]]])
    assert layers.conv2d(x, w).dtype == np.float64
    assert layers.conv2d(x, w.astype("float32")).dtype == np.float32
    assert (layers.conv2d(x.astype("uint8"), w) == -1).all()


def test_results_lie_batch_last_in_memory():
    x, w = draw(15, (8, 3, 6, 7), (4, 3, 3, 2))
    out = layers.conv2d(x, w)
    assert out.transpose(2, 3, 1, 0).flags.c_contiguous


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((2, 3, 5, 6), (4, 4, 3, 3)), ["3 channels", "expects 4", "(4, 3, 3, 3)"]),
        (((2, 3, 5), (4, 3, 3, 3)), ["(2, 3, 5)", "expected 4 axes"]),
        (((2, 3, 5, 6), (3, 3, 3)), ["(3, 3, 3)", "expected 4 axes"]),
        (((2, 3, 2, 6), (4, 3, 3, 3)), ["spans 3", "only 2"]),
        (((2, 4, 5, 6), (3, 2, 3, 3), None, 1, 0, 1, 2), ["groups is 2", "3 filters"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), (3,)), ["(3,)", "4 filters"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), None, 0), ["stride 0"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), None, 1, -1), ["padding (-1, -1)"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), None, 1, 0, 0), ["dilation 0"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), None, 1.5), ["stride is 1.5"]),
        (((2, 3, 5, 6), (4, 3, 3, 3), None, 1, (1, 2, 3, 4)), ["padding is (1, 2, 3, 4)"]),
    ],
)
def test_bad_shapes_are_named(arguments, words):
    arrays = [np.ones(a) if isinstance(a, tuple) else a for a in arguments[:3]]
    with pytest.raises(ValueError) as caught:
        layers.conv2d(*arrays, *arguments[3:])
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_upstream_gradient_is_named():
    x, w = draw(16, (2, 3, 5, 6), (4, 3, 3, 2))
    with pytest.raises(ValueError, match=r"\(2, 4, 5, 3\).*\(2, 4, 3, 5\)"):
        layers.conv2d_backward(np.ones((2, 4, 5, 3)), x, w)


@pytest.mark.parametrize(
    ("n", "k", "before", "after", "stride", "dilation"),
    list(itertools.product([1, 5, 8, 9], [1, 2, 3], [0, 1], [0, 2], [1, 2, 3], [1, 2])),
)
def test_out_size_counts_windows(n, k, before, after, stride, dilation):
    total, span = n + before + after, dilation * (k - 1) + 1
    starts = [t for t in range(0, total, stride) if t + span <= total]
    if starts:
        assert layers.out_size(n, k, before, after, stride, dilation) == len(starts)
    else:
        with pytest.raises(ValueError, match=f"spans {span}.*only {total}"):
            layers.out_size(n, k, before, after, stride, dilation)
