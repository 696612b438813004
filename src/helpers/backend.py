"""Choose the array library once: NumPy on the processor, CuPy on a graphics card.

Notebooks write ``from helpers.backend import xp`` and make their arrays with `xp`.
Library functions ask their input instead: ``xp = array_module(x)``. The environment
variable ``COURSE_BACKEND`` may be ``auto`` (the default), ``numpy`` or ``cupy``.
"""

import os
import statistics
import sys
import time
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

CHOICES = ("auto", "numpy", "cupy")


@dataclass(frozen=True)
class Backend:
    """The array library in use, and why it was chosen.

    Attributes
    ----------
    xp : module
        ``numpy`` or ``cupy``.
    device : str
        The name of the device that computes.
    reason : str
        One sentence, for people.
    """

    xp: ModuleType
    device: str
    reason: str

    @property
    def name(self) -> str:
        """``"numpy"`` or ``"cupy"``."""
        return self.xp.__name__


@cache
def probe_gpu() -> tuple[ModuleType | None, str]:
    """Try CuPy with one real computation and keep the outcome.

    Importing CuPy succeeds on a machine without a graphics card; only work shows whether
    it can work, so this compiles a kernel, calls the matrix product and copies back.

    Returns
    -------
    (module or None, str)
        CuPy with the name of the device, or None with the reason it cannot be used.
    """
    try:
        import cupy
    except ImportError:
        return None, "CuPy is not installed"
    except Exception as error:  # a broken CUDA library raises whatever it likes
        return None, f"CuPy does not import ({type(error).__name__}: {error})"
    try:
        if not cupy.cuda.is_available():
            return None, "CuPy is installed but finds no CUDA device or driver"
        a = cupy.arange(4, dtype="float32").reshape(2, 2)
        if float((a @ a + 1).sum()) != 26.0:  # 2 + 3 + 6 + 11, and 1 four times
            return None, "CuPy computes wrong numbers on this device"
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    except Exception as error:  # driver, compiler and BLAS errors share no base class
        return None, f"CuPy cannot use the CUDA device ({type(error).__name__}: {error})"
    return cupy, properties["name"].decode()


def choose(wanted: str = "auto") -> Backend:
    """Return the array library for ``auto``, ``numpy`` or ``cupy``.

    Raises
    ------
    ValueError
        `wanted` is none of the three.
    RuntimeError
        ``cupy`` was asked for and cannot be used; the message says why.
    """
    if wanted not in CHOICES:
        raise ValueError(
            f"COURSE_BACKEND is {wanted!r}; it must be one of {', '.join(CHOICES)}."
        )
    if wanted == "numpy":
        return Backend(np, "processor", "NumPy was asked for by COURSE_BACKEND.")
    cupy, detail = probe_gpu()
    if cupy is not None:
        return Backend(cupy, detail, f"CuPy computes on {detail}.")
    if wanted == "cupy":
        raise RuntimeError(
            f"COURSE_BACKEND is 'cupy', but {detail}. Set COURSE_BACKEND=numpy (or unset "
            "it) to run on the processor, or install the extra cuda12 or cuda13."
        )
    return Backend(np, "processor", f"NumPy on the processor: {detail}.")


active = choose(os.environ.get("COURSE_BACKEND", "auto").strip().lower() or "auto")
xp = active.xp


def array_module(x) -> ModuleType:
    """Return the library that `x` belongs to: CuPy for its arrays, otherwise NumPy."""
    cupy = sys.modules.get("cupy")
    return cupy if cupy is not None and isinstance(x, cupy.ndarray) else np


def to_numpy(x):
    """Return `x` as a NumPy array, copied from the graphics card if it is there."""
    return np.asarray(x) if array_module(x) is np else x.get()


def to_backend(x):
    """Return `x` as an array of the library in use, copied to its device if need be."""
    return xp.asarray(x)


def synchronize():
    """Wait until the device has done all that was asked of it; NumPy never lags behind."""
    if active.name == "cupy":
        xp.cuda.get_current_stream().synchronize()


def time_call(fn, repeat: int = 5) -> float:
    """Return the median seconds of ``fn()``, after one call that is not counted.

    Parameters
    ----------
    fn : callable
        Called without arguments, ``repeat + 1`` times.
    repeat : int
        How many calls are timed, at least 1.
    """
    if repeat < 1:
        raise ValueError(f"repeat is {repeat}; at least 1 call must be timed.")
    times = []
    for _ in range(repeat + 1):
        synchronize()
        start = time.perf_counter()
        fn()
        synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def describe() -> dict:
    """Return the library in use, its version, device, reason and memory, for people.

    Returns
    -------
    dict
        ``library``, ``version``, ``device``, ``reason``, ``free_bytes``, ``total_bytes``;
        the memory is that of the graphics card, and None on the processor.
    """
    free = total = None
    if active.name == "cupy":
        free, total = (int(n) for n in xp.cuda.runtime.memGetInfo())
    return {
        "library": active.name,
        "version": xp.__version__,
        "device": active.device,
        "reason": active.reason,
        "free_bytes": free,
        "total_bytes": total,
    }


def randn(rng, shape, dtype: str = "float64"):
    """Draw normal numbers on the host and move them to the library in use.

    So equal seeds give equal numbers with NumPy and with CuPy.

    Parameters
    ----------
    rng : numpy.random.Generator or int
        A generator, or the seed of a new one.
    shape : tuple of int
    dtype : str

    Returns
    -------
    (*shape)
        Mean 0, standard deviation 1.
    """
    if not isinstance(rng, np.random.Generator):
        rng = np.random.default_rng(rng)
    return to_backend(rng.standard_normal(shape).astype(dtype))
