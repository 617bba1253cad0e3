"""Values by phase where they have no place: without a base value, beside DC, beyond what the vehicle has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    Severity,
    StationBench,
    ThreePhaseCase,
    Trace,
    Transaction,
    accepted,
    by_phase,
    calls,
    every,
    get_variable,
    install,
    look,
    not_accepted,
    operation_modes,
    period,
    period_of,
    phases_told,
    profile,
    profiles_sent,
    reason_is,
    report_profile,
    start_ac,
    start_v2x,
    status_is,
    three_phases,
    values_come_back,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

TAKEN: Final = "OCPP-H-PHASES-AC"
PLACE: Final = "OCPP-K01.FR.142"
SWITCHING: Final = "ACPhaseSwitchingSupported"


class _Refused(ThreePhaseCase):
    """Profiles of which the first is right and the others are not."""

    requirements: ClassVar[tuple[str, ...]] = (PLACE,)
    good: ClassVar[int] = 9530
    wrong: ClassVar[int] = 9531
    phases: ClassVar[int] = 3
    least: ClassVar[int]

    async def stimulate(self, bench: StationBench) -> None:
        """Sends a profile with nothing wrong, then each that is."""
        async with bench.csms.session() as station:
            transaction = await start_ac(bench, station, phases=self.phases)
            one = period(0, "CentralSetpoint", **self.right())
            await install(
                station, profile(self.good, one, transaction=transaction.id, start=bench.stamp()), evse=transaction.evse
            )
            for evse, purpose, values in self.refusals(transaction):
                mode = "ChargingOnly" if "setpoint" not in values and "setpoint_L2" not in values else "CentralSetpoint"
                own = transaction.id if purpose == "TxProfile" else None
                sends = profile(
                    self.wrong,
                    period(0, mode, **values),
                    purpose=purpose,
                    transaction=own,
                    start=bench.stamp(),
                    stack=1,
                )
                await install(station, sends, evse=evse)
            await station.silence(bench.settling_time)

    def right(self) -> Payload:
        """Values of the profile that is right."""
        return by_phase("setpoint", 1000.5, 1000.6, 1000.7)

    def refusals(self, transaction: Transaction) -> list[tuple[int, str, Payload]]:
        """EVSE, purpose and values of each that is wrong."""
        raise NotImplementedError

    def checked(self, trace: Trace) -> list[RpcExchange]:
        """Those that are wrong; the good one was taken.

        Raises:
            Inconclusive: It was not, or not all were sent.
        """
        if profiles_sent(trace, self.good)[0].status != "Accepted":
            raise Inconclusive("the profile that is right was not accepted, so that the refusals say nothing")
        found = profiles_sent(trace, self.wrong)
        if len(found) < self.least:
            raise Inconclusive(f"{len(found)} of {self.least} profiles were sent only")
        return found

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """None is taken; the reason says that it is about phases."""
        three_phases(trace)
        yield from refused(PLACE, self.checked(trace), "PhaseConflict", "InvalidSchedule")


def refused(requirement: str, found: Sequence[RpcExchange], *reasons: str) -> Iterator[Observation]:
    """None of these is taken; the reasons, where there are some, are recommended."""
    yield every(requirement, [not_accepted(requirement, one) for one in found], what="profiles refused")
    rejected = [one for one in found if one.status == "Rejected"]
    if rejected:
        told_why = [reason_is(requirement, one, *reasons, severity=Severity.SHOULD) for one in rejected]
        yield every(requirement, told_why, what="reasons")


class WithoutBase(_Refused):
    """A value for L2 with none for L1 leaves open what L1 shall do. A station that takes it has made something up."""

    id = "CHG-OCPP-PHASE-05"
    title = "A value for L2 or L3 without the field itself is refused, also for a car that told its phases"
    faults: ClassVar = {"phase-without-base": PLACE}
    least = 8

    def refusals(self, transaction: Transaction) -> list[tuple[int, str, Payload]]:
        """Each of the four fields, for L2 and for L3, alone."""
        values = {"limit": 3000.1, "dischargeLimit": -3000.1, "setpoint": 500.1, "setpointReactive": 100.1}
        return [
            (transaction.evse, "TxProfile", ({} if name == "setpoint" else self.right()) | {f"{name}{phase}": value})
            for name, value in values.items()
            for phase in operation_modes.PHASES[1:]
        ]


class OtherPurposes(_Refused):
    """The next car at that EVSE may have one phase: a profile that outlives a transaction has no values by phase."""

    id = "CHG-OCPP-PHASE-06"
    title = "Values for L2 and L3 are refused in a TxDefaultProfile and a ChargingStationMaxProfile"
    faults: ClassVar = {"phases-in-any-purpose": PLACE}
    least = 3

    def refusals(self, transaction: Transaction) -> list[tuple[int, str, Payload]]:
        """Limits by phase, and setpoints."""
        limits = by_phase("limit", 3000.1, 2900.2, 2800.3)
        return [
            (transaction.evse, "TxDefaultProfile", limits),
            (transaction.evse, "TxDefaultProfile", self.right()),
            (0, "ChargingStationMaxProfile", limits),
        ]


class OnePhase(_Refused):
    """A car with one phase has no L2. To take a value for it means to drop it, and nobody hears of it."""

    id = "CHG-OCPP-PHASE-07"
    title = "Values for L2 and L3 are refused for a car that told no powers of them"
    faults: ClassVar = {"phases-of-any-vehicle": PLACE}
    phases: ClassVar[int] = 1
    least = 2
    has: ClassVar[frozenset[str]] = frozenset()

    def right(self) -> Payload:
        """The sum alone."""
        return {"setpoint": 1000.5}

    def refusals(self, transaction: Transaction) -> list[tuple[int, str, Payload]]:
        """A setpoint and a limit with the phases that are missing."""
        missing = [phase for phase in operation_modes.PHASES[1:] if phase not in self.has]
        return [
            (transaction.evse, "TxProfile", {name: 1000.5} | {f"{name}{phase}": 1000.5 for phase in (*self.has, one)})
            for name in ("setpoint", "limit")
            for one in missing
        ]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """As soon as the car is known to have so many phases."""
        found = self.checked(trace)
        phases = phases_told(trace, int(found[0].payload["evseId"]))
        if phases != self.has:
            raise Inconclusive(f"the car told powers of {', '.join(sorted(phases)) or 'no phase'}: plug in another one")
        yield from refused(PLACE, found, "PhaseConflict")


class TwoPhases(OnePhase):
    """A car with two phases has an L2 and no L3: each phase counts by itself."""

    id = "CHG-OCPP-PHASE-08"
    title = "For a car with two phases values for L2 are taken, for L3 refused"
    requirements = (PLACE,)
    phases = 2
    has = frozenset({"_L2"})

    def right(self) -> Payload:
        """L1 and L2."""
        return by_phase("setpoint", 1000.5, 1000.6)


class BesideDc(ThreePhaseCase):
    """One station, two outlets: what is right at the AC one has no meaning at the DC one beside it.

    A station that checks phases once, for the station, gets one of them wrong.
    """

    id = "CHG-OCPP-PHASE-09"
    title = "Values by phase and numberPhases are refused at the DC EVSE of a station that takes them at its AC one"
    requirements = (PLACE, "OCPP-K01.FR.44")
    pics = "ocpp_v2x and ocpp_ac_phases and ocpp_dc_evse"
    faults: ClassVar = {"phase-fields-anywhere": PLACE, "phases-of-dc-accepted": "OCPP-K01.FR.44"}
    first: ClassVar[int] = 9551
    kinds: ClassVar[tuple[Payload, ...]] = (
        by_phase("limit", 3000.1, 2900.2, 2800.3),
        {"limit": 3000.1, "numberPhases": 3},
    )

    async def stimulate(self, bench: StationBench) -> None:
        """Sends the same profiles to a car at each outlet."""
        direct = int(bench.number("ocpp_dc_evse", 1))
        async with bench.csms.session() as station:
            there = await start_ac(bench, station)
            other = {"evse": direct, "evccid": "WMIV1234567890ABCDEY", "token": "V2GREADY-OTHER"}
            here = await start_v2x(bench, station, **other)
            for transaction in (there, here):
                for number, values in enumerate(self.kinds, self.first):
                    one = profile(number, period(0, **values), transaction=transaction.id, start=bench.stamp())
                    await install(station, one, evse=transaction.evse)
                    await station.call("ClearChargingProfile", {"chargingProfileId": number})
            await station.silence(bench.settling_time)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Taken at one, refused at the other, each with its reason."""
        three_phases(trace)
        limits, count = profiles_sent(trace, self.first), profiles_sent(trace, self.first + 1)
        if len(limits) < 2 or len(count) < 2:
            raise Inconclusive("not every profile was sent")
        if any(found[0].status != "Accepted" for found in (limits, count)):
            raise Inconclusive("the profiles were not accepted at the AC EVSE, so that the refusals say nothing")
        if phases_told(trace, int(limits[1].payload["evseId"])):
            raise Inconclusive("the car at the DC EVSE told powers of L2 or L3: ocpp_dc_evse names another EVSE")
        yield from refused(PLACE, limits[1:2], "PhaseConflict")
        yield status_is("OCPP-K01.FR.44", count[1], "Rejected")
        yield reason_is("OCPP-K01.FR.44", count[1], "NoPhaseForDC")


class SetpointByPhase(_Refused):
    """A sum within the limits can hide one phase that is not: each setpoint is held against the limits of its phase."""

    id = "CHG-OCPP-PHASE-10"
    title = "A setpoint of L2 or L3 beyond the limit or dischargeLimit of that phase is Rejected"
    requirements = ("OCPP-V2X.05",)
    faults: ClassVar = {"phase-range-unchecked": "OCPP-V2X.05", "setpoint-range-unchecked": "OCPP-V2X.05"}
    least = 4

    def refusals(self, transaction: Transaction) -> list[tuple[int, str, Payload]]:
        """One phase beyond its limit, the sum and the others within."""
        limits, discharges = by_phase("limit", 3000.0, 3000.0, 3000.0), by_phase("dischargeLimit", -3e3, -3e3, -3e3)
        return [
            (transaction.evse, "TxProfile", bounds | by_phase("setpoint", 0.0, 0.0, 0.0) | {f"setpoint{phase}": beyond})
            for bounds, beyond in ((limits, 3000.1), (discharges, -3000.1))
            for phase in operation_modes.PHASES[1:]
        ]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refuses each."""
        three_phases(trace)
        yield from refused("OCPP-V2X.05", self.checked(trace), "InvalidSchedule")


class ChosenPhase(ThreePhaseCase):
    """phaseToUse is for one phase, at an EVSE that can switch. Who takes it and cannot loads the phase that is full.

    numberPhases alone is for any EVSE with AC, and comes back as it went in.
    """

    id = "CHG-OCPP-PHASE-12"
    title = "phaseToUse needs numberPhases 1 and an EVSE that switches; numberPhases is kept"
    requirements = ("OCPP-K01-PHASE-TO-USE", TAKEN)
    faults: ClassVar = {"phase-to-use-unchecked": "OCPP-K01-PHASE-TO-USE", "number-of-phases-lost": TAKEN}
    first: ClassVar[int] = 9581
    kinds: ClassVar[tuple[Payload, ...]] = (
        {"limit": 3000.1, "numberPhases": 1},
        {"limit": 3000.1, "numberPhases": 3},
        {"limit": 3000.1, "phaseToUse": 2},
        {"limit": 3000.1, "numberPhases": 3, "phaseToUse": 2},
        {"limit": 3000.1, "numberPhases": 1, "phaseToUse": 2},
    )

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each, and asks for those that are taken."""
        async with bench.csms.session() as station:
            await get_variable(station, "SmartChargingCtrlr", SWITCHING)
            transaction = await start_ac(bench, station)
            for number, values in enumerate(self.kinds, self.first):
                one = profile(number, period(0, **values), transaction=transaction.id, start=bench.stamp())
                reply = await station.call("SetChargingProfile", {"evseId": transaction.evse, "chargingProfile": one})
                if look(getattr(reply, "payload", {}), "status") == "Accepted":
                    await report_profile(station, number)
            await station.silence(bench.settling_time)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first two are kept; the others are refused, the last one unless the EVSE can switch."""
        sets = [profiles_sent(trace, number)[0] for number in range(self.first, self.first + len(self.kinds))]
        kept = [accepted(TAKEN, one) for one in sets[:2]]
        yield every(TAKEN, kept, what="profiles")
        if any(one.status != "Accepted" for one in sets[:2]):
            raise Inconclusive("numberPhases was not accepted, so that the refusals say nothing")
        back = [
            values_come_back(TAKEN, trace, number, [period_of(one)], one.at)
            for number, one in enumerate(sets[:2], self.first)
        ]
        yield every(TAKEN, back, what="profiles")
        wrong = sets[2:] if not switches(trace) else sets[2:4]
        rule = "OCPP-K01-PHASE-TO-USE"
        yield every(rule, [not_accepted(rule, one) for one in wrong], what="profiles refused")


def switches(trace: Trace) -> bool:
    """The station says that it can choose the phase; a station without that variable cannot."""
    for one in calls(trace, "GetVariables", sender=trace.tester):
        if look(one.payload, "getVariableData.0.variable.name") == SWITCHING:
            if one.answer is None:
                raise Inconclusive(f"{SWITCHING} was not told")
            return str(look(one.answer, "getVariableResult.0.attributeValue")).lower() == "true"
    raise Inconclusive(f"{SWITCHING} was not asked for")
