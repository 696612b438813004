"""Figures of lesson 07, its finished numerical gradient, and a small net to train."""

import itertools

import numpy as np

from helpers import data, plotting
from helpers.backend import array_module, to_backend, to_numpy
from helpers.layers import (
    conv2d,
    conv2d_backward,
    flatten,
    flatten_backward,
    linear,
    linear_backward,
    relu,
    relu_backward,
)
from helpers.losses import cross_entropy
from helpers.plotting.arrays import cell_texts, draw_cells, number_text, row_of_axes
from helpers.plotting.sliding import frame


def finite_differences(f, x, upstream, h: float = 1e-5):
    """Measure the gradient of ``(upstream * f(x)).sum()`` with respect to x.

    Built in lesson 07. Each number of x is moved up and down by `h`, in float64.

    Parameters
    ----------
    f : function
        Takes an array like x and returns a number or an array.
    x : array (...)
        It is not changed.
    upstream : array or float
        In the shape of ``f(x)``.
    h : float
        The step, in units of x.

    Returns
    -------
    array (...)
        In the shape of x, float64.
    """
    xp = array_module(x)
    flat = x.astype(xp.float64).ravel()
    slopes = [xp.zeros(())] * flat.size
    for k in range(flat.size):
        moved = xp.stack([flat, flat])
        moved[0, k] += h
        moved[1, k] -= h
        above, below = (f(row.reshape(x.shape)) for row in moved)
        slopes[k] = xp.asarray(upstream * (above - below) / (2 * h)).sum()
    return xp.stack(slopes).reshape(x.shape)


def show_secants(h: float = 1.0):
    """Draw the cube x³ at x = 1 with its tangent, a one-sided and a central slope."""
    x = np.linspace(-0.2, 2.2, 61)
    one_sided = ((1 + h) ** 3 - 1) / h
    central = ((1 + h) ** 3 - (1 - h) ** 3) / (2 * h)
    lines = {
        "x³": x**3,
        "tangent, slope 3": 1 + 3 * (x - 1),
        f"from 1 to {1 + h:g}, slope {one_sided:g}": 1 + one_sided * (x - 1),
        f"from {1 - h:g} to {1 + h:g}, slope {central:g}": 1 + central * (x - 1),
    }
    plotting.show_curves(
        lines,
        alt=f"The cube of x with its tangent at 1. A line drawn with the slope from 1 to "
        f"{1 + h:g} is much too steep; one with the slope from {1 - h:g} to {1 + h:g} lies "
        "closer to the tangent.",
        caption="All three lines are drawn through the point (1, 1).",
        x=x,
        xlabel="x",
        markers=False,
    )


def slope_errors(steps, dtype, one_sided: bool):
    """Return how far the measured slope of exp at 1 is from e, for each step."""
    x, right = np.asarray(1, dtype), float(np.exp(1.0))
    errors = []
    for h in np.asarray(steps, dtype):
        below, width = (np.exp(x), h) if one_sided else (np.exp(x - h), 2 * h)
        errors.append(abs(float((np.exp(x + h) - below) / width) - right) / right)
    return np.maximum(errors, 1e-17)


def show_step_sizes():
    """Draw the error of measured slopes against the step h."""
    steps = 10.0 ** np.linspace(-12, 0, 49)
    curves = {
        "float32, central": slope_errors(steps[16:], np.float32, False),
        "float64, one-sided": slope_errors(steps, np.float64, True),
        "float64, central": slope_errors(steps, np.float64, False),
    }
    places = {name: steps[-len(values) :] for name, values in curves.items()}
    best = {name: float(places[name][values.argmin()]) for name, values in curves.items()}
    lowest = "; ".join(f"{name}: h = {h:.0e}" for name, h in best.items())
    at = int(abs(np.log10(steps) + 5).argmin())
    single, double = (
        float(curves[f"{t}, central"][at - len(steps)]) for t in ("float32", "float64")
    )
    plotting.show_curves(
        curves,
        alt="Relative error of a measured slope against the step h, both axes logarithmic. "
        "Each curve falls with h, turns, and rises again as h gets smaller. Lowest near "
        f"{lowest}.",
        caption=f"The slope of exp at 1. At h = {steps[at]:.0e} the central error is "
        f"{double:.0e} in float64 and {single:.0e} in float32.",
        x=places,
        xlabel="step h",
        ylabel="relative error",
        logx=True,
        logy=True,
        markers=False,
    )


def show_shares(dout, w):
    """Draw what each output of a 1-D correlation sends to each sample, and the sums.

    Parameters
    ----------
    dout : array (L - K + 1,)
    w : array (K,)
    """
    dout, w = to_numpy(dout), to_numpy(w)
    table = np.full((len(dout), len(dout) + len(w) - 1), np.nan)
    for i, g in enumerate(dout):
        table[i, i : i + len(w)] = g * w + 0.0  # no negative zeros
    total = np.nansum(table, axis=0)
    plotting.show_arrays(
        [dout[:, None], table, total[None]],
        ["dout", "what output i sends to sample j", "dx, the sums of the columns"],
        caption=f"Each row is dout[i] times the kernel {number_row(w)}, laid where the "
        "window i was.",
        numbers=True,
        cmap="RdBu_r",
        limits=(-2 * np.abs(total).max(), 2 * np.abs(total).max()),
        shapes=False,
    )


def number_row(values) -> str:
    """Return numbers as text, in brackets."""
    return "[" + " ".join(number_text(v) for v in values) + "]"


def scattered(dout, w, stride: int, count: int):
    """Return dx (H, W) of one map after its first `count` outputs have sent theirs."""
    (OH, OW), (KH, KW) = dout.shape, w.shape
    dx = np.zeros(((OH - 1) * stride + KH, (OW - 1) * stride + KW))
    for i, j in list(itertools.product(range(OH), range(OW)))[:count]:
        top, left = i * stride, j * stride
        dx[top : top + KH, left : left + KW] += dout[i, j] * w
    return dx


def animate_scatter(dout, w, stride: int = 1):
    """Let each output paint its window of dx: who touched whom.

    Parameters
    ----------
    dout : array (OH, OW)
    w : array (KH, KW)
    stride : int
    """
    dout, w = to_numpy(dout), to_numpy(w)
    places = list(itertools.product(*map(range, dout.shape)))
    final = scattered(dout, w, stride, len(places))
    reach = max(np.abs(final).max(), np.abs(w).max(), np.abs(dout).max()) * 1.6
    titles = [f"{n} {a.shape}" for n, a in (("dout", dout), ("w", w), ("dx", final))]

    def draw(count):
        i, j = places[count]
        dx = scattered(dout, w, stride, count + 1)
        fig, axes = row_of_axes([a.shape for a in (dout, w, dx)], 0.46, bottom=0.4)
        for ax, array, title in zip(axes, (dout, w, dx), titles, strict=True):
            draw_cells(ax, array, (-reach, reach), "RdBu_r", cell_texts(array), grid=True)
            ax.set_title(title, pad=6)
        frame(axes[0], i, j)
        frame(axes[2], i * stride, j * stride, *w.shape)
        fig.text(
            0.02, 0.02, f"dx[{i * stride}:{i * stride + w.shape[0]}, {j * stride}:"
            f"{j * stride + w.shape[1]}] += {number_text(dout[i, j])} · w", fontsize=11,
        )  # fmt: skip
        return fig

    plotting.animate(
        draw,
        len(places),
        alt=f"Each of {len(places)} outputs adds its gradient times the filter to the "
        f"window of dx that it saw, stride {stride}. Where windows overlap, values add up.",
        caption="One step per output. The last step shows the finished dx.",
        labels=[f"Output {n + 1} of {len(places)}" for n in range(len(places))],
        first=len(places) - 1,
    )


def show_senders(shape, kernel_shape, stride: int, pixels):
    """Draw for some pixels which outputs used them, and with which weight.

    Parameters
    ----------
    shape, kernel_shape : (int, int)
        Of the image and of the kernel; no padding.
    stride : int
    pixels : list of (row, column)
        A drawing for each.
    """
    (H, W), (KH, KW) = shape, kernel_shape
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    tables, words = [], []
    for row, column in pixels:
        texts = np.full((OH, OW), "", object)
        for i, j in itertools.product(range(OH), range(OW)):
            p, q = row - i * stride, column - j * stride
            if 0 <= p < KH and 0 <= q < KW:
                texts[i, j] = f"w[{p}, {q}]"
        users = [f"output {i}, {j} by {t}" for (i, j), t in np.ndenumerate(texts) if t]
        tables.append(texts)
        words.append(f"Pixel {row}, {column}: {', '.join(users) or 'no output'}.")
    alt = f"Outputs of a {KH} by {KW} kernel, stride {stride}. " + " ".join(words)
    if plotting.figures_off():
        return
    with plotting.style():
        fig, axes = row_of_axes([(OH, OW)] * len(tables), 0.56, gap=0.6)
        for ax, texts, (row, column) in zip(axes, tables, pixels, strict=True):
            used = (texts != "").astype(float)
            draw_cells(ax, used, (0, 4), "Oranges", texts, 9.0, grid=True)
            ax.set_title(f"pixel [{row}, {column}]", pad=6)
    caption = (
        f"Which outputs used a pixel, and with which weight. Image {H} by {W}, kernel {KH} "
        f"by {KW}, stride {stride}."
    )
    plotting.show(fig, alt, caption)


def show_gather(dout, w, stride: int):
    """Draw dout, dout spread by the stride, the rotated filter, and dx.

    Parameters
    ----------
    dout : array (OH, OW)
    w : array (KH, KW)
    stride : int
    """
    dout, w = to_numpy(dout), to_numpy(w)
    OH, OW = dout.shape
    spread = np.zeros(((OH - 1) * stride + 1, (OW - 1) * stride + 1))
    spread[::stride, ::stride] = dout
    dx = scattered(dout, w, stride, dout.size)
    reach = 1.6 * np.abs(dx).max()
    plotting.show_arrays(
        [dout, spread, w[::-1, ::-1], dx],
        ["dout", f"spread by {stride}", "w rotated", "dx"],
        caption="Correlating the second array, with zeros around it, with the third gives "
        "the fourth.",
        numbers=True,
        cmap="RdBu_r",
        limits=(-reach, reach),
    )


def photo():
    """Return a grey photograph (1, 1, 100, 85) with mean 0 and standard deviation 1."""
    grey = to_numpy(data.sample_photo(shrink=6).grey).astype(float)
    return to_backend((grey - grey.mean()) / grey.std())[None, None]


def show_task(image, wanted):
    """Draw a photograph (1, 1, H, W) and what a filter has made of it."""
    plotting.show_images(
        [image[0, 0], wanted[0, 0]],
        ["photograph", "after the filter"],
        alt="A portrait in grey, and a relief of its upright edges: bright where the "
        "brightness rises to the right, dark where it falls.",
        caption=f"Photograph: {data.sample_photo(shrink=64).credit}",
        shared_scale=False,
    )


def show_learned(kernels: dict, target):
    """Draw kernels by the step at which they were learned, and the one to be found."""
    found = [to_numpy(w)[0, 0] for w in kernels.values()]
    wanted = to_numpy(target)[0, 0]
    far = float(np.abs(found[-1] - wanted).max())
    plotting.show_kernels(
        [np.round(w, 1) + 0.0 for w in [*found, wanted]],  # no negative zeros
        [*(f"step {n}" for n in kernels), "target"],
        caption="Weights, rounded to one decimal. In the end the largest difference from "
        f"the target is {far:.2g}.",
        ncols=len(found) + 1,
        shared_scale=True,
    )


def train_small_net(change, epochs: int = 8, learning_rate: float = 0.1, seed: int = 0):
    """Train 6 filters and a dense layer on the 8×8 digits, by stochastic gradient descent.

    Parameters
    ----------
    change : function
        Is given each dw (6, 1, 3, 3) and returns what the filters are trained with.
    epochs : int
        Times that all images are seen.
    learning_rate : float
    seed : int
        Of the first weights and of the order of the images.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch, in nats.
    accuracy : float
        Share of the test digits that are read right.
    """
    digits, rng = data.digits("float64"), np.random.default_rng(seed)
    w = to_backend(rng.standard_normal((6, 1, 3, 3)) * np.sqrt(2 / 9))
    v = to_backend(rng.standard_normal((10, 216)) * np.sqrt(1 / 216))
    b, c = to_backend(np.zeros(6)), to_backend(np.zeros(10))
    losses = []
    for _ in range(epochs):
        batches = np.array_split(rng.permutation(len(digits.x_train)), 45)
        total = 0.0
        for batch in batches:
            x, y = (a[to_backend(batch)] for a in (digits.x_train, digits.y_train))
            maps = conv2d(x, w, b)
            flat = flatten(relu(maps))
            loss, dz = cross_entropy(linear(flat, v, c), y)
            dflat, dv, dc = linear_backward(dz, flat, v)
            dmaps = relu_backward(flatten_backward(dflat, maps.shape), maps)
            _, dw, db = conv2d_backward(dmaps, x, w)
            for param, grad in ((w, change(dw)), (b, db), (v, dv), (c, dc)):
                param -= learning_rate * grad
            total += float(loss) / len(batches)
        losses.append(total)
    scores = linear(flatten(relu(conv2d(digits.x_test, w, b))), v, c)
    return losses, float((scores.argmax(1) == digits.y_test).mean())
