"""SessionSetup: a new session, its id, and an id that changes on the way."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

OTHER_ID = bytes.fromhex("0123456789ABCDEF")


class NewSession(EvCase):
    """A car that was never here asks for a new session, and speaks under the id that it is given."""

    id = "EV-SES-SETUP-01"
    title = "SessionSetup: id zero, and from then on the id of the response"
    area = "session"
    requirements = ("H-EV-SESSION-NEW", "H-EV-SESSION-ID")
    faults = {"session-id-made-up": "H-EV-SESSION-NEW", "session-id-not-adopted": "H-EV-SESSION-ID"}

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the choice of a service."""
        await bench.plug_in()
        await bench.charger.wait_for(m.ServiceDiscoveryReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first header, and those behind it."""
        setup = ev.asked(trace, m.SessionSetupReq)
        session_id = setup.request.Header.SessionID
        yield holds(
            "H-EV-SESSION-NEW", not any(session_id), expected="SessionID zero", seen=session_id.hex(), at=setup.at
        )
        given = ev.told(trace, m.SessionSetupRes)
        agreed = given.message.Header.SessionID
        behind = [one for one in ev.later(trace, given.frame) if isinstance(one.request, m.V2GRequest)]
        yield ev.every(
            "H-EV-SESSION-ID",
            behind,
            lambda one: one.request.Header.SessionID == agreed,
            expected=f"SessionID {agreed.hex()} in every header",
            seen=lambda one: one.request.Header.SessionID.hex(),
        )


class ChangedId(EvCase):
    """A response under another SessionID belongs to another session: somebody else's, or nobody's."""

    id = "EV-SES-CHANGED-01"
    title = "A response with another SessionID ends the session"
    area = "session"
    requirements = ("H-EV-SESSION-CHANGED",)
    faults = {"session-id-change-followed": "H-EV-SESSION-CHANGED"}

    async def stimulate(self, bench: EvBench) -> None:
        """Answers ServiceDiscovery under another id."""
        bench.charger.alter(m.ServiceDiscoveryRes, lambda response: wire.with_session(response, OTHER_ID))
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it, and the end."""
        changed = ev.told(trace, m.ServiceDiscoveryRes, where=lambda one: one.Header.SessionID == OTHER_ID)
        yield ev.nothing_but_stop("H-EV-SESSION-CHANGED", trace, changed.frame)
        yield ev.ends_session("H-EV-SESSION-CHANGED", trace, changed.frame)


class NextStep(EvCase):
    """Behind a new session comes AuthorizationSetup: a charger answers anything else by FAILED_SequenceError."""

    id = "EV-SES-SETUP-02"
    title = "SessionSetup, AuthorizationSetup and Authorization in this order, once each"
    area = "session"
    requirements = ("H-EV-ORDER",)
    faults = {"session-setup-repeated": "H-EV-ORDER", "auth-skips-setup": "H-EV-ORDER"}

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the services; whatever comes instead is answered."""
        await bench.plug_in()
        await bench.charger.wait_for(m.ServiceDiscoveryReq, within=20.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind each response; CertificateInstallation may come in between."""
        after = ev.told(trace, m.SessionSetupRes)
        yield ev.next_is("H-EV-ORDER", trace, after, m.AuthorizationSetupReq)
        if after.next is not None and isinstance(after.next.request, m.AuthorizationSetupReq):
            offered = ev.told(trace, m.AuthorizationSetupRes)
            yield ev.next_is(
                "H-EV-ORDER", trace, offered, m.AuthorizationReq, m.CertificateInstallationReq, m.SessionStopReq
            )


class ZeroId(EvCase):
    """Zero is no session: under it the charger refuses the next request, and a pause could never be resumed."""

    id = "EV-SES-ZERO-01"
    title = "SessionSetupRes with SessionID zero is no session"
    area = "session"
    requirements = ("H-EV-SESSION-ZERO",)
    faults = {"session-zero-id-accepted": "H-EV-SESSION-ZERO"}

    async def stimulate(self, bench: EvBench) -> None:
        """Gives no id."""
        bench.charger.alter(m.SessionSetupRes, lambda response: wire.with_session(response, bytes(8)))
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it."""
        given = ev.told(trace, m.SessionSetupRes, where=lambda one: not any(one.Header.SessionID))
        yield ev.nothing_but_stop("H-EV-SESSION-ZERO", trace, given.frame)


class JoinedUnasked(EvCase):
    """OK_OldSessionJoined leads to ChargeParameterDiscovery; a car that paused nothing has nothing to go on with."""

    id = "EV-SES-JOINED-01"
    title = "OK_OldSessionJoined to a car that asked for a new session: no authorization under it"
    area = "session"
    requirements = ("V2G20-1843",)
    faults = {"session-joins-unasked": "V2G20-1843"}

    async def stimulate(self, bench: EvBench) -> None:
        """Joins a session that never was."""
        bench.charger.fail(m.SessionSetupRes, m.ResponseCode.OK_OldSessionJoined)
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A farewell, the end, or the one request that is in order there."""
        zero = ev.asked(trace, m.SessionSetupReq, where=lambda one: not any(one.Header.SessionID))
        joined = ev.told(
            trace, m.SessionSetupRes, where=lambda one: one.ResponseCode is m.ResponseCode.OK_OldSessionJoined
        )
        if joined.frame.index < zero.frame.index:
            raise Inconclusive("the session was joined before the car asked for a new one")
        if joined.next is not None and isinstance(joined.next.request, m.ChargeParameterDiscoveryReq):
            yield holds("V2G20-1843", True, expected="the end", seen=ev.named(joined.next), at=joined.at)
        else:
            yield ev.nothing_but_stop("V2G20-1843", trace, joined.frame)


class SecondVisit(EvCase):
    """A session that was terminated is over: the next one begins at zero, at this charger or at another."""

    id = "EV-SES-AGAIN-01"
    title = "Behind a terminated session the next one begins with SessionID zero"
    area = "session"
    requirements = ("H-EV-SESSION-NEW",)
    hooks = ("plug_in", "unplug", "stop")
    faults = {"session-id-kept": "H-EV-SESSION-NEW"}

    async def stimulate(self, bench: EvBench) -> None:
        """One session in good order, and another."""
        await bench.plug_in()
        await bench.charger.wait_for(m.ServiceDiscoveryReq)
        await bench.finish()
        await bench.act("unplug")
        await bench.wait(2.0)
        mark = bench.charger.mark
        await bench.plug_in()
        await bench.charger.wait_for(m.SessionSetupReq, since=mark)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Header of the second SessionSetupReq."""
        stopped = ev.told(trace, m.SessionStopRes)
        if stopped.asked is None or not ev.terminates(stopped.asked.message):
            raise Inconclusive("the first session was not terminated")
        again = [one for one in ev.requests(trace, m.SessionSetupReq) if one.frame.index > stopped.frame.index]
        yield ev.every(
            "H-EV-SESSION-NEW",
            again,
            lambda one: not any(one.request.Header.SessionID),
            expected="SessionID zero",
            seen=lambda one: one.request.Header.SessionID.hex(),
        )
