"""Words on how a car is let in: authorization, contracts, certificates that are installed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from cryptography.x509.oid import NameOID

from v2gready.authoring.ev.facts import Asked, Told, closing, later, requests, terminates
from v2gready.authoring.ev.judgements import next_is
from v2gready.authoring.expectations import holds
from v2gready.authoring.pnc import Flaw, chain_of, signature_of
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace
from v2gready.protocols.iso15118 import chains
from v2gready.protocols.iso15118 import messages as m


def not_let_in(requirement: str, trace: Trace, refused: Told[Any]) -> Observation:
    """Behind a refusal the car tries again, has a certificate installed, or ends the session; nothing else.

    Raises:
        Inconclusive: Nobody watched long enough to know.
    """
    following = refused.next
    if following is None and closing(trace, refused.link, since=refused.frame.index) is not None:
        return holds(requirement, True, expected="not let in", seen="connection closed", at=refused.at)
    return next_is(requirement, trace, refused, m.AuthorizationReq, m.CertificateInstallationReq, m.SessionStopReq)


def pnc_requests(trace: Trace) -> list[Asked[m.AuthorizationReq]]:
    """AuthorizationReq with a contract, in order.

    Raises:
        Inconclusive: There is none.
    """
    found = [one for one in requests(trace, m.AuthorizationReq) if by_contract(one.request)]
    if not found:
        raise Inconclusive(f"the car has not authorized by contract: {trace.last_words()}")
    return found


def by_contract(request: Any) -> bool:
    """An AuthorizationReq shows a contract."""
    return isinstance(request.AReqAuthorizationMode, m.PnC_AReqAuthorizationMode)


def is_warning(response: m.V2GResponse) -> bool:
    """A WARNING_* code."""
    return m.ResponseCode.WARNING_AuthorizationSelectionInvalid <= response.ResponseCode < m.ResponseCode.FAILED


_HOLDS = frozenset(
    {Flaw.ABSENT, Flaw.DIGEST, Flaw.DIGEST_METHOD, Flaw.VALUE, Flaw.MISSING_REFERENCE, Flaw.KEY, Flaw.SIGNATURE_METHOD}
)
"""Flaws that keep a signature from proving anything; all others are of its form."""


def signature_holds(requirement: str, asked: Asked[Any]) -> Observation:
    """A request is signed by the certificate in it, over all that has to be signed; its form is another question.

    Either grammar of SignedInfo is taken, and told: which one -20 means is not certain enough to fail anybody.
    """
    found = signature_of(asked.request, lenient=True)
    bad = [one for one in found.findings if one.flaw in _HOLDS]
    good = not bad and found.encoding is not None
    if good and found.algorithm is not None and found.encoding is not None:
        seen = f"{found.algorithm.name}, SignedInfo by the grammar of {found.encoding.value}"
    else:
        seen = "; ".join(str(one) for one in found.findings) or "a signature that cannot be checked"
    return holds(requirement, good, expected="a signature that holds", seen=seen, at=asked.at)


def signature_form(requirement: str, asked: Asked[Any]) -> Observation:
    """The signature of a request has the form of the profile: one Reference to the Id, one Transform, SHA-512, r || s.

    Raises:
        Inconclusive: There is no signature.
    """
    found = signature_of(asked.request)
    if Flaw.ABSENT in found.flaws:
        raise Inconclusive(f"{type(asked.request).__name__} has no signature")
    bad = [one for one in found.findings if one.flaw not in {Flaw.DIGEST, Flaw.VALUE}]
    return holds(
        requirement,
        not bad,
        expected="one Reference to the Id, one Transform, SHA-512, r || s of 132 octets (Ed448: 114)",
        seen="; ".join(str(one) for one in bad) or "so",
        at=asked.at,
    )


def challenge_echoed(requirement: str, trace: Trace, asked: Asked[m.AuthorizationReq]) -> Observation:
    """GenChallenge of a request is that of AuthorizationSetupRes before it on the same connection.

    Raises:
        Inconclusive: We gave no challenge.
    """
    given = [
        (frame, message.ASResAuthorizationMode)
        for frame, message in trace.messages(m.AuthorizationSetupRes)
        if frame.link == asked.link and frame.index < asked.frame.index
    ]
    frame, mode = given[-1] if given else (asked.frame, None)
    if not isinstance(mode, m.PnC_ASResAuthorizationMode):
        raise Inconclusive("no challenge was given on that connection")
    sent: Any = asked.request.AReqAuthorizationMode
    return holds(
        requirement,
        sent.GenChallenge == mode.GenChallenge,
        expected=f"GenChallenge {mode.GenChallenge.hex()}",
        seen=sent.GenChallenge.hex(),
        at=(frame.index, asked.frame.index),
    )


def chain_in_order(requirement: str, asked: Asked[Any]) -> Observation:
    """Each certificate in a request was issued by the next, and none is a root.

    Raises:
        Inconclusive: There is no chain in it.
    """
    chain = chain_of(asked.request)
    if not chain:
        raise Inconclusive(f"{type(asked.request).__name__} holds no chain")
    expected = "the leaf, and one to three authorities above it, each the issuer of the one before, no root"
    loaded = [chains.load(one) for one in chain]
    certificates = [one for one in loaded if one is not None]
    names = " < ".join(one.subject.rfc4514_string() for one in certificates)
    good = (
        len(certificates) == len(chain)
        and 2 <= len(chain) <= 4
        and all(lower.issuer == upper.subject for lower, upper in pairwise(certificates))
        and all(one.issuer != one.subject for one in certificates)
    )
    return holds(requirement, good, expected=expected, seen=names or "certificates that cannot be read", at=asked.at)


def contract_leaf(message: Any) -> bytes:
    """The contract certificate (DER) that a message shows or delivers; empty if there is none."""
    match message:
        case m.AuthorizationReq(AReqAuthorizationMode=m.PnC_AReqAuthorizationMode(ContractCertificateChain=chain)):
            return bytes(chain.Certificate)
        case m.CertificateInstallationRes(SignedInstallationData=data):
            return bytes(data.ContractCertificateChain.Certificate)
        case _:
            return b""


def not_taken(requirement: str, trace: Trace, delivered: Told[Any]) -> Observation:
    """A contract that was delivered with a flaw is not used: the car authorizes another way, or ends.

    Raises:
        Inconclusive: The delivery was good, or the car was not seen to decide.
    """
    leaf = contract_leaf(delivered.message)
    if signature_of(delivered.message).valid:
        raise Inconclusive("the delivery was flawless")
    behind = later(trace, delivered.frame)
    decided = [one for one in behind if isinstance(one.request, m.AuthorizationReq)]
    over = any(terminates(one.request) for one in behind) or closing(trace, delivered.link, since=delivered.frame.index)
    if not decided and not over:
        raise Inconclusive(f"the car did not authorize behind the delivery: {trace.last_words()}")
    used = next((one for one in decided if contract_leaf(one.request) == leaf), None)
    others = "the end of the session" if not decided else f"{decided[0].request.SelectedAuthorizationService.name}"
    return holds(
        requirement,
        used is None,
        expected="the delivered contract not used",
        seen=f"{others}, without it" if used is None else "AuthorizationReq with the delivered contract",
        at=(delivered.frame.index, *(one.frame.index for one in decided[:1])),
    )


def service_refused(requirement: str, trace: Trace) -> Observation:
    """What one provisioning service delivered is not used, and what another delivers at a later visit is.

    Raises:
        Inconclusive: There were no two deliveries, or they were alike, or the later one was not used either.
    """
    deliveries = [
        (frame, message)
        for frame, message in trace.messages(m.CertificateInstallationRes)
        if message.ResponseCode is m.ResponseCode.OK and message.EVSEProcessing is m.Processing.Finished
    ]
    if not deliveries:
        raise Inconclusive(f"nothing was delivered: {trace.last_words()}")
    (frame, first), (last_frame, last) = deliveries[0], deliveries[-1]
    leaves = {contract_leaf(one) for _, one in deliveries}
    decided = [one for one in requests(trace, m.AuthorizationReq, link=frame.link) if one.frame.index > frame.index]
    used = next((one for one in decided if contract_leaf(one.request) in leaves), None)
    if used is None:
        over = closing(trace, frame.link, since=frame.index) is not None
        if not decided and not over:
            raise Inconclusive(f"the car did not authorize behind the delivery: {trace.last_words()}")
        if frame.link == last_frame.link or chain_of(first) == chain_of(last):
            raise Inconclusive(f"a good service has not delivered: {trace.last_words()}")
        later_on = requests(trace, m.AuthorizationReq, link=last_frame.link)
        if not any(contract_leaf(one.request) in leaves for one in later_on):
            raise Inconclusive("what a good service delivered was not used either")
    others = f"{decided[0].request.SelectedAuthorizationService.name}, without it" if decided else "the end"
    return holds(
        requirement,
        used is None,
        expected="the delivered contract not used",
        seen=others if used is None else "AuthorizationReq with the delivered contract",
        at=(frame.index, *(one.frame.index for one in decided[:1])),
    )


def no_contract_for_provisioning(requirement: str, asked: Asked[m.CertificateInstallationReq]) -> Observation:
    """The certificate that asks for contracts is no contract certificate: those may be used for non-repudiation.

    Raises:
        Inconclusive: It cannot be read.
    """
    leaf = chains.load(asked.request.OEMProvisioningCertificateChain.Certificate)
    if leaf is None:
        raise Inconclusive("the provisioning certificate cannot be read")
    names = {str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.DOMAIN_COMPONENT)}
    return holds(
        requirement,
        "MO" not in names,
        expected="a certificate of the OEM, with the PCID as CN",
        seen=leaf.subject.rfc4514_string(),
        at=asked.at,
    )
