"""Figures of lesson 12 about whole networks: lines, stored runs, augmentation."""

import numpy as np

from helpers import networks, plotting, training
from helpers.backend import to_backend, to_numpy
from helpers.data import digits
from helpers.depth import DEPTHS, KINDS, RATES, deep_net, stored_runs, train_on_few
from helpers.figures_12 import shift_one
from helpers.losses import cross_entropy
from helpers.plotting.page import figures_off, new_figure, show, style

MARKS = "osD"


def fresh_step(kind: str, depth: int, seed: int):
    """Return a fresh network after one forward and backward pass, with its 256 digits."""
    data = digits()
    x, y = data.x_train[:256], data.y_train[:256]
    model = deep_net(kind, depth, np.random.default_rng(seed))
    training.gradient_step(model, x, y)
    return model, x, y


def losses_on_line(kind: str, depth: int, seed: int, steps):
    """Return how the loss of a fresh network changes along its gradient."""
    model, x, y = fresh_step(kind, depth, seed)
    start = {name: a.copy() for name, a in networks.parameters(model).items()}
    slopes = {name: a.copy() for name, a in networks.gradients(model).items()}
    losses = []
    for step in (0, *steps):
        for name, a in networks.parameters(model).items():
            a[...] = start[name] - step * slopes[name]
        losses.append(float(cross_entropy(model.forward(x, train=True), y)[0]))
    return np.array(losses[1:]) - losses[0]


def draw_groups(groups, x, names, alt, caption=None, log="", limits=None):
    """Draw several curves of each kind in one colour; names are those of the axes."""
    if figures_off():
        return
    with style():
        fig = new_figure(6.6, 3.2)
        ax = fig.add_axes([0.12, 0.15, 0.66, 0.78])
        for n, (kind, lines) in enumerate(groups.items()):
            for k, line in enumerate(lines):
                label = kind if k == 0 else None
                ax.plot(
                    x,
                    line,
                    color=f"C{n}",
                    linewidth=1.2,
                    label=label,
                    marker=MARKS[n],
                    markersize=3.5,
                    linestyle=("-", "--", ":")[n],
                )
        ax.set(xlabel=names[0], ylabel=names[1])
        if limits:
            ax.set_ylim(*limits)
        ax.set_xscale("log" if "x" in log else "linear")
        ax.set_yscale("log" if "y" in log else "linear")
        ax.grid()
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    show(fig, alt, caption)


def show_lines(kinds, depth: int, seeds: int = 3):
    """Draw the loss along a straight line, down the gradient of a fresh network."""
    steps = 10.0 ** np.linspace(-3, 1, 25)
    curves, words = {}, []
    for kind in kinds:
        found = [losses_on_line(kind, depth, seed, steps) for seed in range(seeds)]
        curves |= {f"{kind}, seed {seed}": line for seed, line in enumerate(found)}
        falls = [-line.min() for line in found]
        words.append(
            f"{kind}: the largest fall is {min(falls):.3f} to {max(falls):.3f} nats"
        )
    draw_groups(
        {kind: [curves[f"{kind}, seed {s}"] for s in range(seeds)] for kind in kinds},
        steps,
        ("step along the gradient", "change of the loss, nats"),
        "Change of the loss along the gradient, one curve per seed; "
        + "; ".join(words)
        + ".",
        "; ".join(words).capitalize() + ".",
        log="x",
        limits=(min(line.min() for line in curves.values()) * 1.15, 0.3),
    )


def draw_spread(ax, kinds, log: bool) -> list[str]:
    """Draw median, lowest and highest value by depth; return them in words.

    `kinds` holds for each kind and each depth a list of values, one per seed.
    """
    words = []
    for n, (kind, ends) in enumerate(kinds.items()):
        middle = np.array([np.median(values) for values in ends])
        low = np.array([min(values) for values in ends])
        high = np.array([max(values) for values in ends])
        ax.errorbar(
            np.arange(len(DEPTHS)) + 0.12 * (n - 1),
            middle,
            [middle - low, high - middle],
            marker=MARKS[n],
            markersize=5,
            capsize=4,
            linestyle=("-", "--", ":")[n],
            label=kind,
        )
        for depth, m, a, b in zip(DEPTHS, middle, low, high, strict=True):
            words.append(f"{kind}, {depth} layers: {m:.2g} ({a:.2g} to {b:.2g})")
    ax.set_xticks(range(len(DEPTHS)), DEPTHS)
    ax.set(xlabel="convolution layers")
    ax.set_yscale("log" if log else "linear")
    if not log:
        ax.set_ylim(0)
    ax.grid()
    return words


def show_panels(panels, alt: str, caption: str):
    """Draw two panels of `draw_spread` side by side, under their names."""
    if figures_off():
        return
    with style():
        fig = new_figure(7.6, 3.3)
        words = []
        for ax, (name, kinds) in zip(fig.subplots(1, 2), panels.items(), strict=True):
            words.append(f"{name}: {', '.join(draw_spread(ax, kinds, 'gradient' in name))}")
            ax.set_ylabel(name)
        fig.axes[0].legend()
        fig.tight_layout()
    show(fig, f"{alt} {'. '.join(words)}.", caption)


def show_depths():
    """Draw last training loss and test accuracy against depth, with their spread."""
    panels = {
        name: {
            kind: [[run[what][-1] for run in best_runs(kind, d)] for d in DEPTHS]
            for kind in KINDS
        }
        for name, what in (
            ("training loss of epoch 4, nats", "loss"),
            ("test accuracy", "accuracy"),
        )
    }
    rates = ", ".join(f"{k} {best_runs(k, 12)[0]['rate']:g}" for k in KINDS)
    show_panels(
        panels,
        "Two panels against depth; medians, with the lowest and highest of 8 seeds.",
        f"Medians, worst and best of 8 seeds. Learning rates at 12 layers: {rates}.",
    )


def first_and_last(kind: str, depth: int, seed: int):
    """Return what a fresh network's first layer learns from, and what its head sees.

    Returns
    -------
    (float, float)
        The root mean square of the gradient of the first filters; and which part of the
        variance of the head's input, over images, is that of the means of the ten classes.
    """
    model, x, y = fresh_step(kind, depth, seed)
    first = "0.0.w" if kind == "residual" else "0.w"
    dw, y = to_numpy(networks.gradients(model)[first]), to_numpy(y)
    for layer in model.layers[:-1]:
        x = layer.forward(x, train=True)
    x = to_numpy(x)
    means = np.stack([x[y == label].mean(axis=0) for label in y])
    part = means.var(axis=0).mean() / x.var(axis=0).mean()
    return float((dw * dw).mean() ** 0.5), float(part)


def show_apart(seeds: int = 5):
    """Draw what fresh networks hand back to their first and forward to their last layer."""
    found = {
        kind: [[first_and_last(kind, d, seed) for seed in range(seeds)] for d in DEPTHS]
        for kind in KINDS
    }
    names = "gradient of the first filters", "class, part of differences"
    panels = {
        name: {k: [[pair[at] for pair in row] for row in found[k]] for k in KINDS}
        for at, name in enumerate(names)
    }
    show_panels(
        panels,
        f"Two panels about fresh networks against depth; medians of {seeds} seeds.",
        "Fresh networks. Left: root mean square of the gradient in layer 1. Right: how "
        "much of the differences between 256 digits, in front of the last layer, goes with "
        f"the class; labels at random would give {9 / 255:.2f}.",
    )


def best_runs(kind: str, depth: int):
    """Return the runs at the rate with the lowest median of the last training loss."""

    def median(rate):
        return np.median([run["loss"][-1] for run in runs_of(kind, depth, rate)])

    return runs_of(kind, depth, min(RATES, key=median))


def runs_of(kind: str, depth: int, rate: float) -> list[dict]:
    """Return the stored runs of one kind, depth and learning rate, by seed."""
    wanted = {"kind": kind, "depth": depth, "rate": rate}
    return [run for run in stored_runs() if wanted.items() <= run.items()]


def show_rates(depth: int = 12):
    """Draw the median test accuracy of each kind at each learning rate."""
    table = [
        [
            np.median([run["accuracy"][-1] for run in runs_of(kind, depth, rate)])
            for rate in RATES
        ]
        for kind in KINDS
    ]
    plotting.show_heatmap(
        np.array(table),
        title=f"test accuracy, {depth} layers, median of 8 seeds",
        xlabel="learning rate",
        xticks=[f"{rate:g}" for rate in RATES],
        yticks=list(KINDS),
        decimals=2,
        limits=(0, 1),
    )


def shifted(x, rng, max_shift: int = 1):
    """Return images (N, C, H, W), each shifted by rows and columns of its own."""
    moves = rng.integers(-max_shift, max_shift + 1, (len(x), 2)).tolist()
    host = to_numpy(x)
    return to_backend(
        np.stack([shift_one(a, *m) for a, m in zip(host, moves, strict=True)])
    )


def show_augmented(seeds: int):
    """Draw what a small network reads, trained with and without shifted images."""
    names, values = [], []
    for shifts in (False, True):
        found = np.array([train_on_few(shifts, seed, shifted) for seed in range(seeds)])
        for k, test in enumerate(("test digits", "test digits, shifted")):
            names.append(f"{'shifts' if shifts else 'no shifts'}: {test}")
            values.append(float(found[:, k].mean()))
    plotting.show_bars(
        names,
        values,
        xlabel="accuracy",
        limits=(0, 1),
        value_labels=[f"{v:.2f}" for v in values],
    )
