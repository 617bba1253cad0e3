"""A certificate with its key and its way up: what a device shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from v2gready.protocols.pki.keys import PrivateKey


class Shown(Protocol):
    """What TLS needs of whoever shows a certificate: a `Credential`, or a defective chain that is no such thing."""

    @property
    def label(self) -> str:
        """What it is, for people."""

    def certificates_pem(self) -> bytes:
        """Return the chain, leaf first."""

    def private_key_pem(self, password: bytes | None = None) -> bytes:
        """Return the key of the leaf; a secret."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate, its key and its way up to the root. Never shows the key."""

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    """Sub-CA certificates from the issuer upwards, without the root."""

    @property
    def label(self) -> str:
        """The subject, for people."""
        return self.certificate.subject.rfc4514_string()

    def certificates_pem(self) -> bytes:
        """Return the certificate and its chain, leaf first, as TLS wants them."""
        return pem(self.certificate, *self.chain)

    def private_key_pem(self, password: bytes | None = None) -> bytes:
        """Return the key as PKCS #8, encrypted if there is a password.

        The result is a secret: it belongs into a private file and nowhere else.
        """
        return key_pem(self.private_key, password)

    def certificate_der(self) -> bytes:
        """Return the certificate itself."""
        return der(self.certificate)

    def chain_der(self) -> tuple[bytes, ...]:
        """Return the certificate and its chain, leaf first, as EXI messages and the checker want them."""
        return (der(self.certificate), *(der(one) for one in self.chain))


def key_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    """Return a key as PKCS #8, encrypted if there is a password. The result is a secret."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def der(certificate: x509.Certificate) -> bytes:
    """Return the octets of a certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as one PEM text."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
