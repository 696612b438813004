"""What layers cost, in lesson 06: seconds, steps, sizes, parameters and MACs."""

import time

import numpy as np

from helpers import layers, plotting
from helpers.backend import array_module, to_backend, to_numpy
from helpers.figures_06 import python_steps


def show_race(functions: dict, N, C, H, W, F, KH, KW):
    """Measure functions ``f(x, w, b, stride, padding)`` and draw seconds and steps.

    A function that is not written yet, or stops with an error, is named and left out.
    """
    rng = np.random.default_rng(6)
    x, w = rng.standard_normal((N, C, H, W)), rng.standard_normal((F, C, KH, KW))
    arguments = (to_backend(x), to_backend(w), to_backend(np.zeros(F)), 1, 1)
    seconds, steps = {}, {}
    for name, function in functions.items():
        try:
            seconds[name] = quickest(function, arguments)
            steps[name] = python_steps(function, *arguments)
        except NotImplementedError:
            print(f"{name}: not written yet")
        except Exception as error:  # a learner's function may stop in any way
            print(f"{name}: left out, since it stops with {type(error).__name__}")
    slowest = max(seconds.values())
    texts = [
        f"{1000 * s:.3g} ms, {steps[n]:,} steps"
        + (f", {slowest / s:,.0f}× faster" if s < slowest else "")
        for n, s in seconds.items()
    ]
    plotting.show_bars(
        list(seconds),
        1000 * np.array(list(seconds.values())),
        caption="Measured here and now, the best of up to three runs. Steps are lines and "
        "calls that Python executes.",
        log=True,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds (logarithmic)",
        value_labels=texts,
        limits=(1e3 * min(seconds.values()) / 3, 1e5 * slowest),
    )


def quickest(function, arguments, runs: int = 3, patience: float = 1.0) -> float:
    """Return the seconds of the quickest of a few runs; slow functions run once."""
    times = []
    while len(times) < runs and sum(times) < patience:
        start = time.perf_counter()
        out = function(*arguments)
        to_numpy(out[0] if isinstance(out, tuple) else out)  # waits for a graphics card
        times.append(time.perf_counter() - start)
    return min(times)


def show_depth(count: int, factors):
    """Draw the size of the numbers behind each of many layers, for scaled He weights."""
    curves = {f"{factor:g} × He": depth(count, factor) for factor in factors}
    ends = "; ".join(f"{name} {values[-1]:.2g}" for name, values in curves.items())
    plotting.show_curves(
        curves,
        alt=f"Root mean square of the maps behind 0 to {count} layers on a logarithmic "
        f"axis. It begins at 1 and ends at: {ends}.",
        caption=f"Behind layer {count}: {ends}. The images began at 1.",
        xlabel="layers passed",
        ylabel="root mean square",
        logy=True,
        x=np.arange(count + 1),
    )


def depth(count: int, factor: float, channels: int = 64):
    """Return the root mean square behind 0 … count layers of 3 × 3 with ReLU."""
    rng = np.random.default_rng(66)
    x = to_backend(rng.standard_normal((2, channels, 7, 9)))
    xp, around = array_module(x), ((0, 0), (0, 0), (1, 1), (1, 1))
    sizes = [1.0]
    for _ in range(count):
        w = rng.normal(0, factor * np.sqrt(2 / (channels * 9)), (channels, channels, 3, 3))
        # Zeros around the image would make the numbers a little smaller.
        x = layers.relu(layers.conv2d(xp.pad(x, around, mode="wrap"), to_backend(w)))
        sizes.append(float((x**2).mean() ** 0.5))
    return np.array(sizes)


def lenet_costs() -> dict[str, tuple[int, int]]:
    """Return parameters and MACs of the layers of LeNet-5, counted on its arrays."""
    x, costs = np.zeros((1, 1, 28, 28)), {}
    for F, size, padding in ((6, 5, 2), (16, 5, 0)):
        w = np.zeros((F, x.shape[1], size, size))
        x = layers.conv2d(x, w, padding=padding)
        costs[f"conv {F} of {size} × {size}"] = w.size + F, w.size * x[0, 0].size
        x = layers.max_pool2d(x, 2)
    n = x.size
    for units in (120, 84, 10):
        costs[f"dense {units}"] = n * units + units, n * units
        n = units
    return costs


def show_costs():
    """Draw parameters and MACs of LeNet-5, layer by layer, as shares of the whole."""
    costs = lenet_costs()
    counts = np.array(list(costs.values()))
    shares = 100 * counts / counts.sum(0)
    words = "; ".join(
        f"{name}: {p:,} parameters ({a:.0f} %), {m:,} MACs ({c:.0f} %)"
        for (name, (p, m)), (a, c) in zip(costs.items(), shares, strict=True)
    )
    if plotting.figures_off():
        return
    with plotting.style():
        fig = plotting.new_figure(8.0, 2.9)
        axes = fig.subplots(1, 2, sharey=True)
        fig.subplots_adjust(left=0.16, right=0.97, wspace=0.12, top=0.88, bottom=0.08)
        rows = np.arange(len(costs))[::-1]
        for k, (ax, title) in enumerate(zip(axes, ("parameters", "MACs"), strict=True)):
            bars = ax.barh(rows, shares[:, k], height=0.68, color=f"C{k}")
            texts = [
                f"{n:,}  ({s:.0f} %)"
                for n, s in zip(counts[:, k], shares[:, k], strict=True)
            ]
            ax.bar_label(bars, texts, padding=4)
            ax.set_yticks(rows, list(costs))
            ax.tick_params(axis="y", length=0)
            ax.set(xlim=(0, 120), xticks=[])
            ax.set_title(f"{title}: {counts[:, k].sum():,}", loc="left")
            ax.spines[["left", "bottom"]].set_visible(False)
    plotting.show(fig, f"LeNet-5 on 28 by 28 pixels. {words}.", "LeNet-5, layer by layer.")
