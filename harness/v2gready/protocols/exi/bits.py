"""The run time of the compiled codecs: reading and writing what is longer than a few bits.

**Writing.** The stream is one integer that grows at its low end: `acc << width | value`. It starts with a 1 bit, so
that leading zeros count.

**Reading.** A position is `rem`, the number of bits that remain behind it. With `bits` as the whole stream, the next
`n` bits are `bits >> (rem - n) & mask`; a negative shift raises ValueError, which is the end of the data. For a short
stream `bits` is an `int`. Shifting a long one would copy it for every field, so there it is a `Window`, which looks
the same and shifts a small piece only: the time stays linear in the input.
"""

from __future__ import annotations

import sys
from array import array
from typing import NoReturn

# Above this many bytes the Window is faster than shifting the whole stream.
WHOLE = 1024
# A read takes at most so many bits at once; longer things go through `take`.
MAX_READ = 64
# EXI puts no limit on integers. The longest of this profile is an X.509 serial number of 20 bytes.
MAX_INTEGER_GROUPS = 37


class Unreadable(Exception):  # noqa: N818 - never leaves the package
    """The stream breaks the grammar with `rem` bits to go."""

    def __init__(self, rem: int, reason: str) -> None:
        super().__init__(reason)
        self.rem = rem
        self.reason = reason


class Unwritable(Exception):  # noqa: N818 - never leaves the package
    """A value does not fit its declaration; `validation` finds the words."""


class Window:
    """A long stream that can be shifted right like an integer, one piece at a time."""

    __slots__ = ("_base", "_data", "_piece", "_span", "_total")

    SIZE = 256
    OVERLAP = MAX_READ // 8

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._total = len(data) * 8
        self._load(self._total)

    def _load(self, rem: int) -> None:
        begin = max((self._total - rem) // 8 - self.OVERLAP, 0)
        piece = self._data[begin : begin + self.SIZE]
        self._piece = int.from_bytes(piece)
        self._base = self._total - (begin + len(piece)) * 8
        # Bits of the piece from which a whole read still finds all its bits inside.
        self._span = len(piece) * 8 - (MAX_READ if begin else 0)

    def __rshift__(self, rem: int) -> int:
        """The stream without its last `rem` bits; of the rest only the lower MAX_READ bits are promised."""
        shift = rem - self._base
        if not 0 <= shift <= self._span:
            if rem < 0:
                raise ValueError("end of data")
            self._load(rem)
            shift = rem - self._base
        return self._piece >> shift

    def take(self, rem: int, count: int) -> bytes:
        """The next `count` bytes at any bit position."""
        begin, skew = divmod(self._total - rem, 8)
        if not skew:
            return self._data[begin : begin + count]
        wide = int.from_bytes(self._data[begin : begin + count + 1])
        return (wide >> (8 - skew) & (1 << 8 * count) - 1).to_bytes(count)


Bits = int | Window


class StringTable:
    """Values of one stream by partition (EXI 7.3.3): local per qualified name, and global."""

    __slots__ = ("_everywhere", "_local")

    def __init__(self) -> None:
        self._everywhere: list[str] = []
        self._local: dict[tuple[str, str], list[str]] = {}

    def add(self, key: tuple[str, str], value: str) -> None:
        """Enters a value that came as a literal. The empty string has no entry."""
        if value:
            self._everywhere.append(value)
            self._local.setdefault(key, []).append(value)

    def partition(self, key: tuple[str, str] | None) -> list[str]:
        """The values of a name, or those of all names."""
        return self._everywhere if key is None else self._local.get(key, [])


def refuse(rem: int, reason: str) -> NoReturn:
    """Ends the decoding."""
    raise Unreadable(rem, reason)


def more(bits: Bits, rem: int, value: int) -> tuple[int, int]:
    """The rest of an unsigned integer of more than two groups, of which `value` has the first two."""
    for place in range(14, 7 * MAX_INTEGER_GROUPS, 7):
        rem -= 8
        group = bits >> rem & 255
        value |= (group & 127) << place
        if group < 128:
            return value, rem
    refuse(rem, f"integer of more than {MAX_INTEGER_GROUPS} groups")


def unsigned(bits: Bits, rem: int) -> tuple[int, int]:
    """An unsigned integer (EXI 7.1.6): groups of seven bits, the lowest first."""
    rem -= 8
    value = bits >> rem & 255
    if value < 128:
        return value, rem
    rem -= 8
    group = bits >> rem & 255
    value = value & 127 | (group & 127) << 7
    return (value, rem) if group < 128 else more(bits, rem, value)


def take(bits: Bits, rem: int, count: int) -> bytes:
    """The next `count` bytes, which the caller knows to be there."""
    if isinstance(bits, int):
        return (bits >> (rem - 8 * count) & (1 << 8 * count) - 1).to_bytes(count)
    return bits.take(rem, count)


def binary(bits: Bits, rem: int) -> tuple[bytes, int]:
    """A length and so many bytes (EXI 7.1.1)."""
    count, rem = unsigned(bits, rem)
    if count * 8 > rem:
        refuse(rem, f"binary value of {count} bytes with {rem} bits left")
    return take(bits, rem, count), rem - 8 * count


def text(bits: Bits, rem: int, table: StringTable, key: tuple[str, str]) -> tuple[str, int]:
    """A string value: a literal, or the number of an earlier one (EXI 7.3.3)."""
    length, rem = unsigned(bits, rem)
    if length < 2:
        values = table.partition(None if length else key)
        width = max(len(values) - 1, 0).bit_length()
        rem -= width
        number = bits >> rem & (1 << width) - 1
        if number >= len(values):
            refuse(rem, f"{key[1]}: no string {number} in the {'global' if length else 'local'} table")
        return values[number], rem
    length -= 2
    if length * 8 > rem:
        refuse(rem, f"{key[1]}: string of {length} characters with {rem} bits left")
    raw = take(bits, rem, length)
    if raw.isascii():
        value = raw.decode("ascii")
        rem -= 8 * length
    else:
        value, rem = _code_points(take(bits, rem, min(3 * length, rem // 8)), rem, length)
    table.add(key, value)
    return value, rem


def _code_points(raw: bytes, rem: int, length: int) -> tuple[str, int]:
    """`length` unsigned integers as characters; a code point has 21 bits, which is three groups."""
    codes = array("I")
    at = 0
    try:
        for _ in range(length):
            code = raw[at]
            if code > 127:
                at += 1
                code = code & 127 | raw[at] << 7
                if raw[at] > 127:
                    at += 1
                    code = code & 0x3FFF | raw[at] << 14
            at += 1
            # Surrogates are no characters, and would break every writer of UTF-8 behind us.
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                refuse(rem - 8 * at, f"no Unicode character has the code point {code:#x}")
            codes.append(code)
    except IndexError:
        refuse(0, "end of data inside a string")
    return codes.tobytes().decode(f"utf-32-{sys.byteorder[0]}e"), rem - 8 * at


def write_unsigned(acc: int, value: int) -> int:
    """Appends an unsigned integer."""
    if value < 0:
        raise Unwritable
    while value > 127:
        acc = acc << 8 | value & 127 | 128
        value >>= 7
    return acc << 8 | value


def write_binary(acc: int, value: bytes) -> int:
    """Appends a length and the bytes."""
    if not isinstance(value, bytes):
        raise Unwritable
    return write_unsigned(acc, len(value)) << 8 * len(value) | int.from_bytes(value)


def write_text(acc: int, value: str) -> int:
    """Appends a string as a literal, because deployed decoders refuse table hits (reference 2.6)."""
    acc = write_unsigned(acc, len(value) + 2)
    if value.isascii():
        return acc << 8 * len(value) | int.from_bytes(value.encode("ascii"))
    raw = bytearray()
    for code in map(ord, value):
        if code < 128:
            raw.append(code)
        elif code < 0x4000:
            raw += bytes((code & 127 | 128, code >> 7))
        else:
            raw += bytes((code & 127 | 128, code >> 7 & 127 | 128, code >> 14))
    return acc << 8 * len(raw) | int.from_bytes(raw)


def join(acc: int, part: int) -> int:
    """Appends a stream that was begun on its own, so that a list costs one long shift per item."""
    width = part.bit_length() - 1
    return acc << width | part ^ 1 << width
