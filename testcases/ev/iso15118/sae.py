"""A car with AC_DER_SAE of Amendment 1: the modes it declares, those it acknowledges, the sign and sense of its limits.

What is known of the amendment comes from implementations (reference 3.6): a part of the results is indicative.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import (
    ControlMode,
    Inconclusive,
    Observation,
    SaeModes,
    ServiceId,
    Trace,
    ev,
    holds,
    sae,
)
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

SAE = ServiceId.AC_DER_SAE


class SaeCase(EvCase):
    """A car that declares AC_DER_SAE."""

    area = "der"
    pics = "ac_der_sae and dynamic"
    loops: ClassVar = 15

    async def stimulate(self, bench: EvBench) -> None:
        """The charger offers the service alone, in Dynamic mode, and the car charges for a moment."""
        flows.offer(bench, SAE, control=ControlMode.DYNAMIC)
        await bench.charge(self.loops)
        await bench.charger.no_session(0.1)


def parameters(trace: Trace) -> ev.Asked[Any]:
    """The ChargeParameterDiscoveryReq of a session with AC_DER_SAE.

    Raises:
        Inconclusive: The car selected another service, or did not come to it, or sent a mode of another service.
    """
    if flows.selection(trace).kind is not SAE:
        raise Inconclusive("the car did not select AC_DER_SAE")
    asked = ev.asked(trace, m.ChargeParameterDiscoveryReq)
    if not isinstance(asked.request.EnergyTransferMode, m.der_sae.DER_AC_CPDReqEnergyTransferMode):
        raise Inconclusive("the car sent no parameters of AC_DER_SAE")
    return asked


class Modes(SaeCase):
    """The grammar of the service has modes of its own: parameters and loops bear them, in the control mode selected."""

    id = "EV-SAE-MODE-01"
    title = "AC_DER_SAE: parameters and loops in the modes of the service"
    requirements = ("H-EV-SAE-MODE",)
    faults: ClassVar = {"der-parameters-plain": "H-EV-SAE-MODE", "der-loop-plain": "H-EV-SAE-MODE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """ChargeParameterDiscoveryReq, and the first loop."""
        if flows.selection(trace).kind is not SAE:
            raise Inconclusive("the car did not select AC_DER_SAE")
        yield flows.fits("H-EV-SAE-MODE", trace, ev.asked(trace, m.ChargeParameterDiscoveryReq), control=False)
        yield flows.fits("H-EV-SAE-MODE", trace, ev.asked(trace, m.ChargeLoopReq), control=True)


class Declares(SaeCase):
    """To charge and to discharge is what the service is for; a bit that stands for nothing declares nothing."""

    id = "EV-SAE-DECLARE-01"
    title = "AC_DER_SAE: SupportedModes has charging and discharging, and no unused bit"
    requirements = ("H-EV-SAE-INHERENT", "H-EV-SAE-UNUSED")
    faults: ClassVar = {
        "sae-inherent-modes-missing": "H-EV-SAE-INHERENT",
        "sae-unused-bit-set": "H-EV-SAE-UNUSED",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The bitmap, bit by bit."""
        asked = parameters(trace)
        modes = asked.request.EnergyTransferMode.SupportedModes
        seen = f"0x{modes:08X}: {sae.named(modes)}"
        inherent = not int(sae.INHERENT) & ~modes
        yield holds("H-EV-SAE-INHERENT", inherent, expected=sae.named(sae.INHERENT), seen=seen, at=asked.at)
        yield holds("H-EV-SAE-UNUSED", not modes & sae.UNUSED, expected="no unused bit", seen=seen, at=asked.at)


class Acknowledges(SaeCase):
    """The charger enables a part of the grid code; in the loop the car says which part it has put in force.

    A car that acknowledges less leaves the operator without a function, one that acknowledges more does what nobody
    asked for.
    """

    id = "EV-SAE-ACK-01"
    title = "AC_DER_SAE: EnabledModes acknowledges what the charger enabled"
    requirements = ("H-EV-SAE-ACKNOWLEDGE",)
    faults: ClassVar = {
        "sae-acknowledges-nothing": "H-EV-SAE-ACKNOWLEDGE",
        "sae-acknowledges-everything": "H-EV-SAE-ACKNOWLEDGE",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each loop, against what the charger had told before it."""
        link = parameters(trace).link
        looped = [one for one in flows.loops(trace) if one.link == link]
        yield ev.every(
            "H-EV-SAE-ACKNOWLEDGE",
            looped,
            lambda one: _acknowledged(one) == _enabled(trace, one),
            expected=f"EnabledModes with {sae.named(_enabled(trace, looped[0]))}",
            seen=lambda one: sae.named(_acknowledged(one)),
        )


def _acknowledged(loop: ev.Asked[Any]) -> SaeModes:
    """EnabledModes of a loop, of the modes that a charger can enable; bits that stand for nothing are ignored."""
    mode = loop.request.CLReqControlMode
    return SaeModes(getattr(mode, "EnabledModes", 0) & int(sae.ENABLED_BY_CHARGER))


def _enabled(trace: Trace, loop: ev.Asked[Any]) -> SaeModes:
    """What the charger's responses before a loop enabled.

    Raises:
        Inconclusive: It enabled nothing: there is nothing to acknowledge.
    """
    found = sae.NOTHING
    for frame in trace.frames(sender=trace.tester, link=loop.link):
        control = sae.grid_code(frame.message) if frame.index < loop.frame.index else None
        found = found if control is None else sae.enabled(control, found)
    if not found:
        raise Inconclusive("the charger enabled nothing that the car declares")
    return found


class Signs(SaeCase):
    """The amendment counts what leaves the car as negative, active and reactive power alike."""

    id = "EV-SAE-SIGN-01"
    title = "AC_DER_SAE: discharge and injection are non-positive"
    requirements = ("H-EV-SAE-SIGN",)
    faults: ClassVar = {"der-limits-positive": "H-EV-SAE-SIGN", "sae-injection-positive": "H-EV-SAE-SIGN"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The limits of the parameters, and those of each loop."""
        asked = [parameters(trace), *flows.loops(trace)]
        if not sae.gives(asked[0].request.EnergyTransferMode):
            raise Inconclusive("the car told neither discharge nor injection: zero has no sign")
        yield ev.every(
            "H-EV-SAE-SIGN",
            asked,
            lambda one: not _wrong(one),
            expected="the signs of 8.3.5.2",
            seen=lambda one: "; ".join(_wrong(one)) or "so it is",
        )


def _wrong(one: ev.Asked[Any]) -> list[str]:
    loop = isinstance(one.request, m.ChargeLoopReq)
    return sae.wrong_signs(one.request.CLReqControlMode if loop else one.request.EnergyTransferMode)


class Ratings(SaeCase):
    """By its ratings the charger and the operator behind it decide what to ask of the inverter."""

    id = "EV-SAE-RATINGS-01"
    title = "AC_DER_SAE: the ratings of the inverter agree with each other"
    requirements = ("H-EV-SAE-RATINGS",)
    faults: ClassVar = {
        "sae-voltage-window-turned": "H-EV-SAE-RATINGS",
        "sae-power-factor-in-percent": "H-EV-SAE-RATINGS",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Voltages and power factors."""
        asked = parameters(trace)
        mode = asked.request.EnergyTransferMode
        low, nominal, high = (float(getattr(mode, f"EV{one}Voltage")) for one in ("Minimum", "Nominal", "Maximum"))
        yield holds(
            "H-EV-SAE-RATINGS",
            0 < low <= nominal <= high,
            expected="EVMinimumVoltage <= EVNominalVoltage <= EVMaximumVoltage",
            seen=f"{low:g} V, {nominal:g} V, {high:g} V",
            at=asked.at,
        )
        for way in ("Over", "Under"):
            name = f"EVSpecified{way}ExcitedPowerFactor"
            factor = float(getattr(mode.EVExcitationLimits, name))
            yield holds(
                "H-EV-SAE-RATINGS", 0 < factor <= 1, expected=f"{name} in (0, 1]", seen=f"{factor:g}", at=asked.at
            )
