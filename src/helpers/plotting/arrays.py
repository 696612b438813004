"""Pictures of small arrays with their numbers."""

import numpy as np

from helpers.backend import to_numpy
from helpers.plotting.page import check_alt, figures_off, new_figure, show, style

LONG = 6  # letters; a longer fraction is rounded in its cell
MOST_NUMBERS = 400  # more cells than this cannot be read


def as_rows(array):
    """Return a host array of two axes; a signal becomes one row."""
    array = to_numpy(array)
    if array.ndim == 1:
        return array[None]
    if array.ndim != 2:
        raise ValueError(
            f"An array to draw has 1 or 2 axes, but this one has {array.shape}."
        )
    return array


def number_text(value) -> str:
    """Return a number in few letters, with a real minus sign; nothing for NaN."""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if np.isnan(value):
        return ""
    text = f"{value:d}" if isinstance(value, (int, np.integer)) else f"{value:.3g}"
    return text.replace("-", "−")


def cell_texts(array):
    """Return the numbers of an array as written into its cells, few letters each."""
    texts = np.vectorize(number_text, otypes=[object])(array)
    if max(map(len, texts.flat), default=0) > LONG and array.dtype.kind == "f":
        places = 2 if np.nanmax(abs(array)) < 100 else 0
        texts = np.vectorize(
            lambda v: "" if np.isnan(v) else f"{v:.{places}f}".replace("-", "−"),
            otypes=[object],
        )(array)
    return texts


def cell_size(arrays) -> float:
    """Return the inches of a cell that holds the longest number in 10 pt."""
    longest = max(len(t) for a in arrays for t in cell_texts(a).flat)
    return max(0.44, 0.1 * longest + 0.04)


def text_colour(rgba) -> str:
    """Return black or white, whichever is easier to read on the colour.

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    channels = np.asarray(rgba[:3], float)
    linear = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    return "black" if linear @ [0.2126, 0.7152, 0.0722] > 0.179 else "white"


def limits_of(arrays, symmetric: bool = False):
    """Return (lowest, highest) over the finite values of all arrays, never equal."""
    values = np.concatenate([np.asarray(a, float).ravel() for a in arrays])
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    if symmetric:
        high = max(abs(low), abs(high))
        low = -high
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def draw_cells(ax, array, limits, cmap, texts=None, size=10.0, grid=False, index=True):
    """Draw a 2-D array as cells on axes, optionally with texts in them and indices."""
    import matplotlib

    colours = matplotlib.colormaps[cmap].with_extremes(bad="white")
    norm = matplotlib.colors.Normalize(*limits)
    H, W = array.shape
    ax.imshow(np.ma.masked_invalid(np.asarray(array, float)), cmap=colours, norm=norm)
    for side in ax.spines.values():
        side.set(visible=True, color="0.6", linewidth=0.8)
    if grid:
        lines = {"colors": "0.6", "linewidth": 0.8}
        ax.vlines(np.arange(1, W) - 0.5, -0.5, H - 0.5, **lines)
        ax.hlines(np.arange(1, H) - 0.5, -0.5, W - 0.5, **lines)
    if texts is not None:
        for (i, j), text in np.ndenumerate(texts):
            colour = text_colour(colours(norm(array[i, j]))) if text else "black"
            ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=size)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, colors="0.35", pad=2)
    ax.set_xticks(range(W) if index and W <= 16 else [])
    ax.set_yticks(range(H) if index and H <= 16 else [])


def row_of_axes(sizes, cell, gap=0.55, top=0.55, bottom=0.1):
    """Return a figure and axes side by side whose cells all have the same size.

    Parameters
    ----------
    sizes : list of (rows, columns)
    cell : float
        Inches per cell.
    gap, top, bottom : float
        Inches between the axes, above them and below them.
    """
    tall = max(rows for rows, _ in sizes) * cell
    width = sum(columns for _, columns in sizes) * cell + gap * (len(sizes) + 1)
    height = tall + top + bottom
    fig, axes, left = new_figure(width, height), [], gap
    for rows, columns in sizes:
        low = bottom + (tall - rows * cell) / 2
        box = [left / width, low / height, columns * cell / width, rows * cell / height]
        axes.append(fig.add_axes(box))
        left += columns * cell + gap
    return fig, axes


def describe_array(title: str, array) -> str:
    """Return an array in words: its title, shape and numbers, or their range."""
    shape = " by ".join(str(n) for n in array.shape)
    if array.ndim == 1:
        array, shape = array[None], f"{len(array)} values"
    if array.size <= 64:
        rows = "; ".join(" ".join(number_text(v) or "empty" for v in row) for row in array)
        return f"{title}, {shape}: {rows}"
    low, high = limits_of([array])
    return f"{title}, {shape}, values from {number_text(low)} to {number_text(high)}"


def match_titles(items, titles, what: str):
    """Return one title per item or raise ValueError."""
    if titles is None:
        return [""] * len(items)
    if isinstance(titles, str) or len(titles) != len(items):
        count = 1 if isinstance(titles, str) else len(titles)
        raise ValueError(
            f"There are {len(items)} {what} but {count} titles; give one each."
        )
    return list(titles)


def show_arrays(
    arrays,
    titles=None,
    alt: str | None = None,
    caption: str | None = None,
    *,
    numbers: bool = False,
    shared_scale: bool = False,
    cmap="gray",
    limits=None,
    shapes: bool = True,
):
    """Draw arrays side by side with cells of one size, optionally with their numbers.

    Parameters
    ----------
    arrays : list of (H, W) or (L,)
        A signal is drawn as one row. NaN cells stay empty.
    titles : list of str, optional
    alt : str, optional
        Without it the arrays are put into words.
    caption : str, optional
    numbers : bool
        Write each value into its cell; for at most 400 cells.
    shared_scale : bool
        One scale for all arrays, or one each.
    cmap : str or list of str
        A Matplotlib colour map, or one for each array. In ``RdBu_r``, for kernels, white is
        zero.
    limits : (float, float), optional
        The values drawn darkest and brightest.
    shapes : bool
        Add each shape to its title.

    Raises
    ------
    ValueError
        An array has not 1 or 2 axes, is too large for numbers, or has no title.
    """
    given = [to_numpy(a) for a in arrays]
    arrays = [as_rows(a) for a in given]
    titles = match_titles(arrays, titles, "arrays")
    maps = [cmap] * len(arrays) if isinstance(cmap, str) else list(cmap)
    if len(maps) != len(arrays):
        raise ValueError(f"There are {len(arrays)} arrays but {len(maps)} colour maps.")
    words = [
        describe_array(t or f"array {n}", a)
        for n, (t, a) in enumerate(zip(titles, given, strict=True), 1)
    ]
    alt = check_alt(
        alt if alt is not None else "Arrays side by side. " + ". ".join(words) + "."
    )
    largest = max(a.size for a in arrays)
    if numbers and largest > MOST_NUMBERS:
        raise ValueError(f"An array has {largest} cells; numbers fit into {MOST_NUMBERS}.")
    if figures_off():
        return
    common = limits or (limits_of(arrays) if shared_scale else None)
    columns = sum(a.shape[1] for a in arrays)
    cell = (
        0.44 if numbers else min(0.44, 7.5 / columns, 3.2 / max(a.shape[0] for a in arrays))
    )
    with style():
        fig, axes = row_of_axes([a.shape for a in arrays], cell)
        everything = zip(axes, arrays, titles, given, maps, strict=True)
        for ax, array, title, original, colours in everything:
            grid = numbers or array.size <= 200
            own = limits_of([array], symmetric=colours == "RdBu_r")
            draw_cells(
                ax,
                array,
                common or own,
                colours,
                cell_texts(array) if numbers else None,
                grid=grid,
                index=cell > 0.2,
            )
            if original.ndim == 1:
                ax.set_yticks([])  # a signal has no rows to number
            shape = str(original.shape) if shapes else ""
            ax.set_title(f"{title}\n{shape}".strip(), pad=6)
    show(fig, alt, caption)
