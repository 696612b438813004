"""Convolution of a few large images: the width plays the part of the batch.

In (N, H, C, W) memory the KH rows of a window are one matrix (KH*C, W) without a copy.
Multiply it by the columns of the filters, (KW*F, KH*C), then add KW shifted results.
"""

from ..backend import array_module
from .windows import slide, tap, unslide


def strips(x, w, b, g):
    """Return `conv2d` for the geometry `g`, without groups. Shown in lesson 09."""
    xp, matrix = array_module(x), columns(w, g)
    image = rows_first(x, g)
    out = xp.empty((g.N, g.OH, g.F, g.OW), x.dtype)
    for seen, band in g.bands(xp, working_bytes(x, g)):
        rows = windows(image[:, seen], g)
        parts = (matrix @ rows).reshape(rows.shape[:2] + (g.KW, g.F, g.padded[1]))
        total = out[:, band]
        total[...] = 0 if b is None else b[:, None]
        for q in range(g.KW):
            total += parts[:, :, q, :, shift(q, g)]
    return out.transpose(0, 2, 1, 3)


def strips_input_gradient(dout, w, g):
    """Return dx: undo the shifts, multiply by the transposed matrix, add the rows back."""
    xp, matrix = array_module(w), columns(w, g).T
    dx = xp.zeros((g.N, g.padded[0], g.C, g.padded[1]), dout.dtype)
    for seen, band in g.bands(xp, working_bytes(dout, g)):
        rows = matrix @ unshift(dout[:, :, band], g)
        rows = rows.reshape(rows.shape[:2] + (g.KH, g.C, g.padded[1]))
        unslide(rows, 1, dx.shape[1], g.stride[0], g.dilation[0], out=dx[:, seen])
    (top, _), (left, _) = g.padding
    return dx[:, top : top + g.H, :, left : left + g.W].transpose(0, 2, 1, 3)


def strips_filter_gradient(dout, x, g):
    """Return dw: undo the shifts, multiply by the rows that were seen, sum."""
    xp, image = array_module(x), rows_first(x, g)
    dw = xp.zeros((g.KW * g.F, g.KH * g.C), x.dtype)
    for seen, band in g.bands(xp, working_bytes(x, g)):
        rows = windows(image[:, seen], g).swapaxes(2, 3)
        dw += (unshift(dout[:, :, band], g) @ rows).sum((0, 1))
    return dw.reshape(g.KW, g.F, g.KH, g.C).transpose(1, 3, 2, 0)


def rows_first(x, g):
    """Return `x` padded, in (N, H, C, W) memory."""
    (top, _), (left, _) = g.padding
    image = array_module(x).zeros((g.N, g.padded[0], g.C, g.padded[1]), x.dtype)
    image[:, top : top + g.H, :, left : left + g.W] = x.transpose(0, 2, 1, 3)
    return image


def columns(w, g):
    """Return the filters as (KW*F, KH*C)."""
    return w.transpose(3, 0, 2, 1).reshape(g.KW * g.F, g.KH * g.C)


def windows(image, g):
    """View the rows that each output row sees: (N, OH, KH*C, W)."""
    rows = slide(image, 1, g.KH, g.stride[0], g.dilation[0])
    return rows.reshape(rows.shape[:2] + (g.KH * g.C, g.padded[1]))


def shift(q: int, g) -> slice:
    """Return where the outputs lie in a row multiplied by the filters' column q."""
    return tap(q, g.OW, g.stride[1], g.dilation[1])


def unshift(dout, g):
    """Put `dout` (N, F, OH, OW) where each column's part was read: (N, OH, KW*F, W)."""
    N, F, OH, _ = dout.shape
    parts = array_module(dout).zeros((N, OH, g.KW, F, g.padded[1]), dout.dtype)
    for q in range(g.KW):
        parts[:, :, q, :, shift(q, g)] = dout.transpose(0, 2, 1, 3)
    return parts.reshape(N, OH, g.KW * F, g.padded[1])


def working_bytes(a, g) -> int:
    """Return the bytes of the working copy per output row."""
    return g.N * g.KW * g.F * g.padded[1] * a.itemsize
