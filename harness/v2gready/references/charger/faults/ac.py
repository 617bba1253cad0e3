"""Faults of the AC outlet (reference 3.4; AC-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.quantities import spread, total
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_TOO_MUCH = 1.25


@fault("contactor-fault-as-ok", "Answers PowerDelivery(Start) with OK although the contactor stayed open.")
class ContactorFaultAsOk(Ignores):
    """AC-S-2; serves DC as well. Needs `break_contactor`."""

    ignored = frozenset({Check.CONTACTOR_CLOSED})


@fault("contactor-edge-trigger", "Fails PowerDelivery(Start) when the contactor is closed already.")
class ContactorEdgeTrigger(Fault):
    """AC-S-1: leaving standby, or a second Start after a renegotiation."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Waits for an edge that does not come."""
        if check is Check.SEQUENCE:
            self._closed = turn.station.stage(turn.session.family).contactor
        edge_missing = check is Check.CONTACTOR_CLOSED and self._closed and isinstance(turn.request, m.PowerDeliveryReq)
        # A DC contactor is closed since the cable check: there the first Start is no case of this fault.
        return violated or (edge_missing and not turn.session.offer.service.is_dc)


@fault("energised-before-start", "Closes the AC contactor before PowerDelivery(Start).")
class EnergisedBeforeStart(Fault):
    """No energy before permission."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Closes with the limits."""
        limits = any(isinstance(one, m.AC_ChargeParameterDiscoveryRes) for one in reply.messages)
        if limits and not reply.close and turn.station.ac.close():
            self.took_effect("the contactor closed with ChargeParameterDiscovery")
        return reply


class _Targets(Answers[m.AC_ChargeLoopRes]):
    """Bends EVSETargetActivePower."""

    message = m.AC_ChargeLoopRes

    def target(self, turn: Turn, watts: float) -> float:
        """The wrong target."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
        """Another target."""
        mode = response.CLResControlMode
        watts = total(mode, "EVSETargetActivePower")
        if watts is None:
            return response
        phases = 1 if mode.EVSETargetActivePower_L2 is None else turn.config.ac.phases
        target = spread("EVSETargetActivePower", self.target(turn, watts), phases)
        return replace(response, CLResControlMode=replace(mode, **target))


@fault("ac-target-above-limit", "Asks an AC car for more power than it announced.")
class TargetAboveLimit(_Targets):
    """[V2G20-2654]."""

    def target(self, turn: Turn, watts: float) -> float:
        """A quarter more than the outlet has."""
        return _TOO_MUCH * turn.config.ac.maximum_charge_power


@fault("ac-target-ignores-car", "Asks an AC car for more power than it can take.")
class TargetIgnoresCar(_Targets):
    """Reference 4.3: EVMaximumChargePower bounds the target."""

    def target(self, turn: Turn, watts: float) -> float:
        """All that the outlet has."""
        return turn.config.ac.maximum_charge_power if watts > 0 else watts


@fault("ac-target-first-phase", "Tells the target of the first phase and leaves the others out.")
class TargetFirstPhase(Answers[m.AC_ChargeLoopRes]):
    """AC-S-3. Needs a three-phase charger."""

    message = m.AC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
        """Fills in one phase."""
        gone: dict[str, Any] = {"EVSETargetActivePower_L2": None, "EVSETargetActivePower_L3": None}
        return replace(response, CLResControlMode=replace(response.CLResControlMode, **gone))
