"""Pause and resume: who may pause, and for whom the session is kept."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    TlsUse,
    Trace,
    answered,
    closes,
    energy,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pausing import CLOSING, Joined, New, ends_with, joined, pause_of, paused_session


class Resume(ChargerCase):
    """A car pauses in Scheduled mode, comes back with the old SessionID, goes on with its parameters and charges."""

    id = "CHG-PAU-RESUME-01"
    title = "A paused session is resumed"
    area = "pause"
    requirements = ("H-PAUSE-SCHEDULED", "H-STOP-CLOSE", "V2G20-1032", "H-HEADER-SESSION", "H-TARGET-CURRENT")
    pics = "pause and scheduled"
    faults = {
        "pause-refused": "H-PAUSE-SCHEDULED",
        "no-tcp-close-after-stop": "H-STOP-CLOSE",
        "resume-forgets-session": "V2G20-1032",
        "resume-refuses-parameters": "V2G20-1032",
        "resume-changes-session-id": "H-HEADER-SESSION",
        "no-current": "H-TARGET-CURRENT",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, reconnects, charges again and terminates."""
        old = await paused_session(bench)
        async with bench.ev.session(control=ControlMode.SCHEDULED, session_id=old) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Pause OK and connection closed; then joined, with the same id, and energy flows."""
        stop = trace.exchange(m.SessionStopReq)
        yield answered("H-PAUSE-SCHEDULED", stop, m.ResponseCode.OK)
        yield closes("H-STOP-CLOSE", trace, pause_of(trace).response or stop.request, within=CLOSING)
        setup = trace.exchange(m.SessionSetupReq, nth=1)
        yield answered("V2G20-1032", setup, Joined)
        old = setup.sent.Header.SessionID
        given = setup.answer.Header.SessionID if isinstance(setup.answer, m.SessionSetupRes) else b""
        yield holds("H-HEADER-SESSION", given == old, expected=old.hex(), seen=given.hex() or "none", at=setup.at)
        yield answered("V2G20-1032", trace.exchange(m.ChargeParameterDiscoveryReq, nth=1), m.ResponseCode.OK)
        last = energy.last_loop(trace)
        if last.request.link != setup.request.link:
            raise Inconclusive(f"the resumed session did not reach the loop: {trace.last_words()}")
        if energy.wish(last.sent) is not None:
            yield wire.follows_target("H-TARGET-CURRENT", last)


class OtherVehicle(ChargerCase):
    """Another car that knows the id of a paused session is not let into it: it gets a session and an id of its own.

    Otherwise it would charge, and discharge, at the first car's expense.
    """

    id = "CHG-PAU-OTHEREV-01"
    title = "Another car cannot resume the session"
    area = "pause"
    requirements = ("V2G20-2545", "V2G20-2626", "V2G20-2627", "V2G20-2677")
    pics = "pause and scheduled and tls"
    faults = {
        "resume-joins-any-vehicle": "V2G20-2545",
        "stranger-keeps-session-id": "V2G20-2627",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses; then a car with another vehicle certificate brings the id along."""
        old = await paused_session(bench)
        async with bench.ev.session(tls=TlsUse.OTHER_VEHICLE, control=ControlMode.SCHEDULED, session_id=old) as session:
            await session.reach(m.SessionSetupReq)
            await session.proceed()
            await session.ask(session.request(m.AuthorizationSetupReq))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A new session with a new id, that begins with authorization."""
        pause_of(trace)
        setup = trace.exchange(m.SessionSetupReq, nth=1)
        code = getattr(setup.answer, "ResponseCode", None)
        told = "none" if code is None else code.name
        yield holds("V2G20-2545", code is not Joined, expected="no OK_OldSessionJoined", seen=told, at=setup.at)
        yield answered("V2G20-2626", setup, New)
        old = setup.sent.Header.SessionID
        given = setup.answer.Header.SessionID if isinstance(setup.answer, m.SessionSetupRes) else old
        yield holds("V2G20-2627", given != old, expected="another id", seen=given.hex(), at=setup.at)
        fresh = trace.exchange(m.AuthorizationSetupReq, nth=-1)
        yield answered("V2G20-2677", fresh, m.ResponseCode.OK)


class OnlyParametersAfterJoining(ChargerCase):
    """After OK_OldSessionJoined the only request in order is ChargeParameterDiscoveryReq."""

    id = "CHG-PAU-JOIN-01"
    title = "A joined session does not begin with authorization"
    area = "pause"
    requirements = ("V2G20-1843",)
    pics = "pause and scheduled"
    faults = {"resume-accepts-authorization": "V2G20-1843"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, joins again, and asks for authorization."""
        old = await paused_session(bench)
        async with bench.ev.session(control=ControlMode.SCHEDULED, session_id=old) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.ask(session.request(m.AuthorizationSetupReq))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """AuthorizationSetupRes with FAILED_SequenceError."""
        joined(trace)
        yield refused("V2G20-1843", trace.exchange(m.AuthorizationSetupReq, nth=1), m.ResponseCode.FAILED_SequenceError)


class UnaskedPauseInDynamicMode(ChargerCase):
    """In Dynamic mode the station decides: a car that pauses by itself is refused."""

    id = "CHG-PAU-DYNAMIC-01"
    title = "Dynamic: a pause nobody asked for is refused"
    area = "pause"
    requirements = ("V2G20-1195",)
    pics = "dynamic"
    faults = {"dynamic-pause-allowed": "V2G20-1195"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges for a moment and pauses."""
        async with bench.ev.session(control=ControlMode.DYNAMIC, ending=m.ChargingSession.Pause, loops=5) as session:
            await session.run_to_end()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_PauseNotAllowed, unless the station has notified a pause of its own."""
        stop = trace.exchange(m.SessionStopReq, where=ends_with(m.ChargingSession.Pause))
        if any(wire.notification(one.answer) is m.EvseNotification.Pause for one in energy.loops(trace)):
            raise Inconclusive("the station asked for a pause by itself")
        yield refused("V2G20-1195", stop, m.ResponseCode.FAILED_PauseNotAllowed)


class NotifiedPauseInDynamicMode(ChargerCase):
    """Told to pause, the station tells the car by EVSENotification Pause; then the car's pause is accepted."""

    id = "CHG-PAU-DYNAMIC-02"
    title = "Dynamic: the station asks for a pause and gets it"
    area = "pause"
    requirements = ("H-NOTIFICATION", "V2G20-1850")
    pics = "pause and dynamic"
    faults = {"notification-lost": "H-NOTIFICATION", "pause-refused": "V2G20-1850"}
    hooks = ("pause",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, makes the station pause, and does what it says."""
        async with bench.ev.session(control=ControlMode.DYNAMIC) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(5)
            await session.charge_during(bench.act("pause"))
            await session.charge_until_notified(bench.settling_time)
            await session.run_to_end()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A loop response after the hook says Pause; SessionStop(Pause) is answered OK."""
        yield wire.notified("H-NOTIFICATION", trace, "pause", m.EvseNotification.Pause)
        stop = trace.exchange(m.SessionStopReq, where=ends_with(m.ChargingSession.Pause))
        yield answered("V2G20-1850", stop, m.ResponseCode.OK)
