"""What many stimuli begin with: a transaction, a profile, a variable that is read or set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from v2gready.authoring.ocpp.bench import Payload, StationBench
from v2gready.protocols.ocpp.frames import CallResult

if TYPE_CHECKING:
    from v2gready.emulators.ocpp.session import OcppSession

TOKEN: Final = "V2GREADY-TOKEN"  # noqa: S105 - a customer, no password
START_TIME: Final = 90.0
"""Seconds in which a vehicle that is plugged in and authorised is charged; our own, generous figure."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that a station has begun.

    Attributes:
        id: Its transactionId.
        evse: Its EVSE.
        event: Payload of the TransactionEvent that was waited for.
    """

    id: str
    evse: int
    event: Mapping[str, Any]


async def start_transaction(
    bench: StationBench,
    session: OcppSession,
    *,
    evse: int = 1,
    state: str | None = "Charging",
    token: str = TOKEN,
    token_type: str = "ISO14443",  # noqa: S107 - a kind of token, no password
    within: float = START_TIME,
    **vehicle: Any,
) -> Transaction:
    """Plugs a vehicle in, authorises it and waits for a charging state. Needs the hooks plug_in and present_token.

    Args:
        bench: The bench.
        session: The station's connection.
        evse: Where.
        state: ``chargingState`` to wait for; None: the first TransactionEvent is enough.
        token: idToken.
        token_type: Its type.
        within: Seconds allowed.
        **vehicle: What the vehicle can do, as the hook takes it: ``evccid="..."``, ``bpt=True``.

    Raises:
        Unreached: It did not come that far.
    """
    mark = session.mark
    await bench.act("plug_in", evse=evse, **vehicle)
    await bench.act("present_token", token=token, type=token_type, evse=evse)
    event = await session.wait_for(
        "TransactionEvent",
        where=lambda one: state is None or one["transactionInfo"].get("chargingState") == state,
        within=within,
        since=mark,
    )
    return Transaction(event.payload["transactionInfo"]["transactionId"], evse, event.payload)


def period(start: int = 0, mode: str | None = None, **fields: Any) -> Payload:
    """One chargingSchedulePeriod: ``period(0, "CentralSetpoint", setpoint=-5000.0)``."""
    head: Payload = {"startPeriod": start}
    if mode is not None:
        head["operationMode"] = mode
    return {**head, **fields}


def profile(
    profile_id: int,
    *periods: Payload,
    purpose: str = "TxProfile",
    kind: str = "Absolute",
    stack: int = 0,
    transaction: str | None = None,
    start: str | None = None,
    unit: str = "W",
    schedule: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Payload:
    """A chargingProfile with one schedule.

    Args:
        profile_id: Its id.
        *periods: Periods of the schedule.
        purpose: chargingProfilePurpose.
        kind: chargingProfileKind.
        stack: stackLevel.
        transaction: transactionId, for a TxProfile.
        start: startSchedule; Absolute and Recurring need one.
        unit: chargingRateUnit.
        schedule: More fields of the schedule, e.g. ``{"duration": 60}``.
        **fields: More fields of the profile, e.g. ``dynUpdateInterval=10``.
    """
    one: Payload = {"id": profile_id, "chargingRateUnit": unit, "chargingSchedulePeriod": list(periods)}
    if start is not None:
        one["startSchedule"] = start
    result: Payload = {
        "id": profile_id,
        "stackLevel": stack,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [{**one, **(schedule or {})}],
    }
    if transaction is not None:
        result["transactionId"] = transaction
    return {**result, **fields}


def variable(component: str, name: str, *, evse: int | None = None, instance: str | None = None) -> Payload:
    """``component`` and ``variable`` of GetVariables and SetVariables.

    Args:
        component: Name of the component.
        name: Name of the variable.
        evse: EVSE of the component, if it belongs to one.
        instance: Instance of the variable.
    """
    whose: Payload = {"name": component}
    if evse is not None:
        whose["evse"] = {"id": evse}
    which: Payload = {"name": name}
    if instance is not None:
        which["instance"] = instance
    return {"component": whose, "variable": which}


async def get_variable(session: OcppSession, *args: Any, **which: Any) -> str | None:
    """The value of one variable; None if the station does not tell. Arguments as for `variable`."""
    reply = await session.call("GetVariables", {"getVariableData": [variable(*args, **which)]})
    results = _results(reply, "getVariableResult")
    return None if not results else results[0].get("attributeValue")


async def set_variable(session: OcppSession, value: str, *args: Any, **which: Any) -> str | None:
    """Sets one variable; gives ``attributeStatus``. Arguments as for `variable`, behind the value."""
    data = {**variable(*args, **which), "attributeValue": value}
    results = _results(await session.call("SetVariables", {"setVariableData": [data]}), "setVariableResult")
    return None if not results else results[0].get("attributeStatus")


def _results(reply: Any, name: str) -> Sequence[Mapping[str, Any]]:
    found = reply.payload.get(name) if isinstance(reply, CallResult) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
