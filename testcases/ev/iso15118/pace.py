"""Pace: how soon the next request of a car follows; criteria of performance, not reasons to abort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Observation, Trace, ev, timers
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase


class PaceCase(EvCase):
    """The charger steers by the loop: a car that takes its time is steered late."""

    area = "timeouts"
    faults: ClassVar = {}
    loops: ClassVar = 50
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while."""
        bench.charger.configure(services=(bench.service(dc=self.dc),))
        await bench.charge(self.loops)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The longest gap decides."""
        loops = [one for one in ev.requests(trace, m.ChargeLoopReq) if isinstance(_told(one), m.ChargeLoopRes)]
        longest = max(loops, key=lambda one: one.gap or 0.0, default=None)
        yield ev.in_pace(
            self.requirements[0],
            trace,
            longest or ev.asked(trace, m.ChargeLoopReq, 1),
            timers.V2G_EVCC_SEQUENCE_PERFORMANCE_LOOP,
        )


def _told(request: ev.Asked[m.ChargeLoopReq]) -> object:
    return None if request.before is None else request.before.message


class DcPace(PaceCase):
    """DC: within 0.25 s from response to request; a criterion of performance, not a reason to abort."""

    id = "EV-TMO-PACE-01"
    title = "DC charge loop: the next request within 0.25 s"
    requirements = ("V2G20-1501",)
    pics = "dc or dc_bpt"
    faults = {"loop-slow": "V2G20-1501"}
    dc = True


class AcPace(PaceCase):
    """AC: within 0.25 s from response to request; a criterion of performance, not a reason to abort."""

    id = "EV-TMO-PACE-02"
    title = "AC charge loop: the next request within 0.25 s"
    requirements = ("V2G20-1499",)
    pics = "ac or ac_bpt"
    faults = {"loop-slow": "V2G20-1499"}
    dc = False


class RequestPace(EvCase):
    """A car that thinks for a minute loses its session: the charger ends it after 60 s of silence.

    Within 40 s is a criterion of performance.
    """

    id = "EV-TMO-PACE-03"
    title = "Every request comes within 40 s of the response"
    area = "timeouts"
    requirements = ("H-EV-PACE",)
    hooks = ("plug_in", "stop")
    faults = {"request-slow": "H-EV-PACE", "request-too-slow": "H-EV-PACE"}

    async def stimulate(self, bench: EvBench) -> None:
        """A session from the beginning to the end."""
        await bench.charge(3, within=180.0)
        await bench.finish()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The longest gap decides."""
        responses = [
            ev.told_by(trace, frame)
            for frame in trace.frames(sender=trace.tester)
            if isinstance(frame.message, m.V2GResponse) and not isinstance(frame.message, m.SessionStopRes)
        ]
        yield ev.slowest("H-EV-PACE", trace, responses)
