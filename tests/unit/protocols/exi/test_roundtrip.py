"""For every message: what goes out comes back, as bytes and as JSON."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.protocols.exi.strategies import objects
from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, from_plain, message_set, to_plain, violations
from v2gready.protocols.iso15118.messages import SapResponseCode, SupportedAppProtocolRes

MESSAGES = [declaration for member in MessageSet for declaration in member.schema.messages]


@pytest.mark.parametrize("declaration", MESSAGES)
def test_round_trip(declaration: type[Any]) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(objects(declaration))
    def check(message: Any) -> None:
        data = encode(message)
        assert decode(message_set(message), data) == message
        assert encode(message, check=False) == data
        assert list(violations(message)) == []
        assert from_plain(declaration, json.loads(json.dumps(to_plain(message)))) == message

    check()


@given(st.sampled_from(list(MessageSet)), st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error(member: MessageSet, data: bytes) -> None:
    with contextlib.suppress(ExiDecodeError):
        decode(member, b"\x80" + data)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_whatever_the_transport_hands_over_is_read(kind: type[Any]) -> None:
    assert decode(MessageSet.SAP, kind(b"\x80\x40\x00\x40")) == SupportedAppProtocolRes(
        ResponseCode=SapResponseCode.OK_SuccessfulNegotiation, SchemaID=1
    )
