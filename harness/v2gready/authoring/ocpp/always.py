"""Rules of OCPP-J that hold on every trace, whoever is under test: for invariants, and for cases about them alone."""

from __future__ import annotations

import json
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.wire import RpcExchange, calls, disturbances, handshakes, last_words, named, strays
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Frame, Trace
from v2gready.protocols.ocpp.frames import Call, Malformed, MessageType, Send, parse

IMPATIENCE: Final = 1.0
"""Seconds after which a peer may have given up on a CALL; our own figure, the timeout is free (OCPP-J 4.1.1)."""


def echoes_bad_id(trace: Trace, frame: Frame) -> bool:
    """A reply that is none for one reason alone: it has the id that we sent, and that id is none.

    Whoever serves or refuses such a CALL has to reply somehow, and a reply carries the id of its CALL (OCPP-J 4.1.4).
    """
    if not frame.problem or frame.sender != trace.dut:
        return False
    kind, own, *rest = [*_elements(frame), None, None]
    if kind not in (MessageType.CALL_RESULT, MessageType.CALL_ERROR):
        return False
    ours = (one for one in trace.frames(sender=trace.tester, link=frame.link) if one.index < frame.index)
    if not any(one.problem and own in _elements(one)[1:2] for one in ours):
        return False
    return not isinstance(parse(json.dumps([kind, "readable", *rest[:-2]])), Malformed)


def _elements(frame: Frame) -> list[Any]:
    try:
        value = json.loads(frame.raw)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []


def ids_used_once(requirement: str, trace: Trace) -> Observation:
    """No CALL or SEND of the device has the id of an earlier one with another content, on whatever connection.

    A CSMS counts for each station by itself, if it likes.

    Raises:
        Inconclusive: It sent fewer than two.
    """
    whose = {one.link: str(one.request.detail.get("identity", "")) for one in handshakes(trace)}
    known: dict[tuple[str, str], Frame] = {}
    found = [one for one in trace.frames(sender=trace.dut) if isinstance(one.message, Call | Send)]
    if len(found) < 2:
        raise Inconclusive(f"the {trace.dut} sent {len(found)} CALLs only: {last_words(trace)}")
    for frame in found:
        before = known.setdefault((whose.get(frame.link, ""), frame.message.id), frame)
        if before is not frame and before.message != frame.message:
            return holds(
                requirement,
                False,
                expected="an id of its own for each CALL and SEND",
                seen=f"{named(before)} and {named(frame)} with one id",
                at=(before.index, frame.index),
            )
    return holds(
        requirement,
        True,
        expected="an id of its own for each CALL and SEND",
        seen=f"{len(found)} messages, {len(known)} ids",
        at=(found[0].index, found[-1].index),
    )


def one_call_open(requirement: str, trace: Trace) -> Observation:
    """The device sends no CALL while one of its own on that connection is open and was sent a moment ago.

    Raises:
        Inconclusive: It sent fewer than two on any one connection.
    """
    checked = 0
    last: dict[str, RpcExchange] = {}
    for one in calls(trace, sender=trace.dut):
        before = last.get(one.link)
        last[one.link] = one
        if before is None:
            continue
        checked += 1
        answered = before.reply is not None and before.reply.index < one.request.index
        if not answered and one.t - before.t < IMPATIENCE:
            return holds(
                requirement,
                False,
                expected="one open CALL per connection",
                seen=f"{one.action} {one.t - before.t:.3f} s after {before.action}, which was not answered yet",
                at=(before.request.index, one.request.index),
            )
    if not checked:
        raise Inconclusive(f"the {trace.dut} sent no two CALLs on a connection: {last_words(trace)}")
    seen = f"{checked + len(last)} CALLs, one after the other"
    at = tuple(one.request.index for one in last.values())
    return holds(requirement, True, expected="one open CALL per connection", seen=seen, at=at)


def replies_fit(requirement: str, trace: Trace) -> Observation:
    """Every reply of the device has the id of a CALL of ours that waits for one, and there is one reply to each.

    Errors for what is no message are left out: their id may be that of the message, or -1.

    Raises:
        Inconclusive: It sent no reply.
    """
    ours = calls(trace, sender=trace.tester)
    expected = "one reply to a CALL, with its id"
    asked = {(one.frame.link, one.problem.id) for one in disturbances(trace)}
    # What we call no message, such as one that is nested too deep, a peer may read, and answer by its id.
    odd = [(one.frame.link, one.frame.raw) for one in disturbances(trace)]
    stray = [
        one
        for one in strays(trace)
        if (one.link, one.message.id) not in asked
        and not any(one.link == link and json.dumps(one.message.id).encode() in raw for link, raw in odd)
    ]
    if stray:
        seen = f"{named(stray[0])} with an id of no CALL"
        return holds(requirement, False, expected=expected, seen=seen, at=(stray[0].index,))
    twice = next((one for one in ours if one.more), None)
    if twice is not None and (twice.link, twice.call.id) not in asked:
        seen = f"{1 + len(twice.more)} replies to {twice.action}"
        return holds(requirement, False, expected=expected, seen=seen, at=(*twice.at, twice.more[0].index))
    replied = [one for one in ours if one.reply is not None]
    if not replied:
        raise Inconclusive(f"the {trace.dut} replied to nothing: {last_words(trace)}")
    at = (replied[0].request.index, replied[-1].request.index)
    return holds(requirement, True, expected=expected, seen=f"{len(replied)} replies", at=at)
