"""The end of a session: in order, from anywhere, at the station's wish, and what comes after it."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    EventKind,
    EvSession,
    Inconclusive,
    Observation,
    Trace,
    Unreached,
    answered,
    closes,
    energy,
    holds,
    wire,
)
from v2gready.authoring import messages as m

CLOSING = 10.0
"""Seconds in which the connection has to be closed after SessionStop; our own figure, the standard's is not known to
us. Deployed stations let the car go first and close after five."""
STATES = (
    m.AuthorizationSetupReq,
    m.ServiceDiscoveryReq,
    m.ServiceSelectionReq,
    m.ScheduleExchangeReq,
    m.PowerDeliveryReq,
    m.ChargeLoopReq,
)
"""What would come next where the car stops instead: established, authorized, detailed, parameters known, ready to
start, charging."""


class InOrder(ChargerCase):
    """After a whole session SessionStop(Terminate) is answered OK, and the charger closes the connection."""

    id = "CHG-STOP-ORDER-01"
    title = "The charger closes the connection after SessionStop"
    area = "stop"
    requirements = ("H-STOP-ANYWHERE", "H-STOP-CLOSE")
    faults = {"no-tcp-close-after-stop": "H-STOP-CLOSE", "terminate-as-failed": "H-STOP-ANYWHERE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges for a moment, ends, and waits for the end of the connection."""
        async with bench.ev.session(loops=3) as session:
            await session.run_to_end()
            await session.silence(CLOSING + 0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """SessionStopRes, then the end of the connection."""
        stop = trace.exchange(m.SessionStopReq)
        yield answered("H-STOP-ANYWHERE", stop, m.ResponseCode.OK)
        yield closes("H-STOP-CLOSE", trace, stop.response or stop.request, within=CLOSING)


class FromAnywhere(ChargerCase):
    """A car may give up at any time: SessionStop(Terminate) is answered OK in every state of an established session."""

    id = "CHG-STOP-ANY-01"
    title = "Terminate is accepted in every state"
    area = "stop"
    requirements = ("H-STOP-ANYWHERE",)
    faults = {"terminate-refused-early": "H-STOP-ANYWHERE", "terminate-as-failed": "H-STOP-ANYWHERE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """One session for each of six states, ended there."""
        for state in STATES:
            async with bench.ev.session() as session:
                try:
                    await session.reach(state)
                    if state is m.ChargeLoopReq:
                        await session.charge(2)
                except Unreached:
                    continue
                await session.ask(session.request(m.SessionStopReq))
                await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every SessionStopReq has its OK."""
        stops = list(trace.exchanges(m.SessionStopReq))
        for stop in stops:
            yield answered("H-STOP-ANYWHERE", stop, m.ResponseCode.OK)
        if len(stops) < len(STATES):
            raise Inconclusive(f"{len(stops)} of {len(STATES)} states were reached: {trace.last_words()}")


class NextCar(ChargerCase):
    """After one car has ended its session, the next one is served."""

    id = "CHG-STOP-NEXT-01"
    title = "The next car is served"
    area = "stop"
    requirements = ("H-NEXT-SESSION",)
    faults = {"serves-one-session": "H-NEXT-SESSION"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Two sessions, one after the other."""
        for _ in range(2):
            async with bench.ev.session(loops=2) as session:
                await session.run_to_end()
                await session.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second car charges too."""
        first, *others = [one.request for one in trace.exchanges(m.SessionSetupReq)] or [None]
        tried = list(trace.events(EventKind.CONNECTED)) + list(trace.events(EventKind.CONNECT_FAILED))
        if first is None or len(tried) < 2:
            raise Inconclusive(f"the second car never came: {trace.last_words()}")
        later = others[0].index if others else tried[-1].index
        served = [one for one in energy.loops(trace) if one.request.index > later]
        yield holds(
            "H-NEXT-SESSION",
            bool(others and served),
            expected="a charge loop of the second car",
            seen=f"{len(served)} loops" if served else trace.last_words(),
            at=(later,),
        )


class AtTheStationsWish(ChargerCase):
    """Told to stop, the station tells the car by EVSENotification Terminate, and the car ends the session in order."""

    id = "CHG-STOP-NOTIFY-01"
    title = "A stop at the station is told to the car"
    area = "stop"
    requirements = ("H-NOTIFICATION", "H-STOP-ANYWHERE")
    faults = {"notification-lost": "H-NOTIFICATION"}
    hooks = ("stop",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, presses stop, and does what the station says."""
        async with bench.ev.session() as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(5)
            await session.charge_during(bench.act("stop"))
            await session.charge_until_notified(bench.settling_time)
            await session.run_to_end()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A loop response after the hook says Terminate; SessionStop is answered OK."""
        yield wire.notified("H-NOTIFICATION", trace, "stop", m.EvseNotification.Terminate)
        yield answered("H-STOP-ANYWHERE", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)


class OutletAtRest(ChargerCase):
    """Whatever ends a session, the outlet is dead a while later: stopped in order, failed, or torn off."""

    id = "CHG-STOP-REST-01"
    title = "The outlet is dead after the session"
    area = "stop"
    requirements = ("H-CONTACTOR",)
    pics = "scheduled and dynamic and (dc or dc_bpt)"
    faults = {"contactor-stays-closed-after-stop": "H-CONTACTOR", "keeps-power-after-failure": "H-CONTACTOR"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three sessions: one ends in order, one by a wrong request, one by a torn connection."""
        for end in (self._in_order, self._failed, self._torn):
            async with bench.ev.session(service=bench.service(dc=True), control=ControlMode.SCHEDULED) as session:
                await session.reach(m.ChargeLoopReq)
                await session.charge(bench.loops_for(1.0), power=5_000)
                await end(session)
                await session.watch(energy.REST_TIME + 1)

    @staticmethod
    async def _in_order(session: EvSession) -> None:
        await session.run_to_end()

    @staticmethod
    async def _failed(session: EvSession) -> None:
        session.change_plan(control=ControlMode.DYNAMIC)
        await session.proceed()

    @staticmethod
    async def _torn(session: EvSession) -> None:
        await session.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Voltage a while after the last message of each session."""
        links = {frame.link: frame for frame in trace.frames(sender=trace.tester) if frame.protocol == "v2gtp"}
        charged = {one.request.link for one in energy.loops(trace)}
        for link, last in links.items():
            if link in charged:
                yield energy.dead("H-CONTACTOR", trace, "dc.voltage", last, until=energy.REST_TIME + 1)
        if len(charged) < 3:
            raise Inconclusive(f"{len(charged)} of 3 sessions reached the charge loop: {trace.last_words()}")
