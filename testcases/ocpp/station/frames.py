"""OCPP-J towards a charging station: frames that are no messages, and the form of what it sends itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.ocpp import (
    PROBE,
    PROMPTLY,
    Call,
    CallError,
    CallResult,
    ErrorCode,
    Inconclusive,
    Observation,
    Severity,
    StationBench,
    StationCase,
    Trace,
    all_survived,
    ask_alive,
    calls,
    disturbances,
    encode,
    fields,
    holds,
    oddities_refused,
    read,
    schema_valid,
    sent,
    served,
    start_transaction,
    still_serves,
    survives,
    write,
)


class OddFrames(StationCase):
    """Frames that are no messages; base of the cases about them. Each is followed by a question that is in order.

    Attributes:
        frames: What is sent.
        rule: The requirement about it.
        codes: Error codes that fit; none: any.
    """

    area = "rpc"
    frames: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[str] = "OCPP-J-FRAME-BAD"
    codes: ClassVar[tuple[ErrorCode, ...]] = ()

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each, and asks something after each; on another connection if that one is gone."""
        for text in self.frames:
            async with bench.csms.session() as station:
                station.raw(text)
                await station.silence(0.5)
                if station.is_open:
                    await station.call(PROBE, read())
        await bench.csms.watch(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Takes an error or silence for each; the question behind it has to be answered."""
        yield all_survived("OCPP-J-ERR-SURVIVES", trace, least=len(self.frames))
        yield oddities_refused(self.rule, trace, *self.codes, least=len(self.frames))
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE, nth=-1))


class InvalidJson(OddFrames):
    """What is no JSON at all: cut off, with a comma too many, empty. A field defect took stations off the air."""

    id = "CHG-OCPP-RPC-14"
    title = "Invalid JSON is dropped or refused, and the next call works"
    requirements = ("OCPP-J-FRAME-BAD", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {
        "invalid-json-hangs": "OCPP-J-ERR-SURVIVES",
        "invalid-json-closes": "OCPP-J-ERR-SURVIVES",
        "unreadable-answered-with-made-up-id": "OCPP-J-FRAME-BAD",
    }
    frames = (
        '[2,"odd-1","GetVariables",{"getVariableData":[',
        '[2,"odd-2","GetVariables",{},]',
        "[2,'odd-3','GetVariables',{}]",
        "hello",
        "",
        "[2,",
    )


class WrongFrame(OddFrames):
    """JSON, but no message: an object, an empty list, too few or too many elements, elements of the wrong type."""

    id = "CHG-OCPP-RPC-15"
    title = "A frame of the wrong shape is dropped or refused, and the next call works"
    requirements = ("OCPP-J-FRAME-BAD", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {
        "wrong-frame-hangs": "OCPP-J-ERR-SURVIVES",
        "unreadable-answered-with-made-up-id": "OCPP-J-FRAME-BAD",
    }
    frames = (
        "{}",
        "[]",
        "42",
        "null",
        '"GetVariables"',
        "[2]",
        '[2,"odd-1"]',
        '[2,"odd-2","GetVariables"]',
        '[2,"odd-3","GetVariables",{},{}]',
        '[2,"odd-4",7,{}]',
        '[2,"odd-5","GetVariables",[]]',
        '[2,"odd-6",["GetVariables"],{}]',
        '[[2,"odd-7","GetVariables",{}]]',
    )


class UnknownType(OddFrames):
    """A message type number that no edition has, or one as text: ignored, or refused by MessageTypeNotSupported."""

    id = "CHG-OCPP-RPC-16"
    title = "An unknown message type is ignored or refused"
    requirements = ("OCPP-J-TYPE-UNKNOWN", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {
        "unknown-type-closes": "OCPP-J-ERR-SURVIVES",
        "unknown-type-answered": "OCPP-J-TYPE-UNKNOWN",
    }
    rule = "OCPP-J-TYPE-UNKNOWN"
    frames = (
        '[9,"odd-1","GetVariables",{}]',
        '[1,"odd-2","GetVariables",{}]',
        '[-2,"odd-3","GetVariables",{}]',
        '["2","odd-4","GetVariables",{}]',
        '[2.5,"odd-5","GetVariables",{}]',
        '[null,"odd-6","GetVariables",{}]',
    )


class BadMessageId(OddFrames):
    """An id that is empty, too long or no text. A station was seen to crash over one of 37 characters."""

    id = "CHG-OCPP-RPC-17"
    title = "A message id that is none does no harm"
    requirements = ("OCPP-J-ID-LENGTH", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"bad-message-id-hangs": "OCPP-J-ERR-SURVIVES"}
    frames = tuple(
        f'[2,{one},"GetBaseReport",{{"requestId":1,"reportBase":"SummaryInventory"}}]'
        for one in ('""', f'"{"i" * 37}"', f'"{"i" * 5000}"', "17", "null", "{}", "[]", "true")
    )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Survival is a must; that such a CALL is refused is a remark: the limit binds its sender."""
        yield all_survived("OCPP-J-ERR-SURVIVES", trace, least=len(self.frames))
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE, nth=-1))
        results = {one.reply.index for one in disturbances(trace) if one.reply is not None and one.error is None}
        taken = [
            one
            for one in trace.frames(sender=trace.dut)
            if one.index in results or (b"i" * 37 in one.raw and not one.raw.lstrip().startswith(b"[4"))
        ]
        yield holds(
            "OCPP-J-ID-LENGTH",
            not taken,
            expected="no CALL with an id of more than 36 characters served",
            seen=f"{len(taken)} served",
            at=tuple(one.index for one in taken[:3]),
            severity=Severity.SHOULD,
        )


class ErrorShape(StationCase):
    """An error has five elements: code, description and details, and the details are an object.

    A CSMS could not read errors whose details were a text, and dropped the station for it.
    """

    id = "CHG-OCPP-RPC-26"
    title = "CALLERRORs are well formed"
    area = "rpc"
    requirements = ("OCPP-J-ERR-SHAPE",)
    faults: ClassVar = {"details-not-object": "OCPP-J-ERR-SHAPE", "error-without-details": "OCPP-J-ERR-SHAPE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Provokes errors of several kinds, one of them with a very long name."""
        async with bench.csms.session() as station:
            for action, payload in (
                ("DanceTheTango", {}),
                ("T" * 2000, {}),
                (PROBE, {}),
                (PROBE, {**read(), "x" * 2000: 1}),
                ("TriggerMessage", {"requestedMessage": "y" * 2000}),
            ):
                await station.call(action, payload, timeout=PROMPTLY)
            await station.silence(1)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every error that came."""
        errors = [one for one in trace.frames(sender=trace.dut) if one.raw.lstrip().startswith(b"[4")]
        if len(errors) < 2 or len(calls(trace, sender=trace.tester)) < 5:
            raise Inconclusive(f"the station sent {len(errors)} CALLERRORs for what we asked")
        codes = {str(one) for one in ErrorCode}
        for one in errors:
            message = one.message
            good = isinstance(message, CallError) and message.code in codes and len(message.description) <= 255
            seen = one.problem or (f"{message.code}, {len(message.description)} characters" if message else "")
            yield holds(
                "OCPP-J-ERR-SHAPE",
                good,
                expected="a known code, a description of 255 characters at most, an object as details",
                seen=seen,
                at=(one.index,),
            )
        still_serves(trace)


class OwnMessages(StationCase):
    """A whole transaction with reports: everything that the station sends is valid, and nothing is null."""

    id = "CHG-OCPP-RPC-27"
    title = "What the station sends is valid by the schema"
    area = "rpc"
    requirements = ("OCPP-J-SCHEMA", "OCPP-J-FRAME-NULL", "OCPP-J-FRAME-JSON", "OCPP-J-ID-LENGTH")
    hooks = ("plug_in", "present_token", "stop", "unplug")
    faults: ClassVar = {
        "numbers-as-text": "OCPP-J-SCHEMA",
        "extra-field-in-response": "OCPP-J-SCHEMA",
        "null-for-absent": "OCPP-J-FRAME-NULL",
        "boot-model-too-long": "OCPP-J-SCHEMA",
        "message-id-too-long": "OCPP-J-ID-LENGTH",
        "error-without-details": "OCPP-J-FRAME-JSON",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Charges for a minute, asks for this and that, ends the transaction."""
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            await station.call("GetBaseReport", {"requestId": 27, "reportBase": "SummaryInventory"})
            await station.call(PROBE, read())
            await station.call("SetVariables", write("300"))
            await station.call("DanceTheTango", {}, timeout=PROMPTLY)
            await station.silence(60)
            await bench.act("stop", evse=1)
            await bench.act("unplug", evse=1)
            await station.look_for("TransactionEvent", where=lambda one: one["eventType"] == "Ended", since=0)
            await station.silence(3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates every message, and looks for nulls outside of customData."""
        frames = [one for one in trace.frames(sender=trace.dut) if one.protocol == "ocpp"]
        if not frames:
            raise Inconclusive("the station sent nothing")
        bad = [one for one in frames if one.problem and "message id" not in one.problem]
        yield holds(
            "OCPP-J-FRAME-JSON",
            not bad,
            expected="messages of OCPP-J",
            seen=bad[0].problem if bad else f"{len(frames)} messages",
            at=tuple(one.index for one in bad[:3]),
        )
        long = [one for one in frames if "message id" in one.problem]
        yield holds(
            "OCPP-J-ID-LENGTH",
            not long,
            expected="ids of 1 to 36 characters",
            seen=long[0].problem if long else "all so",
            at=tuple(one.index for one in long[:3]),
        )
        ended = any(b"TransactionEvent" in one.raw and b'"Ended"' in one.raw for one in frames)
        if not ended or not any(isinstance(one.message, CallResult) for one in frames):
            raise Inconclusive("there was no whole transaction, or no answer")
        nulls = [
            (one, path)
            for one in frames
            if one.message is not None
            for path, value in fields(getattr(one.message, "payload", {}))
            if value is None and "customData" not in path
        ]
        yield holds(
            "OCPP-J-FRAME-NULL",
            not nulls,
            expected="no field with null",
            seen=f"{nulls[0][1]} is null" if nulls else "none",
            at=tuple(one.index for one, _ in nulls[:3]),
        )
        yield schema_valid("OCPP-J-SCHEMA", trace)


class Fragments(StationCase):
    """A CSMS, or a proxy before it, may cut a message into several WebSocket frames, with a Ping between them."""

    id = "CHG-OCPP-RPC-28"
    title = "A message in many WebSocket frames is read as one"
    area = "rpc"
    requirements = ("OCPP-J-FRAGMENTS",)
    faults: ClassVar = {"large-frame-hangs": "OCPP-J-FRAGMENTS"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends a small and a large question in pieces; a piece may end within a character."""
        async with bench.csms.session() as station:
            for name, size, filling in (("cut-1", 7, "ä" * 40), ("cut-2", 8000, "ö" * 60_000)):
                payload = read(customData={"vendorId": "org.v2gready", "filling": filling})
                octets = encode(Call(name, PROBE, payload)).encode()
                pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
                for number, piece in enumerate(pieces):
                    station.frame(0 if number else 1, piece, fin=number == len(pieces) - 1)
                    if number == 1:
                        station.ping(b"between")
                await station.silence(PROMPTLY)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an answer to each."""
        asked = calls(trace, PROBE, sender=trace.tester)
        if len(asked) < 2:
            raise Inconclusive("the messages in pieces did not go out")
        for one in asked:
            yield served("OCPP-J-FRAGMENTS", trace, one)
        yield survives("OCPP-J-FRAGMENTS", trace, asked[0].request)
