"""AC_DER_SAE: grid-code control by SAE J3072 and IEEE 1547 of an inverter in the car (Amendment 1; reference 3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Inconclusive,
    Observation,
    SaeModes,
    ServiceId,
    Trace,
    answered,
    energy,
    holds,
    refused,
    sae,
    wire,
)
from v2gready.authoring import messages as m

SAE = ServiceId.AC_DER_SAE
OK = m.ResponseCode.OK
WRONG = m.ResponseCode.FAILED_WrongChargeParameter
ROUNDS = 3
"""ChargeParameterDiscoveryReq in a row that say EVProcessing Ongoing."""
SLACK = 1.01
"""A RationalNumber may lose a little of a limit."""
MODES = ("RequiredDEROperatingMode", "GridConnectionMode")
FEW_MODES = sae.INHERENT | SaeModes.HIGH_VOLTAGE_MUST_TRIP | SaeModes.LOW_VOLTAGE_MUST_TRIP
"""A car that can trip by voltage, and nothing else."""


class _SaeCase(ChargerCase):
    area = "ac-der"
    pics = "ac_der_sae"
    modes: ClassVar[SaeModes] = SaeModes(sum(SaeModes))

    async def stimulate(self, bench: ChargerBench) -> None:
        """A car with these modes comes as far as ChargeParameterDiscovery."""
        async with bench.ev.session(service=SAE, sae_modes=self.modes) as session:
            await session.reach(m.ScheduleExchangeReq)
            await session.leave()


class Enables(_SaeCase):
    """The charger tells the whole grid code, and enables of it what the car has declared.

    An inverter that is told to do what it cannot do either refuses the session or does as it pleases.
    """

    id = "CHG-SAE-ENABLE-01"
    title = "AC_DER_SAE: no function is enabled that the car did not declare"
    requirements = ("V2G20-3409",)
    faults = {"sae-enables-undeclared": "V2G20-3409"}
    modes = FEW_MODES

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Enable, function by function, against SupportedModes."""
        for exchange in sae.discoveries(trace):
            declared = SaeModes(wire.mode_of(exchange.sent).SupportedModes & sum(SaeModes))
            enabled = sae.enabled(wire.mode_of(exchange.answer).DERControlCPDRes)
            yield holds(
                "V2G20-3409",
                not enabled & ~declared,
                expected=f"nothing enabled but of {sae.named(declared)}",
                seen=f"enabled: {sae.named(enabled)}",
                at=exchange.at,
            )


class UnusedBits(_SaeCase):
    """A car of a later edition sets bits that this one does not know."""

    id = "CHG-SAE-ENABLE-02"
    title = "AC_DER_SAE: bits of SupportedModes that stand for nothing are ignored"
    requirements = ("V2G20-3411",)
    faults = {"sae-unused-bits-refused": "V2G20-3411"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Every bit that there is."""
        async with bench.ev.session(service=SAE) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed(
                lambda request: replace(
                    request,
                    EnergyTransferMode=replace(
                        request.EnergyTransferMode, SupportedModes=int(sum(SaeModes)) | sae.UNUSED
                    ),
                )
            )
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request with such bits is answered as every other."""

        def strange(one: m.ChargeParameterDiscoveryReq) -> bool:
            return bool(getattr(wire.mode_of(one), "SupportedModes", 0) & sae.UNUSED)

        yield answered("V2G20-3411", trace.exchange(m.ChargeParameterDiscoveryReq, where=strange), OK)


class Nominal(_SaeCase):
    """Nominal powers, to which the grid code relates its slopes, are within the limits of the same outlet."""

    id = "CHG-SAE-LIMIT-01"
    title = "AC_DER_SAE: nominal powers are not above their maxima"
    requirements = ("V2G20-3228", "V2G20-3229")
    faults = {"sae-nominal-charge-above-maximum": "V2G20-3228", "sae-nominal-discharge-above-maximum": "V2G20-3229"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In both directions, over all phases; of discharge the magnitudes. Both may be left out."""
        told = 0
        for exchange in sae.discoveries(trace):
            mode = wire.mode_of(exchange.answer)
            for requirement, way in (("V2G20-3228", "Charge"), ("V2G20-3229", "Discharge")):
                nominal = energy.total(mode, f"EVSENominal{way}Power")
                if nominal is None:
                    continue
                told += 1
                most = abs(energy.total(mode, f"EVSEMaximum{way}Power") or 0.0)
                yield holds(
                    requirement,
                    abs(nominal) <= SLACK * most,
                    expected=f"EVSENominal{way}Power of {most:g} W at most",
                    seen=f"{abs(nominal):g} W",
                    at=exchange.at,
                )
        if not told:
            raise Inconclusive("the charger told no nominal power")


class Signs(_SaeCase):
    """The amendment counts what leaves the car as negative, active and reactive power alike."""

    id = "CHG-SAE-LIMIT-02"
    title = "AC_DER_SAE: discharge and injection are non-positive"
    requirements = ("H-SAE-SIGN",)
    faults = {"sae-limits-positive": "H-SAE-SIGN"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All limits of the parameters; zero has no sign."""
        found = sae.discoveries(trace)
        if not any(sae.gives(wire.mode_of(one.answer)) for one in found):
            raise Inconclusive("the charger told neither discharge nor injection")
        for exchange in found:
            wrong = sae.wrong_signs(wire.mode_of(exchange.answer))
            seen = "; ".join(wrong) or "so it is"
            yield holds("H-SAE-SIGN", not wrong, expected="the signs of 8.3.5.2", seen=seen, at=exchange.at)


class TripCurves(_SaeCase):
    """A trip curve says how long which voltage or frequency may last; turned around it trips at once, or never."""

    id = "CHG-SAE-CURVE-01"
    title = "AC_DER_SAE: trip curves have the duration on x, and it rises"
    requirements = ("H-SAE-CURVE",)
    faults = {"sae-trip-curve-turned": "H-SAE-CURVE", "sae-trip-curve-backwards": "H-SAE-CURVE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every trip curve, enabled or not: it may be enabled later."""
        for exchange in sae.discoveries(trace):
            wrong = sae.wrong_trip_curves(wire.mode_of(exchange.answer).DERControlCPDRes)
            seen = "; ".join(wrong) or "so it is"
            yield holds("H-SAE-CURVE", not wrong, expected="rising durations in s", seen=seen, at=exchange.at)


class Droop(_SaeCase):
    """A droop without a branch says nothing about any frequency."""

    id = "CHG-SAE-DROOP-01"
    title = "AC_DER_SAE: FrequencyDroop has a branch"
    requirements = ("H-SAE-DROOP",)
    faults = {"sae-droop-empty": "H-SAE-DROOP"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Whether it is enabled or not."""
        for exchange in sae.discoveries(trace):
            droop = wire.mode_of(exchange.answer).DERControlCPDRes.ActivePowerSupportCPDRes.FrequencyDroop
            there = [name for name in ("OverFrequencyDroop", "UnderFrequencyDroop") if getattr(droop, name)]
            yield holds(
                "H-SAE-DROOP",
                bool(there),
                expected="UnderFrequencyDroop where OverFrequencyDroop is absent",
                seen=" and ".join(there) or "neither",
                at=exchange.at,
            )


class Unchanged(_SaeCase):
    """In the loop the charger tells what has changed, and nothing has: a car that reads the whole again starts over."""

    id = "CHG-SAE-LOOP-01"
    title = "AC_DER_SAE: the loop does not repeat an unchanged grid code"
    requirements = ("V2G20-3236", "V2G20-3358")
    faults = {"sae-loop-repeats-grid-code": "V2G20-3236", "sae-loop-repeats-modes": "V2G20-3358"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """A few loops."""
        async with bench.ev.session(service=SAE, loops=5) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every loop against what was told last: a value that differs is news, and no repetition."""
        first = wire.mode_of(sae.discoveries(trace)[-1].answer)
        told = sae.values(first.DERControlCPDRes) | {name: getattr(first, name) for name in MODES}
        loops = [one for one in energy.loops(trace) if sae.grid_code(one.answer) is not None]
        if not loops:
            raise Inconclusive(f"no loop was answered with a grid code: {trace.last_words()}")
        for exchange in loops:
            mode = wire.mode_of(exchange.answer)
            now = sae.values(mode.DERControlCLRes) | {name: getattr(mode, name) for name in MODES}
            again = [name for name, value in now.items() if value is not None and value == told[name]]
            told |= {name: value for name, value in now.items() if value is not None}
            modes = [name for name in again if name in MODES]
            code = [name for name in again if name not in MODES]
            for requirement, names in (("V2G20-3236", code), ("V2G20-3358", modes)):
                seen = ", ".join(names) or "none"
                yield holds(requirement, not names, expected="changes alone", seen=seen, at=exchange.at)


class PlainMode(_SaeCase):
    """Parameters of plain AC say nothing of the modes that the car has."""

    id = "CHG-SAE-MODE-01"
    title = "AC_DER_SAE: parameters of plain AC are refused"
    requirements = ("H-SAE-MODE",)
    faults = {"der-takes-plain-mode": "H-SAE-MODE", "wrong-charge-parameter-as-failed": "H-SAE-MODE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends them."""
        power, nothing = m.RationalNumber.of(11_000), m.RationalNumber.of(0)
        plain = m.AC_CPDReqEnergyTransferMode(EVMaximumChargePower=power, EVMinimumChargePower=nothing)
        async with bench.ev.session(service=SAE) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed(lambda request: replace(request, EnergyTransferMode=plain))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused with the code for wrong parameters."""
        yield refused("H-SAE-MODE", trace.exchange(m.ChargeParameterDiscoveryReq), WRONG)


class Ongoing(_SaeCase):
    """A car that needs time to evaluate the grid code asks again until it is done."""

    id = "CHG-SAE-CPD-01"
    title = "AC_DER_SAE: parameters may be asked for again while the car evaluates them"
    requirements = ("H-SAE-ONGOING",)
    faults = {"der-ongoing-refused": "H-SAE-ONGOING"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three times Ongoing, then Finished, and on to the schedule."""
        async with bench.ev.session(service=SAE, der_rounds=ROUNDS) as session:
            await session.reach(m.ScheduleExchangeReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to each of them, and to the schedule behind."""
        asked = list(trace.exchanges(m.ChargeParameterDiscoveryReq))
        for exchange in asked:
            yield answered("H-SAE-ONGOING", exchange, OK)
        if len(asked) <= ROUNDS:
            raise Inconclusive(f"the parameters were asked for {len(asked)} times: {trace.last_words()}")
        yield answered("H-SAE-ONGOING", trace.exchange(m.ScheduleExchangeReq), OK)
