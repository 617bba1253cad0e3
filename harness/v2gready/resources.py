"""Where the catalogue, the data files and the report templates are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent.parent


def folder(name: str) -> Path:
    """The folder ``testcases``, ``fixtures`` or ``reports``.

    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    for base in (_INSTALLED, _CHECKOUT):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"the installation holds no folder {name!r}: install v2gready again")
