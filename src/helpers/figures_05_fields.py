"""Figures of lesson 05: receptive fields."""

import numpy as np

from helpers import plotting
from helpers.backend import array_module, to_backend, to_numpy
from helpers.figures_05 import PALE, USED, box, taps
from helpers.layers import conv2d, out_size
from helpers.plotting.arrays import limits_of
from helpers.plotting.images import draw_image, grid_of_axes
from helpers.plotting.sliding import HIGHLIGHT


def field_of(layers) -> tuple[int, int, int]:
    """Return (rf, jump, start) along one axis of a stack of layers.

    Built in lesson 05; here by following the first two outputs back to the input.

    Parameters
    ----------
    layers : list of (k, s, p, d)
        Kernel, stride, padding and dilation of each layer, the first layer first.
    """
    first, second = seen_by(layers, 0)[0], seen_by(layers, 1)[0]
    return max(first) - min(first) + 1, min(second) - min(first), min(first)


def seen_by(layers, i: int) -> list[set[int]]:
    """Return the places that output i depends on: in the input, then after each layer."""
    places = [{i}]
    for k, s, p, d in reversed(layers):
        below = {place - p for o in places[0] for place in taps(o, k, s, d)}
        places.insert(0, below)
    return places


def show_pyramids(stacks: dict, n: int):
    """Draw stacks of layers over an axis of n pixels, with what one output has seen.

    Parameters
    ----------
    stacks : dict of str to list of (k, s, p, d)
    n : int
    """
    facts = {name: field_of(layers) for name, layers in stacks.items()}
    words = [f"{name}: {rf} pixels" for name, (rf, _, _) in facts.items()]
    alt = "Layers above an axis, each cell joined to those it reads. One output sees: "
    alt += "; ".join(words) + "."
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.2, 2.9)
        axes = fig.subplots(1, len(stacks))
        fig.subplots_adjust(left=0.01, right=0.99, top=0.84, bottom=0.02, wspace=0.06)
        for ax, (name, layers) in zip(axes, stacks.items(), strict=True):
            draw_pyramid(ax, layers, n)
            rf, jump, _ = facts[name]
            ax.set_title(f"{name}\nsees {rf} pixels, jump {jump}", fontsize=10)
    plotting.show(
        fig, alt, "Input at the bottom, output at the top. Blue: seen by one output."
    )


def draw_pyramid(ax, layers, n: int):
    """Draw one stack: every cell above the middle of the pixels that it sees."""
    sizes, place = [n], [lambda i: float(i)]
    for count, (k, s, p, d) in enumerate(layers, 1):
        sizes.append(out_size(sizes[-1], k, p, p, s, d))
        rf, jump, start = field_of(layers[:count])
        place.append(lambda i, r=rf, j=jump, a=start: a + i * j + (r - 1) / 2)
    chosen = (sizes[-1] - 1) // 2
    seen = seen_by(layers, chosen)
    gap, top = 3.6, len(layers)
    for level, (k, s, p, d) in enumerate(layers, 1):
        for o in seen[level] & set(range(sizes[level])):
            for below in set(np.array(taps(o, k, s, d)) - p) & set(range(sizes[level - 1])):
                x = [place[level](o) + 0.5, place[level - 1](below) + 0.5]
                y = [(top - level) * gap + 1, (top - level + 1) * gap]
                ax.plot(x, y, color="0.55", linewidth=0.8)
    for level, size in enumerate(sizes):
        for i in range(size):
            colour = USED if i in seen[level] else PALE
            look = {"facecolor": colour, "edgecolor": "0.45", "linewidth": 0.8}
            box(ax, place[level](i), (top - level) * gap, "", **look)
    ax.set(xlim=(-0.6, n + 0.6), ylim=(top * gap + 1.3, -0.5), aspect="equal")
    ax.axis("off")


def influence(layers, H: int, W: int, i: int, j: int):
    """Return how much each pixel (H, W) weighs in output (i, j) of a stack of averages.

    Every layer takes the mean of its window. The answer is measured: one image for each
    pixel, bright in that pixel alone.
    """
    x = to_backend(np.eye(H * W).reshape(H * W, 1, H, W))
    for k, s, p, d in layers:
        w = array_module(x).full((1, 1, k, k), 1 / k**2)
        x = conv2d(x, w, None, s, p, d)
    return to_numpy(x[:, 0, i, j]).reshape(H, W)


def show_measured(layers, H: int, W: int, i: int, j: int):
    """Draw which pixels output (i, j) has seen, and how much each of them counts."""
    from matplotlib.patches import Rectangle

    rf, jump, start = field_of(layers)
    top, left = start + i * jump, start + j * jump
    weights = influence(layers, H, W, i, j)
    rows, columns = np.indices((H, W))
    middle = (abs(rows - top - (rf - 1) / 2) <= rf / 4) & (
        abs(columns - left - (rf - 1) / 2) <= rf / 4
    )
    share = weights[middle].sum() / weights.sum()
    part = middle.sum() / rf**2
    caption = (
        f"Output ({i}, {j}). Frame: {rf} × {rf} pixels from row {top}, column {left}: "
        f"the formula. Its middle {part:.0%} carry {share:.0%} of the weight."
    )
    alt = "The pixels that were seen fill the frame of the formula; their weights form a "
    alt += "bell, high in the middle and near zero at the frame."
    if plotting.figures_off():
        return
    pictures = {"seen (measured)": weights > 0, "how much it counts": weights}
    with plotting.style():
        fig, axes = grid_of_axes([(H, W)] * 2, 2, 3.4, list(pictures))
        for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
            draw_image(ax, picture, limits_of([picture]), "cividis")
            corner = (left - 0.5, top - 0.5)
            ax.add_patch(Rectangle(corner, rf, rf, fill=False, ec=HIGHLIGHT, lw=2.5))
            ax.set_title(title, pad=4)
    plotting.show(fig, alt, caption)
