"""Digits that move in lesson 08: what they change, and the networks that read them."""

import numpy as np

from helpers import data, layers, networks, plotting, training
from helpers.figures_08 import feature_maps
from helpers.filters import shifted
from helpers.optimizers import Adam
from helpers.plotting.arrays import draw_cells

EPOCHS = {"flatten": 6, "avg": 30, "max": 30}


def centred_digits(count: int = 200):
    """Return test digits (N, 1, 16, 16), each in the middle of an empty canvas."""
    return data.digits_on_canvas(16, max_shift=0, dtype="float64").x_test[:count]


def sensitivity(fn, x, m: int):
    """Return how much `fn` changes when its images move right. Built in lesson 08.

    Parameters
    ----------
    fn : function
        Takes images (N, C, H, W) and returns an array.
    x : array (N, C, H, W)
    m : int
        The largest shift, in pixels.

    Returns
    -------
    host array (m + 1,)
        Length of the change over the length of ``fn(x)``, for shifts of 0 to m.
    """
    still = fn(x)
    change = [((fn(shifted(x, 0, d)) - still) ** 2).sum() for d in range(m + 1)]
    return np.array([float(c / (still**2).sum()) ** 0.5 for c in change])


def show_sensitivity(x, m: int = 4):
    """Draw how much maps, pooled maps and globally pooled maps change under a shift."""
    ways = {
        "feature maps": lambda x: x,
        "max pooling 2 × 2": lambda x: layers.max_pool2d(x, 2),
        "max pooling 4 × 4": lambda x: layers.max_pool2d(x, 4),
        "global average": lambda x: layers.global_pool2d(x, "avg"),
        "global maximum": lambda x: layers.global_pool2d(x, "max"),
    }
    curves = {
        name: sensitivity(lambda x, way=way: way(feature_maps(x)), x, m)
        for name, way in ways.items()
    }
    words = "; ".join(f"{n}: {' '.join(f'{v:.2f}' for v in c)}" for n, c in curves.items())
    plotting.show_curves(
        curves,
        alt=f"Five curves over shifts of 0 to {m} pixels. {words}.",
        caption="Relative change of what comes out when digits move to the right.",
        x=np.arange(m + 1),
        xticks=list(range(m + 1)),
        xlabel="pixels moved",
        ylabel="change, relative",
        markers=True,
    )


def reader(head: str, halve: bool, rng):
    """Return an untrained network: two convolutions, then one of three heads.

    Parameters
    ----------
    head : {"flatten", "avg", "max"}
    halve : bool
        Put 2 by 2 max pooling between the convolutions.
    rng : numpy.random.Generator
    """
    side = 8 if halve else 16
    inner = [networks.Conv2d(1, 8, 3, rng, padding=1), networks.ReLU()]
    inner += [networks.MaxPool2d(2)] if halve else []
    inner += [networks.Conv2d(8, 16, 3, rng, padding=1), networks.ReLU()]
    if head == "flatten":
        inner += [networks.Flatten(), networks.Linear(16 * side * side, 10, rng)]
    else:
        inner += [networks.GlobalPool2d(head), networks.Linear(16, 10, rng)]
    return networks.Sequential(*inner)


def shift_table(seed: int = 0, m: int = 4):
    """Train five readers on centred digits and read digits that have moved.

    Parameters
    ----------
    seed : int
        Draws the first weights and the order of the images.
    m : int
        The largest shift, in pixels.

    Returns
    -------
    dict of str to host array (m + 1,)
        Accuracy on test digits that moved by 0 to m pixels, the mean of the directions up,
        down, left and right.
    """
    digits = data.digits_on_canvas(16, max_shift=0)
    table = {}
    for name, head, halve in (
        ("flatten, pooled inside", "flatten", True),
        ("global average, pooled inside", "avg", True),
        ("global maximum, pooled inside", "max", True),
        ("global average, not pooled inside", "avg", False),
        ("global maximum, not pooled inside", "max", False),
    ):
        rng = np.random.default_rng(seed)
        model = reader(head, halve, rng)
        optimizer = Adam(networks.parameters(model).values(), 0.005)
        for _ in range(EPOCHS[head]):
            x, y = digits.x_train, digits.y_train
            training.train_epoch(model, optimizer, x, y, 64, rng, progress=False)
        table[name] = np.array([read(model, digits, d) for d in range(m + 1)])
    return table


def read(model, digits, d: int) -> float:
    """Return the accuracy on test digits moved by d pixels, mean of four directions."""
    moves = [(d, 0), (-d, 0), (0, d), (0, -d)]
    right = [
        training.evaluate(model, shifted(digits.x_test, *move), digits.y_test)["accuracy"]
        for move in moves
    ]
    return sum(right) / len(right)


def show_table(table):
    """Draw the accuracies of `shift_table`."""
    rows = list(table)
    words = "; ".join(f"{n}: {' '.join(f'{v:.2f}' for v in table[n])}" for n in rows)
    values = np.array([table[n] for n in rows])
    alt = f"Accuracy of five networks on digits moved by 0 to 4 pixels. {words}."
    caption = "Accuracy on test digits that moved; all five trained on centred digits only."
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(6.8, 0.42 * len(rows) + 0.8)
        box = [0.45, 0.05, 0.5, 0.72]
        ax = fig.add_axes(box)
        texts = np.array([[f"{v:.2f}" for v in row] for row in values], object)
        draw_cells(ax, values, (0, 1), "cividis", texts, 10.0, index=False)
        ax.set_aspect("auto")
        ax.set_xticks(range(values.shape[1]), [f"{d} px" for d in range(values.shape[1])])
        ax.set_yticks(range(len(rows)), rows)
    plotting.show(fig, alt, caption)
