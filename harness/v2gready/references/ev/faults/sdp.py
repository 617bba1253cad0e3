"""Faults of the search by SDP (reference 1.2; SDP-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from typing import ClassVar

from v2gready.protocols.sdp import SdpRequest, SdpResponse, Security
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Died, Fault, Objection

_PAYLOAD = 8


@fault("sdp-retries-too-fast", "Repeats an SDP request after 100 ms.")
class RetriesTooFast(Fault):
    """[V2G2-159], SDP-E-1."""

    def sdp_wait(self, attempt: int, seconds: float) -> float:
        """A busy loop with a little sleep."""
        return 0.1


@fault("sdp-never-gives-up", "Sends SDP requests without end.")
class NeverGivesUp(Fault):
    """[V2G2-161], SDP-E-1."""

    def sdp_gives_up(self, attempt: int, enough: bool) -> bool:
        """Somebody will answer some day; 200 are as good as for ever."""
        return attempt >= 200


@fault("sdp-asks-once", "Sends one SDP request and gives up.")
class AsksOnce(Fault):
    """SDP-E-1: a datagram may be lost."""

    def sdp_gives_up(self, attempt: int, enough: bool) -> bool:
        """No second try."""
        return True


@fault("sdp-asks-without-tls", "Asks for a connection without TLS although it can do TLS.")
class AsksWithoutTls(Fault):
    """[V2G20-1237]."""

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """A debug switch that was left on."""
        return SdpRequest(Security.NONE).encode()


@fault("sdp-asks-for-udp", "Asks for the reserved transport UDP.")
class AsksForUdp(Fault):
    """Reference 1.2: 0x10 is reserved."""

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """The two octets of the payload are alike."""
        return datagram[: _PAYLOAD + 1] + b"\x10"


@fault("sdp-bad-header", "Sends SDP requests with a wrong version in the V2GTP header.")
class BadHeader(Fault):
    """Reference 1.1."""

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """Version 2, inverse 0xFD: consistent, and unknown."""
        return b"\x02\xfd" + datagram[2:]


@fault("sdp-wrong-length", "Sends an SDP request whose header announces more octets than follow.")
class WrongLength(Fault):
    """Reference 1.1."""

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """The length of the response."""
        return datagram[:4] + (20).to_bytes(4, "big") + datagram[_PAYLOAD:]


class _Follows(Fault):
    """Does not object to something."""

    objection: ClassVar[Objection]

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """One objection less."""
        return objections - {self.objection}


@fault("sdp-accepts-downgrade", "Follows an answer that grants no TLS although it asked for TLS.")
class AcceptsDowngrade(_Follows):
    """[V2G2-628], SDP-E-2."""

    objection = Objection.DOWNGRADE


@fault("sdp-accepts-off-link", "Follows an answer with an address that is not on the link.")
class AcceptsOffLink(_Follows):
    """SDP-E-2."""

    objection = Objection.OFF_LINK


@fault("sdp-accepts-multicast", "Follows an answer with a multicast address.")
class AcceptsMulticast(_Follows):
    """SDP-E-2."""

    objection = Objection.MULTICAST


@fault("sdp-accepts-unspecified", "Follows an answer with the address ::.")
class AcceptsUnspecified(_Follows):
    """SDP-E-2."""

    objection = Objection.UNSPECIFIED


@fault("sdp-accepts-port-zero", "Follows an answer with port 0.")
class AcceptsPortZero(Fault):
    """SDP-E-2."""

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """Port 0 is outside of the range as well."""
        return (
            objections - {Objection.PORT_ZERO, Objection.PORT_RANGE} if response and not response.port else objections
        )


@fault("sdp-accepts-any-port", "Follows an answer with a port outside of 49152..65535.")
class AcceptsAnyPort(_Follows):
    """Reference 1.2."""

    objection = Objection.PORT_RANGE


@fault("sdp-ends-at-bad-answer", "Gives the search up at the first answer that it must not follow.")
class EndsAtBadAnswer(Fault):
    """SDP-E-2: the good answer may still come."""

    def __init__(self) -> None:
        super().__init__()
        self._disgusted = False

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """Remembers."""
        self._disgusted = True
        return objections

    def sdp_gives_up(self, attempt: int, enough: bool) -> bool:
        """Trusts nobody any more."""
        return enough or self._disgusted


@fault("sdp-dies-of-garbage", "Dies of a datagram that is no SDP response.")
class DiesOfGarbage(Fault):
    """SDP-E-2: robustness."""

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """An index out of range."""
        if response is None:
            self.took_effect("a malformed datagram ended the controller")
            raise Died("died of a malformed SDP datagram")
        return objections


@fault("sdp-late-answer-ignored", "Takes an answer only to the request that it has just sent.")
class LateAnswerIgnored(Fault):
    """A socket for each request, closed with it."""

    def __init__(self) -> None:
        super().__init__()
        self._attempt = 0

    def sdp_request(self, datagram: bytes, attempt: int) -> bytes:
        """Remembers where it is."""
        self._attempt = attempt
        return datagram

    def sdp_objections(self, response: SdpResponse | None, objections: frozenset[Objection]) -> frozenset[Objection]:
        """Behind the first request nothing is in time: an SDP answer does not say what it answers."""
        return objections | {Objection.MALFORMED} if self._attempt > 1 else objections
