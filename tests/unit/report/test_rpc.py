"""OCPP in the report: names by action, replies beside their CALLs, JSON as it passed the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from v2gready.model.trace import Event, EventKind, Frame, Record
from v2gready.protocols.dissect import dissect, plain
from v2gready.report import rpc, timeline


class Wire:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, sender: str, document: Any, link: str = "ws-1") -> Wire:
        raw = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        message, problem = dissect("ocpp", raw)
        self.records.append(
            Frame(
                index=len(self.records),
                t=0.0,
                link=link,
                protocol="ocpp",
                sender=sender,
                raw=raw,
                message=plain(message),
                problem=problem,
            )
        )
        return self

    def shook_hands(self, link: str = "ws-1") -> Wire:
        detail = {"status": 101, "selected": "ocpp2.1"}
        self.records.append(
            Event(index=len(self.records), t=0.0, link=link, kind=EventKind.WS_RESPONSE, source="csms", detail=detail)
        )
        return self

    def told(self) -> tuple[list[Any], dict[int, int]]:
        return rpc.told(self.records)


def titles(records: list[Any]) -> list[str]:
    return [f"{timeline.title(one)} {timeline.response_code(one)}".strip() for one in records]


def test_replies_are_named_by_what_they_answer() -> None:
    wire = (
        Wire()
        .put("csms", [2, "a", "Reset", {"type": "OnIdle"}])
        .put("charger", [2, "b", "Heartbeat", {}])
        .put("csms", [3, "b", {"currentTime": "x"}])
        .put("charger", [3, "a", {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}}])
        .put("charger", [5, "b", "FormatViolation", "", {}])
        .put("csms", [2, "c", "Tango", {}])
        .put("charger", [4, "c", "NotImplemented", "", {}])
        .put("charger", [6, "d", "NotifyPeriodicEventStream", {}])
        .put("charger", [3, "nobody", {}])
        .put("charger", "nonsense")
    )
    records, partners = wire.told()
    assert titles(records) == [
        "CALL Reset",
        "CALL Heartbeat",
        "CALLRESULT Heartbeat",
        "CALLRESULT Reset Rejected (Busy)",
        "CALLRESULTERROR Heartbeat FormatViolation",
        "CALL Tango",
        "CALLERROR Tango NotImplemented",
        "SEND NotifyPeriodicEventStream",
        "CALLRESULT",
        "undecodable ocpp frame",
    ]
    assert partners == {0: 3, 3: 0, 1: 2, 2: 1, 5: 6, 6: 5}


def test_the_same_id_twice_is_answered_in_order() -> None:
    wire = Wire()
    wire.put("csms", [2, "1", "Reset", {}]).put("csms", [2, "1", "GetVariables", {}])
    wire.put("charger", [3, "1", {}]).put("charger", [3, "1", {}])
    records, partners = wire.told()
    assert titles(records)[2:] == ["CALLRESULT Reset", "CALLRESULT GetVariables"]
    assert partners == {0: 2, 2: 0, 1: 3, 3: 1}


def test_the_edition_is_that_of_the_connection() -> None:
    records, _ = Wire().shook_hands().put("csms", [2, "1", "Reset", {}]).put("csms", [2, "1", "X", {}], "ws-2").told()
    assert [rpc.edition(one) for one in records[1:]] == ["ocpp2.1", ""]


@pytest.mark.parametrize(
    "document",
    [
        [3, "1", {"status": 7}],
        [3, "1", {"status": "Accepted", "statusInfo": "none"}],
        [3, "1", {"statusInfo": {"reasonCode": 7}}],
        [2, "1", "", {}],
    ],
)
def test_whatever_a_device_sends_can_be_shown(document: list[Any]) -> None:
    records, _ = Wire().put("csms", [2, "1", "Reset", {}]).put("charger", document).told()
    assert isinstance(timeline.response_code(records[1]), str)


def test_other_protocols_pass_as_they_are() -> None:
    frame = Frame(index=0, t=0.0, protocol="v2gtp", sender="ev", raw=b"", message={"Call Reset": {"id": "1"}})
    assert rpc.told([frame]) == ([frame], {})
    assert rpc.edition(frame) == ""


def test_json_is_indented_escaped_and_shortened() -> None:
    text = str(rpc.pretty(json.dumps([2, "1", "X", {"a": "<b>" + "x" * 500}]).encode(), 40))
    assert "&lt;b&gt;" in text
    assert text.count("\n") > 4
    assert len(text) < 200
    assert rpc.pretty(b"no json", 40) == ""
    assert rpc.pretty(b"[" * 100_000, 40) == ""
    assert str(rpc.pretty(json.dumps(list(range(1000))).encode(), 40)).endswith("…")
