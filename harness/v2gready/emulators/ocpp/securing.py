"""TLS under an OCPP connection, with what it came to on the timeline."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from cryptography import x509

from v2gready.emulators.ocpp.wire import Surroundings
from v2gready.emulators.reach import Unreached
from v2gready.model.trace import EventKind
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure, TlsStream

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds for the TLS handshake, of either side."""


async def secure(
    stream: ByteStream, context: ssl.SSLContext, link: str, around: Surroundings, *, server_name: str | None = None
) -> TlsStream:
    """Opens a TLS session over a fresh connection and records how that ended.

    Args:
        stream: The connection; closed if there is no session.
        context: Of a client or of a server; that decides which of them we are.
        link: Name of the connection in the trace.
        around: Recorder and roles.
        server_name: As a client: the name that is asked for, and checked if the context does so.

    Raises:
        Unreached: There is no session; the trace says who refused and why.
    """
    try:
        async with asyncio.timeout(HANDSHAKE_TIMEOUT):
            if context.protocol is ssl.PROTOCOL_TLS_SERVER:
                secured = await TlsStream.accept(stream, context)
            else:
                secured = await TlsStream.connect(stream, context, server_hostname=server_name)
    except TlsFailure as failure:
        stream.close()
        source = around.peer if failure.by_peer else around.own
        failed(link, around, source, failure)
        raise Unreached(f"no TLS session: {failure.reason}") from None
    except (TimeoutError, StreamReset) as problem:
        stream.abort()
        reason = "no end of the handshake" if isinstance(problem, TimeoutError) else "reset in the handshake"
        around.recorder.event(EventKind.TLS_FAILED, around.peer, link=link, reason=reason, alert="")
        raise Unreached(f"no TLS session: {reason}") from None
    around.recorder.event(
        EventKind.TLS_ESTABLISHED,
        around.own,
        link=link,
        version=secured.version,
        cipher=secured.cipher,
        detail=_peer(secured.peer_certificate_der),
    )
    return secured


def failed(link: str, around: Surroundings, source: str, failure: TlsFailure) -> None:
    """Records a session that failed."""
    around.recorder.event(EventKind.TLS_FAILED, source, link=link, reason=failure.reason, alert=failure.alert or "")


def _peer(der: bytes | None) -> dict[str, str]:
    if der is None:
        return {}
    certificate = x509.load_der_x509_certificate(der)
    return {"peer_subject": certificate.subject.rfc4514_string(), "peer_issuer": certificate.issuer.rfc4514_string()}
