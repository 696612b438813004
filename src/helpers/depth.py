"""Deep networks for the digits, and the stored runs that lesson 12 draws.

``python -m helpers.depth`` trains all of them again and writes ``assets/depth.json``.
"""

import json
from functools import cache
from pathlib import Path

from numpy.random import default_rng

from . import networks, optimizers, training
from .data import digits

STORED = Path(__file__).parent / "assets" / "depth.json"
KINDS = ("plain", "batch norm", "residual")
DEPTHS = (4, 12, 24)
RATES = (0.003, 0.01, 0.03, 0.1)
SEEDS = range(8)
EPOCHS = 4
WIDTH = 8  # maps in the first half of a network; the second half has twice as many


def block(kind: str, C: int, F: int, stride: int, rng) -> list:
    """Return two convolution layers and what goes with them.

    Parameters
    ----------
    kind : {"plain", "batch norm", "residual"}
        Convolutions alone; each with batch normalisation; and that with a shortcut.
    C, F : int
        Channels in and out.
    stride : int
        Of the first convolution.
    rng : numpy.random.Generator
        Draws He's filters.
    """
    inner = []
    for channels, step in ((C, stride), (F, 1)):
        bias = kind == "plain"
        inner.append(networks.Conv2d(channels, F, 3, rng, step, padding=1, bias=bias))
        if not bias:
            inner.append(networks.BatchNorm2d(F))
        inner.append(networks.ReLU())
    if kind != "residual":
        return inner
    fits = C == F and stride == 1
    shortcut = None if fits else networks.Conv2d(C, F, 1, rng, stride, bias=False)
    return [networks.Residual(*inner[:-1], shortcut=shortcut), inner[-1]]


def deep_net(kind: str, depth: int, rng):
    """Return a network of `depth` convolution layers of 3×3 that reads 8×8 digits.

    The second half has twice the maps of half the size. Batch normalisation and shortcuts
    are the only differences between the kinds; a shortcut that changes its shape is a
    convolution of 1×1, not counted in `depth`.

    Parameters
    ----------
    kind : {"plain", "batch norm", "residual"}
    depth : int
        A multiple of 4.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        There is no such kind, or the depth is no multiple of 4.
    """
    if kind not in KINDS or depth < 4 or depth % 4:
        raise ValueError(
            f"kind is {kind!r} and depth {depth}; kinds are {KINDS}, depths 4, 8, 12 …"
        )
    more = depth // 4 - 1
    sizes = [(1, WIDTH, 1)] + [(WIDTH, WIDTH, 1)] * more
    sizes += [(WIDTH, 2 * WIDTH, 2)] + [(2 * WIDTH, 2 * WIDTH, 1)] * more
    inner = [layer for size in sizes for layer in block(kind, *size, rng)]
    head = networks.GlobalPool2d("avg"), networks.Linear(2 * WIDTH, 10, rng)
    return networks.Sequential(*inner, *head)


def train_deep(kind: str, depth: int, learning_rate: float, seed: int, epochs=EPOCHS):
    """Train a deep network on the digits with momentum 0.9 in batches of 32.

    Returns
    -------
    dict
        ``"loss"``: the mean training loss of each epoch in nats; ``"accuracy"``: the
        fraction of the test digits read after it.

    Raises
    ------
    FloatingPointError
        The loss is not finite.
    """
    rng, data = default_rng(seed), digits()
    model = deep_net(kind, depth, rng)
    optimizer = optimizers.Momentum(networks.parameters(model).values(), learning_rate)
    run = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        loss = training.train_epoch(
            model, optimizer, data.x_train, data.y_train, 32, rng, progress=False
        )
        run["loss"].append(loss)
        run["accuracy"].append(
            training.evaluate(model, data.x_test, data.y_test)["accuracy"]
        )
    return run


def train_on_few(shifts: bool, seed: int, shifted, images: int = 200, epochs: int = 30):
    """Train a small network on a few digits, and read the test digits in two ways.

    Parameters
    ----------
    shifts : bool
        Show it images that are shifted anew in each epoch.
    seed : int
    shifted : function
        ``shifted(x, rng)`` returns shifted images.

    Returns
    -------
    (float, float)
        Accuracy on the test digits as they are, and shifted.
    """
    rng, data = default_rng(seed), digits()
    x, y = data.x_train[:images], data.y_train[:images]
    model = networks.Sequential(
        networks.Conv2d(1, 8, 3, rng, padding=1),
        networks.ReLU(),
        networks.MaxPool2d(2),
        networks.Flatten(),
        networks.Linear(8 * 4 * 4, 10, rng),
    )
    optimizer = optimizers.Adam(networks.parameters(model).values(), 0.003)
    for _ in range(epochs):
        shown = shifted(x, rng) if shifts else x
        training.train_epoch(model, optimizer, shown, y, 20, rng, progress=False)
    moved = shifted(data.x_test, default_rng(seed + 100))
    return tuple(
        training.evaluate(model, test, data.y_test)["accuracy"]
        for test in (data.x_test, moved)
    )


def record(path=STORED):
    """Train every kind at every depth, rate and seed, and store the runs as JSON."""
    runs = []
    for depth in DEPTHS:
        for kind in KINDS:
            for rate in RATES:
                for seed in SEEDS:
                    setting = {"kind": kind, "depth": depth, "rate": rate, "seed": seed}
                    run = train_deep(kind, depth, rate, seed)
                    run = {name: [round(v, 4) for v in run[name]] for name in run}
                    runs.append(setting | run)
    lines = ",\n".join(json.dumps(run) for run in runs)
    Path(path).write_text(f"[\n{lines}\n]\n", "utf-8")


@cache
def stored_runs() -> list[dict]:
    """Return the stored runs: kind, depth, rate, seed, loss and accuracy by epoch."""
    return json.loads(STORED.read_text("utf-8"))


if __name__ == "__main__":
    record()
