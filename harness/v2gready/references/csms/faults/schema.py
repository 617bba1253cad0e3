"""Faults in looking at payloads (reference F03-F09, F23, F24, F26, and the names that do not survive)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
from typing import ClassVar

from v2gready.protocols.ocpp.frames import Call, CallError, ErrorCode, Malformed, encode, parse
from v2gready.protocols.ocpp.schema import check as problems_of
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Tolerates, call_in, numbers, refuses, renamed, result_for
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Fault
from v2gready.references.csms.transactions import event_of
from v2gready.references.csms.turn import Reply, Request, Turn

_DISCHARGE = "dischargeLimit"


@fault("missing-field-accepted", "Answers a CALL that lacks a required field as if it were there.")
class MissingFieldAccepted(Tolerates):
    """F03."""

    rules = frozenset({"required"})


@fault("wrong-type-accepted", "Answers a CALL in which a field has the wrong type.")
class WrongTypeAccepted(Tolerates):
    """F04."""

    rules = frozenset({"type"})


@fault("extra-property-accepted", "Answers a CALL with a field that the schema does not have.")
class ExtraPropertyAccepted(Tolerates):
    """F05."""

    rules = frozenset({"additionalProperties"})


@fault("unknown-enum-accepted", "Answers a CALL with a value outside of its enumeration.")
class UnknownEnumAccepted(Tolerates):
    """F06."""

    rules = frozenset({"enum"})


@fault("long-string-accepted", "Answers a CALL with a string that is too long.")
class LongStringAccepted(Tolerates):
    """F07."""

    rules = frozenset({"maxLength"})


@fault("bad-date-accepted", "Answers a CALL whose timestamp is none.")
class BadDateAccepted(Tolerates):
    """The mobilityhouse library has no format checker."""

    rules = frozenset({"format"})


@fault("empty-list-accepted", "Answers a CALL with fewer or more items than the schema allows.")
class EmptyListAccepted(Tolerates):
    """Number of items."""

    rules = frozenset({"minItems", "maxItems"})


@fault("positive-discharge-limit-accepted", "Answers a CALL with a dischargeLimit above zero.")
class PositiveDischargeLimitAccepted(Tolerates):
    """F08."""

    rules = frozenset({"maximum"})

    def applies(self, csms: Csms, call: Call) -> bool:
        """That limit alone."""
        problems = problems_of(csms.edition, call.action, call.payload)
        return bool(problems) and all(_DISCHARGE in problem.path for problem in problems)


@fault("schema-error-closes", "Ends the connection after a CALL that breaks the schema.")
class SchemaErrorCloses(Fault):
    """F04: the connection stays."""

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """An uncaught exception."""
        message = None if data is None else parse(data)
        if isinstance(message, Call) and problems_of(csms.edition, message.action, message.payload):
            csms.closing = True
            self.took_effect("the connection is ended because of a payload that breaks the schema")
        return texts


@fault("schema-error-silent", "Drops a CALL that breaks the schema without a word.")
class SchemaErrorSilent(Fault):
    """F03-F08."""

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """No answer."""
        call = call_in(data)
        return texts if call is None else tuple(text for text in texts if not refuses(text, call.id))


@fault("custom-data-refused", "Refuses every CALL that carries customData.")
class CustomDataRefused(Fault):
    """F09: any object may carry it."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """An extra property."""
        if '"customData"' not in json.dumps(turn.payload):
            return reply
        return Reply(error=ErrorCode.FORMAT_VIOLATION, description="customData was unexpected")


class _Lenient(Fault):
    """Answers a CALL that two readers could understand differently.

    Attributes:
        signs: Parts of the sentence that tells the flaw.
    """

    signs: ClassVar[tuple[str, ...]] = ()

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """CALLRESULT in place of CALLERROR."""
        message = None if data is None else parse(data)
        call = call_in(data)
        if call is None or not isinstance(message, Malformed):
            return texts
        if not any(sign in message.sentence for sign in self.signs):
            return texts
        kept = tuple(text for text in texts if not refuses(text, call.id))
        return (*kept, result_for(call.action, call.id))


@fault("duplicate-keys-accepted", "Answers a CALL in which a key stands twice.")
class DuplicateKeysAccepted(_Lenient):
    """F23."""

    signs = ("twice",)


@fault("nan-accepted", "Answers a CALL with NaN, Infinity or 1e400.")
class NanAccepted(_Lenient):
    """F23."""

    signs = ("no JSON number", "too large")


@fault("deep-nesting-accepted", "Answers a CALL nested a hundred levels deep.")
class DeepNestingAccepted(_Lenient):
    """F23."""

    signs = ("nested deeper",)


@fault("null-accepted", "Takes null for a field that is left out.")
class NullAccepted(Fault):
    """F23, OCPP.Core#36."""

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """CALLRESULT in place of CALLERROR."""
        call = call_in(data)
        if call is None or ":null" not in json.dumps(call.payload, separators=(",", ":")):
            return texts
        return tuple(result_for(call.action, call.id) if refuses(text, call.id) else text for text in texts)


@fault("81-tenths-refused", "Refuses 8.1 A and other numbers with one decimal: it divides by 0.1 in floating point.")
class TenthsRefused(Fault):
    """F24, citrineos-core#959; both in what it hears and in what it is told to send."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """No multiple of 0.1, it says."""
        if not any(_uneven(number) for number in numbers(turn.payload)):
            return reply
        return Reply(error=ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, description="must be multiple of 0.1")

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Not sent either."""
        return None if any(_uneven(number) for number in numbers(request.payload)) else request


@fault("limits-rounded", "Sends every limit and setpoint as a whole number.")
class LimitsRounded(Fault):
    """F24."""

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Decimals cut off."""
        return Request(request.action, _cut(request.payload), request.after)


@fault("free-token-type-refused", "Refuses an IdToken type that OCPP 2.0.1 does not have.")
class FreeTokenTypeRefused(Fault):
    """F26: 2.1 has a free string there."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The enumeration of the older edition."""
        kind = turn.payload.get("idToken", {}).get("type")
        if kind is None or kind in _OLD_TYPES or turn.action not in {"Authorize", "TransactionEvent"}:
            return reply
        return Reply(error=ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, description=f"{kind} is no IdToken type")


@fault("phase-fields-renamed", "Sends limit_L2 as limitL2, and so on: the names went through snake case.")
class PhaseFieldsRenamed(Fault):
    """The mobilityhouse library; 40 names do not survive."""

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Names of another world."""
        bases = ("limit", "dischargeLimit", "setpoint", "setpointReactive")
        names = {f"{base}_{phase}": f"{base}{phase}" for base in bases for phase in ("L2", "L3")}
        return Request(request.action, renamed(request.payload, names), request.after)


@fault("fixed-pf-renamed", "Sends fixedPFAbsorb and fixedPFInject as fixedPfAbsorb and fixedPfInject.")
class FixedPfRenamed(Fault):
    """The mobilityhouse library."""

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Names of another world."""
        names = {"fixedPFAbsorb": "fixedPfAbsorb", "fixedPFInject": "fixedPfInject"}
        return Request(request.action, renamed(request.payload, names), request.after)


@fault("phase-fields-refused", "Refuses powers per phase (maxChargePower_L2 and the like) as unknown fields.")
class PhaseFieldsRefused(Fault):
    """The same names, in what it hears."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Extra properties."""
        text = json.dumps(turn.payload)
        if '_L2"' not in text and '_L3"' not in text:
            return reply
        return Reply(error=ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, description="unexpected field")


@fault("answers-with-extra-field", "Adds a field to its answers that the schema does not have.")
class AnswersWithExtraField(Fault):
    """additionalProperties is false everywhere."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A field for its own app."""
        return reply.bent(lambda payload: {**payload, "serverVersion": "1.0"})


@fault("schema-errors-not-implemented", "Answers whatever breaks the schema with the error code NotImplemented.")
class SchemaErrorsNotImplemented(Fault):
    """F03-F08: a known action is not unknown."""

    def sends(self, csms: Csms, texts: tuple[str, ...], data: str | bytes | None) -> tuple[str, ...]:
        """One code for all."""
        message = None if data is None else parse(data)
        if not isinstance(message, Call) or not problems_of(csms.edition, message.action, message.payload):
            return texts
        wrong = encode(CallError(message.id, ErrorCode.NOT_IMPLEMENTED, "refused"))
        return tuple(wrong if refuses(text, message.id) else text for text in texts)


@fault("state-kept-of-refused-event", "Keeps a transaction event that it refused for its schema.")
class StateKeptOfRefused(Fault):
    """F03: no state change."""

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Stored before it is looked at."""
        message = parse(data)
        if isinstance(message, Call) and message.action == "TransactionEvent":
            self._store(csms, message)
        return data

    def _store(self, csms: Csms, call: Call) -> None:
        if not problems_of(csms.edition, call.action, call.payload):
            return
        try:
            event = event_of(call.payload)
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        transaction = csms.station.transaction(event.transaction_id)
        if not transaction.seen(event.seq_no):
            transaction.take(event)
            self.took_effect(f"transaction {transaction.id} is changed by a refused event")


_OLD_TYPES = frozenset(
    {"Central", "DirectPayment", "eMAID", "EVCCID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"}
    | {"NoAuthorization", "VIN"}
)


def _uneven(number: float) -> bool:
    """No multiple of 0.1 for who divides: 8.1 / 0.1 is 80.99999999999999."""
    return (number / 0.1) % 1 != 0 and round(number, 1) == number


def _cut(value: object) -> dict[str, object]:
    fields = ("limit", "dischargeLimit", "setpoint", "setpointReactive")

    def cut(one: object, name: str = "") -> object:
        if isinstance(one, dict):
            return {key: cut(inner, key) for key, inner in one.items()}
        if isinstance(one, list):
            return [cut(inner, name) for inner in one]
        return int(one) if isinstance(one, float) and name.split("_", maxsplit=1)[0] in fields else one

    bent = cut(value)
    return bent if isinstance(bent, dict) else {}
