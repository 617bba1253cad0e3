"""Words for what the device is told from outside: a setpoint, a limit of power, the input that makes power cease.

A command leaves no mark in voltage or frequency: stimulus and judge share the plan, so many seconds for each command,
on the timeline of the recording. The cease-power input has a channel of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.authoring.grid.judgements import never_above, within
from v2gready.authoring.grid.view import Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.series import Series
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Trace

DWELL: Final = 60.0
"""Seconds for each command (CZ VP_10: at least a minute)."""
AVERAGED: Final = 10.0
"""Seconds at the end of it over which power is taken."""
TOLERANCE: Final = 0.05
"""Of rated power, by which power may miss a command (reference 2 [u])."""
LONG: Final = 60.0
"""Seconds for which the cease-power input stays active."""
COMES_BACK: Final = 30.0
"""Seconds watched after its release."""

Command = Callable[[GridBench, float], Awaitable[None]]


async def limited(bench: GridBench, share: float) -> None:
    """Limits the power of the device to a share of its rated power."""
    await bench.act("limit_power", share=share)


async def set_to(bench: GridBench, share: float) -> None:
    """Sets the power of the device: a share of its rated power, negative while charging."""
    await (bench.charge(-share) if share < 0 else bench.export(share))


async def played(bench: GridBench, command: Command, shares: Sequence[float]) -> None:
    """One command after the other, each with a minute at a calm grid."""
    for share in shares:
        await command(bench, share)
        await bench.play(bench.calm.hold(DWELL))


def minutes(view: View, count: int) -> list[Span]:
    """The stretches of so many commands.

    Raises:
        Inconclusive: The recording is shorter than the plan, or the grid was not calm.
    """
    if view.span.duration < count * DWELL * 0.999:
        raise Inconclusive(f"the recording lasts {view.span.duration:.0f} s, {count} commands take {count * DWELL:g} s")
    nominal = view.code.nominal_frequency
    if float(np.abs(view.q.f.values - nominal).max()) > 0.05:
        raise Inconclusive("frequency moved: power may have followed it, not the command")
    start = view.span.start
    return [Span(start + n * DWELL, start + (n + 1) * DWELL) for n in range(count)]


def follows(requirement: str, view: View, span: Span, share: float, limit: Limit) -> Observation:
    """Power at the end of a stretch is what the command says.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: The stretch.
        share: Of rated power, negative while charging.
        limit: Its provenance and source are told; its numbers are replaced.
    """
    rated = view.rating.charge_power if share < 0 else view.rating.power
    wanted, slack = share * rated, TOLERANCE * rated
    settled = span.last(AVERAGED)
    bounds = replace(limit, unit="W", low=wanted - slack, high=wanted + slack)
    what = f"export at {100 * share:g} %"
    return within(requirement, view, view.export(settled), bounds, what=what, instants=(settled.start, settled.end))


class CeaseCase(GridCase):
    """What the cases of the cease-power input share.

    Attributes:
        share: Of rated power that the device exports before; negative: it charges.
    """

    share: ClassVar[float] = 1.0
    area: ClassVar[str] = "active-power"
    requirements: ClassVar[tuple[str, ...]] = ("GRID-CEASE",)
    parameters: ClassVar[tuple[str, ...]] = ("cease_time", "cease_share")
    hooks: ClassVar[tuple[str, ...]] = ("set_power", "cease", "resume")

    async def stimulate(self, bench: GridBench) -> None:
        """Activates the input for a minute, and releases it."""
        await set_to(bench, self.share)
        await bench.play(bench.calm.hold(2 * AVERAGED))
        await bench.act("cease")
        await bench.play(bench.calm.hold(LONG))
        await bench.act("resume")
        await bench.play(bench.calm.hold(COMES_BACK))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power ceases in time and stays away until the input is released."""
        view = View(trace)
        active = cease_active(view)
        if active.duration < 0.98 * LONG:
            raise Inconclusive(f"the input was active for {active.duration:.1f} s, the case wants {LONG:g} s")
        view.at_power(self.share, before=active.start)
        rated = view.rating.power if self.share > 0 else view.rating.charge_power
        least = view.code["cease_share"].number * rated
        size = sized(view.q.export)
        in_time = view.code["cease_time"].number
        yield ceases_in_time("GRID-CEASE", view, size, active, least)
        stays = view.code.limit("cease_share", high=least, unit="W")
        rest = Span(active.start + in_time, active.end - size.spacing)
        yield never_above("GRID-CEASE", view, size, rest, stays, what="highest power while the input is active")
        if active.end > view.span.end - AVERAGED:
            return  # it was not released, or nobody looked at what came then
        back = size.between(active.end, view.span.end).maximum()
        yield holds(
            "GRID-CEASE",
            back.value > least,
            expected="power comes back when the input is released",
            seen=f"at most {back.value:.0f} W within {view.span.end - active.end:.0f} s",
            at=view.at,
            severity=Severity.SHOULD,
        )


def cease_active(view: View) -> Span:
    """The stretch in which the cease-power input was active.

    Raises:
        Inconclusive: It was not, or more than once.
    """
    channel = view.q.cease()
    rising = measure.crossings(channel, 0.5, rising=True)
    falling = measure.crossings(channel, 0.5, rising=False)
    if len(rising) != 1 or len(falling) > 1 or (falling and falling[0].t.value < rising[0].t.value):
        raise Inconclusive(f"the cease-power input was activated {len(rising)} times")
    # A digital channel is known from sample to sample: the first active one counts.
    after = channel.between(rising[0].t.value, view.span.end)
    return Span(after.start, falling[0].t.value if falling else view.span.end)


def ceases_in_time(requirement: str, view: View, size: Series, active: Span, least: float) -> Observation:
    """Since the input became active: until power is at most so many W."""
    part = size.between(active.start, active.end)
    above = np.flatnonzero(part.values > least)
    if not len(above):
        raise Inconclusive("there was no power when the input became active")
    # The first time that it is below: what comes after has a judgement of its own.
    below = np.flatnonzero(part.values <= least)
    reached = float(part.t[below[0]]) if len(below) else active.end
    took = Measurement(reached - active.start, "s", part.spacing + part.time_uncertainty)
    limit = view.code.limit("cease_time", high=view.code["cease_time"].number, unit="s")
    what = f"time until at most {least:.0f} W"
    if not len(below):
        what += " (never)"
    return within(requirement, view, took, limit, what=what, instants=(active.start, reached))


def sized(series: Series) -> Series:
    """Without its sign."""
    return replace(series, values=np.abs(series.values))


__all__ = [
    "AVERAGED",
    "DWELL",
    "TOLERANCE",
    "CeaseCase",
    "cease_active",
    "follows",
    "limited",
    "minutes",
    "played",
    "set_to",
    "sized",
]
