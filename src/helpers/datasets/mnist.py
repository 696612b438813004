"""MNIST and Fashion-MNIST, fetched once and kept."""

import numpy as np

from helpers.datasets.download import cache_folder, fetch
from helpers.datasets.idx import read_idx
from helpers.datasets.splits import Split, to_device

# MD5 of the unpacked files: train images, train labels, test images, test labels.
MNIST_MD5 = (
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)
FASHION_MD5 = (
    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "9018921c3c673c538a1fc5bad174d6f9",
    "8181f5470baa50b63fa0f6fddb340f0a",
    "15d484375f8d13e6eb1aabb0c3f46965",
)
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
FASHION_MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
)
FASHION_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag",
    "ankle boot",
)  # fmt: skip
SMALL_TEST = 2000
SMALL_SEED = 28


def mnist(small: bool = False, dtype: str = "float32") -> Split:
    """Return MNIST: handwritten digits of 28×28 pixels, 60,000 to train, 10,000 to test.

    The files (11 MB) are fetched once and kept in ``COURSE_DATA`` or the platform's cache
    folder, under ``mnist``.

    Parameters
    ----------
    small : bool
        Fetch the test files only (1.6 MB) and split them into 8,000 and 2,000.
    dtype : {"float32", "float64"}
        Type of the images, which go from 0 (paper) to 1 (ink).

    Returns
    -------
    Split of x (N, 1, 28, 28) and y (N,)

    Raises
    ------
    ConnectionError
        No mirror can be reached; the message says which file to put where by hand.
    ValueError
        A file is damaged.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits (1998).
    """
    return load("mnist", MNIST_MD5, MNIST_MIRRORS, small, dtype)


def fashion_mnist(small: bool = False, dtype: str = "float32") -> Split:
    """Return Fashion-MNIST: clothes of 28×28 pixels, 60,000 to train, 10,000 to test.

    The files (31 MB) are fetched and kept like those of `mnist`, under ``fashion-mnist``.

    Parameters
    ----------
    small : bool
        Fetch the test files only (4.4 MB) and split them into 8,000 and 2,000.
    dtype : {"float32", "float64"}

    Returns
    -------
    Split of x (N, 1, 28, 28) and y (N,)
        Labels index `FASHION_NAMES`.

    Raises
    ------
    ConnectionError, ValueError
        As in `mnist`.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST (2017), MIT licence,
    https://arxiv.org/abs/1708.07747.
    """
    return load("fashion-mnist", FASHION_MD5, FASHION_MIRRORS, small, dtype)


def load(name: str, checksums, mirrors, small: bool, dtype: str, folder=None) -> Split:
    """Return one of the two data sets; `folder` is for those who keep it elsewhere."""
    folder = folder or cache_folder() / name
    wanted = list(zip(FILES, checksums, strict=True))[2 if small else 0 :]
    names = [file for file, _ in wanted]
    paths = [fetch(file, md5, mirrors, folder, needed=names) for file, md5 in wanted]
    arrays = [read_idx(path) for path in paths]
    for images, labels in zip(arrays[0::2], arrays[1::2], strict=True):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{name}: images {images.shape} and labels {labels.shape} do not match; "
                f"expected (N, H, W) and (N,). Delete the folder {folder}."
            )
    if small:
        images, labels = arrays
        order = np.random.default_rng(SMALL_SEED).permutation(len(images))
        n_test = len(images) * SMALL_TEST // 10_000
        parts = (order[n_test:], order[:n_test])
        pairs = [(images[part], labels[part]) for part in parts]
    else:
        pairs = [(arrays[0], arrays[1]), (arrays[2], arrays[3])]
    return to_device(Split(*(a for x, y in pairs for a in prepare(x, y, dtype))))


def prepare(images, labels, dtype: str):
    """Return images (N, 1, H, W) from 0 to 1 and labels as int64."""
    x = images[:, None].astype(dtype)
    x /= 255
    return x, labels.astype(np.int64)
