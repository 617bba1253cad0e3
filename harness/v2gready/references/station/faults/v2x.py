"""Faults of bidirectional charging: operation modes, dynamic profiles, local control (reference V01 to V23)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import math
from typing import Any

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob, ProfileCheck
from v2gready.references.station.faults.charging import Accepts, ignoring, turning
from v2gready.references.station.faults.kinds import Answers, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.metering import MeterKnob


class _Needs(Turns):
    """Tells wrong charging needs."""

    knob = EnergyKnob.NEEDS

    def turn(self, needs: Payload) -> Payload:
        """The wrong chargingNeeds."""
        raise NotImplementedError

    def bend(self, value: Payload) -> Payload:
        """Inside the message."""
        return {**value, "chargingNeeds": self.turn(value["chargingNeeds"])}


# V01, V02 what is offered


@fault("bpt-always-requested", "Asks for DC_BPT though V2X is off, not allowed or not possible.")
class BptAlwaysRequested(_Needs):
    """V01, Q01.FR.09."""

    def turn(self, needs: Payload) -> Payload:
        """Always both ways."""
        available = {*needs.get("availableEnergyTransfer", ()), "DC_BPT"}
        return {**needs, "requestedEnergyTransfer": "DC_BPT", "availableEnergyTransfer": sorted(available)}


@fault("mandatory-mode-missing", "Does not announce CentralFrequency.")
class MandatoryModeMissing(Turns):
    """Q01.FR.31."""

    knob = EnergyKnob.ANNOUNCED

    def bend(self, value: str) -> str:
        """Two of three."""
        return ",".join(mode for mode in value.split(",") if mode != "CentralFrequency")


ignoring("unsupported-mode-accepted", "Takes modes that it does not support or that are off.", ProfileCheck.MODE)
ignoring("mode-in-any-purpose", "Takes V2X modes in any purpose.", ProfileCheck.MODE_PURPOSE)
turning("bpt-never-requested", "Never asks for bidirectional energy transfer.", EnergyKnob.TRANSFER, "DC")


# V04, V06 needs and allowed transfers

ignoring("rejected-needs-ignored", "Goes on though its energy transfer was rejected.", ChargingCheck.NEEDS_REJECTED)
turning("allowed-transfer-ignored", "Sends no new needs for new transfers.", EnergyKnob.RENEGOTIATES, wrong=False)


@fault("rejected-transfer-local-stop", "Ends a transaction with a rejected energy transfer as a local stop.")
class RejectedTransferLocalStop(Sends):
    """Q01.FR.06."""

    action = "TransactionEvent"

    def bend(self, payload: Payload) -> Payload:
        """As if somebody had pressed the button."""
        info = payload["transactionInfo"]
        if info.get("stoppedReason") != "ReqEnergyTransferRejected":
            return payload
        return {**payload, "transactionInfo": {**info, "stoppedReason": "Local"}}


@fault("allowed-transfer-of-any-transaction", "Accepts allowed transfers for an unknown transaction.")
class AllowedTransferOfAnyTransaction(Accepts):
    """V06."""

    actions = frozenset({"NotifyAllowedEnergyTransfer"})
    instead_of = frozenset({"Rejected"})


@fault("needs-without-control-mode", "Leaves the control mode out of the charging needs.")
class NeedsWithoutControlMode(_Needs):
    """Q01.FR.03."""

    def turn(self, needs: Payload) -> Payload:
        """The CSMS may guess."""
        return without(needs, "controlMode")


@fault("discharge-powers-negative", "Tells the discharge powers of the vehicle as negative numbers.")
class DischargePowersNegative(_Needs):
    """V20 (EVerest#1473)."""

    def turn(self, needs: Payload) -> Payload:
        """One convention too many."""
        parameters = needs.get("v2xChargingParameters", {})
        turned = {name: -abs(value) if "Discharge" in name else value for name, value in parameters.items()}
        return {**needs, "v2xChargingParameters": turned} if parameters else needs


@fault("needs-in-old-fields", "Tells the needs of an ISO 15118-20 vehicle in dcChargingParameters.")
class NeedsInOldFields(_Needs):
    """K18.FR.06, K19.FR.06."""

    def turn(self, needs: Payload) -> Payload:
        """As in 2.0.1."""
        if "v2xChargingParameters" not in needs:
            return needs
        old = {"evMaxCurrent": 50, "evMaxVoltage": 500}
        return {**without(needs, "v2xChargingParameters"), "dcChargingParameters": old}


# V07, V08 setpoints


@fault("discharge-as-charge", "Charges where it should discharge.")
class DischargeAsCharge(Turns):
    """V07: the sign."""

    knob = EnergyKnob.WATTS

    def bend(self, value: float) -> float:
        """The amount is right."""
        return abs(value)


@fault("never-discharges", "Stops instead of discharging.")
class NeverDischarges(Turns):
    """V07."""

    knob = EnergyKnob.WATTS

    def bend(self, value: float) -> float:
        """One quadrant."""
        return max(value, 0.0)


@fault("setpoint-halved", "Follows half of each setpoint.")
class SetpointHalved(Turns):
    """V2X.02: as closely as possible."""

    knob = EnergyKnob.SETPOINT

    def bend(self, value: float) -> float:
        """Per phase of two?"""
        return value / 2


@fault("discharges-without-bpt", "Discharges though only charging was agreed.")
class DischargesWithoutBpt(Turns):
    """Q02.FR.02: no discharging before it is allowed."""

    knob = EnergyKnob.TRANSFER

    def bend(self, value: Any) -> Any:
        """It thinks it may."""
        return "DC_BPT"


turning("operation-mode-not-told", "Says ChargingOnly in every mode.", EnergyKnob.MODE, "ChargingOnly")
ignoring("setpoint-range-unchecked", "Takes a setpoint outside its own limits.", ProfileCheck.SETPOINT_RANGE)
ignoring(
    "setpoint-not-capped",
    "Does not cap a setpoint by the limits of the composite.",
    ChargingCheck.ABOVE_LIMIT,
    ChargingCheck.BELOW_DISCHARGE,
)
ignoring("mode-fields-unchecked", "Takes any field in any mode.", ProfileCheck.MODE_FIELDS)
ignoring("central-frequency-absolute", "Takes CentralFrequency in any kind.", ProfileCheck.CENTRAL_FREQUENCY)
ignoring("phase-without-base", "Takes L2 and L3 without the base field.", ProfileCheck.PHASE_BASE)
ignoring(
    "phase-fields-anywhere",
    "Takes L2 and L3 in any purpose and from any vehicle.",
    ProfileCheck.PHASE_PURPOSE,
    ProfileCheck.PHASE_VEHICLE,
)


# V10 to V13 dynamic profiles


@fault("update-has-no-effect", "Accepts new values of a dynamic profile and does not use them.")
class UpdateHasNoEffect(Turns):
    """K28.FR.06."""

    knob = EnergyKnob.UPDATED

    def bend(self, value: Payload) -> Payload:
        """Nothing new."""
        return {}


@fault("update-time-frozen", "Never moves dynUpdateTime.")
class UpdateTimeFrozen(Turns):
    """K28.FR.09; nothing revives an expired profile."""

    knob = EnergyKnob.UPDATE_TIME

    def __init__(self) -> None:
        super().__init__()
        self._first: str | None = None

    def bend(self, value: str) -> str:
        """That of the installation."""
        self._first = self._first or value
        return self._first


@fault("pulled-values-ignored", "Pulls values and does not use them.")
class PulledValuesIgnored(Turns):
    """K28.FR.08."""

    knob = EnergyKnob.PULLED

    def bend(self, value: Payload) -> Payload:
        """Nothing new."""
        return {}


@fault("pulls-too-seldom", "Pulls values at three times the interval.")
class PullsTooSeldom(Turns):
    """K28.FR.10."""

    knob = EnergyKnob.PULL_DELAY

    def bend(self, value: float) -> float:
        """Every third time."""
        return 3 * value


turning("never-pulls", "Never asks for new values.", EnergyKnob.PULL_DELAY, math.inf)
ignoring("dynamic-shape-unchecked", "Takes a dynamic profile of several periods.", ProfileCheck.DYNAMIC_SHAPE)
ignoring("update-of-any-kind", "Updates profiles that are not dynamic.", ChargingCheck.UPDATE_KIND)
ignoring("stale-values-followed", "Follows dynamic values long after their duration.", ChargingCheck.EXPIRED)


# V14, V15 frequency


@fault("curve-ends-only", "Knows the two ends of a frequency curve alone.")
class CurveEndsOnly(Turns):
    """Q08.FR.06."""

    knob = EnergyKnob.CURVE

    def bend(self, value: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """A straight line."""
        return [min(value), max(value)] if len(value) > 2 else value


@fault("curve-upside-down", "Turns the sign of the frequency curve.")
class CurveUpsideDown(Turns):
    """Q08.FR.06: positive charges."""

    knob = EnergyKnob.CURVE_POWER

    def bend(self, value: float) -> float:
        """As a generator counts."""
        return -value


turning("baseline-ignored", "Does not add v2xBaseline.", EnergyKnob.BASELINE, 0.0)
turning("frequency-frozen", "Sees 50 Hz for ever.", EnergyKnob.FREQUENCY, 50.0)
turning("frequency-threshold-coarse", "Recalculates after a change of 1 Hz alone.", EnergyKnob.THRESHOLD, 1000.0)
turning("simulator-ignored", "Does not look at FrequencySimulator.", EnergyKnob.SIMULATED, None)
ignoring("curve-missing-accepted", "Takes LocalFrequency without a curve.", ProfileCheck.FREQUENCY_CURVE)
ignoring("frequency-in-amperes", "Takes LocalFrequency in amperes.", ProfileCheck.FREQUENCY_UNIT)
ignoring("signal-without-curve", "Accepts an aFRR signal without a curve for it.", ChargingCheck.SIGNAL)
turning("signal-ignored", "Accepts aFRR signals and does not follow them.", EnergyKnob.SIGNAL_POWER, 0.0)
turning("signal-at-once", "Follows an aFRR signal before its timestamp.", EnergyKnob.SIGNAL_TIME, -math.inf)


# V16, V17 load balancing and Idle


@fault("balancing-wrong-way", "Balances the load in the wrong direction.")
class BalancingWrongWay(Turns):
    """Q09.FR.04."""

    knob = EnergyKnob.DELTA

    def bend(self, value: float) -> float:
        """Makes it worse."""
        return -value


@fault("balancing-half-step", "Corrects half of what the formula says.")
class BalancingHalfStep(Turns):
    """Q09.FR.04."""

    knob = EnergyKnob.DELTA

    def bend(self, value: float) -> float:
        """Damped."""
        return value / 2


ignoring("balancing-without-thresholds", "Takes LocalLoadBalancing without thresholds.", ProfileCheck.BALANCING)
turning("charges-while-idle", "Charges in mode Idle.", EnergyKnob.IDLE, 1400.0)
turning("sleep-not-told", "Does not tell that the EVSE sleeps.", EnergyKnob.SLEEP, wrong=False)
ignoring("sleep-while-charging", "Takes evseSleep in any mode.", ProfileCheck.SLEEP)


# V18, V19 offline and external systems

ignoring("offline-duration-ignored", "Follows a profile however long it is offline.", ChargingCheck.OFFLINE)
ignoring("offline-verdict-forgotten", "Follows a profile again that is void.", ChargingCheck.OFFLINE_FOR_EVER)
ignoring("external-never-disallowed", "Takes external limits though disallowed.", ChargingCheck.EXTERNAL_DISALLOWED)
ignoring("external-signals-always", "Hears external signals though they are off.", ChargingCheck.EXTERNAL_SIGNALS)


@fault("setpoint-priority-inverted", "Follows the other of two setpoints than SetpointPriority says.")
class SetpointPriorityInverted(Turns):
    """Q06.FR.21, Q06.FR.22."""

    knob = EnergyKnob.SETPOINT_PRIORITY

    def bend(self, value: Any) -> Any:
        """The other one."""
        return not value


# What was missing for the cases


@fault("connected-ev-empty", "Says nothing of the vehicle in ConnectedEV.")
class ConnectedEvEmpty(Answers):
    """Q01.FR.36."""

    actions = frozenset({"GetVariables"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """As if nobody were there."""
        results = [
            {**one, "attributeValue": ""} if one["component"]["name"] == "ConnectedEV" else one
            for one in payload["getVariableResult"]
        ]
        return {**payload, "getVariableResult": results}


@fault("mode-measurands-missing", "Leaves the measurands of an operation mode out of its meter values.")
class ModeMeasurandsMissing(Turns):
    """Q01.FR.33 to 35."""

    knob = MeterKnob.VALUES

    def bend(self, value: list[Payload]) -> list[Payload]:
        """What is measured in any mode alone."""
        return [
            {**one, "sampledValue": [each for each in one["sampledValue"] if "Setpoint" not in each["measurand"]]}
            for one in value
        ]


@fault("updates-stop-after-many", "Accepts new values of a dynamic profile for ever and uses forty of them.")
class UpdatesStopAfterMany(Turns):
    """V11: what was allocated for each update is never freed."""

    knob = EnergyKnob.UPDATED

    def __init__(self) -> None:
        super().__init__()
        self._left = 40

    def bend(self, value: Payload) -> Payload:
        """Full."""
        self._left -= 1
        return value if self._left >= 0 else {}


@fault("external-setpoint-limits-refused", "Refuses limits in a profile of ExternalSetpoint.")
class ExternalSetpointLimitsRefused(Answers):
    """Matrix of operation modes: they are optional there."""

    actions = frozenset({"SetChargingProfile"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Whoever sets the setpoint is to set them."""
        period = call.payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        if period.get("operationMode") != "ExternalSetpoint" or not {"limit", "dischargeLimit"} & set(period):
            return payload
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}}


@fault("profile-given-up-offline", "Follows no profile with maxOfflineDuration from the first second offline on.")
class ProfileGivenUpOffline(Turns):
    """V18: a router that restarts is enough."""

    knob = EnergyKnob.INSTALLED

    def bend(self, value: Payload) -> Payload:
        """Not a second of patience."""
        return {**value, "maxOfflineDuration": 0} if "maxOfflineDuration" in value else value
