"""Whatever happened to a notebook, it is rebuilt: the learner's sources, our checks."""

import copy
import json

import nbformat
import pytest

from course.bundle import digest, read_submission, rebuild, which_lesson
from course.lesson import Cell, Lesson, to_notebook
from course.paths import CourseError

SOLUTION = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
HIDDEN = "### BEGIN HIDDEN TESTS\nexpect(f, 2, gives=2)\n### END HIDDEN TESTS"
CHECK = f"expect(f, 1, gives=1)\n{HIDDEN}"


@pytest.fixture
def template(tmp_path):
    cells = [
        Cell("cell-00", "markdown", "# Title"),
        Cell("setup", "code", "from helpers.checking import expect", "given", "setup"),
        Cell("f", "code", SOLUTION, "exercise", "f"),
        Cell("f-check", "code", CHECK, "check", "f", 3),
        Cell("cell-04", "code", "print(f(1))"),
        Cell("why", "markdown", "Because.", "question", "why", 2),
    ]
    return to_notebook(Lesson(tmp_path, cells, [], {}))


@pytest.fixture
def handed_in(template):
    """What a learner has after answering: no hidden tests, her own answers."""
    book = copy.deepcopy(template)
    book.cells[2].source = "def f(x):\n    return 1 * x"
    book.cells[3].source = "expect(f, 1, gives=1)"
    book.cells[5].source = "My reason."
    return json.loads(nbformat.writes(book))


def ids(rebuilt):
    return [cell.id for cell in rebuilt.notebook.cells]


def source(rebuilt, name):
    return next(cell.source for cell in rebuilt.notebook.cells if cell.id == name)


def test_an_untouched_submission_needs_no_note(template, handed_in):
    rebuilt = rebuild(handed_in, template)
    assert rebuilt.notes == []
    assert ids(rebuilt) == [cell.id for cell in template.cells]
    assert source(rebuilt, "f") == "def f(x):\n    return 1 * x"
    assert "HIDDEN" in source(rebuilt, "f-check") and source(rebuilt, "why") == "My reason."


def test_an_edited_check_is_replaced_and_noted(template, handed_in):
    handed_in["cells"][3]["source"] = ["pass"]
    handed_in["cells"][3]["metadata"]["tags"] = ["skip-execution"]
    rebuilt = rebuild(handed_in, template)
    assert rebuilt.notes == ["f-check had been edited: the lesson's own was used"]
    assert rebuilt.notebook.cells[3].metadata == template.cells[3].metadata


@pytest.mark.parametrize("gone", ["setup", "f", "f-check", "why"])
def test_a_deleted_cell_is_put_back_in_its_place(template, handed_in, gone):
    handed_in["cells"] = [cell for cell in handed_in["cells"] if cell["id"] != gone]
    rebuilt = rebuild(handed_in, template)
    assert ids(rebuilt) == [cell.id for cell in template.cells]
    assert rebuilt.notes == [f"{gone} had been deleted: it was put back"]
    assert "SOLUTION" not in source(rebuilt, "f") and source(rebuilt, "why") != "Because."


def test_of_a_copied_answer_the_written_one_counts(template, handed_in):
    stub = copy.deepcopy(handed_in["cells"][2])
    stub["source"] = "def f(x):\n    # Your code here\n    raise NotImplementedError"
    handed_in["cells"].insert(3, stub)
    rebuilt = rebuild(handed_in, template)
    assert source(rebuilt, "f") == "def f(x):\n    return 1 * x"
    assert len(ids(rebuilt)) == len(set(ids(rebuilt)))
    assert rebuilt.notes == ["f stood there more than once: one of them was graded"]


def test_a_copied_check_counts_once(template, handed_in):
    handed_in["cells"] += [copy.deepcopy(handed_in["cells"][3])] * 2
    rebuilt = rebuild(handed_in, template)
    assert ids(rebuilt).count("f-check") == 1


def test_own_cells_stay_where_they_were_without_metadata(template, handed_in):
    mine = {"cell_type": "code", "id": "mine", "source": "y = 3", "outputs": []}
    mine["metadata"] = {
        "nbgrader": {"grade_id": "f2", "points": 99},
        "tags": ["skip-execution"],
    }
    handed_in["cells"].insert(2, mine)
    rebuilt = rebuild(handed_in, template)
    assert [c.source for c in rebuilt.notebook.cells][2] == "y = 3"
    assert rebuilt.notebook.cells[2].metadata == {}


def test_stripped_metadata_and_ids_are_recognised_by_source_or_put_back(
    template, handed_in
):
    for cell in handed_in["cells"]:
        cell["metadata"] = {}
    assert ids(rebuild(handed_in, template)) == [cell.id for cell in template.cells]
    for cell in handed_in["cells"]:
        del cell["id"]
    rebuilt = rebuild(handed_in, template)
    assert {"f", "f-check", "why"} <= set(ids(rebuilt))


@pytest.mark.parametrize("kind", ["raw", "markdown", "nonsense", None])
def test_a_retyped_check_is_a_check_again(template, handed_in, kind):
    handed_in["cells"][3]["cell_type"] = kind
    rebuilt = rebuild(handed_in, template)
    assert rebuilt.notebook.cells[3].cell_type == "code"


@pytest.mark.parametrize(
    "junk",
    [
        None,
        3,
        "text",
        [],
        {},
        {"cell_type": "code"},
        {"source": 5, "metadata": 7, "id": []},
    ],
)
def test_junk_cells_do_not_stop_it(template, handed_in, junk):
    handed_in["cells"].append(junk)
    assert set(ids(rebuild(handed_in, template))) >= {"f", "f-check", "why"}


def test_format_3_is_read(template, handed_in):
    cells = [
        {"cell_type": c["cell_type"], "input": c["source"], "metadata": c["metadata"]}
        for c in handed_in["cells"]
    ]
    rebuilt = rebuild({"nbformat": 3, "worksheets": [{"cells": cells}]}, template)
    assert source(rebuilt, "f") == "def f(x):\n    return 1 * x"


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "does not exist"),
        ("", "is empty"),
        ("{", "damaged"),
        ("[1, 2]", "not a notebook"),
        ('{"cells": 3}', "not a notebook"),
        ('{"worksheets": 3}', "not a notebook"),
        ("\ufeff{}", "not a notebook"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_a_notebook_that_cannot_be_read_says_why(tmp_path, content, words):
    path = tmp_path / "lesson.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CourseError, match=words):
        read_submission(path)


def test_bytes_that_are_no_text_say_so(tmp_path):
    path = tmp_path / "lesson.ipynb"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(CourseError, match="damaged"):
        read_submission(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "lesson.ipynb"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    with pytest.raises(CourseError, match="60 MB; at most 50 MB"):
        read_submission(path)


def test_a_renamed_notebook_is_recognised_by_its_cells(template, handed_in):
    other = copy.deepcopy(template)
    for cell in other.cells:
        cell.id = "other-" + cell.id
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = cell.id
    templates = {"01_this": template, "02_other": other}
    assert which_lesson(handed_in, templates) == "01_this"
    assert which_lesson(json.loads(nbformat.writes(other)), templates) == "02_other"
    assert (
        which_lesson({"cells": [{"cell_type": "code", "source": "1"}]}, templates) is None
    )


def test_the_digest_sees_sources_only(handed_in):
    before = digest(handed_in)
    handed_in["cells"][3]["outputs"] = [{"output_type": "stream"}]
    assert digest(handed_in) == before
    handed_in["cells"][2]["source"] = "def f(x): return 2"
    assert digest(handed_in) != before
