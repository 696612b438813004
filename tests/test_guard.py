"""Guarded arrays compute like arrays and refuse every way off the device."""

import numpy as np
import pytest

from helpers import guard
from helpers.backend import to_numpy, xp
from helpers.guard import on_device

OUTSIDE = np.arange(3.0)


def by_name(x):
    return np.sqrt(x)


def by_conversion(x):
    return np.asarray(x) + 1


def by_storing(x):
    out = np.zeros(3)
    out[:] = x
    return out


def by_mixing(x):
    return x + OUTSIDE


def by_mixing_from_the_left(x):
    return OUTSIDE * x


def by_item(x):
    return x.sum().item()


def by_float(x):
    return float(x[0])


def by_branch(x):
    return x if x.sum() > 0 else -x


def by_index(x):
    return x[int(x.argmax())]


def by_host_result(x):
    return np.zeros(x.shape)


def by_splitting(x):
    return np.lib.stride_tricks.sliding_window_view(x, 2)


LEAKS = {
    by_name: "np.sqrt is called",
    by_conversion: "NumPy asks for a copy",
    by_storing: "NumPy asks for a copy",
    by_mixing: "a NumPy array meets",
    by_mixing_from_the_left: "a NumPy array meets",
    by_item: r"\.item\(\) takes numbers off",
    by_float: r"float\(\.\.\.\) takes a single number",
    by_branch: r"bool\(\.\.\.\) takes a single number",
    by_index: r"int\(\.\.\.\) takes a single number",
    by_host_result: "the answer is a NumPy array",
    by_splitting: "Write xp.lib.stride_tricks.sliding_window_view",
}


@pytest.mark.parametrize("leak", LEAKS, ids=lambda f: f.__name__)
def test_a_leak_is_refused_and_named(leak):
    with pytest.raises(TypeError, match=LEAKS[leak]):
        on_device(leak, xp.arange(3.0))
    assert scope_is_restored()


def scope_is_restored():
    return not isinstance(xp, guard.Library)


def whole_arrays(x):
    y = 2 * x - x / np.float64(4) + xp.ones(3) ** 2
    y += -abs(x)
    y[1:] = xp.stack([x[0], x[2]])
    y = xp.where(y > 1, y, xp.maximum(x, 0.5)).reshape(3, 1)
    z = xp.zeros((3, 3), dtype=x.dtype)
    xp.add.at(z, (xp.arange(3), xp.arange(3)), 1.0)
    return z @ y + xp.fft.irfft(xp.fft.rfft(x), 3)[:, None], x.T.copy().sum(axis=0)


def test_whole_arrays_give_what_they_give_without_a_guard():
    x = xp.asarray([3.0, -1.0, 2.0])
    for found, wanted in zip(on_device(whole_arrays, x), whole_arrays(x), strict=True):
        np.testing.assert_allclose(to_numpy(found), to_numpy(wanted))


def test_data_may_be_moved_in():
    def moved(x):
        return x + xp.asarray(OUTSIDE)

    np.testing.assert_allclose(to_numpy(on_device(moved, xp.ones(3))), OUTSIDE + 1)


def test_a_single_number_from_numpy_may_stand_on_the_left():
    def scaled(x):
        return np.float64(3) * x

    assert to_numpy(on_device(scaled, xp.ones(2))).tolist() == [3, 3]
