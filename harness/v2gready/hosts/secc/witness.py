"""Where somebody may watch an SECC on the network: what passes, and how handshakes end. By default nobody does."""

from __future__ import annotations

from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsStream


class Witness:
    """Sees every connection of a SECC. This one looks at nothing and changes nothing."""

    linger: float = 5.0
    """Seconds that a closed connection may take to send what is unsent; then it is reset."""

    # The arguments are what an override may need; a neutral hook uses none of them.
    # ruff: noqa: ARG002

    def accepted(self, stream: ByteStream) -> ByteStream:
        """A car has connected; what is returned is spoken over instead."""
        return stream

    def refused(self, stream: ByteStream, reason: str, *, alert: str = "", by_car: bool = False) -> None:
        """There is no TLS session.

        Args:
            stream: What `accepted` returned.
            reason: Why.
            alert: The alert that the car sent, empty if it sent none.
            by_car: The car ended the handshake.
        """

    def secured(self, stream: ByteStream, session: TlsStream, curve: str) -> None:
        """There is a TLS session.

        Args:
            stream: What `accepted` returned.
            session: The session over it.
            curve: Name of the only group that was accepted.
        """

    def opened(self, stream: ByteStream, served: ByteStream) -> ByteStream:
        """V2GTP begins; what is returned is spoken over instead.

        Args:
            stream: What `accepted` returned.
            served: The same, or the TLS session over it.
        """
        return served
