"""The certificate store: own certificates renewed, roots installed and deleted (A02, A03, M01 to M06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.protocols.pki import Credential
from v2gready.references.station.context import ErrorReply, Handler
from v2gready.references.station.timers import Timer

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

_ROOTS: Final = (
    "CSMSRootCertificate",
    "V2GRootCertificate",
    "MORootCertificate",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
)
_LIMIT: Final = 20
"""Roots that fit into memory."""


class CertificateKnob(Enum):
    """What a fault may bend in certificates."""

    REQUEST = "SignCertificate"
    WAIT = "wait for CertificateSigned in s"
    REPEATS = "repeats of SignCertificate"
    EVENT = "tells InvalidChargingStationCertificate"
    HASH = "certificate hash data"
    INSTALLED = "installed certificates"
    REMAINING = "contract certificates that remain"


class CertificateCheck(Enum):
    """Rules of certificates."""

    REQUEST_ID = "requestId of CertificateSigned is that of the request"
    KEY = "the certificate has the key of the request"
    VALIDITY = "the certificate is valid now"
    CHAIN = "the certificate leads to a known root"
    SUBJECT = "the certificate names station and operator"
    READABLE = "the certificate can be read"
    AUTHORITY = "a root is a certificate authority"
    LAST_ROOT = "the last CSMS root is not deleted"
    FULL = "there is room for the certificate"


@dataclass(slots=True)
class _Signing:
    """One certificate that is waited for."""

    request_id: int
    key: ec.EllipticCurvePrivateKey
    csr: str
    sent: int = 0
    timer: Timer | None = None


class Certificates:
    """All certificates of the station.

    Args:
        station: The station.

    Attributes:
        own: ChargingStationCertificate with its key.
    """

    def __init__(self, station: Station) -> None:
        known = station.credentials
        self._station = station
        self._signing: _Signing | None = None
        self._request_id = 0
        self._roots: dict[str, list[x509.Certificate]] = {kind: [] for kind in _ROOTS}
        self._contract: Payload | None = None
        self.own: Credential | None = known.certificate
        self._roots["CSMSRootCertificate"] += known.roots
        self._roots["V2GRootCertificate"] += known.v2g_roots
        self._roots["MORootCertificate"] += known.mo_roots
        self._count()
        self.handlers: Mapping[str, Handler] = {
            "CertificateSigned": self._signed,
            "InstallCertificate": self._install,
            "DeleteCertificate": self._delete,
            "GetInstalledCertificateIds": self._installed,
        }

    def roots(self, kind: str) -> tuple[x509.Certificate, ...]:
        """Trust anchors of a type."""
        return tuple(self._roots[kind])

    def power_cycle(self) -> None:
        """A request that is under way is forgotten."""
        self._signing = None

    # The loop of SignCertificate

    def start_signing(self, now: float) -> None:
        """Makes a key and asks for a certificate (A02, A03)."""
        self._stop_waiting()
        key = ec.generate_private_key(ec.SECP256R1())
        model = self._station.model
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, self._station.config.serial),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, model.get("SecurityCtrlr", "OrganizationName") or ""),
            ]
        )
        csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        self._request_id += 1
        text = csr.public_bytes(serialization.Encoding.PEM).decode("ascii")
        self._signing = _Signing(self._request_id, key, text)
        self._ask(now)

    def _ask(self, now: float) -> None:
        signing = self._signing
        if signing is None:
            return
        payload = {
            "csr": signing.csr,
            "certificateType": "ChargingStationCertificate",
            "requestId": signing.request_id,
        }
        signing.sent += 1
        bent = self._station.seams.value(CertificateKnob.REQUEST, payload)
        self._station.outbox.put("SignCertificate", bent, now, then=self._asked, requested=True)

    def _asked(self, answer: CallResult | CallError | None, now: float) -> None:
        signing = self._signing
        if signing is None:
            return
        if isinstance(answer, CallResult) and answer.payload["status"] != "Accepted":
            self._signing = None
            return
        # A02: no CertificateSigned in time: once more, each time after twice the wait, so many times.
        model, seams = self._station.model, self._station.seams
        wait = (model.number("SecurityCtrlr", "CertSigningWaitMinimum") or 0.0) * 2 ** (signing.sent - 1)
        wait = seams.value(CertificateKnob.WAIT, wait)
        repeats = seams.value(CertificateKnob.REPEATS, model.number("SecurityCtrlr", "CertSigningRepeatTimes") or 0.0)
        if signing.sent <= repeats:
            signing.timer = self._station.timers.at(now + wait, self._ask)

    def _stop_waiting(self) -> None:
        if self._signing is not None and self._signing.timer is not None:
            self._signing.timer.cancel()
        self._signing = None

    def _signed(self, payload: Payload, now: float) -> Payload | ErrorReply:
        if payload.get("certificateType", "ChargingStationCertificate") != "ChargingStationCertificate":
            return _rejected("UnsupportedParam")
        seams, signing = self._station.seams, self._signing
        # requestId is new in 2.1: a CSMS that leaves it out means the only request there is.
        stranger = signing is None or payload.get("requestId", signing.request_id) != signing.request_id
        if seams.check(CertificateCheck.REQUEST_ID, violated=stranger) or signing is None:
            return _rejected("InvalidRequestId")
        chain = read_pem(payload["certificateChain"])
        problem = self._problem(chain, signing)
        if problem is not None:
            if seams.value(CertificateKnob.EVENT, True):
                self._station.security.event("InvalidChargingStationCertificate", now, problem)
            return _rejected("InvalidCertificate")
        self.own = Credential(chain[0], signing.key, tuple(chain[1:]))
        self._stop_waiting()
        return {"status": "Accepted"}

    def _problem(self, chain: list[x509.Certificate], signing: _Signing) -> str | None:
        """Why the certificate is not taken (A02)."""
        violates = self._station.seams.check
        if violates(CertificateCheck.READABLE, violated=not chain) or not chain:
            return "no certificate in PEM"
        leaf = chain[0]
        if violates(CertificateCheck.KEY, violated=leaf.public_key() != signing.key.public_key()):
            return "another key than that of the request"
        if violates(CertificateCheck.VALIDITY, violated=not self._valid(leaf)):
            return "not valid now"
        if violates(CertificateCheck.SUBJECT, violated=not self._names_us(leaf)):
            return "subject is not this station"
        if violates(CertificateCheck.CHAIN, violated=not self._leads_to_root(chain)):
            return "no way to a known root"
        return None

    def _names_us(self, leaf: x509.Certificate) -> bool:
        organisation = self._station.model.get("SecurityCtrlr", "OrganizationName") or ""
        return (
            _first(leaf, NameOID.COMMON_NAME) == self._station.config.serial
            and _first(leaf, NameOID.ORGANIZATION_NAME) == organisation
        )

    def _leads_to_root(self, chain: list[x509.Certificate]) -> bool:
        for child, issuer in pairwise(chain):
            if not _issued(child, issuer):
                return False
        last = chain[-1]
        return any(last == root or _issued(last, root) for root in self._roots["CSMSRootCertificate"])

    def _valid(self, certificate: x509.Certificate) -> bool:
        today: datetime = self._station.today
        return certificate.not_valid_before_utc <= today <= certificate.not_valid_after_utc

    # Roots

    def _install(self, payload: Payload, _: float) -> Payload | ErrorReply:
        violates = self._station.seams.check
        found = read_pem(payload["certificate"])
        if violates(CertificateCheck.READABLE, violated=len(found) != 1):
            return _rejected("InvalidCertificate")
        if not found:
            return {"status": "Accepted"}
        certificate = found[0]
        if violates(CertificateCheck.AUTHORITY, violated=not _is_authority(certificate)):
            return _rejected("InvalidCertificate")
        if violates(CertificateCheck.VALIDITY, violated=not self._valid(certificate)):
            return _rejected("InvalidCertificate")
        kind = payload["certificateType"]
        if certificate in self._roots[kind]:
            return {"status": "Accepted"}
        count = sum(len(roots) for roots in self._roots.values())
        if violates(CertificateCheck.FULL, violated=count >= _LIMIT):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "OutOfStorage"}}
        self._roots[kind].append(certificate)
        self._count()
        return {"status": "Accepted"}

    def _delete(self, payload: Payload, _: float) -> Payload | ErrorReply:
        wanted = payload["certificateHashData"]
        digest = _DIGESTS[wanted["hashAlgorithm"]]
        if self.own is not None and _matches(wanted, self._hash_of(self.own.certificate, None, digest)):
            return {"status": "Failed", "statusInfo": {"reasonCode": "InUse"}}  # M04
        for kind, roots in self._roots.items():
            for certificate in roots:
                if _matches(wanted, self._hash_of(certificate, certificate, digest)):
                    last = kind == "CSMSRootCertificate" and len(roots) == 1
                    if self._station.seams.check(CertificateCheck.LAST_ROOT, violated=last):
                        return {"status": "Failed", "statusInfo": {"reasonCode": "InUse"}}
                    roots.remove(certificate)
                    self._count()
                    return {"status": "Accepted"}
        return {"status": "NotFound"}

    def _installed(self, payload: Payload, _: float) -> Payload | ErrorReply:
        wanted = payload.get("certificateType", _ROOTS)
        seams = self._station.seams
        chains: list[Payload] = [
            {
                "certificateType": kind,
                "certificateHashData": seams.value(
                    CertificateKnob.HASH, self._hash_of(certificate, certificate, hashes.SHA256())
                ),
            }
            for kind in _ROOTS
            if kind in wanted
            for certificate in self._roots[kind]
        ]
        chains = seams.value(CertificateKnob.INSTALLED, chains)
        if not chains:
            return {"status": "NotFound"}
        return {"status": "Accepted", "certificateHashDataChain": chains}

    def _count(self) -> None:
        count = sum(len(roots) for roots in self._roots.values())
        self._station.model.put("SecurityCtrlr", "CertificateEntries", count)

    def _hash_of(
        self, certificate: x509.Certificate, issuer: x509.Certificate | None, digest: hashes.HashAlgorithm
    ) -> Payload:
        """CertificateHashDataType: the issuer of a root is the root itself."""
        if issuer is None:
            known = [*(self.own.chain if self.own is not None else ()), *self._roots["CSMSRootCertificate"]]
            issuer = next((one for one in known if one.subject == certificate.issuer), certificate)
        return hash_data(certificate, issuer, digest)

    # ISO 15118: contract certificates are passed through, never read

    def contract(self, now: float, *, exi: str, update: bool, remaining: int, version: str) -> None:
        """The vehicle asks for contract certificates (M01, M02); repeated while more of them remain.

        Args:
            now: The time.
            exi: The vehicle's request, base64.
            update: Update instead of Install.
            remaining: maximumContractCertificateChains that the vehicle takes; 0: the field is left out.
            version: iso15118SchemaVersion.
        """
        payload: Payload = {
            "iso15118SchemaVersion": version,
            "action": "Update" if update else "Install",
            "exiRequest": exi,
        }
        if remaining:
            payload["maximumContractCertificateChains"] = remaining
        self._pass_on(payload, now)

    def _more(self, asked: Payload, answer: CallResult | CallError | None, now: float) -> None:
        if not isinstance(answer, CallResult):
            return
        left = self._station.seams.value(CertificateKnob.REMAINING, answer.payload.get("remainingContracts", 0))
        if left > 0:
            self._pass_on(asked, now)

    def _pass_on(self, payload: Payload, now: float) -> None:
        def answered(answer: CallResult | CallError | None, when: float) -> None:
            self._more(payload, answer, when)

        self._station.send("Get15118EVCertificate", payload, now, then=answered)


_DIGESTS: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate, digest: hashes.HashAlgorithm) -> Payload:
    """CertificateHashDataType of a certificate (RFC 6960, 4.1.1)."""
    # RFC 6960 hashes the value of the BIT STRING, without tag and length.
    point = issuer.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "hashAlgorithm": digest.name.upper(),
        "issuerNameHash": _hash(digest, certificate.issuer.public_bytes()),
        "issuerKeyHash": _hash(digest, _bit_string(point)),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _bit_string(info: bytes) -> bytes:
    """The key of a SubjectPublicKeyInfo: what stands behind the algorithm, without tag, length and unused bits."""
    _, start, _ = _element(info, 0)
    _, _, algorithm_end = _element(info, start)
    _, key_start, key_end = _element(info, algorithm_end)
    return info[key_start + 1 : key_end]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the value of a DER element."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count])
        start += count
    return data[at], start, start + length


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> str:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize().hex()


def _matches(wanted: Payload, found: Payload) -> bool:
    names = ("issuerNameHash", "issuerKeyHash")
    same = all(str(wanted[name]).lower() == found[name] for name in names)
    serial = str(wanted["serialNumber"]).lower().lstrip("0")
    return same and serial == found["serialNumber"].lstrip("0")


def read_pem(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM text, none where it cannot be read."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _first(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _rejected(reason: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
