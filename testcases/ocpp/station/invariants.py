"""What holds for everything a charging station sends, in every case."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import (
    Observation,
    StationInvariant,
    Trace,
    ids_used_once,
    one_call_open,
    replies_fit,
    schema_valid,
)


class Schema(StationInvariant):
    """Everything that the station sends is a message, and valid by the schema of the edition of its connection."""

    id = "INV-CHG-OCPP-SCHEMA"
    title = "Every message is valid by its schema"
    requirements = ("OCPP-J-SCHEMA",)
    faults = {"boot-model-too-long": "OCPP-J-SCHEMA", "null-for-absent": "OCPP-J-SCHEMA"}
    witness = "CHG-OCPP-BOOT-31"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates all of it."""
        yield schema_valid("OCPP-J-SCHEMA", trace)


class Ids(StationInvariant):
    """Ids of CALL and SEND are never used again, on no connection of that station; a retry alone may repeat its own."""

    id = "INV-CHG-OCPP-IDS"
    title = "Message ids are used once"
    requirements = ("OCPP-J-ID-UNIQUE",)
    faults = {"reuses-message-id": "OCPP-J-ID-UNIQUE"}
    witness = "CHG-OCPP-RPC-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares all ids."""
        yield ids_used_once("OCPP-J-ID-UNIQUE", trace)


class OneOpen(StationInvariant):
    """The station waits for the reply to its CALL before it sends the next."""

    id = "INV-CHG-OCPP-ONEOPEN"
    title = "One open CALL per connection"
    requirements = ("OCPP-J-ONE-OPEN",)
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN"}
    witness = "CHG-OCPP-CALLS-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at neighbouring CALLs."""
        yield one_call_open("OCPP-J-ONE-OPEN", trace)


class Replies(StationInvariant):
    """Each reply of the station belongs to a CALL, by its id, and a CALL gets one of them."""

    id = "INV-CHG-OCPP-REPLIES"
    title = "Replies belong to CALLs"
    requirements = ("OCPP-J-ID-ECHO",)
    faults = {"reply-id-changed": "OCPP-J-ID-ECHO", "replies-twice": "OCPP-J-ID-ECHO"}
    witness = "CHG-OCPP-RPC-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for replies to nothing, and for second ones."""
        yield replies_fit("OCPP-J-ID-ECHO", trace)
