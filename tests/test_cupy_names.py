"""Every ``xp.name`` in the library and the lessons exists in CuPy and in NumPy.

Found by reading the source, so that it works without a card. `cupy_names.json` was
collected once from the CuPy whose version it names.
"""

import ast

import numpy as np
import pytest
from standin import CUPY, NAMES, UFUNC_OPTIONS

ROOTS = {"xp"}  # what the course calls the library in use
HOST_ONLY = {n for n in dir(np.ndarray) if n[0] != "_"} - NAMES["cupy.ndarray"]
REDUCTIONS = {"all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "std", "sum"}
REDUCIBLE = {"add", "multiply"}


def chain(node) -> list[str]:
    """Return ``["xp", "linalg", "norm"]`` for that expression, or nothing."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def wrong_name(names) -> str:
    """Return what is wrong with a chain of names that begins at the library, or ""."""
    group, host = "cupy", np
    for n, name in enumerate(names):
        if name.startswith("__"):  # every module has its name and version
            return ""
        if group in CUPY["names"] and name not in NAMES[group]:
            return f"CuPy has no {'.'.join(['xp', *names[: n + 1]])}"
        if n == 1 and name == "reduce" and names[0] in CUPY["ufuncs"]:
            return "" if names[0] in REDUCIBLE else f"CuPy has no xp.{names[0]}.reduce"
        host = getattr(host, name, None)
        if host is None and name != "newaxis":
            return f"NumPy has no {'.'.join(['xp', *names[: n + 1]])}"
        group = f"{group}.{name}"
    return ""


def wrong_options(names, call) -> list[str]:
    """Return the keyword arguments of a call that CuPy's function does not know."""
    if names and names[0] in ROOTS:
        key = ".".join(["cupy", *names[1:]])
        known = CUPY["parameters"].get(key)
        if key.removeprefix("cupy.") in CUPY["ufuncs"]:
            known = UFUNC_OPTIONS
    elif isinstance(call.func, ast.Attribute) and call.func.attr in REDUCTIONS:
        key = f"cupy.ndarray.{call.func.attr}"
        known = CUPY["parameters"].get(key)
    else:
        return []
    options = [k.arg for k in call.keywords if k.arg]
    return (
        [] if known is None else [f"{key} has no {o}=" for o in options if o not in known]
    )


def complaints(source: str) -> list[str]:
    """Return what in a module's source CuPy would refuse, with line numbers."""
    found = []
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    uses_xp = any(isinstance(n, ast.Name) and n.id in ROOTS for n in nodes)
    inner = {id(n.value) for n in nodes if isinstance(n, ast.Attribute)}
    for node in nodes:
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute):
            names = chain(node)
            if names and names[0] in ROOTS:
                problem = "" if id(node) in inner else wrong_name(names[1:])
                found += [f"line {line}: {problem}"] if problem else []
            elif uses_xp and node.attr in HOST_ONLY:
                found.append(f"line {line}: arrays of CuPy have no .{node.attr}")
        if isinstance(node, ast.Call) and uses_xp:
            found += [f"line {line}: {p}" for p in wrong_options(chain(node.func), node)]
    return found


LEAKS = {
    "xp.block([[a]])": "CuPy has no xp.block",
    "xp.insert(a, 0, 1)": "CuPy has no xp.insert",
    "with xp.errstate(all='ignore'): pass": "CuPy has no xp.errstate",
    "xp.linalg.multi_dot([a, b])": "CuPy has no xp.linalg.multi_dot",
    "y = xp.geomspace": "CuPy has no xp.geomspace",
    "xp.random.default_rngs(0)": "CuPy has no xp.random.default_rngs",
    "xp.cuda.Device()": "NumPy has no xp.cuda",
    "xp.in1d(a, b)": "NumPy has no xp.in1d",
    "xp.maximum.reduce(a)": "CuPy has no xp.maximum.reduce",
    "xp.sum(a, where=m)": "cupy.sum has no where=",
    "xp.exp(a).max(initial=0)": "cupy.ndarray.max has no initial=",
    "xp.exp(a, order='C')": "cupy.exp has no order=",
    "b = xp.ones(3); b.setflags(write=False)": "arrays of CuPy have no .setflags",
}
RIGHT = """
xp.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
xp.einsum("ij,jk->ik", a, b, optimize=True); xp.add.at(a, i, 1.0); xp.add.reduce(a)
xp.linalg.norm(a, axis=0); xp.fft.rfft2(a, s=(3, 4)); xp.newaxis; xp.float32(1); xp.pi
xp.pad(a, 1, mode="constant", constant_values=0); x.sum(axis=1, keepdims=True).astype(int)
np.block([[a]]); super().__init__(); xp.__name__
"""


@pytest.mark.parametrize("source", LEAKS)
def test_a_leak_is_found(source):
    found = complaints(f"xp = 1\n{source}\n")
    assert [c.split(": ", 1)[1] for c in found] == [LEAKS[source]]
    assert found[0].startswith("line 2:")


def test_right_code_passes():
    assert complaints(RIGHT) == []


def test_the_list_is_whole():
    assert CUPY["version"].split(".")[0] == "14"
    assert len(NAMES["cupy"]) > 400
    assert {"einsum", "pad", "tensordot", "take_along_axis"} <= NAMES["cupy"]
    assert "block" not in NAMES["cupy"]
    assert "normal" not in NAMES["cupy.random.Generator"]


def test_the_library_and_the_lessons_use_what_cupy_has(root):
    files = sorted((root / "src" / "helpers").rglob("*.py"))
    files += sorted((root / "solutions").rglob("*.py"))
    assert any(f.name == "backend.py" for f in files)
    found = [
        f"{f.relative_to(root)}, {c}"
        for f in files
        for c in complaints(f.read_text(encoding="utf-8"))
        if not (f.name == "backend.py" and c.endswith("NumPy has no xp.cuda"))
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.gpu
def test_the_list_matches_an_installed_cupy():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if cupy.__version__ != CUPY["version"]:
        pytest.skip(f"the list is of CuPy {CUPY['version']}, here is {cupy.__version__}")
    for group, names in CUPY["names"].items():
        place = cupy
        for part in group.split(".")[1:]:
            place = getattr(place, part)
        assert [n for n in names if not hasattr(place, n)] == []
