"""Fetch a file once: several mirrors, retries, a checksum, never half a file."""

import contextlib
import gzip
import hashlib
import http.client
import os
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

TIMEOUT = 20  # seconds without an answer
ATTEMPTS = 3  # per mirror
LARGEST = 64 * 1024**2  # bytes; the largest file fetched has 26 million
BLOCK = 1 << 16
FINAL = (400, 401, 403, 404, 410)  # asking the same mirror again gives the same answer


def cache_folder() -> Path:
    """Return where fetched data are kept: ``COURSE_DATA``, or the platform's cache."""
    chosen = os.environ.get("COURSE_DATA", "").strip()
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "cnn-course"


def content_md5(path: Path) -> str:
    """Return the MD5 of a file's content, unpacked if it is gzip.

    MD5 finds accidents, not attacks; the files are data and are read as such.
    """
    with path.open("rb") as plain:
        is_gzip = plain.read(2) == b"\x1f\x8b"
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with (gzip.open if is_gzip else open)(path, "rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return "damaged gzip"
    return digest.hexdigest()


def fetch(name: str, md5: str, mirrors, folder: Path, wait: float = 1.0, needed=()) -> Path:
    """Return the path of a file in `folder`, fetched if it is not there.

    A file put there by hand serves as well, packed as `name` or unpacked without ``.gz``.

    Parameters
    ----------
    name : str
        File name, the same on every mirror.
    md5 : str
        Checksum of the unpacked content.
    mirrors : sequence of str
        Addresses of folders, tried in this order.
    folder : Path
    wait : float
        Seconds before the second attempt; doubled for each further one.
    needed : sequence of str
        All files of the data set, for the message.

    Raises
    ------
    ConnectionError
        No mirror gave the file; the message says what happened and where to put it.
    """
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file() and content_md5(candidate) == md5:
            return candidate
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    for mirror in mirrors:
        problem = try_mirror(mirror.rstrip("/") + "/" + name, md5, folder / name, wait)
        if problem is None:
            return folder / name
        problems.append(f"  {mirror}: {problem}")
    raise ConnectionError(
        f"{name} could not be fetched.\n" + "\n".join(problems) + "\nWithout a connection, "
        f"get\n  {', '.join(needed or [name])}\n"
        f"elsewhere, put them into the folder\n  {folder}\nand run this again. "
        "The environment variable COURSE_DATA names another folder. The course itself does "
        "not need these data: helpers.data.digits() works offline."
    )


def try_mirror(url: str, md5: str, target: Path, wait: float) -> str | None:
    """Fetch from one mirror; return None, or what went wrong at the last attempt."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(wait * 2 ** (attempt - 1))
        try:
            return keep_if_whole(url, md5, target)
        except urllib.error.HTTPError as error:
            problem = f"answer {error.code} {error.reason}"
            if error.code in FINAL:
                break
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            problem = f"{type(error).__name__}: {reason}"
            if isinstance(reason, socket.gaierror):  # offline; waiting does not help
                break
    return problem


def keep_if_whole(url: str, md5: str, target: Path) -> str | None:
    """Fetch into a temporary file beside `target`; rename it when the checksum is right."""
    handle, temporary = tempfile.mkstemp(
        prefix=target.name, suffix=".part", dir=target.parent
    )
    try:
        with os.fdopen(handle, "wb") as file:
            receive(url, file, target.name)
        found = content_md5(Path(temporary))
        if found != md5:
            raise ValueError(f"its MD5 is {found}, expected {md5}")
        os.replace(temporary, target)
        return None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def receive(url: str, file, name: str):
    """Copy an address into an open file, with a progress bar."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    request = urllib.request.Request(url, headers={"User-Agent": "cnn-course"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        announced = answer.headers.get("Content-Length", "")
        total = int(announced) if announced.isdigit() else None
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task(name, total=total)
            received = 0
            while block := answer.read(BLOCK):
                received += len(block)
                if received > LARGEST:
                    raise ValueError(f"it sends more than {LARGEST} bytes")
                file.write(block)
                progress.update(task, advance=len(block))
    if total is not None and received < total:
        raise ValueError(f"{received} of {total} bytes came")
