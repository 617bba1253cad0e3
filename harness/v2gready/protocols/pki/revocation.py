"""Revocation: CRLs and OCSP responses, made and read. Octets in, octets out; the moment is an argument.

A `Register` is what a CA knows of its certificates. It answers OCSP requests (RFC 6960) and writes CRLs (RFC 5280 5);
whoever serves them over HTTP is `v2gready.emulators.pki`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from v2gready.protocols.pki.credential import Credential
from v2gready.protocols.pki.keys import PublicKey, digest_of

WEEK = timedelta(days=7)
"""How old a response may be [V2G20-1021]."""
SKEW = timedelta(minutes=5)
"""What clocks of two hosts may differ by."""


class Status(StrEnum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """The responder does not know it, or nothing usable was said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the given responses and lists say of one certificate.

    Attributes:
        status: Of the certificate.
        reason: Why so, for people.
    """

    status: Status
    reason: str


@dataclass(slots=True)
class Register:
    """What CAs know of their certificates. Nothing is revoked that was not revoked here.

    Attributes:
        authorities: CAs that it answers for.
        responder: Signs in their place, with a certificate of theirs for that purpose; None: they sign themselves.
        revoked: Moment of revocation by serial number.
        unknown: Serial numbers it says ``unknown`` to.
        age: How old its answers are when they are given; a stale responder has more than a week.
        lifetime: From thisUpdate to nextUpdate.
    """

    authorities: Sequence[Credential]
    responder: Credential | None = None
    revoked: dict[int, datetime] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    age: timedelta = timedelta(0)
    lifetime: timedelta = WEEK

    def revoke(self, certificate: x509.Certificate, moment: datetime) -> None:
        """Take a certificate back from a moment on."""
        self.revoked[certificate.serial_number] = moment

    def answer(self, request: bytes, now: datetime) -> bytes:
        """Answer an OCSP request; what is none gets ``malformedRequest``, what is for another CA ``unauthorized``.

        Args:
            request: DER, as it came.
            now: The time, UTC.
        """
        try:
            asked = ocsp.load_der_ocsp_request(request)
            issuer = self._find(asked)
        except (ValueError, UnsupportedAlgorithm):
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if issuer is None:
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return self._respond(asked, issuer, now)

    def response(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """The OCSP response for a certificate, as a server staples it.

        Raises:
            ValueError: The register does not answer for its issuer.
        """
        for issuer in self.authorities:
            if issuer.certificate.subject == certificate.issuer:
                builder = ocsp.OCSPRequestBuilder()
                request = builder.add_certificate(certificate, issuer.certificate, hashes.SHA256()).build()
                return self._respond(request, issuer, now)
        raise ValueError(f"the register knows no CA {certificate.issuer.rfc4514_string()}")

    def crl(self, issuer: Credential, now: datetime) -> bytes:
        """The list of revoked certificates of one CA, DER."""
        updated = now - self.age
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(updated)
            .next_update(updated + self.lifetime)
            .add_extension(x509.CRLNumber(int(updated.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key()), critical=False
            )
        )
        for serial, moment in sorted(self.revoked.items()):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            builder = builder.add_revoked_certificate(entry)
        made = builder.sign(issuer.private_key, digest_of(issuer.private_key))
        return made.public_bytes(serialization.Encoding.DER)

    def _find(self, asked: ocsp.OCSPRequest) -> Credential | None:
        for one in self.authorities:
            if _key_hash(one.certificate, asked.hash_algorithm) == asked.issuer_key_hash:
                return one
        return None

    def _respond(self, asked: ocsp.OCSPRequest, issuer: Credential, now: datetime) -> bytes:
        serial = asked.serial_number
        when = self.revoked.get(serial)
        status = ocsp.OCSPCertStatus.GOOD if when is None else ocsp.OCSPCertStatus.REVOKED
        if serial in self.unknown:
            status, when = ocsp.OCSPCertStatus.UNKNOWN, None
        updated = now - self.age
        signer = self.responder or issuer
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                serial,
                asked.hash_algorithm,
                status,
                updated,
                updated + self.lifetime,
                when,
                None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if self.responder is not None:
            builder = builder.certificates([self.responder.certificate])
        try:
            nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value
            builder = builder.add_extension(nonce, critical=False)
        except x509.ExtensionNotFound:
            pass
        made = builder.sign(signer.private_key, digest_of(signer.private_key))
        return made.public_bytes(serialization.Encoding.DER)


def status_of(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    *,
    crls: Iterable[bytes] = (),
    responses: Iterable[bytes] = (),
) -> Answer:
    """What CRLs and OCSP responses say of a certificate: revoked if one of them says so, else good if one does.

    Args:
        certificate: The one in question.
        issuer: Its issuer: whose signature counts.
        now: The time, UTC.
        crls: Lists, DER.
        responses: OCSP responses, DER.
    """
    answers = [
        *(_by_response(certificate, issuer, one, now) for one in responses),
        *(_by_crl(certificate, issuer, one, now) for one in crls),
    ]
    for wanted in (Status.REVOKED, Status.GOOD):
        for one in answers:
            if one is not None and one.status is wanted:
                return one
    told = [one.reason for one in answers if one is not None]
    return Answer(Status.UNKNOWN, "; ".join(told) or "nothing was said of it")


def _by_crl(certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, now: datetime) -> Answer | None:
    try:
        found = x509.load_der_x509_crl(data)
    except ValueError:
        return Answer(Status.UNKNOWN, "a CRL is unreadable")
    if found.issuer != certificate.issuer:
        return None
    key = issuer.public_key()
    if not isinstance(key, PublicKey) or not found.is_signature_valid(key):
        return Answer(Status.UNKNOWN, "the signature of the CRL is wrong")
    begin, end = found.last_update_utc, found.next_update_utc
    if now < begin - SKEW or (end is not None and now > end):
        return Answer(Status.UNKNOWN, f"the CRL holds from {begin} to {end}")
    entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is not None:
        return Answer(Status.REVOKED, f"revoked at {entry.revocation_date_utc} by the CRL")
    return Answer(Status.GOOD, f"not in the CRL of {begin}")


def _by_response(certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, now: datetime) -> Answer | None:
    try:
        found = ocsp.load_der_ocsp_response(data)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Answer(Status.UNKNOWN, f"the OCSP responder said {found.response_status.name.lower()}")
        if found.serial_number != certificate.serial_number:
            return None
        if found.issuer_key_hash != _key_hash(issuer, found.hash_algorithm):
            return None
    except (ValueError, UnsupportedAlgorithm):
        return Answer(Status.UNKNOWN, "an OCSP response is unreadable")
    return _told(found, issuer, now)


def _told(found: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> Answer:
    if not _signed(found, issuer, now):
        return Answer(Status.UNKNOWN, "the signature of the OCSP response is wrong or not by the CA")
    begin, end = found.this_update_utc, found.next_update_utc
    if now < begin - SKEW or (end is not None and now > end):
        return Answer(Status.UNKNOWN, f"the OCSP response holds from {begin} to {end}")
    if now - begin > WEEK:
        return Answer(Status.UNKNOWN, f"the OCSP response is of {begin}, older than a week")
    match found.certificate_status:
        case ocsp.OCSPCertStatus.REVOKED:
            return Answer(Status.REVOKED, f"revoked at {found.revocation_time_utc} by OCSP")
        case ocsp.OCSPCertStatus.GOOD:
            return Answer(Status.GOOD, f"good by OCSP of {begin}")
        case _:
            return Answer(Status.UNKNOWN, "the OCSP responder does not know it")


def _signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether the CA itself signed, or somebody with a certificate of that CA for this purpose (RFC 6960 4.2.2.2)."""
    for signer in (issuer, *response.certificates):
        if signer is not issuer and not _delegated(signer, issuer, now):
            continue
        key = signer.public_key()
        if isinstance(key, PublicKey) and verifies(
            key, response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
        ):
            return True
    return False


def _delegated(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        return False
    try:
        signer.verify_directly_issued_by(issuer)
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def verifies(key: PublicKey, signature: bytes, data: bytes, digest: hashes.HashAlgorithm | None) -> bool:
    """Whether a signature is right; one of another algorithm than the key's is not."""
    try:
        if isinstance(key, ed448.Ed448PublicKey):
            key.verify(signature, data)
        elif digest is None:
            return False
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            key.verify(signature, data, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def _key_hash(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bytes:
    """The hash over the bits of the public key, without tag and length (RFC 6960 4.1.1)."""
    digest = hashes.Hash(algorithm)
    digest.update(_key_bits(certificate))
    return digest.finalize()


def _key_bits(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    if isinstance(key, ed448.Ed448PublicKey):
        return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    made = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return made.public_bytes(serialization.Encoding.DER)
