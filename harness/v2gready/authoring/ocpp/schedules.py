"""Words about charging profiles: what a station was given, and whether its composite schedule is that of the model.

All from the trace: which SetChargingProfile was accepted, what was cleared, which transaction runs.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from v2gready.authoring.expectations import holds, measured
from v2gready.authoring.ocpp.flows import get_variable, period, profile
from v2gready.authoring.ocpp.judgements import ACCEPTED, describe, status_is
from v2gready.authoring.ocpp.power import power_at, tolerance_of
from v2gready.authoring.ocpp.wire import RpcExchange, calls, instant
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Record, Trace
from v2gready.protocols.ocpp import composite
from v2gready.protocols.ocpp.composite import Installed, Situation

if TYPE_CHECKING:
    from v2gready.emulators.ocpp.session import OcppSession

GUARD: Final = 3.0
"""Seconds around a change of the composite in which either value is right: clocks, whole seconds, start of charging."""
EXACT: Final = 0.049
"""A limit has one decimal at most in OCPP 2.0.1; whoever misses one by less has rounded at another place."""
_EXTERNAL: Final = "ChargingStationExternalConstraints"
_SMART: Final = "SmartChargingCtrlr"
_EVERYBODY_HAS: Final = ("OCPPCommCtrlr", "HeartbeatInterval")


def utc_at(trace: Trace, t: float) -> datetime:
    """The time of our CSMS at an instant of the trace, by the last answer that told it.

    Raises:
        Inconclusive: No BootNotification or Heartbeat was answered with a time before.
    """
    told = [
        one
        for one in calls(trace, sender=trace.dut)
        if one.action in {"BootNotification", "Heartbeat"} and one.answer and "currentTime" in one.answer
    ]
    known = [one for one in told if one.reply is not None and one.reply.t <= t]
    if not known or known[-1].reply is None or known[-1].answer is None:
        raise Inconclusive("the station was told no time")
    moment = datetime.fromtimestamp(instant(str(known[-1].answer["currentTime"])), UTC)
    return moment + timedelta(seconds=t - known[-1].reply.t)


def told_variable(trace: Trace, component: str, name: str, *, instance: str | None = None) -> str | None:
    """The value of a variable as the station told it last in answer to GetVariables; None if it never did."""
    found = None
    for one in calls(trace, "GetVariables", sender=trace.tester):
        results = (one.answer or {}).get("getVariableResult")
        for result in results if isinstance(results, list) else []:
            variable = result.get("variable", {})
            same = result.get("component", {}).get("name") == component and variable.get("name") == name
            if same and (instance is None or variable.get("instance") == instance):
                found = result.get("attributeValue", found)
    return found


def installed_profiles(trace: Trace, before: Record) -> list[Installed]:
    """The profiles that a station has at a record, as far as our CSMS set and cleared them.

    TxProfiles of transactions that are over are left out.
    """
    found: list[Installed] = []
    for one in calls(trace, before=before):
        if one.reply is None or one.reply.index > before.index:
            continue
        if one.action == "SetChargingProfile" and one.status == "Accepted":
            new = one.payload["chargingProfile"]
            found = [old for old in found if old.profile["id"] != new["id"]]
            found.append(Installed(one.payload["evseId"], new, utc_at(trace, one.t)))
        elif one.action == "ClearChargingProfile" and one.status == "Accepted":
            found = [old for old in found if not _is_cleared(old, one.payload)]
        elif one.action == "TransactionEvent" and one.payload.get("eventType") == "Ended":
            over = one.payload["transactionInfo"]["transactionId"]
            found = [old for old in found if old.profile.get("transactionId") != over]
    return found


def _is_cleared(old: Installed, request: Mapping[str, Any]) -> bool:
    if "chargingProfileId" in request:
        return bool(old.profile["id"] == request["chargingProfileId"])
    wanted = request.get("chargingProfileCriteria", {})
    return bool(
        wanted.get("evseId", old.evse) == old.evse
        and wanted.get("chargingProfilePurpose", str(old.purpose)) == str(old.purpose)
        and wanted.get("stackLevel", old.profile["stackLevel"]) == old.profile["stackLevel"]
    )


def _transaction_at(trace: Trace, evse: int, before: Record) -> tuple[str, datetime | None]:
    """Id and start of the transaction that runs on an EVSE."""
    identity, started = "", None
    for one in calls(trace, "TransactionEvent", sender=trace.dut, before=before):
        info, place = one.payload["transactionInfo"], one.payload.get("evse", {}).get("id")
        if one.payload["eventType"] == "Started" and place == evse:
            identity = info["transactionId"]
            started = datetime.fromtimestamp(instant(one.payload["timestamp"]), UTC)
        elif one.payload["eventType"] == "Ended" and info["transactionId"] == identity:
            identity, started = "", None
    return identity, started


def situation_at(trace: Trace, evse: int, before: Record, *, unit: str = "W") -> Situation:
    """What the composite of an EVSE depends on at a record.

    Volts and phases are 1: values stay in the unit they were sent in, which has to be the same throughout.
    """
    units = {
        schedule["chargingRateUnit"]
        for one in installed_profiles(trace, before)
        for schedule in one.profile["chargingSchedule"]
    }
    if units - {unit}:
        raise Inconclusive(f"the profiles are in {' and '.join(sorted(units))}, the schedule in {unit}")
    identity, started = _transaction_at(trace, evse, before)
    priority = False
    for one in calls(trace, "UsePriorityCharging", sender=trace.tester, before=before):
        if one.status == "Accepted" and one.payload["transactionId"] == identity:
            priority = bool(one.payload["activate"])
    return Situation(evse, identity, started, priority, None, volts=1.0, phases=1)


def own_limit(trace: Trace, evse: int, unit: str) -> float | None:
    """What the station may take of itself: what it told before it had any profile, or the DUT file for watts."""
    declared = trace.declared.get("ocpp_max_charge_power") if unit == "W" else None
    first = next(iter(calls(trace, "SetChargingProfile", sender=trace.tester)), None)
    for one in calls(trace, "GetCompositeSchedule", sender=trace.tester):
        if one.payload["evseId"] != evse or (first is not None and one.request.index > first.request.index):
            continue
        schedule = (one.answer or {}).get("schedule") or {}
        limits = [one.get("limit") for one in schedule.get("chargingSchedulePeriod", ())]
        if schedule.get("chargingRateUnit") == unit and limits and limits[0] and declared is None:
            return float(limits[0])
    return None if declared is None else float(declared)


def composite_as_modelled(
    requirement: str, trace: Trace, asked: RpcExchange, *, guard: float = GUARD, least: int = 1
) -> Observation:
    """The composite schedule of a station is that of the oracle, at every moment that was asked for.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        asked: Our GetCompositeSchedule.
        guard: Seconds around changes in which either value is right.
        least: How many profiles must have been accepted before.

    Raises:
        Inconclusive: Fewer profiles were accepted, or units are mixed.
    """
    evse, duration = asked.payload["evseId"], asked.payload["duration"]
    installed = installed_profiles(trace, asked.request)
    if len(installed) < least:
        raise Inconclusive(f"the station has accepted {len(installed)} profiles, {least} are needed")
    schedule = (asked.answer or {}).get("schedule")
    if asked.status != "Accepted" or not isinstance(schedule, Mapping):
        expected = f"a composite schedule of EVSE {evse}"
        return holds(requirement, False, expected=expected, seen=describe(asked), at=asked.at)
    unit = str(schedule["chargingRateUnit"])
    wanted = asked.payload.get("chargingRateUnit", unit)
    if unit != wanted or schedule["evseId"] != evse:
        expected, got = f"a schedule of EVSE {evse} in {wanted}", f"of EVSE {schedule['evseId']} in {unit}"
        return holds(requirement, False, expected=expected, seen=got, at=asked.at)
    situation = situation_at(trace, evse, asked.request, unit=unit)
    rating = own_limit(trace, evse, unit)
    begin = utc_at(trace, asked.t)
    compared = 0
    for middle in _middles(installed, situation, schedule, begin, begin + timedelta(seconds=duration), guard):
        limit = composite.demand(installed, situation, middle).limit
        # Where no profile limits, the station itself does.
        limit = min((one for one in (limit, rating) if one is not None), default=None)
        if limit is None:
            continue
        compared += 1
        told = composite.of_schedule(schedule, middle, situation)
        seen = None if told is None else told.limit
        if seen is None or abs(seen - limit) > EXACT:
            after = (middle - begin).total_seconds()
            expected = f"limit {limit:.9g} {unit} {after:.0f} s from now ({len(installed)} profiles)"
            words = "nothing for that time" if told is None else f"limit {seen} {unit}"
            return holds(requirement, False, expected=expected, seen=words, at=asked.at)
    if not compared:
        raise Inconclusive("the composite has no stretch that is long enough to look at")
    expected = f"the lowest of the leading limits of {len(installed)} profiles, for {duration} s"
    return holds(requirement, True, expected=expected, seen=f"{compared} stretches, all so", at=asked.at)


def _middles(  # noqa: PLR0917 - the span and all that changes in it
    installed: Sequence[Installed],
    situation: Situation,
    schedule: Mapping[str, Any],
    begin: datetime,
    end: datetime,
    guard: float,
) -> list[datetime]:
    """Moments to look at: one between each two changes, of the model or of what was told."""
    edges = sorted({begin, end, *composite.instants(installed, situation, begin, end), *_turns(schedule, begin, end)})
    return [
        start + (stop - start) / 2
        for start, stop in itertools.pairwise(edges)
        if (stop - start).total_seconds() > 2 * guard
    ]


def _turns(schedule: Mapping[str, Any], begin: datetime, end: datetime) -> list[datetime]:
    start = datetime.fromtimestamp(instant(str(schedule["scheduleStart"])), UTC)
    offsets = [*(one["startPeriod"] for one in schedule["chargingSchedulePeriod"]), schedule["duration"]]
    found = [start + timedelta(seconds=offset) for offset in offsets]
    return [one for one in found if begin < one < end]


def power_limited(
    requirement: str,
    trace: Trace,
    evse: int,
    watts: float,
    *,
    after: Record | float,
    within: float,
    until: Record | float | None = None,
    before: float = 10.0,
) -> Observation:
    """Power stays at or below a limit from a time after a record on, where more was drawn before.

    A limit is no order: less than it is right. That more would flow without it must have been seen.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        evse: Which EVSE.
        watts: The limit.
        after: The record, or instant, from which it counts.
        within: Seconds to reach it.
        until: Up to this record or instant; to the end of the trace if None.
        before: Seconds before ``after`` in which more must have been drawn.

    Raises:
        Inconclusive: Nothing was measured, or no more was drawn before.
    """
    start = after if isinstance(after, float | int) else after.t
    end = float("inf") if until is None else until if isinstance(until, float | int) else until.t
    earlier, _ = power_at(trace, evse, since=max(start - before, 0.0), until=start)
    if not earlier or max(one.value for _, one, _ in earlier) <= watts + tolerance_of(watts):
        raise Inconclusive(f"no more than {watts:g} W was drawn before: a limit would not show")
    found, origin = power_at(trace, evse, since=start + within, until=end)
    if not found:
        raise Inconclusive(f"no power of EVSE {evse} is known after the limit")
    _, value, index = max(found, key=lambda one: one[1].value)
    asked = () if isinstance(after, float | int) else (after.index,)
    return measured(
        requirement,
        Measurement(value.value, "W", value.uncertainty),
        Limit("W", high=watts + tolerance_of(watts)),
        what=f"power of EVSE {evse} under a limit of {watts:g} W ({origin}, {len(found)} values)",
        at=(*asked, index),
    )


def taken(requirement: str, exchange: RpcExchange) -> Observation:
    """The answer has status Accepted; an empty result says nothing."""
    return status_is(requirement, exchange, ACCEPTED)


async def ask_alive(session: OcppSession) -> None:
    """Reads a variable that every station has, at the end of a stimulus: see `still_serves`."""
    await get_variable(session, *_EVERYBODY_HAS)


def still_serves(trace: Trace) -> None:
    """The station served to the end: who has nothing to say any more, or answers all alike, has done nothing right.

    Raises:
        Inconclusive: The last thing that we asked was not answered as it was asked.
    """
    asked = calls(trace, sender=trace.tester)
    last = asked[-1] if asked and asked[-1].action == "GetVariables" else None
    results = None if last is None or last.answer is None else last.answer.get("getVariableResult")
    if not isinstance(results, list) or not results or results[0].get("variable", {}).get("name") != _EVERYBODY_HAS[1]:
        raise Inconclusive("the station did not serve to the end")


async def rate_units(session: OcppSession) -> tuple[str, ...]:
    """Units of charging schedules that a station announces; W first. W alone where it does not say."""
    told = str(await get_variable(session, _SMART, "RateUnit") or "W")
    units = {one.strip() for one in told.split(",")} & {"A", "W"}
    return tuple(sorted(units, reverse=True)) or ("W",)


async def supports(session: OcppSession, name: str) -> bool:
    """Whether a station announces a feature of SmartChargingCtrlr by a boolean variable."""
    return str(await get_variable(session, _SMART, name)).lower() == "true"


def random_profile(
    rng: random.Random,
    profile_id: int,
    *,
    now: datetime,
    purpose: str,
    stack: int,
    limits: Sequence[float],
    unit: str = "W",
    transaction: str | None = None,
    kinds: Sequence[str] = ("Absolute", "Recurring"),
) -> dict[str, Any]:
    """A profile of OCPP 2.0.1's kinds with limits alone, as the text leaves no doubt about it.

    Its schedule has begun already; what begins later does so by validFrom.

    Args:
        rng: Randomness.
        profile_id: Its id.
        now: The time.
        purpose: chargingProfilePurpose.
        stack: stackLevel.
        limits: Lowest and highest limit, one decimal is kept.
        unit: chargingRateUnit.
        transaction: transactionId of a TxProfile.
        kinds: To choose from.
    """
    kind = rng.choice(kinds)
    starts = itertools.accumulate([0, *(rng.randrange(300, 1800, 60) for _ in range(rng.randrange(3)))])
    periods = [period(start, limit=round(rng.uniform(*limits), 1)) for start in starts]
    schedule: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    if kind != "Relative":
        back = timedelta(seconds=rng.randrange(60, 900, 30), days=rng.randrange(1, 4) if kind == "Recurring" else 0)
        schedule["startSchedule"] = _stamp(now - back)
    if kind == "Recurring":
        fields["recurrencyKind"] = "Daily"
        schedule["duration"] = rng.randrange(1800, 7200, 60)
    elif rng.random() < 0.5:
        schedule["duration"] = rng.randrange(1800, 7200, 60)
    if rng.random() < 0.3:
        fields["validFrom"] = _stamp(now + timedelta(seconds=rng.randrange(-600, 1800, 60)))
    if rng.random() < 0.3:
        fields["validTo"] = _stamp(now + timedelta(seconds=rng.randrange(2400, 6000, 60)))
    return profile(
        profile_id,
        *periods,
        purpose=purpose,
        kind=kind,
        stack=stack,
        transaction=transaction,
        unit=unit,
        schedule=schedule,
        **fields,
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


__all__ = [
    "EXACT",
    "GUARD",
    "ask_alive",
    "composite_as_modelled",
    "installed_profiles",
    "own_limit",
    "power_limited",
    "random_profile",
    "rate_units",
    "situation_at",
    "still_serves",
    "supports",
    "taken",
    "told_variable",
    "utc_at",
]
