"""Plug & Charge requests of the emulated car, good ones and such with a defect (reference 4.5, 7.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed448

from v2gready.protocols.iso15118 import codec, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Contract
from v2gready.protocols.iso15118.evcc.contracts import SIGNED_ID, chain_der, signing_key
from v2gready.protocols.iso15118.signature import Encoding

Alter = Callable[[m.SignedInfo], m.SignedInfo]


class SignatureDefect(Enum):
    """What is wrong with the signature of a request; everything else in it is right."""

    UNSIGNED = "no Signature"
    WRONG_DIGEST = "a DigestValue with one bit flipped, signed as it is"
    WRONG_VALUE = "a SignatureValue with one bit flipped"
    SHORT_VALUE = "a SignatureValue without its last octet"
    ZERO_VALUE = "a SignatureValue of zeros"
    OTHER_KEY = "a signature by another key"
    FOREIGN_ID = "a Reference to an Id that is not there"
    NO_URI = "a Reference without URI"
    TWO_TRANSFORMS = "two Transforms"
    NO_TRANSFORMS = "no Transforms"
    TWO_REFERENCES = "the same Reference twice"
    UNKNOWN_DIGEST_METHOD = "a DigestMethod that nobody knows"
    UNKNOWN_SIGNATURE_METHOD = "a SignatureMethod that nobody knows"
    UNKNOWN_CANONICALIZATION = "a CanonicalizationMethod that nobody knows"
    KEY_INFO = "a KeyInfo"


class ShownChain(Protocol):
    """A contract chain as it is shown, perhaps a defective one: a `Chain` of `protocols.pki.defects` is one."""

    @property
    def certificates_der(self) -> Sequence[bytes]:
        """The certificates, leaf first."""

    @property
    def private_key(self) -> object:
        """The key of the leaf."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request and its octets, where these are not just those of the request.

    Attributes:
        request: The message.
        octets: Its EXI document.
    """

    request: m.AuthorizationReq | m.CertificateInstallationReq | m.MeteringConfirmationReq
    octets: bytes = field(repr=False)


def pnc_request(
    header: m.MessageHeader,
    challenge: bytes,
    contract: Contract | ShownChain,
    *,
    defect: SignatureDefect | None = None,
    encoding: Encoding = Encoding.STANDALONE,
) -> SignedRequest:
    """AuthorizationReq with a contract.

    Args:
        header: Of the session.
        challenge: GenChallenge to show.
        contract: A contract of the car, or any chain with its key.
        defect: What is wrong with its signature.
        encoding: Grammar of SignedInfo.
    """
    if isinstance(contract, Contract):
        certificates: Sequence[bytes] = chain_der(contract.credential)
        key: object = signing_key(contract.credential)
    else:
        certificates, key = contract.certificates_der, contract.private_key
    leaf, *above = certificates
    mode = m.PnC_AReqAuthorizationMode(
        Id=SIGNED_ID,
        GenChallenge=challenge,
        ContractCertificateChain=m.ContractCertificateChain(
            Certificate=leaf, SubCertificates=m.SubCertificates(Certificate=tuple(above[:3]) or (leaf,))
        ),
    )
    request = m.AuthorizationReq(
        Header=header, SelectedAuthorizationService=m.Authorization.PnC, AReqAuthorizationMode=mode
    )
    return signed(request, key, defect=defect, encoding=encoding)


def signed(
    request: m.AuthorizationReq | m.CertificateInstallationReq | m.MeteringConfirmationReq,
    key: object,
    *,
    defect: SignatureDefect | None = None,
    encoding: Encoding = Encoding.STANDALONE,
) -> SignedRequest:
    """Any request with signed content, signed with or without a defect.

    A chain may be so defective that its key signs nothing in this profile (RSA, another curve); then the request is
    signed with a key made for the purpose, and the chain is the only thing to be judged.
    """
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey) or signature.algorithm_of(key) is None:
        key = ec.generate_private_key(ec.SECP521R1())
    if defect is SignatureDefect.UNSIGNED:
        plain = replace(request, Header=replace(request.Header, Signature=None))
        return SignedRequest(plain, codec.encode(plain, check=False))
    if defect is SignatureDefect.OTHER_KEY:
        key = _other(key)
    made = signature.sign(
        signature.signed_elements(request), key, encoding=encoding, alter=None if defect is None else _ALTER.get(defect)
    )
    if defect in _VALUES:
        made = replace(made, SignatureValue=m.SignatureValue(value=_VALUES[defect](made.SignatureValue.value)))
    message = replace(request, Header=replace(request.Header, Signature=made))
    octets = codec.encode(message, check=False)
    if defect is SignatureDefect.KEY_INFO:
        octets = with_key_info(octets, made.SignatureValue.value)
    return SignedRequest(message, octets)


def _other(key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey) -> signature.SigningKey:
    if isinstance(key, ed448.Ed448PrivateKey):
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key(key.curve)


# What an altered SignedInfo looks like; its signature holds.


def _reference(**changes: Any) -> Alter:
    def alter(info: m.SignedInfo) -> m.SignedInfo:
        return replace(info, Reference=tuple(replace(one, **changes) for one in info.Reference))

    return alter


def _flipped_digest(info: m.SignedInfo) -> m.SignedInfo:
    return replace(info, Reference=tuple(replace(one, DigestValue=_flipped(one.DigestValue)) for one in info.Reference))


def _flipped(value: bytes) -> bytes:
    """One bit in the middle: neither a sign nor a length."""
    middle = len(value) // 2
    return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]


_UNKNOWN: Final = "urn:v2gready:unknown"
_EXI: Final = m.Transform(Algorithm=signature.CANONICAL_EXI)
_ALTER: Final[dict[SignatureDefect, Alter]] = {
    SignatureDefect.WRONG_DIGEST: _flipped_digest,
    SignatureDefect.FOREIGN_ID: _reference(URI="#another"),
    SignatureDefect.NO_URI: _reference(URI=None),
    SignatureDefect.TWO_TRANSFORMS: _reference(Transforms=m.Transforms(Transform=(_EXI, _EXI))),
    SignatureDefect.NO_TRANSFORMS: _reference(Transforms=None),
    SignatureDefect.TWO_REFERENCES: lambda info: replace(info, Reference=info.Reference * 2),
    SignatureDefect.UNKNOWN_DIGEST_METHOD: _reference(DigestMethod=m.DigestMethod(Algorithm=_UNKNOWN)),
    SignatureDefect.UNKNOWN_SIGNATURE_METHOD: lambda info: replace(
        info, SignatureMethod=m.SignatureMethod(Algorithm=_UNKNOWN)
    ),
    SignatureDefect.UNKNOWN_CANONICALIZATION: lambda info: replace(
        info, CanonicalizationMethod=m.CanonicalizationMethod(Algorithm=_UNKNOWN)
    ),
}
_VALUES: Final[dict[SignatureDefect | None, Callable[[bytes], bytes]]] = {
    SignatureDefect.WRONG_VALUE: _flipped,
    SignatureDefect.SHORT_VALUE: lambda value: value[:-1],
    SignatureDefect.ZERO_VALUE: lambda value: bytes(len(value)),
}


def with_key_info(octets: bytes, value: bytes) -> bytes:
    """The same document with a KeyInfo behind SignatureValue, which our own encoder does not write.

    Behind the octets of SignatureValue stand its end (1 bit 0) and the state {KeyInfo 0, Object 1, end 2} (2 bits).
    KeyInfo: state {Id 0, KeyName 1, KeyValue 2, RetrievalMethod 3, X509Data 4, PGPData 5, SPKIData 6, MgmtData 7,
    any 8, characters 9} (4 bits); KeyName is a string. Behind it {the same without Id 0..7, end 8, characters 9}
    (4 bits); then {Object 0, end 1} (2 bits), where the end of Signature was.

    Args:
        octets: The document.
        value: Its SignatureValue.

    Raises:
        ValueError: The value is not in it: our own misuse.
    """
    bits = "".join(f"{octet:08b}" for octet in octets)
    marker = "".join(f"{octet:08b}" for octet in value)
    at = bits.find(marker)
    if at < 0:
        raise ValueError("the document does not hold that SignatureValue")
    at += len(marker) + 1
    if bits[at : at + 2] != "10":
        raise ValueError("the document goes on with something else than the end of Signature")
    name = "0" + "".join(f"{octet:08b}" for octet in (len(_KEY_NAME) + 2, *_KEY_NAME)) + "0"
    # Three names make whole octets of all that is put in, so that the padding at the end stays as it is.
    key_info = "00" + "0001" + name + 2 * ("0000" + name) + "1000" + "01"
    bits = bits[:at] + key_info + bits[at + 2 :]
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


_KEY_NAME: Final = b"V2G"
