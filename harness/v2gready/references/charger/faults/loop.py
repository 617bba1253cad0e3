"""Faults of the charge loop: setpoint, limits, meter, notification (reference 4.3; LOOP-S-*, BPT-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Setpoint
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.station import Notification
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_TOO_MUCH = 1.5
_PLAIN_MODES: dict[type, type] = {
    m.BPT_Scheduled_DC_CLResControlMode: m.Scheduled_DC_CLResControlMode,
    m.BPT_Dynamic_DC_CLResControlMode: m.Dynamic_DC_CLResControlMode,
    m.BPT_Scheduled_AC_CLResControlMode: m.Scheduled_AC_CLResControlMode,
    m.BPT_Dynamic_AC_CLResControlMode: m.Dynamic_AC_CLResControlMode,
}


class _Loops(Answers[m.ChargeLoopRes]):
    message = m.ChargeLoopRes


def _retargeted(turn: Turn, response: m.ChargeLoopRes, change: Any) -> m.ChargeLoopRes:
    """An AC response with another EVSETargetActivePower; everything else as it is."""
    if not isinstance(response, m.AC_ChargeLoopRes):
        return response
    mode = response.CLResControlMode
    watts = total(mode, "EVSETargetActivePower")
    if watts is None:
        return response
    phases = 1 if mode.EVSETargetActivePower_L2 is None else turn.config.ac.phases
    return replace(response, CLResControlMode=replace(mode, **spread("EVSETargetActivePower", change(watts), phases)))


# Power


@fault("discharges-when-charging-asked", "Takes energy out of the car when it should charge it.")
class DischargesInstead(_Loops):
    """BPT-S-1: sign of power against mode."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """A wrong sign on the way to the converter."""
        return replace(setpoint, amps=-abs(setpoint.amps))

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """AC: a wrong sign of the target."""
        return _retargeted(turn, response, lambda watts: -abs(watts))


@fault("discharges-without-bpt", "Takes energy out of the car in a session without BPT.")
class DischargesWithoutBpt(DischargesInstead):
    """Sign of power against mode."""

    def __init__(self) -> None:
        super().__init__()
        self._one_way = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Every request passes a check before it acts: the place to learn the service."""
        self._one_way = not turn.session.bidirectional
        return violated

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """Bidirectional sessions are as they should be."""
        return super().setpoint(setpoint) if self._one_way else setpoint

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """Bidirectional sessions are as they should be."""
        return super().bend(turn, response) if self._one_way else response


@fault("no-discharge", "Never takes energy out of the car.")
class NoDischarge(_Loops):
    """BPT-S-1: power reverses."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The converter has one direction."""
        return replace(setpoint, amps=max(0.0, setpoint.amps))

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """AC: no negative target."""
        return _retargeted(turn, response, lambda watts: max(0.0, watts))


@fault("ignores-setpoint", "Keeps the power that it has when another is commanded.")
class IgnoresSetpoint(Fault):
    """Dynamic mode: the station decides, and somebody decides for the station."""

    def power_command(self, watts: float, before: float | None) -> float | None:
        """Takes note and does nothing."""
        return before


@fault("present-current-inverted", "Reports EVSEPresentCurrent with the wrong sign.")
class PresentCurrentInverted(Answers[m.DC_ChargeLoopRes]):
    """BPT-S-1: one sign over the session."""

    message = m.DC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
        """The shunt is the wrong way round."""
        current = response.EVSEPresentCurrent
        return replace(response, EVSEPresentCurrent=replace(current, Value=-current.Value))


@fault("present-current-fabricated", "Reports the target current as the present one and delivers half of it.")
class PresentCurrentFabricated(Answers[m.DC_ChargeLoopRes]):
    """EVSEPresentCurrent is measured."""

    message = m.DC_ChargeLoopRes

    def __init__(self) -> None:
        super().__init__()
        self._wanted = 0.0

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """Half the modules are gone."""
        self._wanted = setpoint.amps
        return replace(setpoint, amps=setpoint.amps / 2)

    def bend(self, turn: Turn, response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
        """The setpoint for the measurement."""
        return replace(response, EVSEPresentCurrent=rational(round(self._wanted, 2)))


@fault("loop-limits-above-cpd", "Announces more charge power in the loop than in ChargeParameterDiscovery.")
class LoopLimitsAboveCpd(Answers[m.DC_ChargeLoopRes]):
    """[V2G20-2654], DC-S-4."""

    message = m.DC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
        """Half as much again."""
        mode = response.CLResControlMode
        if mode.EVSEMaximumChargePower is None:
            return response
        power = rational(_TOO_MUCH * turn.config.dc_ratings(turn.session.offer.service).maximum_charge_power)
        return replace(response, CLResControlMode=replace(mode, EVSEMaximumChargePower=power))


@fault("loop-answers-without-bpt", "Answers a BPT charge loop in a control mode without BPT.")
class LoopWithoutBpt(Fault):
    """[V2G20-1600]: in kind."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The base type."""

        def change(response: Any) -> Any:
            mode = response.CLResControlMode
            base = _PLAIN_MODES.get(type(mode))
            if base is None:
                return response
            plain: Any = {one.name: getattr(mode, one.name) for one in fields(base)}
            return replace(response, CLResControlMode=base(**plain))

        return reply.bent(m.ChargeLoopRes, change)


@fault("display-parameters-required", "Fails a charge loop without DisplayParameters.")
class DisplayParametersRequired(Fault):
    """DC-S-5: they are optional."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Dereferences what is not there."""
        if not isinstance(turn.request, m.ChargeLoopReq) or turn.request.DisplayParameters is not None:
            return reply
        failed = reply.bent(m.ChargeLoopRes, lambda one: replace(one, ResponseCode=m.ResponseCode.FAILED))
        return replace(failed, close=True)


# Meter


@fault("meter-info-missing", "Never sends MeterInfo.")
class MeterInfoMissing(_Loops):
    """[V2G20-1082], LOOP-S-1."""

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """No meter."""
        return replace(response, MeterInfo=None)


@fault("meter-info-missing-first", "Sends MeterInfo on request, and not in the first loop response without one.")
class MeterInfoMissingFirst(_Loops):
    """[V2G20-1833], LOOP-S-1."""

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """Waits to be asked."""
        return response if turn.request.MeterInfoRequested else replace(response, MeterInfo=None)


class _Meters(_Loops):
    def meter(self, meter: m.MeterInfo) -> m.MeterInfo:
        """The wrong reading."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.ChargeLoopRes) -> m.ChargeLoopRes:
        """Another reading, where there is one."""
        meter = response.MeterInfo
        return response if meter is None else replace(response, MeterInfo=self.meter(meter))


@fault("meter-discharge-missing", "Leaves BPT_DischargedEnergyReadingWh out of a bidirectional session.")
class MeterDischargeMissing(_Meters):
    """BPT-S-3."""

    def meter(self, meter: m.MeterInfo) -> m.MeterInfo:
        """A meter of one direction."""
        return replace(meter, BPT_DischargedEnergyReadingWh=None)


@fault("meter-not-monotonic", "Sends energy readings that fall.")
class MeterNotMonotonic(_Meters):
    """BPT-S-3."""

    def __init__(self) -> None:
        super().__init__()
        self._readings = 0

    def meter(self, meter: m.MeterInfo) -> m.MeterInfo:
        """Each reading is 10 Wh less than it should be, and 10 Wh more so each time."""
        self._readings += 1
        less = 10 * self._readings
        discharged = meter.BPT_DischargedEnergyReadingWh
        return replace(
            meter,
            ChargedEnergyReadingWh=max(0, meter.ChargedEnergyReadingWh - less),
            BPT_DischargedEnergyReadingWh=None if discharged is None else max(0, discharged - less),
        )


@fault("meter-swaps-registers", "Swaps the registers of charged and discharged energy.")
class MeterSwapsRegisters(_Meters):
    """BPT-S-3."""

    def meter(self, meter: m.MeterInfo) -> m.MeterInfo:
        """Import and export are a matter of view."""
        discharged = meter.BPT_DischargedEnergyReadingWh
        if discharged is None:
            return meter
        return replace(
            meter, ChargedEnergyReadingWh=discharged, BPT_DischargedEnergyReadingWh=meter.ChargedEnergyReadingWh
        )


# Notification


@fault("notification-lost", "Never tells the car what it wants of it.")
class NotificationLost(Fault):
    """EVSEStatus: LOOP-E-2 and [V2G20-1850] seen from the other side."""

    def notification(self, notification: Notification) -> Notification | None:
        """Nobody fills in EVSEStatus."""
        return None
