"""Faults of a car that does not fit itself to what the EVSE offers: sets, schedules, limits (reference 4.3, 6)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev import limits
from v2gready.references.ev.faults.kinds import Asks, Chooses
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Outgoing, Turn

_MOST_ENTRIES = 100


def _steers_itself(turn: Turn) -> bool:
    return not turn.plan.service.is_dc and turn.plan.control is ControlMode.SCHEDULED and turn.progress.move is None


@fault("parameter-set-unfit-taken", "Takes the first parameter set when none suits.")
class UnfitTaken(Chooses):
    """DER-E-1 for every service: no fitting set is the end."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """Something has to be selected."""
        if value is not None:
            return value
        return turn.response.ServiceParameterList.ParameterSet[0].ParameterSetID, turn.car.controls[0]


@fault("schedule-long-fatal", "Ends the session when a schedule has more than a hundred entries, and asks for 1024.")
class LongFatal(Fault):
    """MaximumSupportingPoints is a promise."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """An array of fixed size."""
        mode = getattr(turn.response, "SEResControlMode", None)
        if check is not Check.SCHEDULE_TUPLE or not isinstance(mode, m.Scheduled_SEResControlMode):
            return violated
        power = mode.ScheduleTuple[0].ChargingSchedule.PowerSchedule
        return violated or len(power.PowerScheduleEntries.PowerScheduleEntry) > _MOST_ENTRIES


@fault("evse-limits-ignored", "AC, Scheduled: takes and gives what it likes, whatever the EVSE announced.")
class EvseLimitsIgnored(Fault):
    """Limits of ChargeParameterDiscovery."""

    def power(self, turn: Turn, watts: float) -> float:
        """Its own wish."""
        wanted = turn.car.power
        beyond = abs(wanted) > abs(watts) and turn.plan.service.discharges
        return wanted if _steers_itself(turn) and (beyond or wanted > watts) else watts


@fault("discharging-schedule-ignored", "AC, Scheduled: gives what it likes, whatever the DischargingSchedule holds.")
class DischargingScheduleIgnored(Fault):
    """SCH-E-1."""

    def power(self, turn: Turn, watts: float) -> float:
        """The limits of the EVSE alone."""
        if not _steers_itself(turn) or not turn.plan.service.discharges:
            return watts
        return min(watts, max(turn.car.power, -turn.progress.limits.discharge_power))


@fault("discharge-limits-signed-misread", "Takes a non-positive discharge limit of the EVSE for no discharging.")
class SignedMisread(Fault):
    """Reference 3.6: Amendment 1 has them non-positive."""

    def power(self, turn: Turn, watts: float) -> float:
        """max(0, limit)."""
        mode = getattr(turn.response, "CLResControlMode", None)
        told = total(mode, "EVSEMaximumDischargePower")
        return max(watts, 0.0) if told is not None and told < 0 else watts


@fault("meter-info-never", "Never asks for MeterInfo.")
class MeterInfoNever(Asks[m.ChargeLoopReq]):
    """[V2G20-1081]."""

    message = m.ChargeLoopReq

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """A bit that is not set."""
        loop: Any = request
        return replace(loop, MeterInfoRequested=False)


@fault("own-discharge-limit-exceeded", "AC, Dynamic: gives more than it has announced, if the target asks for it.")
class OwnDischargeExceeded(Fault):
    """Own limits of ChargeParameterDiscovery."""

    def power(self, turn: Turn, watts: float) -> float:
        """The number as it came, if it is negative."""
        mode = getattr(turn.response, "CLResControlMode", None)
        target = total(mode, "EVSETargetActivePower")
        steered = not turn.plan.service.is_dc and turn.plan.control is ControlMode.DYNAMIC
        allowed = limits.may_discharge(turn.car, turn.plan)
        return min(watts, target) if steered and allowed and target is not None else watts


@fault("ac-draws-before-start", "AC: closes its contactor and draws 3 kW before PowerDelivery(Start).")
class DrawsBeforeStart(Fault):
    """Energy between Start and Stop alone."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """With the request for a schedule."""
        if turn.phase is Phase.SCHEDULE_EXCHANGE and not turn.plan.service.is_dc and not turn.car.battery.contactor:
            turn.car.battery.close()
            turn.car.battery.draw(3_000.0)
            self.took_effect("power before PowerDelivery(Start)")
        return outgoing
