"""A learner opens lessons in JupyterLab, runs them, answers, and presses Validate."""

import json
import tomllib

import pytest
from notebooks import LabNotebook

pytestmark = pytest.mark.browser

FIRST = "01_images"
LESSON = "03_convolution_2d"
INSTRUCTORS = ("Formgrader", "Create Assignment", "Assignment List", "Course List")


def notebook_path(lesson):
    return f"notebooks/{lesson}/{lesson}.ipynb"


def is_check(cell):
    about = cell["metadata"].get("nbgrader", {})
    return bool(cell["cell_type"] == "code" and about.get("grade"))


def errors(cell):
    return [out for out in cell.get("outputs", []) if out["output_type"] == "error"]


def is_question(cell):
    about = cell["metadata"].get("nbgrader", {})
    return bool(cell["cell_type"] == "markdown" and about.get("grade"))


def plain(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def answers(course):
    """Return the right answers by their cells' ids, from nbgrader's source notebook."""
    path = course / "solutions" / LESSON / f"{LESSON}.ipynb"
    found = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        lines = "".join(cell["source"]).splitlines()
        if "### BEGIN SOLUTION" in map(str.strip, lines):
            kept = [line for line in lines if not line.strip().startswith("### ")]
            found[cell["id"]] = "\n".join(kept)
    assert len(found) >= 5, f"only {list(found)} in {path}"
    return found


@pytest.fixture(scope="module")
def slip(course, answers):
    """Return a known slip: the cell's id, the wrong source, and the hint it deserves."""
    slips = tomllib.loads((course / "solutions" / LESSON / "slips.toml").read_text())
    entry = next(entry for entry in slips["correlate2d"] if "old" in entry)
    right = answers["correlate2d"]
    assert right.count(entry["old"]) == 1
    return "correlate2d", right.replace(entry["old"], entry["new"]), entry["hint"]


@pytest.fixture(scope="module")
def lesson(lab, open_window):
    """Return lesson 03 as it was handed out, open in JupyterLab, nothing run."""
    path = notebook_path(LESSON)
    return LabNotebook(open_window(), lab.address(f"lab/tree/{path}"), path)


@pytest.fixture(scope="module")
def blank(lesson):
    """Return lesson 03 after Run All Cells, without one answer."""
    lesson.window.keep("learner_1_opened")
    lesson.run_all()
    return lesson


@pytest.fixture(scope="module")
def answered(blank, answers, slip):
    """Return lesson 03 with all answers right but one, which is typed and run by hand."""
    name, wrong, _ = slip
    for cell, source in answers.items():
        if cell != name:
            blank.set(cell, source)
    blank.type(name, wrong)
    blank.run_from_here(2)  # the answer and the first check below it
    return blank


def test_make_lab_opens_lesson_01_where_the_terminal_says(window, lab):
    path = notebook_path(FIRST)
    assert lab.url.startswith(f"{lab.base}/lab/tree/{path}?token=")
    notebook = LabNotebook(window, lab.url, path)
    assert window.page.locator(".jp-NotebookPanel h1").first.inner_text().strip("¶")
    window.keep("make_lab_lesson_01")
    pictures = window.page.locator(".jp-MarkdownOutput img")
    sizes = pictures.evaluate_all("all => all.map(image => image.naturalWidth)")
    assert sizes and all(sizes), sizes
    notebook.run_all()  # time enough for late pop-ups
    assert window.popups() == [] and window.errors == []


def test_the_lesson_opens_on_its_kernel_without_a_word(lesson, course):
    # JupyterLab may find a kernel by the language alone; where there are several it asks.
    spec = json.loads((course / notebook_path(LESSON)).read_text())["metadata"][
        "kernelspec"
    ]
    assert (spec["name"], spec["display_name"]) == ("python3", "Python 3 (ipykernel)")
    assert lesson.kernel_name() == "Python 3 (ipykernel)"
    assert lesson.window.popups() == []


def test_learners_see_validate_and_no_instructors_panels(lesson):
    toolbar = lesson.page.locator(".jp-NotebookPanel-toolbar:visible")
    assert "Validate" in toolbar.inner_text()
    menus = lesson.page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "Kernel" in menus and "Nbgrader" not in menus
    commands = lesson.page.evaluate(
        "window.jupyterapp.commands.listCommands().map(id => {"
        " try { return window.jupyterapp.commands.label(id) } catch { return '' } })"
    )
    assert len(commands) > 100
    assert [label for label in commands if label.startswith(INSTRUCTORS)] == []


def test_run_all_reaches_the_last_cell(blank):
    code = [cell for cell in blank.cells().values() if cell["cell_type"] == "code"]
    assert len(code) > 20
    counts = [cell["execution_count"] for cell in code if cell["source"].strip()]
    assert counts == list(range(1, len(counts) + 1))


def test_every_check_says_what_is_not_written_yet_and_nothing_else_fails(blank):
    for name, cell in blank.cells().items():
        failed = errors(cell)
        noise = [o for o in cell.get("outputs", []) if o.get("name") == "stderr"]
        assert noise == [], name
        assert len(failed) == is_check(cell), f"{name}: {failed}"
        if is_check(cell):
            shown = blank.output(name)
            assert "✗" in shown and "is not written yet" in shown, name
            assert "Traceback" not in shown and "line " not in shown, shown
            assert len(shown.strip().splitlines()) == 1, shown
    blank.show("correlate2d-check")
    blank.window.keep("learner_2_not_written_yet")


def test_the_run_opens_no_popup_and_breaks_no_script(blank):
    assert blank.window.popups() == []
    assert blank.window.errors == []
    assert blank.window.refused == []


def test_figures_are_seen_whole_and_described(blank):
    drawn = [
        name
        for name, cell in blank.cells().items()
        if any("text/html" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert len(drawn) >= 8
    for name in drawn:
        for figure in blank.figures(name):
            assert len(figure["alt"]) >= 20, f"{name}: {figure}"
            assert figure["width"] >= 100 and figure["height"] >= 50, f"{name}: {figure}"
            assert figure["loaded"] and figure["inside"], f"{name}: {figure}"
        blank.window.keep(f"learner_3_figure_{name}")


def test_an_animation_steps_by_its_button(blank):
    sources = {name: "".join(cell["source"]) for name, cell in blank.cells().items()}
    name = next(name for name, source in sources.items() if "animate_" in source)
    assert "Step 1 of" in blank.output(name)
    area = blank.show(name).locator(".jp-OutputArea")
    before = area.locator("img").get_attribute("src")
    area.get_by_role("button").last.click()
    assert "Step 2 of" in blank.output(name)
    assert area.locator("img").get_attribute("src") != before


def test_formulas_are_typeset(blank):
    blank.show("cell-07")
    shown = blank.page.locator(".jp-NotebookPanel:visible mjx-container")
    shown.first.wait_for()
    assert blank.page.locator("mjx-merror").count() == 0


def test_figures_are_seen_in_the_dark_theme(blank):
    blank.theme("Dark")
    for name in ("cell-03", "cell-18", "cell-40", "cell-47", "cell-53"):
        if name in blank.cells():
            blank.show(name)
            blank.window.keep(f"learner_4_dark_{name}")
    blank.theme("Light")


def test_a_slip_shows_its_hint_below_the_check(answered, slip):
    name, _, hint = slip
    shown = answered.output(f"{name}-check")
    answered.window.keep("learner_5_slip")
    assert f"Likely slip: {hint}" in plain(shown)
    assert "Traceback" not in shown


def test_validate_names_the_cell_that_fails_and_its_hint(answered, slip):
    answered.save()
    text = answered.validate()
    answered.window.keep("learner_6_validate_slip")
    answered.close_dialog()
    assert "Success" not in text
    assert "You did not provide a response." in text  # the questions are empty as well
    assert plain(slip[2]) in plain(text)
    assert "Traceback" not in text


def test_right_answers_pass_all_checks_and_validate(answered, answers, slip):
    answered.type(slip[0], answers[slip[0]])
    for name, cell in answered.cells().items():
        if is_question(cell):
            answered.set(name, "Every window is looked at, so the answer moves with it.")
    answered.run_all()
    for name, cell in answered.cells().items():
        failed = errors(cell)
        assert failed == [], f"{name}: {failed}"
        if is_check(cell):
            assert "✓" in str(cell["outputs"]), name
    answered.show("correlate2d-check")
    answered.window.keep("learner_7_right")
    answered.save()
    text = answered.validate()
    answered.window.keep("learner_8_validate_success")
    answered.close_dialog()
    assert "Success! Your notebook passes all the tests." in text
