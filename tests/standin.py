"""A stand-in for CuPy on a machine without a graphics card.

It computes with NumPy but refuses what CuPy refuses: implicit copies to the host, host
and device arrays in one operation, functions, methods and options that CuPy lacks, loops
over lists. It also does what CuPy does differently: reductions give 0-d arrays, integer
arrays that index out of range wrap around. `cupy_names.json` holds what CuPy has.

In a test: ``with standin.installed() as cupy``, which also makes it the library of
`helpers.backend`; modules that took ``xp`` from there at import need `run_isolated`.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

HERE = Path(__file__).resolve().parent
CUPY = json.loads((HERE / "cupy_names.json").read_text())
NAMES = {group: set(names) for group, names in CUPY["names"].items()}
UFUNC_OPTIONS = {"out", "dtype", "casting", "where"}
TO_DEVICE = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
TAKES_LISTS = TO_DEVICE | {
    "concatenate", "concat", "stack", "vstack", "hstack", "dstack", "column_stack",
    "zeros", "ones", "empty", "full", "broadcast_shapes", "indices", "ix_", "meshgrid",
    "result_type", "unravel_index", "ravel_multi_index", "lexsort", "select",
}  # fmt: skip
REDUCE = {"add", "multiply"}
NOT_IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct "
    "a NumPy array explicitly."
)


def bare(value):
    """Return what lies in device arrays; a host array beside them is refused."""
    if isinstance(value, DeviceArray):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return type(value)(bare(v) for v in value)
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items()}
    return value


def dressed(value):
    """Return a result as device arrays; NumPy's scalars become 0-d arrays."""
    if isinstance(value, (np.ndarray, np.generic)):
        return DeviceArray(np.asarray(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(dressed, value))
    return type(value)(map(dressed, value)) if isinstance(value, (list, tuple)) else value


def check_parameters(key: str, args, kwargs):
    """Raise TypeError if CuPy's function does not know an option or takes fewer."""
    known = CUPY["parameters"].get(key)
    if known is None:
        return
    strange = set(kwargs) - set(known)
    if strange:
        raise TypeError(f"{key}() got an unexpected keyword argument {sorted(strange)}")
    if len(args) > len(known):
        raise TypeError(f"{key}() takes {len(known)} arguments but {len(args)} were given")


def wrapped_index(key, shape):
    """Return an index whose integer arrays wrap around, as they do in CuPy."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [np.asarray(p) if isinstance(p, list) else p for p in parts]
    parts = [p._a if isinstance(p, DeviceArray) else p for p in parts]
    used = sum(
        0 if p is None or p is Ellipsis
        else p.ndim if isinstance(p, np.ndarray) and p.dtype == bool else 1
        for p in parts
    )  # fmt: skip
    axis = 0
    for n, part in enumerate(parts):
        if part is Ellipsis:
            axis += len(shape) - used
        elif isinstance(part, np.ndarray) and part.dtype == bool:
            axis += part.ndim
        elif part is not None:
            if isinstance(part, np.ndarray) and part.dtype.kind in "iu" and shape[axis]:
                parts[n] = part.astype(np.intp) % shape[axis]
            axis += 1
    return tuple(parts) if isinstance(key, tuple) else parts[0]


class DeviceArray(NDArrayOperatorsMixin):
    """Stands for `cupy.ndarray`."""

    __slots__ = ("_a",)
    __hash__ = None

    def __init__(self, a):
        self._a = a

    def __array__(self, *args, **kwargs):
        raise TypeError(NOT_IMPLICIT)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        function = getattr(ModuleProxy(np, "cupy"), ufunc.__name__)
        if method != "__call__":
            function = getattr(function, method)
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = out[0] if len(out) == 1 else out
        return function(*inputs, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        if function.__name__ not in NAMES["cupy"]:
            return NotImplemented
        return getattr(ModuleProxy(np, "cupy"), function.__name__)(*args, **kwargs)

    def __iter__(self):
        if self._a.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (DeviceArray(np.asarray(row)) for row in self._a)

    def __getitem__(self, key):
        return dressed(self._a[wrapped_index(key, self._a.shape)])

    def __setitem__(self, key, value):
        if isinstance(value, (list, np.ndarray)) and np.ndim(value) > 0:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self._a[wrapped_index(key, self._a.shape)] = np.asarray(
            value._a if isinstance(value, DeviceArray) else value
        )

    def __len__(self):
        return len(self._a)

    def __bool__(self):
        return bool(self._a)

    def __int__(self):
        return int(self._a)

    def __float__(self):
        return float(self._a)

    def __complex__(self):
        return complex(self._a)

    def __format__(self, spec):
        return format(self._a.item() if self._a.ndim == 0 else self._a, spec)

    def __repr__(self):
        return repr(self._a)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def get(self, *args, **kwargs):
        """Return a copy on the host: the explicit way."""
        return self._a.copy()

    def __getattr__(self, name):
        if name not in NAMES["cupy.ndarray"]:
            raise AttributeError(f"'ndarray' object has no attribute '{name}'")
        value = getattr(self._a, name)
        if not callable(value):
            return dressed(value) if isinstance(value, np.ndarray) else value

        def method(*args, **kwargs):
            check_parameters(f"cupy.ndarray.{name}", args, kwargs)
            result = value(*bare(args), **bare(kwargs))
            return result if name in ("item", "tolist", "tobytes") else dressed(result)

        return method

    def __setattr__(self, name, value):
        if name in ("shape", "dtype", "strides"):
            setattr(self._a, name, value)
        else:
            object.__setattr__(self, name, value)


class Ufunc:
    """Stands for `cupy.ufunc`: device arrays and scalars only."""

    def __init__(self, ufunc):
        self.ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *args, **kwargs):
        for value in args:
            if isinstance(value, (list, tuple)):
                raise TypeError(f"Unsupported type {type(value)}")
        if set(kwargs) - UFUNC_OPTIONS:
            raise TypeError(f"Wrong arguments {sorted(set(kwargs) - UFUNC_OPTIONS)}")
        result = self.ufunc(*bare(args), **bare(kwargs))
        out = kwargs.get("out")
        return out if isinstance(out, DeviceArray) else dressed(result)

    def at(self, a, indices, *values):
        """Accumulate at indices, which wrap around."""
        self.ufunc.at(bare(a), wrapped_index(indices, a.shape), *bare(values))

    def reduce(self, *args, **kwargs):
        """Reduce; CuPy knows add and multiply."""
        if self.__name__ not in REDUCE:
            raise NotImplementedError(f"`{self.__name__}.reduce` is not supported.")
        return dressed(self.ufunc.reduce(*bare(args), **bare(kwargs)))

    def outer(self, *args, **kwargs):
        """Apply to all pairs."""
        return dressed(self.ufunc.outer(*bare(args), **bare(kwargs)))


class GeneratorProxy:
    """Stands for `cupy.random.Generator`, which has few of NumPy's methods."""

    def __init__(self, seed=None):
        self._rng = np.random.default_rng(seed)

    def __getattr__(self, name):
        if name not in NAMES["cupy.random.Generator"]:
            raise AttributeError(f"'Generator' object has no attribute '{name}'")
        method = getattr(self._rng, name)
        return lambda *args, **kwargs: dressed(method(*bare(args), **bare(kwargs)))


class ModuleProxy(ModuleType):
    """Stands for `cupy` and its submodules: the names of CuPy, computed by NumPy."""

    def __init__(self, module, path):
        super().__init__(path)
        self._module, self._path = module, path

    def __getattr__(self, name):
        if name not in NAMES.get(self._path, ()):
            raise AttributeError(f"module '{self._path}' has no attribute '{name}'")
        value = getattr(self._module, name, None)
        path = f"{self._path}.{name}"
        if value is None and name != "newaxis":
            raise NotImplementedError(f"{path} exists in CuPy but not in the stand-in.")
        if path == "cupy.random.default_rng":
            return GeneratorProxy
        if isinstance(value, ModuleType):
            return ModuleProxy(value, path)
        if isinstance(value, np.ufunc):
            return Ufunc(value)
        if isinstance(value, type) or not callable(value):
            return value
        return self._function(name, path, value)

    def _function(self, name, path, value):
        """Return one function with the refusals of CuPy around it."""

        def function(*args, **kwargs):
            check_parameters(path, args, kwargs)
            if name in TO_DEVICE:
                first = args[0] if isinstance(args[0], np.ndarray) else bare(args[0])
                result = value(first, *bare(args[1:]), **bare(kwargs))
                return DeviceArray(result.copy() if first is args[0] else result)
            takes = name in TAKES_LISTS or self._path == "cupy.random"
            if not takes and args and isinstance(args[0], list):
                raise TypeError(f"Unsupported type {list} for {path}")
            if name == "take":
                kwargs = {"mode": "wrap", **kwargs}
            return dressed(value(*bare(args), **bare(kwargs)))

        function.__name__ = name
        return function


class Nothing:
    """Stands for a device or a stream: there is nothing to wait for."""

    id = 0
    mem_info = (6 * 1024**3, 8 * 1024**3)

    def __init__(self, *args):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def use(self):
        """Do nothing."""

    def synchronize(self):
        """Do nothing."""


def fake_cupy() -> ModuleType:
    """Return a module to put into ``sys.modules["cupy"]``."""
    cupy = ModuleProxy(np, "cupy")
    cupy.__version__ = CUPY["version"] + " (stand-in)"
    cupy.ndarray = DeviceArray
    cupy.asnumpy = lambda a, **_: a.get() if isinstance(a, DeviceArray) else np.asarray(a)
    cupy.get_array_module = lambda *a: (
        cupy if any(isinstance(v, DeviceArray) for v in a) else np
    )
    cuda = cupy.cuda = ModuleType("cupy.cuda")
    cuda.is_available = lambda: True
    cuda.Device, cuda.Stream = Nothing, type("Stream", (Nothing,), {"null": Nothing()})
    cuda.get_current_stream = Nothing
    cuda.runtime = ModuleType("cupy.cuda.runtime")
    cuda.runtime.getDeviceProperties = lambda _: {"name": b"stand-in without a card"}
    cuda.runtime.memGetInfo = lambda: Nothing.mem_info
    return cupy


@contextlib.contextmanager
def installed():
    """Put the stand-in where CuPy would be, and make it the library of the helpers."""
    import helpers.backend as backend

    cupy = fake_cupy()
    chosen = backend.Backend(cupy, "stand-in without a card", "A test asked for it.")
    with (
        mock.patch.dict(sys.modules, {"cupy": cupy, "cupy.cuda": cupy.cuda}),
        mock.patch.object(backend, "xp", cupy),
        mock.patch.object(backend, "active", chosen),
    ):
        yield cupy


def run_isolated(code: str, timeout: float = 60) -> subprocess.CompletedProcess:
    """Run code in a new process in which the helpers find the stand-in as CuPy."""
    start = "import sys, standin; sys.modules['cupy'] = standin.fake_cupy()\n"
    paths = [str(HERE), str(HERE.parent / "src")]
    environment = {
        **os.environ, "COURSE_BACKEND": "cupy", "PYTHONPATH": os.pathsep.join(paths),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", start + code], env=environment, capture_output=True,
        text=True, timeout=timeout, check=False,
    )  # fmt: skip
