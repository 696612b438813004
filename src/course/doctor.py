"""Examine the installation: versions, array library and why, free memory."""

import importlib.metadata
import os
import platform
import shutil
import sys

import psutil

from course.paths import CourseError, find_root, lesson_names
from helpers import backend

PACKAGES = (
    "numpy",
    "matplotlib",
    "jupyterlab",
    "notebook",
    "ipykernel",
    "nbgrader",
    "jupytext",
    "nbclient",
)


def examine() -> dict:
    """Return facts by group, as plain data."""
    return {
        "course": _course(),
        "python": {"version": platform.python_version(), "executable": sys.executable},
        "packages": {name: _version(name) for name in PACKAGES},
        "arrays": {
            "library": backend.active.name,
            "device": backend.active.device,
            "reason": backend.active.reason,
            "COURSE_BACKEND": os.environ.get("COURSE_BACKEND", "not set: auto"),
        },
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "cores": os.cpu_count(),
            "free memory": f"{psutil.virtual_memory().available / 1e9:.1f} GB",
            "free disk": f"{shutil.disk_usage('.').free / 1e9:.1f} GB",
        },
    }


def _course() -> dict:
    try:
        root = find_root()
    except CourseError as error:
        return {"folder": f"not found: {error}"}
    return {"folder": str(root), "lessons": ", ".join(lesson_names(root))}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing: run `make setup`"
