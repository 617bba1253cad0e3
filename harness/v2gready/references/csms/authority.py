"""Signs what has to be signed: station certificates and OCSP responses (RFC 6960, in DER)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from v2gready.protocols.pki import Credential, Curve, PublicKey, pem

_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}
_WEEK = timedelta(days=7)
_VALIDITY = timedelta(days=730)
"""Long enough that the virtual clock of a run and the machine's clock, which OpenSSL uses, both lie within."""


class BadCsr(Exception):  # noqa: N818 - what a station sent, not an error of ours
    """A certificate signing request that cannot be granted."""


class Authority:
    """A certificate authority with an OCSP responder.

    Args:
        issuer: Its certificate and key; None makes a new one.
        moment: When it is made, UTC.
        organisation: The operator whose stations it certifies.
    """

    def __init__(self, issuer: Credential | None, moment: datetime, organisation: str) -> None:
        self._organisation = organisation
        self._issuer = _own(moment) if issuer is None else issuer

    @property
    def certificate(self) -> x509.Certificate:
        """Its certificate."""
        return self._issuer.certificate

    def root_pem(self) -> str:
        """The certificate at the upper end, in PEM, for InstallCertificate."""
        upper = self._issuer.chain[-1] if self._issuer.chain else self._issuer.certificate
        return pem(upper).decode("ascii")

    def sign(self, csr: str, moment: datetime, *, public_key: PublicKey | None = None) -> str:
        """Signs a CSR and returns the chain in PEM, leaf first.

        Args:
            csr: PEM text.
            moment: The time, UTC.
            public_key: Another key than that of the CSR; a faulty CSMS alone passes one.

        Raises:
            BadCsr: It is no CSR, its signature is wrong, or its organisation is not ours (A02, A03).
        """
        try:
            request = x509.load_pem_x509_csr(csr.encode("utf-8"))
            sound = request.is_signature_valid
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadCsr(f"no certificate signing request: {error}") from None
        if not sound:
            raise BadCsr("the signature of the request is wrong")
        organisations = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        if [name.value for name in organisations] != [self._organisation]:
            raise BadCsr(f"the organisation is not {self._organisation}")
        key: Any = public_key or request.public_key()
        leaf = self._issue(request.subject, key, moment)
        return pem(leaf, self._issuer.certificate, *self._issuer.chain).decode("ascii")

    def ocsp(self, data: Mapping[str, Any], status: str, moment: datetime) -> bytes:
        """An OCSP response in DER.

        Args:
            data: OCSPRequestData or CertificateHashData: hashes in hexadecimal, serial number likewise.
            status: Good, Revoked or Unknown.
            moment: The time, UTC.

        Raises:
            ValueError: Hashes or serial number are not what they should be.
        """
        algorithm = _HASHES[data["hashAlgorithm"]]()
        revoked = status == "Revoked"
        this_update = moment.replace(microsecond=0)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=bytes.fromhex(data["issuerNameHash"]),
            issuer_key_hash=bytes.fromhex(data["issuerKeyHash"]),
            serial_number=int(data["serialNumber"], 16),
            algorithm=algorithm,
            cert_status=ocsp.OCSPCertStatus[status.upper()],
            this_update=this_update,
            next_update=this_update + _WEEK,
            revocation_time=this_update - timedelta(days=1) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._issuer.certificate)
        builder = builder.certificates([self._issuer.certificate])
        return builder.sign(self._issuer.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _issue(self, subject: x509.Name, key: CertificateIssuerPublicKeyTypes, moment: datetime) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._issuer.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + _VALIDITY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._issuer.private_key, hashes.SHA256())
        )


def _own(moment: datetime) -> Credential:
    """An authority that nobody else knows: enough to sign, where no PKI was given."""
    key = Curve.P256.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "V2G-ready test CSO root")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Credential(certificate, key)
