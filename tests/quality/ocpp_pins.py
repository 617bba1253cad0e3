"""What passes although something was changed, each with the reason why that is no mistake of the judge."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

THOROUGH: Final = os.environ.get("V2GREADY_THOROUGH", "") == "1"


@dataclass(frozen=True)
class Pin:
    topics: tuple[str, ...]
    reason: str
    but: tuple[str, ...] = ()


_USED: set[tuple[str, str]] = set()


def pinned(pins: Mapping[str, tuple[Pin, ...]], what: str, case_id: str) -> bool:
    return False

TRACES: Mapping[str, tuple[Pin, ...]] = {}
DEVICES: Mapping[str, tuple[Pin, ...]] = {}
def unneeded(*tables): return []
