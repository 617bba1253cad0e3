"""Faults of ScheduleExchange and of the power profile (reference 4.3; SCH-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev.faults.kinds import RN, Asks, Chooses, Overlooks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Turn


class _Delivery(Asks[m.PowerDeliveryReq]):
    """Starts power delivery wrongly."""

    message = m.PowerDeliveryReq

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """The wrong profile."""
        raise NotImplementedError

    def bend(self, turn: Turn, request: m.PowerDeliveryReq) -> Any:
        """The profile alone."""
        profile = request.EVPowerProfile
        return request if profile is None else replace(request, EVPowerProfile=self.profile(turn, profile))


@fault("schedule-tuple-not-offered", "Selects a schedule tuple that was not offered.")
class TupleNotOffered(_Delivery):
    """SCH-E-1."""

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """An index instead of an id."""
        mode = profile.EVPPTControlMode
        if not isinstance(mode, m.Scheduled_EVPPTControlMode):
            return profile
        other = replace(mode, SelectedScheduleTupleID=mode.SelectedScheduleTupleID + 100)
        return replace(profile, EVPPTControlMode=other)


@fault("schedule-tuple-always-one", "Selects the schedule tuple with id 1, whether there is one or not.")
class TupleAlwaysOne(Chooses):
    """SCH-E-1."""

    choice = Choice.SCHEDULE_TUPLE

    def instead(self, turn: Turn, value: Any) -> Any:
        """A constant."""
        return 1


@fault("profile-above-schedule", "Announces a power profile above the schedule it has chosen.")
class ProfileAboveSchedule(Chooses):
    """SCH-E-1: profile <= schedule."""

    choice = Choice.PROFILE

    def instead(self, turn: Turn, value: Any) -> Any:
        """Half as much again as the schedule, or as the car can take."""
        if turn.plan.control is not ControlMode.SCHEDULED or turn.progress.schedule is None:
            return value
        most = max(watts for _, watts in turn.progress.schedule.steps)
        return tuple((seconds, 1.5 * max(most, watts)) for seconds, watts in value)


@fault("profile-missing", "Starts power delivery in Scheduled mode without a power profile.")
class ProfileMissing(_Delivery):
    """Reference 4.3."""

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """Optional in the schema."""
        return profile if isinstance(profile.EVPPTControlMode, m.Dynamic_EVPPTControlMode) else None


@fault("profile-of-other-mode", "Announces a power profile of the other control mode.")
class ProfileOtherMode(_Delivery):
    """[V2G20-1600]."""

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """A constant."""
        scheduled = isinstance(profile.EVPPTControlMode, m.Scheduled_EVPPTControlMode)
        other = m.Dynamic_EVPPTControlMode() if scheduled else m.Scheduled_EVPPTControlMode(SelectedScheduleTupleID=1)
        return replace(profile, EVPPTControlMode=other)


@fault("profile-time-anchor-zero", "Announces a power profile that begins in 1970.")
class ProfileAnchorZero(_Delivery):
    """TimeAnchor is the time of the message."""

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """Not filled in."""
        return replace(profile, TimeAnchor=0)


@fault("profile-not-kept", "Draws more power than its profile promises.")
class ProfileNotKept(Fault):
    """[V2G20-1953]; V2G20 profile violation."""

    def power(self, turn: Turn, watts: float) -> float:
        """What the inverter can."""
        promised = turn.progress.promised
        if promised is None or watts < 0:
            return watts
        return max(watts, 1.5 * promised.at(turn.car.unix_time(turn.now)) + 1000.0)


@fault("power-tolerance-unanswered", "Says nothing about PowerTolerance although the schedule has one.")
class ToleranceUnanswered(_Delivery):
    """Reference 4.3."""

    def profile(self, turn: Turn, profile: m.EVPowerProfile) -> m.EVPowerProfile | None:
        """Optional in the schema."""
        mode = profile.EVPPTControlMode
        if not isinstance(mode, m.Scheduled_EVPPTControlMode):
            return profile
        return replace(profile, EVPPTControlMode=replace(mode, PowerToleranceAcceptance=None))


@fault("schedule-ongoing-as-finished", "Takes the first ScheduleExchangeRes although the EVSE says Ongoing.")
class OngoingAsFinished(Overlooks):
    """SCH-E-1."""

    overlooked = frozenset({Check.ONGOING})
    phases = frozenset({Phase.SCHEDULE_EXCHANGE})


@fault("schedule-mode-not-in-kind-accepted", "Takes a schedule of the other control mode.")
class ModeAccepted(Overlooks):
    """[V2G20-1600]."""

    overlooked = frozenset({Check.CONTROL_MODE})
    phases = frozenset({Phase.SCHEDULE_EXCHANGE})


@fault("schedule-of-other-mode", "Asks for a schedule of the control mode that it has not selected.")
class OtherMode(Asks[m.ScheduleExchangeReq]):
    """[V2G20-1600]: modes of the selected parameter set."""

    message = m.ScheduleExchangeReq

    def bend(self, turn: Turn, request: m.ScheduleExchangeReq) -> Any:
        """The mode of the laboratory."""
        mode = request.SEReqControlMode
        energies: dict[str, Any] = {name: getattr(mode, name) or RN(0) for name in _ENERGIES}
        other: Any = m.Dynamic_SEReqControlMode(DepartureTime=7200, **energies)
        if isinstance(mode, m.Dynamic_SEReqControlMode):
            other = m.Scheduled_SEReqControlMode(DepartureTime=mode.DepartureTime, **energies)
        return replace(request, SEReqControlMode=other)


_ENERGIES = ("EVTargetEnergyRequest", "EVMaximumEnergyRequest", "EVMinimumEnergyRequest")


@fault("soc-pair-incomplete", "Sends MinimumSOC without TargetSOC.")
class SocPairIncomplete(Asks[m.ScheduleExchangeReq]):
    """[V2G20-2681]."""

    message = m.ScheduleExchangeReq

    def bend(self, turn: Turn, request: m.ScheduleExchangeReq) -> Any:
        """One of two."""
        mode = request.SEReqControlMode
        if not isinstance(mode, m.Dynamic_SEReqControlMode):
            return request
        return replace(request, SEReqControlMode=replace(mode, TargetSOC=None))


@fault("energy-requests-out-of-order", "Asks for a minimum of energy above the maximum.")
class EnergyOutOfOrder(Asks[m.ScheduleExchangeReq]):
    """EVMinimumEnergyRequest <= EVTargetEnergyRequest <= EVMaximumEnergyRequest."""

    message = m.ScheduleExchangeReq

    def bend(self, turn: Turn, request: m.ScheduleExchangeReq) -> Any:
        """Two fields swapped."""
        mode: Any = request.SEReqControlMode
        more = RN(float(mode.EVMaximumEnergyRequest) + 1000)
        return replace(request, SEReqControlMode=replace(mode, EVMinimumEnergyRequest=more))


@fault("departure-frozen", "Sends the same DepartureTime all the time, and never hears that the driver leaves earlier.")
class DepartureFrozen(Asks[Any]):
    """DepartureTime is relative to the message."""

    message = m.V2GRequest

    def __init__(self) -> None:
        super().__init__()
        self._first: int | None = None

    def bend(self, turn: Turn, request: Any) -> Any:
        """Read once."""
        for name in ("SEReqControlMode", "CLReqControlMode"):
            mode = getattr(request, name, None)
            departure = getattr(mode, "DepartureTime", None)
            if mode is None or departure is None:
                continue
            if self._first is None:
                self._first = departure
            return replace(request, **{name: replace(mode, DepartureTime=self._first)})
        return request


@fault("tampered-prices-believed", "Chooses by prices whose signature is wrong.")
class TamperedPrices(Overlooks):
    """SCH-E-2."""

    overlooked = frozenset({Check.PRICE_SIGNATURE})
