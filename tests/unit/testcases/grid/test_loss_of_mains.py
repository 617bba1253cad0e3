"""A ramp that was not as steep or as long as wanted proves nothing about the loss-of-mains relay."""

from __future__ import annotations

import pytest

from tests.unit.testcases.grid.command_bench import Change, case, playing, power, ran
from tests.unit.testcases.grid.frequency_bench import deviations, first_part, slowly
from v2gready.model.verdict import Verdict

TOPICS = ("LOM-01", "LOM-02", "LOM-03", "LOM-04")
WRONG: dict[str, Change] = {
    "flatter": playing(deviations(0.6)),
    "other way": playing(deviations(-1.0)),
    "steeper": playing(deviations(1.4)),
    "slowly": playing(slowly),
    "ended early": playing(first_part(0.5)),
    "less power": power(0.5),
}


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("wrong", WRONG)
def test_another_ramp_is_inconclusive(topic: str, wrong: str) -> None:
    record, _ = ran(case(topic), WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason
