"""What can go wrong between a message and its bytes."""

from __future__ import annotations


class ExiError(Exception):
    """An EXI stream cannot be read or written.

    Attributes:
        reason: What is wrong, in words for a report.
        bit_offset: Where reading stopped (bit 0 is the first bit of the EXI header), a few bits behind the cause as
            neighbouring fields are read together; -1 where no stream exists yet.
    """

    def __init__(self, reason: str, bit_offset: int = -1) -> None:
        super().__init__(f"{reason} (bit {bit_offset})" if bit_offset >= 0 else reason)
        self.reason = reason
        self.bit_offset = bit_offset


class ExiDecodeError(ExiError):
    """The bytes are not a stream of the grammar: the peer's violation."""


class ExiEncodeError(ExiError):
    """The value does not fit its declaration: our own mistake. `reason` begins with the path of the field."""
