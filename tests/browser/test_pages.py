"""Finished lessons as pages: each is run with its answers, exported and photographed.

COURSE_PAGES names the lessons, separated by blanks; without it the first three.
"""

import os

import copies
import pytest

pytestmark = pytest.mark.browser

PAGES = os.environ.get(
    "COURSE_PAGES", "01_images 02_convolution_1d 03_convolution_2d"
).split()
SEEN = """() => [...document.images].map(image => {
  const box = image.getBoundingClientRect();
  const room = image.closest('.jp-OutputArea, .jp-Cell').getBoundingClientRect();
  return {alt: image.alt, width: box.width, height: box.height,
          loaded: image.complete && image.naturalWidth > 0,
          inside: box.left >= room.left - 1 && box.right <= room.right + 1};
})"""
# What a reader would have to scroll for: tables, code and printed arrays.
CUT_OFF = """() => [...document.querySelectorAll('table, pre, figure, .jp-MarkdownOutput')]
  .filter(part => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
  .map(part => `${part.tagName}: ${part.innerText.slice(0, 80)}`)"""


@pytest.mark.parametrize("lesson", PAGES)
def test_a_finished_lesson_is_readable_from_top_to_bottom(lesson, course, home, window):
    notebook = course / "solutions" / lesson / f"{lesson}.ipynb"
    export = ("-m", "nbconvert", "--to", "html", "--execute")
    limit = "--ExecutePreprocessor.timeout=120"
    copies.run(course, home, *export, limit, notebook, seconds=300)
    page = window.page
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(notebook.with_suffix(".html").as_uri())
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    window.keep(f"page_{lesson}", full_page=True)
    pictures = page.evaluate(SEEN)
    assert len(pictures) >= 3
    for picture in pictures:
        assert len(picture["alt"]) >= 20, picture
        assert picture["loaded"] and picture["inside"], picture
        assert picture["width"] >= 100 and picture["height"] >= 50, picture
    assert page.evaluate(CUT_OFF) == []
    stderr = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    assert stderr.all_inner_texts() == []
