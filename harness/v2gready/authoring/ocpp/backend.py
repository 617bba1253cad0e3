"""What cases for a CSMS begin with and look at: a customer who charges, the needs of a car, the profile that answers.

Stimuli end what they begin: a real CSMS keeps its transactions beyond a case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.bench import CsmsBench, Payload
from v2gready.authoring.ocpp.judgements import describe
from v2gready.authoring.ocpp.wire import RpcExchange, calls, edition_of, last_words, sent
from v2gready.emulators.reach import Unreached
from v2gready.emulators.station import StationSession, token, values
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Record, Trace
from v2gready.protocols.ocpp.frames import CallResult
from v2gready.protocols.ocpp.operation_modes import (
    FIELDS,
    PHASES,
    OperationMode,
    Outcome,
    judge_fields,
    phases_have_base,
    setpoint_in_limits,
)
from v2gready.protocols.ocpp.schema import check_reply

PLAN_TIME: Final = 60.0
"""Seconds from NotifyEVChargingNeeds to SetChargingProfile (K15, K18, K19)."""
CAR: Final[Mapping[str, float]] = {"maxChargePower": 9000.0, "maxDischargePower": 8000.0}
"""A car that can do a little less than the usual wall box, so that ratings show."""
BIDIRECTIONAL: Final = frozenset({"AC_BPT", "AC_BPT_DER", "DC_BPT", "DC_ACDP_BPT"})
"""EnergyTransferMode with discharging."""


def customer(bench: CsmsBench, kind: str = "v2x") -> str:
    """The idToken of a customer that the CSMS knows: ``v2x``, ``charging``, ``undecided`` or ``blocked``.

    Raises:
        Unreached: The DUT file names none.
    """
    found = bench.text(f"ocpp_token_{kind}", "")
    if not found:
        raise Unreached(f"the DUT file has no ocpp_token_{kind}")
    return found


def identity_left(bench: CsmsBench, status: str) -> str:
    """The identity whose first BootNotification the CSMS leaves ``pending``.

    Raises:
        Unreached: The DUT file names none.
    """
    found = bench.text(f"ocpp_{status}_identity", "")
    if not found:
        raise Unreached(f"the DUT file has no ocpp_{status}_identity")
    return found


def boot_left(trace: Trace, status: str) -> RpcExchange:
    """The BootNotification that was answered so: what a case about a station that is not accepted needs.

    Raises:
        Inconclusive: It was answered otherwise.
    """
    boot = sent(trace, "BootNotification")
    if boot.status != status:
        raise Inconclusive(f"the boot was answered by {describe(boot)}, and {status} is needed")
    return boot


def accepted_boot(trace: Trace) -> RpcExchange:
    """The first BootNotification, which was accepted: without that the rest of a trace says nothing.

    Raises:
        Inconclusive: It was not.
    """
    return boot_left(trace, "Accepted")


def reply_problem(trace: Trace, exchange: RpcExchange) -> str:
    """What the schema of the connection's edition has against a CALLRESULT; empty if nothing."""
    message = None if exchange.reply is None else exchange.reply.message
    if not isinstance(message, CallResult):
        return describe(exchange)
    problems = check_reply(edition_of(trace, exchange.request), exchange.call, message)
    return f"{problems[0].path or 'payload'}: {problems[0].sentence}" if problems else ""


def valid_answer(requirement: str, trace: Trace, exchange: RpcExchange) -> Observation:
    """The answer of the device is a CALLRESULT, valid by the schema of the edition of its connection."""
    problem = reply_problem(trace, exchange)
    return holds(
        requirement,
        not problem,
        expected=f"a CALLRESULT for {exchange.action} that is valid by the schema",
        seen=problem or "valid",
        at=exchange.at,
    )


@asynccontextmanager
async def charging(
    bench: CsmsBench, station: StationSession, *, who: str = "v2x", evse: int = 1, authorize: bool = True
) -> AsyncIterator[str]:
    """A transaction that runs: authorised, started, charging; it is ended behind the block. Gives its id.

    Args:
        bench: The bench.
        station: A connection that has booted.
        who: The customer, see `customer`.
        evse: Where.
        authorize: Send Authorize before.
    """
    name, transaction = customer(bench, who), bench.new_id("tx-")
    if authorize:
        await station.authorize(name)
    await station.transaction_event(
        "Started", transaction=transaction, evse=evse, trigger="Authorized", idToken=token(name)
    )
    await station.transaction_event("Updated", transaction=transaction, evse=evse, trigger="ChargingStateChanged")
    yield transaction
    over = {"stoppedReason": "EVDisconnected"}
    await station.transaction_event("Ended", transaction=transaction, evse=evse, info=over)


def needs(
    transfer: str = "DC_BPT",
    control: str | None = "ScheduledControl",
    *,
    evse: int = 1,
    departure: str | None = None,
    tuples: int | None = None,
    powers: Mapping[str, float] = CAR,
    **more: Any,
) -> Payload:
    """NotifyEVChargingNeeds of an ISO 15118-20 car, which tells v2xChargingParameters alone (K18, K19).

    Args:
        transfer: requestedEnergyTransfer.
        control: controlMode; left out if None.
        evse: evseId.
        departure: departureTime.
        tuples: maxScheduleTuples.
        powers: v2xChargingParameters; positive in both directions.
        **more: More fields of chargingNeeds.
    """
    wishes: Payload = {"requestedEnergyTransfer": transfer, "v2xChargingParameters": dict(powers), **more}
    wishes |= {} if control is None else {"controlMode": control, "mobilityNeedsMode": "EVCC"}
    wishes |= {} if departure is None else {"departureTime": departure}
    return {"evseId": evse, "chargingNeeds": wishes, **({} if tuples is None else {"maxScheduleTuples": tuples})}


async def plan(station: StationSession, asked: Payload) -> None:
    """Tells the needs of a car and waits for the profile, as long as the CSMS may take and a little longer."""
    mark = station.mark
    await station.call("NotifyEVChargingNeeds", asked)
    await station.look_for("SetChargingProfile", within=PLAN_TIME + 5, since=mark)


def planned(trace: Trace, asked: RpcExchange) -> RpcExchange:
    """The TxProfile that answers the needs of a car, for judges of what is in it.

    Raises:
        Inconclusive: The CSMS did not take the needs, or sent none before the next needs were told.
    """
    if asked.status not in {"Accepted", "Processing"}:
        raise Inconclusive(f"the CSMS did not take the needs of the car: {describe(asked)}")
    accepted_boot(trace)
    later = calls(trace, asked.action, sender=trace.tester, link=asked.link, after=asked.request)
    found = tx_profiles(trace, after=asked.request, before=later[0].request if later else None)
    if not found:
        raise Inconclusive(f"no TxProfile came for the needs of the car: {last_words(trace)}")
    return found[0]


def tx_profiles(
    trace: Trace, *, after: Record | None = None, before: Record | None = None, transaction: str | None = None
) -> list[RpcExchange]:
    """SetChargingProfile of the CSMS with a TxProfile, of that transaction alone if one is given."""

    def is_so(payload: Mapping[str, Any]) -> bool:
        profile = payload.get("chargingProfile")
        return (
            isinstance(profile, Mapping)
            and profile.get("chargingProfilePurpose") == "TxProfile"
            and (transaction is None or profile.get("transactionId") == transaction)
        )

    return calls(trace, "SetChargingProfile", sender=trace.dut, where=is_so, after=after, before=before)


def schedules(exchange: RpcExchange) -> list[Mapping[str, Any]]:
    """The schedules of a SetChargingProfile; none where it is no such message."""
    return _objects(_profile(exchange), "chargingSchedule")


def periods(exchange: RpcExchange) -> list[Mapping[str, Any]]:
    """All periods of a SetChargingProfile, in order."""
    return [period for schedule in schedules(exchange) for period in _objects(schedule, "chargingSchedulePeriod")]


def _profile(exchange: RpcExchange) -> Mapping[str, Any]:
    found = exchange.payload.get("chargingProfile")
    return found if isinstance(found, Mapping) else {}


def _objects(holder: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects in a list of a payload, which may be anything: what the schema forbids is for others to judge."""
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def has_start(requirement: str, exchange: RpcExchange) -> Observation:
    """Absolute and Recurring schedules have startSchedule; Relative ones have none."""
    kind = str(_profile(exchange).get("chargingProfileKind"))
    there = [schedule.get("startSchedule") for schedule in schedules(exchange)]
    if not there:
        good = False
    elif kind in {"Absolute", "Recurring"}:
        good = all(there)
    else:
        good = kind != "Relative" or not any(there)
    return holds(
        requirement,
        good,
        expected="startSchedule in each schedule of an Absolute or Recurring profile, in none of a Relative one",
        seen=f"{kind} with startSchedule {', '.join(map(str, there)) or 'missing: no schedule'}",
        at=exchange.at,
    )


def of_transaction(requirement: str, exchange: RpcExchange, transaction: str, evse: int) -> Observation:
    """A TxProfile names the transaction that runs, and its EVSE (K01: evseId above 0)."""
    profile = _profile(exchange)
    seen = (exchange.payload.get("evseId"), profile.get("transactionId"))
    return holds(
        requirement,
        seen == (evse, transaction),
        expected=f"a TxProfile for EVSE {evse} with transactionId {transaction}",
        seen=f"EVSE {seen[0]}, transactionId {seen[1] or 'missing'}",
        at=exchange.at,
    )


def well_built(requirement: str, exchange: RpcExchange) -> Observation:
    """Periods begin at 0 and ascend; dynUpdate fields are in dynamic profiles alone (K01.FR.31, FR.35, FR.120)."""
    profile = _profile(exchange)
    wrong = next(_ill_built(profile, schedules(exchange)), "")
    return holds(
        requirement,
        not wrong,
        expected="periods from 0 on in rising order; dynUpdate fields in a Dynamic profile alone",
        seen=wrong or f"{len(periods(exchange))} periods, so",
        at=exchange.at,
    )


def _ill_built(profile: Mapping[str, Any], found: list[Mapping[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no schedule"
    if profile.get("chargingProfileKind") != "Dynamic":
        yield from (f"{name} in a profile that is not Dynamic" for name in profile if name.startswith("dynUpdate"))
    for schedule in found:
        starts = [period.get("startPeriod") for period in _objects(schedule, "chargingSchedulePeriod")]
        if not starts or starts[0] != 0:
            yield f"first startPeriod {starts[0] if starts else 'missing'}"
        for sooner, later in pairwise(starts):
            if not isinstance(sooner, int) or not isinstance(later, int) or later <= sooner:
                yield f"startPeriod {later} after {sooner}"


def in_matrix(requirement: str, exchange: RpcExchange) -> Observation:
    """Every period has the fields that its mode asks for, and none that it forbids (Q, V2X.05, K01.FR.142)."""
    found = periods(exchange)
    wrong = next((sentence for period in found if (sentence := _off_matrix(period))), "")
    return holds(
        requirement,
        bool(found) and not wrong,
        expected="in each period the fields that its operation mode requires, none that it forbids, within its limits",
        seen=wrong or (f"{len(found)} periods, all so" if found else "no period"),
        at=exchange.at,
    )


def _off_matrix(period: Mapping[str, Any]) -> str:
    name = str(period.get("operationMode", OperationMode.CHARGING_ONLY.value))
    if name not in set(OperationMode):
        return f"operation mode {name} does not exist"
    given = [field + phase for field in FIELDS for phase in PHASES if field + phase in period]
    if not all(isinstance(period[field], int | float) for field in given):
        return "a value that is no number"
    present = frozenset(field for field in FIELDS if field in period)
    if not phases_have_base(period):
        return "a field for L2 or L3 without the one for L1"
    outcome, broken = judge_fields(OperationMode(name), present)
    if outcome is Outcome.REJECTED:
        has = ", ".join(sorted(present)) or "no field"
        return f"{name} with {has}: wrong or missing {', '.join(broken)}"
    if not setpoint_in_limits(period):
        return f"{name} with a setpoint outside of its own limits"
    return ""


__all__ = [
    "BIDIRECTIONAL",
    "CAR",
    "PLAN_TIME",
    "StationSession",
    "accepted_boot",
    "boot_left",
    "charging",
    "customer",
    "has_start",
    "identity_left",
    "in_matrix",
    "needs",
    "of_transaction",
    "periods",
    "plan",
    "planned",
    "reply_problem",
    "schedules",
    "token",
    "tx_profiles",
    "valid_answer",
    "values",
    "well_built",
]
