"""Separated channels of bidirectional transfer: the meter that counts is selected before energy moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import BptChannel, ControlMode, Inconclusive, Observation, ServiceId, Trace, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows


class Channel(EvCase):
    """Two meters, two channels: the charger has to know which one counts before energy moves."""

    area = "bidirectional"
    requirements = ("H-EV-BPT-CHANNEL",)
    pics = "dc_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    watts: ClassVar[float]

    async def stimulate(self, bench: EvBench) -> None:
        """Separated channels, and a wish."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.SCHEDULED, bpt_channel=BptChannel.SEPARATED)
        await bench.act("set_power", watts=self.watts)
        await bench.charge(50)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The selection against what flows then."""
        start = flows.started(trace)
        values = flows.selection(trace, link=start.link).values or {}
        if values.get("BPTChannel") != BptChannel.SEPARATED:
            raise Inconclusive("the set selected has no separated channels")
        channel = start.request.BPT_ChannelSelection
        if channel is None:
            yield holds("H-EV-BPT-CHANNEL", False, expected="BPT_ChannelSelection", seen="left out", at=start.at)
            return
        meter = flows.flows(trace, start.frame.t, trace.records[-1].t)
        wanted = m.ChannelSelection.Charge if meter.value > 0 else m.ChannelSelection.Discharge
        yield holds(
            "H-EV-BPT-CHANNEL",
            channel is wanted,
            expected=f"BPT_ChannelSelection {wanted.name}, for {meter.value:.0f} W",
            seen=channel.name,
            at=(*start.at, meter.index),
        )


class ChargeChannel(Channel):
    """The car wants to charge."""

    id = "EV-BPT-CHANNEL-01"
    title = "Separated channels: PowerDelivery(Start) selects the one for charging"
    faults: ClassVar = {"bpt-channel-missing": "H-EV-BPT-CHANNEL", "bpt-channel-wrong": "H-EV-BPT-CHANNEL"}
    watts = 5_000.0


class DischargeChannel(Channel):
    """The car wants to give."""

    id = "EV-BPT-CHANNEL-02"
    title = "Separated channels: PowerDelivery(Start) selects the one for discharging"
    faults: ClassVar = {"bpt-channel-wrong": "H-EV-BPT-CHANNEL"}
    watts = -5_000.0
