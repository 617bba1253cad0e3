"""Invariants that are the same for both roles: a role adds its own id, faults and witness."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp.always import ids_used_once, one_call_open, replies_fit
from v2gready.authoring.ocpp.judgements import schema_valid
from v2gready.model.observation import Observation
from v2gready.model.trace import Trace


class SchemaRule:
    """Everything that the device sends is a message, and valid by the schema of the edition of its connection."""

    title = "Every message is valid by its schema"
    requirements = ("OCPP-J-SCHEMA",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates all of it."""
        yield schema_valid("OCPP-J-SCHEMA", trace)


class IdsRule:
    """Ids of CALL and SEND are never used again between the same two; a retry alone may repeat its own."""

    title = "Message ids are used once"
    requirements = ("OCPP-J-ID-UNIQUE",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares all ids."""
        yield ids_used_once("OCPP-J-ID-UNIQUE", trace)


class OneOpenRule:
    """The device waits for the reply to its CALL before it sends the next."""

    title = "One open CALL per connection"
    requirements = ("OCPP-J-ONE-OPEN",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at neighbouring CALLs."""
        yield one_call_open("OCPP-J-ONE-OPEN", trace)


class RepliesRule:
    """Each reply of the device belongs to a CALL, by its id, and a CALL gets one of them."""

    title = "Replies belong to CALLs"
    requirements = ("OCPP-J-ID-ECHO",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for replies to nothing, and for second ones."""
        yield replies_fit("OCPP-J-ID-ECHO", trace)
