"""Figures of lesson 11: the variants of convolution."""

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import to_backend, to_numpy
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of, row_of_axes
from helpers.plotting.sliding import HIGHLIGHT, frame

CELL = 0.4  # inches of a cell with a number in it
SOBEL_X = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SEPIA = np.array([[0.39, 0.77, 0.19], [0.35, 0.69, 0.17], [0.27, 0.53, 0.13]])


def photo(shrink: int = 3):
    """Return a colour photograph (1, 3, H, W), brightness 0 to 1."""
    rgb = to_numpy(data.sample_photo(shrink=shrink).rgb).transpose(2, 0, 1)
    return to_backend(rgb[None] / 255)


def words(table) -> str:
    """Return a table of numbers as text, rows parted by semicolons."""
    return "; ".join(" ".join(f"{v:g}" for v in row) for row in np.atleast_2d(table))


def show_pixel(x, w, b, i: int, j: int):
    """Draw how weights (F, C) turn one pixel's C numbers into F, for maps (C, H, W)."""
    x, w, b = to_numpy(x), to_numpy(w), to_numpy(b)
    out = np.tensordot(w, x, axes=1) + b[:, None, None]
    alt = (
        f"{len(x)} channels with the pixel in row {i}, column {j} framed in each; the "
        f"weights {words(w)} and biases {words(b)}; {len(out)} maps with the same place "
        f"framed, which hold {words(out[:, i, j])}."
    )
    if plotting.figures_off():
        return
    parts = [*x, w, b[:, None], *out]
    titles = [f"x[{c}]" for c in range(len(x))] + ["w", "b"]
    titles += [f"out[{f}]" for f in range(len(out))]
    with plotting.style():
        fig, axes = row_of_axes([part.shape for part in parts], CELL, gap=0.3)
        for ax, part, title in zip(axes, parts, titles, strict=True):
            weights = title in ("w", "b")
            group = [w] if weights else x if title[0] == "x" else out
            limits = limits_of(group, symmetric=weights)
            draw_cells(ax, part, limits, "RdBu_r" if weights else "gray", cell_texts(part),
                       grid=True, index=False)  # fmt: skip
            ax.set_title(title, pad=6)
            if not weights:
                frame(ax, i, j)
    plotting.show(fig, alt)


def show_colours():
    """Draw a photograph and what 1 × 1 convolutions make of its colours."""
    image = photo()
    names = ["grey: 1 filter", "red minus green: 1 filter", "sepia: 3 filters"]
    weights = [np.full((1, 3), 1 / 3), np.array([[1.0, -1, 0]]), SEPIA]
    maps = [
        to_numpy(layers.conv2d(image, to_backend(w[:, :, None, None])))[0] for w in weights
    ]
    maps[1] = 0.5 + maps[1] / (2 * np.quantile(abs(maps[1]), 0.99))
    plotting.show_images(
        [to_numpy(image)[0], *maps],
        ["the photograph", *names],
        alt="A portrait in colour, in grey, as the difference of red and green, bright at "
        "the red stripes of the flag and at the face, and in brown tones.",
        caption=data.sample_photo(shrink=64).credit,
        limits=(0, 1),
        size=1.8,
    )


def show_groups(C: int, F: int, choices):
    """Draw which of F filters reads which of C channels, for several numbers of groups."""
    reads = [np.kron(np.eye(g), np.ones((F // g, C // g))) for g in choices]
    counts = [int(table.sum()) for table in reads]
    pairs = zip(choices, counts, strict=True)
    alt = f"Tables of {F} filters by {C} channels; a filled cell is a kernel. " + ". ".join(
        f"groups {g}: {n} kernels in {g} block{'s' * (g > 1)} along the diagonal"
        for g, n in pairs
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = row_of_axes([t.shape for t in reads], 0.3, gap=0.9, bottom=0.35)
        for ax, table, g, count in zip(axes, reads, choices, counts, strict=True):
            draw_cells(ax, table, (0, 1.6), "Blues", grid=True)
            ax.set_title(f"groups = {g}: {count} kernels", pad=6)
            ax.xaxis.set_label_position("bottom")
            ax.set(xlabel="channel", ylabel="filter")
    plotting.show(fig, alt)


def show_separable():
    """Draw the two steps on a photograph: a kernel for each channel, then a mix."""
    image = photo()
    blur = np.full((3, 3), 1 / 9)
    kernels = to_backend(np.stack([SOBEL_X, SOBEL_X.T, blur])[:, None])
    middle = layers.conv2d(image, kernels, groups=3)
    mixes = to_backend(np.array([[1.0, 1, 0], [0, 0.5, 1]])[:, :, None, None])
    ends = to_numpy(layers.conv2d(middle, mixes))[0]
    shown = list(to_numpy(image)[0])
    for signed, plane in zip((1, 1, 0, 1, 1), [*to_numpy(middle)[0], *ends], strict=True):
        reach = np.quantile(abs(plane), 0.99)
        shown.append(0.5 + plane / (2 * reach) if signed else plane)
    titles = ["red", "green", "blue", "red, upright edges", "green, level edges"]
    titles += ["blue, blurred", "mix: first + second", "mix: half second + third"]
    plotting.show_images(
        shown,
        titles,
        alt="First row: the red, green and blue channel of a portrait. Second row: upright "
        "edges of the red, level edges of the green, and a blurred blue channel. Third "
        "row: a relief of both kinds of edges, and level edges over the blurred channel.",
        caption="Rows: input, after the depthwise step, after the pointwise step.",
        ncols=3,
        size=1.7,
        limits=(0, 1),
    )


def stamped(x, w, stride: int):
    """Return the sum of stamps of one kernel (KH, KW), one at each pixel of (H, W)."""
    out = np.zeros([(n - 1) * stride + k for n, k in zip(x.shape, w.shape, strict=True)])
    for p, q in np.ndindex(w.shape):
        part = out[p::stride, q::stride][: len(x), : x.shape[1]]
        part += w[p, q] * x
    return out


def show_stamps(x, w, stride: int, pixels):
    """Draw an image (H, W), a kernel, and the sum of its stamps; frame some of them."""
    x, w = to_numpy(x), to_numpy(w)
    out = stamped(x, w, stride)
    alt = (
        f"Image {words(x)}. Kernel {words(w)}. Stamped with stride {stride}: {words(out)}. "
        f"Framed are {len(pixels)} pixels and the places of their stamps."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = row_of_axes([x.shape, w.shape, out.shape], CELL)
        scales = [limits_of([x]), limits_of([w], symmetric=True), limits_of([out])]
        titles = [f"x {x.shape}", f"kernel {w.shape}", f"out {out.shape}"]
        for n, (ax, part) in enumerate(zip(axes, (x, w, out), strict=True)):
            cmap = "RdBu_r" if n == 1 else "gray"
            draw_cells(ax, part, scales[n], cmap, cell_texts(part), grid=True, index=False)
            ax.set_title(titles[n], pad=8)
        for n, (i, j) in enumerate(pixels):
            outline(axes[0], i, j, (1, 1), n)
            outline(axes[2], i * stride, j * stride, w.shape, n)
    plotting.show(fig, alt)


def outline(ax, i: int, j: int, size, number: int):
    """Frame cells; frames but the first are dashed and lie inside, so that all show."""
    from matplotlib.patches import Rectangle

    inset = 0.05 + 0.11 * number
    corner = (j - 0.5 + inset, i - 0.5 + inset)
    sides = size[1] - 2 * inset, size[0] - 2 * inset
    line = ["-", (0, (3, 1.5))][min(number, 1)]
    ax.add_patch(
        Rectangle(corner, *sides, fill=False, ec=HIGHLIGHT, lw=3, ls=line, zorder=4)
    )


def show_coverage(H: int, W: int, pairs):
    """Draw how many stamps of k × k cover each pixel, for pairs (k, stride)."""
    counts = [stamped(np.ones((H, W)), np.ones((k, k)), s) for k, s in pairs]
    titles = [f"kernel {k} × {k}, stride {s}" for k, s in pairs]
    alt = "How many stamps cover each pixel. " + " ".join(
        f"{title}: {words(table[:4])}, and so on."
        for title, table in zip(titles, counts, strict=True)
    )
    if plotting.figures_off():
        return
    highest = max(table.max() for table in counts)
    with plotting.style():
        fig, axes = row_of_axes([t.shape for t in counts], 0.29, gap=0.3)
        for ax, table, title in zip(axes, counts, titles, strict=True):
            draw_cells(ax, table, (0, highest), "gray", cell_texts(table), 8, index=False)
            ax.set_title(title, pad=6)
    plotting.show(fig, alt)


def show_enlarged(pairs):
    """Draw a part of the photograph, enlarged with equal weights, for pairs (k, stride)."""
    small = photo(6)[:, :, 18:58, 24:64].mean(axis=1, keepdims=True)
    images, titles = [to_numpy(small)[0, 0]], ["a part of the photograph"]
    for k, s in pairs:
        w = to_backend(np.full((1, 1, k, k), (s / k) ** 2))
        images.append(to_numpy(layers.conv_transpose2d(small, w, stride=s))[0, 0])
        titles.append(f"kernel {k} × {k}, stride {s}")
    plotting.show_images(
        images,
        titles,
        alt="A face in grey, small and enlarged twice: with 3 × 3 kernels a regular "
        "pattern of bright and dark pixels lies over it, with 4 × 4 kernels it is smooth.",
        limits=(0, 1),
        size=2.5,
    )
