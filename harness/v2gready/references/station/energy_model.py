"""Components and variables of smart charging, V2X and DER (reference section 3), and how the station reads them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from v2gready.references.station.composite import Outlet
from v2gready.references.station.config import EvseConfig, StationConfig
from v2gready.references.station.device_model import DataType, DeviceModel, Variable, split
from v2gready.references.station.energy_settings import DER_CONTROLS, EnergySettings
from v2gready.references.station.energy_settings import MODES as ALL_MODES
from v2gready.references.station.operation_modes import DISCHARGING
from v2gready.references.station.profiles import GENERATION, PRIORITY
from v2gready.references.station.proposals import Abilities
from v2gready.references.station.targets import Balancing

SMART: Final = "SmartChargingCtrlr"
V2X: Final = "V2XChargingCtrlr"
DC_DER: Final = "DCDERCtrlr"
AC_DER: Final = "ACDERCtrlr"
SIMULATOR: Final = "FrequencySimulator"
COLLECTOR: Final = "DataCollector"
EV: Final = "ConnectedEV"
BALANCING: Final = ("UpperThreshold", "UpperOffset", "LowerThreshold", "LowerOffset")
BPT: Final = frozenset({"AC_BPT", "AC_BPT_DER", "DC_BPT", "DC_ACDP_BPT"})
"""Energy transfer modes that can discharge."""
V2X_MEASURANDS: Final = (
    "Power.Active.Import",
    "Power.Active.Export",
    "Power.Active.Setpoint",
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Energy.Active.Net",
    "Frequency",
    "SoC",
)


def is_direct(evse: EvseConfig) -> bool:
    """A DC outlet."""
    return any(mode.startswith("DC") for mode in evse.transfers)


def outlet_of(evse: EvseConfig, settings: EnergySettings) -> Outlet:
    """Ratings and units of an EVSE."""
    direct = is_direct(evse)
    volts = evse.nominal_voltage if direct else settings.line_voltage
    return Outlet(evse.id, direct, volts, evse.max_charge_power, evse.max_discharge_power)


def station_outlet(config: StationConfig) -> Outlet:
    """The grid connection of the station: all EVSEs together, three phases."""
    charge = sum(evse.max_charge_power for evse in config.evses)
    discharge = sum(evse.max_discharge_power for evse in config.evses)
    return Outlet(0, direct=False, volts=config.energy.line_voltage, charge=charge, discharge=discharge)


def define(model: DeviceModel, config: StationConfig) -> None:
    """Adds every variable of this area."""
    settings = config.energy
    for variable in _smart_charging(settings):
        model.define(variable)
    for evse in config.evses:
        for variable in (*_v2x(evse, settings), *_vehicle(evse), *_certification(evse), *_der(evse, settings)):
            model.define(variable)


def _flag(component: str, name: str, *, value: bool, writable: bool = False, evse: int = 0) -> Variable:
    text = "true" if value else "false"
    return Variable(component, name, text, type=DataType.BOOLEAN, writable=writable, evse=evse)


def _smart_charging(settings: EnergySettings) -> list[Variable]:
    purposes = (PRIORITY, GENERATION)
    whole = DataType.INTEGER
    return [
        _flag(SMART, "Available", value=True),
        _flag(SMART, "Enabled", value=True, writable=True),
        _flag(SMART, "ExternalControlSignalsEnabled", value=True, writable=True),
        _flag(SMART, "ExternalConstraintsProfileDisallowed", value=False, writable=True),
        _flag(SMART, "NotifyChargingLimitWithSchedules", value=True, writable=True),
        _flag(SMART, "ACPhaseSwitchingSupported", value=False),
        _flag(SMART, "Phases3to1", value=False),
        _flag(SMART, "SupportsDynamicProfiles", value=True),
        _flag(SMART, "SupportsMaxOfflineDuration", value=True),
        _flag(SMART, "SupportsUseLocalTime", value=True),
        _flag(SMART, "SupportsRandomizedDelay", value=True),
        _flag(SMART, "SupportsLimitAtSoC", value=True),
        _flag(SMART, "SupportsEvseSleep", value=True),
        Variable(SMART, "RateUnit", "A,W", type=DataType.MEMBER_LIST, values=("A", "W")),
        Variable(SMART, "ProfileStackLevel", str(settings.stack_level), type=whole),
        Variable(SMART, "PeriodsPerSchedule", str(settings.periods), type=whole),
        Variable(SMART, "Entries", "0", instance="ChargingProfiles", type=whole, maximum=settings.profiles),
        Variable(
            SMART, "LimitChangeSignificance", str(settings.significance), type=DataType.DECIMAL, writable=True,
            minimum=0, maximum=100, unit="Percent",
        ),
        Variable(
            SMART, "SetpointPriority", "ExternalSystem", type=DataType.OPTION_LIST, writable=True,
            # The device model says ExternalSystem, Q06.FR.21 says ExternalControl: both are understood (conflict 6).
            values=("ExternalSystem", "ExternalControl", "CSMS"),
        ),
        Variable(SMART, "MaxExternalConstraintsId", "-1", type=whole),
        Variable(SMART, "SupportedAdditionalPurposes", ",".join(purposes), type=DataType.MEMBER_LIST, values=purposes),
        Variable(SMART, "UpdateRateLimit", "0", type=whole, writable=True, minimum=0, unit="s"),
    ]  # fmt: skip


def _v2x(evse: EvseConfig, settings: EnergySettings) -> list[Variable]:
    place = evse.id
    thresholds = settings.balancing or (None,) * 4
    found = [
        _flag(V2X, "Enabled", value=True, writable=True, evse=place),
        Variable(
            V2X, "SupportedEnergyTransferModes", ",".join(evse.transfers), type=DataType.MEMBER_LIST, evse=place,
            values=evse.transfers,
        ),
        Variable(
            V2X, "SupportedOperationModes", ",".join(settings.modes), type=DataType.MEMBER_LIST, evse=place,
            values=ALL_MODES,
        ),
        Variable(
            V2X, "LocalFrequencyUpdateThreshold", str(settings.frequency_threshold), type=DataType.INTEGER,
            writable=True, minimum=0, unit="mHz", evse=place,
        ),
        Variable(
            "EVSE", "DischargePower", "0", type=DataType.DECIMAL, unit="W", minimum=0,
            maximum=evse.max_discharge_power, evse=place,
        ),
        Variable("EVSE", "ISO15118EvseId", f"DE*V2G*E{place:05}", evse=place),
    ]  # fmt: skip
    if is_direct(evse):
        found.append(_flag("EVSE", "DCInputPhaseControl", value=False, evse=place))
    found += [
        Variable(
            V2X, "LocalLoadBalancing", "" if value is None else str(value), instance=name, type=DataType.DECIMAL,
            writable=True, unit="W", evse=place,
        )
        for name, value in zip(BALANCING, thresholds, strict=True)
    ]  # fmt: skip
    for mode in settings.modes:
        if mode in DISCHARGING:
            found.append(
                Variable(
                    V2X, "TxUpdatedMeasurands", "Power.Active.Export,Power.Active.Setpoint", instance=mode,
                    type=DataType.MEMBER_LIST, writable=True, values=V2X_MEASURANDS, evse=place,
                )
            )  # fmt: skip
    return found


def _vehicle(evse: EvseConfig) -> list[Variable]:
    texts = ("VehicleID", "ProtocolAgreed")
    certificates = ("Leaf", "SubCA1", "SubCA2", "Root")
    return [
        _flag(EV, "Available", value=False, evse=evse.id),
        *(Variable(EV, name, "", evse=evse.id, volatile=True) for name in texts),
        Variable(EV, "ProtocolSupportedByEV", "", instance="1", evse=evse.id, volatile=True),
        *(Variable(EV, "VehicleCertificate", "", instance=name, evse=evse.id, volatile=True) for name in certificates),
    ]


def _certification(evse: EvseConfig) -> list[Variable]:
    found = []
    for component in (SIMULATOR, COLLECTOR):
        found.append(_flag(component, "Enabled", value=False, writable=True, evse=evse.id))
        found += [
            Variable(
                component, "DateTime", "", instance=name, type=DataType.DATE_TIME, writable=True, evse=evse.id,
            )
            for name in ("Start", "End")
        ]  # fmt: skip
    found += [
        Variable(SIMULATOR, "FrequencySchedule", "[]", writable=True, evse=evse.id, guard=_schedule_problem),
        Variable(
            COLLECTOR, "SampledMeasurands", "Frequency,Power.Active.Setpoint", type=DataType.MEMBER_LIST,
            writable=True, values=V2X_MEASURANDS, evse=evse.id,
        ),
        Variable(
            COLLECTOR, "SamplingInterval", "1.0", type=DataType.DECIMAL, writable=True, minimum=0.1, unit="s",
            evse=evse.id,
        ),
    ]  # fmt: skip
    return found


def _schedule_problem(value: str) -> str | None:
    return None if frequency_schedule(value) is not None else "InvalidValue"


def frequency_schedule(text: str) -> list[tuple[float, float]] | None:
    """(seconds, Hz) of a FrequencySchedule, None where it is none."""
    try:
        found: Any = json.loads(text)
        if not isinstance(found, list):
            return None
        return sorted((float(entry["time"]), float(entry["freq"])) for entry in found)
    except (ValueError, TypeError, KeyError):
        return None


def _der(evse: EvseConfig, settings: EnergySettings) -> list[Variable]:
    if not BPT & set(evse.transfers):
        return []
    controls = ",".join(settings.der_controls)
    if not is_direct(evse):
        kind = DataType.MEMBER_LIST
        return [Variable(AC_DER, "ModesSupported", controls, type=kind, values=DER_CONTROLS, evse=evse.id)]
    rating, charge = evse.max_discharge_power, evse.max_charge_power
    numbers = {
        "MaxW": rating,
        "OverExcitedW": 0.95 * rating,
        "OverExcitedPF": 0.95,
        "UnderExcitedW": 0.95 * rating,
        "UnderExcitedPF": 0.95,
        "MaxVA": rating,
        "MaxVar": 0.3 * rating,
        "MaxVarNeg": 0.3 * rating,
        "MaxChargeRateW": charge,
        "MaxChargeRateVA": charge,
        "VNom": settings.line_voltage,
        "MaxV": 1.15 * settings.line_voltage,
        "MinV": 0.85 * settings.line_voltage,
        "ReactiveSusceptance": 0.0,
    }
    texts = {
        "InverterManufacturer": "V2G-ready",
        "InverterModel": "Reference",
        "InverterSerialNumber": f"INV-{evse.id}",
        "InverterSwVersion": "1.0.0",
        "InverterHwVersion": "1",
    }
    return [
        _flag(DC_DER, "Enabled", value=True, evse=evse.id),
        Variable(
            DC_DER, "ModesSupported", controls, type=DataType.MEMBER_LIST, values=DER_CONTROLS, evse=evse.id
        ),
        *(
            Variable(DC_DER, name, str(round(value, 6)), type=DataType.DECIMAL, evse=evse.id)
            for name, value in numbers.items()
        ),
        *(Variable(DC_DER, name, value, evse=evse.id) for name, value in texts.items()),
    ]  # fmt: skip


def abilities(model: DeviceModel, config: StationConfig, evse_id: int) -> Abilities:
    """What is announced for an EVSE; of the station (0): what any EVSE can."""
    places = [evse.id for evse in config.evses if evse_id in {0, evse.id}]
    modes: set[str] = {"ChargingOnly"}
    for place in places:
        if model.boolean(V2X, "Enabled", evse=place):
            modes |= set(model.members(V2X, "SupportedOperationModes", evse=place))
    reserved = model.number(SMART, "MaxExternalConstraintsId")
    return Abilities(
        units=frozenset(model.members(SMART, "RateUnit")),
        stack_level=int(model.number(SMART, "ProfileStackLevel") or 0),
        periods=int(model.number(SMART, "PeriodsPerSchedule") or 0),
        entries=config.energy.profiles,
        purposes=frozenset(model.members(SMART, "SupportedAdditionalPurposes")),
        dynamic=model.boolean(SMART, "SupportsDynamicProfiles"),
        offline=model.boolean(SMART, "SupportsMaxOfflineDuration"),
        local_time=model.boolean(SMART, "SupportsUseLocalTime"),
        delay=model.boolean(SMART, "SupportsRandomizedDelay"),
        soc_limit=model.boolean(SMART, "SupportsLimitAtSoC"),
        sleep=model.boolean(SMART, "SupportsEvseSleep"),
        reserved_ids=None if reserved is None else int(reserved),
        phase_switching=model.boolean(SMART, "ACPhaseSwitchingSupported"),
        modes=frozenset(modes),
        balancing=bool(places) and all(balancing(model, place) is not None for place in places),
    )


def balancing(model: DeviceModel, evse_id: int) -> Balancing | None:
    """The thresholds of load balancing; None where one is missing or Upper is not above Lower (Q09.FR.02)."""
    found = [model.number(V2X, "LocalLoadBalancing", instance=name, evse=evse_id) for name in BALANCING]
    present = [value for value in found if value is not None]
    if len(present) < len(BALANCING) or present[0] <= present[2]:
        return None
    return Balancing(*present)


def der_controls(model: DeviceModel, config: StationConfig) -> frozenset[str]:
    """DER controls that any EVSE supports."""
    return frozenset(
        control
        for evse in config.evses
        for component in (DC_DER, AC_DER)
        for control in split(model.get(component, "ModesSupported", evse=evse.id) or "")
    )


def simulated_frequency(model: DeviceModel, evse_id: int, moment: datetime) -> float | None:
    """What FrequencySimulator gives now; None while it is off.

    Args:
        model: The device model.
        evse_id: The EVSE.
        moment: The station's time.
    """
    span = simulation_span(model, SIMULATOR, evse_id)
    if span is None or not span[0] <= moment < span[1]:
        return None
    elapsed = (moment - span[0]).total_seconds()
    schedule = frequency_schedule(model.get(SIMULATOR, "FrequencySchedule", evse=evse_id) or "") or []
    begun = [frequency for time, frequency in schedule if time <= elapsed]
    return begun[-1] if begun else None


def simulation_span(model: DeviceModel, component: str, evse_id: int) -> tuple[datetime, datetime] | None:
    """Start and end of FrequencySimulator or DataCollector; None where it is off or has none."""
    if not model.boolean(component, "Enabled", evse=evse_id):
        return None
    found = [model.get(component, "DateTime", instance=name, evse=evse_id) for name in ("Start", "End")]
    if not found[0] or not found[1]:
        return None
    return datetime.fromisoformat(found[0]), datetime.fromisoformat(found[1])
