"""Faults of AuthorizationSetup and Authorization with EIM (reference 4.5; AUT-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.messages import xmldsig
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks, with_header
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Outgoing, Turn

_SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
_EXI = "http://www.w3.org/TR/canonical-exi/"
_ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"


@fault("auth-pnc-without-contract", "Selects Plug & Charge without having a contract.")
class PncWithoutContract(Asks[m.AuthorizationReq]):
    """[V2G20-2566], AUT-E-1: takes whatever comes last in the list."""

    message = m.AuthorizationReq

    def bend(self, turn: Turn, request: m.AuthorizationReq) -> Any:
        """The selection alone."""
        return replace(request, SelectedAuthorizationService=m.Authorization.PnC)


@fault("auth-refusal-ignored", "Goes on with ServiceDiscovery after its authorization was refused.")
class RefusalIgnored(Overlooks):
    """[V2G20-2230]."""

    overlooked = frozenset({Check.AUTHORIZED})


@fault("auth-ongoing-as-finished", "Goes on with ServiceDiscovery while the authorization is going on.")
class OngoingAsFinished(Overlooks):
    """Reference 4.2."""

    overlooked = frozenset({Check.ONGOING})
    phases = frozenset({Phase.AUTHORIZATION})


@fault("auth-retries-forever", "Repeats a refused authorization without end.")
class RetriesForever(Chooses):
    """[V2G20-2230]: may retry, and has to end some day."""

    choice = Choice.RETRY

    def instead(self, turn: Turn, value: Any) -> Any:
        """Once more."""
        return True


@fault("auth-eim-signed", "Signs AuthorizationReq in an EIM session.")
class EimSigned(Asks[m.AuthorizationReq]):
    """AUT-E-3, R tux-evse."""

    message = m.AuthorizationReq

    def bend(self, turn: Turn, request: m.AuthorizationReq) -> Any:
        """A signature over nothing in particular."""
        if request.SelectedAuthorizationService is not m.Authorization.EIM:
            return request
        reference = xmldsig.Reference(DigestMethod=xmldsig.DigestMethod(Algorithm=_SHA512), DigestValue=bytes(64))
        info = xmldsig.SignedInfo(
            CanonicalizationMethod=xmldsig.CanonicalizationMethod(Algorithm=_EXI),
            SignatureMethod=xmldsig.SignatureMethod(Algorithm=_ECDSA),
            Reference=(reference,),
        )
        value = xmldsig.SignatureValue(value=bytes(132))
        return with_header(request, Signature=xmldsig.Signature(SignedInfo=info, SignatureValue=value))


@fault("auth-skips-setup", "Sends AuthorizationReq without AuthorizationSetupReq.")
class SkipsSetup(Fault):
    """Reference 4.1: as in ISO 15118-2."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """There is nothing to set up with EIM."""
        if turn.phase is not Phase.AUTHORIZATION_SETUP:
            return outgoing
        at_once = m.AuthorizationReq(
            Header=outgoing.messages[0].Header,
            SelectedAuthorizationService=m.Authorization.EIM,
            AReqAuthorizationMode=m.EIM_AReqAuthorizationMode(),
        )
        return replace(outgoing, messages=(at_once,))


@fault("auth-retry-runs-dry", "Ends the session behind a retry of the authorization, though that was accepted.")
class RetryRunsDry(Asks[m.ServiceDiscoveryReq]):
    """[V2G20-2230]: the refusal is remembered and the acceptance is not."""

    message = m.ServiceDiscoveryReq

    def __init__(self) -> None:
        super().__init__()
        self._tries = 0

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Counts."""
        self._tries += any(isinstance(one, m.AuthorizationReq) for one in outgoing.messages)
        return super().request(turn, outgoing)

    def bend(self, turn: Turn, request: m.ServiceDiscoveryReq) -> Any:
        """Had enough."""
        if self._tries < 2:
            return request
        return m.SessionStopReq(Header=request.Header, ChargingSession=m.ChargingSession.Terminate)
