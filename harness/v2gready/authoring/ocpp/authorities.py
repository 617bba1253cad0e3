"""Certificate authorities that a stimulus makes up: roots to install, and strangers that sign what is not theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from v2gready.emulators.csms.issuing import issue_certificate
from v2gready.protocols.pki import Credential, pem

VALID = timedelta(days=730)


def authority(name: str, *, may_sign: bool = True) -> Credential:
    """A self-signed certificate with its key, valid since yesterday by the machine's clock, as OpenSSL sees it.

    Args:
        name: Common name.
        may_sign: It is a certificate authority; False: a leaf that signed itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + VALID)
        .add_extension(x509.BasicConstraints(ca=may_sign, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Credential(certificate, key)


def in_pem(credential: Credential) -> str:
    """The certificate in PEM, without its key."""
    return pem(credential.certificate).decode("ascii")


def signed_by_stranger(csr: str) -> str:
    """A chain for a request, signed by an authority that nobody knows.

    Raises:
        ValueError: It is no request.
    """
    chain = issue_certificate(csr, authority("an authority that nobody knows"))
    if chain is None:
        raise ValueError("this is no certificate signing request")
    return chain


def subject(serial: str, organisation: str) -> x509.Name:
    """The subject of a station's certificate (A00)."""
    names = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, serial))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in names])


def new_public_key() -> ec.EllipticCurvePublicKey:
    """A key that no request is about."""
    return ec.generate_private_key(ec.SECP256R1()).public_key()


def hash_data(certificate: str) -> dict[str, Any]:
    """CertificateHashDataType of a root in PEM, as the OCSP library computes it (RFC 6960, 4.1.1)."""
    root = x509.load_pem_x509_certificate(certificate.encode())
    request = ocsp.OCSPRequestBuilder().add_certificate(root, root, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{root.serial_number:x}",
    }


def same_certificate(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Two CertificateHashDataType mean one certificate; hexadecimal in either case, leading zeros do not count."""
    hashes_agree = all(
        str(one.get(name, "")).lower() == str(other.get(name, "")).lower()
        for name in ("hashAlgorithm", "issuerNameHash", "issuerKeyHash")
    )
    serials = [str(each.get("serialNumber", "")).lower().lstrip("0") for each in (one, other)]
    return hashes_agree and serials[0] == serials[1]
