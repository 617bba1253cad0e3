"""What a charger wants of an inverter in the car: AC_DER_IEC of Amendment 1 (reference 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import DER_CONTROLS, DerControlFunctions

_BASIC: Final = (
    DerControlFunctions.OVER_FREQUENCY_WATT | DerControlFunctions.UNDER_FREQUENCY_WATT | DerControlFunctions.VOLT_WATT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DerSettings:
    """The grid code of the place, as the charger passes it on.

    Attributes:
        control: Settings of every function that the charger can ask for; a car is sent those that were negotiated.
        bitmaps: DERControlFunctions of the parameter sets, the first one preferred.
        operating_mode: What the inverter has to be.
        connection_mode: Whether the charger is at the public grid.
        signed_limits: Announce discharge limits as non-positive numbers, as the amendment does.
        nominal_share: Nominal power as a share of the maximum; |nominal| <= |max|.
        q_setpoint: Reactive power that the grid operator asks for, in var; None for none.
        cos_phi_setpoint: Power factor that it asks for, over-excited if positive; None for none.
        maximum_discharge_power: Limit of the grid operator, in W; None for none.
    """

    control: m.DERControl = field(default_factory=m.DERControl)
    bitmaps: tuple[DerControlFunctions, ...] = (_BASIC,)
    operating_mode: m.EvOperatingMode = m.EvOperatingMode.GridFollowing
    connection_mode: m.GridConnectionMode = m.GridConnectionMode.GridConnected
    signed_limits: bool = True
    nominal_share: float = 1.0
    q_setpoint: float | None = None
    cos_phi_setpoint: float | None = None
    maximum_discharge_power: float | None = None


def settings_of(control: m.DERControl, function: DerControlFunctions) -> Any:
    """The settings of one function, None if there are none or the function has none in DERControl."""
    found: Any = control
    for name in DER_CONTROLS[function].split(".") if function in DER_CONTROLS else ():
        found = getattr(found, name, None)
    return None if found is control else found


def functions_of(control: m.DERControl) -> DerControlFunctions:
    """The functions that have settings in a DERControl."""
    found = DerControlFunctions(0)
    for function in DER_CONTROLS:
        if settings_of(control, function) is not None:
            found |= function
    return found


def negotiated(control: m.DERControl, functions: DerControlFunctions) -> m.DERControl:
    """Of the settings those of the negotiated functions, and no others [DER-S-1]."""
    changes: dict[str, Any] = {}
    for one in fields(control):
        group = getattr(control, one.name)
        paths = {path: function for function, path in DER_CONTROLS.items() if path.split(".")[0] == one.name}
        if group is None or (one.name in paths and paths[one.name] in functions):
            continue
        if one.name in paths:
            changes[one.name] = None
            continue
        kept = {
            name: value
            for name in (inner.name for inner in fields(group))
            if (value := getattr(group, name)) is not None and paths[f"{one.name}.{name}"] in functions
        }
        changes[one.name] = type(group)(**kept) if kept else None
    return replace(control, **changes)
