"""Numbers with one decimal, in what a CSMS hears and in what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    all_replied,
    answered,
    calls,
    changed,
    complete,
    every,
    fields,
    got,
    holds,
    ordinary,
    period,
    profile,
    sent,
)
from v2gready.authoring.ocpp.backend import accepted_boot

TENTHS = tuple(number / 10 for number in range(1, 321))
"""Every limit of one decimal up to 32 A. For 134 of them a division by 0.1 in floating point leaves a rest."""


class Tenths(CsmsCase):
    """Limits with one decimal, as stations report them: 8.1 A, and every other tenth up to 32 A.

    CitrineOS refused 8.1 A: "multipleOf 0.1" in floating point. A station with such a limit was never served again.
    """

    id = "CSMS-OCPP-RPC-28"
    title = "Limits with one decimal are taken: 8.1 A, and every tenth"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    faults = {"81-tenths-refused": "OCPP-H-DECIMALS"}
    messages: ClassVar[tuple[str, ...]] = ("NotifyEVChargingSchedule", "NotifyChargingLimit")

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each message with whole numbers, with 8.1 A, with all tenths."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for action in self.messages:
                for limits in ((8.0,), (8.1,), TENTHS):
                    await csms.call(action, ordinary(action, bench.stamp(), limits=limits))
            for value in (8, 8.1, 134.7):
                path = "meterValue.0.sampledValue.0.value"
                await csms.call("MeterValues", changed(ordinary("MeterValues", bench.stamp()), path, value))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What is served with whole numbers is served with tenths."""
        accepted_boot(trace)
        found = [one for one in calls(trace, sender=trace.tester) if one.action in {*self.messages, "MeterValues"}]
        served = {one.action for one in found if one.answer is not None and not _has_tenths(one)}
        if not served:
            raise Inconclusive("whole numbers are refused, too")
        yield every(
            "OCPP-H-DECIMALS",
            (answered("OCPP-H-DECIMALS", one) for one in found if one.action in served and _has_tenths(one)),
            what="messages with tenths",
        )
        complete(found, 3 * len(self.messages) + 3, "messages")
        all_replied(found)


def _has_tenths(one: RpcExchange) -> bool:
    return any(isinstance(value, float) and not value.is_integer() for _, value in fields(one.payload))


class TenthsReported(CsmsCase):
    """Profiles with tenths in a report that the CSMS itself has asked for."""

    id = "CSMS-OCPP-RPC-29"
    title = "Charging profiles with limits of one decimal can be reported"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    hooks = ("do",)
    faults = {"81-tenths-refused": "OCPP-H-DECIMALS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS ask for profiles, and reports one with every tenth."""
        async with bench.station.connect() as csms:
            csms.answers["GetChargingProfiles"] = {"status": "Accepted"}
            await csms.boot()
            mark = csms.mark
            await bench.do("GetChargingProfiles", {"requestId": 81, "chargingProfile": {}})
            await csms.wait_for("GetChargingProfiles", since=mark, within=10)
            await csms.silence(1)
            report = ordinary("ReportChargingProfiles", bench.stamp(), limits=TENTHS)
            await csms.call("ReportChargingProfiles", {**report, "requestId": 81})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The report is taken."""
        got(trace, "GetChargingProfiles")
        yield answered("OCPP-H-DECIMALS", sent(trace, "ReportChargingProfiles"))


class TenthsSent(CsmsCase):
    """The other way: the CSMS is told to send limits with one decimal, and sends them as they are."""

    id = "CSMS-OCPP-RPC-30"
    title = "Limits with one decimal are sent as they are: 8.1 A, and every tenth"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    hooks = ("do",)
    faults = {"limits-rounded": "OCPP-H-DECIMALS", "81-tenths-refused": "OCPP-H-DECIMALS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Orders a profile with whole numbers, and one with every tenth."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for number, limits in enumerate(((8.0,), TENTHS), 1):
                periods = [period(60 * place, limit=limit) for place, limit in enumerate(limits)]
                order = profile(number, *periods, purpose="TxDefaultProfile", unit="A", start=bench.stamp())
                await bench.do("SetChargingProfile", {"evseId": 1, "chargingProfile": order})
                await csms.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads the limits on the wire."""
        whole = got(trace, "SetChargingProfile")
        told = [_limits(one) for one in calls(trace, "SetChargingProfile", sender=trace.dut, after=whole.request)]
        odd = [limit for limit in TENTHS if told and limit not in told[-1]]
        yield holds(
            "OCPP-H-DECIMALS",
            bool(told) and told[-1] == list(TENTHS),
            expected=f"SetChargingProfile with {len(TENTHS)} limits from {TENTHS[0]} to {TENTHS[-1]} A",
            seen=("never sent" if not told else f"without {odd[:5]}" if odd else f"{len(told[-1])} limits"),
            at=whole.at,
        )


def _limits(one: RpcExchange) -> list[Any]:
    return [value for path, value in fields(one.payload) if path.endswith(".limit")]
