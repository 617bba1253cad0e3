"""Faults of power and energy that the areas of the messages do not hold: ratings, setpoints, standby, registers."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.secc.power import Setpoint
from v2gready.protocols.iso15118.secc.quantities import rational, spread
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_RATED_TWICE = 2.0
_CAR_ABOVE = 1.5
_OVERVOLTAGE = 1.1


@fault("no-current", "Delivers no current whatever is asked for.")
class NoCurrent(Fault):
    """DC-S: the loop runs and nothing flows."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The converter is not enabled."""
        return replace(setpoint, amps=0.0)


@fault("current-frozen", "Keeps the first current that the car asked for.")
class CurrentFrozen(Fault):
    """DC-S: the target changes, the current does not."""

    def __init__(self) -> None:
        super().__init__()
        self._first: float | None = None

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The setpoint is read once."""
        if self._first is None and setpoint.amps:
            self._first = setpoint.amps
        return setpoint if self._first is None else replace(setpoint, amps=self._first)


@fault("limits-above-rating", "Announces twice the charge power that it is built for.")
class LimitsAboveRating(Answers[m.ChargeParameterDiscoveryRes]):
    """The DUT file says otherwise."""

    message = m.ChargeParameterDiscoveryRes

    def bend(self, turn: Turn, response: Any) -> Any:
        """The rating of the bigger model."""
        mode = response.EnergyTransferMode
        watts = total(mode, "EVSEMaximumChargePower") or 0.0
        phases = 1 if getattr(mode, "EVSEMaximumChargePower_L2", None) is None else turn.config.ac.phases
        bent = replace(mode, **spread("EVSEMaximumChargePower", _RATED_TWICE * watts, phases))
        return replace(response, EnergyTransferMode=bent)


@fault("ac-present-power-inverted", "Reports EVSEPresentActivePower with the wrong sign.")
class AcPresentPowerInverted(Answers[m.AC_ChargeLoopRes]):
    """BPT-S-1: one sign over the session."""

    message = m.AC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
        """The current transformers are the wrong way round."""
        mode = response.CLResControlMode
        watts = total(mode, "EVSEPresentActivePower") or 0.0
        phases = 1 if mode.EVSEPresentActivePower_L2 is None else turn.config.ac.phases
        bent: Any = replace(mode, **spread("EVSEPresentActivePower", -watts, phases))
        return replace(response, CLResControlMode=bent)


@fault("ac-phase-missing", "Tells the target of two phases of three.")
class AcPhaseMissing(Answers[m.AC_ChargeLoopRes]):
    """AC-S-3. Needs a three-phase charger."""

    message = m.AC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
        """An array of two."""
        mode: Any = replace(response.CLResControlMode, EVSETargetActivePower_L3=None)
        return replace(response, CLResControlMode=mode)


@fault("three-phase-car-refused", "Refuses 11040 W on three phases of 16 A.")
class ThreePhaseCarRefused(Fault):
    """AC-S-3: 230 V x 16 A x 3 rounded to 11 kW."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """One number for all phases."""
        mode = getattr(turn.request, "EnergyTransferMode", None)
        per_phase = getattr(mode, "EVMaximumChargePower_L2", None) is not None
        return violated or (check is Check.PLAUSIBLE and per_phase)


@fault("precharge-above-maximum", "Pre-charges beyond its own maximum voltage when asked to.")
class PreChargeAboveMaximum(Fault):
    """[V2G20-2188] before the loop."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The converter goes further than its rating."""
        stage = turn.station.dc
        request = turn.request
        if not isinstance(request, m.DC_PreChargeReq):
            return reply
        if float(request.EVTargetVoltage) <= turn.config.dc.maximum_voltage:
            return reply
        stage.voltage = _OVERVOLTAGE * turn.config.dc.maximum_voltage
        measured = rational(round(stage.voltage, 1))
        return reply.bent(m.DC_PreChargeRes, lambda one: replace(one, EVSEPresentVoltage=measured))


@fault("channel-demanded", "Refuses PowerDelivery(Start) without BPT_ChannelSelection although the channel is unified.")
class ChannelDemanded(Fault):
    """[V2G20-2123], BPT-S-2: the selection goes with separated channels."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Wants it always."""
        return violated or (check is Check.CHANNEL and turn.request.BPT_ChannelSelection is None)


@fault("dc-ignores-car", "Delivers more DC power than the car can take in Dynamic mode.")
class IgnoresCar(Fault):
    """Reference 4.3: the limits in the loop request bound the station."""

    def __init__(self) -> None:
        super().__init__()
        self._dynamic = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Every request passes a check before it acts."""
        self._dynamic = turn.session.dynamic
        return violated

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """Half as much again."""
        return replace(setpoint, amps=_CAR_ABOVE * setpoint.amps) if self._dynamic else setpoint


@fault("standby-refused", "Refuses the standby that its DUT file declares.")
class StandbyRefused(Fault):
    """PD-S-1."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Not implemented."""
        return violated or check is Check.STANDBY


@fault("standby-keeps-current", "Goes on delivering in standby.")
class StandbyKeepsCurrent(Fault):
    """PD-S-1."""

    def __init__(self) -> None:
        super().__init__()
        self._before = 0.0

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """Standby changes nothing."""
        if setpoint.amps:
            self._before = setpoint.amps
        return replace(setpoint, amps=self._before)


@fault("loop-after-standby-refused", "Takes no charge loop after PowerDelivery(Standby).")
class LoopAfterStandbyRefused(Fault):
    """[V2G20-2192]."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """There is nothing to loop about."""
        idle = turn.session.standby and isinstance(turn.request, m.ChargeLoopReq)
        return violated or (check is Check.SEQUENCE and idle)


@fault("loop-after-start-refused", "Wants PowerDelivery(Start) twice before the first charge loop.")
class LoopAfterStartRefused(Fault):
    """[V2G20-2009]."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Waits for something that does not come."""
        first = isinstance(turn.request, m.ChargeLoopReq) and not turn.session.metered
        return violated or (check is Check.SEQUENCE and first)


@fault("standby-straight-refused", "Answers PowerDelivery(Standby) right after the schedule with FAILED_SequenceError.")
class StandbyStraightRefused(Fault):
    """[V2G20-2122]."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Only Start follows."""
        standby = isinstance(turn.request, m.PowerDeliveryReq)
        standby = standby and turn.request.ChargeProgress is m.ChargeProgress.Standby
        return violated or (check is Check.SEQUENCE and standby and not turn.station.stage(turn.session.family).power)


@fault("stop-then-no-session-stop", "Wants welding detection, which AC does not have, before SessionStop.")
class StopThenNoSessionStop(Fault):
    """[V2G20-1623]."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """DC and AC share the code."""
        stop = isinstance(turn.request, m.SessionStopReq) and not turn.session.offer.service.is_dc
        return violated or (check is Check.SEQUENCE and stop)


@fault("profile-warned-once", "Warns a car that leaves its power profile once, and then no more.")
class ProfileWarnedOnce(Answers[m.ChargeLoopRes]):
    """[V2G20-1953]: the warning lasts as long as the violation."""

    message = m.ChargeLoopRes

    def __init__(self) -> None:
        super().__init__()
        self._warned = False

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """Said is said."""
        if response.ResponseCode is not m.ResponseCode.WARNING_EVPowerProfileViolation:
            return response
        again, self._warned = self._warned, True
        return replace(response, ResponseCode=m.ResponseCode.OK) if again else response


@fault("discharge-limits-change-sign", "Tells discharge limits positive at first and negative in the loop.")
class DischargeLimitsChangeSign(Answers[m.DC_ChargeLoopRes]):
    """Reference 3.6: one sign over the session."""

    message = m.DC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
        """Two authors, two editions."""
        mode: Any = response.CLResControlMode
        power = getattr(mode, "EVSEMaximumDischargePower", None)
        if power is None:
            return response
        return replace(response, CLResControlMode=replace(mode, EVSEMaximumDischargePower=rational(-abs(float(power)))))


@fault("overshoots-on-reversal", "Doubles the current for a moment when the power reverses.")
class OvershootsOnReversal(Fault):
    """BPT-S-1: the way through zero."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0.0
        self._kicks = 0

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The regulator starts with a kick."""
        if setpoint.amps * self._last < 0:
            self._kicks = 5
        self._last = setpoint.amps or self._last
        if not self._kicks:
            return setpoint
        self._kicks -= 1
        return replace(setpoint, amps=2 * setpoint.amps)


@fault("meter-frozen", "Sends the same energy readings for ever.")
class MeterFrozen(Answers[m.ChargeLoopRes]):
    """BPT-S-3: registers count."""

    message = m.ChargeLoopRes

    def __init__(self) -> None:
        super().__init__()
        self._first: m.MeterInfo | None = None

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """The display has stopped."""
        if response.MeterInfo is None:
            return response
        self._first = self._first or response.MeterInfo
        return replace(response, MeterInfo=self._first)
