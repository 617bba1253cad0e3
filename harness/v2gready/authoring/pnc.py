"""Words for cases of Plug & Charge and certificate installation: what is wrong on the way out, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from v2gready.authoring.expectations import holds
from v2gready.emulators.ev import ContractUse, SignatureDefect, Unequipped
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Exchange, Frame, Trace
from v2gready.protocols.iso15118 import chains, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.signature import Encoding, Flaw, Verification

__all__ = [
    "ContractUse",
    "Encoding",
    "Flaw",
    "SignatureDefect",
    "Unequipped",
    "Verification",
    "asked_last",
    "by_contract",
    "chain_of",
    "challenge_for",
    "challenges",
    "echoing",
    "no_contract",
    "not_accepted",
    "shown_challenge",
    "shown_last",
    "shows_contract",
    "signature_of",
    "signed_well",
    "well_made",
]


def chain_of(message: Any) -> tuple[bytes, ...]:
    """Certificates (DER, leaf first) of whoever has signed a message, as they stand in it; empty if they do not."""
    match message:
        case m.AuthorizationReq(AReqAuthorizationMode=m.PnC_AReqAuthorizationMode(ContractCertificateChain=chain)):
            pass
        case m.CertificateInstallationReq(OEMProvisioningCertificateChain=chain):
            pass
        case m.CertificateInstallationRes(CPSCertificateChain=chain):
            pass
        case _:
            return ()
    above = chain.SubCertificates
    return (chain.Certificate, *(() if above is None else above.Certificate))


def signature_of(message: m.V2GMessage, signer: bytes | None = None, *, lenient: bool = False) -> Verification:
    """The check of a message's signature.

    Args:
        message: Any message with signed content.
        signer: Certificate (DER) of the signer, if it is not in the message.
        lenient: Take algorithms that ISO 15118-20 has not for a deviation.
    """
    leaf = signer or next(iter(chain_of(message)), None)
    certificate = None if leaf is None else chains.load(leaf)
    return signature.verify_message(message, None if certificate is None else certificate.public_key(), lenient=lenient)


def signed_well(
    requirement: str,
    message: m.V2GMessage,
    signer: bytes | None = None,
    *,
    at: Iterable[int] = (),
    lenient: bool = False,
) -> Observation:
    """A message is signed over all that has to be signed, by the profile; the grammar of SignedInfo is reported.

    Either grammar is accepted: which one -20 means is not certain enough to fail anybody (reference 2.4).
    """
    found = signature_of(message, signer, lenient=lenient)
    names = ", ".join(element.name for element in signature.signed_elements(message)) or "nothing that can be signed"
    if found.valid and found.algorithm is not None and found.encoding is not None:
        seen = f"{found.algorithm.name}, SignedInfo by the grammar of {found.encoding.value}"
    else:
        seen = "; ".join(str(one) for one in found.findings)
    if found.deviations:
        seen += f" (deviation: {'; '.join(str(one) for one in found.deviations)})"
    return holds(requirement, found.valid, expected=f"a good signature over {names}", seen=seen, at=at)


def challenges(answers: Iterable[Any]) -> tuple[bytes, ...]:
    """GenChallenge of each AuthorizationSetupRes that has one."""
    modes = (getattr(answer, "ASResAuthorizationMode", None) for answer in answers)
    return tuple(mode.GenChallenge for mode in modes if isinstance(mode, m.PnC_ASResAuthorizationMode))


def by_contract(trace: Trace, nth: int = 0) -> Exchange[m.AuthorizationReq]:
    """The ``nth`` AuthorizationReq of ours that showed a contract (-1: the last), with its answer.

    Raises:
        Inconclusive: None was sent, or the charger had not offered Plug & Charge on that connection.
    """
    exchange = trace.exchange(m.AuthorizationReq, where=shows_contract, nth=nth)
    if challenge_for(trace, exchange) is None:
        raise Inconclusive("the charger has sent no GenChallenge on that connection")
    return exchange


def shows_contract(request: m.AuthorizationReq) -> bool:
    """AuthorizationReq by Plug & Charge."""
    return isinstance(request.AReqAuthorizationMode, m.PnC_AReqAuthorizationMode)


def challenge_for(trace: Trace, exchange: Exchange[m.AuthorizationReq]) -> bytes | None:
    """The GenChallenge that the charger sent last on the connection before a request."""
    answers = (
        frame.message
        for frame in trace.frames(sender=trace.dut, link=exchange.request.link)
        if frame.index < exchange.request.index and isinstance(frame.message, m.AuthorizationSetupRes)
    )
    sent = challenges(answers)
    return sent[-1] if sent else None


def shown_challenge(exchange: Exchange[m.AuthorizationReq]) -> bytes:
    """The GenChallenge of a request by contract."""
    mode = exchange.sent.AReqAuthorizationMode
    return mode.GenChallenge if isinstance(mode, m.PnC_AReqAuthorizationMode) else b""


def echoing(trace: Trace, nth: int = 0) -> Exchange[m.AuthorizationReq]:
    """As `by_contract`, for a request with the right GenChallenge: a refusal of it is for something else.

    Raises:
        Inconclusive: There is none, or its GenChallenge is another one.
    """
    exchange = by_contract(trace, nth)
    if challenge_for(trace, exchange) != shown_challenge(exchange):
        raise Inconclusive("the request shows another GenChallenge than the charger has sent")
    return exchange


def well_made(requirement: str, chain: Sequence[bytes], utc: int, *, at: Iterable[int] = ()) -> Observation:
    """A chain in a message holds together: signatures, authorities, periods. Its root is not part of the trace."""
    found = chains.check(chain, (), utc)
    good = found is not None and found.trouble is chains.Trouble.UNTRUSTED and found.index == len(chain) - 1
    seen = "nothing wrong" if good else "no certificate" if found is None else f"{found.trouble.value}: {found.words}"
    return holds(requirement, good, expected="a chain in order, each signed by the next", seen=seen, at=at)


def shown_last(trace: Trace) -> Frame:
    """The last AuthorizationReq with a contract that was sent, whether or not it can be read.

    Raises:
        Inconclusive: None was sent.
    """
    return _sent_last(trace, m.AuthorizationReq, shows_contract)


def asked_last(trace: Trace) -> Frame:
    """The last CertificateInstallationReq that was sent, whether or not it can be read.

    Raises:
        Inconclusive: None was sent.
    """
    return _sent_last(trace, m.CertificateInstallationReq, lambda _: True)


def _sent_last(trace: Trace, kind: type[Any], wanted: Callable[[Any], bool]) -> Frame:
    """A certificate may be such that no reader of the schema takes the message: then the octets alone are there."""
    setup = trace.exchange(m.AuthorizationSetupReq)
    sent = [
        one
        for one in trace.frames(sender=trace.tester, link=setup.request.link)
        if one.index > setup.request.index
        and (one.message is None or (isinstance(one.message, kind) and wanted(one.message)))
    ]
    if setup.response is None or not sent:
        raise Inconclusive(f"no {kind.__name__} of that kind was sent: {trace.last_words()}")
    return sent[-1]


def not_accepted(requirement: str, trace: Trace, request: Frame) -> Observation:
    """A contract gets no OK: a WARNING or FAILED code, or the end of the connection.

    Raises:
        Inconclusive: Nobody watched behind the request.
    """
    return _turned_down(requirement, trace, request, m.AuthorizationRes, closing=True)


def no_contract(requirement: str, trace: Trace, request: Frame, *, closing: bool) -> Observation:
    """CertificateInstallationReq gets no contract: a WARNING or FAILED code.

    Args:
        requirement: Whose rule it is.
        trace: What passed.
        request: The request.
        closing: The end of the connection will do as well.

    Raises:
        Inconclusive: Nobody watched behind the request.
    """
    return _turned_down(requirement, trace, request, m.CertificateInstallationRes, closing=closing)


def _turned_down(requirement: str, trace: Trace, request: Frame, response: type[Any], *, closing: bool) -> Observation:
    answers = [one for one in trace.frames(sender=trace.dut, link=request.link) if one.index > request.index]
    gone = trace.closed(request.link, since=request.index)
    if not answers and gone is None and trace.silence_after(request) <= 0:
        raise Inconclusive("the link was not watched behind the request")
    code = getattr(answers[0].message, "ResponseCode", None) if answers else None
    named = isinstance(code, m.ResponseCode) and code >= m.ResponseCode.WARNING_AuthorizationSelectionInvalid
    if answers:
        name = type(answers[0].message).__name__ if answers[0].message is not None else "octets that are no message"
        seen = name if code is None else f"{name} with {code.name}"
        good = named and isinstance(answers[0].message, response)
    else:
        seen = "no answer" if gone is None else "connection closed"
        good = closing and gone is not None
    expected = f"{response.__name__} with a WARNING or FAILED code" + (
        ", or the end of the connection" if closing else ""
    )
    at = (request.index, *(one.index for one in answers[:1]))
    return holds(requirement, good, expected=expected, seen=seen, at=at)
