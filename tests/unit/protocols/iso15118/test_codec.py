"""The numbers and vectors of the reference, sections 2.3 to 2.6."""

from __future__ import annotations

from typing import Any

import pytest

from v2gready.protocols.exi import Schema
from v2gready.protocols.iso15118 import schemas
from v2gready.protocols.iso15118.codec import (
    MessageSet,
    decode,
    decode_fragment,
    encode,
    encode_fragment,
    from_plain,
    message_set,
    to_plain,
)
from v2gready.protocols.iso15118.messages import (
    AC_ChargeLoopReq,
    AppProtocol,
    CanonicalizationMethod,
    ChargingSession,
    DC_CableCheckRes,
    DC_ChargeLoopReq,
    DigestMethod,
    MessageHeader,
    Processing,
    RationalNumber,
    Reference,
    ResponseCode,
    SapResponseCode,
    Scheduled_DC_CLReqControlMode,
    SessionSetupReq,
    SessionStopReq,
    SignatureMethod,
    SignedInfo,
    SupportedAppProtocolReq,
    SupportedAppProtocolRes,
    Transform,
    Transforms,
    V2GMessage,
)

GOLDEN = [
    (
        SupportedAppProtocolRes(ResponseCode=SapResponseCode.OK_SuccessfulNegotiation, SchemaID=1),
        "80400040",
    ),
    (
        SupportedAppProtocolReq(
            AppProtocol=(
                AppProtocol(
                    ProtocolNamespace="urn:iso:std:iso:15118:-20:DC",
                    VersionNumberMajor=1,
                    VersionNumberMinor=0,
                    SchemaID=1,
                    Priority=1,
                ),
            )
        ),
        "8000f3ab9371d34b9b79d39ba321d34b9b79d189a98989c1d1699181d22218010000040040",
    ),
    (
        SessionSetupReq(Header=MessageHeader(SessionID=bytes(8), TimeStamp=1739635913), EVCCID="WMIV1234567890ABCDEX"),
        "808c0400000000000000000c9f9c2bd0620b2ba6a4ab1899199a1a9b1b9c1c9820a121a222ac00",
    ),
    (
        SessionStopReq(
            Header=MessageHeader(SessionID=bytes(8), TimeStamp=1700000000), ChargingSession=ChargingSession.Pause
        ),
        "8094040000000000000000080e2cfaa06208",
    ),
    (
        DC_CableCheckRes(
            Header=MessageHeader(SessionID=bytes.fromhex("3D4CBF93374ED89B"), TimeStamp=1725456328),
            ResponseCode=ResponseCode.OK,
            EVSEProcessing=Processing.Ongoing,
        ),
        "8030041ea65fc99ba76c4d8c8bfe1b60620010",
    ),
]


@pytest.mark.parametrize(("message", "data"), GOLDEN)
def test_golden_vectors(message: Any, data: str) -> None:
    """Reference 2.6: reproduced with Josev's codec or found in the tests of libiso15118."""
    assert encode(message).hex() == data
    assert decode(message_set(message), bytes.fromhex(data)) == message


ROOT_CODES = {
    MessageSet.SAP: (2, {"supportedAppProtocolReq": 0}),
    MessageSet.COMMON: (
        54,
        {
            "AuthorizationReq": 0,
            "AuthorizationSetupReq": 2,
            "CertificateInstallationReq": 7,
            "MeteringConfirmationReq": 16,
            "PowerDeliveryReq": 21,
            "ScheduleExchangeReq": 27,
            "ServiceDetailReq": 29,
            "ServiceDiscoveryReq": 31,
            "ServiceSelectionReq": 33,
            "SessionSetupReq": 35,
            "SessionStopReq": 37,
            "VehicleCheckInReq": 49,
            "VehicleCheckOutReq": 51,
        },
    ),
    MessageSet.AC: (42, {"AC_ChargeLoopReq": 2, "AC_ChargeParameterDiscoveryReq": 4}),
    MessageSet.DC: (
        48,
        {
            "DC_CableCheckReq": 11,
            "DC_ChargeLoopReq": 13,
            "DC_ChargeParameterDiscoveryReq": 15,
            "DC_PreChargeReq": 17,
            "DC_WeldingDetectionReq": 19,
        },
    ),
    MessageSet.AC_DER_IEC: (48, {"AC_ChargeLoopReq": 2, "AC_ChargeParameterDiscoveryReq": 4}),
    MessageSet.AC_DER_SAE: (49, {"AC_ChargeLoopReq": 2, "AC_ChargeParameterDiscoveryReq": 4}),
}


@pytest.mark.parametrize("member", MessageSet)
def test_root_codes(member: MessageSet) -> None:
    """Reference 2.3. Every response comes right behind its request."""
    count, expected = ROOT_CODES[member]
    codes = {name: code for (name, _), code in member.schema.document_codes.items()}
    assert len(codes) == count
    for request, code in expected.items():
        assert codes[request] == code
        assert codes[request.removesuffix("Req") + "Res"] == code + 1
    assert len(member.schema.messages) == 2 * len(expected)


@pytest.mark.parametrize(
    ("schema", "count", "expected"),
    [
        (
            schemas.COMMON,
            281,
            {
                "AbsolutePriceSchedule": 0,
                "AuthorizationReq": 10,
                "CertificateInstallationReq": 27,
                "OEMProvisioningCertificateChain": 128,
                "PnC_AReqAuthorizationMode": 151,
                "PriceLevelSchedule": 167,
                "SignedInfo": 230,
                "SignedInstallationData": 231,
                "SignedMeteringData": 232,
            },
        ),
        (schemas.AC, 154, {"SignedInfo": 135}),
        (schemas.DC, 149, {"SignedInfo": 129}),
        (schemas.XMLDSIG, 45, {"SignedInfo": 32}),
    ],
)
def test_fragment_codes(schema: Schema, count: int, expected: dict[str, int]) -> None:
    """Reference 2.4."""
    codes = {name: code for (name, _), code in schema.fragment_codes.items()}
    assert len(schema.fragment_codes) == count
    assert {name: codes[name] for name in expected} == expected
    assert set(expected) <= set(schema.fragment_types)


def test_message_sets() -> None:
    """Reference 1.1, 2.2."""
    assert {member: (member.urn, member.payload_type) for member in MessageSet} == {
        MessageSet.SAP: ("urn:iso:15118:2:2010:AppProtocol", 0x8001),
        MessageSet.COMMON: ("urn:iso:std:iso:15118:-20:CommonMessages", 0x8002),
        MessageSet.AC: ("urn:iso:std:iso:15118:-20:AC", 0x8003),
        MessageSet.DC: ("urn:iso:std:iso:15118:-20:DC", 0x8004),
        MessageSet.AC_DER_IEC: ("urn:iso:std:iso:15118:-20:AC-DER-IEC", 0x8010),
        MessageSet.AC_DER_SAE: ("urn:iso:std:iso:15118:-20:AC-DER-SAE", 0x8011),
    }


def test_the_class_of_a_message_names_its_set() -> None:
    assert message_set(SupportedAppProtocolReq) is MessageSet.SAP
    assert message_set(SessionSetupReq) is MessageSet.COMMON
    assert message_set(AC_ChargeLoopReq) is MessageSet.AC
    assert message_set(GOLDEN[-1][0]) is MessageSet.DC
    with pytest.raises(KeyError):
        message_set(V2GMessage)


SIGNED_INFO = SignedInfo(
    CanonicalizationMethod=CanonicalizationMethod(Algorithm="http://www.w3.org/TR/canonical-exi/"),
    SignatureMethod=SignatureMethod(Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
    Reference=(
        Reference(
            URI="#id1",
            Transforms=Transforms(Transform=(Transform(Algorithm="http://www.w3.org/TR/canonical-exi/"),)),
            DigestMethod=DigestMethod(Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
            DigestValue=bytes(64),
        ),
    ),
)


def test_signed_info_exists_in_two_schemas() -> None:
    """Reference 2.4: 6-bit codes in XML Signature alone, 9-bit ones in the combined set; the content is the same."""
    alone = encode_fragment("SignedInfo", SIGNED_INFO, message_set=None)
    combined = encode_fragment("SignedInfo", SIGNED_INFO, message_set=MessageSet.COMMON)
    assert f"{int.from_bytes(alone):b}".startswith(f"10000000{32:06b}")
    assert f"{int.from_bytes(combined):b}".startswith(f"10000000{230:09b}")
    assert len(combined) - len(alone) in {0, 1}
    assert decode_fragment(alone, message_set=None) == ("SignedInfo", SIGNED_INFO)
    assert decode_fragment(combined, message_set=MessageSet.COMMON) == ("SignedInfo", SIGNED_INFO)


def test_the_plain_form() -> None:
    message = DC_ChargeLoopReq(
        Header=MessageHeader(SessionID=bytes.fromhex("3D4CBF93374ED89B"), TimeStamp=1725456328),
        MeterInfoRequested=False,
        EVPresentVoltage=RationalNumber(Exponent=-1, Value=4005),
        CLReqControlMode=Scheduled_DC_CLReqControlMode(
            EVTargetCurrent=RationalNumber(Exponent=0, Value=20), EVTargetVoltage=RationalNumber(Exponent=0, Value=400)
        ),
    )
    plain = {
        "Header": {"SessionID": "3d4cbf93374ed89b", "TimeStamp": 1725456328},
        "MeterInfoRequested": False,
        "EVPresentVoltage": {"Exponent": -1, "Value": 4005},
        "Scheduled_DC_CLReqControlMode": {
            "EVTargetCurrent": {"Exponent": 0, "Value": 20},
            "EVTargetVoltage": {"Exponent": 0, "Value": 400},
        },
    }
    assert to_plain(message) == plain
    assert from_plain("DC_ChargeLoopReq", plain) == message


def test_the_plain_form_of_a_number_without_a_name() -> None:
    wrong = SupportedAppProtocolRes(ResponseCode=3)  # type: ignore[arg-type]
    assert to_plain(wrong) == {"ResponseCode": 3}
    assert from_plain("SupportedAppProtocolRes", {"ResponseCode": 3}) == wrong


@pytest.mark.parametrize(
    ("name", "plain", "reason"),
    [
        ("Nonsense", {}, "no class Nonsense"),
        ("MessageHeader", {"SessionID": "00", "TimeStamp": 0, "Time": 1}, "MessageHeader: no such field: Time"),
        ("MessageHeader", {"SessionID": "0"}, "MessageHeader.SessionID: is not hexadecimal: '0'"),
        ("MessageHeader", {"SessionID": 0}, "MessageHeader.SessionID: not a value of this type: 0"),
        ("MessageHeader", {"TimeStamp": True}, "MessageHeader.TimeStamp: not a value of this type: True"),
        ("MessageHeader", {"TimeStamp": 0}, "MessageHeader: .*missing 1 required keyword-only argument: 'SessionID'"),
        ("MessageHeader", [], r"MessageHeader: is no object but \[\]"),
        ("ServiceList", {"Service": {}}, "ServiceList.Service: is no list but {}"),
        ("ServiceList", {"Service": [{"FreeService": 1}]}, r"ServiceList.Service\[0\].FreeService: not a value"),
        ("EVSEStatus", {"EVSENotification": "Sleep"}, "EVSEStatus.EVSENotification: not a value of this type: 'Sleep'"),
        (
            "AuthorizationReq",
            {"EIM_AReqAuthorizationMode": {}, "PnC_AReqAuthorizationMode": {}},
            "AuthorizationReq.PnC_AReqAuthorizationMode: AReqAuthorizationMode has a value already",
        ),
    ],
)
def test_what_is_no_plain_form(name: str, plain: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        from_plain(name, plain)
