"""Figures of lesson 14, its two layers for clips, and the networks that it compares."""

from functools import cache

import numpy as np

from helpers import data, layers, networks, plotting, training
from helpers.backend import to_backend, to_numpy, xp
from helpers.optimizers import Adam, cosine
from helpers.plotting.arrays import cell_texts, draw_cells, limits_of
from helpers.plotting.images import draw_image
from helpers.plotting.sliding import frame
from helpers.trainable import he_normal, zeros

OPPOSITE = (1, 0, 3, 2)  # of right, left, down, up


class Conv3d(networks.Layer):
    """A 3-D convolution layer with He's initial filters, zero bias and stride 1.

    Parameters
    ----------
    channels, filters : int
        C and F.
    size : (int, int, int)
        KT, KH, KW.
    rng : numpy.random.Generator
        Draws the filters.
    padding : int or (int, int, int)
        In time, height and width.
    """

    def __init__(self, channels: int, filters: int, size, rng, padding=0):
        super().__init__()
        shape = (filters, channels, *size)
        self.params["w"] = he_normal(rng, shape, "float32")
        self.params["b"] = zeros(filters, "float32")
        self.padding = padding

    def forward(self, x, train=False):
        """Return the maps (N, F, OT, OH, OW)."""
        self.x = x
        return layers.conv3d(x, self.params["w"], self.params["b"], 1, self.padding)

    def backward(self, dout, need_dx: bool = True):
        """Return dx (N, C, T, H, W)."""
        dx, self.grads["w"], self.grads["b"] = layers.conv3d_backward(
            dout, self.x, self.params["w"], 1, self.padding
        )
        return dx


class GlobalMax3d(networks.Layer):
    """The largest number of each map, over all its frames and pixels."""

    def forward(self, x, train=False):
        """Return (N, C) for x (N, C, T, H, W)."""
        self.shape = x.shape
        flat = x.reshape(*x.shape[:2], -1)
        self.places = flat.argmax(2)
        return flat.max(2)

    def backward(self, dout, need_dx: bool = True):
        """Return dx: the first maximum of a map receives its gradient."""
        N, C, T, H, W = self.shape
        first = xp.arange(T * H * W) == self.places[:, :, None]
        return (first * dout[:, :, None]).reshape(self.shape)


def motion_network(x, y, KT, rng):
    """Return a trained network for clips: one 3-D convolution, a global maximum, scores."""
    conv, head = Conv3d(1, 8, (KT, 3, 3), rng), networks.Linear(8, 4, rng)
    model = networks.Sequential(conv, networks.ReLU(), GlobalMax3d(), head)
    optimizer = Adam(networks.parameters(model).values(), 0.03)
    for _ in range(10):
        training.train_epoch(model, optimizer, x, y, 20, rng, progress=False)
    return model


def digit_network(shape, classes, rng):
    """Return an untrained network for images: three blocks and a global maximum."""
    channels, body = shape[0], []
    for maps in (8, 16, 22):
        conv = networks.Conv2d(channels, maps, 3, rng, padding=1, bias=False)
        body += [conv, networks.BatchNorm2d(maps), networks.ReLU(), networks.MaxPool2d(2)]
        channels = maps
    body[-1] = networks.GlobalPool2d("max")
    return networks.Sequential(*body, networks.Linear(channels, classes, rng))


def train_digits(model, x, y, rng, epochs: int = 12):
    """Train it with Adam and a falling learning rate."""
    optimizer = Adam(networks.parameters(model).values(), 0.02)
    for epoch in range(epochs):
        optimizer.learning_rate = cosine(epoch, epochs, 0.02)
        training.train_epoch(model, optimizer, x, y, 32, rng, progress=False)


# --- clips -----------------------------------------------------------------------------


def draw_row(fig, row, rows, frames, limits, cmap="gray", numbers=False):
    """Draw frames side by side in one row of a figure and return their axes."""
    axes = []
    for t, picture in enumerate(frames):
        ax = fig.add_subplot(rows, len(frames), row * len(frames) + t + 1)
        if numbers:
            draw_cells(ax, picture, limits, cmap, cell_texts(picture), grid=True)
        else:
            draw_image(ax, picture, limits, cmap)
        axes.append(ax)
    return axes


def show_block(x, w, t: int, i: int, j: int):
    """Draw one stop of a window in space and time, in the input and in the output.

    Parameters
    ----------
    x : (T, H, W)
    w : (KT, KH, KW)
    t, i, j : int
        Frame, row and column of the output value.
    """
    x, w = to_numpy(x), to_numpy(w)
    out = to_numpy(layers.conv3d(to_backend(x[None, None]), to_backend(w[None, None])))[
        0, 0
    ]
    alt = (
        f"{len(x)} frames of {x.shape[1]} by {x.shape[2]} pixels. {w.shape[1]} rows and "
        f"{w.shape[2]} columns are marked in frames {t} to {t + len(w) - 1}. Below, "
        f"{len(out)} output frames of {out.shape[1]} by {out.shape[2]}; the value at "
        f"[{t}, {i}, {j}] is marked: {out[t, i, j]:g}."
    )
    if plotting.figures_off():
        return
    rows = [("x", x, "gray"), ("w", w, "RdBu_r"), ("out", out, "RdBu_r")]
    cell, gap, height = 0.3, 0.5, 0.3 * (x.shape[1] + w.shape[1] + out.shape[1]) + 1.9
    width = len(x) * (cell * x.shape[2] + gap)
    with plotting.style():
        fig, top = plotting.new_figure(width, height), height
        for name, frames, cmap in rows:
            limits = limits_of([frames], symmetric=cmap != "gray")
            H, W = (cell * n for n in frames.shape[1:])
            top -= H + 0.6
            for n, picture in enumerate(frames):
                left = 0.3 + n * (W + gap)
                box = [left / width, top / height, W / width, H / height]
                ax = fig.add_axes(box)
                draw_cells(ax, picture, limits, cmap, cell_texts(picture), grid=True)
                ax.set_title(f"{name}[{n}]", fontsize=10, pad=14)
                if name == "x" and t <= n < t + len(w):
                    frame(ax, i, j, *w.shape[1:])
                if name == "out" and n == t:
                    frame(ax, i, j)
    plotting.show(fig, alt)


def show_clips(seed: int = 3):
    """Draw one clip of each direction, frame by frame, the middle one last and alone."""
    clips = data.motion_clips(16, seed)
    x, y = to_numpy(clips.x)[:, 0], to_numpy(clips.y).tolist()
    chosen = [y.index(k) for k in range(4)]
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(7.8, 4.7)
        for row, n in enumerate(chosen):
            axes = draw_row(fig, row, 4, x[n], (0, 1))
            axes[0].set_ylabel(data.DIRECTIONS[row])
            if row == 0:
                for t, ax in enumerate(axes):
                    ax.set_title("middle frame" if t == 3 else f"frame {t}", fontsize=9)
    alt = (
        "Four clips of seven frames. A bright square of 3 by 3 pixels moves one pixel per "
        "frame on noise: to the right, to the left, down, up. In the middle frame each is "
        "somewhere in the middle part."
    )
    plotting.show(fig, alt)


def show_change(seed: int = 3):
    """Draw a clip and the difference of each frame from the next one."""
    clips = data.motion_clips(16, seed, noise=0.0)
    n = to_numpy(clips.y).tolist().index(0)
    clip = to_numpy(clips.x)[n, 0].astype(float)
    still = np.repeat(clip[3:4], len(clip), axis=0)
    w = to_backend(np.array([-1.0, 1.0]).reshape(1, 1, 2, 1, 1))
    rows = {"moves right": clip, "rests": still}
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(7.8, 4.7)
        for row, (name, frames) in enumerate(rows.items()):
            out = to_numpy(layers.conv3d(to_backend(frames[None, None]), w))[0, 0]
            out = np.concatenate([out, np.full((1, *out.shape[1:]), np.nan)])
            draw_row(fig, 2 * row, 4, frames, (0, 1))[0].set_ylabel(name)
            axes = draw_row(fig, 2 * row + 1, 4, out, (-1, 1), "RdBu_r")
            axes[0].set_ylabel("change")
            axes[-1].set_visible(False)
    alt = (
        "Two clips of seven frames with six output frames each. Where the square moves to "
        "the right, a column at its front is positive and a column at its back negative. "
        "Where it rests the output is zero everywhere."
    )
    plotting.show(fig, alt)


def show_shares(dout, w):
    """Draw dx of a 3-D convolution for a `dout` (OT, OH, OW), frame by frame."""
    dout, w = to_numpy(dout), to_numpy(w)
    shape = [n + k - 1 for n, k in zip(dout.shape, w.shape, strict=True)]
    args = (to_backend(a[None, None]) for a in (dout, np.zeros(shape), w))
    dx = to_numpy(layers.conv3d_backward(*args)[0])[0, 0]
    pictures = [*dout, *dx]
    titles = [f"dout[{t}]" for t in range(len(dout))] + [f"dx[{t}]" for t in range(len(dx))]
    limit = float(np.abs(dx).max())
    plotting.show_arrays(
        pictures, titles, numbers=True, cmap="RdBu_r", limits=(-limit, limit), shapes=False
    )


def show_costs():
    """Draw what a layer on clips costs in 2-D, 3-D and split, 64 channels to 64 maps."""
    C = F = 64
    T, H, W, KT, K = 16, 56, 56, 3, 3
    M = F * C * KT * K * K // (C * K * K + F * KT)
    weights = {
        "2-D, each frame alone": F * C * K * K,
        "3-D": F * C * KT * K * K,
        f"(2+1)-D, {M} maps between": M * C * K * K + F * M * KT,
        f"(2+1)-D, {F} maps between": F * C * K * K + F * F * KT,
    }
    texts = [
        f"{n:,} weights, {n * T * H * W / 1e9:.2f} billion MACs" for n in weights.values()
    ]
    plotting.show_bars(
        list(weights), list(weights.values()), value_labels=texts, xlabel="weights",
        title=f"{C} channels to {F} maps, {T} frames of {H} × {W}", limits=(0, 230_000),
    )  # fmt: skip


@cache
def motion_results(seed: int = 0):
    """Train the finished network and its controls; return names and shares."""
    clips, test = data.motion_clips(200, 1), data.motion_clips(400, 2)
    rng = np.random.default_rng(seed)
    opposite = to_backend(np.array(OPPOSITE))[test.y]
    order = np.random.default_rng(5).permutation(7)
    whole = motion_network(clips.x, clips.y, 3, rng)
    flat = motion_network(clips.x, clips.y, 1, rng)
    middle = motion_network(clips.x[:, :, 3:4], clips.y, 1, rng)

    def share(model, x, y=test.y):
        return training.evaluate(model, x, y)["accuracy"]

    return {
        "3-D network": share(whole, test.x),
        "… played backwards: same answer": share(whole, test.x[:, :, ::-1]),
        "… played backwards: opposite": share(whole, test.x[:, :, ::-1], opposite),
        "… frames in a fixed random order": share(whole, test.x[:, :, order]),
        "KT = 1, all frames": share(flat, test.x),
        "middle frame alone (2-D)": share(middle, test.x[:, :, 3:4]),
    }


def show_motion_controls():
    """Draw the shares of clips that the finished network and its controls name."""
    results = motion_results()
    plotting.show_bars(
        list(results), list(results.values()), limits=(0, 1.15),
        value_labels=[f"{v:.2f}" for v in results.values()],
        xlabel="share of 400 new clips (guessing: 0.25)",
    )  # fmt: skip


# --- the project -----------------------------------------------------------------------


def show_tasks():
    """Draw five images of each of the tasks A, B and C."""
    marked = data.watermarked_digits()
    kinds = {
        "A": to_numpy(data.digits_on_canvas(seed=0).x_train)[:5, 0],
        "B": to_numpy(data.shapes(5, seed=4).x)[:, 0],
        "C": to_numpy(marked.x_train[marked.y_train == 3])[:2, 0],
    }
    others = to_numpy(marked.x_train[marked.y_train != 3])[:3, 0]
    kinds["C"] = np.concatenate([kinds["C"], others])
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(6.8, 4.4)
        for row, (name, pictures) in enumerate(kinds.items()):
            axes = draw_row(fig, row, 3, pictures, (0, 1))
            axes[0].set_ylabel(name, rotation=0, labelpad=12, fontsize=12)
    alt = (
        "Three rows of five images. A: small digits at different places of a canvas. B: a "
        "circle, square, triangle or cross at different places, with noise. C: digits; "
        "the two threes have a bright mark in the upper left corner, the others have none."
    )
    plotting.show(fig, alt)


def written(build, fit):
    """Return the learner's trained network, or the finished one where theirs is blank."""
    split = data.digits_on_canvas(seed=0)
    for make, train in ((build, fit), (digit_network, train_digits)):
        rng = np.random.default_rng(0)
        try:
            model = make((1, 16, 16), 10, rng)
            train(model, split.x_train, split.y_train, rng)
        except NotImplementedError:
            continue
        return model
    raise ValueError("neither network could be trained")


def show_errors(build, fit, seed: int = 100, count: int = 12):
    """Draw the confusion matrix of a project on task A, and its clearest mistakes."""
    if plotting.figures_off():
        return
    test = data.digits_on_canvas(seed=seed)
    z = to_numpy(training.predict(written(build, fit), test.x_test)).astype(float)
    x, y, found = to_numpy(test.x_test)[:, 0], to_numpy(test.y_test), z.argmax(1)
    matrix = np.zeros((10, 10))
    np.add.at(matrix, (y, found), 1)
    plotting.show_heatmap(
        matrix, xlabel="read as", ylabel="digit", decimals=0,
        title=f"{(found == y).sum()} of {len(y)} test digits are read",
    )  # fmt: skip
    gap = z[np.arange(len(y)), found] - z[np.arange(len(y)), y]
    worst = np.argsort(-gap)[:count]
    titles = [f"{y[n]} read as {found[n]}" for n in worst if gap[n] > 0]
    if titles:
        plotting.show_images([x[n] for n in worst if gap[n] > 0], titles, limits=(0, 1))
