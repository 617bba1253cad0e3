"""Types of keys: the curves of ISO 15118 and what belongs to each."""

from __future__ import annotations

from enum import Enum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

PrivateKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed448.Ed448PublicKey | rsa.RSAPublicKey
Digest = hashes.SHA512 | hashes.SHA384 | hashes.SHA256


class Curve(Enum):
    """Key type of a whole PKI."""

    P521 = "secp521r1"
    """The curve of ISO 15118-20, with ECDSA-SHA512."""
    P256 = "secp256r1"
    """The curve of ISO 15118-2, with ECDSA-SHA256; some -20 rigs know no other."""
    ED448 = "ed448"
    """The other one of ISO 15118-20 [V2G20-2319]: it signs, and leaves the key exchange to X448."""

    def generate(self) -> PrivateKey:
        """Make a key."""
        if self is Curve.ED448:
            return ed448.Ed448PrivateKey.generate()
        return ec.generate_private_key(ec.SECP521R1() if self is Curve.P521 else ec.SECP256R1())

    @property
    def digest(self) -> Digest | None:
        """The hash that belongs to it; None for Ed448, which has its own."""
        if self is Curve.ED448:
            return None
        return hashes.SHA512() if self is Curve.P521 else hashes.SHA256()

    @property
    def group(self) -> str:
        """The group of the TLS key exchange that goes with it (RFC 8446 4.2.7)."""
        return "x448" if self is Curve.ED448 else self.value


def digest_of(key: PrivateKey | PublicKey) -> Digest | None:
    """The hash a key signs with: as long as the curve asks for, None for Ed448."""
    if isinstance(key, ed448.Ed448PrivateKey | ed448.Ed448PublicKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        if key.curve.key_size > 384:
            return hashes.SHA512()
        if key.curve.key_size > 256:
            return hashes.SHA384()
    return hashes.SHA256()
