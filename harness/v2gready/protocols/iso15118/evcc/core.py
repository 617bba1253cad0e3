"""The EVCC as a sans-I/O state machine: requests out, responses in, ``now`` a parameter.

The core is a well-behaved car. A conformance tester must also be able to misbehave: the driver may send anything
instead of `Evcc.next_request`, and tells the core only what it wants the core to know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import timers
from v2gready.protocols.iso15118.evcc.assess import assess
from v2gready.protocols.iso15118.evcc.context import Context
from v2gready.protocols.iso15118.evcc.memory import Memory, Vehicle
from v2gready.protocols.iso15118.evcc.plan import Plan
from v2gready.protocols.iso15118.evcc.requests import Request, build
from v2gready.protocols.iso15118.evcc.table import Outcome, Phase, next_phase, request_type
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import ControlMode


class LocalProtocolError(Exception):
    """The harness misused the core: our bug, never the peer's."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """A response moved the session on."""

    before: Phase
    outcome: Outcome
    after: Phase


@dataclass(frozen=True, slots=True)
class PeerViolation:
    """The SECC answered with something a car must refuse; the session is over for the car.

    Attributes:
        what: What was wrong, in words.
    """

    what: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A timer of the EVCC ran out; the session is over for the car.

    Attributes:
        timer: Name of the timer.
        seconds: Its value.
    """

    timer: str
    seconds: float


Event = Advanced | PeerViolation | TimedOut

_ONGOING_LIMITS: Final[dict[Phase, tuple[str, float]]] = {
    Phase.CERTIFICATE_INSTALLATION: ("V2G_EVCC_Ongoing_Timeout", timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.AUTHORIZATION: ("V2G_EVCC_Ongoing_Timeout", timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.SCHEDULE_EXCHANGE: ("V2G_EVCC_Ongoing_Timeout", timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.CABLE_CHECK: ("V2G_EVCC_CableCheck_Timeout", timers.V2G_EVCC_CABLE_CHECK_TIMEOUT),
    Phase.PRE_CHARGE: ("V2G_EVCC_PreCharge_Timeout", timers.V2G_EVCC_PRE_CHARGE_TIMEOUT),
}


class Evcc:
    """One session of the car, from supportedAppProtocolReq to the end.

    Args:
        plan: What the car wants. May be replaced between requests.
        vehicle: The car behind the controller.

    Attributes:
        phase: Which request comes next.
        memory: What the session has learned.
        ending: How the session will be ended; EVSENotification may change it.
    """

    def __init__(self, plan: Plan, vehicle: Vehicle) -> None:
        self.plan = plan
        self.vehicle = vehicle
        self.phase = Phase.SUPPORTED_APP_PROTOCOL
        self.memory = Memory(session_id=plan.session_id)
        self.ending = plan.ending
        self._asked: tuple[Phase, type, float] | None = None
        self._phase_since = 0.0
        self._unaltered: tuple[Phase, m.V2GRequest] | None = None

    @property
    def next_type(self) -> type | None:
        """Type of the next request, None once the session is over."""
        return request_type(self.phase, dc=self.plan.service.is_dc)

    def next_request(self, now: float) -> Request:
        """The request a well-behaved car sends next.

        Raises:
            LocalProtocolError: The session is over.
        """
        if self.phase is Phase.CLOSED:
            raise LocalProtocolError("the session is over: nothing more to send")
        context = Context(self.plan, self.memory, self.vehicle.state(now), self.ending, self.vehicle.unix_time(now))
        waiting = self._unaltered
        if waiting is not None and waiting[0] is self.phase:
            # While the SECC is at it, the same request again but for its time stamp [V2G20-1582].
            header = replace(waiting[1].Header, TimeStamp=context.unix_time)
            return replace(waiting[1], Header=header)
        return build(self.phase, context)

    def sent(self, request: Request, now: float) -> None:
        """Notes that a request of this phase went out: starts V2G_EVCC_Msg_Timer."""
        if self._asked is None or self._asked[0] is not self.phase:
            self._phase_since = now
        self._asked = (self.phase, type(request), now)
        if isinstance(request, m.AuthorizationReq | m.CertificateInstallationReq) and request.Header.Signature:
            self._unaltered = (self.phase, request)

    def get_timer(self) -> float | None:
        """When `handle_timer` is due, in monotonic seconds; None while nothing is awaited."""
        if self._asked is None or self.phase is Phase.CLOSED:
            return None
        _, request, since = self._asked
        return since + timers.evcc_message_timeout(request)

    def handle_timer(self, now: float) -> list[Event]:
        """V2G_EVCC_Msg_Timeout: no answer came, the car ends the session [V2G20-443, EVCC side]."""
        due = self.get_timer()
        if due is None or now < due or self._asked is None:
            return []
        seconds = timers.evcc_message_timeout(self._asked[1])
        self.phase = Phase.CLOSED
        return [TimedOut("V2G_EVCC_Msg_Timeout", seconds)]

    def receive(self, response: Any, now: float) -> list[Event]:
        """Takes a decoded response (or None for octets that do not decode)."""
        if self._asked is None or self.phase is Phase.CLOSED:
            return [PeerViolation("a response without a request")]
        before, request, _ = self._asked
        violation = self._violation(request, response)
        if violation:
            self.phase = Phase.CLOSED
            return [PeerViolation(violation)]
        utc = self.vehicle.unix_time(now)
        outcome, self.memory = assess(before, response, self.plan, self.memory, utc)
        outcome = self._own_will(before, outcome, response, now)
        self.phase = next_phase(before, outcome, dc=self.plan.service.is_dc)
        self._asked = None if self.phase is not before or outcome is Outcome.AGAIN else self._asked
        if outcome is not Outcome.ONGOING:
            self._unaltered = None
        events: list[Event] = [Advanced(before, outcome, self.phase)]
        return events + self._overdue(before, outcome, now)

    def _violation(self, request: type, response: Any) -> str:
        expected = request.__name__.removesuffix("Req") + "Res"
        if type(response).__name__ != expected:
            return f"{expected} expected, {type(response).__name__ if response is not None else 'garbage'} came"
        if isinstance(response, m.V2GResponse) and not isinstance(response, m.SessionSetupRes):
            own = self.memory.session_id
            if response.Header.SessionID != own and response.ResponseCode < m.ResponseCode.FAILED:
                return f"SessionID {response.Header.SessionID.hex()} is not {own.hex()}"
        return ""

    def _own_will(self, before: Phase, outcome: Outcome, response: Any, now: float) -> Outcome:
        """Where the car itself decides: the target voltage is met, the loop ends, the session is paused."""
        if before is Phase.PRE_CHARGE and outcome is Outcome.DONE:
            return self._pre_charge(response, now)
        if before is Phase.CHARGE_LOOP and outcome is Outcome.ONGOING:
            return self._loop(response, now)
        renegotiating = self.ending is m.ChargingSession.ServiceRenegotiation
        if before is Phase.SESSION_STOP and outcome is Outcome.DONE and renegotiating:
            self.ending = m.ChargingSession.Terminate
            return Outcome.RENEGOTIATE_SERVICE
        return outcome

    def _pre_charge(self, response: m.DC_PreChargeRes, now: float) -> Outcome:
        if self.memory.pre_charged:
            return Outcome.DONE
        target = self.vehicle.state(now).target_voltage
        rounds = self.memory.pre_charge_rounds + 1
        met = abs(float(response.EVSEPresentVoltage) - target) <= self.plan.pre_charge_tolerance
        enough = self.plan.pre_charge_rounds is not None and rounds >= self.plan.pre_charge_rounds
        self.memory = replace(self.memory, pre_charge_rounds=rounds, pre_charged=met or enough)
        return Outcome.ONGOING

    def _loop(self, response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes, now: float) -> Outcome:
        if isinstance(response, m.DC_ChargeLoopRes):
            self.vehicle.follow_power(float(response.EVSEPresentCurrent) * float(response.EVSEPresentVoltage), now)
        else:
            self.vehicle.follow_power(self._ac_power(response, now), now)
        match self.memory.notification:
            case m.EvseNotification.Terminate:
                self.ending = m.ChargingSession.Terminate
                return Outcome.STOP
            case m.EvseNotification.Pause:
                self.ending = m.ChargingSession.Pause
                return Outcome.STOP
            case m.EvseNotification.ServiceRenegotiation:
                self.ending = m.ChargingSession.ServiceRenegotiation
                return Outcome.STOP
            case m.EvseNotification.ScheduleRenegotiation:
                return Outcome.RENEGOTIATE_SCHEDULE
            case m.EvseNotification.MeteringConfirmation if self.memory.meter is not None:
                return Outcome.CONFIRM_METERING
            case _:
                return Outcome.STOP if self.memory.loops >= self.plan.loops else Outcome.ONGOING

    def _ac_power(self, response: m.AC_ChargeLoopRes, now: float) -> float:
        """AC: Dynamic obeys EVSETargetActivePower; Scheduled is the car's own will, which a target may narrow."""
        told = total(response.CLResControlMode, "EVSETargetActivePower")
        if self.plan.control is ControlMode.DYNAMIC:
            return told or 0.0
        wanted = self.vehicle.state(now).target_power
        ratings, memory = self.plan.ratings, self.memory
        if wanted < 0:
            least = min(ratings.maximum_discharge_power, memory.discharge_limit)
            return max(wanted, -least if told is None else max(-least, min(told, 0.0)))
        bounds = [memory.charge_limit, *(power for _, power in memory.schedule[:1])]
        most = min([ratings.maximum_charge_power, *(bound for bound in bounds if bound is not None)])
        return min(wanted, most if told is None else min(most, max(told, 0.0)))

    def _overdue(self, before: Phase, outcome: Outcome, now: float) -> list[Event]:
        if outcome is not Outcome.ONGOING or before not in _ONGOING_LIMITS:
            return []
        timer, seconds = _ONGOING_LIMITS[before]
        if now - self._phase_since < seconds:
            return []
        self.phase = Phase.CLOSED
        return [TimedOut(timer, seconds)]
