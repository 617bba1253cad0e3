"""Words about AC_DER_IEC: what was negotiated, what DERControl holds, and whether it makes sense (reference 3.6).

The table of functions is a reading of its own: the reference charger does not build its answers from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

from v2gready.authoring import wire
from v2gready.authoring.expectations import describe, holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Exchange, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import DerControlFunctions as Function
from v2gready.protocols.iso15118.services import ServiceId

SETPOINTS: Final = Function.DSO_Q_SETPOINT | Function.DSO_COS_PHI_SETPOINT
"""Functions without settings in DERControl: the grid operator's setpoints come in the charge loop."""

CHARACTERISTICS: Final = Function.VOLT_VAR | Function.WATT_VAR | Function.WATT_COS_PHI
"""Of these DERControl carries one, however many were negotiated: ReactivePowerSupport is a choice."""

_SETTINGS: Final[dict[Function, tuple[str, ...]]] = {
    Function.OVER_FREQUENCY_WATT: ("ActivePowerSupport", "OverFrequencyWatt"),
    Function.UNDER_FREQUENCY_WATT: ("ActivePowerSupport", "UnderFrequencyWatt"),
    Function.VOLT_WATT: ("ActivePowerSupport", "VoltWatt"),
    Function.VOLT_VAR: ("ReactivePowerSupport", "VoltVar"),
    Function.WATT_VAR: ("ReactivePowerSupport", "WattVar"),
    Function.WATT_COS_PHI: ("ReactivePowerSupport", "WattCosPhi"),
    Function.DC_INJECTION_RESTRICTION: ("MaximumLevelDCInjection",),
    Function.ZERO_CURRENT: ("ZeroCurrent",),
    Function.OVER_VOLTAGE_RIDE_THROUGH: ("OvervoltageFaultRideThrough",),
    Function.UNDER_VOLTAGE_RIDE_THROUGH: ("UndervoltageFaultRideThrough",),
}
_X_UNITS: Final = {"VoltVar": m.CurveUnit.V, "WattVar": m.CurveUnit.W, "WattCosPhi": m.CurveUnit.W}


def named(functions: int) -> str:
    """Names of the functions of a bitmap, for the reader."""
    return ", ".join(one.name or "" for one in Function if one & functions) or "none"


def parameter_sets(trace: Trace) -> Iterator[tuple[Exchange[m.ServiceDetailReq], dict[int, dict[str, Any]]]]:
    """Details of AC_DER_IEC with their parameter sets.

    Raises:
        Inconclusive: The charger told none.
    """
    found = [one for one in trace.exchanges(m.ServiceDetailReq) if one.sent.ServiceID == ServiceId.AC_DER_IEC]
    if not found:
        raise Inconclusive(f"the details of AC_DER_IEC were not asked for: {trace.last_words()}")
    yield from ((one, wire.parameter_sets(one.answer)) for one in found)


def negotiated(trace: Trace, exchange: Exchange[Any]) -> Function:
    """The control functions of the parameter set that was selected on the connection of an exchange.

    Raises:
        Inconclusive: No set with DERControlFunctions was selected there.
    """
    bitmap = wire.selected_parameters(trace, exchange.request.link).get("DERControlFunctions")
    if bitmap is None:
        raise Inconclusive("no parameter set with DERControlFunctions was selected")
    return Function(bitmap & sum(Function))


def discoveries(trace: Trace) -> list[Exchange[m.ChargeParameterDiscoveryReq]]:
    """Charge parameter discoveries in a DER mode that were answered in one.

    Raises:
        Inconclusive: There is none.
    """
    found = [
        one
        for one in trace.exchanges(m.ChargeParameterDiscoveryReq)
        if isinstance(wire.mode_of(one.sent), m.DER_AC_CPDReqEnergyTransferMode)
        and isinstance(wire.mode_of(one.answer), m.DER_AC_CPDResEnergyTransferMode)
    ]
    if not found:
        raise Inconclusive(f"no parameters were told in a DER mode: {trace.last_words()}")
    return found


def settings(control: m.DERControl) -> Function:
    """The functions that have settings in a DERControl; an empty group has none."""
    found = Function(0)
    for function, path in _SETTINGS.items():
        value: Any = control
        for name in path:
            value = getattr(value, name, None)
        found |= function if value is not None else Function(0)
    return found


def holds_negotiated(requirement: str, trace: Trace, exchange: Exchange[Any]) -> Observation:
    """DERControl has the settings of exactly the negotiated functions; of characteristics one of them."""
    wanted = negotiated(trace, exchange) & ~SETPOINTS
    told = settings(wire.mode_of(exchange.answer).DERControl)
    ok = told & ~CHARACTERISTICS == wanted & ~CHARACTERISTICS
    ok = ok and told in wanted and bool(told & CHARACTERISTICS) == bool(wanted & CHARACTERISTICS)
    expected = f"settings of {named(wanted)}"
    if (wanted & CHARACTERISTICS).bit_count() > 1:
        expected += f", of {named(wanted & CHARACTERISTICS)} one"
    return holds(requirement, ok, expected=expected, seen=named(told), at=exchange.at)


def curves(control: m.DERControl) -> Iterator[tuple[str, m.DERCurve]]:
    """The characteristics of reactive power, by name."""
    group = control.ReactivePowerSupport
    for name in _X_UNITS:
        curve = getattr(group, name, None)
        if curve is not None:
            yield name, curve


def wrong_curves(control: m.DERControl) -> list[str]:
    """Characteristics whose x values do not rise or have a strange unit, in words."""
    found = []
    for name, curve in curves(control):
        xs = [float(point.xValue) for point in curve.CurveDataPoints.CurveDataPoint]
        if any(after <= before for before, after in itertools.pairwise(xs)):
            found.append(f"{name}: x {', '.join(f'{x:g}' for x in xs)}")
        if curve.xUnit is not _X_UNITS[name]:
            found.append(f"{name}: x in {curve.xUnit.name}")
    return found


def wrong_settings(control: m.DERControl, nominal: float) -> list[str]:
    """Settings that contradict the function they are for, in words.

    Args:
        control: The settings.
        nominal: EVSENominalFrequency in Hz.
    """
    found = []
    active = control.ActivePowerSupport
    if active is not None and active.OverFrequencyWatt is not None and float(active.OverFrequencyWatt.Fstart) < nominal:
        found.append(f"OverFrequencyWatt.Fstart {float(active.OverFrequencyWatt.Fstart):g} Hz")
    if active is not None and active.UnderFrequencyWatt is not None:
        start = float(active.UnderFrequencyWatt.Fstart)
        found += [f"UnderFrequencyWatt.Fstart {start:g} Hz"] if start > nominal else []
    if active is not None and active.VoltWatt is not None:
        start, stop = float(active.VoltWatt.UStart), float(active.VoltWatt.UStop)
        found += [f"VoltWatt from {start:g} to {stop:g}"] if stop <= start else []
    return found + [f"{path} {value:g}" for path, value in _numbers(control, "DERControl") if value < 0]


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Slopes and time constants, wherever they are."""
    for one in fields(value):
        inner = getattr(value, one.name)
        if isinstance(inner, m.RationalNumber):
            if one.name.startswith(("Slope", "StepResponse", "IntentionalDelay")):
                yield f"{path}.{one.name}", float(inner)
        elif is_dataclass(inner):
            yield from _numbers(inner, f"{path}.{one.name}")


def limits(trace: Trace, prefix: str = "") -> list[tuple[str, float, tuple[int, ...]]]:
    """Every limit of power that the charger told in a DER mode: name, value, where.

    Args:
        trace: The trace.
        prefix: Only names that contain it.

    Raises:
        Inconclusive: There is none.
    """
    found = []
    for exchange in trace.exchanges(m.V2GRequest):
        mode = wire.mode_of(exchange.answer)
        if not type(mode).__name__.startswith("DER_"):
            continue
        for one in fields(mode):
            value = getattr(mode, one.name)
            told = one.name.startswith(("EVSEMaximum", "EVSEMinimum", "EVSENominal", "DSOMaximum"))
            if told and "Power" in one.name and prefix in one.name and value is not None:
                found.append((one.name, float(value), exchange.at))
    if not found:
        raise Inconclusive(f"no limits of power were told in a DER mode: {trace.last_words()}")
    return found


def setpoints(requirement: str, trace: Trace, loop: Exchange[Any]) -> Observation:
    """A loop tells no setpoint of the grid operator for a function that was not negotiated."""
    mode = wire.mode_of(loop.answer)
    told = Function(0)
    told |= Function.DSO_Q_SETPOINT if getattr(mode, "DSOQSetpoint", None) is not None else Function(0)
    told |= Function.DSO_COS_PHI_SETPOINT if getattr(mode, "DSOCosPhiSetpoint", None) is not None else Function(0)
    allowed = negotiated(trace, loop) & SETPOINTS
    return holds(
        requirement,
        not told & ~allowed,
        expected=f"setpoints of no function but {named(allowed)}",
        seen=named(told) if mode is not None else describe(loop),
        at=loop.at,
    )


def reactive_limits(trace: Trace, loop: Exchange[Any]) -> float:
    """The most reactive power, in either direction, that the car told for the session of a loop, in var.

    Raises:
        Inconclusive: It told none.
    """
    for exchange in discoveries(trace):
        told = wire.mode_of(exchange.sent).EVReactivePowerLimits
        if exchange.request.link == loop.request.link and told is not None:
            ways = (total(told, f"EVMaximum{way}ReactivePower") for way in ("Charge", "Discharge"))
            return max(abs(one or 0.0) for one in ways)
    raise Inconclusive("the car told no limits of reactive power")
