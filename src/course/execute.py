"""Run a notebook in a kernel of its own and keep its outputs. The file is never touched."""

import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from course.paths import CourseError

START_SECONDS = 30
FIGURES = "off"  # drawing takes time and grades nothing
# The products of a lesson are small: on a busy machine, threads only wait for each other.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


def run(
    notebook: nbformat.NotebookNode, folder: Path, cell_seconds: int, total_seconds: int
) -> list[str]:
    """Run all code cells; outputs are written into `notebook`.

    Parameters
    ----------
    notebook : notebook
        Its code cells must hold no outputs.
    folder : Path
        The working directory of the kernel.
    cell_seconds, total_seconds : int
        Limits in seconds. A cell beyond its limit is interrupted, and the next one runs.

    Returns
    -------
    list of str
        What went wrong beside errors in cells: time limits, a kernel that died.
    """
    with tempfile.TemporaryDirectory(prefix="course-") as sockets:
        try:
            return asyncio.run(_run(notebook, folder, sockets, cell_seconds, total_seconds))
        except RuntimeError as error:
            raise CourseError(
                f"No Jupyter kernel could be started ({error}). `course doctor` shows what "
                "is installed; `make setup` repairs it."
            ) from None


async def _run(notebook, folder, sockets, cell_seconds, total_seconds):
    client = NotebookClient(
        notebook,
        km=_kernel_manager(sockets),
        timeout=cell_seconds,
        startup_timeout=START_SECONDS,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    logging.getLogger("traitlets").setLevel(
        logging.CRITICAL
    )  # nbclient logs every time limit
    troubles: list[str] = []
    try:
        async with client.async_setup_kernel(cwd=str(folder), env=_environment()):
            await _run_cells(client, cell_seconds, total_seconds, troubles)
    finally:
        await client.km.shutdown_kernel(now=True)
    return troubles


async def _run_cells(client, cell_seconds, total_seconds, troubles):
    end = time.monotonic() + total_seconds
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code":
            continue
        left = end - time.monotonic()
        if left <= 0:
            troubles.append(
                f"stopped before {cell.id}: the run took {total_seconds} seconds"
            )
            break
        client.timeout = max(1, min(cell_seconds, int(left)))
        try:
            await client.async_execute_cell(cell, index)
        except CellTimeoutError:
            troubles.append(f"{cell.id} did not end within {client.timeout} seconds")
            _mark_stopped(cell, f"did not end within {client.timeout} seconds")
            await client.km.interrupt_kernel()
            if not await _answers(client):
                troubles.append(f"the kernel could not be interrupted in {cell.id}")
                break
        except DeadKernelError:
            troubles.append(f"the kernel died in {cell.id}")
            _mark_stopped(cell, "ended the kernel")
            break


def _kernel_manager(sockets):
    manager = AsyncKernelManager(kernel_name="python3")
    if sys.platform != "win32":  # no open port, and no warning about one
        manager.transport, manager.ip = "ipc", str(Path(sockets) / "kernel")
    return manager


def _environment():
    quiet = {"COURSE_FIGURES": FIGURES, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore"}
    return {**ONE_THREAD, **os.environ, **quiet}


def _mark_stopped(cell, text):
    text = f"the cell {text}"
    cell.outputs = [
        nbformat.v4.new_output("error", ename="Stopped", evalue=text, traceback=[text])
    ]


async def _answers(client, seconds=5):
    """Tell whether the kernel came back after an interrupt."""
    try:
        client.kc.execute("None")
        await asyncio.wait_for(client.kc.get_shell_msg(timeout=seconds), seconds)
    except Exception:  # whatever it raises, the kernel does not answer
        return False
    return True
