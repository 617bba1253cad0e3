"""What the car checks in the chain of an SECC, point by point, so that a fault can overlook one point alone.

The faultless car lets OpenSSL refuse in the handshake, with an alert, and looks here for what OpenSSL does not know:
a leaf without serverAuth, revocation, the keys of Annex B. A faulty car has this walk alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from v2gready.protocols.pki import Role
from v2gready.protocols.pki.checker import Point, broken, check

E = TypeVar("E", bound=x509.ExtensionType)

Revoked = Callable[[x509.Certificate, x509.Certificate], bool]
"""Whether a certificate is revoked, given it and its issuer: an OCSP responder or a CRL behind a function."""

_KNOWN_EXTENSIONS = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
    x509.AuthorityInformationAccess,
    x509.CRLDistributionPoints,
    x509.CertificatePolicies,
    x509.SubjectAlternativeName,
    x509.NameConstraints,
)


class ChainProblem(Enum):
    """What may be wrong with a chain."""

    UNREADABLE = "a certificate that cannot be read"
    UNTRUSTED = "no trusted root at its end"
    SIGNATURE = "a signature that does not verify"
    EXPIRED = "an expired certificate"
    NOT_YET_VALID = "a certificate that is not yet valid"
    PURPOSE = "a leaf that is not made for serverAuth"
    NOT_A_CA = "an issuer that is no certificate authority"
    PATH_LENGTH = "a path longer than allowed"
    KEY_USAGE = "a key used for what it is not made for"
    CRITICAL = "an unknown critical extension"
    REVOKED = "a revoked certificate"
    PROFILE = "a certificate that is not made as its profile says"
    """Annex B, where no other problem says it: curve, algorithm, name, extensions, size, order, encoding."""


_SAID_OTHERWISE = frozenset(
    {
        Point.READABLE,
        Point.TRUST,
        Point.SIGNATURE,
        Point.VALIDITY,
        Point.EXTENDED_KEY_USAGE,
        Point.CRITICAL_EXTENSIONS,
        Point.REVOCATION,
    }
)
_OF_AUTHORITIES = frozenset(
    {Point.BASIC_CONSTRAINTS, Point.PATH_LENGTH, Point.KEY_USAGE, Point.DOMAIN_COMPONENT, Point.ISSUED_BY_SUB_CA}
)
_ABOUT_AUTHORITIES = frozenset({ChainProblem.NOT_A_CA, ChainProblem.PATH_LENGTH, ChainProblem.KEY_USAGE})


def problems(
    chain: Sequence[bytes],
    roots: Sequence[x509.Certificate],
    at: datetime,
    revoked: Revoked | None = None,
    *,
    profiled: bool = True,
) -> frozenset[ChainProblem]:
    """Everything that is wrong with a chain.

    Args:
        chain: DER, leaf first, as the SECC sent it.
        roots: Trust anchors.
        at: The time.
        revoked: Where to ask about revocation; None where the car has no way to.
        profiled: Whether the certificates have to be made as ISO 15118-20 has them; a rig with P-256 has others.
    """
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        found = frozenset(_walk(certificates, roots, at, revoked))
    except (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType):
        return frozenset({ChainProblem.UNREADABLE})
    return found | _off_profile(chain, roots, at, found) if profiled and certificates else found


def _off_profile(
    chain: Sequence[bytes], roots: Sequence[x509.Certificate], at: datetime, found: frozenset[ChainProblem]
) -> frozenset[ChainProblem]:
    """What no other problem says, so that each fault overlooks its own point and no other."""
    said = _SAID_OTHERWISE | (_OF_AUTHORITIES if found & _ABOUT_AUTHORITIES else frozenset())
    anchors = [root.public_bytes(Encoding.DER) for root in roots]
    failed = {one.point for one in broken(check(chain, Role.SECC, roots=anchors, at=at))}
    return frozenset({ChainProblem.PROFILE}) if failed - said else frozenset()


def _walk(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime, revoked: Revoked | None
) -> Iterator[ChainProblem]:
    if not chain:
        yield ChainProblem.UNREADABLE
        return
    yield from _leaf(chain[0])
    subject, rest, below = chain[0], list(chain[1:]), 0
    while True:
        yield from _dates(subject, at)
        yield from _critical(subject)
        anchor = next((root for root in roots if root.subject == subject.issuer), None)
        issuer = anchor or next((one for one in rest if one.subject == subject.issuer and one != subject), None)
        if issuer is None:
            yield ChainProblem.UNTRUSTED
            return
        genuine = _signed_by(subject, issuer)
        if not genuine:
            # Another root of the same name is no other case than a root that nobody knows.
            yield ChainProblem.SIGNATURE if anchor is None else ChainProblem.UNTRUSTED
        yield from _authority(issuer, below)
        if revoked is not None and genuine and revoked(subject, issuer):
            yield ChainProblem.REVOKED
        if anchor is not None:
            yield from _dates(anchor, at)
            return
        rest.remove(issuer)
        subject, below = issuer, below + 1


def _leaf(leaf: x509.Certificate) -> Iterator[ChainProblem]:
    purpose = _extension(leaf, x509.ExtendedKeyUsage)
    if purpose is None or ExtendedKeyUsageOID.SERVER_AUTH not in purpose:
        yield ChainProblem.PURPOSE
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.key_agreement):
        yield ChainProblem.KEY_USAGE


def _dates(certificate: x509.Certificate, at: datetime) -> Iterator[ChainProblem]:
    if at > certificate.not_valid_after_utc:
        yield ChainProblem.EXPIRED
    if at < certificate.not_valid_before_utc:
        yield ChainProblem.NOT_YET_VALID


def _critical(certificate: x509.Certificate) -> Iterator[ChainProblem]:
    if any(one.critical and not isinstance(one.value, _KNOWN_EXTENSIONS) for one in certificate.extensions):
        yield ChainProblem.CRITICAL


def _authority(issuer: x509.Certificate, below: int) -> Iterator[ChainProblem]:
    """The issuer may issue, and with so many authorities below it."""
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        yield ChainProblem.NOT_A_CA
    elif constraints.path_length is not None and below > constraints.path_length:
        yield ChainProblem.PATH_LENGTH
    usage = _extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield ChainProblem.KEY_USAGE


def _signed_by(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
