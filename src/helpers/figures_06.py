"""Figures of lesson 06, and a counter of Python's own steps."""

import sys
import time

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import array_module, to_backend, to_numpy
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of
from helpers.plotting.images import draw_image
from helpers.plotting.sliding import HIGHLIGHT, frame

CELL = 0.44  # inches of a cell with a number in it
INSTALLED = ("site-packages", "dist-packages")  # where the array libraries live

BRIGHT, EDGE = (1 / 3, 1 / 3, 1 / 3), np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
POINT = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
SPOT = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
SLANT = np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
FILTERS = {  # name -> weight of each colour, kernel
    "brightness": (BRIGHT, np.full((3, 3), 1 / 9)),
    "red minus green": ((1, -1, 0), POINT),
    "blue minus yellow": ((-1 / 2, -1 / 2, 1), POINT),
    "upright edges": (BRIGHT, EDGE),
    "level edges": (BRIGHT, EDGE.T),
    "slanted edges": (BRIGHT, SLANT),
    "points and lines": (BRIGHT, SPOT),
    "upright edges of red": ((1, 0, 0), EDGE),
}


def python_steps(function, *args, **kwargs) -> int:
    """Count the lines and calls that Python executes during one call of a function.

    What runs inside an installed library, compiled or not, does not count. The number
    depends on no clock. Built for lesson 06.

    Parameters
    ----------
    function : callable
    *args, **kwargs
        What it is called with.
    """
    steps = 0

    def trace(code_frame, event, arg):
        nonlocal steps
        if event == "call" and any(p in code_frame.f_code.co_filename for p in INSTALLED):
            return None
        steps += event in ("line", "call")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args, **kwargs)
    finally:
        sys.settrace(before)
    return steps


def photo():
    """Return a colour photograph (1, 3, 200, 170), brightness 0 to 1."""
    rgb = to_numpy(data.sample_photo(shrink=3).rgb).transpose(2, 0, 1)
    return to_backend(rgb[None] / 255)


def hand_made(names=None):
    """Return hand-made filters (F, 3, 3, 3), by default all of `FILTERS`."""
    pairs = [FILTERS[name] for name in names or FILTERS]
    return np.array([np.multiply.outer(colour, kernel) for colour, kernel in pairs])


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


EXPLODED = ("brightness", "red minus green", "upright edges", "level edges")


def five_by_five():
    """Return four filters (4, 3, 5, 5): the hand-made ones, smoothed."""
    small, smooth = hand_made(EXPLODED), np.outer([1, 2, 1], [1, 2, 1]) / 16
    wide = np.zeros((len(small), 3, 5, 5))
    for p in range(3):
        for q in range(3):
            wide[:, :, p : p + 3, q : q + 3] += small * smooth[p, q]
    return wide


def show_exploded():
    """Draw a photograph's three channels, four filters of three kernels, and four maps."""
    image, w = photo(), five_by_five()
    maps = to_numpy(layers.conv2d(image, to_backend(w), padding=2))[0]
    image = to_numpy(image)[0]
    alt = (
        "On the left the red, green and blue channel of a portrait as three cards behind "
        "each other. In the middle four filters, each a stack of three small kernels. On "
        "the right four maps as cards behind each other, one for each filter."
    )
    if plotting.figures_off():
        return
    F, C = w.shape[:2]
    with plotting.style():
        fig = plotting.new_figure(8.6, 4.4)
        stack(
            fig,
            image,
            (0.3, 0.75),
            (1.75, 2.06),
            (0.33, 0.33),
            ["Reds_r", "Greens_r", "Blues_r"],
            (0, 1),
        )
        for f in range(F):
            low = 3.35 - 0.93 * f
            limits = limits_of([w[f]], symmetric=True)
            stack(
                fig,
                w[f],
                (3.7, low),
                (0.52, 0.52),
                (0.19, 0.1),
                ["RdBu_r"] * C,
                limits,
                "0.6",
            )
            label(fig, 4.85, low + 0.3, f"+ b[{f}]", "left")
            label(fig, 3.62, low + 0.26, f"w[{f}]", "right")
        reach = [None if f == 0 else np.quantile(abs(maps[f]), 0.99) for f in range(F)]
        limits = [(0, 1) if r is None else (-r, r) for r in reach]
        stack(fig, maps, (5.95, 0.5), (1.6, 1.88), (0.28, 0.42), ["gray"] * F, limits)
        for x, text in ((2.95, "→"), (5.62, "→")):
            label(fig, x, 2.2, text, "center", 20)
        H, W = image.shape[1:]
        label(fig, 0.3, 0.35, f"x: {C} channels\n(1, {C}, {H}, {W})", "left")
        label(fig, 3.3, 0.2, f"w: {F} filters  {w.shape}", "left")
        label(fig, 5.95, 0.13, f"out: {F} maps\n(1, {F}, {H}, {W})", "left")
    caption = f"{C} channels, {F} filters of {C} kernels each, {F} maps, with padding 2."
    plotting.show(fig, alt, caption, sharpness=1.3)


def stack(fig, planes, corner, size, step, cmaps, limits, rim="white"):
    """Draw planes as cards behind each other, the first in front; all lengths in inches."""
    width, height = fig.get_size_inches()
    for n in reversed(range(len(planes))):
        x, y = corner[0] + n * step[0], corner[1] + n * step[1]
        ax = fig.add_axes([x / width, y / height, size[0] / width, size[1] / height])
        ax.set_zorder(len(planes) - n)
        scale = limits[n] if isinstance(limits, list) else limits
        draw_image(ax, planes[n], scale, cmaps[n])
        for side in ax.spines.values():
            side.set(color=rim, linewidth=1.5 if rim == "white" else 0.6)


def label(fig, x: float, y: float, text: str, align: str, size: float = 10):
    """Write text at inches x, y."""
    width, height = fig.get_size_inches()
    fig.text(x / width, y / height, text, ha=align, va="center", fontsize=size)


def show_feature_maps():
    """Draw a photograph and the maps of eight hand-made filters."""
    image = photo()
    maps = to_numpy(layers.conv2d(image, to_backend(hand_made()), padding=1))[0]
    # The border of zeros is an edge; what it causes is cut off, so that it sets no scale.
    maps = maps[:, 1:-1, 1:-1]
    shown = [maps[0]]
    for values in maps[1:]:
        reach = np.quantile(np.abs(values), 0.99)
        shown.append(np.clip(0.5 + values / (2 * reach), 0, 1))
    credit = data.sample_photo(shrink=64).credit
    plotting.show_images(
        [to_numpy(image)[0], *shown],
        ["the photograph", *FILTERS],
        alt="A portrait in colour and its eight maps: brightness; red minus green, bright "
        "at the red stripes of the flag and at the face; blue minus yellow, bright at the "
        "blue background; reliefs of upright, level and slanted edges; thin lines; and "
        "upright edges of the red channel alone.",
        caption=f"One layer of {len(FILTERS)} filters of 3 × 3 × 3 weights. {credit}",
        ncols=3,
        size=1.6,
        limits=(0, 1),
    )


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


def show_race(functions: dict, N, C, H, W, F, KH, KW):
    """Measure functions ``f(x, w, b, stride, padding)`` and draw seconds and steps.

    A function that is not written yet, or stops with an error, is named and left out.
    """
    rng = np.random.default_rng(6)
    x, w = rng.standard_normal((N, C, H, W)), rng.standard_normal((F, C, KH, KW))
    arguments = (to_backend(x), to_backend(w), to_backend(np.zeros(F)), 1, 1)
    seconds, steps = {}, {}
    for name, function in functions.items():
        try:
            seconds[name] = quickest(function, arguments)
            steps[name] = python_steps(function, *arguments)
        except NotImplementedError:
            print(f"{name}: not written yet")
        except Exception as error:  # a learner's function may stop in any way
            print(f"{name}: left out, since it stops with {type(error).__name__}")
    slowest = max(seconds.values())
    texts = [
        f"{1000 * s:.3g} ms, {steps[n]:,} steps"
        + (f", {slowest / s:,.0f}× faster" if s < slowest else "")
        for n, s in seconds.items()
    ]
    plotting.show_bars(
        list(seconds),
        1000 * np.array(list(seconds.values())),
        caption="Measured here and now, the best of up to three runs. Steps are lines and "
        "calls that Python executes.",
        log=True,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds (logarithmic)",
        value_labels=texts,
        limits=(1e3 * min(seconds.values()) / 3, 1e5 * slowest),
    )


def quickest(function, arguments, runs: int = 3, patience: float = 1.0) -> float:
    """Return the seconds of the quickest of a few runs; slow functions run once."""
    times = []
    while len(times) < runs and sum(times) < patience:
        start = time.perf_counter()
        out = function(*arguments)
        to_numpy(out[0] if isinstance(out, tuple) else out)  # waits for a graphics card
        times.append(time.perf_counter() - start)
    return min(times)


def show_depth(count: int, factors):
    """Draw the size of the numbers behind each of many layers, for scaled He weights."""
    curves = {f"{factor:g} × He": depth(count, factor) for factor in factors}
    ends = "; ".join(f"{name} {values[-1]:.2g}" for name, values in curves.items())
    plotting.show_curves(
        curves,
        alt=f"Root mean square of the maps behind 0 to {count} layers on a logarithmic "
        f"axis. It begins at 1 and ends at: {ends}.",
        caption=f"Behind layer {count}: {ends}. The images began at 1.",
        xlabel="layers passed",
        ylabel="root mean square",
        logy=True,
        x=np.arange(count + 1),
    )


def depth(count: int, factor: float, channels: int = 64):
    """Return the root mean square behind 0 … count layers of 3 × 3 with ReLU."""
    rng = np.random.default_rng(66)
    x = to_backend(rng.standard_normal((2, channels, 7, 9)))
    xp, around = array_module(x), ((0, 0), (0, 0), (1, 1), (1, 1))
    sizes = [1.0]
    for _ in range(count):
        w = rng.normal(0, factor * np.sqrt(2 / (channels * 9)), (channels, channels, 3, 3))
        # Zeros around the image would make the numbers a little smaller.
        x = layers.relu(layers.conv2d(xp.pad(x, around, mode="wrap"), to_backend(w)))
        sizes.append(float((x**2).mean() ** 0.5))
    return np.array(sizes)


def lenet_costs() -> dict[str, tuple[int, int]]:
    """Return parameters and MACs of the layers of LeNet-5, counted on its arrays."""
    x, costs = np.zeros((1, 1, 28, 28)), {}
    for F, size, padding in ((6, 5, 2), (16, 5, 0)):
        w = np.zeros((F, x.shape[1], size, size))
        x = layers.conv2d(x, w, padding=padding)
        costs[f"conv {F} of {size} × {size}"] = w.size + F, w.size * x[0, 0].size
        x = layers.max_pool2d(x, 2)
    n = x.size
    for units in (120, 84, 10):
        costs[f"dense {units}"] = n * units + units, n * units
        n = units
    return costs


def show_costs():
    """Draw parameters and MACs of LeNet-5, layer by layer, as shares of the whole."""
    costs = lenet_costs()
    counts = np.array(list(costs.values()))
    shares = 100 * counts / counts.sum(0)
    words = "; ".join(
        f"{name}: {p:,} parameters ({a:.0f} %), {m:,} MACs ({c:.0f} %)"
        for (name, (p, m)), (a, c) in zip(costs.items(), shares, strict=True)
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.0, 2.9)
        axes = fig.subplots(1, 2, sharey=True)
        fig.subplots_adjust(left=0.16, right=0.97, wspace=0.12, top=0.88, bottom=0.08)
        rows = np.arange(len(costs))[::-1]
        for k, (ax, title) in enumerate(zip(axes, ("parameters", "MACs"), strict=True)):
            bars = ax.barh(rows, shares[:, k], height=0.68, color=f"C{k}")
            texts = [
                f"{n:,}  ({s:.0f} %)"
                for n, s in zip(counts[:, k], shares[:, k], strict=True)
            ]
            ax.bar_label(bars, texts, padding=4)
            ax.set_yticks(rows, list(costs))
            ax.tick_params(axis="y", length=0)
            ax.set(xlim=(0, 120), xticks=[])
            ax.set_title(f"{title}: {counts[:, k].sum():,}", loc="left")
            ax.spines[["left", "bottom"]].set_visible(False)
    plotting.show(fig, f"LeNet-5 on 28 by 28 pixels. {words}.", "LeNet-5, layer by layer.")
