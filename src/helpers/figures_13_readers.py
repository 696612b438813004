"""The readers that lesson 13 questions, and the finished instruments that question them."""

import numpy as np

from helpers import networks, training
from helpers.backend import to_numpy, xp
from helpers.losses import cross_entropy
from helpers.networks import Conv2d, GlobalPool2d, Linear, MaxPool2d, ReLU, Sequential
from helpers.optimizers import Adam

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


def random_push(x, eps: float, seed: int = 0):
    """Return images pushed by eps in a random direction at every pixel."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], x.shape)
    return (x + xp.asarray(eps * signs, x.dtype)).clip(0, 1)


def climb(model, layer: int, unit, x, steps: int = 40, rate: float = 0.05):
    """Return the image that excites one unit. Built in lesson 13."""
    front = Sequential(*model.layers[: layer + 1])
    dout = 0 * front.forward(x)
    dout[(0, *unit)] = 1
    for _ in range(steps):
        front.forward(x)
        x = (x + x.dtype.type(rate) * xp.sign(front.backward(dout))).clip(0, 1)
    return x


METHODS = {
    "saliency": lambda model, x, cls: saliency(model, x, cls)[0],
    "occlusion": lambda model, x, cls: occlusion(model, x, cls, 2, 1, 0.0),
    "Grad-CAM": lambda model, x, cls: class_map(model, x, cls),
    "saliency × pixel": lambda model, x, cls: (saliency(model, x, cls) * x[:, 0])[0],
}


def randomised(model, seed: int, only_last: bool = False):
    """Return a copy of a reader with new random weights, or with a new last layer."""
    other = reader(np.random.default_rng(seed))
    if only_last:
        for old, new in zip(model.layers[:-1], other.layers[:-1], strict=True):
            new.params = old.params
    return other


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


def sanity_table(model, images, cls: int):
    """Return how alike the maps of a trained reader and of one with random weights are.

    Parameters
    ----------
    model : networks.Sequential
        A trained `reader`.
    images : (N, 1, 12, 12)
    cls : int

    Returns
    -------
    dict of str to (float, float)
        For each method the mean correlation over the images, of the maps and of their
        magnitudes. A map of one value counts as 0.
    """
    found = {name: [] for name in METHODS}
    for n in range(len(images)):
        x, other = images[n : n + 1], randomised(model, n)
        for name, method in METHODS.items():
            maps = [to_numpy(method(m, x, cls)).ravel() for m in (model, other)]
            found[name].append([correlation(*maps), correlation(*map(abs, maps))])
    return {name: tuple(np.mean(pairs, axis=0)) for name, pairs in found.items()}


def correlation(a, b) -> float:
    """Return the correlation of two host arrays, 0 if one of them is constant."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def attack_table(model, x, y, sizes):
    """Return the accuracy (2, len(sizes)) after FGSM and after random signs."""
    pushed = [[attack(model, x, y, e), random_push(x, e)] for e in sizes]
    return np.array([[accuracy(model, a, y) for a in pair] for pair in pushed]).T
