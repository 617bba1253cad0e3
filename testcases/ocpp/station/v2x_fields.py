"""Which fields, phases and purposes each operation mode takes, generated from the matrix (Q, V2X.05 to 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    discharging_agreed,
    every,
    get_variable,
    holds,
    install,
    look,
    not_accepted,
    operation_modes,
    period,
    period_of,
    profile,
    reason_is,
    set_variable,
    share_of_power,
    start_v2x,
    status_is,
)
from v2gready.authoring.ocpp.bench import Payload

OperationMode = operation_modes.OperationMode
Outcome = operation_modes.Outcome
Purpose = operation_modes.Purpose
V2X: Final = "V2XChargingCtrlr"
SMART: Final = "SmartChargingCtrlr"
THRESHOLDS: Final = {"UpperThreshold": "10000", "UpperOffset": "-500", "LowerThreshold": "2000", "LowerOffset": "500"}
"""W; LocalLoadBalancing needs all four."""
REACTIVE: Final = "setpointReactive"


def flat_curve() -> list[dict[str, float]]:
    """A frequency curve that asks for nothing."""
    return [{"frequency": 49.0, "power": 0.0}, {"frequency": 51.0, "power": 0.0}]


class _Fields(StationCase):
    """The 16 combinations of limit fields of one operation mode.

    A field that a mode forbids must not be taken: the CSMS would believe that it counts. Where the text contradicts
    itself, either answer is right.
    """

    area = "v2x"
    requirements: ClassVar[tuple[str, ...]] = ("OCPP-V2X-MATRIX", "OCPP-K01.FR.71")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults: ClassVar[Mapping[str, str]] = {"mode-fields-unchecked": "OCPP-V2X-MATRIX"}
    mode: ClassVar[OperationMode]
    kind: ClassVar[str] = "Absolute"

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each combination as a TxProfile in which nothing else is wrong."""
        values = {
            "limit": share_of_power(bench, 0.6),
            "dischargeLimit": share_of_power(bench, -0.6),
            "setpoint": share_of_power(bench, 0.3),
            REACTIVE: 500.0,
        }
        async with bench.csms.session() as station:
            await get_variable(station, V2X, "SupportedOperationModes", evse=1)
            await self.prepare(station)
            transaction = await start_v2x(bench, station)
            for point in operation_modes.points(self.mode):
                present = {name: values[name] for name in point.present}
                one = period(0, str(self.mode), **present, **self.more())
                start = None if self.kind == "Dynamic" else bench.stamp()
                await install(station, profile(10, one, transaction=transaction.id, kind=self.kind, start=start))
            await station.silence(bench.settling_time)

    async def prepare(self, station: Any) -> None:
        """Sets what the mode needs."""

    def more(self) -> Payload:
        """Other fields that the mode needs."""
        return {}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares each answer with the matrix."""
        announced(trace, self.mode)
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        points = {frozenset(one.present): one for one in operation_modes.points(self.mode)}
        if len(asked) < len(points):
            raise Inconclusive(f"{len(asked)} of {len(points)} combinations were sent only")
        refused, taken = [], []
        for one in asked:
            present = frozenset(operation_modes.FIELDS) & set(period_of(one))
            point = points[present]
            if point.outcome is Outcome.REJECTED:
                refused.append(one)
            elif point.outcome is Outcome.ACCEPTED and REACTIVE not in present:
                # A station without reactive power may say so to what the matrix leaves to the CSMS.
                taken.append(one)
        found = [
            self.matrix(one, wanted) for wanted, group in (("Rejected", refused), ("Accepted", taken)) for one in group
        ]
        yield every("OCPP-V2X-MATRIX", found, what="combinations")
        if refused:
            reasons = [
                reason_is("OCPP-K01.FR.71", one, "InvalidSchedule", "NoFreqWattCurve")
                for one in refused
                if one.status == "Rejected"
            ]
            if reasons:
                yield every("OCPP-K01.FR.71", reasons, what="refusals")

    def matrix(self, asked: RpcExchange, wanted: str) -> Observation:
        """One point of the matrix."""
        present = [name for name in operation_modes.FIELDS if name in period_of(asked)]
        found = status_is("OCPP-V2X-MATRIX", asked, wanted)
        return holds(
            "OCPP-V2X-MATRIX",
            asked.status == wanted,
            expected=f"{wanted}: {self.mode} with {', '.join(present) or 'none of the four fields'}",
            seen=found.seen,
            at=asked.at,
        )


def announced(trace: Trace, mode: str) -> None:
    """The station has that mode.

    Raises:
        Inconclusive: It has not, or did not tell.
    """
    for one in calls(trace, "GetVariables", sender=trace.tester):
        value = look(one.answer or {}, "getVariableResult.0.attributeValue")
        if look(one.payload, "getVariableData.0.variable.name") == "SupportedOperationModes" and isinstance(value, str):
            if mode in {each.strip() for each in value.split(",")}:
                return
            raise Inconclusive(f"{mode} is not announced: {value}")
    raise Inconclusive("the station did not tell SupportedOperationModes")


class ChargingOnlyFields(_Fields):
    """ChargingOnly has a limit and nothing else: what would discharge has no place in it.

    It is the mode of every profile that names none.
    """

    id = "CHG-OCPP-V2X-10"
    title = "Fields of ChargingOnly"
    mode = OperationMode.CHARGING_ONLY


class CentralSetpointFields(_Fields):
    """CentralSetpoint without a setpoint says nothing: it is refused. Beside it limits may stand, or not.

    The matrix allows them, Q03.FR.02 forbids them: the station may do either.
    """

    id = "CHG-OCPP-V2X-11"
    title = "Fields of CentralSetpoint"
    mode = OperationMode.CENTRAL_SETPOINT


class CentralFrequencyFields(_Fields):
    """CentralFrequency follows the grid by a setpoint of active power alone; a reactive one is refused.

    Whether limits may stand beside it the text says both ways.
    """

    id = "CHG-OCPP-V2X-12"
    title = "Fields of CentralFrequency"
    mode = OperationMode.CENTRAL_FREQUENCY
    kind = "Dynamic"


class LocalFrequencyFields(_Fields):
    """In LocalFrequency the station works its setpoint out from the grid. What the CSMS writes there is refused.

    It would be forgotten with the next millihertz.
    """

    id = "CHG-OCPP-V2X-13"
    title = "Fields of LocalFrequency"
    pics = "ocpp_v2x and ocpp_local_frequency"
    mode = OperationMode.LOCAL_FREQUENCY

    def more(self) -> Payload:
        """Baseline and curve."""
        return {"v2xBaseline": 0.0, "v2xFreqWattCurve": flat_curve()}


class _External(_Fields):
    kind = "Dynamic"

    async def prepare(self, station: Any) -> None:
        """Lets an external system in, under the profile of the CSMS."""
        await set_variable(station, "true", SMART, "ExternalControlSignalsEnabled")
        await set_variable(station, "true", SMART, "ExternalConstraintsProfileDisallowed")


class ExternalSetpointFields(_External):
    """In ExternalSetpoint somebody else gives the setpoint, within limits of the CSMS: those are taken.

    Without them the CSMS could not bound what an energy manager asks for.
    """

    id = "CHG-OCPP-V2X-14"
    title = "Fields of ExternalSetpoint"
    pics = "ocpp_v2x and ocpp_external_control and ocpp_dynamic_profiles"
    requirements = ("OCPP-V2X-MATRIX",)
    faults: ClassVar[Mapping[str, str]] = {"external-setpoint-limits-refused": "OCPP-V2X-MATRIX"}
    mode = OperationMode.EXTERNAL_SETPOINT


class ExternalLimitsFields(_External):
    """In ExternalLimits somebody else gives limits; a setpoint of the CSMS is refused.

    Otherwise two masters would steer one vehicle.
    """

    id = "CHG-OCPP-V2X-15"
    title = "Fields of ExternalLimits"
    pics = "ocpp_v2x and ocpp_external_control and ocpp_dynamic_profiles"
    mode = OperationMode.EXTERNAL_LIMITS


class LoadBalancingFields(_Fields):
    """In LocalLoadBalancing the station works its setpoint out from the load; one of the CSMS is refused.

    Limits may cap it: the matrix forbids what Q09.FR.05 uses, so either answer is right.
    """

    id = "CHG-OCPP-V2X-16"
    title = "Fields of LocalLoadBalancing"
    pics = "ocpp_v2x and ocpp_load_balancing"
    mode = OperationMode.LOCAL_LOAD_BALANCING

    async def prepare(self, station: Any) -> None:
        """Sets the thresholds."""
        for name, value in THRESHOLDS.items():
            await set_variable(station, value, V2X, "LocalLoadBalancing", evse=1, instance=name)


class IdleFields(_Fields):
    """Idle means that nothing flows. A limit in it is a contradiction, and refused.

    Some stations took the limit and charged.
    """

    id = "CHG-OCPP-V2X-17"
    title = "Fields of Idle"
    aliases = ("TC_Q_125_CS",)
    mode = OperationMode.IDLE


class Purposes(StationCase):
    """The maximum of a station, local generation and priority charging are about charging alone.

    A mode that discharges in one of them would bind every vehicle at the station, whether it may or not.
    """

    id = "CHG-OCPP-V2X-18"
    title = "Operation modes that a purpose does not allow are refused"
    area = "v2x"
    requirements = ("OCPP-K01.FR.111",)
    pics = "ocpp_v2x"
    faults = {"mode-in-any-purpose": "OCPP-K01.FR.111"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends CentralSetpoint and Idle for each of them, and ChargingOnly to see that profiles are taken."""
        wrong = (period(0, "CentralSetpoint", setpoint=share_of_power(bench, -0.3)), period(0, "Idle"))
        async with bench.csms.session() as station:
            for purpose, evse in ((Purpose.MAX, 0), (Purpose.PRIORITY, 1), (Purpose.LOCAL_GENERATION, 0)):
                for one in wrong:
                    start = bench.stamp()
                    await install(station, profile(10, one, purpose=str(purpose), start=start), evse=evse)
            only = period(0, "ChargingOnly", limit=share_of_power(bench, 1.0))
            await install(station, profile(10, only, purpose=str(Purpose.MAX), start=bench.stamp()), evse=0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a refusal of each, by the table of purposes."""
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        forbidden = []
        for one in asked:
            purpose = Purpose(look(one.payload, "chargingProfile.chargingProfilePurpose"))
            if period_of(one)["operationMode"] not in operation_modes.ALLOWED_MODES[purpose]:
                forbidden.append(one)
        if len(forbidden) < 6 or asked[-1].status != "Accepted":
            raise Inconclusive("not every purpose was asked for, or no profile is taken at all")
        found = [not_accepted("OCPP-K01.FR.111", one) for one in forbidden]
        yield every("OCPP-K01.FR.111", found, what="profiles refused")


class PhaseFields(StationCase):
    """Limits of single phases are for the vehicle that told powers of single phases, in the profile of its transaction.

    A station that takes L2 alone has to invent what L1 does; one that takes them for a DC vehicle drops them silently.
    """

    id = "CHG-OCPP-V2X-19"
    title = "L2 and L3: only with the base field, in a TxProfile, for a vehicle that told them"
    area = "v2x"
    requirements = ("OCPP-K01.FR.142",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {"phase-fields-anywhere": "OCPP-K01.FR.142"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each field for L2 and L3 alone, then with its base in a TxDefaultProfile and in a TxProfile."""
        values = {"setpoint": 3000.0, "setpointReactive": 300.0, "limit": 6000.0, "dischargeLimit": -6000.0}
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            base = period(0, "CentralSetpoint", setpoint=3000.0)
            await install(station, profile(9, base, transaction=transaction.id, start=bench.stamp()))
            for name, value in values.items():
                for phase in operation_modes.PHASES[1:]:
                    alone = {"setpoint": 3000.0, f"{name}{phase}": value}
                    if name == "setpoint":
                        alone = {f"{name}{phase}": value}
                    both = {"setpoint": 3000.0, name: value, f"{name}{phase}": value}
                    for fields, purpose in ((alone, "TxProfile"), (both, "TxDefaultProfile"), (both, "TxProfile")):
                        one = period(0, "CentralSetpoint", **fields)
                        own = transaction.id if purpose == "TxProfile" else None
                        sends = profile(10, one, purpose=purpose, transaction=own, start=bench.stamp(), stack=1)
                        await install(station, sends)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a refusal of each; the last kind only where the vehicle told no such powers."""
        needs = discharging_agreed(trace)
        told = {name[-3:] for name in look(needs.payload, "chargingNeeds.v2xChargingParameters") or {}}
        found = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(found) < 25 or found[0].status != "Accepted":
            raise Inconclusive("not every field was sent, or no TxProfile is taken at all")
        wrong = []
        for one in found[1:]:
            fields = period_of(one)
            phased = [name for name in fields if name.endswith(operation_modes.PHASES[1:])]
            default = look(one.payload, "chargingProfile.chargingProfilePurpose") != "TxProfile"
            untold = any(name[-3:] not in told for name in phased)
            if default or untold or not operation_modes.phases_have_base(fields):
                wrong.append(one)
        yield every("OCPP-K01.FR.142", [not_accepted("OCPP-K01.FR.142", one) for one in wrong], what="profiles refused")


class SetpointInLimits(StationCase):
    """A setpoint outside the limits that stand beside it is a mistake of the CSMS, and the station has to say so.

    Whatever it did instead, the CSMS would expect something else.
    """

    id = "CHG-OCPP-V2X-20"
    title = "A setpoint beyond limit or dischargeLimit of its period is Rejected"
    area = "v2x"
    requirements = ("OCPP-V2X.05",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {"setpoint-range-unchecked": "OCPP-V2X.05"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends setpoints above the limit and below the discharge limit, in one period and in the second of two."""
        charge, back = share_of_power(bench, 0.5), share_of_power(bench, -0.5)
        good = period(0, "CentralSetpoint", setpoint=charge)
        above = {"setpoint": charge, "limit": charge - 100.0}
        below = {"setpoint": back, "dischargeLimit": back + 100.0}
        courses = [
            (good,),
            (period(0, "CentralSetpoint", **above),),
            (period(0, "CentralSetpoint", **below),),
            (good, period(600, "CentralSetpoint", **above)),
            (good, period(600, "CentralSetpoint", **below)),
        ]
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            for course in courses:
                await install(station, profile(10, *course, transaction=transaction.id, start=bench.stamp()))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants the refusal, and looks at its reason."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        wrong = [one for one in asked if not all(map(operation_modes.setpoint_in_limits, course_of(one)))]
        if len(wrong) < 4 or asked[0].status != "Accepted":
            raise Inconclusive("not every setpoint was sent, or no setpoint is taken at all")
        yield every("OCPP-V2X.05", [status_is("OCPP-V2X.05", one, "Rejected") for one in wrong], what="refusals")
        if all(one.status == "Rejected" for one in wrong):
            yield every(
                "OCPP-V2X.05", [reason_is("OCPP-V2X.05", one, "InvalidSchedule") for one in wrong], what="reasons"
            )


def course_of(exchange: RpcExchange) -> list[Payload]:
    """The periods of a profile that we sent."""
    found: list[Payload] = look(exchange.payload, "chargingProfile.chargingSchedule.0.chargingSchedulePeriod")
    return found
