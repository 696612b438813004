"""Two-dimensional convolution (unflipped, as in deep learning), forward and backward.

The fast form of lesson 09. Copy the KH rows that a filter spans next to each other; the
windows along the width then are an overlapping view, and the layer is one matrix product
per pixel, (F, K) @ (K, N) with K = KW*KH*C. Both gradients are the same steps read
backwards. Work goes in bands of output rows small enough for the processor's cache.
"""

from ..backend import array_module
from .depthwise import depthwise_filter_gradient, depthwise_input_gradient
from .geometry import Geometry
from .products import empty_maps, multiply, multiply_transposed
from .strips import strips, strips_filter_gradient, strips_input_gradient
from .windows import as_floats, batch_first, batch_last, slide, unslide

# Where the general form is slow: its gradients for each of the special forms.
INPUT_GRADIENT = {"depthwise": depthwise_input_gradient, "strips": strips_input_gradient}
FILTER_GRADIENT = {"depthwise": depthwise_filter_gradient, "strips": strips_filter_gradient}


def conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups: int = 1):
    """Slide F filters over a batch of images. Built in lesson 06; this form in lesson 09.

    ``out[n, f, i, j] = b[f] + sum over c, p, q of
    w[f, c, p, q] * x[n, c, i*stride + p*dilation - top, j*stride + q*dilation - left]``

    Parameters
    ----------
    x : array of shape (N, C, H, W)
        Images, in any memory order. Integers are converted to the type of `w`, or float64.
    w : array of shape (F, C / groups, KH, KW)
        Filters. With groups (lesson 11), a filter sees only the channels of its own group.
    b : array of shape (F,), optional
        Bias.
    stride, dilation : int or (int, int)
        Pixels between windows, and between the samples of one window (1: neighbours).
    padding : int, (int, int) or ((top, bottom), (left, right))
        Zeros around the image, in pixels.

    Returns
    -------
    array of shape (N, F, OH, OW)
        A view of (OH, OW, F, N) memory, the order in which the next layer is fastest.

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.

    References
    ----------
    Chellapilla, Puri and Simard (2006), High performance convolutional neural networks.
    """
    x, w, b = as_floats(x, w, b)
    g = Geometry(x.shape, w.shape, stride, padding, dilation, groups)
    if b is not None and b.shape != (g.F,):
        raise ValueError(f"b has shape {b.shape} but w has {g.F} filters: use ({g.F},).")
    if special_form(g) == "strips":
        return strips(x, w, b, g)
    xp = array_module(x)
    image, filters = batch_last(x), g.matrices(w)
    out = empty_maps(xp, g.OH, g.OW, g.F, g.N, x.dtype)
    bias = None if b is None else xp.repeat(b[:, None], g.N, 1)  # long runs add faster
    for seen, band in g.bands(xp, g.padded[1] * g.C * g.N * g.KH * x.itemsize):
        multiply(filters, g.patches(g.padded_rows(image, seen)), g.grouped(out[band]))
        if b is not None:
            out[band] += bias
    return batch_first(out)


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1, groups: int = 1):
    """Return the gradients of `conv2d`. Built in lesson 07; this form in lesson 09.

    Parameters
    ----------
    dout : array of shape (N, F, OH, OW)
        Gradient of the loss with respect to the output.
    x, w, stride, padding, dilation, groups
        What was given to `conv2d`.

    Returns
    -------
    dx : array of shape (N, C, H, W)
        Zero at pixels that no window saw.
    dw : array of shape (F, C / groups, KH, KW)
        Summed over the batch.
    db : array of shape (F,)
        Sum of `dout` over images and pixels.

    Raises
    ------
    ValueError
        Shapes that do not fit; the message quotes both.
    """
    options = stride, padding, dilation, groups
    dout, x, w = as_floats(dout, x, w)
    dw = conv2d_filter_gradient(dout, x, w.shape, *options)  # before dx takes up memory
    return conv2d_input_gradient(dout, w, x.shape, *options), dw, bias_gradient(dout)


def conv2d_input_gradient(dout, w, x_shape, stride=1, padding=0, dilation=1, groups=1):
    """Return dx: every window hands its share back to the pixels it saw.

    The steps of `conv2d` in reverse: what belongs to the rows that were copied, those rows
    added back along the height, the padding cut off.
    """
    g = Geometry(x_shape, w.shape, stride, padding, dilation, groups)
    g.check_dout(dout)
    if form := special_form(g):
        return INPUT_GRADIENT[form](dout, w, g)
    maps, (H, W) = batch_last(dout), g.padded
    dx = array_module(dout).zeros((H, W, g.G, g.C_group, g.N), dout.dtype)
    # A product of few rows starves the processor; with a stride most gathered values are 0.
    gather = g.stride[1] == 1 < g.KW and g.KH * g.C_group > 3
    row_gradients = (gathered_rows if gather else scattered_rows)(g, w)
    wide = g.F + g.KH * g.C if gather else g.G * g.K  # working numbers per image and column
    for seen, band in g.bands(array_module(dx), W * wide * g.N * dx.itemsize):
        # The rows get no name: they are gone before the next band asks for memory.
        unslide(
            row_gradients(g.grouped(maps[band])), 0, H, g.stride[0], g.dilation[0], dx[seen]
        )
    (top, _), (left, _) = g.padding
    return batch_first(dx.reshape(H, W, g.C, g.N)[top : top + g.H, left : left + g.W])


def scattered_rows(g, w):
    """Return a function: dout (OH, G, OW, F/G, N) to gradients of the copied rows.

    Multiply by the transposed filters, then add the windows back along the width.
    """
    xp, W = array_module(w), g.padded[1]
    filters = xp.ascontiguousarray(g.matrices(w).swapaxes(2, 3))

    def rows(dout):
        windows = empty_maps(xp, len(dout), g.OW, g.G * g.K, g.N, dout.dtype)
        multiply(filters, dout, g.grouped(windows))
        windows = windows.reshape(len(dout), g.OW, g.G, g.KW, g.KH, g.C_group, g.N)
        windows = windows.transpose(0, 1, 3, 4, 2, 5, 6)  # (OH, OW, KW, KH, G, C/G, N)
        return unslide(windows, 1, W, g.stride[1], g.dilation[1]).swapaxes(1, 2)

    return rows


def gathered_rows(g, w):
    """As `scattered_rows` for stride 1: each column gathers from its KW columns of dout.

    Again an overlapping view, of dout between margins of zeros; the filters are flipped.
    """
    xp, W, reach = array_module(w), g.padded[1], g.dilation[1] * (g.KW - 1)
    F_group, C_group = g.F // g.G, g.C_group
    filters = w[..., ::-1].reshape(g.G, F_group, C_group, g.KH, g.KW)
    filters = filters.transpose(0, 3, 2, 4, 1)  # (G, KH, C/G, KW, F/G)
    filters = xp.ascontiguousarray(filters.reshape(g.G, 1, g.KH * C_group, g.KW * F_group))

    def rows(dout):
        n = len(dout)
        wide = xp.zeros((n, g.G, W + reach, F_group, g.N), dout.dtype)
        wide[:, :, reach : reach + g.OW] = dout
        windows = slide(wide, 2, g.KW, 1, g.dilation[1])
        windows = windows.reshape(n, g.G, W, g.KW * F_group, g.N)
        out = empty_maps(xp, n, W, g.G * g.KH * C_group, g.N, dout.dtype)
        multiply(filters, windows, g.grouped(out))
        return out.reshape(n, W, g.G, g.KH, C_group, g.N).transpose(0, 3, 1, 2, 4, 5)

    return rows


def conv2d_filter_gradient(dout, x, w_shape, stride=1, padding=0, dilation=1, groups=1):
    """Return dw: each weight collects (what it saw) times (the gradient of its output)."""
    g = Geometry(x.shape, w_shape, stride, padding, dilation, groups)
    g.check_dout(dout)
    if form := special_form(g):
        return FILTER_GRADIENT[form](dout, x, g)
    xp = array_module(x)
    image, maps = batch_last(x), batch_last(dout)
    dw = xp.zeros((g.G, g.K, g.F // g.G), x.dtype)
    row = g.OW * g.K * max(g.G * g.N, g.F) * x.itemsize
    for seen, band in g.bands(xp, row):
        dw += multiply_transposed(
            g.patches(g.padded_rows(image, seen)), g.grouped(maps[band])
        )
    dw = dw.reshape(g.G, g.KW, g.KH, g.C_group, g.F // g.G)
    return dw.transpose(0, 4, 3, 2, 1).reshape(w_shape)


def special_form(g):
    """Return the name of the form for shapes that the general one serves badly, or ""."""
    if g.G == g.C == g.F > 1:
        return "depthwise"
    # The width, not the batch, is long enough to feed a matrix product.
    return "strips" if g.N < 4 and g.G == 1 and g.W >= 32 else ""


def bias_gradient(dout):
    """Return db: the sum of `dout` (N, F, OH, OW) over everything but the filters."""
    return batch_last(dout).sum((0, 1)).sum(-1)  # rows first: faster, smaller error
