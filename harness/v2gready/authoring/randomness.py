"""What keeps values of a device from being random: statistics whose false alarms are counted beforehand.

A generator cannot be seen from outside. Of values that came from a good one, each test below finds fault with a
probability of at most `PER_TEST`, by exact binomial tails or by counting; there are as many tests as `alarm` counts.
What passes them may still come from a small seed: b bits of seed show by a repeat among some 2^(b/2) values alone, so
32 bits stay unseen in a run of tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import comb, factorial
from typing import Final

PER_TEST: Final = 1e-10
"""Probability that one test finds fault with values of a good generator."""
FEW: Final = 16
"""With fewer values bits that happen not to vary are common, and those that vary are no fair sample of all."""
WINDOW: Final = 4
"""Octets that are looked at as a number that might count up: a clock in seconds or milliseconds."""


def alarm(count: int, octets: int) -> float:
    """Upper bound for the probability that any test finds fault with so many values of a good generator."""
    bits = 8 * octets
    windows = 2 * max(1, octets - WINDOW + 1)
    repeats = comb(count, 2) / 2.0**bits
    printable = (95 / 256) ** (count * octets)
    unvarying = bits * 2.0 ** (1 - count)
    return PER_TEST * (bits + 2 + windows) + repeats + printable + unvarying


def repeats(values: Sequence[bytes]) -> int:
    """How many values came before."""
    return len(values) - len(set(values))


def varying_bits(values: Sequence[bytes]) -> int:
    """How many bits are not the same in all values: entropy cannot be more."""
    return _varying(values).bit_count()


def printable(values: Sequence[bytes]) -> bool:
    """Every octet is a printable character of ASCII: 6.6 bits of entropy in each at most."""
    return all(value.isascii() and value.decode("ascii").isprintable() for value in values)


def patterns(values: Sequence[bytes]) -> list[str]:
    """What a good generator does not do, in words; empty if there is nothing of the kind.

    Bits that never vary are left out here: that a few do not is allowed where less entropy is asked for than there
    are bits. Tests: each bit as often one as zero; all bits together; bits that change from one value to the next;
    octets that count up or down.

    Args:
        values: Of one length, in the order in which they came; fewer than `FEW` say nothing.
    """
    if len(values) < FEW:
        return []
    mask = _varying(values)
    numbers = [int.from_bytes(value, "big") & mask for value in values]
    octets = len(values[0])
    return [*_unbalanced(numbers, mask), *_unchanging(numbers, mask), *_counting(numbers, mask, octets)]


def _varying(values: Sequence[bytes]) -> int:
    numbers = [int.from_bytes(value, "big") for value in values]
    mask = 0
    for number in numbers:
        mask |= number ^ numbers[0]
    return mask


def _unbalanced(numbers: Sequence[int], mask: int) -> list[str]:
    margin, count = _margin(len(numbers)), mask.bit_count()
    bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    ones = [sum(number >> bit & 1 for number in numbers) for bit in bits]
    odd = sum(not margin <= one <= len(numbers) - margin for one in ones)
    total = len(numbers) * count
    bound = _margin(total)
    found = [f"{odd} of {count} bits are nearly always the same"] if odd else []
    if not bound <= sum(ones) <= total - bound:
        found.append(f"{sum(ones)} of {total} bits are ones")
    return found


def _unchanging(numbers: Sequence[int], mask: int) -> list[str]:
    """From one independent value to the next half of the bits change."""
    changes = sum((before ^ after).bit_count() for before, after in pairwise(numbers))
    total = mask.bit_count() * (len(numbers) - 1)
    bound = _margin(total)
    return [] if bound <= changes <= total - bound else [f"{changes} of {total} bits change from one value to the next"]


def _counting(numbers: Sequence[int], mask: int, octets: int) -> list[str]:
    """Octets in a row that, read as a number, go up, or down, nearly every time."""
    allowed = _descents(len(numbers))
    found = []
    for start in range(max(1, octets - WINDOW + 1)):
        shift = 8 * max(0, octets - WINDOW - start)
        window = mask >> shift & (1 << 8 * WINDOW) - 1
        if window.bit_count() <= 8 * WINDOW // 2:
            continue  # so few bits are often equal, which is neither up nor down
        parts = [number >> shift & window for number in numbers]
        ups = sum(after >= before for before, after in pairwise(parts))
        downs = len(parts) - 1 - ups
        if min(ups, downs) < allowed:
            found.append(f"octets {start + 1} to {start + WINDOW} {'go up' if downs < ups else 'go down'} in order")
    return found


@cache
def _margin(count: int) -> int:
    """The least number of ones among fair bits that is not out of the question: P(fewer, or as many zeros) < PER_TEST.

    0 where even none at all would be no surprise.
    """
    limit = (1 << count) // round(2 / PER_TEST)
    tail, least, term = 0, 0, 1  # term: count over least
    while tail + term <= limit:
        tail += term
        term = term * (count - least) // (least + 1)
        least += 1
    return least


@cache
def _descents(count: int) -> int:
    """The least number of descents in a random order that is not out of the question (Eulerian numbers)."""
    limit = factorial(count) // round(2 / PER_TEST)
    row = [1]
    for length in range(2, count + 1):
        row = [
            (k + 1) * (row[k] if k < len(row) else 0) + (length - k) * (row[k - 1] if k else 0) for k in range(length)
        ]
    tail, least = 0, 0
    while least < len(row) and tail + row[least] <= limit:
        tail += row[least]
        least += 1
    return least
