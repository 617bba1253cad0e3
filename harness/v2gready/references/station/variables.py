"""The standard variables of the station, but for those of energy, which `EnergyControl` brings along."""

from __future__ import annotations

from typing import Any, Final

from v2gready.references.station.config import EvseConfig, StationConfig
from v2gready.references.station.device_model import DataType, DeviceModel, Variable

_MEASURANDS: Final = (
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Energy.Active.Net",
    "Power.Active.Import",
    "Power.Active.Export",
    "Current.Import",
    "Current.Export",
    "Voltage",
    "SoC",
    "Frequency",
    "Power.Active.Setpoint",
    "Power.Active.Residual",
)
_SAMPLED: Final = (
    "Energy.Active.Import.Register,Energy.Active.Export.Register,Power.Active.Import,Power.Active.Export,SoC"
)
_ENDS: Final = "Energy.Active.Import.Register,Energy.Active.Export.Register"
ITEMS: Final = {"GetVariables": 50, "SetVariables": 50, "GetReport": 50}
"""ItemsPerMessage of calls with a list."""
BYTES: Final = 65_536
PASSWORD_LENGTHS: Final = (16, 64)


def define(model: DeviceModel, config: StationConfig) -> None:
    """Fills a device model."""
    for variable in (*_communication(config), *_security(config), *_data(), *_metering(config), *_station(config)):
        model.define(variable)
    for evse in config.evses:
        for variable in _evse(evse):
            model.define(variable)


def _integer(
    component: str, name: str, value: int, low: float = 0, high: float | None = None, **more: object
) -> Variable:
    return Variable(
        component,
        name,
        str(value),
        type=DataType.INTEGER,
        minimum=low,
        maximum=high,
        **more,  # type: ignore[arg-type] # fields of `Variable`, of several types
    )


def _boolean(component: str, name: str, *, value: bool, writable: bool = False) -> Variable:
    return Variable(component, name, "true" if value else "false", type=DataType.BOOLEAN, writable=writable)


def _communication(config: StationConfig) -> list[Variable]:
    ocpp = "OCPPCommCtrlr"
    editions = tuple(edition.value for edition in config.editions)
    return [
        _integer(ocpp, "HeartbeatInterval", config.heartbeat_interval, 1, writable=True, unit="s"),
        _integer(ocpp, "WebSocketPingInterval", config.ping_interval, writable=True, unit="s"),
        _integer(ocpp, "RetryBackOffWaitMinimum", config.back_off.minimum, writable=True, unit="s"),
        _integer(ocpp, "RetryBackOffRandomRange", config.back_off.random_range, writable=True, unit="s"),
        _integer(ocpp, "RetryBackOffRepeatTimes", config.back_off.repeats, writable=True),
        _integer(ocpp, "MessageAttempts", config.message_attempts, 1, instance="TransactionEvent", writable=True),
        _integer(
            ocpp, "MessageAttemptInterval", config.message_attempt_interval, instance="TransactionEvent",
            writable=True, unit="s",
        ),
        _integer(ocpp, "MessageTimeout", config.message_timeout, 1, instance="Default", writable=True, unit="s"),
        _integer(ocpp, "NetworkProfileConnectionAttempts", config.connection_attempts, 1, writable=True),
        _integer(ocpp, "OfflineThreshold", 60, writable=True, unit="s"),
        _boolean(ocpp, "QueueAllMessages", value=False, writable=True),
        _boolean(ocpp, "UnlockOnEVSideDisconnect", value=True),
        _integer(ocpp, "ActiveNetworkProfile", 0),
        Variable(
            ocpp, "NetworkConfigurationPriority", "0", type=DataType.SEQUENCE_LIST, writable=True,
            values=("0", "1", "2"),
        ),
        Variable(ocpp, "FileTransferProtocols", "HTTPS", type=DataType.MEMBER_LIST, values=("HTTPS", "HTTP", "FTP")),
        Variable(ocpp, "SupportedOcppVersions", ",".join(editions), type=DataType.MEMBER_LIST, values=editions),
        _integer(ocpp, "ResetRetries", 0, writable=True),
    ]  # fmt: skip


def _security(config: StationConfig) -> list[Variable]:
    security = "SecurityCtrlr"
    return [
        Variable(
            security, "BasicAuthPassword", config.password, writable=True, readable=False,
            minimum=PASSWORD_LENGTHS[0], maximum=PASSWORD_LENGTHS[1],
        ),
        Variable(security, "Identity", config.identity, writable=True, reboot=True, minimum=1, maximum=48,
                 guard=_identity),
        Variable(security, "OrganizationName", config.organisation, writable=True, minimum=1, maximum=64),
        _integer(security, "SecurityProfile", config.security_profile, 1, 3),
        _integer(security, "CertificateEntries", 0, 0, 20),
        _integer(security, "CertSigningWaitMinimum", config.certificate_wait, 1, writable=True, unit="s"),
        _integer(security, "CertSigningRepeatTimes", config.certificate_repeats, writable=True),
        _boolean(security, "AdditionalRootCertificateCheck", value=False),
        _integer(security, "MaxCertificateChainSize", 10_000, 0, 10_000),
        _boolean(security, "AllowSecurityProfileDowngrade", value=config.downgrade_allowed),
        _boolean(security, "AllowCSMSTLSWildcards", value=config.wildcards_allowed, writable=True),
        _boolean("ISO15118Ctrlr", "Enabled", value=True),
        _boolean("ISO15118Ctrlr", "ContractValidationOffline", value=False, writable=True),
        _boolean("ISO15118Ctrlr", "ServiceRenegotiationSupport", value=config.services),
        _boolean("ISO15118Ctrlr", "PnCEnabled", value=False, writable=True),
        Variable("ISO15118Ctrlr", "SeccId", "DEV2GSREADYTESTCHARGER00000000000000001"),
        Variable("ISO15118Ctrlr", "OrganizationName", config.organisation, writable=True, minimum=1, maximum=64),
        Variable("ISO15118Ctrlr", "CountryName", "DE", writable=True, minimum=2, maximum=2),
    ]  # fmt: skip


def _identity(value: str) -> str | None:
    return "InvalidValue" if ":" in value else None


def _data() -> list[Variable]:
    found = [_integer("DeviceDataCtrlr", "ItemsPerMessage", count, instance=name) for name, count in ITEMS.items()]
    found += [_integer("DeviceDataCtrlr", "BytesPerMessage", BYTES, instance=name, unit="B") for name in ITEMS]
    return [
        *found,
        _integer("DeviceDataCtrlr", "ValueSize", 2500),
        _integer("DeviceDataCtrlr", "ConfigurationValueSize", 1000),
        _integer("DeviceDataCtrlr", "ReportingValueSize", 2500),
    ]


def _metering(config: StationConfig) -> list[Variable]:
    def sampled(name: str, value: str) -> Variable:
        kind = DataType.MEMBER_LIST
        return Variable("SampledDataCtrlr", name, value, type=kind, writable=True, values=_MEASURANDS, maximum=1000)

    return [
        _boolean("SampledDataCtrlr", "Enabled", value=True, writable=True),
        _boolean("SampledDataCtrlr", "Available", value=True),
        sampled("TxStartedMeasurands", _ENDS),
        sampled("TxUpdatedMeasurands", _SAMPLED),
        sampled("TxEndedMeasurands", _ENDS),
        _integer("SampledDataCtrlr", "TxUpdatedInterval", config.sampling_interval, writable=True, unit="s"),
        _integer("SampledDataCtrlr", "TxEndedInterval", 0, writable=True, unit="s"),
        _boolean("AlignedDataCtrlr", "Available", value=False),
    ]


def _station(config: StationConfig) -> list[Variable]:
    points = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer", "DataSigned", "ParkingBayOccupancy")
    station = "ChargingStation"
    return [
        Variable(station, "AvailabilityState", "Available", type=DataType.OPTION_LIST, monitored=True,
                 values=("Available", "Occupied", "Reserved", "Unavailable", "Faulted")),
        _boolean(station, "Available", value=True),
        _boolean(station, "Problem", value=False),
        Variable(station, "Model", config.model),
        Variable(station, "VendorName", config.vendor),
        Variable(station, "SerialNumber", config.serial),
        Variable(station, "FirmwareVersion", config.firmware),
        Variable("ClockCtrlr", "DateTime", "", type=DataType.DATE_TIME, volatile=True),
        Variable("ClockCtrlr", "TimeSource", "Heartbeat", type=DataType.SEQUENCE_LIST, writable=True,
                 values=("Heartbeat",)),
        Variable("ClockCtrlr", "TimeZone", "Europe/Berlin", writable=True),
        _boolean("AuthCtrlr", "Enabled", value=True, writable=True),
        _boolean("AuthCtrlr", "AuthorizeRemoteStart", value=False, writable=True),
        _boolean("AuthCtrlr", "LocalAuthorizeOffline", value=True, writable=True),
        _boolean("AuthCtrlr", "LocalPreAuthorize", value=False, writable=True),
        _boolean("AuthCtrlr", "OfflineTxForUnknownIdEnabled", value=True, writable=True),
        Variable("TxCtrlr", "TxStartPoint", "PowerPathClosed", type=DataType.MEMBER_LIST, values=points),
        Variable("TxCtrlr", "TxStopPoint", "PowerPathClosed", type=DataType.MEMBER_LIST, values=points),
        _integer("TxCtrlr", "EVConnectionTimeOut", config.authorize_timeout, writable=True, unit="s"),
        _boolean("TxCtrlr", "StopTxOnInvalidId", value=True, writable=True),
        _boolean("TxCtrlr", "StopTxOnEVSideDisconnect", value=True),
    ]  # fmt: skip


def _evse(evse: EvseConfig) -> list[Variable]:
    states = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
    place: dict[str, Any] = {"evse": evse.id}
    found = [
        Variable(
            "EVSE", "AvailabilityState", "Available", type=DataType.OPTION_LIST, values=states, monitored=True, **place
        ),
        Variable("EVSE", "Available", "true", type=DataType.BOOLEAN, **place),
        Variable("EVSE", "SupplyPhases", "3", type=DataType.INTEGER, **place),
        Variable(
            "EVSE", "Power", "0", type=DataType.DECIMAL, unit="W", minimum=0, maximum=evse.max_charge_power, **place
        ),
    ]
    for connector in range(1, evse.connectors + 1):
        place = {"evse": evse.id, "connector": connector}
        found += [
            Variable("Connector", "AvailabilityState", "Available", type=DataType.OPTION_LIST, values=states,
                     monitored=True, **place),
            Variable("Connector", "Available", "true", type=DataType.BOOLEAN, **place),
            Variable("Connector", "ConnectorType", "cCCS2", **place),
            Variable("Connector", "SupplyPhases", "3", type=DataType.INTEGER, **place),
        ]  # fmt: skip
    return found
