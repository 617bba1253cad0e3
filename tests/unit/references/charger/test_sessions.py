"""Whole sessions on the faultless charger, and what makes a session one."""

from __future__ import annotations

import pytest

from tests.unit.references.charger.car import Wire, code, with_header
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import DC_CHARGER, Eim, Protection
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.services import ControlMode, ServiceId

KINDS = [
    pytest.param(service, control, id=f"{service.name}-{control.name}")
    for service in ServiceId
    for control in ControlMode
]


@pytest.mark.parametrize(("service", "control"), KINDS)
def test_a_whole_session_is_faultless(service: ServiceId, control: ControlMode) -> None:
    wire = Wire(service, control)
    responses = wire.finish()
    assert isinstance(responses[-1], m.SessionStopRes)
    for response in responses:
        assert not list(codec.violations(response))
        assert code(response).startswith("OK"), response
    assert wire.state is State.CLOSED
    assert not wire.station.stage(wire.secc.session.family).contactor
    assert not wire.effects


@pytest.mark.parametrize(("service", "control"), KINDS)
def test_answers_are_in_kind(service: ServiceId, control: ControlMode) -> None:
    """[V2G20-1600]."""
    wire = Wire(service, control)
    loops = [one for one in wire.finish() if isinstance(one, m.ChargeLoopRes)]
    prefix = "BPT_" if service.is_bpt else ("DER_" if service.is_der else "")
    family = "DC" if service.is_dc else "AC"
    expected = f"{prefix}{control.name.title()}_{family}_CLResControlMode"
    assert {type(one.CLResControlMode).__name__ for one in loops} == {expected}


# Session ids


def test_ids_are_fresh_and_never_zero() -> None:
    wire = Wire()
    seen = set()
    for _ in range(20):
        wire.settle(State.ESTABLISHED)
        seen.add(wire.secc.session.id)
        wire.connect()
    assert len(seen) == 20
    assert bytes(8) not in seen


def test_an_unknown_id_gets_a_new_session() -> None:
    wire = Wire()
    wire.connect(session_id=b"\x01" * 8)
    wire.reach(m.SessionSetupReq)
    response = wire.step()
    assert code(response) == "OK_NewSessionEstablished"
    assert response.Header.SessionID not in {bytes(8), b"\x01" * 8}


@pytest.mark.parametrize("flip", [0, 63])
def test_a_foreign_id_ends_the_session(flip: int) -> None:
    """[V2G20-460]."""
    wire = Wire()
    wire.reach(m.DC_ChargeLoopReq)
    wire.step()
    assert wire.station.dc.contactor
    number = int.from_bytes(wire.secc.session.id, "big") ^ (1 << flip)
    reply = wire.ask(with_header(wire.build(m.DC_ChargeLoopReq), SessionID=number.to_bytes(8, "big")))
    assert code(reply.messages[0]) == "FAILED_UnknownSession"
    assert reply.messages[0].Header.SessionID == wire.secc.session.id
    assert reply.close
    assert not wire.station.dc.contactor


def test_one_session_at_a_time() -> None:
    wire = Wire()
    wire.reach(m.DC_ChargeLoopReq)
    first = wire.secc
    del wire.secc
    wire.connect()
    wire.reach(m.SessionSetupReq)
    assert code(wire.step()) == "FAILED"
    assert first.state is State.STARTED
    assert wire.station.dc.contactor


# Authorization


def test_a_refused_card_may_be_tried_again() -> None:
    """[V2G20-2219], [V2G20-2230]."""
    wire = Wire(authorization=(Eim.REJECT, Eim.ONGOING, Eim.WAITING, Eim.ACCEPT))
    wire.reach(m.AuthorizationReq)
    refused = wire.step()
    assert (code(refused), refused.EVSEProcessing) == ("WARNING_EIMAuthorizationFailure", m.Processing.Finished)
    assert wire.step().EVSEProcessing is m.Processing.Ongoing
    assert wire.step().EVSEProcessing is m.Processing.Ongoing_WaitingForCustomerInteraction
    assert wire.step().EVSEProcessing is m.Processing.Finished
    assert wire.state is State.AUTHORIZED


def test_actions_overrule_the_configured_cards() -> None:
    wire = Wire()
    wire.station.reject_authorization()
    wire.reach(m.AuthorizationReq)
    assert code(wire.step()) == "WARNING_EIMAuthorizationFailure"
    wire.station.accept_authorization()
    assert code(wire.step()) == "OK"


def test_an_unoffered_authorization_is_a_warning() -> None:
    """[V2G20-2209]."""
    wire = Wire()
    wire.reach(m.AuthorizationReq)
    chain = m.ContractCertificateChain(Certificate=b"\x00", SubCertificates=m.SubCertificates(Certificate=(b"\x00",)))
    request = m.AuthorizationReq(
        Header=wire.build(m.AuthorizationReq).Header,
        SelectedAuthorizationService=m.Authorization.PnC,
        AReqAuthorizationMode=m.PnC_AReqAuthorizationMode(
            Id="id1", GenChallenge=bytes(16), ContractCertificateChain=chain
        ),
    )
    assert code(wire.answer(request)) == "WARNING_AuthorizationSelectionInvalid"
    assert wire.state is State.AUTHORIZING


# Negotiation


def offer(namespace: str, schema_id: int, priority: int, major: int = 1, minor: int = 0) -> m.AppProtocol:
    return m.AppProtocol(
        ProtocolNamespace=namespace,
        VersionNumberMajor=major,
        VersionNumberMinor=minor,
        SchemaID=schema_id,
        Priority=priority,
    )


DC, AC, ISO_2 = m.dc.NAMESPACE, m.ac.NAMESPACE, "urn:iso:15118:2:2013:MsgDef"


@pytest.mark.parametrize(
    ("offers", "expected", "schema_id"),
    [
        ((offer(DC, 7, 1),), "OK_SuccessfulNegotiation", 7),
        ((offer(ISO_2, 1, 1, 2), offer(DC, 2, 2)), "OK_SuccessfulNegotiation", 2),
        ((offer(AC, 1, 1), offer(DC, 9, 3), offer(DC, 8, 2)), "OK_SuccessfulNegotiation", 8),
        ((offer(DC, 3, 1, minor=1),), "OK_SuccessfulNegotiationWithMinorDeviation", 3),
        ((offer(DC, 3, 1, major=2), offer(DC, 4, 2)), "OK_SuccessfulNegotiation", 4),
        ((offer(DC, 3, 1, major=2),), "Failed_NoNegotiation", None),
        ((offer(AC, 3, 1),), "Failed_NoNegotiation", None),
        ((offer(ISO_2, 3, 1, 2),), "Failed_NoNegotiation", None),
    ],
)
def test_negotiation(offers: tuple[m.AppProtocol, ...], expected: str, schema_id: int | None) -> None:
    wire = Wire()
    reply = wire.ask(m.SupportedAppProtocolReq(AppProtocol=offers))
    assert (code(reply.messages[0]), reply.messages[0].SchemaID) == (expected, schema_id)
    assert reply.close == (schema_id is None)


@pytest.mark.parametrize(
    ("protection", "plain_tcp", "expected"),
    [
        (Protection.PLAIN, True, "OK_SuccessfulNegotiation"),
        (Protection.PLAIN, False, "Failed_NoNegotiation"),
        (Protection.TLS_1_2, True, "Failed_NoNegotiation"),
        (Protection.TLS_1_3, False, "OK_SuccessfulNegotiation"),
    ],
)
def test_20_needs_tls_1_3(protection: Protection, plain_tcp: bool, expected: str) -> None:
    """[V2G20-2356]."""
    wire = Wire(protection=protection, plain_tcp=plain_tcp)
    assert code(wire.step()) == expected


def test_a_charger_of_both_families_lists_the_negotiated_one() -> None:
    config = DC_CHARGER
    wire = Wire(ServiceId.AC, config=config, services=tuple(ServiceId))
    wire.reach(m.ServiceDiscoveryReq)
    listed = [one.ServiceID for one in wire.step().EnergyTransferServiceList.Service]
    assert listed == [ServiceId.AC, ServiceId.AC_BPT]


# Pause and resume


def paused(control: ControlMode = ControlMode.SCHEDULED, certificate: bytes | None = b"leaf") -> tuple[Wire, bytes]:
    wire = Wire(ServiceId.DC_BPT, control)
    wire.connect(certificate=certificate)
    wire.station.notify(m.EvseNotification.Pause)
    wire.finish()
    (session_id,) = wire.station.paused
    return wire, session_id


def test_the_same_car_joins_its_session() -> None:
    """[V2G20-1032]: then ChargeParameterDiscovery alone."""
    wire, session_id = paused()
    wire.connect(session_id=session_id, certificate=b"leaf")
    wire.reach(m.SessionSetupReq)
    response = wire.step()
    assert code(response) == "OK_OldSessionJoined"
    assert response.Header.SessionID == session_id
    assert not wire.station.paused
    assert isinstance(wire.step(), m.DC_ChargeParameterDiscoveryRes)
    assert code(wire.finish()[-1]) == "OK"


@pytest.mark.parametrize(
    ("certificate", "evcc_id"), [(b"other leaf", None), (None, None), (b"leaf", "WMIV1234567890ABCDEY")]
)
def test_another_car_gets_a_new_session(certificate: bytes | None, evcc_id: str | None) -> None:
    """[V2G20-2545], [V2G20-2626]; the owner can still come back."""
    wire, session_id = paused()
    wire.connect(session_id=session_id, certificate=certificate, **({} if evcc_id is None else {"evcc_id": evcc_id}))
    wire.reach(m.SessionSetupReq)
    response = wire.step()
    assert code(response) == "OK_NewSessionEstablished"
    assert response.Header.SessionID != session_id
    assert session_id in wire.station.paused


def test_a_dynamic_pause_needs_a_notification() -> None:
    """[V2G20-1195]."""
    wire = Wire(control=ControlMode.DYNAMIC)
    wire.evcc.ending = m.ChargingSession.Pause
    assert code(wire.finish()[-1]) == "FAILED_PauseNotAllowed"
    assert not wire.station.paused


def test_a_scheduled_pause_needs_none() -> None:
    wire = Wire()
    wire.evcc.ending = m.ChargingSession.Pause
    assert code(wire.finish()[-1]) == "OK"
    assert wire.station.paused


# Renegotiation


def test_service_renegotiation_leads_to_service_discovery() -> None:
    """[V2G20-1477]."""
    wire = Wire()
    wire.station.notify(m.EvseNotification.ServiceRenegotiation)
    wire.reach(m.SessionStopReq)
    session_id = wire.secc.session.id
    assert code(wire.step()) == "OK"
    assert wire.state is State.AUTHORIZED
    assert wire.station.notification is None
    responses = wire.finish()
    assert isinstance(responses[0], m.ServiceDiscoveryRes)
    assert code(responses[-1]) == "OK"
    assert wire.secc.session.id == session_id


def test_unsupported_service_renegotiation() -> None:
    wire = Wire(service_renegotiation=False)
    wire.evcc.ending = m.ChargingSession.ServiceRenegotiation
    assert code(wire.finish()[-1]) == "FAILED_NoServiceRenegotiationSupported"


@pytest.mark.parametrize("service", list(ServiceId))
def test_schedule_renegotiation_keeps_the_power_on(service: ServiceId) -> None:
    wire = Wire(service)
    wire.settle(State.STARTED)
    wire.station.notify(m.EvseNotification.ScheduleRenegotiation)
    wire.settle(State.RENEGOTIATING)
    assert wire.station.notification is None
    assert wire.station.stage(wire.secc.session.family).contactor
    wire.settle(State.RENEGOTIATED)
    wire.settle(State.LOOP)
    assert wire.station.stage(wire.secc.session.family).contactor
    assert code(wire.finish()[-1]) == "OK"


def test_refused_schedule_renegotiation_is_a_warning() -> None:
    wire = Wire(schedule_renegotiation=False)
    wire.settle(State.STARTED)
    wire.station.notify(m.EvseNotification.ScheduleRenegotiation)
    wire.step()
    assert code(wire.step()) == "WARNING_ScheduleRenegotiationFailed"
    assert wire.state is State.LOOP


# Silence


@pytest.mark.parametrize("state", [State.CONNECTED, State.ESTABLISHED, State.SELECTED, State.STARTED, State.STOPPED])
def test_a_silent_car_is_given_up_after_60_s(state: State) -> None:
    """[V2G20-443]."""
    wire = Wire()
    wire.settle(state)
    assert not wire.wait(59.9)
    assert wire.wait(0.2)
    assert wire.state is State.CLOSED
    assert not wire.station.dc.contactor


def test_a_silent_car_in_the_loop_is_given_up_after_half_a_second() -> None:
    """[V2G20-1500], [V2G20-1502]."""
    wire = Wire()
    wire.settle(State.LOOP)
    assert not wire.wait(0.49)
    assert wire.wait(0.02)
    assert not wire.station.dc.contactor
    assert wire.station.dc.current == 0


def test_a_broken_connection_opens_the_contactor() -> None:
    wire = Wire()
    wire.settle(State.LOOP)
    wire.secc.disconnected(wire.now)
    assert not wire.station.dc.contactor
    assert wire.station.holder is None


def test_garbage_closes_the_connection_without_an_answer() -> None:
    wire = Wire()
    wire.settle(State.LOOP)
    reply = wire.secc.undecodable(b"\x80", wire.now)
    assert reply.messages == ()
    assert reply.close
    assert not wire.station.dc.contactor
