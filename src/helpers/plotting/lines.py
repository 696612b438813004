"""Signals below each other, and curves on one pair of axes."""

import numpy as np

from helpers.backend import to_numpy
from helpers.plotting.arrays import limits_of, match_titles, number_text
from helpers.plotting.page import check_alt, figures_off, new_figure, show, style

DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)), (0, (3, 1)))
MOST_STEMS = 32  # samples; longer signals are drawn as lines


def show_signals(
    signals, titles=None, alt: str | None = None, caption: str | None = None, *,
    x=None, xlabel: str = "sample", ylabel: str = "", kind: str = "auto",
    same_width: bool = True, same_height: bool = False, height: float = 1.25,
):  # fmt: skip
    """Draw signals below each other.

    Parameters
    ----------
    signals : list of (L,)
    titles : list of str, optional
    alt : str, optional
        Without it titles, lengths and ranges are put into words.
    caption : str, optional
    x : (L,) or list of (L,), optional
        Where the samples are; by default 0, 1, 2 …
    xlabel, ylabel : str
    kind : {"auto", "stem", "line"}
        ``auto`` draws stems up to 32 samples.
    same_width, same_height : bool
        One time axis, one value axis for all.
    height : float
        Inches per signal.
    """
    signals = [to_numpy(s) for s in signals]
    titles = match_titles(signals, titles, "signals")
    alt = check_alt(alt if alt is not None else describe_signals(signals, titles))
    if figures_off():
        return
    places = signal_places(signals, x)
    with style():
        n = len(signals)
        fig = new_figure(7.4, n * (height + 0.3) + 0.4)
        axes = fig.subplots(n, 1, sharex=same_width, sharey=same_height, squeeze=False)[
            :, 0
        ]
        fig.subplots_adjust(
            hspace=0.42, top=1 - 0.1 / n, bottom=0.45 / fig.get_figheight(), left=0.08,
            right=0.99,
        )  # fmt: skip
        for ax, signal, title, where in zip(axes, signals, titles, places, strict=True):
            draw_signal(ax, where, signal, kind)
            ax.set_title(title, loc="left", pad=3)
            ax.set_ylabel(ylabel)
        axes[-1].set_xlabel(xlabel)
    show(fig, alt, caption)


def signal_places(signals, x):
    """Return the x of each signal."""
    if x is None:
        return [np.arange(len(s)) for s in signals]
    one = not isinstance(x, (list, tuple)) or np.ndim(x[0]) == 0
    places = [to_numpy(x)] * len(signals) if one else [to_numpy(v) for v in x]
    for where, signal in zip(places, signals, strict=True):
        if where.shape != signal.shape:
            raise ValueError(
                f"x has the shape {where.shape} and its signal {signal.shape}."
            )
    return places


def draw_signal(ax, x, signal, kind: str):
    """Draw one signal as stems or as a line."""
    ax.grid(axis="y")
    ax.margins(x=0.01, y=0.12)
    if kind == "stem" or (kind == "auto" and len(signal) <= MOST_STEMS):
        ax.axhline(0, color="0.35", linewidth=0.8)
        ax.vlines(x, 0, signal, linewidth=1.6)
        ax.plot(x, signal, "o", markersize=5)
    else:
        ax.plot(x, signal, linewidth=1.3)


def describe_signals(signals, titles) -> str:
    """Return signals in words."""
    words = []
    for n, (title, signal) in enumerate(zip(titles, signals, strict=True), 1):
        low, high = (number_text(float(v)) for v in limits_of([signal]))
        if len(signal) <= 12:
            values = ", ".join(number_text(v) for v in signal)
            words.append(f"{title or f'signal {n}'}: {values}")
        else:
            words.append(
                f"{title or f'signal {n}'}: {len(signal)} samples from {low} to {high}"
            )
    return "Signals below each other. " + ". ".join(words) + "."


def show_curves(
    curves, alt: str | None = None, caption: str | None = None, *, x=None,
    xlabel: str = "", ylabel: str = "", title: str = "", logy: bool = False,
    logx: bool = False, markers: bool | None = None, xticks=None,
):  # fmt: skip
    """Draw named curves on one pair of axes, named beside them.

    Parameters
    ----------
    curves : dict of str to (L,)
    alt : str, optional
        Without it each curve's first and last value are put into words.
    caption : str, optional
    x : (L,) or dict of str to (L,), optional
        By default 0, 1, 2 …
    xlabel, ylabel, title : str
    logy, logx : bool
        Logarithmic axes.
    markers : bool, optional
        Mark the samples; by default up to 30 of them.
    xticks : list of numbers, optional
        Where the horizontal axis has numbers; by default Matplotlib chooses.
    """
    curves = {name: to_numpy(values) for name, values in curves.items()}
    alt = check_alt(alt if alt is not None else describe_curves(curves, xlabel, ylabel))
    if figures_off():
        return
    with style():
        fig = new_figure(6.6, 3.2)
        ax = fig.add_axes([0.1, 0.15, 0.72, 0.75])
        for n, (name, values) in enumerate(curves.items()):
            where = x[name] if isinstance(x, dict) else x
            where = np.arange(len(values)) if where is None else to_numpy(where)
            dots = len(values) <= 30 if markers is None else markers
            ax.plot(
                where, values, linestyle=DASHES[n % len(DASHES)], label=name, color=f"C{n}",
                marker="osD^v"[n % 5] if dots else "", markersize=4,
            )  # fmt: skip
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.set_yscale("log" if logy else "linear")
        ax.set_xscale("log" if logx else "linear")
        ax.grid()
        if xticks is not None:
            places = to_numpy(xticks)
            ax.set_xticks(places, [number_text(place) for place in places], minor=False)
            ax.minorticks_off()
        elif x is None and not logx:
            ax.xaxis.get_major_locator().set_params(integer=True)
        name_curves(ax)
    show(fig, alt, caption)


def name_curves(ax):
    """List the curves beside the axes, in the order of their right ends."""
    lines = sorted(ax.lines, key=lambda line: -np.nan_to_num(line.get_ydata()[-1]))
    ax.legend(
        handles=lines, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=2.8,
        fontsize=10,
    )  # fmt: skip


def describe_curves(curves, xlabel: str, ylabel: str) -> str:
    """Return curves in words: first and last value of each."""
    words = [
        f"{name} goes from {number_text(float(v[0]))} to {number_text(float(v[-1]))}"
        for name, v in curves.items()
    ]
    return f"{ylabel or 'Curves'} against {xlabel or 'index'}: " + "; ".join(words) + "."
