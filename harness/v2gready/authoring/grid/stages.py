"""Stages of the interface protection: a case says which stage, the words here say how it is brought to trip, or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, cast

import numpy as np

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.bench import GridBench, GridCase, Row
from v2gready.authoring.grid.judgements import stays_connected, within
from v2gready.authoring.grid.view import Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.profile import Parameter, Profile
from v2gready.grid.script import Script
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace
from v2gready.model.verdict import Verdict

LEAD: Final = 1.0
"""Seconds at the value just inside, before the step beyond."""
AFTER: Final = 1.5
"""Seconds at nominal values after the step."""
SPARE: Final = 0.2
"""Seconds by which a stimulus keeps away from what another stage would do."""
BEYOND: Final = 2.0
"""Tolerances of the code by which a value lies beyond a stage, or inside of it."""
LONG: Final = 3.0
"""Stages with a longer delay are recorded as quantities: 50 values per second are enough."""
LASTING: Final = 0.12
"""Seconds without current that make a disconnection."""
TOO_LONG: Final = 0.05
"""Seconds by which a step without current may be longer: what happens in it does not show."""
GONE: Final = 0.5
"""Seconds after the voltage is back in which a device that did not trip carries current again."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the grid code.

    Attributes:
        parameter: Where it stands.
        value: pu or Hz.
        delay: Seconds.
        margin: By which a stimulus keeps away from the value, pu or Hz.
        doubt: Seconds by which the code lets the time differ.
    """

    parameter: Parameter
    value: float
    delay: float
    margin: float
    doubt: float

    @classmethod
    def of(cls, code: Profile, name: str) -> Stage:
        """The stage of that name in a code."""
        parameter = code[name]
        value, delay = parameter.stage
        tolerance = code["trip_f_tolerance" if "_f_" in name else "trip_u_tolerance"].number
        share = code["trip_time_share"].number if "trip_time_share" in code else 0.0
        doubt = max(code["trip_time_tolerance"].number, share * delay)
        return cls(parameter, value, delay, BEYOND * tolerance, doubt)

    @property
    def of_frequency(self) -> bool:
        """It looks at frequency, not at voltage."""
        return "_f_" in self.parameter.name

    @property
    def under(self) -> bool:
        """It trips below its value."""
        return "_under" in self.parameter.name

    @property
    def inside(self) -> float:
        """A value at which it must not trip."""
        return self.value + (self.margin if self.under else -self.margin)

    @property
    def beyond(self) -> float:
        """A value at which it must trip."""
        return self.value - (self.margin if self.under else -self.margin)

    @property
    def latest(self) -> float:
        """Seconds within which it must have tripped."""
        return self.delay + self.doubt

    @property
    def nominal(self) -> float:
        """The calm value, pu or Hz."""
        return 50.0 if self.of_frequency else 1.0

    def step(self, script: Script, value: float) -> Script:
        """The script goes on at a value of the quantity that the stage looks at."""
        return script.step(f=value) if self.of_frequency else script.step(u=value)

    def calm(self, script: Script) -> Script:
        """The script goes on at the nominal value."""
        return self.step(script, self.nominal)

    def others_allow(self, code: Profile, value: float) -> float:
        """Seconds for which no other stage of the same side trips at a value."""
        side = self.parameter.name.rstrip("_23")
        delays = [
            other.delay - other.doubt
            for name in (side, f"{side}_2", f"{side}_3")
            if name in code and name != self.parameter.name
            for other in [Stage.of(code, name)]
            if (value < other.value + other.margin if self.under else value > other.value - other.margin)
        ]
        return min(delays, default=float("inf"))


class StageCase(GridCase):
    """What the cases of one stage share.

    The device feeds at under-frequency and charges at over-frequency, so that the response to frequency does not take
    it through zero; it feeds otherwise.

    Attributes:
        stage: Name of the parameter.
    """

    stage: ClassVar[str]
    area: ClassVar[str] = "protection"
    pics: ClassVar[str] = "interface_protection and discharge"
    hooks: ClassVar[tuple[str, ...]] = ("set_power",)

    def charging(self) -> bool:
        """The device charges in this case."""
        return self.stage.startswith("trip_f_over")

    async def begin(self, bench: GridBench) -> None:
        """Half of the rated power."""
        if self.charging():
            await bench.charge(0.5)
        else:
            await bench.export(0.5)
        await bench.settle()

    async def play(self, bench: GridBench, script: Script, stage: Stage) -> None:
        """Instantaneous values for quick stages, quantities for slow ones."""
        if stage.delay > LONG:
            await bench.play(script)
        else:
            await bench.play_waveform(script)

    def quantity(self, view: View, stage: Stage) -> Series:
        """What the stage looks at, in Hz or V."""
        if stage.of_frequency:
            return view.q.f
        phases = view.q.refreshed(0.001).u
        values = np.stack([one.values for one in phases])
        worst = values.min(axis=0) if stage.under else values.max(axis=0)
        return replace(phases[0], values=worst)

    def was_at_power(self, view: View) -> None:
        """The device was at its power before the voltage or the frequency moved."""
        share = -0.5 if self.charging() else 0.5
        view.at_power(share, before=view.span.start + LEAD / 2 - 0.05, seconds=LEAD / 2 - 0.1)

    def went_there(self, view: View, stage: Stage, series: Series, span: Span) -> None:
        """The quantity went just beyond the stage, and no further."""
        part = series.between(span.start, span.end)
        extreme = part.minimum() if stage.under else part.maximum()
        wanted = self.level(view, stage, stage.beyond)
        allowed = self.level(view, stage, stage.margin / 2) + extreme.uncertainty
        if abs(extreme.value - wanted) > allowed:
            raise Inconclusive(f"the stimulus went to {extreme}, it wants {wanted:.4g} {series.unit}")

    def level(self, view: View, stage: Stage, value: float) -> float:
        """A value of the stage in the unit of the quantity."""
        return value if stage.of_frequency else value * view.rating.voltage


class StageTrips(StageCase):
    """Just beyond its set value the stage disconnects the device in its set time."""

    requirements = ("GRID-TRIP-VALUE", "GRID-TRIP-TIME")

    def beyond_for(self, stage: Stage) -> float:
        """Seconds beyond the stage: longer than it may take, so that being late shows as well."""
        return stage.latest + stage.doubt + 2 * LASTING

    def inside_for(self, stage: Stage, code: Profile) -> float:
        """Seconds just inside before the step; none where another stage would trip there."""
        left = stage.others_allow(code, stage.inside) - self.beyond_for(stage) - SPARE
        return min(LEAD, left) if left >= SPARE else 0.0

    def before(self, view: View, stage: Stage) -> float:
        """The level that the step begins at, in the unit of the quantity."""
        inside = self.inside_for(stage, view.code)
        return self.level(view, stage, stage.inside if inside else stage.nominal)

    async def stimulate(self, bench: GridBench) -> None:
        """From just inside to just beyond, for longer than the stage may take."""
        stage = Stage.of(bench.code, self.stage)
        await self.begin(bench)
        script = bench.calm.hold(LEAD / 2)
        inside = self.inside_for(stage, bench.code)
        if inside:
            script = stage.step(script, stage.inside).hold(inside)
        script = stage.calm(stage.step(script, stage.beyond).hold(self.beyond_for(stage))).hold(AFTER)
        await self.play(bench, script, stage)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Whether it tripped, and when."""
        view = View(trace)
        stage = Stage.of(view.code, self.stage)
        series = self.quantity(view, stage)
        crossed = _reached(series, self.before(view, stage), self.level(view, stage, stage.beyond))
        level = self.level(view, stage, stage.value)
        _reached_for(series, stage, level, crossed.value, seconds=stage.latest + stage.doubt)
        self.went_there(view, stage, series, Span(crossed.value, crossed.value + stage.latest + stage.doubt))
        self.was_at_power(view)
        left = view.disconnected(Span(crossed.value, crossed.value + stage.latest + stage.doubt + LASTING))
        limit = view.code.limit(self.stage, low=0.0, unit="")
        sides = f"{stage.value:g} {'Hz' if stage.of_frequency else 'Un'}"
        yield replace(
            holds(
                "GRID-TRIP-VALUE",
                left is not None,
                expected=f"trips beyond {sides} ({limit.source})",
                seen="still connected" if left is None else f"disconnected at {left.value:.3f} s",
                at=view.at,
            ),
            provenance=limit.provenance,
            instants=(crossed.value,) if left is None else (crossed.value, left.value),
        )
        took = stage.latest + stage.doubt if left is None else left.value - crossed.value
        doubt = crossed.uncertainty if left is None else float(np.hypot(crossed.uncertainty, left.uncertainty))
        allowed = view.code.limit(self.stage, low=stage.delay - stage.doubt, high=stage.latest, unit="s")
        yield within(
            "GRID-TRIP-TIME",
            view,
            Measurement(took, "s", doubt),
            allowed,
            what="time to disconnect" if left else "time connected beyond the stage",
            instants=(crossed.value,),
        )


class StageTripsWithoutCurrent(StageTrips):
    """The same for a stage at which no current flows anyway: whether it tripped shows when the voltage is back.

    That is one fact. A device that stays away has tripped beyond the value and within the time. One that goes on has
    not tripped in time, that much is proven; whether a later trip or none would have come does not show, so nothing is
    said about the value.
    """

    def beyond_for(self, stage: Stage) -> float:
        """Seconds beyond the stage: as long as it may take, no longer."""
        return stage.latest

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """After the voltage is back a device that has tripped stays away."""
        view = View(trace)
        stage = Stage.of(view.code, self.stage)
        series = self.quantity(view, stage)
        value = self.level(view, stage, stage.value)
        crossed = _reached(series, self.before(view, stage), self.level(view, stage, stage.beyond))
        _reached_for(series, stage, value, crossed.value, seconds=stage.latest)
        self.went_there(view, stage, series, Span(crossed.value, crossed.value + stage.latest))
        self.was_at_power(view)
        back = view.crossing(series, (value + view.rating.voltage) / 2, rising=stage.under, after=crossed.value)
        if back - crossed.value > stage.latest + TOO_LONG:
            raise Inconclusive(f"the step lasted {back - crossed.value:.3f} s, longer than the stage may take")
        if view.span.end - back < GONE:
            raise Inconclusive(f"only {view.span.end - back:.3f} s were recorded after the voltage was back")
        flowing = measure.connection(view.q.envelope, view.rating.current, since=back, until=view.span.end)
        limit = view.code.limit(self.stage, low=0.0, unit="")
        in_time = replace(
            holds(
                "GRID-TRIP-TIME",
                flowing is None,
                expected=f"has tripped after {stage.latest:g} s beyond {stage.value:g} Un ({limit.source})",
                seen="no current when the voltage is back" if flowing is None else "it goes on",
                at=view.at,
            ),
            provenance=limit.provenance,
            instants=(crossed.value, back),
        )
        yield in_time
        beyond = f"trips beyond {stage.value:g} Un ({limit.source})"
        untold = f"it goes on after {stage.latest:g} s beyond: whether it would have tripped later does not show"
        yield replace(
            in_time,
            requirement="GRID-TRIP-VALUE",
            expected=beyond,
            verdict=Verdict.PASS if flowing is None else Verdict.INCONC,
            reason="" if flowing is None else untold,
        )


class StageHolds(StageCase):
    """Just inside its set value, and beyond it for less than its set time, the stage does not disconnect the device."""

    requirements = ("GRID-NO-TRIP",)

    def lengths(self, code: Profile) -> tuple[float, float]:
        """Seconds just inside, and seconds beyond."""
        stage = Stage.of(code, self.stage)
        shorter = 0.9 * stage.delay - stage.doubt
        inside = min(2 * stage.delay, 0.8 * stage.others_allow(code, stage.inside))
        return inside, min(shorter if shorter > 0 else 0.5 * stage.delay, 0.8 * stage.others_allow(code, stage.beyond))

    async def stimulate(self, bench: GridBench) -> None:
        """A hold just inside, then a shorter step beyond, each with calm after it."""
        stage = Stage.of(bench.code, self.stage)
        inside, beyond = self.lengths(bench.code)
        await self.begin(bench)
        script = stage.calm(stage.step(bench.calm.hold(LEAD), stage.inside).hold(inside)).hold(AFTER)
        await self.play(bench, stage.calm(stage.step(script, stage.beyond).hold(beyond)).hold(AFTER), stage)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Connected after each of both."""
        view = View(trace)
        stage = Stage.of(view.code, self.stage)
        inside, beyond = self.lengths(view.code)
        view.at_power(-0.5 if self.charging() else 0.5, before=view.recording.start + LEAD - 0.1)
        series = self.quantity(view, stage)
        first = _stay(view, series, stage, self.level(view, stage, stage.inside), inside)
        second = _stay(view, series, stage, self.level(view, stage, stage.beyond), beyond, after=first.end)
        for span in (first, second):
            calm = Span(span.end + GONE, span.end + AFTER - 0.2)
            yield stays_connected("GRID-NO-TRIP", view, calm, stage.parameter)


class Protection(StageCase):
    """A stage of the interface protection; one class stands for the two cases about it.

    In ``<topic>-01`` it trips, in ``<topic>-02`` it holds. All that a class says is which stage that is.

    Attributes:
        topic: Topic of the ids, without number.
        symbol: As engineers write it: ``U<<``.
        called: Its name in the purposes of the cases.
        matters: Why it has to trip, one sentence.
        current_flows: At this stage current flows until it trips; otherwise see `StageTripsWithoutCurrent`.
        quick_fault: The reference inverter has a fault that makes this stage trip too early.
    """

    topic: ClassVar[str]
    symbol: ClassVar[str]
    called: ClassVar[str]
    matters: ClassVar[str]
    current_flows: ClassVar[bool] = True
    quick_fault: ClassVar[bool] = True

    @classmethod
    def variants(cls) -> tuple[type[Self], ...]:
        """Both cases, each for every role."""
        if "topic" not in cls.__dict__:
            return ()
        trips = StageTrips if cls.current_flows else StageTripsWithoutCurrent
        value = "GRID-TRIP-VALUE" if cls.current_flows else "GRID-TRIP-TIME"  # see StageTripsWithoutCurrent
        beyond = Row(
            f"{cls.topic}-01",
            f"{cls.symbol} trips beyond its value and in its time",
            f"Just beyond its value the {cls.called} ({cls.symbol}) disconnects the device in its time."
            f"\n\n{cls.matters}",
            cls._says(dead=value, far=value, slow="GRID-TRIP-TIME"),
        )
        early = {"near": "GRID-NO-TRIP"} | ({"quick": "GRID-NO-TRIP"} if cls.quick_fault else {})
        inside = Row(
            f"{cls.topic}-02",
            f"{cls.symbol} neither trips inside its value nor before its time",
            f"Just inside its value, and beyond it for a shorter time, the {cls.called} ({cls.symbol}) does not trip."
            "\n\nNuisance trips turn a small disturbance into a large one.",
            cls._says(**early),
        )
        cases = (beyond.case(trips), inside.case(StageHolds))
        return tuple(one for case in cases for one in cast("type[Self]", case).variants())

    @classmethod
    def _says(cls, **faults: str) -> dict[str, Any]:
        """What the case of a stage says: kind of fault -> requirement that it turns red."""
        prefix = cls.stage.removeprefix("trip_").replace("_", "-")
        tolerance = "trip_f_tolerance" if "_f_" in cls.stage else "trip_u_tolerance"
        return {
            "__module__": cls.__module__,
            "stage": cls.stage,
            "parameters": (cls.stage, "trip_time_tolerance", tolerance),
            "faults": {f"{prefix}-{kind}": requirement for kind, requirement in faults.items()},
        }


def _stay(
    view: View, series: Series, stage: Stage, level: float, seconds: float, *, after: float = float("-inf")
) -> Span:
    """The stretch at a level; a stage is quicker than a plateau of the estimator, so the edges are looked for."""
    nominal = 50.0 if stage.of_frequency else view.rating.voltage
    middle = (level + nominal) / 2
    way_out = [one.t.value for one in measure.crossings(series, middle, rising=level > nominal) if one.t.value > after]
    if not way_out:
        raise Inconclusive(f"the stimulus never went to {level:.4g} {series.unit}")
    back = [
        one.t.value for one in measure.crossings(series, middle, rising=level < nominal) if one.t.value > way_out[0]
    ]
    if not back:
        raise Inconclusive(f"the stimulus did not come back from {level:.4g} {series.unit}")
    span = Span(way_out[0], back[0])
    if span.duration < seconds - series.window - 0.02:
        raise Inconclusive(
            f"{level:.4g} {series.unit} lasted {span.duration:.3f} s, the stimulus wants {seconds:.3f} s"
        )
    part = series.between(span.start, span.end)
    extreme = part.maximum() if level > nominal else part.minimum()
    allowed = stage.margin / 2 * (1.0 if stage.of_frequency else view.rating.voltage)
    if abs(extreme.value - level) > allowed + extreme.uncertainty:
        raise Inconclusive(f"the stimulus went to {extreme}, it wants {level:.4g} {series.unit}")
    return span


def _reached(series: Series, inside: float, beyond: float) -> Measurement:
    """The instant at which the quantity stepped from just inside to just beyond."""
    middle = (inside + beyond) / 2
    found = measure.crossings(series, middle, rising=beyond > inside)
    if not found:
        raise Inconclusive(f"the stimulus never went beyond {middle:.4g} {series.unit}")
    t = found[0].t.value
    return measure.step_instant(series, inside, beyond, t - 0.2, t + 0.2)


def _reached_for(series: Series, stage: Stage, value: float, crossed: float, *, seconds: float) -> None:
    """The quantity stayed beyond for so long."""
    back = [one.t.value for one in measure.crossings(series, value, rising=stage.under) if one.t.value > crossed + 0.01]
    lasted = (back[0] if back else series.end) - crossed
    if lasted < seconds - 0.02:
        raise Inconclusive(f"the stimulus was beyond {value:.4g} {series.unit} for {lasted:.3f} s, not {seconds:.3f} s")


__all__ = ["Protection", "Stage", "StageCase", "StageHolds", "StageTrips", "StageTripsWithoutCurrent"]
