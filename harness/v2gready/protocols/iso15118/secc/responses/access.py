"""SessionSetup, AuthorizationSetup and Authorization: who may charge here (ISO 15118-20 8.3.4; reference 4.4, 4.5)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Eim
from v2gready.protocols.iso15118.secc.responses.plug_and_charge import challenge, contract_code
from v2gready.protocols.iso15118.secc.session import Session, binding
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn

_PROCESSING = {
    Eim.ACCEPT: m.Processing.Finished,
    Eim.REJECT: m.Processing.Finished,
    Eim.ONGOING: m.Processing.Ongoing,
    Eim.WAITING: m.Processing.Ongoing_WaitingForCustomerInteraction,
}


def session_setup(turn: Turn) -> Answer:
    """Joins the paused session of the same car, or establishes a new one with an id of its own."""
    request: m.SessionSetupReq = turn.request
    joined = _joined(turn, request)
    if joined is not None:
        del turn.station.paused[joined.id]
        code, session, state = m.ResponseCode.OK_OldSessionJoined, joined, State.SELECTED
    else:
        session = turn.session
        session.id = turn.station.new_session_id()
        session.evccid = request.EVCCID
        code, state = m.ResponseCode.OK_NewSessionEstablished, State.ESTABLISHED
    response = m.SessionSetupRes(Header=session.header(turn.utc), ResponseCode=code, EVSEID=turn.config.evse_id)
    return Answer(response, state, session)


def _joined(turn: Turn, request: m.SessionSetupReq) -> Session | None:
    """The paused session of that id, if it is this car's [V2G20-2545]; a stranger gets a new one [V2G20-2626]."""
    wanted = request.Header.SessionID
    paused = turn.station.paused.get(wanted)
    if paused is None or turn.violates(Check.PAUSED_SESSION, paused.session.family is not turn.session.family):
        return None
    mark = binding(wanted, request.EVCCID, turn.vehicle_certificate)
    return None if turn.violates(Check.SAME_VEHICLE, mark != paused.binding) else paused.revive()


def authorization_setup(turn: Turn) -> Answer:
    """What the car may show: a card, a contract, or either [V2G20-2566]."""
    config = turn.config
    mode: m.EIM_ASResAuthorizationMode | m.PnC_ASResAuthorizationMode = m.EIM_ASResAuthorizationMode()
    if m.Authorization.PnC in config.authorization_services:
        known = config.supported_providers
        mode = m.PnC_ASResAuthorizationMode(
            GenChallenge=challenge(turn),
            SupportedProviders=None if known is None else m.SupportedProvidersList(ProviderID=known),
        )
    response = m.AuthorizationSetupRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        AuthorizationServices=config.authorization_services,
        CertificateInstallationService=config.certificate_installation,
        ASResAuthorizationMode=mode,
    )
    return Answer(response, State.AUTHORIZING)


def authorization(turn: Turn) -> Answer:
    """A refusal is a warning with EVSEProcessing=Finished [V2G20-2219], and the car may try again [V2G20-2230]."""
    request: m.AuthorizationReq = turn.request
    offered = request.SelectedAuthorizationService in turn.config.authorization_services
    mode = request.AReqAuthorizationMode
    contract = isinstance(mode, m.PnC_AReqAuthorizationMode)
    fitting = contract == (request.SelectedAuthorizationService is m.Authorization.PnC)
    if turn.violates(Check.AUTHORIZATION_SERVICE, not (offered and fitting)):
        return _authorized(turn, Eim.REJECT, m.ResponseCode.WARNING_AuthorizationSelectionInvalid)  # [V2G20-2209]
    outcome = turn.station.authorization(turn.session.authorizations)
    turn.session.authorizations += 1
    if isinstance(mode, m.PnC_AReqAuthorizationMode) and turn.config.pnc:
        return _contract(turn, mode, outcome)
    if turn.violates(Check.CARD, outcome is Eim.REJECT):
        return _authorized(turn, outcome, m.ResponseCode.WARNING_EIMAuthorizationFailure)
    return _authorized(turn, Eim.ACCEPT if outcome is Eim.REJECT else outcome, m.ResponseCode.OK)


def _contract(turn: Turn, mode: m.PnC_AReqAuthorizationMode, outcome: Eim) -> Answer:
    """The contract first; then what the provider says, which may take a while."""
    code = contract_code(turn, mode)
    if code > m.ResponseCode.OK_CertificateExpiresSoon:
        return _authorized(turn, Eim.REJECT, code)
    if turn.violates(Check.CONTRACT_KNOWN, outcome is Eim.REJECT):
        return _authorized(turn, Eim.REJECT, m.ResponseCode.WARNING_GeneralPnCAuthorizationError)
    waiting = outcome in {Eim.ONGOING, Eim.WAITING}
    return _authorized(turn, Eim.ONGOING if waiting else Eim.ACCEPT, m.ResponseCode.OK if waiting else code)


def _authorized(turn: Turn, outcome: Eim, code: m.ResponseCode) -> Answer:
    response = m.AuthorizationRes(Header=turn.header, ResponseCode=code, EVSEProcessing=_PROCESSING[outcome])
    return Answer(response, State.AUTHORIZED if outcome is Eim.ACCEPT else State.AUTHORIZING)
