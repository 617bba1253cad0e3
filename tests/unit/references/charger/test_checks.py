"""When which code other than OK is due (reference 4.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.charger.car import Change, Wire, code, rn
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import ContactorDefect
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import BASE_SERVICES, BptChannel, ControlMode, ServiceId

WRONG = "FAILED_WrongChargeParameter"


def answered(wire: Wire, kind: type, change: Change) -> str:
    """Code of the response to a changed request; a failure must have ended the session."""
    wire.reach(kind)
    reply = wire.ask(change(wire.build(kind)))
    name = code(reply.messages[0])
    assert reply.close == name.startswith("FAILED")
    return name


def mode(**changes: Any) -> Change:
    return lambda request: replace(request, EnergyTransferMode=replace(request.EnergyTransferMode, **changes))


# Services


def test_service_detail_of_an_unoffered_service() -> None:
    wire = Wire(ServiceId.DC)
    assert answered(wire, m.ServiceDetailReq, lambda one: replace(one, ServiceID=99)) == "FAILED_ServiceIDInvalid"


@pytest.mark.parametrize(
    ("service", "parameter_set", "expected"),
    [
        (ServiceId.DC, 1, "OK"),
        (ServiceId.DC_BPT, 3, "OK"),
        (ServiceId.DC_BPT, 4, "FAILED_ServiceSelectionInvalid"),
        (ServiceId.AC, 1, "FAILED_ServiceSelectionInvalid"),
        (99, 1, "FAILED_ServiceSelectionInvalid"),
        (65, 1, "FAILED_NoEnergyTransferServiceSelected"),
    ],
)
def test_service_selection(service: int, parameter_set: int, expected: str) -> None:
    selected = m.SelectedService(ServiceID=int(service), ParameterSetID=parameter_set)
    change: Change = lambda one: replace(one, SelectedEnergyTransferService=selected)  # noqa: E731
    assert answered(Wire(), m.ServiceSelectionReq, change) == expected


def test_unknown_ids_in_discovery_still_get_the_energy_services() -> None:
    """[V2G20-1248]."""
    wire = Wire()
    wire.reach(m.ServiceDiscoveryReq)
    unknown = m.ServiceIDList(ServiceID=(77, 99))
    response = wire.step(lambda one: replace(one, SupportedServiceIDs=unknown))
    assert [one.ServiceID for one in response.EnergyTransferServiceList.Service] == [ServiceId.DC, ServiceId.DC_BPT]


@pytest.mark.parametrize("service", list(ServiceId))
def test_parameter_sets(service: ServiceId) -> None:
    """[V2G20-2656], [V2G20-2663]."""
    wire = Wire(service)
    wire.reach(m.ServiceDetailReq)
    sets = [
        {one.Name: one.intValue for one in parameter_set.Parameter}
        for parameter_set in wire.step().ServiceParameterList.ParameterSet
    ]
    assert {one["ControlMode"] for one in sets} == {1, 2}
    assert all(one["ControlMode"] == 2 for one in sets if one["MobilityNeedsMode"] == 2)
    bpt = {"BPTChannel", "GeneratorMode"} | ({"GridCodeIslandingDetectionMethod"} if not service.is_dc else set())
    for one in sets:
        assert bpt <= set(one) if service.is_bpt else not bpt & set(one)
        assert ("EVSENominalVoltage" in one) == (not service.is_dc)


# Charge parameters


@pytest.mark.parametrize("service", BASE_SERVICES)
def test_bpt_mode_and_service_must_agree(service: ServiceId) -> None:
    """[V2G20-1619]."""
    wire = Wire(service)
    kind = m.DC_ChargeParameterDiscoveryReq if service.is_dc else m.AC_ChargeParameterDiscoveryReq
    others = {
        ServiceId.AC: ServiceId.AC_BPT,
        ServiceId.AC_BPT: ServiceId.AC,
        ServiceId.DC: ServiceId.DC_BPT,
        ServiceId.DC_BPT: ServiceId.DC,
    }
    other = Wire(others[service])
    other.reach(kind)
    wrong = other.build(kind).EnergyTransferMode
    assert answered(wire, kind, lambda one: replace(one, EnergyTransferMode=wrong)) == WRONG


@pytest.mark.parametrize(
    "changes",
    [
        {"EVMinimumChargePower": rn(20_000)},
        {"EVMinimumChargeCurrent": rn(100)},
        {"EVMinimumVoltage": rn(470)},
        {"EVMinimumDischargePower": rn(20_000)},
        {"EVMinimumDischargeCurrent": rn(50)},
        {"EVMaximumVoltage": rn(150), "EVMinimumVoltage": rn(100)},
        {"EVMaximumVoltage": rn(1200), "EVMinimumVoltage": rn(1000)},
        {"EVMaximumVoltage": rn(0), "EVMinimumVoltage": rn(0)},
        {"EVMaximumChargePower": rn(-1)},
        {"EVMaximumChargePower": m.RationalNumber(Exponent=127, Value=1)},
        {"EVMaximumChargeCurrent": m.RationalNumber(Exponent=127, Value=32767)},
        {"EVMaximumVoltage": m.RationalNumber(Exponent=4, Value=1)},
        {"EVMaximumChargePower": m.RationalNumber(Exponent=-128, Value=-1)},
    ],
)
def test_wrong_dc_parameters(changes: dict[str, Any]) -> None:
    assert answered(Wire(), m.DC_ChargeParameterDiscoveryReq, mode(**changes)) == WRONG


@pytest.mark.parametrize(
    "changes",
    [
        {"EVMaximumDischargePower": rn(-11_000), "EVMaximumDischargeCurrent": rn(-32)},
        {"EVMaximumChargePower": rn(300_000)},
        {"EVMaximumVoltage": rn(1000)},
        {"EVMinimumChargePower": m.RationalNumber(Exponent=-128, Value=1)},
        {"TargetSOC": 80},
    ],
)
def test_right_dc_parameters(changes: dict[str, Any]) -> None:
    """Discharge limits of either sign, and a car that is larger than the charger."""
    assert answered(Wire(), m.DC_ChargeParameterDiscoveryReq, mode(**changes)) == "OK"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"EVMinimumChargePower": rn(12_000)}, WRONG),
        ({"EVMinimumDischargePower": rn(12_000)}, WRONG),
        ({"EVMaximumChargePower": m.RationalNumber(Exponent=100, Value=1)}, WRONG),
        ({"EVMaximumChargePower": rn(11_040)}, "OK"),
        (
            {
                name: rn(3_680)
                for name in ("EVMaximumChargePower", "EVMaximumChargePower_L2", "EVMaximumChargePower_L3")
            },
            "OK",
        ),
    ],
)
def test_ac_parameters(changes: dict[str, Any], expected: str) -> None:
    wire = Wire(ServiceId.AC_BPT)
    assert answered(wire, m.AC_ChargeParameterDiscoveryReq, mode(**changes)) == expected


def test_limits_per_phase_or_as_sum() -> None:
    """[V2G20-1817]."""
    for per_phase in (True, False):
        wire = Wire(ServiceId.AC_BPT, per_phase=per_phase)
        wire.reach(m.AC_ChargeParameterDiscoveryReq)
        limits = wire.step().EnergyTransferMode
        assert float(limits.EVSEMaximumChargePower) == (7_360 if per_phase else 22_080)
        assert (limits.EVSEMaximumChargePower_L3 is not None) == per_phase
        assert (limits.EVSEMaximumDischargePower_L2 is not None) == per_phase


@pytest.mark.parametrize(("signed", "expected"), [(False, 30_000), (True, -30_000)])
def test_sign_of_discharge_limits(signed: bool, expected: float) -> None:
    wire = Wire(signed_discharge_limits=signed)
    wire.reach(m.DC_ChargeParameterDiscoveryReq)
    assert float(wire.step().EnergyTransferMode.EVSEMaximumDischargePower) == expected


# Schedules


@pytest.mark.parametrize("points", [12, 23, 24, 1024])
def test_no_more_entries_than_the_car_can_hold(points: int) -> None:
    wire = Wire()
    wire.reach(m.ScheduleExchangeReq)
    (offered,) = wire.step(lambda one: replace(one, MaximumSupportingPoints=points)).SEResControlMode.ScheduleTuple
    for schedule in (offered.ChargingSchedule, offered.DischargingSchedule):
        entries = schedule.PowerSchedule.PowerScheduleEntries.PowerScheduleEntry
        assert len(entries) == min(points, 24)
        assert sum(one.Duration for one in entries) == 24 * 3600


@pytest.mark.parametrize("control", list(ControlMode))
def test_schedule_in_another_control_mode_than_selected(control: ControlMode) -> None:
    """[V2G20-1600]."""
    wrong = Wire(control=ControlMode.DYNAMIC if control is ControlMode.SCHEDULED else ControlMode.SCHEDULED)
    wrong.reach(m.ScheduleExchangeReq)
    other = wrong.build(m.ScheduleExchangeReq).SEReqControlMode
    wire = Wire(control=control)
    assert answered(wire, m.ScheduleExchangeReq, lambda one: replace(one, SEReqControlMode=other)) == "FAILED"


def test_soc_limits_come_in_pairs() -> None:
    """[V2G20-2681]."""

    def lone(request: Any) -> Any:
        return replace(request, SEReqControlMode=replace(request.SEReqControlMode, TargetSOC=None))

    assert answered(Wire(control=ControlMode.DYNAMIC), m.ScheduleExchangeReq, lone) == "FAILED"


def profile(**changes: Any) -> Change:
    return lambda request: replace(request, EVPowerProfile=replace(request.EVPowerProfile, **changes))


def entries(*powers: float, seconds: int = 3600) -> m.EVPowerProfileEntryList:
    return m.EVPowerProfileEntryList(
        EVPowerProfileEntry=tuple(m.PowerScheduleEntry(Duration=seconds, Power=rn(watts)) for watts in powers)
    )


def scheduled(tuple_id: int, acceptance: m.PowerToleranceAcceptance | None = None) -> m.Scheduled_EVPPTControlMode:
    return m.Scheduled_EVPPTControlMode(SelectedScheduleTupleID=tuple_id, PowerToleranceAcceptance=acceptance)


HALF = ((3600, 1.0), (3600, 0.5))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (profile(), "OK"),
        (profile(EVPPTControlMode=scheduled(3)), "FAILED_ScheduleSelectionInvalid"),
        (profile(EVPPTControlMode=m.Dynamic_EVPPTControlMode()), "FAILED_EVPowerProfileInvalid"),
        (profile(EVPowerProfileEntries=entries(30_000, 15_000)), "OK"),
        (profile(EVPowerProfileEntries=entries(30_000, 15_100)), "FAILED_EVPowerProfileInvalid"),
        (profile(EVPowerProfileEntries=entries(31_000)), "FAILED_EVPowerProfileInvalid"),
        (profile(EVPowerProfileEntries=entries(20_000, seconds=7200)), "FAILED_EVPowerProfileInvalid"),
        (profile(EVPowerProfileEntries=entries(-30_000, -15_000)), "OK"),
        (profile(EVPowerProfileEntries=entries(-30_000, -16_000)), "FAILED_EVPowerProfileInvalid"),
        (lambda request: replace(request, EVPowerProfile=None), "OK"),
    ],
)
def test_power_profile(change: Change, expected: str) -> None:
    assert answered(Wire(schedule=HALF), m.PowerDeliveryReq, change) == expected


def test_no_discharging_without_a_schedule_for_it() -> None:
    wire = Wire(ServiceId.DC)
    change = profile(EVPowerProfileEntries=entries(-100))
    assert answered(wire, m.PowerDeliveryReq, change) == "FAILED_EVPowerProfileInvalid"


def test_a_required_profile() -> None:
    wire = Wire(profile_required=True)
    change: Change = lambda request: replace(request, EVPowerProfile=None)  # noqa: E731
    assert answered(wire, m.PowerDeliveryReq, change) == "FAILED_EVPowerProfileInvalid"


@pytest.mark.parametrize(
    ("acceptance", "expected"),
    [
        (m.PowerToleranceAcceptance.PowerToleranceConfirmed, "OK_PowerToleranceConfirmed"),
        (m.PowerToleranceAcceptance.PowerToleranceNotConfirmed, "WARNING_PowerToleranceNotConfirmed"),
        (None, "WARNING_PowerToleranceNotConfirmed"),
    ],
)
def test_power_tolerance(acceptance: m.PowerToleranceAcceptance | None, expected: str) -> None:
    wire = Wire(power_tolerance=500.0)
    assert answered(wire, m.PowerDeliveryReq, profile(EVPPTControlMode=scheduled(1, acceptance))) == expected


@pytest.mark.parametrize("channel", [None, m.ChannelSelection.Charge])
def test_separated_channels_want_a_choice(channel: m.ChannelSelection | None) -> None:
    """[V2G20-2123]."""
    wire = Wire(bpt_channel=BptChannel.SEPARATED)
    change: Change = lambda request: replace(request, BPT_ChannelSelection=channel)  # noqa: E731
    assert answered(wire, m.PowerDeliveryReq, change) == ("OK" if channel is not None else "FAILED")


# Power delivery


def test_a_car_that_is_not_ready_asks_again() -> None:
    wire = Wire(ServiceId.AC)
    ongoing: Change = lambda request: replace(request, EVProcessing=m.Processing.Ongoing)  # noqa: E731
    assert answered(wire, m.PowerDeliveryReq, ongoing) == "OK"
    assert wire.state is State.READY
    assert not wire.station.ac.contactor
    assert code(wire.finish()[-1]) == "OK"


@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.DC])
def test_a_contactor_that_does_not_close(service: ServiceId) -> None:
    wire = Wire(service)
    wire.station.stage(wire.secc.session.family).defect = ContactorDefect.STUCK_OPEN
    if service.is_dc:
        wire.reach(m.DC_CableCheckReq)
        assert code(wire.step()) == "FAILED_ContactorError"
    else:
        assert answered(wire, m.PowerDeliveryReq, lambda one: one) == "FAILED_ContactorError"


def test_a_contactor_that_does_not_open() -> None:
    wire = Wire(ServiceId.AC)
    wire.settle(State.LOOP)
    wire.station.ac.defect = ContactorDefect.WELDED
    stop = replace(wire.build(m.PowerDeliveryReq), ChargeProgress=m.ChargeProgress.Stop)
    assert code(wire.answer(stop)) == "FAILED_ContactorError"


def test_a_contactor_that_is_closed_already_is_as_good() -> None:
    """AC-S-1."""
    wire = Wire(ServiceId.AC)
    wire.reach(m.PowerDeliveryReq)
    wire.station.ac.close()
    assert code(wire.step()) == "OK"


def standby(request: m.PowerDeliveryReq) -> m.PowerDeliveryReq:
    return replace(request, ChargeProgress=m.ChargeProgress.Standby)


@pytest.mark.parametrize("service", [ServiceId.AC_BPT, ServiceId.DC_BPT])
def test_standby_and_back(service: ServiceId) -> None:
    wire = Wire(service, ControlMode.DYNAMIC)
    wire.settle(State.LOOP)
    assert code(wire.answer(standby(wire.build(m.PowerDeliveryReq)))) == "OK"
    loop = m.DC_ChargeLoopReq if service.is_dc else m.AC_ChargeLoopReq
    for _ in range(5):
        suspended = wire.answer(wire.build(loop))
    if service.is_dc:
        assert float(suspended.EVSEPresentCurrent) == 0
    else:
        assert float(suspended.CLResControlMode.EVSETargetActivePower) == 0
    wire.station.notify(m.EvseNotification.ExitStandby)
    assert wire.answer(wire.build(loop)).EVSEStatus.EVSENotification is m.EvseNotification.ExitStandby
    assert code(wire.answer(wire.build(m.PowerDeliveryReq))) == "OK"
    assert wire.station.notification is None
    assert not wire.secc.session.standby


def test_refused_standby_is_a_warning() -> None:
    wire = Wire(ServiceId.AC, standby=False)
    assert answered(wire, m.PowerDeliveryReq, standby) == "WARNING_StandbyNotAllowed"
    assert wire.state is State.READY


def test_no_standby_without_a_cable_check() -> None:
    wire = Wire(ServiceId.DC)
    wire.settle(State.SCHEDULED)
    assert code(wire.answer(standby(wire.build(m.PowerDeliveryReq)))) == "WARNING_StandbyNotAllowed"
    assert wire.state is State.SCHEDULED


# DC


def test_the_cable_check_takes_its_time() -> None:
    wire = Wire()
    wire.reach(m.DC_CableCheckReq)
    first = wire.step()
    begun = wire.now
    assert first.EVSEProcessing is m.Processing.Ongoing
    wire.settle(State.CABLE_CHECKED)
    assert 0.5 < wire.now - begun < 38
    assert max(value for channel, value, _ in wire.samples if channel == "dc.voltage") >= 400
    assert wire.station.dc.voltage < 60


def test_an_isolation_fault_fails_the_cable_check() -> None:
    wire = Wire()
    wire.station.dc.insulated = False
    wire.settle(State.CABLE_CHECKING)
    while wire.state is State.CABLE_CHECKING:
        response = wire.step()
    assert (code(response), response.EVSEProcessing) == ("FAILED", m.Processing.Finished)
    assert not wire.station.dc.contactor


def test_pre_charge_reaches_the_target() -> None:
    wire = Wire()
    wire.reach(m.DC_PreChargeReq)
    begun = wire.now
    wire.reach(m.PowerDeliveryReq)
    assert abs(wire.station.dc.voltage - 400) < 1
    assert wire.now - begun < 5
    assert wire.station.dc.current == 0


def test_pre_charge_never_exceeds_the_rating() -> None:
    wire = Wire()
    wire.reach(m.DC_PreChargeReq)
    for _ in range(100):
        response = wire.answer(replace(wire.build(m.DC_PreChargeReq), EVTargetVoltage=rn(2_000)))
    assert float(response.EVSEPresentVoltage) == 950


def test_welding_detection_shows_the_voltage_falling() -> None:
    wire = Wire()
    wire.settle(State.STOPPED)
    voltages = [float(wire.answer(wire.build(m.DC_WeldingDetectionReq)).EVSEPresentVoltage) for _ in range(20)]
    assert voltages == sorted(voltages, reverse=True)
    assert voltages[-1] < 60
