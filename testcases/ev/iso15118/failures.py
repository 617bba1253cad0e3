"""The connection is lost with energy flowing: what the contactor does, and whether the car comes again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import EventKind, Inconclusive, Observation, Trace, ev
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

OPENING = 2.0
"""Seconds from the loss of the connection to an open contactor; our own figure, as at every other end."""


class LostConnection(EvCase):
    """No energy without communication: whoever lost its charger opens its contactor, and can begin again.

    A reboot of the charger, a cable that is trodden on, a crash of its controller.
    """

    area = "failures"
    requirements = ("H-EV-CONTACTOR", "H-EV-COMES-BACK")
    hooks = ("plug_in", "start")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
        "dies-of-lost-connection": "H-EV-COMES-BACK",
    }
    dc: ClassVar[bool]
    reset: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, loses the connection, lets the car begin again."""
        bench.charger.configure(services=(bench.service(dc=self.dc),))
        await bench.charge(20)
        mark = bench.charger.mark
        if self.reset:
            bench.charger.cut()
        else:
            bench.charger.close()
        await bench.wait(5.0)
        await bench.act("start")
        await bench.charger.wait_for(m.ServiceDiscoveryReq, since=mark, within=30.0)
        bench.charger.cut()  # before there is power again

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Contactor and power behind the end; another session."""
        ev.asked(trace, m.ChargeLoopReq, 19)
        lost = next(iter(trace.events(EventKind.CLOSED, source=trace.tester)), None)
        if lost is None:
            raise Inconclusive("the connection was not lost")
        ev.closed_once(trace)
        before = ev.value_at(trace, "ev.power", lost.t)
        if abs(before.value) < 100.0:
            raise Inconclusive("no power was flowing")
        yield ev.contactor_open("H-EV-CONTACTOR", trace, lost, within=OPENING)
        yield ev.power_off("H-EV-CONTACTOR", trace, lost, within=OPENING)
        yield ev.survives("H-EV-COMES-BACK", trace, after=lost)


class ResetDc(LostConnection):
    """DC, RST."""

    id = "EV-FLT-RESET-01"
    title = "DC: connection reset with current flowing: the contactor opens, the next session works"
    pics = "dc or dc_bpt"
    dc, reset = True, True


class FinDc(LostConnection):
    """DC, FIN: an end in order of the connection is none of the session."""

    id = "EV-FLT-FIN-01"
    title = "DC: connection closed with current flowing: the contactor opens, the next session works"
    pics = "dc or dc_bpt"
    dc, reset = True, False


class ResetAc(LostConnection):
    """AC, RST: the inverter is in the car, nobody else switches it off."""

    id = "EV-FLT-RESET-02"
    title = "AC: connection reset with current flowing: the contactor opens, the next session works"
    pics = "ac or ac_bpt"
    dc, reset = False, True


class FinAc(LostConnection):
    """AC, FIN."""

    id = "EV-FLT-FIN-02"
    title = "AC: connection closed with current flowing: the contactor opens, the next session works"
    pics = "ac or ac_bpt"
    dc, reset = False, False
