"""Signals made from a seed: a step, a heartbeat, a hidden chirp, sound with an echo."""

from typing import NamedTuple

import numpy as np

from helpers.backend import to_backend
from helpers.datasets.splits import to_device


class NoisySignal(NamedTuple):
    """A signal with noise, and what lies below.

    Attributes
    ----------
    noisy, clean : (L,)
        float64.
    where : tuple of int
        Samples at which something happens: the steps, the heartbeats.
    rate : float
        Samples per second.
    """

    noisy: object
    clean: object
    where: tuple
    rate: float


class HiddenChirp(NamedTuple):
    """A chirp in noise.

    Attributes
    ----------
    noisy : (L,)
        float64.
    template : (K,)
        The chirp alone.
    start : int
        The sample at which it begins.
    """

    noisy: object
    template: object
    start: int


class Sound(NamedTuple):
    """A sound.

    Attributes
    ----------
    samples : (L,)
        From -1 to 1, float64.
    rate : int
        Samples per second.
    """

    samples: object
    rate: int


def step_signal(length: int = 200, steps: int = 3, noise: float = 0.3, seed: int = 0):
    """Return a signal that jumps by 1, up and down in turn, with normal noise.

    Parameters
    ----------
    length : int
        Samples.
    steps : int
        Number of jumps, at random places at least length // (2·steps + 2) apart.
    noise : float
        Standard deviation of the noise; the jumps are 1 high.
    seed : int

    Returns
    -------
    NoisySignal
        ``where`` holds the first sample after each jump.
    """
    apart = length // (2 * steps + 2)
    if steps < 1 or apart < 1:
        raise ValueError(f"{steps} steps do not fit into {length} samples.")
    rng = np.random.default_rng(seed)
    room = length - apart * (steps + 1)
    where = np.sort(rng.integers(0, room + 1, steps)) + apart * np.arange(1, steps + 1)
    clean = (np.searchsorted(where, np.arange(length), side="right") % 2).astype(float)
    noisy = clean + noise * rng.standard_normal(length)
    return to_device(NoisySignal(noisy, clean, tuple(where.tolist()), 1.0))


WAVES = (  # name, time around the beat in s, width in s, height
    ("P", -0.17, 0.025, 0.12),
    ("Q", -0.03, 0.010, -0.14),
    ("R", 0.00, 0.011, 1.00),
    ("S", 0.03, 0.011, -0.22),
    ("T", 0.24, 0.050, 0.28),
)


def ecg_signal(
    seconds: float = 5.0, rate: int = 200, beats_per_minute: float = 70,
    noise: float = 0.05, seed: int = 0,
):  # fmt: skip
    """Return a made-up electrocardiogram: five bumps per beat, drift and noise.

    It looks like one and is not medical data.

    Parameters
    ----------
    seconds : float
    rate : int
        Samples per second.
    beats_per_minute : float
    noise : float
        Standard deviation; the highest bump is 1.
    seed : int

    Returns
    -------
    NoisySignal
        ``where`` holds the sample of each beat's highest bump.

    References
    ----------
    The sum-of-Gaussians form is that of P. McSharry et al., "A dynamical model for
    generating synthetic electrocardiogram signals" (2003).
    """
    rng = np.random.default_rng(seed)
    period = 60 / beats_per_minute
    count = int(seconds / period) + 2
    gaps = period * (1 + 0.04 * rng.standard_normal(count))
    beats = 0.4 * period + np.cumsum(gaps) - gaps[0]
    t = np.arange(int(seconds * rate)) / rate
    clean = np.zeros_like(t)
    for _, delay, width, height in WAVES:
        distance = t[:, None] - beats - delay
        clean += (height * np.exp(-0.5 * (distance / width) ** 2)).sum(axis=1)
    drift = 0.08 * np.sin(2 * np.pi * 0.3 * t + rng.uniform(0, 2 * np.pi))
    noisy = clean + drift + noise * rng.standard_normal(len(t))
    inside = np.rint(beats * rate).astype(int)
    where = tuple(inside[inside < len(t)].tolist())
    return to_device(NoisySignal(noisy, clean, where, float(rate)))


def hidden_chirp(
    length: int = 1000, width: int = 120, snr_db: float = -6.0, seed: int = 0
) -> HiddenChirp:
    """Return a chirp, a tone that rises, hidden in normal noise of variance 1.

    Parameters
    ----------
    length, width : int
        Samples of the whole and of the chirp.
    snr_db : float
        Mean power of the chirp over that of the noise, in decibels.
    seed : int
    """
    if not 2 <= width <= length:
        raise ValueError(f"A chirp of {width} samples does not fit into {length}.")
    rng = np.random.default_rng(seed)
    u = np.arange(width) / width
    shape = np.hanning(width) * np.sin(2 * np.pi * width * (0.02 * u + 0.1 * u**2))
    template = shape * np.sqrt(10 ** (snr_db / 10) / np.mean(shape**2))
    start = int(rng.integers(0, length - width + 1))
    noisy = rng.standard_normal(length)
    noisy[start : start + width] += template
    return to_device(HiddenChirp(noisy, template, start))


def melody(seconds: float = 2.0, rate: int = 8000, seed: int = 0) -> Sound:
    """Return plucked strings, to hear what a filter does.

    Parameters
    ----------
    seconds : float
    rate : int
        Samples per second.
    seed : int
        Draws the notes and the plucks.

    References
    ----------
    K. Karplus, A. Strong, "Digital synthesis of plucked-string and drum timbres" (1983).
    """
    rng = np.random.default_rng(seed)
    notes = rng.choice([220.0, 261.6, 293.7, 329.6, 392.0, 440.0], 4, replace=False)
    samples = np.zeros(int(seconds * rate))
    each = len(samples) // len(notes)
    for n, note in enumerate(notes):
        samples[n * each : (n + 1) * each] = pluck(note, each, rate, rng)
    return to_device(Sound(0.9 * samples / np.abs(samples).max(), rate))


def pluck(frequency: float, length: int, rate: int, rng):
    """Return one plucked string: noise that runs through a short averaging loop."""
    period = int(rate / frequency)
    noise = rng.uniform(-1, 1, period)
    rows = [noise - noise.mean()]  # what is constant would neither sound nor die away
    for _ in range(length // period):
        rows.append(0.996 * 0.5 * (rows[-1] + np.roll(rows[-1], 1)))
    return np.concatenate(rows)[:length]


def echo_kernel(rate: int = 8000, delays=(0.0, 0.25, 0.5), gains=(1.0, 0.5, 0.25)):
    """Return the impulse response of a place with echoes, float64.

    Parameters
    ----------
    rate : int
        Samples per second.
    delays : sequence of float
        Seconds after which each copy arrives.
    gains : sequence of float
        Loudness of each copy.

    Returns
    -------
    (K,)
        Zeros but at the delays; K reaches to the last one.
    """
    places = np.rint(np.asarray(delays) * rate).astype(int)
    kernel = np.zeros(places.max() + 1)
    np.add.at(kernel, places, gains)
    return to_backend(kernel)
