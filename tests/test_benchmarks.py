"""The benchmarks' own decisions; nothing is timed here."""

import importlib

import pytest

RUNS = [
    {"seed": 0, "accuracy": 0.99, "CPU seconds": 2.0},
    {"seed": 1, "accuracy": 0.98, "CPU seconds": 1.0},
]


@pytest.fixture
def module(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def test_a_run_forgets_what_the_machine_sets_for_one_library(module, monkeypatch):
    setting = module("setting")
    for name in (*setting.THREADS, *setting.INHERITED):
        monkeypatch.setenv(name, "Haswell")
    setting.settle(1, "own")
    assert not set(setting.INHERITED) & set(setting.os.environ)
    assert all(setting.os.environ[name] == "1" for name in setting.THREADS)
    setting.settle(2, "avx2")
    assert setting.os.environ["ONEDNN_MAX_CPU_ISA"] == "AVX2"


def test_mnist_is_left_out_where_it_is_not(module, monkeypatch, tmp_path):
    accuracy = module("accuracy")
    for folder in ("", str(tmp_path)):
        monkeypatch.setenv("COURSE_DATA", folder)
        assert accuracy.load("mnist") is accuracy.load("mnist filed") is None
        assert accuracy.load("digits").x_test.shape == (360, 1, 8, 8)


@pytest.mark.parametrize(
    ("wanted", "seconds", "reached"),
    [(0.98, 2, True), (0.985, 2, False), (0.98, 1.9, False)],
)
def test_the_worst_seed_and_the_longest_time_decide(module, wanted, seconds, reached):
    accuracy = module("accuracy")
    recipe = accuracy.RECIPES["MNIST, 8-16"]._replace(wanted=wanted, seconds=seconds)
    row = accuracy.summary("a name", recipe, RUNS)
    assert row["reached"] is reached
    assert (row["mean"], row["least"], row["most"]) == (0.985, 0.98, 0.99)


def test_a_recipe_trains(module):
    accuracy = module("accuracy")
    recipe = accuracy.RECIPES["digits 8x8, 16-32"]._replace(epochs=6)
    assert accuracy.train(recipe, accuracy.load("digits"), 0)["accuracy"] > 0.9


def test_images_move_within_their_frame(module):
    import numpy as np

    x = np.zeros((400, 1, 7, 5), "float32")
    x[:, 0, 3, 2] = 1
    moved = module("accuracy").shifted(x, 2, np.random.default_rng(0))
    assert moved.shape == x.shape and moved.dtype == x.dtype
    assert (moved.sum((1, 2, 3)) == 1).all()
    seen = moved.sum((0, 1))
    assert (seen[1:6] > 0).all() and not seen[0].any() and not seen[6].any()
