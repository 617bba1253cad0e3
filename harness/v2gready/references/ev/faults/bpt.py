"""Faults of bidirectional transfer: sign, limits, V2X band, channel, the driver's reserve (reference 4.3; BPT-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.references.ev import limits
from v2gready.references.ev.faults.kinds import RN, Asks, Chooses, with_mode
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Choice, Outgoing, Turn

_NOTHING = 100.0
"""W that count as none."""
_V2X = ("EVMaximumV2XEnergyRequest", "EVMinimumV2XEnergyRequest")


@fault("bpt-never-discharges", "Never gives energy back, whatever it has announced.")
class NeverDischarges(Chooses):
    """BPT-E-1."""

    choice = Choice.MAY_DISCHARGE

    def instead(self, turn: Turn, value: Any) -> Any:
        """The inverter has one direction."""
        return False


@fault("bpt-reserve-ignored", "Discharges below the minimum state of charge of its driver.")
class ReserveIgnored(Chooses):
    """BPT-E-1: MinimumSOC is kept."""

    choice = Choice.MAY_DISCHARGE

    def instead(self, turn: Turn, value: Any) -> Any:
        """Down to nothing."""
        return turn.plan.service.discharges and turn.car.battery.soc > 0


@fault("bpt-sign-inverted", "Charges when it should discharge, and discharges when it should charge.")
class SignInverted(Fault):
    """BPT-E-1."""

    def power(self, turn: Turn, watts: float) -> float:
        """The other convention."""
        return -watts if turn.plan.service.discharges else watts


@fault("bpt-target-current-magnitude", "Asks for discharging with a positive EVTargetCurrent.")
class TargetMagnitude(Asks[m.DC_ChargeLoopReq]):
    """CPD-E-2: one sign over the session."""

    message = m.DC_ChargeLoopReq

    def bend(self, turn: Turn, request: m.DC_ChargeLoopReq) -> Any:
        """No sign."""
        mode = request.CLReqControlMode
        if not isinstance(mode, m.Scheduled_DC_CLReqControlMode):
            return request
        return with_mode(request, EVTargetCurrent=RN(abs(float(mode.EVTargetCurrent))))


@fault("bpt-discharges-without-bpt", "Gives energy back in a session without BPT.")
class DischargesWithoutBpt(Fault):
    """Sign of power against service."""

    def power(self, turn: Turn, watts: float) -> float:
        """Whatever the driver wants."""
        return watts if turn.plan.service.discharges or turn.car.power >= 0 else turn.car.power


@fault("v2x-energy-missing", "Leaves the V2X energy requests out.")
class V2xMissing(Fault):
    """BPT-E-1: V2X energy limits."""

    def request(self, turn: Turn, outgoing: Any) -> Any:
        """Optional in the schema."""

        def stripped(one: Any) -> Any:
            for name in ("SEReqControlMode", "CLReqControlMode"):
                mode = getattr(one, name, None)
                if mode is not None and getattr(mode, _V2X[0], None) is not None:
                    one = replace(one, **{name: replace(mode, **dict.fromkeys(_V2X))})
            return one

        return outgoing.bent(m.V2GRequest, stripped)


@fault("v2x-band-ignored", "Goes on discharging below the lower end of the V2X band that it announces.")
class V2xBandIgnored(Chooses):
    """BPT-E-1: V2X energy limits honoured."""

    choice = Choice.MAY_DISCHARGE

    def instead(self, turn: Turn, value: Any) -> Any:
        """The reserve of the driver alone."""
        return turn.plan.service.discharges and turn.car.battery.soc > turn.car.needs.minimum_soc


@fault("v2x-energy-frozen", "Announces the same V2X energy all the time.")
class V2xFrozen(Asks[m.ChargeLoopReq]):
    """BPT-E-1: what is left of the band."""

    message = m.ChargeLoopReq

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """Of a battery as it was when the car was switched on."""
        loop: Any = request
        mode = loop.CLReqControlMode
        if getattr(mode, _V2X[0], None) is None:
            return request
        begun = turn.car.config.battery
        config = turn.car.config
        ends = (config.v2x_maximum_soc, config.v2x_minimum_soc)
        first = {
            name: RN(round((end / 100 - begun.soc) * begun.capacity)) for name, end in zip(_V2X, ends, strict=True)
        }
        return with_mode(loop, **first)


@fault("bpt-channel-missing", "Leaves BPT_ChannelSelection out although the channels are separated.")
class ChannelMissing(Asks[m.PowerDeliveryReq]):
    """[V2G20-2123]."""

    message = m.PowerDeliveryReq

    def bend(self, turn: Turn, request: m.PowerDeliveryReq) -> Any:
        """Optional in the schema."""
        return replace(request, BPT_ChannelSelection=None)


@fault("bpt-channel-wrong", "Selects the channel of the other direction.")
class ChannelWrong(Asks[m.PowerDeliveryReq]):
    """[V2G20-2123]."""

    message = m.PowerDeliveryReq

    def bend(self, turn: Turn, request: m.PowerDeliveryReq) -> Any:
        """Swapped."""
        if request.BPT_ChannelSelection is None:
            return request
        charging = request.BPT_ChannelSelection is m.ChannelSelection.Charge
        other = m.ChannelSelection.Discharge if charging else m.ChannelSelection.Charge
        return replace(request, BPT_ChannelSelection=other)


@fault("bpt-full-limits-when-empty", "Announces its full discharge power in Dynamic mode when it must not discharge.")
class FullLimitsWhenEmpty(Asks[m.ChargeLoopReq]):
    """BPT-E-1: in Dynamic mode its limits are all that keeps the reserve."""

    message = m.ChargeLoopReq

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """The nameplate."""
        loop: Any = request
        power = getattr(loop.CLReqControlMode, "EVMaximumDischargePower", None)
        if power is None or limits.may_discharge(turn.car, turn.plan):
            return request
        ratings = turn.car.config.ratings
        told = {"EVMaximumDischargePower": RN(ratings.maximum_discharge_power)}
        if getattr(loop.CLReqControlMode, "EVMaximumDischargeCurrent", None) is not None:
            told["EVMaximumDischargeCurrent"] = RN(ratings.maximum_discharge_current)
        return with_mode(loop, **told)


@fault("bpt-turns-once", "Takes nothing any more once it has given.")
class TurnsOnce(Fault):
    """BPT-E-1: charge, discharge, charge."""

    def __init__(self) -> None:
        super().__init__()
        self._gave = False

    def power(self, turn: Turn, watts: float) -> float:
        """The direction is changed once."""
        self._gave = self._gave or turn.car.battery.power < -_NOTHING
        return min(watts, 0.0) if self._gave else watts

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """And in Dynamic mode its limit says so."""

        def bent(one: Any) -> Any:
            told = getattr(one.CLReqControlMode, "EVMaximumChargePower", None)
            return one if told is None or not self._gave else with_mode(one, EVMaximumChargePower=RN(0))

        return outgoing.bent(m.ChargeLoopReq, bent)
