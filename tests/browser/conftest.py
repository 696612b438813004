"""Chromium, pages that stay on this machine, and servers of copies of the course.

Runs in .venv-browser, which holds pytest and Playwright only; ``make test-browser`` sets
COURSE_CHROMIUM, COURSE_PYTHON (the Python that has JupyterLab) and COURSE_SCREENSHOTS.
"""

import functools
import http.server
import os
import tempfile
import threading
from pathlib import Path

import copies
import pytest
from playwright.sync_api import sync_playwright

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync""".split()
HERE = ("http://127.0.0.1", "http://localhost", "data:", "blob:", "about:", "file:")
# Everything that ever asks for attention, kept although it may be gone when a test looks.
WATCH = """
window.popups = new Set();
const kinds = '.jp-Dialog, .Toastify__toast, [role=alertdialog]';
new MutationObserver(changes => {
  for (const change of changes) for (const node of change.addedNodes)
    if (node.nodeType === 1)
      for (const found of [node, ...node.querySelectorAll(kinds)])
        if (found.matches(kinds)) window.popups.add(found);
}).observe(document, {childList: true, subtree: true});
"""


def wanted(name):
    """Return a variable that `make test-browser` sets."""
    if not os.environ.get(name):
        pytest.exit(f"{name} is not set; run `make test-browser`.", returncode=1)
    return os.environ[name]


@pytest.fixture(scope="session")
def browser():
    """Return Chromium, started once, without anybody's profile."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=wanted("COURSE_CHROMIUM"), args=FLAGS
        )
        yield chromium
        chromium.close()


class Window:
    """One browser window: nothing leaves this machine, every surprise is kept.

    Attributes
    ----------
    page : Page
    refused : list of str
        Addresses elsewhere that a page asked for.
    errors : list of str
        Errors in scripts, and boxes opened by `alert` and the like.
    """

    def __init__(self, browser):
        self.context = browser.new_context(viewport={"width": 1300, "height": 900})
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(WATCH)
        self.context.route("**/*", self._stay_here)
        self.refused, self.errors = [], []
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._answer)

    def _stay_here(self, route):
        if route.request.url.startswith(HERE):
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def _answer(self, dialog):
        self.errors.append(f"{dialog.type}: {dialog.message}")
        dialog.accept()

    def popups(self):
        """Return the text of every dialog and notification since the page was loaded."""
        return self.page.evaluate("[...window.popups].map(found => found.textContent)")

    def keep(self, name, full_page=False):
        """Take a screenshot for people to look at; return its path."""
        folder = Path(wanted("COURSE_SCREENSHOTS"))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_page, animations="disabled")
        return path

    def close(self):
        """Close the window."""
        self.context.close()


@pytest.fixture(scope="session")
def open_window(browser):
    """Return a function that opens a window; all are closed at the end."""
    windows = []

    def window():
        windows.append(Window(browser))
        return windows[-1]

    yield window
    for opened in windows:
        opened.close()


@pytest.fixture
def window(browser):
    """Return a window for one test."""
    opened = Window(browser)
    yield opened
    opened.close()


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
def python():
    """Return the Python that has JupyterLab."""
    return Path(wanted("COURSE_PYTHON"))


@pytest.fixture(scope="session")
def home():
    """Return an empty home with a short path: that of a socket has 100 characters."""
    with tempfile.TemporaryDirectory(prefix="cnn") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def course(home, python):
    """Return a learner's copy of the course, ready for `make lab`."""
    return copies.copy_course(home / "course", python)


@pytest.fixture(scope="session")
def start_server(python, tmp_path_factory):
    """Return a function that starts JupyterLab in a copy by a target of the Makefile."""
    servers = []

    def start(folder, target):
        own = tmp_path_factory.mktemp("home")
        servers.append(copies.Server(folder, own, python, target))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def lab(start_server, course):
    """Return JupyterLab as learners get it by `make lab`."""
    return start_server(course, "lab")
