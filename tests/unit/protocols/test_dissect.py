"""From octets to a message and to a plain tree, and never an exception for what a peer sent."""

from __future__ import annotations

import json
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols import sdp, v2gtp
from v2gready.protocols.dissect import dissect, plain
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m

REQUEST = m.SessionSetupReq(Header=m.MessageHeader(SessionID=bytes(8), TimeStamp=5), EVCCID="WMIV1234567890ABCDEX")


def test_a_message_comes_back_with_its_tree() -> None:
    raw = v2gtp.encode_frame(0x8002, codec.encode(REQUEST))
    assert dissect("v2gtp", raw) == (REQUEST, "")
    assert json.loads(json.dumps(plain(REQUEST)))["SessionSetupReq"]["EVCCID"] == "WMIV1234567890ABCDEX"


def test_the_same_octets_under_another_payload_type_are_no_message() -> None:
    message, problem = dissect("v2gtp", v2gtp.encode_frame(0x8004, codec.encode(REQUEST)))
    assert message is None
    assert problem


def test_a_side_stream_carries_common_messages() -> None:
    assert dissect("v2gtp", v2gtp.encode_frame(0x8101, codec.encode(REQUEST)))[0] == REQUEST


def test_sdp_both_ways() -> None:
    asked = sdp.SdpRequest(sdp.Security.TLS)
    told = sdp.SdpResponse(IPv6Address("fe80::1"), 50000, sdp.Security.NONE)
    assert dissect("sdp", asked.encode()) == (asked, "")
    assert dissect("sdp", told.encode()) == (told, "")
    assert plain(told) == {"SdpResponse": {"Address": "fe80::1", "Port": 50000, "Security": "NONE", "Transport": "TCP"}}


def test_no_message_has_no_tree() -> None:
    assert plain(None) is None


@given(st.sampled_from(["v2gtp", "sdp"]), st.binary(max_size=200))
def test_anything_is_a_message_or_a_problem(protocol: str, raw: bytes) -> None:
    message, problem = dissect(protocol, raw)
    assert (message is None) == bool(problem)


@given(st.sampled_from([0x8001, 0x8002, 0x8003, 0x8004, 0x8101, 0x9000, 0xA001]), st.binary(max_size=100))
def test_any_payload_is_a_message_or_a_problem(payload_type: int, payload: bytes) -> None:
    message, problem = dissect("v2gtp", v2gtp.encode_frame(payload_type, payload))
    assert (message is None) == bool(problem)
