"""Reads a certificate at ASN.1 level, with pyasn1: also one that others refuse, and what they forgive.

Canonicity is checked by writing the same values again: DER has one form for each. The generator writes with another
library, so that a mistake of one is no mistake of both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pyasn1.codec.ber import decoder as ber
from pyasn1.codec.der import encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import char
from pyasn1_modules import rfc5280

from v2gready.protocols.pki.encoding import DerError, parts

ECDSA = {
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
}
ALGORITHMS = {**ECDSA, "1.3.101.113": "Ed448", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption"}
"""Signature algorithms by identifier."""
CURVES = {
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
}
KEYS = {"1.3.101.113": "ed448", "1.3.101.112": "ed25519", "1.2.840.113549.1.1.1": "rsa"}
"""Types of keys that need no curve."""
_EC_KEY = "1.2.840.10045.2.1"
ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "0.9.2342.19200300.100.1.25": "DC",
}
PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
BITS = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
EXTENDED_KEY_USAGE = "2.5.29.37"
SUBJECT_KEY_ID = "2.5.29.14"
AUTHORITY_KEY_ID = "2.5.29.35"
CRL_POINTS = "2.5.29.31"
INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
_OCSP = "1.3.6.1.5.5.7.48.1"
_SPECS = {
    BASIC_CONSTRAINTS: rfc5280.BasicConstraints(),
    KEY_USAGE: rfc5280.KeyUsage(),
    EXTENDED_KEY_USAGE: rfc5280.ExtKeyUsageSyntax(),
    SUBJECT_KEY_ID: rfc5280.SubjectKeyIdentifier(),
    AUTHORITY_KEY_ID: rfc5280.AuthorityKeyIdentifier(),
    CRL_POINTS: rfc5280.CRLDistributionPoints(),
    INFORMATION_ACCESS: rfc5280.AuthorityInfoAccessSyntax(),
}
KNOWN = frozenset(_SPECS)
"""Extensions that are read; a critical one beyond has to be refused."""
MAX_OCTETS = 0x1_0000
"""More is no certificate of a vehicle or charger, and not worth the time to read it."""


class Unreadable(ValueError):  # noqa: N818 - what a certificate is
    """The octets are no certificate."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension.

    Attributes:
        oid: Its identifier, dotted.
        critical: Its mark.
        value: As read; None if it could not be read or is not known.
    """

    oid: str
    critical: bool
    value: Any = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a certificate says.

    Attributes:
        octets: All of it.
        signed: The octets that are signed.
        signature: The signature.
        version: 1 to 3.
        serial: Number.
        inner_algorithm: Identifier of the signature algorithm inside of the signed part, with its parameters as DER.
        outer_algorithm: The same outside.
        issuer: Octets of the issuer's name.
        subject: Octets of the subject's name.
        names: Attributes of the subject, in their order.
        begin: Start of validity; None if it is no time.
        end: End of validity.
        public_key: Octets of the key with its algorithm.
        key_type: Name of the curve or of the type of key; the identifier if nobody here knows it.
        named_curve: False if the parameters of the curve are written out.
        extensions: All, in their order.
        deviations: Where the octets are not DER.
    """

    octets: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    version: int
    serial: int
    inner_algorithm: tuple[str, bytes]
    outer_algorithm: tuple[str, bytes]
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    names: tuple[tuple[str, str], ...]
    begin: datetime | None
    end: datetime | None
    public_key: bytes = field(repr=False)
    key_type: str
    named_curve: bool
    extensions: tuple[Extension, ...] = field(repr=False)
    deviations: tuple[str, ...]

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name."""
        return self.issuer == self.subject

    def find(self, oid: str) -> Extension | None:
        """The first extension of a kind."""
        return next((one for one in self.extensions if one.oid == oid), None)

    def name(self, kind: str) -> tuple[str, ...]:
        """Values of an attribute of the subject."""
        return tuple(value for known, value in self.names if known == kind)

    @property
    def authority(self) -> tuple[bool, int | None] | None:
        """Basic constraints: CA and path length; None without them."""
        found = self.find(BASIC_CONSTRAINTS)
        if found is None or found.value is None:
            return None
        length = found.value["pathLenConstraint"]
        return bool(found.value["cA"]), int(length) if length.isValue else None

    @property
    def usages(self) -> frozenset[str] | None:
        """Key usage by the standard's names of the bits; None without it."""
        found = self.find(KEY_USAGE)
        if found is None or found.value is None:
            return None
        return frozenset(name for name, bit in zip(BITS, found.value, strict=False) if bit)

    @property
    def purposes(self) -> tuple[str, ...] | None:
        """Extended key usage by name, or identifier; None without it."""
        found = self.find(EXTENDED_KEY_USAGE)
        if found is None or found.value is None:
            return None
        return tuple(PURPOSES.get(str(one), str(one)) for one in found.value)

    @property
    def subject_key_id(self) -> bytes | None:
        """Identifier of its key."""
        found = self.find(SUBJECT_KEY_ID)
        return None if found is None or found.value is None else bytes(found.value)

    @property
    def authority_key_id(self) -> bytes | None:
        """Identifier of the issuer's key."""
        found = self.find(AUTHORITY_KEY_ID)
        if found is None or found.value is None or not found.value["keyIdentifier"].isValue:
            return None
        return bytes(found.value["keyIdentifier"])

    @property
    def ocsp_urls(self) -> tuple[str, ...]:
        """Where to ask for revocation."""
        found = self.find(INFORMATION_ACCESS)
        if found is None or found.value is None:
            return ()
        return tuple(_url(one["accessLocation"]) for one in found.value if str(one["accessMethod"]) == _OCSP)


@lru_cache(maxsize=256)
def parse(data: bytes) -> Parsed:
    """Read a certificate; the same octets come in session after session and are read once.

    Raises:
        Unreadable: It is none; says why.
    """
    if len(data) > MAX_OCTETS:
        raise Unreadable(f"it has {len(data)} octets")
    try:
        found, rest = ber.decode(data, asn1Spec=rfc5280.Certificate())
        signed, _, _ = parts(data)
        deviations = [f"{len(rest)} octets behind it"] if rest else []
        if encoder.encode(found) != data[: len(data) - len(rest)]:
            deviations.append("written again, it has other octets")
        return _read(data, signed.octets, found, deviations)
    except (
        PyAsn1Error,
        DerError,
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as problem:
        raise Unreadable(str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__) from None


def _read(data: bytes, signed: bytes, found: Any, deviations: list[str]) -> Parsed:
    inside = found["tbsCertificate"]
    key_type, named = _key_type(inside["subjectPublicKeyInfo"]["algorithm"])
    return Parsed(
        octets=data,
        signed=signed,
        signature=found["signature"].asOctets(),
        version=int(inside["version"]) + 1,
        serial=int(inside["serialNumber"]),
        inner_algorithm=_algorithm(inside["signature"]),
        outer_algorithm=_algorithm(found["signatureAlgorithm"]),
        issuer=encoder.encode(inside["issuer"]),
        subject=encoder.encode(inside["subject"]),
        names=_names(inside["subject"]),
        begin=_time(inside["validity"]["notBefore"]),
        end=_time(inside["validity"]["notAfter"]),
        public_key=encoder.encode(inside["subjectPublicKeyInfo"]),
        key_type=key_type,
        named_curve=named,
        extensions=_extensions(inside, deviations),
        deviations=tuple(deviations),
    )


def _extensions(inside: Any, deviations: list[str]) -> tuple[Extension, ...]:
    if not inside["extensions"].isValue:
        return ()
    found = []
    for one in inside["extensions"]:
        oid, octets = str(one["extnID"]), bytes(one["extnValue"])
        value = None
        if oid in _SPECS:
            try:
                value, rest = ber.decode(octets, asn1Spec=_SPECS[oid])
                exact = not rest and encoder.encode(value) == octets and not _trailing_zero(oid, value)
            except PyAsn1Error:
                value, exact = None, False
            if not exact:
                deviations.append(f"the extension {oid} is not written as DER has it")
        found.append(Extension(oid, bool(one["critical"]), value))
    return tuple(found)


def _trailing_zero(oid: str, value: Any) -> bool:
    """A named bit list ends with its last one (X.690 11.2.2)."""
    return oid == KEY_USAGE and len(value) > 0 and not value[len(value) - 1]


def _algorithm(found: Any) -> tuple[str, bytes]:
    parameters = found["parameters"]
    return str(found["algorithm"]), bytes(parameters) if parameters.isValue else b""


def _key_type(algorithm: Any) -> tuple[str, bool]:
    oid, parameters = _algorithm(algorithm)
    if oid != _EC_KEY:
        return KEYS.get(oid, oid), True
    value, _ = ber.decode(parameters)
    if value.__class__.__name__ != "ObjectIdentifier":
        return "ec", False
    return CURVES.get(str(value), str(value)), True


def _names(name: Any) -> tuple[tuple[str, str], ...]:
    found = []
    for relative in name[0]:
        for one in relative:
            value, _ = ber.decode(bytes(one["value"]))
            text = str(value) if isinstance(value, char.AbstractCharacterString) else bytes(one["value"]).hex()
            oid = str(one["type"])
            found.append((ATTRIBUTES.get(oid, oid), text))
    return tuple(found)


def _time(found: Any) -> datetime | None:
    try:
        moment: datetime = found[found.getName()].asDateTime
    except (PyAsn1Error, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _url(location: Any) -> str:
    return str(location["uniformResourceIdentifier"]) if location.getName() == "uniformResourceIdentifier" else ""
