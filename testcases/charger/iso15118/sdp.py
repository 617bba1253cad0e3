"""SECC discovery: how the charger answers cars that look for it (ISO 15118-2, clause 7.10.1, used by ISO 15118-20)."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Exchange,
    Observation,
    Trace,
    describe,
    holds,
    ignored,
    sdp,
)

AT_ONCE = 4
"""Requests that a charger at rest may miss: one second. The first search of a case gives it the whole 50, because it
may still be clearing away the session of the case before."""
DYNAMIC_PORTS = range(49152, 65536)


def answers(requirement: str, exchange: Exchange[sdp.SdpRequest]) -> Observation:
    """The request is answered by an SDP response."""
    answered = isinstance(exchange.answer, sdp.SdpResponse)
    return holds(requirement, answered, expected="an SDP response", seen=describe(exchange), at=exchange.at)


def announces(requirement: str, exchange: Exchange[sdp.SdpRequest], security: sdp.Security) -> Observation:
    """The answer, if there is one, announces that security."""
    answer = exchange.answer
    seen = answer.security.name if isinstance(answer, sdp.SdpResponse) else describe(exchange)
    good = seen in {security.name, "no answer"}
    return holds(requirement, good, expected=f"security {security.name}", seen=seen, at=exchange.at)


class TlsAnnounced(ChargerCase):
    """Asked for TLS, the charger announces TLS, at an address on the link and at a dynamic TCP port."""

    id = "CHG-SDP-TLS-01"
    title = "SDP: asked for TLS, the charger announces TLS"
    area = "sdp"
    requirements = ("V2G2-144", "V2G2-626", "H-SDP-ADDRESS", "H-SDP-PORT")
    pics = "tls"
    faults = {
        "sdp-silent": "V2G2-144",
        "sdp-wrong-payload-type": "V2G2-144",
        "sdp-downgrade": "V2G2-626",
        "sdp-off-link-address": "H-SDP-ADDRESS",
        "sdp-unspecified-address": "H-SDP-ADDRESS",
        "sdp-port-zero": "H-SDP-PORT",
        "sdp-wrong-port-range": "H-SDP-PORT",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Looks for the charger."""
        await bench.ev.discover(sdp.Security.TLS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads the answer, field by field."""
        exchange = trace.exchange(sdp.SdpRequest, nth=-1)
        yield answers("V2G2-144", exchange)
        yield announces("V2G2-626", exchange, sdp.Security.TLS)
        answer = exchange.answer
        if isinstance(answer, sdp.SdpResponse):
            # A rig on the loopback interface has no link-local address.
            on_link = answer.address.is_link_local or answer.address.is_loopback
            expected = "a link-local address"
            yield holds("H-SDP-ADDRESS", on_link, expected=expected, seen=answer.address, at=exchange.at)
            expected = f"a port from {DYNAMIC_PORTS[0]} to {DYNAMIC_PORTS[-1]}"
            dynamic = answer.port in DYNAMIC_PORTS
            yield holds("H-SDP-PORT", dynamic, expected=expected, seen=answer.port, at=exchange.at)


class PlainAsked(ChargerCase):
    """Asked for a connection without TLS, a charger that speaks ISO 15118-20 alone answers, and announces TLS."""

    id = "CHG-SDP-PLAIN-01"
    title = "SDP: asked for no security, the charger announces TLS all the same"
    area = "sdp"
    requirements = ("V2G2-144", "V2G20-1805")
    pics = "tls and not plain_tcp"
    faults = {"sdp-silent": "V2G2-144", "plain-tcp-for-20": "V2G20-1805"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Looks for a charger without TLS."""
        await bench.ev.discover(sdp.Security.NONE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Anything but an offer of plain TCP."""
        exchange = trace.exchange(sdp.SdpRequest, nth=-1)
        yield answers("V2G2-144", exchange)
        yield announces("V2G20-1805", exchange, sdp.Security.TLS)


class TlsAskedOfARig(ChargerCase):
    """Asked for TLS, a charger without TLS answers, and announces a connection without transport security."""

    id = "CHG-SDP-RIG-01"
    title = "SDP: asked for TLS, a charger without TLS says so"
    area = "sdp"
    requirements = ("V2G2-144", "V2G2-627")
    pics = "plain_tcp and not tls"
    faults = {"sdp-silent": "V2G2-144", "sdp-promises-tls": "V2G2-627"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Looks for a charger with TLS."""
        await bench.ev.discover(sdp.Security.TLS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The charger promises no more than it has."""
        exchange = trace.exchange(sdp.SdpRequest, nth=-1)
        yield answers("V2G2-144", exchange)
        yield announces("V2G2-627", exchange, sdp.Security.NONE)


class EveryRequestAnswered(ChargerCase):
    """Each valid request is answered, at the port it came from, however often a car has asked before."""

    id = "CHG-SDP-REPEAT-01"
    title = "SDP: every valid request is answered"
    area = "sdp"
    requirements = ("V2G2-144", "V2G2-151")
    faults = {"sdp-answers-once": "V2G2-144"}
    searches = 3

    async def stimulate(self, bench: ChargerBench) -> None:
        """Looks for the charger again and again, each time from another port."""
        await bench.ev.discover()
        for _ in range(self.searches - 1):
            await bench.ev.discover(attempts=AT_ONCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A search that was answered ends with its answer; one that was not ends with its last request."""
        found = list(trace.exchanges(sdp.SdpRequest))
        unanswered = [one for one in found if one.response is None]
        good = [one for one in found if isinstance(one.answer, sdp.SdpResponse)]
        for exchange in good if len(good) == self.searches else unanswered[-1:]:
            yield answers("V2G2-144", exchange)
            yield answers("V2G2-151", exchange)


class InvalidRequests(ChargerCase):
    """What is no SDP request is not answered: wrong version, payload type or length, a reserved security value.

    The next good request is answered all the same.
    """

    id = "CHG-SDP-INVALID-01"
    title = "SDP: invalid requests are not answered"
    area = "sdp"
    requirements = ("H-SDP-INVALID", "V2G2-144")
    faults = {
        "sdp-answers-bad-version": "H-SDP-INVALID",
        "sdp-answers-bad-length": "H-SDP-INVALID",
        "sdp-answers-reserved-security": "H-SDP-INVALID",
        "sdp-dies-on-malformed": "V2G2-144",
    }
    invalid = (
        "02FD 9000 00000002 0000",  # version 2
        "01FF 9000 00000002 0000",  # inverse version
        "01FE 9001 00000002 0000",  # the payload type of a response
        "01FE 9000 00000000",  # no payload
        "01FE 9000 00000001 00",  # one octet short
        "01FE 9000 00000003 000000",  # one octet too many
        "01FE 9000 00000010 0000",  # a length beyond the datagram
        "01FE 9000 00000002 0100",  # reserved security
    )

    async def stimulate(self, bench: ChargerBench) -> None:
        """Finds the charger at rest; sends one after the other, each with twice the time that a car waits."""
        await bench.ev.discover()
        for datagram in self.invalid:
            await bench.ev.send_sdp(bytes.fromhex(datagram), wait=2 * sdp.RETRY_INTERVAL)
        await bench.ev.discover(attempts=AT_ONCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Silence, and then an answer."""
        for exchange in trace.undecodable(sender=trace.tester):
            yield ignored("H-SDP-INVALID", trace, exchange)
        yield answers("V2G2-144", trace.exchange(sdp.SdpRequest, nth=-1))
