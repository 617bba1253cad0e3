"""The order of requests: the table itself, and the charger in every state with every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.charger.car import Wire, code
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_iec, der_sae
from v2gready.protocols.iso15118.secc.core import LocalProtocolError
from v2gready.protocols.iso15118.secc.responses import HANDLERS
from v2gready.protocols.iso15118.secc.table import TRANSITIONS, Family, Input, State, classify
from v2gready.protocols.iso15118.services import ServiceId

FAMILY_SERVICE = {
    Family.AC: ServiceId.AC_BPT,
    Family.DC: ServiceId.DC_BPT,
    Family.AC_DER: ServiceId.AC_DER_IEC,
    Family.AC_DER_SAE: ServiceId.AC_DER_SAE,
}
DC_ONLY = {State.SCHEDULED, State.CABLE_CHECKING, State.CABLE_CHECKED, State.PRE_CHARGING}
AC_ONLY = {State.READY}
NOT_IN_A_FAMILY = {family: AC_ONLY if family is Family.DC else DC_ONLY for family in Family}
SESSION_INPUTS = set(Input) - {Input.SAP}


def in_state(family: Family, state: State) -> Wire:
    wire = Wire(FAMILY_SERVICE[family], schedule_ongoing=1)
    if state is State.LOOP_METERING:
        wire.station.notify(m.EvseNotification.MeteringConfirmation)
    if state in {State.RENEGOTIATING, State.RENEGOTIATED}:
        wire.settle(State.STARTED)
        wire.station.notify(m.EvseNotification.ScheduleRenegotiation)
    wire.settle(state)
    return wire


def power(progress: m.ChargeProgress) -> Callable[[Wire], Any]:
    return lambda wire: replace(wire.build(m.PowerDeliveryReq), ChargeProgress=progress)


def stop(how: m.ChargingSession) -> Callable[[Wire], Any]:
    return lambda wire: replace(wire.build(m.SessionStopReq), ChargingSession=how)


def of_family(ac: type, dc: type) -> Callable[[Wire], Any]:
    return lambda wire: wire.build(dc if wire.plan.service.is_dc else ac)


def plain(kind: type) -> Callable[[Wire], Any]:
    return lambda wire: wire.build(kind)


def header(wire: Wire) -> m.MessageHeader:
    return m.MessageHeader(SessionID=wire.evcc.memory.session_id, TimeStamp=1)


def installation(wire: Wire) -> Any:
    return m.CertificateInstallationReq(
        Header=header(wire),
        OEMProvisioningCertificateChain=m.SignedCertificateChain(Id="id1", Certificate=b"\x00"),
        ListOfRootCertificateIDs=m.ListOfRootCertificateIDs(
            RootCertificateID=(m.X509IssuerSerial(X509IssuerName="CN=root", X509SerialNumber=1),)
        ),
        MaximumContractCertificateChains=1,
    )


def metering(wire: Wire) -> Any:
    data = m.SignedMeteringData(
        Id="id1",
        SessionID=wire.evcc.memory.session_id,
        MeterInfo=m.MeterInfo(MeterID="meter", ChargedEnergyReadingWh=1),
        SMDTControlMode=m.Dynamic_SMDTControlMode(),
    )
    return m.MeteringConfirmationReq(Header=header(wire), SignedMeteringData=data)


REQUESTS: dict[Input, Callable[[Wire], Any]] = {
    Input.SAP: plain(m.SupportedAppProtocolReq),
    Input.SESSION_SETUP: plain(m.SessionSetupReq),
    Input.AUTHORIZATION_SETUP: plain(m.AuthorizationSetupReq),
    Input.CERTIFICATE_INSTALLATION: installation,
    Input.AUTHORIZATION: plain(m.AuthorizationReq),
    Input.SERVICE_DISCOVERY: plain(m.ServiceDiscoveryReq),
    Input.SERVICE_DETAIL: plain(m.ServiceDetailReq),
    Input.SERVICE_SELECTION: lambda wire: replace(
        wire.build(m.ServiceSelectionReq),
        SelectedEnergyTransferService=m.SelectedService(ServiceID=int(wire.plan.service), ParameterSetID=1),
    ),
    Input.PARAMETERS: of_family(m.AC_ChargeParameterDiscoveryReq, m.DC_ChargeParameterDiscoveryReq),
    Input.SCHEDULE: plain(m.ScheduleExchangeReq),
    Input.CABLE_CHECK: plain(m.DC_CableCheckReq),
    Input.PRE_CHARGE: plain(m.DC_PreChargeReq),
    Input.POWER_START: power(m.ChargeProgress.Start),
    Input.POWER_STANDBY: power(m.ChargeProgress.Standby),
    Input.POWER_RENEGOTIATION: power(m.ChargeProgress.ScheduleRenegotiation),
    Input.POWER_STOP: power(m.ChargeProgress.Stop),
    Input.LOOP: of_family(m.AC_ChargeLoopReq, m.DC_ChargeLoopReq),
    Input.METERING: metering,
    Input.WELDING_DETECTION: plain(m.DC_WeldingDetectionReq),
    Input.PAUSE: stop(m.ChargingSession.Pause),
    Input.RENEGOTIATE_SERVICE: stop(m.ChargingSession.ServiceRenegotiation),
    Input.TERMINATE: stop(m.ChargingSession.Terminate),
    Input.FOREIGN: of_family(m.DC_ChargeLoopReq, m.AC_ChargeLoopReq),
}

PLACES = [
    pytest.param(family, state, id=f"{family.value}-{state.name}")
    for family in Family
    for state in State
    # A charger that installs certificates is in test_plug_and_charge.
    if state not in {State.CLOSED, State.INSTALLING} and state not in NOT_IN_A_FAMILY[family]
]
DC_INPUTS = {Input.CABLE_CHECK, Input.PRE_CHARGE, Input.WELDING_DETECTION}


def cell(family: Family, state: State, given: Input) -> frozenset[State] | None:
    if family is not Family.DC and given in DC_INPUTS:
        return None
    if given is Input.CERTIFICATE_INSTALLATION:
        return None  # this charger does not offer it
    return TRANSITIONS[state].get(given)


@pytest.mark.parametrize(("family", "state"), PLACES)
def test_every_request_in_every_state(family: Family, state: State) -> None:
    for given in Input:
        wire = in_state(family, state)
        request = REQUESTS[given](wire)
        allowed = cell(family, state, given)
        reply = wire.ask(request)
        (response,) = reply.messages
        if given is Input.SAP:
            assert isinstance(response, m.SupportedAppProtocolRes)
            assert (code(response) == "OK_SuccessfulNegotiation") == (allowed is not None)
        elif allowed is None:
            # [V2G20-459]: the matching response, and the end.
            assert type(response).__name__ == type(request).__name__.replace("Req", "Res")
            assert code(response) == "FAILED_SequenceError", given
            assert reply.close
            assert wire.state is State.CLOSED
        else:
            assert code(response) != "FAILED_SequenceError", given
            assert wire.state in allowed | {State.CLOSED}, given


def test_every_state_is_reached_and_left() -> None:
    reached = {State.CONNECTED}
    while True:
        further = reached | {after for state in reached for cells in TRANSITIONS[state].values() for after in cells}
        if further == reached:
            break
        reached = further
    assert reached == set(State)
    for state in set(State) - {State.CLOSED, State.CONNECTED, State.NEGOTIATED}:
        assert State.CLOSED in TRANSITIONS[state][Input.TERMINATE]


def test_every_input_has_a_cell_or_is_never_in_order() -> None:
    used = {given for row in TRANSITIONS.values() for given in row}
    assert set(Input) - used == {Input.FOREIGN}


def test_every_request_has_a_meaning() -> None:
    handled = {kind.__name__ for kind in HANDLERS}
    assert len(handled) == 18
    wire = Wire()
    for kind in HANDLERS:
        of_amendment = kind.__module__ in {der_iec.__name__, der_sae.__name__}
        if kind in {m.MeteringConfirmationReq, m.CertificateInstallationReq} or of_amendment:
            continue
        family = Family.AC if kind.__name__.startswith("AC_") else Family.DC
        assert classify(wire.build(kind), family) is not Input.FOREIGN
        other = Family.DC if family is Family.AC else Family.AC
        if kind.__name__.startswith(("AC_", "DC_")):
            assert classify(wire.build(kind), other) is Input.FOREIGN


def test_the_messages_of_ac_have_their_meaning_under_one_grammar_alone() -> None:
    for family in set(Family) - {Family.DC}:
        wire = Wire(FAMILY_SERVICE[family])
        for kind in (m.AC_ChargeParameterDiscoveryReq, m.AC_ChargeLoopReq):
            request = wire.build(kind)
            understood = {one for one in Family if classify(request, one) is not Input.FOREIGN}
            assert understood == {family}


def test_a_closed_session_takes_nothing_more() -> None:
    wire = Wire()
    wire.finish()
    with pytest.raises(LocalProtocolError):
        wire.secc.receive(wire.build(m.SessionSetupReq), wire.now)


def test_a_response_is_no_request() -> None:
    wire = Wire()
    wire.settle(State.ESTABLISHED)
    response = m.SessionStopRes(Header=header(wire), ResponseCode=m.ResponseCode.OK)
    reply = wire.secc.receive(response, wire.now)
    assert reply.messages == ()
    assert reply.close
