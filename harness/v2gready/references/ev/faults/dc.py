"""Faults of cable check, pre-charge, contactor and welding detection (reference 3.5; DC-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.faults.kinds import RN, Asks, Chooses, Overlooks, with_mode
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Outgoing, Turn


@fault("cable-check-failed-ignored", "Goes on with pre-charge after a cable check that failed.")
class CableCheckFailedIgnored(Overlooks):
    """DC-E-1, R OCC: EVSEProcessing Finished is all it reads."""

    overlooked = frozenset({Check.FAILED})
    phases = frozenset({Phase.CABLE_CHECK})


@fault("cable-check-not-awaited", "Goes on with pre-charge while the cable check is going on.")
class CableCheckNotAwaited(Overlooks):
    """Reference 4.2."""

    overlooked = frozenset({Check.ONGOING})
    phases = frozenset({Phase.CABLE_CHECK})


@fault("pre-charge-not-awaited", "Closes its contactor whatever the voltage of the EVSE is.")
class PreChargeNotAwaited(Overlooks):
    """Reference 4.1: Ongoing until the voltages meet."""

    overlooked = frozenset({Check.PRE_CHARGE})


@fault("pre-charge-target-too-high", "Asks for a pre-charge voltage above its own maximum.")
class PreChargeTooHigh(Asks[m.DC_PreChargeReq]):
    """Own limits of ChargeParameterDiscovery."""

    message = m.DC_PreChargeReq

    def bend(self, turn: Turn, request: m.DC_PreChargeReq) -> Any:
        """That of another battery."""
        return replace(request, EVTargetVoltage=RN(round(1.5 * turn.plan.ratings.maximum_voltage)))


@fault("pre-charge-skipped", "Starts power delivery without pre-charge.")
class PreChargeSkipped(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The voltage will find its way."""
        if turn.phase is not Phase.PRE_CHARGE:
            return outgoing
        start = m.PowerDeliveryReq(
            Header=outgoing.messages[0].Header,
            EVProcessing=m.Processing.Finished,
            ChargeProgress=m.ChargeProgress.Start,
        )
        return replace(outgoing, messages=(start,))


@fault("contactor-closed-early", "Closes its contactor before the cable check.")
class ContactorClosedEarly(Fault):
    """The inlet has to be dead while the insulation is tested."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """With the first request of the cable check."""
        if turn.phase is Phase.CABLE_CHECK and not turn.car.battery.contactor:
            turn.car.battery.close()
            self.took_effect("contactor closed before the cable check")
        return outgoing


@fault("present-voltage-zero", "Reports an EVPresentVoltage of zero.")
class PresentVoltageZero(Fault):
    """EVPresentVoltage is measured."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The sensor is not connected."""
        zero = RN(0)
        return outgoing.bent(m.DC_PreChargeReq, lambda one: replace(one, EVPresentVoltage=zero)).bent(
            m.DC_ChargeLoopReq, lambda one: replace(one, EVPresentVoltage=zero)
        )


@fault("target-current-above-own-limit", "Asks for more current than it has announced as its maximum.")
class TargetAboveOwnLimit(Asks[m.DC_ChargeLoopReq]):
    """Own limits of ChargeParameterDiscovery."""

    message = m.DC_ChargeLoopReq

    def bend(self, turn: Turn, request: m.DC_ChargeLoopReq) -> Any:
        """Two sources of the same number."""
        if not isinstance(request.CLReqControlMode, m.Scheduled_DC_CLReqControlMode):
            return request
        return with_mode(request, EVTargetCurrent=RN(round(1.5 * turn.plan.ratings.maximum_charge_current)))


@fault("target-voltage-above-own-limit", "Asks for a higher voltage than it has announced as its maximum.")
class TargetVoltageAboveOwnLimit(Asks[m.DC_ChargeLoopReq]):
    """Own limits of ChargeParameterDiscovery."""

    message = m.DC_ChargeLoopReq

    def bend(self, turn: Turn, request: m.DC_ChargeLoopReq) -> Any:
        """An offset for the losses, without a limit."""
        if not isinstance(request.CLReqControlMode, m.Scheduled_DC_CLReqControlMode):
            return request
        return with_mode(request, EVTargetVoltage=RN(round(1.2 * turn.plan.ratings.maximum_voltage)))


@fault("overvoltage-ignored", "Goes on when the EVSE is above the maximum voltage of the car.")
class OvervoltageIgnored(Overlooks):
    """The car protects its battery."""

    overlooked = frozenset({Check.OVERVOLTAGE})


@fault("overpower-ignored", "Goes on when the EVSE gives or takes more than the car allows.")
class OverpowerIgnored(Overlooks):
    """The car protects its battery."""

    overlooked = frozenset({Check.OVERPOWER})


@fault("contactor-opens-under-load", "Stops power delivery without taking the power back first.")
class OpensUnderLoad(Chooses):
    """Power goes to zero before the contactor opens."""

    choice = Choice.RAMP

    def instead(self, turn: Turn, value: Any) -> Any:
        """At once."""
        return False


@fault("welding-detection-endless", "Never finishes the welding detection.")
class WeldingEndless(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Once more."""
        if turn.phase is Phase.WELDING_DETECTION:
            turn.progress.welding_done = False
            turn.progress.welding_rounds = 0
        return outgoing.bent(m.DC_WeldingDetectionReq, lambda one: replace(one, EVProcessing=m.Processing.Ongoing))
