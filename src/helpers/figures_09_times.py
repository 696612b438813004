"""Figures of lesson 09 that measure time and memory."""

import numpy as np

from helpers import layers, plotting
from helpers.backend import to_backend, xp
from helpers.figures_09_ways import by_fft, by_im2col, by_offsets, by_windows, quickest


def show_race(more: dict, N, C, H, W, F, KH, KW):
    """Measure the ways to compute a layer and draw their times.

    `more` holds further functions ``f(x, w, b, stride, padding)``; one that stops with an
    error is named and left out.
    """
    rng = np.random.default_rng(9)
    arrays = (rng.standard_normal(s) for s in ((N, C, H, W), (F, C, KH, KW), (F,)))
    arguments = *(to_backend(a.astype("float32")) for a in arrays), 1, 1
    functions = {
        "loops over windows": by_windows,
        "loops over offsets": by_offsets,
        "im2col and product": by_im2col,
        **more,
        "finished layer": layers.conv2d,
    }
    if plotting.figures_off():
        return
    seconds = {}
    for name, function in functions.items():
        try:
            seconds[name] = quickest(function, *arguments)
        except Exception as error:  # a learner's function may stop in any way
            print(f"{name}: left out, it stops with {type(error).__name__}")
    slowest = max(seconds.values())
    plotting.show_bars(
        list(seconds),
        1000 * np.array(list(seconds.values())),
        caption="Measured here and now, the quickest of up to 15 runs.",
        log=True,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds (logarithmic)",
        value_labels=[
            f"{1000 * s:.3g} ms" + (f", {slowest / s:,.0f}× faster" if s < slowest else "")
            for s in seconds.values()
        ],
        limits=(1e3 * min(seconds.values()) / 3, 3e4 * slowest),
    )


def show_vgg():
    """Draw the memory of the first two layers of VGG-16, for one image."""
    names, sizes, macs = [], [], []
    for number, C in ((1, 3), (2, 64)):
        x, w = np.empty((1, C, 224, 224), bool), np.empty((64, C, 3, 3), bool)
        OH = layers.out_size(224, 3, 1, 1)
        parts = {"input": x.size, "im2col": OH * OH * w[0].size, "output": OH * OH * len(w)}
        names += [f"layer {number}: {part}" for part in parts]
        sizes += list(parts.values())
        macs.append(OH * OH * w.size)
    megabytes = 4e-6 * np.array(sizes)
    plotting.show_bars(
        names,
        megabytes,
        title="One image in VGG-16, single precision",
        xlabel="million bytes",
        value_labels=[f"{m:.3g} MB" for m in megabytes],
        limits=(0, 1.25 * megabytes.max()),
        highlight=(1, 4),
        caption=f"Layer 1 takes {macs[0]:,} multiply-accumulates, layer 2 {macs[1]:,}.",
    )


def show_crossover(n: int, sizes):
    """Measure direct convolution and the FFT for square kernels and draw the times."""
    if plotting.figures_off():
        return
    rng, none = np.random.default_rng(91), to_backend(np.zeros(1))
    x = to_backend(rng.standard_normal((1, 1, n, n)))
    seconds: dict[str, list[float]] = {
        "loop over offsets": [],
        "finished layer": [],
        "FFT": [],
    }
    for k in sizes:
        w = to_backend(rng.standard_normal((1, 1, k, k)))
        seconds["loop over offsets"].append(quickest(by_offsets, x, w, none, 1, 0))
        seconds["finished layer"].append(quickest(layers.conv2d, x, w))
        seconds["FFT"].append(quickest(by_fft, x, w))
    curves = {name: 1000 * np.array(values) for name, values in seconds.items()}
    words = []
    for name in ("loop over offsets", "finished layer"):
        slower = np.flatnonzero(curves["FFT"] >= curves[name])
        first = slower[-1] + 1 if slower.size else 0  # from here on it stays faster
        words.append(
            f"the {name} from {sizes[first]} × {sizes[first]} on" if first < len(sizes)
            else f"the {name} at no size shown"
        )  # fmt: skip
    plotting.show_curves(
        curves,
        x=np.array(sizes),
        xlabel="side of the kernel",
        ylabel="milliseconds",
        logy=True,
        title=f"One image of {n} × {n}",
        caption="Measured here and now. The FFT is faster than "
        f"{' and than '.join(words)}.",
    )


def show_two_roads(N, C, H, W, F, KH, KW):
    """Measure copy and product of im2col and of the finished layer's form; draw both."""
    if plotting.figures_off():
        return
    rng = np.random.default_rng(92)
    image = to_backend(rng.standard_normal((H, W, C, N)).astype("float32"))
    first = xp.ascontiguousarray(image.transpose(3, 2, 0, 1))
    w = to_backend(rng.standard_normal((F, C, KH, KW)).astype("float32"))
    flat, turned = w.reshape(F, -1).T, w.transpose(0, 3, 2, 1).reshape(F, -1)

    def windows():
        view = xp.lib.stride_tricks.sliding_window_view(first, (KH, KW), axis=(2, 3))
        return view.transpose(0, 2, 3, 1, 4, 5).reshape(-1, C * KH * KW)

    def rows():
        view = xp.lib.stride_tricks.sliding_window_view(image, KH, axis=0)
        return xp.ascontiguousarray(view.transpose(0, 1, 4, 2, 3))

    def overlapping(copied):
        slide = xp.lib.stride_tricks.as_strided
        OH, OW = copied.shape[0], copied.shape[1] - KW + 1
        down, across, *_, last = copied.strides
        return slide(copied, (OH, OW, KW * KH * C, N), (down, across, N * last, last))

    copied = rows()
    view = overlapping(copied)
    times = [quickest(rows), quickest(lambda: turned @ view)]  # before BLAS wakes threads
    cols = windows()
    times = [quickest(windows), quickest(lambda: cols @ flat), *times]
    milliseconds = 1000 * np.array(times)
    sizes = [f"{n * 4e-6:.3g} MB" for n in (cols.size, copied.size)]
    names = [f"im2col: copy {sizes[0]}", "im2col: product", f"rows: copy {sizes[1]}",
             "rows: product"]  # fmt: skip
    totals = milliseconds.reshape(2, 2).sum(1)
    plotting.show_bars(
        names,
        milliseconds,
        title=f"{N} images ({C}, {H}, {W}), {F} filters of {KH} × {KW}",
        xlabel="milliseconds",
        value_labels=[f"{m:.3g} ms" for m in milliseconds],
        limits=(0, 1.2 * milliseconds.max()),
        caption=f"Measured here and now: im2col {totals[0]:.3g} ms, rows {totals[1]:.3g} "
        "ms, forward without padding and bias.",
    )
