"""From octets to messages and to a plain tree for files, by protocol name. Pure: a stored trace is read again by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from v2gready.protocols import sdp, v2gtp
from v2gready.protocols.exi import ExiError
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.ocpp import frames as ocpp

V2GTP: Final = "v2gtp"
SDP: Final = "sdp"
OCPP: Final = "ocpp"

_SETS: Final[Mapping[int, codec.MessageSet]] = {
    int(v2gtp.PayloadType.SAP): codec.MessageSet.SAP,
    int(v2gtp.PayloadType.MAINSTREAM): codec.MessageSet.COMMON,
    int(v2gtp.PayloadType.AC): codec.MessageSet.AC,
    int(v2gtp.PayloadType.DC): codec.MessageSet.DC,
    int(v2gtp.PayloadType.AC_DER_IEC): codec.MessageSet.AC_DER_IEC,
    int(v2gtp.PayloadType.AC_DER_SAE): codec.MessageSet.AC_DER_SAE,
    # Side streams carry CommonMessages; no open peer sends them yet (reference 1.1).
    int(v2gtp.PayloadType.SCHEDULE_RENEGOTIATION): codec.MessageSet.COMMON,
    int(v2gtp.PayloadType.METERING_CONFIRMATION): codec.MessageSet.COMMON,
}


def dissect(protocol: str, raw: bytes) -> tuple[Any, str]:
    """The message in a frame, or why there is none.

    Args:
        protocol: ``v2gtp``, ``sdp`` or ``ocpp``.
        raw: One whole protocol data unit, header included; of OCPP the octets of one WebSocket data message.

    Returns:
        The message and an empty string, or None and the problem.
    """
    return _DISSECTORS[protocol](raw)


def _v2gtp(raw: bytes) -> tuple[Any, str]:
    events = v2gtp.FrameDecoder().feed(raw)
    if len(events) != 1 or not isinstance(events[0], v2gtp.Frame):
        reason = "not exactly one frame" if len(events) != 1 else getattr(events[0], "reason", "")
        return None, f"{len(raw)} octets: {reason}"
    payload_type = events[0].payload_type
    message_set = _SETS.get(payload_type)
    if message_set is None:
        return None, f"payload type 0x{payload_type:04X} carries no message this suite reads"
    try:
        return codec.decode(message_set, events[0].payload), ""
    except ExiError as problem:
        return None, str(problem)


def _sdp(raw: bytes) -> tuple[Any, str]:
    kind = sdp.SdpResponse if raw[2:4] == b"\x90\x01" else sdp.SdpRequest
    try:
        return kind.decode(raw), ""
    except sdp.SdpError as problem:
        return None, str(problem)


def _ocpp(raw: bytes) -> tuple[Any, str]:
    message = ocpp.parse(raw)
    return (None, message.sentence) if isinstance(message, ocpp.Malformed) else (message, "")


_DISSECTORS: Final[Mapping[str, Callable[[bytes], tuple[Any, str]]]] = {V2GTP: _v2gtp, SDP: _sdp, OCPP: _ocpp}


def plain(message: Any) -> dict[str, Any] | None:
    """A message as a tree of JSON values under its name, None for no message."""
    if message is None:
        return None
    if isinstance(message, sdp.SdpRequest):
        return {"SdpRequest": {"Security": message.security.name, "Transport": message.transport.name}}
    if isinstance(message, sdp.SdpResponse):
        return {
            "SdpResponse": {
                "Address": str(message.address),
                "Port": message.port,
                "Security": message.security.name,
                "Transport": message.transport.name,
            }
        }
    if isinstance(message, ocpp.Message):
        return {_ocpp_name(message): {one.name: getattr(message, one.name) for one in fields(message)}}
    return {type(message).__name__: codec.to_plain(message)}


def _ocpp_name(message: ocpp.Message) -> str:
    """What a person looks for in a list of frames; the device decides how long it would be."""
    kind = type(message).__name__
    match message:
        case ocpp.Call() | ocpp.Send():
            return f"{kind} {message.action[:40]}"
        case ocpp.CallError() | ocpp.CallResultError():
            return f"{kind} {message.code[:40]}"
        case _:
            return kind
