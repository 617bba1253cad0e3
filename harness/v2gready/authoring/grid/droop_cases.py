"""Base classes of cases about LFSM-O and LFSM-U: a case says the power before and the levels, or the step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.authoring.grid.frequency_gates import points, stepped
from v2gready.authoring.grid.frequency_judgements import stays_on, unchanged
from v2gready.authoring.grid.frequency_response import Droop, staircase
from v2gready.authoring.grid.judgements import on_curve
from v2gready.authoring.grid.view import Span, View
from v2gready.grid.profile import Profile
from v2gready.grid.script import Script
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Observation
from v2gready.model.trace import Trace

CALM: Final = 60.0
"""Seconds at nominal frequency in which even a slow device comes to its power."""
JUST_OUTSIDE: Final = 0.02
"""Hz from the threshold, on the side where nothing may respond: twice the accuracy of frequency (EN 50549-10 [u])."""


class DroopCase(GridCase):
    """The device at its power, then frequency beyond the threshold of a droop.

    Attributes:
        share: Of rated power before; negative: charging.
    """

    share: ClassVar[float] = 1.0

    @abstractmethod
    def droop(self, code: Profile) -> Droop:
        """LFSM-O or LFSM-U."""

    def levels(self, droop: Droop) -> Sequence[float]:
        """Frequencies to hold, one after the other."""
        raise NotImplementedError

    def script(self, script: Script, droop: Droop) -> Script:
        """What frequency does once the device is at its power: goes through the levels."""
        return staircase(script, self.levels(droop), droop.dwell)

    @abstractmethod
    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Judges a device that was at its power, which is ``start``."""

    async def stimulate(self, bench: GridBench) -> None:
        """Brings the device to its power and plays what the case wants."""
        if self.share < 0:
            await bench.charge(-self.share)
        else:
            await bench.export(self.share)
        await bench.play(self.script(bench.calm.hold(CALM), self.droop(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Makes sure of the power before, then judges."""
        view = View(trace)
        yield from self.judged(view, self.droop(view.code), view.at_power(self.share, before=CALM))


class OverFrequency(DroopCase):
    """LFSM-O, by default of a device that feeds rated power."""

    area: ClassVar[str] = "over-frequency"
    parameters: ClassVar[tuple[str, ...]] = ("lfsmo_threshold", "lfsmo_droop")
    pics: ClassVar[str] = "discharge"

    def droop(self, code: Profile) -> Droop:
        """LFSM-O."""
        return Droop.over(code)


class UnderFrequency(DroopCase):
    """LFSM-U, by default of a device that feeds half of its power and has as much left."""

    area: ClassVar[str] = "under-frequency"
    parameters: ClassVar[tuple[str, ...]] = ("lfsmu_threshold", "lfsmu_droop")
    pics: ClassVar[str] = "discharge"
    share: ClassVar[float] = 0.5

    def droop(self, code: Profile) -> Droop:
        """LFSM-U."""
        return Droop.under(code)


class NoResponse(DroopCase):
    """Just on the near side of the threshold nothing changes."""

    def levels(self, droop: Droop) -> Sequence[float]:
        """One, just outside of where the device responds."""
        return (droop.threshold - droop.away * JUST_OUTSIDE,)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Compares power there with power before."""
        ((hold, _, _),) = points(view, self.levels(droop), droop.dwell)
        yield unchanged(self.requirements[0], view, start, hold, view.code[f"{droop.prefix}_threshold"])


class FollowsDroop(DroopCase):
    """Level by level the power is on the characteristic.

    Attributes:
        about: Which number of the droop the requirement is about: ``threshold``, ``droop``.
        drawn: Change of power, as a share of the reference, up to which the characteristic is drawn.
    """

    about: ClassVar[str] = "droop"
    drawn: ClassVar[float] = 1.0

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Holds the power at each level against the characteristic."""
        low, high = sorted((droop.nominal, droop.at(self.drawn)))
        yield from on_curve(
            self.requirements[0],
            view,
            points(view, self.levels(droop), droop.dwell),
            droop.wanted(view, start),
            x=("f", "Hz"),
            y=("export", "W"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code[f"{droop.prefix}_{self.about}"],
            drawn=(low, high),
        )


class StepOfFrequency(DroopCase):
    """A step of frequency from nominal; the device stays at the grid and answers.

    Attributes:
        change: Of the reference power that is due after the step.
    """

    change: ClassVar[float]

    def script(self, script: Script, droop: Droop) -> Script:
        """Steps, and waits for twice the time in which the response has to settle."""
        return script.step(f=droop.at(self.change)).hold(2 * droop.settling)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:  # noqa: ARG002
        """The device is still there, and its power answers as the case wants."""
        t0 = stepped(view, droop.threshold, droop.at(self.change))
        hold = view.held_frequency(droop.at(self.change), 2 * droop.settling)
        parameter = view.code[f"{droop.prefix}_droop"]
        yield stays_on(self.requirements[0], view, Span(CALM / 2, hold.end), parameter)
        yield from self.answered(view, droop, Span(t0, hold.end))

    @abstractmethod
    def answered(self, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
        """Judges the response in a span that begins with the step."""


__all__ = ["CALM", "DroopCase", "FollowsDroop", "NoResponse", "OverFrequency", "StepOfFrequency", "UnderFrequency"]
