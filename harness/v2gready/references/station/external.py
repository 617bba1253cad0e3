"""Limits and setpoints of an external system, an EMS (K11 to K13, K29, Q05, Q06)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.dynamic import DynamicDesk
from v2gready.references.station.energy_model import SMART
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.energy_state import EnergyState
from v2gready.references.station.operation_modes import FIELDS, mode_of
from v2gready.references.station.profiles import EXTERNAL, GENERATION, TX, TX_DEFAULT, Installed

EMS: Final = "EMS"
_MODES: Final = ("ExternalLimits", "ExternalSetpoint")
_STACK: Final = 0
_FIRST_ID: Final = -1
"""Without MaxExternalConstraintsId a negative id keeps out of the way of the CSMS (K11.FR.06)."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What an external system asks for; all None: it asks for nothing any more.

    Attributes:
        limit: W.
        discharge: W, not positive.
        setpoint: W.
        reactive: setpointReactive.
        schedule: (seconds from now, limit in W): a schedule instead of one value.
        evse_id: For which EVSE; 0: the station.
        source: chargingLimitSource; never CSO (K11.FR.05).
        generation: It is local generation: it is added to the limits.
        grid_critical: isGridCritical.
    """

    limit: float | None = None
    discharge: float | None = None
    setpoint: float | None = None
    reactive: float | None = None
    schedule: tuple[tuple[int, float], ...] = ()
    evse_id: int = 0
    source: str = EMS
    generation: bool = False
    grid_critical: bool | None = None

    @property
    def mode(self) -> str:
        """Operation mode of the period that shows it."""
        return _MODES[self.setpoint is not None]

    @property
    def values(self) -> Payload:
        """Fields of a period."""
        found = dict(zip(FIELDS, (self.limit, self.discharge, self.setpoint, self.reactive), strict=True))
        return {name: value for name, value in found.items() if value is not None}

    @property
    def released(self) -> bool:
        """It asks for nothing any more."""
        return not self.values and not self.schedule


class ExternalDesk:
    """Brings the external system and the profiles together.

    Args:
        state: Shared state.
        dynamic: Keeps Dynamic profiles fresh.
    """

    def __init__(self, state: EnergyState, dynamic: DynamicDesk) -> None:
        self._state = state
        self._dynamic = dynamic
        self._told: dict[tuple[int, bool], Payload] = {}
        self._powers: dict[int, float] = {}

    def take(self, signal: Signal, now: float) -> None:
        """The external system has spoken."""
        model = self._state.context.model
        deaf = not model.boolean(SMART, "ExternalControlSignalsEnabled")
        if self._state.seams.check(ChargingCheck.EXTERNAL_SIGNALS, violated=deaf):
            return
        if signal.released:
            self._release(signal, now)
        elif not self._fill(signal, now):
            disallowed = model.boolean(SMART, "ExternalConstraintsProfileDisallowed")
            if not self._state.seams.check(ChargingCheck.EXTERNAL_DISALLOWED, violated=disallowed):
                self._constrain(signal, now)

    def _fill(self, signal: Signal, now: float) -> bool:
        """Puts the values into the profiles by which the CSMS lets somebody else steer (Q05, K29.FR.03)."""
        found = [
            one
            for one in self._state.store
            if one.purpose in {TX, TX_DEFAULT}
            and one.kind == "Dynamic"
            and mode_of(one.periods[0]) == signal.mode
            and (signal.evse_id in {0, one.evse_id} or one.evse_id == 0)
        ]
        for one in found:
            changed = copy.deepcopy(one.profile)
            values = self._state.seams.value(EnergyKnob.UPDATED, signal.values)
            changed["chargingSchedule"][0]["chargingSchedulePeriod"][0].update(values)
            self._dynamic.refresh_values(one, changed, now)
        return bool(found)

    def _constrain(self, signal: Signal, now: float) -> None:
        """Represents the signal as a profile and tells the CSMS (K11.FR.06, K29.FR.04, Q06.FR.01 to Q06.FR.11)."""
        state = self._state
        powers = self._remember_powers()
        profile = self._profile(signal, now)
        installed = state.store.install(profile, signal.evse_id, signal.source)
        self._dynamic.noticed(installed, now)
        state.context.refresh(now)
        self._tell(signal, installed, now)
        self._tell_rates(powers, now)

    def _profile(self, signal: Signal, now: float) -> Payload:
        state = self._state
        model = state.context.model
        there = self._present(signal)
        if there is not None:
            profile_id = there.id
        else:
            highest = model.number(SMART, "MaxExternalConstraintsId")
            profile_id = _FIRST_ID if highest is None else int(highest)
            while state.store.find(profile_id) is not None:
                profile_id -= 1
        dynamic = state.full and not signal.schedule and model.boolean(SMART, "SupportsDynamicProfiles")
        periods: list[Payload] = [{"startPeriod": at, "limit": watts} for at, watts in signal.schedule]
        periods = periods or [{"startPeriod": 0, **signal.values}]
        if state.full:
            periods = [{**period, "operationMode": signal.mode} for period in periods]
        else:
            # OCPP 2.0.1 knows limits alone.
            periods = [{"startPeriod": one["startPeriod"], "limit": one.get("limit", 0.0)} for one in periods]
        periods = [state.seams.value(EnergyKnob.EXTERNAL_PERIOD, period) for period in periods]
        schedule: Payload = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": periods}
        stamp = state.context.stamp(now)
        if not dynamic:
            schedule["startSchedule"] = stamp
        return {
            "id": profile_id,
            "stackLevel": _STACK,
            "chargingProfilePurpose": GENERATION if signal.generation else EXTERNAL,
            "chargingProfileKind": "Dynamic" if dynamic else "Absolute",
            "chargingSchedule": [schedule],
            **({"dynUpdateTime": stamp} if dynamic else {}),
        }

    def _present(self, signal: Signal) -> Installed | None:
        purpose = GENERATION if signal.generation else EXTERNAL
        return next(
            (
                one
                for one in self._state.store
                if (one.purpose, one.evse_id, one.source) == (purpose, signal.evse_id, signal.source)
            ),
            None,
        )

    def _tell(self, signal: Signal, installed: Installed, now: float) -> None:
        """NotifyChargingLimit, where the change is worth it (K11.FR.02, Q06.FR.11)."""
        state = self._state
        key = (signal.evse_id, signal.generation)
        before, values = self._told.get(key), {**signal.values, "schedule": signal.schedule}
        if not state.seams.value(EnergyKnob.SIGNIFICANT, self._significant(before, values)):
            return
        self._told[key] = values
        limit: Payload = {"chargingLimitSource": signal.source}
        if state.full and signal.generation:
            limit["isLocalGeneration"] = True
        if signal.grid_critical is not None:
            limit["isGridCritical"] = signal.grid_critical
        message: Payload = {"chargingLimit": limit}
        if signal.evse_id:
            message["evseId"] = signal.evse_id
        if state.context.model.boolean(SMART, "NotifyChargingLimitWithSchedules"):
            message["chargingSchedule"] = copy.deepcopy(installed.profile["chargingSchedule"])
        state.context.send("NotifyChargingLimit", message, now)

    def _significant(self, before: Payload | None, after: Payload) -> bool:
        if before is None or before.keys() != after.keys() or before["schedule"] != after["schedule"]:
            return True
        return any(self._differs(before[name], after[name]) for name in after if name != "schedule")

    def _differs(self, before: float, after: float) -> bool:
        percent = self._state.context.model.number(SMART, "LimitChangeSignificance") or 0.0
        return before != after and abs(after - before) >= abs(before) * percent / 100.0

    def _release(self, signal: Signal, now: float) -> None:
        """The limit is gone (K13)."""
        state = self._state
        there = self._present(signal)
        if there is None:
            return
        powers = self._remember_powers()
        if state.seams.value(EnergyKnob.RELEASED, True):
            state.store.remove([there])
        self._told.pop((signal.evse_id, signal.generation), None)
        state.context.refresh(now)
        message: Payload = {"chargingLimitSource": signal.source}
        if signal.evse_id:
            message["evseId"] = signal.evse_id
        state.context.send("ClearedChargingLimit", message, now)
        self._tell_rates(powers, now)

    def _remember_powers(self) -> dict[int, float]:
        return {evse.id: evse.power for evse in self._state.running()}

    def _tell_rates(self, before: dict[int, float], now: float) -> None:
        """TransactionEvent ChargingRateChanged where the rate moved (K11.FR.04, K13.FR.03)."""
        for evse in self._state.running():
            changed = self._differs(before.get(evse.id, 0.0), evse.power)
            if self._state.seams.value(EnergyKnob.RATE_TOLD, changed):
                self._state.context.update_transaction(evse.id, "ChargingRateChanged", now)
