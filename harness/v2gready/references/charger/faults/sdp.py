"""Faults of the SDP responder (reference 1.2; SDP-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import struct

from v2gready.protocols.iso15118.secc.config import SecurityPolicy
from v2gready.protocols.iso15118.secc.seams import Fault, Respond
from v2gready.protocols.iso15118.secc.turn import Check
from v2gready.protocols.sdp import SdpError, SdpRequest, Security
from v2gready.protocols.v2gtp import PayloadType, encode_frame
from v2gready.references.charger.faults.kinds import Ignores
from v2gready.references.charger.faults.registry import fault

_HEADER = struct.Struct(">BBHI")
_PAYLOAD = 8
_ADDRESS = slice(_PAYLOAD, _PAYLOAD + 16)
_PORT = slice(_PAYLOAD + 16, _PAYLOAD + 18)
_OUTSIDE_PORT = 15119


def _patched(reply: bytes | None, where: slice, octets: bytes) -> bytes | None:
    return None if reply is None else reply[: where.start] + octets + reply[where.stop :]


def _is_request(datagram: bytes) -> bool:
    """The payload type says SDP request, whatever else is wrong."""
    return len(datagram) >= _PAYLOAD and _HEADER.unpack_from(datagram)[2] == PayloadType.SDP_REQUEST


@fault("sdp-answers-bad-version", "Answers an SDP request whose V2GTP version or inverse version is wrong.")
class AnswersBadVersion(Fault):
    """SDP-S-3."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Looks at the payload alone."""
        if reply is None and _is_request(datagram):
            return respond(encode_frame(PayloadType.SDP_REQUEST, datagram[_PAYLOAD:]))
        return reply


@fault("sdp-answers-bad-length", "Answers an SDP request whose payload has the wrong length.")
class AnswersBadLength(Fault):
    """SDP-S-3."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Reads two octets and does not care for the length."""
        if reply is None and _is_request(datagram) and datagram[:2] == b"\x01\xfe":
            return respond(encode_frame(PayloadType.SDP_REQUEST, datagram[_PAYLOAD:].ljust(2, b"\x00")[:2]))
        return reply


@fault("sdp-answers-reserved-security", "Answers an SDP request with a reserved security value.")
class AnswersReservedSecurity(Fault):
    """SDP-S-3."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Takes everything that is not 0x10 for TLS."""
        if reply is None and _is_request(datagram):
            return respond(datagram[:_PAYLOAD] + bytes([Security.TLS]) + datagram[_PAYLOAD + 1 :])
        return reply


@fault("sdp-wrong-port-range", "Listens on a TCP port outside 49152..65535 and announces it.")
class WrongPortRange(Fault):
    """SDP-S-1."""

    def port(self, port: int) -> int:
        """A registered port instead of a dynamic one."""
        return _OUTSIDE_PORT


@fault("sdp-port-zero", "Announces TCP port 0.")
class PortZero(Fault):
    """SDP-S-1."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Forgets to fill in the port."""
        return _patched(reply, _PORT, b"\x00\x00")


@fault("sdp-unspecified-address", "Announces :: as its address.")
class UnspecifiedAddress(Fault):
    """SDP-S-1."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Announces the address that it is bound to."""
        return _patched(reply, _ADDRESS, bytes(16))


@fault("sdp-off-link-address", "Announces a global address instead of its link-local one.")
class OffLinkAddress(Fault):
    """SDP-S-1."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """2001:db8::1, the documentation prefix."""
        return _patched(reply, _ADDRESS, bytes.fromhex("20010db8000000000000000000000001"))


@fault("sdp-wrong-payload-type", "Answers with the payload type of the wireless SDP response.")
class WrongPayloadType(Fault):
    """SDP-S-1."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """0x9003 instead of 0x9001."""
        return None if reply is None else encode_frame(PayloadType.SDP_RESPONSE_WIRELESS, reply[_PAYLOAD:])


@fault("sdp-silent", "Never answers an SDP request.")
class Silent(Fault):
    """SDP-S-1."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Nobody home."""
        return None


@fault("sdp-answers-once", "Answers the first SDP request and no other.")
class AnswersOnce(Fault):
    """[V2G2-151]: every valid request is answered."""

    def __init__(self) -> None:
        super().__init__()
        self._answered = False

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Takes a car that asks again for a nuisance."""
        if self._answered:
            return None
        self._answered = reply is not None
        return reply


@fault("sdp-dies-on-malformed", "Stops answering after a malformed datagram.")
class DiesOnMalformed(Fault):
    """SDP-S-4."""

    def __init__(self) -> None:
        super().__init__()
        self._dead = False

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """The receiving loop ends with the first exception."""
        self._dead = self._dead or reply is None
        return None if self._dead else reply


@fault("sdp-downgrade", "Grants no TLS although TLS was asked for and is there.")
class Downgrade(Ignores):
    """[V2G2-626]. Needs a charger with TLS."""

    ignored = frozenset({Check.TLS_1_3})

    def security(self, policy: SecurityPolicy) -> SecurityPolicy:
        """Opens the plain port as well."""
        return SecurityPolicy.BOTH if policy is SecurityPolicy.TLS else policy

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Answers as if none had been asked for."""
        try:
            asked = SdpRequest.decode(datagram).security
        except SdpError:
            return reply
        return respond(SdpRequest(Security.NONE).encode()) if asked is Security.TLS else reply
