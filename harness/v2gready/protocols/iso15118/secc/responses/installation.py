"""CertificateInstallation (reference 4.5): a contract for the car, or a warning with a body that is schema-valid."""

from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import chains, signature
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.backend import Parcel
from v2gready.protocols.iso15118.secc.responses.refusals import refuse
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Refusal, Turn


def certificate_installation(turn: Turn) -> Answer:
    """Checks who asks, asks the back end, and sends one contract at a time.

    Raises:
        Refusal: The service is not offered, or the request is not signed by the car's provisioning certificate.
    """
    if not turn.config.certificate_installation:
        raise Refusal(m.ResponseCode.FAILED_SequenceError)
    request: m.CertificateInstallationReq = turn.request
    leaf = chains.load(request.OEMProvisioningCertificateChain.Certificate)
    found = signature.verify_message(
        request, None if leaf is None else leaf.public_key(), lenient=turn.config.lenient_signatures
    )
    turn.refuse_if(Check.PROVISIONING_SIGNATURE, not found.valid, m.ResponseCode.FAILED_SignatureError)
    if turn.session.installation_rounds < turn.config.installation_ongoing:
        turn.session.installation_rounds += 1
        return _without(turn, m.ResponseCode.OK, m.Processing.Ongoing)
    turn.session.installation_rounds = 0
    parcel = _parcel(turn, request)
    if isinstance(parcel, m.ResponseCode):
        return _without(turn, parcel, m.Processing.Finished)
    response = m.CertificateInstallationRes(
        Header=replace(turn.header, Signature=parcel.signature),
        ResponseCode=m.ResponseCode.OK,
        EVSEProcessing=m.Processing.Finished,
        CPSCertificateChain=parcel.cps,
        SignedInstallationData=parcel.data,
        RemainingContractCertificateChains=parcel.remaining,
    )
    return Answer(response, State.AUTHORIZING)


def _parcel(turn: Turn, request: m.CertificateInstallationReq) -> Parcel | m.ResponseCode:
    """The next contract, or the code of the warning."""
    backend = turn.station.backend
    sent = request.OEMProvisioningCertificateChain
    above = () if sent.SubCertificates is None else sent.SubCertificates.Certificate
    trouble = backend.provisioning_trouble((sent.Certificate, *above), turn.utc)
    if turn.violates(Check.PROVISIONING_CHAIN, trouble is not None):
        return m.ResponseCode.WARNING_CertificateValidationError
    wanted = () if request.PrioritizedEMAIDs is None else request.PrioritizedEMAIDs.EMAID
    strangers = any(not backend.provider_known(emaid) for emaid in wanted)
    if turn.violates(Check.EMSP_KNOWN, strangers):
        return m.ResponseCode.WARNING_eMSPUnknown  # [V2G20-2208]
    leaf = chains.load(sent.Certificate)
    contracts = backend.contracts("" if leaf is None else chains.common_name(leaf))
    if contracts is None or leaf is None:
        return m.ResponseCode.WARNING_NoCertificateAvailable  # [V2G20-2207]
    ordered = sorted(contracts, key=lambda one: _rank(chains.common_name(one.certificate), wanted))
    waiting = ordered[: request.MaximumContractCertificateChains][turn.session.installed :]
    if not waiting:
        return m.ResponseCode.WARNING_NoContractMatchingPCIDFound  # [V2G20-2206]
    try:
        parcel: Parcel = backend.parcel(waiting[0], leaf.public_key(), len(waiting) - 1, turn.station.random)
    except ValueError:
        return m.ResponseCode.WARNING_NoCertificateAvailable
    turn.session.installed += 1
    return parcel


def _rank(emaid: str, wanted: tuple[str, ...]) -> int:
    return wanted.index(emaid) if emaid in wanted else len(wanted)


def _without(turn: Turn, code: m.ResponseCode, processing: m.Processing) -> Answer:
    """A response without a contract: mandatory fields with the smallest values that are schema-valid."""
    body = refuse(turn.request, turn.header, code)
    if not isinstance(body, m.CertificateInstallationRes):
        raise Refusal(m.ResponseCode.FAILED)
    state = State.INSTALLING if processing is m.Processing.Ongoing else State.AUTHORIZING
    return Answer(replace(body, EVSEProcessing=processing), state)
