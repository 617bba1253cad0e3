"""AC_DER_IEC and MCS: charger and car against each other, and the grid code as DERControl (reference 3.6, 3.7)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.references.charger.car import Wire, code, rn
from tests.unit.references.charger.rig import encoded, exchange, rig, virtually
from v2gready.protocols.exi import violations
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_iec
from v2gready.protocols.iso15118.secc.config import AC_CHARGER, AcRatings, ChargerConfig
from v2gready.protocols.iso15118.secc.der import functions_of, negotiated, settings_of
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import (
    ALL_DER_FUNCTIONS,
    BASE_SERVICES,
    DER_CONTROLS,
    ControlMode,
    DerControlFunctions,
    ServiceId,
)
from v2gready.protocols.v2gtp import PayloadType
from v2gready.references.charger import der_settings
from v2gready.resources import folder

SETPOINTS = DerControlFunctions.DSO_Q_SETPOINT | DerControlFunctions.DSO_COS_PHI_SETPOINT
REFERENCE_CODE = der_settings("reference", AcRatings(), q_setpoint=2_000.0)
CODES = sorted(path.stem for path in (folder("fixtures") / "gridcodes").glob("*.toml"))


def der_wire(control: ControlMode = ControlMode.DYNAMIC, *, settings: Any = REFERENCE_CODE, **changes: Any) -> Wire:
    config = replace(AC_CHARGER, services=(ServiceId.AC, ServiceId.AC_DER_IEC), der=settings)
    return Wire(ServiceId.AC_DER_IEC, control, config=config, **changes)


def loops(wire: Wire) -> list[m.AC_ChargeLoopRes]:
    return [one for one in wire.finish() if isinstance(one, m.AC_ChargeLoopRes)]


# The grid code as DERControl


@given(st.sampled_from(range(1 << 12)))
def test_a_control_holds_exactly_the_negotiated_functions(bitmap: int) -> None:
    functions = DerControlFunctions(bitmap)
    control = REFERENCE_CODE.control
    told = negotiated(control, functions)
    assert functions_of(told) == functions_of(control) & functions
    for function in DER_CONTROLS:
        if function in functions:
            assert settings_of(told, function) == settings_of(control, function)


def test_without_functions_nothing_is_left() -> None:
    assert negotiated(REFERENCE_CODE.control, DerControlFunctions(0)) == m.DERControl()


@pytest.mark.parametrize("name", CODES)
def test_every_grid_code_is_a_control(name: str) -> None:
    settings = der_settings(name, AcRatings())
    assert list(violations(settings.control)) == []
    assert settings.bitmaps[0] & ~SETPOINTS == functions_of(settings.control)
    assert all(bitmap and bitmap & ~ALL_DER_FUNCTIONS == 0 for bitmap in settings.bitmaps)
    support = settings.control.ReactivePowerSupport
    for curve in (support.VoltVar, support.WattCosPhi) if support else ():
        xs = [float(one.xValue) for one in curve.CurveDataPoints.CurveDataPoint] if curve else []
        assert all(before < after for before, after in itertools.pairwise(xs))


def test_numbers_of_the_grid_code_arrive_in_their_units() -> None:
    control = REFERENCE_CODE.control
    active, reactive = control.ActivePowerSupport, control.ReactivePowerSupport
    assert active is not None
    assert active.OverFrequencyWatt is not None
    assert active.VoltWatt is not None
    assert reactive is not None
    assert reactive.VoltVar is not None
    assert control.UndervoltageFaultRideThrough is not None
    assert float(active.OverFrequencyWatt.Fstart) == 50.2
    assert float(active.VoltWatt.UStart) == 253.0
    first = reactive.VoltVar.CurveDataPoints.CurveDataPoint[0]
    assert (float(first.xValue), float(first.yValue.SetpointValue)) == (213.9, 3312.0)
    assert float(control.UndervoltageFaultRideThrough.VoltageLimitStartFRT) == 195.5


def test_an_unknown_grid_code() -> None:
    with pytest.raises(FileNotFoundError):
        der_settings("atlantis", AcRatings())


# Parameters


def test_the_car_may_ask_again_while_it_evaluates() -> None:
    wire = der_wire()
    wire.connect(der_rounds=3)
    asked = [one for one in wire.finish() if isinstance(one, m.AC_ChargeParameterDiscoveryRes)]
    assert [code(one) for one in asked] == ["OK"] * 4
    assert len({one.EnergyTransferMode.DERControl for one in asked}) == 1  # type: ignore[union-attr] # a DER mode


def test_no_schedule_while_it_evaluates() -> None:
    wire = der_wire()
    wire.connect(der_rounds=1)
    wire.reach(m.AC_ChargeParameterDiscoveryReq)
    wire.step()
    assert wire.state is State.SELECTED
    assert code(wire.answer(wire.build(m.ScheduleExchangeReq))) == "FAILED_SequenceError"


@pytest.mark.parametrize(
    "mode",
    [
        m.AC_CPDReqEnergyTransferMode(EVMaximumChargePower=rn(11_000), EVMinimumChargePower=rn(0)),
        m.BPT_AC_CPDReqEnergyTransferMode(
            EVMaximumChargePower=rn(11_000),
            EVMinimumChargePower=rn(0),
            EVMaximumDischargePower=rn(11_000),
            EVMinimumDischargePower=rn(0),
        ),
    ],
)
def test_parameters_without_a_der_mode_are_refused_in_kind(mode: Any) -> None:
    """DER-S-2."""
    wire = der_wire()
    wire.reach(m.AC_ChargeParameterDiscoveryReq)
    response = wire.step(lambda one: replace(one, EnergyTransferMode=mode))
    assert type(response) is der_iec.AC_ChargeParameterDiscoveryRes
    assert code(response) == "FAILED_WrongChargeParameter"
    assert type(response.EnergyTransferMode).__name__ == type(mode).__name__.replace("Req", "Res")


@pytest.mark.parametrize("control", list(ControlMode))
def test_a_loop_without_a_der_mode_is_refused(control: ControlMode) -> None:
    wire = der_wire(control)
    wire.settle(State.LOOP)
    request = wire.build(m.AC_ChargeLoopReq)
    plain = Wire(ServiceId.AC, control).build(m.AC_ChargeLoopReq).CLReqControlMode
    response = wire.answer(replace(request, CLReqControlMode=plain))
    assert type(response) is der_iec.AC_ChargeLoopRes
    assert code(response) == "FAILED"


@pytest.mark.parametrize("control", list(ControlMode))
@pytest.mark.parametrize("kind", [m.AC_ChargeParameterDiscoveryReq, m.AC_ChargeLoopReq])
def test_refusals_are_in_kind(control: ControlMode, kind: type) -> None:
    wire = der_wire(control)
    wire.settle(State.ESTABLISHED)
    request = wire.build(kind)
    response = wire.answer(request)
    assert code(response) == "FAILED_SequenceError"
    assert type(response).__module__ == der_iec.__name__
    assert list(codec.violations(response)) == []


@pytest.mark.parametrize(("signed", "sign"), [(True, -1), (False, 1)])
def test_the_sign_of_discharge_limits_is_a_switch(signed: bool, sign: int) -> None:
    wire = der_wire(settings=replace(REFERENCE_CODE, signed_limits=signed, maximum_discharge_power=5_000.0))
    for response in wire.finish():
        mode = getattr(response, "EnergyTransferMode", None) or getattr(response, "CLResControlMode", None)
        if mode is not None:
            assert sign * float(mode.EVSEMaximumDischargePower) > 0
            assert float(mode.EVSEMaximumChargePower) > 0
        if isinstance(response, m.AC_ChargeLoopRes):
            assert sign * float(mode.DSOMaximumDischargePower) > 0


# What the car takes


def test_the_car_takes_a_set_whose_functions_it_has() -> None:
    wire = der_wire()
    wire.connect(der_functions=REFERENCE_CODE.bitmaps[1])
    wire.settle(State.PARAMETERS_KNOWN)
    assert wire.evcc.memory.der_functions == REFERENCE_CODE.bitmaps[1]
    control = wire.evcc.memory.der_control
    assert control is not None
    assert functions_of(control) == REFERENCE_CODE.bitmaps[1]


def test_a_car_that_fits_no_set_stops_in_good_order() -> None:
    """DER-E-1."""
    wire = der_wire()
    wire.connect(der_functions=DerControlFunctions.WATT_VAR)
    assert [type(one).__name__ for one in wire.finish()][-2:] == ["ServiceDetailRes", "SessionStopRes"]


def test_an_undefined_function_is_one_that_the_car_has_not() -> None:
    wire = der_wire(faults=("der-bitmap-undefined",))
    assert [type(one).__name__ for one in wire.finish()][-2:] == ["ServiceDetailRes", "SessionStopRes"]


@pytest.mark.parametrize("control", list(ControlMode))
def test_reactive_power_follows_the_setpoint(control: ControlMode) -> None:
    wire = der_wire(control)
    wire.settle(State.LOOP)
    wire.step()
    assert wire.evcc.memory.reactive_power == pytest.approx(2_000, abs=2)
    request = wire.build(m.AC_ChargeLoopReq)
    assert float(request.CLReqControlMode.EVPresentReactivePower) == 2_000


def test_a_setpoint_for_a_function_that_was_not_negotiated_is_ignored() -> None:
    """DER-E-2."""
    wire = der_wire(faults=("der-setpoint-not-negotiated",))
    wire.connect(der_functions=ALL_DER_FUNCTIONS & ~SETPOINTS)
    told = loops(wire)
    assert all(one.CLResControlMode.DSOQSetpoint is not None for one in told)  # type: ignore[union-attr] # a DER mode
    assert wire.evcc.memory.reactive_power == 0.0


def test_no_more_reactive_power_is_asked_than_the_car_has() -> None:
    wire = der_wire()
    wire.connect(ratings=replace(wire.plan.ratings, maximum_reactive_power=900.0))
    mode: Any = loops(wire)[0].CLResControlMode
    assert sum(float(getattr(mode.DSOQSetpoint, f"DSOQSetpointValue{line}")) for line in ("", "_L2", "_L3")) == 900.0


@pytest.mark.parametrize(("wanted", "excitation"), [(0.95, "OverExcited"), (-0.9, "UnderExcited")])
def test_a_power_factor_as_setpoint(wanted: float, excitation: str) -> None:
    wire = der_wire(settings=replace(REFERENCE_CODE, cos_phi_setpoint=wanted))
    setpoint: Any = loops(wire)[0].CLResControlMode.DSOCosPhiSetpoint  # type: ignore[union-attr] # a DER mode
    assert float(setpoint.DSOCosPhiSetpointValue) == abs(wanted)
    assert setpoint.Excitation.name == excitation


# On the wire


def test_der_under_the_payload_type_of_ac_is_understood_and_answered_there() -> None:
    """Its own payload type is (unconfirmed): the grammar goes by the namespace."""

    async def main() -> None:
        wire = der_wire()
        async with rig(services=(*BASE_SERVICES, ServiceId.AC_DER_IEC), der=REFERENCE_CODE) as bench:
            stream = await bench.dial()
            evcc = wire.evcc
            while evcc.next_type is not m.ScheduleExchangeReq:
                request = evcc.next_request(0.0)
                evcc.sent(request, 0.0)
                payload_type, payload = encoded(request)
                if payload_type == PayloadType.AC_DER_IEC:
                    payload_type = PayloadType.AC
                frame = await exchange(stream, payload_type, payload)
                assert frame is not None
                assert frame.payload_type == payload_type
                found = codec.energy_set(codec.MessageSet.AC_DER_IEC.urn, payload_type)
                known = next(one for one in codec.MessageSet if one.payload_type == payload_type)
                evcc.receive(codec.decode(found or known, frame.payload), 0.0)
            assert evcc.memory.der_control is not None

    virtually(main)


# Megawatt charging


def test_a_megawatt_session() -> None:
    wire = Wire(ServiceId.MCS)
    truck = replace(
        wire.plan.ratings, maximum_charge_power=3.75e6, maximum_charge_current=3_000.0, maximum_voltage=1_250.0
    )
    wire.connect(ratings=truck)
    wire.battery.target_power = 1_000_000.0
    responses = wire.finish()
    assert all(code(one).startswith("OK") for one in responses)
    told = next(one for one in responses if isinstance(one, m.DC_ChargeParameterDiscoveryRes)).EnergyTransferMode
    assert told.EVSEMaximumChargePower == m.RationalNumber(Exponent=3, Value=3750)
    assert float(told.EVSEMaximumVoltage) == 1250.0


def test_dc_and_mcs_have_ratings_of_their_own() -> None:
    config = ChargerConfig(services=(ServiceId.DC, ServiceId.MCS))
    assert config.dc_ratings(ServiceId.DC).maximum_charge_power == 30_000
    assert config.dc_ratings(ServiceId.MCS_BPT).maximum_charge_power == 3_750_000
