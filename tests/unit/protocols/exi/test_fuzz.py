"""100,000 broken streams: each is a message or an ExiDecodeError, and nothing else ever."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118.codec import (
    MessageSet,
    decode,
    decode_fragment,
    encode,
    from_plain,
    message_set,
    to_plain,
    violations,
)

VECTORS = json.loads(
    (Path(__file__).resolve().parents[4] / "fixtures" / "exi" / "vectors.json").read_text(encoding="utf-8")
)
DOCUMENTS = [(MessageSet[vector["set"]], bytes.fromhex(vector["exi"])) for vector in VECTORS["documents"]]
FRAGMENTS = [
    (vector["set"] and MessageSet[vector["set"]], bytes.fromhex(vector["exi"])) for vector in VECTORS["fragments"]
]


def flip(rng: random.Random, data: bytes) -> bytes:
    """Turns a few bits."""
    broken = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def truncate(rng: random.Random, data: bytes) -> bytes:
    """Leaves out the end."""
    return data[: rng.randrange(len(data))]


def scramble(rng: random.Random, data: bytes) -> bytes:
    """Keeps a beginning and goes on at random."""
    return data[: rng.randrange(1, len(data))] + rng.randbytes(rng.randint(1, 64))


def splice(rng: random.Random, data: bytes) -> bytes:
    """Goes on with another message."""
    _, other = rng.choice(DOCUMENTS)
    return data[: rng.randrange(1, len(data))] + other[rng.randrange(len(other)) :]


def repeat(rng: random.Random, data: bytes) -> bytes:
    """Says a part again and again."""
    begin = rng.randrange(1, len(data))
    end = rng.randrange(begin, len(data))
    return data[:end] + data[begin:end] * rng.randint(1, 30) + data[end:]


@pytest.mark.parametrize("break_it", [flip, truncate, scramble, splice, repeat])
@pytest.mark.parametrize("part", range(4))
def test_broken_documents(break_it: Callable[[random.Random, bytes], bytes], part: int) -> None:
    rng = random.Random(f"{break_it.__name__} {part}")
    refused = []
    for _ in range(4500):
        member, data = rng.choice(DOCUMENTS)
        try:
            message = decode(member, break_it(rng, data))
        except ExiDecodeError as error:
            refused.append(error)
            continue
        # What was understood can be judged, written down and sent again.
        assert all(violation.encodable for violation in violations(message))
        assert message_set(message) is member
        assert decode(member, encode(message, check=False)) == message
        assert from_plain(type(message).__name__, to_plain(message)) == message
    assert refused
    assert all(error.reason and error.bit_offset >= 0 for error in refused)


@pytest.mark.parametrize("break_it", [flip, truncate, scramble, splice, repeat])
def test_broken_fragments(break_it: Callable[[random.Random, bytes], bytes]) -> None:
    rng = random.Random(break_it.__name__)
    refused = []
    for _ in range(2000):
        member, data = rng.choice(FRAGMENTS)
        try:
            decode_fragment(break_it(rng, data), message_set=member)
        except ExiDecodeError as error:
            refused.append(error)
    assert all(error.reason and error.bit_offset >= 0 for error in refused)
