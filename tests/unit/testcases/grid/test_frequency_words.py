"""The words of frequency cases: what a code asks, gates, and judgements on recordings made by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.testcases.grid.frequency_bench import device
from v2gready.authoring.grid import Span, View
from v2gready.authoring.grid.frequency_gates import stepped, swung, without_current
from v2gready.authoring.grid.frequency_judgements import (
    at_most_one_change,
    does_not_grow,
    keeps_up,
    lasting,
    slope,
    stays_on,
    told_by_reference,
    unchanged,
    well_damped,
)
from v2gready.authoring.grid.frequency_response import ChargeCurve, ConsumptionCut, Droop, staircase, swinging
from v2gready.grid.profile import Profile
from v2gready.grid.recording import Channel, ChannelNames, Floats, Kind, Recording, Uncertainty
from v2gready.grid.script import Script
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Verdict

RATED = 30_000.0
Course = Callable[[Floats], Floats]


def code() -> Profile:
    ready = device()
    assert ready.grid is not None
    return ready.grid.code


def seen(f: Course, export: Course, seconds: float) -> View:
    """What an analyser would deliver of a device of 30 kW."""
    t = np.arange(int(50 * seconds)) / 50
    power = -export(t)
    current = np.abs(power) / 690.0
    channels = {
        **{
            name: Channel(name, "V", np.full(len(t), 230.0), Uncertainty(0.05, 0.001)) for name in ChannelNames.VOLTAGES
        },
        **{name: Channel(name, "A", current, Uncertainty(0.01, 0.001)) for name in ChannelNames.CURRENTS},
        "f": Channel("f", "Hz", f(t), Uncertainty(0.001)),
        "p": Channel("p", "W", power, Uncertainty(5.0, 0.001)),
        "q": Channel("q", "var", np.zeros(len(t)), Uncertainty(5.0, 0.001)),
        "u_pos": Channel("u_pos", "V", np.full(len(t), 230.0), Uncertainty(0.05, 0.001)),
    }
    recording = Recording(Kind.QUANTITIES, 0.0, 50.0, channels)
    return View(
        Trace((Recorded(index=0, t=0.0, name="grid", content=recording),), "grid", "charger", device().dut.declared)
    )


def nominal(t: Floats) -> Floats:
    return np.full(len(t), 50.0)


def after_a_step(t: Floats) -> Floats:
    return np.where(t < 10.0, 50.0, 50.6)


# --- what a code asks -------------------------------------------------------------------------------------------------


def test_over_frequency_of_the_reference_code() -> None:
    droop = Droop.over(code())
    assert droop.per_hz == pytest.approx(1.0)
    assert droop.at(0.4) == pytest.approx(50.6)
    assert droop.change(50.1) == 0.0
    assert droop.change(50.7) == pytest.approx(-0.5)
    assert droop.levels(4, 0.8) == pytest.approx((50.4, 50.6, 50.8, 51.0))
    assert droop.at(5.0) == pytest.approx(51.45), "inside of the ranges that the device must withstand"


def test_under_frequency_of_the_reference_code() -> None:
    droop = Droop.under(code())
    assert droop.per_hz == pytest.approx(0.4)
    assert droop.at(0.3) == pytest.approx(49.05)
    assert droop.change(49.9) == 0.0
    assert droop.change(49.3) == pytest.approx(0.2)


def test_each_reference_power_asks_for_another_power_at_half_load() -> None:
    view = seen(nominal, nominal, 2)
    start = Measurement(15_000.0, "W")
    over, under = Droop.over(view.code), Droop.under(view.code)
    assert over.wanted(view, start, "Pn")(50.4) == pytest.approx(9_000.0)
    assert over.wanted(view, start, "P_at_threshold")(50.4) == pytest.approx(12_000.0)
    assert under.wanted(view, start, "Pn")(49.3) == pytest.approx(21_000.0)
    assert under.wanted(view, start, "Pn")(47.6) == pytest.approx(RATED), "capped by the rating"


def test_the_charge_curve_of_the_reference_code() -> None:
    curve = ChargeCurve.of(code())
    floor = curve.floor(seen(nominal, nominal, 2))
    assert curve.at(-0.5) == pytest.approx(49.4)
    assert curve.at(0.5) == pytest.approx(48.6)
    assert floor(49.4) == pytest.approx(-15_000.0)
    assert floor(50.0) == pytest.approx(-RATED)


def test_consumption_is_cut_in_a_straight_line() -> None:
    cut = ConsumptionCut.of(code())
    floor = cut.floor(seen(nominal, nominal, 2))
    assert [floor(f) for f in (50.0, 49.8, 49.4, 49.0, 48.0)] == pytest.approx([-RATED, -RATED, -15_000.0, 0.0, 0.0])


def test_a_staircase_stays_at_each_level() -> None:
    script = staircase(Script().hold(1), [50.5, 50.5, 50.0], 10)
    assert [one.duration for one in script.segments] == pytest.approx([1, 1, 10, 10, 1, 10])


# --- gates ------------------------------------------------------------------------------------------------------------


def played(script: Script) -> Course:
    return lambda t: script.at(t).f


@pytest.mark.parametrize(("rate", "cycles", "good"), [(0.5, 6, True), (0.5, 9, False), (0.6, 6, False)])
def test_a_swing_is_as_often_as_wanted(rate: float, cycles: int, good: bool) -> None:
    view = seen(played(swinging(Script().hold(10), 0.1, 0.5, 6).hold(10)), nominal, 30)
    if good:
        span = swung(view, 50.0, 0.1, rate, cycles)
        assert span.start == pytest.approx(12.0, abs=0.1)
        assert span.duration == pytest.approx((cycles - 2) / rate, abs=0.1)
    else:
        with pytest.raises(Inconclusive, match="did not swing"):
            swung(view, 50.0, 0.1, rate, cycles)


def test_a_swing_as_far_as_wanted() -> None:
    view = seen(played(swinging(Script().hold(10), 0.05, 0.5, 6).hold(10)), nominal, 30)
    with pytest.raises(Inconclusive, match="did not swing"):
        swung(view, 50.0, 0.1, 0.5, 6)


def test_a_slow_change_is_no_step() -> None:
    assert stepped(seen(after_a_step, nominal, 20), 50.2, 50.6) == pytest.approx(10.0, abs=0.03)
    with pytest.raises(Inconclusive, match="no step"):
        stepped(seen(lambda t: np.clip(50.0 + (t - 10) * 0.5, 50.0, 50.6), nominal, 20), 50.2, 50.6)


def test_a_session_without_pause_is_no_new_session() -> None:
    with pytest.raises(Inconclusive, match="never paused"):
        without_current(seen(nominal, lambda t: np.full(len(t), -RATED), 20), Span(1, 19), 4)
    paused = seen(nominal, lambda t: np.where((t > 5) & (t < 10), 0.0, -RATED), 20)
    assert without_current(paused, Span(1, 19), 4).duration == pytest.approx(5.0, abs=0.1)
    with pytest.raises(Inconclusive, match="paused for"):
        without_current(paused, Span(1, 19), 6)


# --- judgements -------------------------------------------------------------------------------------------------------


def test_growing_swings_fail_and_no_swings_are_inconclusive() -> None:
    parameter = code()["lfsmo_droop"]
    span = Span(1, 29)
    for growth, verdict in ((0.05, Verdict.FAIL), (0.0, Verdict.PASS), (-0.05, Verdict.PASS)):
        view = seen(nominal, lambda t, g=growth: 20_000 + 2_000 * np.exp(g * t) * np.sin(2 * np.pi * 0.5 * t), 30)
        assert does_not_grow("GRID-LFSMO-DYNAMIC", view, span, parameter).verdict is verdict
    with pytest.raises(Inconclusive):
        does_not_grow("GRID-LFSMO-DYNAMIC", seen(nominal, lambda t: np.full(len(t), 2e4), 30), span, parameter)


def test_a_swing_that_does_not_end_fails_and_a_device_that_does_nothing_is_inconclusive() -> None:
    droop, span = Droop.over(code()), Span(10, 50)

    def swinging_on(t: Floats) -> Floats:
        return np.where(t < 10, RATED, 18_000 + 4_000 * np.cos(2 * np.pi * 0.3 * t))

    one = next(iter(well_damped("GRID-LFSMO-DYNAMIC", seen(after_a_step, swinging_on, 50), droop, span)))
    assert one.verdict is Verdict.FAIL
    dead = seen(after_a_step, lambda t: RATED + 5 * np.sin(40 * t), 50)
    with pytest.raises(Inconclusive):
        list(well_damped("GRID-LFSMO-DYNAMIC", dead, droop, span))


def test_the_slope_is_that_of_the_line() -> None:
    view = seen(lambda t: 50 + 0.01 * t, lambda t: RATED - 300 * t, 60)
    measured = slope(view, Span(5, 55))
    assert measured.value == pytest.approx(-30_000, rel=0.01)
    assert measured.uncertainty < 100
    with pytest.raises(Inconclusive, match="no slope"):
        slope(seen(nominal, nominal, 60), Span(5, 55))


def test_what_lasts_to_the_end() -> None:
    view = seen(nominal, lambda t: np.where(t < 5, -1.0, np.where(t < 7, 1.0, np.where(t < 9, -1.0, 1.0))), 20)
    last = lasting(view.q.export, 0.0, Span(1, 19))
    assert last is not None
    assert last.value == pytest.approx(9.0, abs=0.03)
    assert lasting(view.q.export, 0.0, Span(1, 8)) is None


def test_a_pause_of_the_current_is_a_disconnection_if_it_lasts() -> None:
    parameter = code()["rocof"]
    for seconds, verdict in ((1.0, Verdict.PASS), (3.0, Verdict.FAIL)):
        view = seen(nominal, lambda t, s=seconds: np.where((t > 5) & (t < 5 + s), 0.0, RATED), 20)
        assert stays_on("GRID-ROCOF", view, Span(1, 19), parameter).verdict is verdict
    with pytest.raises(Inconclusive, match="no current"):
        stays_on("GRID-ROCOF", seen(nominal, lambda t: 0.0 * t, 20), Span(1, 19), parameter)


def test_charging_that_falls_too_late_is_seen() -> None:
    def falling(t: Floats) -> Floats:
        return np.clip(50.0 - 0.25 * (t - 10), 49.0, 50.0)

    curve = ChargeCurve.of(code())
    for late, verdict in ((1.0, Verdict.PASS), (4.0, Verdict.FAIL)):
        view = seen(falling, lambda t, s=late: np.array([curve.curve(float(f)) * RATED for f in falling(t - s)]), 30)
        judged = keeps_up(
            "GRID-LFSMU-CHARGE", view, Span(10, 29), curve.floor(view),
            late=2.0, tolerance=500.0, parameter=view.code["lfsmu_charge_curve"],
        )  # fmt: skip
        assert judged.verdict is verdict


def test_a_device_that_changes_to_and_fro_is_seen() -> None:
    parameter = code()["lfsmu_threshold"]
    for times, verdict in ((1, Verdict.PASS), (3, Verdict.FAIL)):
        view = seen(nominal, lambda t, n=times: -RATED * np.cos(np.minimum(t / 10, n) * np.pi), 40)
        assert at_most_one_change("GRID-MODE-CHANGE", view, Span(1, 39), parameter).verdict is verdict


def test_a_response_where_none_is_due() -> None:
    start = Measurement(RATED, "W", 10.0)
    for power, verdict in ((RATED, Verdict.PASS), (0.95 * RATED, Verdict.FAIL)):
        view = seen(nominal, lambda t, p=power: np.full(len(t), p), 10)
        one = unchanged("GRID-LFSMO-THRESHOLD", view, start, Span(1, 9), view.code["lfsmo_threshold"])
        assert one.verdict is verdict


def test_every_reference_is_told() -> None:
    view = seen(nominal, lambda t: np.full(len(t), 12_000.0), 10)
    droop, start = Droop.over(view.code), Measurement(15_000.0, "W")
    level = (Span(1, 9), Measurement(50.4, "Hz"), view.export(Span(1, 9)))
    one = unchanged("GRID-LFSMO-PREF", view, start, Span(1, 9), view.code["lfsmo_p_ref"])
    (told,) = told_by_reference([one], view, droop, start, [level])
    for text in ("9000 W with Pn", "12000 W with P_at_threshold", "W with Pmax_abs", "refers to 15000 W"):
        assert text in told.seen
    assert not math.isnan(level[2].value)
