"""Dips that are more than one step down and up: along the curve, at any instant, twice, on a ramp of frequency."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.expectations import worst
from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Observation,
    Profile,
    Script,
    Span,
    Trace,
    Verdict,
    View,
    delivers_again,
    remark,
    stays_connected,
)
from v2gready.authoring.grid.excursions import Envelope, Excursion, recovery_time
from v2gready.authoring.grid.ride_through import (
    CONNECTED_FOR,
    HALF_CYCLE,
    LEAD,
    at_share,
)
from v2gready.authoring.grid.voltage_gates import after, followed, happened, point_on_wave, recovered

BOTH = ("GRID-UVRT", "GRID-UVRT-RECOVERY")
RECOVERY = ("uvrt", "frt_recovery_time", "frt_recovery_share")
HALF = 0.5
"""pu: half of the voltage is left (reference 6, UV-03)."""
SHORT = 0.15
"""Seconds (reference 6, UV-07)."""


class AlongTheCurve(GridCase):
    """The voltage comes back along the curve itself, just above it.

    The worst course that the code allows, which no rectangular dip shows.
    """

    topic = "UVRT-08"
    title = "Voltage coming back along the curve, feeding"
    area = "ride-through"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    hooks = ("set_power",)
    faults = {"trips-on-long-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    MARGIN = 0.02
    """pu above the curve."""

    async def stimulate(self, bench: GridBench) -> None:
        """Drops to the deepest point and follows the curve."""
        envelope = Envelope.of(bench.code, "uvrt")
        await at_share(bench, 1.0)
        (begin, deepest), *points = envelope.rows
        script = bench.calm.hold(LEAD).step(u=deepest + self.MARGIN)
        for t, u in points:
            if t > begin:
                script = script.ramp(u=u + self.MARGIN, seconds=t - begin)
            script, begin = script.step(u=u + self.MARGIN), t
        await bench.play_waveform(script.step(u=1.0).hold(recovery_time(bench.code) + CONNECTED_FOR))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the connection and at the power after the voltage is back."""
        view = View(trace)
        away = followed(view, Envelope.of(view.code, "uvrt"), margin=self.MARGIN)
        view.at_power(1.0, before=away.start - HALF_CYCLE, seconds=LEAD / 2)
        back = Span(away.end, view.span.end)
        yield stays_connected("GRID-UVRT", view, back.from_(recovery_time(view.code)), view.code["uvrt"])
        yield delivers_again("GRID-UVRT-RECOVERY", view, back, share=1.0)


class DipAtEveryAngle(GridCase):
    """The deepest dip begins at four points of the sine, three times each.

    What a device can stand depends on the instant, and a result that scatters is told.
    """

    topic = "UVRT-12"
    title = "Deepest dip at 0, 30, 60 and 90 degrees of the voltage, three times each"
    area = "ride-through"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    hooks = ("set_power",)
    faults = {"trips-on-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    ANGLES = (0.0, 30.0, 60.0, 90.0)
    """Degrees after the rising zero of phase 1 (reference 6, UV-06)."""
    REPETITIONS = 3
    CYCLE = 0.02
    """Seconds of a nominal cycle."""
    ALLOWED = 10.0
    """Degrees by which the instant may differ: half a millisecond."""

    def period(self, code: Profile) -> float:
        """Seconds from one dip to the next, whole cycles."""
        _, seconds = Envelope.of(code, "uvrt").corner()
        return self.CYCLE * round((seconds + recovery_time(code) + 0.2) / self.CYCLE + 1)

    async def stimulate(self, bench: GridBench) -> None:
        """Twelve dips; a script begins at the crest of phase 1."""
        dip = Excursion.balanced(*Envelope.of(bench.code, "uvrt").corner())
        await at_share(bench, 1.0)
        script = bench.calm
        for number in range(self.REPETITIONS * len(self.ANGLES)):
            angle = self.ANGLES[number % len(self.ANGLES)]
            begin = LEAD + self.CYCLE * (1 + (angle - 90.0) / 360.0) + number * self.period(bench.code)
            script = dip.play(script.hold(begin - script.duration))
        await bench.play_waveform(script.hold(self.period(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each dip on its own, then how much they differ."""
        view = View(trace)
        envelope = Envelope.of(view.code, "uvrt")
        wanted = Excursion.balanced(*envelope.corner())
        count = self.REPETITIONS * len(self.ANGLES)
        dips = [happened(view, wanted, envelope, nth=number) for number in range(count)]
        view.at_power(1.0, before=dips[0].start.value - HALF_CYCLE, seconds=LEAD / 2)
        angles = [point_on_wave(view, one.start.value) for one in dips]
        for angle in self.ANGLES:
            near = [one for one in angles if abs((one - angle + 180.0) % 360.0 - 180.0) <= self.ALLOWED]
            if len(near) < self.REPETITIONS:
                seen = ", ".join(f"{one:.0f}" for one in angles)
                raise Inconclusive(f"dips began at {seen} degrees, {self.REPETITIONS} at {angle:g} are wanted")
        ends = [*(one.start.value - 2 * HALF_CYCLE for one in dips[1:]), view.span.end]
        each = list(zip(dips, ends, strict=True))
        yield worst(stays_connected("GRID-UVRT", view, recovered(view, *one), view.code["uvrt"]) for one in each)
        back = [delivers_again("GRID-UVRT-RECOVERY", view, after(view, *one), share=1.0) for one in each]
        yield worst(back)
        times = [one.measurement.value for one in back if one.measurement is not None]
        told = f"power was back after {min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms"
        if all(one.verdict is Verdict.PASS for one in back):
            yield remark("GRID-UVRT-RECOVERY", f"{told} in {count} dips", at=view.at)


class DoubleDip(GridCase):
    """A second dip shortly after the first, as when a line is switched back onto its fault."""

    topic = "UVRT-13"
    title = "Two dips shortly after each other, feeding"
    area = "ride-through"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    hooks = ("set_power",)
    faults = {"trips-on-second-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    GAP = 0.3
    """Seconds (reference 6, UV-07)."""

    def dip(self, code: Profile) -> Excursion:
        """A fifth of the voltage is left, or what the curve allows."""
        envelope = Envelope.of(code, "uvrt")
        return Excursion.balanced(*envelope.inside(max(envelope.furthest, 0.2), SHORT))

    async def stimulate(self, bench: GridBench) -> None:
        """Two dips with less than the time to recover between them."""
        dip = self.dip(bench.code)
        await at_share(bench, 1.0)
        script = dip.play(dip.play(bench.calm.hold(LEAD)).hold(self.GAP))
        await bench.play_waveform(script.hold(recovery_time(bench.code) + CONNECTED_FOR))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what comes after the second."""
        view = View(trace)
        envelope = Envelope.of(view.code, "uvrt")
        first, second = (happened(view, self.dip(view.code), envelope, nth=nth) for nth in (0, 1))
        view.at_power(1.0, before=first.start.value - HALF_CYCLE, seconds=LEAD / 2)
        gap = second.start.value - after(view, first).start
        if abs(gap - self.GAP) > 2 * HALF_CYCLE:
            raise Inconclusive(f"the dips were {gap:.3f} s apart, the stimulus wants {self.GAP:g} s")
        yield stays_connected("GRID-UVRT", view, recovered(view, second), view.code["uvrt"])
        yield delivers_again("GRID-UVRT-RECOVERY", view, after(view, second), share=1.0)


class DipDuringRamp(GridCase):
    """A dip while the frequency falls as fast as the code says: faults that split a grid bring both at once."""

    topic = "UVRT-14"
    title = "Dip while the frequency falls, feeding"
    area = "ride-through"
    requirements = (*BOTH, "GRID-ROCOF")
    parameters = (*RECOVERY, "rocof")
    pics = "discharge"
    hooks = ("set_power",)
    faults = {
        "trips-on-dip": "GRID-UVRT",
        "trips-at-rocof": "GRID-ROCOF",
        "recovery-slow": "GRID-UVRT-RECOVERY",
    }

    BESIDE = 0.12
    """Seconds of the ramp before the dip, and after it at least."""
    LONGER = 0.05
    """Seconds by which the ramp is longer than its window."""

    def ramp(self, code: Profile) -> tuple[float, float]:
        """The steepest rate whose window holds the dip, Hz/s, and its window."""
        rows = [(row[0], row[1]) for row in code["rocof"].rows]
        long_enough = [row for row in rows if row[1] >= SHORT + 2 * self.BESIDE]
        return max(long_enough) if long_enough else max(rows, key=lambda row: row[1])

    def dip(self, code: Profile) -> Excursion:
        """Half of the voltage: less would leave nothing to measure the frequency by."""
        return Excursion.balanced(*Envelope.of(code, "uvrt").inside(HALF, SHORT))

    async def stimulate(self, bench: GridBench) -> None:
        """The dip lies within the ramp."""
        rate, window = self.ramp(bench.code)
        dip = self.dip(bench.code)
        await at_share(bench, 1.0)
        script: Script = bench.calm.hold(LEAD)
        for u, seconds in ((1.0, self.BESIDE), (dip.worst, dip.seconds)):
            script = script.step(u=u).ramp(f=script.frequency - rate * seconds, rate=rate)
        end = bench.code.nominal_frequency - rate * (window + self.LONGER)
        script = script.step(u=1.0).ramp(f=end, rate=rate)
        await bench.play_waveform(script.hold(recovery_time(bench.code) + CONNECTED_FOR))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the connection and at the power after both."""
        view = View(trace)
        rate, window = self.ramp(view.code)
        dip = happened(view, self.dip(view.code), Envelope.of(view.code, "uvrt"))
        ramp = view.ramp(-rate, window)
        if not ramp.start < dip.start.value < after(view, dip).start < ramp.end:
            raise Inconclusive("the dip did not lie within the ramp of frequency")
        view.at_power(1.0, before=ramp.start - 0.1, seconds=LEAD / 2)
        yield stays_connected("GRID-ROCOF", view, Span(ramp.end, view.span.end), view.code["rocof"])
        yield stays_connected("GRID-UVRT", view, recovered(view, dip), view.code["uvrt"])
        yield delivers_again("GRID-UVRT-RECOVERY", view, after(view, dip), share=1.0)
