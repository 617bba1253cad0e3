"""Words for values by phase: an EVSE with three phases of AC, and what comes back of a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.bench import Payload, StationBench, StationCase
from v2gready.authoring.ocpp.discharging import start_v2x
from v2gready.authoring.ocpp.flows import Transaction
from v2gready.authoring.ocpp.judgements import look
from v2gready.authoring.ocpp.wire import RpcExchange, calls, got
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace
from v2gready.protocols.ocpp import operation_modes

SET: Final = "SetChargingProfile"
OTHERS: Final = operation_modes.PHASES[1:]
AC_PROTOCOL: Final = "urn:iso:std:iso:15118:-20:AC"
REPORT: Final = 20.0
"""Seconds for a report."""


def ac_evse(bench: StationBench) -> int:
    """The EVSE with three phases of AC, as the DUT file says."""
    return int(bench.number("ocpp_ac_evse", 1))


def by_phase(name: str, *values: float) -> Payload:
    """``limit``, ``limit_L2``, ``limit_L3``."""
    return {f"{name}{phase}": value for phase, value in zip(operation_modes.PHASES, values, strict=False)}


async def start_ac(bench: StationBench, station: Any, *, phases: int = 3) -> Transaction:
    """A transaction of a vehicle with some phases of AC that can and may discharge."""
    return await start_v2x(
        bench, station, evse=ac_evse(bench), phases=phases, protocol=AC_PROTOCOL, allowed=("AC_three_phase", "AC_BPT")
    )


async def report_profile(station: Any, number: int) -> None:
    """Asks for one profile, waits for it, and clears it."""
    mark = station.mark
    await station.call("GetChargingProfiles", {"requestId": number, "chargingProfile": {"chargingProfileId": [number]}})
    await station.look_for("ReportChargingProfiles", since=mark, within=REPORT)
    await station.call("ClearChargingProfile", {"chargingProfileId": number})


def phases_told(trace: Trace, evse: int) -> frozenset[str]:
    """Suffixes of the phases of which the vehicle at an EVSE has told powers.

    Raises:
        Inconclusive: It told no needs there.
    """
    needs = got(trace, "NotifyEVChargingNeeds", where=lambda one: one["evseId"] == evse, nth=-1)
    names = look(needs.payload, "chargingNeeds.v2xChargingParameters") or {}
    return frozenset(phase for phase in OTHERS if any(name.endswith(phase) for name in names))


def profiles_sent(trace: Trace, number: int | None = None) -> list[RpcExchange]:
    """Profiles that we sent; of one id.

    Raises:
        Inconclusive: None.
    """
    found = [
        one
        for one in calls(trace, SET, sender=trace.tester)
        if number is None or look(one.payload, "chargingProfile.id") == number
    ]
    if not found:
        raise Inconclusive("a profile was not sent" if number is None else f"profile {number} was not sent")
    return found


def three_phases(trace: Trace) -> None:
    """The vehicle has told powers of all phases, so that values of all phases may be set.

    Raises:
        Inconclusive: It has not.
    """
    evse = int(profiles_sent(trace)[0].payload["evseId"])
    if phases_told(trace, evse) != frozenset(OTHERS):
        raise Inconclusive("the vehicle told no powers of L2 and L3: plug in one that does")


def profile_reported(trace: Trace, number: int) -> tuple[RpcExchange, Mapping[str, Any]]:
    """The last report of a profile, and the profile in it.

    Raises:
        Inconclusive: There was none.
    """
    for one in reversed(calls(trace, "ReportChargingProfiles", sender=trace.dut)):
        for found in one.payload.get("chargingProfile", []):
            if found.get("id") == number:
                return one, found
    raise Inconclusive(f"profile {number} was never reported")


def values_come_back(
    requirement: str, trace: Trace, number: int, wanted: Sequence[Mapping[str, Any]], at: tuple[int, ...]
) -> Observation:
    """Each period of a reported profile has the values that were set last, to the digit."""
    where, found = profile_reported(trace, number)
    periods = look(found, "chargingSchedule.0.chargingSchedulePeriod") or []
    wrong = [
        (name, value, there.get(name))
        for one, there in zip(wanted, periods, strict=False)
        for name, value in one.items()
        if there.get(name) != value or isinstance(there.get(name), bool)
    ]
    same = not wrong and len(periods) == len(wanted)
    names = sorted({name for one in wanted for name in one})
    return holds(
        requirement,
        same,
        expected=f"{', '.join(names)} as set",
        seen="all of them"
        if same
        else (f"{wrong[0][0]} {wrong[0][1]} became {wrong[0][2]}" if wrong else f"{len(periods)} periods"),
        at=(*at, *where.at),
    )


class ThreePhaseCase(StationCase):
    """A case at the EVSE with three phases of AC."""

    area = "v2x"
    pics = "ocpp_v2x and ocpp_ac_phases"
    hooks = ("plug_in", "present_token")
