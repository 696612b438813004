"""Data that come with the course or with Matplotlib: digits, a photograph, an EEG."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.datasets.splits import Split, stratified, to_device

DIGITS = Path(__file__).parents[1] / "assets" / "digits.npz"
SPLIT_SEED = 1797
N_TEST = 360


@cache
def raw_digits():
    """Return the digits as stored: host arrays (1797, 8, 8) from 0 to 16, and (1797,)."""
    with np.load(DIGITS, allow_pickle=False) as stored:
        return stored["images"], stored["labels"].astype(np.int64)


def digits(dtype: str = "float32") -> Split:
    """Return the 1,797 handwritten digits of 8×8 pixels: 1,437 to train, 360 to test.

    The split is fixed and every class has its share in both parts.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Type of the images, which go from 0 (paper) to 1 (ink).

    Returns
    -------
    Split of x (N, 1, 8, 8) and y (N,)

    References
    ----------
    E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository (1998), CC BY 4.0, https://doi.org/10.24432/C50P49.
    """
    images, labels = raw_digits()
    x = (images[:, None] / 16).astype(dtype)
    train, test = stratified(labels, N_TEST, SPLIT_SEED)
    return to_device(Split(x[train], labels[train], x[test], labels[test]))


def place_on_canvas(x, rows, columns, size: int):
    """Return (N, 1, 8, 8) host images on empty (N, 1, size, size) canvases."""
    canvas = np.zeros((len(x), 1, size, size), x.dtype)
    n = np.arange(len(x))[:, None, None]
    i = rows[:, None, None] + np.arange(x.shape[2])[:, None]
    j = columns[:, None, None] + np.arange(x.shape[3])
    canvas[n, 0, i, j] = x[:, 0]
    return canvas


def digits_on_canvas(
    size: int = 16, max_shift: int | None = None, seed: int = 0, dtype: str = "float32"
) -> Split:
    """Return the digits, each at a random place on an empty canvas.

    Parameters
    ----------
    size : int
        Height and width of the canvas in pixels, at least 8.
    max_shift : int, optional
        Pixels from the centre, up or down and left or right; by default as far as the
        canvas allows. 0 puts every digit into the centre.
    seed : int
        Draws the places; the split stays that of `digits`.
    dtype : {"float32", "float64"}

    Returns
    -------
    Split of x (N, 1, size, size) and y (N,)

    Raises
    ------
    ValueError
        A digit would leave the canvas.
    """
    room = (size - 8) // 2
    shift = room if max_shift is None else max_shift
    if size < 8 or not 0 <= shift <= room:
        raise ValueError(
            f"A digit of 8 pixels, shifted by up to {shift}, leaves a canvas of {size}; "
            f"max_shift may be 0 to {max(room, 0)} and size at least 8."
        )
    rng = np.random.default_rng(seed)
    images, labels = raw_digits()
    x = (images[:, None] / 16).astype(dtype)
    rows, columns = rng.integers(-shift, shift + 1, (2, len(x))) + (size - 8) // 2
    x = place_on_canvas(x, rows, columns, size)
    train, test = stratified(labels, N_TEST, SPLIT_SEED)
    return to_device(Split(x[train], labels[train], x[test], labels[test]))


class Photo(NamedTuple):
    """A photograph.

    Attributes
    ----------
    rgb : (H, W, 3)
        Colours, uint8.
    grey : (H, W)
        Brightness, uint8.
    credit : str
        Who made it and under which licence.
    """

    rgb: object
    grey: object
    credit: str


class Recording(NamedTuple):
    """A recording with several channels.

    Attributes
    ----------
    samples : (channels, samples)
        float64.
    rate : float
        Samples per second.
    names : tuple of str
        One per channel.
    credit : str
    """

    samples: object
    rate: float
    names: tuple
    credit: str


def sample_file(name: str) -> Path:
    """Return the path of a file among Matplotlib's sample data, without importing it."""
    spec = find_spec("matplotlib")
    root = Path(spec.submodule_search_locations[0]) if spec else Path("matplotlib")
    path = root / "mpl-data" / "sample_data" / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: this Matplotlib came without its sample data. "
            "Install it with them: pip install --force-reinstall matplotlib"
        )
    return path


def shrink_image(image, factor: int):
    """Return an image whose pixels are means over factor × factor blocks; rests are cut."""
    H, W = (n // factor * factor for n in image.shape[:2])
    blocks = image[:H, :W].reshape(H // factor, factor, W // factor, factor, -1)
    return (
        np.rint(blocks.mean(axis=(1, 3)))
        .astype(np.uint8)
        .reshape(H // factor, W // factor, *image.shape[2:])
    )


def sample_photo(name: str = "hopper", shrink: int = 1) -> Photo:
    """Return the photograph that comes with Matplotlib.

    Parameters
    ----------
    name : {"hopper"}
        Rear Admiral Grace Hopper, 600 by 512 pixels.
    shrink : int
        Make it that many times smaller, by averaging blocks of pixels.

    Returns
    -------
    Photo
        Grey is 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).

    Raises
    ------
    ValueError
        There is no photograph of that name.
    """
    if name != "hopper":
        raise ValueError(f"There is no photograph {name!r}; there is 'hopper'.")
    if not 1 <= shrink <= 64:
        raise ValueError(f"shrink is {shrink}; it may be 1 to 64.")
    from PIL import Image

    with Image.open(sample_file("grace_hopper.jpg")) as image:
        rgb = np.asarray(image.convert("RGB"))
    rgb = shrink_image(rgb, shrink)
    grey = np.rint(rgb @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    credit = (
        "Grace Hopper, official U.S. Navy portrait by James S. Davis, 1984; public domain; "
        "the copy that comes with Matplotlib."
    )
    return to_device(Photo(rgb, grey, credit))


def sample_eeg() -> Recording:
    """Return the EEG that comes with Matplotlib: 4 channels, 10 seconds, 80 per second."""
    samples = np.fromfile(sample_file("eeg.dat"), float).reshape(800, 4).T.copy()
    names = ("PG3", "PG5", "PG7", "PG9")
    credit = "EEG sample data that come with Matplotlib (Matplotlib licence)."
    return to_device(Recording(samples, 80.0, names, credit))
