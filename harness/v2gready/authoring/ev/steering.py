"""Words on AC in Dynamic mode: the charger tells targets, and the inverter in the car follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ev import flows
from v2gready.authoring.ev.bench import EvBench
from v2gready.authoring.ev.facts import Asked, requests
from v2gready.authoring.ev.judgements import every
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Sample, Trace
from v2gready.protocols.iso15118 import messages as m

SETTLING: Final = 3.0
"""Seconds in which a car reaches a new target; our own figure. Judges know no PIXIT."""
ENOUGH: Final = 1.0
"""Seconds of a plateau behind settling that are needed to judge it."""


async def steer(bench: EvBench, *steps: float) -> None:
    """Tells the targets one after the other, and gives each its settling time."""
    target = flows.Target(bench, steps[0])
    await bench.charge(3)
    for watts in steps:
        target.watts = watts
        await bench.wait(bench.settling_time + 2 * ENOUGH)
    await bench.charger.no_session(0.1)


def follows(requirement: str, trace: Trace, wanted: tuple[float, ...], *, own: bool = True) -> Iterator[Observation]:
    """The power at the inlet follows the targets that our responses told, within the car's announced limits.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        wanted: Targets that have to be there, or nothing can be said.
        own: Whether a limit that the car tells in the loop narrows what is expected.

    Raises:
        Inconclusive: A target was not told for long enough.
    """
    found = flows.plateaus(trace)
    for watts in wanted:
        if not any(abs(one.target - watts) < 10 and one.seconds > SETTLING + ENOUGH for one in found):
            raise Inconclusive(
                f"a target of {watts:g} W was not told for {SETTLING + ENOUGH:g} s: {trace.last_words()}"
            )
    for one in found:
        if one.seconds <= SETTLING + ENOUGH:
            continue
        car, _ = flows.announced(trace, one.first.link)
        looped = [
            mode
            for asked in requests(trace, m.AC_ChargeLoopReq, link=one.first.link)
            if one.first.t <= asked.frame.t <= one.last.t and own
            for mode in [asked.request.CLReqControlMode]
        ]
        most = min([flows.limit(mode, "EVMaximumChargePower", 1e9) for mode in (car, *looped)])
        least = min([flows.limit(mode, "EVMaximumDischargePower") for mode in (car, *looped)])
        expected = max(-least, min(one.target, most))
        yield flows.stays_at(
            requirement,
            trace,
            expected,
            one.first.t + SETTLING,
            one.last.t,
            at=(one.first.index, one.last.index),
            what=f"target {one.target:.0f} W, within the car's limits",
        )


def tells_power(requirement: str, trace: Trace) -> Iterator[Observation]:
    """EVPresentActivePower against the meter, in the steady part of each target at which power flows."""
    compared = 0
    for plateau in flows.plateaus(trace):
        since, until = plateau.first.t + SETTLING, plateau.last.t
        asked: list[Asked[Any]] = [one for one in requests(trace, m.AC_ChargeLoopReq) if since <= one.frame.t <= until]
        if not asked:
            continue
        meter = flows.flows(trace, since, until)
        compared += 1
        yield _as_metered(requirement, asked, meter)
    if not compared:
        raise Inconclusive(f"no target was told for long enough: {trace.last_words()}")


def _present(asked: Asked[Any]) -> float:
    return flows.total(asked.request.CLReqControlMode, "EVPresentActivePower") or 0.0


def _as_metered(requirement: str, asked: list[Asked[Any]], meter: Sample) -> Observation:
    slack = flows.RELATIVE * abs(meter.value) + 2 * flows.ABSOLUTE
    return every(
        requirement,
        asked,
        lambda one: abs(_present(one) - meter.value) <= slack,
        expected=f"EVPresentActivePower of {meter.value:.0f} W (± {slack:.0f} W)",
        seen=lambda one: f"{_present(one):.0f} W",
    )
