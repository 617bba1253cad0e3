"""The certificate authority behind the CSMS emulator: what CertificateSigned carries, right or wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from v2gready.protocols.pki import Credential, pem

MAX_CHAIN: Final = 10_000
"""maxLength of certificateChain (2.1)."""


def issue_certificate(
    csr: str,
    issuer: Credential,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    subject: x509.Name | None = None,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | None = None,
) -> str | None:
    """Signs what a CSR asks for and returns the chain in PEM, leaf first, without the root.

    Args:
        csr: PEM of the request.
        issuer: The authority; its validity is that of the leaf unless told otherwise.
        begin: Start of validity, for one that is not yet valid.
        end: End of validity, for an expired one.
        subject: Another subject than that of the request.
        key: Another key than that of the request.

    Returns:
        The chain; None where the request is none or its signature does not fit.
    """
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        if not request.is_signature_valid:
            return None
        public = request.public_key() if key is None else key
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return None
    above = issuer.certificate
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject if subject is None else subject)
        .issuer_name(above.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or above.not_valid_before_utc)
        .not_valid_after(end or above.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(issuer.private_key, hashes.SHA256())
    )
    subs = () if above.subject == above.issuer else (above, *issuer.chain)
    return pem(certificate, *subs).decode("ascii")
