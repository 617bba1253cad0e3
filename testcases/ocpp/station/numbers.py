"""Limits with decimals and fields of phases: what goes in by SetChargingProfile has to come out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    accepted,
    calls,
    get_variable,
    got,
    holds,
    period,
    profile,
    sent,
    start_transaction,
)

TENTHS = tuple(value / 10 for value in range(1, 481) if value % 10 and (value / 10) % 0.1)
"""Limits with one decimal of which a division by 0.1 leaves a rest in binary, 8.1 A among them."""
ROUNDING = 0.05
"""What a composite schedule may differ by: the numbers of OCPP have one decimal."""
STEP = 60
"""Seconds of each period."""


def limits(payload: Mapping[str, Any], name: str = "limit") -> list[Any]:
    """A field of each period of the first schedule of a profile; None where it is missing."""
    return [one.get(name) for one in payload["chargingSchedule"][0]["chargingSchedulePeriod"]]


async def report(station: Any, number: int) -> None:
    """Asks for one profile and waits for it; clears it then."""
    mark = station.mark
    await station.call("GetChargingProfiles", {"requestId": number, "chargingProfile": {"chargingProfileId": [number]}})
    await station.look_for("ReportChargingProfiles", since=mark, within=20)
    await station.call("ClearChargingProfile", {"chargingProfileId": number})


def reported(trace: Trace, number: int) -> tuple[RpcExchange, Mapping[str, Any]]:
    """The profile in the report.

    Raises:
        Inconclusive: There was no report of it.
    """
    found = got(trace, "ReportChargingProfiles")
    for one in found.payload.get("chargingProfile", []):
        if one.get("id") == number:
            return found, one
    raise Inconclusive(f"profile {number} is not in the report")


class Tenths(StationCase):
    """8.1 A is a limit like 8 A: libraries that divide by 0.1, or count in whole amperes, refuse or change it.

    A CSMS was found that refused 135 such values, and nobody knew why a street of cars did not charge.
    """

    id = "CHG-OCPP-NUM-01"
    title = "Limits with one decimal are taken, and reported as they came"
    area = "charging"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging and ocpp_rate_unit_amperes"
    faults: ClassVar = {"tenths-refused": "OCPP-H-DECIMALS", "limits-cut-to-integers": "OCPP-H-DECIMALS"}
    number: ClassVar = 9401

    async def stimulate(self, bench: StationBench) -> None:
        """Sets as many of them as a schedule may have periods, and asks for them."""
        async with bench.csms.session() as station:
            told = await get_variable(station, "SmartChargingCtrlr", "PeriodsPerSchedule")
            most = int(told) if told and told.isdigit() else 24
            values = (8.1, *(one for one in TENTHS if one != 8.1))[: max(1, min(most, 1024))]
            periods = [period(place * STEP, limit=value) for place, value in enumerate(values)]
            wanted = profile(self.number, *periods, purpose="TxDefaultProfile", unit="A", start=bench.stamp())
            await station.call("SetChargingProfile", {"evseId": 1, "chargingProfile": wanted})
            await report(station, self.number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares number by number."""
        request = sent(trace, "SetChargingProfile")
        yield accepted("OCPP-H-DECIMALS", request)
        if request.status != "Accepted":
            return
        told, found = reported(trace, self.number)
        wanted, seen = limits(request.payload["chargingProfile"]), limits(found)
        wrong = [pair for pair in zip(wanted, seen, strict=False) if pair[0] != pair[1]]
        yield holds(
            "OCPP-H-DECIMALS",
            not wrong and len(wanted) == len(seen),
            expected=f"{len(wanted)} limits as they were set",
            seen=f"{wrong[0][0]} became {wrong[0][1]}" if wrong else f"{len(seen)} limits",
            at=(*request.at, told.request.index),
        )


class CompositeTenths(StationCase):
    """The composite schedule is what the station does with the limits: 8.1 A has to be 8.1 A there, too."""

    id = "CHG-OCPP-NUM-02"
    title = "Limits with one decimal come back in the composite schedule"
    area = "charging"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging and ocpp_rate_unit_amperes"
    faults: ClassVar = {"limits-cut-to-integers": "OCPP-H-DECIMALS", "tenths-refused": "OCPP-H-DECIMALS"}
    number: ClassVar = 9402
    values: ClassVar = (8.1, 6.7, 16.3, 8.2, 12.9, 7.4)

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a schedule that begins a minute ago, and asks what comes of it."""
        async with bench.csms.session() as station:
            periods = [period(place * STEP, limit=value) for place, value in enumerate(self.values)]
            wanted = profile(
                self.number, *periods, purpose="TxDefaultProfile", unit="A", stack=5, start=bench.stamp(-STEP / 2)
            )
            await station.call("SetChargingProfile", {"evseId": 1, "chargingProfile": wanted})
            duration = STEP * len(self.values) - STEP
            request = {"duration": duration, "evseId": 1, "chargingRateUnit": "A"}
            await station.call("GetCompositeSchedule", request)
            await station.call("ClearChargingProfile", {"chargingProfileId": self.number})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for all limits, in their order."""
        request = sent(trace, "SetChargingProfile")
        yield accepted("OCPP-H-DECIMALS", request)
        if request.status != "Accepted":
            return
        asked = sent(trace, "GetCompositeSchedule")
        schedule = (asked.answer or {}).get("schedule")
        if asked.status != "Accepted" or not isinstance(schedule, Mapping):
            raise Inconclusive(f"there is no composite schedule: {asked.status}")
        wanted = [one for one in limits(request.payload["chargingProfile"]) if one is not None]
        told = [one.get("limit") for one in schedule.get("chargingSchedulePeriod", [])]
        same = len(told) == len(wanted) and all(
            isinstance(here, int | float) and abs(here - there) <= ROUNDING
            for here, there in zip(told, wanted, strict=True)
        )
        yield holds(
            "OCPP-H-DECIMALS",
            schedule.get("chargingRateUnit") == "A" and same,
            expected=f"{', '.join(map(str, wanted))} A",
            seen=f"{', '.join(map(str, told))} {schedule.get('chargingRateUnit')}",
            at=(*request.at, *asked.at),
        )


class PhaseFields(StationCase):
    """limit_L2 and setpoint_L3 are names that do not survive a change from camel to snake case and back.

    A station whose library loses them charges all phases by the limit of the first. To refuse them is honest: a station
    without phases has to.
    """

    id = "CHG-OCPP-NUM-03"
    title = "Fields of phases L2 and L3 are kept or refused, not lost"
    area = "charging"
    requirements = ("OCPP-H-PHASES",)
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token", "stop", "unplug")
    faults: ClassVar = {"phase-fields-lost": "OCPP-H-PHASES"}
    number: ClassVar = 9403

    async def stimulate(self, bench: StationBench) -> None:
        """Sets limits by phase for a transaction, and the same without phases; asks for both."""
        async with bench.csms.session() as station:
            running = await start_transaction(bench, station, phases=3)
            plain = period(0, limit=3000.1)
            phased = period(0, limit=3000.1, limit_L2=2900.2, limit_L3=2800.3)
            for number, one in ((self.number + 1, plain), (self.number, phased)):
                wanted = profile(number, one, transaction=running.id, start=bench.stamp(), stack=1)
                request = {"evseId": running.evse, "chargingProfile": wanted}
                await station.call("SetChargingProfile", request)
                if number != self.number:
                    await station.call("ClearChargingProfile", {"chargingProfileId": number})
            await report(station, self.number)
            await bench.act("stop", evse=running.evse)
            await bench.act("unplug", evse=running.evse)
            await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A refusal, or the same fields in the report."""
        requests = calls(trace, "SetChargingProfile", sender=trace.tester)
        if len(requests) < 2 or requests[0].status != "Accepted":
            raise Inconclusive("a TxProfile without phases was not accepted either")
        phased = requests[1]
        if phased.reply is None:
            raise Inconclusive("SetChargingProfile with phases got no reply")
        if phased.error is not None or phased.status == "Rejected":
            how = phased.error.code if phased.error else f"{phased.status} ({phased.reason})"
            yield holds("OCPP-H-PHASES", True, expected="kept or refused", seen=how, at=phased.at)
            return
        told, found = reported(trace, self.number)
        for name in ("limit", "limit_L2", "limit_L3"):
            wanted, seen = limits(phased.payload["chargingProfile"], name), limits(found, name)
            yield holds(
                "OCPP-H-PHASES",
                wanted == seen,
                expected=f"{name} {wanted[0]}",
                seen=seen[0] if seen else None,
                at=(*phased.at, told.request.index),
            )


class SignedTenths(StationCase):
    """A setpoint of -5000.1 W: the sign says that the car gives, and the decimal is no reason to lose either."""

    id = "CHG-OCPP-NUM-04"
    title = "A negative setpoint with a decimal is kept as it came"
    area = "charging"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp21 and ocpp_v2x"
    hooks = ("plug_in", "present_token", "stop", "unplug")
    faults: ClassVar = {"limits-cut-to-integers": "OCPP-H-DECIMALS"}
    number: ClassVar = 9404

    async def stimulate(self, bench: StationBench) -> None:
        """Lets a car discharge for a minute, and asks for the profile."""
        csms = bench.csms
        csms.allowed_energy_transfer = ("DC_BPT", "AC_BPT")
        async with csms.session() as station:
            running = await start_transaction(bench, station, bpt=True)
            one = period(0, "CentralSetpoint", setpoint=-5000.1)
            wanted = profile(self.number, one, transaction=running.id, start=bench.stamp(), stack=1)
            await station.call("SetChargingProfile", {"evseId": running.evse, "chargingProfile": wanted})
            await station.silence(70)
            await report(station, self.number)
            await bench.act("stop", evse=running.evse)
            await bench.act("unplug", evse=running.evse)
            await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the setpoint in the report."""
        request = sent(trace, "SetChargingProfile")
        if request.status != "Accepted":
            raise Inconclusive(f"the profile was not accepted: {request.status} {request.reason}")
        told, found = reported(trace, self.number)
        wanted, seen = limits(request.payload["chargingProfile"], "setpoint"), limits(found, "setpoint")
        yield holds("OCPP-H-DECIMALS", wanted == seen, expected=f"setpoint {wanted[0]}", seen=seen[:1],
                    at=(*request.at, told.request.index))  # fmt: skip
