"""The layers around the convolutions: linear, relu, flatten, add; forward and backward."""

from math import prod

from ..backend import array_module
from .windows import as_floats, need_axes


def linear(x, w, b=None):
    """Weigh all features of each row: ``x @ w.T + b``. Built in lesson 10.

    Parameters
    ----------
    x : array of shape (N, D)
        Integers are converted to the type of `w`.
    w : array of shape (F, D)
    b : array of shape (F,), optional

    Returns
    -------
    array of shape (N, F)
        A view of (F, N) memory: the batch stays last.

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.
    """
    x, w, b = as_floats(x, w, b)
    need_axes(x, 2, "x", "(N, D); flatten images first")
    need_axes(w, 2, "w", "(F, D)")
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"x has {x.shape[1]} features but w expects {w.shape[1]}: x is {x.shape}, w is "
            f"{w.shape}; w needs shape ({len(w)}, {x.shape[1]})."
        )
    if b is not None and b.shape != (len(w),):
        raise ValueError(f"b has shape {b.shape} but w has {len(w)} rows: use ({len(w)},).")
    out = w @ x.T
    if b is not None:
        out += b[:, None]
    return out.T


def linear_backward(dout, x, w):
    """Return the gradients of `linear`. Built in lesson 10.

    Parameters
    ----------
    dout : array of shape (N, F)
    x : array of shape (N, D)
    w : array of shape (F, D)

    Returns
    -------
    dx : array of shape (N, D)
    dw : array of shape (F, D)
        Summed over the batch.
    db : array of shape (F,)
    """
    dout, x, w = as_floats(dout, x, w)
    if dout.shape != (len(x), len(w)):
        raise ValueError(
            f"dout has shape {dout.shape} but x {x.shape} and w {w.shape} give "
            f"({len(x)}, {len(w)})."
        )
    return (w.T @ dout.T).T, dout.T @ x, dout.sum(0)


def relu(x):
    """Replace negative values by zero. Built in lesson 10."""
    (x,) = as_floats(x)
    # Against runs of zeros, not a lone 0: NumPy then compares many numbers at a time.
    zeros = array_module(x).zeros(x.shape[1::-1], x.dtype).T
    return array_module(x).maximum(x, zeros.reshape(zeros.shape + (1,) * (x.ndim - 2)))


def relu_backward(dout, x):
    """Let the gradient through where `x` (or the output) is positive. Built in lesson 10.

    At x = 0 the gradient is 0, as in PyTorch.
    """
    dout, x = as_floats(dout, x)
    check_same(dout, x, "dout", "x")
    dx = (x > 0).astype(dout.dtype)  # cast first: NumPy multiplies by a mask more slowly
    dx *= dout
    return dx


def flatten(x):
    """Write the features of each image in one row, channel by channel. Built in lesson 10.

    Parameters
    ----------
    x : array of shape (N, ...)

    Returns
    -------
    array of shape (N, D)
        Feature order (C, H, W) as in PyTorch. The batch stays where it is in memory.
    """
    xp = array_module(x)
    return xp.moveaxis(x, 0, -1).reshape(prod(x.shape[1:]), x.shape[0]).T


def flatten_backward(dout, x_shape):
    """Return `dout` (N, D) in the shape `x_shape` (N, ...). Built in lesson 10."""
    if dout.shape != (x_shape[0], prod(x_shape[1:])):
        raise ValueError(
            f"dout has shape {dout.shape} but flattening {tuple(x_shape)} gives "
            f"({x_shape[0]}, {prod(x_shape[1:])})."
        )
    xp = array_module(dout)
    return xp.moveaxis(dout.T.reshape(tuple(x_shape[1:]) + (x_shape[0],)), -1, 0)


def add(x, y):
    """Add a shortcut to a branch. Built in lesson 12.

    Raises
    ------
    ValueError
        The shapes differ; project the shortcut with a 1x1 convolution.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition.
    """
    x, y = as_floats(x, y)
    check_same(x, y, "x", "y")
    return x + y


def add_backward(dout):
    """Return the gradients of `add`: `dout` for both paths, the same array twice."""
    return dout, dout


def check_same(x, y, name_x, name_y):
    """Raise ValueError unless two arrays have the same shape."""
    if x.shape != y.shape:
        raise ValueError(
            f"{name_x} has shape {x.shape} but {name_y} has {y.shape}: they must agree "
            "(a shortcut with other channels or strides needs a 1x1 convolution)."
        )
