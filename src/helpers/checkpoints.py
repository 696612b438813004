"""Files of weights: written whole or not at all, read only into the model they fit."""

import os
import tempfile
import zipfile
import zlib
from pathlib import Path

from . import networks
from .backend import array_module, to_numpy

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, AttributeError, ValueError, OSError)


def save(model, path):
    """Write all parameters and running statistics to one npz file. Built in lesson 10.

    The file appears complete or not at all: it is written beside its place and renamed.
    """
    path = Path(path)
    kept = {name: to_numpy(a) for name, a in networks.arrays(model).items()}
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            numpy_of(kept).savez_compressed(file, **kept)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~current_umask())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def load(model, path):
    """Read what `save` wrote into a model of the same shape, in place.

    Raises
    ------
    ValueError
        The file is damaged, or its names or shapes are not the model's; nothing is changed.
    """
    expected = networks.arrays(model)
    try:
        with open(path, "rb") as source:
            file = numpy_of(expected).load(source, allow_pickle=False)
            found = {name: file[name] for name in file.files}
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(
            f"{path} is not a complete npz file of arrays ({error})."
        ) from error
    check_names(expected, found, path)
    assign(model, found)


def check_names(expected, found, path):
    """Raise ValueError unless both dicts hold the same names with the same shapes."""
    missing, extra = sorted(expected.keys() - found), sorted(found.keys() - expected)
    if missing or extra:
        raise ValueError(
            f"{path} does not belong to this model: it lacks {missing or 'nothing'} and "
            f"has {extra or 'nothing'} besides. Build the model as it was when saved."
        )
    for name, a in expected.items():
        if a.shape != found[name].shape:
            raise ValueError(
                f"{path} holds {name} with shape {found[name].shape}, the model has "
                f"{a.shape}. Build the model as it was when saved."
            )


def assign(model, values):
    """Copy arrays by name into the model, in place."""
    for name, a in networks.arrays(model).items():
        a[...] = array_module(a).asarray(values[name])


def numpy_of(arrays):
    """Return the NumPy module, by way of host copies of the arrays."""
    return array_module(to_numpy(next(iter(arrays.values()))))


def current_umask() -> int:
    """Return the process's mask for new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
