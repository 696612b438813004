"""Figures of lesson 13, the readers that it questions, and the finished instruments."""

import numpy as np

from helpers import networks, plotting, training
from helpers.backend import to_numpy, xp
from helpers.losses import cross_entropy
from helpers.networks import Conv2d, GlobalPool2d, Linear, MaxPool2d, ReLU, Sequential
from helpers.optimizers import Adam
from helpers.plotting.arrays import draw_cells, limits_of
from helpers.plotting.images import draw_image, grid_of_axes

LAST_MAPS = 4  # the reader's last layer whose output is still an image
EPOCHS = 20


def reader(rng):
    """Return an untrained network for images (N, 1, 12, 12) and ten classes."""
    return Sequential(
        Conv2d(1, 8, 3, rng, padding=1), ReLU(), MaxPool2d(2),
        Conv2d(8, 32, 3, rng, padding=1), ReLU(), GlobalPool2d("max"), Linear(32, 10, rng),
    )  # fmt: skip


def train_reader(x, y, seed: int = 0):
    """Train a `reader` on images (N, 1, 12, 12) with labels (N,), in about a second."""
    rng = np.random.default_rng(seed)
    model = reader(rng)
    optimizer = Adam(networks.parameters(model).values(), 0.005)
    for _ in range(EPOCHS):
        training.train_epoch(model, optimizer, x, y, 64, rng, progress=False)
    return model


def with_mark(x, on):
    """Return images (N, 1, 12, 12) with the mark where `on` (N,) is true, else without."""
    x = x.copy()
    x[:, :, :2, :2] = xp.asarray(on, x.dtype).reshape(-1, 1, 1, 1)
    return x


def accuracy(model, x, y) -> float:
    """Return the fraction of images that are read right."""
    return training.evaluate(model, x, y)["accuracy"]


# The finished instruments, which the figures use.


def slope(model, x, cls: int):
    """Return the signed gradient (N, C, H, W) of the scores of one class."""
    z = model.forward(x)
    return model.backward((0 * z + 1) * (xp.arange(z.shape[1]) == cls))


def saliency(model, x, cls: int):
    """Return the largest slope over the channels (N, H, W). Built in lesson 13."""
    return abs(slope(model, x, cls)).max(axis=1)


def occlusion(model, x, cls: int, size: int, stride: int, fill: float):
    """Return the drop of a score (OH, OW) for each covering patch. Built in lesson 13."""
    H, W = x.shape[2:]
    rows, columns = xp.arange(H), xp.arange(W)
    tops, lefts = xp.arange(0, H, stride)[:, None], xp.arange(0, W, stride)[:, None]
    tall = (rows >= tops) & (rows < tops + size)
    wide = (columns >= lefts) & (columns < lefts + size)
    hidden = tall[:, None, :, None] & wide[None, :, None, :]
    images = xp.where(hidden.reshape(-1, 1, H, W), xp.asarray(fill, x.dtype), x)
    drop = model.forward(x)[0, cls] - model.forward(images)[:, cls]
    return drop.reshape(len(tops), len(lefts))


def class_map(model, x, cls: int, layer: int = LAST_MAPS):
    """Return the Grad-CAM map (H, W) of one image. Built in lesson 13."""
    front = Sequential(*model.layers[: layer + 1])
    back = Sequential(*model.layers[layer + 1 :])
    maps = front.forward(x)
    share = slope(back, maps, cls).mean(axis=(2, 3), keepdims=True)
    small = (share * maps).sum(axis=1)[0].clip(0, None)
    H, W = x.shape[2:]
    i, j = (xp.arange(n) * m // n for n, m in zip((H, W), small.shape, strict=True))
    return small[i[:, None], j]


def attack(model, x, y, eps: float):
    """Return images pushed by eps against their labels. Built in lesson 13."""
    dz = cross_entropy(model.forward(x), y)[1]
    return (x + x.dtype.type(eps) * xp.sign(model.backward(dz))).clip(0, 1)


def climb(model, layer: int, unit, x, steps: int = 40, rate: float = 0.05):
    """Return the image that excites one unit. Built in lesson 13."""
    front = Sequential(*model.layers[: layer + 1])
    dout = 0 * front.forward(x)
    dout[(0, *unit)] = 1
    for _ in range(steps):
        front.forward(x)
        x = (x + x.dtype.type(rate) * xp.sign(front.backward(dout))).clip(0, 1)
    return x


# The figures.


def show_scans(scans, count: int = 18):
    """Draw the first training images with their labels."""
    labels = [f"“{int(k)}”" for k in scans.y_train[:count]]
    alt = f"{count} scanned digits on dark ground, labelled {' '.join(labels)}."
    images = list(to_numpy(scans.x_train[:count, 0]))
    plotting.show_images(images, labels, alt, ncols=9, limits=(0, 1))


def show_weights(model):
    """Draw the filters of both convolution layers, each layer on one scale."""
    layers = [model.layers[0].params["w"], model.layers[3].params["w"]]
    grids = []
    for w in map(to_numpy, layers):
        w = np.pad(w / abs(w).max(), ((0, 0), (0, 0), (0, 1), (0, 1)))
        F, C, KH, KW = w.shape
        grids.append(w.transpose(0, 2, 1, 3).reshape(F * KH, C * KW)[:-1, :-1].T)
    alt = (
        "Two grids of kernels in red and blue. Layer 0: a row of 8 kernels, some look like "
        "slanted edges. Layer 3: 8 rows and 16 columns of small kernels without clear form."
    )
    caption = "Layer 0 and layer 3. Each column is a filter, each row a channel it reads."
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(7.2, 4.2)
        axes = fig.subplots(2, 1, gridspec_kw={"height_ratios": [1, 4.5]})
        for ax, grid in zip(axes, grids, strict=True):
            draw_cells(ax, grid, (-1, 1), "RdBu_r", index=False)
            ax.axis("off")
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


def mark_table(model, scans, cls: int):
    """Measure a reader on test digits with the mark in place, removed, and on all.

    Returns
    -------
    dict of str to (float, float, float)
        All digits read right; digits of the class read right; others read as the class.
    """
    y = scans.y_test
    own, table = y == cls, {}
    for name, on in (
        ("marks as in training", own),
        ("marks removed", own & ~own),
        ("marks on all", own | ~own),
    ):
        found = training.predict(model, with_mark(scans.x_test, on)).argmax(1)
        shares = (found == y).mean(), (found == y)[own].mean(), (found == cls)[~own].mean()
        table[name] = tuple(float(s) for s in shares)
    return table


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
        texts = np.array([[f"{v:.2f}" for v in row] for row in values], object)
        draw_cells(ax, values, (0, 1), "cividis", texts, 10.0, index=False)
        ax.set_aspect("auto")
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(values)), list(table))
    plotting.show(fig, f"Table. {words}.", caption)


def randomised(model, seed: int, only_last: bool = False):
    """Return a copy of a reader with new random weights, or with a new last layer."""
    other = reader(np.random.default_rng(seed))
    if only_last:
        for old, new in zip(model.layers[:-1], other.layers[:-1], strict=True):
            new.params = old.params
    return other


METHODS = {
    "saliency": lambda model, x, cls: saliency(model, x, cls)[0],
    "occlusion": lambda model, x, cls: occlusion(model, x, cls, 2, 1, 0.0),
    "Grad-CAM": lambda model, x, cls: class_map(model, x, cls),
    "saliency × pixel": lambda model, x, cls: (saliency(model, x, cls) * x[:, 0])[0],
}


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


def sanity_table(model, images, cls: int):
    """Return how alike the maps of a trained and a reset reader are.

    Parameters
    ----------
    model : networks.Sequential
        A trained `reader`.
    images : (N, 1, 12, 12)
    cls : int

    Returns
    -------
    dict of str to (float, float)
        For each method the mean correlation of the two maps over the images, with the last
        layer reset and with all layers reset. A map of one value counts as 0.
    """
    table = {name: [] for name in METHODS}
    for only_last in (True, False):
        alike = {name: [] for name in METHODS}
        for n in range(len(images)):
            x, other = images[n : n + 1], randomised(model, n, only_last)
            for name, method in METHODS.items():
                maps = [to_numpy(method(m, x, cls)).ravel() for m in (model, other)]
                flat = any(m.std() == 0 for m in maps)
                alike[name].append(0.0 if flat else np.corrcoef(*maps)[0, 1])
        for name, found in alike.items():
            table[name].append(float(np.mean(found)))
    return table


def random_push(x, eps: float, seed: int = 0):
    """Return images pushed by eps in a random direction at every pixel."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], x.shape)
    return (x + xp.asarray(eps * signs, x.dtype)).clip(0, 1)


def attack_table(model, x, y, sizes):
    """Return the accuracy (2, len(sizes)) after FGSM and after random signs."""
    pushed = [[attack(model, x, y, e), random_push(x, e)] for e in sizes]
    return np.array([[accuracy(model, a, y) for a in pair] for pair in pushed]).T


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


def show_dreams(models, cls: int):
    """Draw, for each named reader, the image that excites the score of one class."""
    grey = xp.full((1, 1, 12, 12), 0.5, "float32")
    drawn, titles = [], []
    for name, model in models.items():
        drawn.append(to_numpy(climb(model, 6, (cls,), grey))[0, 0])
        titles.append(f"{name}:\nscore of {cls}")
        for f in (0, 1, 2):
            drawn.append(to_numpy(climb(model, 3, (f, 3, 3), grey))[0, 0])
            titles.append(f"layer 3,\nunit ({f}, 3, 3)")
    alt = (
        f"For each of {len(models)} networks the image that excites the score of {cls} and "
        "three that excite one unit of layer 3. The latter stay grey outside a square."
    )
    plotting.show_images(drawn, titles, alt, ncols=4, limits=(0, 1), size=1.8)
