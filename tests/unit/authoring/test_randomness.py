"""What is random passes, what is not is found in words, and the chance of a false alarm is what it says."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.authoring import randomness


def good(count: int, octets: int = 8, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [rng.randbytes(octets) for _ in range(count)]


@given(seed=st.integers(0, 2**32), count=st.integers(0, 100), octets=st.sampled_from([8, 16]))
def test_random_values_show_no_pattern(seed: int, count: int, octets: int) -> None:
    assert randomness.patterns(good(count, octets, seed)) == []


STEP = 0x0371_5A2D
"""A clock's step: so large that most bits of four octets vary."""
RANDOM, OTHER = good(64), good(64, seed=2)


def clock(counts: range) -> list[bytes]:
    """Four octets of a clock, and four random ones."""
    return [(n * STEP).to_bytes(4, "big") + one[4:] for n, one in zip(counts, RANDOM, strict=True)]


def both(one: bytes, other: bytes) -> bytes:
    """Ones where both have ones: one bit in four."""
    return bytes(a & b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param([RANDOM[0], *(bytes(4) + one[4:] for one in RANDOM[1:])], "nearly always the same", id="stuck"),
        pytest.param([both(*two) for two in zip(RANDOM, OTHER, strict=True)], "bits are ones", id="biased"),
        pytest.param([one for one in RANDOM for _ in range(2)], "change from one value to the next", id="doubled"),
        pytest.param(clock(range(64)), "octets 1 to 4 go up in order", id="clock"),
        pytest.param(clock(range(64, 0, -1)), "octets 1 to 4 go down in order", id="countdown"),
    ],
)
def test_a_pattern_is_found_in_words(values: list[bytes], found: str) -> None:
    assert any(found in one for one in randomness.patterns(values)), randomness.patterns(values)


def test_few_values_say_nothing() -> None:
    for count in range(randomness.FEW):
        assert randomness.patterns([bytes([n] * 8) for n in range(count)]) == []


def test_repeats_and_varying_bits() -> None:
    values = good(50)
    assert randomness.repeats([*values, values[0], values[0]]) == 2
    assert randomness.varying_bits(values) == 64
    assert randomness.varying_bits([bytes(4) + one[4:] for one in values]) == 32


def test_printable() -> None:
    assert randomness.printable([b"0A1B2C3D", b"99999999"])
    assert not randomness.printable([b"0A1B2C3D", b"9999999\x00"])


@pytest.mark.parametrize("octets", [8, 16])
def test_the_chance_of_a_false_alarm_is_told(octets: int) -> None:
    assert 0 < randomness.alarm(64, octets) < 1e-6
    assert randomness.alarm(10, octets) > randomness.alarm(64, octets)
