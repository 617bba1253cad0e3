"""What holds for everything a car sends, whatever the case and whatever the charger does."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    EventKind,
    EvInvariant,
    Frame,
    Inconclusive,
    Observation,
    Order,
    Sample,
    Trace,
    ev,
    holds,
    wire,
)
from v2gready.authoring import messages as m

CLOCK_DRIFT = 3
"""Seconds by which TimeStamp may run away from the clock within a session: whole seconds, and a lazy clock."""
OPENING = 2.0
"""Seconds from the end of a session in which a contactor has opened. The value is our own."""


class SessionIdInEveryHeader(EvInvariant):
    """Every request behind SessionSetupRes carries the SessionID that it gave."""

    id = "INV-EV-SESSIONID"
    title = "The SessionID stands in every header"
    requirements = ("H-EV-SESSION-ID",)
    faults = {"session-id-not-adopted": "H-EV-SESSION-ID"}
    witness = "EV-SES-SETUP-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares every header with the id of its connection."""
        given: dict[str, bytes] = {}
        for frame in trace.frames():
            message = frame.message
            if isinstance(message, m.SessionSetupRes) and message.ResponseCode < m.ResponseCode.FAILED:
                given[frame.link] = message.Header.SessionID
            elif isinstance(message, m.V2GRequest) and frame.link in given:
                own, seen = given[frame.link], message.Header.SessionID
                yield holds("H-EV-SESSION-ID", seen == own, expected=own.hex(), seen=seen.hex(), at=(frame.index,))


class RequestsInOrder(EvInvariant):
    """A request comes only where the order of the standard has it, seen from the answers that the car got."""

    id = "INV-EV-ORDER"
    title = "Requests come in order"
    requirements = ("H-EV-ORDER",)
    faults = {
        "session-setup-repeated": "H-EV-ORDER",
        "service-detail-skipped": "H-EV-ORDER",
    }
    witness = "EV-STP-USER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Follows each connection by its good answers, as far as the charger keeps to the rules itself."""
        orders: dict[str, Order | None] = {}
        for asked in ev.requests(trace):
            order = orders.setdefault(asked.link, Order())
            if order is None or asked.request is None:
                continue
            yield holds(
                "H-EV-ORDER",
                order.permits(asked.request),
                expected=f"nothing else than {order.told()}",
                seen=ev.named(asked),
                at=asked.at,
            )
            if _matches(asked):
                order.take(asked)
            else:
                orders[asked.link] = None


def _matches(asked: ev.Asked[object]) -> bool:
    """The answer is the one to this request, and no refusal: only then the order is known from here on."""
    answer = asked.answer
    code = getattr(answer, "ResponseCode", None)
    same = type(answer).__name__ == ev.named(asked).removesuffix("Req") + "Res"
    return same and code is not None and not code.name.upper().startswith("FAILED")


class OneRequestAtATime(EvInvariant):
    """The next request is sent behind the response to the one before; only a farewell may come without."""

    id = "INV-EV-HALFDUPLEX"
    title = "One request at a time"
    requirements = ("H-EV-HALF-DUPLEX",)
    faults = {"request-twice": "H-EV-HALF-DUPLEX"}
    witness = "EV-SES-SETUP-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the frame before each request."""
        open_requests: dict[str, Frame] = {}
        for frame in trace.frames():
            if frame.protocol != "v2gtp":
                continue
            if frame.sender == trace.tester:
                open_requests.pop(frame.link, None)
                continue
            before = open_requests.get(frame.link)
            open_requests[frame.link] = frame
            yield holds(
                "H-EV-HALF-DUPLEX",
                before is None or ev.terminates(frame.message),
                expected="a response before the next request",
                seen=type(frame.message).__name__ + ("" if before is None else " without one"),
                at=(frame.index,) if before is None else (before.index, frame.index),
            )


class ValidMessages(EvInvariant):
    """Everything the car sends is a V2GTP frame whose payload decodes and keeps the facets of its schema."""

    id = "INV-EV-SCHEMA"
    title = "Messages are valid against the schema"
    requirements = ("H-EV-SCHEMA",)
    faults = {
        "request-truncated": "H-EV-SCHEMA",
        "v2gtp-bad-version": "H-EV-SCHEMA",
        "payload-type-of-common": "H-EV-SCHEMA",
        "termination-code-too-long": "H-EV-SCHEMA",
    }
    witness = "EV-STP-USER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every frame of the car, and at what was none."""
        for frame in trace.frames(sender=trace.dut):
            if frame.protocol == "v2gtp":
                problems = [frame.problem] if frame.problem else wire.violations(frame.message)
                seen = "; ".join(problems) or "valid"
                yield holds("H-EV-SCHEMA", not problems, expected="a valid message", seen=seen, at=(frame.index,))
        for kind in (EventKind.BROKEN, EventKind.SKIPPED):
            for event in trace.events(kind, source=trace.dut):
                seen = str(event.detail.get("reason", kind))
                yield holds("H-EV-SCHEMA", False, expected="V2GTP frames", seen=seen, at=(event.index,))


class FailedIsTheEnd(EvInvariant):
    """Behind a FAILED* response nothing follows on that connection but SessionStop(Terminate)."""

    id = "INV-EV-FATAL"
    title = "A FAILED response ends the session"
    requirements = ("H-EV-FATAL",)
    faults = {"failed-ignored": "H-EV-FATAL"}
    witness = "EV-STP-FAILED-04"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what follows a FAILED* on its connection."""
        for frame in trace.frames(sender=trace.tester):
            message = frame.message
            if isinstance(message, m.V2GResponse) and message.ResponseCode >= m.ResponseCode.FAILED:
                try:
                    yield ev.nothing_but_stop("H-EV-FATAL", trace, frame, within=0.0)
                except Inconclusive:
                    continue


class TimeStamps(EvInvariant):
    """TimeStamp is Unix time: it does not run backwards, and keeps pace with the clock."""

    id = "INV-EV-TIMESTAMP"
    title = "TimeStamp tells the time"
    requirements = ("H-EV-HEADER-TIME",)
    faults = {"timestamp-frozen": "H-EV-HEADER-TIME", "timestamp-in-milliseconds": "H-EV-HEADER-TIME"}
    witness = "EV-STP-USER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares with the first header of the connection."""
        first: dict[str, tuple[float, int]] = {}
        last: dict[str, int] = {}
        for asked in ev.requests(trace, m.V2GRequest):
            stamp = asked.request.Header.TimeStamp
            began, told = first.setdefault(asked.link, (asked.frame.t, stamp))
            drift = (stamp - told) - (asked.frame.t - began)
            backwards = stamp < last.get(asked.link, stamp)
            last[asked.link] = stamp
            yield holds(
                "H-EV-HEADER-TIME",
                not backwards and abs(drift) <= CLOCK_DRIFT,
                expected=f"the first TimeStamp and the time since, within {CLOCK_DRIFT} s",
                seen=f"{drift:+.0f} s" + (", backwards" if backwards else ""),
                at=asked.at,
            )


class EnergyOnlyInBetween(EvInvariant):
    """Energy moves between PowerDelivery(Start) and its end alone; the contactor is open before and behind."""

    id = "INV-EV-ENERGY"
    title = "No energy before the start and behind the end"
    requirements = ("H-EV-ENERGY",)
    faults = {"contactor-closed-early": "H-EV-ENERGY", "contactor-closed-after-failure": "H-EV-ENERGY"}
    witness = "EV-STP-LOOP-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds contactor and power against the sessions on the wire."""
        spans = _spans(trace)
        for channel in ("ev.contactor", "ev.power"):
            for sample, still in _readings(trace, channel):
                if any(begin <= sample.t <= end for begin, end in spans):
                    continue
                yield holds(
                    "H-EV-ENERGY",
                    still,
                    expected=f"{channel} at zero outside of power delivery",
                    seen=f"{sample.value:g} {sample.unit}",
                    at=(sample.index,),
                )


def _readings(trace: Trace, channel: str) -> list[tuple[Sample, bool]]:
    try:
        samples = trace.samples(channel)
    except Inconclusive:
        return []
    return [(one, abs(one.value) <= (50.0 + one.uncertainty if one.unit == "W" else 0.5)) for one in samples]


def _spans(trace: Trace) -> list[tuple[float, float]]:
    """From the first pre-charge, or the start of AC, to two seconds behind the end of power delivery or connection."""
    spans: list[tuple[float, float]] = []
    begun: dict[str, float] = {}
    for record in trace.records:
        message = getattr(record, "message", None)
        starts = isinstance(message, m.PowerDeliveryReq) and message.ChargeProgress is not m.ChargeProgress.Stop
        ends = isinstance(message, m.PowerDeliveryRes | m.DC_WeldingDetectionReq | m.SessionStopReq)
        gone = getattr(record, "kind", "") == EventKind.CLOSED
        if starts or isinstance(message, m.DC_PreChargeReq):
            begun.setdefault(record.link, record.t)
        elif record.link in begun and (gone or (ends and _stopped(trace, record.index, record.link))):
            spans.append((begun.pop(record.link), record.t + OPENING))
    last = trace.records[-1].t if trace.records else 0.0
    return spans + [(start, last) for start in begun.values()]


def _stopped(trace: Trace, index: int, link: str) -> bool:
    """The last PowerDeliveryReq of a connection before a record is a Stop."""
    requests = [frame for frame, _ in trace.messages(m.PowerDeliveryReq) if frame.index < index and frame.link == link]
    return bool(requests) and requests[-1].message.ChargeProgress is m.ChargeProgress.Stop
