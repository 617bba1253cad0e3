"""Replays what EXIficient made of messages and fragments (tests/interop/record_exi_vectors.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118.codec import (
    MessageSet,
    decode,
    decode_fragment,
    encode,
    encode_fragment,
    from_plain,
    message_set,
    to_plain,
    violations,
)

VECTORS = json.loads(
    (Path(__file__).resolve().parents[4] / "fixtures" / "exi" / "vectors.json").read_text(encoding="utf-8")
)


def of_set(name: str | None) -> MessageSet | None:
    return None if name is None else MessageSet[name]


@pytest.mark.parametrize("declaration", sorted({vector["message"] for vector in VECTORS["documents"]}))
def test_documents(declaration: str) -> None:
    for vector in VECTORS["documents"]:
        if vector["message"] == declaration:
            message = from_plain(declaration, vector["plain"])
            assert message_set(message).name == vector["set"]
            assert to_plain(message) == vector["plain"]
            assert encode(message).hex() == vector["exi"]
            assert decode(message_set(message), bytes.fromhex(vector["exi"])) == message
            assert list(violations(message)) == []


@pytest.mark.parametrize("element", sorted({vector["element"] for vector in VECTORS["fragments"]}))
def test_fragments(element: str) -> None:
    for vector in VECTORS["fragments"]:
        if vector["element"] == element:
            value = from_plain(vector["type"], vector["plain"])
            assert encode_fragment(element, value, message_set=of_set(vector["set"])).hex() == vector["exi"]
            found = decode_fragment(bytes.fromhex(vector["exi"]), message_set=of_set(vector["set"]))
            assert found == (element, value)


def test_all_messages_are_covered() -> None:
    covered = {vector["message"] for vector in VECTORS["documents"]}
    assert covered == {declaration.__name__ for member in MessageSet for declaration in member.schema.messages}
    assert len(VECTORS["documents"]) + len(VECTORS["fragments"]) >= 300


def test_every_beginning_of_a_message_is_refused() -> None:
    shortest: dict[str, Any] = {}
    for vector in VECTORS["documents"]:
        shortest.setdefault(vector["message"], vector)
    for vector in shortest.values():
        data = bytes.fromhex(vector["exi"])
        for length in range(len(data)):
            with pytest.raises(ExiDecodeError):
                decode(MessageSet[vector["set"]], data[:length])
