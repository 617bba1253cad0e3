"""SessionSetup: new sessions and their ids, foreign ids, the way back into a paused session (reference 4.2, 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    EvSession,
    Exchange,
    Inconclusive,
    Observation,
    TlsUse,
    Trace,
    answered,
    at_least,
    describe,
    foreign_requests,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m

ZERO = bytes(8)
NEW = m.ResponseCode.OK_NewSessionEstablished
JOINED = m.ResponseCode.OK_OldSessionJoined
UNKNOWN = m.ResponseCode.FAILED_UnknownSession


def own_id(exchange: Exchange[m.SessionSetupReq]) -> bytes:
    """The id given in SessionSetupRes, empty without one."""
    answer = exchange.answer
    return answer.Header.SessionID if isinstance(answer, m.SessionSetupRes) else b""


def fresh_id(requirement: str, exchange: Exchange[m.SessionSetupReq]) -> Observation:
    """The session has an id of its own, not the one that the car brought along."""
    brought, given = exchange.sent.Header.SessionID, own_id(exchange)
    good = len(given) == len(ZERO) and given not in {ZERO, brought}
    seen = given.hex().upper() or describe(exchange)
    return holds(requirement, good, expected=f"an id other than {brought.hex().upper()}", seen=seen, at=exchange.at)


class NewSession(ChargerCase):
    """SessionSetupReq with the id zero opens a new session, with an id that is not zero, at an outlet with a name."""

    id = "CHG-SES-NEW-01"
    title = "SessionSetup: the id zero opens a new session"
    area = "session"
    requirements = ("V2G20-2106", "H-STATION-ID")
    faults = {
        "session-id-zero": "V2G20-2106",
        "session-setup-plain-ok": "V2G20-2106",
        "session-setup-joins-new": "V2G20-2106",
        "evse-id-empty": "H-STATION-ID",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Opens a session."""
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_NewSessionEstablished, eight octets, and an EVSEID."""
        exchange = trace.exchange(m.SessionSetupReq)
        yield answered("V2G20-2106", exchange, NEW)
        yield fresh_id("V2G20-2106", exchange)
        name = getattr(exchange.answer, "EVSEID", "")
        yield holds("H-STATION-ID", bool(name), expected="an EVSEID", seen=repr(name), at=exchange.at)


class OutletName(ChargerCase):
    """EVSEID names the outlet, so it stays the same from session to session."""

    id = "CHG-SES-EVSEID-01"
    title = "SessionSetup: EVSEID stays the same"
    area = "session"
    requirements = ("H-STATION-ID",)
    faults = {"evse-id-per-session": "H-STATION-ID"}
    sessions = 3

    async def stimulate(self, bench: ChargerBench) -> None:
        """Comes again."""
        for _ in range(self.sessions):
            await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """One name in all sessions."""
        found = list(at_least(self.sessions, trace.exchanges(m.SessionSetupReq), trace))
        names = {getattr(one.answer, "EVSEID", describe(one)) for one in found}
        at = [index for one in found for index in one.at]
        yield holds("H-STATION-ID", len(names) == 1, expected="one EVSEID", seen=sorted(names), at=at)


class IdsAreRandom(ChargerCase):
    """Over many sessions no id comes twice, at least 58 of its 64 bits vary, and no id tells the next one.

    Fewer varying bits are a proof of less entropy; more are none of enough: a generator cannot be seen from outside.
    """

    id = "CHG-SES-UNIQUE-01"
    title = "SessionSetup: ids are unique and random"
    area = "session"
    requirements = ("V2G20-2608", "V2G20-2621", "V2G20-835")
    faults = {
        "session-id-constant": "V2G20-2608",
        "session-id-ascii": "V2G20-2621",
        "session-id-32-bit": "V2G20-2621",
        "session-id-counter": "V2G20-835",
    }
    sessions = 51
    patience = 240.0
    enough = 20
    """Ids of random bits among which seven bits that never change are out of the question."""
    entropy = 58

    async def stimulate(self, bench: ChargerBench) -> None:
        """Opens one session after the other and ends it in good order; fewer with a charger that is slow."""
        until = bench.clock.now() + self.patience
        for _ in range(self.sessions):
            if bench.clock.now() > until:
                break
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                await session.ask(session.request(m.SessionStopReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares all ids."""
        found = list(at_least(self.enough, trace.exchanges(m.SessionSetupReq), trace))
        ids = [own_id(one) for one in found]
        numbers = [int.from_bytes(one, "big") for one in ids]
        at = [index for one in found for index in one.at[1:]]
        different = len(set(ids))
        yield holds("V2G20-2608", different == len(ids), expected=f"{len(ids)} different ids", seen=different, at=at)
        varying = 0
        for number in numbers:
            varying |= number ^ numbers[0]
        enough = varying.bit_count() >= self.entropy
        expected = f"at least {self.entropy} varying bits"
        yield holds("V2G20-2621", enough, expected=expected, seen=f"{varying.bit_count()} varying bits", at=at)
        steps = {after - before for before, after in pairwise(numbers)}
        irregular = len(steps) == len(numbers) - 1
        yield holds("V2G20-835", irregular, expected="no regular steps", seen=f"{len(steps)} different steps", at=at)


class _ForeignId(ChargerCase):
    """A request of an established session with an id that is not that of the session."""

    area = "session"
    requirements = ("V2G20-460",)
    steps: ClassVar[tuple[type, ...]] = (
        m.AuthorizationSetupReq,
        m.AuthorizationReq,
        m.ServiceDiscoveryReq,
        m.ServiceSelectionReq,
        m.ChargeParameterDiscoveryReq,
        m.ScheduleExchangeReq,
    )
    change: ClassVar[Callable[[bytes], bytes]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends what is in order with the wrong id, in a session of its own for each step."""
        for step in self.steps:
            async with bench.ev.session() as session:
                await session.reach(step)
                await self.disturb(session)

    async def disturb(self, session: EvSession) -> None:
        """Sends the next request with the wrong id."""
        wrong = type(self).change(session.header.SessionID)
        await session.proceed(lambda request: wire.with_session(request, wrong))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_UnknownSession in the response of the request."""
        for exchange in at_least(len(self.steps), foreign_requests(trace), trace):
            yield refused("V2G20-460", exchange, UNKNOWN)


class ZeroId(_ForeignId):
    """Within a session the id zero is a foreign one: it belongs to SessionSetupReq alone."""

    id = "CHG-SES-ZERO-01"
    title = "A request with the SessionID zero is refused"
    faults = {
        "accepts-zero-session": "V2G20-460",
        "accepts-unknown-session": "V2G20-460",
        "unknown-session-wrong-code": "V2G20-460",
    }
    change = staticmethod(lambda _: ZERO)


class FlippedId(_ForeignId):
    """An id that differs in the last bit alone is a foreign one."""

    id = "CHG-SES-BIT-01"
    title = "A request with one wrong bit in the SessionID is refused"
    faults = {"accepts-unknown-session": "V2G20-460", "unknown-session-wrong-code": "V2G20-460"}
    change = staticmethod(lambda good: good[:-1] + bytes([good[-1] ^ 1]))


class ForeignIdUnderPower(_ForeignId):
    """While energy flows, a request with a foreign id is refused as well."""

    id = "CHG-SES-LOOP-01"
    title = "A charge loop request with a foreign SessionID is refused"
    faults = {"accepts-unknown-session": "V2G20-460"}
    steps = (m.ChargeLoopReq,)
    change = staticmethod(lambda good: bytes(octet ^ 0xFF for octet in good))

    async def disturb(self, session: EvSession) -> None:
        """Charges for a moment before."""
        await session.charge(3)
        await super().disturb(session)


class UnknownIdAtSetup(ChargerCase):
    """An id that belongs to no paused session opens a new one, with another id: ids are used once.

    The car brings the id of a session that has ended, and an id that never was.
    """

    id = "CHG-SES-STALE-01"
    title = "SessionSetup: the id of no paused session opens a new one"
    area = "session"
    requirements = ("V2G20-2626", "V2G20-2627")
    faults = {"session-setup-joins-new": "V2G20-2626", "session-id-adopted": "V2G20-2627"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Ends a session, comes back with its id, and then with a random one."""
        async with bench.ev.session() as session:
            await session.reach(m.SessionSetupReq)
            await session.proceed()
            await session.ask(session.request(m.SessionStopReq))
            ended = session.header.SessionID
        for brought in (ended, bench.rng.randbytes(8)):
            await bench.ev.visit(session_id=brought)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_NewSessionEstablished with an id of its own."""
        brought = trace.exchanges(m.SessionSetupReq, where=lambda one: one.Header.SessionID != ZERO)
        for exchange in at_least(2, brought, trace):
            yield answered("V2G20-2626", exchange, NEW)
            yield fresh_id("V2G20-2627", exchange)


async def pause(bench: ChargerBench) -> bytes:
    """A session that charges for a moment and is paused; its id."""
    async with bench.ev.session() as session:
        await session.reach(m.ChargeLoopReq)
        await session.charge(3)
        session.end_with(m.ChargingSession.Pause)
        await session.run_to_end()
        return session.header.SessionID


def resumption(trace: Trace) -> Exchange[m.SessionSetupReq]:
    """The way back into the paused session.

    Raises:
        Inconclusive: There is no paused session to come back to.
    """
    stop = trace.exchange(m.SessionStopReq)
    if getattr(stop.answer, "ResponseCode", None) is not m.ResponseCode.OK:
        raise Inconclusive(f"the session was not paused: {describe(stop)}")
    return trace.exchange(m.SessionSetupReq, where=lambda one: one.Header.SessionID != ZERO)


class Resume(ChargerCase):
    """The car that has paused a session joins it again by its id, and goes on with charge parameter discovery."""

    id = "CHG-SES-RESUME-01"
    title = "SessionSetup: the same car joins its paused session"
    area = "session"
    requirements = ("H-RESUME", "V2G20-1032")
    pics = "pause and scheduled"
    faults = {
        "resume-forgets-session": "H-RESUME",
        "resume-changes-session-id": "H-RESUME",
        "resume-refuses-parameters": "V2G20-1032",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, and comes back."""
        paused = await pause(bench)
        async with bench.ev.session(session_id=paused) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_OldSessionJoined, the same id, and an answer to the parameters."""
        exchange = resumption(trace)
        yield answered("H-RESUME", exchange, JOINED)
        old = exchange.sent.Header.SessionID.hex().upper()
        given = own_id(exchange).hex().upper()
        yield holds("H-RESUME", given == old, expected=f"SessionID {old}", seen=given, at=exchange.at)
        yield answered("V2G20-1032", trace.exchange(m.ChargeParameterDiscoveryReq, nth=1), m.ResponseCode.OK)


class ResumedOrder(ChargerCase):
    """Authorization is kept with the session: in a joined session AuthorizationSetupReq is out of order."""

    id = "CHG-SES-RESUME-02"
    title = "SessionSetup: behind a joined session comes ChargeParameterDiscovery alone"
    area = "session"
    requirements = ("V2G20-1843",)
    pics = "pause and scheduled"
    faults = {"resume-accepts-authorization": "V2G20-1843"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, comes back, and begins with authorization."""
        paused = await pause(bench)
        async with bench.ev.session(session_id=paused) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.ask(session.request(m.AuthorizationSetupReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SequenceError."""
        joined = resumption(trace)
        if getattr(joined.answer, "ResponseCode", None) is not JOINED:
            raise Inconclusive(f"the session was not joined: {describe(joined)}")
        exchange = trace.exchange(m.AuthorizationSetupReq, nth=1)
        yield refused("V2G20-1843", exchange, m.ResponseCode.FAILED_SequenceError)


class OtherVehicle(ChargerCase):
    """A paused session is bound to the vehicle certificate: another car that knows the id gets a new session."""

    id = "CHG-SES-RESUME-03"
    title = "SessionSetup: another vehicle does not join a paused session"
    area = "session"
    requirements = ("V2G20-2545", "V2G20-2677", "V2G20-2626", "V2G20-2627")
    pics = "pause and scheduled and tls"
    faults = {"resume-joins-any-vehicle": "V2G20-2545"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, and comes back with the certificate of another vehicle."""
        paused = await pause(bench)
        await bench.ev.visit(session_id=paused, tls=TlsUse.OTHER_VEHICLE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_NewSessionEstablished with an id of its own."""
        exchange = resumption(trace)
        for requirement in ("V2G20-2545", "V2G20-2677", "V2G20-2626"):
            yield answered(requirement, exchange, NEW)
        yield fresh_id("V2G20-2627", exchange)


class OtherEvccid(ChargerCase):
    """The EVCCID tells cars apart as well, and without TLS it is all that does."""

    id = "CHG-SES-RESUME-04"
    title = "SessionSetup: another EVCCID does not join a paused session"
    area = "session"
    requirements = ("H-RESUME-EVCCID",)
    pics = "pause and scheduled"
    faults = {"resume-joins-any-vehicle": "H-RESUME-EVCCID"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses, and comes back under another EVCCID."""
        paused = await pause(bench)
        await bench.ev.visit(session_id=paused, evcc_id="WMIV0987654321ABCDEX")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_NewSessionEstablished with an id of its own."""
        exchange = resumption(trace)
        yield answered("H-RESUME-EVCCID", exchange, NEW)
        yield fresh_id("H-RESUME-EVCCID", exchange)
