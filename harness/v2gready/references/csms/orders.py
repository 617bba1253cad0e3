"""What the CSMS asks of a station: payloads of its own CALLs, built from what it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import BIDIRECTIONAL
from v2gready.references.csms.registry import Station
from v2gready.references.csms.transactions import Transaction, unix
from v2gready.references.csms.turn import Request, Turn, stamp

_DAY = 86_400


def plan(turn: Turn, transaction: Transaction) -> Payload:
    """The TxProfile that answers NotifyEVChargingNeeds (K15, K18, K19, Q03, Q04).

    Scheduled: Absolute with startSchedule, charging, discharging, charging again by CentralSetpoint. Dynamic: one
    period that the station pulls anew. A car that may not discharge gets limits for ChargingOnly, and one that takes
    fewer periods than three (maxScheduleTuples) gets one.
    """
    asked = turn.payload["chargingNeeds"]
    charge, discharge = _powers(turn, asked)
    bidirectional = asked["requestedEnergyTransfer"] in BIDIRECTIONAL
    dynamic = asked.get("controlMode") == "DynamicControl" and turn.edition is Edition.V21
    if dynamic:
        length, values = turn.backend.config.dynamic_validity, [charge]
    else:
        length = _until(asked.get("departureTime"), turn.unix)
        several = bidirectional and length >= 3 and turn.payload.get("maxScheduleTuples", 3) >= 3
        values = [charge, -discharge, charge] if several else [charge]
    periods: list[Payload] = []
    for index, value in enumerate(values):
        period: Payload = {"startPeriod": index * (length // len(values))}
        if bidirectional:
            period |= {"setpoint": value, "operationMode": "CentralSetpoint"}
        elif turn.edition is Edition.V21:
            period |= {"limit": value, "operationMode": "ChargingOnly"}
        else:
            period |= {"limit": value}
        periods.append(period)
    profile = charging_profile(
        turn.station,
        turn.unix,
        periods=periods,
        kind="Dynamic" if dynamic else "Absolute",
        purpose="TxProfile",
        duration=length,
        transaction=transaction.id,
    )
    if dynamic:
        profile["dynUpdateInterval"] = turn.backend.config.pull_interval
        profile["dynUpdateTime"] = stamp(turn.unix)
    return profile


def charging_profile(
    station: Station,
    now: float,
    *,
    periods: Sequence[Mapping[str, Any]],
    kind: str = "Absolute",
    purpose: str = "TxDefaultProfile",
    unit: str = "W",
    stack_level: int = 1,
    duration: int | None = None,
    transaction: str | None = None,
    profile_id: int | None = None,
) -> Payload:
    """A charging profile with one schedule.

    Args:
        station: Whose it is.
        now: Unix time: startSchedule of an Absolute or Recurring one.
        periods: chargingSchedulePeriod, as on the wire; a missing startPeriod of the first is 0.
        kind: chargingProfileKind.
        purpose: chargingProfilePurpose.
        unit: chargingRateUnit, W or A.
        stack_level: stackLevel.
        duration: Of the schedule, in s.
        transaction: transactionId of a TxProfile.
        profile_id: Its id; None takes a new one.
    """
    schedule: Payload = {"id": station.number(), "chargingRateUnit": unit}
    if kind in {"Absolute", "Recurring"}:
        schedule["startSchedule"] = stamp(now)
    if duration is not None:
        schedule["duration"] = duration
    schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, **period} for period in periods]
    profile: Payload = {
        "id": station.number() if profile_id is None else profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }
    if kind == "Recurring":
        profile["recurrencyKind"] = "Daily"
    if transaction is not None:
        profile["transactionId"] = transaction
    return profile


def profile_request(evse: int, profile: Payload, *, after: float = 0.0) -> Request:
    """SetChargingProfile."""
    return Request("SetChargingProfile", {"evseId": evse, "chargingProfile": profile}, after)


_TRIP = {"priority": 1, "yUnit": "Not_Applicable", "curveData": [{"x": 0.16, "y": 52.5}, {"x": 3.0, "y": 51.5}]}
_WATT = {"priority": 1, "yUnit": "PctMaxW", "curveData": [{"x": 50.2, "y": 100.0}, {"x": 51.5, "y": 0.0}]}
_VAR = {"priority": 1, "yUnit": "PctMaxVar", "curveData": [{"x": 92.0, "y": 44.0}, {"x": 108.0, "y": -44.0}]}
_POWER_FACTOR = {"priority": 1, "displacement": 0.95, "excitation": True}

DER_SAMPLES: Final[Mapping[str, tuple[str, Payload]]] = {
    "EnterService": (
        "enterService",
        {"priority": 1, "highVoltage": 110.0, "lowVoltage": 90.0, "highFreq": 50.1, "lowFreq": 49.9, "delay": 60.0},
    ),
    "FixedPFAbsorb": ("fixedPFAbsorb", _POWER_FACTOR),
    "FixedPFInject": ("fixedPFInject", _POWER_FACTOR),
    "FixedVar": ("fixedVar", {"priority": 1, "setpoint": 10.0, "unit": "PctMaxVar"}),
    "FreqDroop": (
        "freqDroop",
        {"priority": 1, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 5.0, "underDroop": 5.0, "responseTime": 2.0},
    ),
    "Gradients": ("gradient", {"priority": 1, "gradient": 10.0, "softGradient": 5.0}),
    "LimitMaxDischarge": ("limitMaxDischarge", {"priority": 1, "pctMaxDischargePower": 60.0}),
    "FreqWatt": ("curve", _WATT),
    "VoltWatt": ("curve", _WATT | {"curveData": [{"x": 106.0, "y": 100.0}, {"x": 110.0, "y": 0.0}]}),
    "VoltVar": ("curve", _VAR),
    "WattVar": ("curve", _VAR | {"curveData": [{"x": 50.0, "y": 0.0}, {"x": 100.0, "y": -44.0}]}),
    "WattPF": ("curve", _TRIP | {"curveData": [{"x": 50.0, "y": 1.0}, {"x": 100.0, "y": 0.95}]}),
    **{
        f"{quantity}{kind}": ("curve", _TRIP)
        for quantity in ("HF", "HV", "LF", "LV")
        for kind in ("MustTrip", "MayTrip", "MomCess")
        if not (quantity in {"HF", "LF"} and kind == "MomCess") and f"{quantity}{kind}" != "LFMayTrip"
    },
    "PowerMonitoringMustTrip": ("curve", _TRIP),
}
"""The field of each DERControlType and a plausible value for it."""


def id_token(token: str, kind: str) -> Payload:
    """An IdToken."""
    return {"idToken": token, "type": kind}


def component_variable(component: str, variable: str, **more: Any) -> Payload:
    """Component and variable as reports and variables name them; ``evse``, ``instance`` and others as given."""
    named: Payload = {"name": component}
    if more.get("evse") is not None:
        named["evse"] = {"id": more["evse"]}
    if more.get("component_instance") is not None:
        named["instance"] = more["component_instance"]
    inner: Payload = {"name": variable}
    if more.get("instance") is not None:
        inner["instance"] = more["instance"]
    return {"component": named, "variable": inner}


def _powers(turn: Turn, asked: Mapping[str, Any]) -> tuple[float, float]:
    """Power for charging and for discharging, both positive; the car's own signs differ (EVerest#1473)."""
    config = turn.backend.config
    v2x = asked.get("v2xChargingParameters", {})
    direct = asked.get("dcChargingParameters", {})
    charge = v2x.get("maxChargePower", direct.get("evMaxPower", config.charge_power))
    discharge = v2x.get("maxDischargePower", config.discharge_power)
    return min(config.charge_power, abs(float(charge))), min(config.discharge_power, abs(float(discharge)))


def _until(departure: str | None, now: float) -> int:
    """Seconds until departure; a day without one, and at least one second."""
    return _DAY if departure is None else max(1, min(_DAY, int(unix(departure) - now)))
