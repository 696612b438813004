"""Training loops, networks, and files of weights."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from helpers import checkpoints, parallel, training
from helpers import networks as nn
from helpers.losses import cross_entropy
from helpers.optimizers import Adam


def network(seed=0, channels=3, dtype="float32", drop=0.0):
    """Every kind of layer once: (N, 2, 8, 7) to 4 classes."""
    rng = np.random.default_rng(seed)
    c = channels
    return nn.Sequential(
        nn.Conv2d(2, c, (3, 2), rng, padding=1, bias=False, dtype=dtype),
        nn.BatchNorm2d(c, dtype=dtype),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Residual(
            nn.Conv2d(c, 5, 3, rng, padding=1, dtype=dtype),
            nn.ReLU(),
            shortcut=nn.Conv2d(c, 5, 1, rng, dtype=dtype),
        ),
        nn.Residual(nn.Conv2d(5, 5, 3, rng, padding=1, groups=5, dtype=dtype)),
        nn.Dropout(drop, np.random.default_rng(seed + 1)),
        nn.Flatten(),
        nn.Linear(5 * 4 * 4, 4, rng, dtype=dtype),
    )


def task(count=40, seed=3, dtype="float32"):
    """Images whose class is the quadrant of a bright square."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, count)
    x = rng.normal(0, 0.3, (count, 2, 8, 7))
    for image, label in zip(x, y, strict=True):
        image[:, 4 * (label // 2) :, 3 * (label % 2) :][:, :4, :3] += 1
    return x.astype(dtype), y


def test_network_gradients_equal_central_differences():
    model, (x, y) = network(dtype="float64"), task(5, dtype="float64")

    def loss():
        return float(cross_entropy(model.forward(x, train=True), y)[0])

    _, dz = cross_entropy(model.forward(x, train=True), y)
    dx = model.backward(dz)
    wanted = {"x": (x, dx)}
    grads = nn.gradients(model)
    for name, p in nn.parameters(model).items():
        assert grads[name].shape == p.shape and np.abs(grads[name]).max() > 0, name
        wanted[name] = (p, grads[name])
    rng = np.random.default_rng(5)
    for name, (a, grad) in wanted.items():
        places = rng.choice(a.size, min(a.size, 12), replace=False)
        for place in zip(*np.unravel_index(places, a.shape), strict=True):
            old, ends = a[place], []
            for step in (1e-5, -1e-5):
                a[place] = old + step
                ends.append(loss())
            a[place] = old
            expected = (ends[0] - ends[1]) / 2e-5
            assert abs(grad[place] - expected) <= 1e-6 * np.abs(grad).max(), name


def test_every_parameter_moves():
    model, (x, y) = network(), task()
    before = {k: v.copy() for k, v in nn.arrays(model).items()}
    training.train_epoch(
        model, Adam(nn.parameters(model).values()), x, y, 16, np.random.default_rng(1)
    )
    assert len(before) == 13
    for name, a in nn.arrays(model).items():
        assert a.dtype == np.float32 and not np.array_equal(a, before[name]), name


@pytest.mark.parametrize("make", ["network", "two_convolutions"])
def test_first_layer_may_skip_its_input_gradient(make):
    model, (x, y) = globals()[make](), task()
    _, dz = cross_entropy(model.forward(x, train=True), y)
    assert model.backward(dz).shape == x.shape
    full = {k: v.copy() for k, v in nn.gradients(model).items()}
    assert model.backward(dz, need_dx=False) is None
    for name, g in nn.gradients(model).items():
        assert np.array_equal(g, full[name])


def test_global_pooling_layer():
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
    for kind in ("avg", "max"):
        layer = nn.GlobalPool2d(kind)
        assert layer.forward(x).shape == (2, 3)
        assert layer.backward(np.ones((2, 3))).sum() == pytest.approx(6)


def fit(seed, step=None, epochs=12, drop=0.2):
    model, (x, y) = network(seed, drop=drop), task()
    optimizer, rng = Adam(nn.parameters(model).values(), 0.01), np.random.default_rng(seed)
    losses = [
        training.train_epoch(model, optimizer, x, y, 16, rng, step=step)
        for _ in range(epochs)
    ]
    return model, losses


def test_training_learns_and_repeats_itself():
    model, losses = fit(7)
    assert losses[-1] < losses[0] / 2
    test_x, test_y = task(200, seed=8)
    result = training.evaluate(model, test_x, test_y, batch_size=64)
    assert result["accuracy"] > 0.9 and result["loss"] < 0.5
    again, same = fit(7)
    assert same == losses
    for a, b in zip(nn.arrays(model).values(), nn.arrays(again).values(), strict=True):
        assert np.array_equal(a, b)
    other, _ = fit(8)
    assert not np.array_equal(nn.arrays(other)["0.w"], nn.arrays(model)["0.w"])


def test_evaluate_equals_one_batch_and_changes_nothing():
    model, _ = fit(9, epochs=2)
    before = {k: v.copy() for k, v in nn.arrays(model).items()}
    x, y = task(50, seed=10)
    parts = training.evaluate(model, x, y, batch_size=7)
    z = model.forward(x)
    assert parts["loss"] == pytest.approx(float(cross_entropy(z, y)[0]), rel=1e-5)
    assert parts["accuracy"] == np.mean(z.argmax(1) == y)
    assert all(np.array_equal(a, before[k]) for k, a in nn.arrays(model).items())


def two_convolutions():
    rng = np.random.default_rng(1)
    parts = nn.Conv2d(2, 3, 3, rng), nn.Conv2d(3, 4, 3, rng), nn.GlobalPool2d()
    return nn.Sequential(*parts, nn.Linear(4, 4, rng))


def without_norm():
    rng = np.random.default_rng(1)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, rng), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 6 * 5, 4, rng)
    )


def test_two_threads_give_the_same_gradients():
    x, y = task(21)
    one, two, split = without_norm(), without_norm(), parallel.TwoThreads()
    for _ in range(2):
        a = training.gradient_step(one, x, y)
        b = split(two, x, y)
        assert float(a) == pytest.approx(float(b), rel=1e-5)
        mine = nn.gradients(two)
        for name, g in nn.gradients(one).items():
            np.testing.assert_allclose(mine[name], g, atol=1e-6 + 1e-5 * np.abs(g).max())
    _, losses = fit(7, parallel.TwoThreads(), drop=0.0)
    assert losses[-1] < losses[0] / 2
    assert split(two, x[:1], y[:1]) == training.gradient_step(one, x[:1], y[:1])


def test_batches():
    x, y = np.arange(10) * 2, np.arange(10)
    parts = list(training.batches(x, y, 4, np.random.default_rng(0)))
    assert [len(a) for a, _ in parts] == [4, 4, 2]
    together = np.concatenate([b for _, b in parts])
    assert sorted(together) == list(range(10)) and list(together) != list(range(10))
    assert all(np.array_equal(a, 2 * b) for a, b in parts)
    ordered = np.concatenate([b for _, b in training.batches(x, y, 3)])
    assert list(ordered) == list(range(10))
    rng = np.random.default_rng(0)
    orders = [
        [*itertools.chain(*(b for _, b in training.batches(x, y, 4, rng)))] for _ in "ab"
    ]
    assert orders[0] != orders[1]
    with pytest.raises(ValueError, match="10 rows, y has 9"):
        next(training.batches(x, y[1:], 4))
    with pytest.raises(ValueError, match="batch_size is 0"):
        next(training.batches(x, y, 0))


def test_trouble_in_training_is_named():
    model, (x, y) = network(), task()
    optimizer = Adam(nn.parameters(model).values())
    with pytest.raises(ValueError, match="no examples"):
        training.train_epoch(model, optimizer, x[:0], y[:0], 8, np.random.default_rng(1))
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        x[3, 0, 0, 0] = np.nan
        training.train_epoch(model, optimizer, x, y, 8, np.random.default_rng(1))


def test_early_stopping_keeps_the_best():
    model = without_norm()
    stopping, values = training.EarlyStopping(patience=2), [3.0, 1.0, 1.5, 0.999, 2.0, 2.0]
    with pytest.raises(ValueError, match="No epoch"):
        stopping.restore(model)
    stops = []
    for k, value in enumerate(values):
        nn.parameters(model)["0.b"][...] = k
        stops.append(stopping.update(value, model))
    assert stops == [False] * 5 + [True]
    stopping.restore(model)
    assert set(nn.parameters(model)["0.b"]) == {3.0} and stopping.best == 0.999
    strict = training.EarlyStopping(patience=2, min_delta=0.5)
    assert [strict.update(v, model) for v in values[1:4]] == [False, False, True]


def test_save_and_load(tmp_path):
    model, _ = fit(11, epochs=1)
    path = tmp_path / "weights.npz"
    checkpoints.save(model, path)
    other = network(12)
    kept = nn.parameters(other)["0.w"]
    checkpoints.load(other, path)
    assert kept is nn.parameters(other)["0.w"]  # in place: an optimizer still holds them
    for name, a in nn.arrays(model).items():
        assert np.array_equal(nn.arrays(other)[name], a)
    x, _ = task()
    assert np.array_equal(other.forward(x), model.forward(x))
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]
    lone = nn.Linear(3, 2, np.random.default_rng(1))
    checkpoints.save(lone, path)
    checkpoints.load(nn.Linear(3, 2, np.random.default_rng(2)), path)


def test_load_refuses_other_models_and_damage(tmp_path):
    model, path = network(), tmp_path / "weights.npz"
    checkpoints.save(model, path)
    data = path.read_bytes()
    other = network(1, channels=4)
    before = {k: v.copy() for k, v in nn.arrays(other).items()}
    with pytest.raises(ValueError, match=r"0\.w with shape \(3, 2, 3, 2\).*\(4, 2, 3, 2\)"):
        checkpoints.load(other, path)
    with pytest.raises(ValueError, match=r"lacks \['0\.b', '3\.b', '3\.w'\].*\['1\.beta'"):
        checkpoints.load(without_norm(), path)
    for damaged in (data[: len(data) // 2], data[:10], b"", b"hello"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="not a complete npz file"):
            checkpoints.load(other, path)
    for place in range(40, len(data), len(data) // 7):  # wherever a byte is changed
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with pytest.raises(ValueError):
            checkpoints.load(other, path)
    np.savez(path, **{"0.w": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match="npz"):
        checkpoints.load(other, path)
    np.save(path.with_suffix(".npy"), np.ones(3))
    with pytest.raises(ValueError, match="npz"):
        checkpoints.load(other, path.with_suffix(".npy"))
    with pytest.raises(FileNotFoundError):
        checkpoints.load(other, tmp_path / "absent.npz")
    assert all(np.array_equal(a, before[k]) for k, a in nn.arrays(other).items())


def test_a_failing_save_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = network(), tmp_path / "weights.npz"
    checkpoints.save(model, path)
    data = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("helpers.checkpoints.os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoints.save(model, path)
    assert path.read_bytes() == data and len(list(tmp_path.iterdir())) == 1


def test_progress_bar_only_where_a_person_looks(monkeypatch, capsys):
    model, (x, y) = network(), task()
    optimizer = Adam(nn.parameters(model).values())
    training.train_epoch(model, optimizer, x, y, 8, np.random.default_rng(1))
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal gets no bar
    monkeypatch.setattr("rich._console", None)  # one made earlier remembers its terminal
    training.train_epoch(model, optimizer, x, y, 8, np.random.default_rng(1))
    out, err = capsys.readouterr()
    assert "epoch" in out and err == ""
    training.train_epoch(
        model, optimizer, x, y, 8, np.random.default_rng(1), progress=False
    )
    assert capsys.readouterr() == ("", "")


def test_importing_training_is_quiet_and_light():
    code = """import sys, helpers.training
print('rich' in sys.modules, 'matplotlib' in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False False\n", "")
