"""Devices to test the engine with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.resources import folder

EMBEDDED = folder("fixtures") / "dut" / "embedded-charger.toml"


@pytest.fixture
def dut_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes the embedded DUT file with some text replaced."""

    def write(*replacements: tuple[str, str]) -> Path:
        text = EMBEDDED.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "dut.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
