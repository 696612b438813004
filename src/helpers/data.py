"""The data of the course. All but MNIST and Fashion-MNIST work offline.

Numbers are read or drawn on the host, so that they are the same on every machine, and are
handed out as arrays of the library in use (`helpers.backend.xp`), labels included. Equal
arguments give equal data.
"""

from helpers.datasets.bundled import digits, digits_on_canvas, sample_eeg, sample_photo
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
    "SHAPE_NAMES",
    "digits",
    "digits_on_canvas",
    "ecg_signal",
    "echo_kernel",
    "hidden_chirp",
    "melody",
    "motion_clips",
    "sample_eeg",
    "sample_photo",
    "shapes",
    "step_signal",
    "watermarked_digits",
]
