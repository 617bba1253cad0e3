"""Which fields a charging schedule period may have in which operation mode, which mode in which purpose (Part 2, Q).

The rules are a table: one row a mode, one column a field. A row says for each field whether it is required, optional,
forbidden, or set by an external system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.energy_settings import MODES, EnergySettings

DEFAULT_MODE: Final = "ChargingOnly"
PHASES: Final = ("_L2", "_L3")
LIMITS: Final = ("limit", "dischargeLimit")
SETPOINTS: Final = ("setpoint", "setpointReactive")
FIELDS: Final = LIMITS + SETPOINTS
"""The fields of the matrix; each also has an _L2 and an _L3."""


class Use(Enum):
    """What a mode makes of a field."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"
    EXTERNAL = "set by an external system"


_R, _O, _F, _X = Use.REQUIRED, Use.OPTIONAL, Use.FORBIDDEN, Use.EXTERNAL

MATRIX: Final[dict[str, tuple[Use, Use, Use, Use]]] = {
    # mode:              limit, dischargeLimit, setpoint, setpointReactive
    "ChargingOnly": (_R, _F, _F, _F),
    "CentralSetpoint": (_O, _O, _R, _O),
    "CentralFrequency": (_O, _O, _R, _F),
    "LocalFrequency": (_F, _F, _F, _F),
    "ExternalSetpoint": (_O, _O, _X, _X),
    "ExternalLimits": (_X, _X, _F, _F),
    "LocalLoadBalancing": (_O, _O, _F, _F),
    "Idle": (_F, _F, _F, _F),
}
"""The operation mode matrix. LocalLoadBalancing: see `EnergySettings.limits_with_balancing`."""

PURPOSES: Final[dict[str, frozenset[str]]] = {
    "TxProfile": frozenset(MODES),
    "TxDefaultProfile": frozenset(MODES),
    "PriorityCharging": frozenset({"ChargingOnly"}),
    "ChargingStationMaxProfile": frozenset({"ChargingOnly"}),
    "ChargingStationExternalConstraints": frozenset({"ChargingOnly", "ExternalLimits", "ExternalSetpoint"}),
    "LocalGeneration": frozenset({"ChargingOnly", "ExternalLimits"}),
}
"""K01.FR.111 to K01.FR.113 and Part 2, K, table 95."""

DISCHARGING: Final = frozenset(MODES) - {"ChargingOnly", "Idle"}
"""Modes in which the vehicle may discharge."""
SETPOINT_MODES: Final = frozenset({"CentralSetpoint", "CentralFrequency", "ExternalSetpoint"})
"""Modes that follow a setpoint which somebody gives."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A field that does not go with its mode.

    Attributes:
        field: Its name.
        use: What the mode makes of it.
    """

    field: str
    use: Use


def mode_of(period: Payload) -> str:
    """The operation mode of a period; ChargingOnly where it says none (K01.FR.110)."""
    return str(period.get("operationMode", DEFAULT_MODE))


def use_of(mode: str, field: str, settings: EnergySettings) -> Use:
    """What a mode makes of a field, with the contradictions decided.

    Args:
        mode: Operation mode.
        field: One of `FIELDS`, without phase.
        settings: The decisions.
    """
    use = MATRIX[mode][FIELDS.index(field)]
    if field in LIMITS and mode in {"CentralSetpoint", "CentralFrequency"} and not settings.limits_with_setpoint:
        return Use.FORBIDDEN
    if field in LIMITS and mode == "LocalLoadBalancing" and not settings.limits_with_balancing:
        return Use.FORBIDDEN
    if use is Use.EXTERNAL and not settings.values_with_external:
        return Use.FORBIDDEN
    return use


def field_problems(period: Payload, settings: EnergySettings) -> Iterator[Problem]:
    """Fields of a period that its mode forbids, or wants and lacks.

    Args:
        period: A ChargingSchedulePeriod.
        settings: The decisions.
    """
    mode = mode_of(period)
    for field in FIELDS:
        use = use_of(mode, field, settings)
        if use is Use.REQUIRED and field not in period:
            yield Problem(field, use)
        if use is Use.FORBIDDEN:
            yield from (Problem(name, use) for name in (field, *phased(field)) if name in period)


def phased(field: str) -> tuple[str, str]:
    """The names of a field for phases L2 and L3."""
    return field + PHASES[0], field + PHASES[1]
