"""Figures of lesson 08: what pooling keeps, and where gradients go."""

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import to_backend, to_numpy
from helpers.filters import shifted
from helpers.plotting.arrays import (
    cell_texts,
    draw_cells,
    limits_of,
    number_text,
    row_of_axes,
)
from helpers.plotting.sliding import frame

POOLS = {"max": layers.max_pool2d, "average": layers.avg_pool2d}
RIGHT_EDGES = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
FILTERS = {
    "bright to the right": RIGHT_EDGES,
    "bright below": np.transpose(RIGHT_EDGES).tolist(),
    "bright point": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}


def pooled(image, size, stride=None, kind: str = "max"):
    """Return one host image (H, W), pooled by the finished layers."""
    x = to_backend(np.array(to_numpy(image), float)[None, None])
    return to_numpy(POOLS[kind](x, size, stride))[0, 0]


def routed(image, dout, size, stride, kind: str = "max"):
    """Return the gradient of one host image (H, W), given that of its pooled image."""
    x = to_backend(np.array(to_numpy(image), float)[None, None])
    dout = to_backend(np.array(to_numpy(dout), float)[None, None])
    if kind == "max":
        return to_numpy(layers.max_pool2d_backward(dout, x, size, stride))[0, 0]
    return to_numpy(layers.avg_pool2d_backward(dout, x.shape, size, stride))[0, 0]


def show_pooling(image, size, stride: int, i: int, j: int, kind: str = "max"):
    """Draw one stop of a pooling window, with the values that it summarises."""
    image = to_numpy(image)
    out = pooled(image, size, stride, kind)
    window = image[i * stride :, j * stride :][: size[0], : size[1]]
    values = ", ".join(number_text(v) for v in window.ravel())
    sentence = f"out[{i}, {j}] = {kind} of {values} = {number_text(out[i, j])}"
    alt = (
        f"An image of {image.shape[0]} by {image.shape[1]} pixels with a frame around "
        f"{size[0]} rows and {size[1]} columns, and the pooled image of {out.shape[0]} by "
        f"{out.shape[1]}. {sentence}."
    )
    if plotting.figures_off():
        return
    arrays, names = [image, out], ["x", "out"]
    with plotting.style():
        fig, axes = row_of_axes([a.shape for a in arrays], 0.44, bottom=0.4)
        for ax, array, name in zip(axes, arrays, names, strict=True):
            texts = cell_texts(array)
            draw_cells(ax, array, limits_of([image]), "gray", texts, grid=True)
            ax.set_title(f"{name}  {array.shape}", pad=6)
        frame(axes[0], i * stride, j * stride, *size)
        frame(axes[1], i, j)
        fig.text(0.55 / fig.get_figwidth(), 0.02, sentence, va="bottom", fontsize=11)
    plotting.show(fig, alt, "One stop of the window: many values in, one value out.")


def show_pyramid(image, levels: int = 4):
    """Draw an image (H, W), halved again and again in three ways."""
    image = to_numpy(image)
    ways = {
        "every second pixel": lambda a: a[
            : a.shape[0] // 2 * 2 : 2, : a.shape[1] // 2 * 2 : 2
        ],
        "average": lambda a: pooled(a, 2, kind="average"),
        "maximum": lambda a: pooled(a, 2),
    }
    pictures, titles = [], []
    for name, halve in ways.items():
        small = image
        for _ in range(levels):
            small = halve(small)
            pictures.append(small)
            titles.append(f"{name}\n{small.shape[0]} × {small.shape[1]}")
    credit = data.sample_photo(shrink=64).credit
    alt = (
        f"A portrait, halved {levels} times in three rows. Every second pixel: jagged, "
        "fine lines break. Average: soft and faithful. Maximum: brighter at every step, "
        "bright spots grow and dark lines vanish."
    )
    caption = f"Pixels are drawn larger as there are fewer. Photograph: {credit}"
    plotting.show_images(
        pictures, titles, alt, caption, ncols=levels, limits=(0, 1), size=1.9
    )


def show_routes(image, dout, size, stride: int):
    """Draw an image with its winners framed, the gradient above it, and where it goes."""
    image, dout = to_numpy(image), to_numpy(dout)
    dx = routed(image, dout, size, stride)
    winners = routed(image, np.ones(dout.shape), size, stride) > 0
    places = [(int(i), int(j)) for i, j in np.argwhere(winners)]
    alt = (
        f"Three arrays. An image with its winners framed at {places}; the gradient dout "
        f"{dout.tolist()}; and dx, which holds {dx[winners].tolist()} at these places and "
        "0 everywhere else."
    )
    if plotting.figures_off():
        return
    arrays, names = [image, dout, dx], ["x", "dout", "dx"]
    with plotting.style():
        fig, axes = row_of_axes([a.shape for a in arrays], 0.44)
        for ax, array, name in zip(axes, arrays, names, strict=True):
            cmap = "gray" if array is image else "RdBu_r"
            limits = limits_of([image] if array is image else [dx], array is not image)
            draw_cells(ax, array, limits, cmap, cell_texts(array), grid=True)
            ax.set_title(f"{name}  {array.shape}", pad=6)
        for i, j in places:
            frame(axes[0], i, j)
    plotting.show(fig, alt, "Each gradient goes to the largest value of its window.")


def show_learning_pixels(image, size: int = 2):
    """Draw which pixels of an image (H, W) a pooling layer sends gradient to."""
    image = to_numpy(image)
    arrays = [image]
    for kind in POOLS:
        ones = np.ones(pooled(image, size).shape)
        arrays.append(routed(image, ones, size, size, kind))
    share = [float((a != 0).mean()) for a in arrays[1:]]
    caption = (
        f"A gradient of 1 arrives at every output of {size} × {size} pooling. Share of "
        f"pixels that receive some of it: maximum {share[0]:.0%}, average {share[1]:.0%}."
    )
    alt = (
        "An eye from a portrait, and what each of its pixels receives. Maximum: white "
        f"dots, one in each block of {size} by {size}. Average: an even grey."
    )
    titles = ["pixels", "dx, maximum", "dx, average"]
    plotting.show_images(arrays, titles, alt, caption, limits=(0, 1), size=2.4)


def show_average_filters(C: int, size):
    """Draw the filters (C, C, KH, KW) that make a convolution layer average."""
    KH, KW = size
    w = np.einsum("fc,pq->fcpq", np.eye(C), np.full((KH, KW), 1 / (KH * KW)))
    names = [f"w[{f}, {c}]" for f in range(C) for c in range(C)]
    caption = f"The {C} filters, one per row. A filter has one kernel for each channel."
    plotting.show_kernels(
        list(w.reshape(-1, KH, KW)), names, caption=caption, ncols=C, shared_scale=True
    )


def feature_maps(x):
    """Return three feature maps (N, 3, H, W) of images (N, 1, H, W), negatives cut off."""
    w = to_backend(np.array(list(FILTERS.values()), float)[:, None])
    return layers.relu(layers.conv2d(1.0 * x, w, padding=1))


def show_global(image):
    """Draw three feature maps of an image (H, W) and what global pooling keeps of each."""
    x = to_backend(to_numpy(image)[None, None])
    maps = feature_maps(x)
    mean, most = (to_numpy(layers.global_pool2d(maps, k))[0] for k in ("avg", "max"))
    maps = list(to_numpy(maps)[0])
    titles = ["photograph"]
    titles += [
        f"{name}\nmean {a:.3f}, max {b:.2f}"
        for name, a, b in zip(FILTERS, mean, most, strict=True)
    ]
    words = "; ".join(titles[1:]).replace("\n", ": ")
    H, W = maps[0].shape
    plotting.show_images(
        [to_numpy(image), *(m / m.max() for m in maps)],
        titles,
        f"A portrait and three feature maps, each with its mean and its maximum. {words}.",
        f"Global pooling turns three maps of {H} × {W} numbers into three numbers.",
        size=1.9,
        ncols=4,
    )


def show_moving(d: int = 1):
    """Draw a digit and the same digit moved, each with a feature map and its pooling."""
    x = data.digits_on_canvas(16, max_shift=0).x_test[7:8]
    rows, titles = [], []
    for step in (0, d):
        moved = shifted(x, 0, step)
        maps = feature_maps(moved)[:, :1]
        small = layers.max_pool2d(maps, 2)
        top = float(layers.global_pool2d(maps, "max")[0, 0])
        rows += [to_numpy(a)[0, 0] for a in (moved, maps, small)]
        name = "digit" if step == 0 else f"moved right by {step}"
        titles += [
            name,
            f"feature map\nglobal maximum {top:.2f}",
            "after 2 × 2 max pooling",
        ]
    same = np.abs(shifted(rows[1], 0, d) - rows[4]).max() < 1e-6
    inner = to_numpy(rows[2])
    pool_moved = d % 2 == 0 and np.abs(shifted(inner, 0, d // 2) - rows[5]).max() < 1e-6
    caption = (
        f"The feature map {'moves' if same else 'does not move'} along with the digit; the "
        f"pooled map {'moves too' if pool_moved else 'changes its shape instead'}."
    )
    alt = f"A digit, its feature map and the pooled map, twice. {caption}"
    rows = [r / r.max() for r in rows]
    plotting.show_images(rows, titles, alt, caption, ncols=3, limits=(0, 1), size=1.9)
