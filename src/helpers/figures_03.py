"""Figures of lesson 03."""

from fractions import Fraction

import numpy as np

from helpers import data, plotting
from helpers.backend import to_backend, to_numpy
from helpers.filters import KERNELS, filter2d, sobel_slopes
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of, row_of_axes
from helpers.plotting.images import draw_image
from helpers.plotting.sliding import HIGHLIGHT, frame

NAMES = ("image", "kernel", "out")  # as in the formulas


def photo(shrink: int = 3):
    """Return a grey photograph (H, W), brightness 0 to 1; `shrink` 3 gives 200 by 170."""
    return to_backend(to_numpy(data.sample_photo(shrink=shrink).grey) / 255)


def disc(H: int, W: int, radius: float):
    """Return an image (H, W) of zeros with a disc of ones in its middle."""
    y, x = np.arange(H)[:, None] - (H - 1) / 2, np.arange(W) - (W - 1) / 2
    return to_backend((y**2 + x**2 <= radius**2).astype(float))


def show_patch(image, i: int, j: int, KH: int, KW: int):
    """Draw an image (H, W) with a window framed, and the window cut out."""
    image = to_numpy(image)
    window = image[i : i + KH, j : j + KW]
    H, W = image.shape
    alt = (
        f"An image of {H} by {W} pixels with a frame around {KH} rows and {KW} columns "
        f"that starts at row {i}, column {j}, and the framed window beside it. Its bottom "
        f"right pixel holds {window[-1, -1]}."
    )
    if plotting.figures_off():
        return
    titles = [f"image  {image.shape}", f"window  {window.shape}"]
    with plotting.style():
        fig, axes = row_of_axes([image.shape, window.shape], 0.44)
        for ax, array, title in zip(axes, (image, window), titles, strict=True):
            draw_cells(ax, array, limits_of([image]), "gray", cell_texts(array), grid=True)
            ax.set_title(title, pad=6)
        frame(axes[0], i, j, KH, KW)
    plotting.show(fig, alt, f"Window of {KH} rows and {KW} columns at row {i}, column {j}.")


def show_stop(image, kernel, i: int, j: int):
    """Draw one stop of a kernel on its way over an image."""
    caption = "One stop of the window: each pixel times the weight that lies on it, summed."
    out = filter2d(image, kernel)
    plotting.show_window(image, kernel, out, i, j, caption=caption, names=NAMES)


def animate_slide(image, kernel):
    """Let a kernel slide over an image, one frame per output cell."""
    out = filter2d(image, kernel)
    caption = f"All {out.size} stops of the window, row by row. The buttons step and play."
    plotting.animate_window(image, kernel, out, caption=caption, names=NAMES)


def show_flip(impulse, kernel):
    """Draw a kernel, an impulse, and what correlation and convolution make of them."""
    turned = kernel[::-1, ::-1]
    plotting.show_arrays(
        [kernel, impulse, filter2d(impulse, kernel), filter2d(impulse, turned)],
        ["kernel", "impulse", "correlation", "convolution"],
        numbers=True,
        cmap=["RdBu_r", "gray", "gray", "gray"],
    )


def show_questions(image, one, other):
    """Draw a small image (H, W) and what two kernels answer to it."""
    plotting.show_arrays(
        [image, one, filter2d(image, one), other, filter2d(image, other)],
        ["image", "mean of two", "answer", "right minus left", "answer"],
        numbers=True,
        cmap=["gray", "RdBu_r", "gray", "RdBu_r", "gray"],
        shapes=False,
    )


def show_gallery(image):
    """Draw an image (H, W) after each of the six kernels."""
    kernels = {name: np.array(weights, float) for name, weights in KERNELS.items()}
    alt = (
        "A portrait after six kernels. Identity: unchanged. Box: slightly blurred. "
        "Sharpen: crisper, with bright and dark rims. Sobel_x: relief of upright edges. "
        "Sobel_y: relief of level edges. Laplacian: thin double lines at edges."
    )
    credit = data.sample_photo(shrink=64).credit
    caption = f"Where weights sum to 0, grey stands for zero. Photograph: {credit}"
    draw_filtered(to_numpy(image), kernels, alt, caption)


def show_try(image, kernel):
    """Draw an image (H, W) before and after a kernel of the learner's choice."""
    kernel = to_numpy(kernel).astype(float)
    total = f"The weights of this kernel sum to {kernel.sum():g}."
    alt = f"A portrait, and the same portrait after a kernel. {total}"
    before = np.ones((1, 1))
    draw_filtered(to_numpy(image), {"before": before, "after": kernel}, alt, total)


def draw_filtered(image, kernels: dict, alt: str, caption: str, columns: int = 3):
    """Draw an image after each of some kernels, with the kernels above."""
    if plotting.figures_off():
        return
    H, W = image.shape
    wide, small, gap = 2.1, 0.9, 0.2
    tall = wide * H / W
    rows, block = -(-len(kernels) // columns), tall + small + 0.3
    width, height = columns * (wide + gap), rows * block
    with plotting.style():
        fig = plotting.new_figure(width, height)
        for n, (name, kernel) in enumerate(kernels.items()):
            left = (n % columns) * (wide + gap)
            low = (rows - 1 - n // columns) * block
            ax = fig.add_axes([left / width, low / height, wide / width, tall / height])
            out = filter2d(image, kernel)
            draw_image(ax, out, grey_limits(out, kernel), "gray")
            top = (low + tall + 0.06) / height
            fig.text(left / width, top, name, fontsize=11, va="bottom")
            if kernel.size > 1:
                left = left + wide - small
                ax = fig.add_axes([left / width, top, small / width, small / height])
                draw_weights(ax, kernel)
    plotting.show(fig, alt, caption, sharpness=1.0)


def grey_limits(out, kernel):
    """Return what to draw black and white: for weights that sum to 0, grey is zero."""
    if abs(kernel.sum()) > 1e-9:
        return 0.0, 1.0
    reach = np.quantile(np.abs(out), 0.995) or 1.0
    return -reach, reach


def draw_weights(ax, kernel):
    """Draw a small kernel with its weights as fractions."""
    texts = [str(Fraction(v).limit_denominator(20)).replace("-", "−") for v in kernel.flat]
    texts = np.array(texts, object).reshape(kernel.shape)
    limits = limits_of([kernel], symmetric=True)
    draw_cells(ax, kernel, limits, "RdBu_r", texts, 8.0, grid=True, index=False)


def moved(image, columns: int):
    """Return an image moved to the right; the free columns are filled with zeros."""
    out = np.zeros_like(image)
    out[:, columns:] = image[:, : image.shape[1] - columns]
    return out


def show_shift(image, kernel, columns: int):
    """Draw shift-then-filter, filter-then-shift, and their difference."""
    image, kernel = to_numpy(image), to_numpy(kernel)
    one = filter2d(moved(image, columns), kernel)
    other = moved(filter2d(image, kernel), columns)
    differ = np.flatnonzero(np.abs(one - other).max(axis=0) > 1e-9)
    words = ", ".join(map(str, differ)) or "none"
    reach = np.abs([one, other]).max()
    plotting.show_arrays(
        [one, other, one - other],
        ["shift, then filter", "filter, then shift", "difference"],
        alt=f"Two results and their difference. Columns that differ: {words}.",
        caption=f"Columns that differ: {words}. White is zero, red positive.",
        cmap="RdBu_r",
        limits=(-reach, reach),
    )


def show_bells(sigmas, radius: int):
    """Draw Gaussian kernels of one radius."""
    n = np.arange(-radius, radius + 1)
    bells = [np.exp(-(n[:, None] ** 2 + n**2) / (2 * s**2)) for s in sigmas]
    plotting.show_kernels(
        [np.round(b / b.sum(), 2) for b in bells],
        [f"σ = {s:g}" for s in sigmas],
        caption=f"Gaussian kernels of radius {radius}, weights rounded to two decimals.",
        ncols=len(bells),
        shared_scale=True,
    )


def show_outer(column, row):
    """Draw a column (KH,), a row (KW,) and their outer product."""
    column, row = to_numpy(column)[:, None], to_numpy(row)[None, :]
    kernel = column * row
    reach = np.abs(kernel).max()
    plotting.show_arrays(
        [column, row, kernel],
        ["column c", "row r", "kernel c · r"],
        caption="Each weight of the kernel is the product of one of c and one of r.",
        numbers=True,
        cmap="RdBu_r",
        limits=(-reach, reach),
    )


def show_cost(H: int, W: int, sizes):
    """Draw the multiplications for square kernels, in one pass and in two."""
    direct = np.array([(H - k + 1) * (W - k + 1) * k * k for k in sizes])
    two = np.array([(H - k + 1) * (W * k + (W - k + 1) * k) for k in sizes])
    plotting.show_curves(
        {"full kernel": direct / 1e6, "two passes": two / 1e6},
        caption=f"Millions of multiplications for one image of {H} × {W} pixels. With "
        f"{sizes[-1]} × {sizes[-1]} weights two passes need {direct[-1] / two[-1]:.1f} "
        "times fewer.",
        x=np.array(sizes),
        xticks=sizes,
        xlabel="rows and columns of the kernel",
        ylabel="million multiplications",
    )


def show_arrows(image):
    """Draw the Sobel arrows of a small image (H, W) on it."""
    image = to_numpy(image)
    gx, gy = sobel_slopes(image)
    alt = (
        "A bright disc on black with an arrow at every pixel where the brightness changes. "
        "All arrows point towards the middle of the disc: at its right border to the left."
    )
    if plotting.figures_off():
        return
    H, W = image.shape
    with plotting.style():
        fig, (ax,) = row_of_axes([(H, W)], 0.34)
        draw_cells(ax, image, (-0.2, 1.2), "gray", index=True)
        j, i = np.meshgrid(np.arange(1, W - 1), np.arange(1, H - 1))
        strong = np.hypot(gx, gy) > 0
        arrows = [values[strong] for values in (j, i, gx, gy)]
        look = {"angles": "xy", "scale_units": "xy", "scale": 6, "width": 0.006}
        ax.quiver(*arrows, color=HIGHLIGHT, pivot="mid", **look)
    plotting.show(fig, alt, "Sobel arrows point from dark to bright, across the edge.")


def colour_wheel(angle, strength):
    """Return directions as colours: hue for the angle, brightness for the strength."""
    import matplotlib.colors

    hue = (angle / (2 * np.pi)) % 1.0
    return matplotlib.colors.hsv_to_rgb(
        np.stack([hue, np.ones_like(hue), strength], axis=-1)
    )


def show_edges(image):
    """Draw strength and direction of the edges of an image (H, W)."""
    if plotting.figures_off():
        return
    image = to_numpy(image)
    gx, gy = sobel_slopes(image)
    strength = np.hypot(gx, gy)
    strength = np.clip(strength / np.quantile(strength, 0.98), 0, 1)
    H, W = strength.shape
    y, x = np.mgrid[:H, :W] - np.array([H - 1, W - 1])[:, None, None] / 2
    ring = (np.hypot(y, x) < 0.35 * W) & (np.hypot(y, x) > 0.15 * W)
    plotting.show_images(
        [
            image,
            strength,
            colour_wheel(np.arctan2(gy, gx), strength),
            colour_wheel(np.arctan2(y, x), ring.astype(float)),
        ],
        ["photograph", "magnitude", "angle as hue", "what the hues mean"],
        alt="A portrait, its edges in white on black, the same coloured by direction, "
        "and a ring that gives each direction from its middle a colour.",
        caption="A colour on the ring stands for an arrow from its middle to that place.",
        shared_scale=False,
    )
