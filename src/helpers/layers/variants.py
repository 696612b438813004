"""One and three dimensions, and the transposed convolution, all by way of `conv2d`."""

from ..backend import array_module
from .conv import (
    bias_gradient,
    conv2d,
    conv2d_backward,
    conv2d_filter_gradient,
    conv2d_input_gradient,
)
from .windows import as_floats, need_axes, out_size, pair, sides, slide, unslide


def conv1d(x, w, b=None, stride: int = 1, padding=0, dilation: int = 1, groups: int = 1):
    """Slide filters along signals: images one pixel high. Built in lesson 02.

    Parameters
    ----------
    x : array of shape (N, C, L)
    w : array of shape (F, C / groups, K)
    b : array of shape (F,), optional
    padding : int or (before, after)
        Zeros at the two ends, in samples.

    Returns
    -------
    array of shape (N, F, OL)

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.
    """
    x, w = flat_image(x, "x", "(N, C, L)"), flat_image(w, "w", "(F, C / groups, K)")
    return conv2d(x, w, b, *flat_options(stride, padding, dilation), groups)[:, :, 0]


def conv1d_backward(dout, x, w, stride=1, padding=0, dilation=1, groups: int = 1):
    """Return the gradients of `conv1d`, in the shapes of x, w and b. Built in lesson 07."""
    dout, x = flat_image(dout, "dout", "(N, F, OL)"), flat_image(x, "x", "(N, C, L)")
    w = flat_image(w, "w", "(F, C / groups, K)")
    options = flat_options(stride, padding, dilation)
    dx, dw, db = conv2d_backward(dout, x, w, *options, groups)
    return dx[:, :, 0], dw[:, :, 0], db


def flat_image(a, name: str, axes: str):
    """View (N, C, L) as images of height 1."""
    (a,) = as_floats(a)
    need_axes(a, 3, name, axes)
    return a[:, :, None]


def flat_options(stride, padding, dilation):
    """Return the options of `conv2d` for images of height 1."""
    return (1, stride), (0, pair(padding, "padding")), (1, dilation)


def conv3d(x, w, b=None, stride=1, padding=0, dilation=1, groups: int = 1):
    """Slide filters through clips or volumes. Built in lesson 14.

    What a window sees in time becomes channels, the places of the window in time become
    images; the rest is `conv2d`.

    Parameters
    ----------
    x : array of shape (N, C, T, H, W)
    w : array of shape (F, C / groups, KT, KH, KW)
    b : array of shape (F,), optional
    stride, dilation : int or (int, int, int)
        In time, height, width.
    padding : int or (t, h, w), each an int or (before, after)

    Returns
    -------
    array of shape (N, F, OT, OH, OW)

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.
    """
    x, w, b = as_floats(x, w, b)
    time, options = split_time(x, w, stride, padding, dilation)
    frames, filters = as_frames(x, w, *time)
    out = conv2d(frames, filters, b, *options, groups)
    OT = out_size(x.shape[2], w.shape[2], *time)
    out = out.reshape((OT, x.shape[0]) + out.shape[1:])
    return out.transpose(1, 2, 0, 3, 4)


def conv3d_backward(dout, x, w, stride=1, padding=0, dilation=1, groups: int = 1):
    """Return the gradients of `conv3d`, in the shapes of x, w and b. Built in lesson 14."""
    dout, x, w = as_floats(dout, x, w)
    time, options = split_time(x, w, stride, padding, dilation)
    frames, filters = as_frames(x, w, *time)
    N, C, T, H, W = x.shape
    KT, (before, after, step, gap) = w.shape[2], time
    OT = out_size(T, KT, *time)
    if dout.ndim != 5 or dout.shape[:3] != (N, w.shape[0], OT):
        raise ValueError(
            f"dout has shape {dout.shape} but this convolution returns "
            f"({N}, {w.shape[0]}, {OT}, OH, OW): pass the same options as forward."
        )
    dout = dout.transpose(3, 4, 1, 2, 0)  # (OH, OW, F, OT, N)
    dout = dout.reshape(dout.shape[:3] + (OT * N,)).transpose(3, 2, 0, 1)
    dframes, dw, db = conv2d_backward(dout, frames, filters, *options, groups)
    windows = dframes.transpose(2, 3, 1, 0).reshape(H, W, C, KT, OT, N)
    dx = unslide(windows.swapaxes(3, 4), 3, before + T + after, step, gap)
    dx = dx[:, :, :, before : before + T].transpose(4, 2, 3, 0, 1)
    return dx, dw.reshape(w.shape), db


def split_time(x, w, stride, padding, dilation):
    """Separate the options of the time axis from those of `conv2d`."""
    need_axes(x, 5, "x", "(N, C, T, H, W)")
    need_axes(w, 5, "w", "(F, C / groups, KT, KH, KW)")
    (st, *s), (pt, *p), (dt, *d) = (
        tuple(v) if isinstance(v, (tuple, list)) else (v,) * 3
        for v in (stride, padding, dilation)
    )
    if not len(s) == len(p) == len(d) == 2:
        raise ValueError(
            f"Got stride {stride!r}, padding {padding!r}, dilation {dilation!r}: give one "
            "number, or three for time, height and width."
        )
    return (*pair(pt, "padding"), st, dt), (tuple(s), tuple(p), tuple(d))


def as_frames(x, w, before, after, step, gap):
    """Turn clips into images whose channels are (C, KT), one for each place in time."""
    N, C, T, H, W = x.shape
    F, C_group, KT, KH, KW = w.shape
    clip = array_module(x).zeros((H, W, C, before + T + after, N), x.dtype)
    clip[:, :, :, before : before + T] = x.transpose(3, 4, 1, 2, 0)
    windows = slide(clip, 3, KT, step, gap).swapaxes(3, 4)  # (H, W, C, KT, OT, N)
    frames = windows.reshape(H, W, C * KT, windows.shape[4] * N).transpose(3, 2, 0, 1)
    return frames, w.reshape(F, C_group * KT, KH, KW)


def conv_transpose2d(x, w, b=None, stride=1, padding=0, dilation=1, groups: int = 1):
    """Stamp the filter once per input pixel and add: `conv2d` read backwards. Lesson 11.

    It is the gradient of `conv2d` with respect to its input, with `x` in the place of
    `dout`. It undoes the shape of a convolution, not its values.

    Parameters
    ----------
    x : array of shape (N, C, H, W)
    w : array of shape (C, F / groups, KH, KW)
    b : array of shape (F,), optional
    padding
        Pixels cut from the border of the result, per side as in `conv2d`.

    Returns
    -------
    array of shape (N, F, OH, OW)
        ``OH = (H - 1)*stride - top - bottom + dilation*(KH - 1) + 1``.

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning.
    """
    x, w, b = as_floats(x, w, b)
    shape = transposed_shape(x, w, stride, padding, dilation, groups)
    out = conv2d_input_gradient(x, w, shape, stride, padding, dilation, groups)
    if b is not None:
        if b.shape != shape[1:2]:
            raise ValueError(f"b has shape {b.shape} but w gives {shape[1]} maps.")
        out += b[:, None, None]
    return out


def conv_transpose2d_backward(dout, x, w, stride=1, padding=0, dilation=1, groups: int = 1):
    """Return dx, dw, db of `conv_transpose2d`; dx is a plain `conv2d`. Lesson 11."""
    dout, x, w = as_floats(dout, x, w)
    shape = transposed_shape(x, w, stride, padding, dilation, groups)
    if dout.shape != shape:
        raise ValueError(f"dout has shape {dout.shape} but the forward pass gives {shape}.")
    options = stride, padding, dilation, groups
    dw = conv2d_filter_gradient(x, dout, w.shape, *options)
    return conv2d(dout, w, None, *options), dw, bias_gradient(dout)


def transposed_shape(x, w, stride, padding, dilation, groups):
    """Return (N, F, OH, OW) of a transposed convolution, checked."""
    need_axes(x, 4)
    need_axes(w, 4, "w", "(C, F / groups, KH, KW)")
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"x has {x.shape[1]} channels but w expects {w.shape[0]}: x is {x.shape}, w is "
            f"{w.shape}; the first axis of w counts the channels of x."
        )
    stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
    size = [
        (n - 1) * s - sum(p) + d * (k - 1) + 1
        for n, s, p, d, k in zip(
            x.shape[2:], stride, sides(padding), dilation, w.shape[2:], strict=True
        )
    ]
    return (x.shape[0], w.shape[1] * groups, *size)
