"""Read the IDX format of the MNIST files without trusting what the header says."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

TYPES = {
    0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8",
}  # fmt: skip
LARGEST = 256 * 1024**2  # bytes; Fashion-MNIST's images take 47 million
MOST_AXES = 4


def read_idx(path):
    """Return the array in an IDX file, plain or gzip.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    (…)
        Host array of one to four axes in the byte order of the machine.

    Raises
    ------
    ValueError
        The file is no IDX file, is cut short, goes on after its end, is damaged, or
        announces more than 256 MiB; the message quotes what was found and expected.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, The MNIST database, "File formats".
    """
    path = Path(path)
    with path.open("rb") as plain:
        is_gzip = plain.read(2) == b"\x1f\x8b"
    try:
        with (gzip.open if is_gzip else open)(path, "rb") as stream:
            return read_stream(stream, path.name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged or cut short as gzip: {error}") from error


def read_stream(stream, name: str):
    """Return the array in an open IDX file; `name` is for messages."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(
            f"{name} is no IDX file: it begins with {magic.hex(' ') or 'nothing'}, "
            "expected 00 00, then a type and a number of axes."
        )
    kind, axes = magic[2], magic[3]
    if kind not in TYPES:
        known = ", ".join(f"{k:02x}" for k in TYPES)
        raise ValueError(
            f"{name} has the unknown IDX type {kind:02x}; expected one of {known}."
        )
    if not 1 <= axes <= MOST_AXES:
        raise ValueError(f"{name} announces {axes} axes; expected 1 to {MOST_AXES}.")
    header = stream.read(4 * axes)
    if len(header) < 4 * axes:
        raise ValueError(
            f"{name} is cut short: {len(header)} bytes of sizes, expected {4 * axes}."
        )
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    dtype = np.dtype(TYPES[kind])
    size = math.prod(shape) * dtype.itemsize  # Python integers do not overflow
    if size > LARGEST:
        raise ValueError(
            f"{name} announces {shape}, {size} bytes; at most {LARGEST} are read."
        )
    data = stream.read(size)
    if len(data) < size:
        raise ValueError(
            f"{name} is cut short: {len(data)} bytes of data, expected {size} for {shape}."
        )
    if stream.read(1):
        raise ValueError(f"{name} goes on after the {size} bytes expected for {shape}.")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
