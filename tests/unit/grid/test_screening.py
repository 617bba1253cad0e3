"""Each thing an instrument or a wire can do wrong is found; nothing that a test does is taken for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from v2gready.grid.recording import Channel, Kind, Recording
from v2gready.grid.screening import Finding, Severity, screen, unusable
from v2gready.grid.script import Script

UN, IN = 230.0, 16.0
Values = dict[str, NDArray[np.float64]]
DEGREES = 2 * np.pi / 360


def played(
    script: Script, *, current: float | Callable[[float], float] = -0.9, phi: float = 0.0, rate: float = 10_000.0
) -> Values:
    """Voltages of a script, and currents of a device that feeds (negative) or charges, in pu of rated."""
    t = np.arange(int(script.duration * rate)) / rate
    at = script.at(t)
    pu = np.array([current(one) for one in t]) if callable(current) else np.full(len(t), current)
    noise = np.random.default_rng(7)
    values: Values = {}
    for k in range(3):
        angle = at.phase - k * 2 * np.pi / 3
        harmonic = 0.03 * np.sin(5 * angle)
        values[f"u{k + 1}"] = UN * math.sqrt(2) * at.u[k] * (np.sin(angle + at.angles[k]) + harmonic)
        values[f"i{k + 1}"] = IN * math.sqrt(2) * pu * np.sin(angle - phi)
    for name, column in values.items():
        values[name] = column + noise.normal(0, 1e-3 * (UN if name[0] == "u" else IN), len(column))
    return values


def waveform(values: Values, rate: float = 10_000.0) -> Recording:
    return Recording(
        Kind.WAVEFORM,
        1.5,
        rate,
        {name: Channel(name, "V" if name[0] == "u" else "A", x.astype(np.float32)) for name, x in values.items()},
    )


def look(values: Values, rate: float = 10_000.0, **kwargs: float) -> tuple[Finding, ...]:
    return screen(waveform(values, rate), UN, IN, **kwargs)


def rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


STEADY = Script().hold(0.6)

LEGITIMATE = {
    "steady": STEADY,
    "three-phase dip to 0.05": Script().hold(0.2).step(u=0.05).hold(0.25).step(u=1.0).hold(0.3),
    "one-phase dip": Script().hold(0.1).step(u=(0.05, 1.0, 1.0)).hold(0.4).step(u=1.0).hold(0.1),
    "two-phase dip": Script().hold(0.1).step(u=(1.0, 0.05, 0.05)).hold(0.4).step(u=1.0).hold(0.1),
    "two-phase fault with angles": Script()
    .hold(0.1)
    .step(u=(1.0, 0.52, 0.52), angles=(0.0, -58.0, 58.0))
    .hold(0.4)
    .step(u=1.0, angles=(0.0, 0.0, 0.0))
    .hold(0.1),
    "swell": Script().hold(0.1).step(u=1.25).hold(0.4).step(u=1.0).hold(0.1),
    "phase jump": Script().hold(0.2).step(jump=60.0).hold(0.2).step(jump=-20.0).hold(0.2),
    "ramp": Script().hold(0.1).ramp(f=51.5, rate=4.0).hold(0.3).ramp(f=47.4, rate=4.0).hold(0.2),
    "dead grid at the end": Script().hold(0.3).step(u=0.0).hold(0.5),
}


@pytest.mark.parametrize("script", LEGITIMATE.values(), ids=LEGITIMATE)
@pytest.mark.parametrize("current", [-1.0, -0.05, 0.0, 0.5])
def test_what_a_test_does_is_no_finding(script: Script, current: float) -> None:
    assert look(played(script, current=current)) == ()


@pytest.mark.parametrize("u", [(1.0, 0.25, 0.25), (0.25, 1.0, 1.0), (0.6, 0.25, 1.0)])
def test_a_fault_that_never_ends_is_no_finding(u: tuple[float, float, float]) -> None:
    assert look(played(Script().step(u=u).hold(0.4))) == ()


@pytest.mark.parametrize("rate", [10_000.0, 50_000.0, 200_000.0])
def test_coarse_digits_are_no_clipping(rate: float) -> None:
    values = played(Script().hold(0.12), rate=rate)
    digit = 2.5 * math.sqrt(2) * UN / 2**8
    values["u1"] = (
        np.rint(UN * math.sqrt(2) * np.sin(2 * np.pi * 50 * np.arange(len(values["u1"])) / rate) / digit) * digit
    )
    assert look(values, rate) == ()


def test_a_trip_is_no_finding() -> None:
    values = played(Script().hold(0.6), current=lambda t: -1.0 if t < 0.2 else 0.0)
    for name in ("i1", "i2", "i3"):
        values[name][2_100:] = 0.0  # the contactor is open and the probe shows nothing at all
    assert look(values) == ()


def test_an_island_that_runs_away_is_no_finding() -> None:
    script = Script().hold(0.3).ramp(f=54.0, rate=8.0).step(u=0.0).hold(0.3)
    assert look(played(script, current=lambda t: -1.0 if t < 0.7 else 0.0)) == ()


def test_a_fault_current_of_one_phase_is_no_finding() -> None:
    values = played(Script().hold(0.1).step(u=(0.3, 1.0, 1.0)).hold(0.4))
    values["i2"][1_000:] *= 0.05
    assert look(values) == ()


@given(
    st.lists(
        st.tuples(
            st.floats(0.02, 0.3),
            st.tuples(*[st.floats(0.05, 1.25)] * 3),
            st.floats(-60, 60),
            st.floats(47.0, 52.0),
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(-1.1, 1.1),
    st.sampled_from([5_000.0 * 2, 12_800.0, 20_000.0]),
    st.sampled_from([None, 12, 16]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_happens_after_a_healthy_start_is_no_finding(
    events: list[tuple[float, tuple[float, float, float], float, float]],
    current: float,
    rate: float,
    bits: int | None,
) -> None:
    script = Script().hold(0.2)
    for seconds, u, jump, f in events:
        script = script.step(u=u, jump=jump, f=f).hold(seconds)
    script = script.step(u=1.0, f=50.0).hold(sum(event[0] for event in events) + 0.1)
    values = played(script, current=current, rate=rate)
    if bits:
        for name, column in values.items():
            digit = 2.5 * math.sqrt(2) * (UN if name[0] == "u" else IN) / 2**bits
            values[name] = np.rint(column / digit) * digit
    assert look(values, rate) == ()


def spoilt(change: Callable[[Values], None], script: Script = STEADY, **kwargs: float) -> tuple[Finding, ...]:
    values = played(script, **kwargs)
    change(values)
    return look(values)


def _hole(values: Values) -> None:
    for column in values.values():
        column[2_000:2_100] = np.nan


def _swap(one: str, other: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        values[one], values[other] = values[other], values[one]

    return change


def _scale(factor: float, *names: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        for name in names:
            values[name] *= factor

    return change


def _set(name: str, where: slice, value: float) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        values[name][where] = value

    return change


def _clip(share: float, *names: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        for name in names:
            top = share * np.abs(values[name]).max()
            values[name] = np.clip(values[name], -top, top)

    return change


def _remove(values: Values) -> None:
    del values["i2"]


def _interchange(values: Values) -> None:
    for k in "123":
        values[f"u{k}"], values[f"i{k}"] = values[f"i{k}"], values[f"u{k}"]


def _hold_samples(values: Values) -> None:
    for name, column in values.items():
        values[name] = np.repeat(column[::10], 10)[: len(column)]


BAD: dict[str, tuple[Callable[[Values], None], str, str]] = {
    "gap": (_hole, "gap", "100 in all, first 10 ms from 1.7 s on"),
    "NaN": (_set("i2", slice(7, 8), math.nan), "not finite", "i2 holds no number in 1 samples, first at 1.5007 s"),
    "inf": (_set("u3", slice(0, 1), math.inf), "not finite", "u3"),
    "swapped voltages": (_swap("u2", "u3"), "swapped voltages", "turn backwards"),
    "turned voltage": (_scale(-1, "u1"), "swapped voltages", "turned round"),
    "swapped currents": (_swap("i1", "i2"), "swapped currents", "two currents are swapped"),
    "turned current": (_scale(-1, "i3"), "swapped currents", "turned round"),
    "clipped voltage": (_clip(0.95, "u2"), "clipped", "u2 is cut off at"),
    "clipped current": (_clip(0.9, "i1"), "clipped", "i1 is cut off at"),
    "missing": (_remove, "missing channel", "no channel i2"),
    "flat voltage": (_set("u1", slice(None), 12.0), "flat", "u1 is 12 V in every sample"),
    "frozen voltage": (_set("u1", slice(3_000, 3_400), 100.0), "flat", "stands still at 100 for 0.04 s"),
    "dead current": (_set("i2", slice(None), 0.0), "flat", "i2 never moves"),
    "kilovolts": (_scale(1e-3, "u1", "u2", "u3"), "scaling", "u2 never exceeds 0.2"),
    "one probe of 10": (_scale(0.1, "u3"), "scaling", "u3"),
    "millivolts": (_scale(1e3, "u1", "u2", "u3"), "scaling", "V RMS, 230 V are nominal"),
    "milliamperes": (_scale(1e3, "i1", "i2", "i3"), "scaling", "A RMS, 16 A are rated"),
    "line to line": (_scale(math.sqrt(3), "u1", "u2", "u3"), "line to line", "1.73 of nominal"),
    "interchanged": (_interchange, "interchanged", "voltages and currents"),
    "one voltage twice": (lambda values: values.update(u2=values["u1"]), "twin channels", "u1 and u2"),
    "one current twice": (lambda values: values.update(i3=values["i2"]), "twin channels", "i2 and i3"),
    "held": (_hold_samples, "held samples", "10 times: really 1000 samples per second"),
}


@pytest.mark.parametrize(("change", "rule", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_makes_it_unusable(change: Callable[[Values], None], rule: str, words: str) -> None:
    findings = spoilt(change)
    assert rule in {finding.rule for finding in findings if finding.severity is Severity.UNUSABLE}
    assert words in unusable(findings)


@pytest.mark.parametrize("name", ["three-phase dip to 0.05", "one-phase dip", "two-phase dip", "swell", "phase jump"])
@pytest.mark.parametrize("wiring", ["swapped voltages", "turned voltage", "swapped currents", "turned current"])
def test_wrong_wiring_is_found_whatever_the_test(name: str, wiring: str) -> None:
    change, rule, _ = BAD[wiring]
    assert rule in rules(spoilt(change, LEGITIMATE[name]))


@given(st.floats(0.3, 0.97), st.sampled_from([10_000.0, 20_000.0, 50_000.0]), st.sampled_from([None, 10, 12, 16]))
@settings(max_examples=30, deadline=None)
def test_clipping_is_found_at_any_rate_and_resolution(share: float, rate: float, bits: int | None) -> None:
    values = played(STEADY, rate=rate)
    column = values["u1"]
    if bits:
        digit = 2.2 * math.sqrt(2) * UN / 2**bits
        column = np.rint(column / digit) * digit
    top = share * np.abs(column).max()
    values["u1"] = np.clip(column, -top, top)
    assert "clipped" in rules(look(values, rate))


@given(st.sampled_from([0.4, 0.5, 0.8, 1.25, 2.0, 5.0]))
def test_a_rate_that_is_not_the_one_of_the_instrument_is_found(factor: float) -> None:
    findings = look(played(STEADY), 10_000.0 * factor)
    assert rules(findings) & {"wrong rate", "rate too low"}
    if 10_000.0 * factor >= 5_000:
        assert f"the fundamental is {50 * factor:.3g} Hz" in unusable(findings)


def test_a_grid_of_60_hz_is_one_if_it_is_expected() -> None:
    values = played(Script().step(f=60.0).hold(0.6))
    assert rules(look(values)) == {"wrong rate"}
    assert look(values, nominal_frequency=60.0) == ()


def test_rates_below_what_judges_need() -> None:
    assert rules(look(played(STEADY, rate=2_000.0), 2_000.0)) == {"rate too low"}
    findings = look(played(STEADY, rate=6_400.0), 6_400.0)
    assert [(one.rule, one.severity) for one in findings] == [("low rate", Severity.REMARK)]


def test_short_and_empty_recordings() -> None:
    for n in (0, 1, 700):
        values = {name: column[:n] for name, column in played(STEADY).items()}
        assert rules(look(values)) == {"too short"}
    assert {"missing channel", "too short"} <= rules(screen(Recording(Kind.WAVEFORM, 0.0, 10_000.0), UN, IN))


def test_currents_one_phase_further_are_remarked() -> None:
    values = played(STEADY)
    values["i1"], values["i2"], values["i3"] = values["i2"], values["i3"], values["i1"]
    findings = look(values)
    assert [(one.rule, one.severity) for one in findings] == [("rotated currents", Severity.REMARK)]


def test_an_offset_is_remarked() -> None:
    values = played(STEADY)
    values["u1"] += 20.0
    assert [(one.rule, one.severity) for one in look(values)] == [("offset", Severity.REMARK)]


def test_a_device_of_one_phase_needs_one_phase() -> None:
    values = {name: column for name, column in played(STEADY).items() if name[1] == "1"}
    assert screen(waveform(values), UN, IN, phases=1) == ()
    assert rules(look(values)) == {"missing channel"}


def quantities(n: int = 200, **changed: NDArray[np.float64]) -> Recording:
    flat = np.ones(n)
    values = {"u1": 230 * flat, "u2": 231 * flat, "u3": 229 * flat, "f": 50 * flat, "p": -8_000 * flat}
    values |= {"q": 2_000 * flat, "i1": 12 * flat, "i2": 12 * flat, "i3": 12 * flat}
    values |= changed
    return Recording(
        Kind.QUANTITIES, 0.0, 50.0, {name: Channel(name, "", x.astype(np.float32)) for name, x in values.items()}
    )


def test_quantities_of_tests_are_no_finding() -> None:
    ones, half = np.ones(200), np.repeat([1.0, 0.05], 100)
    assert screen(quantities(), UN, IN) == ()
    assert screen(quantities(u1=230 * half, u2=230 * half, u3=230 * half), UN, IN) == ()
    idle = dict.fromkeys(("p", "q", "i1", "i2", "i3"), 0 * ones)
    assert screen(quantities(**idle), UN, IN) == ()
    assert screen(quantities(f=np.linspace(50, 47, 200)), UN, IN) == ()


@pytest.mark.parametrize(
    ("changed", "rule", "words"),
    [
        ({"u1": 230 * np.sin(np.arange(200.0))}, "negative RMS", "is the recording a waveform?"),
        ({"f": np.full(200, 50_000.0)}, "scaling", "check its unit"),
        ({"p": np.full(200, -8.0), "q": np.full(200, 2.0)}, "scaling", "p and q make"),
        ({"p": np.full(200, -8e6)}, "scaling", "p reaches 8e+06 W"),
        ({"p": np.full(200, -24_000.0)}, "scaling", "p is typically 2.9"),
        ({"u2": np.full(200, 0.23)}, "scaling", "u2 never exceeds 0.23 V"),
        ({name: np.full(200, 400.0) for name in ("u1", "u2", "u3")}, "line to line", "1.74"),
        ({"f": np.r_[np.full(199, 50.0), np.nan]}, "not finite", "f holds no number"),
    ],
)
def test_quantities_that_contradict_themselves(changed: Values, rule: str, words: str) -> None:
    findings = screen(quantities(**changed), UN, IN)
    assert rule in rules(findings)
    assert words in unusable(findings)


def test_quantities_without_currents_are_remarked_and_without_power_unusable() -> None:
    whole = quantities()
    without = replace(whole, channels={k: v for k, v in whole.channels.items() if k[0] not in "iq"})
    findings = screen(without, UN, IN)
    assert [(one.severity, one.channels) for one in findings] == [(Severity.REMARK, ("q", "i1", "i2", "i3"))]
    assert unusable(findings) == ""
    blind = replace(whole, channels={k: v for k, v in whole.channels.items() if k != "p"})
    assert "no channel p" in unusable(screen(blind, UN, IN))
