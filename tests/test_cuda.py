"""Kernels run alike with a compiler and without one, and stay inside their arrays."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import cuda
from helpers.backend import to_backend, to_numpy
from helpers.cuda import KernelError, launch

RIGHT = r"""
extern "C" __global__
void correlate(const float* image, const float* weights, float* out,
               int H, int W, int KH, int KW) {
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    int i = blockIdx.y * blockDim.y + threadIdx.y;
    int OH = H - KH + 1, OW = W - KW + 1;
    if (i >= OH || j >= OW) return;
    float sum = 0.0f;
    for (int p = 0; p < KH; p++)
        for (int q = 0; q < KW; q++)
            sum += image[(i + p) * W + j + q] * weights[p * KW + q];
    out[i * OW + j] = sum;
}
"""
GUARD = "    if (i >= OH || j >= OW) return;\n"
ROUTES = [
    "python",
    pytest.param(
        "compiler",
        marks=pytest.mark.skipif(not cuda.has_compiler(), reason="no C compiler here"),
    ),
]
BOTH = pytest.mark.parametrize("route", ROUTES)


def correlate(source, route, shape=(33, 49), size=(3, 4), block=(16, 16), grid=None):
    rng = np.random.default_rng(3)
    image, weights = rng.standard_normal(shape), rng.standard_normal(size)
    windows = np.lib.stride_tricks.sliding_window_view(image, size)
    wanted = np.einsum("ijpq,pq->ij", windows, weights)
    OH, OW = wanted.shape
    grid = grid or (-(-OW // block[0]), -(-OH // block[1]))
    arrays = [to_backend(image), to_backend(weights)]
    out = launch(source, arrays, wanted.shape, [*shape, *size], grid, block, route=route)
    return to_numpy(out), wanted


@BOTH
@pytest.mark.parametrize("block", [(16, 16), (32, 4), (7, 3), (1, 1)])
def test_a_right_kernel_agrees_with_numpy(route, block):
    found, wanted = correlate(RIGHT, route, block=block)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@BOTH
@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        (
            GUARD,
            "",
            len({46 * i + j for i in range(32) for j in range(48)} - {*range(1426)}),
        ),
        ("i >= OH || ", "", 46),
        ("out[i * OW + j]", "out[i * OW + j - 1]", 1),
        ("out[i * OW + j]", "out[i * OW + j + 5]", 5),
    ],
)
def test_writing_outside_is_found_and_counted(route, old, new, places):
    with pytest.raises(KernelError, match=f"1426 numbers: at {places} places, the first"):
        correlate(RIGHT.replace(old, new), route)


@BOTH
def test_writing_far_outside_harms_nobody(route):
    with pytest.raises(KernelError, match="far outside its arrays"):
        correlate(RIGHT.replace("out[i * OW + j]", "out[i * 40000000 + j]"), route)


@BOTH
def test_what_no_thread_writes_stays_empty(route):
    found, wanted = correlate(RIGHT, route, grid=(2, 2))
    assert np.isnan(found[:, 32:]).all()
    np.testing.assert_allclose(found[:, :32], wanted[:, :32], atol=1e-5)


@BOTH
def test_reading_outside_the_image_gives_no_number(route):
    found, _ = correlate(RIGHT.replace("image[(i + p)", "image[(i + p - 1)"), route)
    assert np.isnan(found[0]).any()


@BOTH
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("float sum = 0.0f;", "float sum = 0.0f", "kernel:10.*expected"),
        ("sum +=", "total +=", "kernel:12.*total"),
        ('extern "C" ', "", "found 0 kernels that begin with"),
        ("q < KW", "q < 9 || q > 0", "does not end|far outside"),
    ],
)
def test_a_kernel_that_cannot_run_is_explained(route, old, new, complaint, monkeypatch):
    monkeypatch.setattr(cuda, "SECONDS", 1)
    monkeypatch.setattr(cuda, "MOST_STEPS", 10_000)
    with pytest.raises(KernelError, match=complaint):
        correlate(RIGHT.replace(old, new), route)


def test_the_shape_of_a_launch_is_checked():
    with pytest.raises(KernelError, match=r"33 by 32 has 1056 threads; CUDA allows 1024"):
        correlate(RIGHT, "python", block=(33, 32))
    with pytest.raises(KernelError, match=r"grid is \(0, 1\)"):
        correlate(RIGHT, "python", grid=(0, 1))
    with pytest.raises(KernelError, match="called 'correlate'; expected 'other'"):
        launch(RIGHT, [], (1,), [], (1, 1), (1, 1), name="other")
    with pytest.raises(ValueError, match="route is 'fast'"):
        launch(RIGHT, [], (1,), [], (1, 1), (1, 1), route="fast")


def test_a_card_gets_the_same_text_but_only_after_the_rehearsal(monkeypatch):
    launches = []

    class Card:
        """Stands for CuPy's RawKernel."""

        def __init__(self, source, name):
            self.text = source, name

        def __call__(self, grid, block, arguments):
            launches.append((self.text, grid, block, [a.dtype.name for a in arguments]))
            arguments[2][...] = 7

    monkeypatch.setattr(cuda, "raw_kernel", lambda: Card)
    assert (correlate(RIGHT, "python")[0] == 7).all()
    dtypes = ["float32"] * 3 + ["int32"] * 4
    assert launches == [((RIGHT, "correlate"), (3, 2), (16, 16), dtypes)]
    with pytest.raises(KernelError):
        correlate(RIGHT.replace(GUARD, ""), "python")
    assert len(launches) == 1


STATEMENTS = {
    "out[0] = -7 / 2; out[1] = -7 % 3; out[2] = 7 / 2.0f;": [-3, -1, 3.5],
    "int n = 2.9f; float f = 3; out[0] = n; out[1] = f / 2; n *= 1.5f; out[2] = n;": [
        2,
        1.5,
        3,
    ],
    "int n = 5, s = 0; while (n-- > 0) { if (n == 3) continue; s += n; } out[0] = s;": [7],
    "for (int k = 0; k < 9; k++) { if (k % 2) continue; if (k > 5) break; out[0] = k; }": [
        4
    ],
    "float* p = out + 1; *p = 4; p++; p[0] = !0 && 2 > 1 ? max(5, 6) : 0;": [None, 4, 6],
    "int a = 1; { int b = ++a; out[0] = a++ + b; } out[1] = (float)a; /* end */": [4, 3],
    "if (1 > 2) out[0] = 1; else if (2 != 2) out[0] = 2; else out[0] = 3; // three": [3],
    "out[0] = 1.5e1f; out[1] = .25; out[2] = fmaf(2, 3, 4);": [15, 0.25, 10],
}


@BOTH
@pytest.mark.parametrize("body", STATEMENTS)
def test_c_means_the_same_on_both_routes(route, body):
    source = f'extern "C" __global__ void f(float* out) {{ {body}\n}}'
    out = to_numpy(launch(source, [], (3,), [], (1, 1), (1, 1), route=route))
    for found, wanted in zip(out, STATEMENTS[body], strict=False):
        assert wanted is None or found == wanted


@pytest.mark.parametrize(
    "body", ["float a[3];", "#define N 3", "f(1);", "struct s {};", "{"]
)
def test_c_that_the_reader_does_not_know_is_named(body):
    source = f'extern "C" __global__ void f(float* out) {{\n{body} }}'
    with pytest.raises(KernelError, match="the reader of C says\n *kernel:2"):
        launch(source, [], (1,), [], (1, 1), (1, 1), route="python")


def test_nothing_is_left_behind():
    code = (
        "from helpers import cuda\n"
        "print(cuda.workshop().name if cuda.has_compiler() else '-')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "" and done.returncode == 0
    assert not Path(done.stdout.strip()).exists()
