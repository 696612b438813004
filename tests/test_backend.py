"""The choice of NumPy or CuPy, and the stand-in that guards it without a card."""

import os
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import standin

from helpers import backend


@pytest.fixture
def probe():
    """Return a fresh probe: the real one keeps its first answer."""
    backend.probe_gpu.cache_clear()
    yield backend.probe_gpu
    backend.probe_gpu.cache_clear()


def broken_cupy(error=None, available=True):
    """Return a CuPy whose first array raises `error`."""
    cupy = standin.fake_cupy()
    cupy.cuda.is_available = lambda: available

    def arange(*args, **kwargs):
        raise error

    if error is not None:
        cupy.arange = arange
    return cupy


def wrong_cupy():
    """Return a CuPy that multiplies wrongly."""
    cupy = standin.fake_cupy()
    arange = cupy.arange
    cupy.arange = lambda *args, **kwargs: arange(*args, **kwargs) + 1
    return cupy


class ImportBreaks:
    """Make ``import cupy`` raise an error that is no ImportError."""

    def find_spec(self, name, path=None, target=None):
        """Raise for CuPy."""
        if name == "cupy":
            raise OSError("libcuda.so.1: cannot open shared object file")


def test_not_installed(probe, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # makes the import raise ImportError
    assert probe() == (None, "CuPy is not installed")


def test_import_raises_something_else(probe, monkeypatch):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [ImportBreaks(), *sys.meta_path])
    cupy, reason = probe()
    assert cupy is None
    assert "OSError: libcuda.so.1" in reason


@pytest.mark.parametrize(
    ("cupy", "words"),
    [
        (broken_cupy(available=False), "finds no CUDA device"),
        (broken_cupy(RuntimeError("cudaErrorNoKernelImage")), "cudaErrorNoKernelImage"),
        (wrong_cupy(), "wrong numbers"),
    ],
)
def test_auto_falls_back_and_keeps_the_reason(probe, monkeypatch, cupy, words):
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    chosen = backend.choose("auto")
    assert chosen.xp is np
    assert words in chosen.reason
    with pytest.raises(RuntimeError, match="COURSE_BACKEND=numpy") as raised:
        backend.choose("cupy")
    assert words in str(raised.value)
    assert "cuda12" in str(raised.value)


def test_a_working_card_is_chosen(probe, monkeypatch):
    cupy = standin.fake_cupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    for wanted in ("auto", "cupy"):
        chosen = backend.choose(wanted)
        assert chosen.xp is cupy
        assert chosen.name == "cupy"
        assert "stand-in" in chosen.device
    assert backend.choose("numpy").xp is np


def test_the_probe_computes_the_sum_it_expects(probe, monkeypatch):
    """The number in the probe is that of the computation in it, whatever it is."""
    a = np.arange(4, dtype="float32").reshape(2, 2)
    assert float((a @ a + 1).sum()) == 26.0
    monkeypatch.setitem(sys.modules, "cupy", standin.fake_cupy())
    assert probe()[0] is not None


@pytest.mark.parametrize("value", ["gpu", "Numpy!", "cuda"])
def test_a_bad_value_is_named(value):
    with pytest.raises(ValueError, match="auto, numpy, cupy") as raised:
        backend.choose(value)
    assert repr(value) in str(raised.value)


def in_new_process(value, code):
    environment = {**os.environ, "COURSE_BACKEND": value}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_the_environment_variable_decides():
    code = "from helpers.backend import active; print(active.name, '|', active.reason)"
    for value in ("numpy", " NumPy "):
        ran = in_new_process(value, code)
        assert ran.stdout == "numpy | NumPy was asked for by COURSE_BACKEND.\n", ran.stderr
    assert in_new_process("", code).returncode == 0
    ran = in_new_process("tpu", code)
    assert ran.returncode != 0
    assert "COURSE_BACKEND is 'tpu'" in ran.stderr


def test_backend_imports_no_cupy_when_numpy_is_asked_for():
    code = "import sys, helpers.backend; print('cupy' in sys.modules)"
    assert in_new_process("numpy", code).stdout == "False\n"


def test_arrays_find_their_library():
    with standin.installed() as cupy:
        x = backend.to_backend(np.arange(6.0))
        assert isinstance(x, cupy.ndarray)
        assert backend.array_module(x) is cupy
        assert backend.array_module(np.ones(2)) is np
        assert backend.array_module([1, 2]) is np
        back = backend.to_numpy(x)
    assert type(back) is np.ndarray
    assert back.tolist() == [0, 1, 2, 3, 4, 5]
    assert backend.xp is not cupy


def test_to_backend_copies_to_the_device():
    host = np.zeros(3)
    with standin.installed():
        device = backend.to_backend(host)
        device += 1
        assert host.tolist() == [0, 0, 0]
        assert backend.to_numpy(device).tolist() == [1, 1, 1]


def test_describe():
    here = backend.describe()
    assert here["library"] == backend.active.name
    assert here["version"] == backend.xp.__version__
    assert here["reason"].endswith(".")
    with standin.installed():
        there = backend.describe()
    assert (there["free_bytes"], there["total_bytes"]) == (6 * 1024**3, 8 * 1024**3)
    assert there["library"] == "cupy"
    assert set(here) == set(there)


def test_time_call_synchronises_around_every_call(monkeypatch):
    clock = iter([0, 9, 10, 13, 20, 21, 30, 35])  # the first call is not counted
    order = []
    monkeypatch.setattr(backend.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(backend, "synchronize", lambda: order.append("wait"))
    assert backend.time_call(lambda: order.append("call"), repeat=3) == 3
    assert order == ["wait", "call", "wait"] * 4
    with pytest.raises(ValueError, match="repeat is 0"):
        backend.time_call(print, 0)


def test_synchronize_waits_for_the_stream():
    waited = []

    class Stream:
        def synchronize(self):
            waited.append(True)

    with standin.installed() as cupy:
        cupy.cuda.get_current_stream = Stream
        backend.synchronize()
    assert waited == [True]
    if backend.active.name == "numpy":
        backend.synchronize()
        assert waited == [True]


def test_randn_draws_the_same_numbers_everywhere():
    host = np.random.default_rng(3).standard_normal((2, 5)).astype("float32")
    here = backend.randn(3, (2, 5), "float32")
    with standin.installed() as cupy:
        there = backend.randn(np.random.default_rng(3), (2, 5), "float32")
        assert isinstance(there, cupy.ndarray)
        assert np.array_equal(backend.to_numpy(there), host)
    assert np.array_equal(backend.to_numpy(here), host)
    assert here.dtype == "float32"


LEAKS = {  # each line works with NumPy and fails with CuPy
    "a copy to the host": "np.asarray(x)",
    "a comparison on the host": "np.testing.assert_allclose(x, 1)",
    "host beside device": "x + np.ones((3, 4))",
    "device beside host": "np.ones((3, 4)) + x",
    "a host argument": "xp.maximum(x, np.zeros(4))",
    "in place from the host": "x.__iadd__(np.ones(4))",
    "host values stored": "x.__setitem__(0, np.ones(4))",
    "a list in arithmetic": "x + [1, 2, 3, 4]",
    "a list for a function": "xp.sum([1, 2])",
    "block": "xp.block([[x, x]])",
    "insert": "xp.insert(x, 0, 1)",
    "errstate": "xp.errstate(all='ignore')",
    "a missing function by NumPy": "np.insert(x, 0, 1)",
    "multi_dot": "xp.linalg.multi_dot([x, x.T])",
    "a missing method": "x.resize(2, 6)",
    "an unknown option": "xp.sum(x, where=x > 0)",
    "an unknown option of a method": "x.max(initial=0)",
    "maximum.reduce": "xp.maximum.reduce(x)",
    "Generator.normal": "xp.random.default_rng(0).normal(size=3)",
    "Generator.permutation": "xp.random.default_rng(0).permutation(3)",
    "a 0-d array counts": "range(x.argmax())",
    "a 0-d array indexes a list": "['a', 'b', 'c'][xp.argmin(x[:, 0])]",
    "a loop over a number": "list(x.sum())",
}


@pytest.mark.parametrize("name", LEAKS)
def test_the_standin_refuses_what_cupy_refuses(name):
    host = np.ones((3, 4))
    expected = (TypeError, ValueError, AttributeError, NotImplementedError)
    with standin.installed() as cupy:
        names = {"xp": cupy, "np": np, "x": cupy.asarray(host)}
        with pytest.raises(expected):
            eval(LEAKS[name], names)
    works_on_the_host = {
        "a missing method", "Generator.normal", "Generator.permutation",
        "a loop over a number", "in place from the host", "host values stored",
    }  # fmt: skip
    if name not in works_on_the_host:  # the line itself is right: only the library differs
        eval(LEAKS[name], {"xp": np, "np": np, "x": host.copy()})


def test_the_standin_computes():
    x = np.arange(12.0).reshape(3, 4) - 5
    with standin.installed() as xp:
        d = xp.asarray(x)
        pairs = [
            (d @ d.T + 1, x @ x.T + 1),
            (xp.einsum("ij,kj->ik", d, d), np.einsum("ij,kj->ik", x, x)),
            (xp.pad(d, ((1, 1), (0, 2))), np.pad(x, ((1, 1), (0, 2)))),
            (d[d > 0], x[x > 0]),
            (d[[0, 2], 1:], x[[0, 2], 1:]),
            (np.exp(d), np.exp(x)),
            (xp.maximum(d, 0).sum(axis=1, keepdims=True), np.maximum(x, 0).sum(1)[:, None]),
            (xp.where(d > 0, d, -d).mean(), abs(x).mean()),
            (
                xp.lib.stride_tricks.sliding_window_view(d, (2, 2)),
                np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
            ),
            (xp.take_along_axis(d, d.argsort(axis=1), axis=1), np.sort(x, axis=1)),
            (xp.concatenate([d, d]), np.concatenate([x, x])),
        ]
        for device, host in pairs:
            assert isinstance(device, xp.ndarray)
            assert np.array_equal(device.get(), host)
        total = d.sum()
        assert isinstance(total, xp.ndarray)
        assert total.shape == ()
        assert float(total) == x.sum()
        assert f"{total:.1f}" == "6.0"
        view = d[1:]
        view *= 0
        xp.add.at(d, [0, 0], 1.0)
        assert d.get().tolist() == [[-3, -2, -1, 0], [0] * 4, [0] * 4]


def test_integer_arrays_wrap_around_as_in_cupy():
    with standin.installed() as xp:
        d = xp.arange(3)
        assert d[xp.array([1, 4, -1])].get().tolist() == [1, 1, 2]
        assert xp.take(d, xp.array([5])).get().tolist() == [2]
        with pytest.raises(IndexError):
            d[3]


def test_run_isolated_uses_the_standin_from_the_start():
    ran = standin.run_isolated(
        "from helpers.backend import xp, active\n"
        "print(active.name, type(xp.ones(2)).__name__)"
    )
    assert ran.stdout == "cupy DeviceArray\n", ran.stderr
    leak = standin.run_isolated(
        "import numpy; from helpers.backend import xp; numpy.array(xp.ones(2))"
    )
    assert "Implicit conversion" in leak.stderr


@pytest.mark.gpu
def test_a_real_card():
    cupy, reason = backend.probe_gpu()
    if cupy is None:
        pytest.skip(reason)
    x = cupy.arange(6.0).reshape(2, 3)
    assert backend.array_module(x) is cupy
    assert backend.to_numpy(x @ x.T).tolist() == [[5, 14], [14, 50]]
    for name in ("a copy to the host", "host beside device", "block", "a 0-d array counts"):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            eval(LEAKS[name], {"xp": cupy, "np": np, "x": cupy.ones((3, 4))})
    assert isinstance(cupy, ModuleType)
