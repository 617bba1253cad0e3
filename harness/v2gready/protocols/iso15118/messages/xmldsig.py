"""XML Signature as ISO 15118 uses it (reference 2.4, 7.4).

What the profile does without is refused, not declared: KeyInfo, Object, HMACOutputLength, XPath and wildcards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from v2gready.protocols.exi import ATTRIBUTE, CONTENT, Occurs, Refused
from v2gready.protocols.iso15118.messages.simple_types import ID, AnyInteger, AnyText, AnyUri, Base64

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalizationMethod:
    REFUSED: ClassVar = Refused(("*",), mixed=True)

    Algorithm: Annotated[AnyUri, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMethod:
    REFUSED: ClassVar = Refused(("HMACOutputLength", "*"), mixed=True)

    Algorithm: Annotated[AnyUri, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    REFUSED: ClassVar = Refused(("XPath", "*"), mixed=True)

    Algorithm: Annotated[AnyUri, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforms:
    Transform: Annotated[tuple[Transform, ...], Occurs(1, None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMethod:
    REFUSED: ClassVar = Refused(("*",), mixed=True)

    Algorithm: Annotated[AnyUri, ATTRIBUTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    Id: Annotated[ID | None, ATTRIBUTE] = None
    Type: Annotated[AnyUri | None, ATTRIBUTE] = None
    URI: Annotated[AnyUri | None, ATTRIBUTE] = None
    Transforms: Transforms | None = None
    DigestMethod: DigestMethod
    DigestValue: Base64


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInfo:
    Id: Annotated[ID | None, ATTRIBUTE] = None
    CanonicalizationMethod: CanonicalizationMethod
    SignatureMethod: SignatureMethod
    Reference: Annotated[tuple[Reference, ...], Occurs(1, None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureValue:
    Id: Annotated[ID | None, ATTRIBUTE] = None
    value: Annotated[Base64, CONTENT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    REFUSED: ClassVar = Refused(("KeyInfo", "Object"))

    Id: Annotated[ID | None, ATTRIBUTE] = None
    SignedInfo: SignedInfo
    SignatureValue: SignatureValue


@dataclass(frozen=True, slots=True, kw_only=True)
class X509IssuerSerial:
    """Not part of a signature here: it names a root certificate in CertificateInstallationReq."""

    X509IssuerName: AnyText
    X509SerialNumber: AnyInteger


# Elements of XML Signature that no message of this profile may carry; they count in the event codes all the same.
UNUSED_GLOBALS = (
    *("DSAKeyValue", "KeyInfo", "KeyName", "KeyValue", "Manifest", "MgmtData", "Object", "PGPData", "RSAKeyValue"),
    *("RetrievalMethod", "SPKIData", "SignatureProperties", "SignatureProperty", "X509Data"),
)
UNUSED_LOCALS = (
    *("Exponent", "G", "HMACOutputLength", "J", "Modulus", "P", "PGPKeyID", "PGPKeyPacket", "PgenCounter", "Q"),
    *("SPKISexp", "Seed", "X509CRL", "X509Certificate", "X509IssuerSerial", "X509SKI", "X509SubjectName", "XPath", "Y"),
)
