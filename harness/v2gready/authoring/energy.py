"""Words about power: what both sides permit, what the loop tells, and what a meter at the outlet shows.

Power and current are positive into the car. Tolerances are our own, where a judge gives none: a charger regulates, and
no clause known to us says how finely.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from v2gready.authoring.expectations import describe, holds, measured
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Event, EventKind, Exchange, Record, Sample, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total

SAFE_VOLTAGE: Final = 60.0
"""V; below it an outlet may be touched (IEC 61851-23)."""
NO_CURRENT: Final = 1.0
"""A that count as none."""
NO_POWER: Final = 250.0
"""W that count as none on an AC outlet."""
REST_TIME: Final = 5.0
"""Seconds in which an outlet has to come to rest; our own, generous figure."""
RELATIVE: Final = 0.05
"""Share of a target by which a regulated quantity may miss it; our own figure."""
_METER_RELATIVE: Final = 0.03
_METER_ABSOLUTE: Final[dict[str, float]] = {"V": 10.0, "A": 2.0, "W": 500.0}
"""By how much a told value and a laboratory instrument may differ; our own figures."""
_AROUND: Final = 0.5
"""Seconds before a request and after its response in which a meter may show the told value; our own figure."""
_REGULATION: Final = 1.01
"""Share of a limit that a present value may reach: regulation and rounding; our own figure."""
_ROUNDING: Final = 1.001
"""Share of a number that a RationalNumber may lose."""
_NEW_WISH: Final = 0.1
"""A wish that changes by more than this share is another one; a battery drifts by less within a test."""

Loop = Exchange[m.ChargeLoopReq]


# -- what the wire tells ----------------------------------------------------------------------------------------------


def flow(response: Any) -> float | None:
    """Power that a loop response tells as present, in W; None if it tells none."""
    if isinstance(response, m.DC_ChargeLoopRes):
        return float(response.EVSEPresentCurrent) * float(response.EVSEPresentVoltage)
    return total(getattr(response, "CLResControlMode", None), "EVSEPresentActivePower")


def target(response: Any) -> float | None:
    """EVSETargetActivePower of an AC loop response over all phases, in W; None if there is none."""
    return total(getattr(response, "CLResControlMode", None), "EVSETargetActivePower")


def told_by_car(request: Any) -> float | None:
    """EVPresentActivePower of an AC loop request over all phases, in W; None if there is none."""
    return total(getattr(request, "CLReqControlMode", None), "EVPresentActivePower")


def wish(request: Any) -> float | None:
    """The current that a DC car asks for in Scheduled mode, in A; negative discharges. None in other modes."""
    mode = request.CLReqControlMode
    return float(mode.EVTargetCurrent) if isinstance(mode, m.Scheduled_DC_CLReqControlMode) else None


def loops(trace: Trace) -> Iterator[Loop]:
    """Charge loops that were answered by a loop response, AC and DC."""
    for exchange in trace.exchanges(m.ChargeLoopReq):
        if isinstance(exchange.answer, m.ChargeLoopRes):
            yield exchange


def last_loop(trace: Trace, *, before: Record | None = None) -> Loop:
    """The last answered loop of the trace, or before a record.

    Raises:
        Inconclusive: There is none.
    """
    found = [one for one in loops(trace) if before is None or one.request.index < before.index]
    if not found:
        raise Inconclusive(f"there is no answered charge loop: {trace.last_words()}")
    return found[-1]


def plateaus(trace: Trace) -> list[Loop]:
    """DC, Scheduled: the last loop of each stretch in which the car wished for the same current.

    Raises:
        Inconclusive: There is no such loop.
    """
    ends: list[Loop] = []
    for loop in loops(trace):
        wanted = wish(loop.sent)
        if wanted is None:
            continue
        before = wish(ends[-1].sent) if ends else None
        if before is not None and abs(wanted - before) <= _NEW_WISH * max(abs(wanted), abs(before)):
            ends[-1] = loop
        else:
            ends.append(loop)
    if not ends:
        raise Inconclusive(f"the car never wished for a current in Scheduled mode: {trace.last_words()}")
    return ends


def commanded(trace: Trace) -> list[tuple[float, Loop]]:
    """Each power the station was told by the hook ``set_power``, with the last loop before the next action.

    Raises:
        Inconclusive: The hook was not used, or no loop was answered after it.
    """
    actions = list(trace.events(EventKind.ACTION))
    found = []
    for position, action in enumerate(actions):
        if action.detail.get("action") != "set_power":
            continue
        following: Event | None = actions[position + 1] if position + 1 < len(actions) else None
        loop = last_loop(trace, before=following)
        if loop.request.index < action.index:
            raise Inconclusive(f"no charge loop was answered after set_power: {trace.last_words()}")
        found.append((float(action.detail["watts"]), loop))
    if not found:
        raise Inconclusive(f"the station was not told a power: {trace.last_words()}")
    return found


@dataclass(frozen=True, slots=True)
class Permitted:
    """What both sides permit in one loop, in W, both positive.

    Attributes:
        charge: Into the car.
        discharge: Out of the car; 0 without BPT.
    """

    charge: float
    discharge: float

    def nearest(self, watts: float) -> float:
        """The permitted power that is nearest to a wanted one."""
        return max(-self.discharge, min(watts, self.charge))


def permitted(trace: Trace, loop: Loop) -> Permitted:
    """The narrowest of all limits told by either side in ChargeParameterDiscovery and in this loop.

    Raises:
        Inconclusive: The limits were never exchanged on this connection.
    """
    mode, answer = loop.sent.CLReqControlMode, loop.answer  # type: ignore[attr-defined] # both kinds of loop have it
    told = [*_discovered(trace, loop), mode, answer.CLResControlMode]
    voltage = float(answer.EVSEPresentVoltage) if isinstance(answer, m.DC_ChargeLoopRes) else None
    return Permitted(charge=_least(told, "Charge", voltage), discharge=_least(told, "Discharge", voltage, absent=0.0))


def limits(trace: Trace, loop: Loop) -> Any:
    """The EnergyTransferMode with which the charger announced its limits for the session of a loop.

    Raises:
        Inconclusive: It did not on this connection.
    """
    return _discovered(trace, loop)[1]


def _discovered(trace: Trace, loop: Loop) -> tuple[Any, Any]:
    found = [
        one
        for one in trace.exchanges(m.ChargeParameterDiscoveryReq)
        if one.request.link == loop.request.link
        and one.request.index < loop.request.index
        and isinstance(one.answer, m.ChargeParameterDiscoveryRes)
    ]
    if not found:
        raise Inconclusive("the limits were not exchanged on this connection")
    return found[-1].sent.EnergyTransferMode, found[-1].answer.EnergyTransferMode  # type: ignore[attr-defined]


def _least(told: list[Any], way: str, voltage: float | None, absent: float = float("inf")) -> float:
    bounds = []
    for element in told:
        for side in ("EV", "EVSE"):
            power = total(element, f"{side}Maximum{way}Power")
            current = total(element, f"{side}Maximum{way}Current")
            bounds += [abs(power)] if power is not None else []
            bounds += [abs(current) * voltage] if current is not None and voltage is not None else []
    return min(bounds, default=absent)


def beyond_limits(trace: Trace, loop: Loop) -> list[str]:
    """DC: what a loop response tells as present above the limits announced before, in words; empty for none."""
    answer, announced = loop.answer, limits(trace, loop)
    current, voltage = float(answer.EVSEPresentCurrent), float(answer.EVSEPresentVoltage)
    way = "Charge" if current >= 0 else "Discharge"
    found = []
    for what, value, name, unit, slack in (
        ("current", abs(current), f"EVSEMaximum{way}Current", "A", NO_CURRENT),
        ("power", abs(current * voltage), f"EVSEMaximum{way}Power", "W", NO_POWER),
        ("voltage", voltage, "EVSEMaximumVoltage", "V", 0.0),
    ):
        told = getattr(announced, name, None)
        most = 0.0 if told is None else abs(float(told))
        if value > _REGULATION * most + slack:
            found.append(f"{what} {value:g} {unit}, {name} {most:g} {unit}")
    return found


def flowed(series: Sequence[Loop]) -> tuple[float, float]:
    """Energy in Wh that a series of loops tells: into the car, and out of it."""
    into = out = 0.0
    for before, after in itertools.pairwise(series):
        watts = ((flow(before.answer) or 0.0) + (flow(after.answer) or 0.0)) / 2
        energy = watts * (after.request.t - before.request.t) / 3600
        into, out = into + max(energy, 0.0), out - min(energy, 0.0)
    return into, out


# -- what a judge says about it ---------------------------------------------------------------------------------------


def reaches(
    requirement: str, loop: Loop, watts: float, *, what: str, severity: Severity = Severity.MUST
) -> Observation:
    """The power of a loop is the one that was wanted: DC what is told as present, AC what the car is told to take."""
    answer = loop.answer
    seen = target(answer) if isinstance(answer, m.AC_ChargeLoopRes) else flow(answer)
    slack = RELATIVE * abs(watts) + _METER_ABSOLUTE["W"]
    return holds(
        requirement,
        seen is not None and abs(seen - watts) <= slack,
        expected=f"{what} of {watts:.0f} W (± {slack:.0f} W)",
        seen=describe(loop) if seen is None else f"{seen:.0f} W",
        at=loop.at,
        severity=severity,
    )


def within(requirement: str, loop: Loop, bounds: Permitted) -> Observation:
    """The power of a loop is one that both sides permit: DC what is told as present, AC what the car is told to take.

    Raises:
        Inconclusive: The loop tells no power.
    """
    answer = loop.answer
    seen = target(answer) if isinstance(answer, m.AC_ChargeLoopRes) else flow(answer)
    if seen is None:
        raise Inconclusive("the charge loop tells no power")
    slack = RELATIVE * abs(seen) + NO_POWER
    return holds(
        requirement,
        abs(bounds.nearest(seen) - seen) <= slack,
        expected=f"power from {-bounds.discharge:.0f} to {bounds.charge:.0f} W (± {slack:.0f} W)",
        seen=f"{seen:.0f} W",
        at=loop.at,
    )


def loop_limits(requirement: str, trace: Trace, loop: Loop) -> Observation:
    """The limits told in a loop are no higher than those of ChargeParameterDiscovery; None told is none above."""
    announced, mode = limits(trace, loop), loop.answer.CLResControlMode
    pairs = [
        (field.name, getattr(mode, field.name), getattr(announced, field.name, None))
        for field in fields(mode)
        if "EVSEMaximum" in field.name
    ]
    above = [
        f"{name} {float(told):g}, announced {float(before):g}"
        for name, told, before in pairs
        if told is not None and before is not None and abs(float(told)) > _ROUNDING * abs(float(before))
    ]
    seen = "; ".join(above) or "none above"
    return holds(requirement, not above, expected="no limit above the announced one", seen=seen, at=loop.at)


def loop_as_measured(requirement: str, trace: Trace, loop: Loop) -> Iterator[Observation]:
    """DC: current and voltage of a loop response against a meter at the outlet."""
    yield as_measured(requirement, trace, loop, "dc.current", float(loop.answer.EVSEPresentCurrent))
    yield as_measured(requirement, trace, loop, "dc.voltage", float(loop.answer.EVSEPresentVoltage))


def held(trace: Trace, channel: str, instant: float) -> Sample:
    """The sample of a channel that stands at an instant: a sample holds until the next one.

    Raises:
        Inconclusive: The channel was not measured before.
    """
    return trace.samples(channel, until=instant)[-1]


def as_measured(requirement: str, trace: Trace, exchange: Exchange[Any], channel: str, told: float) -> Observation:
    """A value in a response is what a meter at the outlet showed about then: half a second of ramp is forgiven.

    Raises:
        Inconclusive: No response, or the meter was not there.
    """
    if exchange.response is None:
        raise Inconclusive("there is no response to compare with the meter")
    since, until = exchange.request.t - _AROUND, exchange.response.t + _AROUND
    before, around = held(trace, channel, exchange.response.t), trace.samples(channel, until=until)
    shown = [before, *(one for one in around if one.t >= since)]
    low, high = (pick(shown, key=lambda one: one.value) for pick in (min, max))
    nearest = low if told < low.value else high
    missed = max(low.value - told, told - high.value, 0.0)
    unit = nearest.unit
    slack = _METER_RELATIVE * abs(nearest.value) + _METER_ABSOLUTE[unit]
    return measured(
        requirement,
        Measurement(missed, unit, nearest.uncertainty),
        Limit(unit, high=slack, source="our own figure"),
        what=f"difference between {told:.1f} {unit} told and {nearest.value:.1f} {unit} measured ({channel})",
        at=(*exchange.at, nearest.index),
    )


def dead(
    requirement: str,
    trace: Trace,
    channel: str,
    after: Record,
    *,
    within: float = REST_TIME,
    until: float = float("inf"),
) -> Observation:
    """A while after a record the outlet shows nothing on a channel (voltage, current or power).

    Args:
        requirement: Id in the registry.
        trace: The trace.
        channel: What is measured.
        after: From here on.
        within: Seconds in which it has to come to rest.
        until: Seconds for which it has to stay there.

    Raises:
        Inconclusive: The trace ends before, or the channel was not measured.
    """
    due = after.t + within
    if trace.records[-1].t < due:
        raise Inconclusive(f"the outlet was watched for {trace.records[-1].t - after.t:.1f} s only")
    later = [one for one in trace.samples(channel) if due < one.t <= after.t + until]
    sample = max([held(trace, channel, due), *later], key=lambda one: abs(one.value))
    bound = {"V": SAFE_VOLTAGE, "A": NO_CURRENT, "W": NO_POWER}[sample.unit]
    return measured(
        requirement,
        Measurement(abs(sample.value), sample.unit, sample.uncertainty),
        Limit(sample.unit, high=bound, source="our own figure"),
        what=f"{channel}, {within:g} s after the end,",
        at=(after.index, sample.index),
    )
