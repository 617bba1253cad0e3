"""Standby: nothing flows, the session goes on, and the car is called back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase


class StandbyCase(EvCase):
    """A car in standby."""

    area = "pause"
    hooks = ("plug_in", "prefer", "standby")
    delay: ClassVar = 5
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Goes to standby, and is called back."""
        bench.charger.configure(services=(bench.service(dc=self.dc),))
        await bench.act("prefer", control="scheduled")
        await bench.charge(20)
        await bench.act("standby")
        await bench.charger.wait_for(m.PowerDeliveryReq, _standby)
        await bench.charge_on(30)
        mark = bench.charger.mark
        bench.charger.notify(m.EvseNotification.ExitStandby, delay=self.delay)
        await bench.charger.wait_for(m.PowerDeliveryReq, since=mark, within=self.delay + 3.0)
        await bench.charger.no_session(0.5)

    def told(self, trace: Trace) -> ev.Told[m.ChargeLoopRes]:
        """The first notification, sent to a car in standby.

        Raises:
            Inconclusive: It was in none.
        """
        there = ev.asked(trace, m.PowerDeliveryReq, where=_standby)
        if getattr(there.answer, "ResponseCode", None) is not m.ResponseCode.OK:
            raise Inconclusive("standby was not accepted")
        told = ev.told(
            trace, m.ChargeLoopRes, where=lambda one: wire.notification(one) is m.EvseNotification.ExitStandby
        )
        begun = [
            one
            for one in ev.later(trace, there.frame)
            if one.frame.index < told.frame.index and isinstance(one.request, m.PowerDeliveryReq)
        ]
        if begun:
            raise Inconclusive("the car left standby by itself")
        return told

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The time from the notification to PowerDelivery(Start)."""
        told = self.told(trace)
        behind = [one for one in ev.later(trace, told.frame) if isinstance(one.request, m.PowerDeliveryReq)]
        starts = [one.frame for one in behind if one.request.ChargeProgress is m.ChargeProgress.Start]
        what = "time from ExitStandby to PowerDeliveryReq(Start)"
        yield ev.reacts_within(
            "H-EV-STANDBY-EXIT", trace, told.frame, starts[0] if starts else None, self.delay, what=what
        )


class StandbyDc(StandbyCase):
    """DC: the charger gives nothing in standby anyway; what counts is that the car comes back when it is called."""

    id = "EV-PAU-STANDBY-01"
    title = "DC: standby is left by EVSENotification ExitStandby"
    requirements = ("H-EV-STANDBY-EXIT",)
    pics = "standby and scheduled and (dc or dc_bpt)"
    faults: ClassVar = {"exit-standby-ignored": "H-EV-STANDBY-EXIT"}
    dc = True


class StandbyAc(StandbyCase):
    """AC: the contactor stays closed, and nothing but the car itself keeps it from drawing power."""

    id = "EV-PAU-STANDBY-03"
    title = "AC: standby takes nothing, and is left by EVSENotification ExitStandby"
    requirements = ("H-EV-STANDBY-POWER", "H-EV-STANDBY-EXIT")
    pics = "standby and scheduled and (ac or ac_bpt)"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"standby-draws-power": "H-EV-STANDBY-POWER", "exit-standby-ignored": "H-EV-STANDBY-EXIT"}
    dc = False

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """And the meter, from two seconds behind the begin of standby to its end."""
        yield from super().judge(trace)
        told = self.told(trace)
        there = ev.asked(trace, m.PowerDeliveryReq, where=_standby)
        began = there.frame.t + 2.0
        if told.frame.t < began:
            raise Inconclusive("standby did not last for long enough")
        samples = trace.samples("ev.power", until=told.frame.t)
        judged = [*[one for one in samples if one.t <= began][-1:], *[one for one in samples if one.t > began]]
        if not any(abs(one.value) > 100.0 + one.uncertainty for one in samples):
            raise Inconclusive("no power flowed before standby")
        wrong = next((one for one in judged if abs(one.value) > 100.0 + one.uncertainty), None)
        yield holds(
            "H-EV-STANDBY-POWER",
            wrong is None,
            expected="no power in standby",
            seen="none" if wrong is None else f"{wrong.value:g} W",
            at=(there.frame.index, *(() if wrong is None else (wrong.index,))),
        )


def _standby(request: m.PowerDeliveryReq) -> bool:
    return request.ChargeProgress is m.ChargeProgress.Standby


class StandbyRefused(EvCase):
    """The charger does not do standby and says so by a warning: the session goes on, with power or without."""

    id = "EV-PAU-STANDBY-02"
    title = "WARNING_StandbyNotAllowed does not end the session"
    area = "pause"
    requirements = ("H-EV-STANDBY-REFUSED",)
    pics = "standby and scheduled"
    hooks = ("plug_in", "prefer", "standby")
    faults: ClassVar = {"standby-refusal-ends": "H-EV-STANDBY-REFUSED"}

    async def stimulate(self, bench: EvBench) -> None:
        """Refuses standby."""
        bench.charger.configure(standby=False)
        await bench.act("prefer", control="scheduled")
        await bench.charge(5)
        await bench.act("standby")
        await bench.charger.wait_for(m.PowerDeliveryReq, _standby)
        await bench.charge_on(20, within=20.0)
        await bench.charger.no_session(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Charge loops behind the warning."""
        warned = ev.told(
            trace,
            m.PowerDeliveryRes,
            where=lambda one: one.ResponseCode is m.ResponseCode.WARNING_StandbyNotAllowed,
        )
        behind = ev.later(trace, warned.frame)
        loops = [one for one in behind if isinstance(one.request, m.ChargeLoopReq)]
        stops: list[Any] = [one for one in behind if isinstance(one.request, m.SessionStopReq)]
        gone = ev.closing(trace, warned.link, since=warned.frame.index)
        ended = bool(stops) or gone is not None or _off(behind)
        if not ended and len(loops) < 10:
            raise Inconclusive(f"the car was not watched for long enough: {trace.last_words()}")
        yield holds(
            "H-EV-STANDBY-REFUSED",
            not ended,
            expected="charge loops behind the warning",
            seen="the session was ended" if ended else f"{len(loops)} of them",
            at=(warned.frame.index, *(one.frame.index for one in behind[:1])),
        )


def _off(requests: list[ev.Asked[Any]]) -> bool:
    """Power delivery was stopped."""
    return any(
        isinstance(one.request, m.PowerDeliveryReq) and one.request.ChargeProgress is m.ChargeProgress.Stop
        for one in requests
    )
