"""Training that can be watched, what came of it, and the controls of lesson 10."""

import math
import time

import numpy as np

from helpers import data, losses, networks, optimizers, plotting, training
from helpers.backend import to_backend, to_numpy
from helpers.figures_10_readers import (
    BATCH,
    EPOCHS,
    MODELS,
    RATE,
    Broken,
    accuracy,
    build,
    finished_train,
    fitted,
    moved,
    reader,
)
from helpers.plotting.arrays import draw_cells, row_of_axes
from helpers.plotting.page import image_tag, put_on_page


class Board:
    """A progress bar and growing curves, one output that is replaced as training goes on.

    Its last state is a plain figure: what remains in a saved notebook.
    """

    def __init__(self, epochs: int):
        from IPython import get_ipython

        self.epochs, self.drawn, self.handle = epochs, 0.0, None
        self.alive = get_ipython() is not None and not plotting.figures_off()

    def update(self, history):
        """Redraw, now and then, and always after the last epoch."""
        done = len(history["loss"])
        if not self.alive or (done < self.epochs and time.monotonic() - self.drawn < 0.4):
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
            f"10% ± {3 * chance:.0%}",
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


def parameter_count(kind: str, size: int) -> int:
    """Return how many numbers a network of this kind learns."""
    model = build(kind, np.random.default_rng(0), size)
    return sum(p.size for p in model.parameters())


def show_contest(seeds: int = 3, scrambled: bool = False):
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
    counts = [
        ", ".join(f"{parameter_count(kind, size):,}" for kind in MODELS) for size in (8, 16)
    ]
    caption = (
        f"{seeds} seeds each, {EPOCHS} epochs; the parts have different scales. "
        f"Parameters from top to bottom: {counts[0]} on the left, {counts[1]} on the right."
        + (" All pixels are moved by one permutation." if scrambled else "")
    )
    plotting.show(fig, f"Test accuracies. {words}.", caption)


def show_mnist(fetch: bool = False, epochs: int = 12):
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
