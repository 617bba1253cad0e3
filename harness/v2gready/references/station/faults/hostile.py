"""Faults that show when the CSMS, or somebody in its place, sends what it should not."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, ErrorCode, Malformed, Send, encode, parse
from v2gready.references.station.door import DoorKnob, TlsPolicy
from v2gready.references.station.faults.kinds import Turns
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.seams import Answering, Fault
from v2gready.references.station.server import ConnectionKnob

_AT_ONCE = 0.05
"""Seconds between two calls that came at once."""
_MANY = 1_000_000.0


@fault("unreadable-answered-with-made-up-id", "Answers what it cannot read with an id of its own.")
class MadeUpId(Fault):
    """F10: -1 is for that."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """Another id."""
        return Answering((CallError("error-0", problem.code.value, problem.sentence[:255]),))


@fault("unknown-type-answered", "Answers a message of an unknown type as if it were a call.")
class UnknownTypeAnswered(Fault):
    """F12."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """A result."""
        if problem.code is not ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED:
            return answering
        return Answering((CallResult(problem.id, {}),))


@fault("nan-accepted", "Accepts a message with NaN, Infinity or a number that is too large.")
class NanAccepted(Fault):
    """F23: JSON has none of them."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """Its library has."""
        if "JSON number" not in problem.sentence and "too large" not in problem.sentence:
            return answering
        return Answering((CallResult(problem.id, {"status": "Accepted"}),))


@fault("send-answered", "Takes a SEND for a CALL and answers it.")
class SendAnswered(Fault):
    """F18, towards a station."""

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """The same with type 2."""
        found = parse(data)
        return encode(Call(found.id, found.action, found.payload)) if isinstance(found, Send) else data


@fault("second-call-hangs", "Answers nothing any more after a call that came before the last one was answered.")
class SecondCallHangs(Fault):
    """F19."""

    def __init__(self) -> None:
        super().__init__()
        self._last = -1.0
        self._hung = False

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """A lock that is taken twice."""
        if isinstance(parse(data), Call):
            now = asyncio.get_running_loop().time()
            self._hung = self._hung or now - self._last < _AT_ONCE
            self._last = now
        return None if self._hung else data


@fault("never-reconnects", "Does not connect again once a connection was lost.")
class NeverReconnects(Turns):
    """S12: for ever, whatever ended the connection."""

    knob = ConnectionKnob.BACK_OFF
    wrong = _MANY


@fault("edition-remembered", "Goes on with the edition of its first connection, whatever the next one agreed on.")
class EditionRemembered(Turns):
    """F27."""

    knob = ConnectionKnob.EDITION

    def __init__(self) -> None:
        super().__init__()
        self._first: Edition | None = None

    def bend(self, value: Edition) -> Edition:
        """The first one for ever."""
        self._first = value if self._first is None else self._first
        return self._first


@fault("speaks-without-subprotocol", "Speaks OCPP on a connection that agreed on no edition, or on one never offered.")
class SpeaksWithoutSubprotocol(Turns):
    """S01: the version is agreed upon, not guessed."""

    knob = ConnectionKnob.AGREED
    wrong = Edition.V21.value


@fault("no-pong", "Answers no Ping.")
class NoPong(Turns):
    """RFC 6455, 5.5.2."""

    knob = ConnectionKnob.PONGS
    wrong = False


@fault("old-tls-accepted", "Accepts TLS 1.1.")
class OldTlsAccepted(Turns):
    """S04."""

    knob = DoorKnob.POLICY

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """Whatever the CSMS speaks."""
        return replace(value, old_versions=True)


@fault("weak-suite-accepted", "Accepts cipher suites that no security profile allows.")
class WeakSuiteAccepted(Turns):
    """S04."""

    knob = DoorKnob.POLICY

    def bend(self, value: TlsPolicy) -> TlsPolicy:
        """Whatever the library has."""
        return replace(value, weak_suites=True)


@fault("limits-cut-to-integers", "Cuts the decimals of limits and setpoints.")
class LimitsCut(Fault):
    """F24: 8.1 A becomes 8 A."""

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """As it reads them."""
        found = parse(data)
        if not isinstance(found, Call) or found.action not in {"SetChargingProfile", "UpdateDynamicSchedule"}:
            return data
        cut = encode(replace(found, payload=_cut(found.payload)))
        return data if cut == encode(found) else cut


@fault("tenths-refused", "Refuses limits whose tenths are not exact in binary, such as 8.1.")
class TenthsRefused(Fault):
    """F24: multipleOf 0.1 in floating point."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """A validator that divides."""
        if call.action != "SetChargingProfile" or all(one % 0.1 == 0.0 for one in _decimals(call.payload)):
            return answering
        sentence = "limit: not a multiple of 0.1"
        return Answering((CallError(call.id, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION.value, sentence),))


@fault("phase-fields-lost", "Loses the fields of phases L2 and L3.")
class PhaseFieldsLost(Fault):
    """Key conversion between camel and snake case."""

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """As its library reads them."""
        found = parse(data)
        if not isinstance(found, Call) or found.action not in {"SetChargingProfile", "UpdateDynamicSchedule"}:
            return data
        less = encode(replace(found, payload=_without_phases(found.payload)))
        return data if less == encode(found) else less


def _cut(value: Any) -> Any:
    match value:
        case dict():
            return {key: _cut(one) for key, one in value.items()}
        case list():
            return [_cut(one) for one in value]
        case float():
            return float(int(value))
    return value


def _without_phases(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_phases(one) for key, one in value.items() if not key.endswith(("_L2", "_L3"))}
        case list():
            return [_without_phases(one) for one in value]
    return value


def _decimals(value: Any) -> list[float]:
    match value:
        case dict():
            return [found for one in value.values() for found in _decimals(one)]
        case list():
            return [found for one in value for found in _decimals(one)]
        case float():
            return [value]
    return []
