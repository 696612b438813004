"""Figures and the table of lesson 11: what networks are made of and what they cost."""

import numpy as np

from helpers import plotting
from helpers.architectures import NETWORKS, cost_of

DENSE = {"color": "C1", "hatch": "///", "edgecolor": "black"}
BOX = {"boxstyle": "round,pad=0.45", "fc": "white", "ec": "0.35"}
ARROW = {"arrowstyle": "-|>", "color": "0.35", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}


def show_blocks():
    """Draw two residual blocks: one with an empty shortcut, one with a projection."""
    alt = (
        "Two blocks. In each, maps go through two convolutions of 3 × 3 and are added to "
        "what came around them. Left, 64 maps in and out: the way around is an empty line. "
        "Right, 64 maps in, 128 out with stride 2: on the way around is a convolution of "
        "1 × 1 with stride 2."
    )
    if plotting.figures_off():
        return
    blocks = [
        ("64 maps", "3 × 3, 64", "3 × 3, 64", "64 maps", ""),
        ("64 maps", "3 × 3, 128\nstride 2", "3 × 3, 128",
         "128 maps,\nhalf as high and wide", "1 × 1, 128\nstride 2"),
    ]  # fmt: skip
    with plotting.style():
        fig = plotting.new_figure(8.6, 2.1)
        ax = fig.add_axes([0, 0, 1, 1])
        ax.set(xlim=(0, 8.6), ylim=(0, 2.1))
        ax.axis("off")
        for n, block in enumerate(blocks):
            draw_block(ax, 0.2 + 4.2 * n, *block)
    plotting.show(fig, alt)


def draw_block(ax, left: float, start, first, second, end, around):
    """Draw one block: a row of boxes, a sum, and the way around; lengths in inches."""
    row, top, mid = 0.75, 1.65, 1.9
    places = [left + x for x in (0.35, 1.35, 2.35, 3.1)]
    texts = [start, first, second, "+"]
    for x, text in zip(places, texts, strict=True):
        box = BOX | ({"boxstyle": "circle,pad=0.25"} if text == "+" else {})
        style = {} if text == start else {"bbox": box}
        ax.text(x, row, text, ha="center", va="center", fontsize=9, **style)
    reach = [(0.68, 0.95), (1.76, 1.94), (2.76, 2.93), (3.27, 3.6)]
    for a, b in reach:
        ax.annotate("", (left + b, row), (left + a, row), arrowprops=ARROW)
    ax.text(left + 3.3, row - 0.5, end, ha="center", va="center", fontsize=9)
    fork = left + 0.8
    ax.plot([fork, fork, places[3]], [row, top, top], color="0.35", lw=1.4)
    ax.annotate("", (places[3], row + 0.17), (places[3], top), arrowprops=ARROW)
    words = around or "nothing on the way"
    style = {"bbox": BOX} if around else {"va": "bottom"}
    y = top if around else top + 0.08
    ax.text(left + mid, y, words, ha="center", fontsize=9, **({"va": "center"} | style))


def totals(name: str):
    """Return params, MACs, and of both the parts in dense layers, of a famous network."""
    costs = list(cost_of(NETWORKS[name].layers, NETWORKS[name].shape))
    dense = [cost for cost in costs if cost.kind == "dense"]
    sums = [(sum(c.params for c in part), sum(c.macs for c in part))
            for part in (costs, dense)]  # fmt: skip
    return *sums[0], *sums[1]


def show_shares():
    """Draw which part of the parameters and of the MACs lies in dense layers."""
    names = list(NETWORKS)
    numbers = {name: totals(name) for name in names}
    shares = [[numbers[n][2 + k] / numbers[n][k] for n in names] for k in (0, 1)]
    alt = "Share in dense layers. " + " ".join(
        f"{name}: {100 * shares[0][n]:.1f} % of {numbers[name][0]:,} parameters, "
        f"{100 * shares[1][n]:.1f} % of {numbers[name][1]:,} MACs."
        for n, name in enumerate(names)
    )
    if plotting.figures_off():
        return
    places = np.arange(len(names))[::-1]
    with plotting.style():
        fig = plotting.new_figure(8.4, 3.8)
        for k, what in enumerate(("parameters", "MACs")):
            ax = fig.add_axes([0.14 + 0.45 * k, 0.02, 0.4, 0.84])
            inside = np.array(shares[k])
            ax.barh(places, 1 - inside, 0.42, color="C0", label="convolutions")
            ax.barh(places, inside, 0.42, left=1 - inside, label="dense layers", **DENSE)
            for place, name, share in zip(places, names, inside, strict=True):
                ends = {"va": "bottom", "fontsize": 9}
                ax.text(0, place + 0.23, f"{numbers[name][k]:,}", **ends)
                ax.text(1, place + 0.23, f"dense {100 * share:.1f} %", ha="right", **ends)
            ax.set_yticks(places, names if k == 0 else [])
            ax.set(xlim=(0, 1), ylim=(-0.4, len(names) - 0.3), xticks=[])
            ax.tick_params(length=0)
            ax.spines[["left", "bottom"]].set_visible(False)
            ax.set_title(what, loc="left", pad=22)
            if k == 0:
                ax.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncols=2)
    plotting.show(fig, alt)


def show_map():
    """Draw parameters against MACs of the five networks for photographs."""
    rows = [(name, net, totals(name)) for name, net in NETWORKS.items() if net.accuracy]
    alt = "MACs and parameters, on logarithmic axes. " + " ".join(
        f"{name}: {macs / 1e6:,.0f} million MACs, {params / 1e6:.1f} million parameters, "
        f"{net.accuracy} % right."
        for name, net, (params, macs, *_) in rows
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(6.6, 3.6)
        ax = fig.add_axes([0.12, 0.16, 0.84, 0.8])
        for name, net, (params, macs, *_) in rows:
            ax.plot(macs, params, "o", color="C0", ms=8)
            text = f"{name} ({net.year})\n{net.accuracy} % right"
            ax.annotate(text, (macs, params), (9, 0), textcoords="offset points",
                        va="center", fontsize=9)  # fmt: skip
        ax.set(xscale="log", yscale="log", xlim=(3e8, 8e10), ylim=(2e6, 3e8),
               xlabel="MACs for one image", ylabel="parameters")  # fmt: skip
        ax.grid(True)
    groups: dict[str, list[str]] = {}
    for name, net, _ in rows:
        groups.setdefault(net.source, []).append(name)
    credit = "; ".join(f"{', '.join(names)}: {s}" for s, names in groups.items())
    plotting.show(
        fig, alt, f"Right: of ImageNet's validation images, as published. {credit}."
    )


def size_text(shape) -> str:
    """Return a shape as text: 6 × 28 × 28."""
    return " × ".join(map(str, shape))


def print_table(net, shape):
    """Print what each layer of a network makes and costs, or which layer does not fit.

    Parameters
    ----------
    net : list of tuple
    shape : (C, H, W)
        Of one image.
    """
    line = "{:>5}  {:<12} {:<18} {:>14} {:>18}".format
    print(line("layer", "kind", "out", "parameters", "MACs"))
    print(line("", "image", size_text(shape), "", ""))
    params = macs = 0
    try:
        for c in cost_of(net, shape):
            out = size_text(c.out_shape)
            print(line(c.place, c.kind, out, f"{c.params:,}", f"{c.macs:,}"))
            params, macs = params + c.params, macs + c.macs
        print(line("", "total", "", f"{params:,}", f"{macs:,}"))
    except ValueError as error:
        print(f"\n{error}")
