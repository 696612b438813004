"""The project around the course: locks, Binder, licences, set-up and its messages."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course import bootstrap

LOCKS = ("requirements.lock", "tests/browser/requirements.lock")
PIN = re.compile(r"^[a-z0-9][a-z0-9._-]*==[0-9][A-Za-z0-9.+!]*( ; [^:/\\]+)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}$")


def pins(path):
    """Return {requirement line: number of hashes} of a lock file."""
    found, last = {}, ""
    for line in path.read_text().splitlines():
        line = line.removesuffix(" \\")
        if line.startswith(" "):
            assert HASH.match(line), f"{path.name}: {line!r} is no hash"
            found[last] += 1
        else:
            assert PIN.match(line), f"{path.name}: {line!r} is no name, version and marker"
            last = line
            found[line] = 0
    return found


def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def binder(root):
    """Return the conda part and the pip part of environment.yml."""
    parts = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    (pip,) = [part["pip"] for part in parts if isinstance(part, dict)]
    return [part for part in parts if isinstance(part, str)], pip


# --- versions -----------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_only(root, name):
    found = pins(root / name)
    assert found
    assert [pin for pin, hashes in found.items() if hashes == 0] == []
    assert ":" + "//" not in (root / name).read_text()


def test_the_locks_satisfy_the_ranges(root):
    table = project(root)
    wanted = table["dependencies"] + table["optional-dependencies"]["dev"]
    wanted += tomllib.loads((root / "pyproject.toml").read_text())["build-system"][
        "requires"
    ]
    check_ranges(wanted, pins(root / "requirements.lock"))
    browser = (root / "tests" / "browser" / "requirements.in").read_text().split("\n")
    check_ranges(filter(None, browser), pins(root / LOCKS[1]))


def check_ranges(wanted, locked):
    locked = [Requirement(line) for line in locked]
    for requirement in map(Requirement, wanted):
        versions = [
            next(iter(pin.specifier)).version
            for pin in locked
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        ]
        assert versions, f"{requirement.name} is not in the lock; run `make lock`"
        for version in versions:
            assert version in requirement.specifier, f"{requirement} against {version}"


def test_binder_installs_the_versions_of_the_lock(root):
    conda, pip = binder(root)
    assert "pip" in conda
    assert any(re.fullmatch(r"python=3\.1[1-9]", part) for part in conda)
    locked = pins(root / "requirements.lock")
    assert [pin for pin in pip if pin not in locked] == []
    check_ranges(project(root)["dependencies"], pip)


def test_binder_misses_nothing_that_the_course_imports(root):
    """Walk what is installed here: every dependency of a dependency must be pinned."""
    _, pip = binder(root)
    pinned = {canonicalize_name(Requirement(pin).name) for pin in pip}
    todo = [(Requirement(line), {""}) for line in project(root)["dependencies"]]
    seen = set()
    while todo:
        requirement, extras = todo.pop()
        name = canonicalize_name(requirement.name)
        wanted = frozenset({""} | requirement.extras)
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        assert name in pinned, f"environment.yml lacks {name}; run `make lock`"
        for line in metadata.requires(name) or []:
            child = Requirement(line)
            here = [default_environment() | {"extra": extra} for extra in wanted]
            if child.marker is None or any(map(child.marker.evaluate, here)):
                todo.append((child, child.extras))
    assert len(seen) > 50


def test_binder_gets_no_cupy_and_no_editable_install(root):
    text = (root / "environment.yml").read_text()
    assert not [pin for pin in binder(root)[1] if pin.startswith(("cupy", "-e", "."))]
    assert "python=3.11" in text


def test_repo2docker_renders_the_binder_image(root, tmp_path):
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(root)]
    env = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-2000:]
    assert "COPY --chown=0:0 src/environment.yml" in output
    assert "environment-2epy-2d3-2e11" in output  # repo2docker's own base for Python 3.11
    assert "RUN ./postBuild" in output
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/start"' in output


def test_start_caps_the_threads_and_runs_its_arguments(root):
    names = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"
    show = f"import os; print(*[os.environ[name] for name in {names}])"
    env = {"PATH": os.environ["PATH"]}
    command = [str(root / "start"), sys.executable, "-c", show]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert done.stdout.split() == ["1", "1"]


# --- files --------------------------------------------------------------------------


def tracked(root):
    command = ["git", "ls-files", "-z"]
    try:
        listing = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
        names = listing.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):  # a downloaded archive has no .git
        skip = (".venv", ".git", ".artifacts", "egg-info", "__pycache__", ".pytest_cache")
        paths = (p.relative_to(root) for p in root.rglob("*"))
        names = [str(p) for p in paths if not any(s in str(p) for s in skip)]
    return [root / name for name in names if name and (root / name).is_file()]


def test_no_file_names_a_registry_or_this_machine(root):
    dot = "."
    hosts = [
        f"pypi{dot}org",
        f"pythonhosted{dot}org",
        f"npmjs{dot}org",
        f"anaconda{dot}org",
    ]
    hosts += [f"registry{dot}yarnpkg{dot}com", f"test{dot}pypi"]
    paths = ["/" + "work/main", "/" + "work/shared", "/" + "root/", "/" + "opt/wheels"]
    paths += ["/" + "opt/pypi", ".." + "/shared"]
    found = []
    for path in tracked(root):
        content = path.read_bytes()
        found += [(path.name, text) for text in hosts + paths if text.encode() in content]
    assert found == []


def test_the_citation_has_what_it_needs(root):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "version"} <= set(citation)
    assert citation["version"] == project(root)["version"]
    assert all(
        "name" in author or "family-names" in author for author in citation["authors"]
    )


def test_code_and_text_have_each_their_licence(root):
    assert "MIT License" in (root / "LICENSE").read_text()
    text = (root / "LICENSE-text").read_text()
    assert "CC BY 4.0" in text and "All code" in text
    assert project(root)["license"] == "MIT AND CC-BY-4.0"


def test_make_has_its_targets_and_explains_them(root):
    done = subprocess.run(
        ["make", "-C", str(root)], capture_output=True, text=True, check=True
    )
    for (
        target
    ) in "setup lab lab-teach test test-browser build lint format lock clean".split():
        assert re.search(rf"^  {target} +\w", done.stdout, re.M), target


@pytest.mark.parametrize("name", [".ci/run", "postBuild", "start"])
def test_scripts_can_be_run(root, name):
    assert os.access(root / name, os.X_OK)
    subprocess.run(["bash", "-n", str(root / name)], check=True)


def test_the_workflow_runs_what_people_run(root):
    workflow = yaml.safe_load((root / ".github" / "workflows" / "test.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in [step.get("run") for step in steps]
    assert not [step for step in steps if step.get("continue-on-error")]


def test_no_module_of_the_command_hides_one_of_the_standard_library(root):
    # bootstrap.py runs as a script, so its folder comes first where Python looks.
    names = {path.stem for path in (root / "src" / "course").glob("*.py")}
    assert names & set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_agrees(root, command):
    folders = [
        name
        for name in ("src", "tests", "solutions", "benchmarks")
        if (root / name).exists()
    ]
    ruff = [sys.executable, "-m", "ruff"]
    done = subprocess.run(
        ruff + command + folders, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, f"run `make format`\n{done.stdout[-3000:]}{done.stderr}"


# --- set-up -------------------------------------------------------------------------


def test_an_old_python_can_read_the_script(root):
    source = (root / "src" / "course" / "bootstrap.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source  # 3.6 does not know all of them


def test_the_script_needs_the_standard_library_only(root):
    tree = ast.parse((root / "src" / "course" / "bootstrap.py").read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


def message(error):
    """Return the text of an error, which must be one paragraph without a traceback."""
    text = str(error.value)
    assert "\n" not in text and "Traceback" not in text
    return text


def test_an_old_python_is_told_both_versions_and_the_way_out():
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.check_python((3, 9, 18))
    text = message(error)
    assert "3.11 or newer" in text and "found 3.9" in text and "PYTHON=" in text
    bootstrap.check_python((3, 11, 0))
    bootstrap.check_python((4, 0, 0))


def test_a_quote_is_the_clause_that_tells_why():
    output = (
        "Retrying('<object at 0x7f>: No link: [Errno -3] name resolution')': /simple/\nEnd"
    )
    assert bootstrap.quote("name resolution", output) == "[Errno -3] name resolution"


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_missing_module_is_named_with_its_package(monkeypatch, module):
    bootstrap.check_venv_module()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.check_venv_module()
    text = message(error)
    assert repr(module) in text and "apt-get install python3-venv" in text


def test_a_small_disk_is_noticed_before_it_is_full(monkeypatch, tmp_path):
    free = (10**9, 10**9, 50 * 2**20)
    usage = type("usage", (), dict(zip(("total", "used", "free"), free, strict=True)))
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.check_disk(str(tmp_path))
    text = message(error)
    assert f"{bootstrap.NEEDED_MB} MB" in text and "found 50 MB" in text


@pytest.mark.parametrize(
    "output, expected",
    [
        ("error: error sending request for a page\n  Caused by: dns error", "HTTPS_PROXY"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "index or mirror"),
        ("something else", "remove .venv"),
        ("", "nothing printed"),
    ],
)
def test_a_failed_installer_is_quoted_and_explained(output, expected):
    text = str(bootstrap.explain("Installing", output))
    assert expected in text and "\n" not in text and text.startswith("Installing failed: ")
    assert "repeat the command" in text


class Installer:
    """Stands in for `follow`: notes the commands, fails those that a rule names."""

    def __init__(self, fails):
        self.commands, self.fails = [], fails

    def __call__(self, command, show=None):
        line = " ".join(map(str, command))
        self.commands.append(line)
        return next(((1, out) for word, out in self.fails.items() if word in line), (0, ""))


@pytest.fixture
def course(tmp_path, monkeypatch, root):
    """Return a small copy of the project, with `bootstrap` working on it."""
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "check_disk", lambda folder: None)
    return tmp_path


def pretend(course, monkeypatch, fails):
    installer = Installer(fails)
    monkeypatch.setattr(bootstrap, "follow", installer)
    monkeypatch.setattr(bootstrap, "works", lambda folder: True)
    for name in ("python", "uv"):
        path = bootstrap.program(str(course / ".venv"), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass
    return installer


def test_without_a_network_set_up_says_so(course, monkeypatch, capsys):
    dns = "error: dns error: failed to lookup address"
    installer = pretend(course, monkeypatch, {"pip sync": dns, "--no-deps --require": dns})
    assert bootstrap.main(["setup"]) == 1
    err = capsys.readouterr().err
    assert "\n\n" not in err and "Traceback" not in err
    text = " ".join(err.split())
    assert text.startswith("Installing the packages failed: ")
    assert "registry was not reached" in text and "failed to lookup address" in text
    assert bootstrap.read_stamp(str(course / ".venv")) == []
    assert any("pip sync" in line for line in installer.commands)


def test_pip_takes_over_when_uv_fails(course, monkeypatch, capsys):
    installer = pretend(course, monkeypatch, {"pip sync": "segmentation fault"})
    assert bootstrap.main(["setup"]) == 0
    assert "trying pip" in capsys.readouterr().out
    assert any(
        "-m pip install" in line and "--require-hashes" in line
        for line in installer.commands
    )


def test_a_package_that_does_not_install_stops_the_set_up(course, monkeypatch, capsys):
    pretend(course, monkeypatch, {"--editable": "error: no such backend"})
    assert bootstrap.main(["setup"]) == 1
    assert "own package failed: error: no such backend" in " ".join(
        capsys.readouterr().err.split()
    )
    assert bootstrap.read_stamp(str(course / ".venv")) == []


def test_set_up_happens_once(course, monkeypatch):
    installer = pretend(course, monkeypatch, {})
    assert bootstrap.main(["setup"]) == 0
    done = len(installer.commands)
    assert bootstrap.main(["setup"]) == 0
    assert len(installer.commands) == done
    with open(course / "requirements.lock", "a") as file:
        file.write("\n")
    assert bootstrap.main(["setup"]) == 0
    later = installer.commands[done:]
    assert any("pip sync" in line for line in later)
    assert not any("-m venv" in line for line in later)


def test_a_half_made_or_moved_environment_is_made_anew(course, monkeypatch, capsys):
    installer = pretend(course, monkeypatch, {})
    assert bootstrap.main(["setup"]) == 0
    assert "half-made" in capsys.readouterr().out
    assert any("-m venv --clear" in line for line in installer.commands)
    installer.commands.clear()
    bootstrap.write_stamp(str(course / ".venv"), ["elsewhere", "other"])
    assert bootstrap.main(["setup"]) == 0
    assert any("-m venv --clear" in line for line in installer.commands)


def test_a_failed_update_keeps_the_environment(course, monkeypatch):
    pretend(course, monkeypatch, {})
    assert bootstrap.main(["setup"]) == 0
    with open(course / "requirements.lock", "a") as file:
        file.write("\n")
    offline = "connection refused"
    installer = pretend(course, monkeypatch, {"pip sync": offline, "pip install": offline})
    assert bootstrap.main(["setup"]) == 1
    assert bootstrap.main(["setup"]) == 1  # again: still an update, the folder is kept
    assert not any("-m venv" in line for line in installer.commands)


def test_the_lock_pins_the_installer_with_hashes(root):
    entry = bootstrap.lock_entry(str(root / "requirements.lock"), "uv")
    assert re.match(r"uv==[\d.]+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$", entry)
    with pytest.raises(bootstrap.SetupError, match="does not pin nothing-such"):
        bootstrap.lock_entry(str(root / "requirements.lock"), "nothing-such")


def test_a_missing_browser_is_an_error_with_the_way_out(monkeypatch):
    monkeypatch.delenv("COURSE_CHROMIUM", raising=False)
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.find_chromium(("no-such-browser",))
    assert "apt-get install chromium" in message(error)
    monkeypatch.setenv("COURSE_CHROMIUM", "/no/such/chrome")
    with pytest.raises(bootstrap.SetupError, match="/no/such/chrome"):
        bootstrap.find_chromium()


def test_lab_opens_the_first_lesson_unless_another_is_named(course, monkeypatch):
    pretend(course, monkeypatch, {})
    started = []
    monkeypatch.setattr(bootstrap, "replace_process", lambda *call: started.append(call))
    lesson = course / bootstrap.FIRST_LESSON
    lesson.parent.mkdir(parents=True)
    lesson.write_text("{}")
    assert bootstrap.main(["lab", "--no-browser"]) == 0
    assert bootstrap.main(["lab", "--teach", "other.ipynb"]) == 0
    (first, plain), (second, teach) = started
    assert first[1:3] == ["-m", "jupyterlab"] and "--no-browser" in first
    assert f"--LabApp.default_url=/lab/tree/{bootstrap.FIRST_LESSON}" in first
    assert "other.ipynb" in second and not any("default_url" in word for word in second)
    assert "JUPYTER_CONFIG_PATH" not in plain
    folder = Path(teach["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
    assert hidden_panels(folder) == set()
    assert hidden_panels(course / ".venv" / "etc" / "jupyter") == set(
        bootstrap.TEACHER_PANELS
    )


# --- JupyterLab for learners --------------------------------------------------------


def hidden_panels(folder):
    config = json.loads((folder / "labconfig" / "page_config.json").read_text())
    return {name for name, hidden in config["disabledExtensions"].items() if hidden}


def test_learners_keep_validate_and_see_no_instructors_panel(tmp_path):
    bootstrap.install_profile(str(tmp_path))
    hidden = hidden_panels(tmp_path / "etc" / "jupyter")
    kept = ("formgrader", "course-list", "assignment-list", "create-assignment")
    assert hidden >= {f"@jupyter/nbgrader:{name}" for name in kept}
    assert not any("validate" in name for name in hidden)
    settings = tmp_path / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    news = json.loads(settings.read_text())["@jupyterlab/apputils-extension:notification"]
    assert news == {"fetchNews": "false"}
    bootstrap.install_profile(str(tmp_path), teach=True)
    assert hidden_panels(tmp_path / "etc" / "jupyter") == set()


def test_this_environment_has_the_profile_and_jupyterlab_reads_it():
    from jupyterlab_server.config import get_page_config

    prefix = os.path.join(sys.prefix, "share", "jupyter")
    config = get_page_config([os.path.join(prefix, "labextensions")])
    assert set(bootstrap.TEACHER_PANELS) <= set(config["disabledExtensions"])
    assert "@jupyter/nbgrader" in [e["name"] for e in config["federated_extensions"]]


def test_the_hidden_panels_exist_in_nbgrader(root):
    """A renamed panel would come back unnoticed."""
    base = os.path.join(
        sys.prefix, "share", "jupyter", "labextensions", "@jupyter", "nbgrader"
    )
    static = os.path.join(base, "static")
    code = "".join(
        open(os.path.join(static, name), encoding="utf-8").read()
        for name in os.listdir(static)
        if name.endswith(".js")
    )
    for panel in (*bootstrap.TEACHER_PANELS, "@jupyter/nbgrader:validate-assignment"):
        assert f'"{panel}"' in code


def test_the_kernel_has_the_name_that_notebooks_carry():
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    assert spec.display_name == "Python 3 (ipykernel)"
