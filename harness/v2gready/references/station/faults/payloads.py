"""Faults of schemas and editions: what a payload may hold, told and taken (reference F03 to F09, F23, F26)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import (
    Call,
    ErrorCode,
    Payload,
    encode,
    parse,
)
from v2gready.protocols.ocpp.schema import SchemaProblem
from v2gready.references.station.faults.kinds import Answers, IgnoresSchema, Sends, Turns
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.outbox import OutboxKnob
from v2gready.references.station.seams import Fault, Wire


@fault("schema-required-ignored", "Does not notice that a required field is missing.")
class RequiredIgnored(IgnoresSchema):
    """F03."""

    rules = frozenset({"required"})


@fault("schema-type-ignored", "Does not notice that a field has a wrong type.")
class TypeIgnored(IgnoresSchema):
    """F04."""

    rules = frozenset({"type"})


@fault("extra-property-accepted", "Does not notice a property that the schema does not have.")
class ExtraPropertyAccepted(IgnoresSchema):
    """F05."""

    rules = frozenset({"additionalProperties"})


@fault("enum-ignored", "Does not notice that an enumeration has no such value.")
class EnumIgnored(IgnoresSchema):
    """F06."""

    rules = frozenset({"enum"})


@fault("maxlength-ignored", "Does not notice that a text is too long.")
class MaxLengthIgnored(IgnoresSchema):
    """F07."""

    rules = frozenset({"maxLength"})


@fault("format-ignored", "Takes a text that is no date-time for one.")
class FormatIgnored(IgnoresSchema):
    """F04: many validators do not check formats."""

    rules = frozenset({"format"})


@fault("array-size-ignored", "Does not notice that a list has too few or too many items.")
class ArraySizeIgnored(IgnoresSchema):
    """F04."""

    rules = frozenset({"minItems", "maxItems"})


@fault("positive-discharge-limit-accepted", "Accepts a dischargeLimit above 0.")
class PositiveDischargeLimit(IgnoresSchema):
    """F08."""

    def overlooks(self, problem: SchemaProblem) -> bool:
        """The sign alone."""
        return problem.rule == "maximum" and "dischargeLimit" in problem.path


@fault("minimum-ignored", "Accepts numbers below the minimum of the schema.")
class MinimumIgnored(IgnoresSchema):
    """F04: e.g. a negative stackLevel."""

    rules = frozenset({"minimum"})


@fault("error-instead-of-customdata", "Refuses every message with customData.")
class CustomDataRefused(Fault):
    """F09."""

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """Takes it for an extra property."""
        if problems or "customData" not in json.dumps(call.payload):
            return problems
        sentence = "unexpected property"
        return (SchemaProblem("customData", "additionalProperties", ErrorCode.FORMAT_VIOLATION, sentence),)


@fault("token-type-enum", "Refuses idToken types of OCPP 2.1 that OCPP 2.0.1 did not list.")
class TokenTypeEnum(Fault):
    """F26: the enumeration became a free string."""

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """Checks the old list."""
        kind = call.payload.get("idToken", {}).get("type") if isinstance(call.payload.get("idToken"), dict) else None
        old = {"Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"}
        if problems or kind is None or kind in old:
            return problems
        return (SchemaProblem("idToken.type", "enum", ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "no such type"),)


@fault("null-for-absent", "Sends null for an optional field that it has no value for.")
class NullForAbsent(Answers):
    """F23: absent fields are left out (Part 4, 4.1)."""

    def bend(self, call: Call, payload: Payload) -> Payload:
        """A field of every response with a status."""
        return payload | {"statusInfo": None} if "status" in payload and "statusInfo" not in payload else payload


@fault("extra-field-in-response", "Sends fields that the schema does not have.")
class ExtraFieldInResponse(Answers):
    """F05, the other way round."""

    def bend(self, call: Call, payload: Payload) -> Payload:
        """The vendor's own."""
        return payload | {"vendorField": 1}


@fault("numbers-as-text", "Sends the seqNo of a transaction event as text.")
class NumbersAsText(Sends):
    """F04, the other way round."""

    action = "TransactionEvent"

    def bend(self, payload: Payload) -> Payload:
        """Quoted."""
        return payload | {"seqNo": str(payload["seqNo"])}


@fault("v201-sends-21-fields", "Sends fields and values of OCPP 2.1 on a connection with OCPP 2.0.1.")
class SendsNewFields(Turns):
    """F26."""

    knob = OutboxKnob.TRANSLATES
    wrong = False


@fault("v201-sends-evse-sleep", "Marks transaction events of OCPP 2.0.1 with evseSleep, which is new in 2.1.")
class SendsSleep(Fault):
    """F26."""

    def __init__(self) -> None:
        super().__init__()
        self._old = False

    def value(self, knob: Enum, value: Any) -> Any:
        """Notices the old edition: only there something is left out."""
        self._old = self._old or knob is OutboxKnob.TRANSLATES
        return value

    def frame_out(self, text: str) -> Wire:
        """Adds the field."""
        found = parse(text)
        if not self._old or not isinstance(found, Call) or found.action != "TransactionEvent":
            return (text,)
        return (encode(replace(found, payload=found.payload | {"evseSleep": False})),)
