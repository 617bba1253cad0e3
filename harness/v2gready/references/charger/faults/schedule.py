"""Faults of ScheduleExchange and of the power profile (reference 4.3, 4.6; SCH-S-*, PD-S-2)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.quantities import rational
from v2gready.protocols.iso15118.secc.turn import Check, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault


class _Exchanges(Answers[m.ScheduleExchangeRes]):
    message = m.ScheduleExchangeRes


@fault("too-many-schedule-entries", "Sends more schedule entries than MaximumSupportingPoints allows.")
class TooManyEntries(Ignores):
    """SCH-S-1."""

    ignored = frozenset({Check.SUPPORTING_POINTS})


@fault("answers-other-control-mode", "Answers ScheduleExchangeReq in the other control mode.")
class AnswersOtherMode(_Exchanges):
    """[V2G20-1600], SCH-S-2."""

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """Dynamic for Scheduled, and the other way round."""
        if response.ResponseCode >= m.ResponseCode.FAILED:
            return response
        if isinstance(response.SEResControlMode, m.Scheduled_SEResControlMode):
            return replace(response, SEResControlMode=m.Dynamic_SEResControlMode())
        power = rational(turn.config.dc.maximum_charge_power)
        entries = m.PowerScheduleEntryList(PowerScheduleEntry=(m.PowerScheduleEntry(Duration=86_400, Power=power),))
        charging = m.ChargingSchedule(PowerSchedule=m.PowerSchedule(TimeAnchor=turn.utc, PowerScheduleEntries=entries))
        offered = m.ScheduleTuple(ScheduleTupleID=1, ChargingSchedule=charging)
        return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=(offered,)))


@fault("control-mode-not-checked", "Takes requests in another control mode than the selected one.")
class ControlModeNotChecked(Ignores):
    """[V2G20-1600], SCH-S-2."""

    ignored = frozenset({Check.CONTROL_MODE, Check.PROFILE_MODE})


@fault("schedule-never-ends", "Answers ScheduleExchangeReq with Ongoing for ever.")
class NeverEnds(_Exchanges):
    """V2G_SECC_Ongoing_Performance_Time, 55 s."""

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """The planner never answers."""
        return replace(response, EVSEProcessing=m.Processing.Ongoing)

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Whoever is told Ongoing may ask again."""
        return violated and not (check is Check.SEQUENCE and isinstance(turn.request, m.ScheduleExchangeReq))


@fault("schedule-above-limits", "Offers a schedule with twice the power that it announced.")
class ScheduleAboveLimits(_Exchanges):
    """[V2G20-2654] in spirit: no schedule above the limits of ChargeParameterDiscovery."""

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """The planner does not know the outlet."""
        mode = response.SEResControlMode
        if not isinstance(mode, m.Scheduled_SEResControlMode):
            return response
        tuples = tuple(replace(one, ChargingSchedule=_doubled(one.ChargingSchedule)) for one in mode.ScheduleTuple)
        return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=tuples))


def _doubled(schedule: m.ChargingSchedule) -> m.ChargingSchedule:
    power = schedule.PowerSchedule
    entries = tuple(
        replace(one, Power=rational(2 * float(one.Power))) for one in power.PowerScheduleEntries.PowerScheduleEntry
    )
    return replace(
        schedule,
        PowerSchedule=replace(power, PowerScheduleEntries=m.PowerScheduleEntryList(PowerScheduleEntry=entries)),
    )


@fault("discharging-schedule-missing", "Offers no DischargingSchedule in a bidirectional session.")
class DischargingScheduleMissing(_Exchanges):
    """Without it a Scheduled car has no permission to discharge."""

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """The planner of the one-way service."""
        mode: Any = response.SEResControlMode
        if not isinstance(mode, m.Scheduled_SEResControlMode):
            return response
        tuples = tuple(replace(one, DischargingSchedule=None) for one in mode.ScheduleTuple)
        return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=tuples))


@fault("soc-pair-not-checked", "Takes MinimumSOC without TargetSOC.")
class SocPairNotChecked(Ignores):
    """[V2G20-2681]."""

    ignored = frozenset({Check.SOC_PAIR})


@fault("schedule-tuple-not-checked", "Takes a ScheduleTupleID that it did not offer.")
class TupleNotChecked(Ignores):
    """PD-S-2."""

    ignored = frozenset({Check.SCHEDULE_TUPLE})


@fault("profile-not-checked", "Takes a power profile above the schedule.")
class ProfileNotChecked(Ignores):
    """Reference 4.6: FAILED_EVPowerProfileInvalid."""

    ignored = frozenset({Check.PROFILE})


@fault("profile-violation-unnoticed", "Does not warn a car that leaves its power profile.")
class ViolationUnnoticed(Ignores):
    """[V2G20-1953]."""

    ignored = frozenset({Check.PROFILE_KEPT})


@fault("tolerance-not-answered", "Confirms a power tolerance that the car did not confirm.")
class ToleranceNotAnswered(Ignores):
    """PD-S-2. Needs a charger with power_tolerance."""

    ignored = frozenset({Check.TOLERANCE})
