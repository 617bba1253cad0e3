"""Words on what flows: power and contactor of the car, from meters and from what it tells."""

from __future__ import annotations

from collections.abc import Callable

from v2gready.authoring.expectations import holds
from v2gready.model.measurement import Limit
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Record, Sample, Trace

STILL = 50.0
"""Power in W below which nothing is transferred: a meter's floor and a car's own supply. The value is our own."""
POWER, CONTACTOR, SOC = "ev.power", "ev.contactor", "ev.soc"


def value_at(trace: Trace, channel: str, t: float) -> Sample:
    """The last sample of a channel at an instant.

    Raises:
        Inconclusive: There is none before.
    """
    return trace.samples(channel, until=t)[-1]


def power_off(
    requirement: str, trace: Trace, after: Record, *, within: float = 1.0, channel: str = POWER
) -> Observation:
    """No power flows any more from some seconds behind a record on.

    Raises:
        Inconclusive: It was not measured.
    """
    return _settled(requirement, trace, after, within, (channel, lambda one: abs(one.value) <= STILL + one.uncertainty))


def contactor_open(requirement: str, trace: Trace, after: Record, *, within: float = 1.0) -> Observation:
    """The contactor of the car is open from some seconds behind a record on.

    Raises:
        Inconclusive: It was not measured.
    """
    return _settled(requirement, trace, after, within, (CONTACTOR, lambda one: one.value < 0.5))


def closed_once(trace: Trace) -> Record:
    """The sample with which the contactor of the car closed.

    Raises:
        Inconclusive: It never did: there was nothing to open.
    """
    found = next((one for one in trace.samples(CONTACTOR) if one.value > 0.5), None)
    if found is None:
        raise Inconclusive("the contactor of the car was never closed")
    return found


Still = Callable[[Sample], bool]


def _settled(
    requirement: str, trace: Trace, after: Record, within: float, measurement: tuple[str, Still]
) -> Observation:
    channel, good = measurement
    limit = Limit("s", high=within)
    samples = trace.samples(channel)
    deadline = after.t + within
    if not samples or trace.records[-1].t < deadline:
        raise Inconclusive(f"{channel} was not measured until {within:g} s behind record {after.index}")
    before = [one for one in samples if one.t <= deadline]
    judged = [*before[-1:], *(one for one in samples if one.t > deadline)]
    bad = next((one for one in judged if not good(one)), None)
    return holds(
        requirement,
        bad is None,
        expected=f"{channel} at zero {limit} behind the end",
        seen="as expected" if bad is None else f"{bad.value:g} {bad.unit} after {max(bad.t, deadline) - after.t:.2f} s",
        at=(after.index, *(() if bad is None else (bad.index,))),
    )
