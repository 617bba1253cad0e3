"""Shapes that many faults share; none of them is a fault by itself."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, ErrorCode, Payload, encode, parse
from v2gready.protocols.ocpp.schema import check as problems_of
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.seams import Check, Fault
from v2gready.references.csms.turn import Reply, Request, Turn


class Ignores(Fault):
    """Does not check some rules.

    Attributes:
        ignored: The rules.
    """

    ignored: ClassVar[frozenset[Check]] = frozenset()

    def check(self, subject: str, check: Check, violated: bool) -> bool:
        """Lets a violation of the ignored rules pass."""
        return violated and check not in self.ignored


class Answers(Fault):
    """Answers one action with a wrong payload.

    Attributes:
        action: The action.
    """

    action: ClassVar[str] = ""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """The wrong payload."""
        raise NotImplementedError

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Bends the results of that action."""
        return reply.bent(lambda payload: self.bend(turn, payload)) if turn.action == self.action else reply


class Refuses(Fault):
    """Refuses one action.

    Attributes:
        action: The action.
        code: Code of the CALLERROR.
    """

    action: ClassVar[str] = ""
    code: ClassVar[ErrorCode] = ErrorCode.NOT_IMPLEMENTED

    def applies(self, turn: Turn) -> bool:
        """Whether this CALL is refused."""
        return True

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """CALLERROR instead of an answer."""
        if turn.action != self.action or reply.error is not None or not self.applies(turn):
            return reply
        return Reply(error=self.code, description="not available")


class Requests(Fault):
    """Sends a wrong CALL of one action.

    Attributes:
        action: The action.
    """

    action: ClassVar[str] = ""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The wrong payload; None for no CALL at all."""
        raise NotImplementedError

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Bends the CALLs of that action."""
        if request.action != self.action:
            return request
        payload = self.bend(csms, json.loads(json.dumps(request.payload)))
        return None if payload is None else replace(request, payload=payload)


class Tolerates(Fault):
    """Answers a CALL that breaks the schema, as if it did not look.

    Attributes:
        rules: Keywords of the schema that it does not look at.
    """

    rules: ClassVar[frozenset[str]] = frozenset()

    def applies(self, csms: Csms, call: Call) -> bool:
        """Whether this CALL is answered."""
        problems = problems_of(csms.edition, call.action, call.payload)
        return bool(problems) and all(problem.rule in self.rules for problem in problems)

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """CALLRESULT in place of CALLERROR."""
        call = call_in(data)
        if call is None or not self.applies(csms, call):
            return texts
        return tuple(result_for(call.action, call.id) if refuses(text, call.id) else text for text in texts)


def call_in(data: str | bytes | None) -> Call | None:
    """The CALL in a message, however badly written; None if there is none."""
    if data is None:
        return None
    message = parse(data)
    if isinstance(message, Call):
        return message
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    match value:
        case [2, str(message_id), str(action), dict(payload), *_]:
            return Call(message_id, action, payload)
        case [2, _, str(action), dict(payload)]:
            return Call("-1", action, payload)
        case _:
            return None


def refuses(text: str, message_id: str) -> bool:
    """The text is a CALLERROR for that id, or for one that could not be read."""
    message = parse(text)
    return isinstance(message, CallError) and message.id in {message_id, "-1"}


_BARE: dict[str, Payload] = {
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    "BootNotification": {"currentTime": "2026-01-01T00:00:00Z", "interval": 300, "status": "Accepted"},
    "Heartbeat": {"currentTime": "2026-01-01T00:00:00Z"},
    "DataTransfer": {"status": "Accepted"},
    "NotifyEVChargingNeeds": {"status": "Accepted"},
    "NotifyEVChargingSchedule": {"status": "Accepted"},
    "OpenPeriodicEventStream": {"status": "Accepted"},
    "PullDynamicScheduleUpdate": {"status": "Accepted"},
    "SignCertificate": {"status": "Accepted"},
    "GetCertificateStatus": {"status": "Accepted", "ocspResult": ""},
    "Get15118EVCertificate": {"status": "Accepted", "exiResponse": ""},
}


def result_for(action: str, message_id: str) -> str:
    """A CALLRESULT that says yes to an action, whatever was in the CALL."""
    return encode(CallResult(message_id, dict(_BARE.get(action, {}))))


def numbers(value: Any) -> list[float]:
    """All numbers in a payload."""
    if isinstance(value, dict):
        return [number for one in value.values() for number in numbers(one)]
    if isinstance(value, list):
        return [number for one in value for number in numbers(one)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def renamed(value: Any, names: dict[str, str]) -> Any:
    """A payload with other names of fields, at any depth."""
    if isinstance(value, dict):
        return {names.get(name, name): renamed(one, names) for name, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return value


def periods(payload: Payload) -> list[Payload]:
    """All charging schedule periods of a SetChargingProfileRequest."""
    schedules = payload["chargingProfile"]["chargingSchedule"]
    return [period for schedule in schedules for period in schedule["chargingSchedulePeriod"]]
