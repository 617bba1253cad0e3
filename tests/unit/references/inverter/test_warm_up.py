"""Compiling ahead of the first run."""

from __future__ import annotations

import pytest

from v2gready.references.inverter import Detail, RunningInverter, warm_up


def test_both_loops_have_run(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[Detail] = []
    advance = RunningInverter.advance

    def noted(self: RunningInverter, script: object, detail: Detail) -> object:
        played.append(detail)
        return advance(self, script, detail)  # type: ignore[arg-type]

    monkeypatch.setattr(RunningInverter, "advance", noted)
    warm_up.warm_up()
    assert set(played) == set(Detail)
