"""What may become of the trace of an OCPP case: a dead device, a liar, a parrot, a bad clock, half a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from v2gready.model.trace import Event, EventKind, Frame, Record, Sample, Trace
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    ErrorCode,
    Message,
    Send,
    encode,
)

HOUR = 3600.0
LATE = 90.0
"""Seconds by which a device lags behind: longer than whatever a case grants."""
_LISTENING = frozenset({EventKind.OBSERVED_UNTIL, EventKind.TIMEOUT})
_HANDSHAKE = frozenset(
    {
        EventKind.CONNECTED,
        EventKind.TLS_ESTABLISHED,
        EventKind.TLS_HELLO,
        EventKind.WS_REQUEST,
        EventKind.WS_RESPONSE,
    }
)
_POWER = {"Power.Active.Import": "Power.Active.Export", "Power.Active.Export": "Power.Active.Import"}


@dataclass(frozen=True)
class Mutation:
    """A change of a trace.

    Attributes:
        name: For the message.
        change: Gives the changed trace; None where there is nothing to change.
        dead: The device does less than it did: silence in place of what it said.
    """

    name: str
    change: Callable[[Trace], Trace | None]
    dead: bool = False


# --- tools ------------------------------------------------------------------------------------------------------------


def rebuilt(trace: Trace, records: Iterable[Record]) -> Trace | None:
    """The trace of these records; None if they are those it had."""
    found = list(records)
    if len(found) == len(trace.records) and all(a is b for a, b in zip(found, trace.records, strict=True)):
        return None
    numbered = (one if one.index == at else replace(one, index=at) for at, one in enumerate(found))
    return replace(trace, records=tuple(numbered))


def _without(which: Callable[[Trace, Record], bool]) -> Callable[[Trace], Trace | None]:
    return lambda trace: rebuilt(trace, (one for one in trace.records if not which(trace, one)))


def of_device(trace: Trace, record: Record) -> bool:
    """The device sent it, caused it, or was measured: a dead device has no power either."""
    return (
        isinstance(record, Sample)
        or (isinstance(record, Frame) and record.sender == trace.dut)
        or (isinstance(record, Event) and record.source == trace.dut)
    )


def said(trace: Trace, record: Record) -> bool:
    """A frame of the device."""
    return isinstance(record, Frame) and record.sender == trace.dut


def with_message(frame: Frame, message: Message) -> Frame:
    """The frame with another message."""
    return replace(frame, raw=encode(message).encode("utf-8"), message=message, problem="")


def _each(change: Callable[[Trace, Frame, Message], Message | None]) -> Callable[[Trace], Trace | None]:
    """Changes messages of the device: the same object for none; None leaves the frame out."""

    def changed(trace: Trace) -> Trace | None:
        records: list[Record] = []
        for record in trace.records:
            if isinstance(record, Frame) and record.sender == trace.dut and record.message is not None:
                message = change(trace, record, record.message)
                if message is None:
                    continue
                records.append(record if message is record.message else with_message(record, message))
            else:
                records.append(record)
        return rebuilt(trace, records)

    return changed


def _everywhere(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """A payload with each field changed, the deepest first; the same object where nothing changes."""
    if isinstance(value, Mapping):
        new: Any = {key: change(key, _everywhere(inner, change)) for key, inner in value.items()}
    elif isinstance(value, list):
        new = [_everywhere(inner, change) for inner in value]
    else:
        return value
    return value if new == value else new


def _payloads(change: Callable[[Any], Any]) -> Callable[[Trace], Trace | None]:
    def changed(_: Trace, __: Frame, message: Message) -> Message:
        if not isinstance(message, Call | CallResult | Send):
            return message
        payload = change(message.payload)
        return (
            message if payload is message.payload or payload == message.payload else replace(message, payload=payload)
        )

    return _each(changed)


def _boots(trace: Trace) -> set[str]:
    """Ids of BootNotifications: of the station, or of ours."""
    return {one.message.id for one in trace.frames() if isinstance(one.message, Call) and _is_boot(one.message)}


def _is_boot(message: Message) -> bool:
    return isinstance(message, Call) and message.action == "BootNotification"


# --- less than it was -------------------------------------------------------------------------------------------------


def _cut(share: float, *, ours_stay: bool) -> Callable[[Trace], Trace | None]:
    """Nothing of the device behind a share of its frames; or nothing at all."""

    def cut(trace: Trace) -> Trace | None:
        own = [one.index for one in trace.frames(sender=trace.dut)]
        if not own:
            return None
        kept = int(share * len(own))
        return after(trace, own[kept], ours_stay=ours_stay)

    return cut


def after(trace: Trace, index: int, *, ours_stay: bool) -> Trace | None:
    """Nothing of the device from a record on, or nothing at all."""
    return rebuilt(
        trace,
        (one for one in trace.records if one.index < index or (ours_stay and not of_device(trace, one))),
    )


def _dead_after_boot(trace: Trace) -> Trace | None:
    """Handshakes and boots, nothing else."""
    boots = _boots(trace)

    def stays(record: Record) -> bool:
        if not of_device(trace, record):
            return True
        if isinstance(record, Frame):
            return getattr(record.message, "id", None) in boots
        return isinstance(record, Event) and record.kind in _HANDSHAKE

    return rebuilt(trace, (one for one in trace.records if stays(one)))


def _hangs_up(share: float, *, ours_stay: bool) -> Callable[[Trace], Trace | None]:
    """The device ends the connection right behind a CALL of ours, and never comes back."""

    def changed(trace: Trace) -> Trace | None:
        ours = [one for one in trace.frames(sender=trace.tester) if one.problem or isinstance(one.message, Call | Send)]
        ours = [one for one in ours if not (one.message and _is_boot(one.message))]
        if not ours:
            return None
        last = ours[min(int(share * len(ours)), len(ours) - 1)]
        end = Event(
            index=0, t=last.t + 0.01, link=last.link, kind=EventKind.CLOSED, source=trace.dut, detail={"how": "reset"}
        )
        before = trace.records[: last.index + 1]
        rest = trace.records[last.index + 1 :] if ours_stay else ()
        later = [one for one in rest if not of_device(trace, one)]
        return rebuilt(trace, (*before, end, *(one if one.t >= end.t else replace(one, t=end.t) for one in later)))

    return changed


# --- other replies ----------------------------------------------------------------------------------------------------


def _replies(trace: Trace) -> list[Frame]:
    return [one for one in trace.frames(sender=trace.dut) if isinstance(one.message, CallResult | CallError)]


def _with_replies(trace: Trace, bodies: Mapping[int, Message]) -> Trace | None:
    records = [
        with_message(one, replace(bodies[one.index], id=one.message.id))
        if isinstance(one, Frame) and one.index in bodies
        else one
        for one in trace.records
    ]
    return rebuilt(trace, records)


def _swapped(step: int) -> Callable[[Trace], Trace | None]:
    def changed(trace: Trace) -> Trace | None:
        replies = _replies(trace)
        bodies = [one.message for one in replies]
        others = {
            one.index: bodies[(at + step) % len(bodies)]
            for at, one in enumerate(replies)
            if replace(bodies[(at + step) % len(bodies)], id="") != replace(one.message, id="")
        }
        return _with_replies(trace, others)

    return changed


def replies_of(donor: Trace) -> Callable[[Trace], Trace | None]:
    """Puts the replies of another case in place of those that came."""

    def changed(trace: Trace) -> Trace | None:
        bodies = [one.message for one in _replies(donor)]
        boots = _boots(trace)
        mine = [one for one in _replies(trace) if one.message.id not in boots]
        if not bodies or not mine:
            return None
        return _with_replies(trace, {one.index: bodies[at % len(bodies)] for at, one in enumerate(mine)})

    return changed


def _statuses(value: str, *, deep: bool) -> Callable[[Trace], Trace | None]:
    def change(key: str, old: Any) -> Any:
        named = key == "status" or (deep and key in {"attributeStatus", "chargingState", "genericStatus"})
        return value if named and isinstance(old, str) else old

    def changed(_: Trace, __: Frame, message: Message) -> Message:
        if not isinstance(message, CallResult):
            return message
        old = message.payload
        payload = _everywhere(old, change) if deep else {key: change(key, inner) for key, inner in old.items()}
        return message if payload == old else replace(message, payload=payload)

    return _each(changed)


def _errors(code: ErrorCode, *, boots: bool = True) -> Callable[[Trace], Trace | None]:
    def changed(trace: Trace) -> Trace | None:
        spared = set() if boots else _boots(trace)
        return _each(
            lambda _, __, message: (
                CallError(message.id, code.value)
                if isinstance(message, CallResult) and message.id not in spared
                else message
            )
        )(trace)

    return changed


def _results(trace: Trace) -> Trace | None:
    return _each(
        lambda _, __, message: (
            CallResult(message.id, {"status": "Accepted"}) if isinstance(message, CallError) else message
        )
    )(trace)


def _empty_results(trace: Trace) -> Trace | None:
    return _each(lambda _, __, one: CallResult(one.id, {}) if isinstance(one, CallResult) and one.payload else one)(
        trace
    )


# --- what it does of its own accord -----------------------------------------------------------------------------------


def _no_calls(*, boots: bool) -> Callable[[Trace], Trace | None]:
    return _each(
        lambda _, __, message: (
            None if isinstance(message, Call | Send) and (boots or not _is_boot(message)) else message
        )
    )


# --- power and time ---------------------------------------------------------------------------------------------------


def _sampled(change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Callable[[Any], Any]:
    def values(key: str, value: Any) -> Any:
        return [change(one) for one in value] if key == "sampledValue" and isinstance(value, list) else value

    return lambda payload: _everywhere(payload, values)


def _zeroed(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**sample, "value": 0.0}


def _turned(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    measurand = sample.get("measurand")
    return {**sample, "measurand": _POWER[measurand]} if measurand in _POWER else sample


def _samples(change: Callable[[Sample], Sample | None]) -> Callable[[Trace], Trace | None]:
    def changed(trace: Trace) -> Trace | None:
        records: list[Record] = []
        for one in trace.records:
            if isinstance(one, Sample) and one.channel.endswith(".power"):
                new = change(one)
                if new is not None:
                    records.append(one if new == one else new)
            else:
                records.append(one)
        return rebuilt(trace, records)

    return changed


def _both(*changes: Callable[[Trace], Trace | None]) -> Callable[[Trace], Trace | None]:
    def changed(trace: Trace) -> Trace | None:
        result: Trace | None = None
        for change in changes:
            new = change(trace if result is None else result)
            result = result if new is None else new
        return result

    return changed


def _stamps(seconds: float) -> Callable[[Any], Any]:
    def later(_: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and value[10:11] == "T":
            try:
                moment = datetime.fromisoformat(value) + timedelta(seconds=seconds)
            except ValueError:
                return value
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return value

    return lambda payload: _everywhere(payload, later)


def _late(trace: Trace) -> Trace | None:
    """What the device says comes late, on each connection in its order; what we say stays where it was."""
    records = [replace(one, t=one.t + LATE) if said(trace, one) else one for one in trace.records]
    return rebuilt(trace, sorted(records, key=lambda one: one.t))


def _other_edition(trace: Trace) -> Trace | None:
    swap = {"ocpp2.1": "ocpp2.0.1", "ocpp2.0.1": "ocpp2.1"}
    return rebuilt(
        trace,
        (
            replace(one, detail={**one.detail, "selected": swap.get(str(one.detail.get("selected")), "")})
            if isinstance(one, Event) and one.kind == EventKind.WS_RESPONSE and one.detail.get("selected") in swap
            else one
            for one in trace.records
        ),
    )


def _ours(trace: Trace, record: Record) -> bool:
    return isinstance(record, Frame) and not said(trace, record)


def _unwatched(_: Trace, record: Record) -> bool:
    return isinstance(record, Event) and record.kind in _LISTENING


# --- all of them ------------------------------------------------------------------------------------------------------

MUTATIONS: Sequence[Mutation] = (
    Mutation("nothing at all", lambda trace: replace(trace, records=()), dead=True),
    Mutation("what we sent alone", _without(of_device), dead=True),
    Mutation("a device that says nothing once it is connected", _without(said), dead=True),
    Mutation("a device that boots and dies", _dead_after_boot, dead=True),
    Mutation("what the device sent alone", _without(_ours)),
    *(
        Mutation(f"the first {share:.0%} of what the device sent, {'then it is dead' if stay else 'then the end'}",
                 _cut(share, ours_stay=stay), dead=True)
        for share in (0.25, 0.5, 0.75) for stay in (False, True)
    ),
    *(
        Mutation(f"hung up behind {where} CALL of ours{', while we go on' if stay else ''}",
                 _hangs_up(share, ours_stay=stay), dead=True)
        for where, share in (("the first", 0.0), ("the middle", 0.5), ("the last", 1.0)) for stay in (False, True)
    ),
    Mutation("each reply for the next CALL", _swapped(1)),
    Mutation("each reply for the CALL before", _swapped(-1)),
    Mutation("every status Accepted", _statuses("Accepted", deep=False)),
    Mutation("every status Rejected", _statuses("Rejected", deep=False)),
    Mutation("every status in every answer Accepted", _statuses("Accepted", deep=True)),
    Mutation("every status in every answer Rejected", _statuses("Rejected", deep=True)),
    Mutation("GenericError for every CALL", _errors(ErrorCode.GENERIC_ERROR)),
    Mutation("NotSupported for every CALL", _errors(ErrorCode.NOT_SUPPORTED)),
    Mutation("GenericError for every CALL but the boot", _errors(ErrorCode.GENERIC_ERROR, boots=False)),
    Mutation("InternalError for every CALL but the boot", _errors(ErrorCode.INTERNAL_ERROR, boots=False)),
    Mutation("Accepted in place of every error", _results),
    Mutation("empty results", _empty_results),
    Mutation("no CALL of the device", _no_calls(boots=True), dead=True),
    Mutation("no CALL of the device but the boot", _no_calls(boots=False), dead=True),
    Mutation("no power", _both(_samples(lambda _: None), _payloads(_sampled(_zeroed)))),
    Mutation("no power on the meter", _samples(lambda one: replace(one, value=0.0))),
    Mutation("power the other way", _both(
        _samples(lambda one: replace(one, value=-one.value)), _payloads(_sampled(_turned)))),
    Mutation("power the other way on the meter", _samples(lambda one: replace(one, value=-one.value))),
    Mutation("stamps an hour late", _payloads(_stamps(HOUR))),
    Mutation("stamps an hour early", _payloads(_stamps(-HOUR))),
    Mutation("a device that lags behind", _late),
    Mutation("nobody watched", _without(_unwatched)),
    Mutation("the other edition", _other_edition),
)  # fmt: skip


def cuts(trace: Trace) -> Iterator[Mutation]:
    """The end, and the death of the device, at each of its frames (``V2GREADY_THOROUGH=1``)."""
    for one in trace.frames(sender=trace.dut):
        for stay in (False, True):
            name = f"{'a device that dies' if stay else 'the end'} before record {one.index}"
            yield Mutation(name, partial(after, index=one.index, ours_stay=stay), dead=True)
