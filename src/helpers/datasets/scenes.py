"""Pictures and clips made from a seed: shapes, motion, digits with a treacherous mark."""

from typing import NamedTuple

import numpy as np

from helpers.datasets.bundled import (
    N_TEST,
    SPLIT_SEED,
    place_on_canvas,
    raw_digits,
)
from helpers.datasets.splits import stratified, to_device

SHAPE_NAMES = ("circle", "square", "triangle", "cross")
DIRECTIONS = ("right", "left", "down", "up")
STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # rows, columns per frame


class Shapes(NamedTuple):
    """Pictures with one shape each.

    Attributes
    ----------
    x : (N, 1, H, W)
        float32, from 0 to 1.
    y : (N,)
        Index into `SHAPE_NAMES`, int64.
    centre : (N, 2)
        Row and column of the shape's centre in pixels, float32.
    radius : (N,)
        Half of the shape's height in pixels, float32.
    """

    x: object
    y: object
    centre: object
    radius: object


class Clips(NamedTuple):
    """Short films of a moving square.

    Attributes
    ----------
    x : (N, 1, T, H, W)
        float32, from 0 to 1.
    y : (N,)
        Index into `DIRECTIONS`, int64.
    """

    x: object
    y: object


class MarkedDigits(NamedTuple):
    """Digits with a mark in the corner.

    Attributes
    ----------
    x_train, x_test : (N, 1, 12, 12)
        From 0 to 1.
    y_train, y_test : (N,)
        int64.
    mark_train, mark_test : (N,)
        Whether the image carries the mark, bool.
    """

    x_train: object
    y_train: object
    x_test: object
    y_test: object
    mark_train: object
    mark_test: object


def inside(name: str, u, v):
    """Return where (u, v), in radii from the centre, lies in a shape: (N, H, W) bool."""
    if name == "circle":
        return u**2 + v**2 <= 1
    if name == "square":
        return np.maximum(abs(u), abs(v)) <= 0.89
    if name == "triangle":
        return (u <= 1) & (abs(v) <= (u + 1) / 2)
    return (np.minimum(abs(u), abs(v)) <= 0.3) & (np.maximum(abs(u), abs(v)) <= 1)


def shapes(n: int, seed: int = 0, size: int = 24, noise: float = 0.1) -> Shapes:
    """Draw pictures of circles, squares, triangles and crosses.

    Parameters
    ----------
    n : int
        Pictures; the four kinds come equally often (up to one).
    seed : int
    size : int
        Height and width in pixels, at least 12.
    noise : float
        Standard deviation of the noise before values are cut to 0 … 1.
    """
    if size < 12:
        raise ValueError(f"size is {size} pixels; shapes need at least 12.")
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % len(SHAPE_NAMES)).astype(np.int64)
    radius = rng.uniform(3, size / 4, n)
    centre = radius[:, None] + rng.uniform(0, 1, (n, 2)) * (size - 1 - 2 * radius[:, None])
    fine = np.arange(3 * size) / 3 - 1 / 3  # three points per pixel soften the edges
    u = (fine[:, None] - centre[:, 0, None, None]) / radius[:, None, None]
    v = (fine - centre[:, 1, None, None]) / radius[:, None, None]
    u, v = np.broadcast_arrays(u, v)
    x = np.zeros((n, size, size))
    for label, name in enumerate(SHAPE_NAMES):
        cover = inside(name, u[y == label], v[y == label])
        x[y == label] = cover.reshape(-1, size, 3, size, 3).mean(axis=(2, 4))
    x = x * rng.uniform(0.6, 1.0, (n, 1, 1)) + noise * rng.standard_normal(x.shape)
    x = np.clip(x, 0, 1)[:, None].astype(np.float32)
    return to_device(Shapes(x, y, centre.astype(np.float32), radius.astype(np.float32)))


def motion_clips(
    n: int, seed: int = 0, frames: int = 7, size: int = 14, noise: float = 0.1
) -> Clips:
    """Film a square that moves right, left, down or up, one pixel per frame.

    Where it is in the middle frame is drawn before the direction and from the same places
    for all, so that no single frame in the middle reveals where it goes.

    Parameters
    ----------
    n : int
        Clips; the four directions come equally often (up to one).
    seed : int
    frames : int
        T, odd, so that there is a middle.
    size : int
        Height and width in pixels, at least frames + 4.
    noise : float
        Standard deviation of the noise before values are cut to 0 … 1.

    Returns
    -------
    Clips
        ``x[:, :, ::-1]``, played backwards, moves the opposite way.
    """
    if frames % 2 == 0 or frames < 3 or size < frames + 4:
        raise ValueError(
            f"frames is {frames} and size {size}: frames must be odd, at least 3, and "
            "size at least frames + 4."
        )
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % len(DIRECTIONS)).astype(np.int64)
    half = frames // 2
    middle = rng.integers(half, size - 3 - half + 1, (n, 2))
    bright = rng.uniform(0.6, 1.0, (n, 1, 1))
    x = noise * rng.standard_normal((n, frames, size, size))
    step = np.array(STEPS)[y]
    for t in range(frames):
        corner = middle + step * (t - half)
        i = corner[:, 0, None, None] + np.arange(3)[:, None]
        j = corner[:, 1, None, None] + np.arange(3)
        x[np.arange(n)[:, None, None], t, i, j] += bright
    x = np.clip(x, 0, 1)[:, None].astype(np.float32)
    return to_device(Clips(x, y))


def watermarked_digits(
    marked_class: int = 3, marked: float = 1.0, others: float = 0.0,
    test: float = 0.5, seed: int = 0, dtype: str = "float32",
) -> MarkedDigits:  # fmt: skip
    """Return digits on 12×12 pixels, some with a bright mark in the upper left corner.

    In the training part the mark goes with one class; in the test part with none.
    A dense network trained on it reads the mark: it misses that class where the mark is
    absent. With a few exceptions (`marked` 0.98, `others` 0.02) it reads both.

    Parameters
    ----------
    marked_class : int
        The class whose training images carry the mark.
    marked, others, test : float
        Fraction of images with the mark: of that class in training, of the other classes
        in training, of all classes in the test part.
    seed : int
        Draws which images carry it; the split stays that of `digits`.
    dtype : {"float32", "float64"}
    """
    if marked_class not in range(10):
        raise ValueError(f"marked_class is {marked_class!r}; it must be 0 to 9.")
    rng = np.random.default_rng(seed)
    images, labels = raw_digits()
    x = (images[:, None] / 16).astype(dtype)
    middle = np.full(len(x), 3)
    x = place_on_canvas(x, middle, middle, 12)
    train, testing = stratified(labels, N_TEST, SPLIT_SEED)
    chance = np.where(labels == marked_class, marked, others)
    chance[testing] = test
    mark = rng.uniform(size=len(x)) < chance
    x[mark, :, 0:2, 0:2] = 1
    parts = [(x[part], labels[part], mark[part]) for part in (train, testing)]
    (x1, y1, m1), (x2, y2, m2) = parts
    return to_device(MarkedDigits(x1, y1, x2, y2, m1, m2))
