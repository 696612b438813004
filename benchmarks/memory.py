"""Peak memory of one convolution, forward and backward, each in a process of its own.

``python -m benchmarks.memory ours|torch NAME`` prints the growth in MB above the arrays.
"""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

NAMES = ("middle", "cifar", "1280x720")


def resident(key: str) -> float:
    """Return memory of this process in MB: VmHWM is the highest, VmRSS the present."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {key}: this needs Linux.")


def child(library: str, name: str) -> dict:
    """Measure in this process."""
    from helpers import layers

    from . import rivals
    from .cases import SHAPES, images, normal

    shape = {**SHAPES, "1280x720": (1, 3, 720, 1280, 8, 3, 1, 1, 1)}[name]
    N, C, H, W, F, k, *options = shape
    x, w, b = images(N, C, H, W), normal(F, C, k, k), normal(F)
    dout = images(N, F, H, W, seed=1)
    small = images(2, C, 8, 40), w, b, images(2, F, 8, 40)
    if library == "ours":
        layers.conv2d(*small[:3], *options)  # libraries loaded, workspaces made
        layers.conv2d_backward(small[3], *small[:2], *options)
        start = resident("VmRSS")
        out = layers.conv2d(x, w, b, *options)
        gradients = layers.conv2d_backward(dout, x, w, *options)
        peak = resident("VmHWM") - start
        del out, gradients
        tracemalloc.start()
        out = layers.conv2d(x, w, b, *options)
        gradients = layers.conv2d_backward(dout, x, w, *options)
        return {"MB": peak, "tracemalloc MB": tracemalloc.get_traced_memory()[1] / 2**20}
    for fn in rivals.torch_conv(*small, *options, 1):
        fn()
    forward, backward = rivals.torch_conv(x, w, b, dout, *options, 1)
    start = resident("VmRSS")
    out = forward()
    gradients = backward()
    return {"MB": resident("VmHWM") - start, "kept": len(gradients) + len(out)}


def compare(name: str, libraries) -> dict:
    """Measure each library in a child process."""
    row = {"name": f"memory {name}", "MB": {}, "ratio": {}}
    for library in libraries:
        command = [sys.executable, "-m", "benchmarks.memory", library, name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        row["MB"][library] = round(found["MB"], 1)
        if library == "ours":
            row["tracemalloc MB"] = round(found["tracemalloc MB"], 1)
    if "torch" in row["MB"]:
        row["ratio"]["torch"] = [row["MB"]["ours"] / row["MB"]["torch"]]
    return row


if __name__ == "__main__":
    print(json.dumps(child(*sys.argv[1:])))
