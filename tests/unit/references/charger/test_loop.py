"""The charge loop: setpoints, limits, flags, meter and notifications (reference 4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.charger.car import Wire, code, rn
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.quantities import total
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import ControlMode, ServiceId


def looping(service: ServiceId = ServiceId.DC_BPT, control: ControlMode = ControlMode.SCHEDULED, **config: Any) -> Wire:
    wire = Wire(service, control, **config)
    wire.settle(State.LOOP)
    return wire


def loop(wire: Wire, times: int = 10, **mode: Any) -> Any:
    """The last of several charge loops with a changed control mode."""
    kind = m.DC_ChargeLoopReq if wire.plan.service.is_dc else m.AC_ChargeLoopReq
    for _ in range(times):
        request = wire.build(kind)
        response = wire.answer(replace(request, CLReqControlMode=replace(request.CLReqControlMode, **mode)))
    return response


def flags(response: m.DC_ChargeLoopRes) -> tuple[bool, bool, bool]:
    return response.EVSEPowerLimitAchieved, response.EVSECurrentLimitAchieved, response.EVSEVoltageLimitAchieved


@pytest.mark.parametrize(
    ("target", "voltage", "current", "expected"),
    [
        (20, 400, 20, (False, False, False)),
        (-20, 400, -20, (False, False, False)),
        (0, 400, 0, (False, False, False)),
        (79, 400, 75, (True, False, False)),  # 30 kW at 400 V
        (200, 400, 75, (True, True, False)),
        (-200, 400, -75, (True, True, False)),
        (20, 950, 20, (False, False, True)),
        (20, 2_000, 20, (False, False, True)),
    ],
)
def test_targets_are_followed_within_the_limits(target: float, voltage: float, current: float, expected: Any) -> None:
    """[V2G20-2188]: a target above the limit is legal and limited."""
    wire = looping()
    response = loop(wire, EVTargetCurrent=rn(target), EVTargetVoltage=rn(voltage))
    assert not code(response).startswith("FAILED")
    assert float(response.EVSEPresentCurrent) == pytest.approx(current, abs=0.01)
    assert flags(response) == expected
    assert response.EVSEPresentVoltage == rn(400)


def test_no_discharging_without_bpt() -> None:
    wire = looping(ServiceId.DC)
    response = loop(wire, EVTargetCurrent=rn(-20))
    assert float(response.EVSEPresentCurrent) == 0


@pytest.mark.parametrize(
    ("watts", "power"),
    [(8_000, 8_000), (-8_000, -8_000), (50_000, 11_000), (-50_000, -11_000), (0, 0)],
)
@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_the_station_steers_in_dynamic_mode(service: ServiceId, watts: float, power: float) -> None:
    """Within the limits of both: the car of these tests takes and gives 11 kW."""
    wire = looping(service, ControlMode.DYNAMIC)
    wire.station.set_power(watts)
    response = loop(wire)
    if service.is_dc:
        assert float(response.EVSEPresentCurrent) * float(response.EVSEPresentVoltage) == pytest.approx(power, abs=5)
    else:
        assert total(response.CLResControlMode, "EVSETargetActivePower") == pytest.approx(power, abs=3)


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.AC])
def test_a_one_way_service_is_never_discharged(service: ServiceId) -> None:
    wire = looping(service, ControlMode.DYNAMIC)
    wire.station.set_power(-5_000)
    response = loop(wire)
    if service.is_dc:
        assert float(response.EVSEPresentCurrent) == 0
    else:
        assert total(response.CLResControlMode, "EVSETargetActivePower") == 0


def test_all_that_both_can_without_a_command() -> None:
    wire = looping(control=ControlMode.DYNAMIC)
    response = loop(wire)
    assert wire.station.dc.power == pytest.approx(11_000, abs=5)
    assert not flags(response)[0]  # the car is the limit, not the charger


def test_the_loop_may_lower_the_limits_of_the_car() -> None:
    wire = looping(control=ControlMode.DYNAMIC)
    loop(wire, EVMaximumChargePower=rn(4_000))
    assert wire.station.dc.power == pytest.approx(4_000, abs=5)
    loop(wire, EVMaximumChargePower=rn(0))
    assert wire.station.dc.power == 0


def test_an_empty_battery_is_not_discharged() -> None:
    wire = looping(control=ControlMode.DYNAMIC)
    wire.station.set_power(-5_000)
    loop(wire, EVMinimumVoltage=rn(400))
    assert wire.station.dc.current == 0


@pytest.mark.parametrize(("honour", "power"), [(True, 0), (False, -5_000)])
def test_v2x_band(honour: bool, power: float) -> None:
    wire = looping(control=ControlMode.DYNAMIC, honour_v2x_band=honour)
    wire.station.set_power(-5_000)
    loop(wire, EVMinimumV2XEnergyRequest=rn(1_000))
    assert wire.station.dc.power == pytest.approx(power, abs=5)


def test_a_cap_in_scheduled_mode() -> None:
    """`Station.set_power` narrows the limits that are announced, and they are kept [V2G20-2654]."""
    wire = looping()
    wire.station.set_power(4_000)
    response = loop(wire, EVTargetCurrent=rn(70))
    assert float(response.CLResControlMode.EVSEMaximumChargePower) == 4_000
    assert float(response.CLResControlMode.EVSEMaximumDischargePower) == 30_000
    assert wire.station.dc.power == pytest.approx(4_000)
    assert flags(response)[0]
    wire.station.set_power(-3_000)
    response = loop(wire, EVTargetCurrent=rn(-70))
    assert float(response.CLResControlMode.EVSEMaximumDischargePower) == 3_000
    assert wire.station.dc.power == pytest.approx(-3_000)


@pytest.mark.parametrize("control", list(ControlMode))
def test_loop_limits_never_exceed_those_of_the_discovery(control: ControlMode) -> None:
    """[V2G20-2654]."""
    wire = Wire(control=control, schedule=((3600, 0.5),))
    wire.reach(m.DC_ChargeParameterDiscoveryReq)
    known = wire.step().EnergyTransferMode
    wire.settle(State.LOOP)
    mode = loop(wire, 1).CLResControlMode
    for name in ("ChargePower", "ChargeCurrent", "Voltage", "DischargePower", "DischargeCurrent"):
        attribute = f"EVSEMaximum{name}"
        assert float(getattr(mode, attribute)) <= float(getattr(known, attribute))
    if control is ControlMode.SCHEDULED:
        assert float(mode.EVSEMaximumChargePower) == 15_000


def test_the_loop_in_another_mode_than_selected_fails() -> None:
    """[V2G20-1600]; reference 4.3."""
    for service, control in ((ServiceId.DC_BPT, ControlMode.DYNAMIC), (ServiceId.DC, ControlMode.SCHEDULED)):
        wire = looping()
        other = looping(service, control)
        wrong = replace(
            wire.build(m.DC_ChargeLoopReq), CLReqControlMode=other.build(m.DC_ChargeLoopReq).CLReqControlMode
        )
        reply = wire.ask(wrong)
        assert code(reply.messages[0]) == "FAILED"
        assert (
            type(reply.messages[0].CLResControlMode).__name__.replace("Res", "Req")
            == type(wrong.CLReqControlMode).__name__
        )
        assert reply.close
        assert not wire.station.dc.contactor


@pytest.mark.parametrize("voltage", [0, 32_767_000, 5])
def test_a_senseless_voltage_does_no_harm(voltage: float) -> None:
    wire = looping()
    request = replace(wire.build(m.DC_ChargeLoopReq), EVPresentVoltage=rn(voltage))
    for _ in range(5):
        response = wire.answer(request)
    assert 0 < float(response.EVSEPresentVoltage) <= 950
    assert abs(float(response.EVSEPresentCurrent)) <= 80


def test_leaving_the_profile_is_a_warning_while_it_lasts() -> None:
    """[V2G20-1953]."""
    wire = looping()
    assert code(loop(wire, EVTargetCurrent=rn(20))) == "OK"
    assert code(loop(wire, EVTargetCurrent=rn(60))) == "WARNING_EVPowerProfileViolation"
    assert code(loop(wire, EVTargetCurrent=rn(20))) == "OK"
    assert code(loop(wire, EVTargetCurrent=rn(-20))) == "OK"


# Meter


def test_meter_info_comes_first_and_when_asked_for() -> None:
    """[V2G20-1833], [V2G20-1082]."""
    wire = Wire()
    wire.settle(State.STARTED)
    silent = replace(wire.build(m.DC_ChargeLoopReq), MeterInfoRequested=False)
    assert wire.answer(silent).MeterInfo is not None
    assert wire.answer(silent).MeterInfo is None
    assert wire.answer(replace(silent, MeterInfoRequested=True)).MeterInfo is not None
    assert wire.answer(silent).MeterInfo is None


def test_readings_are_monotonic_both_ways() -> None:
    wire = looping()
    readings = []
    for amps in (70, -70, 70):
        for _ in range(200):
            meter = loop(wire, 1, EVTargetCurrent=rn(amps)).MeterInfo
            readings.append((meter.ChargedEnergyReadingWh, meter.BPT_DischargedEnergyReadingWh))
    charged, discharged = ([one[column] for one in readings] for column in (0, 1))
    assert charged == sorted(charged)
    assert discharged == sorted(discharged)
    assert charged[-1] - charged[0] > 100
    assert discharged[-1] - discharged[0] > 50


def test_a_charger_without_a_meter_tells_no_readings() -> None:
    assert loop(looping(metering=False), 1).MeterInfo is None


def test_a_one_way_service_has_one_register() -> None:
    assert loop(looping(ServiceId.DC), 1).MeterInfo.BPT_DischargedEnergyReadingWh is None


def test_metering_confirmation_when_asked_for() -> None:
    """[V2G20-1083]."""
    wire = looping()
    wire.station.notify(m.EvseNotification.MeteringConfirmation)
    response = loop(wire, 1)
    assert response.MeterInfo is not None
    assert wire.state is State.LOOP_METERING
    data = m.SignedMeteringData(
        Id="id1",
        SessionID=wire.secc.session.id,
        MeterInfo=response.MeterInfo,
        SMDTControlMode=m.Scheduled_SMDTControlMode(SelectedScheduleTupleID=1),
    )
    header = m.MessageHeader(SessionID=wire.secc.session.id, TimeStamp=1)
    assert code(wire.answer(m.MeteringConfirmationReq(Header=header, SignedMeteringData=data))) == "OK"
    assert wire.state is State.LOOP
    assert loop(wire, 1).EVSEStatus is None


# Notifications


@pytest.mark.parametrize(("control", "delay"), [(ControlMode.SCHEDULED, 0), (ControlMode.DYNAMIC, 60)])
def test_notifications_repeat_until_the_car_reacts(control: ControlMode, delay: int) -> None:
    wire = looping(control=control)
    wire.station.notify(m.EvseNotification.Terminate)
    for _ in range(3):
        status = loop(wire, 1).EVSEStatus
        assert (status.EVSENotification, status.NotificationMaxDelay) == (m.EvseNotification.Terminate, delay)
    wire.step()
    assert code(wire.finish()[-1]) == "OK"
    assert wire.station.notification is None


# AC


def test_the_ac_outlet_shows_what_the_car_draws() -> None:
    wire = looping(ServiceId.AC_BPT)
    phases = {"EVPresentActivePower_L2": rn(3_000), "EVPresentActivePower_L3": rn(3_000)}
    response = loop(wire, 2, EVPresentActivePower=rn(3_000), **phases)
    assert wire.station.ac.power == 9_000
    assert total(response.CLResControlMode, "EVSEPresentActivePower") == 9_000
    assert wire.station.ac.voltage == 230
    loop(wire, 2, EVPresentActivePower=rn(-6_000))
    assert wire.station.ac.power == -6_000
    wire.settle(State.STOPPED)
    assert (wire.station.ac.power, wire.station.ac.voltage) == (0, 0)


def test_ac_targets_per_phase_or_as_sum() -> None:
    for per_phase in (True, False):
        wire = looping(ServiceId.AC_BPT, ControlMode.DYNAMIC, per_phase=per_phase)
        wire.station.set_power(-6_000)
        mode = loop(wire, 1).CLResControlMode
        assert float(mode.EVSETargetActivePower) == (-2_000 if per_phase else -6_000)
        assert (mode.EVSETargetActivePower_L3 is not None) == per_phase


def test_scheduled_ac_has_a_target_only_if_the_station_wants_one() -> None:
    wire = looping(ServiceId.AC)
    assert loop(wire, 1).CLResControlMode.EVSETargetActivePower is None
    wire.station.set_power(3_000)
    assert total(loop(wire, 1).CLResControlMode, "EVSETargetActivePower") == 3_000
