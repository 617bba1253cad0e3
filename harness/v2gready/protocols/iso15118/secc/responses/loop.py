"""What the AC and the DC charge loop have in common (reference 4.3, 4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypedDict

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.responses.notices import notice
from v2gready.protocols.iso15118.secc.session import CarLimits
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Check, Turn

METER_ID: Final = "V2GREADY-REFERENCE-METER"
DER_MODES: Final = tuple(
    mode
    for one in (m.der_iec, m.der_sae)
    for mode in (one.DER_Scheduled_AC_CLReqControlMode, one.DER_Dynamic_AC_CLReqControlMode)
)
_SECONDS_PER_HOUR: Final = 3600.0
_CHARGED_BEFORE: Final = 125_000
_DISCHARGED_BEFORE: Final = 18_000
"""Wh on the registers when the charger was switched on: a meter has a past."""


@dataclass(frozen=True, slots=True)
class PowerLimits:
    """What the charger gives and takes at present, in W, both positive."""

    charge: float
    discharge: float


class Common(TypedDict):
    """The fields that both loop responses begin with."""

    Header: m.MessageHeader
    ResponseCode: m.ResponseCode
    EVSEStatus: m.EVSEStatus | None
    MeterInfo: m.MeterInfo | None


def check_mode(turn: Turn, mode: Any, *, bidirectional: bool) -> None:
    """Control mode and BPT-ness of the loop are those of the selection [V2G20-1600]; FAILED otherwise (4.3)."""
    dynamic = isinstance(mode, m.Dynamic_CLReqControlMode)
    turn.refuse_if(Check.CONTROL_MODE, dynamic != turn.session.dynamic, m.ResponseCode.FAILED)
    service = turn.session.offer.service
    turn.refuse_if(Check.DER_MODE, isinstance(mode, DER_MODES) != service.is_der, m.ResponseCode.FAILED)
    wrong = not service.is_der and bidirectional != service.is_bpt
    turn.refuse_if(Check.BPT_MODE, wrong, m.ResponseCode.FAILED)


def power_limits(turn: Turn, charge: float, discharge: float) -> PowerLimits:
    """The rated powers, narrowed by the schedule in force and by `Station.set_power`: never above CPD [V2G20-2654]."""
    session = turn.session
    schedule = session.schedule
    if schedule is not None and not session.dynamic:
        charge = min(charge, schedule.charging.at(turn.utc))
        if schedule.discharging is not None:
            discharge = min(discharge, schedule.discharging.at(turn.utc))
    cap = turn.station.target
    if cap is not None and not session.dynamic:
        charge, discharge = (min(charge, cap), discharge) if cap >= 0 else (charge, min(discharge, -cap))
    return PowerLimits(charge, discharge if session.bidirectional else 0.0)


def steered(turn: Turn, limits: PowerLimits, car: CarLimits) -> float:
    """Power of Dynamic mode: what was asked of the station, else all that the car takes."""
    if turn.session.standby:
        return 0.0
    wanted = turn.station.target
    if wanted is None:
        wanted = min(limits.charge, car.maximum_charge_power)
    return wanted


def within(watts: float, limits: PowerLimits, car: CarLimits) -> float:
    """A power that neither side's limits forbid."""
    most = min(limits.charge, car.maximum_charge_power)
    least = min(limits.discharge, car.maximum_discharge_power) if car.may_discharge else 0.0
    return max(-least, min(watts, most))


def may_discharge(turn: Turn, mode: Any) -> bool:
    """Whether the car's V2X band is open, and time left to charge again what is taken; both are (unconfirmed)."""
    needed: m.RationalNumber | None = getattr(mode, "EVMinimumV2XEnergyRequest", None)
    if turn.config.honour_v2x_band and needed is not None and float(needed) > 0:
        return False
    return not turn.violates(Check.DEPARTURE, turn.config.honour_departure and _too_late(turn, mode))


def _too_late(turn: Turn, mode: Any) -> bool:
    """What is missing to the driver's minimum is more than the car can take until departure; Dynamic mode alone."""
    if not isinstance(mode, m.Dynamic_CLReqControlMode) or mode.DepartureTime is None:
        return False
    missing = float(mode.EVMinimumEnergyRequest)
    most = turn.session.car.maximum_charge_power
    return missing > 0 and missing > most * mode.DepartureTime / _SECONDS_PER_HOUR


def common(turn: Turn) -> Common:
    """Header, code, notification and meter."""
    request: m.ChargeLoopReq = turn.request
    status = notice(turn)
    return {
        "Header": turn.header,
        "ResponseCode": _code(turn),
        "EVSEStatus": status,
        "MeterInfo": _meter(turn, due=request.MeterInfoRequested or _asks_confirmation(status)),
    }


def next_state(status: m.EVSEStatus | None) -> State:
    """MeteringConfirmation is in order only after it was asked for [V2G20-1083]."""
    return State.LOOP_METERING if _asks_confirmation(status) else State.LOOP


def _asks_confirmation(status: m.EVSEStatus | None) -> bool:
    return status is not None and status.EVSENotification is m.EvseNotification.MeteringConfirmation


def _meter(turn: Turn, *, due: bool) -> m.MeterInfo | None:
    """MeterInfo when asked for [V2G20-1082], and in the first loop response [V2G20-1833]."""
    if not turn.config.metering or (turn.session.metered and not due):
        return None
    turn.session.metered = True
    stage = turn.station.stage(turn.session.family)
    return m.MeterInfo(
        MeterID=METER_ID,
        ChargedEnergyReadingWh=_CHARGED_BEFORE + int(stage.charged),
        BPT_DischargedEnergyReadingWh=(
            _DISCHARGED_BEFORE + int(stage.discharged) if turn.session.bidirectional else None
        ),
        MeterTimestamp=turn.utc,
    )


def _code(turn: Turn) -> m.ResponseCode:
    """A deviation from the profile is a warning for as long as it lasts [V2G20-1953]."""
    session = turn.session
    profile = session.profile
    if profile is None:
        return m.ResponseCode.OK
    service = session.offer.service
    ratings = turn.config.dc_ratings(service) if service.is_dc else turn.config.ac
    margin = turn.config.profile_margin * ratings.maximum_charge_power
    promised = profile.at(turn.utc)
    # How a profile speaks about discharging is (unconfirmed): its magnitude bounds both directions here.
    power = turn.station.stage(session.family).power
    kept = -abs(promised) - margin <= power <= max(promised, 0.0) + margin
    if turn.violates(Check.PROFILE_KEPT, not kept):
        return m.ResponseCode.WARNING_EVPowerProfileViolation
    return m.ResponseCode.OK
