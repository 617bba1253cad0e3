"""Faults of certificates (reference M01-M03)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from v2gready.protocols.ocpp.frames import ErrorCode, Payload
from v2gready.protocols.pki import Curve
from v2gready.references.csms.authority import BadCsr
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Answers, Ignores, Refuses, Requests
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Check, Fault, swapped
from v2gready.references.csms.turn import Reply, Request, Turn

_LEAF = re.compile(r"-----END CERTIFICATE-----\n")


class _Signed(Requests):
    action = "CertificateSigned"


class _Status(Answers):
    action = "GetCertificateStatus"


class _ChainStatus(Answers):
    action = "GetCertificateChainStatus"


class _Contract(Answers):
    action = "Get15118EVCertificate"


@fault("ocsp-not-der", "Sends the word Good in base64 where an OCSP response is due.")
class OcspNotDer(Fault):
    """M01, citrineos-core#958."""

    def ocsp(self, der: bytes) -> bytes:
        """No DER."""
        return b"Good"


@fault("ocsp-pem", "Sends the OCSP response with PEM lines around it before base64.")
class OcspPem(Fault):
    """M01."""

    def ocsp(self, der: bytes) -> bytes:
        """Wrapped."""
        return b"-----BEGIN OCSP RESPONSE-----\n" + base64.encodebytes(der) + b"-----END OCSP RESPONSE-----\n"


@fault("ocsp-empty", "Accepts GetCertificateStatus without an OCSP response.")
class OcspEmpty(_Status):
    """M01."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, ocspResult=None)


@fault("ocsp-for-other-certificate", "Sends the OCSP response of another certificate.")
class OcspForOther(_Status):
    """M01."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Serial number 1."""
        if "ocspResult" not in payload:
            return payload
        data = {**turn.payload["ocspRequestData"], "serialNumber": "1"}
        moment = datetime.fromtimestamp(turn.unix, UTC)
        der = turn.backend.authority(turn.now).ocsp(data, "Good", moment)
        return swapped(payload, ocspResult=base64.b64encode(der).decode("ascii"))


@fault("ocsp-outdated", "Sends an OCSP response that was outdated a month ago.")
class OcspOutdated(_Status):
    """M01, M06."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """From the cache."""
        if "ocspResult" not in payload:
            return payload
        moment = datetime.fromtimestamp(turn.unix - 40 * 86_400, UTC)
        der = turn.backend.authority(turn.now).ocsp(turn.payload["ocspRequestData"], "Good", moment)
        return swapped(payload, ocspResult=base64.b64encode(der).decode("ascii"))


@fault("revoked-reported-good", "Tells that a revoked certificate is good.")
class RevokedGood(Ignores):
    """M01."""

    ignored = frozenset({Check.REVOKED})


@fault("unknown-reported-good", "Tells that a certificate nobody knows is good.")
class UnknownGood(Ignores):
    """M01."""

    ignored = frozenset({Check.UNKNOWN})


@fault("unavailable-reported-good", "Tells that a certificate is good whose status it could not get.")
class UnavailableGood(Ignores):
    """M01."""

    ignored = frozenset({Check.AVAILABLE})


@fault("chain-status-incomplete", "Tells the status of the first certificate of a chain alone.")
class ChainIncomplete(_ChainStatus):
    """M07."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """The first."""
        return swapped(payload, certificateStatus=payload["certificateStatus"][:1])


@fault("chain-status-swapped", "Tells the status of a chain with the hashes of other certificates.")
class ChainSwapped(_ChainStatus):
    """M07."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Hashes the other way round."""
        found = payload["certificateStatus"]
        hashes = [one["certificateHashData"] for one in reversed(found)]
        return swapped(
            payload,
            certificateStatus=[{**one, "certificateHashData": other} for one, other in zip(found, hashes, strict=True)],
        )


@fault("chain-status-without-update", "Leaves nextUpdate out of the status of a chain.")
class ChainWithoutUpdate(_ChainStatus):
    """M07: required field."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(
            payload, certificateStatus=[swapped(one, nextUpdate=None) for one in payload["certificateStatus"]]
        )


@fault("sign-request-id-lost", "Sends CertificateSigned without the requestId of SignCertificate.")
class RequestIdLost(_Signed):
    """M03."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Left out."""
        return swapped(payload, requestId=None)


@fault("sign-request-id-changed", "Sends CertificateSigned with a requestId of its own.")
class RequestIdChanged(_Signed):
    """M03."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Plus one."""
        return swapped(payload, requestId=payload["requestId"] + 1) if "requestId" in payload else payload


@fault("certificate-type-changed", "Sends CertificateSigned for a ChargingStationCertificate, whatever was asked for.")
class TypeChanged(_Signed):
    """M03: V2G20Certificate."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Always the same."""
        return swapped(payload, certificateType="ChargingStationCertificate")


@fault("certificate-never-signed", "Accepts SignCertificate and sends no certificate.")
class NeverSigned(_Signed):
    """A02."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Forgotten."""
        return None


@fault("certificate-for-other-key", "Signs a certificate for another key than that of the CSR.")
class OtherKey(Fault):
    """A02, S10."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A key that nobody has."""
        if turn.action != "SignCertificate" or not reply.then:
            return reply
        moment = datetime.fromtimestamp(turn.unix, UTC)
        key = Curve.P256.generate().public_key()
        try:
            chain = turn.backend.authority(turn.now).sign(turn.payload["csr"], moment, public_key=key)
        except BadCsr:
            return reply
        return replace(
            reply, then=tuple(replace(one, payload={**one.payload, "certificateChain": chain}) for one in reply.then)
        )


@fault("certificate-chain-reversed", "Sends the certificate chain with the root first.")
class ChainReversed(_Signed):
    """A02: leaf first."""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Upside down."""
        parts = [part for part in _LEAF.split(payload["certificateChain"]) if part.strip()]
        chain = "".join(f"{part}-----END CERTIFICATE-----\n" for part in reversed(parts))
        return swapped(payload, certificateChain=chain)


@fault("bad-csr-accepted", "Accepts a CSR that is none, or is not of this operator.")
class BadCsrAccepted(Answers):
    """A02."""

    action = "SignCertificate"

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Whatever it is."""
        return {"status": "Accepted"}


@fault("remaining-contracts-missing", "Does not tell how many contracts remain.")
class RemainingMissing(_Contract):
    """M02."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, remainingContracts=None)


@fault("remaining-contracts-stuck", "Always tells that two contracts remain.")
class RemainingStuck(_Contract):
    """M02: counts down to 0."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """No end."""
        return {**payload, "remainingContracts": 2} if "remainingContracts" in payload else payload


@fault("same-contract-again", "Sends the first contract for every request.")
class SameContract(_Contract):
    """M01, M02."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, str] = {}

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """From the cache."""
        first = self._first.setdefault(turn.payload["exiRequest"], payload["exiResponse"])
        return swapped(payload, exiResponse=first)


@fault("csr-signature-unchecked", "Signs a CSR whose signature is wrong: whoever sent it need not have the key.")
class CsrUnchecked(Fault):
    """A02."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A certificate for the key in it."""
        if turn.action != "SignCertificate" or reply.payload.get("status") != "Rejected":
            return reply
        try:
            request = x509.load_pem_x509_csr(turn.payload["csr"].encode("utf-8"))
        except ValueError:
            return reply
        key = Curve.P256.generate()
        own = x509.CertificateSigningRequestBuilder().subject_name(request.subject).sign(key, hashes.SHA256())
        text = own.public_bytes(serialization.Encoding.PEM).decode("ascii")
        moment = datetime.fromtimestamp(turn.unix, UTC)
        public: Any = request.public_key()
        chain = turn.backend.authority(turn.now).sign(text, moment, public_key=public)
        answer = {"certificateChain": chain, "certificateType": "ChargingStationCertificate"}
        return Reply({"status": "Accepted"}, then=(Request("CertificateSigned", answer),))


@fault("long-certificate-refused", "Refuses a certificate of more than 5,500 characters in Authorize.")
class LongCertificateRefused(Refuses):
    """M03: the limit of OCPP 2.0.1."""

    action = "Authorize"
    code = ErrorCode.FORMAT_VIOLATION

    def applies(self, turn: Turn) -> bool:
        """Chains of ISO 15118-20 are longer."""
        return len(turn.payload.get("certificate", "")) > 5500


@fault("long-csr-refused", "Rejects a CSR of more than 2,000 characters.")
class LongCsrRefused(Fault):
    """M03: 5,500 are allowed."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Too long for its column."""
        if turn.action != "SignCertificate" or len(turn.payload["csr"]) <= 2000:
            return reply
        return Reply({"status": "Rejected"})
