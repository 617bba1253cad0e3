"""OCPP in the report: a result alone says neither what it answers nor in which edition; a reader wants both.

Works on traces as stored, where messages are plain trees: a report needs no package of OCPP.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from markupsafe import Markup, escape

from v2gready.model.trace import Event, EventKind, Frame, Record
from v2gready.report.text import shorten

OCPP: Final = "ocpp"
_KINDS: Final = {
    "Call": "CALL",
    "CallResult": "CALLRESULT",
    "CallError": "CALLERROR",
    "CallResultError": "CALLRESULTERROR",
    "Send": "SEND",
}
_REPLIES: Final = frozenset({"CALLRESULT", "CALLERROR"})
_MOST_LINES: Final = 300


def told(records: Iterable[Record]) -> tuple[list[Record], dict[int, int]]:
    """The records with OCPP messages named by kind and action, e.g. ``CALLRESULT Heartbeat``.

    Args:
        records: Of one trace, in order.

    Returns:
        The records, and the partner of each record that has one: the first reply of a CALL, the CALL of a reply.
    """
    found: list[Record] = []
    partners: dict[int, int] = {}
    editions: dict[str, str] = {}
    asked: dict[tuple[str, str], deque[tuple[int, str, str]]] = {}
    for record in records:
        if isinstance(record, Event) and record.kind == EventKind.WS_RESPONSE:
            editions[record.link] = str(record.detail.get("selected", ""))
        if not isinstance(record, Frame) or record.protocol != OCPP or not isinstance(record.message, Mapping):
            found.append(record)
            continue
        kind, body = _parts(record.message)
        action = str(body.get("action", ""))
        waiting = asked.setdefault((record.link, str(body.get("id", ""))), deque())
        if kind == "CALL":
            waiting.append((record.index, record.sender, action))
        elif kind in _REPLIES:
            call = next((one for one in waiting if one[1] != record.sender), None)
            if call is not None:
                action = call[2]
                partners[record.index] = call[0]
                partners.setdefault(call[0], record.index)
                if len(waiting) > 1:  # the next reply is for the next CALL with that id
                    waiting.remove(call)
        elif kind == "CALLRESULTERROR":
            action = next((one[2] for one in waiting if one[1] == record.sender), "")
        name = f"{kind} {action}".strip()
        edition = {"edition": editions[record.link]} if editions.get(record.link) else {}
        found.append(replace(record, message={name: {**edition, **body}}))
    return found, partners


def edition(frame: Frame) -> str:
    """The edition that the connection of a frame agreed on; empty if it is no message of OCPP."""
    if frame.protocol != OCPP or not isinstance(frame.message, Mapping):
        return ""
    _, body = _parts(frame.message)
    return str(body.get("edition", ""))


def outcome(name: str, body: Mapping[str, Any]) -> str:
    """What a reply says in a word: its status with the reason code, or its error code; empty if nothing."""
    kind = name.partition(" ")[0]
    if kind in {"CALLERROR", "CALLRESULTERROR"}:
        return str(body.get("code", ""))
    payload = body.get("payload")
    if kind != "CALLRESULT" or not isinstance(payload, Mapping):
        return ""
    info = payload.get("statusInfo")
    reason = info.get("reasonCode") if isinstance(info, Mapping) else None
    status = payload.get("status", "")
    return f"{status} ({reason})" if reason else str(status) if isinstance(status, str) else ""


def pretty(raw: bytes, longest: int) -> Markup:
    """The JSON of a frame as it passed the wire, indented; long texts are shortened. Empty if it is no JSON.

    Args:
        raw: The octets.
        longest: Characters of a text that are shown.
    """
    try:
        document = json.loads(raw)
        text = json.dumps(_shortened(document, longest), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return Markup("")
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], "…"]
    return escape("\n".join(lines))


def _parts(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    name, body = next(iter(message.items()), ("", {}))
    word = str(name).partition(" ")[0]
    return _KINDS.get(word, word), body if isinstance(body, Mapping) else {}


def _shortened(node: Any, longest: int) -> Any:
    if isinstance(node, str):
        return shorten(node, longest)
    if isinstance(node, Mapping):
        return {shorten(key, longest): _shortened(value, longest) for key, value in node.items()}
    return [_shortened(one, longest) for one in node] if isinstance(node, list) else node
