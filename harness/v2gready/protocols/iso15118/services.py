"""Energy transfer services and their parameters (reference section 6).

Ids and values of Amendment 1 (MCS, AC_DER) have one source or two (AC_DER_SAE: EVerest, crate `iso15118`).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final


class ServiceId(IntEnum):
    """Ids of energy transfer services."""

    AC = 1
    DC = 2
    AC_BPT = 5
    DC_BPT = 6
    MCS = 8
    MCS_BPT = 9
    AC_DER_IEC = 10
    AC_DER_SAE = 11

    @property
    def is_dc(self) -> bool:
        """Uses the DC message set and namespace; MCS does [reference 3.7]."""
        return self in {ServiceId.DC, ServiceId.DC_BPT, ServiceId.MCS, ServiceId.MCS_BPT}

    @property
    def is_mcs(self) -> bool:
        """Megawatt charging: DC with connectors and limits of its own."""
        return self in {ServiceId.MCS, ServiceId.MCS_BPT}

    @property
    def is_bpt(self) -> bool:
        """Bidirectional power transfer: BPT_* modes are mandatory from ChargeParameterDiscovery on."""
        return self in {ServiceId.AC_BPT, ServiceId.DC_BPT, ServiceId.MCS_BPT}

    @property
    def is_der(self) -> bool:
        """Grid-code control of an inverter in the car: DER_* modes from ChargeParameterDiscovery on (Amendment 1)."""
        return self in {ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE}

    @property
    def discharges(self) -> bool:
        """Energy may flow out of the car."""
        return self.is_bpt or self.is_der

    @property
    def namespace(self) -> str:
        """The energy namespace under which it is negotiated in supportedAppProtocol."""
        if self.is_der:
            return f"urn:iso:std:iso:15118:-20:AC-DER-{self.name.removeprefix('AC_DER_')}"
        return "urn:iso:std:iso:15118:-20:DC" if self.is_dc else "urn:iso:std:iso:15118:-20:AC"


BASE_SERVICES: Final = (ServiceId.AC, ServiceId.DC, ServiceId.AC_BPT, ServiceId.DC_BPT)
"""Those of ISO 15118-20:2022 that the harness has; the others are of Amendment 1."""


class ControlMode(IntEnum):
    """Value of the service parameter ``ControlMode``."""

    SCHEDULED = 1
    DYNAMIC = 2


class MobilityNeedsMode(IntEnum):
    """Value of the service parameter ``MobilityNeedsMode``; 2 goes with Dynamic alone [V2G20-2663]."""

    BY_EVCC = 1
    BY_EVCC_AND_SECC = 2


class BptChannel(IntEnum):
    """Value of the service parameter ``BPTChannel``; Separated wants BPT_ChannelSelection [V2G20-2123]."""

    UNIFIED = 1
    SEPARATED = 2


class McsConnector(IntEnum):
    """Value of the service parameter ``Connector`` of MCS services; one source."""

    MCS = 1
    CHAOJI = 2
    ULTRA_CHAOJI = 3
    R_MCS = 4
    X_MCS = 5
    AVIATION = 6
    MARINE = 7


class DerControlFunctions(IntFlag):
    """Value of the service parameter ``DERControlFunctions``: the functions of a parameter set; one source."""

    OVER_FREQUENCY_WATT = 1 << 0
    UNDER_FREQUENCY_WATT = 1 << 1
    VOLT_WATT = 1 << 2
    VOLT_VAR = 1 << 3
    WATT_VAR = 1 << 4
    WATT_COS_PHI = 1 << 5
    DSO_Q_SETPOINT = 1 << 6
    DSO_COS_PHI_SETPOINT = 1 << 7
    DC_INJECTION_RESTRICTION = 1 << 8
    ZERO_CURRENT = 1 << 9
    OVER_VOLTAGE_RIDE_THROUGH = 1 << 10
    UNDER_VOLTAGE_RIDE_THROUGH = 1 << 11


ALL_DER_FUNCTIONS: Final = DerControlFunctions((1 << 12) - 1)
"""Every function that is defined."""
NO_DER_FUNCTIONS: Final = DerControlFunctions(0)

DER_CONTROLS: Final = {
    DerControlFunctions.OVER_FREQUENCY_WATT: "ActivePowerSupport.OverFrequencyWatt",
    DerControlFunctions.UNDER_FREQUENCY_WATT: "ActivePowerSupport.UnderFrequencyWatt",
    DerControlFunctions.VOLT_WATT: "ActivePowerSupport.VoltWatt",
    DerControlFunctions.VOLT_VAR: "ReactivePowerSupport.VoltVar",
    DerControlFunctions.WATT_VAR: "ReactivePowerSupport.WattVar",
    DerControlFunctions.WATT_COS_PHI: "ReactivePowerSupport.WattCosPhi",
    DerControlFunctions.DC_INJECTION_RESTRICTION: "MaximumLevelDCInjection",
    DerControlFunctions.ZERO_CURRENT: "ZeroCurrent",
    DerControlFunctions.OVER_VOLTAGE_RIDE_THROUGH: "OvervoltageFaultRideThrough",
    DerControlFunctions.UNDER_VOLTAGE_RIDE_THROUGH: "UndervoltageFaultRideThrough",
}
"""Where in DERControl a function has its settings; the two setpoints of the grid operator come in the charge loop."""


class SaeModes(IntFlag):
    """Bits of SupportedModes and EnabledModes of AC_DER_SAE (Table M.6; EVerest); the others are unused."""

    CHARGE = 1 << 0
    DISCHARGE = 1 << 1
    ENTER_SERVICE = 1 << 3
    CONSTANT_POWER_FACTOR_UNDER_EXCITED = 1 << 4
    CONSTANT_POWER_FACTOR_OVER_EXCITED = 1 << 5
    CONSTANT_REACTIVE_POWER = 1 << 6
    CONSTANT_ACTIVE_POWER = 1 << 7
    FREQUENCY_DROOP = 1 << 8
    HIGH_FREQUENCY_MAY_TRIP = 1 << 10
    HIGH_FREQUENCY_MUST_TRIP = 1 << 11
    HIGH_VOLTAGE_MAY_TRIP = 1 << 12
    HIGH_VOLTAGE_MOMENTARY_CESSATION = 1 << 13
    HIGH_VOLTAGE_MUST_TRIP = 1 << 14
    LOW_FREQUENCY_MAY_TRIP = 1 << 15
    LOW_FREQUENCY_MUST_TRIP = 1 << 16
    LOW_VOLTAGE_MAY_TRIP = 1 << 17
    LOW_VOLTAGE_MOMENTARY_CESSATION = 1 << 18
    LOW_VOLTAGE_MUST_TRIP = 1 << 19
    LIMIT_MAXIMUM_ACTIVE_DISCHARGE_POWER = 1 << 20
    EVSE_TARGET_REACTIVE_POWER = 1 << 21
    EVSE_TARGET_ACTIVE_POWER = 1 << 22
    VOLT_VAR = 1 << 23
    VOLT_WATT = 1 << 24
    WATT_VAR = 1 << 26


ALL_SAE_MODES: Final = SaeModes(0x05FFFDFB)
"""Every mode that is defined; who reads a bitmap ignores the other bits [V2G20-3411]."""
NO_SAE_MODES: Final = SaeModes(0)
INHERENT_SAE_MODES: Final = SaeModes.CHARGE | SaeModes.DISCHARGE
"""Always set in SupportedModes (Table M.6)."""

SAE_CONTROLS: Final = {
    SaeModes.HIGH_VOLTAGE_MUST_TRIP: "VoltageTrip.OverVoltageMustTripCurve",
    SaeModes.LOW_VOLTAGE_MUST_TRIP: "VoltageTrip.UnderVoltageMustTripCurve",
    SaeModes.HIGH_VOLTAGE_MOMENTARY_CESSATION: "VoltageTrip.OverVoltageMomentaryCessationTripCurve",
    SaeModes.LOW_VOLTAGE_MOMENTARY_CESSATION: "VoltageTrip.UnderVoltageMomentaryCessationTripCurve",
    SaeModes.HIGH_VOLTAGE_MAY_TRIP: "VoltageTrip.OverVoltageMayTripCurve",
    SaeModes.LOW_VOLTAGE_MAY_TRIP: "VoltageTrip.UnderVoltageMayTripCurve",
    SaeModes.HIGH_FREQUENCY_MUST_TRIP: "FrequencyTrip.OverFrequencyMustTripCurve",
    SaeModes.LOW_FREQUENCY_MUST_TRIP: "FrequencyTrip.UnderFrequencyMustTripCurve",
    SaeModes.HIGH_FREQUENCY_MAY_TRIP: "FrequencyTrip.OverFrequencyMayTripCurve",
    SaeModes.LOW_FREQUENCY_MAY_TRIP: "FrequencyTrip.UnderFrequencyMayTripCurve",
    SaeModes.VOLT_VAR: "ReactivePowerSupport.VoltVar",
    SaeModes.WATT_VAR: "ReactivePowerSupport.WattVar",
    SaeModes.CONSTANT_REACTIVE_POWER: "ReactivePowerSupport.ConstantVar",
    SaeModes.FREQUENCY_DROOP: "ActivePowerSupport.FrequencyDroop",
    SaeModes.VOLT_WATT: "ActivePowerSupport.VoltWatt",
    SaeModes.CONSTANT_ACTIVE_POWER: "ActivePowerSupport.ConstantWatt",
    SaeModes.LIMIT_MAXIMUM_ACTIVE_DISCHARGE_POWER: "ActivePowerSupport.LimitMaxDischargePower",
}
"""Where a grid code has the Enable of a mode; CPDRes or CLRes is left out of the names of its parts.

Constant power factor has one Enable for both excitations, EnterService has PermitService instead; charge, discharge and
the two target powers have none.
"""
