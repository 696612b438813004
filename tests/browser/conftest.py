"""A browser, a server of plain files and a JupyterLab, all on the loopback interface.

Runs in .venv-browser, which holds pytest and Playwright only; ``make test-browser`` sets
COURSE_CHROMIUM, COURSE_PYTHON (the Python that has JupyterLab) and COURSE_SCREENSHOTS.
"""

import functools
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync""".split()
START_SECONDS = 60


def wanted(name):
    """Return a variable that `make test-browser` sets."""
    if not os.environ.get(name):
        pytest.exit(f"{name} is not set; run `make test-browser`.", returncode=1)
    return os.environ[name]


@pytest.fixture(scope="session")
def browser():
    """Return Chromium, started once."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=wanted("COURSE_CHROMIUM"), args=FLAGS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """Return a fresh page that reaches nothing but this machine."""
    context = browser.new_context(viewport={"width": 1300, "height": 850})
    context.route("**/*", stay_here)
    yield context.new_page()
    context.close()


def stay_here(route):
    """Let a request through only when it goes to the loopback interface."""
    here = ("http://127.0.0.1", "http://localhost", "data:", "blob:", "about:", "file:")
    if route.request.url.startswith(here):
        route.continue_()
    else:
        route.abort()


@pytest.fixture
def screenshot(request, page):
    """Return a function that keeps a picture of the page: ``screenshot("name")``."""
    folder = Path(wanted("COURSE_SCREENSHOTS"))
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name=request.node.name):
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        return path

    return keep


@pytest.fixture
def serve():
    """Return a function that serves a folder of files and returns its address."""
    servers = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def start(folder):
        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory):
    """Return a copy of the notebooks, so that the tests change nothing of the course."""
    folder = tmp_path_factory.mktemp("course")
    if (ROOT / "notebooks").exists():
        shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    return folder


@pytest.fixture(scope="session")
def start_lab(course_copy, tmp_path_factory):
    """Return a function that starts JupyterLab and returns its address without a path.

    Its argument is a dictionary of further environment variables. Sign in by appending
    ``?token=course`` to the first path that is opened.
    """
    processes = []

    def start(variables=None):
        own = tmp_path_factory.mktemp("jupyter")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = os.environ | {
            "JUPYTER_CONFIG_DIR": str(own / "config"),
            "JUPYTER_DATA_DIR": str(own / "data"),
            "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
            "IPYTHONDIR": str(own / "ipython"),
        }
        command = [
            wanted("COURSE_PYTHON"),
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
        ]
        command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        command += ["--IdentityProvider.token=course"]
        command += ["--ServerApp.shutdown_no_activity_timeout=900"]
        log = own / "server.log"
        with open(log, "w") as file:
            process = subprocess.Popen(
                command,
                cwd=course_copy,
                env=env | (variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/api/status?token=course", process, log)
        return address

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address, process, log):
    """Return when a server answers; fail with its log when it stops or stays silent."""
    for _ in range(START_SECONDS * 5):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def lab(start_lab):
    """Return the address of a JupyterLab as learners get it."""
    return start_lab()
