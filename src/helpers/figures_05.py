"""Figures of lesson 05: stride and dilation."""

import itertools

import numpy as np

from helpers import data, plotting
from helpers.backend import to_backend, to_numpy
from helpers.filters import KERNELS, correlate, window_counts
from helpers.layers import out_size
from helpers.plotting.arrays import draw_cells, row_of_axes
from helpers.plotting.images import draw_image, grid_of_axes
from helpers.plotting.sliding import HIGHLIGHT

NAMES = ("image", "kernel", "out")  # as in the formulas
USED, PALE = "#3f90da", "0.9"  # petroff10's blue, and a grey for pixels at rest
UNUSED = {"facecolor": "#f7b6bb", "edgecolor": HIGHLIGHT, "hatch": "////"}


def zone_plate(H: int, W: int):
    """Return rings (H, W) that get finer outwards, brightness 0 to 1.

    In the middle of the left and right border one ring, dark and bright together, is less
    than 4 pixels wide.
    """
    y, x = np.arange(H)[:, None] - H / 2, np.arange(W) - W / 2
    return to_backend(0.5 + 0.5 * np.cos(np.pi * (y**2 + x**2) / (1.8 * W)))


def gaussian(sigma: float):
    """Return a Gaussian kernel that reaches three times `sigma` pixels and sums to 1."""
    n = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    bell = np.exp(-(n**2) / (2 * sigma**2))
    return np.outer(bell, bell) / bell.sum() ** 2


def taps(i: int, k: int, stride: int, dilation: int) -> list[int]:
    """Return the places of the padded axis that window i touches."""
    return [i * stride + q * dilation for q in range(k)]


def show_positions(
    n: int, k: int, padding: int = 0, stride: int = 1, dilation: int = 1, formula=False
):
    """Draw every window along an axis, with the pixels that none of them touches.

    Parameters
    ----------
    n, k, padding, stride, dilation : int
        As in `helpers.layers.out_size`, the padding at both ends.
    formula : bool
        Write what the formula for the number of windows gives below the drawing.

    Raises
    ------
    ValueError
        No window fits, or the axis is longer than 32 with its padding.
    """
    length = n + 2 * padding
    if length > 32:
        raise ValueError(
            f"the axis has {length} places with its padding; at most 32 can be drawn."
        )
    by_formula = out_size(n, k, padding, padding, stride, dilation)
    starts = range(0, length - dilation * (k - 1), stride)
    windows = [taps(i, k, stride, dilation) for i in range(len(starts))]
    lost = sorted(set(range(padding, padding + n)) - set(itertools.chain(*windows)))
    named = ", ".join(str(place - padding) for place in lost) or "none"
    alt = (
        f"An axis of {n} pixels, padding {padding}, and below it {len(windows)} windows "
        f"of {k} weights. Pixels that no window touches: {named}."
    )
    caption = f"{len(windows)} windows. Pixels in no window (red, hatched): {named}."
    if formula:
        caption += (
            f" The formula: ⌊({n} + 2·{padding} − {dilation}·({k} − 1) − 1) / {stride}⌋ + 1"
            f" = {by_formula}."
        )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = draw_positions(n, padding, windows, lost)
    plotting.show(fig, alt, caption)


def draw_positions(n: int, padding: int, windows, lost):
    """Return a figure of an axis, its windows below it, and the places that are lost."""
    length, cell = n + 2 * padding, 0.34
    width, height = (length + 3) * cell, (len(windows) + 1.7) * cell
    fig = plotting.new_figure(width, height)
    ax = fig.add_axes([0, 0, 1, 1])
    ax.set(xlim=(-2.6, length + 0.4), ylim=(len(windows) + 1.3, -0.4))
    ax.axis("off")
    ax.text(-0.3, 0.5, "pixel", ha="right", va="center", color="0.35")
    for place in range(length):
        pixel = padding <= place < padding + n
        look = {"facecolor": PALE if pixel else "white", "edgecolor": "0.45"}
        look |= UNUSED if place in lost else {} if pixel else {"linestyle": ":"}
        box(ax, place, 0, str(place - padding) if pixel else "0", **look)
    for row, window in enumerate(windows, 1):
        ax.text(-0.3, row + 0.6, f"out[{row - 1}]", ha="right", va="center", color="0.35")
        for place in range(window[0], window[-1] + 1):
            colour = USED if place in window else "white"
            box(ax, place, row + 0.1, "", facecolor=colour, edgecolor="0.6")
    return fig


def box(ax, x: float, y: float, text: str, side: float = 1.0, **look):
    """Draw one cell whose top left corner is at (x, y), with a text in it."""
    from matplotlib.patches import Rectangle

    pad = 0.04 * side
    ax.add_patch(Rectangle((x + pad, y + pad), side - 2 * pad, side - 2 * pad, **look))
    if text:
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        ax.text(
            x + side / 2, y + side / 2, text, ha="center", va="center", fontsize=9,
            bbox=paper if "hatch" in look else None,
        )  # fmt: skip


def show_usage(H: int, W: int, kernel, strides):
    """Draw in how many windows each pixel lies, for some strides; unused ones in red.

    Parameters
    ----------
    H, W : int
        Size of the image.
    kernel : (int, int)
        Rows and columns of the window.
    strides : list of (int, int)
    """
    from matplotlib.patches import Rectangle

    counts = [to_numpy(window_counts(H, W, kernel, stride)) for stride in strides]
    titles = [
        f"stride {s}: {int((c == 0).sum())} unused"
        for s, c in zip(strides, counts, strict=True)
    ]
    alt = f"Images of {H} by {W} pixels. " + ". ".join(titles) + "."
    caption = (
        f"How many windows of {kernel[0]} × {kernel[1]} a pixel lies in. Red and hatched: "
        "no window, so the pixel cannot change the output."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = row_of_axes([c.shape for c in counts], 0.36)
        for ax, count, title in zip(axes, counts, titles, strict=True):
            texts = np.where(count > 0, count.astype(str), "").astype(object)
            draw_cells(ax, count, (0, kernel[0] * kernel[1]), "cividis", texts, grid=True)
            for i, j in np.argwhere(count == 0):
                ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, lw=0.8, **UNUSED))
            ax.set_title(title, pad=6)
    plotting.show(fig, alt, caption)


def show_steps(image, kernel, stride):
    """Let a kernel step over a small image with a stride, one frame per output cell."""
    out = correlate(image, kernel, stride)
    caption = (
        f"All {out.size} stops. The frame moves {stride[0]} rows or {stride[1]} columns."
    )
    plotting.animate_window(image, kernel, out, caption=caption, stride=stride, names=NAMES)


def show_spread(kernel, dilation):
    """Draw a kernel (KH, KW) as it is, and with its weights spread apart."""
    corner = np.eye(1, dilation[0] * dilation[1]).reshape(dilation)
    last_row, last_column = 1 - dilation[0] or None, 1 - dilation[1] or None
    spread = np.kron(to_numpy(kernel), corner)[:last_row, :last_column] + 0.0  # no −0
    plotting.show_kernels(
        [to_numpy(kernel), spread],
        ["dilation (1, 1)", f"dilation {dilation}"],
        caption=f"The spread kernel has the shape {spread.shape}.",
    )


def show_stop(image, kernel, stride, dilation):
    """Draw one stop of a kernel whose weights stand apart, in the middle of an image."""
    out = correlate(image, kernel, stride, 0, dilation)
    i, j = out.shape[0] // 2, out.shape[1] // 2
    caption = (
        f"One stop. Stride {stride} led here, dilation {dilation} keeps weights apart."
    )
    plotting.show_window(
        image,
        kernel,
        out,
        i,
        j,
        caption=caption,
        stride=stride,
        dilation=dilation,
        names=NAMES,
    )


def show_aliasing(image, stride: int):
    """Draw an image (H, W), every few pixels of it, and every few pixels after a blur.

    The margin in which the window of the blur does not fit is left out of all three.
    """
    blur = gaussian(2 * stride / 3)
    radius = len(blur) // 2
    inner = image[radius:-radius, radius:-radius]  # where the window of the blur fits
    smooth = correlate(image, to_backend(blur), stride)
    one = to_backend(np.ones((1, 1)))
    images = [inner, correlate(inner, one, stride), smooth]
    H, W = inner.shape
    titles = [f"{H} × {W} pixels", f"every {stride}th pixel", f"blurred, every {stride}th"]
    alt = (
        "Rings around one centre that get finer outwards. Of every few pixels: further "
        "rings, with centres of their own, which the image does not have. After a blur: "
        "the true rings in the middle, grey outside."
    )
    caption = (
        f"With a stride of {stride} no ring, dark and bright together, can be narrower "
        f"than {2 * stride} pixels. Without a blur such rings come back as others."
    )
    if plotting.figures_off():
        return
    images = [to_numpy(i) for i in images]
    with plotting.style():
        fig, axes = grid_of_axes([i.shape for i in images], 3, 2.5, titles)
        for ax, picture, title in zip(axes, images, titles, strict=True):
            draw_image(ax, picture, (0, 1), "gray")
            ax.set_title(title, pad=4)
    plotting.show(fig, alt, caption)


def show_dilations(image, dilations):
    """Draw an image (H, W) after Sobel's kernel for upright edges, spread apart."""
    kernel = to_backend(np.array(KERNELS["sobel_x"], float))
    outs = [to_numpy(correlate(image, kernel, dilation=d)) for d in dilations]
    titles = [f"dilation {d}: {2 * d + 1} × {2 * d + 1} pixels" for d in dilations]
    alt = (
        "A portrait as a relief of its upright edges, three times. The farther the weights "
        "stand apart, the broader the edges; fine lines turn into double ones."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = grid_of_axes([o.shape for o in outs], len(outs), 2.2, titles)
        for ax, out, title in zip(axes, outs, titles, strict=True):
            reach = np.quantile(np.abs(out), 0.99)
            draw_image(ax, out, (-reach, reach), "gray")
            ax.set_title(title, pad=4)
    caption = "The same nine weights, spread over more and more pixels. Grey is zero. "
    caption += f"Photograph: {data.sample_photo(shrink=64).credit}"
    plotting.show(fig, alt, caption, sharpness=1.2)
