"""The build chain: byte for byte reproducible, careful with what people wrote."""

import json

import nbformat
import pytest
from tiny import LESSON, write_course

from course import build, paths
from course.lesson import read_lesson
from course.paths import CourseError

NAME = "01_tiny"


@pytest.fixture
def root(tmp_path):
    return write_course(tmp_path, [NAME])


def lesson_file(root):
    return root / "solutions" / NAME / f"{NAME}.py"


def release(root):
    return root / "notebooks" / NAME / f"{NAME}.ipynb"


def generated(root):
    source = root / "solutions" / NAME
    return [
        source / f"{NAME}.ipynb",
        source / "hints.json",
        release(root),
        root / "notebooks" / NAME / "hints.json",
    ]


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_two_builds_are_byte_identical(root):
    before = [path.read_bytes() for path in generated(root)]
    assert build.build(root, [NAME], force=True) == [NAME]
    assert [path.read_bytes() for path in generated(root)] == before
    assert build.differences(root, [NAME]) == []


def test_nothing_is_done_when_nothing_changed(root):
    assert build.build(root, [NAME]) == []
    edit(lesson_file(root), "twice `x`", "two times `x`")
    assert build.build(root, [NAME]) == [NAME]
    assert "two times" in release(root).read_text()
    assert build.build(root, [NAME]) == []


def test_a_lost_stamp_costs_only_a_build(root):
    (root / build.STAMPS).write_text("{")
    assert build.build(root, [NAME]) == [NAME]


@pytest.mark.parametrize("which", range(4))
def test_one_changed_byte_in_any_generated_file_is_found(root, which):
    path = generated(root)[which]
    path.write_bytes(path.read_bytes() + b"\n")
    assert build.differences(root, [NAME]) == [str(path.relative_to(root))]


def test_a_stranger_in_a_release_is_found(root):
    (root / "notebooks" / NAME / "answers.py").write_text("x")
    assert build.differences(root, [NAME]) == [f"notebooks/{NAME}/answers.py"]
    with pytest.raises(CourseError, match="comes from no lesson"):
        build.build(root, [NAME])


def test_the_release_holds_stubs_and_no_answers(root):
    text = release(root).read_text()
    assert "raise NotImplementedError" in text and "Write your answer here" in text
    for secret in ("2 * x", "SOLUTION", "HIDDEN", "x + x", "model answer"):
        assert secret not in text
    assert {path.name for path in release(root).parent.iterdir()} == {
        f"{NAME}.ipynb",
        "hints.json",
    }


def test_a_learners_answers_are_not_overwritten(root):
    book = nbformat.read(release(root), as_version=4)
    next(c for c in book.cells if c.id == "double").source = "def double(x):\n    return x"
    nbformat.write(book, release(root))
    mine = release(root).read_bytes()
    with pytest.raises(CourseError, match=r"holds answers \(double\).*--force"):
        build.build(root, [NAME])
    assert release(root).read_bytes() == mine
    build.build(root, [NAME], force=True)
    assert release(root).read_bytes() != mine


def test_hints_are_the_outcomes_of_slips(root):
    slips = json.loads(generated(root)[3].read_text())["slips"]
    assert [slip["function"] for slip in slips] == ["double", "double", "half"]
    assert slips[0]["outcome"]["value"]["array"] == [1.0, 4.0, 25.0]
    assert slips[0]["hint"].startswith("this squares")


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("### BEGIN SOLUTION", "### BEGIN", "has no BEGIN SOLUTION"),
        ('check="double" points=4', 'check="dobule" points=4', "checks no exercise"),
        ('part="more" points=2', "points=2", "two cells have the id double-check"),
        (" points=3\nexpect(half", "\nexpect(half", "has no points"),
        ('[markdown] question="why"', 'question="why"', "must be a markdown cell"),
        ('given="setup"', 'given="setup" check="double"', "carries two marks"),
        ("from helpers.backend import xp\n", "### BEGIN SOLUTION\n", "holds a solution"),
        (
            "from helpers.backend import xp\n",
            "### BEGIN HIDDEN TESTS\n",
            "holds hidden tests",
        ),
    ],
)
def test_a_wrong_mark_is_named(root, old, new, words):
    edit(lesson_file(root), old, new)
    with pytest.raises(CourseError, match=words):
        read_lesson(lesson_file(root).parent)


def test_a_slip_that_no_longer_applies_is_named(root):
    edit(lesson_file(root), "return 2 * x", "return x * 2")
    with pytest.raises(
        CourseError, match="'squares' of double edits '2 \\* x', which stands 0"
    ):
        build.build(root, [NAME])


def test_a_slip_of_no_exercise_is_named(root):
    edit(lesson_file(root).parent / "slips.toml", "[[half]]", "[[hafl]]")
    with pytest.raises(CourseError, match="hafl.*the exercises are"):
        build.build(root, [NAME])


def test_two_slips_that_no_check_can_tell_apart_are_named(root):
    path = lesson_file(root).parent / "slips.toml"
    twin = path.read_text().split("\n\n")[0].replace("squares", "multiplies", 1)
    path.write_text(
        path.read_text() + "\n" + twin.replace("this squares", "this multiplies")
    )
    with pytest.raises(
        CourseError, match="'squares' and 'multiplies' of double give the same"
    ):
        build.build(root, [NAME])


def test_a_solution_that_fails_its_own_check_is_named(root):
    edit(lesson_file(root), "return 2 * x", "return 2 * x + 1")
    edit(lesson_file(root).parent / "slips.toml", "2 * x", "2 * x + 1")
    with pytest.raises(CourseError, match="the solution fails double-check"):
        build.build(root, [NAME])


def test_a_failed_build_changes_nothing(root):
    before = [path.read_bytes() for path in generated(root)]
    edit(lesson_file(root), "return 2 * x", "return 3 * x")
    with pytest.raises(CourseError):
        build.build(root, [NAME])
    assert [path.read_bytes() for path in generated(root)] == before


@pytest.mark.parametrize("wanted", ["1", "01", "01_tiny", "notebooks/01_tiny/", "tiny"])
def test_a_lesson_is_found_by_what_people_type(root, wanted):
    assert LESSON and paths.resolve_lesson(root, wanted) == NAME


@pytest.mark.parametrize("wanted", ["2", "x", "", "01_tin_"])
def test_a_lesson_that_is_not_there_is_named_with_those_that_are(root, wanted):
    with pytest.raises(CourseError, match="The lessons are: 01_tiny"):
        paths.resolve_lesson(root, wanted)


def test_the_course_is_found_from_below_and_not_from_nowhere(root, monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    assert paths.find_root(root / "notebooks" / NAME) == root.resolve()
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "a" / "b" / "c" / "paths.py"))
    (root / "nbgrader_config.py").unlink()
    with pytest.raises(CourseError, match="COURSE_ROOT"):
        paths.find_root(root / "notebooks")
