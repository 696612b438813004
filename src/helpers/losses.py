"""Softmax and cross-entropy, finite for scores of any size."""

from .backend import array_module


def softmax(z):
    """Turn scores into probabilities, row by row. Built in lesson 10.

    Parameters
    ----------
    z : array of shape (N, K)
        Scores (logits).

    Returns
    -------
    array of shape (N, K)
        Rows sum to 1.
    """
    check_scores(z)
    # The batch comes last: sums over classes then run over whole rows of memory.
    scores = z.T - z.T.max(0)  # a common shift changes nothing and keeps exp finite
    weights = array_module(z).exp(scores)
    weights /= weights.sum(0)
    return weights.T


def cross_entropy(z, y):
    """Return the mean surprise at the right classes, and its gradient. Built in lesson 10.

    Parameters
    ----------
    z : array of shape (N, K)
        Scores (logits), before any softmax.
    y : integer array of shape (N,)
        Right classes, 0 to K - 1. On a graphics card their range is not checked.

    Returns
    -------
    loss : array of shape ()
        In nats; ln K if all scores are equal. It stays on the device.
    dz : array of shape (N, K)
        (softmax(z) - one-hot(y)) / N; each row sums to 0.

    Raises
    ------
    ValueError
        Shapes that do not fit, an empty batch, or a class outside 0 to K - 1.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep learning, section 6.2.2.
    """
    check_scores(z)
    xp, (N, K) = array_module(z), z.shape
    y = xp.asarray(y)
    if y.shape != (N,) or y.dtype.kind not in "iu":
        raise ValueError(
            f"y has shape {y.shape} and type {y.dtype}, but z is {z.shape}: y needs one "
            f"whole number per row, shape ({N},). Of one-hot rows take argmax(1)."
        )
    if N == 0:
        raise ValueError("z has no rows: the mean over an empty batch is not defined.")
    if xp.__name__ == "numpy" and not 0 <= y.min() <= y.max() < K:
        raise ValueError(
            f"y holds classes from {y.min()} to {y.max()}, but z has scores for 0 to "
            f"{K - 1}."
        )
    right = (xp.arange(K)[:, None] == y).astype(z.dtype)  # one-hot, (K, N)
    scores = z.T - z.T.max(0)
    weights = xp.exp(scores)
    total = weights.sum(0)
    loss = (xp.log(total) - (scores * right).sum(0)).mean()
    weights /= total
    weights -= right
    weights *= 1 / N
    return loss, weights.T


def check_scores(z):
    """Raise ValueError unless `z` is (N, K) with at least one class, of a floating type."""
    if z.ndim != 2 or z.shape[1] == 0 or z.dtype.kind != "f":
        raise ValueError(
            f"z has shape {z.shape} and type {z.dtype}; expected floating (N, K), K > 0."
        )
