"""Train the course's two recipes with its own layers: how right, in how many seconds.

``python -m benchmarks.accuracy [--seeds N] [--output FOLDER]``: the 8x8 digits, which come
with the course, and MNIST where ``COURSE_DATA`` names a folder that holds it.
"""

import argparse
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from .setting import describe, settle


class Recipe(NamedTuple):
    """How a network is trained, and what it is asked to reach.

    Attributes
    ----------
    data : str
        "digits", "mnist" (the course's shuffled split) or "mnist filed" (the first 8,000
        of the test file to train, the last 2,000 to test).
    filters, size : (int, int), int
        Filters of the two convolutions, and their height and width in pixels.
    epochs, learning_rate : int, float
        The rate is the peak of a cosine after one epoch of warm-up.
    shift : int
        Training images move by up to so many pixels, anew in each epoch.
    seeds : int
        Networks to train.
    wanted, seconds : float
        Least accuracy of the worst seed, and the longest training, CPU time of one thread.
    """

    data: str
    filters: tuple[int, int]
    size: int
    epochs: int
    learning_rate: float
    shift: int
    seeds: int
    wanted: float
    seconds: float


RECIPES = {
    "digits 8x8, 16-32": Recipe("digits", (16, 32), 3, 20, 4e-3, 0, 10, 0.98, 3),
    "MNIST, 8-16": Recipe("mnist", (8, 16), 5, 15, 4e-3, 2, 3, 0.985, 60),
    "MNIST, 16-32": Recipe("mnist", (16, 32), 5, 30, 4e-3, 2, 2, 0.985, 60),
    "MNIST filed, 8-16": Recipe("mnist filed", (8, 16), 5, 15, 4e-3, 2, 3, 0.985, 60),
}
FILES = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def load(name: str):
    """Return the data of a recipe as a split, or None where MNIST is not at hand."""
    from helpers import data

    if name == "digits":
        return data.digits()
    folder = Path(os.environ.get("COURSE_DATA", "")) / "mnist"
    if not os.environ.get("COURSE_DATA") or not all((folder / f).exists() for f in FILES):
        return None
    split = data.mnist(small=True)
    if name == "mnist":
        return split
    images, y = (data.read_idx(folder / f) for f in FILES)
    x = images[:, None].astype("float32") / 255
    y = y.astype("int64")
    return split._replace(
        x_train=x[:8000], y_train=y[:8000], x_test=x[8000:], y_test=y[8000:]
    )


def network(recipe, side: int, rng):
    """Return convolution, normalisation, relu and pooling twice, then a dense head."""
    from helpers import networks as nn

    first, second = recipe.filters
    parts = []
    for C, F in ((1, first), (first, second)):
        parts.append(
            nn.Conv2d(C, F, recipe.size, rng, padding=recipe.size // 2, bias=False)
        )
        parts += [nn.BatchNorm2d(F), nn.ReLU(), nn.MaxPool2d(2)]
    head = nn.Linear(second * (side // 4) ** 2, 10, rng)
    return nn.Sequential(*parts, nn.Flatten(), head)


def shifted(x, most: int, rng):
    """Return every image moved by up to `most` pixels up, down, left and right."""
    import numpy as np

    N, _, H, W = x.shape
    wide = np.pad(x, ((0, 0), (0, 0), (most, most), (most, most)))
    i, j = rng.integers(0, 2 * most + 1, (2, N, 1, 1))
    n = np.arange(N)[:, None, None]
    return wide[n, 0, i + np.arange(H)[:, None], j + np.arange(W)][:, None]


def train(recipe, split, seed: int) -> dict:
    """Train one network; the accuracy is on images that it was not trained on."""
    import numpy as np

    from helpers import networks as nn
    from helpers import optimizers, training

    start, rng = (time.perf_counter(), time.process_time()), np.random.default_rng(seed)
    x, y = split.x_train, split.y_train
    model = network(recipe, x.shape[2], rng)
    optimizer = optimizers.Adam(nn.parameters(model).values())
    per_epoch = -(-len(x) // 64)
    plan = recipe.epochs * per_epoch, recipe.learning_rate, per_epoch

    def step(*batch):
        optimizer.learning_rate = optimizers.cosine(optimizer.steps, *plan)
        return training.gradient_step(*batch)

    for _ in range(recipe.epochs):
        moved = shifted(x, recipe.shift, rng) if recipe.shift else x
        training.train_epoch(model, optimizer, moved, y, 64, rng, progress=False, step=step)
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    accuracy = training.evaluate(model, split.x_test, split.y_test)["accuracy"]
    return {
        "seed": seed,
        "accuracy": round(accuracy, 4),
        "seconds": round(seconds[0], 2),
        "CPU seconds": round(seconds[1], 2),
    }


def measure(name, recipe, split) -> dict:
    """Train all seeds; return the accuracies and the times, and whether they suffice."""
    runs = []
    for seed in range(recipe.seeds):
        runs.append(train(recipe, split, seed))
        print(f"{name}: {runs[-1]}", flush=True)
    return summary(name, recipe, runs)


def summary(name, recipe, runs) -> dict:
    """Return the accuracies and the longest time: CPU time, whatever the neighbours do."""
    right, seconds = ([run[key] for run in runs] for key in ("accuracy", "CPU seconds"))
    return {
        "name": name,
        "recipe": recipe._asdict(),
        "mean": round(sum(right) / len(right), 4),
        "least": min(right),
        "most": max(right),
        "longest CPU seconds": max(seconds),
        "reached": min(right) >= recipe.wanted and max(seconds) <= recipe.seconds,
        "runs": runs,
    }


def main() -> int:
    """Run, print, write; return 1 if a recipe misses what it is asked to reach."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__
    )
    parser.add_argument("--seeds", type=int, help="networks per recipe")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    chosen = parser.parse_args()
    settle(1, "own")
    rows = []
    for name, recipe in RECIPES.items():
        if (split := load(recipe.data)) is None:
            print(f"{name}: left out, COURSE_DATA names no folder with mnist/{FILES[0]}")
        else:
            recipe = recipe._replace(seeds=chosen.seeds or recipe.seeds)
            rows.append(measure(name, recipe, split))
    report = {
        "command": " ".join(["python -m benchmarks.accuracy", *sys.argv[1:]]),
        "date": str(datetime.date.today()),
        **describe(),
        "recipes": rows,
    }
    for row in rows:
        print({k: v for k, v in row.items() if k not in ("recipe", "runs")})
    chosen.output.mkdir(parents=True, exist_ok=True)
    path = chosen.output / "accuracy.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}")
    return 0 if all(row["reached"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
