"""Random settings of every layer against PyTorch, forward and backward.

Runs where PyTorch is installed; a recorded run stands in ``benchmarks/results``. By hand:
``python tests/test_torch_agreement.py benchmarks/results/torch_agreement.json``.
"""

import datetime
import json
import platform
import sys
from collections import Counter

import numpy as np
import pytest

from helpers import layers, losses, optimizers

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional
PER_TYPE = 300
TOLERANCE = {"float32": 2e-5, "float64": 1e-11}  # relative to the largest entry


def either(rng, *choices):
    """Pick one of several values."""
    return choices[rng.integers(len(choices))]


def array(rng, *shape, dtype):
    """Draw numbers in a random memory order."""
    order = rng.permutation(len(shape))
    a = rng.standard_normal([shape[k] for k in order]).astype(dtype)
    return a.transpose(np.argsort(order))


def conv_options(rng, axes):
    """Draw kernel, stride, padding, dilation, groups and a size that fits."""
    kernel, stride, dilation = (rng.integers(1, 4, axes) for _ in range(3))
    padding = rng.integers(0, 3, axes)
    least = np.maximum(dilation * (kernel - 1) + 1 - 2 * padding, 1)
    size = least + rng.integers(0, 6, axes)
    if rng.random() < 0.2:
        size[-1] += 40  # long enough for the form for few large images
    as_ints = [tuple(map(int, v)) for v in (kernel, stride, padding, dilation, size)]
    return *as_ints, int(either(rng, 1, 1, 2, 3))


def convolution(rng, dtype, axes):
    kernel, stride, padding, dilation, size, G = conv_options(rng, axes)
    N, C_group, F_group = (int(n) for n in rng.integers(1, [7, 4, 5]))
    x = array(rng, N, G * C_group, *size, dtype=dtype)
    w = array(rng, G * F_group, C_group, *kernel, dtype=dtype)
    b = array(rng, G * F_group, dtype=dtype)
    name = f"conv{axes}d"
    if axes == 1:
        stride, padding, dilation = stride[0], padding[0], dilation[0]
    options = stride, padding, dilation, G

    def ours(dout):
        return getattr(layers, f"{name}_backward")(dout, x, w, *options)

    out = getattr(layers, name)(x, w, b, *options)
    return name, out, ours, (x, w, b), lambda *t: getattr(F, name)(*t, *options)


def conv_transpose2d(rng, dtype):
    kernel, stride, _, dilation, size, G = conv_options(rng, 2)
    N, C_group, F_group = (int(n) for n in rng.integers(1, [7, 4, 5]))
    full = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    padding = tuple(int(rng.integers(0, (f + 1) // 2)) for f in full)
    x = array(rng, N, G * C_group, *size, dtype=dtype)
    w = array(rng, G * C_group, F_group, *kernel, dtype=dtype)
    b = array(rng, G * F_group, dtype=dtype)

    def theirs(x, w, b):
        return F.conv_transpose2d(x, w, b, stride, padding, 0, G, dilation)

    options = stride, padding, dilation, G
    out = layers.conv_transpose2d(x, w, b, *options)

    def ours(dout):
        return layers.conv_transpose2d_backward(dout, x, w, *options)

    return "conv_transpose2d", out, ours, (x, w, b), theirs


def pooling(rng, dtype):
    kind = either(rng, "max", "avg")
    size, stride = (tuple(map(int, rng.integers(1, 4, 2))) for _ in range(2))
    shape = (*rng.integers(1, 5, 2), *(np.array(size) + rng.integers(0, 7, 2)))
    x = array(rng, *map(int, shape), dtype=dtype)
    if kind == "max" and rng.random() < 0.5:
        x = np.round(x)  # ties
    out = getattr(layers, f"{kind}_pool2d")(x, size, stride)

    def ours(dout):
        if kind == "max":
            return (layers.max_pool2d_backward(dout, x, size, stride),)
        return (layers.avg_pool2d_backward(dout, x.shape, size, stride),)

    name = f"{kind}_pool2d"
    return name, out, ours, (x,), lambda t: getattr(F, name)(t, size, stride)


def batch_norm(rng, dtype):
    N, C, H, W = (int(n) for n in rng.integers(2, 7, 4))
    x, gamma, beta, mean = (
        array(rng, *s, dtype=dtype) for s in [(N, C, H, W), (C,), (C,), (C,)]
    )
    var = array(rng, C, dtype=dtype) ** 2 + dtype.type(0.1)
    train, momentum = bool(rng.integers(2)), float(rng.uniform(0.05, 0.9))
    state = {"mean": mean, "var": var}
    running = [torch.tensor(mean), torch.tensor(var)]
    out, cache = layers.batch_norm(x, gamma, beta, state, train, momentum)

    def theirs(x, gamma, beta):
        return F.batch_norm(x, *running, gamma, beta, train, momentum)

    def ours(dout):
        for found, expected in zip(state.values(), running, strict=True):
            compare("running statistics", found, expected)
        return layers.batch_norm_backward(dout, cache)

    return "batch_norm", out, ours, (x, gamma, beta), theirs


def head(rng, dtype):
    """Flatten, linear, relu, cross-entropy in one chain."""
    N, C, H, W, K = (int(n) for n in rng.integers(1, 6, 5))
    x, w, b = (array(rng, *s, dtype=dtype) for s in [(N, C, H, W), (K, C * H * W), (K,)])
    y = rng.integers(0, K, N)
    flat = layers.flatten(x)
    z = layers.linear(flat, w, b)
    loss, dz = losses.cross_entropy(layers.relu(z) * 3, y)

    def ours(dout):
        dflat, dw, db = layers.linear_backward(
            layers.relu_backward(3 * dz * dout, z), flat, w
        )
        return layers.flatten_backward(dflat, x.shape), dw, db

    def theirs(x, w, b):
        return F.cross_entropy(F.linear(x.flatten(1), w, b).relu() * 3, torch.tensor(y))

    return "head", loss, ours, (x, w, b), theirs


MAKERS = [
    *[lambda rng, dtype: convolution(rng, dtype, 2)] * 5,
    lambda rng, dtype: convolution(rng, dtype, 1),
    lambda rng, dtype: convolution(rng, dtype, 3),
    conv_transpose2d,
    pooling,
    batch_norm,
    head,
]


def compare(what, found, expected):
    """Return the error relative to the largest entry, and assert that it is small."""
    expected = expected.detach().numpy()
    assert found.shape == expected.shape and found.dtype == expected.dtype, what
    # Gradients through batch normalisation cancel: there 1 is the natural scale.
    scale = max(np.abs(expected).max(initial=0), 1.0)
    error = float(np.abs(found - expected).max(initial=0) / scale)
    assert error <= TOLERANCE[str(expected.dtype)], (what, error)
    return error


def agree(seed, dtype):
    """Try one random setting; return the layer's name and the largest error."""
    rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
    name, out, backward, inputs, theirs = MAKERS[seed % len(MAKERS)](rng, dtype)
    tensors = [torch.tensor(np.array(a, order="C"), requires_grad=True) for a in inputs]
    expected = theirs(*tensors)
    errors = [compare(name, out, expected)]
    dout = array(rng, *out.shape, dtype=dtype) if out.shape else np.ones((), dtype)
    expected.backward(torch.tensor(np.array(dout, order="C")))
    for found, tensor in zip(backward(dout), tensors, strict=True):
        errors.append(compare(name, found, tensor.grad))
    return name, max(errors)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("part", range(10))
def test_random_settings_agree(part, dtype):
    for seed in range(part, PER_TYPE, 10):
        try:
            agree(seed, dtype)
        except AssertionError as error:
            raise AssertionError(f"setting {seed} in {dtype}: {error}") from error


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            lambda p: optimizers.SGD(p, 0.05, 0.1),
            lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.1),
        ),
        (
            lambda p: optimizers.Momentum(p, 0.05, 0.8),
            lambda p: torch.optim.SGD(p, 0.05, momentum=0.8),
        ),
        (
            lambda p: optimizers.Adam(p, 0.05, weight_decay=0.3),
            lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.3),
        ),
    ],
)
def test_twenty_steps_of_the_optimizers_agree(ours, theirs):
    rng = np.random.default_rng(3)
    params = [rng.normal(size=s) for s in [(3, 2), (4,), ()]]
    tensors = [torch.tensor(p) for p in params]
    mine, other = ours(params), theirs(tensors)
    for _ in range(20):
        grads = [rng.normal(size=p.shape) for p in params]
        for t, g in zip(tensors, grads, strict=True):
            t.grad = torch.tensor(g)
        mine.step(grads)
        other.step()
    for p, t in zip(params, tensors, strict=True):
        np.testing.assert_allclose(p, t.numpy(), rtol=1e-9)


def record(path):
    """Try all settings and write what was found."""
    report = {
        "command": f"python tests/test_torch_agreement.py {path}",
        "date": str(datetime.date.today()),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
        "tolerance": TOLERANCE,
    }
    for dtype in TOLERANCE:
        found = [agree(seed, dtype) for seed in range(PER_TYPE)]
        worst = Counter()
        for name, error in found:
            worst[name] = max(worst[name], error)
        report[dtype] = {
            "settings": Counter(name for name, _ in found),
            "largest_relative_error": worst,
        }
    with open(path, "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    record(sys.argv[1])
