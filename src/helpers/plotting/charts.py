"""Heat maps and bars."""

import numpy as np

from helpers.backend import to_numpy
from helpers.plotting.arrays import (
    cell_size,
    cell_texts,
    draw_cells,
    limits_of,
    match_titles,
    number_text,
)
from helpers.plotting.page import check_alt, figures_off, new_figure, show, style


def show_heatmap(
    values, alt: str | None = None, caption: str | None = None, *, title: str = "",
    xlabel: str = "", ylabel: str = "", xticks=None, yticks=None, label: str = "",
    numbers: bool | None = None, decimals: int | None = None, limits=None,
    cmap: str = "cividis",
    diverging: bool = False,
):  # fmt: skip
    """Draw a table of values as colours, with the numbers where they fit.

    Parameters
    ----------
    values : (H, W)
    alt : str, optional
        Without it the lowest and highest value and their places are put into words.
    caption : str, optional
    title, xlabel, ylabel, label : str
        `label` names the values, beside the colour bar.
    xticks, yticks : list, optional
        What to write at the W columns and the H rows; by default their indices.
    numbers : bool, optional
        Write the values; by default up to 15 columns.
    decimals : int, optional
        Digits after the point, for example 2 for accuracies.
    limits : (float, float), optional
    cmap : str
    diverging : bool
        Red and blue around zero, with symmetric limits.
    """
    values = to_numpy(values)
    if values.ndim != 2:
        raise ValueError(f"A heat map has the shape (H, W), not {values.shape}.")
    xticks = axis_texts(xticks, values.shape[1], "xticks", "columns")
    yticks = axis_texts(yticks, values.shape[0], "yticks", "rows")
    if alt is None:
        alt = describe_heatmap(values, xlabel, ylabel, xticks, yticks, title or label)
    alt = check_alt(alt)
    if figures_off():
        return
    numbers = values.shape[1] <= 15 if numbers is None else numbers
    limits = limits or limits_of([values], symmetric=diverging)
    texts = heat_texts(values, decimals) if numbers else None
    H, W = values.shape
    cell = cell_size([values]) if numbers else min(0.5, 6.0 / W, 5.0 / H)
    with style():
        fig = new_figure(W * cell + 2.2, H * cell + 1.2)
        box = fig.get_size_inches()
        ax = fig.add_axes(
            [0.9 / box[0], 0.65 / box[1], W * cell / box[0], H * cell / box[1]]
        )
        draw_cells(
            ax, values, limits, "RdBu_r" if diverging else cmap, texts, 9.0, index=False
        )
        for side in ax.spines.values():
            side.set_visible(False)
        ax.xaxis.tick_bottom()
        every = int(np.ceil(0.28 / cell))
        ax.set_xticks(range(0, W, every), xticks[::every])
        ax.set_yticks(range(0, H, every), yticks[::every])
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.set_title(title, pad=8)
        bar = fig.add_axes(
            [(1.05 + W * cell) / box[0], 0.65 / box[1], 0.14 / box[0], H * cell / box[1]]
        )
        fig.colorbar(ax.images[0], cax=bar, label=label).outline.set_visible(False)
    show(fig, alt, caption)


def heat_texts(values, decimals: int | None):
    """Return what to write into each cell."""
    if decimals is None:
        return cell_texts(values)
    write = np.vectorize(lambda v: f"{v:.{decimals}f}".replace("-", "−"), otypes=[object])
    return write(values)


def axis_texts(ticks, count: int, name: str, what: str) -> list[str]:
    """Return what to write at each cell of an axis."""
    ticks = range(count) if ticks is None else [t for t in to_numpy(ticks).tolist()]
    if len(ticks) != count:
        raise ValueError(f"There are {count} {what} but {len(ticks)} {name}.")
    return [number_text(t) if not isinstance(t, str) else t for t in ticks]


def describe_heatmap(values, xlabel, ylabel, xticks, yticks, name) -> str:
    """Return a heat map in words: its extremes and where they are."""
    words = []
    for word, flat in (("lowest", np.nanargmin(values)), ("highest", np.nanargmax(values))):
        i, j = np.unravel_index(flat, values.shape)
        where = f"{ylabel or 'row'} {yticks[i]}, {xlabel or 'column'} {xticks[j]}"
        words.append(f"{word} {number_text(float(values[i, j]))} at {where}")
    H, W = values.shape
    return (
        f"Heat map, {H} rows by {W} columns{f' of {name}' if name else ''}: "
        + "; ".join(words)
    )


def show_bars(
    labels, values, alt: str | None = None, caption: str | None = None, *,
    log: bool = False, title: str = "", xlabel: str = "", value_labels=None,
    highlight=(), limits=None,
):  # fmt: skip
    """Draw horizontal bars with their values written at the ends.

    Parameters
    ----------
    labels : list of str
    values : (N,)
        Not negative; with `log` a zero is drawn as no bar.
    alt : str, optional
        Without it labels and values are put into words.
    caption : str, optional
    log : bool
        Logarithmic axis.
    title, xlabel : str
    value_labels : list of str, optional
        What to write at the bars instead of the values.
    highlight : list of int
        Bars to hatch, for example the right class.
    limits : (float, float), optional
        Ends of the value axis.
    """
    values = to_numpy(values)
    labels = match_titles(values, labels, "values")
    texts = list(value_labels or [bar_text(v) for v in values.tolist()])
    if alt is None:
        pairs = ", ".join(f"{a}: {t}" for a, t in zip(labels, texts, strict=True))
        alt = f"Bars of {title or xlabel or 'values'}. {pairs}."
    alt = check_alt(alt)
    if figures_off():
        return
    with style():
        fig = new_figure(6.8, 0.36 * len(values) + 0.75)
        ax = fig.add_axes([0.27, 0.45 / fig.get_figheight(), 0.6,
                           1 - 0.7 / fig.get_figheight()])  # fmt: skip
        places = np.arange(len(values))[::-1]
        bars = ax.barh(places, values, height=0.68, log=log, color="C0")
        for n in highlight:
            bars[n].set(hatch="///", edgecolor="black", facecolor="C1")
        ax.bar_label(bars, texts, padding=4)
        ax.set_yticks(places, labels)
        ax.tick_params(axis="y", length=0)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.grid(axis="x")
        ax.set(xlabel=xlabel, xlim=limits or (log_limits(values) if log else None))
        ax.minorticks_off()
        ax.set_title(title, loc="left")
    show(fig, alt, caption)


def log_limits(values):
    """Return axis limits that begin at 1, or at the decade below the smallest bar."""
    positive = values[values > 0]
    if not positive.size:
        return 1, 10
    low = min(1.0, 10 ** np.floor(np.log10(positive.min()) - 0.3))
    return low, max(positive.max() * 1.3, 10 * low)


def bar_text(value) -> str:
    """Return a value with thousands separated, or with few digits."""
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else number_text(float(value))
