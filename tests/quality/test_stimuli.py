"""What a stimulus must have brought about before its case can show anything; the verdicts alone do not tell."""

from __future__ import annotations

from collections.abc import Callable

from tests.quality.conftest import CATALOGUE, Proof
from v2gready.authoring import connection


def test_an_idle_connection_has_been_noticed_before_the_next_car_comes(prove: Callable[..., Proof]) -> None:
    """Which of two datagrams a charger reads first is chance; the case is about a connection that is there."""
    trace = prove(CATALOGUE.case("CHG-ROB-IDLE-01")).trace
    idle = connection(trace)
    asked = next(one for one in trace.frames(sender=trace.tester, link="sdp") if one.index > idle.index)
    assert asked.t - idle.t >= 1.0
