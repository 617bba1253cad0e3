"""Charging needs of the vehicle and what the CSMS makes of them (K15 to K20, Q01, Q02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.references.station.charging import Reply, rejected
from v2gready.references.station.composite import composite, on_the_wire
from v2gready.references.station.context import Evse, Handler, Transaction, Vehicle
from v2gready.references.station.energy_model import BPT, EV, SMART, is_direct
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.energy_state import ISO_20, EnergyState, Session
from v2gready.references.station.profiles import CSO, TX, Installed
from v2gready.references.station.timers import Timer

_DAY: Final = 86_400
_ISO: Final = "urn:iso:"
_CURRENT: Final = 125.0
_VOLTAGE: Final = (200.0, 500.0)
_VEHICLE_FIELDS: Final = frozenset(Vehicle.__dataclass_fields__)


class NeedsDesk:
    """Sends NotifyEVChargingNeeds and follows what is answered.

    Args:
        state: Shared state.
    """

    def __init__(self, state: EnergyState) -> None:
        self._state = state
        self._deadlines: dict[int, Timer] = {}
        self._rejected: dict[str, frozenset[str]] = {}

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By action."""
        return {"NotifyAllowedEnergyTransfer": self._allow}

    def plugged(self, evse_id: int) -> None:
        """ConnectedEV shows the vehicle (Q01.FR.36)."""
        vehicle = self._state.context.evses[evse_id].vehicle
        if vehicle is None:
            return
        shown = {"Available": "true", "VehicleID": vehicle.evccid, "ProtocolAgreed": f"{vehicle.protocol},1,0"}
        self._show(evse_id, shown, f"{vehicle.protocol},1,0")

    def unplugged(self, evse_id: int) -> None:
        """ConnectedEV is empty again."""
        self._show(evse_id, {"Available": "false", "VehicleID": "", "ProtocolAgreed": ""}, "")

    def _show(self, evse_id: int, values: dict[str, str], protocol: str) -> None:
        model = self._state.context.model
        for name, value in values.items():
            if (variable := model.find(EV, name, evse=evse_id)) is not None:
                variable.value = value
        if (variable := model.find(EV, "ProtocolSupportedByEV", instance="1", evse=evse_id)) is not None:
            variable.value = protocol

    def started(self, transaction: Transaction, now: float) -> None:
        """A transaction has begun: the vehicle tells its needs."""
        evse = self._state.context.evses[transaction.evse_id]
        vehicle = evse.vehicle
        if vehicle is None or not vehicle.protocol.startswith(_ISO):
            return
        self.tell(evse, now)

    def ended(self, transaction: Transaction) -> None:
        """A transaction is over."""
        self._rejected.pop(transaction.id, None)
        self._cancel(transaction.evse_id)

    def tell(self, evse: Evse, now: float) -> None:
        """Sends NotifyEVChargingNeeds (K15.FR.01, K18.FR.01, K19.FR.01, Q01.FR.03)."""
        state, vehicle, transaction = self._state, evse.vehicle, evse.transaction
        if vehicle is None or transaction is None:
            return
        session = state.session(evse, now)
        session.transfer = state.transfer(evse, self._rejected.get(transaction.id, frozenset()))
        session.told, session.phases = True, state.phases_of(evse)
        session.waiting = state.settings.hold_scheduled and vehicle.control_mode == "ScheduledControl"
        message: Payload = {"evseId": evse.id, "chargingNeeds": self._needs(evse, vehicle, session, now)}
        periods = state.context.model.number(SMART, "PeriodsPerSchedule")
        if periods is not None:
            message["maxScheduleTuples"] = int(periods) if state.full else 3
        if state.full and not state.context.online:
            message["timestamp"] = state.context.stamp(now)  # K19.FR.14
            session.waiting = False
        message = state.seams.value(EnergyKnob.NEEDS, message)
        identity = transaction.id

        def answered(answer: CallResult | CallError | None, when: float) -> None:
            current = evse.transaction
            if current is not None and current.id == identity:
                self._answered(evse, session, answer, when)

        state.context.send("NotifyEVChargingNeeds", message, now, then=answered, keep=True)
        deadline = state.seams.value(EnergyKnob.DEADLINE, state.settings.schedule_deadline)
        self._cancel(evse.id)
        self._deadlines[evse.id] = state.context.timers.at(now + deadline, lambda when: self._go(evse, when))
        state.context.refresh(now)

    def _answered(self, evse: Evse, session: Session, answer: CallResult | CallError | None, now: float) -> None:
        status = answer.payload.get("status") if isinstance(answer, CallResult) else None
        if status == "Rejected" and self._is_newest(evse):
            self._refused(evse, session, now)
        elif status in {"Accepted", "Processing"}:
            return  # A profile is to come; the deadline runs.
        else:
            # NoChargingProfile, Rejected of ISO 15118-2 or no answer: TxDefaultProfile or nothing (K19.FR.11).
            self._go(evse, now)

    def _is_newest(self, evse: Evse) -> bool:
        return self._state.full and evse.vehicle is not None and evse.vehicle.protocol.startswith(ISO_20)

    def _refused(self, evse: Evse, session: Session, now: float) -> None:
        """The CSMS does not want this energy transfer (Q01.FR.05, Q01.FR.06)."""
        state, transaction = self._state, evse.transaction
        if transaction is None or not state.seams.check(ChargingCheck.NEEDS_REJECTED, violated=True):
            return
        refused = self._rejected.get(transaction.id, frozenset()) | {session.transfer}
        self._rejected[transaction.id] = refused
        left = [mode for mode in state.available_transfers(evse) if mode not in refused]
        if (
            left
            and session.transfer in BPT
            and state.context.model.boolean("ISO15118Ctrlr", "ServiceRenegotiationSupport")
        ):
            self.tell(evse, now)
            return
        self._cancel(evse.id)
        state.context.end_transaction(evse.id, "AbnormalCondition", "ReqEnergyTransferRejected", now)

    def _go(self, evse: Evse, now: float) -> None:
        """The vehicle waits no longer."""
        self._cancel(evse.id)
        session = self._state.active_session(evse.id)
        if session is None:
            return
        session.waiting = False
        self._tell_schedule(evse, None, now)
        self._state.context.refresh(now)

    def noticed(self, installed: Installed, now: float) -> None:
        """A profile was installed; a TxProfile is what the vehicle waits for (K18.FR.07, K19.FR.07)."""
        if installed.purpose != TX or installed.source != CSO:
            return
        evse = self._state.context.evses.get(installed.evse_id)
        session = self._state.active_session(installed.evse_id)
        if evse is None or session is None or evse.id not in self._deadlines:
            return
        self._cancel(evse.id)
        session.waiting = False
        self._state.context.timers.at(now, lambda when: self._tell_schedule(evse, installed, when))

    def _tell_schedule(self, evse: Evse, installed: Installed | None, now: float) -> None:
        """NotifyEVChargingSchedule with what the vehicle will follow (K18.FR.16, K19.FR.10)."""
        state = self._state
        if evse.transaction is None or evse.vehicle is None:
            return
        situation = state.situation(evse.id, now)
        bands = composite(state.store, situation.now, _DAY, situation, state.seams)
        periods = [on_the_wire(at, band, "W", situation.outlet, full=False) for at, band in bands]
        schedule_id = 1 if installed is None else installed.schedule["id"]
        periods = periods[: state.settings.periods]
        message: Payload = {
            "timeBase": state.context.stamp(now),
            "evseId": evse.id,
            "chargingSchedule": {"id": schedule_id, "chargingRateUnit": "W", "chargingSchedulePeriod": periods},
        }
        if state.full and installed is not None:
            message["selectedChargingScheduleId"] = schedule_id
        state.context.send("NotifyEVChargingSchedule", message, now)

    def _cancel(self, evse_id: int) -> None:
        if (timer := self._deadlines.pop(evse_id, None)) is not None:
            timer.cancel()

    def _allow(self, payload: Payload, now: float) -> Reply:
        """NotifyAllowedEnergyTransfer (Q02.FR.06, Q02.FR.07)."""
        state = self._state
        transaction = state.context.transaction(payload["transactionId"])
        if state.seams.check(ChargingCheck.ALLOWED_TRANSACTION, violated=transaction is None) or transaction is None:
            return rejected("TxNotFound", "no such transaction")
        transaction.allowed_energy_transfer = list(payload["allowedEnergyTransfer"])
        self._rejected.pop(transaction.id, None)
        evse = state.context.evses[transaction.evse_id]
        if state.seams.value(EnergyKnob.RENEGOTIATES, True):
            state.context.timers.at(now, lambda when: self.tell(evse, when))
        return {"status": "Accepted"}

    def change(self, evse_id: int, now: float, **changes: Any) -> None:
        """The vehicle has new needs (K20): fields of `Vehicle`, as a plug-in has them."""
        evse = self._state.context.evses[evse_id]
        if evse.vehicle is not None:
            known = {name: value for name, value in changes.items() if name in _VEHICLE_FIELDS}
            evse.vehicle = replace(evse.vehicle, **known)
            self.tell(evse, now)

    def _needs(self, evse: Evse, vehicle: Vehicle, session: Session, now: float) -> Payload:
        state = self._state
        needs: Payload = {"requestedEnergyTransfer": session.transfer}
        if vehicle.departure is not None:
            leaves = state.context.utc(now) + timedelta(seconds=vehicle.departure)
            needs["departureTime"] = leaves.isoformat(timespec="seconds").replace("+00:00", "Z")
        if self._is_newest(evse):
            needs["availableEnergyTransfer"] = state.available_transfers(evse)
            needs["controlMode"] = vehicle.control_mode
            needs["mobilityNeedsMode"] = vehicle.extra.get("mobility_needs_mode", "EVCC")
            needs["v2xChargingParameters"] = self._v2x(evse, vehicle, session)
            if session.transfer in {"AC_DER", "AC_BPT_DER"}:
                needs["derChargingParameters"] = _der(vehicle)
        elif is_direct(evse.config):
            needs["dcChargingParameters"] = {
                "evMaxCurrent": round(vehicle.max_charge_power / evse.config.nominal_voltage),
                "evMaxVoltage": round(_VOLTAGE[1]),
                "evMaxPower": round(vehicle.max_charge_power),
                "evEnergyCapacity": round(vehicle.capacity_wh),
                "stateOfCharge": round(evse.soc),
            }
        else:
            current = vehicle.max_charge_power / (state.settings.line_voltage * vehicle.phases)
            missing = max(vehicle.target_soc - evse.soc, 0.0) / 100.0
            needs["acChargingParameters"] = {
                "energyAmount": round(missing * vehicle.capacity_wh),
                "evMinCurrent": 6,
                "evMaxCurrent": round(current),
                "evMaxVoltage": round(state.settings.line_voltage),
            }
        return needs

    def _v2x(self, evse: Evse, vehicle: Vehicle, session: Session) -> Payload:
        """V2XChargingParameters; all powers are amounts, those of discharging as well."""
        wanted = (vehicle.target_soc - evse.soc) / 100.0 * vehicle.capacity_wh
        powers = {"minChargePower": vehicle.min_charge_power, "maxChargePower": vehicle.max_charge_power}
        if session.transfer in BPT:
            powers |= {
                "minDischargePower": vehicle.min_discharge_power,
                "maxDischargePower": vehicle.max_discharge_power,
            }
        share = len(session.phases) + 1
        parameters: Payload = {}
        for name, watts in powers.items():
            parameters |= {name + suffix: round(watts / share, 3) for suffix in ("", *sorted(session.phases))}
        if is_direct(evse.config):
            parameters |= {"minVoltage": _VOLTAGE[0], "maxVoltage": _VOLTAGE[1], "maxChargeCurrent": _CURRENT}
        left = (100.0 - evse.soc) / 100.0 * vehicle.capacity_wh
        parameters["evTargetEnergyRequest"] = round(wanted, 3)
        parameters["evMinEnergyRequest"] = round(min(wanted, 0.0), 3)
        parameters["evMaxEnergyRequest"] = round(left, 3)
        parameters["targetSoC"] = round(vehicle.target_soc)
        return parameters


def _der(vehicle: Vehicle) -> Payload:
    """Nameplate of the inverter in the vehicle (R02.FR.01)."""
    found: Payload = {
        "maxApparentPower": vehicle.max_discharge_power,
        "maxChargeApparentPower": vehicle.max_charge_power,
        "maxDischargeApparentPower": vehicle.max_discharge_power,
        "nominalVoltage": 230.0,
        "evInverterManufacturer": "V2G-ready",
        "evInverterModel": "Reference car",
    }
    return found | ({"evSupportedDERControl": list(vehicle.der)} if vehicle.der else {})
