"""The words of voltage cases: what a curve leaves out, gates and judgements on recordings made by hand."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.testcases.grid.frequency_bench import device
from v2gready.authoring.grid import Span, View
from v2gready.authoring.grid.current_quality import alike, little_direct_current, little_distortion, steady
from v2gready.authoring.grid.excursions import INSIDE, SHORTER, Envelope, Excursion, recovery_time
from v2gready.authoring.grid.ride_through import most_current, no_overshoot, reactive_current, within_current
from v2gready.authoring.grid.volt_var import (
    between_capability_and_curve,
    continuous,
    flanks,
    highest_voltage,
    power_levels,
    reaches,
    voltage_points,
)
from v2gready.authoring.grid.voltage_gates import after, followed, happened, point_on_wave
from v2gready.grid.profile import Profile
from v2gready.grid.recording import Channel, ChannelNames, Floats, Kind, Recording, Uncertainty
from v2gready.grid.script import Script
from v2gready.model.measurement import Measurement, Provenance
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Verdict

UN = 230.0
DE = (((0.0, 0.15), (0.15, 0.15), (3.0, 0.85)), ((0.0, 1.25), (0.1, 1.25), (0.1, 1.15), (60.0, 1.15)))
"""Curves of VDE-AR-N 4105: the one of swells ends at a voltage that is timed."""


def code() -> Profile:
    ready = device()
    assert ready.grid is not None
    return ready.grid.code


def view_of(recording: Recording, **declared: Any) -> View:
    record = Recorded(index=0, t=0.0, name="grid", content=recording)
    return View(Trace((record,), "grid", "charger", {**device().dut.declared, **declared}))


def waveform(script: Script, share: float = 0.5, lag: float = 0.0, extra: Mapping[str, Floats] | None = None) -> View:
    """A current source with a share of the rated current of 43.5 A, exported, behind the voltage by some degrees."""
    t = np.arange(round(script.duration * 20_000)) / 20_000
    played = script.at(t)
    shift = np.array([[0.0], [-2 * np.pi / 3], [2 * np.pi / 3]])
    along = played.phase + shift + played.angles
    u = math.sqrt(2) * UN * played.u * np.cos(along)
    i = -math.sqrt(2) * 43.478 * share * np.cos(along - math.radians(lag))
    noise = np.random.default_rng(1)
    channels = {}
    for names, values, unit, floor in ((ChannelNames.VOLTAGES, u, "V", 0.3), (ChannelNames.CURRENTS, i, "A", 0.03)):
        for number, name in enumerate(names):
            added = (extra or {}).get(name, 0.0) + noise.normal(0.0, floor / 4, len(t))
            channels[name] = Channel(name, unit, (values[number] + added).astype(np.float32), Uncertainty(floor, 0.001))
    return view_of(Recording(Kind.WAVEFORM, 0.0, 20_000.0, channels, time_uncertainty=1e-4))


def quantities(
    u: Floats, p: Floats, q: Floats | float = 0.0, currents: tuple[float, float, float] | None = None
) -> View:
    """RMS values at 50 per second; the first is nominal, as in every recording."""
    count = len(u)
    u = np.concatenate(([UN], u[1:]))
    size = np.hypot(p, q) / (3 * u)
    channels = {name: Channel(name, "V", u, Uncertainty(0.05, 0.001)) for name in ChannelNames.VOLTAGES}
    for number, name in enumerate(ChannelNames.CURRENTS):
        values = size if currents is None else np.full(count, currents[number])
        channels[name] = Channel(name, "A", values, Uncertainty(0.01, 0.001))
    channels["f"] = Channel("f", "Hz", np.full(count, 50.0), Uncertainty(0.001))
    channels["p"] = Channel("p", "W", -p, Uncertainty(5.0, 0.001))
    channels["q"] = Channel("q", "var", -np.broadcast_to(q, (count,)).astype(float), Uncertainty(5.0, 0.001))
    channels["u_pos"] = Channel("u_pos", "V", u, Uncertainty(0.05, 0.001))
    return view_of(Recording(Kind.QUANTITIES, 0.0, 50.0, channels))


# --- what a curve leaves out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "seconds"), [(0.1, 0.0), (0.15, 0.2), (0.5, 0.85), (0.8, 1.407), (0.85, math.inf), (1.0, math.inf)]
)
def test_how_long_a_dip_may_last(u: float, seconds: float) -> None:
    assert Envelope.of(code(), "uvrt").longest(u) == pytest.approx(seconds, abs=1e-3)


@pytest.mark.parametrize(
    ("u", "seconds"), [(1.3, 0.0), (1.25, 0.1), (1.22, 0.1), (1.2, 5.0), (1.15, 60.0), (1.12, 60.0)]
)
def test_how_long_a_swell_may_last(u: float, seconds: float) -> None:
    assert Envelope.of(code(), "ovrt").longest(u) == pytest.approx(seconds)


def test_levels_are_where_a_curve_stays() -> None:
    assert Envelope.of(code(), "ovrt").levels() == (1.25, 1.2, 1.15)
    assert Envelope("ovrt", DE[1]).levels() == (1.25, 1.15)
    assert Envelope("ovrt", DE[1]).longest(1.15) == 60.0
    assert Envelope("uvrt", DE[0]).longest(0.5) == pytest.approx(1.575)


@given(st.floats(0.15, 0.84), st.sampled_from(["reference", "de"]))
def test_what_is_played_lies_inside_of_the_curve(u: float, which: str) -> None:
    envelope = Envelope.of(code(), "uvrt") if which == "reference" else Envelope("uvrt", DE[0])
    here, seconds = envelope.inside(u)
    assert here == pytest.approx(u + INSIDE)
    t = np.linspace(0.0, seconds, 50)
    assert np.all(envelope.at(t) < here)
    assert seconds == pytest.approx(envelope.longest(u) - SHORTER)


def test_the_furthest_corner() -> None:
    assert Envelope.of(code(), "uvrt").corner() == pytest.approx((0.16, 0.195))
    assert Envelope.of(code(), "ovrt").corner() == pytest.approx((1.24, 0.095))


def test_recovery_takes_a_second_where_the_code_is_silent() -> None:
    silent = replace(code(), parameters={name: one for name, one in code().items() if name != "frt_recovery_time"})
    assert recovery_time(silent) == 1.0


@given(st.floats(0.05, 0.95))
def test_a_dip_between_two_phases_keeps_their_sum_and_shrinks_their_difference(u: float) -> None:
    dip = Excursion.between_two_phases(u, 0.2)
    _, two, three = (
        one * cmath.exp(1j * math.radians(angle - 120.0 * n))
        for n, (one, angle) in enumerate(zip(dip.u, dip.angles, strict=True))
    )
    assert abs(two + three) == pytest.approx(1.0)
    assert abs(two - three) == pytest.approx(math.sqrt(3) * u)
    assert dip.negative_sequence == pytest.approx((1 - u) / 2)


def test_sequences_of_the_other_dips() -> None:
    assert Excursion.balanced(0.2, 0.1).negative_sequence == pytest.approx(0.0, abs=1e-12)
    assert Excursion.of_one_phase(0.1, 0.1).negative_sequence == pytest.approx(0.3)
    assert Excursion.of_one_phase(1.24, 0.1).worst == 1.24


# --- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0.0, 30.0, 60.0, 90.0, 137.0, 270.0])
@pytest.mark.parametrize("make", [Excursion.balanced, Excursion.of_one_phase, Excursion.between_two_phases])
def test_the_point_on_the_wave_is_found(angle: float, make: Any) -> None:
    begin = 0.4 + 0.02 * (1 + (angle - 90.0) / 360.0)
    view = waveform(make(0.3, 0.15).play(Script().hold(begin)).hold(0.5))
    found = point_on_wave(view, begin + 0.003)
    # What falls goes on for a while as if nothing had happened if it is at its zero, unless there are three of it.
    late = 2.0 if make is Excursion.balanced else 11.0
    assert -1.0 < (found - angle + 180.0) % 360.0 - 180.0 < late


def test_no_excursion_begins_where_none_is() -> None:
    view = waveform(Script().hold(1.0))
    with pytest.raises(Inconclusive, match="go on as before"):
        point_on_wave(view, 0.5)


def test_an_excursion_beyond_the_curve_lets_the_device_leave() -> None:
    envelope = Envelope.of(code(), "uvrt")
    wanted = Excursion.balanced(0.5, envelope.longest(0.5))
    too_deep = replace(wanted, u=(0.46, 0.46, 0.46))
    view = waveform(too_deep.play(Script().hold(0.5)).hold(2.0))
    assert happened(view, wanted).duration.value == pytest.approx(0.85, abs=0.01)
    with pytest.raises(Inconclusive, match="beyond the curve"):
        happened(view, wanted, envelope)


def test_a_recording_that_ends_too_soon_shows_no_recovery() -> None:
    dip = Excursion.balanced(0.3, 0.2)
    view = waveform(dip.play(Script().hold(0.5)).hold(0.5))
    with pytest.raises(Inconclusive, match="too little to recover"):
        after(view, happened(view, dip))


def test_a_rectangular_dip_does_not_follow_the_curve() -> None:
    view = waveform(Excursion.balanced(0.17, 1.45).play(Script().hold(0.5)).hold(2.0))
    with pytest.raises(Inconclusive):
        followed(view, Envelope.of(code(), "uvrt"), margin=0.02)


def test_steps_of_a_volt_are_told_apart() -> None:
    volts = np.concatenate([np.full(250, level) for level in (252.0, 253.0, 254.0)])
    power = np.linspace(30_000.0, 28_000.0, len(volts))
    view = quantities(volts, power)
    points = voltage_points(view, view.q.export, [252 / UN, 253 / UN, 254 / UN], 5.0, averaged=2.0)
    assert [round(one.value) for _, one, _ in points] == [252, 253, 254]
    with pytest.raises(Inconclusive, match="253"):
        voltage_points(quantities(np.full(750, 252.0), power), view.q.export, [252 / UN, 253 / UN], 5.0)


def test_levels_of_power_are_found_in_their_order() -> None:
    power = np.concatenate([np.full(750, 30_000.0 * share) for share in (0.2, 0.6, -0.5)])
    view = quantities(np.full(len(power), UN), power)
    assert [round(one.end) for one in power_levels(view, (0.2, 0.6, -0.5))] == [15, 30, 45]
    with pytest.raises(Inconclusive, match="did not stay"):
        power_levels(view, (0.6, 0.2))


def test_where_voltages_may_be_played() -> None:
    assert continuous(code()) == pytest.approx((0.86, 1.09))
    assert highest_voltage(code()) == pytest.approx(1.14)
    levels = flanks(code())
    assert levels == pytest.approx((1.0, 1.05, 1.08, 1.05, 1.0, 0.95, 0.92, 0.95, 1.0))


# --- judgements -------------------------------------------------------------------------------------------------------


def test_the_current_limit_is_the_declared_one() -> None:
    view = waveform(Script().hold(0.5))
    assumed = most_current(view)
    assert assumed.high == pytest.approx(1.1 * view.rating.current)
    assert assumed.provenance is Provenance.UNCONFIRMED
    declared = most_current(view_of(view.recording, max_current=1.3))
    assert declared.high == pytest.approx(1.3 * view.rating.current)
    assert declared.provenance is Provenance.CONFIRMED


@pytest.mark.parametrize(("share", "verdict"), [(1.0, Verdict.PASS), (1.5, Verdict.FAIL)])
def test_current_within_the_limit(share: float, verdict: Verdict) -> None:
    view = waveform(Script().hold(0.5), share)
    assert within_current("GRID-CURRENT-LIMIT", view, Span(0.1, 0.4), what="current").verdict is verdict


@pytest.mark.parametrize(("lag", "sign"), [(-90.0, 1.0), (90.0, -1.0)])
def test_reactive_current_that_raises_the_voltage_lags_what_is_exported(lag: float, sign: float) -> None:
    # Generator convention: current that goes out and comes after the voltage gives reactive power.
    view = waveform(Script().hold(0.5), 0.5, -lag)
    seen = view.mean(reactive_current(view), Span(0.1, 0.4))
    assert seen.value == pytest.approx(sign * 21.739, rel=1e-3)
    assert seen.uncertainty < 0.2


def test_power_that_turns_round_or_overshoots_after_a_dip() -> None:
    view = waveform(Script().hold(1.0), 0.5)
    good = list(no_overshoot("GRID-UVRT-RECOVERY", view, Span(0.2, 0.9), share=0.5))
    assert [one.verdict for one in good] == [Verdict.PASS, Verdict.PASS]
    over = list(no_overshoot("GRID-UVRT-RECOVERY", view, Span(0.2, 0.9), share=0.3))
    assert [one.verdict for one in over] == [Verdict.FAIL, Verdict.PASS]
    turned = list(no_overshoot("GRID-UVRT-RECOVERY", view, Span(0.2, 0.9), share=-0.5))
    assert [one.verdict for one in turned] == [Verdict.PASS, Verdict.FAIL]


@pytest.mark.parametrize(
    ("reactive", "sign", "verdict"),
    [
        (7_300.0, 1.0, Verdict.PASS),
        (7_300.0, -1.0, Verdict.FAIL),
        (-7_300.0, -1.0, Verdict.PASS),
        (0.0, 1.0, Verdict.FAIL),
    ],
)
def test_a_power_factor_is_reached_with_its_sign(reactive: float, sign: float, verdict: Verdict) -> None:
    view = quantities(np.full(500, UN), np.full(500, 15_000.0), reactive)
    point = (Span(1.0, 9.0), Measurement(15_000.0, "W"), Measurement(reactive, "var", 5.0))
    one = reaches("GRID-CAPABILITY", view, point, view.code["cosphi_capability"], sign=sign)
    assert one.verdict is verdict


@pytest.mark.parametrize(
    ("reactive", "verdict"),
    [(-3_000.0, Verdict.PASS), (-10_000.0, Verdict.PASS), (0.0, Verdict.FAIL), (3_000.0, Verdict.FAIL)],
)
def test_low_power_needs_the_sign_of_the_curve(reactive: float, verdict: Verdict) -> None:
    volts = 1.08 * UN
    view = quantities(np.full(500, volts), np.full(500, 6_000.0), reactive)
    point = (Span(1.0, 9.0), Measurement(volts, "V", 0.1), Measurement(reactive, "var", 5.0))
    (one,) = between_capability_and_curve(
        "GRID-QU", view, [point], capability=view.code["cosphi_capability"], curve=view.code["qu_curve"]
    )
    assert one.verdict is verdict


@pytest.mark.parametrize(
    ("currents", "verdict"), [((20.0, 20.0, 20.0), Verdict.PASS), ((40.0, 0.0, 20.0), Verdict.FAIL)]
)
def test_phases_are_compared_by_their_apparent_power(currents: tuple[float, float, float], verdict: Verdict) -> None:
    view = quantities(np.full(500, UN), np.full(500, 13_800.0), currents=currents)
    one = alike("GRID-BALANCE", view, Span(1.0, 9.0))
    assert one.verdict is verdict
    assert one.measurement is not None
    assert one.measurement.value == pytest.approx(UN * (max(currents) - min(currents)), abs=1.0)


def test_distortion_and_direct_current_of_each_phase() -> None:
    script = Script().hold(2.3)
    t = np.arange(round(2.3 * 20_000)) / 20_000
    fifth = math.sqrt(2) * 0.08 * 21.739 * np.cos(2 * np.pi * 250.0 * t)
    view = waveform(script, 0.5, extra={"i2": fifth, "i3": np.full(len(t), 0.6)})
    assert [one.verdict for one in little_distortion("GRID-THD", view)] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    direct = list(little_direct_current("GRID-DC", view, view.span))
    assert [one.verdict for one in direct] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]


def test_a_few_windows_are_too_few_for_a_distortion() -> None:
    with pytest.raises(Inconclusive, match="windows"):
        list(little_distortion("GRID-THD", waveform(Script().hold(1.0))))


def test_power_must_have_been_steady() -> None:
    power = np.concatenate([np.full(250, 30_000.0), np.full(250, 15_000.0)])
    with pytest.raises(Inconclusive, match="exported"):
        steady(quantities(np.full(500, UN), power), 1.0, 10.0)
    with pytest.raises(Inconclusive, match="recorded"):
        steady(quantities(np.full(250, UN), power[:250]), 1.0, 10.0)
