"""Faults of authorization (reference 4.5; AUT-S-*, CRT-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import Input
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode


class _Authorizes(Answers[m.AuthorizationRes]):
    message = m.AuthorizationRes


@fault("eim-failure-as-failed", "Answers a refused card with FAILED and ends the session.")
class EimFailureAsFailed(Fault):
    """[V2G20-2219], AUT-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A refusal taken for a failure."""

        def change(response: m.AuthorizationRes) -> m.AuthorizationRes:
            return replace(response, ResponseCode=_CODE.FAILED) if _refused(response) else response

        bent = reply.bent(m.AuthorizationRes, change)
        return bent if bent == reply else replace(bent, close=True)


@fault("eim-failure-ongoing", "Answers a refused card with Ongoing_WaitingForCustomerInteraction, as ISO 15118-2 does.")
class EimFailureOngoing(_Authorizes):
    """[V2G20-2219] against [V2G2-854], AUT-S-1."""

    def bend(self, turn: Turn, response: m.AuthorizationRes) -> m.AuthorizationRes:
        """The rule of the other part."""
        if not _refused(response):
            return response
        waiting = m.Processing.Ongoing_WaitingForCustomerInteraction
        return replace(response, ResponseCode=_CODE.OK, EVSEProcessing=waiting)


@fault("eim-failure-without-warning", "Answers a refused card with OK and goes no further.")
class EimFailureWithoutWarning(_Authorizes):
    """[V2G20-2219], AUT-S-1."""

    def bend(self, turn: Turn, response: m.AuthorizationRes) -> m.AuthorizationRes:
        """Finished, and nobody knows how."""
        return replace(response, ResponseCode=_CODE.OK) if _refused(response) else response


@fault("accepts-refused-card", "Authorizes a refused card.")
class AcceptsRefusedCard(Ignores):
    """[V2G20-2219], AUT-S-1."""

    ignored = frozenset({Check.CARD})


@fault("authorization-retry-refused", "Takes no second AuthorizationReq after a refused card.")
class RetryRefused(Fault):
    """[V2G20-2230], AUT-S-1."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes the second try for an error of order."""
        again = self._refused and check is Check.SEQUENCE and turn.input is Input.AUTHORIZATION
        return violated or again

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Remembers the refusal."""
        self._refused = any(isinstance(one, m.AuthorizationRes) and _refused(one) for one in reply.messages)
        return reply


@fault("authorization-never-ends", "Answers AuthorizationReq with Ongoing for ever.")
class NeverEnds(_Authorizes):
    """V2G_SECC_Ongoing_Performance_Time, 55 s."""

    def bend(self, turn: Turn, response: m.AuthorizationRes) -> m.AuthorizationRes:
        """The back end never answers."""
        return replace(response, ResponseCode=_CODE.OK, EVSEProcessing=m.Processing.Ongoing)


@fault("accepts-unoffered-authorization", "Authorizes a car by a service that it did not offer.")
class AcceptsUnoffered(Ignores):
    """[V2G20-2209], AUT-S-2."""

    ignored = frozenset({Check.AUTHORIZATION_SERVICE})


@fault("unoffered-authorization-as-failed", "Answers an authorization service that it did not offer with FAILED.")
class UnofferedAsFailed(Fault):
    """[V2G20-2209], AUT-S-2: a warning."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A warning taken for a failure."""

        def change(response: m.AuthorizationRes) -> m.AuthorizationRes:
            wrong = response.ResponseCode is _CODE.WARNING_AuthorizationSelectionInvalid
            return replace(response, ResponseCode=_CODE.FAILED) if wrong else response

        bent = reply.bent(m.AuthorizationRes, change)
        return bent if bent == reply else replace(bent, close=True)


@fault("offers-missing-certificate-installation", "Offers certificate installation and does not have it.")
class OffersInstallation(Answers[m.AuthorizationSetupRes]):
    """CRT-S-2."""

    message = m.AuthorizationSetupRes

    def bend(self, turn: Turn, response: m.AuthorizationSetupRes) -> m.AuthorizationSetupRes:
        """A flag of the template."""
        return replace(response, CertificateInstallationService=True)


@fault("stale-certificate-installation", "Answers CertificateInstallationReq with OK and nothing in it.")
class StaleInstallation(Answers[m.CertificateInstallationRes]):
    """CRT-S-2: a defined failure, never a stale OK."""

    message = m.CertificateInstallationRes

    def bend(self, turn: Turn, response: m.CertificateInstallationRes) -> m.CertificateInstallationRes:
        """The buffer of the message before."""
        return replace(response, ResponseCode=_CODE.OK)


def _refused(response: m.AuthorizationRes) -> bool:
    return response.ResponseCode is _CODE.WARNING_EIMAuthorizationFailure
