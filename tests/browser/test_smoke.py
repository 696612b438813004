"""The browser works, stays on this machine, and JupyterLab is the learners'."""

import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "src" / "course"))
import bootstrap  # noqa: E402

pytestmark = pytest.mark.browser


def test_chromium_opens_a_page_and_runs_its_script(page, serve, tmp_path, screenshot):
    script = "document.querySelector('p').textContent = [1, 2, 3].map(x => x * x).join()"
    html = f"<!doctype html><title>Smoke</title><p>before</p><script>{script}</script>"
    (tmp_path / "index.html").write_text(html)
    page.goto(serve(tmp_path) + "/index.html")
    assert page.title() == "Smoke"
    assert page.inner_text("p") == "1,4,9"
    assert screenshot().stat().st_size > 1000


def test_pages_reach_nothing_but_this_machine(page, serve, tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Here</title>")
    page.goto(serve(tmp_path) + "/index.html")
    fetch = "fetch('http://192.0.2.1/').then(() => 'reached', () => 'refused')"
    assert page.evaluate(fetch) == "refused"


def test_learners_see_neither_the_news_question_nor_instructors_panels(
    page, lab, screenshot
):
    page.goto(f"{lab}/lab?token=course")
    page.wait_for_selector(".jp-Launcher-sectionTitle", timeout=60_000)
    page.wait_for_timeout(1500)  # notifications come late
    menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "Kernel" in menus and "Nbgrader" not in menus
    assert page.locator(".Toastify__toast").count() == 0
    assert "Create Assignment" not in page.inner_text("body")
    screenshot()


def test_instructors_get_the_panels_back(page, start_lab, tmp_path, screenshot):
    bootstrap.write_panels(str(tmp_path), teach=True)
    address = start_lab({"JUPYTER_CONFIG_PATH": str(tmp_path)})
    page.goto(f"{address}/lab?token=course")
    page.wait_for_selector("text=Nbgrader", timeout=60_000)
    screenshot()
