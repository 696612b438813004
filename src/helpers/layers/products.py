"""The two matrix products of a convolution: the only place where the two libraries differ.

NumPy hands one small product per pixel straight to its BLAS. CuPy wants one large product,
so there the pixels are moved next to the batch first.
"""

from ..backend import array_module
from .geometry import on_gpu


def empty_maps(xp, OH: int, OW: int, channels: int, N: int, dtype):
    """Return an empty (OH, OW, channels, N) array in the memory order `multiply` fills."""
    if on_gpu(xp):
        return xp.empty((channels, OH, OW, N), dtype).transpose(1, 2, 0, 3)
    return xp.empty((OH, OW, channels, N), dtype)


def multiply(filters, cols, out):
    """Write ``filters @ cols`` at every pixel.

    Parameters
    ----------
    filters : array of shape (G, 1, M, K)
    cols : array of shape (OH, G, OW, K, N)
    out : array of shape (OH, G, OW, M, N)
    """
    xp = array_module(cols)
    if on_gpu(xp):
        xp.matmul(filters[:, 0], pixels_last(cols), out=pixels_last(out))
    else:
        xp.matmul(filters, cols, out=out)


def multiply_transposed(cols, dout):
    """Return ``cols @ dout.T`` summed over pixels and batch: (G, K, M).

    Parameters
    ----------
    cols : array of shape (OH, G, OW, K, N)
    dout : array of shape (OH, G, OW, M, N)
    """
    xp = array_module(cols)
    if on_gpu(xp):
        return xp.matmul(pixels_last(cols), pixels_last(dout).swapaxes(1, 2))
    dout = dout.swapaxes(3, 4)
    if cols.shape[3] >= 32:  # each number of dout serves K products: worth a copy for BLAS
        dout = xp.ascontiguousarray(dout)
    return xp.matmul(cols, dout).sum((0, 2))


def pixels_last(a):
    """Return (OH, G, OW, M, N) as one matrix per group: (G, M, OH*OW*N)."""
    G, M = a.shape[1], a.shape[3]
    return a.transpose(1, 3, 0, 2, 4).reshape(G, M, -1)
