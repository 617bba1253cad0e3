"""PowerDelivery: what it opens and closes at the inlet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows


class AcEnergy(EvCase):
    """AC: nothing but the car stands between the outlet and the inverter; it takes energy when that is agreed on."""

    id = "EV-PD-ENERGY-01"
    title = "AC: no power before PowerDelivery(Start), none behind Stop"
    area = "power-delivery"
    requirements = ("H-EV-ENERGY",)
    pics = "ac or ac_bpt"
    hooks = ("plug_in", "stop")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"ac-draws-before-start": "H-EV-ENERGY", "contactor-closed-after-stop": "H-EV-ENERGY"}

    async def stimulate(self, bench: EvBench) -> None:
        """A whole session."""
        flows.offer(bench, bench.service(dc=False), schedule_ongoing=3)
        await bench.charge(20)
        await bench.finish()
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter before and behind; it has to have shown something in between."""
        start = flows.started(trace)
        stop = ev.asked(trace, m.PowerDeliveryReq, where=lambda one: one.ChargeProgress is m.ChargeProgress.Stop)
        if stop.frame.index < start.frame.index:
            raise Inconclusive("power delivery was stopped before it was started")
        flows.flows(trace, start.frame.t, stop.frame.t + 0.1)
        for channel, most, unit in (("ev.power", 50.0, "W"), ("ev.contactor", 0.5, "")):
            high = max(trace.samples(channel, until=start.frame.t), key=lambda one: abs(one.value))
            yield holds(
                "H-EV-ENERGY",
                abs(high.value) <= most + high.uncertainty,
                expected=f"{channel} at zero before PowerDeliveryReq(Start)",
                seen=f"{high.value:g} {unit}".strip(),
                at=(high.index, start.frame.index),
            )
        ev.closed_once(trace)
        yield ev.power_off("H-EV-ENERGY", trace, stop.frame, within=2.0)
        yield ev.contactor_open("H-EV-ENERGY", trace, stop.frame, within=3.0)
