"""SDP codec and the EVCC's search: reference 1.2, [V2G2-159], [V2G2-161]."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.sdp import (
    Answer,
    DifferingAnswer,
    MalformedAnswer,
    NoAnswer,
    RepeatedAnswer,
    SdpClient,
    SdpError,
    SdpRequest,
    SdpResponse,
    SearchState,
    Security,
    SendRequest,
    Suspicion,
    SuspiciousAnswer,
    suspicions,
)
from v2gready.protocols.v2gtp import encode_frame

SECC = IPv6Address("fe80::2")
GOOD = SdpResponse(SECC, 49152, Security.TLS)
OTHER = SdpResponse(IPv6Address("fe80::3"), 49152, Security.TLS)
REQUEST = SdpRequest(Security.TLS)


def test_full_tls_request() -> None:
    assert REQUEST.encode() == bytes.fromhex("01FE 9000 00000002 00 00")
    assert SdpRequest(Security.NONE).encode()[-2:] == b"\x10\x00"


def test_response_layout() -> None:
    expected = "01FE 9001 00000014 FE800000000000000000000000000002 C000 00 00"
    assert GOOD.encode() == bytes.fromhex(expected)


@given(st.ip_addresses(v=6), st.integers(0, 0xFFFF), st.sampled_from(Security))
def test_response_round_trip(address: IPv6Address, port: int, security: Security) -> None:
    response = SdpResponse(address, port, security)
    assert SdpResponse.decode(response.encode()) == response


@pytest.mark.parametrize("security", Security)
def test_request_round_trip(security: Security) -> None:
    assert SdpRequest.decode(SdpRequest(security).encode()) == SdpRequest(security)


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        ("", "0 bytes are not exactly one V2GTP frame"),
        ("01FE 9000 00000002 00", "9 bytes are not exactly one V2GTP frame"),
        ("01FE 9000 00000002 00 00 00", "11 bytes are not exactly one V2GTP frame"),
        ("02FD 9000 00000002 00 00", "sync pattern 02 FD instead of 01 FE"),
        ("01FE 9000 FFFFFFFF", "announced payload length 4294967295 exceeds the limit of 65535"),
        ("01FE 9001 00000002 00 00", "payload type 0x9001 instead of 0x9000"),
        ("01FE A000 00000002 00 00", "unknown payload type 0xA000"),
        ("01FE 9000 00000003 00 00 00", "payload of 3 bytes instead of 2"),
        ("01FE 9000 00000002 01 00", "reserved security value 0x01"),
        ("01FE 9000 00000002 00 10", "reserved transport value 0x10"),
    ],
)
def test_malformed_request(datagram: str, reason: str) -> None:
    with pytest.raises(SdpError) as caught:
        SdpRequest.decode(bytes.fromhex(datagram))
    assert caught.value.reason == reason


@given(st.binary(max_size=64))
def test_any_datagram_is_read_or_refused(datagram: bytes) -> None:
    for kind in (SdpRequest, SdpResponse):
        try:
            message = kind.decode(datagram)
        except SdpError:
            continue
        assert message.encode() == datagram


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("fe80::2", 49152, ()),
        ("fe80::2", 65535, ()),
        ("::", 50000, (Suspicion.UNSPECIFIED,)),
        ("ff02::1", 50000, (Suspicion.MULTICAST,)),
        ("2001:db8::1", 50000, (Suspicion.OFF_LINK,)),
        ("::1", 50000, (Suspicion.OFF_LINK,)),
        ("fe80::2", 0, (Suspicion.PORT_ZERO,)),
        ("fe80::2", 49151, (Suspicion.PORT_RANGE,)),
        ("::", 0, (Suspicion.UNSPECIFIED, Suspicion.PORT_ZERO)),
    ],
)
def test_suspicions(address: str, port: int, expected: tuple[Suspicion, ...]) -> None:
    assert suspicions(SdpResponse(IPv6Address(address), port, Security.TLS)) == expected


def test_link_can_be_loopback() -> None:
    response = SdpResponse(IPv6Address("::1"), 50000, Security.NONE)
    assert suspicions(response, IPv6Network("::1/128")) == ()


def test_first_good_answer_ends_the_search() -> None:
    client = SdpClient(REQUEST)
    assert client.state is SearchState.IDLE
    assert client.start(10.0) == [SendRequest(REQUEST.encode(), 1)]
    assert client.timer == 10.25
    assert client.receive(GOOD.encode(), SECC, 10.1) == [Answer(GOOD, SECC, 1, pytest.approx(0.1))]
    assert client.state is SearchState.ANSWERED
    assert client.timer is None
    assert client.tick(99.0) == []


def test_fifty_requests_at_least_a_quarter_of_a_second_apart() -> None:
    client = SdpClient(REQUEST)
    now = 0.0
    sent = [(now, event) for event in client.start(now)]
    while client.timer is not None:
        assert client.tick(client.timer - 0.001) == []
        now = client.timer + 0.01  # a scheduler is never early and mostly late
        sent += [(now, event) for event in client.tick(now)]
    requests = [(at, event.attempt) for at, event in sent if isinstance(event, SendRequest)]
    assert [attempt for _, attempt in requests] == list(range(1, 51))
    assert all(later - earlier >= 0.25 for (earlier, _), (later, _) in pairwise(requests))
    assert sent[-1][1] == NoAnswer(50)
    assert client.state is SearchState.EXHAUSTED


def test_answer_behind_the_last_request_still_counts() -> None:
    client = SdpClient(REQUEST, max_attempts=1)
    client.start(0.0)
    assert client.tick(0.25) == [NoAnswer(1)]
    assert client.receive(GOOD.encode(), SECC, 0.3) == [Answer(GOOD, SECC, 1, 0.3)]


def test_same_answer_again_is_told_as_such() -> None:
    client = SdpClient(REQUEST)
    client.start(0.0)
    client.receive(GOOD.encode(), SECC, 0.0)
    assert client.receive(GOOD.encode(), SECC, 1.0) == [RepeatedAnswer(GOOD, SECC)]


@pytest.mark.parametrize(
    "second",
    [OTHER, SdpResponse(SECC, 50000, Security.TLS), SdpResponse(SECC, 49152, Security.NONE)],
    ids=["address", "port", "security"],
)
def test_differing_answer_is_told(second: SdpResponse) -> None:
    client = SdpClient(REQUEST)
    client.start(0.0)
    client.receive(GOOD.encode(), SECC, 0.0)
    assert client.receive(second.encode(), OTHER.address, 1.0) == [DifferingAnswer(GOOD, second, OTHER.address)]
    assert client.answers == (GOOD, second)


def test_suspicious_and_malformed_answers_do_not_end_the_search() -> None:
    client = SdpClient(REQUEST)
    client.start(0.0)
    off_link = SdpResponse(IPv6Address("2001:db8::1"), 49152, Security.TLS)
    assert client.receive(off_link.encode(), SECC, 0.1) == [SuspiciousAnswer(off_link, SECC, (Suspicion.OFF_LINK,))]
    junk = encode_frame(0x9001, b"short")
    assert client.receive(junk, SECC, 0.1) == [MalformedAnswer("payload of 5 bytes instead of 20", junk, SECC)]
    assert client.state is SearchState.SEARCHING
    assert client.tick(0.25) == [SendRequest(REQUEST.encode(), 2)]
    assert client.receive(GOOD.encode(), SECC, 0.3) == [Answer(GOOD, SECC, 2, 0.3)]
    assert client.answers == (off_link, GOOD)


def test_search_starts_once() -> None:
    client = SdpClient(REQUEST)
    client.start(0.0)
    with pytest.raises(RuntimeError, match="new SdpClient"):
        client.start(1.0)
