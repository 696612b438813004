"""Figures of lesson 10: the parts of a network, and three ways down a valley."""

import numpy as np

from helpers import data, layers, losses, networks, optimizers, plotting, training
from helpers.backend import to_backend, to_numpy
from helpers.figures_10_readers import Broken, build, reader

RATES = {"SGD": 0.0185, "Momentum": 0.01, "Adam": 0.3}  # learning rates of the valley
STEPS = 50


def show_network(index: int = 3):
    """Draw one digit on its way through the trained network, with shapes and parameters."""
    digits = data.digits()
    model, x = reader(), digits.x_test[index : index + 1]
    stages, out = [("image", to_numpy(x)[0], 0)], x
    names = [
        "convolution",
        "ReLU",
        "pool",
        "convolution",
        "ReLU",
        "pool",
        "Flatten",
        "dense",
    ]
    for name, layer in zip(names, model.layers, strict=True):
        out = layer.forward(out)
        count = sum(p.size for p in layer.params.values())
        stages.append((name, to_numpy(out)[0], count))
    answer = int(out.argmax())
    words = "; ".join(
        f"{name} {shape_of(a)}" + (f" with {n:,} parameters" if n else "")
        for name, a, n in stages
    )
    alt = f"A handwritten digit on its way through the network: {words}. It reads {answer}."
    if plotting.figures_off():
        return
    with plotting.style():
        fig = draw_stages(stages, answer)
    caption = (
        "A trained network reads a test digit. Flatten hands on "
        f"{stages[-2][1].size} numbers. Parameters in all: {sum(n for *_, n in stages):,}."
    )
    plotting.show(fig, alt, caption)


def shape_of(array) -> str:
    """Return a shape as people write it."""
    return " × ".join(str(n) for n in array.shape)


def draw_stages(stages, answer: int):
    """Return a figure with one panel per stage: maps in a grid, rows of numbers as bars."""
    fig = plotting.new_figure(10.4, 3.5)
    width = 1 / len(stages)
    for n, (name, array, count) in enumerate(stages):
        left = (n + 0.06) * width
        if array.ndim == 3:
            ncols = 1 if len(array) == 1 else len(array) // 4
            ax = fig.add_axes([left, 0.18, 0.88 * width, 0.62])
            ax.imshow(tiled(array, ncols), cmap="viridis" if len(array) > 1 else "gray_r")
            ax.set(xticks=[], yticks=[])
            for side in ax.spines.values():
                side.set_visible(False)
        else:
            ax = fig.add_axes([left + 0.3 * width, 0.18, 0.5 * width, 0.62])
            colours = [
                "C1" if len(array) == 10 and k == answer else "C0"
                for k in range(len(array))
            ]
            ax.barh(np.arange(len(array)), array, color=colours, height=0.8)
            ax.invert_yaxis()
            ax.set(xticks=[], yticks=range(10) if len(array) == 10 else [])
            ax.spines[["top", "right", "bottom"]].set_visible(False)
        middle = (n + 0.5) * width
        fig.text(middle, 0.9, name, ha="center", fontsize=11, weight="bold")
        fig.text(middle, 0.83, shape_of(array), ha="center", fontsize=9.5)
        text = f"{count:,}\nparameters" if count else ""
        fig.text(middle, 0.12, text, ha="center", va="top", fontsize=9.5)
    return fig


def tiled(maps, ncols: int):
    """Return maps (C, H, W) in one image, `ncols` beside each other, gaps between them."""
    C, H, W = maps.shape
    rows = -(-C // ncols)
    sheet = np.full((rows * (H + 1) - 1, ncols * (W + 1) - 1), np.nan)
    for n, one in enumerate(maps):
        i, j = n // ncols * (H + 1), n % ncols * (W + 1)
        sheet[i : i + H, j : j + W] = one
    return sheet


def show_relu(x, dout):
    """Draw numbers, what ReLU makes of them, and the gradient there and back."""
    out, dx = layers.relu(x), layers.relu_backward(dout, x) + 0.0  # no -0
    plotting.show_arrays(
        [x, out, dout, dx], ["x", "relu(x)", "dout", "dx"], numbers=True,
        caption="Where x is positive, number and gradient pass. Elsewhere both are 0.",
    )  # fmt: skip


def show_dense(x, w, b):
    """Draw a dense layer: input, weights, biases and output."""
    out = layers.linear(x, w, b)
    plotting.show_arrays(
        [x, w, b[None], out], ["x (N, D)", "w (F, D)", "b", "out (N, F)"], numbers=True,
        caption="Row n of out takes row n of x; column f takes row f of w and b[f].",
    )  # fmt: skip


def show_softmax(rows, y: int):
    """Draw rows of scores with their probabilities and the surprise at class `y`."""
    z = np.array(rows, float)
    p = to_numpy(losses.softmax(to_backend(z)))
    surprise = -np.log(p[:, y])
    alt = "Scores and probabilities of four classes, twice. " + " ".join(
        f"Scores {row.tolist()} give {np.round(share, 3).tolist()}, surprise {s:.2f} nats."
        for row, share, s in zip(z, p, surprise, strict=True)
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.4, 1.9 * len(z) + 0.5)
        axes = fig.subplots(len(z), 2, squeeze=False)
        fig.subplots_adjust(hspace=0.75, wspace=0.3, bottom=0.12, top=0.9)
        for (left, right), scores, shares, nats in zip(axes, z, p, surprise, strict=True):
            colours = ["C1" if k == y else "C0" for k in range(len(scores))]
            for ax, values, places in ((left, scores, 3), (right, shares, 3)):
                bars = ax.bar(range(len(values)), values, color=colours, width=0.6)
                ax.bar_label(bars, [f"{v:.{places}g}".replace("-", "−") for v in values])
                ax.axhline(0, color="0.35", linewidth=0.8)
                ax.margins(y=0.25)
                ax.set(xticks=range(len(values)), yticks=[])
            left.set_title("scores z")
            right.set_title(f"probabilities p,  −ln p[{y}] = {nats:.3f} nats")
        for ax in axes[-1]:
            ax.set_xlabel("class")
    caption = (
        f"Class {y}, in the other colour, is the right one. The two rows of scores differ "
        "by a constant."
    )
    plotting.show(fig, alt, caption)


def valley(p):
    """Return height and slope of a valley 100 times as steep across as along."""
    steepness = np.array([1.0, 100.0])
    return 0.5 * (steepness * p**2).sum(-1), steepness * p


def path(name: str, steps: int = STEPS):
    """Return the way (steps + 1, 2) that an optimizer takes through the valley."""
    p = to_backend(np.array([-4.0, 0.5]))
    optimizer = getattr(optimizers, name)([p], RATES[name])
    way = [to_numpy(p).copy()]
    for _ in range(steps):
        optimizer.step([to_backend(valley(to_numpy(p))[1])])
        way.append(to_numpy(p).copy())
    return np.array(way)


def show_paths(names):
    """Draw the ways of optimizers through a narrow valley, one panel each."""
    ways = {name: path(name) for name in names}
    ends = {name: float(np.hypot(*way[-1])) for name, way in ways.items()}
    alt = f"Paths of {STEPS} steps through a narrow valley. " + " ".join(
        f"{name} begins at (−4, 0.5) and ends {end:.2g} from the goal."
        for name, end in ends.items()
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.6, 1.75 * len(ways) + 0.45)
        axes = fig.subplots(len(ways), 1, squeeze=False, sharex=True)[:, 0]
        fig.subplots_adjust(hspace=0.35, right=0.98, left=0.06)
        grid = np.stack(
            np.meshgrid(np.linspace(-4.6, 3, 160), np.linspace(-0.75, 0.75, 90)), -1
        )
        for ax, (name, way) in zip(axes, ways.items(), strict=True):
            height = valley(grid)[0]
            ax.contour(
                *np.moveaxis(grid, -1, 0), np.sqrt(height), 12, cmap="Greys", linewidths=0.7
            )
            ax.plot(*way.T, "-o", color="C0", markersize=3.5, linewidth=1.2)
            ax.plot(0, 0, "*", color="C1", markersize=13)
            ax.set(xlim=(-4.6, 3), ylim=(-0.75, 0.75), yticks=[-0.5, 0, 0.5])
            ax.set_title(
                f"{name}, learning rate {RATES[name]}: {ends[name]:.2g} from the goal",
                fontsize=11,
            )
    caption = (
        f"{STEPS} steps each from the left; the star is the lowest point. Lines join "
        "points of equal height."
    )
    plotting.show(fig, alt, caption)


def show_gradient_flow():
    """Draw the size of every parameter's gradient in a whole network and in a cut one."""
    digits = data.digits()
    sizes = {}
    for name, flatten in (("A", networks.Flatten), ("B", Broken)):
        model = build("convolution", np.random.default_rng(4), flatten=flatten)
        training.gradient_step(model, digits.x_train[:64], digits.y_train[:64])
        sizes[name] = [float(abs(g).mean()) for g in model.gradients()]
    labels = [f"{layer} {p}" for layer in ("conv1", "conv2", "dense") for p in "wb"]
    words = {
        name: ", ".join(f"{n} {s:.1g}" for n, s in zip(labels, s_all, strict=True))
        for name, s_all in sizes.items()
    }
    alt = f"Mean size of each gradient. Network A: {words['A']}. Network B: {words['B']}."
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(9, 2.7)
        axes = fig.subplots(1, 2, sharex=True, sharey=True)
        fig.subplots_adjust(left=0.1, right=0.97, bottom=0.2, wspace=0.12)
        for ax, (name, values) in zip(axes, sizes.items(), strict=True):
            bars = ax.barh(labels, values, height=0.6)
            ax.bar_label(bars, [f"{v:.2g}" for v in values], padding=4)
            ax.set(title=f"network {name}", xlabel="mean size of the gradient")
            ax.margins(x=0.2)
        axes[0].invert_yaxis()
    plotting.show(fig, alt, "One batch of 64 digits, untrained networks from one seed.")
