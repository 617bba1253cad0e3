"""Faults of pausing, waking up and resuming, of zero power and standby (reference 4.4; PAU-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev import loop
from v2gready.references.ev.config import PauseStyle
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks, Reacts
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Move, Outgoing, Turn


@fault("pause-notification-ignored", "Goes on charging when the EVSE wants to pause.")
class NotificationIgnored(Reacts):
    """[V2G20-1850], LOOP-E-2."""

    due = Move.PAUSE


@fault("pause-as-terminate", "Ends the session when the EVSE wants to pause.")
class PauseAsTerminate(Reacts):
    """LOOP-E-2."""

    due = Move.PAUSE
    shown = Move.TERMINATE


@fault("pause-unasked-in-dynamic", "Pauses in Dynamic mode without having been asked to.")
class PauseUnasked(Fault):
    """[V2G20-1195]."""

    def move(self, turn: Turn, move: Move) -> Move:
        """As in Scheduled mode."""
        resting = turn.car.idle or loop.resting(turn) is PauseStyle.PAUSE
        dynamic = turn.plan.control is ControlMode.DYNAMIC
        return Move.PAUSE if move is Move.GO_ON and dynamic and resting else move


@fault("pause-without-power-stop", "Pauses the session without having stopped power delivery.")
class PauseWithoutStop(Fault):
    """Reference 4.4: PowerDelivery(Stop) first."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Saves a message."""
        if turn.phase is not Phase.POWER_DELIVERY_STOP or not _pausing(turn):
            return outgoing
        stop = m.SessionStopReq(Header=outgoing.messages[0].Header, ChargingSession=m.ChargingSession.Pause)
        return replace(outgoing, messages=(stop,))


def _pausing(turn: Turn) -> bool:
    return turn.progress.ending is m.ChargingSession.Pause


@fault("pause-as-terminate-at-stop", "Ends every pause by SessionStop(Terminate).")
class StopTerminates(Asks[m.SessionStopReq]):
    """Reference 4.4."""

    message = m.SessionStopReq

    def bend(self, turn: Turn, request: m.SessionStopReq) -> Any:
        """The constant of the last release."""
        paused = request.ChargingSession is m.ChargingSession.Pause
        return replace(request, ChargingSession=m.ChargingSession.Terminate) if paused else request


@fault("pause-never-wakes", "Never wakes up from a pause by itself.")
class NeverWakes(Fault):
    """The trouble of the field: a car that sleeps until the driver comes."""

    def wake(self, at: float | None) -> float | None:
        """The timer stops with the controller."""
        return None


@fault("pause-wakes-late", "Wakes up ten minutes late.")
class WakesLate(Fault):
    """The end of the interval without power."""

    def wake(self, at: float | None) -> float | None:
        """A clock that nobody sets."""
        return None if at is None else at + 600


@fault("pause-wakes-at-once", "Wakes up a second after it went to sleep.")
class WakesAtOnce(Fault):
    """The end of the interval without power."""

    def __init__(self) -> None:
        super().__init__()
        self._asleep = 0

    def wake(self, at: float | None) -> float | None:
        """The line wakes it; the third time it sleeps on."""
        self._asleep += 1
        return 0.0 if self._asleep <= 2 else at


@fault("pause-contactor-closed", "Leaves its contactor closed in a pause.")
class PauseContactorClosed(Fault):
    """No energy without communication."""

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """See `contactor-closed-after-stop`; here only before a pause."""
        return value

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Closed again with SessionStop(Pause)."""
        if turn.phase is Phase.SESSION_STOP and _pausing(turn) and not turn.car.battery.contactor:
            turn.car.battery.close()
            self.took_effect("contactor closed in the pause")
        return outgoing


@fault("resume-with-zero-id", "Begins a new session instead of resuming the paused one.")
class ResumeWithZero(Chooses):
    """Reference 4.4."""

    choice = Choice.RESUME

    def instead(self, turn: Turn, value: Any) -> Any:
        """Forgotten."""
        return bytes(8)


@fault("resume-with-wrong-id", "Resumes with a SessionID that is not the one of the paused session.")
class ResumeWithWrong(Chooses):
    """Reference 4.4."""

    choice = Choice.RESUME

    def instead(self, turn: Turn, value: Any) -> Any:
        """The octets in the other order."""
        return value[::-1]


@fault("resume-with-other-evccid", "Resumes with another EVCCID than the session began with.")
class ResumeOtherEvccId(Asks[m.SessionSetupReq]):
    """[V2G20-2545]: the same EVCC."""

    message = m.SessionSetupReq

    def bend(self, turn: Turn, request: m.SessionSetupReq) -> Any:
        """A random MAC address after each wake-up."""
        resumes = any(request.Header.SessionID)
        return replace(request, EVCCID=request.EVCCID[:-1] + "Z") if resumes else request


@fault("resume-keeps-old-session", "Goes on as if its session had been joined when the SECC has begun a new one.")
class KeepsOldSession(Overlooks):
    """[V2G20-2613..2617], PAU-E-1."""

    overlooked = frozenset({Check.NEW_SESSION})


@fault("resume-starts-over", "Begins with AuthorizationSetup again after its session was joined.")
class ResumeStartsOver(Fault):
    """[V2G20-1032]: ChargeParameterDiscovery comes next."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Does not read the code."""
        return violated or check is Check.NEW_SESSION


@fault("resume-at-any-secc", "Resumes its session at an SECC that is not the one it paused at.")
class ResumeAtAny(Overlooks):
    """[V2G20-2539]."""

    overlooked = frozenset({Check.SAME_SECC})


@fault("pause-interval-not-in-profile", "Announces power in the interval in which it is going to pause.")
class IntervalNotInProfile(Chooses):
    """Reference 4.4: the pause fits a 0 kW interval of the profile."""

    choice = Choice.PROFILE

    def instead(self, turn: Turn, value: Any) -> Any:
        """No gaps."""
        most = max(watts for _, watts in value)
        return tuple((seconds, watts or most) for seconds, watts in value)


@fault("zero-power-not-zero", "Draws power in an interval in which it wants none.")
class ZeroPowerNotZero(Fault):
    """Zero power against pause."""

    def power(self, turn: Turn, watts: float) -> float:
        """The heating of the battery has a will of its own."""
        rests = loop.rests(turn) and not turn.progress.standby and turn.progress.move is None
        return 2_000.0 if rests and watts == 0 else watts


@fault("standby-draws-power", "Draws power in standby.")
class StandbyDraws(Fault):
    """Reference 4.2."""

    def power(self, turn: Turn, watts: float) -> float:
        """As before."""
        return 2_000.0 if turn.progress.standby and watts == 0 else watts


@fault("exit-standby-ignored", "Stays in standby when the EVSE wants it to come back.")
class ExitStandbyIgnored(Reacts):
    """LOOP-E-2."""

    due = Move.START


@fault("standby-refusal-ends", "Ends the session when standby is refused.")
class StandbyRefusalEnds(Fault):
    """WARNING_StandbyNotAllowed is a warning."""

    def move(self, turn: Turn, move: Move) -> Move:
        """Takes a warning for a failure."""
        return Move.TERMINATE if turn.progress.standby_refused else move


@fault("resume-forgets-after-an-hour", "Begins a new session when a pause has lasted longer than an hour.")
class ForgetsAfterAnHour(Fault):
    """Reference 4.4: a pause lasts as long as it lasts."""

    _LONGEST = 3600.0

    def __init__(self) -> None:
        super().__init__()
        self._paused_at: float | None = None

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Looks at the clock."""
        if turn.phase is Phase.SESSION_STOP and _pausing(turn):
            self._paused_at = turn.now
        return outgoing

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """The memory is volatile."""
        if choice is not Choice.RESUME or self._paused_at is None:
            return value
        return bytes(8) if turn.now - self._paused_at > self._LONGEST else value


@fault("resume-once-alone", "Resumes a session once; behind the second pause it begins a new one.")
class ResumesOnce(Fault):
    """Reference 4.4: every pause can be resumed."""

    def __init__(self) -> None:
        super().__init__()
        self._resumed = 0

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """The flag is not reset."""
        if choice is not Choice.RESUME or not any(value):
            return value
        self._resumed += 1
        return value if self._resumed == 1 else bytes(8)


@fault("pause-resets-needs", "Knows nothing of departure and states of charge any more after a pause.")
class PauseResetsNeeds(Asks[m.ScheduleExchangeReq]):
    """What the driver wants does not change while the car sleeps."""

    message = m.ScheduleExchangeReq

    def bend(self, turn: Turn, request: m.ScheduleExchangeReq) -> Any:
        """Delivery settings."""
        mode = request.SEReqControlMode
        if not turn.joined or not isinstance(mode, m.Dynamic_SEReqControlMode):
            return request
        changed = replace(mode, DepartureTime=86_400, MinimumSOC=10, TargetSOC=100)
        return replace(request, SEReqControlMode=changed)


@fault("resume-too-soon-starts-anew", "Begins a new session when it is woken up within three seconds of its pause.")
class TooSoonStartsAnew(Fault):
    """Reference 4.4: a pause is as short as somebody wants it."""

    _GOING_DOWN = 3.0

    def __init__(self) -> None:
        super().__init__()
        self._paused_at = float("-inf")

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Looks at the clock."""
        if turn.phase is Phase.SESSION_STOP and _pausing(turn):
            self._paused_at = turn.now
        return outgoing

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """The session is written to flash when all else is done."""
        early = choice is Choice.RESUME and turn.now - self._paused_at < self._GOING_DOWN
        return bytes(8) if early else value


@fault("pause-forgets-reserve", "Discharges below the minimum of its driver after a pause.")
class PauseForgetsReserve(Chooses):
    """What the driver wants does not change while the car sleeps."""

    choice = Choice.MAY_DISCHARGE

    def instead(self, turn: Turn, value: Any) -> Any:
        """The minimum of the last settings menu."""
        return value or (turn.joined and turn.plan.service.discharges)
