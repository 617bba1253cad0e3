"""What holds for everything a charger sends, whatever the case. What holds for power is in energy_invariants.py."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    SERVICE_QUESTIONS,
    ChargerInvariant,
    Frame,
    Observation,
    Order,
    Severity,
    Trace,
    describe,
    holds,
    in_time,
    v2gtp,
    wire,
)
from v2gready.authoring import messages as m

CLOCK_TOLERANCE = 3600
"""Seconds that two clocks without a common source may differ."""


class ResponseMatchesRequest(ChargerInvariant):
    """Each request is answered by one response of its own name, and nothing is sent unasked."""

    id = "INV-CHG-MATCH"
    title = "Responses match their requests"
    requirements = ("H-RES-MATCHES",)
    faults = {"double-response": "H-RES-MATCHES", "res-type-mismatch": "H-RES-MATCHES"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Pairs every frame of the charger with our frame before it."""
        last: dict[str, Frame] = {}
        for frame in trace.frames():
            if frame.protocol != "v2gtp":
                continue
            if frame.sender == trace.tester:
                last[frame.link] = frame
                continue
            request = last.pop(frame.link, None)
            if request is None:
                seen = type(frame.message).__name__
                yield holds("H-RES-MATCHES", False, expected="no frame without a request", seen=seen, at=(frame.index,))
            elif request.message is not None and frame.message is not None:
                wanted = type(request.message).__name__.removesuffix("Req") + "Res"
                seen = type(frame.message).__name__
                yield holds(
                    "H-RES-MATCHES", seen == wanted, expected=wanted, seen=seen, at=(request.index, frame.index)
                )


class RequestsInOrder(ChargerInvariant):
    """Only a request that is in order is served: any other gets no OK, whatever it asks for."""

    id = "INV-CHG-SEQUENCE"
    title = "Only requests in order are served"
    requirements = ("V2G20-459",)
    faults = {"power-before-precharge": "V2G20-459", "sequence-check-missing": "V2G20-459"}
    witness = "CHG-PD-EARLY-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Follows each connection by its good answers."""
        orders: dict[str, Order] = {}
        for exchange in trace.exchanges(object):  # type: ignore[type-abstract]
            answer = exchange.answer
            if exchange.request.protocol != "v2gtp" or not hasattr(answer, "ResponseCode"):
                continue
            if answer.ResponseCode.name.upper().startswith("FAILED"):
                continue
            order = orders.setdefault(exchange.request.link, Order())
            if isinstance(exchange.sent, m.V2GRequest):
                yield holds(
                    "V2G20-459",
                    order.permits(exchange.sent),
                    expected=f"nothing else to be served than {order.told()}",
                    seen=f"{type(exchange.sent).__name__} was served: {describe(exchange)}",
                    at=exchange.at,
                )
            order.take(exchange)


class SessionIdThroughout(ChargerInvariant):
    """Every response carries the SessionID given in SessionSetupRes, until a FAILED* ends the session."""

    id = "INV-CHG-SESSIONID"
    title = "The SessionID stays the same through a session"
    requirements = ("H-HEADER-SESSION",)
    faults = {"header-session-id-changed": "H-HEADER-SESSION"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares every header with the id of its connection."""
        given: dict[str, bytes] = {}
        for frame in trace.frames(sender=trace.dut):
            response = frame.message
            if not isinstance(response, m.V2GResponse):
                continue
            if isinstance(response, m.SessionSetupRes):
                given[frame.link] = response.Header.SessionID
            elif frame.link in given and response.ResponseCode < m.ResponseCode.FAILED:
                own, seen = given[frame.link], response.Header.SessionID
                yield holds(
                    "H-HEADER-SESSION",
                    seen == own,
                    expected=own.hex().upper(),
                    seen=seen.hex().upper(),
                    at=(frame.index,),
                )


class PerformanceTime(ChargerInvariant):
    """Every response comes within V2G_SECC_Msg_Performance_Time of its request."""

    id = "INV-CHG-TIMING"
    title = "Responses come within the performance time"
    requirements = ("H-TABLE-216", "H-TABLE-217")
    faults = {"slow-response": "H-TABLE-216", "slow-loop-response": "H-TABLE-217"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Times every answered request that decodes."""
        for exchange in trace.exchanges(object):  # type: ignore[type-abstract]
            if exchange.request.protocol != "v2gtp" or exchange.elapsed is None or exchange.answer is None:
                continue
            loop = isinstance(exchange.sent, m.AC_ChargeLoopReq | m.DC_ChargeLoopReq)
            yield in_time("H-TABLE-217" if loop else "H-TABLE-216", trace, exchange)


class SchemaValid(ChargerInvariant):
    """Everything the charger sends decodes, and keeps the facets of the schema."""

    id = "INV-CHG-SCHEMA"
    title = "Messages are valid against the schema"
    requirements = ("H-SCHEMA",)
    faults = {"evse-id-too-long": "H-SCHEMA", "undecodable-response": "H-SCHEMA"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every frame of the charger."""
        for frame in trace.frames(sender=trace.dut):
            if frame.protocol != "v2gtp":
                continue
            problems = [frame.problem] if frame.problem else wire.violations(frame.message)
            seen = "; ".join(problems) if problems else "valid"
            yield holds("H-SCHEMA", not problems, expected="a valid message", seen=seen, at=(frame.index,))


class PayloadType(ChargerInvariant):
    """A message travels under the V2GTP payload type of its message set."""

    id = "INV-CHG-PAYLOAD"
    title = "Messages travel under their payload type"
    requirements = ("H-PAYLOAD-TYPE",)
    faults = {"wrong-payload-type": "H-PAYLOAD-TYPE"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """An answer under the wrong type does not decode, or decodes as a message of another set."""
        for exchange in trace.exchanges(m.V2GRequest):
            if exchange.response is None:
                continue
            asked, seen = (int.from_bytes(frame.raw[2:4], "big") for frame in (exchange.request, exchange.response))
            yield holds(
                "H-PAYLOAD-TYPE",
                asked == seen
                or seen in {v2gtp.PayloadType.SCHEDULE_RENEGOTIATION, v2gtp.PayloadType.METERING_CONFIRMATION},
                expected=f"payload type 0x{asked:04X}",
                seen=f"0x{seen:04X}",
                at=exchange.at,
            )


class SetupCodes(ChargerInvariant):
    """OK_NewSessionEstablished and OK_OldSessionJoined are for SessionSetupRes alone, and it uses no other OK."""

    id = "INV-CHG-CODES"
    title = "Response codes are used where they belong"
    requirements = ("H-CODE-SETUP",)
    faults = {"setup-code-everywhere": "H-CODE-SETUP"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every OK code."""
        setup = {m.ResponseCode.OK_NewSessionEstablished, m.ResponseCode.OK_OldSessionJoined}
        for frame in trace.frames(sender=trace.dut):
            response = frame.message
            if not isinstance(response, m.V2GResponse) or not response.ResponseCode.name.startswith("OK"):
                continue
            belongs = (response.ResponseCode in setup) == isinstance(response, m.SessionSetupRes)
            expected = "one of the codes of SessionSetupRes" if isinstance(response, m.SessionSetupRes) else "OK"
            seen = f"{type(response).__name__} with {response.ResponseCode.name}"
            yield holds("H-CODE-SETUP", belongs, expected=expected, seen=seen, at=(frame.index,))


class FailedIsFatal(ChargerInvariant):
    """After a FAILED* response the session is over: nothing on that connection is answered OK any more."""

    id = "INV-CHG-FATAL"
    title = "A FAILED response ends the session"
    requirements = ("H-FATAL",)
    faults = {"goes-on-after-failed": "H-FATAL"}
    witness = "CHG-CPD-MINMAX-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what follows a FAILED* on its connection."""
        failed: dict[str, Frame] = {}
        for frame in trace.frames(sender=trace.dut):
            code = getattr(frame.message, "ResponseCode", None)
            if code is None or frame.protocol != "v2gtp":
                continue
            if frame.link in failed:
                yield holds(
                    "H-FATAL",
                    code.name.upper().startswith("FAILED"),
                    expected="no more than further refusals after FAILED*",
                    seen=f"{type(frame.message).__name__} with {code.name}",
                    at=(failed[frame.link].index, frame.index),
                )
            elif isinstance(frame.message, m.V2GResponse) and code >= m.ResponseCode.FAILED:
                failed[frame.link] = frame
        for link, frame in failed.items():
            gone = trace.closed(link, since=frame.index)
            if gone is not None:
                yield holds("H-FATAL", True, expected="the end of the connection", seen="closed", at=(gone.index,))


class TimeStamps(ChargerInvariant):
    """TimeStamp is the current Unix time: within an hour of the car's."""

    id = "INV-CHG-TIMESTAMP"
    title = "TimeStamp tells the time"
    requirements = ("H-HEADER-TIME",)
    faults = {"timestamp-zero": "H-HEADER-TIME"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares with the TimeStamp of the request."""
        for exchange in trace.exchanges(m.V2GRequest):
            if not isinstance(exchange.answer, m.V2GResponse):
                continue
            ours, theirs = exchange.sent.Header.TimeStamp, exchange.answer.Header.TimeStamp
            yield holds(
                "H-HEADER-TIME",
                abs(theirs - ours) <= CLOCK_TOLERANCE,
                expected=f"within {CLOCK_TOLERANCE} s of {ours}",
                seen=theirs,
                at=exchange.at,
                severity=Severity.SHOULD,
            )


class AnswerInKind(ChargerInvariant):
    """From charge parameter discovery on, control mode and bidirectionality of the response equal the request's."""

    id = "INV-CHG-INKIND"
    title = "The charger answers in kind"
    requirements = ("V2G20-1600",)
    faults = {
        "answers-other-control-mode": "V2G20-1600",
        "parameters-answered-without-bpt": "V2G20-1600",
        "loop-answers-without-bpt": "V2G20-1600",
    }
    witness = "CHG-DC-SESSION-03"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the class of the mode in request and response."""
        for exchange in trace.exchanges(m.V2GRequest):
            asked, answered = wire.mode_of(exchange.sent), wire.mode_of(exchange.answer)
            if asked is None or answered is None or exchange.answer.ResponseCode >= m.ResponseCode.FAILED:
                continue
            wanted, seen = wire.kind_of_mode(asked), wire.kind_of_mode(answered)
            yield holds("V2G20-1600", wanted == seen, expected=wanted, seen=seen, at=exchange.at)


class DeclaredServices(ChargerInvariant):
    """The services offered are those the DUT file declares: neither more nor less."""

    id = "INV-CHG-PICS"
    title = "The offer agrees with the PICS"
    requirements = ("H-PICS",)
    faults = {"undeclared-renegotiation": "H-PICS"}
    witness = "CHG-DC-SESSION-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares every ServiceDiscoveryRes with the declaration."""
        declared = {int(service) for question, service in SERVICE_QUESTIONS.items() if trace.declared.get(question)}
        for exchange in trace.exchanges(m.ServiceDiscoveryReq):
            answer = exchange.answer
            if not isinstance(answer, m.ServiceDiscoveryRes) or answer.ResponseCode >= m.ResponseCode.FAILED:
                continue
            offered = {one.ServiceID for one in answer.EnergyTransferServiceList.Service}
            yield holds(
                "H-PICS",
                offered <= declared,
                expected=f"services of {sorted(declared)}",
                seen=sorted(offered),
                at=exchange.at,
            )
            renegotiation = bool(trace.declared.get("service_renegotiation"))
            yield holds(
                "H-PICS",
                answer.ServiceRenegotiationSupported == renegotiation,
                expected=f"ServiceRenegotiationSupported {renegotiation}, as declared",
                seen=f"{describe(exchange)}, {answer.ServiceRenegotiationSupported}",
                at=exchange.at,
            )
