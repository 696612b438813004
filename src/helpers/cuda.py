"""Launch a CUDA kernel, given as text, with or without a graphics card.

The kernel runs first on the processor, thread after thread: compiled where there is a C
compiler, else read by `helpers.tiny_c`. There margins around all arrays show whether it
stays inside them. On a graphics card the same text then goes to CuPy's ``RawKernel``.
"""

import math
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from helpers.backend import to_backend, to_numpy, xp
from helpers.tiny_c import FUNCTIONS, NotUnderstood, Reader, divide, remainder

ROUTES = ("auto", "compiler", "python")
HEAD = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(\w+)\s*\(')
MARGIN = 1 << 15  # numbers on each side of every array
UNTOUCHED = np.uint32(0x7FC0DEAD)  # a NaN that no arithmetic makes
SECONDS, MOST_STEPS = 10, 5_000_000
FLAGS = "-std=gnu11 -O1 -w -Werror=implicit-function-declaration".split()
FLAGS += ["-Werror=incompatible-pointer-types", "-Werror=int-conversion"]

PRELUDE = """
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <sys/resource.h>
#endif
typedef struct { unsigned int x, y, z; } place;
static place threadIdx, blockIdx, blockDim, gridDim;
#define __global__
#define __ldg(pointer) (*(pointer))
#define __fmaf_rn fmaf
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define printf(...) fprintf(stderr, __VA_ARGS__)
#line 1 "kernel"
"""
MAIN = """
#line 1 "launch"
int main(int count, char **text) {
#ifndef _WIN32
    struct rlimit seconds = {SECONDS, SECONDS}, bytes = {1ul << 30, 1ul << 30};
    setrlimit(RLIMIT_CPU, &seconds);
    setrlimit(RLIMIT_AS, &bytes);
#endif
    int n[64];
    float *a[8];
    for (int k = 1; k < count; k++) n[k - 1] = atoi(text[k]);
    for (int k = 0; k < ARRAYS; k++) {
        a[k] = malloc(n[k] * sizeof(float));
        if (fread(a[k], sizeof(float), n[k], stdin) != (size_t)n[k]) return 3;
    }
    int *size = n + ARRAYS, *shape = size + SIZES;
    gridDim = (place){shape[0], shape[1], 1};
    blockDim = (place){shape[2], shape[3], 1};
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
    for (threadIdx.y = 0; threadIdx.y < blockDim.y; threadIdx.y++)
    for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)
        CALL;
    fwrite(a[ARRAYS - 1], sizeof(float), n[ARRAYS - 1], stdout);
    return 0;
}
"""


class KernelError(Exception):
    """A kernel that cannot be launched, or that does what it must not."""


def launch(source, inputs, out_shape, sizes, grid, block, name="", route: str = "auto"):
    """Run a CUDA kernel once and return what it wrote. Built for lesson 09.

    Parameters
    ----------
    source : str
        One function, ``extern "C" __global__ void name(...)``. Its parameters are a
        ``const float*`` for each input, ``float*`` for the output, ``int`` for each size.
    inputs : list of array
        Passed as float32, row after row.
    out_shape : tuple of int
        Entries that no thread writes stay NaN.
    sizes : list of int
    grid, block : (int, int)
        Blocks, and threads in a block: (across, down), CUDA's x and y.
    name : str
        What the kernel must be called; any name will do unless told.
    route : {"auto", "compiler", "python"}
        How to run it on the processor.

    Returns
    -------
    (*out_shape)
        Float32, in the library in use; from the graphics card where there is one.

    Raises
    ------
    KernelError
        The source cannot be read, a thread writes outside the output, or never ends.
    """
    if route not in ROUTES:
        raise ValueError(f"route is {route!r}; it must be one of {', '.join(ROUTES)}.")
    name = kernel_name(source, name)
    arrays = [np.ascontiguousarray(to_numpy(a), np.float32) for a in inputs]
    sizes, grid, block = ([int(n) for n in part] for part in (sizes, grid, block))
    check_launch(grid, block)
    compiled = route == "compiler" or (route == "auto" and has_compiler())
    work = run_compiled if compiled else run_in_python
    out = work(source, name, arrays, math.prod(out_shape), sizes, grid, block)
    card = raw_kernel()
    if card is None:
        return to_backend(out.reshape(out_shape))
    out = xp.full(out_shape, xp.nan, xp.float32)
    arguments = [to_backend(a) for a in arrays] + [out] + [np.int32(n) for n in sizes]
    card(source, name)(tuple(grid), tuple(block), tuple(arguments))
    return out


def raw_kernel():
    """Return CuPy's RawKernel, or None where arrays are not on a graphics card."""
    try:
        return getattr(xp, "RawKernel", None)
    except NotImplementedError:  # a stand-in for CuPy has no kernels
        return None


def kernel_name(source, wanted: str = "") -> str:
    """Return the name of the kernel in a source; it must be the one wanted, if any."""
    if not isinstance(source, str):
        raise KernelError(f"the source must be text, not {type(source).__name__}.")
    found = HEAD.findall(source)
    if len(found) != 1:
        raise KernelError(
            f'found {len(found)} kernels that begin with `extern "C" __global__ void '
            "name(`; expected 1."
        )
    if wanted and found[0] != wanted:
        raise KernelError(f"the kernel is called {found[0]!r}; expected {wanted!r}.")
    return found[0]


def check_launch(grid, block):
    """Raise KernelError unless CUDA would accept the shape of a launch."""
    if len(grid) != 2 or len(block) != 2 or min(grid + block) < 1:
        raise KernelError(
            f"grid is {tuple(grid)} and block {tuple(block)}: each needs 2 numbers from 1."
        )
    if math.prod(block) > 1024:
        raise KernelError(
            f"a block of {block[0]} by {block[1]} has {math.prod(block)} threads; CUDA "
            "allows 1024."
        )


def where_it_wrote(indices, count: int):
    """Raise KernelError if any of the written indices lies outside the output."""
    outside = [n for n in indices if not 0 <= n < count]
    if outside:
        raise KernelError(
            f"the kernel writes outside `out`, which holds {count} numbers: at "
            f"{len(outside)} places, the first is out[{min(outside)}]."
        )


# --- compiled ---------------------------------------------------------------------------


@cache
def has_compiler() -> bool:
    """Tell whether a C compiler is there and its programs run."""
    try:
        source = 'extern "C" __global__ void one(float* out) { out[0] = 1; }'
        return run_compiled(source, "one", [], 1, [], [1, 1], [1, 1])[0] == 1
    except (KernelError, OSError, subprocess.SubprocessError):
        return False


@cache
def workshop():
    """Return a folder that is removed when Python ends."""
    return tempfile.TemporaryDirectory(prefix="course-kernel-", ignore_cleanup_errors=True)


@cache
def build(source: str, arrays: int, sizes: int) -> str:
    """Compile a kernel for this many arrays and sizes; return the path of the program."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise KernelError("there is no C compiler here; use route='python'.")
    name = kernel_name(source)
    given = [f"a[{k}] + {MARGIN}" for k in range(arrays)]
    given += [f"size[{k}]" for k in range(sizes)]
    main = MAIN.replace("CALL", f"{name}({', '.join(given)})").replace(
        "SECONDS", str(SECONDS)
    )
    main = main.replace("ARRAYS", str(arrays)).replace("SIZES", str(sizes))
    folder = Path(tempfile.mkdtemp(dir=workshop().name))
    program = folder / ("kernel.exe" if os.name == "nt" else "kernel")
    text = PRELUDE + re.sub(r'extern\s+"C"', "", source) + main
    (folder / "kernel.c").write_text(text, encoding="utf-8")
    command = [compiler, *FLAGS, "kernel.c", "-o", program.name, "-lm"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line]
        raise KernelError("the C compiler says\n    " + "\n    ".join(lines[:3]))
    return str(program)


def run_compiled(source, name, arrays, count, sizes, grid, block):
    """Compile the kernel, run all its threads one after the other, look at the margins."""
    program = build(source, len(arrays) + 1, len(sizes))
    nan = np.full(MARGIN, np.nan, np.float32)
    buffers = [np.concatenate([nan, a.ravel(), nan]) for a in arrays]
    buffers.append(np.full(count + 2 * MARGIN, UNTOUCHED).view(np.float32))
    numbers = [b.size for b in buffers] + sizes + grid + block
    try:
        done = subprocess.run(
            [program, *map(str, numbers)], input=b"".join(b.tobytes() for b in buffers),
            capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise KernelError(never_ends()) from None
    if done.returncode in (-24, -9):  # over the limit of processor time
        raise KernelError(never_ends())
    if done.returncode:
        raise KernelError(far_outside())
    out = np.frombuffer(done.stdout, np.float32)
    written = np.flatnonzero(out.view(np.uint32) != UNTOUCHED) - MARGIN
    where_it_wrote(written.tolist(), count)
    return out[MARGIN : MARGIN + count].copy()


def never_ends() -> str:
    """Return the message for a kernel that does not end."""
    return "the kernel does not end: does every loop reach its limit?"


def far_outside() -> str:
    """Return the message for a kernel that leaves even the margins."""
    return "the kernel was stopped: it reads or writes far outside its arrays."


# --- in Python --------------------------------------------------------------------------


class Pointer:
    """A C pointer into an array: reads NaN outside it, notes where it wrote."""

    __slots__ = ("at", "values", "written")

    def __init__(self, values, written, at: int = 0):
        self.values, self.written, self.at = values, written, at

    def __getitem__(self, n):
        """Read a number; NaN outside the array."""
        place = self.at + n
        return self.values[place] if 0 <= place < len(self.values) else math.nan

    def __setitem__(self, n, value):
        """Write a number and note where."""
        place = self.at + n
        self.written.add(place)
        if 0 <= place < len(self.values):
            self.values[place] = float(value)

    def __add__(self, n):
        """Move on by `n` numbers."""
        return Pointer(self.values, self.written, self.at + n)

    def __sub__(self, n):
        """Move back by `n` numbers."""
        return self + -n


def run_in_python(source, name, arrays, count, sizes, grid, block):
    """Read the kernel with `tiny_c` and run all its threads one after the other."""
    steps = 0

    def tick():
        nonlocal steps
        steps += 1
        if steps > MOST_STEPS:
            raise KernelError(never_ends())

    try:
        reader = Reader(re.sub(r'extern\s+"C"\s+__global__', "", source))
    except NotUnderstood as error:
        raise KernelError(f"the reader of C says\n    {error}") from None
    needed = len(arrays) + 1 + len(sizes)
    if len(reader.parameters) != needed:
        raise KernelError(
            f"{name} has {len(reader.parameters)} parameters; expected {needed}."
        )
    scope = {**FUNCTIONS, "tick": tick, "divide": divide, "remainder": remainder}
    exec(compile(reader.python(), "<kernel>", "exec"), scope)
    written: set[int] = set()
    pointers = [Pointer(a.ravel().tolist(), set()) for a in arrays]
    pointers.append(Pointer([math.nan] * count, written))
    for by in range(grid[1]):
        for bx in range(grid[0]):
            for ty in range(block[1]):
                for tx in range(block[0]):
                    place = (tx, ty, 0, bx, by, 0, *block, 1, *grid, 1)
                    scope["thread"](*pointers, *sizes, *place)
    if written and not -MARGIN <= min(written) <= max(written) < count + MARGIN:
        raise KernelError(far_outside())
    where_it_wrote(written, count)
    return np.array(pointers[-1].values, np.float32)
