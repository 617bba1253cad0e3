"""Virtual environments of the counterparts: one per counterpart, below ``.venvs``, made when first asked for.

A counterpart pins packages that our own environment must not see (Josev: pydantic 1, an old cryptography), so each
lives alone and is only ever talked to through a process. ``python_of("josev")`` returns the interpreter to start.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEROP = Path(__file__).resolve().parent
ROOT = INTEROP.parents[1]
ENVIRONMENTS = ROOT / ".venvs"
PYTHON_VERSION = "3.11"
"""The only Python that Josev's pins support."""


class MissingError(RuntimeError):
    """Something a counterpart needs is missing on this machine; the message is the reason to skip."""


def must_run() -> bool:
    """Whether a missing counterpart is a failure instead of a skip: true where ``CI`` is set."""
    return bool(os.environ.get("CI"))


def python_of(counterpart: str) -> Path:
    """The interpreter of a counterpart's environment, which is built or rebuilt if it does not fit.

    Args:
        counterpart: A folder below this one's that holds a ``requirements.txt``.

    Raises:
        MissingError: There is no Python of the wanted version, or the packages could not be installed.
    """
    requirements = INTEROP / counterpart / "requirements.txt"
    home = ENVIRONMENTS / counterpart
    python = home / "bin" / "python"
    stamp = home / "requirements.sha256"
    wanted = hashlib.sha256(PYTHON_VERSION.encode() + requirements.read_bytes()).hexdigest()
    with locked(home):
        if python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return python
        shutil.rmtree(home, ignore_errors=True)
        _run([_base_python(), "-m", "venv", str(home)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)])
        stamp.write_text(wanted)
    return python


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Holds the lock beside a folder that is being prepared: parallel test workers ask at the same time."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def java() -> Path:
    """The Java runtime that Josev's EXI codec runs on.

    Raises:
        MissingError: There is none on the path.
    """
    found = shutil.which("java")
    if found is None:
        msg = "no `java` on the path (tests/interop/install.sh installs it)"
        raise MissingError(msg)
    return Path(found)


def _base_python() -> str:
    """An interpreter of ``PYTHON_VERSION``: ours, one on the path, or one that uv knows."""
    if sys.version_info[:2] == tuple(map(int, PYTHON_VERSION.split("."))):
        return sys.executable
    if found := shutil.which(f"python{PYTHON_VERSION}"):
        return found
    if uv := shutil.which("uv"):
        answer = subprocess.run([uv, "python", "find", PYTHON_VERSION], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return answer.stdout.strip()
    msg = f"no Python {PYTHON_VERSION} for the environment of a counterpart"
    raise MissingError(msg)


def _run(command: list[str]) -> None:
    """Run one step of building an environment, and say what failed."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        tail = "\n".join((answer.stdout + answer.stderr).splitlines()[-8:])
        msg = f"cannot build the environment of a counterpart: {' '.join(command)}\n{tail}"
        raise MissingError(msg)
