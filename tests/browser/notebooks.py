"""Drive one notebook in JupyterLab: by mouse and keyboard, or else through its model."""

PANEL = "const panel = window.jupyterapp.shell.currentWidget;"
OPEN = """path => {
  if (document.querySelector('.jp-Dialog')) return true;
  const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  return panel && panel.context && panel.context.isReady && panel.context.path === path
    && panel.content.model.cells.length > 0
    && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
# JupyterLab sends one cell after the other, so the kernel is idle for moments in between.
# At rest is a notebook whose last cell has a new number, or where nothing moves for 4 s.
MARK = f"""() => {{ {PANEL}
  const code = panel.content.widgets.filter(cell => cell.model.type === 'code'
    && cell.model.sharedModel.getSource().trim());
  window.last = code.at(-1).model;
  window.before = window.last.executionCount;
  window.still = null;
}}"""
AT_REST = f"""() => {{ {PANEL}
  const idle = panel.sessionContext.session?.kernel?.status === 'idle'
    && panel.content.widgets.every(cell =>
      cell.model.type !== 'code' || cell.model.executionState === 'idle');
  if (!idle) window.still = null;
  else window.still ??= Date.now();
  const renewed = window.last.executionCount !== window.before;
  return idle && (renewed || Date.now() - window.still > 4000);
}}"""
SET = f"""([id, source]) => {{ {PANEL}
  const cell = panel.content.widgets.find(cell => cell.model.id === id);
  if (!cell) throw new Error('no cell ' + id);
  cell.model.sharedModel.setSource(source);
}}"""
SHOW = f"""async id => {{ {PANEL}
  const position = panel.content.widgets.findIndex(cell => cell.model.id === id);
  await panel.content.scrollToItem(position, 'start');
  panel.content.activeCellIndex = position;
}}"""


class LabNotebook:
    """A notebook that is open in JupyterLab and whose kernel is ready."""

    def __init__(self, window, address, path):
        self.window, self.page = window, window.page
        self.page.goto(address)
        self.page.wait_for_function(OPEN, arg=path, timeout=90_000)
        asked = self.page.locator(".jp-Dialog").all_inner_texts()
        assert not asked, f"JupyterLab opens {path} with a question: {asked}"

    def content(self):
        """Return the notebook as it would be saved."""
        return self.page.evaluate(
            f"() => {{ {PANEL} return panel.content.model.toJSON(); }}"
        )

    def cells(self):
        """Return the cells by their id, in their order."""
        return {cell["id"]: cell for cell in self.content()["cells"]}

    def kernel_name(self):
        """Return what the toolbar says about the kernel."""
        return self.page.locator(".jp-NotebookPanel:visible .jp-KernelName").inner_text()

    def menu(self, name, item):
        """Choose an item of the menu bar."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=name).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()

    def run_all(self):
        """Choose Run All Cells and wait until the kernel has nothing more to do."""
        self.page.evaluate(MARK)
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(AT_REST, timeout=120_000)

    def set(self, cell, source):
        """Replace a cell's source."""
        self.page.evaluate(SET, [cell, source])

    def show(self, cell):
        """Scroll to a cell and make it the active one; return its place in the page."""
        self.page.evaluate(SHOW, cell)
        return self.page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-mod-active")

    def output(self, cell):
        """Scroll to a cell and return the text that can be read below it."""
        area = self.show(cell).locator(".jp-OutputArea")
        self.page.wait_for_function("area => area.innerText", arg=area.element_handle())
        return area.inner_text()

    def save(self):
        """Save with the keyboard and wait until the notebook is on the disk."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function(
            f"() => {{ {PANEL} return !panel.context.model.dirty; }}"
        )

    def type(self, cell, source):
        """Replace a cell's source as a person does: click, select all, type."""
        self.show(cell).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        typed = self.cells()[cell]["source"]
        assert typed == source, f"typed into {cell}, found:\n{typed}"

    def run_from_here(self, count):
        """Press Shift and Enter so many times and wait for the kernel."""
        self.page.evaluate(MARK)
        for _ in range(count):
            self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function(AT_REST, timeout=60_000)

    def figures(self, cell):
        """Return what can be seen of the pictures below a cell."""
        return (
            self.show(cell)
            .locator(".jp-OutputArea img")
            .evaluate_all(
                """images => images.map(image => {
              const box = image.getBoundingClientRect();
              const room = image.closest('.jp-OutputArea').getBoundingClientRect();
              return {alt: image.alt, width: box.width, height: box.height,
                      loaded: image.complete && image.naturalWidth > 0,
                      inside: box.left >= room.left - 1 && box.right <= room.right + 1};
            })"""
            )
        )

    def validate(self):
        """Press Validate and return what the box that opens says."""
        toolbar = self.page.locator(".jp-NotebookPanel-toolbar:visible")
        toolbar.get_by_text("Validate", exact=True).click()
        box = self.page.locator(".jp-Dialog")
        box.wait_for(timeout=90_000)
        return box.inner_text()

    def close_dialog(self):
        """Close the box on top of the page."""
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")

    def theme(self, name):
        """Change to JupyterLab's Light or Dark theme."""
        command = (
            "t => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})"
        )
        self.page.evaluate(command, f"JupyterLab {name}")
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light",
            arg=str(name == "Light").lower(),
        )
