"""Makes modules of `unit.protocols` importable here as well, and asserts of the shared one say what differs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = str(Path(__file__).resolve().parents[3])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
pytest.register_assert_rewrite("unit.protocols.iso15118.content_models")
