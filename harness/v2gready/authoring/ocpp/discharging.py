"""Words about vehicles that give energy back: how a stimulus begins, and what a judge needs to know of it.

Powers are positive into the vehicle. They are shares of what the DUT file says the station can do, so that a judge
reads them from the profile on the wire and knows no number of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from v2gready.authoring.ocpp.bench import Payload, StationBench
from v2gready.authoring.ocpp.flows import Transaction, set_variable, start_transaction, variable
from v2gready.authoring.ocpp.judgements import look
from v2gready.authoring.ocpp.power import (
    EXPORT,
    EXPORT_REGISTER,
    IMPORT,
    IMPORT_REGISTER,
    power_follows,
)
from v2gready.authoring.ocpp.wire import RpcExchange, calls, got
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, EventKind, Frame, Trace

if TYPE_CHECKING:
    from v2gready.emulators.ocpp.session import OcppSession

EVCCID: Final = "WMIV1234567890ABCDEX"
BPT: Final = frozenset({"AC_BPT", "AC_BPT_DER", "DC_BPT", "DC_ACDP_BPT"})
"""Energy transfer modes with which a vehicle can discharge."""
INTERVAL: Final = 5
"""Seconds between meter values: the only power that is known where no meter is on the bench."""
MEASURANDS: Final = (IMPORT, EXPORT, IMPORT_REGISTER, EXPORT_REGISTER)
HOLD: Final = 14.0
"""Seconds for which a power is watched once it has settled."""
_GUARD: Final = 2.0
"""Seconds before the end of a hold that are not looked at: the next step has begun somewhere."""
_CHARGE, _DISCHARGE = 7000.0, 7000.0


def share_of_power(bench: StationBench, share: float) -> float:
    """A power as share of the rating in that direction, in whole 100 W.

    Args:
        bench: The bench.
        share: -1 to 1, positive charging.
    """
    rating = (
        bench.number("ocpp_max_charge_power", _CHARGE)
        if share > 0
        else bench.number("ocpp_max_discharge_power", _DISCHARGE)
    )
    return round(share * rating / 100.0) * 100.0


async def sample_often(session: OcppSession, *more: str) -> None:
    """Asks for power and registers every `INTERVAL` seconds; a station may refuse, then there are fewer values.

    Args:
        session: The station's connection.
        *more: Further measurands.
    """
    await set_variable(session, str(INTERVAL), "SampledDataCtrlr", "TxUpdatedInterval")
    await set_variable(session, ",".join((*MEASURANDS, *more)), "SampledDataCtrlr", "TxUpdatedMeasurands")


async def start_v2x(
    bench: StationBench,
    session: OcppSession,
    *more: str,
    allowed: tuple[str, ...] = ("DC_BPT", "AC_BPT"),
    **vehicle: Any,
) -> Transaction:
    """A transaction of a vehicle that can discharge and may, with frequent meter values.

    Args:
        bench: The bench.
        session: The station's connection.
        *more: Further measurands.
        allowed: What the CSMS allows; nothing: it has not decided.
        **vehicle: As for `start_transaction`.
    """
    bench.csms.allowed_energy_transfer = allowed
    await sample_often(session, *more)
    given: dict[str, Any] = {"evccid": EVCCID, "bpt": True, "control_mode": "DynamicControl", **vehicle}
    return await start_transaction(bench, session, **given)


async def install(session: OcppSession, profile: Payload, *, evse: int = 1) -> None:
    """SetChargingProfile."""
    await session.call("SetChargingProfile", {"evseId": evse, "chargingProfile": profile})


async def update(session: OcppSession, profile_id: int, **values: float) -> None:
    """UpdateDynamicSchedule."""
    await session.call("UpdateDynamicSchedule", {"chargingProfileId": profile_id, "scheduleUpdate": values})


async def hold(bench: StationBench, session: OcppSession) -> None:
    """Lets the station settle, and watches it."""
    await session.silence(bench.settling_time + HOLD)


async def noted(bench: StationBench, session: OcppSession, what: str, value: float) -> None:
    """Writes into the trace what a hook does, as the id of a harmless question: judges read no actions.

    Args:
        bench: The bench.
        session: The station's connection.
        what: At most nine letters.
        value: At most nine digits.
    """
    question = {"getVariableData": [variable("ClockCtrlr", "DateTime")]}
    await session.call("GetVariables", question, id=bench.new_id(f"{what}={value:g};"))


def notes(trace: Trace, what: str) -> list[tuple[float, RpcExchange]]:
    """What `noted` has written, in order.

    Raises:
        Inconclusive: Nothing.
    """
    found = [
        (float(one.call.id.partition("=")[2].partition(";")[0]), one)
        for one in calls(trace, "GetVariables", sender=trace.tester)
        if one.call.id.startswith(f"{what}=") and ";" in one.call.id
    ]
    if not found:
        raise Inconclusive(f"{what} was never set")
    return found


def settling(trace: Trace) -> float:
    """Seconds in which the station reaches a new power, as the DUT file says."""
    declared = trace.declared
    return float(declared.get("ocpp_settling_time", declared.get("settling_time", 3.0)))


def discharging_agreed(trace: Trace) -> RpcExchange:
    """The needs of a vehicle that may discharge: before them nothing that is asked can be done.

    Raises:
        Inconclusive: No bidirectional transfer was asked for.
    """
    return got(
        trace, "NotifyEVChargingNeeds", where=lambda one: look(one, "chargingNeeds.requestedEnergyTransfer") in BPT
    )


def period_of(exchange: RpcExchange, nth: int = 0) -> Payload:
    """The ``nth`` period of a profile that we sent."""
    found: Payload = look(exchange.payload, f"chargingProfile.chargingSchedule.0.chargingSchedulePeriod.{nth}")
    return found


def reaches(
    requirement: str,
    trace: Trace,
    after: RpcExchange | float,
    watts: float,
    *,
    evse: int = 1,
    tolerance: float | None = None,
) -> Observation:
    """Power reaches a value and keeps it for a hold.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        after: What asks for it, or when it was asked for.
        watts: Positive into the vehicle.
        evse: Which EVSE.
        tolerance: See `power_follows`.

    Raises:
        Inconclusive: Nothing was measured, or the device never answered what asks for it.
    """
    begin = after if isinstance(after, float) else _answered(after).t
    end = begin + settling(trace) + HOLD - _GUARD
    return power_follows(
        requirement, trace, evse, watts, after=begin, within=settling(trace), until=end, tolerance=tolerance
    )


def span_after(trace: Trace, after: RpcExchange) -> tuple[float, float]:
    """Beginning and end of the hold behind a message of ours."""
    begin = _answered(after).t + settling(trace)
    return begin, begin + HOLD - _GUARD


def outage(trace: Trace, link: str) -> tuple[float, float]:
    """When a connection was lost, and when the station was back on another one.

    Raises:
        Inconclusive: It was never lost, or the station never came back.
    """
    lost = next((one for one in trace.events(EventKind.CLOSED, link=link)), None)
    if lost is None:
        raise Inconclusive(f"connection {link} was never lost")
    back = next((one for one in trace.events(EventKind.WS_RESPONSE) if _later(one, lost)), None)
    if back is None:
        raise Inconclusive("the station did not come back")
    return lost.t, back.t


def _later(one: Event, lost: Event) -> bool:
    return one.index > lost.index and one.link != lost.link and one.detail.get("status") == 101


def _answered(exchange: RpcExchange) -> Frame:
    if exchange.reply is None:
        raise Inconclusive(f"{exchange.action} was not answered")
    return exchange.reply
