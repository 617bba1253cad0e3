"""What a judge may ask the trace, and what it is told when there is nothing to tell."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Event, EventKind, Frame, Record, Sample, Trace


@dataclass(frozen=True)
class Ask:
    n: int = 0


@dataclass(frozen=True)
class Tell:
    n: int = 0


def trace(*entries: tuple[str, object] | Event | Sample) -> Trace:
    """A trace of (sender, message) pairs on one link, a second apart, and other records."""
    records: list[Record] = []
    for entry in entries:
        if isinstance(entry, tuple):
            sender, message = entry
            problem = "garbage" if message is None else ""
            records.append(
                Frame(
                    index=len(records),
                    t=float(len(records)),
                    link="tcp-1",
                    protocol="v2gtp",
                    sender=sender,
                    raw=b"",
                    message=message,
                    problem=problem,
                )
            )
        else:
            records.append(entry)
    return Trace(records, "ev", "charger")


def event(index: int, kind: str, source: str = "charger", **detail: str) -> Event:
    return Event(index=index, t=float(index), link="tcp-1", kind=kind, source=source, detail=detail)


def test_a_request_with_its_answer() -> None:
    exchange = trace(("ev", Ask()), ("charger", Tell(1))).exchange(Ask)
    assert (exchange.sent, exchange.answer, exchange.elapsed, exchange.at) == (Ask(), Tell(1), 1.0, (0, 1))


def test_what_comes_after_our_next_request_answers_that_one() -> None:
    seen = trace(("ev", Ask(1)), ("ev", Ask(2)), ("charger", Tell(2)))
    first, second = seen.exchanges(Ask)
    assert (first.response, first.elapsed, second.answer) == (None, None, Tell(2))


def test_an_answer_that_does_not_decode_is_an_answer() -> None:
    exchange = trace(("ev", Ask()), ("charger", None)).exchange(Ask)
    assert exchange.response is not None
    assert exchange.answer is None


def test_the_nth_and_the_filtered_request() -> None:
    seen = trace(("ev", Ask(1)), ("charger", Tell(1)), ("ev", Ask(2)), ("charger", Tell(2)))
    assert seen.exchange(Ask, nth=-1).answer == Tell(2)
    assert seen.exchange(Ask, where=lambda ask: ask.n == 2).answer == Tell(2)


def test_a_request_that_was_never_sent_is_inconclusive_with_the_last_words() -> None:
    with pytest.raises(Inconclusive, match=r"did not reach Ask: the last frame of the charger is Tell \(record 0\)"):
        trace(("charger", Tell())).exchange(Ask)
    with pytest.raises(Inconclusive, match="the charger sent nothing"):
        trace().exchange(Ask)
    with pytest.raises(Inconclusive, match="connect failed: nobody there"):
        trace(event(0, EventKind.CONNECT_FAILED, "ev", reason="nobody there")).exchange(Ask)


def test_silence_counts_only_as_long_as_somebody_watched() -> None:
    seen = trace(("ev", Ask()), event(1, EventKind.OBSERVED_UNTIL, "ev"), event(2, "other"))
    assert seen.silence_after(seen.records[0]) == 1.0
    assert trace(("ev", Ask())).silence_after(seen.records[0]) == 0.0


def test_closed_is_the_devices_doing() -> None:
    seen = trace(("ev", Ask()), event(1, EventKind.CLOSED, "ev"), event(2, EventKind.CLOSED))
    gone = seen.closed("tcp-1")
    assert gone is not None
    assert gone.index == 2
    assert seen.closed("tcp-1", since=3) is None
    assert seen.closed("tcp-2") is None


def test_samples_of_a_span() -> None:
    measured = [
        Sample(index=index, t=float(index), channel="dc.voltage", value=400.0, unit="V", uncertainty=0.1)
        for index in range(5)
    ]
    assert [one.index for one in trace(*measured).samples("dc.voltage", since=1, until=3)] == [1, 2, 3]
    with pytest.raises(Inconclusive, match=r"no sample of dc\.current"):
        trace(*measured).samples("dc.current")
