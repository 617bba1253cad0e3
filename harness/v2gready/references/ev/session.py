"""One session of the car without I/O: the EVCC core for the order of messages, and everything a good car adds to it.

The core knows the messages and their order. Here the car looks at what it is told (`checks`), chooses (`choices`),
moves its power (`loop`), keeps its timers, and opens its contactor whenever the session fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import timers
from v2gready.protocols.iso15118.evcc import Evcc, Offer, Phase, Plan, TimedOut
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev import choices, limits, loop
from v2gready.references.ev.battery import Occasion
from v2gready.references.ev.car import Car, Wish
from v2gready.references.ev.checks import FATAL, IGNORABLE, findings, overlook
from v2gready.references.ev.consequences import AFTER, choose_service
from v2gready.references.ev.progress import Progress
from v2gready.references.ev.requests import complete
from v2gready.references.ev.turn import Choice, Outgoing, Timer, Turn

_NO_SESSION: Final = bytes(8)
_BEFORE_POWER: Final = frozenset(
    {
        Phase.AUTHORIZATION_SETUP,
        Phase.CERTIFICATE_INSTALLATION,
        Phase.AUTHORIZATION,
        Phase.SERVICE_DISCOVERY,
        Phase.SERVICE_DETAIL,
        Phase.SERVICE_SELECTION,
        Phase.CHARGE_PARAMETER_DISCOVERY,
        Phase.SCHEDULE_EXCHANGE,
        Phase.CABLE_CHECK,
        Phase.PRE_CHARGE,
    }
)
_ONGOING: Final[Mapping[Phase, tuple[Timer, float]]] = {
    Phase.CERTIFICATE_INSTALLATION: (Timer.ONGOING, timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.AUTHORIZATION: (Timer.ONGOING, timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.SCHEDULE_EXCHANGE: (Timer.ONGOING, timers.V2G_EVCC_ONGOING_TIMEOUT),
    Phase.CABLE_CHECK: (Timer.CABLE_CHECK, timers.V2G_EVCC_CABLE_CHECK_TIMEOUT),
    Phase.PRE_CHARGE: (Timer.PRE_CHARGE, timers.V2G_EVCC_PRE_CHARGE_TIMEOUT),
}


class Session:
    """One connection of the car, from supportedAppProtocol to the end.

    Args:
        car: The car behind it.
        secc: Hash of the SECC's leaf certificate.
        now: Monotonic seconds.
        setup_deadline: When V2G_EVCC_CommunicationSetup_Timeout runs out.

    Attributes:
        core: The EVCC.
        progress: What the car has done.
        ended: Why the session is over, empty while it is not.
        failed: It ended in disorder.
        response: The last one that was taken.
    """

    def __init__(self, car: Car, *, secc: bytes, now: float, setup_deadline: float = math.inf) -> None:
        self.car = car
        self.core = Evcc(_plan(car), car)
        self.progress = Progress(secc=secc, begun=now, moved=car.battery.moved)
        self.ended = ""
        self.failed = False
        self._setup_deadline = setup_deadline
        self._setup_begun = setup_deadline - timers.V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT
        self._asked: tuple[Phase, type, float] | None = None
        self._phase_begun: tuple[Phase, float] | None = None
        self.response: Any = None
        session_id = car.seams.choose(self.turn(now), Choice.RESUME, self.core.plan.session_id)
        authorization = car.seams.choose(self.turn(now), Choice.AUTHORIZATION, self.core.plan.authorization)
        self.core.plan = replace(self.core.plan, session_id=session_id, authorization=authorization)
        self.core.memory = replace(self.core.memory, session_id=session_id)

    # -- what goes out --------------------------------------------------------------------------------------------

    def gap(self, now: float) -> float:
        """Seconds before the next request."""
        config, phase = self.car.config, self.core.phase
        if phase is Phase.CHARGE_LOOP and self.progress.loops:
            return self.car.seams.choose(self.turn(now), Choice.LOOP_GAP, config.loop_period)
        again = self._phase_begun is not None and self._phase_begun[0] is phase
        return config.ongoing_period if again else config.response_time

    def next(self, now: float) -> Outgoing:
        """The next request, with everything that it entails in the car."""
        self.car.battery.advance(now)
        self._leave_early()
        phase = self.core.phase
        if phase is Phase.CHARGE_LOOP:
            self._set_power(now)
        elif phase is Phase.POWER_DELIVERY_START and not self.progress.to_standby:
            self._promise(now)
        elif phase is Phase.POWER_DELIVERY_STOP and not self.core.plan.service.is_dc:
            self.car.battery.draw(0.0)
        self._refresh(now)
        turn = self.turn(now)
        request = complete(self.core.next_request(now), turn)
        return self.car.seams.request(turn, Outgoing((request,)))

    def sent(self, outgoing: Outgoing, now: float) -> None:
        """The request is out: V2G_EVCC_Msg_Timer starts."""
        phase = self.core.phase
        request = outgoing.messages[0] if outgoing.messages else self.core.next_request(now)
        self.core.sent(request, now)
        if self._phase_begun is None or self._phase_begun[0] is not phase:
            self._phase_begun = (phase, now)
        self._asked = (phase, self.core.next_type or type(request), now)

    def _leave_early(self) -> None:
        """The driver has had enough before there was any power: SessionStop is in order in every state."""
        if Wish.STOP in self.car.wishes and self.core.phase in _BEFORE_POWER:
            self.core.ending = m.ChargingSession.Terminate
            self.core.phase = Phase.SESSION_STOP

    def _set_power(self, now: float) -> None:
        turn = self.turn(now, self.response)
        self.progress.bounds = loop.own_bounds(turn)
        self.progress.wanted = self.car.wanted = loop.wanted(turn)
        if not self.core.plan.service.is_dc:
            self.car.battery.draw(self.car.wanted)

    def _promise(self, now: float) -> None:
        """The power profile: within the schedule, and nothing in the pauses of the plan."""
        car, progress, plan = self.car, self.progress, self.core.plan
        car.powered(now)
        unix = car.unix_time(now)
        scheduled = plan.control is ControlMode.SCHEDULED
        schedule = progress.schedule if scheduled and progress.schedule else limits.Steps(float(unix), ())
        gaps = [(car.unix_time(begin), car.unix_time(end)) for begin, end, _ in car.windows]
        steps = choices.profile(schedule, plan.ratings.maximum_charge_power, gaps, unix, max(1, car.departs_in(now)))
        steps = car.seams.choose(self.turn(now), Choice.PROFILE, steps)
        progress.profile = steps
        progress.promised = limits.Steps(float(unix), steps) if scheduled else None
        progress.channel = car.power < 0
        car.wanted = car.power

    def _refresh(self, now: float) -> None:
        """Puts what has changed in the car into the plan that requests are made from."""
        car, core = self.car, self.core
        ratings = limits.energies(car, core.plan.ratings)
        if core.phase is Phase.CHARGE_LOOP and core.plan.control is ControlMode.DYNAMIC:
            least, most = self.progress.bounds
            ratings = replace(
                ratings,
                maximum_charge_power=float(round(most)),
                maximum_discharge_power=float(round(-least)),
                maximum_charge_current=car.config.ratings.maximum_charge_current if most else 0.0,
                maximum_discharge_current=car.config.ratings.maximum_discharge_current if least else 0.0,
            )
        else:
            own = car.config.ratings
            ratings = replace(
                ratings,
                maximum_charge_power=own.maximum_charge_power,
                maximum_discharge_power=own.maximum_discharge_power,
                maximum_charge_current=own.maximum_charge_current,
                maximum_discharge_current=own.maximum_discharge_current,
            )
        core.plan = replace(core.plan, ratings=ratings, departure=car.departs_in(now))

    # -- timers ---------------------------------------------------------------------------------------------------

    def timer(self) -> float | None:
        """When `expire` is due; None while nothing is awaited, or for ever."""
        found = self._timers()
        due = min((since + self.car.seams.timeout(timer, usual) for timer, since, usual in found), default=math.inf)
        return None if math.isinf(due) else due

    def expire(self, now: float) -> None:
        """A timer has run out: the car ends the session."""
        found = self._timers()
        if not found:
            return
        seams = self.car.seams
        timer, since, usual = min(found, key=lambda one: one[1] + seams.timeout(one[0], one[2]))
        seams.waited(timer, now - since, usual, expired=True)
        self.fail(f"{timer.value}: nothing for {now - since:.3f} s")

    def _timers(self) -> list[tuple[Timer, float, float]]:
        """Those that run: what, since when, for how long on a faultless car."""
        if self._asked is None or self.over:
            return []
        phase, request, since = self._asked
        seconds = timers.evcc_message_timeout(request)
        found = [(_MESSAGE_TIMERS.get(seconds, Timer.MESSAGE), since, seconds)]
        if phase in {Phase.SUPPORTED_APP_PROTOCOL, Phase.SESSION_SETUP} and not math.isinf(self._setup_deadline):
            setup = timers.V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT
            found.append((Timer.COMMUNICATION_SETUP, self._setup_begun, setup))
        return found

    # -- what comes in --------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> str:
        """The energy namespace of the session: its grammar."""
        return self.core.plan.service.namespace

    @property
    def over(self) -> bool:
        """Nothing more is sent."""
        return bool(self.ended)

    @property
    def awaiting(self) -> bool:
        """A response is due."""
        return self._asked is not None and not self.over

    def receive(self, response: Any, now: float) -> None:
        """Takes a decoded response, None for octets that are no message."""
        if self._asked is None or self.over:
            return
        self.car.battery.advance(now)
        before, awaited, since = self._asked
        turn = self.turn(now, response)
        heard = self._heard(turn, awaited)
        if heard is None:
            return
        seconds = timers.evcc_message_timeout(awaited)
        self.car.seams.waited(_MESSAGE_TIMERS.get(seconds, Timer.MESSAGE), now - since, seconds, expired=False)
        self._asked = None
        if before is Phase.SERVICE_DISCOVERY:
            choose_service(self, turn)
        events = self.core.receive(heard, now)
        if any(isinstance(event, TimedOut) for event in events):
            self.core.phase = before  # ongoing timers are kept here
        if before in _ONGOING and self.core.phase is before and self._overdue(before, now):
            return
        self.response = heard
        after = AFTER.get(before)
        if after is not None and not self.over:
            after(self, self.turn(now, heard, before))
        if self.core.phase is Phase.CLOSED and not self.over:
            self.ended = "ended in order" if before is Phase.SESSION_STOP else f"nothing follows {before.name}"
            self.failed = before is not Phase.SESSION_STOP

    def _heard(self, turn: Turn, awaited: type) -> Any:
        """The response as this car reads it; None if it ended the session, or if it goes on waiting."""
        self.progress.broken = set()
        response = turn.response
        for check, violated in findings(turn, awaited):
            broken = self.car.seams.check(turn, check, violated=violated)
            if broken and check in FATAL:
                self.fail(f"{awaited.__name__}: not so: {check.value}")
                return None
            if broken:
                self.progress.broken.add(check)
            elif violated:
                if check in IGNORABLE:
                    return None
                response = overlook(check, turn, response)
        return response

    def _overdue(self, phase: Phase, now: float) -> bool:
        timer, usual = _ONGOING[phase]
        since = now if self._phase_begun is None else self._phase_begun[1]
        elapsed = now - since
        if elapsed < self.car.seams.timeout(timer, usual):
            self.car.seams.waited(timer, elapsed, usual, expired=False)
            return False
        self.car.seams.waited(timer, elapsed, usual, expired=True)
        self.fail(f"{timer.value}: still going on after {elapsed:.3f} s")
        return True

    def gone(self, why: str, now: float) -> None:
        """The connection has ended under the car: what it has waited for until then counts."""
        for timer, since, usual in self._timers():
            self.car.seams.waited(timer, now - since, usual, expired=False)
        self.fail(why)

    def fail(self, why: str) -> None:
        """The session is over, in whatever state: no energy without communication."""
        if self.over:
            return
        self.ended, self.failed = why, True
        if self._asked is not None and self._asked[0] is Phase.SESSION_SETUP:
            self.car.forget()  # [V2G20-2539]: purge and end
        self.core.phase = Phase.CLOSED
        self.car.battery.open(Occasion.FAILURE)

    def turn(self, now: float, response: Any = None, phase: Phase | None = None) -> Turn:
        """This moment, for decisions and faults."""
        core = self.core
        return Turn(
            car=self.car,
            phase=core.phase if phase is None else phase,
            plan=core.plan,
            memory=core.memory,
            progress=self.progress,
            now=now,
            response=response,
            joined=self.progress.joined,
        )


_MESSAGE_TIMERS: Final = {
    timers.V2G_EVCC_MSG_TIMEOUT: Timer.MESSAGE,
    timers.V2G_EVCC_MSG_TIMEOUT_LONG: Timer.MESSAGE_LONG,
    timers.V2G_EVCC_MSG_TIMEOUT_LOOP: Timer.MESSAGE_LOOP,
}


def _plan(car: Car) -> Plan:
    """The plan of a session: the paused one, or a new one."""
    config, paused = car.config, car.paused
    common = Plan(
        evcc_id=config.evcc_id,
        ratings=config.ratings,
        supporting_points=config.supporting_points,
        authorization_tries=config.authorization_tries,
        pre_charge_tolerance=config.pre_charge_tolerance,
        meter_info=config.meter_info,
        loops=1 << 60,  # when it is done, the car decides by itself
        control=car.controls[0],
        authorization=car.authorization,
        contracts=car.contracts,
        provisioning=car.provisioning if car.installs else None,
        price_signers=car.price_signers,
        side_streams=config.side_streams,
        der_functions=config.der_functions,
        der_rounds=config.der_rounds,
        signed_der_limits=config.signed_der_limits,
    )
    if paused is not None:
        return replace(
            common,
            service=paused.service,
            control=paused.control,
            session_id=paused.session_id,
            offers=(Offer(paused.service.namespace, schema_id=10, priority=1),),
        )
    namespaces = dict.fromkeys(service.namespace for service in car.services)
    offers = tuple(
        Offer(namespace, schema_id=10 * rank, priority=rank) for rank, namespace in enumerate(namespaces, start=1)
    )
    return replace(common, service=car.services[0], offers=offers, session_id=_NO_SESSION)
