"""BootNotification, heartbeat and the clock (B01 to B04, G02)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.references.station.timers import Timer

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

_CLOCK_STEP: Final = 60.0
"""Seconds by which the clock has to be set for the security event SettingSystemTime."""


class BootState(Enum):
    """What the CSMS thinks of the station."""

    UNKNOWN = "no answer yet"
    PENDING = "Pending"
    REJECTED = "Rejected"
    ACCEPTED = "Accepted"


class BootKnob(Enum):
    """What a fault may bend at boot."""

    REQUEST = "BootNotification"
    NEEDED = "BootNotification is needed after a connect"
    INTERVAL = "seconds until the next BootNotification"
    HEARTBEAT = "heartbeat interval"
    CLOCK = "time of the CSMS"
    GREETING = "messages after Accepted"


class BootCheck(Enum):
    """Rules at boot."""

    SERVES_PENDING = "no transaction may be started or stopped while Pending"
    SERVES_REJECTED = "no message of the CSMS is served while Rejected"


_WHILE_PENDING: Final = frozenset(
    {"GetBaseReport", "GetReport", "GetVariables", "SetVariables", "TriggerMessage", "SetNetworkProfile", "Reset",
     "CertificateSigned", "InstallCertificate", "GetInstalledCertificateIds", "DeleteCertificate", "GetLog"}
)  # fmt: skip


class Boot:
    """The state of acceptance, and the clock that comes with it.

    Args:
        station: The station.
        on_accepted: Called when the station comes online.

    Attributes:
        state: As the CSMS last answered.
        offset: Seconds by which the station's clock is ahead of the bench's.
        reason: Why the station started.
    """

    def __init__(self, station: Station, on_accepted: Callable[[float], None]) -> None:
        self._station = station
        self._on_accepted = on_accepted
        self._told: Payload | None = None
        self._next: Timer | None = None
        self._beat: Timer | None = None
        self._open = False
        self.state = BootState.UNKNOWN
        self.offset = station.config.clock_error
        self.reason = "PowerUp"

    @property
    def accepted(self) -> bool:
        """The CSMS has accepted the station."""
        return self.state is BootState.ACCEPTED

    def power_cycle(self, reason: str) -> None:
        """The station starts anew; its clock goes on."""
        self.state = BootState.UNKNOWN
        self.reason = reason
        self._told = None
        self._next = self._beat = None
        self._open = False

    def connected(self, now: float) -> None:
        """A connection stands. No BootNotification after a mere reconnect (Part 4, 5.3)."""
        needed = not self.accepted or self._told != self._content()
        if self._station.seams.value(BootKnob.NEEDED, needed):
            self.state = BootState.UNKNOWN
            self._station.outbox.accepted = False
            self.notify(now)
        else:
            self._come_online(now)

    def lost(self) -> None:
        """The connection is gone."""
        self._open = False
        for timer in (self._next, self._beat):
            if timer is not None:
                timer.cancel()
        self._next = self._beat = None

    def notify(self, now: float, reason: str | None = None) -> None:
        """Sends BootNotification; one at a time."""
        if self._open:
            return
        self._open = True
        if self._next is not None:
            self._next.cancel()
        self._told = self._content()
        payload = {"reason": reason or self.reason, "chargingStation": self._told}
        bent = self._station.seams.value(BootKnob.REQUEST, payload)
        self._station.outbox.put("BootNotification", bent, now, then=self._answered, requested=True, first=True)

    def serves(self, action: str, payload: Payload) -> bool:
        """Whether a call of the CSMS may be served in the present state (B02, B03)."""
        seams = self._station.seams
        match self.state:
            case BootState.ACCEPTED:
                return True
            case BootState.PENDING:
                fine = action in _WHILE_PENDING or action in {"RequestStartTransaction", "RequestStopTransaction"}
                return not seams.check(BootCheck.SERVES_PENDING, violated=not fine)
            case _:
                asked = action == "TriggerMessage" and payload.get("requestedMessage") == "BootNotification"
                return asked or not seams.check(BootCheck.SERVES_REJECTED, violated=True)

    def heartbeat(self, now: float, *, requested: bool = False) -> None:
        """Sends Heartbeat."""
        self._station.outbox.put("Heartbeat", {}, now, then=self._beaten, requested=requested)

    def restart_heartbeat(self, now: float) -> None:
        """Counts the interval from now."""
        if self._beat is not None:
            self._beat.cancel()
        interval = self._station.model.number("OCPPCommCtrlr", "HeartbeatInterval") or 0.0
        interval = self._station.seams.value(BootKnob.HEARTBEAT, interval)
        self._beat = self._station.timers.at(now + interval, self._beat_due) if interval > 0 else None

    def _content(self) -> Payload:
        config = self._station.config
        return {
            "model": config.model,
            "vendorName": config.vendor,
            "serialNumber": config.serial,
            "firmwareVersion": config.firmware,
        }

    def _beat_due(self, now: float) -> None:
        self.heartbeat(now)
        self.restart_heartbeat(now)

    def _beaten(self, answer: CallResult | CallError | None, now: float) -> None:
        if isinstance(answer, CallResult):
            self._set_clock(answer.payload["currentTime"], now)

    def _answered(self, answer: CallResult | CallError | None, now: float) -> None:
        self._open = False
        if not isinstance(answer, CallResult):
            # No answer and no acceptance: once more after a while (B01, as without a sensible interval).
            if self._station.connected_now:
                self._again(float(self._station.config.boot_retry), now)
            return
        self._set_clock(answer.payload["currentTime"], now)
        status, interval = answer.payload["status"], answer.payload["interval"]
        was = self.state
        self.state = BootState(status)
        if self.state is BootState.ACCEPTED:
            if interval > 0:
                self._station.model.put("OCPPCommCtrlr", "HeartbeatInterval", interval)
            if was is not BootState.ACCEPTED or not self._station.online:
                self._come_online(now)
            return
        self._station.outbox.accepted = False
        self._again(float(interval) if interval > 0 else float(self._station.config.boot_retry), now)

    def _again(self, wait: float, now: float) -> None:
        seconds = self._station.seams.value(BootKnob.INTERVAL, wait)
        self._next = self._station.timers.at(now + seconds, self.notify)

    def _come_online(self, now: float) -> None:
        self._station.outbox.accepted = True
        self.restart_heartbeat(now)
        self._on_accepted(now)

    def _set_clock(self, text: str, now: float) -> None:
        """The CSMS sets the clock with every BootNotification and Heartbeat (B01, G02)."""
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            return
        before = self._station.utc(now)
        wanted: datetime | None = self._station.seams.value(BootKnob.CLOCK, told)
        if wanted is None or wanted.tzinfo is None:
            return
        self.offset = (wanted - self._station.reference_time(now)) / timedelta(seconds=1)
        if abs((wanted - before).total_seconds()) > _CLOCK_STEP:
            self._station.security.event("SettingSystemTime", now, "clock set by the CSMS")
