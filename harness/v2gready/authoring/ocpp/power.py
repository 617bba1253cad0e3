"""Words about power and energy at a charging station: what a meter shows, and what the station tells on the wire.

Power is positive into the car. OCPP has no sign: import and export are measurands of their own; here they are one
number. Where no meter is on the bench, what the station itself reports is all there is, and the observation says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from v2gready.authoring.expectations import holds, measured
from v2gready.authoring.ocpp.wire import calls, instant
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Record, Sample, Trace

IMPORT: Final = "Power.Active.Import"
EXPORT: Final = "Power.Active.Export"
IMPORT_REGISTER: Final = "Energy.Active.Import.Register"
EXPORT_REGISTER: Final = "Energy.Active.Export.Register"
TOLERANCE: Final = 0.05
"""Share of a target by which power may miss it; our own figure, no clause says how finely a station regulates."""
FLOOR: Final = 250.0
"""W by which power may miss any target; our own figure."""
_METER_SHARE: Final = 0.03
_METER_FLOOR: Final = 300.0
"""By how much a told power and a laboratory meter may differ; our own figures."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a station told.

    Attributes:
        t: When it was received.
        value: In the base unit (W, Wh, V, A, Hz, Percent), multiplier and kilo resolved.
        unit: That unit.
        measurand: Which quantity.
        evse: EVSE, None where the station did not say.
        context: Why it was taken, e.g. ``Sample.Periodic``.
        taken: Unix time of its own stamp.
        index: Record of the message.
    """

    t: float
    value: float
    unit: str
    measurand: str
    evse: int | None
    context: str
    taken: float
    index: int


def readings(
    trace: Trace,
    measurand: str | None = None,
    *,
    evse: int | None = None,
    since: float = 0.0,
    until: float = float("inf"),
    location: str = "Outlet",
) -> list[Reading]:
    """Meter values that the station told, from MeterValues and TransactionEvent, over all phases.

    Args:
        trace: The trace.
        measurand: Of this quantity alone.
        evse: Of this EVSE alone; a transaction belongs to the EVSE that one of its events names.
        since: Received not before.
        until: Received not after.
        location: Where it was measured.
    """
    return [
        one
        for one in _all(trace, location)
        if (measurand is None or one.measurand == measurand)
        and (evse is None or one.evse == evse)
        and since <= one.t <= until
    ]


def told_power(
    trace: Trace, evse: int, *, since: float = 0.0, until: float = float("inf")
) -> list[tuple[float, float, int]]:
    """Power that the station told, positive into the car: time of receipt, W, record.

    A message that tells one direction alone tells that the other is zero.
    """
    sums: dict[tuple[int, float], tuple[float, float]] = {}
    for one in readings(trace, evse=evse, since=since, until=until):
        if one.measurand in {IMPORT, EXPORT}:
            sign = 1.0 if one.measurand == IMPORT else -1.0
            _, before = sums.get((one.index, one.taken), (one.t, 0.0))
            sums[one.index, one.taken] = (one.t, before + sign * one.value)
    return [(t, watts, index) for (index, _), (t, watts) in sums.items()]


def tolerance_of(target: float) -> float:
    """How far power may be from a target, in W."""
    return max(FLOOR, TOLERANCE * abs(target))


def metered(trace: Trace, evse: int) -> bool:
    """A meter of the bench watches that EVSE."""
    return any(isinstance(one, Sample) and one.channel == f"evse{evse}.power" for one in trace.records)


def power_at(
    trace: Trace, evse: int, *, since: float, until: float = float("inf")
) -> tuple[list[tuple[float, Measurement, int]], str]:
    """Power of an EVSE in a span of time, and where it comes from: the meter, or the station's own word.

    Raises:
        Inconclusive: Neither shows anything in that span.
    """
    if metered(trace, evse):
        samples = trace.samples(f"evse{evse}.power", since=since, until=until)
        return [(one.t, Measurement(one.value, "W", one.uncertainty), one.index) for one in samples], "meter"
    told = told_power(trace, evse, since=since, until=until)
    if not told:
        raise Inconclusive(
            f"no meter, and the station told no power of EVSE {evse} between {since:.1f} and {until:.1f} s"
        )
    return [(t, Measurement(watts, "W"), index) for t, watts, index in told], "the station's own meter values"


def power_follows(
    requirement: str,
    trace: Trace,
    evse: int,
    target: float,
    *,
    after: Record | float,
    within: float,
    until: Record | float | None = None,
    tolerance: float | None = None,
    severity: Severity = Severity.MUST,
) -> Observation:
    """Power reaches a target within a time after a record and keeps it.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        evse: Which EVSE.
        target: W, positive into the car.
        after: The record, or the instant, that asks for it.
        within: Seconds to reach it.
        until: Up to this record or instant it is kept; to the end of the trace if None.
        tolerance: W; 5 % of the target and 250 W at least if None.
        severity: Weight of the check.

    Raises:
        Inconclusive: Nothing was measured in that span.
    """
    allowed = tolerance_of(target) if tolerance is None else tolerance
    limit = Limit("W", low=target - allowed, high=target + allowed)
    return power_within(requirement, trace, evse, limit, after=after, within=within, until=until, severity=severity)


def power_within(
    requirement: str,
    trace: Trace,
    evse: int,
    limit: Limit,
    *,
    after: Record | float,
    within: float = 0.0,
    until: Record | float | None = None,
    severity: Severity = Severity.MUST,
) -> Observation:
    """Power stays inside a limit from a time after a record on; the value that is furthest out decides.

    Raises:
        Inconclusive: Nothing was measured in that span, or with ``until`` nothing in its second half.
    """
    begin = (after if isinstance(after, float | int) else after.t) + within
    end = float("inf") if until is None else until if isinstance(until, float | int) else until.t
    found, origin = power_at(trace, evse, since=begin, until=end)
    if until is not None and found[-1][0] < begin + (end - begin) / 2:
        raise Inconclusive(f"power of EVSE {evse} is known until {found[-1][0]:.1f} s only, {end:.1f} s are needed")
    _, value, index = max(found, key=lambda one: _excess(one[1].value, limit))
    asked = () if isinstance(after, float | int) else (after.index,)
    return measured(
        requirement,
        value,
        limit,
        what=f"power of EVSE {evse} from {begin:.1f} s on ({origin}, {len(found)} values)",
        at=(*asked, index),
        severity=severity,
    )


def power_told_is_true(requirement: str, trace: Trace, evse: int) -> Observation:
    """What the station tells as power is what the meter of the bench shows at that time.

    Raises:
        Inconclusive: There is no meter, or the station told nothing while it measured.
    """
    if not metered(trace, evse):
        raise Inconclusive(f"no meter watches EVSE {evse}")
    worst: tuple[float, str, int] | None = None
    count = 0
    for t, watts, index in told_power(trace, evse):
        around = [
            one.value
            for one in trace.records
            if isinstance(one, Sample) and one.channel == f"evse{evse}.power" and t - 2.0 <= one.t <= t + 0.5
        ]
        if not around:
            continue
        count += 1
        low = min(around) - _METER_FLOOR - _METER_SHARE * abs(min(around))
        high = max(around) + _METER_FLOOR + _METER_SHARE * abs(max(around))
        distance = max(low - watts, watts - high)
        seen = f"told {watts:.0f} W, measured {min(around):.0f} to {max(around):.0f} W"
        if worst is None or distance > worst[0]:
            worst = (distance, seen, index)
    if worst is None:
        raise Inconclusive(f"the station told no power of EVSE {evse} while the meter measured")
    expected = f"told power as measured, {_METER_SHARE:.0%} and {_METER_FLOOR:g} W ({count} values)"
    return holds(requirement, worst[0] <= 0, expected=expected, seen=worst[1], at=(worst[2],))


def register_course(
    trace: Trace, measurand: str, evse: int, *, since: float = 0.0, until: float = float("inf")
) -> list[Reading]:
    """Values of an energy register in order of their own stamps.

    Raises:
        Inconclusive: There are fewer than two: nothing can be said of its course.
    """
    found = sorted(readings(trace, measurand, evse=evse, since=since, until=until), key=lambda one: one.taken)
    if len(found) < 2:
        raise Inconclusive(f"the station told {len(found)} values of {measurand} only")
    return found


def register_rises(
    requirement: str, trace: Trace, measurand: str, evse: int, *, since: float, until: float = float("inf")
) -> Observation:
    """An energy register rises in a span of time, and never falls."""
    course = register_course(trace, measurand, evse, since=since, until=until)
    good = course[-1].value > course[0].value and all(
        later.value >= one.value for one, later in itertools.pairwise(course)
    )
    return _register(requirement, measurand, course, good, "rises")


def register_rests(
    requirement: str, trace: Trace, measurand: str, evse: int, *, since: float, until: float = float("inf")
) -> Observation:
    """An energy register stands still in a span of time (1 Wh for rounding)."""
    course = register_course(trace, measurand, evse, since=since, until=until)
    values = [one.value for one in course]
    return _register(requirement, measurand, course, max(values) - min(values) <= 1.0, "stands still")


def _register(requirement: str, measurand: str, course: list[Reading], good: bool, what: str) -> Observation:  # noqa: FBT001 - the fact itself
    return holds(
        requirement,
        good,
        expected=f"{measurand} {what}",
        seen=f"{course[0].value:.1f} to {course[-1].value:.1f} Wh in {course[-1].taken - course[0].taken:.0f} s",
        at=(course[0].index, course[-1].index),
    )


def _excess(value: float, limit: Limit) -> float:
    sides: list[float] = [
        *(() if limit.low is None else (limit.low - value,)),
        *(() if limit.high is None else (value - limit.high,)),
    ]
    return max(sides)


def _all(trace: Trace, location: str) -> Iterator[Reading]:
    evses: dict[str, int] = {}
    events = calls(trace, "TransactionEvent")
    for one in events:
        identity, evse = _transaction(one.payload), _evse(one.payload)
        if identity is not None and evse is not None:
            evses.setdefault(identity, evse)
    for one in sorted((*events, *calls(trace, "MeterValues")), key=lambda each: each.request.index):
        evse = _evse(one.payload)
        if evse is None:
            evse = evses.get(_transaction(one.payload) or "")
        for value in _list(one.payload.get("meterValue")):
            for sample in _summed(_list(value.get("sampledValue")), location):
                yield Reading(
                    t=one.t,
                    value=_number(sample),
                    unit=_unit(sample)[0],
                    measurand=str(sample.get("measurand", IMPORT_REGISTER)),
                    evse=evse,
                    context=str(sample.get("context", "Sample.Periodic")),
                    taken=instant(str(value.get("timestamp"))),
                    index=one.request.index,
                )


def _summed(samples: list[Mapping[str, Any]], location: str) -> Iterator[Mapping[str, Any]]:
    """Totals, and of what is told by phase alone one sum (power and energy; anything else stays out)."""
    here = [one for one in samples if one.get("location", "Outlet") == location and _is_number(one.get("value"))]
    totals = {one.get("measurand") for one in here if "phase" not in one}
    sums: dict[Any, dict[str, Any]] = {}
    for one in here:
        name = one.get("measurand")
        if "phase" not in one:
            yield one
        elif name not in totals and str(name).startswith(("Power.", "Energy.")) and one["phase"] in _PHASES:
            total = sums.setdefault(name, {**one, "value": 0.0})
            total["value"] += one["value"]
    yield from sums.values()


_PHASES: Final = frozenset({"L1", "L2", "L3", "L1-N", "L2-N", "L3-N"})


def _number(sample: Mapping[str, Any]) -> float:
    value: float = sample["value"]
    return value * _unit(sample)[1]


def _unit(sample: Mapping[str, Any]) -> tuple[str, float]:
    """Base unit and factor to it; energy is in Wh where no unit is told (OCPP 2.1, UnitOfMeasureType)."""
    told = sample.get("unitOfMeasure")
    table: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    unit = str(table.get("unit", "Wh"))
    multiplier = table.get("multiplier", 0)
    factor = 10.0 ** (multiplier if isinstance(multiplier, int) else 0)
    return (unit[1:], factor * 1000.0) if unit in {"kW", "kWh", "kvar", "kVA"} else (unit, factor)


def _evse(payload: Mapping[str, Any]) -> int | None:
    evse = payload.get("evse")
    number = evse.get("id") if isinstance(evse, Mapping) else payload.get("evseId")
    return number if isinstance(number, int) else None


def _transaction(payload: Mapping[str, Any]) -> str | None:
    info = payload.get("transactionInfo")
    return info.get("transactionId") if isinstance(info, Mapping) else None


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
