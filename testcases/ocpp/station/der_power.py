"""What DER controls do to the power of a discharging station, and what it tells of it (R04, R05)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Limit,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    get_variable,
    holds,
    instant,
    period,
    power_follows,
    power_within,
    profile,
    received,
    sent,
    start_transaction,
)
from v2gready.authoring.ocpp.der import ControlType, set_control, utc_at_start

LIMIT, WATT = ControlType.LIMIT_MAX_DISCHARGE, ControlType.FREQ_WATT
TOLERANCE = 0.05
"""Of the discharge that was asked for; ours: the text gives none."""
ALARM = 10.0
"""Seconds for an alarm to come; ours, the text leaves it open."""
LASTING = 30.0
"""Seconds for which a limit is watched; ours."""
HIGH = 51.0
"""Hz: well above every curve's first point here, and no reason to disconnect."""


def setpoint_of(trace: Trace) -> float:
    """The discharge setpoint that the station was sent, in W, negative.

    Raises:
        Inconclusive: It was not accepted.
    """
    asked = sent(trace, "SetChargingProfile")
    if asked.status != "Accepted":
        raise Inconclusive(f"the discharging profile was not accepted: {asked.status}")
    value: float = asked.payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["setpoint"]
    return value


def rated(trace: Trace) -> float:
    """DCDERCtrlr.MaxW as the station told it, in W.

    Raises:
        Inconclusive: It did not.
    """
    results = (sent(trace, "GetVariables").answer or {}).get("getVariableResult", [{}])
    try:
        return float(results[0]["attributeValue"])
    except (KeyError, ValueError):
        raise Inconclusive("the station does not tell DCDERCtrlr.MaxW") from None


def discharges_before(trace: Trace, record: Any) -> float:
    """The setpoint, if the station followed it just before a record.

    Raises:
        Inconclusive: It did not: what a control changes cannot be seen.
    """
    setpoint = setpoint_of(trace)
    profile_set = sent(trace, "SetChargingProfile").request
    followed = power_follows(
        "gate", trace, 1, setpoint, after=profile_set, within=settling(trace), until=record, tolerance=-setpoint * 0.1
    )
    if followed.verdict.label != "pass":
        raise Inconclusive(f"the station did not discharge as asked before: {followed.seen}")
    return setpoint


def settling(trace: Trace) -> float:
    """Seconds in which the station reaches a new power, as its DUT file says."""
    return float(trace.declared.get("ocpp_settling_time", 3.0))


def within_limit(requirement: str, trace: Trace, most: float, **span: Any) -> Observation:
    """Discharge is not above a limit in W; charging is no breach of it."""
    setpoint = setpoint_of(trace)
    return power_within(requirement, trace, 1, Limit("W", low=-most + setpoint * TOLERANCE), **span)


class _Discharging(StationCase):
    area = "der"
    pics = "ocpp_der and ocpp_v2x"
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "present_token")

    async def discharge(self, bench: StationBench, station: Any) -> float:
        """Starts a bidirectional transaction that feeds nine tenths of what the station can; gives MaxW."""
        told = await get_variable(station, "DCDERCtrlr", "MaxW", evse=1)
        transaction = await start_transaction(bench, station, bpt=True)
        watts = -0.9 * bench.number("ocpp_max_discharge_power", 10_000.0)
        feeding = profile(
            1, period(0, "CentralSetpoint", setpoint=watts), transaction=transaction.id, start=bench.stamp()
        )
        await station.call("SetChargingProfile", {"evseId": 1, "chargingProfile": feeding})
        await station.silence(bench.settling_time + 20)
        return float(told or 0) or -watts

    async def meet(self, bench: StationBench) -> Any:
        """The station, with discharging allowed."""
        bench.csms.allowed_energy_transfer = ("DC", "DC_BPT")
        return bench.csms.session()


class LimitsDischarge(_Discharging):
    """The grid operator halves what may be fed back; the station obeys at once, whatever its CSMS schedules."""

    id = "CHG-OCPP-DER-16"
    title = "LimitMaxDischarge limits a discharging station"
    requirements = ("OCPP-R04-EFFECT",)
    faults: ClassVar = {
        "der-not-actuated": "OCPP-R04-EFFECT",
        "der-default-never-used": "OCPP-R04-EFFECT",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Discharges, then limits to half of it."""
        async with await self.meet(bench) as station:
            rating = await self.discharge(bench, station)
            half = 50.0 * 0.9 * bench.number("ocpp_max_discharge_power", 10_000.0) / rating
            await station.call("SetDERControl", set_control(LIMIT, "half", pctMaxDischargePower=round(half, 1)))
            await station.silence(LASTING)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the answer on, discharge stays below the limit."""
        control = sent(trace, "SetDERControl")
        if control.status != "Accepted":
            raise Inconclusive(f"the control was not accepted: {control.status}")
        discharges_before(trace, control.request)
        most = rated(trace) * control.payload["limitMaxDischarge"]["pctMaxDischargePower"] / 100
        span = {"after": control.request, "within": settling(trace), "until": control.t + LASTING}
        yield within_limit("OCPP-R04-EFFECT", trace, most, **span)


class ScheduledOverDefault(_Discharging):
    """A scheduled limit counts while it lasts, in place of the default; then the default counts again."""

    id = "CHG-OCPP-DER-17"
    title = "At the end of a scheduled control the default one counts again"
    requirements = ("OCPP-R04.FR.11",)
    faults: ClassVar = {
        "der-default-never-used": "OCPP-R04.FR.11",
        "der-not-actuated": "OCPP-R04.FR.11",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """A default limit of half, a scheduled one of a quarter for a minute."""
        async with await self.meet(bench) as station:
            rating = await self.discharge(bench, station)
            half = 50.0 * 0.9 * bench.number("ocpp_max_discharge_power", 10_000.0) / rating
            await station.call(
                "SetDERControl", set_control(LIMIT, "default", priority=2, pctMaxDischargePower=round(half, 1))
            )
            await station.silence(20)
            quarter = set_control(
                LIMIT,
                "scheduled",
                default=False,
                priority=5,
                startTime=bench.stamp(10),
                duration=60.0,
                pctMaxDischargePower=round(half / 2, 1),
            )
            await station.call("SetDERControl", quarter)
            await station.silence(110)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A quarter while it is scheduled, and half afterwards: not less, for nothing else limits, and not more."""
        first, second = (sent(trace, "SetDERControl", nth=nth) for nth in (0, 1))
        if first.status != "Accepted" or second.status != "Accepted":
            raise Inconclusive("a control was not accepted")
        discharges_before(trace, first.request)
        value = second.payload["limitMaxDischarge"]
        begin = instant(value["startTime"]) - utc_at_start(trace)
        end = begin + value["duration"]
        half, quarter = (
            rated(trace) * one.payload["limitMaxDischarge"]["pctMaxDischargePower"] / 100 for one in (first, second)
        )
        wait = settling(trace)
        yield within_limit("OCPP-R04.FR.11", trace, quarter, after=begin, within=wait, until=end)
        yield power_follows("OCPP-R04.FR.11", trace, 1, -half, after=end, within=wait + 1.0, until=end + LASTING)


class _HighFrequency(_Discharging):
    hooks: ClassVar[tuple[str, ...]] = ("plug_in", "present_token", "set_frequency")

    async def stimulate(self, bench: StationBench) -> None:
        """Discharges under a frequency curve; the frequency rises above it and comes back."""
        async with await self.meet(bench) as station:
            await self.discharge(bench, station)
            # From 50.2 Hz on less, from 50.8 Hz on nothing may be fed.
            points = [{"x": 50.2, "y": 100.0}, {"x": 50.8, "y": 0.0}]
            await station.call("SetDERControl", set_control(WATT, "curve", curveData=points))
            await station.silence(20)
            station.step("frequency high")
            await bench.act("set_frequency", hertz=HIGH)
            await station.silence(30)
            await bench.act("set_frequency", hertz=50.0)
            await station.silence(30)


def alarms(trace: Trace, *, ended: bool) -> list[RpcExchange]:
    """NotifyDERAlarm of the frequency curve."""
    return calls(
        trace,
        "NotifyDERAlarm",
        sender=trace.dut,
        where=lambda one: one["controlType"] == WATT.value and bool(one.get("alarmEnded", False)) is ended,
    )


class AlarmsAtHighFrequency(_HighFrequency):
    """A station that leaves its schedule because of the grid says so, once, with the reason, and tells the end."""

    id = "CHG-OCPP-DER-18"
    title = "Alarm at over-frequency, told once, with its end"
    requirements = ("OCPP-R05-ALARM", "OCPP-R05-ENDED")
    faults: ClassVar = {
        "der-alarm-not-sent": "OCPP-R05-ALARM",
        "der-alarm-wrong-fault": "OCPP-R05-ALARM",
        "der-alarm-never-ends": "OCPP-R05-ENDED",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """One beginning with OverFrequency or without a word on the fault, one end."""
        control = sent(trace, "SetDERControl")
        if control.status != "Accepted":
            raise Inconclusive(f"the curve was not accepted: {control.status}")
        discharges_before(trace, control.request)
        begun, over = alarms(trace, ended=False), alarms(trace, ended=True)
        faults = [one.payload.get("gridEventFault", "OverFrequency") for one in begun]
        yield holds(
            "OCPP-R05-ALARM",
            faults == ["OverFrequency"],
            expected="one NotifyDERAlarm of FreqWatt, with gridEventFault OverFrequency if it names one",
            seen=faults or "no alarm",
            at=[one.request.index for one in begun],
        )
        if begun:
            yield holds(
                "OCPP-R05-ENDED",
                len(over) == 1 and over[0].t > begun[0].t,
                expected="one NotifyDERAlarm with alarmEnded behind it",
                seen=f"{len(over)} of them",
                at=[one.request.index for one in (*begun, *over)],
            )
        else:
            yield received("OCPP-R05-ENDED", trace, "NotifyDERAlarm", where=lambda one: bool(one.get("alarmEnded")))


class FeedsLessAtHighFrequency(_HighFrequency):
    """Too much power is what makes the frequency rise: under a frequency curve a station feeds less, never more."""

    id = "CHG-OCPP-DER-19"
    title = "A frequency curve ends the discharge at over-frequency, and gives it back"
    requirements = ("OCPP-R04-EFFECT",)
    faults: ClassVar = {"der-not-actuated": "OCPP-R04-EFFECT"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No discharge in the later half of the high frequency; the setpoint before, and again in the end."""
        control = sent(trace, "SetDERControl")
        if control.status != "Accepted":
            raise Inconclusive(f"the curve was not accepted: {control.status}")
        setpoint = discharges_before(trace, control.request)
        # The instants of the hook are not evidence: counted from the answer, 20 s, then 30 s high, then 30 s back.
        high = control.t + 20.0
        wait = settling(trace)
        yield within_limit("OCPP-R04-EFFECT", trace, 0.0, after=high + 2 * wait, until=high + 29.0)
        yield power_follows("OCPP-R04-EFFECT", trace, 1, setpoint, after=high + 30.0 + 2 * wait, within=wait)
