"""Ways to compute a convolution layer, and a stopwatch for them. Lesson 09."""

import time

import numpy as np

from helpers import layers
from helpers.backend import array_module, to_numpy, xp


def finished_im2col(x, KH: int, KW: int, stride: int = 1, padding: int = 0):
    """Return what each window sees, one window in each row. Built in lesson 09.

    Parameters
    ----------
    x : (N, C, H, W)
    KH, KW, stride, padding : int

    Returns
    -------
    (N * OH * OW, C * KH * KW)
    """
    lib, (N, C, H, W) = array_module(x), x.shape
    OH = layers.out_size(H, KH, padding, padding, stride)
    OW = layers.out_size(W, KW, padding, padding, stride)
    padded = lib.zeros((N, C, H + 2 * padding, W + 2 * padding), x.dtype)
    padded[:, :, padding : padding + H, padding : padding + W] = x
    cols = lib.empty((N, OH, OW, C, KH, KW), x.dtype)
    for p in range(KH):
        for q in range(KW):
            seen = padded[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            cols[..., p, q] = seen.transpose(0, 2, 3, 1)
    return cols.reshape(N * OH * OW, C * KH * KW)


def finished_col2im(cols, x_shape, KH: int, KW: int, stride: int = 1, padding: int = 0):
    """Add rows of windows back to their pixels: the adjoint. Built in lesson 09.

    Parameters
    ----------
    cols : (N * OH * OW, C * KH * KW)
    x_shape : tuple of int
    KH, KW, stride, padding : int

    Returns
    -------
    (N, C, H, W)
    """
    lib, (N, C, H, W) = array_module(cols), x_shape
    OH = layers.out_size(H, KH, padding, padding, stride)
    OW = layers.out_size(W, KW, padding, padding, stride)
    cells = cols.reshape(N, OH, OW, C, KH, KW)
    padded = lib.zeros((N, H + 2 * padding, W + 2 * padding, C), cols.dtype)
    for p in range(KH):
        for q in range(KW):
            rows, columns = p + stride * OH, q + stride * OW
            padded[:, p:rows:stride, q:columns:stride] += cells[..., p, q]
    inner = padded[:, padding : padding + H, padding : padding + W]
    return inner.transpose(0, 3, 1, 2)


def quickest(function, *arguments, runs: int = 15, patience: float = 0.25) -> float:
    """Return the seconds of the quickest of a few runs; slow functions run once."""
    times: list[float] = []
    while len(times) < runs and sum(times) < patience:
        start = time.perf_counter()
        out = function(*arguments)
        to_numpy(out[0] if isinstance(out, tuple) else out)  # waits for a graphics card
        times.append(time.perf_counter() - start)
    return min(times)


def by_windows(x, w, b, stride, padding):
    """Correlate with a Python loop over images, filters and windows: lesson 06."""
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    padded = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    OH, OW = (
        layers.out_size(n, k, padding, padding, stride) for n, k in ((H, KH), (W, KW))
    )
    out = xp.zeros((N, F, OH, OW))
    for n, f, i, j in np.ndindex(N, F, OH, OW):
        top, left = i * stride, j * stride
        window = padded[n, :, top : top + KH, left : left + KW]
        out[n, f, i, j] = (window * w[f]).sum() + b[f]
    return out


def by_offsets(x, w, b, stride, padding):
    """Correlate with a Python loop over the offsets of the kernel: lesson 06."""
    _, _, H, W = x.shape
    _, _, KH, KW = w.shape
    padded = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    OH, OW = (
        layers.out_size(n, k, padding, padding, stride) for n, k in ((H, KH), (W, KW))
    )
    out = b[None, :, None, None]
    for p in range(KH):
        for q in range(KW):
            seen = padded[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            out = out + xp.einsum("ncij,fc->nfij", seen, w[:, :, p, q], optimize=True)
    return out


def by_im2col(x, w, b, stride, padding):
    """Correlate by im2col and one matrix product: lesson 09."""
    (N, _, H, W), (F, _, KH, KW) = x.shape, w.shape
    OH, OW = (
        layers.out_size(n, k, padding, padding, stride) for n, k in ((H, KH), (W, KW))
    )
    rows = finished_im2col(x, KH, KW, stride, padding) @ w.reshape(F, -1).T + b
    return rows.reshape(N, OH, OW, F).transpose(0, 3, 1, 2)


def by_fft(x, w):
    """Correlate one image (1, 1, H, W) with one kernel through frequencies."""
    (H, W), (KH, KW) = x.shape[2:], w.shape[2:]
    size = (H + KH - 1, W + KW - 1)
    waves = xp.fft.rfft2(x[0, 0], size) * xp.fft.rfft2(w[0, 0, ::-1, ::-1], size)
    return xp.fft.irfft2(waves, size)[KH - 1 : H, KW - 1 : W]
