"""An energy manager beside the CSMS: its setpoints and limits, who of the two counts, a limit of 0 (Q05, Q06)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from v2gready.authoring.ocpp import (
    Inconclusive,
    Limit,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    discharging_agreed,
    every,
    hold,
    holds,
    install,
    look,
    never_sent,
    noted,
    notes,
    period,
    period_of,
    power_follows,
    power_within,
    profile,
    reaches,
    received,
    sent,
    set_variable,
    settling,
    share_of_power,
    span_after,
    start_v2x,
    tolerance_of,
    transactions,
)

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import Payload

SMART: Final = "SmartChargingCtrlr"
FLOOR: Final = 250.0
"""W that a meter may show where nothing flows; our own figure."""
LOWER: Final = 9
UPPER: Final = 10
SOON: Final = 10.0
"""Seconds in which a station tells what an energy manager wants; our own, generous figure."""
MARGIN: Final = 2.0
"""Seconds by which the clocks of station and harness may differ."""


async def let_in(station: Any, *, disallowed: bool) -> None:
    """Lets the energy manager speak; ``disallowed``: within profiles of the CSMS alone."""
    await set_variable(station, "true", SMART, "ExternalControlSignalsEnabled")
    await set_variable(station, "true" if disallowed else "false", SMART, "ExternalConstraintsProfileDisallowed")


def central(bench: StationBench, transaction: str, share: float, *, profile_id: int = LOWER) -> Payload:
    """What the CSMS wants."""
    one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, share))
    return profile(profile_id, one, transaction=transaction, start=bench.stamp())


def plan_of(trace: Trace, profile_id: int) -> RpcExchange:
    """A profile that has to be followed.

    Raises:
        Inconclusive: It was not accepted.
    """
    asked = sent(trace, "SetChargingProfile", where=lambda one: one["chargingProfile"]["id"] == profile_id)
    if asked.status != "Accepted":
        raise Inconclusive(f"profile {profile_id} was not accepted: {asked.status}")
    return asked


def allowed(trace: Trace, name: str, value: str) -> RpcExchange:
    """The message with which we set a variable of SmartChargingCtrlr.

    Raises:
        Inconclusive: The station did not take it.
    """
    asked = sent(
        trace,
        "SetVariables",
        where=lambda one: (
            look(one, "setVariableData.0.variable.name") == name
            and look(one, "setVariableData.0.attributeValue") == value
        ),
    )
    if look(asked.answer or {}, "setVariableResult.0.attributeStatus") != "Accepted":
        raise Inconclusive(f"{name} could not be set to {value}")
    return asked


class ExternalSetpoint(StationCase):
    """The CSMS hands the wheel to an energy manager, for as long as that one keeps talking.

    Its setpoints are followed in both directions. When it falls silent for the duration of the profile, the plan of
    the CSMS leads again; its next word brings it back.
    """

    id = "CHG-OCPP-V2X-60"
    title = "ExternalSetpoint: followed, given up when stale, revived by the next value"
    area = "v2x"
    requirements = ("OCPP-Q05-EXTERNAL", "OCPP-Q05.FR.07")
    pics = "ocpp_v2x and ocpp_external_control and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token", "external_limit")
    aliases = ("TC_Q_111_CS", "TC_Q_113_CS")
    faults = {
        "update-has-no-effect": "OCPP-Q05-EXTERNAL",
        "stale-values-followed": "OCPP-Q05.FR.07",
        "update-time-frozen": "OCPP-Q05.FR.07",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Gives setpoints, falls silent, gives another one."""
        duration = int(bench.settling_time) + 30
        async with bench.csms.session() as station:
            await let_in(station, disallowed=True)
            transaction = await start_v2x(bench, station)
            await install(station, central(bench, transaction.id, 0.3))
            one = period(0, "ExternalSetpoint")
            await install(
                station,
                profile(
                    UPPER, one, transaction=transaction.id, kind="Dynamic", stack=1, schedule={"duration": duration}
                ),
            )
            for share, silent in ((0.5, False), (-0.5, True), (-0.8, False)):
                watts = share_of_power(bench, share)
                await bench.act("external_limit", setpoint=watts)
                await noted(bench, station, "setpoint", watts)
                await hold(bench, station)
                if silent:
                    await station.silence(duration)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with each setpoint, and with the plan while nobody speaks."""
        discharging_agreed(trace)
        plan, frame = plan_of(trace, LOWER), plan_of(trace, UPPER)
        allowed(trace, "ExternalControlSignalsEnabled", "true")
        steps = notes(trace, "setpoint")
        if len(steps) < 3:
            raise Inconclusive(f"{len(steps)} of 3 setpoints were given only")
        duration = frame.payload["chargingProfile"]["chargingSchedule"][0]["duration"]
        found = [reaches("OCPP-Q05-EXTERNAL", trace, step, watts) for watts, step in steps[:2]]
        yield every("OCPP-Q05-EXTERNAL", found, what="setpoints")
        stale = steps[1][1].t + duration + MARGIN
        yield power_follows(
            "OCPP-Q05.FR.07",
            trace,
            1,
            period_of(plan)["setpoint"],
            after=stale,
            within=settling(trace),
            until=steps[2][1].t - MARGIN,
        )
        yield reaches("OCPP-Q05.FR.07", trace, steps[2][1], steps[2][0])


class ExternalLimits(StationCase):
    """The energy manager gives limits instead: the vehicle charges below them.

    A limit of zero is the case that went wrong in the field: a station took it for an order, and discharged.
    """

    id = "CHG-OCPP-V2X-61"
    title = "ExternalLimits: kept, and a limit of 0 does not discharge"
    area = "v2x"
    requirements = ("OCPP-Q05-EXTERNAL", "OCPP-K11-ZERO")
    pics = "ocpp_v2x and ocpp_external_control and ocpp_dynamic_profiles"
    hooks = ("plug_in", "present_token", "external_limit")
    aliases = ("TC_Q_112_CS",)
    faults = {"update-has-no-effect": "OCPP-Q05-EXTERNAL", "zero-limit-discharges": "OCPP-K11-ZERO"}

    async def stimulate(self, bench: StationBench) -> None:
        """Limits to much, to little, to nothing."""
        async with bench.csms.session() as station:
            await let_in(station, disallowed=True)
            transaction = await start_v2x(bench, station)
            one = period(0, "ExternalLimits")
            await install(station, profile(UPPER, one, transaction=transaction.id, kind="Dynamic", stack=1))
            for share in (0.6, 0.2, 0.0):
                watts = share_of_power(bench, share)
                await bench.act("external_limit", watts=watts)
                await noted(bench, station, "limit", watts)
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants power below each limit, and none at zero; under the first one it has to charge."""
        discharging_agreed(trace)
        plan_of(trace, UPPER)
        allowed(trace, "ExternalControlSignalsEnabled", "true")
        steps = notes(trace, "limit")
        if len(steps) < 3:
            raise Inconclusive(f"{len(steps)} of 3 limits were given only")
        found: list[Observation] = []
        for watts, step in steps:
            begin, end = span_after(trace, step)
            if watts == 0.0:
                limit = Limit("W", low=-FLOOR, high=FLOOR)
                yield power_within("OCPP-K11-ZERO", trace, 1, limit, after=begin, until=end)
            else:
                lowest = FLOOR if not found else -FLOOR
                limit = Limit("W", low=lowest, high=watts + tolerance_of(watts))
                found.append(power_within("OCPP-Q05-EXTERNAL", trace, 1, limit, after=begin, until=end))
        yield every("OCPP-Q05-EXTERNAL", found, what="limits")


class Zero(StationCase):
    """The fuse of the house is full: the energy manager says 0 W, the CSMS says charge. Nothing may flow then.

    Nothing, not less: one station went on to discharge as much as it could. When the limit is gone, the plan goes on.
    """

    id = "CHG-OCPP-V2X-62"
    title = "An external limit of 0 stops a setpoint, and does not turn it round"
    area = "v2x"
    requirements = ("OCPP-K11-ZERO", "OCPP-Q06-NOTIFY")
    pics = "ocpp_v2x and ocpp_external_control"
    hooks = ("plug_in", "present_token", "external_limit")
    aliases = ("TC_Q_115_CS",)
    faults = {
        "zero-limit-discharges": "OCPP-K11-ZERO",
        "external-limit-not-followed": "OCPP-K11-ZERO",
        "limit-not-notified": "OCPP-Q06-NOTIFY",
        "limit-source-cso": "OCPP-Q06-NOTIFY",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges by a setpoint, limits to zero, releases."""
        async with bench.csms.session() as station:
            await let_in(station, disallowed=False)
            transaction = await start_v2x(bench, station)
            await install(station, central(bench, transaction.id, 0.5))
            await hold(bench, station)
            await bench.act("external_limit", watts=0.0)
            await noted(bench, station, "limit", 0.0)
            await hold(bench, station)
            await bench.act("external_limit")
            await noted(bench, station, "released", 0.0)
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants power before and after, none between, and the limit told."""
        discharging_agreed(trace)
        plan, (_, limited), (_, freed) = plan_of(trace, LOWER), notes(trace, "limit")[0], notes(trace, "released")[0]
        watts = period_of(plan)["setpoint"]
        before = reaches("OCPP-K11-ZERO", trace, plan, watts)
        if before.verdict.label != "pass":
            raise Inconclusive(f"it did not charge before: {before.seen}")
        begin, end = span_after(trace, limited)
        limit = Limit("W", low=-FLOOR, high=FLOOR)
        yield power_within("OCPP-K11-ZERO", trace, 1, limit, after=begin, until=end)
        yield reaches("OCPP-K11-ZERO", trace, freed, watts)
        yield received(
            "OCPP-Q06-NOTIFY",
            trace,
            "NotifyChargingLimit",
            where=lambda one: look(one, "chargingLimit.chargingLimitSource") not in {None, "CSO"},
            what="with a source that is not the CSO",
            after=plan.request,
            within=limited.t - plan.t + SOON,
        )


class DischargeLimit(StationCase):
    """The house may feed 2 kW, no more: the energy manager says so, whatever the CSMS has sold.

    A setpoint below that is cut to it.
    """

    id = "CHG-OCPP-V2X-63"
    title = "External limits cap a setpoint in both directions"
    area = "v2x"
    requirements = ("OCPP-V2X.03",)
    pics = "ocpp_v2x and ocpp_external_control"
    hooks = ("plug_in", "present_token", "external_limit")
    aliases = ("TC_Q_114_CS",)
    faults = {"setpoint-not-capped": "OCPP-V2X.03"}

    async def stimulate(self, bench: StationBench) -> None:
        """Limits both directions at the EVSE, then asks for more in each."""
        async with bench.csms.session() as station:
            await let_in(station, disallowed=False)
            transaction = await start_v2x(bench, station)
            charge, back = share_of_power(bench, 0.2), share_of_power(bench, -0.2)
            await bench.act("external_limit", watts=charge, discharge=back, evse=1)
            await noted(bench, station, "limit", charge)
            await noted(bench, station, "discharge", back)
            for share in (0.6, -0.6, 0.1, -0.1):
                await install(station, central(bench, transaction.id, share))
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with the setpoint inside both limits."""
        discharging_agreed(trace)
        (high, _), (low, _) = notes(trace, "limit")[0], notes(trace, "discharge")[0]
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 4 or any(one.status != "Accepted" for one in asked):
            raise Inconclusive("not every setpoint was accepted")
        rule = "OCPP-V2X.03"
        found = [reaches(rule, trace, one, min(max(period_of(one)["setpoint"], low), high)) for one in asked]
        yield every(rule, found, what="setpoints")


class Priority(StationCase):
    """Two masters, two setpoints: SetpointPriority says whom the station obeys.

    Wrong way round, the CSMS believes that it steers, and the house pays.
    """

    id = "CHG-OCPP-V2X-64"
    title = "SetpointPriority decides between the CSMS and the external system"
    area = "v2x"
    requirements = ("OCPP-Q06.FR.20",)
    pics = "ocpp_v2x and ocpp_external_control"
    hooks = ("plug_in", "present_token", "external_limit")
    aliases = ("TC_Q_116_CS",)
    faults = {"setpoint-priority-inverted": "OCPP-Q06.FR.20"}
    masters: ClassVar[tuple[str, ...]] = ("ExternalSystem", "ExternalControl", "CSMS")
    """The text has two names for the first one."""

    async def stimulate(self, bench: StationBench) -> None:
        """Gives both setpoints, and each of them priority."""
        async with bench.csms.session() as station:
            await let_in(station, disallowed=False)
            transaction = await start_v2x(bench, station)
            await install(station, central(bench, transaction.id, 0.5))
            watts = share_of_power(bench, -0.5)
            await bench.act("external_limit", setpoint=watts)
            await noted(bench, station, "setpoint", watts)
            for master in self.masters:
                status = await set_variable(station, master, SMART, "SetpointPriority")
                if status == "Accepted":
                    await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with the setpoint of whoever has priority."""
        discharging_agreed(trace)
        own, (external, given) = period_of(plan_of(trace, LOWER))["setpoint"], notes(trace, "setpoint")[0]
        chosen = [
            one
            for one in calls(trace, "SetVariables", sender=trace.tester, after=given.request)
            if look(one.payload, "setVariableData.0.variable.name") == "SetpointPriority"
            and look(one.answer or {}, "setVariableResult.0.attributeStatus") == "Accepted"
        ]
        masters = {str(look(one.payload, "setVariableData.0.attributeValue")): one for one in chosen}
        if "CSMS" not in masters or len(masters) < 2:
            raise Inconclusive(f"priorities that the station took: {', '.join(masters) or 'none'}")
        for master, one in masters.items():
            yield reaches("OCPP-Q06.FR.20", trace, one, own if master == "CSMS" else external)


class Disallowed(StationCase):
    """With ExternalConstraintsProfileDisallowed the CSMS wants no other master beside its own profiles.

    A station that takes one nevertheless makes its CSMS plan with power that somebody else has taken away.
    """

    id = "CHG-OCPP-V2X-65"
    title = "ExternalConstraintsProfileDisallowed: no profile is made of an external limit"
    area = "v2x"
    requirements = ("OCPP-Q06.FR.08",)
    pics = "ocpp_v2x and ocpp_external_control"
    hooks = ("plug_in", "present_token", "external_limit")
    faults = {"external-never-disallowed": "OCPP-Q06.FR.08"}

    async def stimulate(self, bench: StationBench) -> None:
        """Limits from outside, and asks for the profiles of others."""
        async with bench.csms.session() as station:
            await let_in(station, disallowed=True)
            transaction = await start_v2x(bench, station)
            await install(station, central(bench, transaction.id, 0.5))
            await hold(bench, station)
            await noted(bench, station, "limit", share_of_power(bench, 0.1))
            await bench.act("external_limit", watts=share_of_power(bench, 0.1))
            await station.silence(SOON)
            purpose = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
            await station.call("GetChargingProfiles", {"requestId": 1, "chargingProfile": purpose})
            await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the limit, and for the profile of it."""
        plan_of(trace, LOWER)
        allowed(trace, "ExternalConstraintsProfileDisallowed", "true")
        _, limited = notes(trace, "limit")[0]
        rule = "OCPP-Q06.FR.08"
        yield never_sent(rule, trace, "NotifyChargingLimit", after=limited.request, seconds=SOON)
        asked = sent(trace, "GetChargingProfiles")
        reports = calls(trace, "ReportChargingProfiles", sender=trace.dut, after=asked.request)
        external = [
            each
            for one in reports
            for each in one.payload["chargingProfile"]
            if each["chargingProfilePurpose"] == "ChargingStationExternalConstraints"
        ]
        if asked.answer is not None and asked.status not in {"Accepted", "NoProfiles"}:
            raise Inconclusive(f"which profiles there are was not told: {asked.status}")
        if asked.status == "Accepted" and (not reports or reports[-1].payload.get("tbc", False)):
            raise Inconclusive("the station has announced a report and did not send it to its end")
        if not transactions(trace):
            raise Inconclusive("the station has told no transaction: whoever tells nothing tells no limit either")
        yield holds(
            rule,
            asked.answer is not None and not external,
            expected="no external constraints among the profiles",
            seen=f"{asked.status}; {len(external)} external constraints",
            at=asked.at,
        )
