"""XML signatures over EXI fragments: how ISO 15118-20 signs parts of its messages (reference 2.4, 7.4).

Each signed element is hashed as an EXI fragment of its message set. SignedInfo itself is encoded with the grammar of
XML Signature alone; some implementations take that of the whole message set instead. `verify` tries the one and then
the other, and says which it was.

Nothing that a peer sends raises: what is wrong with a signature comes back as findings. KeyInfo, Object,
HMACOutputLength and XPath do not even decode; `refused_content` makes a finding of that error.
"""

from __future__ import annotations

import enum
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from v2gready.protocols.exi import ExiDecodeError, ExiEncodeError
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.codec import MessageSet, encode_fragment

CANONICAL_EXI: Final = "http://www.w3.org/TR/canonical-exi/"
"""CanonicalizationMethod, and the one Transform of every Reference."""
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
REFUSED: Final = ("KeyInfo", "Object", "HMACOutputLength", "XPath")
"""Elements of XML Signature that this profile does without."""

SigningKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey
M = TypeVar("M", bound=m.V2GMessage)

_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {SHA256: hashes.SHA256, SHA512: hashes.SHA512}


class Algorithm(enum.Enum):
    """A SignatureMethod.

    Attributes:
        uri: Its name in XML Signature.
        digest: DigestMethod that goes with it.
        key: Name of the key type: a curve, or ``ed448``.
        length: Octets of SignatureValue.
        standard: Whether ISO 15118-20 has it.
    """

    ECDSA_SHA512 = ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", SHA512, "secp521r1", 132, True)
    """[V2G20-2674]; SignatureValue is r || s."""
    EDDSA_ED448 = ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448", SHA512, "ed448", 114, True)
    """[V2G20-2319]; one source has the URI."""
    ECDSA_SHA256 = ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", SHA256, "secp256r1", 64, False)
    """That of ISO 15118-2. Josev signs -20 with it."""

    def __init__(self, uri: str, digest: str, key: str, length: int, standard: bool) -> None:  # noqa: FBT001 - a row
        self.uri = uri
        self.digest = digest
        self.key = key
        self.length = length
        self.standard = standard


class Encoding(enum.Enum):
    """The grammar that SignedInfo is encoded with for the signature itself."""

    STANDALONE = "XML Signature alone"
    """Event codes of 6 bits: the usual one."""
    COMBINED = "the whole message set"
    """Event codes of 9 bits in CommonMessages; cbV2G's `exiFragment`."""


class Flaw(enum.Enum):
    """What can be wrong with a signature."""

    ABSENT = "no Signature in the header"
    NOTHING_TO_SIGN = "the message has no element that could be signed"
    REFUSED_CONTENT = "an element that the profile does without"
    CANONICALIZATION = "unknown CanonicalizationMethod"
    SIGNATURE_METHOD = "unknown SignatureMethod"
    NOT_STANDARD = "an algorithm that ISO 15118-20 has not"
    KEY = "the key of the certificate does not fit the SignatureMethod"
    WRONG_URI = "a Reference that names no signed element"
    MISSING_REFERENCE = "an element without Reference"
    SEVERAL_REFERENCES = "several References to one element"
    SAME_ID = "two elements of the same Id"
    MISSING_TRANSFORMS = "a Reference without Transforms"
    SEVERAL_TRANSFORMS = "more than one Transform"
    TRANSFORM = "unknown Transform"
    DIGEST_METHOD = "unknown DigestMethod"
    DIGEST = "DigestValue is not that of the element"
    VALUE_LENGTH = "SignatureValue has the wrong length"
    VALUE = "SignatureValue is not that of SignedInfo"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a signature.

    Attributes:
        flaw: Its kind.
        words: What was seen.
    """

    flaw: Flaw
    words: str = ""

    def __str__(self) -> str:
        return f"{self.flaw.value}: {self.words}" if self.words else self.flaw.value


@dataclass(frozen=True, slots=True)
class Element:
    """A signed part of a message.

    Attributes:
        name: Its local name.
        value: Its content; has an ``Id``.
    """

    name: str
    value: Any

    @property
    def id(self) -> str | None:
        """What a Reference names it by."""
        found: str | None = self.value.Id
        return found


@dataclass(frozen=True, slots=True)
class Verification:
    """What the check of a signature found.

    Attributes:
        findings: Everything that is wrong with it.
        deviations: What the profile has not and leniency lets pass.
        algorithm: SignatureMethod, None if it is unknown.
        encoding: The grammar of SignedInfo with which the signature holds, None if it holds with none.
    """

    findings: tuple[Finding, ...] = ()
    deviations: tuple[Finding, ...] = ()
    algorithm: Algorithm | None = None
    encoding: Encoding | None = None

    @property
    def valid(self) -> bool:
        """Nothing is wrong with it."""
        return not self.findings

    @property
    def flaws(self) -> frozenset[Flaw]:
        """The kinds of the findings."""
        return frozenset(finding.flaw for finding in self.findings)


def signed_elements(message: m.V2GMessage) -> tuple[Element, ...]:
    """The parts of a message that its signature covers (reference 7.4); empty where there are none.

    A price schedule without Id cannot be referred to, so it cannot be signed either.
    """
    match message:
        case m.AuthorizationReq(AReqAuthorizationMode=m.PnC_AReqAuthorizationMode() as mode):
            return (Element("PnC_AReqAuthorizationMode", mode),)
        case m.CertificateInstallationReq(OEMProvisioningCertificateChain=chain):
            return (Element("OEMProvisioningCertificateChain", chain),)
        case m.CertificateInstallationRes(SignedInstallationData=data):
            return (Element("SignedInstallationData", data),)
        case m.MeteringConfirmationReq(SignedMeteringData=reading):
            return (Element("SignedMeteringData", reading),)
        case m.ScheduleExchangeRes(SEResControlMode=mode):
            prices = (price for price in _price_schedules(mode) if price is not None and price.Id is not None)
            return tuple(Element(type(price).__name__, price) for price in prices)
        case _:
            return ()


def _price_schedules(
    mode: m.Dynamic_SEResControlMode | m.Scheduled_SEResControlMode,
) -> Iterator[m.AbsolutePriceSchedule | m.PriceLevelSchedule | None]:
    if isinstance(mode, m.Dynamic_SEResControlMode):
        yield mode.PriceSchedule
        return
    for one in mode.ScheduleTuple:
        yield one.ChargingSchedule.PriceSchedule
        if one.DischargingSchedule is not None:
            yield one.DischargingSchedule.PriceSchedule


def algorithm_of(key: object) -> Algorithm | None:
    """The SignatureMethod for a private or public key, None if this profile has none for it."""
    if isinstance(key, ed448.Ed448PrivateKey | ed448.Ed448PublicKey):
        return Algorithm.EDDSA_ED448
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return next((one for one in Algorithm if one.key == key.curve.name), None)
    return None


def element_octets(element: Element) -> bytes:
    """The EXI fragment that the digest of an element is computed over.

    Raises:
        ExiEncodeError: The element is none of CommonMessages.
    """
    return encode_fragment(element.name, element.value, message_set=MessageSet.COMMON, check=False)


def signed_info_octets(signed_info: m.SignedInfo, encoding: Encoding = Encoding.STANDALONE) -> bytes:
    """The EXI fragment that a SignatureValue is computed over."""
    member = None if encoding is Encoding.STANDALONE else MessageSet.COMMON
    return encode_fragment("SignedInfo", signed_info, message_set=member, check=False)


def digest(element: Element, method: str = SHA512) -> bytes:
    """DigestValue of an element.

    Raises:
        KeyError: The method is neither SHA-256 nor SHA-512.
    """
    return _digest(element_octets(element), method)


def _digest(data: bytes, method: str) -> bytes:
    running = hashes.Hash(_HASHES[method]())
    running.update(data)
    return running.finalize()


def sign(
    elements: Sequence[Element],
    key: SigningKey,
    *,
    encoding: Encoding = Encoding.STANDALONE,
    alter: Callable[[m.SignedInfo], m.SignedInfo] | None = None,
) -> m.Signature:
    """The signature over some elements of one message.

    Args:
        elements: What is signed; each needs an Id.
        key: The key; its type determines the algorithms.
        encoding: Grammar of SignedInfo.
        alter: Changes SignedInfo before it is signed, for signatures that hold and are wrong all the same.

    Raises:
        ValueError: There is no algorithm for such a key: our own misuse.
    """
    algorithm = algorithm_of(key)
    if algorithm is None:
        raise ValueError(f"no signature algorithm for {type(key).__name__}")
    info = m.SignedInfo(
        CanonicalizationMethod=m.CanonicalizationMethod(Algorithm=CANONICAL_EXI),
        SignatureMethod=m.SignatureMethod(Algorithm=algorithm.uri),
        Reference=tuple(_reference(element, algorithm.digest) for element in elements),
    )
    if alter is not None:
        info = alter(info)
    value = sign_octets(signed_info_octets(info, encoding), key)
    return m.Signature(SignedInfo=info, SignatureValue=m.SignatureValue(value=value))


def _reference(element: Element, method: str) -> m.Reference:
    return m.Reference(
        URI=f"#{element.id}",
        Transforms=m.Transforms(Transform=(m.Transform(Algorithm=CANONICAL_EXI),)),
        DigestMethod=m.DigestMethod(Algorithm=method),
        DigestValue=digest(element, method),
    )


def sign_octets(data: bytes, key: SigningKey) -> bytes:
    """SignatureValue over encoded octets: r || s for ECDSA, the 114 octets of Ed448."""
    if isinstance(key, ed448.Ed448PrivateKey):
        return key.sign(data)
    half = (key.curve.key_size + 7) // 8
    digest_of = hashes.SHA256() if key.curve.name == Algorithm.ECDSA_SHA256.key else hashes.SHA512()
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest_of)))
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def sign_message(
    message: M,
    key: SigningKey,
    *,
    encoding: Encoding = Encoding.STANDALONE,
    alter: Callable[[m.SignedInfo], m.SignedInfo] | None = None,
) -> M:
    """The message with a signature over everything in it that can be signed; the arguments are those of `sign`."""
    signature = sign(signed_elements(message), key, encoding=encoding, alter=alter)
    return replace(message, Header=replace(message.Header, Signature=signature))


def verify(
    signature: m.Signature | None, elements: Sequence[Element], key: object, *, lenient: bool = False
) -> Verification:
    """Checks a signature of a peer against the elements it has to cover, all of them and no others.

    Args:
        signature: That of the message header.
        elements: What has to be signed (`signed_elements`).
        key: Public key of the signer's certificate, of whatever type it is.
        lenient: Take algorithms that ISO 15118-20 has not for a deviation, not for a flaw.
    """
    if signature is None:
        return Verification((Finding(Flaw.ABSENT),))
    info = signature.SignedInfo
    algorithm = next((one for one in Algorithm if one.uri == info.SignatureMethod.Algorithm), None)
    found = list(_method_findings(info, algorithm, key))
    found += _reference_findings(info, elements)
    encoding = None
    if algorithm is not None and algorithm_of(key) is algorithm:
        value = signature.SignatureValue.value
        if len(value) != algorithm.length:
            found.append(Finding(Flaw.VALUE_LENGTH, f"{len(value)} octets, {algorithm.length} are due"))
        else:
            encoding = _holds(info, value, key, algorithm)
            if encoding is None:
                found.append(Finding(Flaw.VALUE))
    passed = [one for one in found if lenient and one.flaw is Flaw.NOT_STANDARD]
    return Verification(tuple(one for one in found if one not in passed), tuple(passed), algorithm, encoding)


def verify_message(message: m.V2GMessage, key: object, *, lenient: bool = False) -> Verification:
    """Checks the signature of a message over everything in it that can be signed; see `verify`."""
    elements = signed_elements(message)
    if not elements:
        return Verification((Finding(Flaw.NOTHING_TO_SIGN, type(message).__name__),))
    return verify(message.Header.Signature, elements, key, lenient=lenient)


def refused_content(error: ExiDecodeError) -> Finding | None:
    """The finding for a message that does not decode because its signature holds what the profile does without."""
    for name in REFUSED:
        if error.reason.endswith(f": {name} is refused"):
            return Finding(Flaw.REFUSED_CONTENT, name)
    return None


def _method_findings(info: m.SignedInfo, algorithm: Algorithm | None, key: object) -> Iterator[Finding]:
    if info.CanonicalizationMethod.Algorithm != CANONICAL_EXI:
        yield Finding(Flaw.CANONICALIZATION, info.CanonicalizationMethod.Algorithm)
    if algorithm is None:
        yield Finding(Flaw.SIGNATURE_METHOD, info.SignatureMethod.Algorithm)
        return
    if not algorithm.standard:
        yield Finding(Flaw.NOT_STANDARD, algorithm.uri)
    if algorithm_of(key) is not algorithm:
        curve = getattr(key, "curve", None)
        kind = type(key).__name__ if curve is None else curve.name
        yield Finding(Flaw.KEY, f"{algorithm.key} is due, the certificate has {kind}")


def _reference_findings(info: m.SignedInfo, elements: Sequence[Element]) -> Iterator[Finding]:
    by_uri = {f"#{element.id}": element for element in elements}
    if len(by_uri) < len(elements):
        yield Finding(Flaw.SAME_ID)
    met: set[str] = set()
    for reference in info.Reference:
        uri = reference.URI
        element = None if uri is None else by_uri.get(uri)
        if uri is None or element is None:
            yield Finding(Flaw.WRONG_URI, "no URI" if uri is None else uri)
            continue
        if uri in met:
            yield Finding(Flaw.SEVERAL_REFERENCES, uri)
        met.add(uri)
        yield from _transform_findings(reference)
        yield from _digest_findings(reference, element)
    for uri in by_uri:
        if uri not in met:
            yield Finding(Flaw.MISSING_REFERENCE, uri)


def _transform_findings(reference: m.Reference) -> Iterator[Finding]:
    transforms = reference.Transforms
    if transforms is None:
        yield Finding(Flaw.MISSING_TRANSFORMS, reference.URI or "")
        return
    if len(transforms.Transform) > 1:
        yield Finding(Flaw.SEVERAL_TRANSFORMS, f"{len(transforms.Transform)} for {reference.URI}")
    for one in transforms.Transform:
        if one.Algorithm != CANONICAL_EXI:
            yield Finding(Flaw.TRANSFORM, one.Algorithm)


def _digest_findings(reference: m.Reference, element: Element) -> Iterator[Finding]:
    method = reference.DigestMethod.Algorithm
    if method not in _HASHES:
        yield Finding(Flaw.DIGEST_METHOD, method)
        return
    if method != SHA512:
        yield Finding(Flaw.NOT_STANDARD, method)
    try:
        own = digest(element, method)
    except ExiEncodeError as error:
        yield Finding(Flaw.DIGEST, f"{element.name} cannot be encoded: {error.reason}")
        return
    if not hmac.compare_digest(own, reference.DigestValue):
        yield Finding(Flaw.DIGEST, f"{element.name} {element.id}")


def _holds(info: m.SignedInfo, value: bytes, key: Any, algorithm: Algorithm) -> Encoding | None:
    """The grammar with which the signature holds."""
    for encoding in Encoding:
        try:
            octets = signed_info_octets(info, encoding)
            if algorithm is Algorithm.EDDSA_ED448:
                key.verify(value, octets)
            else:
                half = algorithm.length // 2
                r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
                key.verify(encode_dss_signature(r, s), octets, ec.ECDSA(_HASHES[algorithm.digest]()))
        except (InvalidSignature, ExiEncodeError):
            continue
        return encoding
    return None
