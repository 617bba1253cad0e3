"""Faults of pauses and of what is mistaken for one: how often, how soon, without power (reference 4.4; PAU-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Occasion, Setpoint
from v2gready.protocols.iso15118.secc.seams import Fault, Respond
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode
_CLEARING_AWAY = 5.0
"""Seconds for which a charger that clears away knows nothing of the session."""
_WITHOUT_POWER = 8.0
"""Seconds without power that are taken for an end."""
_NOTHING = 100.0
"""W that count as none."""


class _Remembers(Fault):
    """Knows whether the session at hand was joined."""

    def __init__(self) -> None:
        super().__init__()
        self._joined = False

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers how the session began."""
        for one in reply.messages:
            if isinstance(one, m.SessionSetupRes):
                self._joined = one.ResponseCode is _CODE.OK_OldSessionJoined
        return reply


@fault("resume-too-soon-refused", "Knows nothing of a paused session for the first five seconds of its pause.")
class TooSoonRefused(Fault):
    """[V2G20-1032]: a pause is as short as the car wants it."""

    def __init__(self) -> None:
        super().__init__()
        self._paused = float("-inf")

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """It is written to flash first."""
        if check is Check.PAUSE:
            self._paused = turn.now
        return violated or (check is Check.PAUSED_SESSION and turn.now - self._paused < _CLEARING_AWAY)


@fault("resume-once-alone", "Lets a session be resumed once; behind its second pause it is forgotten.")
class ResumesOnce(Fault):
    """[V2G20-1032]: every pause can be resumed."""

    def __init__(self) -> None:
        super().__init__()
        self._pauses = 0

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """The mark is deleted when it is used."""
        if check is Check.PAUSE:
            self._pauses += 1
        return violated or (check is Check.PAUSED_SESSION and self._pauses > 1)


@fault("pause-once-alone", "Refuses the pause of a session that has been resumed.")
class PausesOnce(_Remembers):
    """Reference 4.4: a resumed session is a session like any other."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """The flag is not reset."""
        return violated or (check is Check.PAUSE and self._joined)


@fault("deaf-after-pause", "Answers no SDP request once a session has been paused.")
class DeafAfterPause(Fault):
    """The modem sleeps with the car, and nobody wakes it up."""

    def __init__(self) -> None:
        super().__init__()
        self._paused = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Sleeps from SessionStop(Pause) on."""
        self._paused = self._paused or check is Check.PAUSE
        return violated

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Nobody listens."""
        return None if self._paused else reply


@fault("resume-without-power", "Delivers nothing in a session that was resumed.")
class WithoutPower(_Remembers):
    """PAU-S-1: what a pause is for."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The plan of before the pause still has its interval without power."""
        return replace(setpoint, amps=0.0) if self._joined else setpoint


@fault("resume-without-discharge", "Discharges no car whose session was resumed.")
class WithoutDischarge(_Remembers):
    """BPT-S-1 behind a pause."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The permit to feed in was for one time."""
        return replace(setpoint, amps=max(setpoint.amps, 0.0)) if self._joined else setpoint


@fault("resume-forgets-bpt", "Resumes a session with a bidirectional service as one that charges alone.")
class ForgetsBpt(_Remembers):
    """[V2G20-1032]: the selection is kept."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes the parameters of the plain service, and those alone."""
        bidirectional = turn.session.offer.service.is_bpt
        return violated != (check is Check.BPT_MODE and self._joined and bidirectional)


@fault("resume-without-renegotiation", "Refuses the service renegotiation of a session that was resumed.")
class WithoutRenegotiation(_Remembers):
    """[V2G20-1477] behind a pause."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """ServiceDiscovery has not been seen on this connection."""
        return violated or (check is Check.SERVICE_RENEGOTIATION and self._joined)


@fault("zero-power-ends-session", "Ends a session in which no power has flowed for eight seconds.")
class ZeroPowerEnds(Fault):
    """Zero power is no end, and no pause either."""

    def __init__(self) -> None:
        super().__init__()
        self._still: float | None = None

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes a car that takes nothing for one that is full."""
        if not isinstance(turn.request, m.ChargeLoopReq) or check is not Check.CONTROL_MODE:
            return violated
        if abs(turn.station.stage(turn.session.family).power) > _NOTHING:
            self._still = None
            return violated
        self._still = turn.now if self._still is None else self._still
        return violated or turn.now - self._still > _WITHOUT_POWER


@fault("zero-power-latches", "Delivers nothing any more once it was asked for nothing.")
class ZeroPowerLatches(Fault):
    """Zero power is no end."""

    def __init__(self) -> None:
        super().__init__()
        self._delivered = False
        self._latched = False

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The converter is switched off, and nobody switches it on again."""
        self._latched = self._latched or (self._delivered and setpoint.amps == 0)
        self._delivered = self._delivered or setpoint.amps != 0
        return replace(setpoint, amps=0.0) if self._latched else setpoint

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """With the next start all is new."""
        self._delivered = self._latched = False
        return wanted

    def power_command(self, watts: float, before: float | None) -> float | None:
        """The same where a car is steered."""
        return 0.0 if before == 0 else watts


@fault("departure-needs-ignored", "Discharges a car that could not have its minimum any more when its driver leaves.")
class NeedsIgnored(Ignores):
    """EVMinimumEnergyRequest and DepartureTime; what they oblige to is (unconfirmed)."""

    ignored = frozenset({Check.DEPARTURE})


@fault("ac-discharge-opens-contactor", "Opens the AC contactor as soon as a car gives energy.")
class DischargeOpensContactor(Fault):
    """BPT-S-1: a relay for reverse power that nobody has parametrised."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Trips."""
        if turn.station.ac.contactor and turn.station.ac.power < -_NOTHING:
            self.took_effect(f"contactor opened at {turn.station.ac.power:.0f} W")
            turn.station.ac.open(Occasion.FAILURE)
        return reply
