"""String values: literals, and references to earlier ones, which deployed decoders refuse (reference 2.6)."""

from __future__ import annotations

import pytest

from unit.protocols.exi.bitwriter import BitWriter, header
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, violations
from v2gready.protocols.iso15118.messages import (
    AuthorizationSetupRes,
    ChargingSession,
    MessageHeader,
    PnC_ASResAuthorizationMode,
    SessionSetupReq,
    SessionStopReq,
    SupportedProvidersList,
)

HEADER = MessageHeader(SessionID=bytes(8), TimeStamp=0)
STOP = f"{37:06b}"
SETUP = f"{35:06b}"
AUTHORIZATION_SETUP_RES = f"{3:06b}"


def providers(*names: BitWriter) -> bytes:
    """AuthorizationSetupRes with the provider ids as given (two or more)."""
    stream = header(AUTHORIZATION_SETUP_RES).raw("0 0 000000 0").raw("0 0 0 0").raw("01 0 1 0")
    stream.raw("01").raw("0 0").binary(bytes(16)).raw("0").raw("00")
    stream.raw("0 0").raw(names[0].bits).raw("0")
    for name in names[1:]:
        stream.raw("00 0").raw(name.bits).raw("0")
    return bytes(stream.raw("01").raw("0").raw("0"))


def listed(data: bytes) -> tuple[str, ...]:
    message = decode(MessageSet.COMMON, data)
    assert isinstance(message, AuthorizationSetupRes)
    mode = message.ASResAuthorizationMode
    assert isinstance(mode, PnC_ASResAuthorizationMode)
    assert mode.SupportedProviders is not None
    return mode.SupportedProviders.ProviderID


def literal(value: str) -> BitWriter:
    return BitWriter().text(value)


def local(number: str = "") -> BitWriter:
    return BitWriter().local_hit(number)


def everywhere(number: str = "") -> BitWriter:
    return BitWriter().global_hit(number)


def test_the_builder_agrees_with_the_encoder() -> None:
    names = ("a", "b", "c")
    mode = PnC_ASResAuthorizationMode(
        GenChallenge=bytes(16), SupportedProviders=SupportedProvidersList(ProviderID=names)
    )
    data = providers(*map(literal, names))
    message = decode(MessageSet.COMMON, data)
    assert isinstance(message, AuthorizationSetupRes)
    assert message.ASResAuthorizationMode == mode
    assert encode(message) == data


def test_a_lone_entry_takes_no_bits() -> None:
    assert listed(providers(literal("abc"), local())) == ("abc", "abc")
    assert listed(providers(literal("abc"), everywhere())) == ("abc", "abc")


def test_the_number_has_as_many_bits_as_the_partition_needs() -> None:
    three = tuple(map(literal, "abc"))
    assert listed(providers(*three, local("10"))) == ("a", "b", "c", "c")
    assert listed(providers(*three, everywhere("01"))) == ("a", "b", "c", "b")
    five = tuple(map(literal, "abcde"))
    assert listed(providers(*five, local("100"), local("000")))[-2:] == ("e", "a")


def test_a_hit_enters_nothing() -> None:
    two = (literal("a"), literal("b"))
    assert listed(providers(*two, local("1"), local("1"), everywhere("0"))) == ("a", "b", "b", "b", "a")


def test_the_same_literal_twice_is_two_entries() -> None:
    """An encoder that looks nothing up: every literal is a miss to the decoder."""
    assert listed(providers(literal("a"), literal("a"), literal("b"), local("10"))) == ("a", "a", "b", "b")


def test_the_empty_string_has_no_entry() -> None:
    assert listed(providers(literal(""), literal("a"), local())) == ("", "a", "a")


def test_a_number_beyond_the_partition_is_refused() -> None:
    with pytest.raises(ExiDecodeError, match="ProviderID: no string 3 in the local table"):
        decode(MessageSet.COMMON, providers(*map(literal, "abc"), local("11")))


@pytest.mark.parametrize(("hit", "table"), [(local(), "local"), (everywhere(), "global")])
def test_a_hit_in_an_empty_partition_is_refused(hit: BitWriter, table: str) -> None:
    with pytest.raises(ExiDecodeError, match=f"no string 0 in the {table} table"):
        decode(MessageSet.COMMON, providers(hit, literal("a")))


def test_a_global_hit_finds_the_string_of_another_element_but_a_local_one_does_not() -> None:
    # SessionStopReq: EVTerminationCode, then EVTerminationExplanation
    begin = header(STOP).raw("0 0 01 0").raw("00 0").text("abc").raw("0")
    after = "0" * 3
    hit = bytes(BitWriter().raw(begin.bits).raw("00 0").global_hit().raw("0").raw(after))
    message = decode(MessageSet.COMMON, hit)
    assert message == SessionStopReq(
        Header=HEADER,
        ChargingSession=ChargingSession.Terminate,
        EVTerminationCode="abc",
        EVTerminationExplanation="abc",
    )
    miss = bytes(BitWriter().raw(begin.bits).raw("00 0").local_hit().raw("0").raw(after))
    with pytest.raises(ExiDecodeError, match="EVTerminationExplanation: no string 0 in the local table"):
        decode(MessageSet.COMMON, miss)


def test_a_global_hit_does_not_enter_the_local_partition() -> None:
    begin = header(STOP).raw("0 0 01 0").raw("00 0").text("abc").raw("0").raw("00 0").global_hit()
    assert decode(MessageSet.COMMON, bytes(begin.raw("0 000")))


@pytest.mark.parametrize(
    "text", ["", "a", "Ä", "€", "\U0001f697", "aÄ€\U0001f697z" * 50, "\U0010ffff", "\x7f\x80", "\u3fff\u4000"]
)
def test_the_length_counts_code_points(text: str) -> None:
    message = SessionSetupReq(Header=HEADER, EVCCID=text)
    data = bytes(header(SETUP).raw("0 0").text(text).raw("0 0"))
    assert encode(message, check=False) == data
    assert decode(MessageSet.COMMON, data) == message


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0x110000, 0x1FFFFF, 0x200000])
def test_what_is_no_character_is_refused(code: int) -> None:
    data = bytes(header(SETUP).raw("0 0").unsigned(3).unsigned(code).raw("0 0").raw("0" * 64))
    with pytest.raises(ExiDecodeError, match="no Unicode character has the code point"):
        decode(MessageSet.COMMON, data)


def test_a_string_cut_off_inside_a_character_is_refused() -> None:
    data = bytes(header(SETUP).raw("0 0").unsigned(3).raw("1" * 8).raw("1" * 6))
    with pytest.raises(ExiDecodeError, match="end of data inside a string"):
        decode(MessageSet.COMMON, data)


@pytest.mark.parametrize("length", [100, 2**20, 2**40, 2**200])
def test_a_length_beyond_the_data_allocates_nothing(length: int) -> None:
    data = bytes(header(SETUP).raw("0 0").unsigned(length).raw("0" * 80))
    with pytest.raises(ExiDecodeError, match="characters with .* bits left"):
        decode(MessageSet.COMMON, data)


def test_control_characters_are_read_and_reported() -> None:
    data = bytes(header(SETUP).raw("0 0").text("a\x00b").raw("0 0"))
    message = decode(MessageSet.COMMON, data)
    assert [(v.path, v.encodable) for v in violations(message)] == [("SessionSetupReq.EVCCID", True)]
