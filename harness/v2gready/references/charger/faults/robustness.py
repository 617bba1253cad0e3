"""Faults of robustness: garbage in, garbage out (reference 2.7; EXI-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import Undecodable
from v2gready.protocols.iso15118.secc.seams import Died, Fault
from v2gready.protocols.iso15118.secc.turn import Reply, Turn
from v2gready.protocols.v2gtp import PayloadType, encode_frame
from v2gready.references.charger.faults.registry import fault

_HEADER = 8
_SET_TYPES = frozenset({PayloadType.AC, PayloadType.DC})


def _payload_type(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


@fault("crash-on-truncated-exi", "Dies of a payload that does not decode.")
class CrashOnTruncatedExi(Fault):
    """EXI-S-1."""

    def undecodable(self, payload: bytes, reaction: Undecodable) -> Undecodable:
        """An exception that nobody catches."""
        self.took_effect(f"the process died of {len(payload)} undecodable octets")
        raise Died("an undecodable payload")


@fault("stale-answer-to-garbage", "Answers a payload that does not decode with its last response.")
class StaleAnswer(Fault):
    """EXI-S-1: no OK."""

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[Any, ...] = ()

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The buffer of the message before."""
        if turn.request is None and self._last:
            return replace(reply, messages=self._last, close=False)
        self._last = reply.messages
        return reply


@fault("double-response", "Answers ServiceDiscoveryReq twice.")
class DoubleResponse(Fault):
    """Strict request and response."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A retransmission above TCP."""
        if not isinstance(turn.request, m.ServiceDiscoveryReq):
            return reply
        return replace(reply, messages=reply.messages * 2)


@fault("no-response", "Does not answer ServiceSelectionReq.")
class NoResponse(Fault):
    """Every request is answered."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A handler without a return."""
        return replace(reply, messages=()) if isinstance(turn.request, m.ServiceSelectionReq) else reply


@fault("res-type-mismatch", "Answers ServiceSelectionReq with SessionStopRes.")
class ResTypeMismatch(Fault):
    """The response belongs to the request."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The next entry of the table."""

        def change(response: m.ServiceSelectionRes) -> m.SessionStopRes:
            return m.SessionStopRes(Header=response.Header, ResponseCode=response.ResponseCode)

        return reply.bent(m.ServiceSelectionRes, change)


@fault("wrong-payload-type", "Sends the messages of AC and DC with the payload type of the common messages.")
class WrongPayloadType(Fault):
    """Reference 1.1."""

    def frame_out(self, data: bytes) -> bytes:
        """0x8002 for everything."""
        wrong = _payload_type(data) in _SET_TYPES
        return encode_frame(PayloadType.MAINSTREAM, data[_HEADER:]) if wrong else data


@fault("wrong-v2gtp-version", "Sends V2GTP version 2.")
class WrongVersion(Fault):
    """Reference 1.1."""

    def frame_out(self, data: bytes) -> bytes:
        """The next version, with its inverse."""
        return b"\x02\xfd" + data[2:]


@fault("undecodable-response", "Sends ServiceDetailRes without its last octets.")
class UndecodableResponse(Fault):
    """A buffer that is too small for the parameter sets, with a header that fits the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._next = False

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Marks the response."""
        self._next = isinstance(turn.request, m.ServiceDetailReq)
        return reply

    def frame_out(self, data: bytes) -> bytes:
        """Half of the payload."""
        if not self._next:
            return data
        payload = data[_HEADER:]
        return encode_frame(_payload_type(data), payload[: len(payload) // 2])
