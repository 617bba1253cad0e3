"""Timers of the sans-I/O core: what is due when, in the order of time and then of setting."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

Due = Callable[[float], None]
"""Called with the present time, in seconds of the monotonic scale."""


@dataclass(slots=True)
class Timer:
    """One thing that is due later.

    Attributes:
        when: Monotonic time in seconds.
        callback: What is called then.
        pending: Neither cancelled nor over.
    """

    when: float
    callback: Due
    pending: bool = field(default=True)

    def cancel(self) -> None:
        """Nothing will happen."""
        self.pending = False


class Timers:
    """All timers of a station."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._number = itertools.count()

    def at(self, when: float, callback: Due) -> Timer:
        """Calls something at a time.

        Args:
            when: Monotonic time in seconds; a time in the past is due at the next `run`.
            callback: Gets the time at which it is called.
        """
        timer = Timer(when, callback)
        heapq.heappush(self._heap, (when, next(self._number), timer))
        return timer

    def next(self) -> float | None:
        """When the first timer is due, None without any."""
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Calls everything that is due."""
        while (when := self.next()) is not None and when <= now:
            timer = heapq.heappop(self._heap)[2]
            timer.pending = False
            timer.callback(now)

    def clear(self) -> None:
        """Forgets everything: a power cycle."""
        for _, _, timer in self._heap:
            timer.cancel()
        self._heap.clear()
