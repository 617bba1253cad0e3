"""Faults of a car with AC_DER_IEC (Amendment 1; reference 3.6; DER-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import ALL_DER_FUNCTIONS, DerControlFunctions
from v2gready.references.ev import choices
from v2gready.references.ev.faults.kinds import RN, Asks, Chooses, as_base, with_mode
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Choice, Move, Outgoing, Turn

_LIMITS = ("EVMaximumDischargePower", "EVMinimumDischargePower")


@fault("der-functions-unchecked", "Takes a parameter set of AC_DER whose control functions it does not know.")
class FunctionsUnchecked(Chooses):
    """DER-E-1."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """A mask of the bits that it knows comes first."""
        if not turn.plan.service.is_der:
            return value
        sets = turn.response.ServiceParameterList.ParameterSet
        known = (replace(one, Parameter=tuple(map(_masked, one.Parameter))) for one in sets)
        return choices.parameter_set(known, turn.plan.service, turn.car.controls, turn.plan.der_functions)


def _masked(parameter: m.Parameter) -> m.Parameter:
    if parameter.Name != "DERControlFunctions":
        return parameter
    return replace(parameter, intValue=(parameter.intValue or 0) & int(ALL_DER_FUNCTIONS))


@fault("der-parameters-plain", "Sends the parameters of plain AC with AC_DER selected.")
class ParametersPlain(Asks[m.AC_ChargeParameterDiscoveryReq]):
    """DER-S-2 seen from the other side."""

    message = m.AC_ChargeParameterDiscoveryReq

    def bend(self, turn: Turn, request: m.AC_ChargeParameterDiscoveryReq) -> Any:
        """The base type."""
        if not turn.plan.service.is_der:
            return request
        mode = as_base(request.EnergyTransferMode, m.AC_CPDReqEnergyTransferMode)
        return replace(request, EnergyTransferMode=mode)


@fault("der-loop-plain", "Sends the charge loop of plain AC with AC_DER selected.")
class LoopPlain(Asks[m.AC_ChargeLoopReq]):
    """DER-S-2 in the loop."""

    message = m.AC_ChargeLoopReq

    def bend(self, turn: Turn, request: m.AC_ChargeLoopReq) -> Any:
        """The base type."""
        mode = request.CLReqControlMode
        if not type(mode).__name__.startswith("DER_"):
            return request
        dynamic = isinstance(mode, m.Dynamic_AC_CLReqControlMode)
        plain = m.Dynamic_AC_CLReqControlMode if dynamic else m.Scheduled_AC_CLReqControlMode
        return replace(request, CLReqControlMode=as_base(mode, plain))


@fault("der-limits-positive", "Tells its discharge limits with AC_DER as positive numbers.")
class LimitsPositive(Fault):
    """Amendment 1, 8.3.5.2: the table of the edition of 2022 is replaced."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The old table."""
        if not turn.plan.service.is_der:
            return outgoing

        def bent(one: Any) -> Any:
            for name in ("EnergyTransferMode", "CLReqControlMode"):
                mode: Any = getattr(one, name, None)
                if getattr(mode, _LIMITS[0], None) is not None:
                    told = {limit: RN(abs(float(getattr(mode, limit)))) for limit in _LIMITS}
                    one = replace(one, **{name: replace(mode, **told)})
            return one

        return outgoing.bent(m.V2GRequest, bent)


class _Hears(Asks[m.AC_ChargeLoopReq]):
    """Remembers what the grid operator asked for in the last loop response."""

    message = m.AC_ChargeLoopReq

    def __init__(self) -> None:
        super().__init__()
        self.wanted: float | None = None

    def move(self, turn: Turn, move: Move) -> Move:
        """Reads DSOQSetpoint, in var."""
        setpoint = getattr(turn.response.CLResControlMode, "DSOQSetpoint", None)
        self.wanted = None if setpoint is None else total(setpoint, "DSOQSetpointValue")
        return move


@fault("der-setpoint-unnegotiated-followed", "Follows DSOQSetpoint although the function was not negotiated.")
class SetpointFollowed(_Hears):
    """DER-E-2."""

    def bend(self, turn: Turn, request: m.AC_ChargeLoopReq) -> Any:
        """A number is a number."""
        if self.wanted is None or DerControlFunctions.DSO_Q_SETPOINT in turn.memory.der_functions:
            return request
        return with_mode(request, EVPresentReactivePower=RN(self.wanted))


@fault("der-setpoint-ignored", "Gives no reactive power whatever was negotiated and asked for.")
class SetpointIgnored(_Hears):
    """DER-E-2."""

    def bend(self, turn: Turn, request: m.AC_ChargeLoopReq) -> Any:
        """The inverter knows active power alone."""
        return request if self.wanted is None else with_mode(request, EVPresentReactivePower=RN(0))
