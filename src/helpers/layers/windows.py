"""Sizes, memory order and sliding windows: what every convolution and pooling layer shares.

Arrays are logically (N, C, H, W). In memory the fast layers keep the pixels first and the
batch last, (H, W, C, N): at every pixel the data is then a ready matrix (C, N), and every
copy, maximum and sum runs over C*N neighbouring numbers.
"""

from ..backend import array_module


def out_size(
    n: int, k: int, before: int = 0, after: int = 0, stride: int = 1, dilation: int = 1
) -> int:
    """Return how many windows fit along one axis.

    ``(n + before + after - dilation*(k - 1) - 1) // stride + 1``; samples left over at the
    end are dropped. Built in lessons 04 and 05.

    Parameters
    ----------
    n, k : int
        Length of the axis and of the filter, in samples.
    before, after : int
        Padding at the two ends, in samples.
    stride, dilation : int
        Step between windows and between the samples of one window.

    Raises
    ------
    ValueError
        The filter spans more than the padded axis, or an option is out of range.

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning.
    """
    if min(k, stride, dilation) < 1 or min(before, after) < 0:
        raise ValueError(
            f"Got size {k}, stride {stride}, dilation {dilation}, padding ({before}, "
            f"{after}): sizes, strides and dilations start at 1, padding at 0."
        )
    span, total = dilation * (k - 1) + 1, n + before + after
    if span > total:
        raise ValueError(
            f"The window spans {span} (size {k}, dilation {dilation}) but the padded axis "
            f"has only {total} ({n} + {before} + {after}): use a smaller window or more "
            "padding."
        )
    return (total - span) // stride + 1


def pair(value, name: str) -> tuple[int, int]:
    """Return (vertical, horizontal) from one number or two."""
    two = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(two) != 2 or not all(hasattr(v, "__index__") for v in two):
        raise ValueError(f"{name} is {value!r}: give one whole number or two.")
    return int(two[0]), int(two[1])


def sides(padding) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)) from p, (ph, pw) or all four."""
    two = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(two) != 2:
        raise ValueError(
            f"padding is {padding!r}: give p, (ph, pw) or ((top, bottom), (left, right))."
        )
    return pair(two[0], "padding"), pair(two[1], "padding")


def as_floats(*arrays):
    """Return the arrays in one floating type: float32 stays float32, integers follow.

    Integers and booleans take the type of the floating arrays beside them, float64 if there
    are none. None passes through.
    """
    xp = array_module(arrays[0])
    arrays = [a if a is None else xp.asarray(a) for a in arrays]
    kinds = {a.dtype for a in arrays if a is not None and a.dtype.kind == "f"}
    dtype = xp.result_type(*kinds) if kinds else xp.dtype("float64")
    return [a if a is None else a.astype(dtype, copy=False) for a in arrays]


def need_axes(x, count: int, name: str = "x", axes: str = "(N, C, H, W)"):
    """Raise ValueError unless `x` has `count` axes."""
    if x.ndim != count:
        raise ValueError(
            f"{name} has shape {x.shape}, {x.ndim} axes; expected {count}: {axes}."
        )


def batch_last(x):
    """Return the (H, W, C, N) view of a logical (N, C, H, W) array."""
    return x.transpose(2, 3, 1, 0)


def batch_first(x):
    """Return the logical (N, C, H, W) view of an (H, W, C, N) array."""
    return x.transpose(3, 2, 0, 1)


def pad(x, padding):
    """Return `x` (H, W, C, N) with a border of zeros, contiguous; no copy if it is so."""
    xp = array_module(x)
    (top, bottom), (left, right) = padding
    if top == bottom == left == right == 0:
        return xp.ascontiguousarray(x)
    H, W, C, N = x.shape
    out = xp.zeros((top + H + bottom, left + W + right, C, N), x.dtype)
    out[top : top + H, left : left + W] = x
    return out


def slide(x, axis: int, k: int, stride: int = 1, dilation: int = 1):
    """View `x` through windows of `k` samples along `axis`. Built in lesson 09.

    The axis of length n becomes two: which window (`out_size` of them), which sample in it.
    Neighbouring windows overlap in memory, so the view is for reading only.

    Returns
    -------
    array of shape (..., windows, k, ...)
        No data is copied.
    """
    count = out_size(x.shape[axis], k, 0, 0, stride, dilation)
    step = x.strides[axis]
    shape = x.shape[:axis] + (count, k) + x.shape[axis + 1 :]
    strides = x.strides[:axis] + (stride * step, dilation * step) + x.strides[axis + 1 :]
    return array_module(x).lib.stride_tricks.as_strided(x, shape, strides)


def unslide(windows, axis: int, n: int, stride: int = 1, dilation: int = 1, out=None):
    """Add windows back to where `slide` read them: its adjoint. Built in lesson 09.

    Parameters
    ----------
    windows : array of shape (..., windows, k, ...)
        The two axes stand at `axis` and `axis` + 1.
    n : int
        Length of the axis to return.
    out : array of shape (..., n, ...), optional
        Where to add; zeros if absent.
    """
    count, k = windows.shape[axis : axis + 2]
    before = (slice(None),) * axis
    shape = windows.shape[:axis] + (n,) + windows.shape[axis + 2 :]
    if out is None and k == stride == 1:
        return windows.reshape(shape)
    if out is None:
        out = array_module(windows).zeros(shape, windows.dtype)
    for p in range(k):
        place = before + (tap(p, count, stride, dilation),)
        out[place] += windows[before + (slice(None), p)]
    return out


def tap(p: int, count: int, stride: int, dilation: int = 1) -> slice:
    """Return the slice of samples that stand at place `p` of `count` windows."""
    start = p * dilation
    return slice(start, start + (count - 1) * stride + 1, stride)
