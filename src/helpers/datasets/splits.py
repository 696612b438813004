"""What a data set looks like when it is handed out."""

from typing import NamedTuple

import numpy as np

from helpers.backend import to_backend


class Split(NamedTuple):
    """Images and labels for training and for testing.

    Attributes
    ----------
    x_train, x_test : (N, 1, H, W)
        Grey values from 0 (background) to 1 (ink).
    y_train, y_test : (N,)
        Labels from 0, int64.
    """

    x_train: object
    y_train: object
    x_test: object
    y_test: object


def to_device(named):
    """Return a named tuple with its NumPy arrays moved to the library in use."""
    moved = [to_backend(v) if isinstance(v, np.ndarray) else v for v in named]
    return type(named)(*moved)


def stratified(labels, n_test: int, seed: int):
    """Return (train, test) indices; each class has its share in both.

    Parameters
    ----------
    labels : (N,)
        Host array of small integers.
    n_test : int
        Size of the test part.
    seed : int
    """
    rng = np.random.default_rng(seed)
    counts = np.bincount(labels)
    quota = counts * n_test / counts.sum()
    take = np.floor(quota).astype(int)
    rest = np.argsort(take - quota, kind="stable")[: n_test - take.sum()]
    take[rest] += 1
    test = [rng.permutation(np.flatnonzero(labels == c))[:k] for c, k in enumerate(take)]
    test = np.sort(np.concatenate(test))
    train = np.setdiff1d(np.arange(len(labels)), test)
    return rng.permutation(train), rng.permutation(test)
