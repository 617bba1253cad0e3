"""Faults of a charger that serves a car once: what a strange guest leaves behind (EXI-S-2, SDP-S-4, TP-S-4)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.seams import Died, Fault
from v2gready.protocols.iso15118.secc.turn import Reply, Turn
from v2gready.protocols.v2gtp import PayloadType
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_BUFFER = 64
_PATIENCE = 100
_KNOWN = frozenset(int(one) for one in PayloadType)


@fault("dies-on-long-evccid", "Dies of an EVCCID of more than 64 characters.")
class DiesOnLongEvccid(Fault):
    """EXI-S-2."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A buffer of the size that all the cars of the lab needed."""
        if isinstance(turn.request, m.SessionSetupReq) and len(turn.request.EVCCID) > _BUFFER:
            self.took_effect(f"the process died of an EVCCID of {len(turn.request.EVCCID)} characters")
            raise Died("a long EVCCID")
        return reply


@fault("dies-on-wide-text", "Dies of an EVCCID that is not ASCII.")
class DiesOnWideText(Fault):
    """EXI-S-2."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One octet a character."""
        if isinstance(turn.request, m.SessionSetupReq) and not turn.request.EVCCID.isascii():
            self.took_effect("the process died of an EVCCID that is not ASCII")
            raise Died("an EVCCID that is not ASCII")
        return reply


@fault("string-reference-read-as-empty", "Reads a repeated ProtocolNamespace as an empty string.")
class StringReferenceReadAsEmpty(Answers[m.SupportedAppProtocolRes]):
    """EXI-S-2: what a decoder without a string table makes of a reference into it."""

    message = m.SupportedAppProtocolRes

    def bend(self, turn: Turn, response: m.SupportedAppProtocolRes) -> m.SupportedAppProtocolRes:
        """The first of the offers that are alike is all that is seen."""
        chosen = next((one for one in turn.request.AppProtocol if one.SchemaID == response.SchemaID), None)
        if chosen is None:
            return response
        alike = (one for one in turn.request.AppProtocol if one.ProtocolNamespace == chosen.ProtocolNamespace)
        return replace(response, SchemaID=next(alike).SchemaID)


@fault("dies-of-unknown-frames", "Dies of a hundred frames of unknown payload type in a row.")
class DiesOfUnknownFrames(Fault):
    """TP-S-1, many times."""

    def __init__(self) -> None:
        super().__init__()
        self._row = 0

    def payload_type(self, payload_type: int) -> int:
        """A log that fills the memory."""
        self._row = 0 if payload_type in _KNOWN else self._row + 1
        if self._row >= _PATIENCE:
            self.took_effect(f"the process died of {self._row} frames of unknown payload type")
            raise Died("frames of unknown payload type")
        return payload_type


@fault("one-connection-at-a-time", "Takes no connection while another one is open, used or not.")
class OneConnection(Fault):
    """TP-S-4."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = False

    def serves(self, willing: bool) -> bool:
        """A single place."""
        if self._taken:
            return False
        self._taken = willing
        return willing

    def ended(self, occasion: Occasion) -> None:
        """The place is free again."""
        self._taken = False

    def handshake_failed(self) -> None:
        """The place is free again."""
        self._taken = False
