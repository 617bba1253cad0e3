"""The SDP responder of the charger (reference 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address

from v2gready.protocols.iso15118.secc.config import SecurityPolicy
from v2gready.protocols.iso15118.secc.seams import Seams
from v2gready.protocols.sdp import SdpError, SdpRequest, SdpResponse, Security
from v2gready.transports.network import Datagrams
from v2gready.transports.stream import TransportClosed


class Discovery:
    """Answers every valid request from the port on which it came [V2G2-144], [V2G2-151], and nothing else.

    Args:
        datagrams: The SDP port.
        address: Address of the SECC.
        ports: TCP port by security.
        policy: What is granted.
        seams: Faults of the charger.
    """

    def __init__(
        self,
        datagrams: Datagrams,
        address: IPv6Address,
        ports: Mapping[Security, int],
        policy: SecurityPolicy,
        seams: Seams,
    ) -> None:
        self._datagrams = datagrams
        self._address = address
        self._ports = ports
        self._policy = policy
        self._seams = seams

    async def serve(self) -> None:
        """Answers until the port is closed."""
        while True:
            try:
                datagram, sender = await self._datagrams.receive()
            except TransportClosed:
                return
            reply = self._seams.sdp(datagram, self._answer)
            if reply is not None:
                self._datagrams.send(reply, sender)

    def _answer(self, datagram: bytes) -> bytes | None:
        """The response; None for what is no valid request: silence is the only answer to that."""
        try:
            request = SdpRequest.decode(datagram)
        except SdpError:
            return None
        security = granted(self._policy, request.security)
        return SdpResponse(self._address, self._ports[security], security).encode()


def granted(policy: SecurityPolicy, asked: Security) -> Security:
    """The security that a car gets which asked for some [V2G2-626], [V2G2-627]."""
    match policy:
        case SecurityPolicy.TLS:
            return Security.TLS
        case SecurityPolicy.NONE:
            return Security.NONE
        case SecurityPolicy.BOTH:
            return asked
