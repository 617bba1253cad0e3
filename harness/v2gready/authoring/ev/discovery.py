"""Words on how a car finds its charger: SDP, the connection, and what it offers in supportedAppProtocol."""

from __future__ import annotations

from itertools import pairwise

from v2gready.authoring.ev.facts import Told, asked, closing, later, terminates, told
from v2gready.authoring.expectations import holds, measured
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, EventKind, Frame, Record, Trace
from v2gready.protocols import sdp
from v2gready.protocols.dissect import SDP
from v2gready.protocols.iso15118 import messages as m

TICK = 0.01
"""Seconds by which a request may follow early: timers run on ticks. The value is our own."""


GIVEN_UP = 2.0
"""Seconds without another request behind which a search is over. The value is our own."""


def sdp_requests(trace: Trace) -> list[Frame]:
    """SDP requests of the car, in order.

    Raises:
        Inconclusive: It sent none.
    """
    found = list(trace.frames(sender=trace.dut, link=SDP))
    if not found:
        raise Inconclusive("the car sent no SDP request")
    return found


def sdp_answers(trace: Trace) -> list[Frame]:
    """What we sent in answer to SDP requests, in order."""
    return list(trace.frames(sender=trace.tester, link=SDP))


def first_answer(trace: Trace, nth: int = 0) -> Frame:
    """The ``nth`` datagram of ours.

    Raises:
        Inconclusive: We sent none.
    """
    found = sdp_answers(trace)
    if len(found) <= nth:
        raise Inconclusive(f"{len(found)} SDP answers were sent")
    return found[nth]


def repeated(requirement: str, trace: Trace, *, at_least: int = 2, waiting: float = 0.25) -> Observation:
    """Unanswered requests are repeated, and none follows the one before within less than the waiting time [V2G2-159].

    Raises:
        Inconclusive: Fewer requests than wanted came, and nobody waited for more.
    """
    found = sdp_requests(trace)
    gaps = [(later.t - earlier.t, earlier, later) for earlier, later in pairwise(found)]
    if len(found) < at_least:
        if (waited := trace.records[-1].t - found[-1].t) < GIVEN_UP:
            raise Inconclusive(f"the car was watched for {waited:.1f} s only behind its last request")
        return holds(
            requirement,
            False,
            expected=f"the request again after {waiting:g} s",
            seen=f"{len(found)} requests",
            at=(found[0].index,),
        )
    shortest, earlier, later = min(gaps, key=lambda one: one[0])
    return measured(
        requirement,
        Measurement(shortest, "s", trace.timing_uncertainty),
        Limit("s", low=waiting - TICK),
        what="time between two SDP requests",
        at=(earlier.index, later.index),
    )


def at_most(requirement: str, trace: Trace, *, most: int = sdp.MAX_ATTEMPTS) -> Observation:
    """No more consecutive requests than allowed [V2G2-161].

    Raises:
        Inconclusive: None came.
    """
    found = sdp_requests(trace)
    return holds(
        requirement,
        len(found) <= most,
        expected=f"at most {most} SDP requests in a row",
        seen=f"{len(found)}",
        at=(found[0].index, found[-1].index),
    )


def connections(trace: Trace) -> list[Event]:
    """TCP connections that the car opened, in order."""
    return list(trace.events(EventKind.CONNECTED))


def connects(requirement: str, trace: Trace, *, after: Frame, within: float = 3.0) -> Observation:
    """Behind a good answer the car connects.

    Raises:
        Inconclusive: It did not, and nobody watched for long enough.
    """
    came = [one for one in connections(trace) if one.index > after.index]
    if not came and (waited := trace.records[-1].t - after.t) < within:
        raise Inconclusive(f"the car was watched for {waited:.1f} s only behind the answer")
    return holds(
        requirement,
        bool(came),
        expected="a connection behind the good answer",
        seen=f"a connection to {came[0].detail.get('to', '')}" if came else "none",
        at=(after.index, *(one.index for one in came[:1])),
    )


def passes_over(requirement: str, trace: Trace, bad: int, *, within: float = 5.0) -> Observation:
    """The first answers are bad: behind each of them the car goes on searching, and it follows the good one.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        bad: How many bad answers come first.
        within: Seconds in which a car that goes on would have asked again.

    Raises:
        Inconclusive: The car asked for none, or was not watched behind the last answer.
    """
    answers = sdp_answers(trace)
    if not answers:
        raise Inconclusive("no SDP answer was sent")
    if len(answers) > bad:
        return connects(requirement, trace, after=answers[bad])
    last = first_answer(trace, len(answers) - 1)
    if trace.records[-1].t - last.t < within:
        raise Inconclusive("the car was not watched behind the last answer")
    return holds(
        requirement,
        False,
        expected=f"another request behind each of {bad} bad answers",
        seen=f"the search ended behind answer {len(answers)}",
        at=(last.index,),
    )


def offers(trace: Trace) -> tuple[m.AppProtocol, ...]:
    """What the car offers in supportedAppProtocol.

    Raises:
        Inconclusive: It did not come that far.
    """
    return asked(trace, m.SupportedAppProtocolReq).request.AppProtocol


def less_liked_choice(trace: Trace) -> tuple[Told[m.SupportedAppProtocolRes], m.AppProtocol]:
    """Our choice of an entry that is not the one the car likes best, with that entry.

    Raises:
        Inconclusive: We made none: the car offers no choice, or did not come.
    """
    for nth in range(len(list(trace.messages(m.SupportedAppProtocolRes)))):
        chosen = told(trace, m.SupportedAppProtocolRes, nth)
        request = None if chosen.asked is None else chosen.asked.message
        if not isinstance(request, m.SupportedAppProtocolReq):
            continue
        best = min(one.Priority for one in request.AppProtocol)
        for entry in request.AppProtocol:
            if entry.SchemaID == chosen.message.SchemaID and entry.Priority > best:
                return chosen, entry
    raise Inconclusive(f"no protocol of a lower priority was chosen: {trace.last_words()}")


def terminated(trace: Trace, after: Record) -> bool:
    """Behind a record the car has ended the session on that connection: by SessionStop(Terminate), or by closing."""
    return (
        any(terminates(one.request) for one in later(trace, after))
        or closing(trace, after.link, since=after.index) is not None
    )
