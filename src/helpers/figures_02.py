"""Figures of lesson 02, and the finished one-dimensional operations that they call."""

import numpy as np

from helpers.backend import array_module, to_numpy, xp
from helpers.plotting import figures_off, new_figure, show, show_window, style
from helpers.plotting.arrays import limits_of, text_colour

CELL, WIDE = 0.46, 0.62  # inches; a wide cell holds a product
ZERO = "white"


def correlate(x, w):
    """Correlate a signal with a kernel where it fits. Built in lesson 02.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
        From 1 to L weights.

    Returns
    -------
    array (L - K + 1,)
    """
    return convolve(x, w[::-1])


def convolve(x, w, mode: str = "valid"):
    """Convolve a signal with a kernel. Built in lesson 02.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
    mode : {"valid", "same", "full"}

    Returns
    -------
    array (L - K + 1,), (L,) or (L + K - 1,)

    Raises
    ------
    ValueError
        The mode is valid and the kernel is longer than the signal.
    """
    L, K = len(x), len(w)
    if mode == "valid" and K > L:
        raise ValueError(
            f"The kernel has {K} weights and the signal {L} samples, so it fits nowhere; "
            'use mode "full" or "same", or a shorter kernel.'
        )
    full = array_module(x).convolve(x, w, "full")
    first = {"full": 0, "same": (K - 1) // 2, "valid": K - 1}[mode]
    size = {"full": L + K - 1, "same": L, "valid": L - K + 1}[mode]
    return full[first : first + size]


def bell(sigma: float, r: int):
    """Return Gaussian weights that add up to 1, shape (2 r + 1,). Built in lesson 02."""
    weights = np.exp(-0.5 * np.square(np.linspace(-r, r, 2 * r + 1) / sigma))
    return xp.asarray(weights / weights.sum())


def slope():
    """Return the kernel of the difference of neighbours, shape (2,). Built in lesson 02."""
    return xp.asarray([-1.0, 1.0])


def show_one_window(x, w, i: int):
    """Draw signal, kernel and the one output value at start `i`, the others empty."""
    out = to_numpy(correlate(x, w))
    others = np.where(np.arange(len(out)) == i, out, np.nan)
    show_window(x, w, others, i, names=("signal", "kernel", "out"))


def show_sliding(x, w):
    """Draw every stop of a kernel on a short signal, its products and their sum.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
    """
    x, w, out = to_numpy(x), to_numpy(w), to_numpy(correlate(x, w))
    L, K, stops = len(x), len(w), len(out)
    sums = ", ".join(_number(value) for value in out)
    alt = (
        f"The kernel {_row(w)} slides along the signal {_row(x)}. At each of {stops} stops "
        f"the products with the {K} samples below it add up to one value: {sums}."
    )
    if figures_off():
        return
    with style():
        fig, ax = _canvas(-1.3, L + 1.9, stops + 1.4, WIDE)
        grey, light, answer = _greys(x), _weights(w), _greys(out)
        ax.text(-0.2, 0.5, "x", ha="right", va="center", fontsize=11)
        ax.text(L + 1.1, 0.5, "out", ha="center", va="center", fontsize=11)
        for j, value in enumerate(x):
            _cell(ax, j, 0, _number(value), grey(value))
            ax.text(j + 0.5, -0.12, j, ha="center", va="bottom", fontsize=8, color="0.35")
        for i in range(stops):
            ax.text(-0.2, i + 1.75, f"i = {i}", ha="right", va="center", color="0.35")
            for q in range(K):
                text = f"{_factor(x[i + q])}·{_factor(w[q])}"
                _cell(ax, i + q, i + 1.25, text, light(w[q]))
            ax.annotate(
                "", (L + 0.55, i + 1.75), (i + K + 0.08, i + 1.75),
                arrowprops={"arrowstyle": "->", "color": "0.6"},
            )  # fmt: skip
            _cell(ax, L + 0.6, i + 1.25, _number(out[i]), answer(out[i]), bold=True)
    show(fig, alt, "Each product has the colour of its weight: red above 0, blue below.")


def show_sizes(x, w):
    """Draw the windows of a convolution in its three sizes, the zeros hatched.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
    """
    x, w = to_numpy(x), to_numpy(w)
    L, K = len(x), len(w)
    pads = {"full": (K - 1, K - 1), "same": (K // 2, (K - 1) // 2), "valid": (0, 0)}
    words = [
        f"{mode}: {sum(pads[mode])} zeros around it, answer {_row(convolve(x, w, mode))}"
        for mode in pads
    ]
    alt = f"The signal {_row(x)} convolved with {_row(w)}. " + "; ".join(words) + "."
    if figures_off():
        return
    with style():
        fig, ax = _canvas(-K - 1.9, L + K + 1, 3 * 3.7 - 0.4)
        grey, answer = _greys(x), _greys(convolve(x, w, "full"))
        for n, (mode, (before, after)) in enumerate(pads.items()):
            top, out = 3.7 * n, convolve(x, w, mode)
            ax.text(-K - 1.8, top + 1.05, mode, va="center", fontsize=11, weight="bold")
            ax.text(-K - 1.8, top + 1.55, f"{len(out)} values", va="center", color="0.35")
            _stop(ax, -before, top, w[::-1], "first window")
            _stop(ax, L + after - K, top, w[::-1], "last window")
            for j in range(-before, L + after):
                inside = 0 <= j < L
                text = _number(x[j]) if inside else "0"
                colour = grey(x[j]) if inside else ZERO
                _cell(ax, j, top + 1.05, text, colour, hatch=not inside)
            middle = (K - 1) / 2 - before
            for i, value in enumerate(out):
                _cell(ax, i + middle, top + 2.2, _number(value), answer(value), bold=True)
    caption = (
        "In colour: the flipped kernel at its first and last stop. Hatched: zeros put "
        "around the signal. Bold: the answers, each below the middle of its window."
    )
    show(fig, alt, caption)


def show_matrix_product(x, w):
    """Draw the correlation of a short signal as matrix times vector.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
    """
    x, w, out = to_numpy(x), to_numpy(w), to_numpy(correlate(x, w))
    L, K, rows = len(x), len(w), len(out)
    alt = (
        f"A matrix of {rows} rows and {L} columns times the column {_row(x)} gives "
        f"{_row(out)}. Row i holds the kernel {_row(w)} from column i on, zeros elsewhere."
    )
    if figures_off():
        return
    with style():
        fig, ax = _canvas(-0.2, L + 5.4, max(L, rows) + 0.9)
        low = (L - rows) / 2  # the shorter columns stand at half height
        grey, light, answer = _greys(x), _weights(w), _greys(out)
        for i in range(rows):
            for j in range(L):
                filled = 0 <= j - i < K
                text = _number(w[j - i]) if filled else "0"
                colour = light(w[j - i]) if filled else ZERO
                _cell(ax, j, low + i, text, colour, faint=not filled)
            _cell(ax, L + 3.6, low + i, _number(out[i]), answer(out[i]), bold=True)
        for j, value in enumerate(x):
            _cell(ax, L + 1.2, j, _number(value), grey(value))
        for place, text in ((L + 0.6, "·"), (L + 2.9, "=")):
            ax.text(place, L / 2, text, ha="center", va="center", fontsize=15)
        names = {L / 2: f"M  ({rows}, {L})", L + 1.7: f"x  ({L},)"}
        names[L + 4.1] = f"out  ({rows},)"
        for place, text in names.items():
            ax.text(place, L + 0.45, text, ha="center", va="center", fontsize=10)
    show(fig, alt)


def _canvas(left: float, right: float, height: float, cell: float = CELL):
    """Return a figure and axes on which a cell is 1 by 1 and y grows downwards."""
    fig = new_figure((right - left) * cell, (height + 0.6) * CELL)
    ax = fig.add_axes([0, 0, 1, 1])
    ax.set(xlim=(left, right), ylim=(height, -0.6))
    ax.axis("off")
    return fig, ax


def _greys(values):
    """Return a function from a value to its grey, as in `show_window`."""
    return _scale("gray", limits_of([values]))


def _weights(w):
    """Return a function from a weight to its colour, as in `show_window`."""
    return _scale("RdBu_r", limits_of([w], symmetric=True))


def _scale(cmap: str, limits):
    """Return a function from a value to its colour between two limits."""
    import matplotlib

    norm = matplotlib.colors.Normalize(*limits)
    return lambda value: matplotlib.colormaps[cmap](norm(value))


def _cell(ax, x, y, text, colour, hatch=False, faint=False, bold=False):
    """Draw one cell with its upper left corner at (x, y)."""
    from matplotlib.patches import Rectangle

    edge, pattern = "0.8" if faint else "0.55", "////" if hatch else None
    ax.add_patch(Rectangle((x, y), 1, 1, fc=colour, ec=edge, lw=0.8, hatch=pattern))
    label = ax.text(x + 0.5, y + 0.52, text, ha="center", va="center")
    label.set(fontsize=9 if len(text) > 4 else 10, weight="bold" if bold else "normal")
    plain = "black" if isinstance(colour, str) else text_colour(colour)
    label.set_color("0.7" if faint else plain)
    if hatch:
        label.set_bbox({"fc": "white", "ec": "none", "pad": 1})


def _stop(ax, left, top, weights, name):
    """Draw a kernel above the cells that it covers."""
    light = _weights(weights)
    for q, weight in enumerate(weights):
        _cell(ax, left + q, top, _number(weight), light(weight))
    ax.text(left + len(weights) / 2, top - 0.1, name, ha="center", va="bottom", fontsize=8)


def _number(value) -> str:
    """Return a number in few letters, with a real minus sign."""
    return f"{value:.3g}".replace("-", "−")


def _factor(value) -> str:
    """Return a number as a factor: negative ones in brackets."""
    return f"({_number(value)})" if value < 0 else _number(value)


def _row(values) -> str:
    """Return numbers in words, for a description."""
    return "(" + ", ".join(_number(value) for value in values) + ")"
