"""Faults that show under hostile input and at the door: haste, odd characters, slow peers, weak TLS (F19, F22, S04)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
import math
from dataclasses import replace

from v2gready.protocols.ocpp.frames import CallResult, parse
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import result_for
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Fault, TlsPolicy
from v2gready.references.csms.turn import Reply, Turn

Texts = tuple[str, ...]
_HASTE = 0.001


@fault("hasty-calls-deadlock", "Answers nothing any more once a CALL came right behind another one.")
class HastyCallsDeadlock(Fault):
    """F19."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[int, float] = {}
        self._stuck: set[int] = set()

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Two workers wait for one another."""
        key = id(turn.csms)
        if turn.now - self._last.get(key, -1.0) < _HASTE:
            self._stuck.add(key)
        self._last[key] = turn.now
        return replace(reply, delay=math.inf) if key in self._stuck else reply


@fault("answers-twice", "Sends every result two times.")
class AnswersTwice(Fault):
    """One CALL, one reply [P4 4.1]."""

    def sends(self, csms: Csms, texts: Texts, data: str | bytes | None) -> Texts:
        """A retry of its message queue."""
        return tuple(text for one in texts for text in ((one, one) if isinstance(parse(one), CallResult) else (one,)))


@fault("nul-character-closes", "Ends the connection when a text holds the character U+0000.")
class NulCharacterCloses(Fault):
    """Valid JSON; many a database cannot store it."""

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """An exception of the database."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        if "\\u0000" in text:
            csms.closing = True
            self.took_effect("the connection is ended because of U+0000")
            return None
        return data


@fault("one-handshake-at-a-time", "Begins a handshake when the one before has ended, however long that takes.")
class OneHandshakeAtATime(Fault):
    """A single slow peer keeps all stations out."""

    def one_by_one(self, serial: bool) -> bool:
        """In a queue."""
        return True


@fault("ping-unanswered", "Answers no Ping.")
class PingUnanswered(Fault):
    """RFC 6455, 5.5.2; a station takes the connection for dead."""

    def pongs(self, sent: bool) -> bool:
        """None."""
        return False


@fault("ping-flood-resets", "Breaks a connection with more than fifty Pings, without a Close.")
class PingFloodResets(Fault):
    """F22: a Close with a code is right."""

    def endures(self, pings: int) -> bool:
        """Fifty."""
        return pings <= 50


@fault("tls-11-accepted", "Takes TLS 1.1.")
class OldTlsAccepted(Fault):
    """S04."""

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """For old stations."""
        return replace(policy, old=True)


@fault("weak-suites-accepted", "Takes suites with CBC and SHA-1.")
class WeakSuitesAccepted(Fault):
    """S04."""

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """For old stations."""
        return replace(policy, weak=True)


@fault("ecdsa-certificate-alone", "Has no certificate with an RSA key, and so serves two of the four suites.")
class EcdsaAlone(Fault):
    """A00: all four."""

    def tls(self, policy: TlsPolicy) -> TlsPolicy:
        """One certificate is enough."""
        return replace(policy, rsa=False)


@fault("missing-payload-accepted", "Answers a CALL of three elements as if its payload were {}.")
class MissingPayloadAccepted(Fault):
    """F11."""

    def sends(self, csms: Csms, texts: Texts, data: str | bytes | None) -> Texts:
        """What is missing is empty."""
        try:
            value = None if data is None else json.loads(data)
        except (ValueError, RecursionError):
            return texts
        match value:
            case [2, str(message_id), str(action)]:
                return (result_for(action, message_id),)
        return texts
