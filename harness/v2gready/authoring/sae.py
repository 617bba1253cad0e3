"""Words about AC_DER_SAE: what a car declares, what a charger enables, and whether it makes sense (reference 3.6).

The table of modes is a reading of its own: neither side of a session builds its messages from it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from v2gready.authoring import wire
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Exchange, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.services import SaeModes as Mode

_PARTS: Final = (
    (Mode.HIGH_VOLTAGE_MUST_TRIP, "VoltageTrip", "OverVoltageMustTripCurve"),
    (Mode.LOW_VOLTAGE_MUST_TRIP, "VoltageTrip", "UnderVoltageMustTripCurve"),
    (Mode.HIGH_VOLTAGE_MOMENTARY_CESSATION, "VoltageTrip", "OverVoltageMomentaryCessationTripCurve"),
    (Mode.LOW_VOLTAGE_MOMENTARY_CESSATION, "VoltageTrip", "UnderVoltageMomentaryCessationTripCurve"),
    (Mode.HIGH_VOLTAGE_MAY_TRIP, "VoltageTrip", "OverVoltageMayTripCurve"),
    (Mode.LOW_VOLTAGE_MAY_TRIP, "VoltageTrip", "UnderVoltageMayTripCurve"),
    (Mode.HIGH_FREQUENCY_MUST_TRIP, "FrequencyTrip", "OverFrequencyMustTripCurve"),
    (Mode.LOW_FREQUENCY_MUST_TRIP, "FrequencyTrip", "UnderFrequencyMustTripCurve"),
    (Mode.HIGH_FREQUENCY_MAY_TRIP, "FrequencyTrip", "OverFrequencyMayTripCurve"),
    (Mode.LOW_FREQUENCY_MAY_TRIP, "FrequencyTrip", "UnderFrequencyMayTripCurve"),
    (Mode.VOLT_VAR, "ReactivePowerSupport", "VoltVar"),
    (Mode.WATT_VAR, "ReactivePowerSupport", "WattVar"),
    (Mode.CONSTANT_REACTIVE_POWER, "ReactivePowerSupport", "ConstantVar"),
    (Mode.FREQUENCY_DROOP, "ActivePowerSupport", "FrequencyDroop"),
    (Mode.VOLT_WATT, "ActivePowerSupport", "VoltWatt"),
    (Mode.CONSTANT_ACTIVE_POWER, "ActivePowerSupport", "ConstantWatt"),
    (Mode.LIMIT_MAXIMUM_ACTIVE_DISCHARGE_POWER, "ActivePowerSupport", "LimitMaxDischargePower"),
)
_FACTOR: Final = Mode.CONSTANT_POWER_FACTOR_OVER_EXCITED | Mode.CONSTANT_POWER_FACTOR_UNDER_EXCITED
ENABLED_BY_CHARGER: Final = Mode.ENTER_SERVICE | _FACTOR | Mode(sum(one for one, _, _ in _PARTS))
"""Modes that a charger can enable. Charging, discharging and the target powers of the loop have no Enable."""
NOTHING: Final = Mode(0)
INHERENT: Final = Mode.CHARGE | Mode.DISCHARGE
"""Modes that every car has (Table M.6)."""
UNUSED: Final = 0xFFFF_FFFF & ~sum(Mode)
"""Bits 2, 9, 25 and 27 to 31."""

_LIMIT: Final = re.compile(r"EV(SE)?(Maximum|Minimum|Nominal)\w*(Power|Var)")

_REACTIVE: Final = (der_sae.EVSEReactivePowerLimits, der_sae.EVReactivePowerLimits, der_sae.EVReactivePower)
_GROUPS: Final = {
    "VoltageTrip": tuple(one.name for one in fields(der_sae.VoltageTrip)),
    "FrequencyTrip": tuple(one.name for one in fields(der_sae.FrequencyTrip)),
    "ReactivePowerSupport": tuple(one.name for one in fields(der_sae.ReactivePowerSupportCPDRes)),
    "ActivePowerSupport": tuple(one.name for one in fields(der_sae.ActivePowerSupportCPDRes)),
}
"""The groups that a loop tells for changes alone, with their functions."""

_Control = der_sae.DERControlCPDRes | der_sae.DERControlCLRes


def named(modes: int) -> str:
    """Names of the modes of a bitmap, for the reader."""
    known = [one.name or "" for one in Mode if one & modes]
    return ", ".join(known + [f"bit {bit}" for bit in range(32) if UNUSED & modes & 1 << bit]) or "none"


def discoveries(trace: Trace) -> list[Exchange[m.ChargeParameterDiscoveryReq]]:
    """Charge parameter discoveries in a mode of AC_DER_SAE that were answered in one.

    Raises:
        Inconclusive: There is none.
    """
    found = [
        one
        for one in trace.exchanges(m.ChargeParameterDiscoveryReq)
        if isinstance(wire.mode_of(one.sent), der_sae.DER_AC_CPDReqEnergyTransferMode)
        and isinstance(wire.mode_of(one.answer), der_sae.DER_AC_CPDResEnergyTransferMode)
    ]
    if not found:
        raise Inconclusive(f"no parameters were told in a mode of AC_DER_SAE: {trace.last_words()}")
    return found


def grid_code(message: Any) -> _Control | None:
    """The grid code in a response, whole or what has changed of it; None without one."""
    mode = wire.mode_of(message)
    found: _Control | None = getattr(mode, "DERControlCPDRes", None) or getattr(mode, "DERControlCLRes", None)
    return found


def enabled(control: _Control, before: Mode = NOTHING) -> Mode:
    """The modes that are enabled behind a response; what it does not tell stays as it was [V2G20-3236]."""
    found = before & ~Mode.ENTER_SERVICE
    service = part(control, "EnterService")
    found |= Mode.ENTER_SERVICE if service is not None and service.PermitService else Mode(0)
    for mode, group, name in _PARTS:
        told = getattr(part(control, group), name, None)
        if told is not None:
            found = found | mode if told.Enable else found & ~mode
    factor = getattr(part(control, "ReactivePowerSupport"), "ConstantPowerFactor", None)
    if factor is not None:
        found &= ~_FACTOR
        over = factor.PowerFactorExcitation is der_sae.Excitation.OverExcited
        if factor.Enable:
            found |= Mode.CONSTANT_POWER_FACTOR_OVER_EXCITED if over else Mode.CONSTANT_POWER_FACTOR_UNDER_EXCITED
    return found


def part(control: _Control, name: str) -> Any:
    """A part of a grid code; some bear the name of the message behind their own."""
    suffix = "CPDRes" if isinstance(control, der_sae.DERControlCPDRes) else "CLRes"
    return getattr(control, name, None) if hasattr(control, name) else getattr(control, name + suffix)


def trip_curves(control: _Control) -> Iterator[tuple[str, der_sae.DERCurve]]:
    """The curves by which an inverter trips or ceases, by name."""
    for group in ("VoltageTrip", "FrequencyTrip"):
        told = part(control, group)
        for one in () if told is None else fields(told):
            curve = getattr(told, one.name)
            if curve is not None:
                yield one.name, curve


def wrong_trip_curves(control: _Control) -> list[str]:
    """Trip curves whose axes or points are not as M.2.2.1.10 and M.2.2.1.11 have them, in words."""
    found = []
    for name, curve in trip_curves(control):
        units = {der_sae.DERUnit.Hz} if "Frequency" in name else {der_sae.DERUnit.V, der_sae.DERUnit.PercentageV}
        durations = [float(point.xValue) for point in curve.CurveDataPoints.CurveDataPoint]
        if curve.xUnit is not der_sae.DERUnit.s:
            found.append(f"{name}: x in {curve.xUnit.name}")
        if curve.yUnit not in units:
            found.append(f"{name}: y in {curve.yUnit.name}")
        if any(after < before for before, after in itertools.pairwise(durations)):
            found.append(f"{name}: {', '.join(f'{one:g}' for one in durations)} s")
    return found


def _limits(value: Any, path: str = "") -> Iterator[tuple[str, float, bool]]:
    """Limits of power with their path: the number, and whether it is of what leaves the car."""
    for one in fields(value):
        inner = getattr(value, one.name)
        if isinstance(inner, _REACTIVE):
            yield from _limits(inner, f"{one.name}.")
        elif isinstance(inner, m.RationalNumber) and _LIMIT.match(one.name):
            yield f"{path}{one.name}", float(inner), "Injection" in one.name or "DischargePower" in one.name


def wrong_signs(mode: Any) -> list[str]:
    """Powers of discharge and injection above zero and those of charging and absorption below, in words (8.3.5.2)."""
    return [f"{name} {told:g}" for name, told, out in _limits(mode) if (told > 0 if out else told < 0)]


def gives(mode: Any) -> bool:
    """Some limit of discharge or injection is not zero: it has a sign."""
    return any(out and told for _, told, out in _limits(mode))


def values(control: _Control) -> dict[str, Any]:
    """What a grid code says, function by function; None for what a loop does not tell. EnterService is left aside."""
    return {
        f"{group}.{one}": getattr(part(control, group), one, None) for group, names in _GROUPS.items() for one in names
    }
