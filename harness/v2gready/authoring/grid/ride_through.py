"""Words for what a device does in and after a voltage excursion, and what the cases of one excursion share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.authoring.grid.excursions import Envelope, Excursion, recovery_time
from v2gready.authoring.grid.judgements import delivers_again, never_above, never_below, stays_connected
from v2gready.authoring.grid.own_numbers import OTHER_SIDE, POWER_OVERSHOOT
from v2gready.authoring.grid.view import Span, View
from v2gready.authoring.grid.voltage_gates import after, happened, recovered
from v2gready.grid.series import Series
from v2gready.model.measurement import Limit, Provenance
from v2gready.model.observation import Observation
from v2gready.model.trace import Trace

LEAD: Final = 0.5
"""Seconds before an excursion."""
CONNECTED_FOR: Final = 1.0
"""Seconds for which a device is seen connected after it had its time to recover."""
USUAL_MOST_CURRENT: Final = 1.1
"""Of rated current, where the device declares no limit (reference 6: UV-02, RC-06)."""
HALF_CYCLE: Final = 0.01
"""A one-cycle value looks so far to either side."""
STEP_OVER: Final = 0.04
"""Seconds after the voltage is back in which the current may still be that of the dip: two cycles."""


def most_current(view: View) -> Limit:
    """What the device declares as its greatest current."""
    declared = view.trace.declared.get("max_current")
    share = USUAL_MOST_CURRENT if declared is None else float(declared)
    return Limit(
        unit="A",
        high=share * view.rating.current,
        provenance=Provenance.UNCONFIRMED if declared is None else Provenance.CONFIRMED,
        source=f"{share:g} In, {'the device declares no max_current' if declared is None else 'declared: max_current'}",
    )


def within_current(requirement: str, view: View, span: Span, *, what: str) -> Observation:
    """No phase carries more than the device declares within a stretch."""
    return never_above(requirement, view, view.fine.i_max, span, most_current(view), what=what)


def no_overshoot(requirement: str, view: View, span: Span, *, share: float) -> Iterator[Observation]:
    """Power comes back from one side: neither beyond what it was nor into the other direction.

    In the first cycles the device does not know yet that the voltage is back: its current is that of the dip.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: After the excursion.
        share: Of rated power before it; negative while charging.
    """
    rated = view.rating.power if share > 0 else view.rating.charge_power
    export = view.fine.export
    way = export if share > 0 else -export
    most = (abs(share) + POWER_OVERSHOOT.value) * rated
    settled = span.from_(STEP_OVER + HALF_CYCLE)
    overshot = POWER_OVERSHOOT.limit("W", high=most)
    yield never_above(requirement, view, way, settled, overshot, what="power coming back")
    other = OTHER_SIDE.limit("W", low=-OTHER_SIDE.value * rated)
    yield never_below(requirement, view, way, span, other, what="power in the direction before")


def reactive_current(view: View) -> Series:
    """Positive-sequence reactive current that raises the voltage, A RMS; only while there is a voltage."""
    fine = view.fine
    u, q = fine.u_pos, fine.q_export
    there = u.values > 0.05 * view.rating.voltage
    volts = 3 * u.values[there]
    return replace(
        q,
        t=q.t[there],
        values=q.values[there] / volts,
        uncertainty=np.hypot(q.uncertainty[there], q.values[there] / u.values[there] * u.uncertainty[there]) / volts,
        unit="A",
        noise=q.noise / (3 * view.rating.voltage),
    )


class ExcursionCase(GridCase):
    """What cases of one excursion share: the device comes to its power, the voltage leaves and comes back.

    Attributes:
        curve: The parameter whose curve it lies inside of.
        share: Of rated power that is fed; negative while charging.
        waveform: Instantaneous values; slow excursions are recorded as RMS values.
    """

    area: ClassVar[str] = "ride-through"
    hooks: ClassVar[tuple[str, ...]] = ("set_power",)
    curve: ClassVar[str] = "uvrt"
    share: ClassVar[float] = 1.0
    waveform: ClassVar[bool] = True

    def excursion(self, envelope: Envelope) -> Excursion:
        """What is played: by default as far as the curve goes, balanced."""
        return Excursion.balanced(*envelope.corner())

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power, then plays the excursion and leaves time to recover."""
        excursion = self.excursion(Envelope.of(bench.code, self.curve))
        await at_share(bench, self.share)
        rest = recovery_time(bench.code) + CONNECTED_FOR
        script = excursion.play(bench.calm.hold(LEAD)).hold(rest)
        if self.waveform:
            await bench.play_waveform(script)
        else:
            await bench.play(script)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the connection, and at the power where the case is about it."""
        view = View(trace)
        envelope = Envelope.of(view.code, self.curve)
        event = happened(view, self.excursion(envelope), envelope)
        view.at_power(self.share, before=event.start.value - HALF_CYCLE, seconds=LEAD / 2)
        requirement = "GRID-UVRT" if self.curve == "uvrt" else "GRID-OVRT"
        yield stays_connected(requirement, view, recovered(view, event), view.code[self.curve])
        if "GRID-UVRT-RECOVERY" in self.requirements:
            yield delivers_again("GRID-UVRT-RECOVERY", view, after(view, event), share=self.share)


async def at_share(bench: GridBench, share: float) -> None:
    """Brings the device to a share of its rated power; negative while charging."""
    if share < 0:
        await bench.charge(-share)
    else:
        await bench.export(share)
    await bench.settle()
