"""Writes what passes onto one timeline: the trace that judges read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from v2gready.model.trace import Event, EventKind, Frame, Record, Recorded, Sample, Trace
from v2gready.protocols.dissect import dissect

Sink = Callable[[Record], None]
MAX_RECORDS = 20_000
MAX_OCTETS = 64 * 1024 * 1024
"""What one case may hold: several hours of charging, and far less than the memory of any bench."""


class TraceFull(Exception):  # noqa: N818 - a state: the case has seen enough
    """The trace holds all it may. A flooding device costs its own case, not the machine."""


class Recorder:
    """Collects the records of one case, in order, and hands each to a sink that stores it at once.

    Args:
        now: Monotonic seconds; the trace starts at zero.
        tester: Role the harness plays.
        dut: Role of the device under test.
        declared: PICS and PIXIT, for judges that look for contradictions.
        timing_uncertainty: Expanded uncertainty of time differences, in seconds.
        sink: Called with every record as it is made.
        limit: Records kept at most.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        tester: str,
        dut: str,
        declared: Mapping[str, Any] | None = None,
        timing_uncertainty: float = 0.0,
        sink: Sink | None = None,
        limit: int = MAX_RECORDS,
    ) -> None:
        self._now = now
        self._start = now()
        self._tester = tester
        self._dut = dut
        self._declared = dict(declared or {})
        self._timing_uncertainty = timing_uncertainty
        self._sink = sink
        self._limit = limit
        self._octets = 0
        self._ended = False
        self._records: list[Record] = []

    def frame(self, link: str, protocol: str, sender: str, raw: bytes, *, at: float | None = None) -> Frame:
        """Records a protocol data unit and returns it dissected.

        What we sent is dissected from its octets as well: the trace shows what went out, not what was meant.

        Args:
            link: Connection or channel.
            protocol: Name of the dissector.
            sender: Role that sent it.
            raw: The octets.
            at: Monotonic instant of arrival, if earlier than now.

        Raises:
            TraceFull: The limit is reached.
        """
        self._octets += len(raw)
        message, problem = dissect(protocol, raw)
        frame = Frame(
            index=len(self._records),
            t=self._elapsed(at),
            link=link,
            protocol=protocol,
            sender=sender,
            raw=raw,
            message=message,
            problem=problem,
        )
        self._keep(frame)
        return frame

    def event(
        self,
        kind: str,
        source: str,
        *,
        link: str = "",
        detail: Mapping[str, str | float | bool] | None = None,
        **facts: str | float | bool,
    ) -> None:
        """Records an event.

        Args:
            kind: One of `v2gready.model.trace.EventKind`.
            source: Role that caused it, or ``harness``.
            link: Connection or channel.
            detail: Facts by name.
            **facts: More of them.
        """
        self._keep(
            Event(
                index=len(self._records),
                t=self._elapsed(None),
                link=link,
                kind=kind,
                source=source,
                detail={**(detail or {}), **facts},
            )
        )

    def sample(self, channel: str, value: float, unit: str, uncertainty: float) -> None:
        """Records a measured value."""
        if self.full:
            return  # a meter goes on measuring; it has nothing to stop
        self._keep(
            Sample(
                index=len(self._records),
                t=self._elapsed(None),
                channel=channel,
                value=value,
                unit=unit,
                uncertainty=uncertainty,
            )
        )

    def recorded(self, name: str, content: Any) -> None:
        """Records a block of samples."""
        self._keep(Recorded(index=len(self._records), t=self._elapsed(None), name=name, content=content))

    @property
    def dut(self) -> str:
        """Role of the device under test."""
        return self._dut

    @property
    def elapsed(self) -> float:
        """Seconds on the timeline of the trace, now."""
        return self._elapsed(None)

    def trace(self) -> Trace:
        """The trace so far."""
        return Trace(
            records=tuple(self._records),
            tester=self._tester,
            dut=self._dut,
            declared=self._declared,
            timing_uncertainty=self._timing_uncertainty,
        )

    @property
    def full(self) -> bool:
        """The limit is reached: what came later is lost."""
        return len(self._records) >= self._limit or self._octets > MAX_OCTETS

    def _elapsed(self, at: float | None) -> float:
        return (self._now() if at is None else at) - self._start

    def _keep(self, record: Record) -> None:
        if self._ended:
            raise TraceFull(f"the trace is full after {len(self._records)} records")
        if self.full:
            self._ended = True
            record = Event(index=record.index, t=record.t, kind=EventKind.TRACE_FULL, source="harness")
        self._records.append(record)
        if self._sink is not None:
            self._sink(record)
