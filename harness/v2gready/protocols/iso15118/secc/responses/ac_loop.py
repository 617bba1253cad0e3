"""AC_ChargeLoop: the car draws, the station measures and, in Dynamic mode, steers (reference 3.4, 4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.responses.loop import (
    DER_MODES,
    Common,
    PowerLimits,
    check_mode,
    common,
    may_discharge,
    next_state,
    power_limits,
    steered,
    within,
)
from v2gready.protocols.iso15118.secc.session import CarLimits
from v2gready.protocols.iso15118.secc.turn import Answer, Turn

_BPT_MODES = (m.BPT_Scheduled_AC_CLReqControlMode, m.BPT_Dynamic_AC_CLReqControlMode)

RequestMode = (
    m.Scheduled_AC_CLReqControlMode
    | m.BPT_Scheduled_AC_CLReqControlMode
    | m.Dynamic_AC_CLReqControlMode
    | m.BPT_Dynamic_AC_CLReqControlMode
)
ResponseMode = (
    m.Scheduled_AC_CLResControlMode
    | m.BPT_Scheduled_AC_CLResControlMode
    | m.Dynamic_AC_CLResControlMode
    | m.BPT_Dynamic_AC_CLResControlMode
)


def ac_charge_loop(turn: Turn) -> Answer:
    """Measures what the car draws and tells it what it should."""
    fields, mode, _ = ac_loop_fields(turn)
    response = m.AC_ChargeLoopRes(
        **fields, EVSETargetFrequency=rational(turn.config.ac.nominal_frequency), CLResControlMode=mode
    )
    return Answer(response, next_state(fields["EVSEStatus"]))


def ac_loop_fields(turn: Turn) -> tuple[Common, ResponseMode, PowerLimits]:
    """The common fields, the control mode as AC has it (of a DER mode without what AC_DER adds), and the limits."""
    request: m.AC_ChargeLoopReq = turn.request
    mode = request.CLReqControlMode
    check_mode(turn, mode, bidirectional=isinstance(mode, _BPT_MODES))
    turn.station.ac.draw(total(mode, "EVPresentActivePower") or 0.0)
    ratings = turn.config.ac
    limits = power_limits(turn, ratings.maximum_charge_power, ratings.maximum_discharge_power)
    return common(turn), _response_mode(turn, mode, limits), limits


def _car(turn: Turn, mode: RequestMode) -> CarLimits:
    """The car's limits: those of ChargeParameterDiscovery, where the loop does not tell newer ones."""
    known = turn.session.car
    charge = total(mode, "EVMaximumChargePower")
    discharge = total(mode, "EVMaximumDischargePower") if isinstance(mode, _BPT_MODES + DER_MODES) else None
    return replace(
        known,
        maximum_charge_power=known.maximum_charge_power if charge is None else charge,
        maximum_discharge_power=known.maximum_discharge_power if discharge is None else abs(discharge),
        may_discharge=may_discharge(turn, mode),
    )


def _response_mode(turn: Turn, mode: RequestMode, limits: PowerLimits) -> ResponseMode:
    """In kind: control mode and BPT-ness of the request [V2G20-1600].

    Dynamic: EVSETargetActivePower is mandatory. Scheduled: the car keeps to its profile, and a target is told only
    where the schedule in force or the station narrows it.
    """
    phases = turn.config.ac.phases if turn.config.per_phase else 1
    present = spread("EVSEPresentActivePower", turn.station.ac.power, phases)
    car = _car(turn, mode)
    if isinstance(mode, m.Dynamic_AC_CLReqControlMode):
        target = spread("EVSETargetActivePower", within(steered(turn, limits, car), limits, car), phases)
        if isinstance(mode, m.BPT_Dynamic_AC_CLReqControlMode):
            return m.BPT_Dynamic_AC_CLResControlMode(**target, **present)
        return m.Dynamic_AC_CLResControlMode(**target, **present)
    cap = turn.station.target
    narrowed: dict[str, Any] = {} if cap is None else spread("EVSETargetActivePower", within(cap, limits, car), phases)
    if isinstance(mode, m.BPT_Scheduled_AC_CLReqControlMode):
        return m.BPT_Scheduled_AC_CLResControlMode(**narrowed, **present)
    return m.Scheduled_AC_CLResControlMode(**narrowed, **present)
