"""Batch normalisation and dropout: layers that behave differently while training."""

from ..backend import array_module
from .windows import as_floats, batch_first, batch_last, need_axes


def batch_norm(x, gamma, beta, state, train=True, momentum: float = 0.1, eps: float = 1e-5):
    """Give every channel mean beta and standard deviation gamma. Built in lesson 12.

    Parameters
    ----------
    x : array of shape (N, C, H, W)
    gamma, beta : array of shape (C,)
    state : dict
        Running ``"mean"`` and ``"var"``, each (C,). Training replaces both:
        ``new = (1 - momentum)*old + momentum*batch``, with the unbiased variance.
    train : bool
        Use the statistics of this batch; otherwise those of `state`.
    eps : float
        Added to the variance.

    Returns
    -------
    out : array of shape (N, C, H, W)
    cache : tuple
        What `batch_norm_backward` needs.

    Raises
    ------
    ValueError
        Shapes that do not fit, or training on a single value per channel.

    References
    ----------
    Ioffe and Szegedy (2015), Batch normalization.
    """
    x, gamma, beta = as_floats(x, gamma, beta)
    need_axes(x, 4)
    for name, a in {"gamma": gamma, "beta": beta, **state}.items():
        if a.shape != x.shape[1:2]:
            raise ValueError(
                f"{name} has shape {a.shape} but x {x.shape} has {x.shape[1]} channels: "
                f"use ({x.shape[1]},)."
            )
    pixels = batch_last(x)
    M = pixels.size // max(x.shape[1], 1)  # values per channel
    if train and M < 2:
        raise ValueError(
            f"x has shape {x.shape}: {M} value per channel has no variance. Train on more "
            "images, or pass train=False."
        )
    if train:
        mean = channel_sum(pixels) / M
        centred = pixels - mean[:, None]
        var = channel_sum(centred * centred) / M
        old = 1 - momentum
        state["mean"] = old * state["mean"] + momentum * mean
        state["var"] = old * state["var"] + (momentum * M / (M - 1)) * var
    else:
        mean, var = state["mean"].astype(x.dtype), state["var"].astype(x.dtype)
        centred = pixels - mean[:, None]
    scale = 1 / array_module(x).sqrt(var + eps)
    centred *= scale[:, None]
    out = centred * gamma[:, None]
    out += beta[:, None]
    return batch_first(out), (centred, gamma * scale, train)


def batch_norm_backward(dout, cache):
    """Return the gradients of `batch_norm`. Built in lesson 12.

    Parameters
    ----------
    dout : array of shape (N, C, H, W)
    cache : tuple
        From `batch_norm`.

    Returns
    -------
    dx : array of shape (N, C, H, W)
        In training its sum over each channel is 0.
    dgamma, dbeta : array of shape (C,)
    """
    normal, scale, train = cache
    grad = batch_last(dout)
    if grad.shape != normal.shape:
        raise ValueError(
            f"dout has shape {dout.shape} but batch_norm returned "
            f"{batch_first(normal).shape}."
        )
    dgamma, dbeta = channel_sum(grad * normal), channel_sum(grad)
    if train:
        M = grad.size // len(scale)
        dx = normal * (dgamma / -M)[:, None]
        dx += grad
        dx -= (dbeta / M)[:, None]
        dx *= scale[:, None]
    else:
        dx = grad * scale[:, None]
    return batch_first(dx), dgamma, dbeta


def channel_sum(pixels):
    """Sum (H, W, C, N) per channel: rows first, which is faster and rounds less."""
    return pixels.sum((0, 1)).sum(-1)


def dropout(x, p: float, rng, train: bool = True):
    """Set each value to zero with probability `p`, scale the rest up. Built in lesson 12.

    Parameters
    ----------
    x : array of shape (N, ...)
    p : float
        Fraction dropped, 0 <= p < 1. The rest is divided by 1 - p, which keeps the mean.
    rng : numpy.random.Generator
        Draws on the host, so that every backend drops the same values.
    train : bool
        False: return `x` itself and no mask.

    Returns
    -------
    out : array of shape (N, ...)
    mask : array of shape (N, ...) or None
        0 or 1/(1 - p).

    References
    ----------
    Srivastava et al. (2014), Dropout.
    """
    (x,) = as_floats(x)
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}; it must be at least 0 and below 1.")
    if not train or p == 0:
        return x, None
    xp = array_module(x)
    kept = rng.random(x.shape[1:] + x.shape[:1], dtype="float32") >= p
    mask = xp.moveaxis(xp.asarray(kept).astype(x.dtype), -1, 0)
    mask *= 1 / (1 - p)
    return x * mask, mask


def dropout_backward(dout, mask):
    """Return dx of `dropout`: `dout` where the value was kept, scaled alike. Lesson 12."""
    return dout if mask is None else dout * mask
