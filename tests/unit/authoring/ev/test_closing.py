"""A car that has given up may take its time to close: what its timers are judged by instead."""

from __future__ import annotations

from typing import Any

import pytest

from v2gready.authoring import ev
from v2gready.emulators.charger.script import framed
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import EventKind, Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols.dissect import V2GTP
from v2gready.protocols.iso15118 import messages as m
from v2gready.transports.recorder import Recorder

HEADER = m.MessageHeader(SessionID=bytes(range(8)), TimeStamp=1_700_000_000)
ASKED = m.ServiceDiscoveryReq(Header=HEADER)
ANSWER = m.ServiceDiscoveryRes(
    Header=HEADER,
    ResponseCode=m.ResponseCode.OK,
    ServiceRenegotiationSupported=False,
    EnergyTransferServiceList=m.ServiceList(Service=(m.Service(ServiceID=2, FreeService=False),)),
)
NEXT = m.ServiceDetailReq(Header=HEADER, ServiceID=2)
FAREWELL = m.SessionStopReq(Header=HEADER, ChargingSession=m.ChargingSession.Terminate)
CABLE = m.DC_CableCheckReq(Header=HEADER)
CHECKING = m.DC_CableCheckRes(Header=HEADER, ResponseCode=m.ResponseCode.OK, EVSEProcessing=m.Processing.Ongoing)
CLOSES, WATCHED = "closes", "watched"


def told(*steps: tuple[float, Any]) -> Trace:
    """A trace of messages, and of the car closing or us watching, each at its time."""
    now = [0.0]
    recorder = Recorder(lambda: now[0], tester="charger", dut="ev")
    for at, what in steps:
        now[0] = at
        if what is CLOSES:
            recorder.event(EventKind.CLOSED, "ev", link="tcp-1")
        elif what is WATCHED:
            recorder.event(EventKind.OBSERVED_UNTIL, "charger", link="tcp-1")
        else:
            sender = "charger" if isinstance(what, m.V2GResponse) else "ev"
            recorder.frame("tcp-1", V2GTP, sender, framed(what))
    return recorder.trace()


def given_up(trace: Trace) -> Verdict:
    """The verdict on a timer of 2 s, with an answer two seconds late."""
    request = ev.overdue(trace, m.ServiceDiscoveryReq, 2.0)
    return ev.gives_up_after("X", trace, request, 2.0, closing_time=ev.CLOSING).verdict


@pytest.mark.parametrize(
    ("behind", "verdict"),
    [
        pytest.param([(2.0, CLOSES)], Verdict.PASS, id="closes at once"),
        pytest.param([(4.0, ANSWER), (7.0, CLOSES)], Verdict.PASS, id="closes five seconds later"),
        pytest.param([(2.1, FAREWELL), (4.0, ANSWER), (7.0, CLOSES)], Verdict.PASS, id="says farewell"),
        pytest.param([(4.0, ANSWER), (4.1, NEXT), (7.0, CLOSES)], Verdict.FAIL, id="still waited"),
        pytest.param([(4.0, ANSWER), (4.1, FAREWELL), (7.0, CLOSES)], Verdict.FAIL, id="still waited, to say farewell"),
        pytest.param([(1.0, CLOSES)], Verdict.FAIL, id="too early"),
        pytest.param([(4.0, ANSWER), (30.0, WATCHED)], Verdict.FAIL, id="never closes"),
    ],
)
def test_a_late_answer_tells_a_long_timer_from_a_slow_end(behind: list[tuple[float, Any]], verdict: Verdict) -> None:
    assert given_up(told((0.0, ASKED), *behind)) is verdict


def test_an_answer_in_time_is_not_overdue() -> None:
    with pytest.raises(Inconclusive, match="no ServiceDiscoveryReq was answered late"):
        ev.overdue(told((0.0, ASKED), (1.0, ANSWER), (1.1, NEXT)), m.ServiceDiscoveryReq, 2.0)


def waited(last: float, *behind: tuple[float, Any]) -> Verdict:
    """The verdict on a timer of 40 s, where the car asks every second until ``last``."""
    rounds = [step for n in range(int(last) + 1) for step in ((float(n), CABLE), (n + 0.5, CHECKING))]
    trace = told(*rounds, *behind)
    return ev.ends_waiting("X", trace, ev.asked(trace, m.DC_CableCheckReq), 40.0, 40.0).verdict


@pytest.mark.parametrize(
    ("last", "closes", "verdict"),
    [(40.0, 40.6, Verdict.PASS), (40.0, 46.0, Verdict.PASS), (44.0, 50.0, Verdict.FAIL), (20.0, 20.6, Verdict.FAIL)],
)
def test_the_last_request_tells_when_the_car_stopped_waiting(last: float, closes: float, verdict: Verdict) -> None:
    assert waited(last, (closes, CLOSES)) is verdict
