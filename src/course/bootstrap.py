"""Set the course up and start it, with nothing but Python and its standard library.

``python3 src/course/bootstrap.py setup | lab | test | test-browser``; `make` calls it.
The syntax is that of Python 3.6, so that an old Python can still say what is wrong.
"""

import argparse
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = (3, 11)
NEEDED_MB = 900
FIRST_LESSON = "notebooks/01_images/01_images.ipynb"
STAMP = "course-stamp"
CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
)

# Panels for people who run a course. Learners keep nbgrader's Validate button.
TEACHER_PANELS = (
    "@jupyter/nbgrader:assignment-list",
    "@jupyter/nbgrader:course-list",
    "@jupyter/nbgrader:create-assignment",
    "@jupyter/nbgrader:formgrader",
    "@jupyter/nbgrader:menu",
)
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}

FULL_DISK = "no space left|errno 28|os error 28|quota exceeded|not enough space"
NO_NETWORK = (
    "failed to lookup|name resolution|dns error|error sending request|connection refused"
    "|network is unreachable|newconnectionerror|max retries|timed out|no route to host"
    "|failed to fetch|proxyerror|nodename nor servname|getaddrinfo failed"
)


class SetupError(Exception):
    """Something the user can mend; the message is one paragraph that says how."""


# --- what can go wrong --------------------------------------------------------------


def check_python(version=sys.version_info):
    """Stop when this Python is too old for the course."""
    if tuple(version[:2]) < OLDEST:
        raise SetupError(
            f"This course needs Python 3.11 or newer, found {version[0]}.{version[1]} "
            f"({sys.executable}). Install a newer one and name it: "
            "`make lab PYTHON=python3.11`, or on Windows "
            "`py -3.11 src/course/bootstrap.py lab`."
        )


def check_venv_module():
    """Stop when Python came without the module that fills new environments with pip."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        found = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"Making an environment needs Python's module {error.name!r}, and Python "
            f"{found} ({sys.executable}) came without it. On Debian and Ubuntu run "
            f"`sudo apt-get install python3-venv` (or python{found}-venv, if this is not "
            "the system's own Python), then repeat the command."
        ) from error


def check_disk(folder):
    """Stop before the disk is full half-way."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < NEEDED_MB:
        raise SetupError(
            f"Set-up needs about {NEEDED_MB} MB of free disk space, found {free} MB in "
            f"{folder}. Free some space, or copy the course to a larger disk, then repeat "
            "the command."
        )


def explain(step, output):
    """Turn the output of a failed installer into a `SetupError` that names the way out.

    Parameters
    ----------
    step : str
        What was being done, for people.
    output : str
        What the program printed.

    Returns
    -------
    SetupError
        One paragraph: what failed, the installer's own words, how to go on.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search("error|fail|caused", line, re.I)]
    words = " / ".join((telling or lines)[-2:])[:300] or "nothing printed"
    again = "Then repeat the command: what is already there is kept or repaired."
    if re.search(FULL_DISK, output, re.I):
        words = quote(FULL_DISK, output)
        way_out = f"The disk is full; about {NEEDED_MB} MB are needed. Free some space."
    elif re.search("hash mismatch|hashes|do not match", output, re.I):
        way_out = (
            "A package differs from the one that requirements.lock names. An index or "
            "mirror in pip's or uv's settings may serve its own builds: switch it off."
        )
    elif re.search(NO_NETWORK, output, re.I):
        words = quote(NO_NETWORK, output)
        way_out = (
            "The package registry was not reached. Check the network, and HTTPS_PROXY if "
            "you are behind a proxy."
        )
    else:
        way_out = f"Python is {sys.executable}; remove .venv to start over."
    return SetupError(f"{step} failed: {words}. {way_out} {again}")


def quote(pattern, output):
    """Return the clause around the last place where a pattern fits, for a message."""
    clauses = [c.strip(" .,'\"") for c in re.split(r": |'\)|[<>\n]", output)]
    return [c for c in clauses if re.search(pattern, c, re.I)][-1][:200]


# --- running programs ---------------------------------------------------------------


def clean_environment(**extra):
    """Return the variables for a child, without those that lead it out of its folder."""
    drop = "PYTHONHOME PYTHONPATH VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX".split()
    env = {name: value for name, value in os.environ.items() if name not in drop}
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env.update(extra)
    return env


def follow(command, show=None):
    """Run a program, show its last line while it works, return (exit code, output)."""
    show = sys.stderr.isatty() if show is None else show
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )
    output = []
    for line in process.stdout:
        output.append(line)
        if show and line.strip():
            sys.stderr.write(f"\r    {line.strip()[:72]:<72}")
            sys.stderr.flush()
    if show:
        sys.stderr.write("\r" + " " * 76 + "\r")
    return process.wait(), "".join(output)


def program(folder, name):
    """Return the path of a program inside an environment, on this system."""
    if os.name == "nt":
        return os.path.join(folder, "Scripts", name + ".exe")
    return os.path.join(folder, "bin", name)


def say(text):
    """Tell what happens, in one line."""
    print(text, flush=True)


# --- the environment ----------------------------------------------------------------


def fingerprint(lock, project):
    """Return two hashes: of where an environment stands, and of what it is made from."""
    place = f"{ROOT} {sys.version_info[:2]}".encode()
    content = json.dumps([TEACHER_PANELS, QUIET]).encode()
    for path in [lock, os.path.join(ROOT, "pyproject.toml")][: 2 if project else 1]:
        with open(path, "rb") as file:
            content += file.read()
    return [hashlib.sha256(part).hexdigest() for part in (place, content)]


def read_stamp(folder):
    """Return the fingerprint of the last finished set-up, or an empty list."""
    try:
        with open(os.path.join(folder, STAMP)) as file:
            return file.read().split()
    except OSError:
        return []


def write_stamp(folder, words):
    """Leave a fingerprint in an environment."""
    with open(os.path.join(folder, STAMP), "w") as file:
        file.write(" ".join(words) + "\n")


def works(folder):
    """Say whether the environment's Python starts and has pip and this version."""
    test = "import sys, pip; sys.exit(sys.version_info[:2] != {})"
    command = [program(folder, "python"), "-c", test.format(tuple(sys.version_info[:2]))]
    try:
        return follow(command, show=False)[0] == 0
    except OSError:
        return False


def lock_entry(lock, name):
    """Return the lines that pin one package, its hashes included."""
    with open(lock) as file:
        text = file.read()
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n", text, re.M)
    if not found:
        raise SetupError(
            f"{os.path.relpath(lock, ROOT)} does not pin {name}. Run `git status` to see "
            "whether the file was changed; `git checkout` brings it back."
        )
    return found.group()


def install_uv(folder, lock):
    """Put the pinned uv into an environment; return its path, or None if that failed."""
    uv = program(folder, "uv")
    if os.path.exists(uv) and follow([uv, "--version"], show=False)[0] == 0:
        return uv
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "uv.txt")
        with open(path, "w") as file:
            file.write(lock_entry(lock, "uv"))
        pip = [program(folder, "python"), "-m", "pip", "install", "--quiet", "--no-input"]
        code, output = follow(pip + ["--no-deps", "--require-hashes", "-r", path])
    if code and re.search(FULL_DISK + "|" + NO_NETWORK, output, re.I):
        raise explain("Installing uv, the installer", output)
    return uv if code == 0 and os.path.exists(uv) else None


def install_packages(folder, lock):
    """Bring an environment to exactly what the lock says, with uv or else with pip."""
    python = program(folder, "python")
    with open(lock) as file:
        count = len(set(re.findall(r"^([\w.-]+)==", file.read(), re.M)))
    name = os.path.relpath(lock, ROOT)
    say(f"  installing up to {count} packages from {name}")
    uv = install_uv(folder, lock)
    if uv:
        sync = [uv, "pip", "sync", "--python", python, "--require-hashes", lock]
        code, output = follow(sync)
        if code == 0:
            return
        if re.search(FULL_DISK, output, re.I):
            raise explain("Installing the packages", output)
        say("  uv did not succeed; trying pip, which takes about a minute")
    else:
        say("  uv could not be installed; trying pip, which takes about a minute")
    pip = [python, "-m", "pip", "install", "--no-input", "--no-deps", "--require-hashes"]
    code, output = follow(pip + ["-r", lock])
    if code:
        raise explain("Installing the packages", output)


def install_project(folder):
    """Install the course itself, editable; needs no network, the lock has all it needs."""
    options = "install --quiet --no-deps --no-build-isolation --editable".split() + [ROOT]
    python = program(folder, "python")
    uv = program(folder, "uv")
    if os.path.exists(uv):
        command = [uv, "pip"] + options + ["--offline", "--python", python]
        if follow(command)[0] == 0:
            return
    code, output = follow([python, "-m", "pip"] + options + ["--no-index"])
    if code:
        raise explain("Installing the course's own package", output)


def install_profile(prefix, teach=False):
    """Write the settings of JupyterLab into an environment.

    Parameters
    ----------
    prefix : str
        The environment's folder, ``sys.prefix`` inside it.
    teach : bool
        Show the panels of people who run a course.
    """
    write_panels(os.path.join(prefix, "etc", "jupyter"), teach)
    settings = os.path.join(prefix, "share", "jupyter", "lab", "settings")
    write_json(os.path.join(settings, "overrides.json"), QUIET)


def write_panels(folder, teach):
    """Write which panels JupyterLab hides into one of its settings folders."""
    panels = {"disabledExtensions": {name: not teach for name in TEACHER_PANELS}}
    write_json(os.path.join(folder, "labconfig", "page_config.json"), panels)


def write_json(path, content):
    """Write a small settings file, making its folder."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(content, file, indent=2, sort_keys=True)
        file.write("\n")


@contextlib.contextmanager
def one_at_a_time(path):
    """Let a second set-up of the same folder wait until the first is done."""
    with open(path, "w") as file:
        try:
            import fcntl
        except ImportError:  # Windows: no such lock, and rarely two terminals at once
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Waiting for another set-up of this folder to finish ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_environment(name, lock, project):
    """Make or repair one environment below the root; return its folder.

    Parameters
    ----------
    name : str
        Folder, ``.venv`` or ``.venv-browser``.
    lock : str
        Path of the file of versions and hashes.
    project : bool
        Install the course and its JupyterLab profile as well.
    """
    folder = os.path.join(ROOT, name)
    wanted = fingerprint(lock, project)
    if read_stamp(folder) == wanted and os.path.exists(program(folder, "python")):
        return folder
    with one_at_a_time(folder + ".lock"):
        finished = read_stamp(folder)
        if finished == wanted and works(folder):
            return folder
        start = time.time()
        check_disk(ROOT)
        if finished[:1] == wanted[:1] and works(folder):
            say(f"Bringing {name} up to date")
            write_stamp(folder, wanted[:1])
        else:
            check_venv_module()
            new = not os.path.isdir(folder)
            say(
                f"Setting up {name}"
                + ("" if new else " anew: it is half-made or was moved")
            )
            code, output = follow([sys.executable, "-m", "venv", "--clear", folder])
            if code:
                raise explain(f"Making the environment {folder}", output)
        install_packages(folder, lock)
        if project:
            install_project(folder)
            install_profile(folder)
        write_stamp(folder, wanted)
        say(f"{name} is ready after {time.time() - start:.0f} s")
    return folder


def setup():
    """Make the environment of the course; return its folder."""
    return make_environment(".venv", os.path.join(ROOT, "requirements.lock"), True)


# --- the commands -------------------------------------------------------------------


def replace_process(command, env):
    """Go on as another program (on Windows: run it and return its exit code)."""
    sys.stdout.flush()
    if os.name == "nt":
        return subprocess.call(command, cwd=ROOT, env=env)
    os.chdir(ROOT)
    os.execve(command[0], command, env)


def with_programs(folder, **extra):
    """Return the variables for a child that finds the environment's programs first."""
    path = os.path.dirname(program(folder, "python"))
    return clean_environment(
        PATH=path + os.pathsep + os.environ.get("PATH", os.defpath), **extra
    )


def lab(options, rest):
    """Open JupyterLab on the first lesson, or on the notebook named in `rest`."""
    folder = setup()
    env = with_programs(folder)
    if options.teach:  # for this one server: the settings in .venv stay the learners'
        panels = os.path.join(folder, "etc", "course-teach")
        write_panels(panels, teach=True)
        others = [env["JUPYTER_CONFIG_PATH"]] if env.get("JUPYTER_CONFIG_PATH") else []
        env["JUPYTER_CONFIG_PATH"] = os.pathsep.join([panels] + others)
    if not any(argument.endswith(".ipynb") for argument in rest):
        if os.path.exists(os.path.join(ROOT, FIRST_LESSON)):
            rest = [f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}"] + rest
    if getattr(os, "geteuid", lambda: 1)() == 0:  # in a container, where all are root
        rest = rest + ["--allow-root"]
    return replace_process([program(folder, "python"), "-m", "jupyterlab"] + rest, env)


def run_tests(options, rest):
    """Run the test suite on two processes; `rest` goes to pytest."""
    folder = setup()
    command = [program(folder, "python"), "-m", "pytest", "-n", "2", "--dist", "worksteal"]
    return replace_process(command + rest, with_programs(folder))


def find_chromium(names=CHROMIUM_NAMES):
    """Return the path of a Chromium or Chrome, or say how to get one."""
    wish = os.environ.get("COURSE_CHROMIUM")
    if wish and not shutil.which(wish):
        raise SetupError(
            f"COURSE_CHROMIUM names {wish!r}, which is not a program on this machine. Give "
            "the full path of Chromium or Chrome, or unset the variable."
        )
    for name in [wish] if wish else names:
        if shutil.which(name):
            return shutil.which(name)
    tried = ", ".join(name for name in names if not re.search(r"[/\\]", name))
    raise SetupError(
        f"The browser tests need Chromium or Chrome, and none of {tried} was found. On "
        "Debian run `sudo apt-get install chromium`; elsewhere install Chrome, or name it: "
        "`COURSE_CHROMIUM=/path/to/chrome make test-browser`."
    )


def run_browser_tests(options, rest):
    """Run the tests that drive a browser; `rest` goes to pytest."""
    chromium = find_chromium()
    server = setup()
    lock = os.path.join(ROOT, "tests", "browser", "requirements.lock")
    folder = make_environment(".venv-browser", lock, False)
    screenshots = os.environ.get("COURSE_SCREENSHOTS", os.path.join(ROOT, ".artifacts"))
    env = clean_environment(
        COURSE_CHROMIUM=chromium,
        COURSE_PYTHON=program(server, "python"),
        COURSE_SCREENSHOTS=os.path.abspath(screenshots),
    )
    tests = os.path.join("tests", "browser")
    command = [program(folder, "python"), "-m", "pytest", "--confcutdir", tests]
    command += ["-o", "addopts=--strict-markers", tests]
    return replace_process(command + rest, env)


def read_arguments(arguments):
    """Return the known options and the rest, which is passed on."""
    parser = argparse.ArgumentParser(description="Set the course up and start it.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("setup", help="make or repair .venv")
    lab = commands.add_parser("lab", help="set up, open JupyterLab on lesson 01")
    commands.add_parser("test", help="set up, run the tests", add_help=False)
    commands.add_parser("test-browser", help="the same in a browser", add_help=False)
    profile = commands.add_parser("profile", help="write JupyterLab's settings")
    profile.add_argument("--prefix", default=sys.prefix, help="environment to write into")
    for command in (lab, profile):
        command.add_argument("--teach", action="store_true", help="instructors' panels too")
    options, rest = parser.parse_known_args(arguments)
    if options.command is None:
        parser.error("name a command: setup, lab, test, test-browser or profile")
    if rest and options.command in ("setup", "profile"):
        parser.error("unrecognised arguments: " + " ".join(rest))
    return options, rest


def main(arguments=None):
    """Run one command; return its exit code."""
    options, rest = read_arguments(arguments)
    try:
        check_python()
        if options.command == "setup":
            setup()
            return 0
        if options.command == "profile":
            install_profile(options.prefix, options.teach)
            return 0
        actions = {"lab": lab, "test": run_tests, "test-browser": run_browser_tests}
        return actions[options.command](options, rest) or 0
    except KeyboardInterrupt:
        message = "Stopped. Repeat the command to go on."
    except SetupError as error:
        message = str(error)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = str(explain("Writing the environment", f"no space left: {error}"))
        else:
            message = f"{error}. Check that you may write in {ROOT}, then try again."
    print(textwrap.fill(message, 88, break_long_words=False), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
