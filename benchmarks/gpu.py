"""CuPy against PyTorch on one NVIDIA card, float32 with TF32 off on both.

``python -m benchmarks.gpu [--quick]`` writes ``benchmarks/results/gpu.json``. Times are
times with the queue kept full, waiting once per block, and host times to enqueue one
call. The training step is also captured in a CUDA graph where CuPy allows it.
"""

import argparse
import datetime
import json
import os
import time
from pathlib import Path
from statistics import median

os.environ["CUPY_TF32"] = "0"
os.environ["COURSE_BACKEND"] = "cupy"

import numpy as np  # noqa: E402

from helpers import layers, losses  # noqa: E402
from helpers import networks as nn  # noqa: E402
from helpers.backend import active, to_numpy, xp  # noqa: E402

from . import nets  # noqa: E402
from .cases import SHAPES  # noqa: E402
from .rivals import torch  # noqa: E402

LARGE = {
    "cifar 256": (256, 64, 32, 32, 128, 3, 1, 1, 1),
    "deep 256": (256, 256, 14, 14, 256, 3, 1, 1, 1),
}


def synchronize():
    """Wait for both libraries."""
    xp.cuda.Device().synchronize()
    if torch:
        torch.cuda.synchronize()


def measure(functions, rounds: int, block: float) -> dict:
    """Return (milliseconds per call, milliseconds to enqueue it), medians, interleaved."""
    times, repeats = {name: [] for name in functions}, {}
    for name, fn in functions.items():
        for _ in range(3):
            fn()
        synchronize()
        start = time.perf_counter()
        fn()
        synchronize()
        repeats[name] = max(1, int(block / max(time.perf_counter() - start, 1e-6)))
    for _ in range(rounds):
        for name, fn in functions.items():
            synchronize()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                fn()
            enqueued = time.perf_counter() - start
            synchronize()
            done = time.perf_counter() - start
            times[name].append([1e3 * t / repeats[name] for t in (done, enqueued)])
    return {
        name: [round(median(t[k] for t in found), 5) for k in (0, 1)]
        for name, found in times.items()
    }


def normal(*shape, seed=0):
    """Draw on the host and move."""
    return xp.asarray(np.random.default_rng(seed).standard_normal(shape).astype("float32"))


def like_ours(a):
    """Return the same numbers in the memory order in which CuPy's layers leave them."""
    return xp.ascontiguousarray(a.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)


def to_torch(a):
    """Copy an array into PyTorch's own order on the card."""
    return torch.from_numpy(np.array(to_numpy(a), order="C")).cuda()


def convolution(name, shape, **how) -> dict:
    """Compare one convolution after checking that both agree."""
    N, C, H, W, F, k, *options = shape
    x, w, b = like_ours(normal(N, C, H, W)), normal(F, C, k, k), normal(F)
    out = layers.conv2d(x, w, b, *options)
    dout = like_ours(normal(*out.shape, seed=1))
    functions = {
        "ours forward": lambda: layers.conv2d(x, w, b, *options),
        "ours backward": lambda: layers.conv2d_backward(dout, x, w, *options),
    }
    if torch:
        tx, tw, tb, tg = map(to_torch, (x, w, b, dout))
        s, p, d = ([v, v] for v in options)

        def backward():
            rest = [F], s, p, d, False, [0, 0], 1, [True] * 3
            return torch.ops.aten.convolution_backward(tg, tx, tw, *rest)

        functions["torch forward"] = lambda: torch.nn.functional.conv2d(
            tx, tw, tb, *options
        )
        functions["torch backward"] = backward
        close(functions["torch forward"](), out)
        for theirs, ours in zip(backward(), functions["ours backward"](), strict=True):
            close(theirs, ours)
    times = measure(functions, **how)
    row = {"name": name, "milliseconds, enqueue": times, "ratio": {}}
    work = 2 * out.size * C * k * k
    row["TFLOP/s"] = round(work / times["ours forward"][0] / 1e9, 3)
    if torch:
        ours, theirs = (
            [times[f"{lib} {part}"][0] for part in ("forward", "backward")]
            for lib in ("ours", "torch")
        )
        row["ratio"] = [ours[0] / theirs[0], ours[1] / theirs[1], sum(ours) / sum(theirs)]
    return row


def close(theirs, ours):
    """Assert agreement relative to the largest entry."""
    theirs, ours = theirs.cpu().numpy(), to_numpy(ours)
    assert np.abs(theirs - ours).max() <= 1e-3 * np.abs(theirs).max()


def steps(name, **how) -> dict:
    """Compare a training step: eager, and replayed as one CUDA graph."""
    x, y, _ = nets.data()
    device_x, device_y = xp.asarray(x[:64]), xp.asarray(y[:64])
    model, optimizer = nets.our_net(*nets.NETS[name])
    if torch:
        host = {k: to_numpy(a) for k, a in nn.parameters(model).items()}
        twin, adam = torch_twin(model, host, *nets.NETS[name])

    def ours():
        loss, dz = losses.cross_entropy(model.forward(device_x, train=True), device_y)
        model.backward(dz, need_dx=False)
        optimizer.step(nn.gradients(model).values())
        return loss

    functions = {"ours": ours}
    if torch:
        tx, ty = torch.from_numpy(x[:64].copy()).cuda(), torch.from_numpy(y[:64]).cuda()
        functions["torch"] = lambda: nets.torch_step(twin, adam, tx, ty)
        for _ in range(5):
            a, b = float(ours()), functions["torch"]().item()
            assert abs(a - b) < 1e-2 * max(abs(b), 0.1), (name, a, b)
    row = {"name": f"step {name}"}
    graph, row["graph"] = capture(ours)
    if graph:
        functions["ours, graph"] = graph
    row["milliseconds, enqueue"] = times = measure(functions, **how)
    if torch:
        row["ratio"] = {k: t[0] / times["torch"][0] for k, t in times.items()}
    return row


def torch_twin(model, host, first, second, norm):
    """Return PyTorch's twin on the card with the same weights."""
    fake = nn.Sequential()
    fake.params = host
    twin, _ = nets.torch_net(fake, first, second, norm)
    twin = twin.cuda()
    return twin, torch.optim.Adam(twin.parameters())


def capture(step):
    """Return (replay, note): the step as one CUDA graph, or nothing and the reason.

    Adam's factors 1 - beta**t are numbers of the host: a replayed graph keeps those of the
    captured step, which late in training differ from 1 by nothing that matters.
    """
    try:
        stream = xp.cuda.Stream(non_blocking=True)
        with stream:
            for _ in range(3):
                step()
            stream.synchronize()
            stream.begin_capture()
            step()
            graph = stream.end_capture()
        graph.launch(stream)
        stream.synchronize()
    except Exception as error:  # CuPy and CUDA have no common error for this
        return None, f"not captured: {type(error).__name__}: {error}"
    return lambda: graph.launch(stream), "captured"


def main():
    """Run, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    how = {"rounds": 3, "block": 0.02} if parser.parse_args().quick else {}
    how = how or {"rounds": 9, "block": 0.1}
    if torch:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
    a = normal(8192, 8192)
    t = measure({"product": lambda: a @ a}, 3, 0.2)["product"][0]
    report = {
        "command": "python -m benchmarks.gpu",
        "date": str(datetime.date.today()),
        "device": active.device,
        "versions": {"cupy": xp.__version__, "torch": torch.__version__ if torch else None},
        "product TFLOP/s": round(2 * 8192**3 / t / 1e9, 1),
    }
    print(report, flush=True)
    report["conv"] = []
    for name, shape in (SHAPES | LARGE).items():
        report["conv"].append(convolution(name, shape, **how))
        print(report["conv"][-1], flush=True)
    report["steps"] = []
    for name in nets.NETS:
        report["steps"].append(steps(name, **how))
        print(report["steps"][-1], flush=True)
    path = Path("benchmarks/results/gpu.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
