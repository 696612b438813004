"""The same numbers from CuPy as from NumPy: every layer, loss and optimizer, and training.

``pytest -m gpu`` runs on a card. Everywhere, the same battery runs through the stand-in,
which refuses what CuPy refuses and takes the same path through the code.
"""

import contextlib

import numpy as np
import pytest
import standin

from helpers import backend, checkpoints, layers, losses, optimizers, trainable, training
from helpers import networks as nn


@contextlib.contextmanager
def card():
    """Yield CuPy on a card, as the library in use; skip where there is none."""
    cupy, reason = backend.probe_gpu()
    if cupy is None:
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "xp", cupy)
        patch.setattr(backend, "active", backend.Backend(cupy, reason, "A test asked."))
        yield cupy


@pytest.fixture(params=["stand-in", pytest.param("card", marks=pytest.mark.gpu)])
def cupy(request):
    """Yield CuPy or its stand-in, also where modules took `xp` at import."""
    with (
        standin.installed() if request.param == "stand-in" else card() as library,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(trainable, "xp", library)
        yield library


CONVOLUTIONS = [
    # function, x, w, options; the battery first
    ("conv2d", (2, 3, 5, 7), (4, 3, 3, 2), (1, 0)),
    ("conv2d", (2, 3, 6, 9), (4, 3, 3, 2), (2, 1)),
    ("conv2d", (3, 2, 7, 8), (2, 2, 2, 3), (3, 2)),
    ("conv2d", (1, 2, 6, 6), (2, 2, 3, 3), (1, 1)),
    ("conv2d", (5, 4, 7, 9), (6, 2, 3, 2), ((2, 1), ((0, 2), (3, 1)), (1, 2), 2)),
    ("conv2d", (1, 3, 9, 50), (4, 3, 3, 5), (1, 2)),
    ("conv2d", (0, 3, 5, 7), (4, 3, 3, 2), (1, 0)),
    ("conv2d", (64, 16, 28, 28), (32, 16, 3, 3), (1, 1)),
    ("conv1d", (3, 4, 11), (6, 2, 3), (2, (2, 1), 2, 2)),
    ("conv3d", (2, 4, 6, 7, 8), (6, 2, 3, 2, 3), ((2, 1, 3), (1, 0, 2), (1, 2, 1), 2)),
    ("conv_transpose2d", (3, 4, 3, 5), (4, 3, 2, 3), ((3, 2), ((1, 0), (2, 1)), (2, 1), 2)),
]


def draw(dtype, *shapes):
    rng = np.random.default_rng(1)
    return [rng.normal(-0.5, 1.0, shape).astype(dtype) for shape in shapes]


def both(cupy, fn, *args):
    """Call `fn` with host and with device arrays; both must agree, nothing may change."""

    def move(a):
        if isinstance(a, dict):
            return {k: move(v) for k, v in a.items()}
        if isinstance(a, (tuple, list)) and any(isinstance(v, np.ndarray) for v in a):
            return type(a)(map(move, a))
        return cupy.asarray(a) if isinstance(a, np.ndarray) else a

    device = [move(a) for a in args]
    kept = [a.get() for a in device if isinstance(a, cupy.ndarray)]
    host = fn(*args)
    found = fn(*device)
    for a, b in zip(kept, (a for a in device if isinstance(a, cupy.ndarray)), strict=True):
        assert np.array_equal(a, b.get()), fn
    compare(cupy, found, host)
    return host


def compare(cupy, found, expected):
    """Assert equal types, shapes and, up to rounding, numbers; `found` is on the card."""
    if isinstance(expected, (tuple, list)):
        for f, e in zip(found, expected, strict=True):
            compare(cupy, f, e)
        return
    if not isinstance(expected, (np.ndarray, np.generic)):
        assert found == expected
        return
    assert isinstance(found, cupy.ndarray)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    tolerance = 2e-5 if expected.dtype == np.float32 else 1e-11
    scale = max(np.abs(expected).max(initial=0), 1)
    assert np.abs(found.get() - expected).max(initial=0) <= tolerance * scale


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(cupy, case, dtype):
    name, x_shape, w_shape, options = case
    groups = options[3] if len(options) == 4 else 1
    F = w_shape[1] * groups if name == "conv_transpose2d" else w_shape[0]
    x, w, b = draw(dtype, x_shape, w_shape, (F,))
    for a in (x, np.asfortranarray(x)):
        out = both(cupy, getattr(layers, name), a, w, b, *options)
    (dout,) = draw(dtype, out.shape)
    both(cupy, getattr(layers, f"{name}_backward"), dout, x, w, *options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_other_layers(cupy, dtype):
    x, rows, w, b = draw(dtype, (3, 2, 7, 5), (4, 6), (5, 6), (5,))
    for size, stride in [((3, 2), 2), ((3, 3), 1), (2, None)]:
        for kind in ("max", "avg"):
            out = both(cupy, getattr(layers, f"{kind}_pool2d"), np.round(x), size, stride)
            back = getattr(layers, f"{kind}_pool2d_backward")
            both(cupy, back, out, np.round(x) if kind == "max" else x.shape, size, stride)
    for kind in ("max", "avg"):
        out = both(cupy, layers.global_pool2d, x, kind)
        both(cupy, layers.global_pool2d_backward, out, x, kind)
    out = both(cupy, layers.linear, rows, w, b)
    both(cupy, layers.linear_backward, out, rows, w)
    both(cupy, layers.relu, x)
    both(cupy, layers.relu_backward, x * 2, x)
    flat = both(cupy, layers.flatten, np.asfortranarray(x))
    both(cupy, layers.flatten_backward, flat, x.shape)
    both(cupy, layers.add, x, x)
    gamma, beta, mean = draw(dtype, (2,), (2,), (2,))
    for train in (True, False):
        state = {"mean": mean, "var": mean * mean + 1}
        _, cache = both(cupy, layers.batch_norm, x, gamma, beta, state, train)
        both(cupy, layers.batch_norm_backward, x * 2, cache)
    both(cupy, lambda a: layers.dropout(a, 0.3, np.random.default_rng(4)), x)
    both(cupy, losses.softmax, rows * 1e3)
    both(cupy, losses.cross_entropy, rows, np.array([5, 0, 2, 1]))


@pytest.mark.parametrize("kind", ["SGD", "Momentum", "Adam"])
def test_optimizers(cupy, kind):
    def three_steps(p, q, g, h):
        params = [p.copy(), q.copy()]
        optimizer = getattr(optimizers, kind)(params, 0.1, weight_decay=0.1)
        for k in (1.0, -2.0, 0.5):
            optimizer.step([k * g, k * h])
        return params

    both(cupy, three_steps, *draw("float32", (3, 2), (4,), (3, 2), (4,)))


def network():
    rng = np.random.default_rng(2)
    return nn.Sequential(
        nn.Conv2d(2, 5, 3, rng, padding=1),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Residual(nn.Conv2d(5, 5, 3, rng, padding=1), nn.Dropout(0.2, rng)),
        nn.Flatten(),
        nn.Linear(60, 4, rng),
    )


def trained(x, y):
    """Train for three epochs; return losses, scores and the measures."""
    model, rng = network(), np.random.default_rng(3)
    optimizer = optimizers.Adam(nn.parameters(model).values(), 0.01)
    values = [training.train_epoch(model, optimizer, x, y, 8, rng) for _ in range(3)]
    measures = training.evaluate(model, x, y)
    return model, [*values, measures["loss"], measures["accuracy"]]


def test_training_and_files(cupy, tmp_path):
    x, y = draw("float32", (30, 2, 8, 6))[0], np.random.default_rng(4).integers(0, 4, 30)
    model, values = trained(cupy.asarray(x), cupy.asarray(y))
    with pytest.MonkeyPatch.context() as patch:
        for module in (backend, trainable):
            patch.setattr(module, "xp", np)
        host, expected = trained(x, y)
    np.testing.assert_allclose(values[:-1], expected[:-1], rtol=2e-3)
    assert abs(values[-1] - expected[-1]) <= 2 / len(x)  # rounding may tip a close call
    checkpoints.save(host, tmp_path / "host.npz")
    checkpoints.load(model, tmp_path / "host.npz")
    for name, a in nn.arrays(model).items():
        assert np.array_equal(a.get(), nn.arrays(host)[name])
    checkpoints.save(model, tmp_path / "device.npz")
    checkpoints.load(host, tmp_path / "device.npz")
