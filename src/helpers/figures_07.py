"""Figures of lesson 07: where gradients go, and what they find."""

import itertools

import numpy as np

from helpers import data, plotting
from helpers.backend import to_backend, to_numpy
from helpers.plotting.arrays import cell_texts, draw_cells, number_text, row_of_axes
from helpers.plotting.sliding import frame


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
            draw_cells(ax, used, (0, 4), "Greys", texts, 9.0, grid=True)
            ax.set_title(f"pixel [{row}, {column}]", pad=6)
    caption = (
        f"Which outputs used a pixel, and with which weight. Image {H} × {W}, kernel {KH} "
        f"× {KW}, stride {stride}."
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
