"""Arrays that do not leave their device: a rehearsal for a graphics card without one.

`on_device` calls a function with guarded arrays in place of its own, and with a guarded
`xp`. Whatever needs a copy in the memory of the processor stops with a message. CuPy is
more patient in places: it hands some NumPy functions on, and lets single numbers go after
waiting for the card. The guard refuses these too, because they are slow or break elsewhere.
"""

import inspect
import operator
from types import ModuleType

import numpy as np

from helpers.backend import to_backend, xp

TAKES_NUMBERS_OUT = {"item", "tolist", "tobytes", "tofile", "get", "dump", "dumps", "flat"}
MOVES_IN = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
BINARY = """add sub mul truediv floordiv mod pow matmul and or xor lshift rshift""".split()
UNARY = ("neg", "pos", "abs", "invert")
COMPARE = ("eq", "ne", "lt", "le", "gt", "ge")


def on_device(fn, *args, **kwargs):
    """Call a function with guarded arrays; return its answer with the guard taken off.

    Built for lesson 09.

    Parameters
    ----------
    fn : function
        Gets its array library from a global name `xp`.
    *args, **kwargs
        Arrays among them are guarded.

    Raises
    ------
    TypeError
        An array was about to leave the device; the message says how.
    """
    scope = inspect.unwrap(fn).__globals__
    device = Library(xp, "xp")
    swapped = {"xp": device, "array_module": lambda *arrays: device}
    before = {name: scope[name] for name in swapped if name in scope}
    scope.update({name: swapped[name] for name in before})
    try:
        given = [guard(a) if isinstance(a, xp.ndarray) else a for a in args]
        answer = fn(*given, **{k: guard(v) for k, v in kwargs.items()})
    finally:
        scope.update(before)
    if isinstance(answer, np.ndarray):
        raise TypeError("the answer is a NumPy array: make it with xp.")
    return unguard(answer)


def guard(value):
    """Return arrays inside guards; the scalars of NumPy become arrays without axes."""
    if isinstance(value, xp.ndarray | np.ndarray | np.generic):
        return Guarded(to_backend(value))
    if isinstance(value, tuple | list):
        return type(value)(guard(item) for item in value)
    return value


def unguard(value):
    """Return what lies in guards; a NumPy array beside them is refused."""
    if isinstance(value, Guarded):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array meets an array of the device: make both with xp.")
    if isinstance(value, tuple | list):
        return type(value)(unguard(item) for item in value)
    if isinstance(value, dict):
        return {key: unguard(item) for key, item in value.items()}
    return value


class Guarded:
    """An array that computes on its device and refuses every way out."""

    __slots__ = ("_a",)
    __hash__ = None

    def __init__(self, a):
        self._a = a

    def __array__(self, *args, **kwargs):
        """Refuse to become a NumPy array."""
        raise TypeError(
            "NumPy asks for a copy of an array of the device, as np.asarray(x) and "
            "storing into a NumPy array do. Make all arrays with xp."
        )

    def __array_function__(self, function, types, args, kwargs):
        """Refuse NumPy's functions."""
        refuse(f"{function.__module__}.{function.__name__}".removeprefix("numpy."))

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """Refuse NumPy's arithmetic, but not single numbers beside an array."""
        if any(isinstance(value, np.generic) for value in inputs):  # np.float32(2) * x
            return guard(getattr(xp, ufunc.__name__)(*unguard(inputs)))
        if any(isinstance(value, np.ndarray) for value in inputs):
            unguard(inputs)
        refuse(ufunc.__name__)

    def __getattr__(self, name):
        """Return an attribute or method, guarded."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name in TAKES_NUMBERS_OUT:
            raise TypeError(
                f".{name}() takes numbers off the device and waits for it each time. "
                "Compute with whole arrays."
            )
        value = getattr(self._a, name)
        return Function(value, name) if callable(value) else guard(value)

    def __getitem__(self, key):
        """Return a part, guarded."""
        return guard(self._a[unguard(key)])

    def __setitem__(self, key, value):
        """Store a part; it must be on the device too."""
        self._a[unguard(key)] = unguard(value)

    def __len__(self):
        """Return the length of the first axis."""
        return len(self._a)

    def __iter__(self):
        """Yield the parts along the first axis, guarded."""
        return (self[n] for n in range(len(self)))

    def __repr__(self):
        """Show the numbers: printing is for people."""
        return repr(self._a)


def refuse(name: str):
    """Say that a NumPy function met an array of the device."""
    raise TypeError(f"np.{name} is called on an array of the device. Write xp.{name}.")


class Function:
    """A function or method of the library that takes guards off and puts them on."""

    def __init__(self, function, name: str):
        self._function, self.__name__ = function, name

    def __call__(self, *args, **kwargs):
        """Call the function on what lies in the guards."""
        if self.__name__ in MOVES_IN and isinstance(args[0], np.ndarray):
            args = (to_backend(args[0]), *args[1:])
            return guard(self._function(*args, **kwargs))
        return guard(self._function(*unguard(args), **unguard(kwargs)))

    def __getattr__(self, name):
        """Return a part of the function, such as `at`."""
        return Function(getattr(self._function, name), name)


class Library:
    """The library `xp`, or a part of it such as `xp.fft`, for guarded arrays."""

    def __init__(self, module, path: str):
        self._module, self.__name__ = module, path

    def __getattr__(self, name):
        """Return what the library has by this name."""
        value = getattr(self._module, name)
        if value is xp.ndarray:
            return Guarded
        if isinstance(value, ModuleType):
            return Library(value, f"{self.__name__}.{name}")
        if isinstance(value, type) or not callable(value):
            return value
        return Function(value, name)


def _install_operators():
    """Give guarded arrays the arithmetic of arrays, and refuse to become single numbers."""

    def two(compute, swap=False):
        def method(self, other):
            pair = (other, self) if swap else (self, other)
            return guard(compute(*(unguard(value) for value in pair)))

        return method

    def in_place(compute):
        def method(self, other):
            self._a = compute(self._a, unguard(other))
            return self

        return method

    def refused(name):
        def method(self):
            raise TypeError(
                f"{name} takes a single number off the device and waits for it. Keep it "
                "in an array."
            )

        return method

    for name in BINARY + list(COMPARE):
        compute = getattr(operator, f"__{name}__")
        setattr(Guarded, f"__{name}__", two(compute))
    for name in BINARY:
        setattr(Guarded, f"__r{name}__", two(getattr(operator, f"__{name}__"), swap=True))
        setattr(Guarded, f"__i{name}__", in_place(getattr(operator, f"__i{name}__")))
    for name in UNARY:
        compute = getattr(operator, f"__{name}__")
        setattr(Guarded, f"__{name}__", lambda self, c=compute: guard(c(self._a)))
    for name in ("float", "int", "complex", "bool"):
        setattr(Guarded, f"__{name}__", refused(f"{name}(...)"))
    Guarded.__index__ = refused("An index made from an array")


_install_operators()
