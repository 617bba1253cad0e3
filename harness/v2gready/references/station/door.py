"""TLS towards the CSMS: what is shown, what is trusted, and which security event tells a failure (A00, A04)."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cryptography import x509

from v2gready.protocols.ocpp.pki import wildcards
from v2gready.protocols.pki import Credential
from v2gready.references.station.seams import Seams
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsFailure, TlsStream, backend_client_context

_NO_CHECK_TIME: Final = 0x20_0000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for."""
_VERSION: Final = ("protocol version", "unsupported protocol", "version too low", "wrong version")
_CIPHER: Final = ("handshake failure", "no shared cipher", "no ciphers", "no cipher", "insufficient security")


class DoorKnob(Enum):
    """What a fault may bend in TLS."""

    POLICY = "TLS policy"
    EVENT = "security event of a TLS failure"
    CERTIFICATE = "shows its certificate"


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What the station demands of the CSMS.

    Attributes:
        chain: A chain to a known root.
        name: The host name in the certificate.
        validity: A certificate that is valid now.
        wildcards: A wildcard will do.
        old_versions: TLS 1.1 will do.
        weak_suites: Any cipher suite will do.
    """

    chain: bool = True
    name: bool = True
    validity: bool = True
    wildcards: bool = False
    old_versions: bool = False
    weak_suites: bool = False


async def enter(
    stream: ByteStream,
    *,
    host: str,
    roots: tuple[x509.Certificate, ...],
    credential: Credential | None,
    policy: TlsPolicy,
    seams: Seams,
) -> TlsStream:
    """Opens TLS on a connection.

    Args:
        stream: The connection; closed on failure.
        host: Name that the certificate has to carry.
        roots: Trust anchors.
        credential: Certificate of the station, None below security profile 3.
        policy: What is demanded.
        seams: Where faults act.

    Raises:
        TlsFailure: No session.
        StreamReset: The CSMS reset the connection.
    """
    shown = credential if seams.value(DoorKnob.CERTIFICATE, True) else None
    bent = seams.value(DoorKnob.POLICY, policy)
    context = backend_client_context(roots, shown, check_name=bent.name, verify=bent.chain)
    if not bent.validity:
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    if bent.old_versions:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_1
    if bent.old_versions or bent.weak_suites:
        context.set_ciphers("ALL:@SECLEVEL=0")
    secured = await TlsStream.connect(stream, context, server_hostname=host)
    certificate = secured.peer_certificate_der
    if certificate is not None and not bent.wildcards and wildcards(x509.load_der_x509_certificate(certificate)):
        secured.close()
        raise TlsFailure("the peer's certificate was refused: it holds for more than one host", None)
    return secured


def security_event(failure: TlsFailure) -> str | None:
    """The security event for a failed session, None where none fits (A00)."""
    told = f"{failure.reason} {failure.alert or ''}".lower().replace("_", " ")
    if failure.by_peer and failure.alert is None:
        return None
    if "certificate was refused" in told:
        return "InvalidCsmsCertificate"
    if any(word in told for word in _VERSION):
        return "InvalidTLSVersion"
    if any(word in told for word in _CIPHER):
        return "InvalidTLSCipherSuite"
    return None
