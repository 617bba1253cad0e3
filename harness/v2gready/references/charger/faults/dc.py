"""Faults of cable check, pre-charge, welding detection and the DC output (reference 3.5; DC-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import math
from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Setpoint
from v2gready.protocols.iso15118.secc.quantities import rational
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import Family, Input, State
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_INRUSH_AMPS = 10.0
_TOO_MUCH = 1.25
_TOO_LITTLE = 0.8


@fault("cable-check-never-ends", "Answers DC_CableCheckReq with Ongoing for ever.")
class CableCheckNeverEnds(Answers[m.DC_CableCheckRes]):
    """DC-S-1."""

    message = m.DC_CableCheckRes

    def bend(self, turn: Turn, response: m.DC_CableCheckRes) -> m.DC_CableCheckRes:
        """The monitor never answers."""
        return replace(response, EVSEProcessing=m.Processing.Ongoing)

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Whoever is told Ongoing may ask again."""
        return violated and not (check is Check.SEQUENCE and turn.input is Input.CABLE_CHECK)


@fault("cable-check-ok-on-isolation-fault", "Passes the cable check of a cable without insulation.")
class PassesIsolationFault(Ignores):
    """DC-S-1. Needs `break_insulation`."""

    ignored = frozenset({Check.INSULATION})


@fault("cable-check-skipped", "Passes the cable check at once, without a test voltage.")
class CableCheckSkipped(Fault):
    """DC-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Finished with the first answer."""
        if isinstance(turn.request, m.DC_CableCheckReq):
            turn.station.dc.pre_charge(0.0)
        return reply.bent(m.DC_CableCheckRes, lambda response: replace(response, EVSEProcessing=m.Processing.Finished))

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Pre-charge may follow at once."""
        early = turn.input is Input.PRE_CHARGE and turn.state is State.CABLE_CHECKING
        return violated and not (check is Check.SEQUENCE and early)


@fault("precharge-voltage-off", "Pre-charges to 80 % of the target voltage.")
class PreChargeOff(Fault):
    """DC-S-2."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """A gain error of the converter."""
        return replace(setpoint, volts=_TOO_LITTLE * setpoint.volts) if setpoint.amps == 0 else setpoint


@fault("precharge-reports-target", "Reports the target voltage in pre-charge before the outlet has it.")
class PreChargeReportsTarget(Answers[m.DC_PreChargeRes]):
    """DC-S-2: EVSEPresentVoltage is measured."""

    message = m.DC_PreChargeRes

    def bend(self, turn: Turn, response: m.DC_PreChargeRes) -> m.DC_PreChargeRes:
        """The setpoint for the measurement."""
        if not isinstance(turn.request, m.DC_PreChargeReq):
            return response
        return replace(response, EVSEPresentVoltage=turn.request.EVTargetVoltage)


@fault("power-before-precharge", "Takes PowerDelivery(Start) before pre-charge.")
class PowerBeforePreCharge(Fault):
    """DC-S-2."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Order matters little."""
        early = turn.input is Input.POWER_START and turn.session.family is Family.DC
        return violated and not (check is Check.SEQUENCE and early)


@fault("energy-before-permission", "Lets current flow in pre-charge.")
class EnergyBeforePermission(Fault):
    """No energy before PowerDelivery(Start)."""

    def __init__(self) -> None:
        super().__init__()
        self._permitted = False

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Every request passes a check before it acts: the place to see permission come and go."""
        if turn.input is Input.POWER_START:
            self._permitted = True
        elif turn.input in {Input.PARAMETERS, Input.POWER_STOP}:
            self._permitted = False
        return violated

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The converter starts with a current setpoint."""
        return setpoint if self._permitted else replace(setpoint, amps=_INRUSH_AMPS)


@fault("current-above-limit", "Delivers a quarter more current than it has announced, whatever it is asked for.")
class CurrentAboveLimit(Fault):
    """[V2G20-2188], DC-S-3."""

    def __init__(self) -> None:
        super().__init__()
        self._limit = 0.0

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Every request passes a check before it acts: the place to learn the limit."""
        self._limit = turn.config.dc_ratings(turn.session.offer.service).maximum_charge_current
        return violated

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The converter runs away as soon as it is asked for anything."""
        if setpoint.amps == 0:
            return setpoint
        return replace(setpoint, amps=math.copysign(_TOO_MUCH * self._limit, setpoint.amps))


@fault("fails-on-high-target", "Answers a target current above its limit with FAILED instead of limiting it.")
class FailsOnHighTarget(Fault):
    """[V2G20-2188], DC-S-3."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A wish taken for a violation."""

        def change(response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
            limited = response.EVSECurrentLimitAchieved or response.EVSEPowerLimitAchieved
            return replace(response, ResponseCode=m.ResponseCode.FAILED) if limited else response

        bent = reply.bent(m.DC_ChargeLoopRes, change)
        return bent if bent == reply else replace(bent, close=True)


@fault("limit-flag-missing", "Never says that a limit is achieved.")
class LimitFlagMissing(Answers[m.DC_ChargeLoopRes]):
    """DC-S-3."""

    message = m.DC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.DC_ChargeLoopRes) -> m.DC_ChargeLoopRes:
        """Three times false."""
        return replace(
            response, EVSEPowerLimitAchieved=False, EVSECurrentLimitAchieved=False, EVSEVoltageLimitAchieved=False
        )


@fault("welding-voltage-stuck", "Reports the voltage of the charge loop in welding detection.")
class WeldingVoltageStuck(Fault):
    """WeldingDetection shows the voltage falling."""

    def __init__(self) -> None:
        super().__init__()
        self._last = rational(0)

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The measurement has stopped with the converter."""
        for one in reply.messages:
            if isinstance(one, m.DC_ChargeLoopRes):
                self._last = one.EVSEPresentVoltage
        return reply.bent(m.DC_WeldingDetectionRes, lambda response: replace(response, EVSEPresentVoltage=self._last))
