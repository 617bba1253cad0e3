"""What the car itself has done and decided in one session, beyond what the EVCC core remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.references.ev.limits import EvseLimits, Steps
from v2gready.references.ev.turn import Move

_MARGIN: Final = 1.1
_ABOVE: Final = 500.0
_PATIENCE: Final = 2.0


@dataclass(slots=True)
class Progress:
    """One session.

    Attributes:
        secc: Hash of the SECC's leaf certificate.
        begun: When the session began, in monotonic seconds.
        moved: Energy that the battery had moved by then, in Wh.
        joined: It is a paused session that goes on.
        tried: Services whose parameter sets did not suit.
        limits: Of the EVSE.
        schedule: Power of the chosen schedule (Scheduled).
        discharging: The same for discharging.
        profile: Steps of the power profile sent last.
        promised: The same as power over time.
        loops: Charge loops so far.
        move: What it is about to do once the power is at zero.
        ramp: Charge loops spent on that.
        to_standby: The next PowerDelivery says Standby.
        standby: Standby is on.
        standby_refused: It was refused: the car stays connected without power.
        channel: Direction of the channel that was selected last (BPTChannel Separated): discharging.
        welding_rounds: DC_WeldingDetectionRes so far.
        welding_done: The next DC_WeldingDetectionReq is the last.
        wanted: Power in the last request, in W.
        bounds: Least and most power that it allowed in the last request, in W.
        over_since: Since when the EVSE gives more than allowed.
        ending: How the session will end.
        renegotiated: A schedule was renegotiated.
        suits: There is a service that the car can use.
        notified_pause: EVSENotification=Pause is why it stops.
        wake_at: When it wakes up from the pause it is about to make, in monotonic seconds.
        broken: Checks of the last response that were violated.
    """

    secc: bytes = b""
    begun: float = 0.0
    moved: float = 0.0
    joined: bool = False
    tried: set[ServiceId] = field(default_factory=set)
    limits: EvseLimits = field(default_factory=EvseLimits)
    schedule: Steps | None = None
    discharging: Steps | None = None
    profile: tuple[tuple[int, float], ...] = ()
    promised: Steps | None = None
    loops: int = 0
    move: Move | None = None
    ramp: int = 0
    to_standby: bool = False
    standby: bool = False
    standby_refused: bool = False
    channel: bool | None = None
    welding_rounds: int = 0
    welding_done: bool = False
    wanted: float = 0.0
    bounds: tuple[float, float] = (0.0, 0.0)
    over_since: float | None = None
    ending: m.ChargingSession = m.ChargingSession.Terminate
    renegotiated: bool = False
    suits: bool = True
    notified_pause: bool = False
    wake_at: float | None = None
    broken: set[Any] = field(default_factory=set)

    def exceeds(self, response: m.DC_ChargeLoopRes, now: float) -> bool:
        """The EVSE has given or taken more than the car allows, for longer than a regulation takes."""
        watts = float(response.EVSEPresentCurrent) * float(response.EVSEPresentVoltage)
        least, most = self.bounds
        within = least * _MARGIN - _ABOVE <= watts <= most * _MARGIN + _ABOVE
        if within:
            self.over_since = None
        elif self.over_since is None:
            self.over_since = now
        return self.over_since is not None and now - self.over_since > _PATIENCE
