"""Figures of lesson 09: windows in rows, a wrong order, a circle of samples, threads."""

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import to_backend, to_numpy
from helpers.figures_09_ways import finished_im2col
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of
from helpers.plotting.sliding import HIGHLIGHT, frame

CELL = 0.4  # inches of a cell with a number in it


def place(fig, left: float, low: float, shape, cell: float = CELL):
    """Return axes at inches left, low for an array of this shape."""
    width, height = fig.get_size_inches()
    box = [left / width, low / height, shape[1] * cell / width, shape[0] * cell / height]
    return fig.add_axes(box)


def words_of(values) -> str:
    """Return numbers as text, a comma between them."""
    return ", ".join(f"{v:g}" for v in np.ravel(values))


def show_im2col(x, KH: int, KW: int, row: int, column: int):
    """Draw one image (1, C, H, W) and its im2col matrix, a row and a column marked."""
    cols, x = to_numpy(finished_im2col(x, KH, KW)), to_numpy(x)[0]
    C, H, W = x.shape
    OH, OW = H - KH + 1, W - KW + 1
    (i, j), (c, p, q) = divmod(row, OW), np.unravel_index(column, (C, KH, KW))
    alt = (
        f"Left, {C} channels of {H} by {W} numbers; the window at row {i}, column {j} is "
        f"framed in each. Right, the im2col matrix of {len(cols)} rows and "
        f"{cols.shape[1]} columns. Its row {row} is framed: what that window sees, "
        f"{words_of(cols[row])}. Its column {column}, in a dashed frame, holds what stands "
        f"at offset ({p}, {q}) of channel {c} in every window: "
        f"{words_of(cols[:, column])}; the same pixels are dashed in the image."
    )
    if plotting.figures_off():
        return
    limits, gap = limits_of([x]), 0.55
    with plotting.style():
        height = C * H * CELL + (C - 1) * gap + 0.75
        fig = plotting.new_figure(0.6 + (W + cols.shape[1]) * CELL + 1.1, height)
        for n in range(C):
            low = height - 0.55 - (n + 1) * H * CELL - n * gap
            ax = place(fig, 0.4, low, (H, W))
            draw_cells(ax, x[n], limits, "gray", cell_texts(x[n]), grid=True)
            ax.set_title(f"channel {n}", pad=15, fontsize=10)
            frame(ax, i, j, KH, KW)
            if n == c:
                mark(ax, p, q, OH, OW)
        low = (height - len(cols) * CELL) / 2
        ax = place(fig, 0.4 + W * CELL + 0.9, low, cols.shape)
        draw_cells(ax, cols, limits, "gray", cell_texts(cols), grid=True)
        ax.set_title(f"im2col  {cols.shape}", pad=18)
        mark(ax, 0, column, len(cols), 1)
        frame(ax, row, 0, 1, cols.shape[1])
    caption = (
        f"Row {row}, framed: everything that window ({i}, {j}) sees. Column {column}, "
        f"dashed: what lies at offset ({p}, {q}) of channel {c} in each of the windows."
    )
    plotting.show(fig, alt, caption)


def mark(ax, i, j, rows, columns):
    """Put a dashed frame around cells of an array that was drawn with `draw_cells`."""
    from matplotlib.patches import Rectangle

    corner = j - 0.5, i - 0.5
    look = {"fill": False, "ec": "C0", "lw": 3, "ls": (0, (3, 1.5)), "zorder": 3}
    ax.add_patch(Rectangle(corner, columns, rows, **look))


def show_wrong_order():
    """Draw maps of a photograph in the right order and cut by a wrong reshape."""
    rgb = to_numpy(data.sample_photo(shrink=6).rgb)
    image = to_backend(rgb.transpose(2, 0, 1)[None] / 255)
    edge = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = np.stack([np.full((3, 3), 1 / 9), edge, edge.T])
    maps = layers.conv2d(image, to_backend(np.repeat(kernels[:, None], 3, 1) / 3))
    _, F, OH, OW = maps.shape
    rows = maps.transpose(0, 2, 3, 1).reshape(-1, F)
    wrong = rows.reshape(1, F, OH, OW)
    right = [scaled(m) for m in to_numpy(maps)[0]]
    plotting.show_images(
        [*right, *(scaled(m) for m in to_numpy(wrong)[0])],
        [*(f"map {f}" for f in range(F)), *(f"map {f}, wrong" for f in range(F))],
        alt="Above, three maps of a portrait in order: brightness, upright edges, "
        "level edges. Below, what the wrong reshape gives: grids of bright and dark points "
        "in which nobody can be made out.",
        caption="Above, reshape to (N, OH, OW, F) and then transpose. Below, reshape to "
        "(N, F, OH, OW) at once.",
        ncols=F,
        limits=(0, 1),
    )


def scaled(values):
    """Return values stretched to 0 ... 1; where there are negative ones, 0 is mid-grey."""
    low, high = np.quantile(values, (0.01, 0.99))
    if low < 0:
        low, high = -max(-low, high), max(-low, high)
    return np.clip((values - low) / (high - low), 0, 1)


def show_wraparound(signal, kernel):
    """Draw a convolution through the FFT, without and with zeros behind the signal."""
    signal, kernel = to_numpy(signal), to_numpy(kernel)
    L, full = len(signal), len(signal) + len(kernel) - 1
    rows = []
    for size in (L, full):
        waves = np.fft.rfft(signal, size) * np.fft.rfft(kernel, size)
        rows.append(np.round(np.fft.irfft(waves, size), 9))
    titles = ["no zeros behind the signal", f"{full - L} zeros behind the signal"]
    alt = f"Signal {words_of(signal)}; kernel {words_of(kernel)}. " + ". ".join(
        f"{title}: {words_of(row)}" for title, row in zip(titles, rows, strict=True)
    )
    if plotting.figures_off():
        return
    with plotting.style():
        cell, step = 0.52, 1.0
        fig = plotting.new_figure(0.8 + full * cell, 3 * step + 0.25)
        entries = [("signal", signal), *zip(titles, rows, strict=True)]
        for n, (title, row) in enumerate(entries):
            ax = place(fig, 0.4, (2 - n) * step + 0.15, (1, len(row)), cell)
            draw_cells(ax, row[None], limits_of([row]), "gray", cell_texts(row[None]),
                       grid=True, index=False)  # fmt: skip
            ax.set_title(title, loc="left", pad=5)
            if n == 1:
                for k in np.flatnonzero(np.abs(row - rows[1][:L]) > 1e-6):
                    frame(ax, 0, int(k))
    plotting.show(
        fig,
        alt,
        f"Convolved with [{words_of(kernel)}]. Framed: numbers that the far end of the "
        "signal has reached.",
    )


def show_grid(OH: int, OW: int, block):
    """Draw the blocks of threads that cover an output, and the threads without work."""
    from math import ceil

    across, down = block
    grid = ceil(OW / across), ceil(OH / down)
    threads = grid[0] * across * grid[1] * down
    alt = (
        f"An output of {OH} rows and {OW} columns under {grid[0]} blocks across and "
        f"{grid[1]} down, each of {across} by {down} threads. Columns that stick out: "
        f"{grid[0] * across - OW}; rows: {grid[1] * down - OH}; that part is hatched."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        from matplotlib.patches import Rectangle

        fig = plotting.new_figure(6.0, 6.0 * grid[1] * down / (grid[0] * across) + 0.4)
        ax = fig.add_axes([0.08, 0.03, 0.9, 0.85])
        whole = (grid[0] * across, grid[1] * down)
        ax.add_patch(Rectangle((0, 0), *whole, fc="white", hatch="///", ec="0.55", lw=0))
        ax.add_patch(Rectangle((0, 0), OW, OH, fc="0.92", ec="none"))
        for by in range(grid[1]):
            for bx in range(grid[0]):
                ax.add_patch(Rectangle((bx * across, by * down), across, down, fill=False,
                                       ec="0.3", lw=1.2))  # fmt: skip
                ax.text(
                    (bx + 0.5) * across, (by + 0.5) * down, f"block ({bx}, {by})",
                    ha="center", va="center", bbox={"fc": "white", "ec": "none", "pad": 2},
                )  # fmt: skip
        ax.add_patch(Rectangle((0, 0), OW, OH, fill=False, ec=HIGHLIGHT, lw=3))
        ax.set(xlim=(-0.5, whole[0] + 0.5), ylim=(whole[1] + 0.5, -0.5), aspect="equal")
        ax.xaxis.tick_top()
        ax.set_xticks(range(0, whole[0] + 1, across))
        ax.set_yticks(range(0, whole[1] + 1, down))
        ax.set_xlabel("column j, CUDA's x")
        ax.xaxis.set_label_position("top")
        ax.set_ylabel("row i, CUDA's y")
    idle = threads - OH * OW
    plotting.show(
        fig,
        alt,
        f"{grid[0]} × {grid[1]} blocks, {threads:,} threads for {OH * OW:,} outputs: "
        f"{idle:,} threads, hatched, have nothing to do.",
    )
