"""What the car chooses: service, parameter set, schedule, power profile (reference 4.3, 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import (
    ALL_DER_FUNCTIONS,
    BptChannel,
    ControlMode,
    DerControlFunctions,
    MobilityNeedsMode,
    ServiceId,
)
from v2gready.references.ev.limits import Steps

_CONNECTORS: Final = {True: (1, 2, 3, 4), False: (1, 2, 3)}
"""DC and AC. Three phases are 2 or 3 (unconfirmed), so both are taken."""
_MCS_CONNECTORS: Final = range(1, 8)
_GRID_FOLLOWING: Final = 1
_VOLTAGES: Final = range(100, 500)
_MOST_ENTRIES: Final = 2048


def service(
    offered: Iterable[int], preferred: Sequence[ServiceId], namespace: str, tried: Iterable[ServiceId]
) -> ServiceId | None:
    """The offered service of a namespace that the car likes best; ids it does not know are no obstacle."""
    there = set(offered)
    passed = set(tried)
    fitting = (one for one in preferred if one in there and one.namespace == namespace and one not in passed)
    return next(fitting, None)


def parameter_set(
    sets: Iterable[m.ParameterSet],
    wanted: ServiceId,
    controls: Sequence[ControlMode],
    functions: DerControlFunctions = ALL_DER_FUNCTIONS,
) -> tuple[int, ControlMode] | None:
    """Id and control mode of the set that the car likes best, found by its values and by no order or number."""
    ranked = []
    for position, candidate in enumerate(sets):
        values = {one.Name: one.intValue for one in candidate.Parameter if one.intValue is not None}
        rank = _rank(values, wanted, controls, functions)
        if rank is not None:
            ranked.append((*rank, position, candidate.ParameterSetID))
    if not ranked:
        return None
    best = min(ranked)
    return best[-1], controls[best[0]]


def _rank(
    values: dict[str, int], wanted: ServiceId, controls: Sequence[ControlMode], functions: DerControlFunctions
) -> tuple[int, int, int] | None:
    """Smaller is better; None for a set that the car cannot use."""
    control = values.get("ControlMode")
    mobility = values.get("MobilityNeedsMode", MobilityNeedsMode.BY_EVCC)
    usable = (
        control in tuple(controls)
        and values.get("Connector", 1) in (_MCS_CONNECTORS if wanted.is_mcs else _CONNECTORS[wanted.is_dc])
        and values.get("GeneratorMode", _GRID_FOLLOWING) == _GRID_FOLLOWING
        and values.get("EVSENominalVoltage", 230) in _VOLTAGES
        # A bit that nobody defined is a function that the car does not have.
        and not (wanted.is_der and values.get("DERControlFunctions", 0) & ~int(functions))
        # What the EVCC alone does not provide, only Dynamic mode can share [V2G20-2663].
        and (mobility == MobilityNeedsMode.BY_EVCC or control == ControlMode.DYNAMIC)
    )
    if not usable or control is None:
        return None
    channel = values.get("BPTChannel", BptChannel.UNIFIED)
    return list(controls).index(ControlMode(control)), int(mobility), int(channel)


def schedule_tuple(tuples: Sequence[m.ScheduleTuple], *, prices: bool) -> m.ScheduleTuple:
    """The cheapest schedule; among equals the one with most energy, then the first.

    Args:
        tuples: What was offered, at least one.
        prices: Whether the prices are to be believed: not if their signature is wrong.
    """

    def worth(one: m.ScheduleTuple) -> tuple[float, float]:
        return (_price(one.ChargingSchedule) if prices else 0.0, -_energy(one.ChargingSchedule))

    return min(tuples, key=worth)


def _price(schedule: m.ChargingSchedule) -> float:
    """Mean price over the time of the schedule: a level, or an energy fee; 0 where none is told."""
    prices = schedule.PriceSchedule
    if isinstance(prices, m.PriceLevelSchedule):
        levels = prices.PriceLevelScheduleEntries.PriceLevelScheduleEntry
        return _mean((one.Duration, float(one.PriceLevel)) for one in levels)
    if isinstance(prices, m.AbsolutePriceSchedule):
        stacks = prices.PriceRuleStacks.PriceRuleStack
        return _mean((one.Duration, float(one.PriceRule[0].EnergyFee)) for one in stacks)
    return 0.0


def _mean(parts: Iterable[tuple[int, float]]) -> float:
    known = list(parts)
    duration = sum(seconds for seconds, _ in known)
    return sum(seconds * value for seconds, value in known) / duration if duration else 0.0


def _energy(schedule: m.ChargingSchedule) -> float:
    return sum(seconds * watts for seconds, watts in steps_of(schedule).steps)


def steps_of(schedule: m.ChargingSchedule) -> Steps:
    """The power of a schedule; magnitudes, because the sign of discharging is not settled (reference 3.6)."""
    power = schedule.PowerSchedule
    entries = power.PowerScheduleEntries.PowerScheduleEntry
    return Steps(power.TimeAnchor, tuple((one.Duration, abs(total(one, "Power") or 0.0)) for one in entries))


def profile(
    schedule: Steps, ceiling: float, gaps: Sequence[tuple[float, float]], unix: int, length: int
) -> tuple[tuple[int, float], ...]:
    """The power profile from ``unix`` on: as much as the car can take, within the schedule, nothing in the gaps.

    Args:
        schedule: What was chosen; of Dynamic mode, none.
        ceiling: What the car can take, in W.
        gaps: Intervals without power, in Unix seconds.
        unix: Where the profile begins.
        length: Seconds it covers where the schedule says nothing.
    """
    end = schedule.anchor
    edges = {float(unix)}
    for seconds, _ in schedule.steps:
        end += seconds
        edges.add(end)
    end = max(end, unix + 1.0) if schedule.steps else float(unix + length)
    edges |= {edge for gap in gaps for edge in gap} | {end}
    instants = sorted(round(edge) for edge in edges if unix <= edge <= end)
    found = []
    for begin, until in pairwise(instants):
        if until == begin:
            continue
        resting = any(gap[0] <= begin < gap[1] for gap in gaps)
        # The step that begins here: anchors are whole seconds, so half a second on is inside of it.
        allowed = schedule.at(begin + 0.5) if schedule.steps else ceiling
        found.append((until - begin, 0.0 if resting else min(ceiling, allowed)))
    return tuple(found[:_MOST_ENTRIES]) or ((1, 0.0),)
