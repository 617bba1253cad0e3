"""Currents in a dip and power after it: within limits, none where none is due, of the right kind and sign."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Observation,
    Profile,
    Span,
    Trace,
    View,
    delivers_again,
    never_above,
    within,
)
from v2gready.authoring.grid.excursions import Envelope, Excursion, recovery_time
from v2gready.authoring.grid.frequency_judgements import in_time, lasting
from v2gready.authoring.grid.own_numbers import FAST_CURRENT
from v2gready.authoring.grid.ride_through import (
    HALF_CYCLE,
    LEAD,
    ExcursionCase,
    at_share,
    no_overshoot,
    reactive_current,
    within_current,
)
from v2gready.authoring.grid.voltage_gates import after, happened, recovered

RECOVERY = ("uvrt", "frt_recovery_time", "frt_recovery_share")
LIMITED = 0.7
"""pu: a device that keeps its power here carries more than its rated current."""


class CurrentInDipFeeding(ExcursionCase):
    """In and after a dip no phase carries more current than the device declares: what lies behind is made for that.

    The dip is one in which the device would need more than its rated current to keep its power.
    """

    topic = "UVRT-15"
    title = "Current in and after a dip, feeding rated power"
    requirements = ("GRID-CURRENT-LIMIT",)
    parameters = ("uvrt",)
    pics = "discharge"
    faults = {"over-current-in-dip": "GRID-CURRENT-LIMIT", "current-limit-high": "GRID-CURRENT-LIMIT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Deep enough to need more current, not so deep that none is due."""
        return Excursion.balanced(*envelope.inside(LIMITED, 0.5))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest RMS current of any phase; a device that left carries none, and proves nothing."""
        view = View(trace)
        envelope = Envelope.of(view.code, self.curve)
        dip = happened(view, self.excursion(envelope), envelope)
        view.at_power(self.share, before=dip.start.value - HALF_CYCLE, seconds=LEAD / 2)
        back = after(view, dip)
        if view.disconnected(recovered(view, dip)) is not None:
            raise Inconclusive("the device left the grid: a current that is gone keeps any limit")
        inside = Span(dip.start.value, back.start)
        yield within_current("GRID-CURRENT-LIMIT", view, inside, what="highest current in the dip")
        yield within_current("GRID-CURRENT-LIMIT", view, back, what="highest current after the dip")


class CurrentInDipCharging(CurrentInDipFeeding):
    """While the device charges it does not draw more current because there is less voltage.

    A load that keeps its power in a dip makes the dip deeper.
    """

    topic = "UVRT-16"
    title = "Current in and after a dip, charging at rated power"
    pics = ""
    share = -1.0


class NoCurrentInDeepDip(ExcursionCase):
    """Below the voltage that the code names the device feeds no current, soon enough: a fault must not be fed."""

    topic = "UVRT-17"
    title = "No current below the voltage of the code, feeding"
    requirements = ("GRID-ZERO-CURRENT",)
    parameters = ("uvrt", "frt_zero_current_below", "frt_zero_current_share", "frt_zero_current_time")
    pics = "discharge"
    faults = {"no-zero-current": "GRID-ZERO-CURRENT"}

    BELOW = 0.05
    """pu below the voltage of the code (reference 6, UV-10)."""

    def dip(self, code: Profile) -> Excursion:
        """Just below that voltage, for longer than the current may take to go."""
        return Excursion.balanced(
            *Envelope.of(code, "uvrt").inside(code["frt_zero_current_below"].number - self.BELOW, 0.5)
        )

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds rated power and plays the dip."""
        await at_share(bench, 1.0)
        await bench.play_waveform(self.dip(bench.code).play(bench.calm.hold(LEAD)).hold(recovery_time(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the highest current from when it must be gone to the end of the dip."""
        view = View(trace)
        dip = happened(view, self.dip(view.code), Envelope.of(view.code, "uvrt"))
        view.at_power(1.0, before=dip.start.value - HALF_CYCLE, seconds=LEAD / 2)
        gone = dip.start.value + view.code["frt_zero_current_time"].number + HALF_CYCLE
        span = Span(gone, after(view, dip).start - HALF_CYCLE)
        if span.duration < 2 * HALF_CYCLE:
            raise Inconclusive("the dip was over before the current had to be gone")
        most = view.code["frt_zero_current_share"].number * view.rating.current
        limit = view.code.limit("frt_zero_current_share", high=most, unit="A")
        current = view.fine.i_max
        yield never_above("GRID-ZERO-CURRENT", view, current, span, limit, what="highest current in the dip")


class FastReactiveCurrent(GridCase):
    """While it feeds, the device answers a dip with reactive current that raises the voltage.

    As much as the code says and soon enough: it holds up the grid around the fault.
    """

    topic = "UVRT-18"
    title = "Fast reactive current in a dip, feeding"
    area = "ride-through"
    requirements = ("GRID-FAST-CURRENT",)
    parameters = ("frt_k", "frt_reaction_time")
    pics = "discharge"
    hooks = ("set_power",)
    faults = {
        "no-fast-current": "GRID-FAST-CURRENT",
        "fast-current-inverted": "GRID-FAST-CURRENT",
        "fast-current-third": "GRID-FAST-CURRENT",
    }

    SHARE = 0.4
    """Of rated power (Czech storage method)."""
    SECONDS = 0.3

    def dip(self, code: Profile) -> Excursion:
        """Well within where reactive current is due and none is forbidden."""
        forbidden = code.get("frt_zero_current_below")
        return Excursion.balanced(max(LIMITED, 0.0 if forbidden is None else forbidden.number + 0.1), self.SECONDS)

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds less than half of the rated power and plays the dip."""
        await at_share(bench, self.SHARE)
        await bench.play_waveform(self.dip(bench.code).play(bench.calm.hold(LEAD)).hold(recovery_time(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """How much at the end of the dip, and when it was reached for good."""
        view = View(trace)
        dip = happened(view, self.dip(view.code))
        view.at_power(self.SHARE, before=dip.start.value - HALF_CYCLE, seconds=LEAD / 2)
        inside = Span(dip.start.value, after(view, dip).start - 2 * HALF_CYCLE)
        current = reactive_current(view)
        end = inside.last(0.1)
        rated = view.rating.current
        due = view.code["frt_k"].number * (1.0 - view.mean(view.q.u_pos, end).value / view.rating.voltage) * rated
        due = min(due, rated)
        slack = FAST_CURRENT.value * rated
        limit = FAST_CURRENT.on(view.code.limit("frt_k", low=due - slack, high=due + slack, unit="A"))
        yield within(
            "GRID-FAST-CURRENT",
            view,
            view.mean(current, end),
            limit,
            what="reactive current that raises the voltage",
            instants=(end.start, end.end),
        )
        reached = lasting(current, due - slack, inside)
        yield in_time(
            "GRID-FAST-CURRENT",
            view,
            inside.start,
            reached,
            view.code["frt_reaction_time"],
            what="the reactive current is there",
        )


class RecoveryFeeding(ExcursionCase):
    """After the dip power comes back to what it was, from one side: a surge of many devices is the next disturbance."""

    topic = "UVRT-19"
    title = "Power after the dip neither overshoots nor turns round, feeding half of rated power"
    requirements = ("GRID-UVRT-RECOVERY",)
    parameters = RECOVERY
    pics = "discharge"
    share = 0.5
    faults = {"recovery-overshoot": "GRID-UVRT-RECOVERY", "recovery-reversed": "GRID-UVRT-RECOVERY"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The time until power is back, then its extremes after the dip."""
        view = View(trace)
        envelope = Envelope.of(view.code, self.curve)
        dip = happened(view, self.excursion(envelope), envelope)
        view.at_power(self.share, before=dip.start.value - HALF_CYCLE, seconds=LEAD / 2)
        yield delivers_again("GRID-UVRT-RECOVERY", view, after(view, dip), share=self.share)
        yield from no_overshoot("GRID-UVRT-RECOVERY", view, after(view, dip), share=self.share)


class RecoveryCharging(RecoveryFeeding):
    """A device that charged before the dip charges after it, and does not feed the grid on the way."""

    topic = "UVRT-20"
    title = "Power after the dip neither overshoots nor turns round, charging with half of rated power"
    pics = ""
    share = -0.5
