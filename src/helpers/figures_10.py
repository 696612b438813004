"""Figures of lesson 10, a spy for its checks, and the networks that it compares."""

import math
import time
from functools import cache

import numpy as np

from helpers import data, layers, losses, networks, optimizers, plotting, training
from helpers.backend import to_backend, to_numpy, xp
from helpers.plotting.arrays import (
    draw_cells,
    row_of_axes,
)
from helpers.plotting.page import image_tag, put_on_page

EPOCHS, BATCH, RATE = 15, 32, 0.003
STARTS = {"SGD": 0.036, "Momentum": 0.009, "Adam": 0.35}  # learning rates of the valley
STEPS = 40
MODELS = ("convolution", "dense (MLP)", "linear")


class Chain(networks.Sequential):
    """The finished `Sequential` of lesson 10: layers, and lists of what they learn."""

    def parameters(self):
        """Return the parameters as a list, layer by layer."""
        return list(networks.parameters(self).values())

    def gradients(self):
        """Return their gradients in the same order."""
        return list(networks.gradients(self).values())


class Spy:
    """A network and an optimizer that learn nothing and write down what they are shown.

    An image is one pixel that holds its number i; its scores are 0, i / 4 and i / 2.

    Attributes
    ----------
    steps : list of (list of int, list of int)
        For each step the images of its batch, and the classes they were said to be.
    """

    def __init__(self):
        self.steps, self.images, self.labels = [], [], []

    def forward(self, x, train: bool = False):
        """Note the images and return their scores (N, 3)."""
        numbers = x.reshape(len(x))
        self.images = [round(n) for n in to_numpy(numbers).tolist()]
        return numbers[:, None] * xp.asarray([0.0, 0.25, 0.5])

    def backward(self, dout, need_dx: bool = True):
        """Note the classes: only the right one has a negative gradient."""
        self.labels = to_numpy(dout).argmin(axis=1).tolist()
        return dout.sum(axis=1)

    def parameters(self):
        """Return one parameter that nobody uses."""
        return [xp.zeros(1)]

    def gradients(self):
        """Return its gradient."""
        return [xp.zeros(1)]

    def step(self, grads):
        """Note that a step was taken."""
        self.steps.append((self.images, self.labels))


class Broken(networks.Flatten):
    """A Flatten whose way back is cut: it sends zeros."""

    def backward(self, dout, need_dx: bool = True):
        """Return zeros."""
        return 0 * super().backward(dout)


# --- networks and their training -------------------------------------------------------


def build(kind: str, rng, size: int = 8, flatten=networks.Flatten):
    """Return an untrained network for images of size × size pixels.

    Its last layer begins with small weights, so that it begins without an opinion.
    """
    if kind == "linear":
        head, body = networks.Linear(size * size, 10, rng), [flatten()]
    elif kind == "dense (MLP)":
        body = [flatten(), networks.Linear(size * size, 64, rng), networks.ReLU()]
        head = networks.Linear(64, 10, rng)
    else:
        head = networks.Linear(16 * (size // 4) ** 2, 10, rng)
        body = [networks.Conv2d(1, 8, 3, rng, padding=1), networks.ReLU()]
        body += [networks.MaxPool2d(2), networks.Conv2d(8, 16, 3, rng, padding=1)]
        body += [networks.ReLU(), networks.MaxPool2d(2), flatten()]
    head.params["w"] /= 10
    return Chain(*body, head)


def small_network(rng):
    """Return a small network in double precision, for checks: one convolution, one head."""
    conv = networks.Conv2d(1, 4, 3, rng, padding=1, dtype="float64")
    eyes = [conv, networks.ReLU(), networks.MaxPool2d(2), networks.Flatten()]
    return Chain(*eyes, networks.Linear(64, 10, rng, "float64"))


def finished_train(model, optimizer, x, y, epochs, batch_size, rng):
    """Train as the exercise asks; parameters that the optimizer lacks stay as they are."""
    count, means = len(optimizer.params), []
    for _ in range(epochs):
        total = 0.0
        for part_x, part_y in training.batches(x, y, batch_size, rng):
            loss = training.gradient_step(model, part_x, part_y)
            optimizer.step(model.gradients()[-count:])
            total += float(loss) * len(part_x)
        means.append(total / len(x))
    return means


def fitted(kind: str, x, y, seed: int, epochs: int = EPOCHS, frozen=False, **options):
    """Return a network, trained from a seed; `frozen` leaves all but the head as it was."""
    rng = np.random.default_rng(seed)
    model = build(kind, rng, x.shape[-1], **options)
    learned = model.parameters()[-2:] if frozen else model.parameters()
    finished_train(model, optimizers.Adam(learned, RATE), x, y, epochs, BATCH, rng)
    return model


def accuracy(model, x, y) -> float:
    """Return the share of images that a network reads."""
    return float((training.predict(model, x).argmax(1) == y).mean())


@cache
def reader():
    """Return the finished network, trained on the digits from seed 0."""
    digits = data.digits()
    return fitted("convolution", digits.x_train, digits.y_train, 0)


def moved(model, x, y) -> tuple[int, int]:
    """Take one step; return how many parameters it changed, and of how many."""
    before = [to_numpy(p).copy() for p in model.parameters()]
    training.gradient_step(model, x, y)
    optimizers.Adam(model.parameters(), RATE).step(model.gradients())
    after = [to_numpy(p) for p in model.parameters()]
    changed = [bool((p != q).any()) for p, q in zip(before, after, strict=True)]
    return sum(changed), len(changed)


# --- the parts -------------------------------------------------------------------------


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
    out, dx = layers.relu(x), layers.relu_backward(dout, x)
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


# --- optimizers ------------------------------------------------------------------------


def valley(p):
    """Return height and slope of a valley 25 times as steep across as along."""
    steepness = np.array([1.0, 25.0])
    return 0.5 * (steepness * p**2).sum(-1), steepness * p


def path(name: str, steps: int = STEPS):
    """Return the way (steps + 1, 2) that an optimizer takes through the valley."""
    p = to_backend(np.array([-4.0, 1.0]))
    optimizer = getattr(optimizers, name)([p], STARTS[name])
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
        f"{name} begins at (−4, 1) and ends {end:.2g} from the goal."
        for name, end in ends.items()
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.6, 1.75 * len(ways) + 0.45)
        axes = fig.subplots(len(ways), 1, squeeze=False, sharex=True)[:, 0]
        fig.subplots_adjust(hspace=0.35, right=0.98, left=0.06)
        grid = np.stack(
            np.meshgrid(np.linspace(-4.6, 3, 160), np.linspace(-1.5, 1.5, 90)), -1
        )
        for ax, (name, way) in zip(axes, ways.items(), strict=True):
            height = valley(grid)[0]
            ax.contour(
                *np.moveaxis(grid, -1, 0), np.sqrt(height), 12, cmap="Greys", linewidths=0.7
            )
            ax.plot(*way.T, "-o", color="C0", markersize=3.5, linewidth=1.2)
            ax.plot(0, 0, "*", color="C1", markersize=13)
            ax.set(xlim=(-4.6, 3), ylim=(-1.5, 1.5), yticks=[-1, 0, 1])
            ax.set_title(
                f"{name}, learning rate {STARTS[name]}: {ends[name]:.2g} from the goal",
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


# --- training, live --------------------------------------------------------------------


class Board:
    """A progress bar and growing curves, one output that is replaced as training goes on.

    Its last state is a plain figure: what remains in a saved notebook.
    """

    def __init__(self, epochs: int):
        from IPython import get_ipython

        self.epochs, self.drawn, self.handle = epochs, 0.0, None
        self.alive = get_ipython() is not None and not plotting.figures_off()

    def update(self, history):
        """Redraw, at most once a second and always after the last epoch."""
        done = len(history["loss"])
        if not self.alive or (done < self.epochs and time.monotonic() - self.drawn < 1):
            return
        self.drawn = time.monotonic()
        alt = describe_training(history)
        with plotting.style():
            page = image_tag(plotting.to_png(draw_training(history, self.epochs)), alt)
        bar = (
            f'<progress value="{done}" max="{self.epochs}" aria-label="epochs" '
            f'style="width:24em"></progress> epoch {done} of {self.epochs}'
        )
        page = f'<figure style="margin:0.6em 0">{bar}<br>{page}</figure>'
        self.put({"text/html": page, "text/plain": f"[Figure: {alt}]"})

    def put(self, bundle):
        """Show the first state, then replace it."""
        from IPython.display import display

        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)


def describe_training(history) -> str:
    """Return the curves in words."""
    loss, read = history["loss"], history["accuracy"]
    return (
        f"Two curves over {len(loss)} epochs. The training loss goes from {loss[0]:.2f} "
        f"to {loss[-1]:.3f} nats, the test accuracy from {read[0]:.1%} to {read[-1]:.1%}."
    )


def draw_training(history, epochs: int):
    """Return a figure of loss and accuracy so far."""
    fig = plotting.new_figure(9, 2.9)
    axes = fig.subplots(1, 2)
    fig.subplots_adjust(left=0.08, right=0.97, bottom=0.18, wspace=0.25)
    marks = range(1, len(history["loss"]) + 1)
    axes[0].plot(marks, history["loss"], "-o", markersize=4)
    axes[0].axhline(math.log(10), color="0.4", linestyle=":")
    axes[0].text(epochs, math.log(10), "ln 10: guessing", ha="right", va="bottom")
    axes[0].set(title="training loss (nats)", ylim=(0, 2.6))
    axes[1].plot(marks, history["accuracy"], "-o", color="C1", markersize=4)
    axes[1].axhline(0.1, color="0.4", linestyle=":")
    axes[1].text(epochs, 0.1, "guessing", ha="right", va="bottom")
    read = history["accuracy"][-1]
    axes[1].set(title=f"test accuracy, now {read:.1%}", ylim=(0, 1.02))
    for ax in axes:
        ax.set(xlabel="epoch", xlim=(0.5, epochs + 0.5))
        ax.grid()
    return fig


def watch_training(train=finished_train, seed: int = 0, epochs: int = EPOCHS):
    """Train the finished network on the digits, epoch by epoch, and draw what happens.

    Parameters
    ----------
    train : function
        The learner's loop; the finished one takes its place if it is not written or stops.
    """
    if plotting.figures_off():
        return
    try:
        watch_epochs(train, seed, epochs)
    except Exception as error:  # a learner's loop may stop in any way
        blank = isinstance(error, NotImplementedError)
        why = (
            "is not written yet" if blank else f"stops with {type(error).__name__}: {error}"
        )
        print(f"train {why}; the finished loop takes its place.")
        watch_epochs(finished_train, seed, epochs)


def watch_epochs(train, seed: int, epochs: int):
    """Run a training loop one epoch at a time, with a board."""
    digits, rng = data.digits(), np.random.default_rng(seed)
    model = build("convolution", rng)
    optimizer, board = optimizers.Adam(model.parameters(), RATE), Board(epochs)
    history = {"loss": [], "accuracy": []}
    start = time.perf_counter()
    for _ in range(epochs):
        means = train(model, optimizer, digits.x_train, digits.y_train, 1, BATCH, rng)
        history["loss"].append(float(means[0]))
        history["accuracy"].append(accuracy(model, digits.x_test, digits.y_test))
        board.update(history)
    seconds = time.perf_counter() - start
    print(f"{epochs} epochs in {seconds:.1f} seconds, drawing included.")


# --- what came of it -------------------------------------------------------------------


def show_confusion():
    """Draw which test digits the finished network takes for which."""
    digits = data.digits()
    found = to_numpy(training.predict(reader(), digits.x_test).argmax(1))
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (to_numpy(digits.y_test), found), 1)
    wrong = [
        f"{counts[i, j]} × {i} read as {j}"
        for i, j in np.argwhere(counts * (1 - np.eye(10, dtype=int)))
    ]
    total = int(np.trace(counts))
    said = f"{total} of {counts.sum()} right. Mistakes: {'; '.join(wrong) or 'none'}."
    if plotting.figures_off():
        return
    with plotting.style():
        fig, (ax,) = row_of_axes([(10, 10)], 0.4, bottom=0.5)
        texts = np.where(counts, counts.astype(str), "").astype(object)
        draw_cells(ax, np.sqrt(counts), (0, np.sqrt(counts.max())), "Blues", texts)
        ax.set(xlabel="read as", ylabel="is")
    plotting.show(fig, f"Confusion matrix, 10 by 10. {said}", said)


def show_worst(count: int = 16):
    """Draw the test digits with the largest loss, with what they are and are taken for."""
    digits = data.digits()
    p = to_numpy(losses.softmax(training.predict(reader(), digits.x_test)))
    y = to_numpy(digits.y_test)
    surprise = -np.log(p[np.arange(len(y)), y])
    worst = np.argsort(-surprise)[:count]
    titles = [
        f"{y[n]} read as {p[n].argmax()}\n{p[n, y[n]]:.0%} for {y[n]}"
        if p[n].argmax() != y[n]
        else f"{y[n]}, right\n{p[n, y[n]]:.0%} for {y[n]}"
        for n in worst
    ]
    mistakes = sum(p[n].argmax() != y[n] for n in worst)
    caption = (
        f"The {count} test digits with the largest loss. {mistakes} of them are mistakes, "
        "the others were read, but not with confidence."
    )
    alt = caption + " " + "; ".join(t.replace("\n", ", ") for t in titles) + "."
    images = [1 - to_numpy(digits.x_test)[n, 0] for n in worst]
    plotting.show_images(images, titles, alt, caption, ncols=8, limits=(0, 1), size=1.15)


# --- controls --------------------------------------------------------------------------


def sanity(flatten=networks.Flatten, seed: int = 1) -> dict[str, str]:
    """Return what a network shows in each check."""
    d = data.digits()
    rng = np.random.default_rng(seed)
    new = build("convolution", rng, flatten=flatten)
    start = float(losses.cross_entropy(training.predict(new, d.x_train), d.y_train)[0])
    changed, count = moved(new, d.x_train[:64], d.y_train[:64])
    few = d.x_train[:20], d.y_train[:20]
    learned = fitted("convolution", *few, seed, epochs=120, flatten=flatten)
    shuffled = d.y_train[to_backend(rng.permutation(len(d.y_train)))]
    lost = fitted("convolution", d.x_train, shuffled, seed, flatten=flatten)
    test = d.x_test, d.y_test
    normal = fitted("convolution", d.x_train, d.y_train, seed, flatten=flatten)
    frozen = fitted("convolution", d.x_train, d.y_train, seed, frozen=True, flatten=flatten)
    linear = fitted("linear", d.x_train, d.y_train, seed)
    return {
        "start": f"{start:.3f}",
        "moves": f"{changed} of {count}",
        "by heart": f"{accuracy(learned, *few):.0%}",
        "shuffled": f"{accuracy(lost, *test):.1%}",
        "frozen": f"{accuracy(frozen, *test):.1%}",
        "linear": f"{accuracy(linear, *test):.1%}",
        "normal": f"{accuracy(normal, *test):.1%}",
    }


def show_sanity():
    """Show the panel of sanity checks for a whole network and for a broken one."""
    if plotting.figures_off():
        return
    chance = math.sqrt(0.1 * 0.9 / 360)
    whole, broken = sanity(), sanity(Broken)
    normal = whole["normal"]
    rows = {
        "start": ("loss before training", f"ln 10 = {math.log(10):.3f}"),
        "moves": ("parameters that move in one step", "all"),
        "by heart": ("20 images, learned by heart", "100%"),
        "shuffled": (
            "test accuracy, trained on shuffled labels",
            f"10% ± {2 * chance:.0%}",
        ),
        "normal": ("test accuracy, trained as usual", "high"),
        "frozen": ("the same, filters left at random", f"well below {normal}"),
        "linear": ("a linear model", f"below {normal}"),
    }
    head = ("check", "should be", "network", "broken network")
    body = [(*rows[key], whole[key], broken[key]) for key in rows]
    put_table(
        head, body, "The panel, trained and measured just now; test accuracy on 360 digits."
    )


def put_table(head, body, caption: str):
    """Show a table with a caption."""
    style = 'style="text-align:left;padding:0.25em 1em 0.25em 0"'
    first = "".join(f'<th scope="col" {style}>{text}</th>' for text in head)
    rows = "".join(
        f'<tr><th scope="row" {style[:-1]};font-weight:normal">{name}</th>'
        + "".join(f"<td {style}>{text}</td>" for text in rest)
        + "</tr>"
        for name, *rest in body
    )
    words = "; ".join(f"{name}: " + ", ".join(rest) for name, *rest in body)
    page = (
        f"<table><caption>{caption}</caption><thead><tr>{first}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    put_on_page(page, f"{caption} Columns {', '.join(head)}. {words}.")


def contest(seeds: int, scrambled: bool) -> dict:
    """Return test accuracies: {(part, kind): list, one for each seed}."""
    parts = {"8 × 8": data.digits(), "16 × 16 canvas": data.digits_on_canvas()}
    results = {}
    for part, d in parts.items():
        x_train, x_test = d.x_train, d.x_test
        if scrambled:
            pixels = x_train.shape[-1] ** 2
            order = to_backend(np.random.default_rng(28).permutation(pixels))
            x_train, x_test = (
                x.reshape(len(x), -1)[:, order].reshape(x.shape) for x in (x_train, x_test)
            )
        for kind in MODELS:
            results[part, kind] = [
                accuracy(fitted(kind, x_train, d.y_train, seed), x_test, d.y_test)
                for seed in range(seeds)
            ]
    return results


def show_contest(seeds: int = 4, scrambled: bool = False):
    """Draw what three kinds of network read, from several seeds, in place and moved."""
    if plotting.figures_off():
        return
    results = contest(seeds, scrambled)
    words = "; ".join(
        f"{part}, {kind}: {', '.join(f'{a:.1%}' for a in values)}"
        for (part, kind), values in results.items()
    )
    parts = list(dict.fromkeys(part for part, _ in results))
    with plotting.style():
        fig = plotting.new_figure(9, 2.6)
        axes = fig.subplots(1, 2, sharey=True)
        fig.subplots_adjust(left=0.14, right=0.97, bottom=0.2, wspace=0.1)
        for ax, part in zip(axes, parts, strict=True):
            for row, kind in enumerate(MODELS):
                values = np.array(results[part, kind])
                ax.plot(values, np.full(len(values), row), "o", alpha=0.7, markersize=7)
                ax.text(
                    values.mean(), row - 0.22, f"mean {values.mean():.1%}",
                    ha="center", va="bottom", fontsize=9.5,
                )  # fmt: skip
            ax.set(title=part, xlabel="test accuracy", yticks=range(3), ylim=(2.5, -0.75))
            ax.set_yticklabels(MODELS)
            ax.margins(x=0.2)
            ax.grid(axis="x")
            ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    caption = (
        f"{seeds} seeds each, {EPOCHS} epochs. The two parts have different scales."
        + (" All pixels are moved by one permutation." if scrambled else "")
    )
    plotting.show(fig, f"Test accuracies. {words}.", caption)


def show_mnist(fetch: bool = False, epochs: int = 3):
    """Train on part of the real MNIST and draw how; without the files say what to do.

    Parameters
    ----------
    fetch : bool
        Fetch the files if they are not there yet.
    """
    if not fetch:
        print("Left out. Set fetch=True to fetch 1.6 MB once and train on MNIST.")
        return
    try:
        d = data.mnist(small=True)
    except (ConnectionError, ValueError) as error:
        print(f"Left out, since the data cannot be had. {error}")
        return
    rng = np.random.default_rng(0)
    model, size = build("convolution", rng, size=28), len(d.x_train)
    optimizer, board = optimizers.Adam(model.parameters(), RATE), Board(epochs)
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        means = finished_train(model, optimizer, d.x_train, d.y_train, 1, 64, rng)
        history["loss"] += means
        history["accuracy"].append(accuracy(model, d.x_test, d.y_test))
        board.update(history)
    read = history["accuracy"][-1]
    print(
        f"{size:,} images to train, {epochs} epochs: {read:.2%} of {len(d.x_test):,} read."
    )
