"""A training step on two processor cores."""

import copy
from concurrent.futures import ThreadPoolExecutor

from . import networks
from .losses import cross_entropy
from .training import gradient_step


class TwoThreads:
    """`gradient_step` on two halves of the batch at once, for networks of NumPy arrays.

    Each half has its own copy of the layers, on the same parameters; the gradients are the
    weighted mean. Batch normalisation sees the half batches and keeps the first half's
    statistics. Give each thread one BLAS thread (OPENBLAS_NUM_THREADS=1), otherwise the two
    quarrel. Layers that draw random numbers while training share one generator: leave
    `Dropout` to one thread.
    """

    def __init__(self):
        self.pool, self.model = ThreadPoolExecutor(1), None

    def __call__(self, model, x, y, loss=cross_entropy):
        """Return the mean loss; the model holds the mean gradients."""
        half = len(x) // 2
        if half == 0:
            return gradient_step(model, x, y, loss)
        if self.model is not model:
            self.model, self.twin = model, twin(model)
        other = self.pool.submit(gradient_step, self.twin, x[half:], y[half:], loss)
        first = gradient_step(model, x[:half], y[:half], loss)
        second, share = other.result(), half / len(x)
        pairs = zip(
            networks.gradients(model).values(),
            networks.gradients(self.twin).values(),
            strict=True,
        )
        for mine, others in pairs:
            mine *= share
            mine += (1 - share) * others
        return share * first + (1 - share) * second


def twin(layer):
    """Copy a layer and those inside it; parameters are shared, all else is its own."""
    other = copy.copy(layer)
    other.grads, other.state = {}, dict(layer.state)
    if hasattr(layer, "layers"):
        other.layers = [twin(inner) for inner in layer.layers]
    if getattr(layer, "shortcut", None) is not None:
        other.shortcut = twin(layer.shortcut)
    return other
