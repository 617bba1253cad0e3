"""Faults in what the charger announces, and in what it takes of it (reference 1.2, 3.1, 4.4, 4.5, 6)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault, Respond
from v2gready.protocols.iso15118.secc.session import NO_SESSION
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.protocols.sdp import SdpResponse, Security
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode
_FEW = 5
_FIRST_SET = 1


@fault("sdp-promises-tls", "Announces TLS although it has none.")
class PromisesTls(Fault):
    """[V2G2-627]. Needs a charger without TLS."""

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        """Echoes what was asked for."""
        if reply is None:
            return None
        return replace(SdpResponse.decode(reply), security=Security.TLS).encode()


@fault("sap-reads-five-offers", "Reads no more than five offers of supportedAppProtocolReq.")
class ReadsFiveOffers(Fault):
    """[V2G20-169]: there may be twenty."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """An array of the size that all the cars of the lab needed."""
        if not isinstance(turn.request, m.SupportedAppProtocolReq):
            return reply
        read = {one.SchemaID for one in turn.request.AppProtocol[:_FEW]}
        if all(one.SchemaID in read for one in reply.messages):
            return reply
        refused = m.SupportedAppProtocolRes(ResponseCode=m.SapResponseCode.Failed_NoNegotiation)
        return replace(reply, messages=(refused,), close=True)


@fault("evse-id-per-session", "Sends another EVSEID in every session.")
class EvseIdPerSession(Answers[m.SessionSetupRes]):
    """Reference 3.2: it names the outlet."""

    message = m.SessionSetupRes

    def __init__(self) -> None:
        super().__init__()
        self._sessions = 0

    def bend(self, turn: Turn, response: m.SessionSetupRes) -> m.SessionSetupRes:
        """Counts."""
        self._sessions += 1
        return replace(response, EVSEID=f"{response.EVSEID}-{self._sessions}")


@fault("session-id-adopted", "Gives a new session the id that the car brought along.")
class SessionIdAdopted(Answers[m.SessionSetupRes]):
    """[V2G20-2627]: a new id."""

    message = m.SessionSetupRes

    def bend(self, turn: Turn, response: m.SessionSetupRes) -> m.SessionSetupRes:
        """Echoes it."""
        brought = turn.request.Header.SessionID
        if brought == NO_SESSION:
            return response
        return replace(response, Header=replace(response.Header, SessionID=brought))


@fault("offers-undeclared-pnc", "Offers Plug & Charge and does not have it.")
class OffersPnc(Answers[m.AuthorizationSetupRes]):
    """[V2G20-2566]: with PnC goes the PnC mode."""

    message = m.AuthorizationSetupRes

    def bend(self, turn: Turn, response: m.AuthorizationSetupRes) -> m.AuthorizationSetupRes:
        """The list of another product."""
        services = (m.Authorization.EIM, m.Authorization.PnC)
        return replace(response, AuthorizationServices=services, ASResAuthorizationMode=m.EIM_ASResAuthorizationMode())


@fault("hides-service", "Leaves the last of its energy services out of the list.")
class HidesService(Answers[m.ServiceDiscoveryRes]):
    """[V2G20-1248]."""

    message = m.ServiceDiscoveryRes

    def bend(self, turn: Turn, response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
        """One too few."""
        services = response.EnergyTransferServiceList.Service
        return replace(response, EnergyTransferServiceList=m.ServiceList(Service=services[:-1] or services))


@fault("selects-first-set-alone", "Refuses every parameter set but the first of a service.")
class SelectsFirstSetAlone(Fault):
    """What is offered can be had."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Offers more than it can do."""
        if check is not Check.SERVICE_SELECTION:
            return violated
        return violated or turn.request.SelectedEnergyTransferService.ParameterSetID != _FIRST_SET


@fault("selects-value-added-service", "Selects a value added service in the place of an energy service.")
class SelectsValueAddedService(Fault):
    """Reference 4.6."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A service is a service."""

        def change(response: m.ServiceSelectionRes) -> m.ServiceSelectionRes:
            wrong = response.ResponseCode is _CODE.FAILED_NoEnergyTransferServiceSelected
            return replace(response, ResponseCode=_CODE.OK) if wrong else response

        bent = reply.bent(m.ServiceSelectionRes, change)
        return bent if bent == reply else replace(bent, close=False)
