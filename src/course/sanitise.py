"""What this course adds to `nbgrader autograde`: one step before the run, one around it.

`Rebuild` goes first, so that no copied, deleted, edited or retagged cell reaches the
gradebook. `Run` takes the place of nbgrader's Execute; after it, only errors cost points.
Both are named in ``nbgrader_config.py``; every other step is nbgrader's own.
"""

import contextlib
import copy
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade, setenv
from traitlets.config import Config

from course import bundle
from course.execute import ONE_THREAD
from course.paths import CourseError

NOTES = "course-notes"  # id of the cell that says what was put right
SEED = ".course/seed"


def read_template(path: Path) -> nbformat.NotebookNode:
    """Read the notebook to grade against; its cells are named by their nbgrader ids.

    Raises
    ------
    CourseError
        There is none.
    """
    if not path.is_file():
        raise CourseError(f"{path} does not exist. Run: course build {path.stem}")
    template = nbformat.read(path, as_version=4)
    for position, cell in enumerate(template.cells):
        about = cell.metadata.get("nbgrader", {})
        cell["id"] = about.get("grade_id") or cell.get("id", f"cell-{position:02d}")
    return template


def recorded(gradebook: Gradebook, assignment: str, notebook: str) -> dict[str, str]:
    """Return the cells that the gradebook knows, as released: answers are stubs."""
    cells = gradebook.find_notebook(notebook, assignment).source_cells
    return {cell.name: cell.source for cell in cells}


def prepare(data: dict, template: nbformat.NotebookNode, released: dict[str, str]):
    """Rebuild one submission and write what was put right into its first cell.

    Parameters
    ----------
    data : dict
        The submitted notebook.
    template : notebook
        From `read_template`.
    released : dict
        From `recorded`. An answer that was deleted or emptied becomes the stub again, which
        nbgrader gives 0 points by itself.

    Returns
    -------
    Rebuilt

    Raises
    ------
    CourseError
        The lesson has other cells than the gradebook.
    """
    marked = {cell.id for cell in template.cells if "nbgrader" in cell.metadata}
    if marked != set(released):
        cells = ", ".join(sorted(marked ^ set(released)))
        raise CourseError(
            f"The lesson and the gradebook do not have the same cells ({cells}): the "
            "lesson was changed after `nbgrader generate_assignment`. Go back to the "
            "version that was handed out, or generate it again in a new gradebook."
        )
    template = copy.deepcopy(template)
    for cell in template.cells:  # checks count as they were when the lesson was handed out
        if cell.id in released and cell.metadata["nbgrader"].get("locked"):
            cell.source = released[cell.id]
    rebuilt = bundle.rebuild(data, template)
    for cell in rebuilt.notebook.cells:
        if cell.id in released and not cell.source.strip():
            cell.source = released[cell.id]
    if rebuilt.notes:
        lines = "".join(f"\n- {note}" for note in rebuilt.notes)
        text = f"**Put right before grading**\n{lines}"
        rebuilt.notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id=NOTES))
    return rebuilt


class Rebuild(NbGraderPreprocessor):
    """Rebuild a submission from the lesson's notebook; only the learner's sources stay."""

    def preprocess(self, nb, resources):
        """Return the rebuilt notebook; what was put right goes to the log as well."""
        about = resources["nbgrader"]
        courses = self.parent.parent.coursedir  # of the converter that runs the exporter
        folder = courses.format_path(courses.source_directory, ".", about["assignment"])
        template = read_template(Path(folder) / f"{about['notebook']}.ipynb")
        with Gradebook(about["db_url"]) as gradebook:
            released = recorded(gradebook, about["assignment"], about["notebook"])
        rebuilt = prepare(nb, template, released)
        for note in rebuilt.notes:
            self.log.warning("%s: %s", about["student"], note)
        return rebuilt.notebook, resources


class Run(Execute):
    """Run a notebook as nbgrader does; afterwards only errors cost points."""

    def preprocess(self, nb, resources, km=None):
        """Run without the lesson's figures, with the cohort's seed where there is one."""
        text = f"this cell did not end within {self.timeout} seconds and was stopped"
        self.error_on_timeout = {
            "ename": "CellTimeoutError",
            "evalue": text,
            "traceback": [f"\x1b[1m✗\x1b[0m {text}.\nLikely slip: a loop that never ends."],
        }
        with (
            setenv(**{**ONE_THREAD, "COURSE_FIGURES": "off"}),
            self._seed(),
            self._private_sockets(),
        ):
            nb, resources = super().preprocess(nb, resources, km=km)
        for cell in nb.cells:
            if is_grade(cell) and cell.cell_type == "code":
                for note in only_errors_count(cell):
                    self.log.warning("%s: %s", resources["nbgrader"]["student"], note)
        return nb, resources

    @contextlib.contextmanager
    def _private_sockets(self):
        """Talk to the kernel through files in a private folder: no open port."""
        # The path of a socket must be short, and nbclient names no folder for it.
        with tempfile.TemporaryDirectory(prefix="k") as folder:
            if sys.platform != "win32":
                sockets = {"transport": "ipc", "ip": str(Path(folder, "k"))}
                self.update_config(Config({"KernelManager": sockets}))
            yield

    def _seed(self):
        """Set COURSE_SEED from the course's folder, unless it is set already."""
        path = Path(self.parent.parent.coursedir.root) / SEED
        if "COURSE_SEED" in os.environ or not path.is_file():
            return contextlib.nullcontext()
        return setenv(COURSE_SEED=path.read_text(encoding="utf-8").strip())


def only_errors_count(cell) -> list[str]:
    """Change a check's outputs so that nbgrader scores it by its errors alone.

    nbgrader gives 0 points for one line on stderr and takes a last value for the score; a
    cell that was not run has no outputs and would get all its points.

    Returns
    -------
    list of str
        What was changed, for the log.
    """
    notes = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output["name"] = "stdout"
            notes.append(f"{cell.id} wrote to stderr, which costs no points")
        elif output.output_type == "execute_result":
            output["output_type"] = "display_data"
            del output["execution_count"]
            notes.append(f"{cell.id} gave a value, which is no score here")
    failed = any(output.output_type == "error" for output in cell.outputs)
    if cell.execution_count is None and not failed:
        text = "this check was not run"
        error = nbformat.v4.new_output(
            "error", ename="NotRun", evalue=text, traceback=[text]
        )
        cell.outputs.append(error)
        notes.append(f"{cell.id} was not run")
    return sorted(set(notes))
