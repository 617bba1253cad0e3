"""What does not fit is named by its path; what the wire can carry nevertheless goes out on request."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from v2gready.protocols.exi import ExiDecodeError, ExiEncodeError, ExiError
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, encode_fragment, message_set, violations
from v2gready.protocols.iso15118.messages import (
    Authorization,
    AuthorizationReq,
    ChargingSession,
    DC_CableCheckRes,
    DC_PreChargeReq,
    DetailedCost,
    DisplayParameters,
    EIM_AReqAuthorizationMode,
    EMAIDList,
    EVPowerSchedule,
    EVPowerScheduleEntryList,
    MessageHeader,
    Parameter,
    ParameterSet,
    PowerScheduleEntry,
    Processing,
    RationalNumber,
    ResponseCode,
    Service,
    ServiceDetailRes,
    ServiceDiscoveryReq,
    ServiceDiscoveryRes,
    ServiceIDList,
    ServiceList,
    ServiceParameterList,
    SessionSetupReq,
    SessionStopReq,
    SignedInfo,
    SupportedAppProtocolRes,
    V2GRequest,
)

HEADER = MessageHeader(SessionID=bytes(8), TimeStamp=0)
SETUP = SessionSetupReq(Header=HEADER, EVCCID="x")
VOLTS = RationalNumber(Exponent=0, Value=400)
PRE_CHARGE = DC_PreChargeReq(
    Header=HEADER, EVProcessing=Processing.Ongoing, EVPresentVoltage=VOLTS, EVTargetVoltage=VOLTS
)
CABLE_CHECK = DC_CableCheckRes(Header=HEADER, ResponseCode=ResponseCode.OK, EVSEProcessing=Processing.Finished)


def header(**changed: Any) -> SessionSetupReq:
    return dataclasses.replace(SETUP, Header=dataclasses.replace(HEADER, **changed))


def volts(exponent: Any, value: Any) -> DC_PreChargeReq:
    return dataclasses.replace(PRE_CHARGE, EVTargetVoltage=RationalNumber(Exponent=exponent, Value=value))


def services(*services: Any) -> ServiceDiscoveryRes:
    return ServiceDiscoveryRes(
        Header=HEADER,
        ResponseCode=ResponseCode.OK,
        ServiceRenegotiationSupported=False,
        EnergyTransferServiceList=ServiceList(Service=services),
    )


def parameter(**values: Any) -> ServiceDetailRes:
    sets = (ParameterSet(ParameterSetID=1, Parameter=(Parameter(Name="Connector", **values),)),)
    return ServiceDetailRes(
        Header=HEADER,
        ResponseCode=ResponseCode.OK,
        ServiceID=2,
        ServiceParameterList=ServiceParameterList(ParameterSet=sets),
    )


SENDABLE = [
    (header(SessionID=bytes(4)), "SessionSetupReq.Header.SessionID: 4 bytes instead of 8"),
    (header(SessionID=b""), "SessionSetupReq.Header.SessionID: 0 bytes instead of 8"),
    (
        header(TimeStamp=2**64),
        "SessionSetupReq.Header.TimeStamp: 18446744073709551616 is not in 0..18446744073709551615",
    ),
    (dataclasses.replace(SETUP, EVCCID="x" * 256), "SessionSetupReq.EVCCID: 256 characters, 255 allowed"),
    (dataclasses.replace(SETUP, EVCCID="\x00"), "SessionSetupReq.EVCCID: '\\x00' has a character that XML has not"),
    (volts(0, 32768), "DC_PreChargeReq.EVTargetVoltage.Value: 32768 is not in -32768..32767"),
    (volts(0, -(2**40)), "DC_PreChargeReq.EVTargetVoltage.Value: -1099511627776 is not in -32768..32767"),
    (
        services(Service(ServiceID=65536, FreeService=True)),
        "ServiceDiscoveryRes.EnergyTransferServiceList.Service[0].ServiceID: 65536 is not in 0..65535",
    ),
    (
        parameter(finiteString="x" * 81),
        "ServiceDetailRes.ServiceParameterList.ParameterSet[0].Parameter[0].finiteString: 81 characters, 80 allowed",
    ),
]


@pytest.mark.parametrize(("message", "reason"), SENDABLE)
def test_a_breach_of_a_facet_is_refused_and_can_be_sent_on_request(message: Any, reason: str) -> None:
    with pytest.raises(ExiEncodeError) as caught:
        encode(message)
    assert caught.value.reason == reason
    assert caught.value.bit_offset == -1
    received = decode(message_set(message), encode(message, check=False))
    assert received == message
    assert [f"{violation.path}: {violation.reason}" for violation in violations(received)] == [reason]


def test_a_percentage_above_100_can_be_sent_up_to_its_bits() -> None:
    too_much = DisplayParameters(PresentSOC=127)
    assert [v.encodable for v in violations(too_much)] == [True]
    assert [v.encodable for v in violations(DisplayParameters(PresentSOC=128))] == [False]


def test_a_number_without_a_name_can_be_sent_but_not_read() -> None:
    """A response code of 40: the wire has 6 bits, the schema 40 values (reference 2.5)."""
    message = dataclasses.replace(CABLE_CHECK, ResponseCode=40)
    with pytest.raises(ExiEncodeError, match="DC_CableCheckRes.ResponseCode: ResponseCode has no value 40"):
        encode(message)
    data = encode(message, check=False)
    with pytest.raises(ExiDecodeError, match="DC_CableCheckRes.ResponseCode: no value has the number 40"):
        decode(MessageSet.DC, data)


IMPOSSIBLE = [
    (header(TimeStamp=-1), "SessionSetupReq.Header.TimeStamp: -1 is not in"),
    (header(TimeStamp=1.5), "SessionSetupReq.Header.TimeStamp: is no int but 1.5"),
    (header(SessionID="00"), "SessionSetupReq.Header.SessionID: is no bytes but '00'"),
    (header(SessionID=[0] * 8), "SessionSetupReq.Header.SessionID: is no bytes but"),
    (header(SessionID=None), "SessionSetupReq.Header.SessionID: is missing"),
    (dataclasses.replace(SETUP, Header=None), "SessionSetupReq.Header: is missing"),
    (dataclasses.replace(SETUP, EVCCID=b"x"), "SessionSetupReq.EVCCID: is no str but b'x'"),
    (volts(128, 0), "DC_PreChargeReq.EVTargetVoltage.Exponent: 128 is not in -128..127"),
    (volts(0, None), "DC_PreChargeReq.EVTargetVoltage.Value: is missing"),
    (
        dataclasses.replace(PRE_CHARGE, EVTargetVoltage=400.0),
        "DC_PreChargeReq.EVTargetVoltage: is no RationalNumber but",
    ),
    (dataclasses.replace(PRE_CHARGE, EVProcessing=4), "DC_PreChargeReq.EVProcessing: Processing has no value 4"),
    (dataclasses.replace(PRE_CHARGE, EVProcessing="Ongoing"), "DC_PreChargeReq.EVProcessing: is no int but 'Ongoing'"),
    (services(), "ServiceDiscoveryRes.EnergyTransferServiceList.Service: 0 items, allowed are 1..8"),
    (
        services(*[Service(ServiceID=1, FreeService=True)] * 9),
        "EnergyTransferServiceList.Service: 9 items, allowed are 1..8",
    ),
    (services(Service(ServiceID=1, FreeService=1)), "Service[0].FreeService: is no bool but 1"),
    (
        parameter(),
        "Parameter[0]: exactly one of boolValue, byteValue, shortValue, intValue, rationalNumber, finiteString must be",
    ),
    (parameter(boolValue=True, intValue=1), "finiteString must be set, not 2"),
    (parameter(byteValue=-129), "Parameter[0].byteValue: -129 is not in -128..127"),
    (
        AuthorizationReq(Header=HEADER, SelectedAuthorizationService=Authorization.EIM, AReqAuthorizationMode=None),
        "AuthorizationReq.AReqAuthorizationMode: is missing",
    ),
    (
        AuthorizationReq(Header=HEADER, SelectedAuthorizationService=Authorization.EIM, AReqAuthorizationMode=VOLTS),
        "AReqAuthorizationMode: is no EIM_AReqAuthorizationMode or PnC_AReqAuthorizationMode but",
    ),
    (
        SessionStopReq(Header=HEADER, ChargingSession=ChargingSession.Pause, EVTerminationCode=7),
        "EVTerminationCode: is no str",
    ),
    (
        ServiceDiscoveryReq(Header=HEADER, SupportedServiceIDs=ServiceIDList(ServiceID="12")),
        "ServiceID: is no tuple but '12'",
    ),
]


@pytest.mark.parametrize(("message", "reason"), IMPOSSIBLE)
@pytest.mark.parametrize("check", [True, False])
def test_what_the_wire_cannot_carry_is_refused_always(message: Any, reason: str, check: bool) -> None:
    with pytest.raises(ExiEncodeError) as caught:
        encode(message, check=check)
    assert reason in caught.value.reason


def test_a_list_is_no_tuple() -> None:
    listed = ServiceDiscoveryReq(Header=HEADER, SupportedServiceIDs=ServiceIDList(ServiceID=[2, 6]))  # type: ignore[arg-type]
    with pytest.raises(ExiEncodeError, match="ServiceID: is no tuple"):
        encode(listed)


def test_a_lookalike_is_no_item() -> None:
    """A PowerScheduleEntry has all that the writer of an EVPowerScheduleEntry asks for, and phases it would drop."""
    lookalike = PowerScheduleEntry(Duration=1, Power=VOLTS, Power_L2=VOLTS)
    offer = EVPowerSchedule(
        TimeAnchor=0,
        EVPowerScheduleEntries=EVPowerScheduleEntryList(EVPowerScheduleEntry=(lookalike,)),  # type: ignore[arg-type]
    )
    with pytest.raises(ExiEncodeError, match=r"EVPowerScheduleEntry\[0\]: is no EVPowerScheduleEntry but"):
        encode_fragment("EVPowerSchedule", offer, message_set=MessageSet.COMMON)


@pytest.mark.parametrize(
    "nothing", [None, "SessionSetupReq", HEADER, V2GRequest(Header=HEADER), EIM_AReqAuthorizationMode()]
)
def test_only_messages_are_encoded(nothing: Any) -> None:
    with pytest.raises(ExiEncodeError, match="is no message"):
        encode(nothing)
    with pytest.raises(KeyError):
        message_set(nothing)


def test_only_elements_with_their_values_become_fragments() -> None:
    for element, value in [("SignedInfo", HEADER), ("Nonsense", HEADER), ("SessionID", bytes(8))]:
        with pytest.raises(ExiEncodeError, match=f"{element}: no element of this schema with a value of"):
            encode_fragment(element, value, message_set=MessageSet.COMMON)
    assert issubclass(ExiEncodeError, ExiError)
    assert not isinstance(HEADER, SignedInfo)


def test_all_violations_are_listed() -> None:
    message = SupportedAppProtocolRes(ResponseCode=7, SchemaID=256)  # type: ignore[arg-type]
    assert [v.path for v in violations(message)] == [
        "SupportedAppProtocolRes.ResponseCode",
        "SupportedAppProtocolRes.SchemaID",
    ]
    assert list(violations(DetailedCost(Amount=VOLTS, CostPerUnit=VOLTS))) == []
    assert list(violations(EMAIDList(EMAID=("DE8AAC123456789",)))) == []
