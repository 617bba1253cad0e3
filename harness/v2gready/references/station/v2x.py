"""The energy control of the station: what power each EVSE is to have, from profiles, measurements and DER controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.charging import ChargingDesk, Reply, rejected
from v2gready.references.station.composite import Band, band_at
from v2gready.references.station.context import Evse, Handler, Setpoint, StationContext, Transaction
from v2gready.references.station.der import DerDesk, Grid
from v2gready.references.station.dynamic import DynamicDesk
from v2gready.references.station.energy_model import BPT, SIMULATOR, SMART, V2X, define, simulation_span
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob
from v2gready.references.station.energy_state import EnergyState
from v2gready.references.station.external import ExternalDesk, Signal
from v2gready.references.station.needs import NeedsDesk
from v2gready.references.station.operation_modes import DEFAULT_MODE
from v2gready.references.station.profiles import TX, Installed
from v2gready.references.station.targets import wanted_power

_JUST_AFTER: Final = 0.001


class EnergyControl:
    """Smart charging, V2X and DER control of one station; `tick` gives the power of each EVSE.

    Args:
        context: The station.
    """

    def __init__(self, context: StationContext) -> None:
        define(context.model, context.config)
        self._announce(context)
        self._context = context
        self._state = EnergyState(context)
        self._charging = ChargingDesk(self._state, self._noticed)
        self._dynamic = DynamicDesk(self._state)
        self._needs = NeedsDesk(self._state)
        self._external = ExternalDesk(self._state, self._dynamic)
        self._der = DerDesk(self._state)
        self._modes: dict[int, tuple[str, bool]] = {}

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Answers to the calls of the CSMS, by action."""
        return {
            **self._charging.handlers,
            **self._dynamic.handlers,
            **self._needs.handlers,
            **self._der.handlers,
            "AFRRSignal": self._signal,
        }

    @property
    def actions(self) -> Mapping[str, Callable[..., None]]:
        """More user actions, by name; each takes ``now`` and the arguments that it names."""
        return {"priority": self.priority, "new_needs": self.new_needs, "external_signal": self.external_signal}

    @staticmethod
    def _announce(context: StationContext) -> None:
        for evse in context.config.evses:
            variable = context.model.find(V2X, "SupportedOperationModes", evse=evse.id)
            if variable is not None:
                variable.value = context.seams.value(EnergyKnob.ANNOUNCED, variable.value)

    # Time

    def tick(self, now: float) -> Mapping[int, Setpoint]:
        """The power, the mode and the sleep of each EVSE with an active transaction.

        Args:
            now: The time.
        """
        self._der.advance(now)
        running = self._state.running()
        wanted = {evse.id: self._wanted(evse, now) for evse in running}
        powers = {evse_id: watts for evse_id, (watts, _) in wanted.items()}
        powers = self._state.seams.value(EnergyKnob.SPREAD, self._within_station(powers, now))
        frequencies = [self._state.measured_frequency(evse.id, now) for evse in running]
        grid = Grid(next(iter(frequencies), self._state.frequency), self._state.voltage)
        bidirectional = {evse.id for evse in running if self._bidirectional(evse, now)}
        final = self._der.govern(powers, bidirectional, grid, now)
        found: dict[int, Setpoint] = {}
        for evse in running:
            watts = self._possible(evse, final[evse.id], now)
            watts = self._state.seams.value(EnergyKnob.WATTS, watts)
            session = self._state.session(evse, now)
            session.watts, session.setpoint = watts, powers[evse.id]
            band = wanted[evse.id][1]
            mode = self._state.seams.value(EnergyKnob.MODE, band.mode)
            asleep = self._state.seams.value(EnergyKnob.SLEEP, self._asleep(band))
            found[evse.id] = Setpoint(watts, mode, asleep)
        return found

    def next_timer(self) -> float | None:
        """None: everything that is due later stands in the station's own timers."""
        return None

    def _wanted(self, evse: Evse, now: float) -> tuple[float, Band]:
        """The power that the profiles want of an EVSE, with the composite behind it."""
        state = self._state
        session = state.session(evse, now)
        situation = state.situation(evse.id, now)
        band = band_at(state.store, situation.now, situation, state.seams)
        surroundings = state.surroundings(evse.id, now)
        watts = wanted_power(band, situation.outlet, session.follower, surroundings, state.seams)
        if session.waiting:
            return 0.0, replace(band, mode=DEFAULT_MODE)
        return self._possible(evse, watts, now), band

    def _bidirectional(self, evse: Evse, now: float) -> bool:
        return self._state.session(evse, now).transfer in BPT

    def _possible(self, evse: Evse, watts: float, now: float) -> float:
        """Within what EVSE, vehicle and the agreed energy transfer can do."""
        vehicle = evse.vehicle
        charge, discharge = evse.config.max_charge_power, evse.config.max_discharge_power
        if vehicle is not None:
            charge, discharge = min(charge, vehicle.max_charge_power), min(discharge, vehicle.max_discharge_power)
        one_way = watts < 0 and not self._bidirectional(evse, now)
        if self._state.seams.check(ChargingCheck.BIDIRECTIONAL, violated=one_way):
            return 0.0
        return min(max(watts, -discharge), charge)

    def _within_station(self, powers: dict[int, float], now: float) -> dict[int, float]:
        """All EVSEs together keep the limits of the station (K 3.6, K12.FR.01, Q06.FR.30)."""
        limit, discharge = self._charging.station_limits(self._state.seconds(now), now)
        total = sum(powers.values())
        if limit is not None and total > limit:
            return _reduced(powers, total - limit, 1.0)
        if discharge is not None and total < discharge:
            return _reduced(powers, discharge - total, -1.0)
        return powers

    def _asleep(self, band: Band) -> bool:
        able = self._context.model.boolean(SMART, "SupportsEvseSleep")
        return able and band.mode == "Idle" and band.leading is not None and bool(band.leading.period.get("evseSleep"))

    def measurands(self, evse_id: int, now: float) -> dict[str, tuple[float, str]]:
        """Quantities that this control knows: setpoint, residual, offered power, frequency.

        Args:
            evse_id: The EVSE.
            now: The time.
        """
        session = self._state.active_session(evse_id)
        known = {"Frequency": (self._state.measured_frequency(evse_id, now), "Hz")}
        if session is None:
            return known
        power = self._context.evses[evse_id].power
        outlet = self._state.outlet(evse_id)
        # The printed formula of the residual is wrong for setpoints that are not positive (conflict 8).
        return known | {
            "Power.Active.Setpoint": (session.setpoint, "W"),
            "Power.Active.Residual": (session.setpoint - power, "W"),
            "Power.Import.Offered": (max(session.watts, 0.0), "W"),
            "Power.Export.Offered": (max(-session.watts, 0.0), "W"),
            "Power.Offered": (outlet.charge, "W"),
        }

    # What happens to the station

    def _noticed(self, installed: Installed, now: float) -> None:
        self._dynamic.noticed(installed, now)
        self._needs.noticed(installed, now)
        self._wake_at_bounds(now)

    def _wake_at_bounds(self, now: float) -> None:
        """Looks again when the profile begins or ends: between two samples nothing else would."""
        left = self._charging.next_change(now)
        if left is not None:
            self._context.timers.at(now + left + _JUST_AFTER, self._woken)

    def _woken(self, now: float) -> None:
        self._context.refresh(now)
        left = self._charging.next_change(now)
        if left is not None:
            self._context.timers.at(now + left + _JUST_AFTER, self._woken)

    def connection_changed(self, online: bool, now: float) -> None:  # noqa: FBT001 - as the station calls it
        """The connection was lost or is back (Q11, Q12, K01.FR.101, K01.FR.102).

        Args:
            online: There is a connection again.
            now: The time.
        """
        if online:
            self._der.connected()
            self._charging.offline_verdicts(now)
            if not self._state.seams.value(EnergyKnob.RECONNECTED, True):
                self._state.store.remove([one for one in self._state.store if one.purpose == TX])
            self._state.offline_since = None
        elif self._state.offline_since is None:
            self._state.offline_since = now
            for one in self._state.store:
                longest = one.profile.get("maxOfflineDuration")
                if longest is not None:
                    self._context.timers.at(now + longest + _JUST_AFTER, self._context.refresh)
        self._context.refresh(now)

    def plugged(self, evse_id: int, now: float) -> None:
        """A vehicle is at the plug."""
        del now
        self._needs.plugged(evse_id)

    def unplugged(self, evse_id: int, now: float) -> None:
        """The vehicle has gone."""
        del now
        self._needs.unplugged(evse_id)

    def transaction_started(self, transaction: Transaction, now: float) -> None:
        """A transaction has begun: random delays are drawn, the vehicle tells its needs."""
        evse = self._context.evses[transaction.evse_id]
        session = self._state.session(evse, now)
        for installed in self._state.store:
            self._charging.draw_delays(installed, session)
        self._needs.started(transaction, now)
        self._context.refresh(now)

    def transaction_ended(self, transaction: Transaction, now: float) -> None:
        """A transaction is over; its TxProfile goes with it."""
        self._needs.ended(transaction)
        self._state.store.drop_transaction(transaction.id)
        self._state.sessions.pop(transaction.evse_id, None)
        self._charging.count()
        self._der.advance(now)

    def check_profile(self, profile: Payload, evse_id: int, now: float) -> str | None:
        """The reason against a profile of RequestStartTransaction, None where there is none."""
        return self._charging.check_profile(profile, evse_id, now)

    def take_profile(self, profile: Payload, transaction: Transaction, now: float) -> None:
        """The transaction of that profile has started."""
        self._charging.take_profile(profile, transaction, now)

    def persist(self) -> Any:
        """What survives a power cycle."""
        state = self._state
        return {"profiles": state.store.memory(), "der": self._der.memory(), "sessions": state.memory()}

    def restore(self, memory: Any, now: float) -> None:
        """Takes back what `persist` gave, after a power cycle."""
        self._state.store.restore(memory["profiles"])
        self._state.sessions = dict(memory["sessions"])
        self._charging.count()
        self._dynamic.restore(now)
        self._der.restore(memory["der"], now)

    def trigger(self, message: str, evse_id: int | None, now: float) -> bool:
        """TriggerMessage; nothing of this area can be triggered.

        Returns:
            Whether it is a message of this area.
        """
        del message, evse_id, now
        return False

    # Signals and user actions

    def _signal(self, payload: Payload, now: float) -> Reply:
        """AFRRSignal: in force from its timestamp (Q08.FR.10, Q08.FR.11)."""
        state = self._state
        followers = [evse for evse in state.running() if self._has_signal_curve(evse, now)]
        if state.seams.check(ChargingCheck.SIGNAL, violated=not followers):
            return rejected("NoSignalWattCurve", "no period with v2xSignalWattCurve is active")
        due = self._context.monotonic(self._context.parse_time(payload["timestamp"]), now)
        due = state.seams.value(EnergyKnob.SIGNAL_TIME, max(due, now))
        signal = int(payload["signal"])

        def apply(when: float) -> None:
            for evse in followers:
                if evse.transaction is not None:
                    state.session(evse, when).follower.signal = signal
            self._context.refresh(when)

        if due <= now:
            apply(now)
        else:
            self._context.timers.at(due, apply)
        return {"status": "Accepted"}

    def _has_signal_curve(self, evse: Evse, now: float) -> bool:
        situation = self._state.situation(evse.id, now)
        band = band_at(self._state.store, situation.now, situation, self._state.seams)
        follows = band.mode == "LocalFrequency" and band.leading is not None
        return follows and band.leading is not None and "v2xSignalWattCurve" in band.leading.period

    def set_frequency(self, hertz: float, now: float) -> None:
        """The grid frequency changes.

        Args:
            hertz: Hz.
            now: The time.
        """
        self._state.frequency = hertz
        self._context.refresh(now)

    def set_voltage(self, percent: float, now: float) -> None:
        """The grid voltage changes.

        Args:
            percent: Of the nominal voltage.
            now: The time.
        """
        self._state.voltage = percent
        self._context.refresh(now)

    def external_limit(self, watts: float | None, now: float, **more: Any) -> None:
        """The external system (EMS) sets a limit, or None releases it.

        Args:
            watts: Limit in W.
            now: The time.
            **more: More of `Signal`: discharge, setpoint, reactive, schedule, evse_id or evse, source, generation.
        """
        if "evse" in more:
            more["evse_id"] = more.pop("evse")
        if "schedule" in more:
            more["schedule"] = tuple((int(at), float(value)) for at, value in more["schedule"])
        self._external.take(Signal(limit=watts, **more), now)

    def external_signal(self, now: float, **more: Any) -> None:
        """The external system sets anything but a limit: see `external_limit`."""
        self.external_limit(more.pop("watts", None), now, **more)

    def load(self, watts: float, now: float) -> None:
        """A new reading of the upstream meter: one step of LocalLoadBalancing.

        Args:
            watts: Load of the whole site, positive consuming.
            now: The time.
        """
        self._state.load = watts
        self._state.reading += 1
        self._context.refresh(now)

    def priority(self, now: float, evse: int = 1, activate: bool = True) -> None:  # noqa: FBT001 - a hook
        """The driver presses the button for priority charging (K22)."""
        self._charging.set_priority(evse, activate, now)

    def new_needs(self, now: float, evse: int = 1, **changes: Any) -> None:
        """The vehicle tells new needs (K20); fields of `Vehicle`."""
        self._needs.change(evse, now, **changes)

    def simulating(self, evse_id: int) -> bool:
        """FrequencySimulator of an EVSE is switched on."""
        return simulation_span(self._context.model, SIMULATOR, evse_id) is not None


def _reduced(powers: dict[int, float], excess: float, sign: float) -> dict[int, float]:
    """Takes an excess from all powers of one sign, in proportion."""
    pushing = sum(watts for watts in powers.values() if watts * sign > 0) * sign
    factor = max(pushing - excess, 0.0) / pushing if pushing > 0 else 1.0
    return {evse_id: watts * factor if watts * sign > 0 else watts for evse_id, watts in powers.items()}
