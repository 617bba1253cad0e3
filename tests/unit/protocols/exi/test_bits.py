"""The run time below the compiled codecs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.exi import bits

DATA = st.binary(min_size=1, max_size=3 * bits.Window.SIZE)


@given(data=DATA, reads=st.lists(st.tuples(st.integers(0, 8 * 3 * bits.Window.SIZE), st.integers(1, bits.MAX_READ))))
def test_a_window_reads_what_an_integer_reads(data: bytes, reads: list[tuple[int, int]]) -> None:
    """Anywhere, in any order, up to the longest read there is."""
    whole, window = int.from_bytes(data), bits.Window(data)
    for position, width in reads:
        rem = 8 * len(data) - min(position, 8 * len(data) - width)
        if rem < width:
            continue
        assert window >> (rem - width) & (1 << width) - 1 == whole >> (rem - width) & (1 << width) - 1


@given(data=DATA, position=st.integers(0, 500), count=st.integers(0, 600))
def test_bytes_are_taken_from_any_bit(data: bytes, position: int, count: int) -> None:
    rem = max(8 * len(data) - position, 0)
    count = min(count, rem // 8)
    expected = (int.from_bytes(data) >> (rem - 8 * count) & (1 << 8 * count) - 1).to_bytes(count)
    assert bits.take(int.from_bytes(data), rem, count) == expected
    assert bits.take(bits.Window(data), rem, count) == expected


def test_a_window_ends_like_an_integer() -> None:
    for stream in (0x80, bits.Window(b"\x80")):
        with pytest.raises(ValueError, match=r"negative shift count|end of data"):
            _ = stream >> -1


@given(st.integers(0, 2**256))
def test_unsigned_integers_come_back(value: int) -> None:
    acc = bits.write_unsigned(1, value)
    rem = acc.bit_length() - 1
    assert bits.unsigned(acc, rem) == (value, 0)


def test_an_integer_without_end_is_refused() -> None:
    data = b"\x80" * (bits.MAX_INTEGER_GROUPS + 1)
    with pytest.raises(bits.Unreadable, match="integer of more than 37 groups"):
        bits.unsigned(int.from_bytes(data), 8 * len(data))


def test_an_integer_may_be_long_winded() -> None:
    """EXI does not ask for the shortest form."""
    assert bits.unsigned(int.from_bytes(b"\x85\x80\x00"), 24) == (5, 0)


@given(st.integers(1, 2**70), st.integers(0, 2**70), st.integers(0, 80))
def test_join_keeps_leading_zeros(acc: int, part: int, zeros: int) -> None:
    text = "0" * zeros + f"{part:b}"
    assert f"{bits.join(acc, int('1' + text, 2)):b}" == f"{acc:b}" + text
