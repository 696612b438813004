"""Threads and instruction set: settled before NumPy or PyTorch is imported."""

import os
import platform
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# What a workplace may have set for all programs, which decides the instructions of one
# library and not of the other: without these each takes the best that it finds.
INHERITED = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "ONEDNN_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "NPY_DISABLE_CPU_FEATURES",
)
INSTRUCTIONS = {
    "own": {},
    "avx2": {
        "OPENBLAS_CORETYPE": "Haswell",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
    },
}


def settle(threads: int, instructions: str):
    """Set the environment for one run."""
    for name in INHERITED:
        os.environ.pop(name, None)
    os.environ.update({name: str(threads) for name in THREADS})
    os.environ.update(INSTRUCTIONS[instructions])


def describe() -> dict:
    """Return the versions, the processor and the BLAS that are in use."""
    import numpy as np
    from threadpoolctl import threadpool_info

    from .rivals import torch

    model = "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((x.split(": ")[1] for x in lines if x.startswith("model name")), model)
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__ if torch else None,
        "processor": f"{model}, {os.cpu_count()} cores",
        "blas": [
            f"{i['internal_api']} {i.get('version')} {i.get('architecture', '')}".strip()
            for i in threadpool_info()
            if i["user_api"] == "blas"
        ],
        "load_average": [round(v, 1) for v in os.getloadavg()],
    }
