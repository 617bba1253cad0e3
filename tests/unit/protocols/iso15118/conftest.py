"""Makes `unit.protocols.exi.strategies` importable here as well."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = str(Path(__file__).resolve().parents[3])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
