"""Faults of the session: its id, its header, its order (reference 4.2, 4.5; SES-S-*, SEQ-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.session import NO_SESSION
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_CODE = m.ResponseCode
_MILLISECONDS = 1000


def _recoded(reply: Reply, before: m.ResponseCode, after: m.ResponseCode) -> Reply:
    """The same reply with another code in place of one."""

    def change(response: m.V2GResponse) -> m.V2GResponse:
        return replace(response, ResponseCode=after) if response.ResponseCode is before else response

    return reply.bent(m.V2GResponse, change)


def _coded(reply: Reply, code: m.ResponseCode) -> bool:
    return any(isinstance(one, m.V2GResponse) and one.ResponseCode is code for one in reply.messages)


# Session ids


@fault("session-id-zero", "Gives the session the id zero.")
class IdZero(Fault):
    """[V2G20-2106], SES-S-1."""

    def session_id(self, session_id: bytes) -> bytes:
        """Echoes what the car sent."""
        return NO_SESSION


@fault("session-id-constant", "Gives every session the same id.")
class IdConstant(Fault):
    """[V2G20-2608], SES-S-3."""

    def session_id(self, session_id: bytes) -> bytes:
        """A constant of the build."""
        return bytes.fromhex("a1b2c3d4e5f60718")


@fault("session-id-ascii", "Makes session ids of decimal digits in ASCII.")
class IdAscii(Fault):
    """[V2G20-2621], SES-S-3: 10^8 ids instead of 2^58."""

    def session_id(self, session_id: bytes) -> bytes:
        """Prints a number."""
        return f"{int.from_bytes(session_id, 'big') % 10**8:08d}".encode()


@fault("session-id-counter", "Counts its session ids up.")
class IdCounter(Fault):
    """[V2G20-835], SES-S-3."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def session_id(self, session_id: bytes) -> bytes:
        """One, two, three."""
        self._count += 1
        return self._count.to_bytes(8, "big")


@fault("session-id-32-bit", "Makes session ids of 32 random bits.")
class Id32Bit(Fault):
    """[V2G20-2621], SES-S-3."""

    def session_id(self, session_id: bytes) -> bytes:
        """The random number of the C library."""
        return bytes(4) + session_id[4:]


@fault("session-id-clock", "Makes session ids of a clock and of few random bits.")
class IdClock(Fault):
    """[V2G20-2621], SES-S-3: the clock is no secret; what is left has 32 bits."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks = 0x0A5E_7733

    def session_id(self, session_id: bytes) -> bytes:
        """Milliseconds since some day, and a random number."""
        self._ticks += 30_000_000 + int.from_bytes(session_id[:2], "big")
        return self._ticks.to_bytes(4, "big") + session_id[4:]


@fault("session-id-biased", "Draws session ids from a source with more zeros than ones.")
class IdBiased(Fault):
    """[V2G20-2621]: 52 bits of entropy where a one comes once in four times."""

    def session_id(self, session_id: bytes) -> bytes:
        """A source of noise that nobody evened out."""
        other = hashlib.sha256(session_id).digest()
        return bytes(one & two for one, two in zip(session_id, other, strict=False))


@fault("accepts-unknown-session", "Serves requests with a foreign session id.")
class AcceptsUnknownSession(Ignores):
    """[V2G20-460], SES-S-2."""

    ignored = frozenset({Check.SESSION_ID})


@fault("accepts-zero-session", "Serves requests with the session id zero in mid session.")
class AcceptsZeroSession(Fault):
    """[V2G20-460], SES-S-2."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Takes zero for not set."""
        zero = check is Check.SESSION_ID and turn.request.Header.SessionID == NO_SESSION
        return violated and not zero


@fault("unknown-session-wrong-code", "Answers a foreign session id with FAILED instead of FAILED_UnknownSession.")
class UnknownSessionWrongCode(Fault):
    """[V2G20-460]."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One code for all failures."""
        return _recoded(reply, _CODE.FAILED_UnknownSession, _CODE.FAILED)


# Header


@fault("header-session-id-changed", "Changes the session id in mid session.")
class HeaderIdChanged(Fault):
    """SES-E-1 seen from the other side: one id in every header."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """From ServiceDiscoveryRes on, one octet differs."""

        def change(response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
            session_id = response.Header.SessionID
            other = session_id[:-1] + bytes([session_id[-1] ^ 0xFF])
            return replace(response, Header=replace(response.Header, SessionID=other))

        return reply.bent(m.ServiceDiscoveryRes, change)


@fault("header-session-id-short", "Sends four octets of the session id.")
class HeaderIdShort(Fault):
    """Reference 2.7: the schema says eight, not up to eight."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The length of an older draft, from AuthorizationSetupRes on."""

        def change(response: m.V2GResponse) -> m.V2GResponse:
            if isinstance(response, m.SessionSetupRes):
                return response
            return replace(response, Header=replace(response.Header, SessionID=response.Header.SessionID[:4]))

        return reply.bent(m.V2GResponse, change)


class _Stamps(Answers[m.V2GResponse]):
    message = m.V2GResponse

    def stamp(self, seconds: int) -> int:
        """The wrong TimeStamp."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.V2GResponse) -> m.V2GResponse:
        """Another TimeStamp."""
        header = replace(response.Header, TimeStamp=self.stamp(response.Header.TimeStamp))
        return replace(response, Header=header)


@fault("timestamp-zero", "Leaves TimeStamp at zero.")
class TimestampZero(_Stamps):
    """Reference 3: Unix seconds."""

    def stamp(self, seconds: int) -> int:
        """No clock."""
        return 0


@fault("timestamp-milliseconds", "Counts TimeStamp in milliseconds.")
class TimestampMilliseconds(_Stamps):
    """Reference 3: Unix seconds."""

    def stamp(self, seconds: int) -> int:
        """The clock of another language."""
        return seconds * _MILLISECONDS


# Session setup


@fault("evse-id-empty", "Sends an empty EVSEID.")
class EvseIdEmpty(Answers[m.SessionSetupRes]):
    """Reference 3.2."""

    message = m.SessionSetupRes

    def bend(self, turn: Turn, response: m.SessionSetupRes) -> m.SessionSetupRes:
        """Not configured."""
        return replace(response, EVSEID="")


@fault("session-setup-plain-ok", "Answers SessionSetup with OK instead of OK_NewSessionEstablished.")
class SetupPlainOk(Fault):
    """Reference 4.6, SES-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A success is a success."""
        return _recoded(reply, _CODE.OK_NewSessionEstablished, _CODE.OK)


@fault("session-setup-joins-new", "Answers the setup of a new session with OK_OldSessionJoined.")
class SetupJoinsNew(Fault):
    """Reference 4.6, SES-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The codes are mixed up."""
        return _recoded(reply, _CODE.OK_NewSessionEstablished, _CODE.OK_OldSessionJoined)


@fault("setup-code-everywhere", "Answers every request with OK_NewSessionEstablished.")
class SetupCodeEverywhere(Fault):
    """Reference 4.6: the code of SessionSetupRes alone."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The code of the first response is never reset."""
        return _recoded(reply, _CODE.OK, _CODE.OK_NewSessionEstablished)


# Order


@fault("sequence-check-missing", "Serves requests in any order.")
class SequenceCheckMissing(Ignores):
    """[V2G20-459], SEQ-S-1."""

    ignored = frozenset({Check.SEQUENCE})


@fault("sequence-error-wrong-code", "Answers a request out of order with FAILED instead of FAILED_SequenceError.")
class SequenceErrorWrongCode(Fault):
    """[V2G20-459], SEQ-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One code for all failures."""
        return _recoded(reply, _CODE.FAILED_SequenceError, _CODE.FAILED)


@fault("wrong-res-for-sequence-error", "Answers a request out of order with the response of another request.")
class WrongResForSequenceError(Fault):
    """[V2G20-459], SEQ-S-1: the matching response."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One response message for all errors of order."""

        def change(response: m.V2GResponse) -> Any:
            if response.ResponseCode is not _CODE.FAILED_SequenceError:
                return response
            if isinstance(response, m.SessionStopRes):
                return m.ServiceSelectionRes(Header=response.Header, ResponseCode=response.ResponseCode)
            return m.SessionStopRes(Header=response.Header, ResponseCode=response.ResponseCode)

        return reply.bent(m.V2GResponse, change)


@fault("sequence-error-unanswered", "Closes the connection on a request out of order without an answer.")
class SequenceErrorUnanswered(Fault):
    """[V2G20-459], SEQ-S-1."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The handler throws."""
        return replace(reply, messages=()) if _coded(reply, _CODE.FAILED_SequenceError) else reply


@fault("goes-on-after-failed", "Keeps the connection and the session after a FAILED response.")
class GoesOnAfterFailed(Fault):
    """-20, clause 8.6: any FAILED is fatal."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Forgives."""
        failed = any(isinstance(one, m.V2GResponse) and one.ResponseCode >= _CODE.FAILED for one in reply.messages)
        return replace(reply, close=False) if failed else reply
