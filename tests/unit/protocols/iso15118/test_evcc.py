"""The EVCC core: its table, its timers, and that it never sends what a good car would not."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from v2gready.emulators.ev import BatteryVehicle
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import (
    Advanced,
    Evcc,
    LocalProtocolError,
    Offer,
    Outcome,
    PeerViolation,
    Phase,
    Plan,
    Provisioning,
    TimedOut,
    next_phase,
    request_type,
)
from v2gready.protocols.iso15118.evcc.table import AC, DC
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.pki import Credential


@functools.cache
def credential(name: str) -> Credential:
    key = ec.generate_private_key(ec.SECP521R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 7, begin, begin + timedelta(days=365))
    return Credential(builder.sign(key, hashes.SHA512()), key)


SESSION = bytes.fromhex("0102030405060708")


def evcc(**plan: object) -> Evcc:
    return Evcc(Plan(**plan), BatteryVehicle(unix_start=datetime(2026, 1, 1, tzinfo=UTC), start=0.0))  # type: ignore[arg-type]


def header(session: bytes = SESSION) -> m.MessageHeader:
    return m.MessageHeader(SessionID=session, TimeStamp=1)


def at(phase: Phase, **plan: object) -> Evcc:
    """An EVCC that has asked the request of a phase."""
    core = evcc(**plan)
    core.phase = phase
    core.memory = type(core.memory)(session_id=SESSION)
    core.sent(core.next_request(0.0), 0.0)
    return core


@pytest.mark.parametrize("table", [AC, DC])
def test_every_phase_is_reached_and_left(table: dict[tuple[Phase, Outcome], Phase]) -> None:
    dc_only = {Phase.CABLE_CHECK, Phase.PRE_CHARGE, Phase.WELDING_DETECTION}
    phases = set(Phase) - (set() if table is DC else dc_only)
    reached = {Phase.SUPPORTED_APP_PROTOCOL}
    while new := {after for (before, _), after in table.items() if before in reached} - reached:
        reached |= new
    assert reached == phases
    assert {before for before, _ in table} == phases - {Phase.CLOSED}


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
@pytest.mark.parametrize("dc", [True, False])
def test_a_failed_response_ends_the_session_from_everywhere(phase: Phase, dc: bool) -> None:
    assert next_phase(phase, Outcome.FAILED, dc=dc) is Phase.CLOSED


@pytest.mark.parametrize("service", list(ServiceId))
@pytest.mark.parametrize("control", list(ControlMode))
@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
def test_every_request_is_valid_and_of_its_type(service: ServiceId, control: ControlMode, phase: Phase) -> None:
    oem = credential("WMI1234567890ABCD5")
    provisioning = Provisioning(oem, (oem.certificate,))
    core = evcc(service=service, control=control, provisioning=provisioning)
    core.phase = phase
    request = core.next_request(0.0)
    wanted = request_type(phase, dc=service.is_dc)
    # AC_DER has the messages of AC with a grammar of its own.
    assert isinstance(request, wanted) if service.is_der else type(request) is wanted
    member = codec.message_set(request)
    assert codec.decode(member, codec.encode(request)) == request


def test_a_closed_session_sends_nothing() -> None:
    core = evcc()
    core.phase = Phase.CLOSED
    with pytest.raises(LocalProtocolError):
        core.next_request(0.0)
    assert core.next_type is None


@pytest.mark.parametrize(
    ("phase", "seconds"),
    [(Phase.SESSION_SETUP, 2.0), (Phase.SERVICE_DETAIL, 5.0), (Phase.CHARGE_LOOP, 0.5), (Phase.CABLE_CHECK, 2.0)],
)
def test_the_message_timer_ends_the_session(phase: Phase, seconds: float) -> None:
    core = at(phase)
    assert core.get_timer() == seconds
    assert core.handle_timer(seconds - 0.001) == []
    assert core.handle_timer(seconds) == [TimedOut("V2G_EVCC_Msg_Timeout", seconds)]
    assert core.phase is Phase.CLOSED


def test_endless_ongoing_ends_at_the_ongoing_timeout() -> None:
    core = at(Phase.AUTHORIZATION)
    ongoing = m.AuthorizationRes(Header=header(), ResponseCode=m.ResponseCode.OK, EVSEProcessing=m.Processing.Ongoing)
    for second in range(1, 60):
        assert core.receive(ongoing, float(second)) == [
            Advanced(Phase.AUTHORIZATION, Outcome.ONGOING, Phase.AUTHORIZATION)
        ]
        core.sent(core.next_request(float(second)), float(second))
    assert core.receive(ongoing, 60.0)[-1] == TimedOut("V2G_EVCC_Ongoing_Timeout", 60.0)


def test_a_wrong_response_is_a_violation_of_the_peer_and_no_exception() -> None:
    core = at(Phase.AUTHORIZATION)
    wrong = m.SessionStopRes(Header=header(), ResponseCode=m.ResponseCode.OK)
    (event,) = core.receive(wrong, 0.1)
    assert event == PeerViolation("AuthorizationRes expected, SessionStopRes came")
    assert core.phase is Phase.CLOSED


def test_a_foreign_session_id_is_a_violation() -> None:
    core = at(Phase.AUTHORIZATION_SETUP)
    answer = m.AuthorizationSetupRes(
        Header=header(bytes(7) + b"\x09"),
        ResponseCode=m.ResponseCode.OK,
        AuthorizationServices=(m.Authorization.EIM,),
        CertificateInstallationService=False,
        ASResAuthorizationMode=m.EIM_ASResAuthorizationMode(),
    )
    (event,) = core.receive(answer, 0.1)
    assert isinstance(event, PeerViolation)
    assert "0000000000000009" in event.what


def test_octets_that_do_not_decode_end_the_session() -> None:
    assert isinstance(at(Phase.SESSION_SETUP).receive(None, 0.1)[0], PeerViolation)


def test_a_joined_session_goes_straight_to_charge_parameters() -> None:
    core = at(Phase.SESSION_SETUP, session_id=SESSION)
    core.receive(
        m.SessionSetupRes(Header=header(), ResponseCode=m.ResponseCode.OK_OldSessionJoined, EVSEID="DE*1"), 0.1
    )
    assert core.next_type is m.DC_ChargeParameterDiscoveryReq


def test_pre_charge_goes_on_until_the_voltage_is_met_and_then_says_finished() -> None:
    core = at(Phase.PRE_CHARGE)
    target = core.vehicle.state(0.0).target_voltage

    def answer(volts: float) -> m.DC_PreChargeRes:
        return m.DC_PreChargeRes(
            Header=header(), ResponseCode=m.ResponseCode.OK, EVSEPresentVoltage=m.RationalNumber.of(volts)
        )

    core.receive(answer(target - 100), 0.1)
    assert core.next_request(0.1).EVProcessing is m.Processing.Ongoing  # type: ignore[union-attr]
    core.receive(answer(target - 5), 0.2)
    assert core.next_request(0.2).EVProcessing is m.Processing.Finished  # type: ignore[union-attr]
    core.sent(core.next_request(0.2), 0.2)
    core.receive(answer(target - 5), 0.3)
    assert core.next_type is m.PowerDeliveryReq


@pytest.mark.parametrize(
    ("notification", "after", "ending"),
    [
        (m.EvseNotification.Terminate, Phase.POWER_DELIVERY_STOP, m.ChargingSession.Terminate),
        (m.EvseNotification.Pause, Phase.POWER_DELIVERY_STOP, m.ChargingSession.Pause),
        (m.EvseNotification.ServiceRenegotiation, Phase.POWER_DELIVERY_STOP, m.ChargingSession.ServiceRenegotiation),
        (m.EvseNotification.ScheduleRenegotiation, Phase.POWER_DELIVERY_RENEGOTIATE, m.ChargingSession.Terminate),
        (m.EvseNotification.MeteringConfirmation, Phase.CHARGE_LOOP, m.ChargingSession.Terminate),
    ],
)
def test_notifications_of_the_charger_are_obeyed(
    notification: m.EvseNotification, after: Phase, ending: m.ChargingSession
) -> None:
    core = at(Phase.CHARGE_LOOP)
    answer = m.DC_ChargeLoopRes(
        Header=header(),
        ResponseCode=m.ResponseCode.OK,
        EVSEStatus=m.EVSEStatus(NotificationMaxDelay=0, EVSENotification=notification),
        EVSEPresentCurrent=m.RationalNumber.of(1.0),
        EVSEPresentVoltage=m.RationalNumber.of(400.0),
        EVSEPowerLimitAchieved=False,
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        CLResControlMode=m.Scheduled_DC_CLResControlMode(),
    )
    core.receive(answer, 0.1)
    assert (core.phase, core.ending) == (after, ending)


def test_by_default_the_energy_namespace_alone_is_offered() -> None:
    assert evcc(service=ServiceId.AC_BPT).plan.app_protocols == (Offer("urn:iso:std:iso:15118:-20:AC", 10, 1),)


@given(st.lists(st.sampled_from(list(Outcome)), max_size=60), st.booleans())
def test_any_sequence_of_outcomes_stays_in_the_table(outcomes: list[Outcome], dc: bool) -> None:
    phase = Phase.SUPPORTED_APP_PROTOCOL
    for outcome in outcomes:
        after = next_phase(phase, outcome, dc=dc)
        assert after is Phase.CLOSED or (phase, outcome) in (DC if dc else AC)
        phase = after
        if phase is Phase.CLOSED:
            assert all(next_phase(phase, one, dc=dc) is Phase.CLOSED for one in Outcome)
