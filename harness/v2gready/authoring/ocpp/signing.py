"""Certificates as a CSMS handles them: a request to sign, the chain that comes back, the OCSP answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.wire import RpcExchange
from v2gready.model.observation import Inconclusive, Observation
from v2gready.protocols.ocpp.pki import ORGANISATION

_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def signing_request(serial: str, organisation: str = ORGANISATION, *, filling: int = 0) -> str:
    """A CSR in PEM for a new P-256 key: common name the serial number, organisation the operator (A00).

    Args:
        serial: Serial number of the station.
        organisation: Name of the operator.
        filling: Characters of an extension that makes it long; 0 for none.
    """
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, serial),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    if filling:
        names = [x509.DNSName("a" * 60 + ".invalid") for _ in range(filling // 70)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode("ascii")


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What stands in a CSR.

    Attributes:
        sound: Its signature is by its own key.
        serials: Common names.
        organisations: Organisation names.
        subject: The whole subject, for the reader.
    """

    sound: bool
    serials: tuple[str, ...]
    organisations: tuple[str, ...]
    subject: str


def read_request(csr: str) -> SigningRequest | None:
    """Reads a CSR in PEM; None where it is none."""
    try:
        request = x509.load_pem_x509_csr(csr.encode())
    except ValueError:
        return None
    names = [
        tuple(str(one.value) for one in request.subject.get_attributes_for_oid(oid))
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    ]
    return SigningRequest(request.is_signature_valid, names[0], names[1], request.subject.rfc4514_string())


def damaged(csr: str) -> str:
    """The same request with a signature that is not its own: whoever sent it need not have the key."""
    lines = csr.strip().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    text = base64.b64encode(bytes(der)).decode("ascii")
    return "\n".join([lines[0], *(text[at : at + 64] for at in range(0, len(text), 64)), lines[-1], ""])


def chain_for_request(requirement: str, signed: RpcExchange, asked: RpcExchange) -> Observation:
    """CertificateSigned holds a chain, leaf first, each signed by the next, for the key and the subject of the CSR.

    Raises:
        Inconclusive: What we asked for was no CSR.
    """
    try:
        request = x509.load_pem_x509_csr(str(asked.payload.get("csr")).encode("utf-8"))
    except ValueError:
        raise Inconclusive("what we asked to be signed is no CSR") from None
    return holds(
        requirement,
        not (wrong := _off_request(str(signed.payload.get("certificateChain", "")), request)),
        expected="a certificate for the key and subject of the CSR, the certificate that signed it next",
        seen=wrong or "so",
        at=(*asked.at[:1], *signed.at[:1]),
    )


def _off_request(text: str, request: x509.CertificateSigningRequest) -> str:
    try:
        chain = x509.load_pem_x509_certificates(text.encode("utf-8"))
    except ValueError:
        return "no certificate in PEM"
    leaf = chain[0]
    if leaf.public_key() != request.public_key():
        return "the first certificate is for another key"
    if not set(request.subject) <= set(leaf.subject):
        return f"subject {leaf.subject.rfc4514_string()}, asked for {request.subject.rfc4514_string()}"
    for lower, upper in pairwise(chain):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            return f"{lower.subject.rfc4514_string()} is not signed by the next one, {upper.subject.rfc4514_string()}"
    return ""


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """What came back for GetCertificateStatus.

    Attributes:
        problem: Why it is no OCSP response for what was asked; empty if it is one.
        status: GOOD, REVOKED or UNKNOWN.
        begin: thisUpdate.
        end: nextUpdate.
    """

    problem: str = ""
    status: str = ""
    begin: datetime | None = field(default=None)
    end: datetime | None = field(default=None)

    def fits(self, moment: datetime) -> bool:
        """It holds at that time."""
        return self.begin is not None and self.begin <= moment and (self.end is None or moment <= self.end)


def ocsp_answer(asked: RpcExchange) -> OcspAnswer:
    """Reads ocspResult: base64 of a DER-encoded OCSP response about the certificate asked for (M06, RFC 6960)."""
    text = None if asked.answer is None else asked.answer.get("ocspResult")
    if not isinstance(text, str) or not text:
        return OcspAnswer("no ocspResult")
    try:
        der = base64.b64decode(text, validate=True)
        response = ocsp.load_der_ocsp_response(der)
    except (binascii.Error, ValueError):
        return OcspAnswer("ocspResult is no base64 of an OCSP response in DER")
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return OcspAnswer(f"OCSP response {response.response_status.name}")
    about = asked.payload.get("ocspRequestData")
    if not isinstance(about, Mapping) or not _about(response, about):
        return OcspAnswer("the OCSP response is about another certificate")
    return OcspAnswer("", response.certificate_status.name, response.this_update_utc, response.next_update_utc)


def _about(response: ocsp.OCSPResponse, asked: Mapping[str, Any]) -> bool:
    """A responder may answer with another hash algorithm; the serial number says enough then."""
    try:
        if response.serial_number != int(str(asked.get("serialNumber")), 16):
            return False
        same = isinstance(response.hash_algorithm, _HASHES.get(str(asked.get("hashAlgorithm")), hashes.SHA256))
        return not same or (response.issuer_name_hash, response.issuer_key_hash) == (
            bytes.fromhex(str(asked.get("issuerNameHash"))),
            bytes.fromhex(str(asked.get("issuerKeyHash"))),
        )
    except ValueError:
        return False
