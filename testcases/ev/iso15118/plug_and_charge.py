"""Plug & Charge: the contract that a car shows, its signature, and what it makes of a refusal (reference 4.5, 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Eim, Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

EIM, PNC = m.Authorization.EIM, m.Authorization.PnC


class ContractCase(EvCase):
    """A car that is to authorize by contract, at a charger that offers both ways."""

    area = "plug-and-charge"
    pics = "pnc"
    hooks = ("plug_in", "prefer")
    services: ClassVar[tuple[m.Authorization, ...]] = (EIM, PNC)
    outcomes: ClassVar[tuple[Eim, ...]] = (Eim.ACCEPT,)

    async def stimulate(self, bench: EvBench) -> None:
        """Up to the services; whether the contract is known here or not."""
        bench.charger.configure(authorization_services=self.services, authorization=self.outcomes)
        await bench.act("prefer", authorization="pnc")
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationReq)
        await bench.charger.wait_for(m.ServiceDiscoveryReq, within=20.0)
        bench.charger.cut()


class Signed(ContractCase):
    """The signature is all that keeps a contract from being copied out of the air: any charger reads certificates."""

    id = "EV-PNC-SIGN-01"
    title = "Plug & Charge: AuthorizationReq is signed by the key of its contract"
    requirements = ("H-EV-PNC-SIGNATURE",)
    faults: ClassVar = {
        "pnc-unsigned": "H-EV-PNC-SIGNATURE",
        "pnc-signature-broken": "H-EV-PNC-SIGNATURE",
        "pnc-digest-wrong": "H-EV-PNC-SIGNATURE",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Verifies each; the grammar of SignedInfo is reported."""
        for one in ev.pnc_requests(trace):
            yield ev.signature_holds("H-EV-PNC-SIGNATURE", one)


class SignatureForm(ContractCase):
    """Chargers read one form alone: one Reference to the Id, one Transform, SHA-512, r and s without ASN.1.

    Josev's car signs with ECDSA and SHA-256 on secp256r1; a charger of the standard cannot verify that.
    """

    id = "EV-PNC-SIGN-02"
    title = "Plug & Charge: the form of the signature is that of the profile"
    requirements = ("H-EV-PNC-FORM",)
    faults: ClassVar = {
        "pnc-two-transforms": "H-EV-PNC-FORM",
        "pnc-no-transforms": "H-EV-PNC-FORM",
        "pnc-digest-sha256": "H-EV-PNC-FORM",
        "pnc-signature-der": "H-EV-PNC-FORM",
        "pnc-reference-elsewhere": "H-EV-PNC-FORM",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Everything about it but whether it holds."""
        for one in ev.pnc_requests(trace):
            yield ev.signature_form("H-EV-PNC-FORM", one)


class Challenge(ContractCase):
    """The challenge is what makes a signature one of this session: without it, an old one opens the charger."""

    id = "EV-PNC-CHAL-01"
    title = "Plug & Charge: GenChallenge of this session is sent back"
    requirements = ("H-EV-PNC-CHALLENGE",)
    faults: ClassVar = {"pnc-challenge-not-echoed": "H-EV-PNC-CHALLENGE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares with AuthorizationSetupRes of the same connection."""
        for one in ev.pnc_requests(trace):
            yield ev.challenge_echoed("H-EV-PNC-CHALLENGE", trace, one)


class ContractChain(ContractCase):
    """A charger knows roots; whatever is between root and contract, the car has to bring."""

    id = "EV-PNC-CHAIN-01"
    title = "Plug & Charge: the contract comes with the authorities above it, in order, without the root"
    requirements = ("H-EV-PNC-CHAIN",)
    faults: ClassVar = {"pnc-chain-without-authorities": "H-EV-PNC-CHAIN"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each certificate is issued by the next; none has issued itself."""
        for one in ev.pnc_requests(trace):
            yield ev.chain_in_order("H-EV-PNC-CHAIN", one)


class Used(ContractCase):
    """A driver with a contract has chosen his tariff: a car that falls back to the card reader charges at another."""

    id = "EV-PNC-USED-01"
    title = "Plug & Charge: offered as [EIM, PnC], a car that is to use its contract does"
    requirements = ("H-EV-PNC-USED",)
    faults: ClassVar = {"pnc-not-used": "H-EV-PNC-USED"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first AuthorizationReq behind the offer."""
        offer = ev.told(trace, m.AuthorizationSetupRes, where=lambda one: one.AuthorizationServices == self.services)
        asked = next((one for one in ev.requests(trace, m.AuthorizationReq, link=offer.link)), None)
        if asked is None:
            raise Inconclusive(f"the car did not come to AuthorizationReq: {trace.last_words()}")
        yield holds(
            "H-EV-PNC-USED",
            asked.request.SelectedAuthorizationService is PNC and ev.by_contract(asked.request),
            expected="AuthorizationReq with a contract",
            seen=asked.request.SelectedAuthorizationService.name,
            at=(offer.frame.index, *asked.at),
        )


class UsedFirst(Used):
    """The same with the list the other way round."""

    id = "EV-PNC-USED-02"
    title = "Plug & Charge: offered as [PnC, EIM], a car that is to use its contract does"
    services = (PNC, EIM)


class NotOffered(ContractCase):
    """A charger without Plug & Charge: the car does without too, whatever its driver prefers."""

    id = "EV-PNC-OFFER-01"
    title = "Plug & Charge: not selected where it is not offered"
    requirements = ("H-EV-PNC-OFFERED",)
    services = (EIM,)
    faults: ClassVar = {"auth-pnc-without-contract": "H-EV-PNC-OFFERED"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every AuthorizationReq is one of EIM."""
        offer = ev.told(trace, m.AuthorizationSetupRes, where=lambda one: PNC not in one.AuthorizationServices)
        yield ev.every(
            "H-EV-PNC-OFFERED",
            ev.requests(trace, m.AuthorizationReq, link=offer.link),
            lambda one: one.request.SelectedAuthorizationService is EIM and not ev.by_contract(one.request),
            expected="AuthorizationReq of EIM",
            seen=lambda one: one.request.SelectedAuthorizationService.name,
        )


class Repeated(ContractCase):
    """While the back end is asked the request comes again: each time signed, each time with the challenge."""

    id = "EV-PNC-AGAIN-01"
    title = "Plug & Charge: while Ongoing the request is repeated, and its signature holds each time"
    requirements = ("H-EV-AUTH-ONGOING", "H-EV-PNC-SIGNATURE", "H-EV-PNC-CHALLENGE")
    outcomes = (Eim.ONGOING, Eim.ONGOING, Eim.ACCEPT)
    faults: ClassVar = {
        "pnc-repetition-unsigned": "H-EV-PNC-SIGNATURE",
        "auth-ongoing-as-finished": "H-EV-AUTH-ONGOING",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request, and the one behind each Ongoing."""
        found = ev.pnc_requests(trace)
        waiting = [
            ev.told_by(trace, frame)
            for frame, message in trace.messages(m.AuthorizationRes)
            if message.EVSEProcessing is m.Processing.Ongoing
        ]
        if not waiting:
            raise Inconclusive(f"the charger never said Ongoing: {trace.last_words()}")
        for one in waiting:
            yield ev.next_is("H-EV-AUTH-ONGOING", trace, one, m.AuthorizationReq)
        for request in found:
            yield ev.signature_holds("H-EV-PNC-SIGNATURE", request)
            yield ev.challenge_echoed("H-EV-PNC-CHALLENGE", trace, request)


class SecondContract(ContractCase):
    """The next contract of a car is as good as the first: own key, own chain, challenge of this session."""

    id = "EV-PNC-MULTI-01"
    title = "Plug & Charge: whatever the car tries behind a refused contract is signed by its own key"
    requirements = ("H-EV-PNC-SIGNATURE", "H-EV-PNC-CHALLENGE")
    pics = "pnc and multiple_contracts"
    outcomes = (Eim.REJECT, Eim.ACCEPT)
    faults: ClassVar = {"pnc-second-by-first-key": "H-EV-PNC-SIGNATURE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The requests behind the first refusal."""
        refused = ev.told(trace, m.AuthorizationRes, where=ev.is_warning)
        behind = [one for one in ev.pnc_requests(trace) if one.frame.index > refused.frame.index]
        if not behind:
            # It need not: EIM is on offer, and so is the end.
            for requirement in self.requirements:
                yield ev.not_let_in(requirement, trace, refused)
        for one in behind:
            yield ev.signature_holds("H-EV-PNC-SIGNATURE", one)
            yield ev.challenge_echoed("H-EV-PNC-CHALLENGE", trace, one)


class RefusedContract(ContractCase):
    """The contract is refused for one reason; the car tries something else or ends, and is not let in."""

    outcomes = (Eim.REJECT, Eim.ACCEPT)
    requirements = ("H-EV-PNC-REFUSED",)
    faults: ClassVar = {"auth-refusal-ignored": "H-EV-PNC-REFUSED"}
    code: ClassVar[m.ResponseCode]

    async def stimulate(self, bench: EvBench) -> None:
        """The first AuthorizationReq is answered by that code; all that follow are accepted."""
        bench.charger.fail(m.AuthorizationRes, self.code, nth=0)
        await super().stimulate(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the warning."""
        refused = ev.told(trace, m.AuthorizationRes, where=lambda one: one.ResponseCode is self.code)
        if refused.asked is None or not ev.by_contract(refused.asked.message):
            raise Inconclusive("the refused request was not one with a contract")
        yield ev.not_let_in("H-EV-PNC-REFUSED", trace, refused)


def row(number: int, code: str, purpose: str) -> type[RefusedContract]:
    """The case for one warning."""
    return type(
        f"Refused{code}",
        (RefusedContract,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"EV-PNC-WARN-{number:02}",
            "title": f"Plug & Charge: behind WARNING_{code} no services",
            "code": m.ResponseCode[f"WARNING_{code}"],
        },
    )


TABLE = (
    row(1, "CertificateExpired", "The contract has ended, and nobody pays for what is charged by it."),
    row(2, "CertificateNotYetValid", "The contract begins next month, or the clock of the charger is slow."),
    row(3, "CertificateRevoked", "The contract was cancelled, or its key is not in one car alone."),
    row(4, "CertificateValidationError", "The chain leads to no root that this charger knows: roaming ends here."),
    row(5, "ChallengeInvalid", "The charger takes the request for one of another session."),
    row(6, "GeneralPnCAuthorizationError", "The provider does not want to, and does not say why."),
    row(7, "eMSPUnknown", "The provider of the contract is unknown at this charger."),
)
globals().update({case.__name__: case for case in TABLE})
