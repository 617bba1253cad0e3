"""DER control by a CSMS (block R): what it sets, asks and clears, and what stations report to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ocpp import (
    Call,
    CsmsBench,
    CsmsCase,
    Followed,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    answered,
    calls,
    connection_stays,
    every,
    holds,
    instant,
    sent,
    valid,
)
from v2gready.authoring.ocpp.backend import StationSession, accepted_boot
from v2gready.authoring.ocpp.der import ControlType, field_of

FIELDS: Final = frozenset(field_of(kind) for kind in ControlType)
"""The eight fields of SetDERControl that carry a control."""
FAULTS: Final = (
    *("CurrentImbalance", "LocalEmergency", "LowInputPower", "OverCurrent", "OverFrequency", "OverVoltage"),
    *("PhaseRotation", "RemoteEmergency", "UnderFrequency", "UnderVoltage", "VoltageImbalance"),
)
STORM: Final = 120
"""Alarms in a row, without a pause."""


async def ordered(bench: CsmsBench, station: StationSession, hook: str, action: str, **values: Any) -> None:
    """Has the operator order something, and waits until it comes."""
    mark = station.mark
    await bench.act(hook, **values)
    await station.look_for(action, within=bench.detection_time, since=mark)


def set_controls(trace: Trace, *, default: bool) -> list[RpcExchange]:
    """SetDERControl of the CSMS.

    Raises:
        Inconclusive: It sent none.
    """
    accepted_boot(trace)
    found = calls(trace, "SetDERControl", sender=trace.dut)
    if not found:
        raise Inconclusive(f"the CSMS sent no {'default' if default else 'scheduled'} DER control")
    return found


class DefaultControls(CsmsCase):
    """The grid operator hands over its settings, and the CSMS sets each of them as default.

    A control is refused if it comes in the field of another type, with a second field, or with a start time that a
    default cannot have. What is refused leaves the inverter with the settings of its factory.
    """

    id = "CSMS-OCPP-DER-01"
    title = "Default DER controls of every type: one field, the right one, an id of its own, no start"
    area = "der"
    requirements = ("OCPP-R04-CSMS-SET",)
    pics = "ocpp_der"
    hooks = ("set_der_control",)
    aliases = ("TC_R_107_CSMS",)
    faults = {
        "two-control-fields": "OCPP-R04-CSMS-SET",
        "control-field-of-other-type": "OCPP-R04-CSMS-SET",
        "default-control-with-start-time": "OCPP-R04-CSMS-SET",
        "scheduled-gradients": "OCPP-R04-CSMS-SET",
        "control-id-reused": "OCPP-R04-CSMS-SET",
        "curve-of-eleven-points": "OCPP-R04-CSMS-SET",
        "fixed-pf-renamed": "OCPP-R04-CSMS-SET",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has a default control of each type set."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for kind in ControlType:
                await ordered(
                    bench, station, "set_der_control", "SetDERControl", control_type=kind.value, is_default=True
                )
            await station.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each control, and at the ids of all."""
        found = set_controls(trace, default=True)
        if sent(trace, "Heartbeat").answer is None:  # the operator ordered all types before it
            raise Inconclusive("the CSMS did not live until the end")
        rule = "OCPP-R04-CSMS-SET"
        yield every(rule, [valid(rule, trace, one) for one in found], what="controls")
        yield every(rule, [self._formed(one) for one in found], what="controls")
        ids = [str(one.payload.get("controlId")) for one in found]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        yield holds(
            rule,
            not twice,
            expected="another controlId for each control",
            seen=f"{', '.join(twice)} more than once" if twice else f"{len(ids)} ids",
            at=tuple(one.request.index for one in found[:8]),
        )

    def _formed(self, control: RpcExchange) -> Observation:
        payload = control.payload
        name = str(payload.get("controlType"))
        carried = sorted(FIELDS & set(payload))
        right = [field_of(ControlType(name))] if name in set(ControlType) else []
        value = payload.get(right[0]) if right else None
        timed = sorted({"startTime", "duration"} & set(value)) if isinstance(value, dict) else []
        default = payload.get("isDefault")
        extra = f" with {', '.join(timed)}" if timed else ""
        return holds(
            "OCPP-R04-CSMS-SET",
            bool(right) and carried == right and default is True and not timed,
            expected=f"{name} as default in {' '.join(right) or 'its field'} alone, without startTime and duration",
            seen=f"{', '.join(carried) or 'no field'}{extra}, isDefault {default}",
            at=control.at,
        )


class ScheduledControls(CsmsCase):
    """For tonight the grid operator wants less power from six to eight, with its decimals.

    A schedule that loses its times holds at once and for ever; 50.2 Hz that lose their decimal make the inverter react
    at nominal frequency.
    """

    id = "CSMS-OCPP-DER-02"
    title = "Scheduled DER controls keep start time, duration and values of the operator"
    area = "der"
    requirements = ("OCPP-R04-CSMS-SCHEDULED", "OCPP-K-CSMS-ASKED")
    pics = "ocpp_der"
    hooks = ("set_der_control",)
    faults = {
        "scheduled-control-starts-at-once": "OCPP-R04-CSMS-SCHEDULED",
        "control-values-rounded": "OCPP-K-CSMS-ASKED",
    }
    orders: Final = {
        "FreqDroop": {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 4.5, "underDroop": 4.5, "responseTime": 1.5},
        "LimitMaxDischarge": {"pctMaxDischargePower": 62.5},
        "FixedPFInject": {"displacement": 0.97, "excitation": True},
        "FixedVar": {"setpoint": 12.5, "unit": "PctMaxVar"},
    }
    begin, duration = "2031-03-01T18:00:00.000Z", 7200.0

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has four controls scheduled."""
        times = {"startTime": self.begin, "duration": self.duration}
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for name, value in self.orders.items():
                await ordered(
                    bench,
                    station,
                    "set_der_control",
                    "SetDERControl",
                    control_type=name,
                    is_default=False,
                    value={**value, **times},
                )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares times and values with the order."""
        found = set_controls(trace, default=False)
        compared = 0
        for one in found:
            name = str(one.payload.get("controlType"))
            value = one.payload.get(field_of(ControlType(name))) if name in set(ControlType) else None
            if name not in self.orders or not isinstance(value, dict):
                continue
            compared += 1
            off = [
                f"{key} {value.get(key, 'missing')}" for key, due in self.orders[name].items() if value.get(key) != due
            ]
            yield holds(
                "OCPP-K-CSMS-ASKED",
                not off,
                expected=f"{name} with the values of the order",
                seen=", ".join(off) or "so",
                at=one.at,
            )
            started = value.get("startTime")
            right = started is not None and instant(str(started)) == instant(self.begin)
            seen = f"startTime {started}, duration {value.get('duration')}, isDefault {one.payload.get('isDefault')}"
            yield holds(
                "OCPP-R04-CSMS-SCHEDULED",
                right and value.get("duration") == self.duration and one.payload.get("isDefault") is False,
                expected=f"no default, startTime {self.begin}, duration {self.duration:g}",
                seen=seen,
                at=one.at,
            )
        if compared < len(self.orders):
            raise Inconclusive(f"{compared} of {len(self.orders)} scheduled controls came")


class AlarmStorm(CsmsCase):
    """The grid fails in a whole region, and every station tells its alarm, and the end of it, again and again.

    This is the hour in which the operator needs its CSMS. It answers every alarm, of each kind of control and fault,
    and keeps the connection.
    """

    id = "CSMS-OCPP-DER-03"
    title = "A storm of DER alarms is answered one by one, and the connection stays"
    area = "der"
    requirements = ("OCPP-R04-CSMS-REPORT", "OCPP-R04-CSMS-STORM")
    pics = "ocpp_der"
    faults = {
        "alarm-storm-kills": "OCPP-R04-CSMS-STORM",
        "alarm-storm-unanswered": "OCPP-R04-CSMS-REPORT",
        "der-alarm-refused": "OCPP-R04-CSMS-REPORT",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells alarms of every type of control and every fault, begun and ended, and a heartbeat behind them."""
        kinds = list(ControlType)
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for number in range(STORM):
                alarm: dict[str, Any] = {
                    "controlType": kinds[number // 2 % len(kinds)].value,
                    "gridEventFault": FAULTS[number // 2 % len(FAULTS)],
                    "timestamp": bench.stamp(),
                    "alarmEnded": bool(number % 2),
                }
                await station.call("NotifyDERAlarm", alarm)
            await station.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each, and for the heartbeat."""
        accepted_boot(trace)
        told = calls(trace, "NotifyDERAlarm", sender=trace.tester)
        if not told:
            raise Inconclusive("no alarm was told")
        yield every("OCPP-R04-CSMS-REPORT", [answered("OCPP-R04-CSMS-REPORT", one) for one in told], what="alarms")
        yield connection_stays("OCPP-R04-CSMS-STORM", trace, told[-1].request)
        if len(told) < STORM:
            raise Inconclusive(f"{len(told)} of {STORM} alarms were told only")
        yield answered("OCPP-R04-CSMS-STORM", sent(trace, "Heartbeat"))


class Reports(CsmsCase):
    """The operator asks for the DER controls of a station, and the report comes in two parts with all eight lists.

    ReportDERControl goes from station to CSMS; one library had its direction the wrong way round, and every report
    ended in an error.
    """

    id = "CSMS-OCPP-DER-04"
    title = "ReportDERControl is taken: both parts, with every kind of control"
    area = "der"
    requirements = ("OCPP-R04-CSMS-REPORT",)
    pics = "ocpp_der"
    hooks = ("get_der_control",)
    faults = {"report-der-control-refused": "OCPP-R04-CSMS-REPORT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the controls asked for, and reports them."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            station.answers["GetDERControl"] = Followed({"status": "Accepted"}, _report)
            await ordered(bench, station, "get_der_control", "GetDERControl")
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for both parts."""
        reports = calls(trace, "ReportDERControl", sender=trace.tester)
        if len(reports) < 2:
            raise Inconclusive(f"{len(reports)} of 2 reports were sent: the CSMS has to ask for them")
        found = [answered("OCPP-R04-CSMS-REPORT", one) for one in reports]
        yield every("OCPP-R04-CSMS-REPORT", found, what="reports")


async def _report(station: Any, asked: Call) -> None:
    """All controls in two parts."""
    state = {"isDefault": True, "isSuperseded": False}
    curve = {"priority": 1, "yUnit": "PctMaxW", "curveData": [{"x": 50.2, "y": 100.0}, {"x": 51.5, "y": 0.0}]}
    factor = {"priority": 1, "displacement": 0.95, "excitation": True}
    droop = {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 5.0, "underDroop": 5.0, "responseTime": 2.0}
    service = {"priority": 1, "highVoltage": 110.0, "lowVoltage": 90.0, "highFreq": 50.1, "lowFreq": 49.9}
    lists: dict[str, dict[str, Any]] = {
        "curve": {"curve": curve, "curveType": "FreqWatt", **state},
        "enterService": {"enterService": service},
        "fixedPFAbsorb": {"fixedPF": factor, **state},
        "fixedPFInject": {"fixedPF": factor, **state},
        "fixedVar": {"fixedVar": {"priority": 1, "setpoint": 10.0, "unit": "PctMaxVar"}, **state},
        "freqDroop": {"freqDroop": {"priority": 1, **droop}, **state},
        "gradient": {"gradient": {"priority": 1, "gradient": 10.0, "softGradient": 5.0}},
        "limitMaxDischarge": {"limitMaxDischarge": {"priority": 1, "pctMaxDischargePower": 60.0}, **state},
    }
    names = sorted(lists)
    for part, more in ((names[:4], True), (names[4:], False)):
        items = {name: [{"id": f"control-{name}", **lists[name]}] for name in part}
        await station.call("ReportDERControl", {"requestId": asked.payload.get("requestId", 0), "tbc": more, **items})


class StartStop(CsmsCase):
    """A scheduled control begins and ends, and takes the place of others meanwhile.

    The operator must learn which control is in force. These messages come once: refused, they are lost.
    """

    id = "CSMS-OCPP-DER-05"
    title = "NotifyDERStartStop is taken, for controls that the CSMS set and for others"
    area = "der"
    requirements = ("OCPP-R04-CSMS-REPORT",)
    pics = "ocpp_der"
    faults = {"der-start-stop-refused": "OCPP-R04-CSMS-REPORT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells begin and end, with and without superseded controls."""
        many = [f"control-{number}" for number in range(24)]
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for started in (True, False):
                for superseded in ({}, {"supersededIds": many}):
                    told = {"controlId": "x" * 36, "started": started, "timestamp": bench.stamp(), **superseded}
                    await station.call("NotifyDERStartStop", told)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each of the four."""
        accepted_boot(trace)
        told = calls(trace, "NotifyDERStartStop", sender=trace.tester)
        if len(told) < 4:
            raise Inconclusive(f"{len(told)} of 4 messages were sent only")
        found = [answered("OCPP-R04-CSMS-REPORT", one) for one in told]
        yield every("OCPP-R04-CSMS-REPORT", found, what="messages")


class GetAndClear(CsmsCase):
    """The operator asks for controls by kind and then for all, and clears one kind of default.

    Two reports with one requestId cannot be told apart, and a Clear without isDefault is refused.
    """

    id = "CSMS-OCPP-DER-06"
    title = "GetDERControl has a new requestId and the filter asked for, ClearDERControl its flag"
    area = "der"
    requirements = ("OCPP-R04-CSMS-GET",)
    pics = "ocpp_der"
    hooks = ("get_der_control", "clear_der_control")
    faults = {
        "der-request-id-reused": "OCPP-R04-CSMS-GET",
        "clear-control-without-default-flag": "OCPP-R04-CSMS-GET",
        "der-filter-lost": "OCPP-R04-CSMS-GET",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has controls asked for twice and cleared once."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            await ordered(bench, station, "get_der_control", "GetDERControl", control_type="VoltVar", is_default=True)
            await ordered(bench, station, "get_der_control", "GetDERControl")
            await ordered(
                bench, station, "clear_der_control", "ClearDERControl", control_type="VoltVar", is_default=True
            )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares requests with orders."""
        accepted_boot(trace)
        asked = calls(trace, "GetDERControl", sender=trace.dut)
        cleared = calls(trace, "ClearDERControl", sender=trace.dut)
        if len(asked) < 2 or not cleared:
            raise Inconclusive(f"{len(asked)} GetDERControl and {len(cleared)} ClearDERControl came")
        rule = "OCPP-R04-CSMS-GET"
        yield every(rule, [valid(rule, trace, one) for one in (*asked, *cleared)], what="messages")
        numbers = [str(one.payload.get("requestId")) for one in asked]
        yield holds(
            rule,
            len(set(numbers)) == len(numbers),
            expected="another requestId each time",
            seen=f"requestId {', '.join(numbers)}",
            at=tuple(one.request.index for one in asked),
        )
        for one, wanted in ((asked[0], ("VoltVar", True)), (cleared[0], ("VoltVar", True)), (asked[1], (None, None))):
            seen = (one.payload.get("controlType"), one.payload.get("isDefault"))
            yield holds(
                rule,
                seen == wanted,
                expected=f"{one.action} with controlType {wanted[0]} and isDefault {wanted[1]}",
                seen=f"controlType {seen[0]}, isDefault {seen[1]}",
                at=one.at,
            )
