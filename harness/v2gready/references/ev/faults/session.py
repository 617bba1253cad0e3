"""Faults of SessionSetup, session ids and headers (reference 3.2, 4.2; SES-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks, every, with_header
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Outgoing, Turn

_STALE = bytes.fromhex("0123456789ABCDEF")


@fault("session-id-not-adopted", "Keeps sending the SessionID zero after SessionSetup.")
class IdNotAdopted(Fault):
    """SES-E-1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The header is a constant."""
        return every(outgoing, lambda one: with_header(one, SessionID=bytes(8)))


@fault("session-id-change-followed", "Goes on when the SECC changes the SessionID in mid session.")
class IdChangeFollowed(Overlooks):
    """SES-E-1."""

    overlooked = frozenset({Check.SESSION_ID})


@fault("session-id-made-up", "Begins a new session with a SessionID of its own instead of zero.")
class IdMadeUp(Chooses):
    """[V2G20-2106]: the SECC assigns ids."""

    choice = Choice.RESUME

    def instead(self, turn: Turn, value: Any) -> Any:
        """That of some session long ago."""
        return value if any(value) else _STALE


@fault("session-zero-id-accepted", "Takes zero for the id of a new session.")
class ZeroIdAccepted(Overlooks):
    """[V2G20-2106]."""

    overlooked = frozenset({Check.SESSION_ID_GIVEN})


@fault("session-joins-unasked", "Goes on when the SECC joins a session that was never paused.")
class JoinsUnasked(Overlooks):
    """[V2G20-1843]."""

    overlooked = frozenset({Check.JOINED})


@fault("evccid-empty", "Sends an empty EVCCID.")
class EvccIdEmpty(Asks[m.SessionSetupReq]):
    """[V2G20-2598]."""

    message = m.SessionSetupReq

    def bend(self, turn: Turn, request: m.SessionSetupReq) -> Any:
        """Not configured."""
        return replace(request, EVCCID="")


@fault("evccid-not-of-certificate", "Sends an EVCCID that is not the one in its vehicle certificate.")
class EvccIdOther(Asks[m.SessionSetupReq]):
    """[V2G20-2598], TLS-E-2."""

    message = m.SessionSetupReq

    def bend(self, turn: Turn, request: m.SessionSetupReq) -> Any:
        """A MAC address, as in ISO 15118-2."""
        return replace(request, EVCCID="02:00:00:00:00:01")


@fault("session-setup-repeated", "Sends SessionSetupReq again instead of AuthorizationSetupReq.")
class SetupRepeated(Fault):
    """Reference 4.1: order of requests."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Starts over."""
        if turn.phase is not Phase.AUTHORIZATION_SETUP:
            return outgoing
        again = m.SessionSetupReq(Header=outgoing.messages[0].Header, EVCCID=turn.plan.evcc_id)
        return replace(outgoing, messages=(again,))


@fault("timestamp-in-milliseconds", "Sends TimeStamp in milliseconds.")
class TimestampMilliseconds(Fault):
    """Reference 3: Unix seconds."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Three digits too many."""
        return every(outgoing, lambda one: with_header(one, TimeStamp=1000 * one.Header.TimeStamp))


@fault("timestamp-frozen", "Sends the TimeStamp of its start in every message.")
class TimestampFrozen(Fault):
    """Reference 3: the time of the message."""

    def __init__(self) -> None:
        super().__init__()
        self._first: int | None = None

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The clock is read once."""

        def stopped(one: Any) -> Any:
            if self._first is None:
                self._first = one.Header.TimeStamp
            return with_header(one, TimeStamp=self._first)

        return every(outgoing, stopped)


@fault("session-id-kept", "Asks for the session that it has terminated, instead of a new one.")
class IdKept(Fault):
    """[V2G20-2106]: only a paused session is resumed."""

    def __init__(self) -> None:
        super().__init__()
        self._last = bytes(8)

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Remembers."""
        header = getattr(outgoing.messages[0], "Header", None) if outgoing.messages else None
        if header is not None and any(header.SessionID):
            self._last = header.SessionID
        return outgoing

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """Nobody has cleared it."""
        return self._last if choice is Choice.RESUME else value
