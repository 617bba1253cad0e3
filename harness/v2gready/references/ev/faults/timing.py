"""Faults of timers (reference 5.1; TMO-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.

from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.faults.kinds import Waits
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Outgoing, Timer, Turn

_LONG = 900.0
"""As good as for ever; a run has to end some day."""


@fault("message-timeout-long", "Waits a quarter of an hour for a response that is due within 2 s.")
class MessageLong(Waits):
    """TMO-E-1."""

    values = {Timer.MESSAGE: _LONG}  # noqa: RUF012 - a constant of the class


@fault("message-timeout-short", "Gives a response up after 1 s that may take 2 s.")
class MessageShort(Waits):
    """TMO-E-1."""

    values = {Timer.MESSAGE: 1.0}  # noqa: RUF012 - as above


@fault("detail-timeout-long", "Waits a quarter of an hour for a response that is due within 5 s.")
class DetailLong(Waits):
    """TMO-E-1."""

    values = {Timer.MESSAGE_LONG: _LONG}  # noqa: RUF012 - as above


@fault("detail-timeout-short", "Gives ServiceDetailRes up after 2 s although it may take 5 s.")
class DetailShort(Waits):
    """TMO-E-1: one value for all."""

    values = {Timer.MESSAGE_LONG: 2.0}  # noqa: RUF012 - as above


@fault("loop-timeout-long", "Waits 2 s for a ChargeLoopRes that is due within 0.5 s.")
class LoopLong(Waits):
    """TMO-E-1: one value for all; energy flows meanwhile."""

    values = {Timer.MESSAGE_LOOP: 2.0}  # noqa: RUF012 - as above


@fault("loop-timeout-short", "Gives a ChargeLoopRes up after 0.2 s that may take 0.5 s.")
class LoopShort(Waits):
    """TMO-E-1."""

    values = {Timer.MESSAGE_LOOP: 0.2}  # noqa: RUF012 - as above


@fault("ongoing-timeout-missing", "Waits a quarter of an hour for an EVSE that says Ongoing.")
class OngoingMissing(Waits):
    """AUT-E-2, R OCC."""

    values = {Timer.ONGOING: _LONG}  # noqa: RUF012 - as above


@fault("ongoing-timeout-short", "Gives an EVSE up after 20 s of Ongoing that may take 60 s.")
class OngoingShort(Waits):
    """V2G_EVCC_Ongoing_Timeout."""

    values = {Timer.ONGOING: 20.0}  # noqa: RUF012 - as above


@fault("cable-check-timeout-missing", "Waits a quarter of an hour for a cable check.")
class CableCheckMissing(Waits):
    """V2G_EVCC_CableCheck_Timeout."""

    values = {Timer.CABLE_CHECK: _LONG}  # noqa: RUF012 - as above


@fault("pre-charge-timeout-missing", "Waits a quarter of an hour for the voltage in pre-charge.")
class PreChargeMissing(Waits):
    """V2G_EVCC_PreCharge_Timeout."""

    values = {Timer.PRE_CHARGE: _LONG}  # noqa: RUF012 - as above


@fault("setup-timeout-missing", "Has no V2G_EVCC_CommunicationSetup_Timeout.")
class SetupMissing(Waits):
    """TMO-E-1: SessionSetupRes within 20 s of the begin of the search."""

    values = {Timer.COMMUNICATION_SETUP: _LONG}  # noqa: RUF012 - as above


@fault("request-slow", "Takes 45 s to send ServiceDiscoveryReq.")
class RequestSlow(Fault):
    """V2G_EVCC_Sequence_Performance_Time: 40 s."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Thinks."""
        return replace(outgoing, delay=45.0) if turn.phase is Phase.SERVICE_DISCOVERY else outgoing


@fault("request-too-slow", "Takes 65 s to send ChargeParameterDiscoveryReq.")
class RequestTooSlow(Fault):
    """V2G_SECC_Sequence_Timeout: 60 s."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Thinks longer."""
        return replace(outgoing, delay=65.0) if turn.phase is Phase.CHARGE_PARAMETER_DISCOVERY else outgoing
