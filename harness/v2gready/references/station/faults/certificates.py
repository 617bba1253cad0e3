"""Faults of certificates (reference S10, M02, M03)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from typing import Any

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.certificates import CertificateCheck, CertificateKnob
from v2gready.references.station.faults.kinds import Answers, Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault


@fault("csr-request-id-lost", "Leaves requestId out of SignCertificate.")
class RequestIdLost(Turns):
    """S10, A02."""

    knob = CertificateKnob.REQUEST

    def bend(self, value: Payload) -> Payload:
        """As in 2.0.1."""
        return without(value, "requestId")


@fault("csr-unreadable", "Sends a certificate signing request that is no PEM.")
class CsrUnreadable(Turns):
    """A02."""

    knob = CertificateKnob.REQUEST

    def bend(self, value: Payload) -> Payload:
        """Without its lines."""
        return value | {"csr": "".join(value["csr"].splitlines()[1:-1])}


@fault("request-id-not-checked", "Accepts a signed certificate for another request.")
class RequestIdNotChecked(Ignores):
    """S10."""

    ignored = frozenset({CertificateCheck.REQUEST_ID})


@fault("wrong-key-certificate-accepted", "Accepts a signed certificate with another key.")
class WrongKeyAccepted(Ignores):
    """S10, A02."""

    ignored = frozenset({CertificateCheck.KEY})


@fault("expired-certificate-accepted", "Accepts a signed certificate that has expired.")
class ExpiredAccepted(Ignores):
    """S10."""

    ignored = frozenset({CertificateCheck.VALIDITY})


@fault("foreign-certificate-accepted", "Accepts a signed certificate of an unknown authority.")
class ForeignAccepted(Ignores):
    """S10."""

    ignored = frozenset({CertificateCheck.CHAIN})


@fault("wrong-subject-accepted", "Accepts a signed certificate for another station or operator.")
class WrongSubjectAccepted(Ignores):
    """A00."""

    ignored = frozenset({CertificateCheck.SUBJECT})


@fault("no-certificate-event", "Tells no security event about a bad signed certificate.")
class NoCertificateEvent(Turns):
    """S10: InvalidChargingStationCertificate."""

    knob = CertificateKnob.EVENT
    wrong = False


@fault("sign-request-not-repeated", "Does not repeat SignCertificate when no certificate comes.")
class NotRepeated(Turns):
    """A02."""

    knob = CertificateKnob.REPEATS
    wrong = 0.0


@fault("sign-request-repeated-for-ever", "Repeats SignCertificate for ever.")
class RepeatedForEver(Turns):
    """A02: CertSigningRepeatTimes."""

    knob = CertificateKnob.REPEATS
    wrong = 1e6


@fault("sign-wait-not-doubled", "Waits equally long before every repeat of SignCertificate.")
class WaitNotDoubled(Turns):
    """A02."""

    knob = CertificateKnob.WAIT

    def __init__(self) -> None:
        super().__init__()
        self._first: float | None = None

    def bend(self, value: float) -> float:
        """The first one for ever."""
        self._first = value if self._first is None else self._first
        return self._first


@fault("delete-last-root", "Deletes the last CSMS root certificate.")
class DeletesLastRoot(Ignores):
    """M03, M04: it could never connect again."""

    ignored = frozenset({CertificateCheck.LAST_ROOT})


@fault("garbage-root-accepted", "Accepts a root certificate that cannot be read.")
class GarbageRootAccepted(Ignores):
    """M05."""

    ignored = frozenset({CertificateCheck.READABLE})


@fault("leaf-as-root-accepted", "Accepts a certificate that is no authority as a root.")
class LeafAsRootAccepted(Ignores):
    """M05."""

    ignored = frozenset({CertificateCheck.AUTHORITY})


@fault("certificate-hash-wrong", "Hashes the whole public key field instead of the key.")
class HashWrong(Turns):
    """M03: RFC 6960."""

    knob = CertificateKnob.HASH

    def bend(self, value: Payload) -> Payload:
        """Another hash of the same length."""
        return value | {"issuerKeyHash": value["issuerKeyHash"][::-1]}


@fault("installed-not-listed", "Lists no installed certificates.")
class InstalledNotListed(Turns):
    """M03."""

    knob = CertificateKnob.INSTALLED

    def bend(self, value: Any) -> Any:
        """None."""
        return []


@fault("remaining-contracts-ignored", "Asks once for contract certificates although more of them remain.")
class RemainingIgnored(Turns):
    """M02."""

    knob = CertificateKnob.REMAINING
    wrong = 0


@fault("good-certificate-refused", "Refuses every signed certificate.")
class GoodCertificateRefused(Answers):
    """A02."""

    actions = frozenset({"CertificateSigned"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """None is good enough."""
        return {"status": "Rejected"}


@fault("delete-unknown-accepted", "Accepts to delete a certificate that it does not have.")
class DeleteUnknownAccepted(Answers):
    """M04."""

    actions = frozenset({"DeleteCertificate"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Gone is gone."""
        return {"status": "Accepted"} if payload["status"] == "NotFound" else payload


@fault("delete-without-effect", "Lists a deleted certificate as if it were still there.")
class DeleteWithoutEffect(Answers):
    """M03, M04."""

    actions = frozenset({"DeleteCertificate", "GetInstalledCertificateIds"})

    def __init__(self) -> None:
        super().__init__()
        self._deleted: list[Payload] = []

    def bend(self, call: Call, payload: Payload) -> Payload:
        """It remembers, and tells."""
        if call.action == "DeleteCertificate":
            if payload["status"] == "Accepted":
                self._deleted.append(call.payload["certificateHashData"])
            return payload
        ghosts = [{"certificateType": "MORootCertificate", "certificateHashData": one} for one in self._deleted]
        if not ghosts or "MORootCertificate" not in call.payload.get("certificateType", ()):
            return payload
        return {
            "status": "Accepted",
            "certificateHashDataChain": [*payload.get("certificateHashDataChain", ()), *ghosts],
        }


@fault("contract-request-altered", "Wraps the contract request of a vehicle in lines.")
class ContractRequestAltered(Sends):
    """M01."""

    action = "Get15118EVCertificate"

    def bend(self, payload: Payload) -> Payload:
        """As MIME has it."""
        text = payload["exiRequest"]
        return {**payload, "exiRequest": "\n".join(text[at : at + 76] for at in range(0, len(text), 76))}
