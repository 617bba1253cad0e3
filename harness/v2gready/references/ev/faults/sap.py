"""Faults of supportedAppProtocol (reference 3.1; SAP-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Turn


class _Offers(Asks[m.SupportedAppProtocolReq]):
    """Offers wrongly."""

    message = m.SupportedAppProtocolReq

    def offer(self, position: int, one: m.AppProtocol) -> m.AppProtocol:
        """One wrong entry."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: m.SupportedAppProtocolReq) -> Any:
        """All entries."""
        entries = tuple(self.offer(position, one) for position, one in enumerate(_two(request.AppProtocol)))
        return replace(request, AppProtocol=entries)


def _two(offers: tuple[m.AppProtocol, ...]) -> tuple[m.AppProtocol, ...]:
    """Two entries at least: with one alone nothing can be twice. The second is of ISO 15118-2."""
    if len(offers) > 1:
        return offers
    other = m.AppProtocol(
        ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
        VersionNumberMajor=2,
        VersionNumberMinor=0,
        SchemaID=offers[0].SchemaID + 1,
        Priority=offers[0].Priority + 1,
    )
    return (*offers, other)


@fault("sap-priority-twice", "Offers two protocols with the same priority.")
class PriorityTwice(_Offers):
    """SAP-E-2."""

    def offer(self, position: int, one: m.AppProtocol) -> m.AppProtocol:
        """All are dear to it."""
        return replace(one, Priority=1)


@fault("sap-schema-id-twice", "Offers two protocols with the same SchemaID.")
class SchemaIdTwice(_Offers):
    """SAP-E-2."""

    def offer(self, position: int, one: m.AppProtocol) -> m.AppProtocol:
        """A constant."""
        return replace(one, SchemaID=1)


@fault("sap-wrong-major", "Offers ISO 15118-20 with a major version that there is not.")
class WrongMajor(Asks[m.SupportedAppProtocolReq]):
    """Reference 3.1: the SECC has to refuse."""

    message = m.SupportedAppProtocolReq

    def bend(self, turn: Turn, request: m.SupportedAppProtocolReq) -> Any:
        """20, as in the name of the standard."""
        return replace(request, AppProtocol=tuple(replace(one, VersionNumberMajor=20) for one in request.AppProtocol))


@fault("sap-refusal-ignored", "Goes on with SessionSetup after Failed_NoNegotiation.")
class RefusalIgnored(Overlooks):
    """SAP: nothing was agreed on."""

    overlooked = frozenset({Check.SAP_CODE, Check.SAP_SCHEMA})


@fault("sap-takes-any-schema-id", "Takes a SchemaID that it never offered.")
class TakesAnySchemaId(Overlooks):
    """SAP: nothing was agreed on."""

    overlooked = frozenset({Check.SAP_SCHEMA})


@fault("sap-schema-id-ignored", "Goes on with the protocol that it likes best, whichever was chosen.")
class SchemaIdIgnored(Chooses):
    """R literal SchemaID."""

    choice = Choice.NAMESPACE

    def instead(self, turn: Turn, value: Any) -> Any:
        """The first of its own list."""
        return turn.plan.app_protocols[0].namespace


@fault("sap-minor-deviation-refused", "Ends the session at OK_SuccessfulNegotiationWithMinorDeviation.")
class MinorDeviationRefused(Fault):
    """SAP: a deviation is an agreement."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Only one code is OK."""
        deviation = m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
        return violated or (check is Check.SAP_CODE and turn.response.ResponseCode is deviation)
