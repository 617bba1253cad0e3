"""Faults of PowerDelivery and of the contactor (reference 4.2, 4.6; PD-S-*, LOOP-S-2)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import Input
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode


def _failed(reply: Reply, warning: m.ResponseCode, failure: m.ResponseCode) -> Reply:
    """A warning taken for a failure, and the end of the session."""

    def change(response: m.PowerDeliveryRes) -> m.PowerDeliveryRes:
        return replace(response, ResponseCode=failure) if response.ResponseCode is warning else response

    bent = reply.bent(m.PowerDeliveryRes, change)
    return bent if bent == reply else replace(bent, close=True)


@fault("standby-as-failed", "Answers a standby that it refuses with FAILED.")
class StandbyAsFailed(Fault):
    """PD-S-1: WARNING_StandbyNotAllowed."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One code for all failures."""
        return _failed(reply, _CODE.WARNING_StandbyNotAllowed, _CODE.FAILED)


@fault("schedule-renegotiation-as-failed", "Ends the session when the car asks for another schedule.")
class ScheduleRenegotiationAsFailed(Fault):
    """Reference 4.2."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Not implemented."""
        if turn.input is not Input.POWER_RENEGOTIATION or reply.close:
            return reply
        refused = reply.bent(
            m.PowerDeliveryRes, lambda one: replace(one, ResponseCode=_CODE.FAILED_ScheduleRenegotiation)
        )
        return replace(refused, close=True)


@fault("schedule-renegotiation-cuts-power", "Opens the contactor while another schedule is exchanged.")
class ScheduleRenegotiationCutsPower(Fault):
    """Reference 4.2: energy transfer keeps running."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Renegotiates like a stop and a start."""
        if turn.input is Input.POWER_RENEGOTIATION and not reply.close:
            turn.station.release(Occasion.STOP)
            self.took_effect("the contactor opened for a renegotiation")
        return reply


@fault("channel-not-checked", "Starts on separated BPT channels without BPT_ChannelSelection.")
class ChannelNotChecked(Ignores):
    """[V2G20-2123], BPT-S-2. Needs a charger with separated channels."""

    ignored = frozenset({Check.CHANNEL})


class _KeepsContactor(Ignores):
    ignored = frozenset({Check.CONTACTOR_OPEN})
    occasions = frozenset[Occasion]()

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """Stays closed."""
        return wanted or occasion in self.occasions


@fault("contactor-stays-closed-after-stop", "Leaves the contactor closed and the power on after PowerDelivery(Stop).")
class ContactorAfterStop(_KeepsContactor):
    """No energy without permission."""

    occasions = frozenset({Occasion.STOP})


@fault("keeps-power-after-timeout", "Leaves the contactor closed and the power on when the car falls silent.")
class PowerAfterTimeout(_KeepsContactor):
    """LOOP-S-2."""

    occasions = frozenset({Occasion.TIMEOUT})


@fault("keeps-power-after-failure", "Leaves the contactor closed and the power on after FAILED or a broken connection.")
class PowerAfterFailure(_KeepsContactor):
    """SES-S-2."""

    occasions = frozenset({Occasion.FAILURE})


@fault("power-never-starts", "Answers PowerDelivery(Start) with OK and leaves the contactor open.")
class PowerNeverStarts(Ignores):
    """Reference 4.6: FAILED_ContactorError."""

    ignored = frozenset({Check.CONTACTOR_CLOSED})

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """The relay is not wired."""
        return False


@fault("power-delivery-stop-as-failed", "Answers PowerDelivery(Stop) with FAILED.")
class StopAsFailed(Fault):
    """A car may stop at any time."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Only the charger ends a session."""
        if turn.input is not Input.POWER_STOP or reply.close:
            return reply
        refused = reply.bent(m.PowerDeliveryRes, lambda one: replace(one, ResponseCode=_CODE.FAILED))
        return replace(refused, close=True)
