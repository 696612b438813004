"""Interleaved timing of several functions in one process."""

import time
from statistics import median

CLOCKS = {1: time.thread_time, 2: time.perf_counter}  # one thread: immune to neighbours
PAUSE = 0.1  # seconds; with two threads a library's idle workers spin for up to 0.03


def measure(
    functions: dict, threads: int = 1, rounds: int = 9, block: float = 0.03
) -> dict:
    """Return seconds per call of each function: the median over interleaved rounds.

    Each round runs every function for about `block` seconds, so that a change of the
    machine's speed meets all of them.
    """
    clock = CLOCKS[min(threads, 2)]
    repeats, times = {}, {name: [] for name in functions}
    for name, fn in functions.items():
        fn()
        start = clock()
        fn()
        repeats[name] = max(1, int(block / max(clock() - start, 1e-7)))
    for _ in range(rounds):
        for name, fn in functions.items():
            if threads > 1:
                time.sleep(PAUSE)
            start = clock()
            for _ in range(repeats[name]):
                fn()
            times[name].append((clock() - start) / repeats[name])
    return {name: median(values) for name, values in times.items()}
