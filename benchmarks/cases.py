"""What is measured: each function returns rows of name, times and ratios."""

import numpy as np

from helpers import layers, optimizers

from . import rivals
from .rivals import torch
from .timing import measure

# N, C, H, W, F, size, stride, padding, dilation: the shapes of the course.
SHAPES = {
    "digits 1": (64, 1, 8, 8, 16, 3, 1, 1, 1),
    "digits 2": (64, 16, 8, 8, 32, 3, 1, 1, 1),
    "mnist 5x5": (64, 1, 28, 28, 8, 5, 1, 2, 1),
    "mnist 3x3": (64, 1, 28, 28, 32, 3, 1, 1, 1),
    "middle": (64, 16, 14, 14, 32, 3, 1, 1, 1),
    "lenet 2": (64, 6, 14, 14, 16, 5, 1, 0, 1),
    "cifar": (32, 32, 32, 32, 64, 3, 1, 1, 1),
    "stride 2": (64, 16, 28, 28, 32, 3, 2, 1, 1),
    "dilation 2": (64, 16, 14, 14, 32, 3, 1, 2, 2),
    "1x1": (64, 32, 14, 14, 64, 1, 1, 0, 1),
}
GROUPED = {
    "4 groups": (64, 32, 14, 14, 32, 3, 1, 1, 1, 4),
    "depthwise": (64, 32, 14, 14, 32, 3, 1, 1, 1, 32),
}
SLOW = ("digits 2", "middle", "lenet 2")  # the shapes on which the loops are run


def normal(*shape, dtype="float32", seed=0):
    """Draw normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def images(N, C, H, W, dtype="float32", seed=0):
    """Draw images in the memory order in which the layers leave them."""
    return normal(H, W, C, N, dtype=dtype, seed=seed).transpose(3, 2, 0, 1)


def geometric_mean(values) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(list(values)))))


def peaks(threads: int) -> dict:
    """Return the limits of the hardware: matrix products in GFLOP/s, copies in GB/s."""
    result = {}
    for dtype in ("float32", "float64"):
        a = normal(1536, 1536, dtype=dtype)
        t = measure({"product": lambda a=a: a @ a}, threads, 5)["product"]
        result[f"{dtype} product GFLOP/s"] = 2 * 1536**3 / t / 1e9
    source, target = np.ones(2**25, "float32"), np.zeros(2**25, "float32")
    t = measure({"copy": lambda: np.copyto(target, source)}, threads, 5)["copy"]
    result["copy GB/s"] = 2 * source.nbytes / t / 1e9
    return result


def compare(name, forward, backward, threads, times_of=None, **more) -> dict:
    """Measure forward and backward of several libraries; ratios of ours to each."""
    functions = {(lib, "forward"): fn for lib, fn in forward.items()}
    functions |= {(lib, "backward"): fn for lib, fn in backward.items()}
    times = measure(functions, threads)
    row = {"name": name, "milliseconds": {}, "ratio": {}, **more}
    for lib in forward:
        both = [times[lib, "forward"]]
        both += [times[lib, "backward"]] if lib in backward else []
        row["milliseconds"][lib] = [round(t * 1e3, 4) for t in both]
    for lib in forward:
        if lib != "ours":
            ours, other = row["milliseconds"]["ours"], row["milliseconds"][lib]
            parts = [a / b for a, b in zip(ours, other, strict=True)]
            row["ratio"][lib] = [round(v, 3) for v in [*parts, sum(ours) / sum(other)]]
    return row


def convolution(name, shape, threads, peak, dtype="float32", index=False) -> dict:
    """Compare one convolution, after checking that all agree."""
    N, C, H, W, F, k, stride, padding, dilation, *groups = shape
    G = groups[0] if groups else 1
    x, w = images(N, C, H, W, dtype), normal(F, C // G, k, k, dtype=dtype)
    b, options = normal(F, dtype=dtype), (stride, padding, dilation)
    out = layers.conv2d(x, w, b, *options, G)
    dout = images(*out.shape, dtype=dtype, seed=1)
    forward = {"ours": lambda: layers.conv2d(x, w, b, *options, G)}
    backward = {"ours": lambda: layers.conv2d_backward(dout, x, w, *options, G)}
    if torch:
        forward["torch"], backward["torch"] = rivals.torch_conv(x, w, b, dout, *options, G)
    if index:
        plain = np.ascontiguousarray(x), w, b, np.ascontiguousarray(dout)
        forward["index"], backward["index"] = rivals.index_im2col(*plain, *options)
    for lib in forward:
        assert np.allclose(np.asarray(forward[lib]()), out, atol=1e-3), (name, lib)
        dx = backward[lib]()[0]
        assert np.allclose(np.asarray(dx), backward["ours"]()[0], atol=1e-2), (name, lib)
    work = 2 * out.size * (C // G) * k * k
    row = compare(name, forward, backward, threads, shape=shape, dtype=dtype)
    row["GFLOP/s"] = round(work / row["milliseconds"]["ours"][0] / 1e6, 1)
    row["share of peak"] = round(row["GFLOP/s"] / peak[f"{dtype} product GFLOP/s"], 3)
    return row


def slow_loops(name, shape, threads) -> dict:
    """Compare with loops over positions, run on one image and scaled to the batch."""
    N, C, H, W, F, k, *options = shape
    x, w, b = images(N, C, H, W), normal(F, C, k, k), normal(F)
    out = layers.conv2d(x, w, b, *options)
    dout = images(*out.shape, seed=1)
    one = np.ascontiguousarray(x[:1]), w, b, np.ascontiguousarray(dout[:1])
    forward, backward = rivals.loops(*one, *options)
    assert np.allclose(forward(), out[:1], atol=1e-3)
    times = measure(
        {
            "ours": lambda: (
                layers.conv2d(x, w, b, *options),
                layers.conv2d_backward(dout, x, w, *options),
            ),
            "loops": lambda: (forward(), backward()),
        },
        threads,
        3,
    )
    return {"name": name, "loops/ours": round(N * times["loops"] / times["ours"])}


def big_filters(threads) -> list:
    """Compare filters on one image of 1280x720."""
    rows = []
    for C, F, k in ((1, 1, 3), (1, 1, 11), (3, 8, 3)):
        x, w, b = normal(1, C, 720, 1280), normal(F, C, k, k), normal(F)
        dout = np.empty((1, F, 720, 1280), "float32")
        forward = {"ours": lambda x=x, w=w, b=b, k=k: layers.conv2d(x, w, b, 1, k // 2)}
        if torch:
            forward["torch"] = rivals.torch_conv(x, w, b, dout, 1, k // 2, 1, 1)[0]
            assert np.allclose(forward["torch"]().numpy(), forward["ours"](), atol=1e-3)
        rows.append(compare(f"1280x720 {C}->{F} {k}x{k}", forward, {}, threads))
    return rows


def other_layers(threads) -> list:
    """Compare pooling, batch normalisation, relu, linear and Adam."""
    x = images(64, 32, 28, 28)
    out = layers.max_pool2d(x, 2)
    dout, g = images(*out.shape, seed=1), images(*x.shape, seed=1)
    gamma, beta = normal(32), normal(32)
    state = {"mean": np.zeros(32, "float32"), "var": np.ones(32, "float32")}
    _, cache = layers.batch_norm(x, gamma, beta, state)
    rows, w, b, drows = normal(64, 784), normal(10, 784), normal(10), normal(64, 10, seed=1)
    sizes = [(16, 1, 3, 3), (16,), (32, 16, 3, 3), (32,), (10, 1568), (10,)]
    params, grads = [normal(*s) for s in sizes], [normal(*s) for s in sizes]
    adam = optimizers.Adam([p.copy() for p in params])
    ours = {
        "max pool 2x2": (
            lambda: layers.max_pool2d(x, 2),
            lambda: layers.max_pool2d_backward(dout, x, 2, out=out),
        ),
        "average pool 2x2": (
            lambda: layers.avg_pool2d(x, 2),
            lambda: layers.avg_pool2d_backward(dout, x.shape, 2),
        ),
        "batch norm": (
            lambda: layers.batch_norm(x, gamma, beta, state),
            lambda: layers.batch_norm_backward(g, cache),
        ),
        "relu": (lambda: layers.relu(x), lambda: layers.relu_backward(g, x)),
        "linear 784->10": (
            lambda: layers.linear(rows, w, b),
            lambda: layers.linear_backward(drows, rows, w),
        ),
        "Adam step, 21k": (lambda: adam.step(grads), None),
    }
    theirs = torch_layers(x, dout, g, gamma, beta, rows, w, b, drows, params, grads)
    result = []
    for name, (forward, backward) in ours.items():
        f, b_ = {"ours": forward}, {"ours": backward} if backward else {}
        if theirs:
            f["torch"] = theirs[name][0]
            b_ |= {"torch": theirs[name][1]} if backward else {}
        result.append(compare(name, f, b_, threads))
    return result


def torch_layers(x, dout, g, gamma, beta, rows, w, b, drows, params, grads):
    """Return PyTorch's twins of `other_layers`, or nothing without it."""
    if not torch:
        return {}
    arrays = (x, dout, g, gamma, beta, rows, w, b, drows)
    arrays = (torch.from_numpy(np.array(a, order="C")) for a in arrays)
    x, dout, g, gamma, beta, rows, w, b, drows = arrays
    F, aten, pair = torch.nn.functional, torch.ops.aten, [2, 2]
    _, where = F.max_pool2d(x, 2, return_indices=True)
    mean, var = torch.zeros(32), torch.ones(32)
    _, m, s = torch.native_batch_norm(x, gamma, beta, mean, var, True, 0.1, 1e-5)
    params = [torch.nn.Parameter(torch.from_numpy(p.copy())) for p in params]
    for p, grad in zip(params, grads, strict=True):
        p.grad = torch.from_numpy(grad)
    adam = torch.optim.Adam(params)

    def pool_back():
        flat = [0, 0], [1, 1], False
        return aten.max_pool2d_with_indices_backward(dout, x, pair, pair, *flat, where)

    def average_back():
        return aten.avg_pool2d_backward(dout, x, pair, pair, [0, 0], False, True, None)

    def norm_back():
        options = mean, var, m, s, True, 1e-5, [True] * 3
        return aten.native_batch_norm_backward(g, x, gamma, *options)

    return {
        "max pool 2x2": (lambda: F.max_pool2d(x, 2), pool_back),
        "average pool 2x2": (lambda: F.avg_pool2d(x, 2), average_back),
        "batch norm": (
            lambda: torch.native_batch_norm(x, gamma, beta, mean, var, True, 0.1, 1e-5),
            norm_back,
        ),
        "relu": (lambda: F.relu(x), lambda: aten.threshold_backward(g, x, 0)),
        "linear 784->10": (
            lambda: F.linear(rows, w, b),
            lambda: (drows @ w, drows.T @ rows, drows.sum(0)),
        ),
        "Adam step, 21k": (adam.step, None),
    }
