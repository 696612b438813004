"""A copy of the course that `make lab` takes for a finished set-up, and servers inside it.

The copy has its own sources, notebooks and settings; the installed packages are linked from
the environment that COURSE_PYTHON names. So the tests change nothing of the course.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = shutil.ignore_patterns(
    ".*",
    "__pycache__",
    "*.egg-info",
    "submitted",
    "autograded",
    "feedback",
    "gradebook.db*",
)
STAMP = """import sys; sys.path.insert(0, "src/course"); import bootstrap
bootstrap.write_stamp(".venv", bootstrap.fingerprint("requirements.lock", project=True))"""
START_SECONDS = 90
STOP_SECONDS = 20


def copy_course(folder, python):
    """Copy the course and give the copy an environment; return the folder.

    Parameters
    ----------
    folder : Path
        Not there yet.
    python : Path
        The Python of the environment whose packages are linked.
    """
    shutil.copytree(ROOT, folder, ignore=SKIPPED)
    link_environment(folder, Path(python).parents[1])
    subprocess.run([python, "-c", STAMP], cwd=folder, check=True, timeout=60)
    return folder


def link_environment(folder, real):
    """Make `folder/.venv` of links into a real one; what a run writes into is copied."""
    copy = folder / ".venv"
    copy.mkdir()
    for name in ("bin", "pyvenv.cfg"):
        (copy / name).symlink_to(real / name)
    shutil.copytree(real / "etc", copy / "etc")
    shutil.copytree(real / "share", copy / "share", symlinks=True)
    packages = next(real.glob("lib/python3*/site-packages"))
    own = copy / packages.relative_to(real)
    own.mkdir(parents=True)
    for path in packages.iterdir():
        if path.suffix == ".pth" and str(ROOT) in path.read_text():  # the course itself
            (own / path.name).write_text(str(folder / "src"))
        else:
            (own / path.name).symlink_to(path)


def environment(home):
    """Return the variables of a learner who has just arrived: nobody's settings."""
    outer = ("COURSE_", "JUPYTER", "IPYTHON", "MAKE", "MFLAGS", "PYTEST", "PYTHON", "XDG")
    env = {k: v for k, v in os.environ.items() if not k.startswith(outer)}
    return env | {"HOME": str(home), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(folder, home, *arguments, seconds=120):
    """Run the copy's Python with some arguments; return what it printed.

    Raises
    ------
    RuntimeError
        It failed; the message ends with what it printed.
    """
    programs = folder / ".venv" / "bin"  # nbgrader calls one of them by its bare name
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    done = subprocess.run(
        [programs / "python", *arguments],
        cwd=folder,
        env=environment(home) | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def free_port():
    """Return a port of the loopback interface that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """JupyterLab as ``make lab`` starts it, without its own browser.

    Attributes
    ----------
    url : str
        The address that the command prints for the learner, token included.
    base : str
        The address without a path.
    """

    def __init__(self, folder, home, python, target="lab"):
        self.folder = folder
        self.log = home / "server.log"
        options = f"--no-browser --ServerApp.ip=127.0.0.1 --ServerApp.port={free_port()}"
        options += " --ServerApp.port_retries=0 --LabApp.expose_app_in_browser=True"
        options += " --ServerApp.shutdown_no_activity_timeout=900"
        with open(self.log, "w") as file:
            self.process = subprocess.Popen(
                ["make", target, f"PYTHON={python}", f"ARGS={options}"],
                cwd=folder,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = self._printed_address()
        self.base = re.match(r"http://[^/]+", self.url).group()
        self.token = self.url.partition("token=")[2]

    def address(self, path):
        """Return the full address of a path below this server, token included."""
        return f"{self.base}/{path}?token={self.token}"

    def _printed_address(self):
        for _ in range(START_SECONDS * 10):
            found = re.search(r"http://127\.0\.0\.1:\d+/\S*token=\w+", self.log.read_text())
            if found:
                return found.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"make lab printed no address:\n{self.log.read_text()[-3000:]}")

    def stop(self):
        """End the server and what `make` started for it: one process group of its own."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"server {self.process.pid} ignored {number}", file=sys.stderr)
