"""Commands that were not given, or a grid that was not calm, prove nothing about power on command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.testcases.grid.command_bench import Change, acting, case, playing, power, ran
from tests.unit.testcases.grid.frequency_bench import deviations, each_segment, first_part
from v2gready.model.verdict import Verdict

COMMANDS = ("SETP-01", "SETP-02", "SETP-03", "LIMIT-01", "LIMIT-02", "LIMIT-03")
CEASES = ("CEASE-01", "CEASE-02", "CEASE-03")
LOW = ("LIMIT-04", "LIMIT-05")

UNEASY = playing(each_segment(lambda one: replace(one, f=(one.f[0] + 0.1, one.f[1] + 0.1))))
SHORT = playing(first_part(0.5))
WRONG: list[tuple[str, str, Change]] = [
    *((topic, "the grid is not calm", UNEASY) for topic in COMMANDS),
    *((topic, "ended early", SHORT) for topic in (*COMMANDS, *CEASES, *LOW)),
    *((topic, "the input is not activated", acting(cease=lambda: None)) for topic in CEASES),
    *((topic, "other power before", power(0.5)) for topic in (*CEASES, "LIMIT-02", "LIMIT-05")),
    *((topic, "no power", power(0.0)) for topic in (*CEASES, *LOW)),
    *((topic, "frequency stays", playing(deviations(0.0))) for topic in LOW),
    *((topic, "frequency falls less", playing(deviations(0.5))) for topic in LOW),
]


@pytest.mark.parametrize(("topic", "wrong", "change"), WRONG, ids=[f"{topic}-{wrong}" for topic, wrong, _ in WRONG])
def test_another_stimulus_is_inconclusive(topic: str, wrong: str, change: Change) -> None:
    record, _ = ran(case(topic), change)
    assert record.verdict is Verdict.INCONC, f"{wrong}: {record.reason}"


@pytest.mark.parametrize("topic", ["SETP-01", "SETP-02", "LIMIT-01", "LIMIT-03"])
def test_a_device_that_does_nothing_is_no_good_device(topic: str) -> None:
    """Not even where nothing is asked of it: the other minutes tell."""
    record, _ = ran(case(topic), power(0.0))
    assert record.verdict is Verdict.FAIL


def test_an_input_that_is_not_released_asks_for_no_power_back() -> None:
    record, _ = ran(case("CEASE-01"), acting(resume=lambda: ("set_power", {"watts": 0.0})))
    assert record.verdict is Verdict.PASS
    assert not record.remarks, "the input is still active: nothing was released"
