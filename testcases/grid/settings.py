"""The settings that the device shows are those of the code, stay so, and are what it does: never trust the name."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Limit,
    Measurement,
    Observation,
    Span,
    Trace,
    View,
    holds,
    within,
)
from v2gready.authoring.grid.frequency_judgements import slope
from v2gready.authoring.grid.frequency_response import Droop
from v2gready.authoring.grid.own_numbers import SLOPE
from v2gready.authoring.grid.readback import as_the_code, code_of, kept, readings, shown, stages_shown
from v2gready.authoring.grid.reconnecting import (
    LATE,
    LEAD,
    ON_THE_WAY,
    TIMER,
    Window,
    connected_again,
    knocked_out,
    left_grid,
)

CALM = 20.0
"""Seconds at power before a stimulus."""
RATE = 0.02
"""Hz/s: the response has no part in the slope."""
THRESHOLD_TOLERANCE = 0.03
"""Hz by which the measured threshold may differ from the one that is shown."""
PAST = 0.1
"""Hz beyond the stage of over-frequency."""
SLOWEST = 0.15
"""Share of a time that is shown, and at least as many seconds, by which the measured one may differ."""
REGISTERS = ("grid_simulator", "power_analyser", "der_registers")


class SettingsAreTheCode(GridCase):
    """What the registers hold is what the code asks, number by number.

    A preset that bears the name of a code proves nothing: six variants of one were found in the field.
    """

    topic = "SET-01"
    title = "Settings read back are those of the code"
    area = "settings"
    requirements = ("GRID-SETTINGS",)
    pics = "der_registers"
    instruments = REGISTERS
    hooks = ()
    order = -1
    faults = {
        "preset-of-another-country": "GRID-SETTINGS",
        "droop-read-back-wrong": "GRID-SETTINGS",
        "trip-times-read-back-wrong": "GRID-SETTINGS",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Reads the registers."""
        await bench.grid.read_settings()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares them with the code."""
        (reading, *_) = readings(trace, 1)
        code = code_of(trace)
        yield from as_the_code("GRID-SETTINGS", code, reading)


class SettingsAfterAll(SettingsAreTheCode):
    """After the whole campaign the settings that can be read back are still those of the code.

    What was tested is what is delivered: no case, no trip and no update in between may have changed it.
    """

    topic = "SET-06"
    title = "Settings read back after all other cases"
    order = 1


class SettingsSurviveATrip(GridCase):
    """After a trip and reconnection the settings are those from before.

    A device that falls back to the factory's belongs to another country from then on.
    """

    topic = "SET-02"
    title = "Settings are the same after a trip"
    area = "settings"
    requirements = ("GRID-SETTINGS-KEPT",)
    parameters = ("trip_f_under", "reconnect_wait", "reconnect_frequency")
    pics = "der_registers and interface_protection and discharge"
    hooks = ("set_power",)
    instruments = REGISTERS
    faults = {"settings-change-after-trip": "GRID-SETTINGS-KEPT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Reads, trips the device, and reads again."""
        await bench.grid.read_settings()
        await bench.export(0.5)
        script = knocked_out(bench.calm.hold(LEAD), bench.code, charging=False)
        await bench.play(script.step(f=50.0).hold(ON_THE_WAY))
        await bench.grid.read_settings()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The device did trip; then one reading against the other."""
        view = View(trace)
        left_grid(view, 0.5, view.span.end)
        before, after, *_ = readings(trace, 2)
        yield kept("GRID-SETTINGS-KEPT", before, after)


class DroopShownIsDroopDone(GridCase):
    """Threshold and droop of LFSM-O that the registers show are what power does.

    A response that differs from what the operator reads cannot be planned with.
    """

    topic = "SET-03"
    title = "Droop read back is the droop measured"
    area = "settings"
    requirements = ("GRID-SETTINGS",)
    parameters = ("lfsmo_threshold", "lfsmo_droop")
    pics = "der_registers and interface_protection and discharge"
    hooks = ("set_power",)
    instruments = REGISTERS
    faults = {
        "droop-read-back-wrong": "GRID-SETTINGS",
        "shows-one-preset-runs-another": "GRID-SETTINGS",
        "lfsmo-droop-doubled": "GRID-SETTINGS",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Reads; then frequency rises slowly while the device feeds rated power."""
        droop = Droop.over(bench.code)
        await bench.grid.read_settings()
        await bench.export(1.0)
        await bench.play(bench.calm.hold(CALM).ramp(f=droop.at(0.8), rate=RATE).hold(ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The straight line through power over frequency: its slope, and where it begins."""
        view = View(trace)
        droop = Droop.over(view.code)
        (reading, *_) = readings(trace, 1)
        start = view.at_power(1.0, before=view.span.start + CALM)
        low, high = droop.at(0.15), droop.at(0.7)
        ramp = view.ramp(0.95 * RATE, (high - low) / RATE)
        since = view.crossing(view.q.f, low, rising=True, after=ramp.start)
        part = Span(since, view.crossing(view.q.f, high, rising=True, after=since))
        stays = min(edge for edge, _ in stages_shown(reading, "710", "Hz"))
        left = view.disconnected(Span(view.span.start + CALM, part.end))
        if left is not None and view.q.f.at(left.value).value < stays - THRESHOLD_TOLERANCE:
            shows = f"stays connected below {stays:g} Hz, its lowest stage as shown"
            yield holds("GRID-SETTINGS", False, expected=shows, seen=f"left at {left.value:.2f} s", at=view.at)
            return
        measured = slope(view, part)
        nominal = view.code.nominal_frequency
        due = view.rating.power / (shown(reading, "711.Ctl.KOf") * nominal)
        steepest, flattest = -due * (1 + SLOPE.value), -due * (1 - SLOPE.value)
        limit = SLOPE.on(Limit("W/Hz", steepest, flattest, source="711.Ctl.KOf as shown"))
        yield within("GRID-SETTINGS", view, measured, limit, what="slope", instants=(part.start, part.end))
        if measured.value > -due / 10:
            raise Inconclusive("power hardly answers frequency: no threshold can be seen")
        middle, power = view.mean(view.q.f, part), view.export(part)
        begins = middle.value + (start.value - power.value) / measured.value
        told = nominal + shown(reading, "711.Ctl.DbOf")
        limit = Limit("Hz", told - THRESHOLD_TOLERANCE, told + THRESHOLD_TOLERANCE, source="711.Ctl.DbOf as shown")
        doubt = abs((high - low) * measured.uncertainty / measured.value) + middle.uncertainty
        yield within("GRID-SETTINGS", view, Measurement(begins, "Hz", doubt), limit, what="threshold")


class TripTimeShownIsTripTimeDone(GridCase):
    """The stage of over-frequency trips in the time that the registers show."""

    topic = "SET-04"
    title = "Trip time read back is the trip time measured"
    area = "settings"
    requirements = ("GRID-SETTINGS",)
    parameters = ("trip_f_over",)
    pics = "der_registers and interface_protection"
    hooks = ("set_power",)
    instruments = REGISTERS
    faults = {
        "trip-times-read-back-wrong": "GRID-SETTINGS",
        "shows-one-preset-runs-another": "GRID-SETTINGS",
        "f-over-slow": "GRID-SETTINGS",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Reads; then frequency steps just beyond the stage while the device charges."""
        value, delay = bench.code["trip_f_over"].stage
        await bench.grid.read_settings()
        await bench.charge(0.5)
        await bench.settle()
        await bench.play_waveform(bench.calm.hold(1.0).step(f=value + PAST).hold(2 * delay + 0.5))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the step until no current flows, against the quickest stage that is shown for that frequency."""
        view = View(trace)
        value, delay = view.code["trip_f_over"].stage
        (reading, *_) = readings(trace, 1)
        stepped = view.crossing(view.q.f, (value + PAST + view.code.nominal_frequency) / 2, rising=True)
        view.at_power(-0.5, before=stepped - 0.1)
        view.held_frequency(value + PAST, 2 * delay)
        told = [time for edge, time in stages_shown(reading, "710", "Hz") if edge < value + PAST]
        if not told:
            raise Inconclusive(f"the registers show no stage below {value + PAST:g} Hz")
        left = view.disconnected(Span(stepped, view.span.end))
        took = view.span.end - stepped if left is None else left.value - stepped
        wanted, slack = min(told), max(SLOWEST, SLOWEST * min(told))
        limit = Limit("s", wanted - slack, wanted + slack, source="model 710 as shown")
        what = "time without a trip" if left is None else "time to disconnect"
        doubt = 0.02 if left is None else 0.02 + left.uncertainty
        yield within("GRID-SETTINGS", view, Measurement(took, "s", doubt), limit, what=what, instants=(stepped,))


class WaitShownIsWaitDone(GridCase):
    """The wait before the device enters service is the one that the registers show (VG-02)."""

    topic = "SET-05"
    title = "Wait read back is the wait measured"
    area = "settings"
    requirements = ("GRID-SETTINGS",)
    parameters = ("trip_f_under", "reconnect_wait", "reconnect_frequency")
    pics = "der_registers and interface_protection and discharge"
    hooks = ("set_power",)
    instruments = REGISTERS
    faults = {
        "enter-service-read-back-wrong": "GRID-SETTINGS",
        "shows-one-preset-runs-another": "GRID-SETTINGS",
        "reconnects-early": "GRID-SETTINGS",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Reads; then trips the device and lets it come back."""
        await bench.grid.read_settings()
        await bench.export(0.5)
        script = knocked_out(bench.calm.hold(LEAD), bench.code, charging=False)
        await bench.play(script.step(f=50.0).hold(1.2 * Window.of(bench.code).latest + 2 * ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From when voltage and frequency are in the window until power begins to come back."""
        view = View(trace)
        (reading, *_) = readings(trace, 1)
        inside = Window.of(view.code).came_back(view)
        left_grid(view, 0.5, inside.start + 1.0)
        wait, random = shown(reading, "703.ESDlyTms"), shown(reading, "703.ESRndTms")
        again = connected_again(view, inside.start)
        until = view.span.end if again is None else again.value
        latest = wait * (1 + LATE) + random
        if again is None and until - inside.start < latest:
            raise Inconclusive(f"the recording ends {until - inside.start:.0f} s after the grid was well again")
        limit = Limit("s", wait * (1 - TIMER), latest, source="model 703 as shown")
        what = "time without connecting" if again is None else "wait before connecting"
        took = Measurement(until - inside.start, "s", 0.0 if again is None else again.uncertainty)
        yield within("GRID-SETTINGS", view, took, limit, what=what, instants=(inside.start, until))
