"""Choose the array library once: NumPy on the processor, CuPy on a graphics card.

Notebooks write ``from helpers.backend import xp`` and make their arrays with `xp`.
Library functions ask their input instead: ``xp = array_module(x)``. The environment
variable ``COURSE_BACKEND`` may be ``auto`` (the default), ``numpy`` or ``cupy``.
"""

import os
import sys
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
        if float((a @ a + 1).sum()) != 21.0:
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
            f"COURSE_BACKEND is 'cupy', but {detail}. Set COURSE_BACKEND=numpy (or unset it) "
            "to run on the processor, or install the extra cuda12 or cuda13."
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
