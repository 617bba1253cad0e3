"""What all parts of the energy control share: profiles, sessions, what is measured."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.references.station.composite import Outlet, Situation
from v2gready.references.station.context import Evse, StationContext
from v2gready.references.station.energy_model import (
    BPT,
    SMART,
    V2X,
    abilities,
    balancing,
    is_direct,
    outlet_of,
    simulated_frequency,
    station_outlet,
)
from v2gready.references.station.energy_rules import EnergyKnob
from v2gready.references.station.operation_modes import PHASES
from v2gready.references.station.profiles import ProfileStore
from v2gready.references.station.proposals import Place, Proposal
from v2gready.references.station.targets import Follower, Surroundings

ISO_20 = "urn:iso:std:iso:15118:-20"


@dataclass(slots=True)
class Session:
    """The energy side of one transaction.

    Attributes:
        transaction_id: Of the transaction.
        started: UTC seconds at which it was ready to deliver energy.
        transfer: Energy transfer mode in use.
        waiting: The vehicle waits for its charging schedule.
        priority: Priority charging is active.
        follower: What it remembers of the period in force.
        watts: Last power target.
        setpoint: Last power that the profiles wanted, before DER.
        told: chargingNeeds have been sent.
        phases: Suffixes of the phases of which the vehicle has told powers.
    """

    transaction_id: str
    started: float
    transfer: str
    waiting: bool = False
    priority: bool = False
    follower: Follower = field(default_factory=Follower)
    watts: float = 0.0
    setpoint: float = 0.0
    told: bool = False
    phases: frozenset[str] = frozenset()


class EnergyState:
    """Shared state of the energy control.

    Attributes:
        context: The station.
        settings: How contradictions are decided.
        seams: Where faults act.
        store: All profiles.
        sessions: By EVSE.
        frequency: Grid frequency in Hz, as the bench sets it.
        voltage: Grid voltage in percent of the nominal one.
        load: Last reading of the upstream meter in W.
        reading: Its number.
        offline_since: Monotonic time since when there is no connection.
    """

    def __init__(self, context: StationContext) -> None:
        self.context = context
        self.settings = context.config.energy
        self.seams = context.seams
        self.store = ProfileStore(context.seams)
        self.sessions: dict[int, Session] = {}
        self.frequency = self.settings.nominal_frequency
        self.voltage = 100.0
        self.load: float | None = None
        self.reading = 0
        self.offline_since: float | None = context.offline_since
        self.outlets = {evse.id: outlet_of(evse, self.settings) for evse in context.config.evses}
        self.station_outlet = station_outlet(context.config)

    def seconds(self, now: float) -> float:
        """The station's clock as seconds of UTC."""
        return self.context.utc(now).timestamp()

    @property
    def full(self) -> bool:
        """The edition has the fields of 2.1."""
        return self.context.edition is Edition.V21

    def running(self) -> list[Evse]:
        """EVSEs with an active transaction."""
        return [evse for evse in self.context.evses.values() if evse.transaction is not None]

    def session(self, evse: Evse, now: float) -> Session:
        """The session of a running transaction; after a power cycle a new one."""
        transaction = evse.transaction
        assert transaction is not None  # noqa: S101 - callers ask for running ones
        found = self.sessions.get(evse.id)
        if found is None or found.transaction_id != transaction.id:
            found = Session(transaction.id, self.seconds(now), self.transfer(evse))
            self.sessions[evse.id] = found
        return found

    def memory(self) -> dict[int, Session]:
        """Sessions that go on after a power cycle, should their transactions."""
        return {
            evse_id: replace(session, follower=Follower(), waiting=False) for evse_id, session in self.sessions.items()
        }

    def active_session(self, evse_id: int) -> Session | None:
        """The session of an EVSE, None where no transaction runs."""
        evse = self.context.evses.get(evse_id)
        if evse is None or evse.transaction is None:
            return None
        found = self.sessions.get(evse_id)
        return found if found is not None and found.transaction_id == evse.transaction.id else None

    def available_transfers(self, evse: Evse) -> list[str]:
        """What both the EVSE and its vehicle can (availableEnergyTransfer)."""
        bidirectional = evse.vehicle is not None and evse.vehicle.bpt
        usable = bidirectional and self.context.model.boolean(V2X, "Enabled", evse=evse.id)
        return [mode for mode in evse.config.transfers if usable or mode not in BPT]

    def transfer(self, evse: Evse, without: frozenset[str] = frozenset()) -> str:
        """The energy transfer mode that the EVSE asks for (Q01.FR.03, Q01.FR.09).

        Args:
            evse: With a vehicle and a transaction.
            without: Modes that the CSMS has rejected.
        """
        allowed = None if evse.transaction is None else evse.transaction.allowed_energy_transfer
        offered = [mode for mode in self.available_transfers(evse) if mode not in without]
        if allowed is not None:
            wanted = [mode for mode in offered if mode in BPT and mode in allowed]
            wanted += [mode for mode in offered if mode in allowed and mode not in BPT]
        else:
            wanted = []
        # Undecided or nothing in common: charging alone, the default of the EVSE.
        wanted += [mode for mode in offered if mode not in BPT] or list(evse.config.transfers[:1])
        return self.seams.value(EnergyKnob.TRANSFER, wanted[0])

    def away(self, now: float) -> float | None:
        """Seconds since the connection was lost, None while online."""
        since = self.offline_since if self.offline_since is not None else self.context.offline_since
        return None if since is None else now - since

    def local_offset(self) -> float:
        """Seconds that local time is ahead of UTC, by ClockCtrlr.TimeOffset."""
        text = self.context.model.get("ClockCtrlr", "TimeOffset") or ""
        if len(text) != 6 or text[0] not in "+-":
            return 0.0
        hours, minutes = text[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes)).total_seconds()
        return offset if text[0] == "+" else -offset

    def situation(self, evse_id: int, now: float) -> Situation:
        """On what the composite of an EVSE depends; 0: of the station."""
        evse = self.context.evses.get(evse_id)
        session = self.active_session(evse_id)
        soc = evse.soc if evse is not None and evse.vehicle is not None else None
        return Situation(
            now=self.seconds(now),
            outlet=self.outlet(evse_id),
            transaction_id=None if session is None else session.transaction_id,
            started=None if session is None else session.started,
            priority=session is not None and session.priority,
            soc=self.seams.value(EnergyKnob.SOC, soc),
            offline=self.away(now),
            local_offset=self.seams.value(EnergyKnob.LOCAL_OFFSET, self.local_offset()),
            external_first=self.context.model.get(SMART, "SetpointPriority") != "CSMS",
            sharing=len(self.running()),
        )

    def outlet(self, evse_id: int) -> Outlet:
        """Ratings of an EVSE; 0: of the station."""
        return self.outlets.get(evse_id, self.station_outlet)

    def surroundings(self, evse_id: int, now: float) -> Surroundings:
        """What an EVSE measures."""
        model = self.context.model
        return Surroundings(
            frequency=self.measured_frequency(evse_id, now),
            threshold=model.number(V2X, "LocalFrequencyUpdateThreshold", evse=evse_id) or 0.0,
            load=self.load,
            reading=self.reading,
            balancing=balancing(model, evse_id),
        )

    def measured_frequency(self, evse_id: int, now: float) -> float:
        """Grid frequency in Hz; a running FrequencySimulator goes before the grid."""
        simulated = simulated_frequency(self.context.model, evse_id, self.context.utc(now))
        simulated = self.seams.value(EnergyKnob.SIMULATED, simulated)
        return self.seams.value(EnergyKnob.FREQUENCY, self.frequency if simulated is None else simulated)

    def place(self, evse_id: int) -> Place:
        """An EVSE as the rules of profiles see it."""
        evse = self.context.evses.get(evse_id)
        configs = [one for one in self.context.config.evses if evse_id in {0, one.id}]
        session = self.active_session(evse_id)
        told = session is not None and session.told
        scheduled = evse is not None and evse.vehicle is not None and evse.vehicle.control_mode == "ScheduledControl"
        older = evse is not None and evse.vehicle is not None and not evse.vehicle.protocol.startswith(ISO_20)
        return Place(
            id=evse_id,
            known=evse_id == 0 or evse is not None,
            direct=any(is_direct(one) for one in configs),
            phase_control=self.context.model.boolean("EVSE", "DCInputPhaseControl", evse=evse_id),
            transaction_id=None if evse is None or evse.transaction is None else evse.transaction.id,
            # K18: up to three; K19: a vehicle under Dynamic control takes one.
            schedules=3 if told and (scheduled or older) else 1,
            phases=session.phases if session is not None else frozenset(),
        )

    def proposal(self, profile: dict[str, Any], evse_id: int, *, soon: float = 0.0, pending: bool = False) -> Proposal:
        """A profile with all that decides about it."""
        can = abilities(self.context.model, self.context.config, evse_id)
        return Proposal(profile, self.place(evse_id), self.store, can, self.settings, soon, pending)

    def phases_of(self, evse: Evse) -> frozenset[str]:
        """Suffixes of the phases of which the vehicle tells powers: more than one phase of AC."""
        if evse.vehicle is None or is_direct(evse.config):
            return frozenset()
        return frozenset(PHASES[: max(evse.vehicle.phases - 1, 0)])
