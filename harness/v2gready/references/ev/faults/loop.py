"""Faults of the charge loop: its pace, its modes, what it tells of the battery (reference 4.3; LOOP-E-*, MTR-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.faults.kinds import RN, Asks, Chooses, Overlooks, as_base, with_mode
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Move, Turn

_PLAIN = {
    m.BPT_Scheduled_AC_CLReqControlMode: m.Scheduled_AC_CLReqControlMode,
    m.BPT_Dynamic_AC_CLReqControlMode: m.Dynamic_AC_CLReqControlMode,
    m.BPT_Scheduled_DC_CLReqControlMode: m.Scheduled_DC_CLReqControlMode,
    m.BPT_Dynamic_DC_CLReqControlMode: m.Dynamic_DC_CLReqControlMode,
}


class _Loops(Asks[m.ChargeLoopReq]):
    """Sends a wrong charge loop."""

    message = m.ChargeLoopReq


@fault("loop-slow", "Takes 0.4 s between a ChargeLoopRes and the next ChargeLoopReq.")
class Slow(Chooses):
    """[V2G20-1499], [V2G20-1501], LOOP-E-1; R 532 ms."""

    choice = Choice.LOOP_GAP

    def instead(self, turn: Turn, value: Any) -> Any:
        """Above the performance time, below the timeout of the SECC."""
        return 0.4


@fault("loop-of-other-mode", "Sends charge loops of the control mode that it has not selected.")
class OtherMode(_Loops):
    """[V2G20-1600]."""

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """The mode of the laboratory."""
        loop: Any = request
        mode: Any = loop.CLReqControlMode
        if isinstance(loop, m.DC_ChargeLoopReq):
            if isinstance(mode, m.Dynamic_CLReqControlMode):
                volts = loop.EVPresentVoltage
                other: Any = m.Scheduled_DC_CLReqControlMode(EVTargetCurrent=RN(1), EVTargetVoltage=volts)
            else:
                other = m.Dynamic_DC_CLReqControlMode(
                    EVTargetEnergyRequest=RN(1000),
                    EVMaximumEnergyRequest=RN(2000),
                    EVMinimumEnergyRequest=RN(0),
                    EVMaximumChargePower=RN(turn.plan.ratings.maximum_charge_power),
                    EVMinimumChargePower=RN(0),
                    EVMaximumChargeCurrent=RN(turn.plan.ratings.maximum_charge_current),
                    EVMaximumVoltage=RN(turn.plan.ratings.maximum_voltage),
                    EVMinimumVoltage=RN(turn.plan.ratings.minimum_voltage),
                )
        elif isinstance(mode, m.Dynamic_AC_CLReqControlMode):
            other = m.Scheduled_AC_CLReqControlMode(EVPresentActivePower=mode.EVPresentActivePower)
        else:
            other = m.Dynamic_AC_CLReqControlMode(
                EVTargetEnergyRequest=RN(1000),
                EVMaximumEnergyRequest=RN(2000),
                EVMinimumEnergyRequest=RN(0),
                EVMaximumChargePower=RN(turn.plan.ratings.maximum_charge_power),
                EVMinimumChargePower=RN(0),
                EVPresentActivePower=mode.EVPresentActivePower,
                EVPresentReactivePower=RN(0),
            )
        return replace(loop, CLReqControlMode=other)


@fault("loop-without-bpt", "Sends charge loops without BPT in a bidirectional session.")
class WithoutBpt(_Loops):
    """[V2G20-1600]."""

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """The plain type."""
        loop: Any = request
        base = _PLAIN.get(type(loop.CLReqControlMode))
        return loop if base is None else replace(loop, CLReqControlMode=as_base(loop.CLReqControlMode, base))


@fault("loop-mode-not-in-kind-accepted", "Goes on when the EVSE answers charge loops in another mode.")
class ModeAccepted(Overlooks):
    """[V2G20-1600]."""

    overlooked = frozenset({Check.CONTROL_MODE})
    phases = frozenset({Phase.CHARGE_LOOP})


@fault("present-soc-frozen", "Reports the state of charge that it had when it was switched on.")
class SocFrozen(_Loops):
    """DisplayParameters.PresentSOC."""

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """Read once."""
        display = request.DisplayParameters
        if display is None:
            return request
        first = round(100 * turn.car.config.battery.soc)
        return replace(request, DisplayParameters=replace(display, PresentSOC=first))


@fault("charging-complete-early", "Reports ChargingComplete while it goes on charging.")
class CompleteEarly(_Loops):
    """DisplayParameters.ChargingComplete."""

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """A bit that nobody looks at."""
        display = request.DisplayParameters
        return (
            request if display is None else replace(request, DisplayParameters=replace(display, ChargingComplete=True))
        )


@fault("energy-requests-frozen", "Asks for the same energy all the time, however much it has taken.")
class EnergyFrozen(_Loops):
    """EVTargetEnergyRequest is what is still needed."""

    def __init__(self) -> None:
        super().__init__()
        self._first: Any = None

    def bend(self, turn: Turn, request: m.ChargeLoopReq) -> Any:
        """Computed once."""
        loop: Any = request
        asked = loop.CLReqControlMode.EVTargetEnergyRequest
        if asked is None:
            return request
        if self._first is None:
            self._first = asked
        return with_mode(loop, EVTargetEnergyRequest=self._first)


@fault("target-soc-ignored", "Goes on charging beyond its target state of charge.")
class TargetSocIgnored(Fault):
    """The needs of the driver."""

    def move(self, turn: Turn, move: Move) -> Move:
        """Full is full."""
        over = turn.car.battery.soc >= turn.car.needs.target_soc and turn.notification is None
        return Move.GO_ON if move is Move.TERMINATE and over else move


@fault("departure-ignored", "Stays connected beyond its departure.")
class DepartureIgnored(Fault):
    """The needs of the driver."""

    def move(self, turn: Turn, move: Move) -> Move:
        """No calendar."""
        departure = turn.car.needs.departure
        over = departure is not None and turn.now >= departure and turn.notification is None
        return Move.GO_ON if move is Move.TERMINATE and over else move


@fault("metering-reading-altered", "Confirms another meter reading than the one it was told.")
class ReadingAltered(Asks[m.MeteringConfirmationReq]):
    """[V2G20-1083], MTR-E-1."""

    message = m.MeteringConfirmationReq

    def bend(self, turn: Turn, request: m.MeteringConfirmationReq) -> Any:
        """Its own meter knows better."""
        data = request.SignedMeteringData
        reading = replace(data.MeterInfo, ChargedEnergyReadingWh=data.MeterInfo.ChargedEnergyReadingWh + 100)
        return replace(request, SignedMeteringData=replace(data, MeterInfo=reading))


@fault("metering-session-wrong", "Confirms a meter reading for another session.")
class MeteringSessionWrong(Asks[m.MeteringConfirmationReq]):
    """SignedMeteringData.SessionID."""

    message = m.MeteringConfirmationReq

    def bend(self, turn: Turn, request: m.MeteringConfirmationReq) -> Any:
        """Not filled in."""
        return replace(request, SignedMeteringData=replace(request.SignedMeteringData, SessionID=bytes(8)))
