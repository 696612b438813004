"""Figures of lesson 04."""

import numpy as np

from helpers import data, plotting
from helpers.backend import array_module, to_backend, to_numpy
from helpers.filters import BORDERS, correlate, window_counts, with_border
from helpers.plotting.arrays import cell_size, cell_texts, draw_cells, row_of_axes
from helpers.plotting.sliding import frame


def after_layers(image, kernel, layers: int, mode: str = "zero"):
    """Pad and correlate an image again and again, so that it keeps its size.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (K, K)
        K odd.
    layers : int
        How many times.
    mode : str
        ``"zero"``, ``"edge"``, ``"reflect"`` or ``"wrap"``.

    Returns
    -------
    array (H, W)
    """
    xp = array_module(image)
    w = xp.asarray(kernel, dtype=xp.float64)
    for _ in range(layers):
        image = correlate(with_border(image, (len(kernel) - 1) // 2, mode), w)
    return image


def colour_photo():
    """Return a colour photograph as a batch (1, 3, 200, 170), brightness 0 to 1."""
    rgb = to_numpy(data.sample_photo(shrink=3).rgb) / 255
    return to_backend(np.ascontiguousarray(rgb.transpose(2, 0, 1)[None]))


def hatch(ax, shape, inside):
    """Hatch the cells of an array (H, W) outside the slice (top, left, rows, columns)."""
    from matplotlib.patches import Rectangle

    top, left, rows, columns = inside
    for i, j in np.ndindex(*shape):
        if not (top <= i < top + rows and left <= j < left + columns):
            look = {"fill": False, "hatch": "///", "ec": "0.6", "lw": 0}
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **look))


def show_stops(n: int, k: int, before: int = 0, after: int = 0):
    """Draw every stop of a window of k samples along n of them, with padding."""
    total = before + n + after
    count = total - k + 1
    border = f", before = {before}, after = {after}" if before + after else ""
    caption = f"n = {n}, k = {k}{border}: {count} stops."
    alt = (
        f"A row of {n} pixels{border}. A bar of {k} pixels below it moves on by one from "
        f"line to line: {count} lines, the first at {-before}, the last at "
        f"{count - 1 - before}."
    )
    if plotting.figures_off():
        return
    from matplotlib.patches import Rectangle

    with plotting.style():
        fig, (ax,) = row_of_axes([(1 + 0.6 * count, total + 2.5)], 0.36, top=0.1)
        for place in range(total):
            inside = before <= place < before + n
            look = {"fc": "0.85"} if inside else {"fc": "white", "hatch": "///"}
            ax.add_patch(Rectangle((place, 0), 1, 0.9, ec="0.5", lw=0.8, **look))
            if inside:
                text = str(place - before)
                ax.text(place + 0.5, 0.45, text, ha="center", va="center", fontsize=9)
        for stop in range(count):
            low = -0.6 * (stop + 1) + 0.15
            ax.add_patch(Rectangle((stop + 0.06, low), k - 0.12, 0.3, color="C0"))
            text = f"starts at {stop - before}".replace("-", "−")
            ax.text(total + 0.3, low + 0.15, text, va="center", fontsize=8)
        ax.set(xlim=(-0.05, total + 2.5), ylim=(-0.6 * count - 0.05, 1), aspect="equal")
        ax.axis("off")
    plotting.show(fig, alt, caption)


def show_shrinking(n: int, sizes):
    """Draw how the width of a map falls from layer to layer without padding."""
    last = {k: (n - 1) // (k - 1) for k in sizes}
    words = ", ".join(f"{last[k]} layers with k = {k}" for k in sizes)
    plotting.show_curves(
        {f"k = {k}": n - (k - 1) * np.arange(last[k] + 1) for k in sizes},
        caption=f"Width of an image that starts with {n} pixels, without a border. At most "
        f"{words}.",
        x={f"k = {k}": np.arange(last[k] + 1) for k in sizes},
        xlabel="layers",
        ylabel="pixels",
    )


def show_padded(image, padding):
    """Draw a small image (H, W) and the same with a border of zeros, hatched."""
    image, (top, bottom, left, right) = to_numpy(image), padding
    H, W = image.shape
    out = np.pad(image, ((top, bottom), (left, right)))
    alt = (
        f"An image of {H} by {W} pixels, and beside it the same pixels in an array of "
        f"{out.shape[0]} by {out.shape[1]} with a border of zeros: rows above {top}, below "
        f"{bottom}, columns on the left {left}, on the right {right}."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = row_of_axes([image.shape, out.shape], cell_size([image]))
        titles = [f"image  {image.shape}", f"padded  {out.shape}"]
        for ax, array, title in zip(axes, (image, out), titles, strict=True):
            draw_cells(ax, array, (0, out.max()), "gray", cell_texts(array), grid=True)
            ax.set_title(title, pad=6)
        hatch(axes[1], out.shape, (top, left, H, W))
        frame(axes[1], top, left, H, W)
    caption = f"top {top}, bottom {bottom}, left {left}, right {right}."
    plotting.show(fig, alt, caption)


def show_same(image, kernel):
    """Draw the first stop of a square, odd kernel on an image that keeps its size."""
    p = (kernel.shape[0] - 1) // 2
    out = after_layers(image, kernel, 1)
    names = ("image", "kernel", "out")
    plotting.show_window(image, kernel, out, 0, 0, padding=p, names=names)


def on_page(image, shape):
    """Put an image (H, W) or (H, W, 3) in the middle of a white page (rows, columns)."""
    rows, columns = shape[0] - image.shape[0], shape[1] - image.shape[1]
    around = [(rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)]
    around += [(0, 0)] * (image.ndim - 2)
    return np.pad(image, around, constant_values=1.0)


def show_framed(x, padding, value: float):
    """Draw the first of some colour images (N, 3, H, W) without and with a border."""
    top, bottom, left, right = padding
    image = to_numpy(x)[0].transpose(1, 2, 0)
    around = ((top, bottom), (left, right), (0, 0))
    framed = np.pad(image, around, constant_values=value)
    plotting.show_images(
        [on_page(image, framed.shape), framed],
        [f"x[0]  (3, {a.shape[0]}, {a.shape[1]})" for a in (image, framed)],
        "A portrait in colour, and the same with a light grey border that is wider below "
        "than on the other sides, like an instant photograph.",
        f"A border of {value}: top {top}, bottom {bottom}, left {left}, right {right}.",
    )


def show_three_sizes(image, size: int):
    """Draw an image (H, W) after a box of size by size in modes valid, same and full."""
    image = to_numpy(image)
    H, W = image.shape
    box = np.full((size, size), 1 / size**2)
    borders = {"valid": 0, "same": (size - 1) // 2, "full": size - 1}
    outs = {"the photograph": image}
    for mode, p in borders.items():
        outs[mode] = correlate(image, box, padding=p)
    plotting.show_images(
        [on_page(out, outs["full"].shape) for out in outs.values()],
        [f"{name}\n{out.shape[0]} × {out.shape[1]}" for name, out in outs.items()],
        f"A portrait, and the same blurred by a box of {size} by {size} in three sizes. "
        "Valid is smaller and clean; same is as large as the original, with a dark rim; "
        "full is larger and fades to black all around.",
        f"A box of {size} × {size} weights, in three sizes.",
        limits=(0, 1),
    )


def show_usage(H: int, W: int, KH: int, KW: int, paddings):
    """Draw in how many windows each pixel lies, for several paddings."""
    maps = [to_numpy(window_counts(H, W, (KH, KW), padding=p)) for p in paddings]
    titles = [f"p = {p}" for p in paddings]
    parts = [
        f"padding {p}: the corner lies in {m[0, 0]}, the middle in {m[H // 2, W // 2]}"
        for p, m in zip(paddings, maps, strict=True)
    ]
    plotting.show_arrays(
        maps,
        titles,
        f"Windows that see each pixel of an image of {H} by {W}. " + "; ".join(parts) + ".",
        f"In how many windows of {KH} × {KW} each pixel lies, by padding p.",
        numbers=True,
        cmap="cividis",
        limits=(0, KH * KW),
        shapes=False,
    )


def show_modes(tile, padding: int):
    """Draw a small tile (H, W) with each of the four borders."""
    tile = to_numpy(tile)
    H, W = tile.shape
    outs = {mode: to_numpy(with_border(tile, padding, mode)) for mode in BORDERS}
    words = [
        f"{mode}: the row of the upper left pixel reads "
        + " ".join(f"{v:g}" for v in out[padding])
        for mode, out in outs.items()
    ]
    alt = f"A tile of {H} by {W} pixels with four borders. " + "; ".join(words) + "."
    if plotting.figures_off():
        return
    shape = (H + 2 * padding, W + 2 * padding)
    with plotting.style():
        fig, axes = row_of_axes([shape] * len(outs), 0.27, gap=0.3)
        for ax, (mode, out) in zip(axes, outs.items(), strict=True):
            limits = (0, tile.max())
            draw_cells(ax, out, limits, "gray", cell_texts(out), 8.0, True, False)
            frame(ax, padding, padding, H, W)
            ax.set_title(mode, pad=6)
    plotting.show(fig, alt, f"The tile is framed; the border is {padding} pixels wide.")


def show_borders(image, padding: int):
    """Draw an image (H, W) with each of the four borders."""
    image = to_numpy(image)
    plotting.show_images(
        [to_numpy(with_border(image, padding, mode)) for mode in BORDERS],
        list(BORDERS),
        "A portrait with four borders. Zero: black. Edge: the outermost pixels smeared "
        "outwards. Reflect: mirrored. Wrap: continued from the opposite side.",
        f"The same photograph with a border of {padding} pixels.",
        limits=(0, 1),
    )


def show_depth(image, layers: int, size: int):
    """Draw an image (H, W) after many blurs, by border."""
    kernel = np.full((size, size), 1 / size**2)
    image = to_numpy(image)
    outs = [to_numpy(after_layers(image, kernel, layers, mode)) for mode in BORDERS]
    plotting.show_images(
        outs,
        list(BORDERS),
        f"A portrait after {layers} blurs with four borders. With zeros a black rim has "
        "grown inwards; with the other three the brightness reaches the border.",
        f"After {layers} layers of a {size} × {size} blur, each padded to keep the size.",
        limits=(0, 1),
    )


def show_rim(layers, size: int, width: int = 61, show: int = 16):
    """Draw the brightness of a flat image near its border, after some numbers of layers."""
    kernel = np.full((size, size), 1 / size**2)
    flat = np.ones((width, width))

    def profile(count, mode):
        return to_numpy(after_layers(flat, kernel, count, mode))[width // 2, :show]

    curves = {f"zero, layers: {n}": profile(n, "zero") for n in layers}
    others = [profile(layers[-1], mode) for mode in BORDERS if mode != "zero"]
    curves[f"others, layers: {layers[-1]}"] = np.mean(others, axis=0)
    deep = curves[f"zero, layers: {layers[-1]}"]
    plotting.show_curves(
        curves,
        caption=f"A flat image of ones after layers of a {size} × {size} blur. With zeros "
        f"{100 * (1 - deep[0]):.0f} % of the brightness is gone at the border after "
        f"{layers[-1]} layers. Edge, reflect and wrap keep {100 * np.min(others):.0f} %.",
        xlabel="pixels from the border",
        ylabel="brightness",
        markers=False,
    )
