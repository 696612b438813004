"""Figures of lesson 13: what the instruments show."""

import numpy as np

from helpers import plotting
from helpers.backend import to_numpy, xp
from helpers.figures_13_readers import (
    LAST_MAPS,
    METHODS,
    attack,
    climb,
    random_push,
    randomised,
    saliency,
)
from helpers.networks import Sequential
from helpers.plotting.arrays import draw_cells, limits_of
from helpers.plotting.images import draw_image, grid_of_axes


def show_scans(scans, count: int = 18):
    """Draw the first training images with their labels."""
    labels = [f"“{int(k)}”" for k in scans.y_train[:count]]
    alt = f"{count} scanned digits on dark ground, labelled {' '.join(labels)}."
    images = list(to_numpy(scans.x_train[:count, 0]))
    plotting.show_images(images, labels, alt, ncols=9, limits=(0, 1))


def show_weights(model, most: int = 8):
    """Draw the filters of both convolution layers, each layer on one scale."""
    grids = []
    for layer in (0, 3):
        w = to_numpy(model.layers[layer].params["w"])[:most]
        w = np.pad(w / abs(w).max(), ((0, 0), (0, 0), (0, 1), (0, 1)))
        F, C, KH, KW = w.shape
        grids.append(w.transpose(0, 2, 1, 3).reshape(F * KH, C * KW)[:-1, :-1])
    alt = (
        f"Two grids of kernels in red and blue. Layer 0: a column of {most} kernels, some "
        f"like slanted edges. Layer 3: {most} rows of 8 kernels without a clear form."
    )
    caption = (
        f"The first {most} filters of both layers: a row is a filter, a column a channel."
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(5.4, 4.4)
        axes = fig.subplots(1, 2, gridspec_kw={"width_ratios": [3, 31], "wspace": 0.25})
        for ax, grid, layer in zip(axes, grids, (0, 3), strict=True):
            draw_cells(ax, grid, (-1, 1), "RdBu_r", index=False)
            ax.axis("off")
            ax.set_title(f"layer {layer}", pad=6)
    plotting.show(fig, alt, caption)


def show_maps(model, x, layer: int, ncols: int = 8):
    """Draw the feature maps of one image, on one scale."""
    maps = to_numpy(Sequential(*model.layers[: layer + 1]).forward(x))[0]
    titles = [f"map {f}" for f in range(len(maps))]
    alt = f"{len(maps)} feature maps of layer {layer}, each of {maps[0].shape} numbers."
    plotting.show_images(list(maps), titles, alt, ncols=ncols, cmap="cividis")


def show_evidence(images, titles, styles, alt: str, caption: str):
    """Draw rows of pictures; each column is an "image", a "map", or a "signed" map.

    Parameters
    ----------
    images : list of (H, W)
        Row by row. Every map has a scale of its own.
    titles : list of str
    styles : list of str
        One for each column.
    """
    if plotting.figures_off():
        return
    images, n = [to_numpy(image) for image in images], len(styles)
    with plotting.style():
        fig, axes = grid_of_axes([i.shape for i in images], n, 6.6 / n, titles)
        for k, (ax, image, title) in enumerate(zip(axes, images, titles, strict=True)):
            cmap, limits = "cividis", limits_of([image])
            if styles[k % n] == "image":
                cmap, limits = "gray", (0, 1)
            elif styles[k % n] == "signed":
                cmap, limits = "RdBu_r", limits_of([image], symmetric=True)
            draw_image(ax, image, limits, cmap)
            ax.set_title(title, pad=4)
    plotting.show(fig, alt, caption)


def show_saliency(model, images, cls: int):
    """Draw images (n, 1, H, W), each with its saliency for one class."""
    maps = saliency(model, images, cls)
    drawn = [a for x, m in zip(images, maps, strict=True) for a in (x[0], m)]
    titles = ["image", f"saliency of {cls}"] * len(images)
    alt = f"{len(images)} digits, each beside its saliency for class {cls}: scattered dots."
    caption = f"Brighter: the score of class {cls} changes faster with this pixel."
    show_evidence(drawn, titles, ["image", "map"] * len(images), alt, caption)


def show_witnesses(model, images, cls: int):
    """Draw images (n, 1, H, W) with what three instruments say about one class."""
    drawn, titles = [], []
    for n in range(len(images)):
        x = images[n : n + 1]
        drawn += [
            x[0, 0],
            *(method(model, x, cls) for method in list(METHODS.values())[:3]),
        ]
        found = int(model.forward(x)[0].argmax())
        titles += [f"read as {found}", *list(METHODS)[:3]]
    alt = (
        f"{len(images)} digits in rows, each with three maps for class {cls}. Occlusion "
        "and Grad-CAM are strongest in the upper left corner, saliency there and elsewhere."
    )
    caption = (
        f"What the score of class {cls} rests on. Occlusion: patches of 2 × 2, fill 0, red "
        f"where covering lowers the score. Grad-CAM: layer {LAST_MAPS}."
    )
    show_evidence(drawn, titles, ["image", "map", "signed", "map"], alt, caption)


def show_table(table, columns, caption: str):
    """Draw fractions as a table: one row per entry, one column per name."""
    words = "; ".join(
        f"{row}: " + ", ".join(f"{c} {v:.2f}" for c, v in zip(columns, values, strict=True))
        for row, values in table.items()
    ).replace("\n", " ")
    if plotting.figures_off():
        return
    values = np.array(list(table.values()))
    with plotting.style():
        fig = plotting.new_figure(6.8, 0.42 * len(values) + 0.9)
        ax = fig.add_axes([0.4, 0.05, 0.55, 0.68])
        texts = np.array(
            [[f"{round(v, 2) + 0:.2f}".replace("-", "−") for v in row] for row in values],
            object,
        )
        draw_cells(ax, values, (0, 1), "cividis", texts, 10.0, index=False)
        ax.set_aspect("auto")
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(values)), list(table))
    plotting.show(fig, f"Table. {words}.", caption)


def show_sanity(model, x, cls: int):
    """Draw four maps of one image for a trained reader and for reset ones."""
    models = {
        "trained": model,
        "last layer reset": randomised(model, 1, only_last=True),
        "all layers reset": randomised(model, 1),
    }
    drawn, titles = [], []
    for name, one in models.items():
        drawn += [x[0, 0], *(method(one, x, cls) for method in METHODS.values())]
        titles += [name, *METHODS]
    alt = (
        f"A digit and four maps for class {cls}, in three rows: trained, last layer reset, "
        "all layers reset. Saliency × pixel shows the digit's strokes in every row."
    )
    caption = (
        f"One image, asked about class {cls}: by a trained reader, then by reset ones."
    )
    styles = ["image", "map", "signed", "map", "map"]
    show_evidence(drawn, titles, styles, alt, caption)


def show_attacks(model, x, y, sizes):
    """Draw one image under attacks of growing size, and what is read."""
    ways = {"FGSM": attack(model, x, y, 0), "random signs": x}
    drawn, titles = [], []
    for way in ways:
        for eps in sizes:
            moved = attack(model, x, y, eps) if way == "FGSM" else random_push(x, eps)
            drawn.append(to_numpy(moved)[0, 0])
            titles.append(f"{way} {eps:g}\nread as {int(model.forward(moved).argmax())}")
    words = "; ".join(titles).replace("\n", ": ")
    alt = f"The digit {int(y[0])}, changed by growing amounts in two ways. {words}."
    plotting.show_images(drawn, titles, alt, ncols=len(sizes), limits=(0, 1))


def show_dreams(models, cls: int, units=((0, 3, 3), (1, 3, 3), (2, 3, 3))):
    """Draw what excites the score of one class in named readers, and units of the last."""
    grey = xp.full((1, 1, 12, 12), 0.5, "float32")
    drawn = [climb(model, 6, (cls,), grey) for model in models.values()]
    titles = [f"{name},\nscore of {cls}" for name in models]
    last = list(models.values())[-1]
    for unit in units:
        drawn.append(climb(last, 3, unit, grey))
        titles.append(f"layer 3,\nunit {unit}")
    alt = (
        f"The images that excite the score of {cls} in {len(models)} networks, and those "
        "that excite three units of layer 3. The latter stay grey outside a square."
    )
    images = [to_numpy(image)[0, 0] for image in drawn]
    plotting.show_images(images, titles, alt, ncols=len(images), limits=(0, 1))
