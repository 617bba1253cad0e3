"""Energy transfer services and their parameter sets, as the charger offers them (reference section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.table import Family
from v2gready.protocols.iso15118.services import ControlMode, MobilityNeedsMode, ServiceId


class _AcConnector(IntEnum):
    SINGLE_PHASE = 1


class _DcConnector(IntEnum):
    CORE = 1
    EXTENDED = 2


class _GeneratorMode(IntEnum):
    GRID_FOLLOWING = 1


class _IslandingDetection(IntEnum):
    PASSIVE = 2


class _Pricing(IntEnum):
    NONE = 0
    PRICE_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """One parameter set of one service.

    Attributes:
        service: The service.
        set_id: ParameterSetID within the service.
        control: ControlMode.
        mobility: MobilityNeedsMode.
        parameters: All parameters as they go out.
    """

    service: ServiceId
    set_id: int
    control: ControlMode
    mobility: MobilityNeedsMode
    parameters: tuple[m.Parameter, ...]

    @property
    def family(self) -> Family:
        """Message set of the energy transfer."""
        return Family.DC if self.service.is_dc else Family.AC

    def value(self, name: str) -> int | None:
        """An integer parameter by name."""
        return next((one.intValue for one in self.parameters if one.Name == name), None)


def offers(config: ChargerConfig, family: Family) -> tuple[Offer, ...]:
    """Everything that is offered in a session of that family.

    Scheduled and Dynamic are both there for every service [V2G20-2656]; MobilityNeedsMode 2 goes with Dynamic alone
    [V2G20-2663].
    """
    modes = [
        (ControlMode.SCHEDULED, MobilityNeedsMode.BY_EVCC),
        (ControlMode.DYNAMIC, MobilityNeedsMode.BY_EVCC),
    ]
    if config.secc_mobility_needs:
        modes.append((ControlMode.DYNAMIC, MobilityNeedsMode.BY_EVCC_AND_SECC))
    return tuple(
        Offer(service, set_id, control, mobility, _parameters(config, service, control, mobility))
        for service in config.services
        if service.is_dc == (family is Family.DC)
        for set_id, (control, mobility) in enumerate(modes, start=1)
    )


def _parameters(
    config: ChargerConfig, service: ServiceId, control: ControlMode, mobility: MobilityNeedsMode
) -> tuple[m.Parameter, ...]:
    values: dict[str, int] = {"Connector": _connector(config, service), "ControlMode": control}
    if not service.is_dc:
        values["EVSENominalVoltage"] = config.ac.nominal_voltage
    values["MobilityNeedsMode"] = mobility
    values["Pricing"] = _Pricing.PRICE_LEVELS if config.price_levels else _Pricing.NONE
    if service.is_bpt:
        values["BPTChannel"] = config.bpt_channel
        values["GeneratorMode"] = _GeneratorMode.GRID_FOLLOWING
        if not service.is_dc:
            values["GridCodeIslandingDetectionMethod"] = _IslandingDetection.PASSIVE
    return tuple(m.Parameter(Name=name, intValue=int(value)) for name, value in values.items())


def _connector(config: ChargerConfig, service: ServiceId) -> int:
    if service.is_dc:
        return _DcConnector.EXTENDED
    return config.three_phase_connector if config.ac.phases > 1 else _AcConnector.SINGLE_PHASE
