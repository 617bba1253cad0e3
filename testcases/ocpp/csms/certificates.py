"""Certificates by a CSMS: it signs those of stations, knows the status of others, and hands out contracts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    Unreached,
    answered,
    calls,
    every,
    holds,
    instant,
    look,
    never_sent,
    received,
    sent,
    status_is,
)
from v2gready.authoring.ocpp.backend import StationSession, accepted_boot, customer, token, valid_answer
from v2gready.authoring.ocpp.signing import chain_for_request, damaged, ocsp_answer, signing_request

SIGNING_TIME: Final = 60.0
"""Seconds that we give a CSMS to sign; a station waits CertSigningWaitMinimum, which is its own."""
SCHEMA_15118_20: Final = "urn:iso:std:iso:15118:-20:CommonMessages"


def organisation(bench: CsmsBench) -> str:
    """The operator's name in certificates of stations."""
    return bench.text("ocpp_organisation", "")


async def request_certificate(bench: CsmsBench, station: StationSession, kind: str, number: int, **more: Any) -> None:
    """Asks for a certificate, and waits for it."""
    if not organisation(bench):
        raise Unreached("the DUT file has no ocpp_organisation")
    csr = signing_request(station.serial, organisation(bench), **more)
    mark = station.mark
    await station.call("SignCertificate", {"csr": csr, "certificateType": kind, "requestId": number})
    await station.look_for("CertificateSigned", within=SIGNING_TIME, since=mark)


def signed_for(trace: Trace, asked: RpcExchange) -> RpcExchange:
    """The CertificateSigned behind a request.

    Raises:
        Inconclusive: There is none.
    """
    found = calls(trace, "CertificateSigned", sender=trace.dut, after=asked.request)
    if not found:
        raise Inconclusive("no certificate came")
    return found[0]


class Signing(CsmsCase):
    """The certificate of a station runs out in a month, and the station asks for a new one.

    The new one must be for the key that the station just made, with the chain in order, and say which request it
    answers. Otherwise the station refuses it, and falls off the network on the day the old one ends.
    """

    id = "CSMS-OCPP-CERT-01"
    title = "SignCertificate is followed by the certificate for its key, with its requestId and type"
    area = "certificates"
    requirements = ("OCPP-A02-CSMS", "OCPP-A02-CSMS-CHAIN")
    pics = "ocpp_certificates"
    faults = {
        "certificate-never-signed": "OCPP-A02-CSMS",
        "sign-request-id-lost": "OCPP-A02-CSMS",
        "sign-request-id-changed": "OCPP-A02-CSMS",
        "certificate-for-other-key": "OCPP-A02-CSMS-CHAIN",
        "certificate-chain-reversed": "OCPP-A02-CSMS-CHAIN",
    }
    kind = "ChargingStationCertificate"
    numbers = (4711, 4712)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks for two certificates, one after the other."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for number in self.numbers:
                await request_certificate(bench, station, self.kind, number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the answer, and at what follows it."""
        accepted_boot(trace)
        for number in self.numbers:
            asked = sent(trace, "SignCertificate", where=lambda one, number=number: one["requestId"] == number)
            yield status_is("OCPP-A02-CSMS", asked, "Accepted")
            yield received("OCPP-A02-CSMS", trace, "CertificateSigned", after=asked.request, within=SIGNING_TIME)
            signed = signed_for(trace, asked)
            yield self._echoes(signed, asked)
            yield chain_for_request("OCPP-A02-CSMS-CHAIN", signed, asked)

    def _echoes(self, signed: RpcExchange, asked: RpcExchange) -> Observation:
        # The type may be left out for the certificate of a station.
        kind = signed.payload.get("certificateType", "ChargingStationCertificate")
        seen = (signed.payload.get("requestId"), kind)
        return holds(
            "OCPP-A02-CSMS",
            seen == (asked.payload["requestId"], asked.payload["certificateType"]),
            expected=f"requestId {asked.payload['requestId']}, certificateType {asked.payload['certificateType']}",
            seen=f"requestId {seen[0]}, certificateType {seen[1]}",
            at=(*asked.at[:1], *signed.at[:1]),
        )


class Signing20(CsmsCase):
    """For ISO 15118-20 a station has a third kind of certificate, V2G20Certificate.

    Answered as one for the station itself, it replaces the certificate with which the station logs in.
    """

    id = "CSMS-OCPP-CERT-02"
    title = "A V2G20Certificate is answered as such"
    area = "certificates"
    requirements = ("OCPP-M-V2G20",)
    pics = "ocpp_certificates and ocpp_iso15118_certificates"
    faults = {"certificate-type-changed": "OCPP-M-V2G20"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks for one of each V2G type."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for number, kind in enumerate(("V2G20Certificate", "V2GCertificate"), 1):
                await request_certificate(bench, station, kind, number)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the types of requests and certificates; a CSMS may have no authority for one of them."""
        told = calls(trace, "SignCertificate", sender=trace.tester)
        asked = [one for one in told if one.status == "Accepted"]
        if len(told) < 2 or not asked:
            raise Inconclusive("not both kinds were asked for, or the CSMS signs no certificates for V2G here")
        silent = [one.payload["certificateType"] for one in told if one.reply is None]
        if silent:
            raise Inconclusive(f"no reply to the request for a {silent[0]}")
        for one in asked:
            signed = signed_for(trace, one)
            kind = signed.payload.get("certificateType")
            yield holds(
                "OCPP-M-V2G20",
                kind == one.payload["certificateType"],
                expected=f"certificateType {one.payload['certificateType']}",
                seen=f"certificateType {kind or 'missing'}",
                at=(*one.at[:1], *signed.at[:1]),
            )


class BadRequest(CsmsCase):
    """Somebody sends a request that holds another's public key and a signature that does not fit.

    The signature proves that the sender has the key. A CSMS that does not check it certifies keys for strangers.
    """

    id = "CSMS-OCPP-CERT-03"
    title = "A CSR with a wrong signature, or none at all, gets no certificate"
    area = "certificates"
    requirements = ("OCPP-A02-CSMS-BAD",)
    pics = "ocpp_certificates"
    faults = {"csr-signature-unchecked": "OCPP-A02-CSMS-BAD"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks with a good request, a damaged one and with plain text."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            await request_certificate(bench, station, "ChargingStationCertificate", 1)
            good = signing_request(station.serial, organisation(bench))
            for number, csr in ((2, damaged(good)), (3, "no certificate signing request")):
                asked = {"csr": csr, "certificateType": "ChargingStationCertificate", "requestId": number}
                await station.call("SignCertificate", asked)
                await station.silence(SIGNING_TIME + 1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a certificate for the first and none behind it."""
        signed_for(trace, sent(trace, "SignCertificate"))
        for number in (2, 3):
            asked = sent(trace, "SignCertificate", where=lambda one, number=number: one["requestId"] == number)
            if asked.reply is None:
                raise Inconclusive("the bad request was not answered at all")
            yield never_sent("OCPP-A02-CSMS-BAD", trace, "CertificateSigned", after=asked.request, seconds=SIGNING_TIME)


async def ask_status(bench: CsmsBench, station: StationSession, kind: str) -> None:
    """GetCertificateStatus of a certificate that the DUT file names; without one nothing is asked."""
    data = hash_data(bench, kind)
    if data is not None:
        asked = {**data, "responderURL": responder(bench, kind)}
        await station.call("GetCertificateStatus", {"ocspRequestData": asked})


def hash_data(bench: CsmsBench, kind: str) -> dict[str, str] | None:
    """CertificateHashData of the ``good``, ``revoked``, ``unknown`` or ``unavailable`` certificate of the DUT file."""
    names = ("ocpp_ocsp_issuer_name_hash", "ocpp_ocsp_issuer_key_hash", f"ocpp_ocsp_{kind}")
    found = [bench.text(name, "") for name in names]
    if not all(found):
        return None
    keys = ("issuerNameHash", "issuerKeyHash", "serialNumber")
    return {"hashAlgorithm": "SHA256", **dict(zip(keys, found, strict=True))}


def responder(bench: CsmsBench, kind: str) -> str:
    """Where the status can be had; nowhere for the certificate whose status is unavailable."""
    return "http://ocsp.invalid" if kind == "unavailable" else bench.text("ocpp_ocsp_url", "")


def about(trace: Trace, kind: str) -> str:
    """Serial number of that certificate.

    Raises:
        Inconclusive: The DUT file names none.
    """
    found = trace.declared.get(f"ocpp_ocsp_{kind}")
    if not found:
        raise Inconclusive(f"the DUT file has no ocpp_ocsp_{kind}")
    return str(found)


class OcspResponse(CsmsCase):
    """A car asks for the OCSP response of the station's certificate, which the CSMS fetches and the station passes on.

    The car decodes DER. One product sent the word that its own library prints; no car charged by Plug & Charge.
    """

    id = "CSMS-OCPP-CERT-04"
    title = "The status of a good certificate is an OCSP response in DER, for it, and of today"
    area = "certificates"
    requirements = ("OCPP-M06-OCSP", "OCPP-M-STATUS-TRUE")
    pics = "ocpp_ocsp"
    faults = {
        "ocsp-not-der": "OCPP-M06-OCSP",
        "ocsp-pem": "OCPP-M06-OCSP",
        "ocsp-empty": "OCPP-M06-OCSP",
        "ocsp-for-other-certificate": "OCPP-M06-OCSP",
        "ocsp-outdated": "OCPP-M06-OCSP",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells our own time and asks."""
        async with bench.station.connect() as station:
            await station.boot()
            await station.call("NotifyEvent", _clock(bench))
            await ask_status(bench, station, "good")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Decodes the answer."""
        about(trace, "good")
        asked = sent(trace, "GetCertificateStatus")
        if asked.status == "Failed":
            raise Inconclusive("the CSMS could not get the status of the good certificate of the DUT file")
        found = ocsp_answer(asked)
        moment = datetime.fromtimestamp(instant(sent(trace, "NotifyEvent").payload["generatedAt"]), UTC)
        current = not found.problem and found.fits(moment)
        yield holds(
            "OCPP-M06-OCSP",
            current,
            expected="base64 of a current OCSP response in DER about this certificate",
            seen=found.problem or f"{found.status}, from {found.begin} to {found.end}",
            at=asked.at,
        )
        yield holds(
            "OCPP-M-STATUS-TRUE",
            found.status in {"GOOD", ""},
            expected="the good certificate is good",
            seen=found.status or "no status",
            at=asked.at,
        )


class BadStatus(CsmsCase):
    """A certificate was revoked, another one is unknown, and for a third nobody can be asked.

    None of them is good. A CSMS that says so to spare its customers trouble opens every station to stolen contracts.
    """

    id = "CSMS-OCPP-CERT-05"
    title = "Revoked, unknown and unavailable certificates are not told as good"
    area = "certificates"
    requirements = ("OCPP-M-STATUS-TRUE",)
    pics = "ocpp_ocsp"
    faults = {
        "revoked-reported-good": "OCPP-M-STATUS-TRUE",
        "unknown-reported-good": "OCPP-M-STATUS-TRUE",
        "unavailable-reported-good": "OCPP-M-STATUS-TRUE",
    }
    wanted: Final = {"revoked": {"REVOKED"}, "unknown": {"UNKNOWN", "Failed"}, "unavailable": {"Failed", "UNKNOWN"}}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks for the good one and these three."""
        async with bench.station.connect() as station:
            await station.boot()
            for kind in ("good", *self.wanted):
                await ask_status(bench, station, kind)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Decodes each answer; that a good one is told as good shows that the CSMS looks at all."""
        if ocsp_answer(self._asked(trace, "good")).status != "GOOD":
            raise Inconclusive("the CSMS told no status for the good certificate")
        for kind, wanted in self.wanted.items():
            asked = self._asked(trace, kind)
            found = ocsp_answer(asked)
            seen = "Failed" if asked.status == "Failed" else found.status or found.problem
            yield holds(
                "OCPP-M-STATUS-TRUE",
                seen in wanted,
                expected=f"the {kind} certificate told as {' or '.join(sorted(wanted))}",
                seen=seen,
                at=asked.at,
            )

    def _asked(self, trace: Trace, kind: str) -> RpcExchange:
        serial = about(trace, kind)
        return sent(trace, "GetCertificateStatus", where=lambda one: one["ocspRequestData"]["serialNumber"] == serial)


class ChainStatus(CsmsCase):
    """The certificate of the car's contract has two authorities above it, and the station asks for all at once.

    Each answer belongs to one certificate. Told for the first alone, or with the hashes of its neighbour, a revoked
    authority stays in use.
    """

    id = "CSMS-OCPP-CERT-06"
    title = "GetCertificateChainStatus is answered for each certificate, with its own status"
    area = "certificates"
    requirements = ("OCPP-M07-CHAIN", "OCPP-M-STATUS-TRUE")
    pics = "ocpp_ocsp"
    faults = {
        "chain-status-incomplete": "OCPP-M07-CHAIN",
        "chain-status-swapped": "OCPP-M-STATUS-TRUE",
        "chain-status-without-update": "OCPP-M07-CHAIN",
        "revoked-reported-good": "OCPP-M-STATUS-TRUE",
        "unknown-reported-good": "OCPP-M-STATUS-TRUE",
    }
    wanted: Final = {"good": {"Good"}, "revoked": {"Revoked"}, "unknown": {"Unknown", "Failed"}}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks for three certificates in one message."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            asked = [
                {"certificateHashData": data, "source": "OCSP", "urls": [responder(bench, kind)]}
                for kind in self.wanted
                if (data := hash_data(bench, kind)) is not None
            ]
            if asked:
                await station.call("GetCertificateChainStatus", {"certificateStatusRequests": asked})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for each certificate in the answer."""
        serials = {kind: about(trace, kind) for kind in self.wanted}
        asked = sent(trace, "GetCertificateChainStatus")
        yield valid_answer("OCPP-M07-CHAIN", trace, asked)
        listed = look(asked.answer, "certificateStatus")
        found: dict[str, list[Any]] = {kind: [] for kind in serials}
        for one in listed if isinstance(listed, list) else []:
            serial = str(look(one, "certificateHashData.serialNumber")).upper().lstrip("0")
            for kind, wanted in serials.items():
                if serial == wanted.upper().lstrip("0"):
                    found[kind].append(look(one, "status"))
        yield holds(
            "OCPP-M07-CHAIN",
            all(len(one) == 1 for one in found.values()),
            expected="one status for each of the three certificates",
            seen=", ".join(f"{kind}: {len(one)}" for kind, one in found.items()),
            at=asked.at,
        )
        for kind, told in found.items():
            if told:
                yield holds(
                    "OCPP-M-STATUS-TRUE",
                    set(told) <= self.wanted[kind],
                    expected=f"the {kind} certificate told as {' or '.join(sorted(self.wanted[kind]))}",
                    seen=", ".join(map(str, told)),
                    at=asked.at,
                )


class Contracts(CsmsCase):
    """A car with contracts of three providers installs them, one request after the other.

    remainingContracts says how many are left. If it does not count down, the car asks for ever; if the same contract
    comes each time, the driver pays with the wrong one.
    """

    id = "CSMS-OCPP-CERT-07"
    title = "Contracts are handed out one by one while remainingContracts counts down to 0"
    area = "certificates"
    requirements = ("OCPP-M02-CSMS",)
    pics = "ocpp_iso15118_certificates"
    faults = {
        "remaining-contracts-missing": "OCPP-M02-CSMS",
        "remaining-contracts-stuck": "OCPP-M02-CSMS",
        "same-contract-again": "OCPP-M02-CSMS",
    }
    most = 4

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks until nothing is left, four times at most."""
        exi = bench.text("ocpp_exi_request", "")
        if not exi:
            raise Unreached("the DUT file has no ocpp_exi_request")
        wish = {"iso15118SchemaVersion": SCHEMA_15118_20, "action": "Install", "exiRequest": exi}
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            for _ in range(self.most):
                asked = {**wish, "maximumContractCertificateChains": 3}
                reply = await station.call("Get15118EVCertificate", asked)
                if not look(getattr(reply, "payload", None), "remainingContracts"):
                    break

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Follows the count, and compares the contracts."""
        found = calls(trace, "Get15118EVCertificate", sender=trace.tester)
        if not found or found[0].status != "Accepted":
            raise Inconclusive("the CSMS gave no contract for ocpp_exi_request")
        rule = "OCPP-M02-CSMS"
        yield every(rule, [status_is(rule, one, "Accepted") for one in found], what="requests")
        left = [look(one.answer, "remainingContracts") for one in found]
        at = tuple(one.request.index for one in found)
        counts = all(isinstance(one, int) and not isinstance(one, bool) for one in left)
        down = counts and all(later == sooner - 1 for sooner, later in pairwise(left)) and left[-1] == 0
        yield holds(
            rule,
            down,
            expected="remainingContracts one less each time, down to 0",
            seen=", ".join(map(str, left)),
            at=at,
        )
        if counts and left[0] == 0:
            raise Inconclusive("there is one contract only for ocpp_exi_request: nothing counts down")
        contracts = [look(one.answer, "exiResponse") for one in found]
        yield holds(
            rule,
            all(contracts) and len(set(map(str, contracts))) == len(contracts),
            expected="another exiResponse each time",
            seen=f"{len(set(map(str, contracts)))} different ones in {len(contracts)} answers",
            at=at,
        )


class Sizes(CsmsCase):
    """A contract of ISO 15118-20 comes with its whole chain, 10,000 characters, and a request for signing has 5,500.

    Whoever kept the columns of its database from OCPP 2.0.1 refuses exactly the cars for which 2.1 was made.
    """

    id = "CSMS-OCPP-CERT-08"
    title = "A chain of 10,000 characters and a CSR of 5,500 are taken"
    area = "certificates"
    requirements = ("OCPP-M-SIZE",)
    pics = "ocpp_certificates and ocpp_iso15118_certificates"
    faults = {"long-certificate-refused": "OCPP-M-SIZE", "long-csr-refused": "OCPP-M-SIZE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Authorises with a long chain, and asks to sign a long request."""
        async with bench.station.connect(editions=["ocpp2.1"]) as station:
            await station.boot()
            one = "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 800 + "\n-----END CERTIFICATE-----\n"
            await station.authorize(idToken=token(customer(bench), "eMAID"), certificate=(one * 4)[:10_000])
            await request_certificate(bench, station, "ChargingStationCertificate", 1, filling=3600)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants an answer to the chain, which is not a real one, and a certificate for the request."""
        accepted_boot(trace)
        asked = sent(trace, "Authorize")
        request = sent(trace, "SignCertificate")
        length = len(request.payload["csr"])
        if len(asked.payload["certificate"]) < 10_000 or not 5000 < length <= 5500:
            raise Inconclusive(f"chain of {len(asked.payload['certificate'])}, request of {length} characters")
        yield answered("OCPP-M-SIZE", asked)
        yield status_is("OCPP-M-SIZE", request, "Accepted")


def _clock(bench: CsmsBench) -> dict[str, Any]:
    """A NotifyEvent whose stamp is our own time."""
    event = {
        "eventId": 1,
        "timestamp": bench.stamp(),
        "trigger": "Delta",
        "actualValue": "Available",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    return {"generatedAt": bench.stamp(), "seqNo": 0, "eventData": [event]}
