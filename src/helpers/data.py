"""The data of the course. All but MNIST and Fashion-MNIST work offline.

Numbers are read or drawn on the host, so that they are the same on every machine, and are
handed out as arrays of the library in use (`helpers.backend.xp`), labels included. Equal
arguments give equal data. Images for networks are float32, signals float64.
"""

from helpers.datasets.bundled import digits, digits_on_canvas, sample_eeg, sample_photo
from helpers.datasets.download import cache_folder
from helpers.datasets.idx import read_idx
from helpers.datasets.mnist import FASHION_NAMES, fashion_mnist, mnist
from helpers.datasets.scenes import (
    DIRECTIONS,
    SHAPE_NAMES,
    motion_clips,
    shapes,
    watermarked_digits,
)
from helpers.datasets.signals import (
    ecg_signal,
    echo_kernel,
    hidden_chirp,
    melody,
    step_signal,
)

__all__ = [
    "DIRECTIONS",
    "FASHION_NAMES",
    "SHAPE_NAMES",
    "cache_folder",
    "digits",
    "digits_on_canvas",
    "ecg_signal",
    "echo_kernel",
    "fashion_mnist",
    "hidden_chirp",
    "melody",
    "mnist",
    "motion_clips",
    "read_idx",
    "sample_eeg",
    "sample_photo",
    "shapes",
    "step_signal",
    "watermarked_digits",
]
