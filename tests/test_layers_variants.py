"""conv1d, conv3d and the transposed convolution against slow definitions."""

import itertools

import numpy as np
import pytest

from helpers import layers


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(-0.5, 1.0, shape) for shape in shapes]


def correlate(image, kernel):
    """Any number of axes: one sum for each place where the kernel fits."""
    sizes = [n - k + 1 for n, k in zip(image.shape, kernel.shape, strict=True)]
    out = np.zeros(sizes)
    for at in np.ndindex(*sizes):
        window = tuple(slice(i, i + k) for i, k in zip(at, kernel.shape, strict=True))
        out[at] = (image[window] * kernel).sum()
    return out


def slow_conv(x, w, stride, padding, dilation, groups):
    """Any number of axes: dilate the filter, correlate, skip by the stride."""
    x = np.pad(x, [(0, 0), (0, 0), *padding])
    F, Cg = w.shape[:2]
    size = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    spread = np.zeros((F, Cg, *size))
    spread[(..., *(slice(None, None, d) for d in dilation))] = w
    every = tuple(slice(None, None, s) for s in stride)
    return np.array(
        [
            [
                sum(
                    correlate(image[f // (F // groups) * Cg + c], spread[f, c])
                    for c in range(Cg)
                )[every]
                for f in range(F)
            ]
            for image in x
        ]
    )


def slow_transpose(x, w, stride, padding, dilation, groups):
    """Stamp each filter once per pixel, then cut the border."""
    (N, C, H, W), (_, Fg, KH, KW) = x.shape, w.shape
    (sh, sw), (dh, dw), ((t, b), (le, ri)) = stride, dilation, padding
    out = np.zeros(
        (N, Fg * groups, (H - 1) * sh + dh * (KH - 1) + 1, (W - 1) * sw + dw * (KW - 1) + 1)
    )
    for n, c, i, j in np.ndindex(x.shape):
        for f, p, q in itertools.product(range(Fg), range(KH), range(KW)):
            target = c // (C // groups) * Fg + f
            out[n, target, i * sh + p * dh, j * sw + q * dw] += (
                x[n, c, i, j] * w[c, f, p, q]
            )
    return out[:, :, t : out.shape[2] - b, le : out.shape[3] - ri]


def assert_adjoint(fn, x, w, dx, dw, dout, slow):
    """<dout, slow(u, w)> = <dx, u> and <dout, slow(x, v)> = <dw, v> for random u, v."""
    u, v = draw(99, x.shape, w.shape)
    np.testing.assert_allclose(
        (dx * u).sum(), (dout * slow(u, w)).sum(), rtol=1e-9, err_msg=fn
    )
    np.testing.assert_allclose(
        (dw * v).sum(), (dout * slow(x, v)).sum(), rtol=1e-9, err_msg=fn
    )
    assert dx.shape == x.shape and dw.shape == w.shape


def test_conv1d_by_hand():
    x, w = np.array([[[1.0, 2.0, 4.0, 8.0]]]), np.array([[[1.0, -1.0]]])
    assert layers.conv1d(x, w, np.array([0.5])).tolist() == [
        [[1 - 2.5 + 1, 2 - 4 + 0.5, -3.5]]
    ]
    assert layers.conv1d(x, w, None, 2, (1, 0)).tolist() == [[[0 - 1, 2 - 4]]]
    assert layers.conv1d(x, w, None, 1, 0, 2).tolist() == [[[1 - 4, 2 - 8]]]


@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "dilation", "groups"),
    [
        ((2, 3, 7), (4, 3, 2), 1, 0, 1, 1),
        ((3, 4, 11), (6, 2, 3), 2, (2, 1), 2, 2),
        ((1, 2, 60), (3, 2, 5), 3, 1, 1, 1),
    ],
)
def test_conv1d(x, w, stride, padding, dilation, groups):
    x, w, b = draw(1, x, w, w[:1])
    sides = [padding if isinstance(padding, tuple) else (padding, padding)]

    def slow(x, w):
        return slow_conv(x, w, [stride], sides, [dilation], groups)

    out = layers.conv1d(x, w, b, stride, padding, dilation, groups)
    np.testing.assert_allclose(out, slow(x, w) + b[:, None], atol=1e-12)
    (dout,) = draw(2, out.shape)
    dx, dw, db = layers.conv1d_backward(dout, x, w, stride, padding, dilation, groups)
    assert_adjoint("conv1d", x, w, dx, dw, dout, slow)
    np.testing.assert_allclose(db, dout.sum((0, 2)))


@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "dilation", "groups"),
    [
        ((2, 3, 4, 5, 7), (4, 3, 2, 3, 2), 1, 0, 1, 1),
        ((1, 4, 6, 7, 8), (6, 2, 3, 2, 3), (2, 1, 3), (1, 0, 2), (1, 2, 1), 2),
        ((5, 2, 7, 4, 6), (3, 2, 2, 3, 1), (3, 2, 1), ((0, 2), 1, (1, 0)), (2, 1, 3), 1),
    ],
)
def test_conv3d(x, w, stride, padding, dilation, groups):
    x, w, b = draw(3, x, w, w[:1])
    stride3, dilation3 = np.broadcast_to(stride, 3), np.broadcast_to(dilation, 3)
    padding3 = padding if isinstance(padding, tuple) else (padding,) * 3
    sides = [p if isinstance(p, tuple) else (p, p) for p in padding3]

    def slow(x, w):
        return slow_conv(x, w, stride3, sides, dilation3, groups)

    out = layers.conv3d(x, w, b, stride, padding, dilation, groups)
    np.testing.assert_allclose(out, slow(x, w) + b[:, None, None, None], atol=1e-12)
    (dout,) = draw(4, out.shape)
    dx, dw, db = layers.conv3d_backward(dout, x, w, stride, padding, dilation, groups)
    assert_adjoint("conv3d", x, w, dx, dw, dout, slow)
    np.testing.assert_allclose(db, dout.sum((0, 2, 3, 4)))


def test_conv3d_of_one_frame_is_conv2d():
    x, w, b = draw(5, (2, 3, 4, 6, 5), (4, 3, 1, 2, 3), (4,))
    out = layers.conv3d(x, w, b)
    for t in range(4):
        frame = layers.conv2d(x[:, :, t], w[:, :, 0], b)
        np.testing.assert_allclose(out[:, :, t], frame, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "dilation", "groups"),
    [
        ((2, 3, 4, 5), (3, 4, 3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        ((3, 4, 3, 5), (4, 3, 2, 3), (3, 2), ((1, 0), (2, 1)), (2, 1), 2),
        ((1, 2, 4, 4), (2, 2, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 1),
        ((1, 2, 3, 20), (2, 1, 3, 4), (1, 2), ((1, 0), (0, 2)), (1, 3), 1),
    ],
)
def test_conv_transpose2d(x, w, stride, padding, dilation, groups):
    x, w, b = draw(6, x, w, (w[1] * groups,))
    options = stride, padding, dilation, groups

    def slow(x, w):
        return slow_transpose(x, w, *options)

    out = layers.conv_transpose2d(x, w, b, *options)
    np.testing.assert_allclose(out, slow(x, w) + b[:, None, None], atol=1e-12)
    (dout,) = draw(7, out.shape)
    dx, dw, db = layers.conv_transpose2d_backward(dout, x, w, *options)
    assert_adjoint("conv_transpose2d", x, w, dx, dw, dout, slow)
    np.testing.assert_allclose(db, dout.sum((0, 2, 3)))


def test_conv_transpose2d_stamps_the_filter():
    x = np.zeros((1, 1, 3, 4))
    x[0, 0, 1, 2] = 2.0
    w = np.arange(6.0).reshape(1, 1, 2, 3)
    expected = np.zeros((6, 9))
    expected[2:4, 4:7] = 2 * w[0, 0]
    assert np.array_equal(layers.conv_transpose2d(x, w, stride=2)[0, 0], expected[:6, :9])


def test_float32_stays_float32_and_inputs_stay():
    for name, x, w in [
        ("conv1d", (2, 3, 7), (4, 3, 2)),
        ("conv3d", (2, 3, 4, 5, 6), (4, 3, 2, 1, 3)),
        ("conv_transpose2d", (2, 3, 4, 5), (3, 2, 2, 3)),
    ]:
        x, w = (np.asfortranarray(a.astype("float32")) for a in draw(8, x, w))
        copies = x.copy(), w.copy()
        out = getattr(layers, name)(x, w)
        results = [out, *getattr(layers, f"{name}_backward")(np.ones_like(out), x, w)]
        assert {a.dtype for a in results} == {np.dtype("float32")}, name
        assert np.array_equal(copies[0], x) and np.array_equal(copies[1], w)
        empty = getattr(layers, name)(x[:0], w)
        assert empty.shape == (0, *out.shape[1:])
        dx, dw, _ = getattr(layers, f"{name}_backward")(empty, x[:0], w)
        assert dx.shape == x[:0].shape and not dw.any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: layers.conv1d(np.ones((2, 3)), np.ones((4, 3, 2))),
            ["(2, 3)", "(N, C, L)"],
        ),
        (
            lambda: layers.conv1d(np.ones((2, 3, 7)), np.ones((4, 2, 2))),
            ["3 channels", "2"],
        ),
        (
            lambda: layers.conv3d(np.ones((2, 3, 4, 5)), np.ones((4, 3, 2, 2, 2))),
            ["(2, 3, 4, 5)", "(N, C, T, H, W)"],
        ),
        (
            lambda: layers.conv3d(np.ones((2, 3, 1, 5, 5)), np.ones((4, 3, 2, 2, 2))),
            ["spans 2", "only 1"],
        ),
        (
            lambda: layers.conv3d(
                np.ones((2, 3, 4, 5, 5)), np.ones((4, 3, 2, 2, 2)), None, (1, 2)
            ),
            ["(1, 2)", "three"],
        ),
        (
            lambda: layers.conv3d_backward(
                np.ones((2, 4, 9, 4, 4)), np.ones((2, 3, 4, 5, 5)), np.ones((4, 3, 2, 2, 2))
            ),
            ["(2, 4, 9, 4, 4)", "(2, 4, 3,"],
        ),
        (
            lambda: layers.conv_transpose2d(np.ones((2, 3, 4, 5)), np.ones((4, 3, 2, 2))),
            ["3 channels", "expects 4"],
        ),
        (
            lambda: layers.conv_transpose2d(
                np.ones((2, 3, 4, 5)), np.ones((3, 4, 2, 2)), np.ones(3)
            ),
            ["(3,)", "4 maps"],
        ),
        (
            lambda: layers.conv_transpose2d_backward(
                np.ones((2, 4, 4, 5)), np.ones((2, 3, 4, 5)), np.ones((3, 4, 2, 2))
            ),
            ["(2, 4, 4, 5)", "(2, 4, 5, 6)"],
        ),
    ],
)
def test_bad_shapes_are_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)
