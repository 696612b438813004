"""Maximum, average and global pooling, forward and backward.

One pass per place (p, q) inside the window instead of one per window: the samples at that
place of all windows are one strided slice.
"""

from ..backend import array_module
from .windows import as_floats, batch_first, batch_last, need_axes, out_size, pair, tap


def layout(shape, size, stride):
    """Return (KH, KW), (sh, sw) and (OH, OW) for images of `shape` (N, C, H, W)."""
    size = pair(size, "size")
    stride = size if stride is None else pair(stride, "stride")
    count = [
        out_size(n, k, stride=s) for n, k, s in zip(shape[2:], size, stride, strict=True)
    ]
    return size, stride, tuple(count)


def taps(shape, size, stride):
    """Yield the slices that hold place (p, q) of every window, row by row."""
    (KH, KW), (sh, sw), (OH, OW) = layout(shape, size, stride)
    for p in range(KH):
        for q in range(KW):
            yield tap(p, OH, sh), tap(q, OW, sw)


def check_dout(dout, expected):
    """Raise ValueError unless `dout` has the shape of the pooled result."""
    if dout.shape != tuple(expected):
        raise ValueError(
            f"dout has shape {dout.shape} but this pooling returns {tuple(expected)}: pass "
            "the same size and stride as forward."
        )


def max_pool2d(x, size, stride=None):
    """Keep the largest value of each window. Built in lesson 08.

    Parameters
    ----------
    x : array of shape (N, C, H, W)
    size, stride : int or (int, int)
        Pixels. `stride` is `size` if not given. Leftover rows and columns are dropped.

    Returns
    -------
    array of shape (N, C, OH, OW)
        ``OH = (H - KH) // stride + 1``.

    Raises
    ------
    ValueError
        The window does not fit; the message quotes both sizes.

    References
    ----------
    Scherer, Müller and Behnke (2010), Evaluation of pooling operations in CNNs.
    """
    (x,) = as_floats(x)
    need_axes(x, 4)
    xp, pixels, out = array_module(x), batch_last(x), None
    for rows, columns in taps(x.shape, size, stride):
        part = pixels[rows, columns]
        out = part.copy() if out is None else xp.maximum(out, part, out=out)
    return batch_first(out)


def max_pool2d_backward(dout, x, size, stride=None, out=None):
    """Send each gradient to the first maximum of its window. Built in lesson 08.

    Among equal values the first in row order takes all, as in PyTorch.

    Parameters
    ----------
    dout : array of shape (N, C, OH, OW)
    x, size, stride
        What was given to `max_pool2d`.
    out : array of shape (N, C, OH, OW), optional
        What `max_pool2d` returned; computed again if absent.

    Returns
    -------
    array of shape (N, C, H, W)
    """
    dout, x = as_floats(dout, x)
    out = max_pool2d(x, size, stride) if out is None else out
    check_dout(dout, out.shape)
    xp, pixels, best = array_module(x), batch_last(x), batch_last(out)
    dx = xp.zeros(pixels.shape, dout.dtype)
    left = batch_last(dout).copy()  # what no place has taken yet
    (KH, KW), (sh, sw), _ = layout(x.shape, size, stride)
    add = sh < KH or sw < KW  # windows share pixels
    for rows, columns in taps(x.shape, size, stride):
        place = dx[rows, columns]
        taken = xp.multiply(left, pixels[rows, columns] == best, out=None if add else place)
        left -= taken
        if add:
            place += taken
    return batch_first(dx)


def avg_pool2d(x, size, stride=None):
    """Average each window. Built in lesson 08.

    Parameters, result and errors as for `max_pool2d`.
    """
    (x,) = as_floats(x)
    need_axes(x, 4)
    (KH, KW), _, _ = layout(x.shape, size, stride)
    pixels, out = batch_last(x), None
    for rows, columns in taps(x.shape, size, stride):
        part = pixels[rows, columns]
        if out is None:
            out = part.copy()
        else:
            out += part
    out *= 1 / (KH * KW)
    return batch_first(out)


def avg_pool2d_backward(dout, x_shape, size, stride=None):
    """Share each gradient equally among the pixels of its window. Built in lesson 08.

    Parameters
    ----------
    dout : array of shape (N, C, OH, OW)
    x_shape : tuple
        (N, C, H, W), the shape of the input.

    Returns
    -------
    array of shape (N, C, H, W)
        Overlapping windows add up.
    """
    (dout,) = as_floats(dout)
    N, C, H, W = x_shape
    (KH, KW), _, count = layout(x_shape, size, stride)
    check_dout(dout, (N, C, *count))
    dx = array_module(dout).zeros((H, W, C, N), dout.dtype)
    share = batch_last(dout) * (1 / (KH * KW))
    for rows, columns in taps(x_shape, size, stride):
        dx[rows, columns] += share
    return batch_first(dx)


def global_pool2d(x, kind: str = "avg"):
    """Reduce each whole map to one number. Built in lesson 08.

    Parameters
    ----------
    x : array of shape (N, C, H, W)
    kind : {"avg", "max"}

    Returns
    -------
    array of shape (N, C)

    References
    ----------
    Lin, Chen and Yan (2014), Network in network.
    """
    (x,) = as_floats(x)
    need_axes(x, 4)
    pixels = batch_last(x)
    if kind == "avg":
        return pixels.mean((0, 1)).T
    if kind == "max":
        return pixels.max((0, 1)).T
    raise ValueError(f"kind is {kind!r}; it must be 'avg' or 'max'.")


def global_pool2d_backward(dout, x, kind: str = "avg"):
    """Return dx of `global_pool2d`; the first maximum of a map takes all. Lesson 08.

    Parameters
    ----------
    dout : array of shape (N, C)
    x : array of shape (N, C, H, W)

    Returns
    -------
    array of shape (N, C, H, W)
    """
    dout, x = as_floats(dout, x)
    need_axes(x, 4)
    check_dout(dout, x.shape[:2])
    if kind == "max":
        return max_pool2d_backward(dout[:, :, None, None], x, x.shape[2:])
    if kind == "avg":
        return avg_pool2d_backward(dout[:, :, None, None], x.shape, x.shape[2:])
    raise ValueError(f"kind is {kind!r}; it must be 'avg' or 'max'.")
