"""How the station decides where the text of OCPP 2.1 leaves a choice or contradicts itself. Data only.

The numbers of the conflicts are those of the reference (``reference/ocpp21.md``, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MODES: Final = (
    "ChargingOnly",
    "CentralSetpoint",
    "CentralFrequency",
    "LocalFrequency",
    "ExternalSetpoint",
    "ExternalLimits",
    "LocalLoadBalancing",
    "Idle",
)
"""All operation modes."""

DER_CONTROLS: Final = (
    "EnterService",
    "FreqDroop",
    "FreqWatt",
    "FixedPFAbsorb",
    "FixedPFInject",
    "FixedVar",
    "Gradients",
    "HFMustTrip",
    "HVMustTrip",
    "LFMustTrip",
    "LVMustTrip",
    "LimitMaxDischarge",
    "VoltVar",
    "VoltWatt",
    "WattVar",
)
"""DER controls of the reference station; HFMayTrip and six others are left out, so that something is NotSupported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySettings:
    """Smart charging, V2X and DER of one station.

    Attributes:
        modes: SupportedOperationModes.
        der_controls: DCDERCtrlr.ModesSupported.
        limits_with_setpoint: limit and dischargeLimit may stand beside the setpoint of CentralSetpoint and
            CentralFrequency: the matrix and V2X.03 to V2X.05, against Q03.FR.02 and Q07.FR.03 (conflict 4).
        limits_with_balancing: The same for LocalLoadBalancing: Q09.FR.05, against the matrix (conflict 5).
        values_with_external: A profile may give first values for what an external system will set.
        unsupported_mode_code: Reason for a mode that is not supported: K01.FR.115 (conflict 7).
        unsupported_balancing_code: The same for LocalLoadBalancing: K01.FR.115, not Q09.FR.01 (conflict 7).
        priority_mode_code: Reason for another mode than ChargingOnly in PriorityCharging: K01.FR.114, not K01.FR.71
            (conflict 7).
        station_wide_maximum: ChargingStationMaxProfile belongs to EVSE 0 (Part 2, K 3.2).
        refuse_sleep: A profile with evseSleep is refused where the EVSE cannot sleep, K01.FR.126 before its erratum;
            False: it is accepted, and evseSleep is reported as false (Q10.FR.05).
        refuse_overlap: A second profile of the same purpose, stack level and place is refused; False: it replaces
            the first. K01.FR.06 forbids it to the CSMS and leaves the reaction open.
        equal_priority_supersedes: A DER control supersedes one of the same priority (not in the text).
        check_y_unit: R04.FR.50 to 56 of Edition 2, known from others alone (unconfirmed).
        schedule_deadline: Seconds that the vehicle waits for a charging schedule (K15, K18, K19).
        hold_scheduled: In Scheduled control mode nothing flows until the schedule is there or the deadline is over.
        stack_level: ProfileStackLevel.
        periods: PeriodsPerSchedule.
        profiles: Profiles that fit into memory.
        significance: LimitChangeSignificance in percent.
        der_entries: DER controls that fit into memory.
        der_page: Controls in one ReportDERControl.
        der_horizon: Seconds from now beyond which no control may start.
        profile_page: Profiles in one ReportChargingProfiles.
        frequency_threshold: LocalFrequencyUpdateThreshold in mHz.
        balancing: LocalLoadBalancing thresholds in W: upper threshold, upper offset, lower threshold, lower offset;
            None: not set.
        nominal_frequency: Hz.
        line_voltage: Phase to neutral in V, for amperes of AC.
        alarm_watts: A DER control that changes the power by less raises no alarm.
    """

    modes: tuple[str, ...] = MODES
    der_controls: tuple[str, ...] = DER_CONTROLS
    limits_with_setpoint: bool = True
    limits_with_balancing: bool = True
    values_with_external: bool = True
    unsupported_mode_code: str = "InvalidOperationMode"
    unsupported_balancing_code: str = "InvalidOperationMode"
    priority_mode_code: str = "InvalidOperationMode"
    station_wide_maximum: bool = True
    refuse_sleep: bool = True
    refuse_overlap: bool = True
    equal_priority_supersedes: bool = True
    check_y_unit: bool = True
    schedule_deadline: float = 60.0
    hold_scheduled: bool = True
    stack_level: int = 10
    periods: int = 1024
    profiles: int = 100
    significance: float = 5.0
    der_entries: int = 96
    der_page: int = 6
    der_horizon: float = 366 * 86_400.0
    profile_page: int = 5
    frequency_threshold: int = 10
    balancing: tuple[float, float, float, float] | None = (10_000.0, -500.0, 2_000.0, 500.0)
    nominal_frequency: float = 50.0
    line_voltage: float = 230.0
    alarm_watts: float = 1.0
