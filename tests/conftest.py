"""What every test relies on: one thread per process, no network, nobody's own settings."""

import os
import socket
from pathlib import Path

# Two test processes on two cores: more threads would only fight. Before NumPy is imported.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Same examples on every run, and no verdict that depends on the speed of the machine.
settings.register_profile("course", derandomize=True, deadline=None, database=None)
settings.load_profile("course")

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(scope="session")
def root():
    """Return the folder of the course."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def own_settings(tmp_path_factory):
    """Keep the settings and data of whoever runs the tests out of them."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "COURSE_CHROMIUM"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Fail any test that leaves the machine; the loopback interface stays open."""
    real = socket.socket.connect

    def connect(self, address):
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise OSError(f"a test tried to reach {address[0]}; tests stay on this machine")
        return real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


def pytest_collection_modifyitems(items):
    """Skip the tests that need a graphics card where there is none, and say why."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    from helpers.backend import probe_gpu

    cupy, reason = probe_gpu()
    if cupy is None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))
