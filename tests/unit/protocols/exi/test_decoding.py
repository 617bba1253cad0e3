"""What a peer may send instead of a message: every failure is an ExiDecodeError, soon and cheaply."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from unit.protocols.exi.bitwriter import BitWriter, header
from v2gready.protocols.exi import ExiDecodeError, ExiError
from v2gready.protocols.exi.bits import WHOLE
from v2gready.protocols.iso15118 import schemas
from v2gready.protocols.iso15118.codec import MessageSet, decode, decode_fragment, encode, encode_fragment
from v2gready.protocols.iso15118.messages import (
    CanonicalizationMethod,
    ChargeProgress,
    DC_CableCheckReq,
    DigestMethod,
    Dynamic_EVPPTControlMode,
    EVPowerProfile,
    EVPowerProfileEntryList,
    MessageHeader,
    PowerDeliveryReq,
    PowerScheduleEntry,
    Processing,
    RationalNumber,
    Reference,
    SignatureMethod,
    SignedInfo,
    Transform,
    Transforms,
    xmldsig,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = MessageHeader(SessionID=bytes(8), TimeStamp=0)
CABLE_CHECK = encode(DC_CableCheckReq(Header=HEADER))
MEGABYTE = 1 << 20


def test_the_error_names_place_and_reason() -> None:
    # EXI header 8, root 6, SE Header, SE SessionID, CH, length 8
    data = bytes(BitWriter().raw(f"10000000 {11:06b} 0 0 0").unsigned(127).raw("0" * 39))
    with pytest.raises(ExiDecodeError, match=r"binary value of 127 bytes with 39 bits left \(bit 25\)") as caught:
        decode(MessageSet.DC, data)
    assert isinstance(caught.value, ExiError)
    assert caught.value.bit_offset == 25
    assert caught.value.reason.startswith("binary value of 127 bytes")


@pytest.mark.parametrize("data", [b"", b"\x00", b"$EXI\x80", b"\x81" + CABLE_CHECK[1:], b"\xa0" + CABLE_CHECK[1:]])
def test_only_the_plain_header_is_accepted(data: bytes) -> None:
    with pytest.raises(ExiDecodeError, match="the EXI header is not 80") as caught:
        decode(MessageSet.DC, data)
    assert caught.value.bit_offset == 0


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(ExiDecodeError, match="1 bytes behind the end"):
        decode(MessageSet.DC, CABLE_CHECK + b"\x00")


def test_padding_is_zero() -> None:
    # A golden vector of reference 2.6, which has two bits to spare.
    golden = bytes.fromhex("8094040000000000000000080e2cfaa06208")
    decode(MessageSet.COMMON, golden)
    for bit in (1, 2, 3):
        with pytest.raises(ExiDecodeError, match="padding that is not zero"):
            decode(MessageSet.COMMON, golden[:-1] + bytes([golden[-1] | bit]))


@pytest.mark.parametrize("name", ["CLReqControlMode", "SignedInfo", "KeyInfo", "Scheduled_DC_CLReqControlMode"])
def test_roots_that_are_no_messages_are_refused(name: str) -> None:
    (code,) = (number for (local, _), number in schemas.DC.document_codes.items() if local == name)
    with pytest.raises(ExiDecodeError, match=f"{name} is no message"):
        decode(MessageSet.DC, bytes(BitWriter().raw(f"10000000 {code:06b}").raw("0" * 200)))


@pytest.mark.parametrize("code", [48, 63])
def test_roots_that_the_schema_has_not_are_refused(code: int) -> None:
    """48 is SE(*): any element at all."""
    with pytest.raises(ExiDecodeError, match=f"event code {code} is no message"):
        decode(MessageSet.DC, bytes(BitWriter().raw(f"10000000 {code:06b}").raw("0" * 200)))


def test_the_abstract_control_mode_is_refused() -> None:
    """Reference 2.5: code 2 of the slot belongs to the abstract head."""
    stream = header(f"{13:06b}").raw("01 0 0 0").raw("0").raw("0 0 10000000 0 0 0 0 00000000 0 0")
    with pytest.raises(ExiDecodeError, match="CLReqControlMode is abstract"):
        decode(MessageSet.DC, bytes(stream.raw("010").raw("0" * 40)))


SIGNED = SignedInfo(
    CanonicalizationMethod=CanonicalizationMethod(Algorithm="c"),
    SignatureMethod=SignatureMethod(Algorithm="s"),
    Reference=(
        Reference(
            Transforms=Transforms(Transform=(Transform(Algorithm="t"),)),
            DigestMethod=DigestMethod(Algorithm="d"),
            DigestValue=b"\x01",
        ),
    ),
)
# SignedInfo in the schema of XML Signature alone (reference 2.4), in pieces, so that one can be exchanged.
PIECES = {
    "begin": "10000000 100000",
    "CanonicalizationMethod": "01 0 00000011 01100011 01",
    "SignatureMethod": "0 0 00000011 01110011 010",
    "Reference": "0 011",
    "Transform": "0 0 00000011 01110100 010",
    "end of Transforms": "01",
    "DigestMethod": "0 0 00000011 01100100 01",
    "DigestValue": "0 0 00000001 00000001 0 0",
    "end": "01 101110",
}


def signed_info(**changed: str) -> bytes:
    changed = {name.replace("_", " "): bits for name, bits in changed.items()}
    return bytes(BitWriter().raw("".join({**PIECES, **changed}.values())))


def test_signed_info_by_hand() -> None:
    assert signed_info() == encode_fragment("SignedInfo", SIGNED, message_set=None)
    assert decode_fragment(signed_info(), message_set=None) == ("SignedInfo", SIGNED)


@pytest.mark.parametrize(
    ("piece", "bits", "reason"),
    [
        ("CanonicalizationMethod", "01 0 00000011 01100011 00", r"\* is refused"),
        ("CanonicalizationMethod", "01 0 00000011 01100011 10", "unknown event code"),
        ("CanonicalizationMethod", "01 0 00000011 01100011 11", "unknown event code"),
        ("SignatureMethod", "0 0 00000011 01110011 000", "HMACOutputLength is refused"),
        ("SignatureMethod", "0 0 00000011 01110011 001", r"\* is refused"),
        ("SignatureMethod", "0 0 00000011 01110011 011", "unknown event code"),
        ("Transform", "0 0 00000011 01110100 000", "XPath is refused"),
        ("Transform", "0 0 00000011 01110100 001", r"\* is refused"),
        ("DigestMethod", "0 0 00000011 01100100 00", r"\* is refused"),
        ("end", "01 101101", "not the only element"),
        ("end", "01 000000", "not the only element"),
    ],
)
def test_what_signatures_do_without_is_refused(piece: str, bits: str, reason: str) -> None:
    with pytest.raises(ExiDecodeError, match=reason):
        decode_fragment(signed_info(**{piece: bits}), message_set=None)


@pytest.mark.parametrize(
    ("code", "reason"), [("00", "KeyInfo is refused"), ("01", "Object is refused"), ("11", "unknown")]
)
def test_key_info_and_object_are_refused(code: str, reason: str) -> None:
    inner = "".join(PIECES[name] for name in list(PIECES)[1:-1]) + "01"
    stream = BitWriter().raw(f"10000000 {37:06b} 0 0 0").binary(bytes(8)).raw("0 0 0").unsigned(0).raw("0").raw("00")
    stream.raw("01").raw(inner).raw("0").raw("01").binary(b"\x01").raw("0").raw(code)
    with pytest.raises(ExiDecodeError, match=reason):
        decode(MessageSet.COMMON, bytes(stream.raw("0" * 100)))


def test_an_element_of_a_simple_type_is_no_fragment() -> None:
    code = schemas.XMLDSIG.fragment_codes["DigestValue", xmldsig.NAMESPACE]
    with pytest.raises(ExiDecodeError, match="DigestValue cannot stand in a fragment"):
        decode_fragment(bytes(BitWriter().raw(f"10000000 {code:06b}").raw("0" * 30)), message_set=None)


def begin_signature(stream: BitWriter) -> BitWriter:
    """Takes back "no signature" and begins one, up to its References."""
    stream.bits = stream.bits[:-2]
    return stream.raw("00 01").raw(PIECES["CanonicalizationMethod"]).raw(PIECES["SignatureMethod"])


def long_text() -> BitWriter:
    stream = header(f"{35:06b}").raw("0 0").unsigned(MEGABYTE // 2)
    return stream.raw("1000 0010 0000 0001" * (MEGABYTE // 2))


def transforms() -> BitWriter:
    stream = begin_signature(header(f"{37:06b}")).raw(PIECES["Reference"])
    return stream.raw("0 0 00000010 010").raw("00 0 00000010 010" * (MEGABYTE * 8 // 14))


def references() -> BitWriter:
    reference = "100 0 00000010 01 0 0 00000000 0 0"
    stream = begin_signature(header(f"{37:06b}")).raw("0" + reference)
    return stream.raw(("00" + reference) * (MEGABYTE * 8 // 27))


def power_profile() -> BitWriter:
    stream = header(f"{21:06b}").raw("0 0 00 0").raw("0 0 00 0").raw("00 0 0 00000000 0").raw("00 0")
    entry = "0 0 00000000 0  0 0 0 00000000 0  0 0 0 00000000 0 0  10"
    return stream.raw("0 0").raw(entry).raw(("00" + entry) * 100000)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(lambda: b"\x80" + bytes(MEGABYTE), id="zeros"),
        pytest.param(lambda: b"\x80" + b"\xff" * MEGABYTE, id="ones"),
        long_text,
        transforms,
        references,
        power_profile,
    ],
)
def test_a_hostile_mebibyte_is_cheap(stream: Callable[[], bytes | BitWriter]) -> None:
    data = bytes(stream())
    tracemalloc.start()
    with pytest.raises(ExiDecodeError):  # what takes more than linear time ends in the timeout of the suite
        decode(MessageSet.COMMON, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(data)


def test_the_longest_list_is_read() -> None:
    """2048 entries of a power profile, far beyond the size from which the Window serves."""
    entry = PowerScheduleEntry(Duration=900, Power=RationalNumber.of(-11000), Power_L3=RationalNumber.of(0.5))
    message = PowerDeliveryReq(
        Header=HEADER,
        EVProcessing=Processing.Finished,
        ChargeProgress=ChargeProgress.Start,
        EVPowerProfile=EVPowerProfile(
            TimeAnchor=0,
            EVPPTControlMode=Dynamic_EVPPTControlMode(),
            EVPowerProfileEntries=EVPowerProfileEntryList(EVPowerProfileEntry=(entry,) * 2048),
        ),
    )
    data = encode(message)
    assert len(data) > 16 * WHOLE
    assert decode(MessageSet.COMMON, data) == message
