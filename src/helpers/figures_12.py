"""Figures of lesson 12: deep signals, batch norm, residual blocks, dropout, shifts."""

import numpy as np

from helpers import plotting
from helpers.backend import to_numpy, xp
from helpers.data import digits
from helpers.layers import batch_norm, batch_norm_backward, conv2d, dropout, relu
from helpers.plotting.page import figures_off, new_figure, show, style


def shift_one(images, rows: int, columns: int, mode: str = "constant"):
    """Return images (..., H, W) moved down and right, filled by `mode` of np.pad."""
    H, W = images.shape[-2:]
    m = max(abs(rows), abs(columns))
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(m, m)] * 2, mode=mode)
    return padded[..., m - rows : m - rows + H, m - columns : m - columns + W]


def recognise(before, after, max_shift: int) -> list[tuple]:
    """Say what was done to each image of a batch.

    Parameters
    ----------
    before, after : (N, C, H, W)
        The images, no pixel 0, and what became of them.
    max_shift : int

    Returns
    -------
    list of (str, int, int)
        The kind of change, and by how many rows and columns the image was moved.
    """
    before, after = to_numpy(before), to_numpy(after)
    if before.shape != after.shape:
        return [(f"shape {after.shape} instead of {before.shape}", 0, 0)]
    reach = range(-max_shift - 1, max_shift + 2)

    def distance(move):
        return abs(move[0]) + abs(move[1])

    moves = sorted(((i, j) for i in reach for j in reach), key=distance)
    found: list = [None] * len(before)
    apart, originals = np.zeros(before.shape[:2], bool), set()
    for kind, start, mode in (
        ("shifted", before, "constant"),
        ("shifted, the border wrapped around", before, "wrap"),
        ("shifted, the border repeated", before, "edge"),
        ("mirrored left to right", before[..., ::-1], "constant"),
        ("turned upside down", before[..., ::-1, :], "constant"),
    ):
        for i, j in moves:
            moved = shift_one(start, i, j, mode)
            alike = np.isclose(moved, after).all(axis=(2, 3))  # by image and channel
            if kind == "shifted":
                apart |= alike
                originals |= {image.round(6).tobytes() for image in moved}
            for n in np.flatnonzero(alike.all(axis=1)):
                found[n] = found[n] or (kind, i, j)
    for n in range(len(found)):
        kind = "something else"
        if after[n].round(6).tobytes() in originals:
            kind = "another image in its place"
        elif apart[n].all():
            kind = "channels moved apart"
        found[n] = found[n] or (kind, 0, 0)
    return found


def show_products(depth: int):
    """Draw how a factor per layer multiplies over the layers."""
    layers = np.arange(depth + 1)
    curves = {f"times {f:g} per layer": float(f) ** layers for f in (2, 1.1, 1, 0.9, 0.5)}
    last = "; ".join(f"{name}: {values[-1]:.2g}" for name, values in curves.items())
    plotting.show_curves(
        curves,
        alt=f"The size of a signal after 0 to {depth} layers on a logarithmic axis: "
        f"straight lines that spread apart. After layer {depth}, {last}.",
        xlabel="layer",
        ylabel="size of the numbers",
        logy=True,
    )


def through_layers(x, depth: int, scale: float, rng) -> list:
    """Return the output of every layer of convolution and ReLU on the host."""
    C, outputs = x.shape[1], []
    for _ in range(depth):
        x = relu(
            conv2d(x, xp.asarray(scale * rng.standard_normal((C, C, 3, 3))), padding=1)
        )
        outputs.append(to_numpy(x))
    return outputs


def sixteen_maps(rng):
    """Return 256 digits, each turned into 16 maps by random filters; (256, 16, 8, 8)."""
    w = xp.asarray(rng.standard_normal((16, 1, 3, 3)) * (2 / 9) ** 0.5)
    return relu(conv2d(digits("float64").x_train[:256], w, padding=1))


def show_histograms(depth: int):
    """Draw histograms of the outputs of some layers, for two sizes of random filters."""
    shown, he = (1, 4, 8, depth), (2 / (16 * 9)) ** 0.5
    rows, words = {}, []
    for name, scale in ((f"He, {he:.3f}", he), ("0.05", 0.05)):
        rng = np.random.default_rng(3)
        rows[name] = through_layers(sixteen_maps(rng), depth, scale, rng)
        sizes = [f"{rows[name][k - 1].std():.2g} after layer {k}" for k in shown]
        words.append(f"standard deviation {name}: {', '.join(sizes)}")
    if not figures_off():
        with style():
            fig = new_figure(7.6, 3.4)
            axes = fig.subplots(2, len(shown), sharex=True, sharey=True)
            for line, (name, outputs) in zip(axes, rows.items(), strict=True):
                line[0].set_ylabel(f"filters: {name}\nshare")
                for ax, k in zip(line, shown, strict=True):
                    positive = outputs[k - 1][outputs[k - 1] > 0]
                    weights = np.full(positive.size, 1 / max(positive.size, 1))
                    ax.hist(np.clip(positive, 0, 3), 30, (0, 3), weights=weights)
                    ax.set_title(f"layer {k}", fontsize=9)
                    ax.text(
                        0.95,
                        0.8,
                        f"std {outputs[k - 1].std():.2g}",
                        ha="right",
                        transform=ax.transAxes,
                        fontsize=9,
                    )
            for ax in axes[1]:
                ax.set_xlabel("value")
            fig.tight_layout()
        show(
            fig,
            "Histograms of the positive outputs of four layers. " + "; ".join(words) + ".",
            "Values above 3 are counted at 3.",
        )


def one_channel(images):
    """Return images (N, H, W) as one channel with the arguments of a fresh batch norm."""
    one = xp.ones(1)
    return images[:, None], one, 0 * one, {"mean": 0 * one, "var": one}


def show_normalised(images):
    """Draw two images of one channel and what batch norm makes of them."""
    out, _ = batch_norm(*one_channel(images), eps=0.0)
    mean, std = float(images.mean()), float(images.std())
    plotting.show_arrays(
        [*images, *out[:, 0].round(2)],
        ["image 0", "image 1", "image 0, normalised", "image 1, normalised"],
        numbers=True,
        caption=f"Mean of all {images.size} numbers: {mean:.2f}, standard deviation: "
        f"{std:.2f}. An 8 becomes (8 − {mean:.2f}) / {std:.2f} = {(8 - mean) / std:.2f}.",
    )


def show_normalised_backward(images, dout):
    """Draw an upstream gradient of one number and the gradient of all numbers."""
    _, cache = batch_norm(*one_channel(images), eps=0.0)
    dx, _, _ = batch_norm_backward(dout[:, None], cache)
    total = abs(round(float(dx.sum()), 6))
    plotting.show_arrays(
        [*dout, *dx[:, 0].round(2)],
        ["dout, image 0", "dout, image 1", "dx, image 0", "dx, image 1"],
        numbers=True,
        cmap="RdBu_r",
        limits=(-6, 6),
        caption=f"The images are those of the figure before. Sum of dx: {total:g}.",
    )


def show_running(momenta, batch_size: int = 16, steps: int = 60):
    """Draw the running mean of the digits' pixels over batches, for some momenta."""
    x = to_numpy(digits("float64").x_train)
    parts = np.random.default_rng(1).integers(0, len(x), (steps, batch_size))
    means = [x[part].mean() for part in parts]
    curves = {"mean of each batch": np.array([np.nan, *means])}
    for momentum in momenta:
        running = [0.0]
        for mean in means:
            running.append((1 - momentum) * running[-1] + momentum * mean)
        curves[f"running, momentum {momentum:g}"] = np.array(running)
    curves["mean of all digits"] = np.full(steps + 1, x.mean())
    plotting.show_curves(
        curves,
        alt=f"Running means over {steps} batches. With momentum 0.1 the curve rises from 0 "
        f"to the mean of all digits, {x.mean():.3f}, in 20 to 30 batches and stays near "
        "it; with 0.9 it is there at once and follows every batch.",
        xlabel="batches seen",
        ylabel="mean of the pixels",
        markers=False,
    )


def show_residual(x, w1: float, w2: float):
    """Draw a block whose filters are single numbers: shortcut, branch and their sum."""
    hidden = relu(w1 * x)
    plotting.show_arrays(
        [x, hidden, w2 * hidden + 0.0, x + w2 * hidden],
        [
            "x, the shortcut",
            f"relu({w1:g} · x)",
            f"branch, times {w2:g}".replace("-", "−"),
            "out",
        ],
        numbers=True,
        shared_scale=True,
        cmap="RdBu_r",
        limits=(-10, 10),
    )


def show_dropout(p: float, seed: int, draws: int = 500):
    """Draw a digit after dropout, three times, and the mean over many draws."""
    x, rng = digits("float64").x_train[:1], np.random.default_rng(seed)
    thinned = [dropout(x, p, rng)[0][0, 0] for _ in range(draws)]
    mean = sum(thinned) / draws
    plotting.show_images(
        [x[0, 0], *thinned[:3], mean],
        ["digit", "draw 1", "draw 2", "draw 3", f"mean of {draws}"],
        alt=f"A digit; three copies in which about {p:.0%} of the pixels are black and the "
        f"others {1 / (1 - p):g} times as bright; their mean over {draws} draws, which is "
        "close to the digit.",
        ncols=5,
        limits=(0, 1 / (1 - p)),
    )


def show_changes(digits_shown, shift):
    """Draw some digits: as they are, shifted, mirrored and upside down."""
    data = digits("float64")
    images, titles = [], []
    for label in digits_shown:
        at = int((to_numpy(data.y_train) == label).argmax())
        image = to_numpy(data.x_train[at])
        images += [image[0], shift_one(image, *shift)[0], image[0, :, ::-1], image[0, ::-1]]
        titles += [f"a {label}", "shifted", "mirrored", "upside down"]
    plotting.show_images(
        images,
        titles,
        alt="Digits "
        + " and ".join(map(str, digits_shown))
        + ", each as it is, shifted by a pixel, mirrored, and upside down.",
        ncols=4,
        size=1.3,
    )
