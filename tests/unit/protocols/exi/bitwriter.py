"""Streams written bit by bit, for what our encoder never sends."""

from __future__ import annotations

from typing import Self


class BitWriter:
    """Grows a stream; `bytes()` pads it with zeros."""

    def __init__(self) -> None:
        self.bits = ""

    def raw(self, bits: str) -> Self:
        """Bits as a string of 0 and 1; blanks are for the reader."""
        self.bits += bits.replace(" ", "")
        return self

    def unsigned(self, value: int) -> Self:
        """An EXI unsigned integer."""
        while value > 127:
            self.bits += f"1{value & 127:07b}"
            value >>= 7
        self.bits += f"0{value:07b}"
        return self

    def text(self, value: str) -> Self:
        """A string literal."""
        self.unsigned(len(value) + 2)
        for character in value:
            self.unsigned(ord(character))
        return self

    def binary(self, value: bytes) -> Self:
        """A binary value."""
        self.unsigned(len(value))
        self.bits += "".join(f"{byte:08b}" for byte in value)
        return self

    def local_hit(self, number: str = "") -> Self:
        """A reference to the local partition, with the bits of the number."""
        return self.unsigned(0).raw(number)

    def global_hit(self, number: str = "") -> Self:
        """A reference to the global partition, with the bits of the number."""
        return self.unsigned(1).raw(number)

    def __bytes__(self) -> bytes:
        padded = self.bits + "0" * (-len(self.bits) % 8)
        return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


def header(root: str) -> BitWriter:
    """A document up to the end of its message header: EXI header, root code, SessionID 0, TimeStamp 0, no signature."""
    stream = BitWriter().raw("10000000").raw(root)
    return stream.raw("0").raw("0 0").binary(bytes(8)).raw("0").raw("0 0").unsigned(0).raw("0").raw("01")
