"""Training steps and epochs of the same network in both libraries."""

import gzip
import os
import time
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from helpers import networks as nn
from helpers import optimizers, parallel, training

from .rivals import torch
from .timing import CLOCKS, PAUSE, measure

NETS = {
    "8-16 3x3": (8, 16, False),
    "8-16 3x3 BN": (8, 16, True),
    "16-32 3x3": (16, 32, False),
    "16-32 3x3 BN": (16, 32, True),
}


def data():
    """Return (images, classes, source): MNIST in the folder COURSE_DATA, or generated."""
    folder = Path(os.environ.get("COURSE_DATA", "")) / "mnist"
    files = folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz"
    if os.environ.get("COURSE_DATA") and all(f.exists() for f in files):
        raw = [np.frombuffer(gzip.open(f).read(), "uint8") for f in files]
        x = raw[0][16:].reshape(-1, 1, 28, 28) / np.float32(255)
        return x, raw[1][8:].astype("int64"), "MNIST test images, first 8,000 to train"
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 10_000)
    x = rng.random((10_000, 1, 28, 28), "float32") / 2
    for k in range(10):
        x[y == k, :, 2 * k : 2 * k + 6, 8:20] += 0.5
    return x, y, "generated images of MNIST's shape"


def our_net(first, second, norm):
    """Return conv-[norm]-relu-pool twice, then a dense head, and its optimizer."""
    rng = np.random.default_rng(0)
    parts = []
    for C, F in ((1, first), (first, second)):
        parts.append(nn.Conv2d(C, F, 3, rng, padding=1))
        parts += [nn.BatchNorm2d(F)] * norm + [nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*parts, nn.Flatten(), nn.Linear(second * 49, 10, rng))
    return model, optimizers.Adam(nn.parameters(model).values())


def torch_net(model, first, second, norm):
    """Return PyTorch's twin with the same weights, and its optimizer."""
    t, parts = torch.nn, []
    for C, F in ((1, first), (first, second)):
        parts.append(t.Conv2d(C, F, 3, padding=1))
        parts += [t.BatchNorm2d(F)] * norm + [t.ReLU(), t.MaxPool2d(2)]
    twin = t.Sequential(*parts, t.Flatten(), t.Linear(second * 49, 10))
    for p, a in zip(twin.parameters(), nn.parameters(model).values(), strict=True):
        p.data = torch.from_numpy(a.copy())
    return twin, torch.optim.Adam(twin.parameters())


def torch_step(model, optimizer, x, y):
    """Take one training step in PyTorch."""
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


def step_for(threads):
    """Return our training step; two threads split the batch, each with its own products."""
    if threads == 1:
        return training.gradient_step
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
    return parallel.TwoThreads()


def steps(name, threads) -> dict:
    """Compare one training step; with two threads ours splits the batch in two."""
    x, y, _ = data()
    x, y = x[:64], y[:64]
    model, optimizer = our_net(*NETS[name])
    step = step_for(threads)

    def ours():
        loss = step(model, x, y)
        optimizer.step(nn.gradients(model).values())
        return loss

    functions = {"ours": ours}
    if torch:
        twin, adam = torch_net(model, *NETS[name])
        tx, ty = torch.from_numpy(x.copy()), torch.from_numpy(y)
        for _ in range(5):
            a, b = float(ours()), torch_step(twin, adam, tx, ty).item()
            # Statistics of half batches differ: there only the order of size is compared.
            same = threads == 1 or not NETS[name][2]
            assert abs(a - b) < (1e-3 if same else 1.0) * max(abs(b), 0.1), (name, a, b)
        functions["torch"] = lambda: torch_step(twin, adam, tx, ty)
    times = measure(functions, threads, 15, 0.1)
    row = {"name": f"step {name}", "milliseconds": {k: [v * 1e3] for k, v in times.items()}}
    row["ratio"] = {"torch": [times["ours"] / times["torch"]]} if torch else {}
    return row


def epochs(name, threads, count=3) -> dict:
    """Compare whole epochs, one library after the other, and the accuracy at the end."""
    x, y, source = data()
    clock, times = CLOCKS[min(threads, 2)], {"ours": [], "torch": []}
    model, optimizer = our_net(*NETS[name])
    step = step_for(threads)
    if torch:
        twin, adam = torch_net(model, *NETS[name])
        tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    rng, other = np.random.default_rng(1), np.random.default_rng(1)
    for _ in range(count):
        time.sleep(PAUSE)  # let the other library's idle workers go to sleep
        start = clock()
        training.train_epoch(
            model, optimizer, x[:8000], y[:8000], 64, rng, progress=False, step=step
        )
        times["ours"].append(clock() - start)
        if torch:
            time.sleep(PAUSE)
            start = clock()
            twin.train()
            for part in torch.from_numpy(other.permutation(8000)).split(64):
                torch_step(twin, adam, tx[part], ty[part])
            times["torch"].append(clock() - start)
    row = {"name": f"epoch {name}", "data": source, "accuracy": {}, "ratio": {}}
    row["seconds"] = {k: round(float(np.median(v)), 3) for k, v in times.items() if v}
    row["accuracy"]["ours"] = training.evaluate(model, x[8000:], y[8000:])["accuracy"]
    if torch:
        twin.eval()
        with torch.no_grad():
            right = (twin(tx[8000:]).argmax(1) == ty[8000:]).float().mean()
        row["accuracy"]["torch"] = round(float(right), 4)
        row["ratio"]["torch"] = [row["seconds"]["ours"] / row["seconds"]["torch"]]
    return row
