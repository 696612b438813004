"""Finished filters of lessons 01 to 05, against NumPy in other forms."""

import numpy as np
import pytest
import standin

from helpers import filters
from helpers.backend import to_numpy

RNG = np.random.default_rng(3)
IMAGE, KERNEL = RNG.standard_normal((6, 9)), RNG.standard_normal((3, 2))


def windows_of(image, kernel):
    """Return the correlation by cutting out all windows at once."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows, kernel)


def test_filter2d_is_correlation():
    assert np.allclose(filters.filter2d(IMAGE, KERNEL), windows_of(IMAGE, KERNEL))
    one = filters.filter2d(IMAGE, IMAGE)
    assert one.shape == (1, 1)
    assert np.allclose(one, (IMAGE**2).sum())
    whole = filters.filter2d(np.arange(12).reshape(3, 4), np.array([[1, 2]]))
    assert whole.dtype == float
    assert whole.tolist() == [[2, 5, 8], [14, 17, 20], [26, 29, 32]]


@pytest.mark.parametrize(
    ("image", "kernel", "words"),
    [
        (IMAGE, KERNEL[0], r"\(6, 9\) and \(2,\).*w\[:, None\] for a column"),
        (IMAGE[0], KERNEL, r"\(9,\) and \(3, 2\)"),
        (KERNEL, IMAGE, r"kernel \(6, 9\) is larger than the image \(3, 2\)"),
        (IMAGE, np.ones((7, 1)), r"kernel \(7, 1\) is larger than the image \(6, 9\)"),
        (IMAGE, np.ones((1, 10)), r"kernel \(1, 10\) is larger"),
    ],
)
def test_filter2d_explains_what_does_not_fit(image, kernel, words):
    with pytest.raises(ValueError, match=words):
        filters.filter2d(image, kernel)


def test_sobel_slopes_are_eight_times_the_slope():
    rows, columns = np.arange(5.0)[:, None], np.arange(7.0)
    gx, gy = filters.sobel_slopes(3 * columns - 2 * rows)
    assert gx.shape == gy.shape == (3, 5)
    assert (gx == 8 * 3).all(), "brighter to the right is positive"
    assert (gy == 8 * -2).all(), "darker downwards is negative"


def test_kernels_say_what_their_names_say():
    kernels = {name: np.array(k) for name, k in filters.KERNELS.items()}
    sums = {name: round(float(k.sum()), 12) for name, k in kernels.items()}
    assert sums == {
        "identity": 1, "box": 1, "sharpen": 1, "sobel_x": 0, "sobel_y": 0, "laplacian": 0,
    }  # fmt: skip
    assert (kernels["sobel_y"] == kernels["sobel_x"].T).all()
    assert (kernels["sharpen"] == kernels["identity"] - kernels["laplacian"]).all()


@pytest.mark.parametrize("dy", [-7, -2, 0, 1, 6])
@pytest.mark.parametrize("dx", [-9, -1, 0, 3, 12])
def test_shifted_moves_and_fills(dy, dx):
    wide = np.full((6 + 14, 9 + 24), 5.0)
    wide[7 : 7 + 6, 12 : 12 + 9] = IMAGE
    expected = wide[7 - dy : 13 - dy, 12 - dx : 21 - dx]
    before = IMAGE.copy()
    assert (filters.shifted(IMAGE, dy, dx, fill=5) == expected).all()
    assert (filters.shifted(np.stack([IMAGE] * 2), dy, dx, fill=5)[1] == expected).all()
    assert (IMAGE == before).all()


@pytest.mark.parametrize(
    ("mode", "row"),
    [
        ("zero", [0, 0, 1, 2, 3, 0, 0]),
        ("edge", [1, 1, 1, 2, 3, 3, 3]),
        ("reflect", [3, 2, 1, 2, 3, 2, 1]),
        ("wrap", [2, 3, 1, 2, 3, 1, 2]),
    ],
)
def test_with_border(mode, row):
    image = np.array([[4, 5, 6], [1, 2, 3], [7, 8, 9], [1, 1, 1]])
    out = filters.with_border(image, 2, mode)
    assert out.shape == (8, 7)
    assert out[3].tolist() == row


def test_with_border_names_its_modes():
    with pytest.raises(ValueError, match="'mirror'; choose one of zero, edge, reflect"):
        filters.with_border(IMAGE, 1, "mirror")


@pytest.mark.parametrize("padding", [0, 1, 3])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (4, 1)])
def test_window_counts(padding, stride):
    counts = np.zeros((6 + 2 * padding, 9 + 2 * padding), int)
    for top in range(0, len(counts) - 2, stride[0]):
        for left in range(0, counts.shape[1] - 1, stride[1]):
            counts[top : top + 3, left : left + 2] += 1
    inner = counts[padding : padding + 6, padding : padding + 9]
    found = to_numpy(filters.window_counts(6, 9, (3, 2), stride, padding))
    assert found.tolist() == inner.tolist()


def test_correlate_has_every_option():
    padded = np.pad(IMAGE, ((1, 1), (2, 2)))
    spread = np.zeros((5, 4))
    spread[::2, ::3] = KERNEL
    out = filters.correlate(IMAGE, KERNEL, (2, 3), (1, 2), (2, 3))
    assert np.allclose(out, windows_of(padded, spread)[::2, ::3])
    assert np.allclose(filters.correlate(IMAGE, KERNEL), windows_of(IMAGE, KERNEL))
    with pytest.raises(ValueError):
        filters.correlate(IMAGE, KERNEL, dilation=4)


def test_filters_stay_on_the_library_of_their_image():
    with standin.installed() as cupy:
        image, kernel = cupy.asarray(IMAGE), cupy.asarray(KERNEL)
        outs = [filters.filter2d(image, kernel), *filters.sobel_slopes(image)]
        outs += [filters.shifted(image, 1, -2), filters.with_border(image, 1, "edge")]
        outs += [filters.correlate(image, kernel, 2)]
        assert {type(out) for out in outs} == {cupy.ndarray}
