"""How a contract key travels from the certificate provisioning service to the car (reference 7.4).

The sender makes an ephemeral key, agrees with the key of the OEM provisioning certificate on a secret, derives a key
from it and encrypts the private key. ISO 15118-20: ECDH on secp521r1 or X448, AES-256-GCM; 12 octets of IV, the
ciphertext, 16 octets of tag. ISO 15118-2: ECDH on secp256r1, AES-128-CBC.

How -20 derives the key, what OtherInfo and the additional authenticated data are, and how the 56 octets of an X448
public key fill the 133 of DHPublicKey, is (unconfirmed): no open stack does both sides. So `Derivation` is a parameter.

Nothing that a peer sends raises; `unwrap` returns the key or a finding. Neither shows a key in its repr.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x448
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

IV: Final = 12
TAG: Final = 16
DH_PUBLIC_KEY: Final = 133
"""Octets of DHPublicKey: 04 || X || Y on secp521r1."""
_X448: Final = 56
_ED448: Final = 57

Random = Callable[[int], bytes]
"""Gives so many random octets: `os.urandom`, or a seeded source where a run has to be the same again."""
ContractKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | x448.X448PrivateKey


class Curve(enum.Enum):
    """ECDHCurve of SignedInstallationData.

    Attributes:
        plaintext: Octets of the private key.
        blob: Octets of the encrypted private key.
    """

    SECP521 = 66
    X448 = 56

    @property
    def plaintext(self) -> int:
        """Octets of the private key."""
        return self.value

    @property
    def blob(self) -> int:
        """Octets of IV, ciphertext and tag: 94 or 84."""
        return IV + self.value + TAG


class Kdf(enum.Enum):
    """Makes the AES key out of the shared secret Z and OtherInfo."""

    SHA512_LEFT = "SHA-512(00000001 || Z || OtherInfo), the first 32 octets"
    """OCC-W without OtherInfo; provenance (unconfirmed)."""
    SHA256 = "SHA-256(00000001 || Z || OtherInfo)"
    """The single-step derivation that ISO 15118-2 [V2G2-818] uses, with a whole hash; (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """Everything about the key transport of -20 that is (unconfirmed).

    Attributes:
        name: How reports call it.
        kdf: Function that makes the key.
        other_info: Octets behind Z.
        additional: Additional authenticated data of AES-GCM; None for none.
        pad_front: The padding of an X448 public key stands in front of it, not behind.
    """

    name: str
    kdf: Kdf = Kdf.SHA512_LEFT
    other_info: bytes = b""
    additional: bytes | None = None
    pad_front: bool = False

    def key(self, secret: bytes) -> bytes:
        """The AES-256 key for a shared secret."""
        algorithm = hashes.SHA512() if self.kdf is Kdf.SHA512_LEFT else hashes.SHA256()
        return _single_step(algorithm, secret, self.other_info)[:32]


OCC_W: Final = Derivation("occ-w")
"""SHA-512(00000001 || Z)[0..32], nothing else: one open project's self-consistent guess, (unconfirmed)."""
SHA256_UV: Final = Derivation("sha256-uv", Kdf.SHA256, b"\x01UV")
"""OtherInfo 01 'U' 'V' as in ISO 15118-2, with a whole SHA-256; (unconfirmed)."""
SHA512_UV: Final = Derivation("sha512-uv", Kdf.SHA512_LEFT, b"\x01UV")
"""The same OtherInfo with SHA-512; (unconfirmed)."""
DERIVATIONS: Final = {one.name: one for one in (OCC_W, SHA256_UV, SHA512_UV)}
"""The variants by name."""


class Flaw(enum.Enum):
    """What can be wrong with an encrypted contract key."""

    BLOB_LENGTH = "the encrypted key has the wrong length"
    PUBLIC_KEY = "DHPublicKey is no point of the curve"
    CURVE = "the key of the car is not of the curve"
    TAG = "the tag does not hold: another key, other data, or another derivation"
    RANGE = "what was encrypted is no private key of the curve"
    MISMATCH = "the private key is not that of the contract certificate"


@dataclass(frozen=True, slots=True)
class Finding:
    """Why there is no contract key.

    Attributes:
        flaw: Its kind.
        words: What was seen; never a key.
    """

    flaw: Flaw
    words: str = ""

    def __str__(self) -> str:
        return f"{self.flaw.value}: {self.words}" if self.words else self.flaw.value


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What SignedInstallationData carries.

    Attributes:
        curve: Curve of the key agreement.
        dh_public_key: Ephemeral public key of the sender, 133 octets.
        encrypted: IV, ciphertext and tag.
    """

    curve: Curve
    dh_public_key: bytes
    encrypted: bytes


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A contract key that fits its certificate.

    Attributes:
        key: The key.
    """

    key: ContractKey = field(repr=False)


def _single_step(algorithm: hashes.HashAlgorithm, secret: bytes, other_info: bytes) -> bytes:
    """One round of the derivation of NIST SP 800-56A: counter, Z, OtherInfo."""
    running = hashes.Hash(algorithm)
    running.update(b"\x00\x00\x00\x01" + secret + other_info)
    return running.finalize()


# ISO 15118-20


def wrap(
    contract: ContractKey,
    recipient: object,
    random: Random,
    *,
    derivation: Derivation = OCC_W,
    ephemeral: ec.EllipticCurvePrivateKey | x448.X448PrivateKey | None = None,
) -> Wrapped:
    """Encrypts a contract key for a car.

    A contract key on secp521r1 takes 66 octets. An Ed448 key has 57 where the X448 blob has room for 56, so only an
    X448 key fits; how an Ed448 contract is meant to travel is (unconfirmed).

    Args:
        contract: The private key.
        recipient: Public key of the OEM provisioning certificate: secp521r1 or X448.
        random: Source of the IV and, with `ephemeral` None, of the ephemeral key.
        derivation: What is unconfirmed.
        ephemeral: The sender's key, if not a fresh one.

    Raises:
        ValueError: The keys are of no curve of the profile, or not of the same size: our own misuse.
    """
    iv = random(IV)
    if isinstance(recipient, ec.EllipticCurvePublicKey) and recipient.curve.name == "secp521r1":
        if not (isinstance(contract, ec.EllipticCurvePrivateKey) and contract.curve.name == "secp521r1"):
            raise ValueError("a contract key for a recipient on secp521r1 is on secp521r1")
        own = ephemeral or ec.generate_private_key(ec.SECP521R1())
        if not isinstance(own, ec.EllipticCurvePrivateKey):
            raise ValueError("the ephemeral key is not on the recipient's curve")
        secret = own.exchange(ec.ECDH(), recipient)
        public = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        plain = contract.private_numbers().private_value.to_bytes(66, "big")
        return Wrapped(Curve.SECP521, public, iv + _seal(derivation, secret, iv, plain))
    if isinstance(recipient, x448.X448PublicKey):
        if not isinstance(contract, x448.X448PrivateKey):
            raise ValueError("56 octets hold an X448 key and no other")  # noqa: TRY004 - of keys alike
        mine = ephemeral or x448.X448PrivateKey.generate()
        if not isinstance(mine, x448.X448PrivateKey):
            raise ValueError("the ephemeral key is not on the recipient's curve")  # noqa: TRY004 - of keys alike
        secret = mine.exchange(recipient)
        raw = mine.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        padding = bytes(DH_PUBLIC_KEY - _X448)
        public = padding + raw if derivation.pad_front else raw + padding
        plain = contract.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return Wrapped(Curve.X448, public, iv + _seal(derivation, secret, iv, plain))
    raise ValueError(f"{type(recipient).__name__} is no key of the profile")


def unwrap(wrapped: Wrapped, own: object, contract: object, *, derivation: Derivation = OCC_W) -> Unwrapped | Finding:
    """Decrypts a contract key, and checks that it is that of the contract certificate.

    Args:
        wrapped: What came.
        own: Private key of the OEM provisioning certificate.
        contract: Public key of the contract certificate.
        derivation: What is unconfirmed.
    """
    if len(wrapped.encrypted) != wrapped.curve.blob:
        return Finding(Flaw.BLOB_LENGTH, f"{len(wrapped.encrypted)} octets, {wrapped.curve.blob} are due")
    secret = _secret(wrapped, own, derivation)
    if isinstance(secret, Finding):
        return secret
    iv, sealed = wrapped.encrypted[:IV], wrapped.encrypted[IV:]
    try:
        plain = AESGCM(derivation.key(secret)).decrypt(iv, sealed, derivation.additional)
    except InvalidTag:
        return Finding(Flaw.TAG)
    if wrapped.curve is Curve.X448:
        return _fitting(x448.X448PrivateKey.from_private_bytes(plain), contract)
    return _derived(int.from_bytes(plain, "big"), ec.SECP521R1(), contract)


def _secret(wrapped: Wrapped, own: object, derivation: Derivation) -> bytes | Finding:
    sent = wrapped.dh_public_key
    if len(sent) != DH_PUBLIC_KEY:
        return Finding(Flaw.PUBLIC_KEY, f"{len(sent)} octets, {DH_PUBLIC_KEY} are due")
    try:
        if wrapped.curve is Curve.SECP521:
            if not (isinstance(own, ec.EllipticCurvePrivateKey) and own.curve.name == "secp521r1"):
                return Finding(Flaw.CURVE, "secp521r1 is due")
            return own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP521R1(), sent))
        if not isinstance(own, x448.X448PrivateKey):
            return Finding(Flaw.CURVE, "X448 is due")
        raw = sent[-_X448:] if derivation.pad_front else sent[:_X448]
        return own.exchange(x448.X448PublicKey.from_public_bytes(raw))
    except ValueError:
        return Finding(Flaw.PUBLIC_KEY)


def _seal(derivation: Derivation, secret: bytes, iv: bytes, plain: bytes) -> bytes:
    return AESGCM(derivation.key(secret)).encrypt(iv, plain, derivation.additional)


def _derived(value: int, curve: ec.EllipticCurve, contract: object) -> Unwrapped | Finding:
    """The key of that private value."""
    try:
        key = ec.derive_private_key(value, curve)
    except ValueError:
        return Finding(Flaw.RANGE)
    return _fitting(key, contract)


def _fitting(key: ContractKey, contract: object) -> Unwrapped | Finding:
    """Whether d * G is the key of the certificate: [V2G2-823], and common sense in -20."""
    return Unwrapped(key) if key.public_key() == contract else Finding(Flaw.MISMATCH)


# ISO 15118-2

_IV_2: Final = 16
_KEY_2: Final = 32


def wrap_2(
    contract: ec.EllipticCurvePrivateKey,
    recipient: ec.EllipticCurvePublicKey,
    random: Random,
    *,
    ephemeral: ec.EllipticCurvePrivateKey | None = None,
) -> tuple[bytes, bytes]:
    """DHpublickey and ContractSignatureEncryptedPrivateKey of ISO 15118-2: ``04 || X || Y`` and ``IV || ciphertext``.

    Raises:
        ValueError: A key is not on secp256r1: our own misuse.
    """
    if contract.curve.name != "secp256r1" or recipient.curve.name != "secp256r1":
        raise ValueError("ISO 15118-2 has secp256r1 alone")
    own = ephemeral or ec.generate_private_key(ec.SECP256R1())
    iv = random(_IV_2)
    sealing = Cipher(algorithms.AES128(_key_2(own.exchange(ec.ECDH(), recipient))), modes.CBC(iv)).encryptor()
    plain = contract.private_numbers().private_value.to_bytes(_KEY_2, "big")
    public = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return public, iv + sealing.update(plain) + sealing.finalize()


def unwrap_2(dh_public_key: bytes, encrypted: bytes, own: object, contract: object) -> Unwrapped | Finding:
    """The contract key of ISO 15118-2, checked against the contract certificate [V2G2-823].

    CBC has no tag: with a wrong key the plaintext is another number, and only that check tells.
    """
    if len(encrypted) != _IV_2 + _KEY_2:
        return Finding(Flaw.BLOB_LENGTH, f"{len(encrypted)} octets, {_IV_2 + _KEY_2} are due")
    if not (isinstance(own, ec.EllipticCurvePrivateKey) and own.curve.name == "secp256r1"):
        return Finding(Flaw.CURVE, "secp256r1 is due")
    try:
        secret = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), dh_public_key))
    except ValueError:
        return Finding(Flaw.PUBLIC_KEY)
    opening = Cipher(algorithms.AES128(_key_2(secret)), modes.CBC(encrypted[:_IV_2])).decryptor()
    plain = opening.update(encrypted[_IV_2:]) + opening.finalize()
    return _derived(int.from_bytes(plain, "big"), ec.SECP256R1(), contract)


def _key_2(secret: bytes) -> bytes:
    """The left 128 bits of SHA-256(00000001 || Z || 01 'U' 'V') [V2G2-818]."""
    return _single_step(hashes.SHA256(), secret, b"\x01UV")[:16]
