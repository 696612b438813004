"""Figures of lesson 06: channels, filters and maps; and a counter of Python's own steps."""

import sys

import numpy as np

from helpers import data, layers, plotting
from helpers.backend import to_backend, to_numpy
from helpers.plotting.arrays import limits_of
from helpers.plotting.images import draw_image

INSTALLED = ("site-packages", "dist-packages")  # where the array libraries live
BRIGHT, EDGE = (1 / 3, 1 / 3, 1 / 3), np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
POINT = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
SPOT = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
SLANT = np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
FILTERS = {  # name -> weight of each colour, kernel
    "brightness": (BRIGHT, np.full((3, 3), 1 / 9)),
    "red minus green": ((1, -1, 0), POINT),
    "blue minus yellow": ((-1 / 2, -1 / 2, 1), POINT),
    "upright edges": (BRIGHT, EDGE),
    "level edges": (BRIGHT, EDGE.T),
    "slanted edges": (BRIGHT, SLANT),
    "points and lines": (BRIGHT, SPOT),
    "upright edges of red": ((1, 0, 0), EDGE),
}


def python_steps(function, *args, **kwargs) -> int:
    """Count the lines and calls that Python executes during one call of a function.

    What runs inside an installed library, compiled or not, does not count. The number
    depends on no clock. Built for lesson 06.

    Parameters
    ----------
    function : callable
    *args, **kwargs
        What it is called with.
    """
    steps = 0

    def trace(code_frame, event, arg):
        nonlocal steps
        if event == "call" and any(p in code_frame.f_code.co_filename for p in INSTALLED):
            return None
        steps += event in ("line", "call")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args, **kwargs)
    finally:
        sys.settrace(before)
    return steps


def photo():
    """Return a colour photograph (1, 3, 200, 170), brightness 0 to 1."""
    rgb = to_numpy(data.sample_photo(shrink=3).rgb).transpose(2, 0, 1)
    return to_backend(rgb[None] / 255)


def hand_made(names=None):
    """Return hand-made filters (F, 3, 3, 3), by default all of `FILTERS`."""
    pairs = [FILTERS[name] for name in names or FILTERS]
    return np.array([np.multiply.outer(colour, kernel) for colour, kernel in pairs])


EXPLODED = ("brightness", "red minus green", "upright edges", "level edges")


def five_by_five():
    """Return four filters (4, 3, 5, 5): the hand-made ones, smoothed."""
    small, smooth = hand_made(EXPLODED), np.outer([1, 2, 1], [1, 2, 1]) / 16
    wide = np.zeros((len(small), 3, 5, 5))
    for p in range(3):
        for q in range(3):
            wide[:, :, p : p + 3, q : q + 3] += small * smooth[p, q]
    return wide


def show_exploded():
    """Draw a photograph's three channels, four filters of three kernels, and four maps."""
    image, w = photo(), five_by_five()
    maps = to_numpy(layers.conv2d(image, to_backend(w), padding=2))[0]
    image = to_numpy(image)[0]
    alt = (
        "On the left the red, green and blue channel of a portrait as three grey cards "
        "behind each other. In the middle four filters, each a stack of three kernels. "
        "On the right four maps as cards behind each other, one for each filter."
    )
    if plotting.figures_off():
        return
    F, C = w.shape[:2]
    with plotting.style():
        fig = plotting.new_figure(8.6, 4.4)
        stack(
            fig,
            image,
            (0.3, 0.75),
            (1.75, 2.06),
            (0.33, 0.33),
            ["gray"] * len(image),
            (0, 1),
        )
        for f in range(F):
            low = 3.35 - 0.93 * f
            limits = limits_of([w[f]], symmetric=True)
            stack(
                fig,
                w[f],
                (3.7, low),
                (0.52, 0.52),
                (0.19, 0.1),
                ["RdBu_r"] * C,
                limits,
                "0.6",
            )
            label(fig, 4.85, low + 0.3, f"+ b[{f}]", "left")
            label(fig, 3.62, low + 0.26, f"w[{f}]", "right")
        reach = [None if f == 0 else np.quantile(abs(maps[f]), 0.99) for f in range(F)]
        limits = [(0, 1) if r is None else (-r, r) for r in reach]
        stack(fig, maps, (5.95, 0.5), (1.6, 1.88), (0.28, 0.42), ["gray"] * F, limits)
        for x, text in ((2.95, "→"), (5.62, "→")):
            label(fig, x, 2.2, text, "center", 20)
        H, W = image.shape[1:]
        label(fig, 0.3, 0.35, f"x: {C} channels, red in front\n(1, {C}, {H}, {W})", "left")
        label(fig, 3.3, 0.2, f"w: {F} filters  {w.shape}", "left")
        label(fig, 5.95, 0.13, f"out: {F} maps\n(1, {F}, {H}, {W})", "left")
    caption = f"{C} channels, {F} filters of {C} kernels each, {F} maps, with padding 2."
    plotting.show(fig, alt, caption, sharpness=1.3)


def stack(fig, planes, corner, size, step, cmaps, limits, rim="white"):
    """Draw planes as cards behind each other, the first in front; all lengths in inches."""
    width, height = fig.get_size_inches()
    for n in reversed(range(len(planes))):
        x, y = corner[0] + n * step[0], corner[1] + n * step[1]
        ax = fig.add_axes([x / width, y / height, size[0] / width, size[1] / height])
        ax.set_zorder(len(planes) - n)
        scale = limits[n] if isinstance(limits, list) else limits
        draw_image(ax, planes[n], scale, cmaps[n])
        for side in ax.spines.values():
            side.set(color=rim, linewidth=1.5 if rim == "white" else 0.6)


def label(fig, x: float, y: float, text: str, align: str, size: float = 10):
    """Write text at inches x, y."""
    width, height = fig.get_size_inches()
    fig.text(x / width, y / height, text, ha=align, va="center", fontsize=size)


def show_feature_maps():
    """Draw a photograph and the maps of eight hand-made filters."""
    image = photo()
    maps = to_numpy(layers.conv2d(image, to_backend(hand_made()), padding=1))[0]
    # The border of zeros is an edge; what it causes is cut off, so that it sets no scale.
    maps = maps[:, 1:-1, 1:-1]
    shown = [maps[0]]
    for values in maps[1:]:
        reach = np.quantile(np.abs(values), 0.99)
        shown.append(np.clip(0.5 + values / (2 * reach), 0, 1))
    credit = data.sample_photo(shrink=64).credit
    plotting.show_images(
        [to_numpy(image)[0], *shown],
        ["the photograph", *FILTERS],
        alt="A portrait in colour and its eight maps: brightness; red minus green, bright "
        "at the red stripes of the flag and at the face; blue minus yellow, bright at the "
        "blue backdrop; reliefs of upright, level and slanted edges; thin lines; and "
        "upright edges of the red channel alone.",
        caption=f"One layer of {len(FILTERS)} filters of 3 × 3 × 3 weights. {credit}",
        ncols=3,
        size=1.6,
        limits=(0, 1),
    )
