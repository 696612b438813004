"""What the documents promise: links lead somewhere, commands exist, the steps work."""

import re
import textwrap
from pathlib import Path

import pytest
from tiny import ROOT, write_course

from course import build, paths
from course.bench import Bench
from course.lesson import read_lesson

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def headings(page):
    """Return the anchors that a page's headings have."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@EVERY_PAGE
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    for link in links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in headings(target), f"{page.name} links to {link}"


@EVERY_PAGE
def test_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    commands = set(re.findall(r"(?<![\w-])course (build|check|[a-z]+)(?= |`|$)", text))
    source = (ROOT / "src/course/cli.py").read_text(encoding="utf-8")
    known = set(re.findall(r"@app\.command\(\)\ndef (\w+)", source))
    used = {
        word
        for word in commands
        if f"`course {word}" in text or f"bin/course {word}" in text
    }
    assert used <= known, used - known
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(targets)


def test_the_readme_names_every_lesson_once():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in paths.lesson_names(ROOT):
        assert text.count(f"](notebooks/{name}/{name}.ipynb)") == 1, name


def blocks(page, language):
    """Return the fenced code of one language, freed of its indentation."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def test_the_steps_for_a_new_exercise_work(tmp_path):
    """Follow CONTRIBUTING to the letter in a small course."""
    page = ROOT / "CONTRIBUTING.md"
    (cells,), (slips,) = blocks(page, "python"), blocks(page, "toml")
    root = write_course(tmp_path, ["01_tiny"])
    folder = root / "solutions" / "01_tiny"
    before = (folder / "01_tiny.py").read_text()
    start = before.index('# %% exercise="double"')
    end = before.index("# %% [markdown]\n# ### Exercise 1.2")
    (folder / "01_tiny.py").write_text(before[:start] + cells + "\n" + before[end:])
    half = (folder / "slips.toml").read_text().split("\n\n")[1]
    (folder / "slips.toml").write_text(slips + "\n" + half)
    assert build.build(root, ["01_tiny"]) == ["01_tiny"]
    lesson = read_lesson(folder)
    bench = Bench(lesson, root / "notebooks" / "01_tiny")
    wrong = lesson.slips[0].apply(bench.solution("double"))
    (result,) = bench.attempt("double", wrong)
    assert result.message.endswith(lesson.slips[0].hint)
    assert Path(folder / "01_tiny.ipynb").exists()
