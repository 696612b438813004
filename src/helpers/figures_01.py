"""Figures of lesson 01, with the counts that they need."""

import numpy as np

from helpers.backend import to_numpy
from helpers.filters import shifted
from helpers.plotting import figures_off, new_figure, show, show_arrays, show_images, style

FRAME = "#e42536"  # petroff10's red; the frames are thick, so colour is not alone


def accuracy_map(predict, X, y, m: int):
    """Return the accuracy for all shifts of up to `m` pixels. Built in lesson 01.

    Parameters
    ----------
    predict : function
        ``predict(images)`` gives one label each.
    X : array (N, H, W)
    y : array (N,)
    m : int
        Pixels.

    Returns
    -------
    host array (2 * m + 1, 2 * m + 1)
        Fractions; no shift in the centre, downwards below it, to the right on its right.
    """
    steps = range(-m, m + 1)
    return np.array(
        [[float((predict(shifted(X, dy, dx)) == y).mean()) for dx in steps] for dy in steps]
    )


def connection_counts(C: int, H: int, W: int, K: int) -> dict[str, int]:
    """Count the parameters of one layer, connected in four ways. Built in lesson 01.

    Parameters
    ----------
    C, H, W : int
        Channels, rows and columns of the input, and of the output as well.
    K : int
        Rows and columns of the window: an odd number, 3 or larger.

    Returns
    -------
    dict of str to int
        Biases included.

    Raises
    ------
    ValueError
        A chain of 3 by 3 windows cannot see as far as a window of K by K.
    """
    if K < 3 or K % 2 == 0:
        raise ValueError(f"K is {K}; choose an odd number, 3 or larger.")
    units = C * H * W
    layers = (K - 1) // 2  # each further window of 3 by 3 sees one pixel more on every side
    chain = f"{layers} layer{'s' * (layers > 1)} of 3 × 3, shared"
    return {
        "every pixel": units * (units + 1),
        f"{K} × {K} window, local": units * (C * K * K + 1),
        f"{K} × {K} window, shared": C * (C * K * K + 1),
        chain: layers * C * (C * 3 * 3 + 1),
    }


def brighter(img, amount: float):
    """Return a uint8 image as fractions, made brighter and cut off at white.

    Parameters
    ----------
    img : array (...)
    amount : float
        A fraction of white.
    """
    return (img.astype("float64") / 255 + amount).clip(0, 1)


def show_zoom(photo, row: int, column: int, H: int = 7, W: int = 10):
    """Draw a photograph, a part of it enlarged, and the numbers inside that part.

    Parameters
    ----------
    photo : Photo
        With `rgb` (rows, columns, 3) and `grey` (rows, columns).
    row, column : int
        The first pixel whose number is shown.
    H, W : int
        How many rows and columns of numbers.

    Raises
    ------
    ValueError
        The numbers would lie outside the photograph.
    """
    rgb, grey = to_numpy(photo.rgb), to_numpy(photo.grey)
    rows, columns = grey.shape
    if not (0 <= row <= rows - H and 0 <= column <= columns - W):
        raise ValueError(
            f"Row {row} and column {column} leave the photograph of {rows} by {columns} "
            f"pixels: choose a row up to {rows - H} and a column up to {columns - W}."
        )
    if figures_off():
        return
    box = (row, column, H, W)
    top = min(max(row - 2 * H, 0), rows - 5 * H)
    left = min(max(column - 2 * W, 0), columns - 5 * W)
    part = (top, left, 5 * H, 5 * W)
    with style():
        fig = new_figure(8.2, 3.1)
        axes = [fig.add_axes(b) for b in _beside(fig, (rows / columns, H / W, H / W))]
        axes[0].imshow(rgb)
        axes[1].imshow(_cut(grey, part), cmap="gray", vmin=0, vmax=255)
        axes[2].imshow(_cut(grey, box), cmap="gray", vmin=0, vmax=255)
        for (i, j), value in np.ndenumerate(_cut(grey, box)):
            colour = "black" if value > 110 else "white"
            axes[2].text(j, i, value, ha="center", va="center", color=colour, fontsize=8)
        for ax in axes:
            ax.set(xticks=[], yticks=[])
        axes[0].set_title(f"{rows} rows, {columns} columns", fontsize=9.5)
        axes[1].set_title(f"{5 * H} × {5 * W} pixels", fontsize=9.5)
        axes[2].set_title(f"{H} × {W} numbers", fontsize=9.5)
        _link(fig, axes[0], part, axes[1])
        _link(fig, axes[1], (row - top, column - left, H, W), axes[2])
    show(
        fig,
        "A portrait of an elderly woman in uniform, a part of it enlarged until its pixels "
        f"show, and the brightness of {H} by {W} pixels as numbers from 0 to 255.",
        f"{photo.credit} Numbers from row {row}, column {column}.",
    )


def _beside(fig, aspects):
    """Return the boxes of axes side by side: a narrow one, and two that share the rest."""
    width, height = fig.get_size_inches()
    sizes, left, boxes = (2.2, 2.5, 2.9), 0.1, []
    for size, aspect in zip(sizes, aspects, strict=True):
        tall = size * aspect / height
        boxes.append([left / width, (1 - tall) / 2, size / width, tall])
        left += size + 0.2
    return boxes


def _cut(image, box):
    row, column, H, W = box
    return image[row : row + H, column : column + W]


def _link(fig, ax, box, target):
    """Frame a part of one axes and draw lines to the axes that shows it enlarged."""
    from matplotlib.patches import ConnectionPatch, Rectangle

    row, column, H, W = box
    ax.add_patch(
        Rectangle((column - 0.5, row - 0.5), W, H, fill=False, edgecolor=FRAME, linewidth=2)
    )
    for side in target.spines.values():
        side.set(visible=True, color=FRAME, linewidth=2)
    for y, corner in ((row - 0.5, (0, 1)), (row + H - 0.5, (0, 0))):
        fig.add_artist(
            ConnectionPatch(
                (column + W - 0.5, y),
                corner,
                "data",
                "axes fraction",
                axesA=ax,
                axesB=target,
                color=FRAME,
                linewidth=0.9,
                linestyle=(0, (4, 2)),
            )  # fmt: skip
        )


def show_layouts(rgb):
    """Draw a photograph brought to (3, H, W) by exchanging axes, and by refilling.

    Parameters
    ----------
    rgb : (H, W, 3)
    """
    rgb = to_numpy(rgb)
    H, W, C = rgb.shape
    show_images(
        [np.moveaxis(rgb, 2, 0), rgb.reshape(C, H, W)],
        [f"axes exchanged: {(C, H, W)}", f"reshaped: {(C, H, W)}"],
        "The portrait twice. With its axes exchanged it looks as before. Reshaped, its "
        "upper, middle and lower part lie over each other in red, green and blue.",
        "The same numbers, the same shape. Only one of them is still a photograph.",
    )


def show_connections(L: int = 7, K: int = 3):
    """Draw which weight joins each input to each unit: dense, local and shared.

    Parameters
    ----------
    L : int
        Inputs.
    K : int
        The window; there are L - K + 1 units.
    """
    OL = L - K + 1
    dense = np.arange(1.0, OL * L + 1).reshape(OL, L)
    local, shared = np.full((OL, L), np.nan), np.full((OL, L), np.nan)
    for i in range(OL):
        local[i, i : i + K] = np.arange(i * K + 1, (i + 1) * K + 1)
        shared[i, i : i + K] = np.arange(1, K + 1)
    show_arrays(
        [dense, local, shared],
        [f"dense: {OL * L} weights", f"local: {OL * K} weights", f"shared: {K} weights"],
        f"Three tables, a row for each of {OL} units, a column for each of {L} inputs. "
        f"Dense: all cells hold different weights, 1 to {OL * L}. Local: each row holds "
        f"{K} weights beside each other, one place further right than the row above, all "
        f"different. Shared: the same pattern, but every row holds the weights 1 to {K}.",
        "A number is the name of a weight, not its value. Row: unit. Column: input.",
        numbers=True, cmap="cividis", shared_scale=False, shapes=False,
    )  # fmt: skip
