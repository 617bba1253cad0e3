"""WebSocket towards a CSMS: subprotocols, identities, second connections, compression, pings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final
from urllib.parse import quote

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Edition,
    EventKind,
    Handshake,
    Inconclusive,
    Observation,
    Trace,
    answered,
    calls,
    complete,
    connection_ends,
    ended,
    every,
    goes_on,
    handshake_refused,
    handshakes,
    holds,
    ordinary,
    sent,
    serve_again,
    subprotocol_is,
    watched_until,
)
from v2gready.authoring.ocpp.backend import accepted_boot

AT_ONCE = 5.0
"""Seconds for the end of a connection without subprotocol; the standard says "immediately" and gives no figure."""
LONGEST: Final = 48
"""Characters of an identity at most."""


class NewestEdition(CsmsCase):
    """A station offers 2.1 and 2.0.1, in this order, and once with something unknown before them."""

    id = "CSMS-OCPP-CONN-01"
    title = "Of [ocpp2.1, ocpp2.0.1] ocpp2.1 is selected"
    area = "connection"
    requirements = ("OCPP-J-SUBPROTOCOL",)
    faults = {"prefers-older-edition": "OCPP-J-SUBPROTOCOL"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Connects with three offers."""
        for offer in (["ocpp2.1", "ocpp2.0.1"], ["ocpp2.1"], ["ocpp9.9", "ocpp2.1", "ocpp2.0.1"]):
            await bench.station.attempt(editions=offer, linger=0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads the selection."""
        if len(handshakes(trace)) < 3:
            raise Inconclusive("the offers were not made")
        requirement = "OCPP-J-SUBPROTOCOL"
        yield every(
            requirement, (subprotocol_is(requirement, one, "ocpp2.1") for one in handshakes(trace)), what="offers"
        )


class NoCommonEdition(CsmsCase):
    """A station that speaks nothing the CSMS knows. The handshake is finished without a subprotocol, then closed.

    That tells the station why. Whoever picks something for it starts a conversation that neither understands; whoever
    refuses with an HTTP status looks like a server that is broken, and is called again and again.
    """

    id = "CSMS-OCPP-CONN-02"
    title = "Without common subprotocol the handshake ends without one, and the connection is closed at once"
    area = "connection"
    requirements = ("OCPP-J-SUBPROTOCOL-NONE",)
    faults = {
        "no-subprotocol-picks-first": "OCPP-J-SUBPROTOCOL-NONE",
        "no-subprotocol-refused": "OCPP-J-SUBPROTOCOL-NONE",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Offers editions that nobody has, and once nothing."""
        for offer in (["ocpp9.9", "ocpp7"], ["OCPP2.1"], []):
            await bench.station.attempt(editions=offer, linger=2 * AT_ONCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Without any offer a refusal is right, too: the text speaks of an offer that does not fit."""
        offered = [one for one in handshakes(trace) if one.offered]
        if not offered:
            raise Inconclusive("the offers were not made")
        for one in handshakes(trace):
            if not one.offered and one.status != 101:
                requirement = "OCPP-J-SUBPROTOCOL-NONE"
                yield handshake_refused(requirement, trace, one, why="no subprotocol was offered")
                continue
            yield subprotocol_is("OCPP-J-SUBPROTOCOL-NONE", one, "")
            if one.status == 101 and not one.selected and one.response is not None:
                yield connection_ends("OCPP-J-SUBPROTOCOL-NONE", trace, one.response, within=AT_ONCE)
        complete(handshakes(trace), 3, "offers")


class OddIdentity(CsmsCase):
    """Identities that are allowed and look unusual: one with a character that a URL has to encode, one of 48.

    Attributes:
        parameter: Of the DUT file, with an identity that the CSMS knows.
        oddity: What is unusual about it.
    """

    area = "connection"
    requirements = ("OCPP-J-URL",)
    parameter: ClassVar[str]
    oddity: ClassVar[str]

    async def stimulate(self, bench: CsmsBench) -> None:
        """Connects under that identity; without such a one there is nothing to be seen."""
        identity = bench.text(self.parameter, "")
        if identity:
            async with bench.station.connect(identity=identity) as csms:
                await csms.boot()
                await csms.heartbeat()

    def odd(self, identity: str) -> bool:
        """Whether an identity is one of those that the case is about."""
        raise NotImplementedError

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """It gets in, and is served as the station that the CSMS knows."""
        declared = str(trace.declared.get(self.parameter) or "")
        if not declared:
            raise Inconclusive(f"the DUT file has no {self.parameter}")
        if not self.odd(declared):
            raise Inconclusive(f"{self.parameter} of the DUT file, {declared}, has no {self.oddity}")
        found = handshakes(trace)
        if not found or found[0].request.detail.get("identity") != declared:
            raise Inconclusive(f"nobody connected as {declared}")
        yield holds(
            "OCPP-J-URL",
            found[0].status == 101,
            expected=f"HTTP 101 for {found[0].request.detail['path']}",
            seen=f"HTTP {found[0].status}",
            at=found[0].at,
        )
        yield answered("OCPP-J-URL", sent(trace, "BootNotification"))
        accepted_boot(trace)
        yield answered("OCPP-J-URL", sent(trace, "Heartbeat"))


class EncodedIdentity(OddIdentity):
    """An identity with a character that stands percent-encoded in the URL: ``RDAM|123`` comes as ``RDAM%7C123``."""

    id = "CSMS-OCPP-CONN-03"
    title = "A percent-encoded identity is decoded"
    parameter = "ocpp_identity_encoded"
    oddity = "character that a URL encodes"
    faults = {"identity-not-decoded": "OCPP-J-URL"}

    def odd(self, identity: str) -> bool:
        """It has a character that a URL encodes."""
        return quote(identity, safe="") != identity


class LongestIdentity(OddIdentity):
    """An identity of 48 characters, which is allowed; one with 49 and one with a colon are not, and get no service."""

    id = "CSMS-OCPP-CONN-04"
    title = "An identity of 48 characters is served, one of 49 or with a colon is not"
    parameter = "ocpp_identity_longest"
    oddity = f"{LONGEST} characters"
    faults = {"identity-cut-at-32": "OCPP-J-URL"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Behind the longest one, some that are none."""
        await super().stimulate(bench)
        longest = bench.text(self.parameter, "")
        for identity in (f"{longest}X", f"{bench.identity}:1") if self.odd(longest) else ():
            await bench.station.attempt(identity=identity, linger=0.5)

    def odd(self, identity: str) -> bool:
        """It has the length that is allowed at most."""
        return len(identity) == LONGEST

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The others are refused, in whatever way."""
        yield from super().judge(trace)
        for one in handshakes(trace)[1:]:
            identity = str(one.request.detail["identity"])
            if len(identity) > LONGEST or ":" in identity:
                yield handshake_refused("OCPP-J-URL", trace, one, why=f"{identity} is no identity")
        complete(handshakes(trace), 3, "handshakes")


class SecondConnection(CsmsCase):
    """A station has lost its connection and comes back before the CSMS has noticed. The new connection is the live one.

    Refused, or let in and left without answers: either way it is offline until somebody's timer runs out.
    """

    id = "CSMS-OCPP-CONN-05"
    title = "A second connection of a station is served at once"
    area = "connection"
    requirements = ("OCPP-J-SECOND-CONNECTION",)
    faults = {
        "second-connection-refused": "OCPP-J-SECOND-CONNECTION",
        "second-connection-unserved": "OCPP-J-SECOND-CONNECTION",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Leaves the first connection open and silent, and opens another one."""
        first = await bench.station.open()
        await first.boot()
        async with bench.station.connect() as second:
            await second.boot()
            await second.heartbeat()
            await second.call("Authorize", ordinary("Authorize", bench.stamp()))
            await second.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second one gets in and gets its answers."""
        boot = sent(trace, "BootNotification")
        found = [one for one in handshakes(trace) if one.request.index > boot.request.index]
        accepted_boot(trace)
        if not found:
            raise Inconclusive("there was no second connection")
        requirement = "OCPP-J-SECOND-CONNECTION"
        yield subprotocol_is(requirement, found[0], *found[0].offered)
        second = calls(trace, sender=trace.tester, link=found[0].link)
        if second:
            yield every(requirement, (answered(requirement, one) for one in second), what="CALLs on the new connection")
        complete(second, 3, "CALLs on the new connection")


class Compression(CsmsCase):
    """permessage-deflate: stations on mobile networks pay by the byte. The CSMS has to take it."""

    id = "CSMS-OCPP-CONN-06"
    title = "permessage-deflate is agreed on, and messages are understood with it"
    area = "connection"
    pics = "ocpp_compression"
    requirements = ("OCPP-J-COMPRESSION",)
    faults = {"compression-refused": "OCPP-J-COMPRESSION"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Offers it, and sends something small and something with much to compress."""
        async with bench.station.connect(compression=True) as csms:
            await csms.boot()
            event = ordinary("NotifyEvent", bench.stamp())
            event["eventData"][0]["techInfo"] = "again " * 80
            await csms.call("NotifyEvent", event)
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads the answer to the handshake, and the answers behind it."""
        asked = _first(trace, compression=True)
        told = asked.response
        yield holds(
            "OCPP-J-COMPRESSION",
            told is not None and told.detail.get("compression") is True,
            expected="permessage-deflate in the answer to the handshake",
            seen="agreed"
            if told is not None and told.detail.get("compression")
            else f"HTTP {asked.status}, not agreed",
            at=asked.at,
        )
        yield answered("OCPP-J-COMPRESSION", sent(trace, "NotifyEvent"))


def _first(trace: Trace, **facts: object) -> Handshake:
    """The first handshake whose request has these facts."""
    for one in handshakes(trace):
        if all(one.request.detail.get(name) == value for name, value in facts.items()):
            return one
    raise Inconclusive(f"there was no handshake with {facts}")


class Pong(CsmsCase):
    """A Ping of the station: it is how it finds out whether anybody is there. Without Pong it hangs up.

    A flood of them may be too much for a CSMS. Then it closes with a code that says so, and the station gets in again.
    """

    id = "CSMS-OCPP-CONN-07"
    title = "A Ping is answered by a Pong, also many of them"
    area = "connection"
    requirements = ("OCPP-J-PONG",)
    faults = {"ping-unanswered": "OCPP-J-PONG", "ping-flood-resets": "OCPP-J-PONG"}
    flood = 100

    async def stimulate(self, bench: CsmsBench) -> None:
        """Pings, waits, pings a hundred times, asks for the time."""
        async with bench.station.connect(editions=[Edition.V21]) as csms:
            await csms.boot()
            csms.ping(b"there?")
            await csms.pong(within=30)
            if csms.is_open:
                for _ in range(self.flood):
                    csms.ping()
            await serve_again(bench, csms)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A Pong within half a minute; behind the flood an answer, if need be on a new connection after a Close."""
        pings = list(trace.events(EventKind.PING, source=trace.tester))
        pongs = list(trace.events(EventKind.PONG, source=trace.dut))
        if not pings:
            raise Inconclusive("no Ping was sent")
        first = pings[0]
        inside = [one for one in pongs if one.index > first.index and one.t - first.t <= 30]
        if not inside and watched_until(trace, first.link) - first.t < 30:
            raise Inconclusive("the Pong was not awaited")
        yield holds(
            "OCPP-J-PONG",
            bool(inside),
            expected="a Pong within 30 s",
            seen=f"after {inside[0].t - first.t:.3f} s" if inside else "none",
            at=(first.index, *(one.index for one in inside[:1])),
        )
        if len(pings) <= self.flood:
            raise Inconclusive(f"{len(pings)} Pings were sent, and {self.flood + 1} are a flood")
        gone = ended(trace, first.link, after=pings[1])
        if gone is not None:
            yield holds(
                "OCPP-J-PONG",
                gone.kind == EventKind.WS_CLOSE,
                expected="the flood is answered, or ended by a Close with a code",
                seen=f"{gone.kind} {gone.detail.get('code', gone.detail.get('how', ''))}",
                at=(pings[1].index, gone.index),
            )
        yield goes_on("OCPP-J-PONG", trace, pings[-1])
