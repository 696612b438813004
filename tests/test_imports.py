"""The arrows of the design: who may import whom. A module without an entry fails."""

import ast
import sys
from fnmatch import fnmatch

import pytest

NUMERIC = (
    "filters", "layers", "layers.*", "losses", "optimizers", "training", "networks",
)  # fmt: skip
DRAWING = ("plotting", "plotting.*", "widgets", "widgets.*", "figures_*")
CHECKING = (
    "calls", "checking", "diagnosis", "hints", "judging", "labels", "transport",
)  # fmt: skip
# Module of helpers -> the modules of helpers that it may import beside backend.
# Patterns, first match counts; a package may always import its own parts.
ALLOWED = {
    "": (),
    "backend": (),
    "layers": ("layers.*",),
    "layers.*": ("layers.*",),
    "losses": (),
    "optimizers": (),
    "trainable": ("layers", "layers.*"),
    "architectures": ("layers",),
    "networks": ("layers", "layers.*", "trainable"),
    "checkpoints": ("networks",),
    "training": ("checkpoints", "losses", "networks"),
    "parallel": ("losses", "networks", "training"),
    "calls": (),
    "diagnosis": CHECKING,
    "hints": CHECKING,
    "judging": CHECKING,
    "labels": CHECKING,
    "transport": CHECKING,
    "checking": CHECKING,
    "data": ("datasets.*",),
    "datasets": (),
    "datasets.*": ("datasets.*",),
    "predictors": ("data",),
    "filters": ("layers",),
    "plotting": ("plotting.*",),
    "plotting.*": ("plotting.*",),
    "widgets": ("plotting", "plotting.*"),
    "widgets.*": ("plotting", "plotting.*", "widgets.*"),
    "figures_08_readers": (
        "plotting",
        "plotting.*",
        "data",
        "layers",
        "networks",
        "training",
        "optimizers",
        "filters",
        "figures_08",
    ),
    "figures_01_readings": ("plotting", "data", "predictors", "filters"),
    "figures_06_costs": ("plotting", "layers", "figures_06"),
    "figures_05_fields": ("plotting", "plotting.*", "layers", "figures_05"),
    "tiny_c": (),
    "cuda": ("tiny_c",),
    "guard": (),
    "depth": ("networks", "training", "optimizers", "data"),
    "figures_12": ("plotting", "plotting.*", "data", "layers"),
    "figures_12_networks": (
        "plotting",
        "plotting.*",
        "data",
        "depth",
        "figures_12",
        "losses",
        "networks",
        "training",
    ),
    "figures_14": (
        "plotting",
        "plotting.*",
        "data",
        "layers",
        "networks",
        "optimizers",
        "trainable",
        "training",
    ),
    "figures_11_networks": ("plotting", "architectures"),
    "figures_11": ("plotting", "plotting.*", "data", "layers"),
    "figures_13*": (
        "plotting",
        "plotting.*",
        "losses",
        "networks",
        "optimizers",
        "training",
        "figures_13_readers",
    ),
    "figures_09*": ("plotting", "plotting.*", "data", "layers", "figures_09_ways"),
    "figures_10*": (
        "plotting",
        "plotting.*",
        "data",
        "layers",
        "losses",
        "networks",
        "optimizers",
        "training",
        "figures_10_readers",
    ),
    "figures_*": (
        "plotting",
        "plotting.*",
        "data",
        "predictors",
        "layers",
        "losses",
        "filters",
    ),
}
HOST = (
    "backend",
    "cuda",
    "guard",
    "data",
    "depth",
    "datasets.*",
    "predictors",
    *CHECKING,
    *DRAWING,
)  # may use NumPy
# Modules that may write the name "cupy", without importing it, and why.
MENTIONS = {
    "backend": "it chooses the library",
    "layers.geometry": "on a card one large product is faster than many small ones",
}
OUTSIDE = {  # other packages -> who may import them
    "numpy": HOST,
    "cupy": ("backend",),
    "matplotlib": DRAWING,
    "IPython": DRAWING,
    "ipywidgets": ("widgets", "widgets.*"),
    "PIL": (*DRAWING, "datasets.bundled"),
    "rich": ("datasets.download", "training"),
}


def matches(name: str, patterns) -> bool:
    """Return whether a module's name matches one of the patterns."""
    return any(name == p or fnmatch(name, p) for p in patterns)


def module_name(path, folder) -> str:
    """Return ``layers.conv`` for layers/conv.py, and ``""`` for the package itself."""
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__")


def imported(source: str, package: str) -> set[str]:
    """Return every module that a source imports, relative imports resolved."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*base, node.module or ""]).strip(".") if node.level else None
            module = module or node.module
            found.add(module)
            if module == "helpers" or module.endswith(package) and node.module is None:
                found |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            "import_module"
        ):
            found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    return found


def entry(name: str):
    """Return what a module may import, or None if the table does not name it."""
    if name in ALLOWED:
        return ALLOWED[name]
    return next((v for k, v in ALLOWED.items() if k and fnmatch(name, k)), None)


def violations(name: str, source: str, is_package: bool = False) -> list[str]:
    """Return what a module of helpers imports against the arrows."""
    allowed = entry(name)
    where = f"helpers.{name}" if name else "helpers"
    if allowed is None:
        return [f"{where} has no entry in the table of tests/test_imports.py"]
    package = where if is_package else where.rpartition(".")[0]
    found = []
    for target in sorted(imported(source, package)):
        top, _, rest = target.partition(".")
        if top == "helpers":
            if rest and rest != "backend" and not matches(rest, allowed):
                found.append(f"{where} imports helpers.{rest}")
        elif top in OUTSIDE:
            if not matches(name, OUTSIDE[top]):
                found.append(f"{where} imports {target}")
        elif top not in sys.stdlib_module_names:
            found.append(f"{where} imports {target}, which helpers does not use")
    return found


def test_helpers_follow_the_arrows(root):
    folder = root / "src" / "helpers"
    found, seen = [], set()
    for path in sorted(folder.rglob("*.py")):
        name = module_name(path, folder)
        seen.add(name)
        found += violations(name, path.read_text(encoding="utf-8"), path.stem == "__init__")
    assert {"", "backend", "data", "plotting"} <= seen
    assert not found, "\n" + "\n".join(found)


def test_only_backend_names_cupy(root):
    """Not even in a string: ``sys.modules["cupy"]`` elsewhere would be a second switch."""
    folder = root / "src" / "helpers"
    for path in folder.rglob("*.py"):
        mentions = module_name(path, folder) in MENTIONS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Name) and node.id in ("cupy", "cupyx")
            quoted = isinstance(node, ast.Constant) and node.value in ("cupy", "cupyx")
            assert not (named or quoted) or mentions, f"{path}:{node.lineno}"


def test_course_does_not_run_learners_code_by_import(root):
    for path in sorted((root / "src" / "course").rglob("*.py")):
        names = imported(path.read_text(encoding="utf-8"), "course")
        assert not {n for n in names if n.split(".")[0] in ("solutions", "notebooks")}, path


def test_lessons_never_import_the_grading_side(root):
    for path in sorted((root / "solutions").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            tops = {m.split(".")[0] for m in modules}
            assert "course" not in tops, f"{path}:{node.lineno} imports course"
            assert not tops & {"cupy", "cupyx"}, f"{path}:{node.lineno} imports CuPy"


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("losses", "import numpy as np", "helpers.losses imports numpy"),
        ("layers.conv", "from numpy import pad", "helpers.layers.conv imports numpy"),
        ("layers.conv", "def f():\n    import numpy", "helpers.layers.conv imports numpy"),
        ("training", "import course.cli", "imports course.cli, which helpers does not use"),
        ("data", "import cupy", "helpers.data imports cupy"),
        ("diagnosis", "import matplotlib.pyplot", "imports matplotlib.pyplot"),
        ("backend", "from helpers import data", "helpers.backend imports helpers.data"),
        ("layers", "from helpers.training import fit", "imports helpers.training"),
        ("layers.conv", "from ..training import fit", "imports helpers.training"),
        ("data", "import torch", "imports torch, which helpers does not use"),
        ("data", "import importlib\nimportlib.import_module('cupy')", "imports cupy"),
        ("losses_v2", "", "helpers.losses_v2 has no entry in the table"),
        ("newpackage.part", "", "helpers.newpackage.part has no entry"),
    ],
)
def test_a_wrong_arrow_is_found(name, source, complaint):
    found = violations(name, source)
    assert len(found) == 1, found
    assert complaint in found[0]


def test_right_arrows_pass():
    source = (
        "import os\nfrom helpers.backend import xp\nfrom helpers.layers.conv import conv2d"
    )
    assert violations("layers.pool", source) == []
    assert violations("layers", "from .conv import conv2d", is_package=True) == []
