"""What a charger wants of an inverter in the car by AC_DER_SAE of Amendment 1 (reference 3.6)."""

from __future__ import annotations

import functools
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import IntEnum
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.sae_modes import enable_flags
from v2gready.protocols.iso15118.services import SaeModes
from v2gready.resources import folder


@dataclass(frozen=True, slots=True, kw_only=True)
class SaeSettings:
    """The grid code of the place, as the charger passes it on.

    Attributes:
        control: All of it; of every function a car is told that it is enabled only if the car declared it.
        operating_mode: What the inverter has to be.
        connection_mode: Whether the charger is at the public grid.
        signed_limits: Announce discharge and injection as non-positive numbers, as the amendment does.
        nominal_share: Nominal power as a share of the maximum; |nominal| <= |max| [V2G20-3228], [V2G20-3229].
        reactive_power: Reactive power that the place allows, in var, either way.
        voltage_window: Least and greatest voltage of the grid, in V.
    """

    control: der_sae.DERControlCPDRes
    operating_mode: der_sae.RequiredDEROperatingMode = der_sae.RequiredDEROperatingMode.GridFollowing
    connection_mode: der_sae.GridConnectionMode = der_sae.GridConnectionMode.GridConnected
    signed_limits: bool = True
    nominal_share: float = 1.0
    reactive_power: float = 5_000.0
    voltage_window: tuple[float, float] = (202.4, 253.0)


@functools.cache
def sae_settings() -> SaeSettings:
    """The settings of ``fixtures/der/sae.toml``."""
    document = tomllib.loads((folder("fixtures") / "der" / "sae.toml").read_text("utf-8"))
    del document["provenance"]
    return SaeSettings(control=_made(der_sae.DERControlCPDRes, document))


def for_car(control: der_sae.DERControlCPDRes, supported: SaeModes) -> der_sae.DERControlCPDRes:
    """The grid code with no function enabled that the car did not declare in SupportedModes [V2G20-3409]."""
    told: Any = control
    for mode, group, name, enabled in enable_flags(control):
        if enabled and mode not in supported:
            members = getattr(told, group)
            told = replace(told, **{group: replace(members, **{name: replace(getattr(members, name), Enable=False)})})
    if SaeModes.ENTER_SERVICE not in supported:
        told = replace(told, EnterServiceCPDRes=replace(told.EnterServiceCPDRes, PermitService=False))
    control_of_car: der_sae.DERControlCPDRes = told
    return control_of_car


def unchanged(control: der_sae.DERControlCPDRes) -> der_sae.DERControlCLRes:
    """What the loop tells of a grid code that is the same as before: PermitService alone [V2G20-3236]."""
    permit = control.EnterServiceCPDRes.PermitService
    return der_sae.DERControlCLRes(EnterServiceCLRes=der_sae.EnterServiceCLRes(PermitService=permit))


def _made(kind: type, given: Mapping[str, Any]) -> Any:
    """An element of a table; ``points`` are its CurveDataPoints."""
    hints = typing.get_type_hints(kind)
    values = {name: _value(hints[name], value) for name, value in given.items() if name != "points"}
    if "points" in given:
        values["CurveDataPoints"] = der_sae.CurveDataPointsList(
            CurveDataPoint=tuple(
                der_sae.DataTuple(xValue=m.RationalNumber.of(x), yValue=m.RationalNumber.of(y))
                for x, y in given["points"]
            )
        )
    missing = {one.name for one in fields(kind) if one.default is not None} - set(values)
    if missing:
        raise ValueError(f"{kind.__name__} of fixtures/der/sae.toml has no {', '.join(sorted(missing))}")
    return kind(**values)


def _value(hint: Any, given: Any) -> Any:
    kind = next((one for one in typing.get_args(hint) if isinstance(one, type) and one is not type(None)), hint)
    if kind is m.RationalNumber:
        return m.RationalNumber.of(given)
    if is_dataclass(kind):
        return _made(kind, given)
    return kind[given] if isinstance(kind, type) and issubclass(kind, IntEnum) else given
