"""Call a function under test and keep what came of it as plain data.

Checks never look at a learner's objects. They look at an `Outcome`: arrays copied to the
host, Python numbers, tuples, lists and dictionaries, or the error that stopped the call. An
outcome can be written as JSON, so a call may be made in one process and judged in another.
"""

import builtins
import contextlib
import hashlib
import inspect
import linecache
import textwrap
import traceback
from dataclasses import dataclass, field

import numpy as np

from helpers.backend import array_module, to_numpy, xp

PLAIN = (type(None), bool, int, float, complex, str)


@dataclass(frozen=True)
class Foreign:
    """Stands for a returned object that no check can compare, such as a generator."""

    type_name: str


@dataclass
class Outcome:
    """What came of one call: a value, or an error.

    Attributes
    ----------
    value : array, number, str, tuple, list, dict or None
        The answer, arrays copied to the host.
    error, where : str
        ``"IndexError: ..."`` and the learner's line that raised it, or empty.
    changed : list of str
        Names of the arguments whose content the call changed.
    on_host : bool
        The answer is a NumPy array although the arrays of this session are not.
    """

    value: object = None
    error: str = ""
    where: str = ""
    changed: list[str] = field(default_factory=list)
    on_host: bool = False


def plain(value):
    """Return `value` as plain data: arrays on the host, everything else unchanged.

    Containers are copied; objects of other types become `Foreign`.
    """
    if type(value) in PLAIN:
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) or array_module(value) is not np:
        return np.array(to_numpy(value))
    if isinstance(value, tuple | list):
        kind = tuple if isinstance(value, tuple) else list
        return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return Foreign(type(value).__name__)


def moved(value, move):
    """Apply `move` to every array, also to those inside tuples and lists."""
    if isinstance(value, np.ndarray):
        return move(value)
    if isinstance(value, tuple | list):
        return type(value)(moved(item, move) for item in value)
    return value


def encode(value):
    """Return plain data, or a function with readable source, as something JSON can hold."""
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        if value.dtype.kind == "c":
            flat = [[number.real, number.imag] for number in flat]
        return {
            "array": [_number(n) for n in getattr(flat, "tolist", lambda: flat)()],
            "shape": list(value.shape),
            "dtype": value.dtype.name,
        }
    if isinstance(value, tuple | list):
        return {type(value).__name__: [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: encode(item) for key, item in value.items()}}
    if isinstance(value, Foreign):
        return {"foreign": value.type_name}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, float):
        return {"float": _number(value)}
    if inspect.isfunction(value):
        source = textwrap.dedent(inspect.getsource(value))
        return {"function": value.__name__, "source": source}
    return value


def _number(number):
    """Write the floats that JSON lacks as text."""
    if isinstance(number, float) and not np.isfinite(number):
        return repr(number)
    return number


def decode(data, namespace=None):
    """Undo `encode`; functions are defined in `namespace`, which they may then use."""
    if not isinstance(data, dict):
        return data
    kind, content = next(iter(data.items()))
    if kind == "array":
        if data["dtype"].startswith("complex"):
            content = [complex(*pair) for pair in content]
        return np.array(content, dtype=data["dtype"]).reshape(data["shape"])
    if kind in ("tuple", "list"):
        return getattr(builtins, kind)(decode(item, namespace) for item in content)
    if kind == "dict":
        return {key: decode(item, namespace) for key, item in content.items()}
    if kind == "foreign":
        return Foreign(content)
    if kind == "complex":
        return complex(*content)
    if kind == "float":
        return float(content)
    if kind == "function":
        return define(data["source"], content, namespace if namespace is not None else {})
    raise ValueError(f"no such kind of encoded data: {kind!r}")


def define(source, name, namespace):
    """Run a function's source in `namespace` and return the function."""
    namespace.setdefault("xp", xp)
    filename = f"<{name} {hashlib.sha1(source.encode()).hexdigest()[:8]}>"
    scope = dict(namespace)
    run_source(source, filename, scope)
    return scope[name]


def run_source(source, filename, namespace):
    """Run source in a namespace so that tracebacks and `inspect` can read its lines."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), namespace)


def fingerprint(args, kwargs):
    """Return eight hexadecimal digits that name the arguments of a call.

    Array values count to six significant digits, so that a fingerprint does not depend on
    the last bits of a processor's arithmetic.
    """
    digest = hashlib.sha1()

    def add(value):
        if isinstance(value, np.ndarray):
            numbers = np.ascontiguousarray(value, complex).view(float) + 0.0
            rounded = np.char.mod("%.6g", numbers)
            digest.update(f"{value.shape}{','.join(rounded.ravel())}".encode())
        elif isinstance(value, tuple | list):
            digest.update(f"({len(value)}".encode())
            for item in value:
                add(item)
        elif callable(value):
            digest.update(getattr(value, "__name__", "function").encode())
        else:
            digest.update(
                f"{value:.6g}".encode() if type(value) is float else repr(value).encode()
            )

    add([_keep(value) for value in args])
    add([[name, _keep(kwargs[name])] for name in sorted(kwargs)])
    return digest.hexdigest()[:8]


def _keep(value):
    return value if callable(value) else plain(value)


def call(fn, args, kwargs):
    """Call a learner's function and return its `Outcome`; only interrupts get through."""
    given = [_keep(value) for value in args]
    result = Outcome()
    try:
        answer = fn(*args, **kwargs)
    except (Exception, SystemExit) as error:
        result.error = f"{type(error).__name__}: {error}".removesuffix(": ")
        result.where = _learners_line(error)
    else:
        result.value = plain(answer)
        result.on_host = xp is not np and isinstance(answer, np.ndarray)
    names = parameter_names(fn, len(args))
    for name, before, value in zip(names, given, args, strict=True):
        if isinstance(before, np.ndarray | tuple | list) and not _same(
            before, plain(value)
        ):
            result.changed.append(name)
    return result


def _same(before, after):
    if isinstance(before, np.ndarray):
        return before.shape == after.shape and np.array_equal(
            before, after, equal_nan=before.dtype.kind in "fc"
        )
    return len(before) == len(after) and all(map(_same_item, before, after))


def _same_item(before, after):
    if isinstance(before, np.ndarray | tuple | list):
        return _same(before, after)
    return before == after or before != before  # a NaN stays one


def parameter_names(fn, count):
    """Return the names of the first `count` parameters, as far as they are known."""
    names = []
    with contextlib.suppress(TypeError, ValueError):
        names = list(inspect.signature(fn).parameters)[:count]
    return names + [f"argument {n + 1}" for n in range(len(names), count)]


def _learners_line(error):
    """Quote the last line of a notebook cell that the error passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "helpers" not in frame.filename and "site-packages" not in frame.filename:
            return f"line {frame.lineno} of `{frame.name}`: {frame.line}"
    return ""
