"""Contradictions inside a grid code, found before any waveform is played.

A protection stage inside a region where the code asks to stay connected makes every test of that region a lottery.
The factory preset of EN 50549-1 has one: it trips at 48.0 Hz after 2 s, the standard asks for 30 minutes there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from v2gready.grid.profile import Profile

UNDER_VOLTAGE = ("trip_u_under", "trip_u_under_2")
OVER_VOLTAGE = ("trip_u_over", "trip_u_over_2", "trip_u_over_3")
UNDER_FREQUENCY = ("trip_f_under", "trip_f_under_2")
OVER_FREQUENCY = ("trip_f_over", "trip_f_over_2")

_EPSILON = 1e-9
"""Two numbers that a file means to be equal may differ by their last bit once interpolated."""


class Weight(StrEnum):
    """What a finding means."""

    CONTRADICTION = "contradiction"
    """No device can meet both numbers."""
    REMARK = "remark"
    """Both can be met, but one takes effect from the other, or is not complete."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a profile.

    Attributes:
        rule: Its id.
        severity: Contradiction or remark.
        parameters: The parameters that do not fit.
        sentence: For the report.
    """

    rule: str
    severity: Weight
    parameters: tuple[str, ...]
    sentence: str


def lint(profile: Profile) -> tuple[Finding, ...]:
    """All findings of all rules. A rule whose parameters are not there says nothing."""
    return tuple(
        Finding(rule, severity, parameters, sentence)
        for rule, (severity, check) in RULES.items()
        for parameters, sentence in check(profile)
    )


Found = Iterator[tuple[tuple[str, ...], str]]


def _frequency_stages(profile: Profile) -> Found:
    """Within a band that must be held, a stage may trip only after the time of the band."""
    if "frequency_range" not in profile:
        return
    for low, high, hold in profile["frequency_range"].rows:
        for name, value, delay in _stages(profile, UNDER_FREQUENCY + OVER_FREQUENCY):
            inside = value > low if name in UNDER_FREQUENCY else value < high
            if inside and delay < hold:
                asked = f"{low:g} to {high:g} Hz is to be held {_time(hold)}"
                yield ("frequency_range", name), f"{name} trips at {value:g} Hz after {delay:g} s; {asked}"


def _voltage_stages(profile: Profile) -> Found:
    """The same for voltage."""
    if "voltage_range" not in profile:
        return
    for low, high, hold in profile["voltage_range"].rows:
        for name, value, delay in _stages(profile, UNDER_VOLTAGE + OVER_VOLTAGE):
            inside = value > low if name in UNDER_VOLTAGE else value < high
            if inside and delay < hold:
                asked = f"{low:g} to {high:g} pu is to be held {_time(hold)}"
                yield ("voltage_range", name), f"{name} trips at {value:g} pu after {delay:g} s; {asked}"


def _dip_stages(profile: Profile) -> Found:
    """A dip along the ride-through curve is below the threshold until the curve reaches it: no stage may be faster."""
    if "uvrt" not in profile:
        return
    for name, value, delay in _stages(profile, UNDER_VOLTAGE):
        until = profile.curve("uvrt").last_below(value)
        if until is not None and delay < until - _EPSILON:
            seen = f"a dip along the ride-through curve stays below it for {until:.3g} s"
            yield ("uvrt", name), f"{name} trips below {value:g} pu after {delay:g} s; {seen}"


def _swell_stages(profile: Profile) -> Found:
    """The same for swells."""
    if "ovrt" not in profile:
        return
    for name, value, delay in _stages(profile, OVER_VOLTAGE):
        until = profile.curve("ovrt").last_above(value)
        if until is not None and delay < until - _EPSILON:
            seen = f"a swell along the ride-through curve stays above it for {until:.3g} s"
            yield ("ovrt", name), f"{name} trips above {value:g} pu after {delay:g} s; {seen}"


def _loss_of_mains(profile: Profile) -> Found:
    """A RoCoF relay must not see what the device has to ride through.

    A steady rate v is allowed for as long as the mean over each window w stays at or below its rate r: for w r / v.
    """
    if "rocof" not in profile or "trip_rocof" not in profile:
        return
    value, delay = profile["trip_rocof"].stage
    rows = profile["rocof"].rows
    if all(rate < value for rate, _ in rows):
        return
    allowed = min((window * rate / value for rate, window in rows if rate < value), default=math.inf)
    if delay < allowed - _EPSILON:
        asked = f"the code asks to ride through {value:g} Hz/s {_time(allowed)}"
        yield ("rocof", "trip_rocof"), f"trip_rocof trips at {value:g} Hz/s after {delay:g} s; {asked}"


def _over_frequency_span(profile: Profile) -> Found:
    """The line of LFSM-O ends where protection trips."""
    trip = _innermost(profile, OVER_FREQUENCY, min)
    if trip is None or "lfsmo_threshold" not in profile or "lfsmo_droop" not in profile:
        return
    name, value = trip
    threshold, droop = profile["lfsmo_threshold"].number, profile["lfsmo_droop"].number
    span = (value - threshold) / profile.nominal_frequency / (droop / 100)
    if 0 < span < 1 - _EPSILON:
        ends = f"the line from {threshold:g} Hz with {droop:g} % has then moved power by {span:.0%} of its reference"
        yield ("lfsmo_droop", name), f"{name} trips at {value:g} Hz; {ends}, the rest is lost at once"


def _responses_before_trip(profile: Profile) -> Found:
    """A response that begins, or has to be complete, beyond a trip never is."""
    over, under = _innermost(profile, OVER_FREQUENCY, min), _innermost(profile, UNDER_FREQUENCY, max)
    if over and "lfsmo_threshold" in profile and profile["lfsmo_threshold"].number >= over[1]:
        yield ("lfsmo_threshold", over[0]), f"{over[0]} trips at {over[1]:g} Hz, before lfsmo_threshold"
    for name in ("lfsmu_threshold", "lfsmu_supply_below", "lfsmuc_zero"):
        if under and name in profile and profile[name].number <= under[1]:
            yield (name, under[0]), f"{under[0]} trips at {under[1]:g} Hz, before {name}"


def _reconnection_window(profile: Profile) -> Found:
    """A device that may reconnect where it trips toggles."""
    if "reconnect_frequency" in profile:
        low, high = profile["reconnect_frequency"].rows[0]
        for name, value, _ in _stages(profile, UNDER_FREQUENCY + OVER_FREQUENCY):
            if low < value if name in UNDER_FREQUENCY else high > value:
                yield ("reconnect_frequency", name), f"reconnection from {low:g} to {high:g} Hz crosses {name}"
    if "reconnect_voltage" in profile:
        low, high = profile["reconnect_voltage"].rows[0]
        for name, value, _ in _stages(profile, UNDER_VOLTAGE + OVER_VOLTAGE):
            if low < value if name in UNDER_VOLTAGE else high > value:
                yield ("reconnect_voltage", name), f"reconnection from {low:g} to {high:g} pu crosses {name}"
        if "trip_u_over_10min" in profile and high > profile["trip_u_over_10min"].number:
            yield ("reconnect_voltage", "trip_u_over_10min"), f"reconnection at {high:g} pu crosses trip_u_over_10min"


def _reconnection_response(profile: Profile) -> Found:
    """A device that reconnects above the threshold of LFSM-O, or outside of recovery, is reduced at once."""
    if "reconnect_frequency" not in profile:
        return
    high = profile["reconnect_frequency"].rows[0][1]
    if "lfsmo_threshold" in profile and high > profile["lfsmo_threshold"].number:
        yield ("reconnect_frequency", "lfsmo_threshold"), f"reconnection up to {high:g} Hz is above lfsmo_threshold"
    if "lfsmo_recovery_band" in profile and high > profile["lfsmo_recovery_band"].rows[0][1]:
        yield (
            ("reconnect_frequency", "lfsmo_recovery_band"),
            f"reconnection up to {high:g} Hz is above lfsmo_recovery_band",
        )


def _ten_minute_mean(profile: Profile) -> Found:
    """A fast stage at or below the limit of the mean acts first: the mean never decides."""
    if "trip_u_over_10min" not in profile:
        return
    mean = profile["trip_u_over_10min"].number
    for name, value, _ in _stages(profile, OVER_VOLTAGE):
        if value <= mean:
            yield ("trip_u_over_10min", name), f"{name} at {value:g} pu acts before the 10-minute mean at {mean:g} pu"


def _stage_order(profile: Profile) -> Found:
    """A further stage that is not further out and faster never acts."""
    for names, sign in ((UNDER_VOLTAGE, -1), (OVER_VOLTAGE, 1), (UNDER_FREQUENCY, -1), (OVER_FREQUENCY, 1)):
        stages = list(_stages(profile, names))
        for (first, value, delay), (second, further, faster) in pairwise(stages):
            if sign * (further - value) <= 0 or faster > delay:
                yield (first, second), f"{second} ({further:g}, {faster:g} s) never acts beside {first}"


def _charging_branch(profile: Profile) -> Found:
    """As frequency falls charging ends, and supply is reached where the code asks for it."""
    if "lfsmu_charge_curve" in profile:
        curve = profile.curve("lfsmu_charge_curve")
        if not curve.falls():
            yield ("lfsmu_charge_curve",), "export falls with falling frequency on a part of lfsmu_charge_curve"
        if "lfsmu_supply_below" in profile:
            where = profile["lfsmu_supply_below"].number
            if curve.sides(where)[0] < -_EPSILON:
                told = f"the curve is still charging just below lfsmu_supply_below ({where:g} Hz)"
                yield ("lfsmu_charge_curve", "lfsmu_supply_below"), told
        if "lfsmu_threshold" in profile and curve(profile["lfsmu_threshold"].number) > -1 + _EPSILON:
            told = "lfsmu_charge_curve asks for a response above lfsmu_threshold"
            yield ("lfsmu_charge_curve", "lfsmu_threshold"), told
    if "lfsmuc_threshold" in profile and "lfsmuc_zero" in profile:
        begin, end = profile["lfsmuc_threshold"].number, profile["lfsmuc_zero"].number
        if end >= begin:
            yield (
                ("lfsmuc_threshold", "lfsmuc_zero"),
                f"lfsmuc_threshold ({begin:g} Hz) is not above lfsmuc_zero ({end:g} Hz)",
            )


def _dead_band(profile: Profile) -> Found:
    """Under- and over-frequency responses leave nominal frequency alone."""
    nominal = profile.nominal_frequency
    if "lfsmo_threshold" in profile and profile["lfsmo_threshold"].number <= nominal:
        yield ("lfsmo_threshold",), f"LFSM-O begins at or below {nominal:g} Hz"
    for name in ("lfsmu_threshold", "lfsmuc_threshold"):
        if name in profile and profile[name].number >= nominal:
            yield (name,), f"{name} is at or above {nominal:g} Hz"


def _reactive_modes(profile: Profile) -> Found:
    """Q(U) lowers voltage where it is high, and asks for no more than the device must be able to give."""
    least = profile["cosphi_capability"].number if "cosphi_capability" in profile else 0.0
    if "qu_curve" in profile:
        curve = profile.curve("qu_curve")
        if not curve.falls():
            yield ("qu_curve",), "reactive power rises with voltage on a part of qu_curve: it drives voltage away"
        most = max(abs(q) for q in curve.y)
        if most > math.sqrt(1 - least**2) + _EPSILON:
            yield ("qu_curve", "cosphi_capability"), f"qu_curve asks for {most:g} of Smax, cosphi_capability does not"
    if "cosphi_p_curve" in profile:
        lowest = min(profile.curve("cosphi_p_curve").y)
        if lowest < least or max(profile.curve("cosphi_p_curve").y) > 1:
            told = f"cosphi_p_curve asks for {lowest:g}, cosphi_capability is {least:g}"
            yield ("cosphi_p_curve", "cosphi_capability"), told


def _voltwatt_span(profile: Profile) -> Found:
    """P(U) reduces before protection trips."""
    if "voltwatt_curve" not in profile:
        return
    curve = profile.curve("voltwatt_curve")
    if not curve.falls():
        yield ("voltwatt_curve",), "voltwatt_curve rises with voltage on a part: it drives voltage away"
    begin = next((before for before, y in zip(curve.x, curve.y[1:], strict=False) if y < curve.y[0]), None)
    trip = _innermost(profile, OVER_VOLTAGE, min)
    if begin is not None and trip is not None and trip[1] <= begin:
        told = f"{trip[0]} trips at {trip[1]:g} pu, where voltwatt_curve begins: it never reduces power"
        yield ("voltwatt_curve", trip[0]), told


def _fault_current(profile: Profile) -> Found:
    """Below the voltage of zero current no fault current can be given; the curve to ride through needs a way back."""
    if "frt_k" in profile and "frt_zero_current_below" in profile:
        below, back = profile["frt_zero_current_below"].number, 0.85
        if "frt_recovery_voltage" in profile:
            back = profile["frt_recovery_voltage"].number
        if below >= back:
            told = f"frt_zero_current_below ({below:g} pu) leaves no voltage at which the current of frt_k may flow"
            yield ("frt_k", "frt_zero_current_below"), told
    if "uvrt" in profile and "frt_recovery_voltage" in profile:
        end, back = profile.curve("uvrt").y[-1], profile["frt_recovery_voltage"].number
        if back < end - _EPSILON:
            told = f"frt_recovery_voltage ({back:g} pu) is inside the ride-through curve, which ends at {end:g} pu"
            yield ("uvrt", "frt_recovery_voltage"), told


def _reference_power(profile: Profile) -> Found:
    """A droop without its reference power cannot be judged."""
    for name in ("lfsmo", "lfsmu"):
        if f"{name}_droop" in profile and f"{name}_p_ref" not in profile:
            yield (f"{name}_droop",), f"{name}_droop is given without its reference power, {name}_p_ref"


Rule = tuple[Weight, Callable[[Profile], Found]]
RULES: dict[str, Rule] = {
    "trip-inside-frequency-range": (Weight.CONTRADICTION, _frequency_stages),
    "trip-inside-voltage-range": (Weight.CONTRADICTION, _voltage_stages),
    "trip-inside-uvrt": (Weight.CONTRADICTION, _dip_stages),
    "trip-inside-ovrt": (Weight.CONTRADICTION, _swell_stages),
    "rocof-trip-at-immunity": (Weight.CONTRADICTION, _loss_of_mains),
    "lfsmo-ends-at-trip": (Weight.REMARK, _over_frequency_span),
    "response-beyond-trip": (Weight.CONTRADICTION, _responses_before_trip),
    "reconnect-crosses-trip": (Weight.CONTRADICTION, _reconnection_window),
    "reconnect-into-response": (Weight.REMARK, _reconnection_response),
    "mean-never-decides": (Weight.REMARK, _ten_minute_mean),
    "stage-never-acts": (Weight.REMARK, _stage_order),
    "charging-branch": (Weight.CONTRADICTION, _charging_branch),
    "dead-band": (Weight.CONTRADICTION, _dead_band),
    "reactive-modes": (Weight.CONTRADICTION, _reactive_modes),
    "voltwatt-never-acts": (Weight.CONTRADICTION, _voltwatt_span),
    "fault-current": (Weight.CONTRADICTION, _fault_current),
    "reference-power-missing": (Weight.REMARK, _reference_power),
}
"""By id, in the order of the report."""


def _stages(profile: Profile, names: tuple[str, ...]) -> Iterator[tuple[str, float, float]]:
    """Name, threshold and delay of those stages that the profile has."""
    for name in names:
        if name in profile:
            yield (name, *profile[name].stage)


def _innermost(
    profile: Profile, names: tuple[str, ...], nearest: Callable[[list[tuple[float, str]]], tuple[float, str]]
) -> tuple[str, float] | None:
    """The stage whose threshold is nearest to nominal."""
    stages = [(value, name) for name, value, _ in _stages(profile, names)]
    if not stages:
        return None
    value, name = nearest(stages)
    return name, value


def _time(seconds: float) -> str:
    if math.isinf(seconds):
        return "without end"
    return f"for {seconds / 60:g} min" if seconds >= 120 else f"for {seconds:.3g} s"
