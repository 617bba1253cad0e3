"""Whether a certificate chain in a message leads to a trusted root, as a good device checks it (reference 4.5, 7.3).

What a device under test would do: signatures up to a root, periods of validity, revocation, CA flags and path lengths,
and key usage. It says one thing, the first that is wrong, because a response has one code. The checker that names
every point of a profile is `v2gready.protocols.pki.checker`.
"""

from __future__ import annotations

import enum
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID, NameOID

MAX_OCTETS: Final = 1600
"""Of one certificate, by the schema of -20."""
MAX_SUB_CAS: Final = 3
_KNOWN: Final = frozenset(
    {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}
    | {ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER}
    | {ExtensionOID.AUTHORITY_INFORMATION_ACCESS, ExtensionOID.CRL_DISTRIBUTION_POINTS}
)
"""Extensions that may be critical: this check knows them."""
_CURVES: Final = ("secp521r1",)
_LENIENT_CURVES: Final = ("secp521r1", "secp256r1")


class Trouble(enum.Enum):
    """What is wrong with a chain; the codes of AuthorizationRes are made of it."""

    UNREADABLE = "a certificate that cannot be read"
    KEY = "a key that ISO 15118-20 has not"
    ORDER = "a certificate that is not issued by the next one"
    UNTRUSTED = "no trusted root"
    SIGNATURE = "a signature that does not hold"
    AUTHORITY = "an issuer that is no CA, or whose path length is exceeded"
    USAGE = "a leaf that is not made for this"
    EXPIRED = "a certificate that has expired"
    NOT_YET_VALID = "a certificate that is not valid yet"
    EXTENSION = "a critical extension that nobody knows"
    REVOKED = "a revoked certificate"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong with a chain.

    Attributes:
        trouble: Its kind.
        index: Which certificate; the leaf is 0.
        words: What was seen.
    """

    trouble: Trouble
    index: int
    words: str = ""


def load(der: bytes) -> x509.Certificate | None:
    """A certificate of a peer with what everybody looks at in it, None if it cannot be read."""
    try:
        with warnings.catch_warnings():
            # What cryptography still reads and RFC 5280 forbids, such as a negative serial number.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            found = x509.load_der_x509_certificate(der)
        # cryptography parses lazily: whatever raises, raises here.
        found.public_key()
        _ = found.extensions, found.subject, found.issuer, found.not_valid_after_utc, found.signature_algorithm_oid
        _ = found.signature_hash_algorithm
    except (
        *(ValueError, TypeError, UnsupportedAlgorithm, CryptographyDeprecationWarning),
        *(x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
    ):
        return None
    return found


def common_name(certificate: x509.Certificate) -> str:
    """EMAID of a contract certificate, PCID of a provisioning certificate; empty if there is none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    value = found[0].value if found else ""
    return value if isinstance(value, str) else ""


def check(
    chain: Sequence[bytes],
    roots: Sequence[x509.Certificate],
    utc: int,
    *,
    revoked: Collection[int] = (),
    lenient: bool = False,
) -> Finding | None:
    """The first thing that is wrong with a chain, None for a good one.

    Time comes last: a certificate that nobody trusts has not "expired".

    Args:
        chain: DER, leaf first, without the root.
        roots: Trust anchors.
        utc: Unix time.
        revoked: Serial numbers that are revoked.
        lenient: Keys on secp256r1 pass as well.
    """
    certificates: list[x509.Certificate] = []
    for index, der in enumerate(chain):
        one = load(der)
        if one is None:
            return Finding(Trouble.UNREADABLE, index)
        certificates.append(one)
    if not certificates or len(certificates) > MAX_SUB_CAS + 1:
        return Finding(Trouble.ORDER, 0, f"{len(certificates)} certificates")
    return (
        _keys(certificates, _LENIENT_CURVES if lenient else _CURVES)
        or _extensions(certificates)
        or _path(certificates, roots)
        or _usage(certificates[0])
        or _revoked(certificates, revoked)
        or _time(certificates, datetime.fromtimestamp(utc, UTC))
    )


def expires_at(der: bytes) -> int:
    """Unix time at which a certificate ends; 0 if it cannot be read."""
    certificate = load(der)
    return 0 if certificate is None else int(certificate.not_valid_after_utc.timestamp())


def _keys(certificates: Sequence[x509.Certificate], curves: Sequence[str]) -> Finding | None:
    for index, one in enumerate(certificates):
        key = one.public_key()
        good = isinstance(key, ed448.Ed448PublicKey) or (
            isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in curves and _is_named(key, one)
        )
        if not good:
            return Finding(Trouble.KEY, index, type(key).__name__)
    return None


def _is_named(key: ec.EllipticCurvePublicKey, certificate: x509.Certificate) -> bool:
    """Whether the curve stands there by its name, not by its parameters (RFC 5480 2.1.1)."""
    usual = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return usual in certificate.public_bytes(Encoding.DER)


def _extensions(certificates: Sequence[x509.Certificate]) -> Finding | None:
    for index, one in enumerate(certificates):
        for extension in one.extensions:
            if extension.critical and extension.oid not in _KNOWN:
                return Finding(Trouble.EXTENSION, index, extension.oid.dotted_string)
    return None


def _path(certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> Finding | None:
    for index, (below, above) in enumerate(pairwise(certificates)):
        if below.issuer != above.subject:
            return Finding(Trouble.ORDER, index, below.issuer.rfc4514_string())
        if not _issued(below, above):
            return Finding(Trouble.SIGNATURE, index)
        if not _may_issue(above, below_it=index):
            return Finding(Trouble.AUTHORITY, index + 1)
    last = len(certificates) - 1
    named = [root for root in roots if root.subject == certificates[last].issuer]
    if not named:
        return Finding(Trouble.UNTRUSTED, last, certificates[last].issuer.rfc4514_string())
    trusted = [root for root in named if _issued(certificates[last], root)]
    if not trusted:
        return Finding(Trouble.SIGNATURE, last, "a root of that name did not issue it")
    if not any(_may_issue(root, below_it=last) for root in trusted):
        return Finding(Trouble.AUTHORITY, last + 1)
    return None


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _may_issue(certificate: x509.Certificate, *, below_it: int) -> bool:
    """Whether it is a CA, with so many sub-CAs between it and the leaf."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return False
    length = found.value.path_length
    critical = found.critical and usage.critical
    return critical and found.value.ca and usage.value.key_cert_sign and (length is None or length >= below_it)


def _usage(leaf: x509.Certificate) -> Finding | None:
    """A leaf signs and is no CA; both extensions are critical (reference 7.3)."""
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound as missing:
        return Finding(Trouble.USAGE, 0, str(missing))
    if constraints.value.ca or not usage.value.digital_signature:
        return Finding(Trouble.USAGE, 0)
    if not (constraints.critical and usage.critical):
        return Finding(Trouble.USAGE, 0, "basic constraints or key usage is not critical")
    return None


def _revoked(certificates: Sequence[x509.Certificate], revoked: Collection[int]) -> Finding | None:
    found = (index for index, one in enumerate(certificates) if one.serial_number in revoked)
    index = next(found, None)
    return None if index is None else Finding(Trouble.REVOKED, index)


def _time(certificates: Sequence[x509.Certificate], at: datetime) -> Finding | None:
    for index, one in enumerate(certificates):
        if at > one.not_valid_after_utc:
            return Finding(Trouble.EXPIRED, index, one.not_valid_after_utc.isoformat())
        if at < one.not_valid_before_utc:
            return Finding(Trouble.NOT_YET_VALID, index, one.not_valid_before_utc.isoformat())
    return None
