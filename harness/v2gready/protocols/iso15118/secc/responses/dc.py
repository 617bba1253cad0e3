"""DC_CableCheck, DC_PreCharge and DC_WeldingDetection (reference 3.5, 4.2)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import InsulationTest
from v2gready.protocols.iso15118.secc.quantities import rational
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn


def cable_check(turn: Turn) -> Answer:
    """Runs the insulation test and tells its result; Ongoing until then."""
    stage = turn.station.dc
    if turn.state is not State.CABLE_CHECKING:
        turn.refuse_if(Check.CONTACTOR_CLOSED, not stage.close(), m.ResponseCode.FAILED_ContactorError)
        # Not more than the car's insulation is made for, not more than the converter can give.
        stage.test_insulation(
            min(turn.session.car.maximum_voltage, turn.config.dc_ratings(turn.session.offer.service).maximum_voltage)
        )
    turn.refuse_if(Check.INSULATION, stage.insulation is InsulationTest.FAILED, m.ResponseCode.FAILED)
    ongoing = stage.insulation is InsulationTest.RUNNING
    response = m.DC_CableCheckRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        EVSEProcessing=m.Processing.Ongoing if ongoing else m.Processing.Finished,
    )
    return Answer(response, State.CABLE_CHECKING if ongoing else State.CABLE_CHECKED)


def pre_charge(turn: Turn) -> Answer:
    """Brings the outlet to the target voltage; the car says when it is satisfied."""
    request: m.DC_PreChargeReq = turn.request
    stage = turn.station.dc
    stage.pre_charge(
        max(
            0.0, min(float(request.EVTargetVoltage), turn.config.dc_ratings(turn.session.offer.service).maximum_voltage)
        )
    )
    response = m.DC_PreChargeRes(
        Header=turn.header, ResponseCode=m.ResponseCode.OK, EVSEPresentVoltage=rational(round(stage.voltage, 1))
    )
    return Answer(response, State.PRE_CHARGING)


def welding_detection(turn: Turn) -> Answer:
    """Shows the voltage at the outlet, which falls if the contactors of the car have opened."""
    response = m.DC_WeldingDetectionRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        EVSEPresentVoltage=rational(round(turn.station.dc.voltage, 1)),
    )
    return Answer(response, State.STOPPED)
