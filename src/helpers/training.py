"""Train a network, measure it, stop in time: the loops around forward and backward."""

import sys

from . import networks
from .backend import active, array_module
from .checkpoints import assign
from .losses import cross_entropy


def batches(x, y, batch_size: int, rng=None):
    """Yield (x, y) in parts of `batch_size`, shuffled by `rng`. Built in lesson 10.

    Parameters
    ----------
    x : array of shape (N, ...)
    y : array of shape (N,)
    rng : numpy.random.Generator, optional
        Draws the order on the host; without it the order stays.

    Yields
    ------
    (array, array)
        The last part may be smaller.

    Raises
    ------
    ValueError
        `x` and `y` differ in length, or `batch_size` is below 1.
    """
    if len(x) != len(y) or batch_size < 1:
        raise ValueError(
            f"x has {len(x)} rows, y has {len(y)}, batch_size is {batch_size}: rows must "
            "agree and batches hold at least 1."
        )
    order = None if rng is None else array_module(x).asarray(rng.permutation(len(x)))
    for start in range(0, len(x), batch_size):
        part = slice(start, start + batch_size)
        part = part if order is None else order[part]
        yield x[part], y[part]


def train_epoch(
    model,
    optimizer,
    x,
    y,
    batch_size: int,
    rng,
    loss=cross_entropy,
    progress: bool = True,
    step=None,
) -> float:
    """Show every example once, one step per batch. Built in lesson 10.

    Parameters
    ----------
    model : networks.Layer
    optimizer : optimizers.Optimizer
        Made with ``networks.parameters(model).values()``.
    x : array of shape (N, C, H, W)
    y : integer array of shape (N,)
    rng : numpy.random.Generator
        Shuffles. The same seeds give the same weights.
    loss : callable
        ``loss(z, y) -> (loss, dz)``.
    progress : bool
        Show a bar, if the output is a terminal or a notebook.
    step : callable, optional
        ``step(model, x, y, loss) -> loss`` in place of `gradient_step`.

    Returns
    -------
    float
        Mean loss over the examples, in nats for `cross_entropy`.

    Raises
    ------
    ValueError
        There are no examples.
    FloatingPointError
        The mean loss is not finite; the learning rate is likely too large.
    """
    if len(x) == 0:
        raise ValueError(f"x has shape {x.shape}: there are no examples to train on.")
    total, step = 0.0, step or gradient_step
    count = -(-len(x) // batch_size)
    for part_x, part_y in watch(batches(x, y, batch_size, rng), count, progress):
        # The sum stays on the device: reading it would make a graphics card wait.
        total = total + step(model, part_x, part_y, loss) * len(part_x)
        optimizer.step(networks.gradients(model).values())
    mean = float(total) / len(x)
    if not abs(mean) < float("inf"):
        raise FloatingPointError(
            f"The mean loss of this epoch is {mean}: try a smaller learning rate than "
            f"{optimizer.learning_rate}."
        )
    return mean


def gradient_step(model, x, y, loss=cross_entropy):
    """Run forward and backward once; the gradients stay in the layers.

    Returns
    -------
    array of shape ()
        The loss of this batch, on its device.
    """
    value, dz = loss(model.forward(x, train=True), y)
    model.backward(dz, need_dx=False)
    return value


def predict(model, x, batch_size: int = 256):
    """Return the scores (N, K) of all rows of `x`, computed batch by batch."""
    parts = [
        model.forward(x[start : start + batch_size])
        for start in range(0, max(len(x), 1), batch_size)
    ]
    return array_module(x).concatenate(parts)


def evaluate(model, x, y, batch_size: int = 256, loss=cross_entropy) -> dict[str, float]:
    """Measure a network without training it. Built in lesson 10.

    Returns
    -------
    dict
        ``"loss"``: mean over the examples; ``"accuracy"``: fraction that is right.
    """
    z = predict(model, x, batch_size)
    y = array_module(z).asarray(y)
    right = (z.argmax(1) == y).mean()
    return {"loss": float(loss(z, y)[0]), "accuracy": float(right)}


class EarlyStopping:
    """Remember the best weights and say when to stop. Built in lesson 12.

    Parameters
    ----------
    patience : int
        Epochs without progress that are allowed.
    min_delta : float
        What counts as progress.

    References
    ----------
    Prechelt (1998), Early stopping - but when?
    """

    def __init__(self, patience: int = 3, min_delta: float = 0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_epoch, self.epoch, self.kept = float("inf"), -1, -1, None

    def update(self, loss: float, model) -> bool:
        """Note one more epoch's validation loss; return True when it is time to stop."""
        self.epoch += 1
        if loss < self.best - self.min_delta:
            self.best, self.best_epoch = loss, self.epoch
            self.kept = {name: a.copy() for name, a in networks.arrays(model).items()}
        return self.epoch - self.best_epoch >= self.patience

    def restore(self, model):
        """Put the best weights back."""
        if self.kept is None:
            raise ValueError("No epoch was noted yet: call update first.")
        assign(model, self.kept)


def watch(parts, count: int, progress: bool):
    """Yield from `parts`, with a bar where a person can see it; nothing goes to stderr."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    notebook = type(ask()).__name__ == "ZMQInteractiveShell"
    if not progress or not (notebook or sys.stdout.isatty()):
        yield from parts
        return
    from rich.progress import track

    yield from track(parts, f"epoch on {active.device}", total=count, transient=True)
