"""Figures of lesson 09, and finished forms of `im2col` and `col2im`."""

import time

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import array_module, to_backend, to_numpy, xp
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of
from helpers.plotting.sliding import HIGHLIGHT, frame

CELL = 0.4  # inches of a cell with a number in it


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
        f"{words_of(cols[row])}. Its column {column}, hatched, holds what stands at place "
        f"({p}, {q}) of channel {c} in every window: {words_of(cols[:, column])}; the same "
        "pixels are hatched in the image."
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
                hatch(ax, p, q, OH, OW)
        low = (height - len(cols) * CELL) / 2
        ax = place(fig, 0.4 + W * CELL + 0.9, low, cols.shape)
        draw_cells(ax, cols, limits, "gray", cell_texts(cols), grid=True)
        ax.set_title(f"im2col  {cols.shape}", pad=18)
        hatch(ax, 0, column, len(cols), 1)
        frame(ax, row, 0, 1, cols.shape[1])
    caption = (
        f"Row {row}, framed: everything that window ({i}, {j}) sees. Column {column}, "
        f"hatched: what lies at place ({p}, {q}) of channel {c} in each of the windows."
    )
    plotting.show(fig, alt, caption)


def hatch(ax, i, j, rows, columns, colour="#5790fc"):
    """Hatch cells of an array that was drawn with `draw_cells`."""
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle(
            (j - 0.5, i - 0.5), columns, rows, fill=False, hatch="////", ec=colour, lw=2,
            zorder=3,
        )
    )  # fmt: skip


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
    """Return values stretched to 0 ... 1, their most extreme hundredth cut."""
    low, high = np.quantile(values, (0.01, 0.99))
    return np.clip((values - low) / (high - low), 0, 1)


# --- time and memory ------------------------------------------------------------------


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
    """Correlate with a Python loop over the places in the kernel: lesson 06."""
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


def show_race(more: dict, N, C, H, W, F, KH, KW):
    """Measure the ways to compute a layer and draw their times.

    `more` holds further functions ``f(x, w, b, stride, padding)``; one that stops with an
    error is named and left out.
    """
    rng = np.random.default_rng(9)
    arrays = (rng.standard_normal(s) for s in ((N, C, H, W), (F, C, KH, KW), (F,)))
    arguments = *(to_backend(a.astype("float32")) for a in arrays), 1, 1
    functions = {
        "loops over windows": by_windows,
        "loops over offsets": by_offsets,
        "im2col and product": by_im2col,
        **more,
        "finished layer": layers.conv2d,
    }
    if plotting.figures_off():
        return
    seconds = {}
    for name, function in functions.items():
        try:
            seconds[name] = quickest(function, *arguments)
        except Exception as error:  # a learner's function may stop in any way
            print(f"{name}: left out, it stops with {type(error).__name__}")
    slowest = max(seconds.values())
    plotting.show_bars(
        list(seconds),
        1000 * np.array(list(seconds.values())),
        caption="Measured here and now, the quickest of up to 15 runs.",
        log=True,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds (logarithmic)",
        value_labels=[
            f"{1000 * s:.3g} ms" + (f", {slowest / s:,.0f}× faster" if s < slowest else "")
            for s in seconds.values()
        ],
        limits=(1e3 * min(seconds.values()) / 3, 3e4 * slowest),
    )


def show_vgg():
    """Draw the memory of the first two layers of VGG-16, for one image."""
    names, sizes, macs = [], [], []
    for number, C in ((1, 3), (2, 64)):
        x, w = np.empty((1, C, 224, 224), bool), np.empty((64, C, 3, 3), bool)
        OH = layers.out_size(224, 3, 1, 1)
        parts = {"input": x.size, "im2col": OH * OH * w[0].size, "output": OH * OH * len(w)}
        names += [f"layer {number}: {part}" for part in parts]
        sizes += list(parts.values())
        macs.append(OH * OH * w.size)
    megabytes = 4e-6 * np.array(sizes)
    plotting.show_bars(
        names,
        megabytes,
        title="One image in VGG-16, single precision",
        xlabel="million bytes",
        value_labels=[f"{m:.3g} MB" for m in megabytes],
        limits=(0, 1.25 * megabytes.max()),
        highlight=(1, 4),
        caption=f"Layer 1 takes {macs[0]:,} multiply-accumulates, layer 2 {macs[1]:,}.",
    )


# --- frequencies ------------------------------------------------------------------------


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


def by_fft(x, w):
    """Correlate one image (1, 1, H, W) with one kernel through frequencies."""
    (H, W), (KH, KW) = x.shape[2:], w.shape[2:]
    size = (H + KH - 1, W + KW - 1)
    waves = xp.fft.rfft2(x[0, 0], size) * xp.fft.rfft2(w[0, 0, ::-1, ::-1], size)
    return xp.fft.irfft2(waves, size)[KH - 1 : H, KW - 1 : W]


def show_crossover(n: int, sizes):
    """Measure direct convolution and the FFT for square kernels and draw the times."""
    if plotting.figures_off():
        return
    rng, none = np.random.default_rng(91), to_backend(np.zeros(1))
    x = to_backend(rng.standard_normal((1, 1, n, n)))
    seconds: dict[str, list[float]] = {
        "loop over offsets": [],
        "finished layer": [],
        "FFT": [],
    }
    for k in sizes:
        w = to_backend(rng.standard_normal((1, 1, k, k)))
        seconds["loop over offsets"].append(quickest(by_offsets, x, w, none, 1, 0))
        seconds["finished layer"].append(quickest(layers.conv2d, x, w))
        seconds["FFT"].append(quickest(by_fft, x, w))
    curves = {name: 1000 * np.array(values) for name, values in seconds.items()}
    words = []
    for name in ("loop over offsets", "finished layer"):
        slower = np.flatnonzero(curves["FFT"] >= curves[name])
        first = slower[-1] + 1 if slower.size else 0  # from here on it stays faster
        words.append(
            f"the {name} from {sizes[first]} × {sizes[first]} on" if first < len(sizes)
            else f"the {name} at no size shown"
        )  # fmt: skip
    plotting.show_curves(
        curves,
        x=np.array(sizes),
        xlabel="side of the kernel",
        ylabel="milliseconds",
        logy=True,
        title=f"One image of {n} × {n}",
        caption="Measured here and now. The FFT is faster than "
        f"{' and than '.join(words)}.",
    )


# --- threads and memory order -----------------------------------------------------------


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
        ax.add_patch(Rectangle((0, 0), OW, OH, fc="#cfe0ff", ec="none"))
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


def show_two_roads(N, C, H, W, F, KH, KW):
    """Measure copy and product of im2col and of the finished layer's form; draw both."""
    if plotting.figures_off():
        return
    rng = np.random.default_rng(92)
    image = to_backend(rng.standard_normal((H, W, C, N)).astype("float32"))
    first = xp.ascontiguousarray(image.transpose(3, 2, 0, 1))
    w = to_backend(rng.standard_normal((F, C, KH, KW)).astype("float32"))
    flat, turned = w.reshape(F, -1).T, w.transpose(0, 3, 2, 1).reshape(F, -1)

    def windows():
        view = xp.lib.stride_tricks.sliding_window_view(first, (KH, KW), axis=(2, 3))
        return view.transpose(0, 2, 3, 1, 4, 5).reshape(-1, C * KH * KW)

    def rows():
        view = xp.lib.stride_tricks.sliding_window_view(image, KH, axis=0)
        return xp.ascontiguousarray(view.transpose(0, 1, 4, 2, 3))

    def overlapping(copied):
        slide = xp.lib.stride_tricks.as_strided
        OH, OW = copied.shape[0], copied.shape[1] - KW + 1
        down, across, *_, last = copied.strides
        return slide(copied, (OH, OW, KW * KH * C, N), (down, across, N * last, last))

    copied = rows()
    view = overlapping(copied)
    times = [quickest(rows), quickest(lambda: turned @ view)]  # before BLAS wakes threads
    cols = windows()
    times = [quickest(windows), quickest(lambda: cols @ flat), *times]
    milliseconds = 1000 * np.array(times)
    sizes = [f"{n * 4e-6:.3g} MB" for n in (cols.size, copied.size)]
    names = [f"im2col: copy {sizes[0]}", "im2col: product", f"rows: copy {sizes[1]}",
             "rows: product"]  # fmt: skip
    totals = milliseconds.reshape(2, 2).sum(1)
    plotting.show_bars(
        names,
        milliseconds,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds",
        value_labels=[f"{m:.3g} ms" for m in milliseconds],
        limits=(0, 1.2 * milliseconds.max()),
        caption=f"Measured here and now: im2col {totals[0]:.3g} ms, rows {totals[1]:.3g} "
        "ms, forward without padding and bias.",
    )
