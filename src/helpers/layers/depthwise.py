"""The gradients of a depthwise convolution: one filter per channel, products too small.

One pass per place (p, q) in the filter instead: the pixels at that place of all windows
are one strided slice, which meets one number per channel. Built in lesson 11.
"""

from ..backend import array_module
from .windows import batch_first, batch_last, pad, tap


def depthwise_input_gradient(dout, w, g):
    """Return dx: hand each window's share back, place by place."""
    xp, maps, weights = array_module(w), batch_last(dout), per_image(w, g)
    dx = xp.zeros(g.padded + (g.C, g.N), dout.dtype)
    for seen, band in g.bands(xp, working_bytes(dout, g)):
        part, share = dx[seen], maps[band]
        for p, q, place in places(g, len(share)):
            part[place] += share * weights[p, q]
    (top, _), (left, _) = g.padding
    return batch_first(dx[top : top + g.H, left : left + g.W])


def depthwise_filter_gradient(dout, x, g):
    """Return dw: what was seen at each place times the gradient, summed."""
    xp, image, maps = array_module(x), pad(batch_last(x), g.padding), batch_last(dout)
    dw = xp.zeros((g.KH, g.KW, g.C, g.N), x.dtype)
    for seen, band in g.bands(xp, working_bytes(x, g)):
        part, share = image[seen], maps[band]
        for p, q, place in places(g, len(share)):
            dw[p, q] += (part[place] * share).sum((0, 1))
    return dw.sum(-1).transpose(2, 0, 1)[:, None]


def places(g, rows: int):
    """Yield p, q and the slices that hold this place of all windows of `rows` rows."""
    (sh, sw), (dh, dw) = g.stride, g.dilation
    for p in range(g.KH):
        for q in range(g.KW):
            yield p, q, (tap(p, rows, sh, dh), tap(q, g.OW, sw, dw))


def per_image(w, g):
    """Repeat the filters (C, 1, KH, KW) for each image: (KH, KW, C, N), in long runs."""
    return array_module(w).repeat(w.transpose(2, 3, 0, 1), g.N, 3)


def working_bytes(a, g) -> int:
    """Return the bytes at work per output row: pixels seen, a product, the sum."""
    return 3 * g.OW * g.C * g.N * a.itemsize
