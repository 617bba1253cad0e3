"""Certificates of a charging station: its own renewed, roots installed and deleted, contracts passed on (A02, M)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    InTurn,
    Observation,
    StationBench,
    StationCase,
    Trace,
    accepted,
    calls,
    every,
    got,
    holds,
    not_accepted,
    received,
    sent,
    set_variable,
    status_is,
)
from v2gready.authoring.ocpp.authorities import (
    authority,
    hash_data,
    in_pem,
    new_public_key,
    same_certificate,
    signed_by_stranger,
    subject,
)
from v2gready.authoring.ocpp.signing import read_request

TRIGGER = {"requestedMessage": "SignChargingStationCertificate"}
PROMPTLY = 60.0
"""Seconds for a station to make a key and ask; ours, some need long for a key."""
ROOT = "MORootCertificate"


class _Certificates(StationCase):
    area = "certificates"
    pics = "ocpp_certificates"

    @staticmethod
    async def request(station: Any) -> dict[str, Any]:
        """Makes the station ask for a certificate; the payload of its SignCertificate."""
        mark = station.mark
        await station.call("TriggerMessage", TRIGGER)
        asked = await station.wait_for("SignCertificate", within=PROMPTLY, since=mark)
        payload: dict[str, Any] = asked.payload
        return payload


def signed(request: dict[str, Any], chain: str, **changes: Any) -> dict[str, Any]:
    """Payload of CertificateSigned for a request."""
    echoed = {key: request[key] for key in ("certificateType", "requestId") if key in request}
    return {"certificateChain": chain, **echoed, **changes}


class Renewal(_Certificates):
    """A station renews its own certificate: a new key, a request that names it, and it takes what fits."""

    id = "CHG-OCPP-CERT-01"
    title = "SignCertificate is a proper request, and a proper certificate for it is Accepted"
    requirements = ("OCPP-A02-SIGN", "OCPP-A02-USE")
    faults: ClassVar = {
        "csr-request-id-lost": "OCPP-A02-SIGN",
        "csr-unreadable": "OCPP-A02-SIGN",
        "good-certificate-refused": "OCPP-A02-USE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Triggers the request and signs it."""
        bench.csms.answers["SignCertificate"] = {"status": "Accepted"}
        async with bench.csms.session() as station:
            request = await self.request(station)
            chain = bench.csms.issue_certificate(request["csr"])
            if chain is not None:
                await station.call("CertificateSigned", signed(request, chain))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The CSR reads, is signed by its own key and names operator and serial number; the certificate is taken."""
        asked = got(trace, "SignCertificate")
        boot = got(trace, "BootNotification")
        serial = boot.payload["chargingStation"].get("serialNumber")
        at = (asked.request.index,)
        request = read_request(asked.payload["csr"])
        if request is None:
            yield holds("OCPP-A02-SIGN", False, expected="a CSR in PEM", seen=asked.payload["csr"][:60], at=at)
            return
        yield holds(
            "OCPP-A02-SIGN",
            request.sound and request.serials == (serial,) and any(request.organisations),
            expected=f"a CSR signed by its own key, CN {serial}, O the operator's name",
            seen=f"{request.subject}, signature {'valid' if request.sound else 'invalid'}",
            at=at,
        )
        yield holds(
            "OCPP-A02-SIGN",
            "requestId" in asked.payload,
            expected="a requestId, as 2.1 has it",
            seen=sorted(asked.payload),
            at=at,
        )
        if "requestId" in asked.payload:
            yield accepted("OCPP-A02-USE", sent(trace, "CertificateSigned"))


class WrongCertificates(_Certificates):
    """A certificate that is expired, foreign, of another key, another station or another request is an attack."""

    id = "CHG-OCPP-CERT-02"
    title = "Certificates that do not fit the request are Rejected, with a security event"
    requirements = ("OCPP-A02-REJECT", "OCPP-A02-EVENT")
    faults: ClassVar = {
        "wrong-key-certificate-accepted": "OCPP-A02-REJECT",
        "expired-certificate-accepted": "OCPP-A02-REJECT",
        "foreign-certificate-accepted": "OCPP-A02-REJECT",
        "wrong-subject-accepted": "OCPP-A02-REJECT",
        "request-id-not-checked": "OCPP-A02-REJECT",
        "no-certificate-event": "OCPP-A02-EVENT",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Six wrong answers to one request."""
        bench.csms.answers["SignCertificate"] = {"status": "Accepted"}
        # By the machine's clock, as every TLS library compares.
        today = datetime.now(UTC)
        async with bench.csms.session() as station:
            request = await self.request(station)
            csr = request["csr"]
            wrong = [
                bench.csms.issue_certificate(csr, key=new_public_key()),
                bench.csms.issue_certificate(csr, begin=today - timedelta(days=20), end=today - timedelta(days=10)),
                signed_by_stranger(csr),
                bench.csms.issue_certificate(csr, subject=subject("ANOTHER-STATION", "another operator")),
                "no certificate at all",
            ]
            for chain in wrong:
                if chain is not None:
                    await station.call("CertificateSigned", signed(request, chain))
            good = bench.csms.issue_certificate(csr)
            if good is not None and "requestId" in request:
                await station.call("CertificateSigned", signed(request, good, requestId=request["requestId"] + 7))
            await station.silence(10)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """None is taken; for at least one of them the CSMS is warned."""
        given = calls(trace, "CertificateSigned", sender=trace.tester)
        if len(given) < 6:
            raise Inconclusive(f"only {len(given)} of 6 certificates were offered")
        if all(one.error is not None for one in given):
            raise Inconclusive("each certificate is refused by an error: nobody knows whether it was looked at")
        yield every(
            "OCPP-A02-REJECT", (not_accepted("OCPP-A02-REJECT", one) for one in given), what="unfit certificates"
        )
        yield received(
            "OCPP-A02-EVENT",
            trace,
            "SecurityEventNotification",
            where=lambda one: one["type"] == "InvalidChargingStationCertificate",
            what="InvalidChargingStationCertificate",
            after=given[0].request,
        )


class NoCertificateComes(_Certificates):
    """The CSMS accepts the request and forgets it: the station asks again, ever less often, and then gives up."""

    id = "CHG-OCPP-CERT-03"
    title = "SignCertificate is repeated after doubling waits, so many times"
    requirements = ("OCPP-A02-RETRY",)
    faults: ClassVar = {
        "sign-request-not-repeated": "OCPP-A02-RETRY",
        "sign-request-repeated-for-ever": "OCPP-A02-RETRY",
        "sign-wait-not-doubled": "OCPP-A02-RETRY",
    }
    wait: ClassVar = 20
    times: ClassVar = 2

    async def stimulate(self, bench: StationBench) -> None:
        """Sets wait and number of repeats, triggers a request and never signs it."""
        bench.csms.answers["SignCertificate"] = {"status": "Accepted"}
        async with bench.csms.session() as station:
            await set_variable(station, str(self.wait), "SecurityCtrlr", "CertSigningWaitMinimum")
            await set_variable(station, str(self.times), "SecurityCtrlr", "CertSigningRepeatTimes")
            await self.request(station)
            # 20 s, 40 s, and then long enough for a third one.
            await station.silence(300)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Three requests: the first, one after 20 s or more, one after 40 s or more."""
        results = [
            result
            for one in calls(trace, "SetVariables", sender=trace.tester)
            for result in (one.answer or {}).get("setVariableResult", ())
        ]
        if [one.get("attributeStatus") for one in results] != ["Accepted", "Accepted"]:
            raise Inconclusive("the station did not take wait and number of repeats")
        asked = calls(trace, "SignCertificate", sender=trace.dut)
        if not asked:
            raise Inconclusive("the station never asked")
        gaps = [later.t - before.t for before, later in pairwise(asked)]
        wanted = [self.wait * 2**number for number in range(self.times)]
        yield holds(
            "OCPP-A02-RETRY",
            len(gaps) == self.times
            and all(due - 1.0 <= gap <= 1.5 * due for gap, due in zip(gaps, wanted, strict=True)),
            expected=f"{self.times} repeats, after about {', '.join(f'{one} s' for one in wanted)}",
            seen=", ".join(f"{gap:.1f} s" for gap in gaps) or "no repeat",
            at=[one.request.index for one in asked],
        )


class InstallRoots(_Certificates):
    """Whoever installs a root decides whom the station trusts: it takes authorities, and says what it has."""

    id = "CHG-OCPP-CERT-04"
    title = "InstallCertificate takes roots only, and they are listed with their hashes"
    requirements = ("OCPP-M05-INSTALL", "OCPP-M03-LIST")
    instruments = ("security_profile_2",)
    faults: ClassVar = {
        "garbage-root-accepted": "OCPP-M05-INSTALL",
        "leaf-as-root-accepted": "OCPP-M05-INSTALL",
        "installed-not-listed": "OCPP-M03-LIST",
        "certificate-hash-wrong": "OCPP-M03-LIST",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """A root, a leaf and garbage; then asks what is there."""
        offers = [in_pem(authority("a root")), in_pem(authority("a leaf", may_sign=False)), "garbage"]
        async with bench.csms.session() as station:
            for offer in offers:
                await station.call("InstallCertificate", {"certificateType": ROOT, "certificate": offer})
            await station.call("GetInstalledCertificateIds", {"certificateType": [ROOT]})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The root is taken and listed, the others are not."""
        given = calls(trace, "InstallCertificate", sender=trace.tester)
        if len(given) != 3:
            raise Inconclusive("not all three were offered")
        yield accepted("OCPP-M05-INSTALL", given[0])
        yield not_accepted("OCPP-M05-INSTALL", given[1])
        yield not_accepted("OCPP-M05-INSTALL", given[2])
        listed = sent(trace, "GetInstalledCertificateIds")
        wanted = hash_data(given[0].payload["certificate"])
        found = [one["certificateHashData"] for one in (listed.answer or {}).get("certificateHashDataChain", ())]
        yield holds(
            "OCPP-M03-LIST",
            any(same_certificate(one, wanted) for one in found),
            expected=f"the root listed with {wanted}",
            seen=found or f"{listed.status}, nothing listed",
            at=listed.at,
        )


class DeleteRoots(_Certificates):
    """A station without a root for its CSMS never comes back; somebody would have to drive there."""

    id = "CHG-OCPP-CERT-05"
    title = "DeleteCertificate deletes what is there, but never the last root for the CSMS"
    requirements = ("OCPP-M04-DELETE", "OCPP-M04-OWN", "OCPP-M03-LIST")
    instruments = ("security_profile_2",)
    faults: ClassVar = {
        "delete-unknown-accepted": "OCPP-M04-DELETE",
        "delete-last-root": "OCPP-M04-OWN",
        "delete-without-effect": "OCPP-M03-LIST",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Installs a root, deletes it, deletes it again, then deletes every root for the CSMS."""
        root = in_pem(authority("for an hour"))
        async with bench.csms.session() as station:
            await station.call("InstallCertificate", {"certificateType": ROOT, "certificate": root})
            await station.call("DeleteCertificate", {"certificateHashData": hash_data(root)})
            await station.call("GetInstalledCertificateIds", {"certificateType": [ROOT]})
            await station.call("DeleteCertificate", {"certificateHashData": hash_data(root)})
            kinds = {"certificateType": ["CSMSRootCertificate"]}
            listed = await station.call("GetInstalledCertificateIds", kinds)
            for one in getattr(listed, "payload", {}).get("certificateHashDataChain", ()):
                await station.call("DeleteCertificate", {"certificateHashData": one["certificateHashData"]})
            await station.call("GetInstalledCertificateIds", kinds)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Deleted, then unknown; of the roots for the CSMS one is left, and its deletion Failed."""
        if sent(trace, "InstallCertificate").status != "Accepted":
            raise Inconclusive("the root was not installed")
        deleted = calls(trace, "DeleteCertificate", sender=trace.tester)
        listed = calls(trace, "GetInstalledCertificateIds", sender=trace.tester)
        if len(deleted) < 3 or len(listed) < 3:
            raise Inconclusive("the station does not list its roots for the CSMS")
        yield accepted("OCPP-M04-DELETE", deleted[0])
        gone = deleted[0].payload["certificateHashData"]
        left = [one["certificateHashData"] for one in (listed[0].answer or {}).get("certificateHashDataChain", ())]
        yield holds(
            "OCPP-M03-LIST",
            listed[0].answer is not None and not any(same_certificate(one, gone) for one in left),
            expected="the deleted root is not listed any more",
            seen=f"{len(left)} roots listed",
            at=listed[0].at,
        )
        yield status_is("OCPP-M04-DELETE", deleted[1], "NotFound")
        refused = [one for one in deleted[2:] if one.status == "Failed"]
        still = (listed[-1].answer or {}).get("certificateHashDataChain", ())
        yield holds(
            "OCPP-M04-OWN",
            bool(refused) and bool(still),
            expected="the deletion of the last root for the CSMS Failed, and it is still listed",
            seen=f"{[one.status for one in deleted[2:]]}, {len(still)} left",
            at=[one.request.index for one in deleted[2:]],
        )


class ContractsPassedOn(_Certificates):
    """The vehicle asks for its contracts; what it says is signed, so the station may not touch one octet."""

    id = "CHG-OCPP-CERT-06"
    title = "Contract request of a vehicle passes unchanged, and again while contracts remain"
    pics = "ocpp_certificates and ocpp_iso15118_certificates"
    requirements = ("OCPP-M01-PASS", "OCPP-M02-REMAINING")
    hooks = ("install_contract",)
    faults: ClassVar = {
        "contract-request-altered": "OCPP-M01-PASS",
        "remaining-contracts-ignored": "OCPP-M02-REMAINING",
    }
    exi: ClassVar = base64.b64encode(bytes(range(1, 200))).decode("ascii")

    async def stimulate(self, bench: StationBench) -> None:
        """The vehicle asks for up to three contracts; the CSMS has three."""
        answer = {"status": "Accepted", "exiResponse": "gJgC"}
        bench.csms.answers["Get15118EVCertificate"] = InTurn(
            *({**answer, "remainingContracts": left} for left in (2, 1, 0))
        )
        async with bench.csms.session() as station:
            # A station tells what happened while it started before it does anything for a vehicle.
            await station.silence(5)
            await bench.act("install_contract", exi=self.exi, contracts=3)
            await station.silence(60)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Three requests, each with the vehicle's own octets."""
        asked = calls(trace, "Get15118EVCertificate", sender=trace.dut)
        if not asked:
            raise Inconclusive("the station passed on no request")
        yield every(
            "OCPP-M01-PASS",
            (
                holds(
                    "OCPP-M01-PASS",
                    one.payload["exiRequest"] == self.exi,
                    expected="exiRequest as the vehicle made it",
                    seen=f"{len(one.payload['exiRequest'])} characters, {one.payload['exiRequest'][:40]}",
                    at=one.at,
                )
                for one in asked
            ),
            what="requests",
        )
        yield holds(
            "OCPP-M02-REMAINING",
            len(asked) == 3,
            expected="three requests, until remainingContracts is 0",
            seen=f"{len(asked)} requests",
            at=[one.request.index for one in asked],
        )
