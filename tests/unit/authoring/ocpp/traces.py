"""Traces written by hand: what a judge sees, without a device."""

from __future__ import annotations

from typing import Any

from v2gready.model.trace import Event, EventKind, Frame, Record, Sample, Trace
from v2gready.protocols.dissect import OCPP, dissect
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, Send, encode

CSMS, STATION = "csms", "charger"


class Script:
    """Builds a trace record by record; the station is under test."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.t = 0.0

    def wait(self, seconds: float) -> Script:
        self.t += seconds
        return self

    def event(self, kind: str, source: str, link: str = "ws-1", **detail: Any) -> Script:
        self.records.append(
            Event(index=len(self.records), t=self.t, link=link, kind=kind, source=source, detail=detail)
        )
        return self

    def handshake(self, selected: str = "ocpp2.1", status: int = 101, link: str = "ws-1") -> Script:
        self.event(EventKind.WS_REQUEST, STATION, link, path="/ocpp/CS", offered="ocpp2.1,ocpp2.0.1")
        return self.event(EventKind.WS_RESPONSE, CSMS, link, status=status, selected=selected, reason="")

    def raw(self, sender: str, text: str, link: str = "ws-1") -> Script:
        message, problem = dissect(OCPP, text.encode())
        self.records.append(
            Frame(
                index=len(self.records),
                t=self.t,
                link=link,
                protocol=OCPP,
                sender=sender,
                raw=text.encode(),
                message=message,
                problem=problem,
            )
        )
        return self

    def call(
        self, sender: str, key: str, action: str, payload: dict[str, Any] | None = None, link: str = "ws-1"
    ) -> Script:
        return self.raw(sender, encode(Call(key, action, payload or {})), link)

    def result(self, sender: str, key: str, payload: dict[str, Any] | None = None, link: str = "ws-1") -> Script:
        return self.raw(sender, encode(CallResult(key, payload or {})), link)

    def error(self, sender: str, key: str, code: str, link: str = "ws-1") -> Script:
        return self.raw(sender, encode(CallError(key, code)), link)

    def objection(self, sender: str, key: str, code: str, link: str = "ws-1") -> Script:
        return self.raw(sender, encode(CallResultError(key, code)), link)

    def send(self, sender: str, key: str, action: str, payload: dict[str, Any] | None = None) -> Script:
        return self.raw(sender, encode(Send(key, action, payload or {})))

    def watched(self, link: str = "ws-1") -> Script:
        return self.event(EventKind.OBSERVED_UNTIL, CSMS, link)

    def sample(self, watts: float, evse: int = 1) -> Script:
        self.records.append(
            Sample(
                index=len(self.records), t=self.t, channel=f"evse{evse}.power", value=watts, unit="W", uncertainty=10.0
            )
        )
        return self

    def trace(self) -> Trace:
        return Trace(tuple(self.records), CSMS, STATION, {}, 0.001)
