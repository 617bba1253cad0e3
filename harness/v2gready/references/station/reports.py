"""Reading, setting and reporting variables (B05 to B08)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from v2gready.protocols.ocpp.frames import ErrorCode, Payload
from v2gready.references.station.context import ErrorReply, Handler

if TYPE_CHECKING:
    from v2gready.references.station.station import Station


class ReportKnob(Enum):
    """What a fault may bend in reports."""

    PAGE = "page of a report"
    RESULT = "result of a variable"


class ReportCheck(Enum):
    """Rules of variables."""

    ITEMS = "ItemsPerMessage"


class Reports:
    """Handlers of variables and reports.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self.handlers: Mapping[str, Handler] = {
            "GetVariables": self._get,
            "SetVariables": self._set,
            "GetBaseReport": self._base,
            "GetReport": self._custom,
        }

    def _get(self, payload: Payload, now: float) -> Payload | ErrorReply:
        items = payload["getVariableData"]
        if self._too_many("GetVariables", items):
            return _too_many()
        model, seams = self._station.model, self._station.seams
        model.put("ClockCtrlr", "DateTime", self._station.stamp(now))
        return {"getVariableResult": [seams.value(ReportKnob.RESULT, model.read(item)) for item in items]}

    def _set(self, payload: Payload, now: float) -> Payload | ErrorReply:
        items = payload["setVariableData"]
        if self._too_many("SetVariables", items):
            return _too_many()
        model, seams = self._station.model, self._station.seams
        return {"setVariableResult": [seams.value(ReportKnob.RESULT, model.write(item, now)) for item in items]}

    def _base(self, payload: Payload, now: float) -> Payload | ErrorReply:
        entries = self._station.model.inventory(payload["reportBase"])
        self._report(payload["requestId"], entries, now)
        return {"status": "Accepted"}

    def _custom(self, payload: Payload, now: float) -> Payload | ErrorReply:
        wanted = payload.get("componentVariable", [])
        if self._too_many("GetReport", wanted):
            return _too_many()
        entries = self._station.model.selection(payload.get("componentCriteria", []), wanted)
        if not entries:
            return {"status": "EmptyResultSet"}
        self._report(payload["requestId"], entries, now)
        return {"status": "Accepted"}

    def _report(self, request_id: int, entries: list[Payload], now: float) -> None:
        size = self._station.config.report_items
        pages = [entries[start : start + size] for start in range(0, len(entries), size)]
        for number, page in enumerate(pages):
            payload: Payload = {"requestId": request_id, "generatedAt": self._station.stamp(now), "seqNo": number}
            payload |= {"reportData": page, "tbc": number + 1 < len(pages)}
            bent = self._station.seams.value(ReportKnob.PAGE, payload)
            self._station.outbox.put("NotifyReport", bent, now, requested=True)

    def _too_many(self, action: str, items: list[Payload]) -> bool:
        """B05, B06.FR.16, B08: an answer of its own to more than fits."""
        limit = self._station.model.number("DeviceDataCtrlr", "ItemsPerMessage", instance=action)
        return self._station.seams.check(ReportCheck.ITEMS, violated=limit is not None and len(items) > limit)


def _too_many() -> ErrorReply:
    return ErrorReply(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "more items than ItemsPerMessage")
