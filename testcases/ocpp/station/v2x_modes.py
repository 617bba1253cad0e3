"""What a central setpoint and Idle do, and what the station tells of it (Q03, Q10)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ocpp import (
    EXPORT,
    EXPORT_REGISTER,
    IMPORT,
    IMPORT_REGISTER,
    Inconclusive,
    Limit,
    Measurement,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    accepted,
    ask_alive,
    calls,
    discharging_agreed,
    every,
    get_variable,
    got,
    hold,
    holds,
    install,
    look,
    measured,
    period,
    period_of,
    power_follows,
    power_within,
    profile,
    reaches,
    readings,
    received,
    register_rests,
    register_rises,
    sent,
    set_variable,
    settling,
    share_of_power,
    span_after,
    start_v2x,
    still_serves,
    tolerance_of,
    watched_until,
)
from v2gready.authoring.ocpp.bench import Payload

FLOOR: Final = 250.0
"""W that a meter may show where nothing flows; our own figure."""
V2X: Final = "V2XChargingCtrlr"
SMART: Final = "SmartChargingCtrlr"
MARGIN: Final = 2.0
"""Seconds by which the clocks of station and harness may differ."""
SIZE: Final = 0.25
"""Share of a setpoint by which power may miss it before it is another power; our own figure."""


def course_of(exchange: RpcExchange) -> list[Payload]:
    """The periods of a profile that we sent."""
    found: list[Payload] = look(exchange.payload, "chargingProfile.chargingSchedule.0.chargingSchedulePeriod")
    return found


class Schedule(StationCase):
    """This is what V2X is for: the back end says how many watts, in which direction, and the vehicle does it.

    Positive charges, negative discharges, zero rests. Stations were seen that charged with what they should give
    back: twice the error, at the worst time for the grid.
    """

    id = "CHG-OCPP-V2X-21"
    title = "A schedule of central setpoints is followed in sign and size"
    area = "v2x"
    requirements = ("OCPP-Q03-SCHEDULE", "OCPP-V2X-POWER")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_104_CS",)
    faults = {
        "discharge-as-charge": "OCPP-Q03-SCHEDULE",
        "never-discharges": "OCPP-Q03-SCHEDULE",
        "discharge-becomes-charge": "OCPP-Q03-SCHEDULE",
        "setpoint-halved": "OCPP-Q03-SCHEDULE",
        "power-below-setpoint": "OCPP-V2X-POWER",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges, discharges, rests, discharges again and charges a little, each for some seconds."""
        length = math.ceil(bench.settling_time) + 20
        shares = (0.5, -0.5, 0.0, -0.9, 0.2)
        course = [
            period(step * length, "CentralSetpoint", setpoint=share_of_power(bench, share))
            for step, share in enumerate(shares)
        ]
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            schedule = {"duration": len(shares) * length}
            plan = profile(10, *course, transaction=transaction.id, start=bench.stamp(), schedule=schedule)
            await install(station, plan)
            await station.silence(len(shares) * length)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power in each period with its setpoint."""
        discharging_agreed(trace)
        asked = sent(trace, "SetChargingProfile")
        yield accepted("OCPP-Q03-SCHEDULE", asked)
        if asked.status != "Accepted":
            return
        course = course_of(asked)
        ends = [*(one["startPeriod"] for one in course[1:]), look(asked.payload, _DURATION)]
        for rule, tolerance in (("OCPP-Q03-SCHEDULE", SIZE), ("OCPP-V2X-POWER", None)):
            found = [
                power_follows(
                    rule,
                    trace,
                    1,
                    one["setpoint"],
                    after=asked.t + one["startPeriod"],
                    within=settling(trace) + MARGIN,
                    until=asked.t + end - MARGIN,
                    tolerance=None if tolerance is None else max(FLOOR, tolerance * abs(one["setpoint"])),
                )
                for one, end in zip(course, ends, strict=True)
            ]
            yield every(rule, found, what="setpoints")


_DURATION: Final = "chargingProfile.chargingSchedule.0.duration"


class Metering(StationCase):
    """Whoever is paid for giving energy back is paid by the export register. It has to count that, and that alone.

    Import and export are quantities of their own, both without sign. A register that counts discharging as charging
    bills the driver for what he gave.
    """

    id = "CHG-OCPP-V2X-22"
    title = "Registers of import and export count their own direction, powers have no sign"
    area = "v2x"
    requirements = ("OCPP-V2X-REGISTERS", "OCPP-V2X-SIGN")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_100_CS",)
    faults = {
        "export-register-still": "OCPP-V2X-REGISTERS",
        "discharge-counts-as-import": "OCPP-V2X-REGISTERS",
        "export-power-negative": "OCPP-V2X-SIGN",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges for two minutes, then discharges for two minutes."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            for share in (0.5, -0.5):
                one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, share))
                await install(station, profile(10, one, transaction=transaction.id, start=bench.stamp()))
                await station.silence(bench.settling_time + 120.0)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads registers and powers that the station told in both times."""
        discharging_agreed(trace)
        charging, back = sent(trace, "SetChargingProfile"), sent(trace, "SetChargingProfile", nth=1)
        if charging.status != "Accepted" or back.status != "Accepted":
            raise Inconclusive("a central setpoint was not accepted")
        if watched_until(trace) < back.t + settling(trace) + 110.0:
            raise Inconclusive("discharging was not watched for two minutes")
        rule = "OCPP-V2X-REGISTERS"
        spans = ((charging, IMPORT_REGISTER, EXPORT_REGISTER), (back, EXPORT_REGISTER, IMPORT_REGISTER))
        for one, rising, resting in spans:
            since, until = one.t + settling(trace) + MARGIN, one.t + settling(trace) + 118.0
            yield register_rises(rule, trace, rising, 1, since=since, until=until)
            yield register_rests(rule, trace, resting, 1, since=since, until=until)
        since, until = back.t + settling(trace) + MARGIN, back.t + settling(trace) + 118.0
        target = abs(period_of(back)["setpoint"])
        for measurand, value in ((EXPORT, target), (IMPORT, 0.0)):
            told = readings(trace, measurand, evse=1, since=since, until=until)
            if not told and measurand == IMPORT:
                continue
            if not told:
                yield received("OCPP-V2X-SIGN", trace, "MeterValues", what=f"with {measurand}", after=back.request)
                continue
            limit = Limit("W", low=value - tolerance_of(value), high=value + tolerance_of(value))
            what = f"{measurand} told while it discharges"
            found = [
                measured("OCPP-V2X-SIGN", Measurement(one.value, "W"), limit, what=what, at=(one.index,))
                for one in told
            ]
            yield every("OCPP-V2X-SIGN", found, what="values")
        still_serves(trace)


class ModeTold(StationCase):
    """OCPP has no charging state for discharging: the operation mode is how the CSMS sees what goes on.

    Each change of it is told at once, and with it come the measurands that the CSMS has chosen for that mode.
    """

    id = "CHG-OCPP-V2X-23"
    title = "A change of operation mode is told, with the measurands of the mode"
    area = "v2x"
    requirements = ("OCPP-K01.FR.110", "OCPP-Q01.FR.33")
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {"operation-mode-not-told": "OCPP-K01.FR.110", "mode-measurands-missing": "OCPP-Q01.FR.33"}

    async def stimulate(self, bench: StationBench) -> None:
        """Goes from CentralSetpoint to Idle and to ChargingOnly."""
        async with bench.csms.session() as station:
            chosen = "Power.Active.Setpoint,Power.Active.Export"
            await set_variable(station, chosen, V2X, "TxUpdatedMeasurands", evse=1, instance="CentralSetpoint")
            transaction = await start_v2x(bench, station)
            course = (
                period(0, "CentralSetpoint", setpoint=share_of_power(bench, -0.5)),
                period(0, "Idle"),
                period(0, "ChargingOnly", limit=share_of_power(bench, 0.5)),
            )
            for one in course:
                await install(station, profile(10, one, transaction=transaction.id, start=bench.stamp()))
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the event of each change, and for the setpoint among the meter values."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 3 or any(one.status != "Accepted" for one in asked):
            raise Inconclusive("not every mode was accepted")
        for one in asked:
            yield received(
                "OCPP-K01.FR.110",
                trace,
                "TransactionEvent",
                where=_changed_to(period_of(one)["operationMode"]),
                what=f"Updated, OperationModeChanged, {period_of(one)['operationMode']}",
                after=one.request,
                within=settling(trace) + 10.0,
            )
        chosen = sent(trace, "SetVariables")
        if look(chosen.answer or {}, "setVariableResult.0.attributeStatus") != "Accepted":
            raise Inconclusive("the measurands of CentralSetpoint could not be chosen")
        begin, end = span_after(trace, asked[0])
        events = [
            one
            for one in calls(trace, "TransactionEvent", sender=trace.dut, after=asked[0].request)
            if begin <= one.t <= end and one.payload.get("meterValue")
        ]
        if not events:
            raise Inconclusive("the station told no meter values in CentralSetpoint")
        without = [one for one in events if "Power.Active.Setpoint" not in measurands_of(one)]
        yield holds(
            "OCPP-Q01.FR.33",
            not without,
            expected="Power.Active.Setpoint in the meter values of CentralSetpoint",
            seen=f"{len(events) - len(without)} of {len(events)} events with it",
            at=tuple(one.request.index for one in (without or events)[:4]),
        )


def _changed_to(mode: str) -> Any:
    return lambda one: (
        one["eventType"] == "Updated"
        and one["triggerReason"] == "OperationModeChanged"
        and look(one, "transactionInfo.operationMode") == mode
    )


def measurands_of(event: RpcExchange) -> set[str]:
    """What a TransactionEvent tells."""
    values = event.payload.get("meterValue", ())
    return {each.get("measurand", IMPORT_REGISTER) for value in values for each in value.get("sampledValue", ())}


class Capped(StationCase):
    """The setpoint of a transaction does not know what the whole station may take. The maximum of the station does.

    A setpoint above it is cut to it, and one below zero is not turned round by it.
    """

    id = "CHG-OCPP-V2X-24"
    title = "ChargingStationMaxProfile caps a setpoint, and leaves discharging alone"
    area = "v2x"
    requirements = ("OCPP-V2X.03",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    faults = {"power-ignores-profiles": "OCPP-V2X.03"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a maximum, then a setpoint above it, then one that discharges."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            maximum = period(0, "ChargingOnly", limit=share_of_power(bench, 0.2))
            top = profile(9, maximum, purpose="ChargingStationMaxProfile", start=bench.stamp())
            await install(station, top, evse=0)
            for share in (0.6, -0.5):
                one = period(0, "CentralSetpoint", setpoint=share_of_power(bench, share))
                await install(station, profile(10, one, transaction=transaction.id, start=bench.stamp()))
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the power with the lower of the two."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 3 or any(one.status != "Accepted" for one in asked):
            raise Inconclusive("not every profile was accepted")
        top, above, below = asked
        limit = period_of(top)["limit"]
        for one in (above, below):
            yield reaches("OCPP-V2X.03", trace, one, min(limit, period_of(one)["setpoint"]))


class Idle(StationCase):
    """Idle is how a CSMS parks a vehicle: nothing flows, in no direction, until it says otherwise.

    A station that trickles on empties a battery over a weekend, or fills it against the plan.
    """

    id = "CHG-OCPP-V2X-25"
    title = "In Idle no power flows in either direction"
    area = "v2x"
    requirements = ("OCPP-Q10-IDLE",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_126_CS",)
    faults = {"charges-while-idle": "OCPP-Q10-IDLE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Goes to Idle from charging and from discharging, and back."""
        async with bench.csms.session() as station:
            transaction = await start_v2x(bench, station)
            for share in (0.4, -0.4):
                moving = period(0, "CentralSetpoint", setpoint=share_of_power(bench, share))
                for one in (moving, period(0, "Idle")):
                    await install(station, profile(10, one, transaction=transaction.id, start=bench.stamp()))
                    await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants power before, and none in Idle."""
        discharging_agreed(trace)
        asked = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(asked) < 4 or any(one.status != "Accepted" for one in asked[::2]):
            raise Inconclusive("a central setpoint was not accepted, or Idle was never asked for")
        for moving, idle in zip(asked[::2], asked[1::2], strict=False):
            before = reaches("OCPP-Q10-IDLE", trace, moving, period_of(moving)["setpoint"])
            if before.verdict.label != "pass":
                raise Inconclusive(f"no power before Idle: {before.seen}")
            yield accepted("OCPP-Q10-IDLE", idle)
            begin, end = span_after(trace, idle)
            limit = Limit("W", low=-FLOOR, high=FLOOR)
            yield power_within("OCPP-Q10-IDLE", trace, 1, limit, after=begin, until=end)


class Sleep(StationCase):
    """An EVSE that may sleep saves some watts of its own, all night. The CSMS has to know that it sleeps.

    Where the station cannot, it has to say so; a CSMS would otherwise count on what does not happen.
    """

    id = "CHG-OCPP-V2X-26"
    title = "evseSleep: told while it sleeps, and no longer; refused where it is not announced"
    area = "v2x"
    requirements = ("OCPP-Q10-SLEEP",)
    pics = "ocpp_v2x"
    hooks = ("plug_in", "present_token")
    aliases = ("TC_Q_127_CS",)
    faults = {"sleep-not-told": "OCPP-Q10-SLEEP"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends the EVSE to sleep and wakes it."""
        async with bench.csms.session() as station:
            await get_variable(station, SMART, "SupportsEvseSleep")
            transaction = await start_v2x(bench, station)
            awake = period(0, "CentralSetpoint", setpoint=share_of_power(bench, 0.4))
            for one in (awake, period(0, "Idle", evseSleep=True), awake):
                await install(station, profile(10, one, transaction=transaction.id, start=bench.stamp()))
                await hold(bench, station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at evseSleep in the events before, while and after; without support at the refusal."""
        able = _told_boolean(trace, "SupportsEvseSleep")
        before, asleep, after = (sent(trace, "SetChargingProfile", nth=nth) for nth in range(3))
        if before.status != "Accepted":
            raise Inconclusive("a central setpoint was not accepted")
        sleeping = calls(trace, "TransactionEvent", sender=trace.dut, where=lambda one: one.get("evseSleep") is True)
        if not able:
            got(trace, "TransactionEvent", after=asleep.request)
            # The erratum to Q10.FR.05 lets a station take the profile and tell that it does not sleep.
            yield holds(
                "OCPP-Q10-SLEEP",
                not sleeping,
                expected="no sleep told by a station that cannot",
                seen=f"{asleep.status}; {len(sleeping)} events with evseSleep true",
                at=asleep.at,
            )
            return
        yield accepted("OCPP-Q10-SLEEP", asleep)
        yield received(
            "OCPP-Q10-SLEEP",
            trace,
            "TransactionEvent",
            where=lambda one: one.get("evseSleep") is True,
            what="with evseSleep true",
            after=asleep.request,
            within=settling(trace) + 10.0,
        )
        if after.status != "Accepted":
            raise Inconclusive("it was not woken again: the central setpoint was not accepted")
        begin, _ = span_after(trace, after)
        wrong = [one for one in sleeping if one.t < asleep.t or one.t > begin]
        if not wrong:
            events = [
                got(trace, "TransactionEvent", where=lambda one: one.get("evseSleep") is not True, after=after.request)
            ]
            seen = f"awake in the event {events[0].t - after.t:.3f} s after it was woken"
        else:
            events, seen = wrong[:4], f"{len(wrong)} events outside"
        yield holds(
            "OCPP-Q10-SLEEP",
            not wrong,
            expected="evseSleep true while it sleeps alone",
            seen=seen,
            at=(*after.at, *(one.request.index for one in events)),
        )


def _told_boolean(trace: Trace, name: str) -> bool:
    for one in calls(trace, "GetVariables", sender=trace.tester):
        if look(one.payload, "getVariableData.0.variable.name") == name:
            return str(look(one.answer or {}, "getVariableResult.0.attributeValue")).lower() == "true"
    raise Inconclusive(f"{name} was not read")
