"""DC_ChargeLoop: the setpoint of the converter, its limits and what it measures (reference 3.5, 4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Setpoint
from v2gready.protocols.iso15118.secc.quantities import number, rational
from v2gready.protocols.iso15118.secc.responses.loop import (
    PowerLimits,
    check_mode,
    common,
    may_discharge,
    next_state,
    power_limits,
    steered,
    within,
)
from v2gready.protocols.iso15118.secc.responses.parameters import signed_discharge
from v2gready.protocols.iso15118.secc.session import CarLimits
from v2gready.protocols.iso15118.secc.turn import Answer, Turn

_BPT_MODES = (m.BPT_Scheduled_DC_CLReqControlMode, m.BPT_Dynamic_DC_CLReqControlMode)

RequestMode = (
    m.Scheduled_DC_CLReqControlMode
    | m.BPT_Scheduled_DC_CLReqControlMode
    | m.Dynamic_DC_CLReqControlMode
    | m.BPT_Dynamic_DC_CLReqControlMode
)
ResponseMode = (
    m.Scheduled_DC_CLResControlMode
    | m.BPT_Scheduled_DC_CLResControlMode
    | m.Dynamic_DC_CLResControlMode
    | m.BPT_Dynamic_DC_CLResControlMode
)


@dataclass(frozen=True, slots=True)
class _Demand:
    """What is wanted of the converter, and what it may do of that."""

    setpoint: Setpoint
    power_limited: bool
    current_limited: bool
    voltage_limited: bool


def dc_charge_loop(turn: Turn) -> Answer:
    """Follows the car (Scheduled) or the station's own will (Dynamic), never beyond a limit [V2G20-2188]."""
    request: m.DC_ChargeLoopReq = turn.request
    mode = request.CLReqControlMode
    bidirectional = isinstance(mode, _BPT_MODES)
    check_mode(turn, mode, bidirectional=bidirectional)
    stage = turn.station.dc
    ratings = turn.config.dc_ratings(turn.session.offer.service)
    limits = power_limits(turn, ratings.maximum_charge_power, ratings.maximum_discharge_power)
    car = _car(turn, mode)
    battery = float(request.EVPresentVoltage)
    demand = _demand(turn, mode, limits, car, battery)
    stage.deliver(demand.setpoint, battery)
    fields = common(turn)
    response = m.DC_ChargeLoopRes(
        **fields,
        EVSEPresentCurrent=rational(round(stage.current, 2)),
        EVSEPresentVoltage=rational(round(stage.voltage, 1)),
        EVSEPowerLimitAchieved=demand.power_limited,
        EVSECurrentLimitAchieved=demand.current_limited,
        EVSEVoltageLimitAchieved=demand.voltage_limited,
        CLResControlMode=_response_mode(turn, mode, limits),
    )
    return Answer(response, next_state(fields["EVSEStatus"]))


def _car(turn: Turn, mode: RequestMode) -> CarLimits:
    """The car's limits: those of ChargeParameterDiscovery, where the loop does not tell newer ones."""
    known = turn.session.car
    car = replace(
        known,
        maximum_charge_power=number(mode.EVMaximumChargePower, known.maximum_charge_power),
        maximum_charge_current=number(mode.EVMaximumChargeCurrent, known.maximum_charge_current),
        maximum_voltage=number(mode.EVMaximumVoltage, known.maximum_voltage),
        minimum_voltage=number(mode.EVMinimumVoltage, known.minimum_voltage),
        may_discharge=may_discharge(turn, mode),
    )
    if not isinstance(mode, m.BPT_Scheduled_DC_CLReqControlMode | m.BPT_Dynamic_DC_CLReqControlMode):
        return car
    return replace(
        car,
        maximum_discharge_power=abs(number(mode.EVMaximumDischargePower, known.maximum_discharge_power)),
        maximum_discharge_current=abs(number(mode.EVMaximumDischargeCurrent, known.maximum_discharge_current)),
    )


def _demand(turn: Turn, mode: RequestMode, limits: PowerLimits, car: CarLimits, battery: float) -> _Demand:
    ratings = turn.config.dc_ratings(turn.session.offer.service)
    # Power limits become current limits at the voltage at hand; a car that reports none has no power either.
    volts = battery if 0 < battery <= ratings.maximum_voltage else max(turn.station.dc.voltage, ratings.minimum_voltage)
    if isinstance(mode, m.Scheduled_DC_CLReqControlMode):
        wanted, target = float(mode.EVTargetCurrent), float(mode.EVTargetVoltage)
        amps = 0.0 if turn.session.standby else wanted
    else:
        watts = steered(turn, limits, car)
        wanted, target = watts / volts, car.maximum_voltage
        amps = max(-car.maximum_discharge_current, min(within(watts, limits, car) / volts, car.maximum_charge_current))
        if volts <= car.minimum_voltage:
            amps = max(amps, 0.0)  # an empty battery gives nothing
    give = ratings.maximum_charge_current
    take = ratings.maximum_discharge_current if turn.session.bidirectional else 0.0
    amps = max(-take, -limits.discharge / volts, min(amps, give, limits.charge / volts))
    return _Demand(
        Setpoint(min(target, ratings.maximum_voltage), amps),
        power_limited=_beyond(wanted * volts, limits.charge, limits.discharge),
        current_limited=_beyond(wanted, give, take),
        voltage_limited=target >= ratings.maximum_voltage and isinstance(mode, m.Scheduled_DC_CLReqControlMode),
    )


def _beyond(wanted: float, most: float, least: float) -> bool:
    """The wish reaches a limit of the charger in its own direction."""
    return wanted >= most if wanted > 0 else wanted < 0 and wanted <= -least


def _response_mode(turn: Turn, mode: RequestMode, limits: PowerLimits) -> ResponseMode:
    """The limits at present, in kind: control mode and BPT-ness of the request [V2G20-1600]."""
    ratings = turn.config.dc_ratings(turn.session.offer.service)
    given: dict[str, Any] = {
        "EVSEMaximumChargePower": rational(limits.charge),
        "EVSEMinimumChargePower": rational(min(ratings.minimum_charge_power, limits.charge)),
        "EVSEMaximumChargeCurrent": rational(ratings.maximum_charge_current),
        "EVSEMaximumVoltage": rational(ratings.maximum_voltage),
    }
    if not isinstance(mode, _BPT_MODES):
        scheduled = isinstance(mode, m.Scheduled_DC_CLReqControlMode)
        return m.Scheduled_DC_CLResControlMode(**given) if scheduled else m.Dynamic_DC_CLResControlMode(**given)
    taken: dict[str, Any] = {
        "EVSEMaximumDischargePower": signed_discharge(turn.config, limits.discharge),
        "EVSEMinimumDischargePower": signed_discharge(
            turn.config, min(ratings.minimum_discharge_power, limits.discharge)
        ),
        "EVSEMaximumDischargeCurrent": signed_discharge(turn.config, ratings.maximum_discharge_current),
        "EVSEMinimumVoltage": rational(ratings.minimum_voltage),
    }
    if isinstance(mode, m.BPT_Scheduled_DC_CLReqControlMode):
        return m.BPT_Scheduled_DC_CLResControlMode(**given, **taken)
    return m.BPT_Dynamic_DC_CLResControlMode(**given, **taken)
