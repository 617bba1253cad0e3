"""What holds for power and energy, whatever the case: limits, direction, permission, meters, and an outlet at rest."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerInvariant,
    Event,
    EventKind,
    Inconclusive,
    Observation,
    Sample,
    Severity,
    Trace,
    energy,
    holds,
    wire,
)
from v2gready.authoring import messages as m


def measured_on(trace: Trace, channel: str) -> list[Sample]:
    """Samples of a channel; none where there is no such meter."""
    try:
        return trace.samples(channel)
    except Inconclusive:
        return []


class CurrentWithinLimits(ChargerInvariant):
    """A DC charger never tells a current, voltage or power above the limits it announced itself."""

    id = "INV-CHG-LIMITS"
    title = "Announced limits are kept"
    requirements = ("V2G20-2188",)
    faults = {"current-above-limit": "V2G20-2188"}
    witness = "CHG-LOOP-CLAMP-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds every loop response against the limits of its session."""
        for loop in energy.loops(trace):
            if isinstance(loop.answer, m.DC_ChargeLoopRes) and loop.answer.ResponseCode < m.ResponseCode.FAILED:
                beyond = energy.beyond_limits(trace, loop)
                seen = "; ".join(beyond) or "so it is"
                yield holds("V2G20-2188", not beyond, expected="no more than announced", seen=seen, at=loop.at)


class TargetWithinLimits(ChargerInvariant):
    """An AC charger never asks a car for more power than it announced itself, in either direction."""

    id = "INV-CHG-AC-LIMITS"
    title = "AC targets stay within the announced limits"
    requirements = ("V2G20-2188",)
    faults = {"ac-target-above-limit": "V2G20-2188"}
    witness = "CHG-DYN-LIMIT-02"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds every EVSETargetActivePower against ChargeParameterDiscovery."""
        for loop in energy.loops(trace):
            watts = energy.target(loop.answer)
            if watts is None or loop.answer.ResponseCode >= m.ResponseCode.FAILED:
                continue
            way = "Discharge" if watts < 0 else "Charge"
            most = abs(energy.total(energy.limits(trace, loop), f"EVSEMaximum{way}Power") or 0.0)
            yield holds(
                "V2G20-2188",
                abs(watts) <= 1.01 * most + energy.NO_POWER,
                expected=f"EVSEMaximum{way}Power, {most:.0f} W, at most",
                seen=f"{abs(watts):.0f} W",
                at=loop.at,
            )


class LoopLimitsWithinAnnounced(ChargerInvariant):
    """Limits told in a charge loop are no higher than those of ChargeParameterDiscovery."""

    id = "INV-CHG-LOOP-LIMITS"
    title = "Loop limits stay within those announced before"
    requirements = ("V2G20-2654",)
    faults = {"loop-limits-above-cpd": "V2G20-2654"}
    witness = "CHG-LOOP-LIMITS-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every loop response."""
        for loop in energy.loops(trace):
            if loop.answer.ResponseCode < m.ResponseCode.FAILED:
                yield energy.loop_limits("V2G20-2654", trace, loop)


class NoDischargeWithoutBpt(ChargerInvariant):
    """Without a bidirectional service no energy flows out of the car: sign of power against mode."""

    id = "INV-CHG-DIRECTION"
    title = "No discharging in a session that is not bidirectional"
    requirements = ("H-BPT-SIGN",)
    faults = {"discharges-without-bpt": "H-BPT-SIGN", "discharges-when-charging-asked": "H-BPT-SIGN"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at current and power targets of every loop response outside BPT and AC_DER."""
        for loop in energy.loops(trace):
            flow = wire.power_told(loop.answer)
            if flow is None or wire.kind_of_mode(wire.mode_of(loop.sent)).startswith(("BPT", "DER")):
                continue
            forward = flow >= -energy.NO_CURRENT
            yield holds("H-BPT-SIGN", forward, expected="power into the car", seen=f"{flow:g}", at=loop.at)


class MetersRunForward(ChargerInvariant):
    """Energy registers of one session never run backwards."""

    id = "INV-CHG-METER"
    title = "Energy registers are monotonic"
    requirements = ("H-METER-MONOTONIC",)
    faults = {"meter-not-monotonic": "H-METER-MONOTONIC"}
    witness = "CHG-BPT-METER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares each reading with the one before."""
        last: dict[tuple[str, str, str], tuple[int, int]] = {}
        for frame in trace.frames(sender=trace.dut):
            meter = getattr(frame.message, "MeterInfo", None)
            if meter is None:
                continue
            for register in ("ChargedEnergyReadingWh", "BPT_DischargedEnergyReadingWh"):
                reading = getattr(meter, register)
                key = (frame.link, meter.MeterID, register)
                if reading is None:
                    continue
                before, index = last.get(key, (reading, frame.index))
                yield holds(
                    "H-METER-MONOTONIC",
                    reading >= before,
                    expected=f"{register} of at least {before} Wh",
                    seen=f"{reading} Wh",
                    at=(index, frame.index),
                )
                last[key] = (reading, frame.index)


class DischargeIsMetered(ChargerInvariant):
    """Where MeterInfo comes in a bidirectional session, it should hold the discharged energy too."""

    id = "INV-CHG-BPT-METER"
    title = "Discharged energy is told"
    requirements = ("H-BPT-METER",)
    faults = {"meter-discharge-missing": "H-BPT-METER"}
    witness = "CHG-BPT-METER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every MeterInfo of a BPT loop."""
        for loop in energy.loops(trace):
            meter = loop.answer.MeterInfo
            if meter is None or not wire.kind_of_mode(wire.mode_of(loop.sent)).startswith("BPT"):
                continue
            reading = meter.BPT_DischargedEnergyReadingWh
            yield holds(
                "H-BPT-METER",
                reading is not None,
                expected="BPT_DischargedEnergyReadingWh",
                seen="none" if reading is None else f"{reading} Wh",
                at=loop.at,
                severity=Severity.SHOULD,
            )


class NoEnergyBeforePermission(ChargerInvariant):
    """Measured at the DC outlet: no current before PowerDelivery(Start) was accepted, none long after Stop.

    Voltage may be there: cable check and pre-charge need it.
    """

    id = "INV-CHG-PERMISSION"
    title = "DC: energy flows between PowerDelivery Start and Stop alone"
    requirements = ("H-PERMISSION",)
    faults = {"energy-before-permission": "H-PERMISSION", "contactor-stays-closed-after-stop": "H-PERMISSION"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds every current sample against the permission told on the wire."""
        yield from _without_permission(trace, "dc.current", energy.NO_CURRENT, "no current")


class NoAcEnergyBeforePermission(ChargerInvariant):
    """Measured at the AC outlet: neither voltage nor power before PowerDelivery(Start) was accepted, or after Stop."""

    id = "INV-CHG-AC-PERMISSION"
    title = "AC: the outlet is live between PowerDelivery Start and Stop alone"
    requirements = ("H-PERMISSION",)
    faults = {"energised-before-start": "H-PERMISSION", "contactor-stays-closed-after-stop": "H-PERMISSION"}
    witness = "CHG-AC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds every voltage and power sample against the permission told on the wire."""
        yield from _without_permission(trace, "ac.power", energy.NO_POWER, "no power")
        yield from _without_permission(trace, "ac.voltage", energy.SAFE_VOLTAGE, "no voltage")


def _without_permission(trace: Trace, channel: str, most: float, expected: str) -> Iterator[Observation]:
    granted = wire.power_windows(trace)
    for sample in measured_on(trace, channel):
        if not any(start <= sample.t <= end + energy.REST_TIME for start, end in granted):
            yield holds(
                "H-PERMISSION",
                abs(sample.value) <= most,
                expected=f"{expected} without permission",
                seen=f"{sample.value:.1f} {sample.unit}",
                at=(sample.index,),
            )


class OutletAtRest(ChargerInvariant):
    """Measured at the outlet: a while after the last connection has ended, there is no voltage left."""

    id = "INV-CHG-REST"
    title = "The outlet is dead after the session"
    requirements = ("H-CONTACTOR",)
    faults = {"contactor-stays-closed-after-stop": "H-CONTACTOR", "keeps-power-after-failure": "H-CONTACTOR"}
    witness = "CHG-STOP-REST-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the last sample of each span in which no car is connected, if it is late enough."""
        for end, until in _unconnected(trace):
            for channel in ("dc.voltage", "ac.voltage"):
                late = [one for one in measured_on(trace, channel) if end.t + energy.REST_TIME <= one.t <= until]
                if late:
                    yield holds(
                        "H-CONTACTOR",
                        abs(late[-1].value) < energy.SAFE_VOLTAGE,
                        expected=f"less than {energy.SAFE_VOLTAGE:g} V, {energy.REST_TIME:g} s after the end",
                        seen=f"{late[-1].value:.0f} V",
                        at=(end.index, late[-1].index),
                    )


def _unconnected(trace: Trace) -> Iterator[tuple[Event, float]]:
    """The end of a connection while no other is there, and when the next one comes."""
    there: set[str] = set()
    last: Event | None = None
    for record in trace.records:
        if not isinstance(record, Event):
            continue
        if record.kind == EventKind.CONNECTED:
            if last is not None and not there:
                yield last, record.t
            there.add(record.link)
        elif record.kind == EventKind.CLOSED and record.link in there:
            there.remove(record.link)
            last = record
    if last is not None and not there:
        yield last, float("inf")
