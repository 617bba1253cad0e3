"""Faults of supportedAppProtocol (reference 3.1; SAP-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_OK = m.SapResponseCode.OK_SuccessfulNegotiation
_DEVIATION = m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
_FAILED = m.SapResponseCode.Failed_NoNegotiation

_OURS = frozenset({m.ac.NAMESPACE, m.dc.NAMESPACE})


class _Sap(Answers[m.SupportedAppProtocolRes]):
    message = m.SupportedAppProtocolRes


@fault("sap-literal-schema-id", "Answers SchemaID 1 whatever the car called the protocol.")
class LiteralSchemaId(_Sap):
    """[V2G20-169], SAP-S-1."""

    def bend(self, turn: Turn, response: m.SupportedAppProtocolRes) -> m.SupportedAppProtocolRes:
        """A literal where the echo belongs."""
        return response if response.ResponseCode is _FAILED else replace(response, SchemaID=1)


@fault("sap-schema-id-missing", "Negotiates a protocol and does not say which.")
class SchemaIdMissing(_Sap):
    """[V2G20-169]."""

    def bend(self, turn: Turn, response: m.SupportedAppProtocolRes) -> m.SupportedAppProtocolRes:
        """SchemaID is optional in the schema."""
        return replace(response, SchemaID=None)


class _Chooses(_Sap):
    def choice(self, offers: tuple[m.AppProtocol, ...]) -> m.AppProtocol:
        """The offer that is taken of several possible ones."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.SupportedAppProtocolRes) -> m.SupportedAppProtocolRes:
        """Another offer than the one of lowest Priority."""
        offers = tuple(one for one in turn.request.AppProtocol if one.ProtocolNamespace in _OURS)
        if response.ResponseCode is _FAILED or not offers:
            return response
        return replace(response, SchemaID=self.choice(offers).SchemaID)


@fault("sap-first-offer-wins", "Takes the first protocol in the list instead of the one of lowest Priority.")
class FirstOfferWins(_Chooses):
    """[V2G20-167], SAP-S-1."""

    def choice(self, offers: tuple[m.AppProtocol, ...]) -> m.AppProtocol:
        """Array order."""
        return offers[0]


@fault("sap-highest-number-wins", "Takes the largest Priority number for the highest priority.")
class HighestNumberWins(_Chooses):
    """[V2G20-167], SAP-S-1."""

    def choice(self, offers: tuple[m.AppProtocol, ...]) -> m.AppProtocol:
        """1 is the lowest number and the highest priority."""
        return max(offers, key=lambda one: one.Priority)


@fault("sap-accepts-unknown-major", "Negotiates a major version that it does not know.")
class AcceptsUnknownMajor(Ignores):
    """SAP-S-4."""

    ignored = frozenset({Check.SAP_MAJOR})


@fault("sap-accepts-foreign-namespace", "Negotiates an energy transfer that it does not have.")
class AcceptsForeignNamespace(Ignores):
    """SAP-S-2."""

    ignored = frozenset({Check.SAP_NAMESPACE})


@fault("sap-refuses-minor-deviation", "Refuses a protocol for its minor version.")
class RefusesMinorDeviation(Fault):
    """SAP-S-4."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Compares the whole version."""
        refused = m.SupportedAppProtocolRes(ResponseCode=_FAILED)
        deviating = any(
            isinstance(one, m.SupportedAppProtocolRes) and one.ResponseCode is _DEVIATION for one in reply.messages
        )
        return replace(reply, messages=(refused,), close=True) if deviating else reply


@fault("sap-hides-minor-deviation", "Answers a deviating minor version as if it were its own.")
class HidesMinorDeviation(_Sap):
    """SAP-S-4."""

    def bend(self, turn: Turn, response: m.SupportedAppProtocolRes) -> m.SupportedAppProtocolRes:
        """One success code for all."""
        return replace(response, ResponseCode=_OK) if response.ResponseCode is _DEVIATION else response


@fault("sap-open-after-failure", "Keeps the connection open after Failed_NoNegotiation.")
class OpenAfterFailure(Fault):
    """Nothing can follow a failed negotiation."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Waits for a better offer."""
        return replace(reply, close=False) if isinstance(turn.request, m.SupportedAppProtocolReq) else reply
