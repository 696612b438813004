"""A filter window drawn on its input, still and moving."""

import itertools

import numpy as np

from helpers.plotting.animation import animate
from helpers.plotting.arrays import (
    cell_size,
    cell_texts,
    draw_cells,
    limits_of,
    number_text,
    row_of_axes,
)
from helpers.plotting.page import check_alt, figures_off, show, style
from helpers.plotting.window import Window

HIGHLIGHT = "#e42536"  # petroff6's red; the frame is also thick, so colour is not alone


def frame(ax, i, j, rows=1, columns=1):
    """Draw a thick frame around cells of an array that was drawn with `draw_cells`."""
    from matplotlib.patches import Rectangle

    for colour, width in (("white", 6), (HIGHLIGHT, 3)):
        ax.add_patch(
            Rectangle(
                (j - 0.5, i - 0.5), columns, rows, fill=False, ec=colour, lw=width,
                clip_on=False, zorder=4,
            )
        )  # fmt: skip


def mark_padding(ax, window: Window):
    """Hatch the border of zeros that padding added."""
    from matplotlib.patches import Rectangle

    (pt, pl), (H, W) = window.padding, window.image.shape
    for i, j in itertools.product(range(H), range(W)):
        if not (pt <= i < H - pt and pl <= j < W - pl):
            ax.add_patch(
                Rectangle(
                    (j - 0.5, i - 0.5), 1, 1, fill=False, hatch="///", ec="0.55", lw=0
                )
            )


def draw_window(window: Window, i: int, j: int, names, hide_after=False):
    """Return a figure of the window at output index (i, j).

    Parameters
    ----------
    hide_after : bool
        Leave the output cells that come later empty, as if not yet computed.
    """
    top, left = window.place(i, j)
    text = window.sentence(i, j)
    output = np.array(window.output, float)
    if hide_after:
        output.ravel()[i * output.shape[1] + j + 1 :] = np.nan
    arrays = [window.image, window.kernel, output]
    bottom = 0.21 * len(text) + 0.2
    fig, axes = row_of_axes(
        [a.shape for a in arrays], cell_size(arrays), gap=0.6, top=0.5, bottom=bottom
    )
    scales = [
        limits_of([window.image]), limits_of([window.kernel], symmetric=True),
        limits_of([window.output]),
    ]  # fmt: skip
    titles = [window.padded + names[0], *names[1:]]
    for ax, array, name, scale in zip(axes, arrays, titles, scales, strict=True):
        cmap = "RdBu_r" if array is window.kernel else "gray"
        draw_cells(ax, array, scale, cmap, cell_texts(array), grid=True)
        ax.set_title(f"{name}  {window.shape_text(array)}", pad=6)
        if window.is_signal:
            ax.set_yticks([])
    mark_padding(axes[0], window)
    if window.dilation == (1, 1):
        frame(axes[0], top, left, *window.kernel.shape)
    else:
        mark_taps(axes[0], window, top, left)
    frame(axes[2], i, j)
    start = f"{names[2]}{window.index_text(i, j)} = "
    fig.text(
        0.55 / fig.get_figwidth(), 0.02, start + "\n      ".join(text), va="bottom",
        fontsize=11, linespacing=1.35,
    )  # fmt: skip
    return fig


def mark_taps(ax, window: Window, top: int, left: int):
    """Frame each input cell that a dilated kernel meets."""
    KH, KW = window.kernel.shape
    for p, q in itertools.product(range(KH), range(KW)):
        frame(ax, top + p * window.dilation[0], left + q * window.dilation[1])


def show_window(
    image, kernel, output, i: int, j: int | None = None, alt: str | None = None,
    caption: str | None = None, *, stride=1, padding=0, dilation=1,
    names=("input", "kernel", "output"),
):  # fmt: skip
    """Draw input, kernel and output, with the window of one output cell and its sum.

    The kernel is used as it stands, unflipped; for a convolution give it flipped.

    Parameters
    ----------
    image : (H, W) or (L,)
    kernel : (KH, KW) or (K,)
    output : (OH, OW) or (OL,)
        What the filter gave; NaN cells stay empty.
    i, j : int
        The output index; for a signal `i` alone.
    alt : str, optional
        Without it the sum of products is put into words.
    caption : str, optional
    stride, padding, dilation : int or (rows, columns)
        Padding is drawn as a hatched border of zeros.
    names : (str, str, str)

    Raises
    ------
    ValueError
        The index is outside, or the output is not what this window sums to.
    """
    window = Window(image, kernel, output, stride, padding, dilation)
    i, j = (0, i) if window.is_signal else (i, j)
    top, left = window.place(i, j)
    place = f"column {left}" if window.is_signal else f"row {top}, column {left}"
    if alt is None:
        alt = (
            f"A kernel of {window.shape_text(window.kernel)} on the {window.padded}"
            f"{names[0]} of {window.shape_text(window.image)}. The window starts at "
            f"{place}. {names[2]}{window.index_text(i, j)} is "
            f"{' '.join(window.sentence(i, j))}."
        )
    alt = check_alt(alt)
    window.total(i, j)
    if figures_off():
        return
    with style():
        fig = draw_window(window, i, j, names)
    show(fig, alt, caption)


def animate_window(
    image, kernel, output, alt: str | None = None, caption: str | None = None, *,
    stride=1, padding=0, dilation=1, names=("input", "kernel", "output"), most: int = 40,
):  # fmt: skip
    """Let the window slide over the input, one frame per output cell.

    Parameters
    ----------
    image, kernel, output, stride, padding, dilation, names
        As in `show_window`.
    alt : str, optional
    caption : str, optional
    most : int
        Frames at most; more output cells than this raise ValueError.
    """
    window = Window(image, kernel, output, stride, padding, dilation)
    places = list(itertools.product(*(range(n) for n in window.output.shape)))
    if len(places) > most:
        raise ValueError(
            f"The output has {len(places)} cells, but {most} frames are allowed."
        )
    labels = [
        f"Step {n} of {len(places)}: {names[2]}{window.index_text(i, j)} = "
        f"{number_text(window.total(i, j))}"
        for n, (i, j) in enumerate(places, 1)
    ]
    if alt is None:
        alt = (
            f"The window of a kernel of {window.shape_text(window.kernel)} slides over the "
            f"{window.padded}{names[0]} of {window.shape_text(window.image)}, row by row; "
            "each stop fills one output cell."
        )

    def draw(place):
        return draw_window(window, *place, names, hide_after=True)

    animate(draw, places, alt, caption, labels=labels)
