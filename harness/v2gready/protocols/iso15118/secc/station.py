"""What outlives a connection: power stages, paused sessions, and the actions that a bench may ask of the charger."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from v2gready.protocols.iso15118.messages import EvseNotification
from v2gready.protocols.iso15118.secc.backend import NO_BACKEND, Backend
from v2gready.protocols.iso15118.secc.config import ChargerConfig, DcRatings, Eim
from v2gready.protocols.iso15118.secc.power import AcStage, DcStage, Listener, Occasion, PowerStage
from v2gready.protocols.iso15118.secc.seams import Seams
from v2gready.protocols.iso15118.secc.session import NO_SESSION, PausedSession
from v2gready.protocols.iso15118.secc.table import Family
from v2gready.protocols.iso15118.services import ServiceId


@dataclass(frozen=True, slots=True)
class Notification:
    """What the charger wants of the car (EVSEStatus).

    Attributes:
        kind: EVSENotification.
        delay: NotificationMaxDelay in seconds; None takes the configured one.
    """

    kind: EvseNotification
    delay: int | None = None


class Station:
    """The charger behind its connections.

    Args:
        config: What it is.
        rng: Where session ids come from; `random.SystemRandom` unless a run has to be reproducible [V2G20-835].
        seams: Its faults.
        epoch: Unix time at ``now`` zero.
        listener: Gets the samples of a meter at the outlet.
        backend: Who knows contracts.

    Attributes:
        ac: The AC outlet.
        dc: The DC output.
        paused: Paused sessions by id.
        notification: What the car is to be told, until it has reacted.
        target: Power asked for by `set_power`, in W; positive into the car.
        holder: Whose session occupies the outlet, None while it is free.
    """

    def __init__(
        self,
        config: ChargerConfig,
        rng: random.Random,
        *,
        seams: Seams | None = None,
        epoch: float = 0.0,
        listener: Listener | None = None,
        backend: Backend = NO_BACKEND,
    ) -> None:
        self.config = config
        self.backend = backend
        self.seams = Seams() if seams is None else seams
        self.ac = AcStage(config.ac, self.seams, _of(listener, config, Family.AC), config.sample_period)
        self.dc = DcStage(_dc_ratings(config), self.seams, _of(listener, config, Family.DC), config.sample_period)
        self.paused: dict[bytes, PausedSession] = {}
        self.notification: Notification | None = None
        self.target: float | None = config.dynamic_power
        self.holder: object | None = None
        self._rng = rng
        self._epoch = epoch
        self._used = {NO_SESSION}
        self._verdict: Eim | None = None

    def utc(self, now: float) -> int:
        """Unix time, for header and anchors."""
        return int(self._epoch + now)

    def stage(self, family: Family) -> PowerStage:
        """The power stage of a session."""
        return self.dc if family is Family.DC else self.ac

    def start(self, now: float) -> None:
        """Switches the station on."""
        self.ac.start(now)
        self.dc.start(now)

    def advance(self, now: float) -> None:
        """Lets time pass in the power stages."""
        self.ac.advance(now)
        self.dc.advance(now)

    def next_look(self) -> float | None:
        """When `advance` should be called for the sake of samples, None while nothing happens."""
        looks = [look for look in (self.ac.next_look(), self.dc.next_look()) if look is not None]
        return min(looks, default=None)

    def release(self, occasion: Occasion) -> None:
        """Opens whatever contactor is closed."""
        for stage in (self.ac, self.dc):
            if stage.contactor:
                stage.open(occasion)

    def new_session_id(self) -> bytes:
        """64 random bits, not zero and never used before [V2G20-2106], [V2G20-2621], [V2G20-2608]."""
        session_id = NO_SESSION
        while session_id in self._used:
            session_id = self._rng.getrandbits(64).to_bytes(8, "big")
        session_id = self.seams.session_id(session_id)
        self._used.add(session_id)
        return session_id

    def new_challenge(self) -> bytes:
        """128 random bits, of which [V2G20-698] wants 120; used once."""
        return self.seams.challenge(self.random(16))

    def random(self, count: int) -> bytes:
        """So many octets of the random source."""
        return self._rng.getrandbits(8 * count).to_bytes(count, "big")

    def authorization(self, nth: int) -> Eim:
        """Outcome of the nth AuthorizationReq of a session, from 0."""
        if self._verdict is not None:
            return self._verdict
        outcomes = self.config.authorization
        return outcomes[min(nth, len(outcomes) - 1)]

    # Actions of a bench

    def set_power(self, watts: float) -> None:
        """Asks for a power into the car; negative discharges it.

        Dynamic mode follows it. In Scheduled mode the car decides, and the value caps what the charger gives (positive)
        or takes (negative).
        """
        self.target = self.seams.power_command(watts, self.target)

    def notify(self, kind: EvseNotification, delay: int | None = None) -> None:
        """Tells the car something with the next response that can carry it, until the car reacts."""
        self.notification = self.seams.notification(Notification(kind, delay))

    def reject_authorization(self) -> None:
        """Refuses every card from now on."""
        self._verdict = Eim.REJECT

    def accept_authorization(self) -> None:
        """Accepts every card from now on."""
        self._verdict = Eim.ACCEPT


def _of(listener: Listener | None, config: ChargerConfig, family: Family) -> Listener | None:
    """A meter sits only where there is an outlet."""
    there = any(service.is_dc == (family is Family.DC) for service in config.services)
    return listener if there else None


def _dc_ratings(config: ChargerConfig) -> DcRatings:
    """What the converter itself is made for: the most of all its services."""
    voltage = max(config.dc_ratings(one).maximum_voltage for one in (*config.services, ServiceId.DC))
    return replace(config.dc, maximum_voltage=voltage)
