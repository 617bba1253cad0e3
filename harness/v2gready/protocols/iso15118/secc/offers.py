"""Energy transfer services and their parameter sets, as the charger offers them (reference section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.table import Family
from v2gready.protocols.iso15118.services import (
    ControlMode,
    DerControlFunctions,
    McsConnector,
    MobilityNeedsMode,
    ServiceId,
)


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
    ABSOLUTE = 1
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
        return family_of(self.service)

    @property
    def der_functions(self) -> DerControlFunctions:
        """The DER control functions of the set; none without AC_DER."""
        return DerControlFunctions(self.value("DERControlFunctions") or 0)

    def value(self, name: str) -> int | None:
        """An integer parameter by name."""
        return next((one.intValue for one in self.parameters if one.Name == name), None)


def family_of(service: ServiceId) -> Family:
    """Message set of a service."""
    if service.is_der:
        return Family.AC_DER_SAE if service is ServiceId.AC_DER_SAE else Family.AC_DER
    return Family.DC if service.is_dc else Family.AC


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
    found = []
    for service in config.services:
        if family_of(service) is not family:
            continue
        # AC_DER_IEC: every mode with every bitmap, so that a car finds a set with no function that it does not support.
        negotiates = service is ServiceId.AC_DER_IEC
        bitmaps: tuple[DerControlFunctions | None, ...] = config.der.bitmaps if negotiates else (None,)
        sets = [(control, mobility, bitmap) for bitmap in bitmaps for control, mobility in modes]
        for set_id, (control, mobility, bitmap) in enumerate(sets, start=1):
            parameters = _parameters(config, service, control, mobility, bitmap)
            found.append(Offer(service, set_id, control, mobility, parameters))
    return tuple(found)


def _parameters(
    config: ChargerConfig,
    service: ServiceId,
    control: ControlMode,
    mobility: MobilityNeedsMode,
    bitmap: DerControlFunctions | None,
) -> tuple[m.Parameter, ...]:
    values: dict[str, int] = {"Connector": _connector(config, service), "ControlMode": control}
    if not service.is_dc:
        values["EVSENominalVoltage"] = config.ac.nominal_voltage
    values["MobilityNeedsMode"] = mobility
    values["Pricing"] = _pricing(config)
    if service.is_bpt:
        values["BPTChannel"] = config.bpt_channel
        values["GeneratorMode"] = _GeneratorMode.GRID_FOLLOWING
        if not service.is_dc:
            values["GridCodeIslandingDetectionMethod"] = _IslandingDetection.PASSIVE
    if bitmap is not None:
        values["DERControlFunctions"] = bitmap
    return tuple(m.Parameter(Name=name, intValue=int(value)) for name, value in values.items())


def _pricing(config: ChargerConfig) -> _Pricing:
    if config.absolute_prices:
        return _Pricing.ABSOLUTE
    return _Pricing.PRICE_LEVELS if config.price_levels else _Pricing.NONE


def _connector(config: ChargerConfig, service: ServiceId) -> int:
    if service.is_mcs:
        return McsConnector.MCS
    if service.is_dc:
        return _DcConnector.EXTENDED
    return config.three_phase_connector if config.ac.phases > 1 else _AcConnector.SINGLE_PHASE
