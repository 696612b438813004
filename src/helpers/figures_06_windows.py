"""Figures of lesson 06: which numbers meet in a window, and who shares which weights."""

import numpy as np

from helpers import layers, plotting
from helpers.backend import to_backend, to_numpy
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of
from helpers.plotting.sliding import HIGHLIGHT, frame

CELL = 0.44  # inches of a cell with a number in it


def show_response(x, w, b: float):
    """Draw how one filter (C, KH, KW) with bias answers an image (C, H, W)."""
    x, w = to_numpy(x), to_numpy(w)
    parts = to_numpy(layers.conv2d(to_backend(x[:, None]), to_backend(w[:, None])))
    parts = np.array([parts[c, c] for c in range(len(x))])
    total = parts.sum(0) + b
    alt = (
        f"Three rows, one for each channel: a table of {x.shape[1]} by {x.shape[2]} "
        "numbers, its kernel, and their correlation. On the right the sum of the three "
        f"correlations and the bias {b:g}: "
        + "; ".join(" ".join(f"{v:g}" for v in row) for row in total)
        + "."
    )
    if plotting.figures_off():
        return
    columns = [list(x), list(w), list(parts)]
    heads = ["channels of x", "kernels of w", "correlations"]
    with plotting.style():
        fig, axes = response_axes(x.shape, w.shape, total.shape)
        scales = [limits_of(x), limits_of(w, symmetric=True), limits_of(parts)]
        for n, (column, arrays) in enumerate(zip(axes, columns, strict=False)):
            cmap = "RdBu_r" if n == 1 else "gray"
            for ax, array in zip(column, arrays, strict=True):
                draw_cells(
                    ax, array, scales[n], cmap, cell_texts(array), grid=True, index=False
                )
            column[0].set_title(f"{heads[n]}\n{(len(arrays), *arrays[0].shape)}", pad=6)
        ax = axes[3][0]
        draw_cells(ax, total, limits_of([total]), "gray", cell_texts(total), grid=True,
                   index=False)  # fmt: skip
        ax.set_title(f"their sum + {b:g}\n{total.shape}", pad=6)
    plotting.show(
        fig,
        alt,
        "⋆ stands for correlation. Each kernel meets its own channel.",
    )


def response_axes(x_shape, w_shape, out_shape):
    """Return a figure and columns of axes: channels, kernels, correlations, one sum."""
    C, gap, head = x_shape[0], 0.5, 0.6
    row = x_shape[1] * CELL + 0.18
    widths = [x_shape[2], w_shape[2], out_shape[1], out_shape[1]]
    heights = [x_shape[1], w_shape[1], out_shape[0], out_shape[0]]
    width = sum(widths) * CELL + gap * 5
    height = C * row + head
    fig, axes, left = plotting.new_figure(width, height), [], gap
    for n, (columns, rows) in enumerate(zip(widths, heights, strict=True)):
        places = range(C) if n < 3 else [(C - 1) / 2]
        column = []
        for c in places:
            low = height - head - c * row - (row - 0.18 + rows * CELL) / 2
            box = [left / width, low / height, columns * CELL / width, rows * CELL / height]
            column.append(fig.add_axes(box))
        axes.append(column)
        left += columns * CELL + gap
    for n, sign in ((1, "⋆"), (2, "="), (3, "Σ")):
        x = (axes[n][0].get_position().x0 * width - gap / 2) / width
        for ax in axes[min(n, 2)] if n < 3 else axes[3]:
            box = ax.get_position()
            fig.text(
                x,
                (box.y0 + box.y1) / 2,
                sign,
                ha="center",
                va="center",
                fontsize=15 if n > 1 else 24,
            )
    return fig, axes


def show_sharing():
    """Draw two units of one map and one of another, with their windows and filters."""
    x = np.random.default_rng(6).integers(0, 10, (5, 7))
    w = np.array([[[1, 0, -1], [2, 0, -2]], [[0, 1, 0], [1, 1, 1]]])
    maps = to_numpy(
        layers.conv2d(to_backend(x[None, None] * 1.0), to_backend(w[:, None] * 1.0))
    )[0]
    alt = (
        "An image with two windows framed, A and B. Two filters beside it. In the map of "
        "the first filter the units of A and B are framed: both use this filter. In the "
        "map of the second filter the unit of A is framed: it sees the window of A and "
        "uses the second filter."
    )
    if plotting.figures_off():
        return
    places = {"A": (0, 1), "B": (3, 4)}
    with plotting.style():
        fig = plotting.new_figure(9.0, 4.5)
        arrays = [
            (x, 0.4, 1.1),
            (w[0], 4.1, 2.9),
            (w[1], 4.1, 0.75),
            (maps[0], 6.3, 2.45),
            (maps[1], 6.3, 0.3),
        ]
        heads = ["image", "filter 0", "filter 1", "map 0: every unit uses filter 0",
                 "map 1: every unit uses filter 1"]  # fmt: skip
        axes = []
        for (array, left, low), head in zip(arrays, heads, strict=True):
            cmap = "RdBu_r" if "filter" in head[:6] else "gray"
            axes.append(inches(fig, left, low, array.shape))
            limits = limits_of([array], symmetric=cmap != "gray")
            draw_cells(
                axes[-1], array, limits, cmap, cell_texts(array), grid=True, index=False
            )
            axes[-1].set_title(head, pad=11, loc="left")
        for name, (i, j) in places.items():
            mark(axes[0], i, j, 2, 3, name)
            mark(axes[3], i, j, 1, 1, name)
        mark(axes[4], *places["A"], 1, 1, "A")
    i, j = places["A"]
    pairs = zip(w[0].flat, x[i : i + 2, j : j + 3].flat, strict=True)
    total = " + ".join(f"{weight}·{pixel}" for weight, pixel in pairs)
    caption = f"Unit A of map 0 is {total} = {maps[0][i, j]:g}".replace("+ -", "− ") + (
        ". Unit B uses the same weights on its own window."
    )
    plotting.show(fig, alt, caption)


def inches(fig, left: float, low: float, shape):
    """Return axes for an array of this shape, in cells of one size."""
    width, height = fig.get_size_inches()
    box = [left / width, low / height, shape[1] * CELL / width, shape[0] * CELL / height]
    return fig.add_axes(box)


def mark(ax, i, j, rows, columns, name):
    """Frame cells and write a letter into the corner of the frame."""
    frame(ax, i, j, rows, columns)
    ax.text(
        j - 0.5, i - 0.5, name, ha="center", va="center", color="white", fontsize=9,
        fontweight="bold", zorder=6, bbox={"fc": HIGHLIGHT, "ec": "white", "pad": 1.5},
    )  # fmt: skip


def show_offsets(H: int, W: int, KH: int, KW: int, stride: int):
    """Draw which pixels meet the first weight of a kernel, and which the last one."""
    x = 10 * np.arange(H)[:, None] + np.arange(W)
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    offsets = [(0, 0), (KH - 1, KW - 1)]
    seen = [x[p::stride, q::stride][:OH, :OW] for p, q in offsets]
    words = [f"offset ({p}, {q}): {', '.join(map(str, s.flat))}"
             for (p, q), s in zip(offsets, seen, strict=True)]  # fmt: skip
    alt = (
        f"{H} by {W} pixels, twice, with frames around those that meet one weight. "
        f"{'; '.join(words)}."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(2 * W * CELL + 1.4, H * CELL + 0.8)
        for n, (p, q) in enumerate(offsets):
            ax = inches(fig, 0.4 + n * (W * CELL + 0.6), 0.15, x.shape)
            draw_cells(ax, x, limits_of([x]), "gray", cell_texts(x), grid=True)
            ax.set_title(f"pixels at offset ({p}, {q})", pad=18)
            for i in range(OH):
                for j in range(OW):
                    frame(ax, p + i * stride, q + j * stride)
    plotting.show(
        fig, alt, f"{OH} × {OW} windows, so each weight meets {OH} × {OW} pixels."
    )
