"""Settings of a device as its registers show them, and whether they are those of the grid code.

Names are those of the SunSpec models, ``model.point``: ``703.ESHzLo``, ``711.Ctl.DbOf``, ``705.Crv.Pt1.Var``,
``709.Crv.MustTrip.Pt2.Tms``. Of the curves and controls that a model stores, the first is the one in force, and the one
that is shown; its points count from 1. Numbers are scaled: V, W, Hz and s as they are, every percentage as a share of 1
(voltages in pu of nominal), reactive power of a volt-var curve as a share of rated apparent power, active power of a
volt-watt curve as a share of rated power. Droops are shares of nominal frequency. Generator convention: what the device
feeds in is positive, over-excited reactive power too.

A preset that bears the name of a grid code proves nothing (reference 1.8: six variants of one preset were seen in the
field); what counts is what the registers hold. What SunSpec cannot express is said, not skipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

DerRegisters = Mapping[str, float]
"""Values by name."""

_FREQUENCY: Final = 0.005
_VOLTAGE: Final = 0.0005
_SHARE: Final = 0.005
_TIME: Final = 0.005
_TIME_SHARE: Final = 0.01

STAGES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "707": ("V", "under-voltage", ("trip_u_under", "trip_u_under_2")),
    "708": ("V", "over-voltage", ("trip_u_over", "trip_u_over_2", "trip_u_over_3")),
    "709": ("Hz", "under-frequency", ("trip_f_under", "trip_f_under_2")),
    "710": ("Hz", "over-frequency", ("trip_f_over", "trip_f_over_2")),
}
"""Model -> quantity of its curve, what it guards against, and the profile's stages in it."""
CURVES: Final[Mapping[str, tuple[str, str, str]]] = {
    "qu_curve": ("705", "V", "Var"),
    "voltwatt_curve": ("706", "V", "W"),
}
"""Profile curve -> model and its two quantities."""
UNREADABLE: Final[Mapping[str, str]] = {
    "lfsmo_p_ref": "model 711 does not say what power its droop refers to",
    "lfsmu_p_ref": "model 711 does not say what power its droop refers to",
    "lfsmo_return_gradient": "SunSpec has no point for the return after over-frequency",
    "lfsmu_charge_curve": "model 711 has one droop for each side; the branch while charging has no point",
    "lfsmu_supply_below": "SunSpec has no point for it",
    "lfsmuc_threshold": "SunSpec has no point for frequency response of a load",
    "lfsmuc_zero": "SunSpec has no point for frequency response of a load",
    "trip_rocof": "SunSpec has no point for rate of change of frequency",
    "trip_u_over_10min": "SunSpec has no point for the mean of ten minutes",
    "rocof": "SunSpec has no point for rate of change of frequency",
    "uvrt": "the may-trip curves of models 707 and 708 are no ride-through envelope",
    "ovrt": "the may-trip curves of models 707 and 708 are no ride-through envelope",
    "frt_k": "SunSpec 701 to 714 have no point for reactive current in a dip",
}
"""Parameters that no point of the models 701 to 714 shows, and why."""


class SettingParameter(Protocol):
    """What is read of a parameter of `v2gready.grid.profile`."""

    @property
    def value(self) -> float | None:
        """A single number."""

    @property
    def text(self) -> str | None:
        """A word."""

    @property
    def rows(self) -> tuple[tuple[float, ...], ...]:
        """A table."""


class SettingProfile(Protocol):
    """What is read of a profile."""

    @property
    def nominal_frequency(self) -> float:
        """Hz."""

    def get(self, name: str, /) -> SettingParameter | None:
        """The parameter, None if the code does not have it."""


@dataclass(frozen=True, slots=True)
class SettingCheck:
    """One number of the grid code against the registers.

    Attributes:
        parameter: Of the profile.
        expected: What the code asks.
        seen: What the registers hold.
        agrees: None if the registers cannot tell.
        note: Why, or what was compared.
    """

    parameter: str
    expected: str
    seen: str
    agrees: bool | None
    note: str = ""

    def __str__(self) -> str:
        word = {True: "as asked", False: "differs", None: "cannot be read back"}[self.agrees]
        return f"{self.parameter}: asked {self.expected}, seen {self.seen}: {word}{self.note and f' ({self.note})'}"


def compare_settings(registers: DerRegisters, profile: SettingProfile) -> tuple[SettingCheck, ...]:
    """Holds the registers against a grid code (reference 4.1, SunSpec).

    Thresholds and delays of the interface protection, the frequency droop and the reconnection window must be those of
    the code. A wait or a ramp may be longer, a response or a random delay shorter. A trip stage that the code does not
    have disagrees as well: it would end what the code asks the device to ride through.

    Args:
        registers: What was read.
        profile: The grid code.

    Returns:
        One check for each parameter that the code sets and the models concern; parameters without a point among them.
    """
    return (
        *_enter_service(registers, profile),
        *_droop(registers, profile),
        *(check for model in STAGES for check in _trips(registers, profile, model)),
        *(check for name in CURVES for check in _curve(registers, profile, name)),
        *_islanding(registers, profile),
        *_unreadable(profile),
    )


def _enter_service(registers: DerRegisters, profile: SettingProfile) -> Iterator[SettingCheck]:
    for name, low, high, unit, tolerance in (
        ("reconnect_frequency", "703.ESHzLo", "703.ESHzHi", "Hz", _FREQUENCY),
        ("reconnect_voltage", "703.ESVLo", "703.ESVHi", "pu", _VOLTAGE),
    ):
        parameter = profile.get(name)
        if parameter is not None and parameter.rows:
            yield _pair(registers, name, (low, high), parameter.rows[0], unit, tolerance)
    wait, gradient, randomly = (
        profile.get(name) for name in ("reconnect_wait", "reconnect_gradient", "reconnect_random")
    )
    if wait is not None and wait.value is not None:
        yield _one(registers, "reconnect_wait", "703.ESDlyTms", wait.value, "s", "at least")
    if gradient is not None and gradient.value:
        note = f"ramp of {gradient.value:g} of Pn per second"
        yield _one(registers, "reconnect_gradient", "703.ESRmpTms", 1 / gradient.value, "s", "at least", note)
    if randomly is not None and randomly.value is not None:
        yield _one(registers, "reconnect_random", "703.ESRndTms", randomly.value, "s", "at most")


def _droop(registers: DerRegisters, profile: SettingProfile) -> Iterator[SettingCheck]:
    nominal = profile.nominal_frequency
    off = registers.get("711.Ena") == 0
    for side, band, slope, sign in (("lfsmo", "DbOf", "KOf", 1), ("lfsmu", "DbUf", "KUf", -1)):
        threshold, droop = profile.get(f"{side}_threshold"), profile.get(f"{side}_droop")
        for parameter, name, point in ((threshold, "threshold", band), (droop, "droop", slope)):
            if parameter is None or parameter.value is None:
                continue
            if name == "threshold":
                wanted, unit = sign * (parameter.value - nominal), "Hz from nominal"
            else:
                wanted, unit = parameter.value / 100, "of nominal frequency"
            check = _one(registers, f"{side}_{name}", f"711.Ctl.{point}", wanted, unit, "exactly")
            yield _switched_off(check, "711") if off else check
    rise = profile.get("lfsmo_rise")
    if rise is not None and rise.value is not None:
        yield _one(registers, "lfsmo_rise", "711.Ctl.RspTms", rise.value, "s", "at most")


def _trips(registers: DerRegisters, profile: SettingProfile, model: str) -> Iterator[SettingCheck]:
    quantity, what, names = STAGES[model]
    unit, tolerance = ("pu", _VOLTAGE) if quantity == "V" else ("Hz", _FREQUENCY)
    found = [(name, profile.get(name)) for name in names]
    asked = [(name, one.rows[0][0], one.rows[0][1]) for name, one in found if one is not None and one.rows]
    if not asked:
        return
    points = _points(registers, f"{model}.Crv.MustTrip.", quantity, "Tms")
    seen = ", ".join(f"{value:g} {unit} {delay:g} s" for value, delay in points) or "not there"
    for name, value, delay in asked:
        expected = f"{value:g} {unit} {delay:g} s"
        check = SettingCheck(name, expected, seen, None, f"the device has no {what} points in model {model}")
        if points:
            there = any(_near(x, value, tolerance) and _near_time(t, delay) for x, t in points)
            check = SettingCheck(name, expected, seen, there, f"must-trip curve of model {model}")
        yield _switched_off(check, model) if registers.get(f"{model}.Ena") == 0 else check
    foreign = [x for x, _ in points if not any(_near(x, value, tolerance) for _, value, _ in asked)]
    if foreign:
        extra = ", ".join(f"{x:g} {unit}" for x in foreign)
        expected = f"no {what} stage but those of the code"
        yield SettingCheck(names[-1], expected, extra, False, f"must-trip curve of model {model}")


def _curve(registers: DerRegisters, profile: SettingProfile, name: str) -> Iterator[SettingCheck]:
    parameter = profile.get(name)
    if parameter is None or not parameter.rows:
        return
    model, x, y = CURVES[name]
    points = _points(registers, f"{model}.Crv.", x, y)
    expected, seen = _written(parameter.rows), _written(points) or "not there"
    if not points:
        yield SettingCheck(name, expected, seen, None, f"the device shows no curve in model {model}")
    elif registers.get(f"{model}.Ena") == 0:
        note = "the function is off; the code does not say whether this site wants it"
        yield SettingCheck(name, expected, seen, None, note)
    else:
        same = len(points) == len(parameter.rows) and all(
            _near(a, c, _VOLTAGE) and _near(b, d, _SHARE)
            for (a, b), (c, d, *_) in zip(sorted(points), sorted(parameter.rows), strict=True)
        )
        yield SettingCheck(name, expected, seen, same, f"model {model}")
    response = profile.get("qu_time")
    if name == "qu_curve" and response is not None and response.value is not None:
        yield _one(registers, "qu_time", "705.Crv.RspTms", response.value, "s", "at most")


def _islanding(registers: DerRegisters, profile: SettingProfile) -> Iterator[SettingCheck]:
    if profile.get("islanding_time") is None:
        return
    point, expected = "704.AntiIslEna", "detection on"
    seen = registers.get(point)
    if seen is None:
        yield SettingCheck("islanding_time", expected, "not there", None, f"the device has no {point}")
    else:
        note = f"{point}; only a test shows the time"
        yield SettingCheck("islanding_time", expected, "on" if seen else "off", bool(seen), note)


def _unreadable(profile: SettingProfile) -> Iterator[SettingCheck]:
    for name, why in UNREADABLE.items():
        parameter = profile.get(name)
        if parameter is not None:
            value = parameter.text if parameter.value is None else f"{parameter.value:g}"
            expected = _written(parameter.rows) or value or "set"
            yield SettingCheck(name, expected, "nothing", None, why)


def _pair(  # noqa: PLR0917 - one call
    registers: DerRegisters,
    name: str,
    points: tuple[str, str],
    wanted: Sequence[float],
    unit: str,
    tolerance: float,
) -> SettingCheck:
    seen = [registers.get(point) for point in points]
    expected = f"{wanted[0]:g} to {wanted[1]:g} {unit}"
    if seen[0] is None or seen[1] is None:
        return SettingCheck(name, expected, "not there", None, f"the device has no {' or '.join(points)}")
    agrees = _near(seen[0], wanted[0], tolerance) and _near(seen[1], wanted[1], tolerance)
    return SettingCheck(name, expected, f"{seen[0]:g} to {seen[1]:g} {unit}", agrees, ", ".join(points))


def _one(  # noqa: PLR0917 - a row of a table
    registers: DerRegisters,
    name: str,
    point: str,
    wanted: float,
    unit: str,
    sense: str,
    note: str = "",
) -> SettingCheck:
    seen = registers.get(point)
    expected = f"{'' if sense == 'exactly' else f'{sense} '}{wanted:g} {unit}".strip()
    if seen is None:
        return SettingCheck(name, expected, "not there", None, f"the device has no {point}")
    slack = _TIME + _TIME_SHARE * abs(wanted) if unit == "s" else _FREQUENCY if unit.startswith("Hz") else _VOLTAGE
    agrees = {
        "exactly": _near(seen, wanted, slack),
        "at least": seen >= wanted - slack,
        "at most": seen <= wanted + slack,
    }[sense]
    return SettingCheck(name, expected, f"{seen:g} {unit}".strip(), agrees, f"{point}{note and f': {note}'}")


def _switched_off(check: SettingCheck, model: str) -> SettingCheck:
    return SettingCheck(check.parameter, check.expected, "switched off", False, f"{model}.Ena is 0")


def _points(registers: DerRegisters, prefix: str, x: str, y: str) -> list[tuple[float, float]]:
    """The points of a curve that are there in full."""
    points = []
    number = 1
    while f"{prefix}Pt{number}.{x}" in registers:
        value = registers.get(f"{prefix}Pt{number}.{y}")
        if value is not None:
            points.append((registers[f"{prefix}Pt{number}.{x}"], value))
        number += 1
    return points


def _near(seen: float, wanted: float, tolerance: float) -> bool:
    return math.isfinite(seen) and abs(seen - wanted) <= tolerance + 1e-9


def _near_time(seen: float, wanted: float) -> bool:
    return _near(seen, wanted, _TIME + _TIME_SHARE * wanted)


def _written(rows: Sequence[Sequence[float]]) -> str:
    return " | ".join(" ".join(f"{value:g}" for value in row) for row in rows)
