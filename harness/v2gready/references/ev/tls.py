"""How the car makes TLS connections, and whose certificates it believes (reference 7.1)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from v2gready.protocols.iso15118.evcc import Contract, Provisioning
from v2gready.protocols.pki import Credential, Curve
from v2gready.protocols.pki.revocation import Status, status_of
from v2gready.references.ev.chain import ChainProblem, Revoked, problems
from v2gready.references.ev.seams import Hello, Seams, Shows, TlsProfile
from v2gready.transports import openssl
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure, TlsStream, TlsVersions, client_context


@dataclass(frozen=True, slots=True)
class EvDeviceCredentials:
    """What the car shows and trusts.

    Attributes:
        roots: V2G roots: trust anchors for the SECC's chain.
        vehicle: The vehicle certificate with its key.
        curve: Group of the key exchange.
        contracts: Contracts for Plug & Charge, the best first.
        provisioning: OEM provisioning credential and roots, to have contracts installed.
        price_signers: Certificates whose keys may sign price schedules.
        revoked: Where it asks whether a certificate is revoked; None where it cannot.
    """

    roots: Sequence[x509.Certificate]
    vehicle: Credential
    curve: Curve = Curve.P521
    contracts: Sequence[Contract] = ()
    provisioning: Provisioning | None = None
    price_signers: Sequence[x509.Certificate] = ()
    revoked: Revoked | None = None


@dataclass(frozen=True, slots=True)
class Secured:
    """A TLS connection that the car is content with."""

    stream: ByteStream
    certificate: bytes | None


class Refused(Exception):  # noqa: N818 - how a connection ended, often the expected way
    """There is no TLS connection."""


async def secure(stream: ByteStream, credentials: EvDeviceCredentials, seams: Seams, timeout: float) -> Secured:  # noqa: ASYNC109 - a part of the profile
    """The handshake, and the look at the chain.

    OpenSSL refuses within the handshake, by an alert, what it knows to be wrong; what it does not know is found behind
    it, and the connection closed before the first message.

    Raises:
        Refused: Either side refused; the stream is closed.
    """
    profile = seams.tls(TlsProfile())
    context = _context(credentials, profile)
    staples = openssl.stapled(context)
    seams.hello()
    try:
        async with asyncio.timeout(timeout):
            session = await TlsStream.connect(stream, context)
    except TlsFailure as failure:
        stream.close()
        raise Refused(str(failure)) from None
    except (TimeoutError, StreamReset) as problem:
        stream.abort()
        raise Refused(f"no end of the handshake: {type(problem).__name__}") from None
    found = problems(
        _chain(session),
        credentials.roots,
        datetime.now(UTC),
        _told(credentials.revoked, staples),
        profiled=credentials.curve is not Curve.P256,
    )
    if found - profile.ignored:
        session.close()
        raise Refused(f"the SECC's chain has {', '.join(sorted(one.value for one in found - profile.ignored))}")
    if not profile.allow_1_2 and session.version != "TLSv1.3":
        session.close()
        raise Refused(f"{session.version} where -20 wants TLS 1.3 [V2G20-1237]")
    seams.handshake(session.version, found)
    return Secured(session, session.peer_certificate_der)


def _told(asked: Revoked | None, staples: Sequence[bytes]) -> Revoked:
    """Whether a certificate is revoked by what is stapled to the session, or by what the car knows otherwise."""

    def told(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if asked is not None and asked(certificate, issuer):
            return True
        return status_of(certificate, issuer, datetime.now(UTC), responses=staples).status is Status.REVOKED

    return told


def _context(credentials: EvDeviceCredentials, profile: TlsProfile) -> ssl.SSLContext:
    context = client_context(
        # With the vehicle's own certificate for a root, which has issued nothing.
        [credentials.vehicle.certificate] if profile.rootless else credentials.roots,
        _shown(credentials, profile.shows),
        versions=TlsVersions.BOTH if profile.allow_1_2 else TlsVersions.ONLY_1_3,
        curve=credentials.curve,
    )
    _say_hello(context, credentials, profile.hello)
    if profile.ignored & _KNOWN_TO_OPENSSL:
        # OpenSSL cannot overlook one point alone; the walk in `chain` can.
        context.verify_mode = ssl.CERT_NONE
    return context


def _say_hello(context: ssl.SSLContext, credentials: EvDeviceCredentials, hello: Hello) -> None:
    """The ClientHello of ISO 15118-20, where this Python lets one make it (`transports.openssl`)."""
    openssl.offer_suites(context, hello.suites)
    openssl.offer_signatures(context, hello.signatures)
    if hello.groups:
        openssl.offer_groups(context, (_GROUPS[credentials.curve], *hello.groups))
    if hello.status_request:
        openssl.ask_for_status(context)
    if hello.authorities:
        openssl.name_authorities(context, [root.subject for root in credentials.roots])
    if hello.fragments:
        openssl.limit_fragments(context, hello.fragments)


_GROUPS = {Curve.P521: "P-521", Curve.P256: "P-256", Curve.ED448: "X448"}


def _shown(credentials: EvDeviceCredentials, shows: Shows) -> Credential | None:
    """What is shown; the vehicle certificate where the car has not got the other one."""
    match shows:
        case Shows.NONE:
            return None
        case Shows.CONTRACT if credentials.contracts:
            return credentials.contracts[0].credential
        case Shows.PROVISIONING if credentials.provisioning is not None:
            return credentials.provisioning.oem
        case _:
            return credentials.vehicle


_KNOWN_TO_OPENSSL = frozenset(ChainProblem) - {ChainProblem.REVOKED, ChainProblem.PROFILE}


def _chain(session: TlsStream) -> tuple[bytes, ...]:
    """The certificates as the SECC sent them, leaf first."""
    chain: Any = session.peer_chain_der
    return tuple(chain)
