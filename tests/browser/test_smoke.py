"""The browser works, stays on this machine, and notices what asks for attention."""

import json

import pytest
from notebooks import LabNotebook

pytestmark = pytest.mark.browser


def test_chromium_opens_a_page_and_runs_its_script(window, serve, tmp_path):
    script = "document.querySelector('p').textContent = [1, 2, 3].map(x => x * x).join()"
    html = f"<!doctype html><title>Smoke</title><p>before</p><script>{script}</script>"
    (tmp_path / "index.html").write_text(html)
    window.page.goto(serve(tmp_path) + "/index.html")
    assert window.page.title() == "Smoke"
    assert window.page.inner_text("p") == "1,4,9"
    assert window.keep("smoke").stat().st_size > 1000


def test_pages_reach_nothing_but_this_machine(window, serve, tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Here</title>")
    window.page.goto(serve(tmp_path) + "/index.html")
    fetch = "fetch('http://192.0.2.1/').then(() => 'reached', () => 'refused')"
    assert window.page.evaluate(fetch) == "refused"
    assert window.refused == ["http://192.0.2.1/"]


def test_a_question_about_the_kernel_would_be_noticed(window, lab, course):
    """The tests that find no pop-up can fail: a notebook of another kernel makes one."""
    path = course / "other_kernel.ipynb"
    spec = {"name": "elsewhere", "display_name": "Elsewhere", "language": "python"}
    content = {"cells": [], "metadata": {"kernelspec": spec}, "nbformat": 4}
    path.write_text(json.dumps(content | {"nbformat_minor": 5}))
    window.page.goto(lab.address(f"lab/tree/{path.name}"))
    window.page.wait_for_selector(".jp-Dialog", timeout=60_000)
    assert any("Select Kernel" in text for text in window.popups())
    window.keep("smoke_kernel_question")


def test_a_notification_would_be_noticed_after_it_has_gone(window, lab):
    window.page.goto(lab.address("lab"))
    window.page.wait_for_function("() => window.jupyterapp?.restored")
    window.page.evaluate("() => window.jupyterapp.restored.then(() => 0)")
    window.page.evaluate(
        "window.jupyterapp.commands.execute('apputils:notify',"
        " {message: 'Here I am', type: 'info', options: {autoClose: 500}})"
    )
    window.page.wait_for_selector(".Toastify__toast")
    window.page.wait_for_selector(".Toastify__toast", state="detached")
    assert any("Here I am" in text for text in window.popups())


def test_the_driver_waits_for_a_slow_cell(window, lab, course):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    sources = ["import time", "time.sleep(2)", "print('slept')"]
    cells = [cell | {"id": f"c{i}", "source": text} for i, text in enumerate(sources)]
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    content = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4}
    (course / "slow.ipynb").write_text(json.dumps(content | {"nbformat_minor": 5}))
    notebook = LabNotebook(window, lab.address("lab/tree/slow.ipynb"), "slow.ipynb")
    notebook.run_all()
    assert notebook.cells()["c2"]["outputs"][0]["text"] == "slept\n"
