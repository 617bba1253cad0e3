"""A Python hook for the tests."""

from __future__ import annotations

called: list[dict[str, object]] = []


def act(**values: object) -> None:
    called.append(values)
