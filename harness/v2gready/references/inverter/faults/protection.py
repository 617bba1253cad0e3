"""Faults of the interface protection (reference 1.8; FR-04, FR-05, PR-01, PR-02, OV-02).

Each stage of the profile can be slow, dead, off its value, or too quick: ``u-under-2-slow`` and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from v2gready.references.inverter.faults.registry import behaves, other
from v2gready.references.inverter.settings import STAGES, DerSettings, Relay, Stage

Bend = Callable[[Stage], Stage | None]


def _bent(name: str, bend: Bend) -> Callable[[DerSettings], DerSettings]:
    def apply(given: DerSettings) -> DerSettings:
        stages = (bend(stage) if stage.name == name else stage for stage in given.stages)
        return replace(given, stages=tuple(stage for stage in stages if stage is not None))

    return apply


def _slow(stage: Stage) -> Stage:
    """Half as long again; a stage of 0.1 s at least by 0.15 s, beyond every tolerance."""
    return replace(stage, delay=max(1.5 * stage.delay, stage.delay + 0.15))


def _dead(_: Stage) -> None:
    """Not there."""


def _quick(stage: Stage) -> Stage:
    return replace(stage, delay=0.5 * stage.delay)


def _far(stage: Stage) -> Stage:
    """Further from nominal than set."""
    return replace(stage, value=stage.value + _outwards(stage))


def _near(stage: Stage) -> Stage:
    """Nearer to nominal than set."""
    return replace(stage, value=stage.value - _outwards(stage))


def _outwards(stage: Stage) -> float:
    if stage.relay is Relay.ROCOF:
        return 0.3 * stage.value
    size = 0.04 if stage.relay in (Relay.U_UNDER, Relay.U_OVER) else 0.15
    return -size if stage.relay in (Relay.U_UNDER, Relay.F_UNDER) else size


for _stage in STAGES:
    _short = _stage.removeprefix("trip_").replace("_", "-")
    for _kind, _sentence, _bend in (
        ("slow", "trips half as late again as set", _slow),
        ("dead", "never trips", _dead),
        ("quick", "trips after half the time set", _quick),
        ("far", "trips further from nominal than set", _far),
        ("near", "trips nearer to nominal than set", _near),
    ):
        behaves(f"{_short}-{_kind}", f"Stage {_short} {_sentence}.", _bent(_stage, _bend))

behaves("u-over-10min-dead", "Has no stage for the ten-minute mean.", other(u_over_10min=None))
behaves(
    "u-over-10min-high",
    "Trips at a ten-minute mean 2 % of Un too high.",
    lambda given: replace(given, u_over_10min=given.u_over_10min + 0.02 if given.u_over_10min else None),
)
behaves(
    "u-over-10min-low",
    "Trips at a ten-minute mean 2 % of Un too low.",
    lambda given: replace(given, u_over_10min=given.u_over_10min - 0.02 if given.u_over_10min else None),
)


def _not_averaged(given: DerSettings) -> DerSettings:
    if given.u_over_10min is None:
        return given
    stage = Stage("trip_u_over_10min", Relay.U_OVER, given.u_over_10min, 60.0)
    return replace(given, stages=(*given.stages, stage), u_over_10min=None)


behaves("u-over-10min-not-averaged", "Trips after a minute above the limit of the ten-minute mean.", _not_averaged)
behaves("protection-off", "Has no protection at all.", other(stages=(), u_over_10min=None))
