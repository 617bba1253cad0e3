"""The few pieces of DER (X.690) that bending a certificate takes: tag, length, value; cutting and joining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding

from v2gready.protocols.pki.keys import PrivateKey, digest_of

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, SEQUENCE = 0x01, 0x02, 0x03, 0x04, 0x30
VERSION, EXTENSIONS = 0xA0, 0xA3
"""Context tags inside of TBSCertificate."""
FALSE = b"\x01\x01\x00"


class DerError(ValueError):
    """No TLV where one has to be."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One tag, length, value.

    Attributes:
        tag: The identifier octet; tags above 30 do not occur in certificates.
        content: The value.
        octets: All of it, as it was read.
    """

    tag: int
    content: bytes
    octets: bytes


def tlv(tag: int, *content: bytes) -> bytes:
    """Write one TLV with the shortest length."""
    value = b"".join(content)
    return bytes([tag]) + length(len(value)) + value


def length(size: int) -> bytes:
    """The shortest form of a length."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def read(data: bytes) -> tuple[Tlv, bytes]:
    """Read one TLV; returns it and what comes behind.

    Any definite length is read, also a longer one than needed: what is wrong with it is for others to say.

    Raises:
        DerError: The octets end too early, or the length is indefinite.
    """
    if len(data) < 2:
        raise DerError("the octets end within a tag or a length")
    start, size = 2, data[1]
    if size & 0x80:
        start += size & 0x7F
        if size == 0x80 or start > len(data):
            raise DerError("a length is indefinite or cut off")
        size = int.from_bytes(data[2:start], "big")
    end = start + size
    if end > len(data):
        raise DerError(f"{end} octets were announced and {len(data)} are there")
    return Tlv(data[0], data[start:end], data[:end]), data[end:]


def children(content: bytes) -> list[Tlv]:
    """Read a row of TLVs.

    Raises:
        DerError: It is none.
    """
    found = []
    while content:
        one, content = read(content)
        found.append(one)
    return found


def parts(certificate: bytes) -> tuple[Tlv, Tlv, Tlv]:
    """Cut a certificate into the signed part, the algorithm and the signature.

    Raises:
        DerError: It has no three parts.
    """
    outer, _ = read(certificate)
    found = children(outer.content)
    if outer.tag != SEQUENCE or len(found) != 3:
        raise DerError("a certificate is a sequence of three")
    return found[0], found[1], found[2]


def certificate(signed: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """Join the three parts of a certificate."""
    return tlv(SEQUENCE, signed, algorithm, tlv(BIT_STRING, b"\x00", signature))


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Sign as certificates are signed with a key of that type."""
    digest = digest_of(key)
    if isinstance(key, ed448.Ed448PrivateKey) or digest is None:
        if not isinstance(key, ed448.Ed448PrivateKey):
            raise TypeError("only Ed448 signs without a hash")
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(digest))
    return key.sign(data, padding.PKCS1v15(), digest)


def resigned(old: bytes, fields: Sequence[bytes], key: PrivateKey) -> bytes:
    """A certificate whose signed part was written anew, signed by the key that signed the old one.

    Args:
        old: The certificate that the fields come from.
        fields: The TLVs of the new signed part.
        key: That of the issuer.
    """
    _, algorithm, _ = parts(old)
    signed = tlv(SEQUENCE, *fields)
    return certificate(signed, algorithm.octets, sign(key, signed))


def extension_list(fields: Sequence[Tlv]) -> list[bytes]:
    """The extensions of a signed part, each as its own octets; empty if there are none."""
    for one in fields:
        if one.tag == EXTENSIONS:
            return [each.octets for each in children(read(one.content)[0].content)]
    return []


def with_extensions(fields: Sequence[Tlv], extensions: Sequence[bytes]) -> list[bytes]:
    """The fields of a signed part with other extensions."""
    kept = [one.octets for one in fields if one.tag != EXTENSIONS]
    return [*kept, tlv(EXTENSIONS, tlv(SEQUENCE, *extensions))]
