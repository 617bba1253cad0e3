"""CertificateInstallation by the car: its request, its patience, and what it refuses to take (reference 4.5, 7.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

EIM, PNC = m.Authorization.EIM, m.Authorization.PnC


class InstallationCase(EvCase):
    """A car that wants a contract, at a charger that installs some."""

    area = "certificates"
    pics = "certificate_installation"
    hooks = ("plug_in", "install_certificate")
    offered: ClassVar[bool] = True
    ongoing: ClassVar[int] = 0

    async def stimulate(self, bench: EvBench) -> None:
        """Up to the authorization that comes behind the installation."""
        await self.visit(bench)

    async def visit(self, bench: EvBench) -> None:
        """One visit of the car, with a charger of this kind."""
        bench.charger.configure(
            authorization_services=(EIM, PNC),
            certificate_installation=self.offered,
            installation_ongoing=self.ongoing,
        )
        await bench.act("install_certificate")
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationReq, within=40.0)
        await bench.charger.wait_for(m.ServiceDiscoveryReq, within=20.0)
        bench.charger.cut()


class Request(InstallationCase):
    """Whoever could ask in the name of a car would get its contracts: the request is signed by the OEM's certificate.

    The contract key is encrypted for the key in that certificate, so a contract certificate in its place is wrong too.
    """

    id = "EV-CRT-REQUEST-01"
    title = "CertificateInstallation: the request is signed by the OEM provisioning certificate in it"
    requirements = ("H-EV-CRT-SIGNATURE", "H-EV-PNC-FORM", "H-EV-CRT-PROVISIONING")
    faults: ClassVar = {
        "certificate-installation-unsigned": "H-EV-CRT-SIGNATURE",
        "certificate-installation-signature-broken": "H-EV-CRT-SIGNATURE",
        "certificate-installation-with-contract": "H-EV-CRT-PROVISIONING",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Verifies each request."""
        asked = ev.asked(trace, m.CertificateInstallationReq)
        for one in ev.requests(trace, m.CertificateInstallationReq):
            yield ev.signature_holds("H-EV-CRT-SIGNATURE", one)
        yield ev.no_contract_for_provisioning("H-EV-CRT-PROVISIONING", asked)
        yield ev.signature_form("H-EV-PNC-FORM", asked)


class NotOffered(InstallationCase):
    """A charger without that service answers by FAILED_SequenceError, and the session is over before it began."""

    id = "EV-CRT-OFFER-01"
    title = "CertificateInstallation: not asked for where it is not offered"
    requirements = ("H-EV-CRT-OFFERED",)
    offered = False
    faults: ClassVar = {"certificate-installation-unasked": "H-EV-CRT-OFFERED"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the offer."""
        offer = ev.told(trace, m.AuthorizationSetupRes, where=lambda one: not one.CertificateInstallationService)
        yield ev.next_is("H-EV-CRT-OFFERED", trace, offer, m.AuthorizationReq, m.SessionStopReq)


class Ongoing(InstallationCase):
    """A provisioning service takes its time: the car asks again until it is told that this is finished."""

    id = "EV-CRT-ONGOING-01"
    title = "CertificateInstallation: while Ongoing the request is repeated"
    requirements = ("H-EV-CRT-ONGOING", "H-EV-CRT-SIGNATURE")
    ongoing = 3
    faults: ClassVar = {
        "certificate-installation-not-awaited": "H-EV-CRT-ONGOING",
        "certificate-installation-repeated-unsigned": "H-EV-CRT-SIGNATURE",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Behind each Ongoing the same again, signed."""
        waiting = [
            ev.told_by(trace, frame)
            for frame, message in trace.messages(m.CertificateInstallationRes)
            if message.EVSEProcessing is m.Processing.Ongoing and message.ResponseCode is m.ResponseCode.OK
        ]
        if not waiting:
            raise Inconclusive(f"the charger never said Ongoing: {trace.last_words()}")
        for one in waiting:
            yield ev.next_is("H-EV-CRT-ONGOING", trace, one, m.CertificateInstallationReq)
        for request in ev.requests(trace, m.CertificateInstallationReq):
            yield ev.signature_holds("H-EV-CRT-SIGNATURE", request)


class Remaining(InstallationCase):
    """RemainingContractCertificateChains says how many are left: at zero there is nothing more to ask for."""

    id = "EV-CRT-REMAIN-01"
    title = "CertificateInstallation: with no contract remaining the car goes on to Authorization"
    requirements = ("H-EV-CRT-REMAINING",)
    faults: ClassVar = {"certificate-installation-without-end": "H-EV-CRT-REMAINING"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the last contract."""
        last = ev.told(
            trace,
            m.CertificateInstallationRes,
            where=lambda one: (
                one.ResponseCode is m.ResponseCode.OK
                and one.EVSEProcessing is m.Processing.Finished
                and one.RemainingContractCertificateChains == 0
            ),
        )
        yield ev.next_is("H-EV-CRT-REMAINING", trace, last, m.AuthorizationReq, m.SessionStopReq)


class NoContract(InstallationCase):
    """There is no contract for this car: it authorizes another way, or ends; a driver with a card still charges."""

    id = "EV-CRT-WARN-01"
    title = "CertificateInstallation: WARNING_NoContractMatchingPCIDFound is no end of the session by itself"
    requirements = ("H-EV-CRT-REFUSED",)
    faults: ClassVar = {"certificate-installation-skips-authorization": "H-EV-CRT-REFUSED"}
    code: ClassVar = m.ResponseCode.WARNING_NoContractMatchingPCIDFound

    async def stimulate(self, bench: EvBench) -> None:
        """Refuses."""
        bench.charger.fail(m.CertificateInstallationRes, self.code)
        await self.visit(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the warning."""
        refused = ev.told(trace, m.CertificateInstallationRes, where=lambda one: one.ResponseCode is self.code)
        yield ev.not_let_in("H-EV-CRT-REFUSED", trace, refused)


class NoAnswer(NoContract):
    """The provisioning service is out of reach: the same, and perhaps tomorrow."""

    id = "EV-CRT-WARN-02"
    title = "CertificateInstallation: WARNING_NoCertificateAvailable is no end of the session by itself"
    code = m.ResponseCode.WARNING_NoCertificateAvailable


class Tampered(InstallationCase):
    """A contract that was changed on its way, or comes from nobody known, is not taken.

    Whoever could slip a contract into a car could have it charge at his expense, or read where it was.
    """

    hooks = ("plug_in", "install_certificate", "prefer")
    requirements = ("H-EV-CRT-UNTRUSTED",)
    faults: ClassVar = {"certificate-installation-unchecked": "H-EV-CRT-UNTRUSTED"}
    change: ClassVar[Callable[[m.CertificateInstallationRes], Any]]

    async def stimulate(self, bench: EvBench) -> None:
        """Delivers contracts with one flaw to a car that is to use them."""
        bench.charger.alter(m.CertificateInstallationRes, type(self).change)
        await bench.act("prefer", authorization="pnc")
        await self.visit(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No AuthorizationReq with what was delivered."""
        delivered = ev.told(
            trace,
            m.CertificateInstallationRes,
            where=lambda one: one.ResponseCode is m.ResponseCode.OK and one.EVSEProcessing is m.Processing.Finished,
        )
        yield ev.not_taken("H-EV-CRT-UNTRUSTED", trace, delivered)


def _with_value(response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
    signature = response.Header.Signature
    if signature is None:
        return response
    octets = signature.SignatureValue.value
    value = replace(signature.SignatureValue, value=octets[:-1] + bytes([octets[-1] ^ 1]))
    return replace(response, Header=replace(response.Header, Signature=replace(signature, SignatureValue=value)))


class WrongSignature(Tampered):
    """The signature of the provisioning service does not hold."""

    id = "EV-CRT-REFUSE-01"
    title = "CertificateInstallation: a contract with a wrong signature is not taken"
    change = staticmethod(_with_value)


class Unsigned(Tampered):
    """There is no signature at all: optional in the schema, and not here."""

    id = "EV-CRT-REFUSE-02"
    title = "CertificateInstallation: a contract without signature is not taken"

    @staticmethod
    def change(response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """Leaves it out."""
        return replace(response, Header=replace(response.Header, Signature=None))


class OtherData(Tampered):
    """The data was changed behind the signature: the digest is not that of the data any more."""

    id = "EV-CRT-REFUSE-03"
    title = "CertificateInstallation: a contract whose data was changed is not taken"

    @staticmethod
    def change(response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """One authority more, twice the same: all that the car needs is still there."""
        data = response.SignedInstallationData
        chain = data.ContractCertificateChain
        above = chain.SubCertificates.Certificate
        longer = replace(chain, SubCertificates=m.SubCertificates(Certificate=(*above, above[-1])))
        return replace(response, SignedInstallationData=replace(data, ContractCertificateChain=longer))


class OtherSigner(Tampered):
    """The chain of the provisioning service is another's than the one that has signed."""

    id = "EV-CRT-REFUSE-04"
    title = "CertificateInstallation: a contract signed by another than the one in CPSCertificateChain is not taken"

    @staticmethod
    def change(response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """The contract's own chain in place of that of the provisioning service."""
        chain = response.SignedInstallationData.ContractCertificateChain
        other = m.CertificateChain(Certificate=chain.Certificate, SubCertificates=chain.SubCertificates)
        return replace(response, CPSCertificateChain=other)


class GoodDelivery(InstallationCase):
    """The counter-proof: what comes flawlessly is taken, and the car authorizes by contract from then on."""

    id = "EV-CRT-TAKEN-01"
    title = "CertificateInstallation: behind a good delivery the car authorizes by contract"
    requirements = ("H-EV-CRT-TAKEN", "H-EV-PNC-SIGNATURE")
    hooks = ("plug_in", "install_certificate", "prefer")
    pics = "certificate_installation and pnc"
    faults: ClassVar = {"pnc-not-used": "H-EV-CRT-TAKEN", "certificate-installation-wrong-key": "H-EV-PNC-SIGNATURE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Delivers, to a car that is to use its contracts."""
        await bench.act("prefer", authorization="pnc")
        await self.visit(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The AuthorizationReq behind it: with a contract, whichever, and signed by the key of that."""
        delivered = ev.told(
            trace,
            m.CertificateInstallationRes,
            -1,
            where=lambda one: one.ResponseCode is m.ResponseCode.OK and one.EVSEProcessing is m.Processing.Finished,
        )
        behind = [one for one in ev.later(trace, delivered.frame) if isinstance(one.request, m.AuthorizationReq)]
        if not behind:
            raise Inconclusive(f"the car did not authorize behind the delivery: {trace.last_words()}")
        by_contract = ev.by_contract(behind[0].request)
        yield holds(
            "H-EV-CRT-TAKEN",
            by_contract,
            expected="AuthorizationReq with a contract",
            seen=behind[0].request.SelectedAuthorizationService.name,
            at=(delivered.frame.index, behind[0].frame.index),
        )
        if by_contract:
            yield ev.signature_holds("H-EV-PNC-SIGNATURE", behind[0])
