"""ScheduleExchange (ISO 15118-20 8.3.5.4; reference 3.2, 4.3)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.quantities import rational, spread
from v2gready.protocols.iso15118.secc.responses.prices import price_schedule, signed_prices
from v2gready.protocols.iso15118.secc.session import OfferedSchedule, Steps
from v2gready.protocols.iso15118.secc.table import Family, State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn
from v2gready.protocols.iso15118.services import MobilityNeedsMode, ServiceId

_TUPLE_SHARES = (1.0, 0.75, 0.5)
"""Of the rated power, for the first, second and third schedule."""


def schedule_exchange(turn: Turn) -> Answer:
    """Offers schedules, or takes note of the car's needs in Dynamic mode."""
    request: m.ScheduleExchangeReq = turn.request
    wanted = request.SEReqControlMode
    dynamic = isinstance(wanted, m.Dynamic_SEReqControlMode)
    # Answers are in kind, and the kind is that of the parameter set selected [V2G20-1600].
    turn.refuse_if(Check.CONTROL_MODE, dynamic != turn.session.dynamic, m.ResponseCode.FAILED)
    if isinstance(wanted, m.Dynamic_SEReqControlMode):
        lone = (wanted.MinimumSOC is None) != (wanted.TargetSOC is None)
        turn.refuse_if(Check.SOC_PAIR, lone, m.ResponseCode.FAILED)  # [V2G20-2681]
    ongoing = turn.session.schedule_rounds < turn.config.schedule_ongoing
    turn.session.schedule_rounds = turn.session.schedule_rounds + 1 if ongoing else 0
    response = m.ScheduleExchangeRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        EVSEProcessing=m.Processing.Ongoing if ongoing else m.Processing.Finished,
        SEResControlMode=(
            _dynamic(turn, wanted) if isinstance(wanted, m.Dynamic_SEReqControlMode) else _scheduled(turn, request)
        ),
    )
    return Answer(signed_prices(turn, response), _state(turn, ongoing=ongoing))


def _state(turn: Turn, *, ongoing: bool) -> State:
    if turn.session.renegotiating:
        return State.RENEGOTIATING if ongoing else State.RENEGOTIATED
    if ongoing:
        return State.SCHEDULING
    return State.SCHEDULED if turn.session.family is Family.DC else State.READY


def _dynamic(turn: Turn, wanted: m.Dynamic_SEReqControlMode) -> m.Dynamic_SEResControlMode:
    """The SECC speaks about mobility needs only where the car left them to both [V2G20-2663]."""
    price = price_schedule(turn, sum(seconds for seconds, _ in turn.config.schedule))
    if turn.session.offer.mobility is not MobilityNeedsMode.BY_EVCC_AND_SECC:
        return m.Dynamic_SEResControlMode(PriceSchedule=price)
    return m.Dynamic_SEResControlMode(
        DepartureTime=wanted.DepartureTime,
        MinimumSOC=wanted.MinimumSOC,
        TargetSOC=wanted.TargetSOC,
        PriceSchedule=price,
    )


def _scheduled(turn: Turn, request: m.ScheduleExchangeReq) -> m.Scheduled_SEResControlMode:
    steps = turn.config.schedule
    if turn.violates(Check.SUPPORTING_POINTS, len(steps) > request.MaximumSupportingPoints):
        steps = _fitted(steps, request.MaximumSupportingPoints)
    turn.session.schedules = tuple(
        _offered(turn, tuple_id, share, steps)
        for tuple_id, share in enumerate(_TUPLE_SHARES[: turn.config.schedule_tuples], start=1)
    )
    return m.Scheduled_SEResControlMode(ScheduleTuple=tuple(_message(turn, one) for one in turn.session.schedules))


def _fitted(steps: tuple[tuple[int, float], ...], points: int) -> tuple[tuple[int, float], ...]:
    """As many steps as the car can hold: the tail becomes one step that keeps every promise of it."""
    tail = steps[points - 1 :]
    return (*steps[: points - 1], (sum(seconds for seconds, _ in tail), min(share for _, share in tail)))


def _offered(turn: Turn, tuple_id: int, share: float, steps: tuple[tuple[int, float], ...]) -> OfferedSchedule:
    charge, discharge = _rated(turn.config, turn.session.offer.service)
    anchor = turn.utc

    def scaled(power: float) -> Steps:
        return Steps(anchor, tuple((seconds, share * part * power) for seconds, part in steps))

    return OfferedSchedule(tuple_id, scaled(charge), scaled(discharge) if turn.session.bidirectional else None)


def _rated(config: ChargerConfig, service: ServiceId) -> tuple[float, float]:
    ratings = config.dc_ratings(service) if service.is_dc else config.ac
    return ratings.maximum_charge_power, ratings.maximum_discharge_power


def _message(turn: Turn, offered: OfferedSchedule) -> m.ScheduleTuple:
    discharging = offered.discharging
    sign = turn.config.discharge_sign(turn.session.offer.service)
    return m.ScheduleTuple(
        ScheduleTupleID=offered.tuple_id,
        ChargingSchedule=_schedule(turn, offered.charging, 1.0),
        DischargingSchedule=None if discharging is None else _schedule(turn, discharging, sign),
    )


def _schedule(turn: Turn, steps: Steps, sign: float) -> m.ChargingSchedule:
    phases = turn.config.ac.phases if turn.session.family is not Family.DC and turn.config.per_phase else 1
    tolerance = turn.config.power_tolerance
    power = m.PowerSchedule(
        TimeAnchor=steps.anchor,
        PowerTolerance=None if tolerance is None else rational(tolerance),
        PowerScheduleEntries=m.PowerScheduleEntryList(
            PowerScheduleEntry=tuple(
                m.PowerScheduleEntry(Duration=seconds, **spread("Power", sign * watts, phases))
                for seconds, watts in steps.steps
            )
        ),
    )
    duration = sum(seconds for seconds, _ in steps.steps)
    return m.ChargingSchedule(PowerSchedule=power, PriceSchedule=price_schedule(turn, duration))
