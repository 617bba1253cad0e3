"""What outlives a session: battery, wishes of the driver, a paused session, and the actions that a bench may ask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from cryptography import x509

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract, Provisioning, VehicleState
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.ev.battery import Battery, Listener
from v2gready.references.ev.config import EvDeviceConfig, PauseStyle, PauseWindow
from v2gready.references.ev.seams import Seams

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class Wish(Enum):
    """What was asked of the car and is not done yet."""

    STOP = "end the session"
    PAUSE = "pause"
    STANDBY = "standby"
    RENEGOTIATE_SCHEDULE = "another schedule"
    RENEGOTIATE_SERVICE = "another service"


@dataclass(frozen=True, slots=True)
class PausedSession:
    """What the car keeps of a paused session.

    Attributes:
        session_id: Its id.
        evse_id: Whose it is.
        secc: Hash of the SECC's leaf certificate; of nothing without TLS.
        service: The service selected.
        control: The control mode selected.
        parameter_set: Id of the parameter set.
        parameters: Its parameters.
    """

    session_id: bytes
    evse_id: str
    secc: bytes
    service: ServiceId
    control: ControlMode
    parameter_set: int | None
    parameters: tuple[tuple[str, m.Parameter], ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """When the driver leaves, and with how much.

    Attributes:
        departure: Monotonic seconds; None until the car is plugged in.
        minimum_soc: In percent.
        target_soc: In percent.
    """

    departure: float | None
    minimum_soc: int
    target_soc: int


class Car:
    """The car behind its sessions.

    Args:
        config: What it is.
        seams: Its faults.
        epoch: Unix time at ``now`` zero.
        listener: Gets the samples at the inlet.

    Attributes:
        battery: Cells, contactor, inverter.
        needs: Of the driver.
        power: Power it wants in Scheduled mode, in W.
        services: What it can use, in order of preference.
        controls: The same for control modes.
        wishes: What was asked of it and is not done yet.
        idle: It takes nothing until it is woken up: a pause in Dynamic mode, or one without an end.
        paused: The paused session, None without one.
        wake_at: When it wakes up by itself.
        powered_since: When power delivery began in this visit.
        windows: Intervals without power, as (begin, end, style) in monotonic seconds.
        authorization: What it wants first.
        contracts: Its contracts, the best first.
        provisioning: What it needs to have contracts installed, None if it has not.
        price_signers: Certificates whose keys may sign prices.
        installs: It wants contracts from the next session.
    """

    def __init__(
        self,
        config: EvDeviceConfig,
        *,
        seams: Seams | None = None,
        epoch: float = 0.0,
        listener: Listener | None = None,
    ) -> None:
        self.config = config
        self.seams = Seams() if seams is None else seams
        self.battery = Battery(config.battery, self.seams, listener, config.sample_period)
        self.needs = Needs(None, config.minimum_soc, config.target_soc)
        self.power = config.power
        self.services = config.services
        self.controls = config.controls
        self.wishes: set[Wish] = set()
        self.idle = False
        self.paused: PausedSession | None = None
        self.wake_at: float | None = None
        self.powered_since: float | None = None
        self.windows: list[tuple[float, float, PauseStyle]] = []
        self.authorization = config.authorization
        self.contracts: tuple[Contract, ...] = ()
        self.provisioning: Provisioning | None = None
        self.price_signers: tuple[x509.Certificate, ...] = ()
        self.installs = config.install
        self._epoch = epoch

    def unix_time(self, now: float) -> int:
        """TimeStamp of a message."""
        return int(self._epoch + now)

    def monotonic(self, unix: float) -> float:
        """The inverse of `unix_time`."""
        return unix - self._epoch

    # The protocol `Vehicle` of the EVCC core

    def state(self, now: float) -> VehicleState:
        """The car at ``now``, for requests; the wanted power is filled in by the session."""
        self.battery.advance(now)
        return self.battery.state(self.wanted)

    wanted = 0.0
    """Power that the session has decided to ask for, in W."""

    def follow_power(self, watts: float, now: float) -> None:
        """The session decides about power by itself (see `loop`)."""

    # Visits

    def arrive(self, now: float) -> None:
        """Plugged in: departure counts from here."""
        self.needs = replace(self.needs, departure=now + self.config.departure)
        self.powered_since = None
        self.windows = []
        self.wishes.clear()
        self.idle = False

    def leave(self) -> None:
        """Unplugged: nothing of the visit is kept."""
        self.forget()
        self.wishes.clear()

    def powered(self, now: float) -> None:
        """Power delivery begins; the first time of a visit its pauses are put on the clock."""
        if self.powered_since is None:
            self.powered_since = now
            self.windows = [_placed(window, now) for window in self.config.pauses]

    def window(self, now: float) -> tuple[float, float, PauseStyle] | None:
        """The interval without power that it is in."""
        return next((one for one in self.windows if one[0] <= now < one[1]), None)

    def departs_in(self, now: float) -> int:
        """DepartureTime in seconds from now; 0 when it is over."""
        departure = self.needs.departure
        return self.config.departure if departure is None else max(0, round(departure - now))

    def forget(self) -> None:
        """There is no paused session any more [V2G20-2613..2617]."""
        self.paused = None
        self.wake_at = None

    # Actions

    def set_power(self, watts: float) -> None:
        """Wants another power in Scheduled mode; negative discharges."""
        self.power = watts

    def set_departure(self, now: float, seconds: float, minimum_soc: int | None, target_soc: int | None) -> None:
        """The driver changes his mind; in Scheduled mode that asks for another schedule."""
        needs = self.needs
        target = needs.target_soc if target_soc is None else target_soc
        minimum = needs.minimum_soc if minimum_soc is None else minimum_soc
        self.needs = Needs(now + seconds, min(minimum, target), target)
        self.wishes.add(Wish.RENEGOTIATE_SCHEDULE)

    def keep(self, contracts: tuple[Contract, ...]) -> None:
        """Contracts that were installed come first from now on."""
        if contracts:
            self.contracts = (*contracts, *(one for one in self.contracts if one not in contracts))
            self.installs = False

    def prefer(
        self,
        service: ServiceId | str | None,
        control: ControlMode | str | None,
        authorization: m.Authorization | str | None,
    ) -> None:
        """Likes a service, a control mode, a way of authorization best from the next selection on.

        Raises:
            ValueError: There is none of that name.
        """
        if service is not None:
            self.services = _first(_named(ServiceId, service), self.services)
        if control is not None:
            self.controls = _first(_named(ControlMode, control), self.controls)
        if authorization is not None:
            self.authorization = _named(m.Authorization, authorization)

    def pause(self, now: float, seconds: float | None) -> None:
        """Wants no power for a time, or until it is woken up."""
        if seconds is not None:
            self.windows.append((now, now + seconds, PauseStyle.PAUSE))
        else:
            self.idle = True
            self.wishes.add(Wish.PAUSE)

    def wake_up(self, now: float) -> None:
        """Wants power again."""
        self.idle = False
        self.wishes -= {Wish.PAUSE, Wish.STANDBY}
        self.windows = [one for one in self.windows if not one[0] <= now < one[1]]


def _placed(window: PauseWindow, start: float) -> tuple[float, float, PauseStyle]:
    return (start + window.after, start + window.after + window.seconds, window.style)


def _first(one: T, others: tuple[T, ...]) -> tuple[T, ...]:
    return (one, *(other for other in others if other != one))


def _named(kind: type[E], value: E | str) -> E:
    if isinstance(value, kind):
        return value
    members = {name.lower(): member for name, member in kind.__members__.items()}
    name = str(value).lower()
    if name not in members:
        raise ValueError(f"no {kind.__name__} is called {value}; there are {', '.join(members)}")
    return members[name]


def fingerprint(certificate: bytes | None) -> bytes:
    """What an SECC is known by [V2G20-2539]; without TLS there is nothing but its EVSEID."""
    return hashlib.sha512(certificate or b"").digest()
