"""What holds for everything a CSMS sends, in every case."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import (
    CsmsInvariant,
    Observation,
    Trace,
    ids_used_once,
    one_call_open,
    replies_fit,
    schema_valid,
    sends_unanswered,
)


class Schema(CsmsInvariant):
    """Everything that the CSMS sends is a message, and valid by the schema of the edition of its connection."""

    id = "INV-CSMS-OCPP-SCHEMA"
    title = "Every message is valid by its schema"
    requirements = ("OCPP-J-SCHEMA",)
    faults = {"empty-reply-null": "OCPP-J-SCHEMA"}
    witness = "CSMS-OCPP-CALLS-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Validates all of it."""
        yield schema_valid("OCPP-J-SCHEMA", trace)


class Ids(CsmsInvariant):
    """Ids of CALL and SEND are never used again, on no connection to that station; a retry alone may repeat its own."""

    id = "INV-CSMS-OCPP-IDS"
    title = "Message ids are used once"
    requirements = ("OCPP-J-ID-UNIQUE",)
    faults = {"reused-message-id": "OCPP-J-ID-UNIQUE"}
    witness = "CSMS-OCPP-CALLS-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares all ids."""
        yield ids_used_once("OCPP-J-ID-UNIQUE", trace)


class OneOpen(CsmsInvariant):
    """The CSMS waits for the reply to its CALL before it sends the next."""

    id = "INV-CSMS-OCPP-ONEOPEN"
    title = "One open CALL per connection"
    requirements = ("OCPP-J-ONE-OPEN",)
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN"}
    witness = "CSMS-OCPP-CALLS-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at neighbouring CALLs."""
        yield one_call_open("OCPP-J-ONE-OPEN", trace)


class Replies(CsmsInvariant):
    """Each reply of the CSMS belongs to a CALL, by its id, and a CALL gets one of them."""

    id = "INV-CSMS-OCPP-REPLIES"
    title = "Replies belong to CALLs"
    requirements = ("OCPP-J-ID-ECHO",)
    faults = {"reply-with-new-id": "OCPP-J-ID-ECHO", "answers-twice": "OCPP-J-ID-ECHO"}
    witness = "CSMS-OCPP-RPC-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for replies to nothing, and for second ones."""
        yield replies_fit("OCPP-J-ID-ECHO", trace)


class Sends(CsmsInvariant):
    """A SEND of the station gets no reply of any kind (2.1)."""

    id = "INV-CSMS-OCPP-SENDS"
    title = "SEND is never answered"
    requirements = ("OCPP-J-SEND-SILENT",)
    faults = {"answers-send": "OCPP-J-SEND-SILENT"}
    witness = "CSMS-OCPP-RPC-24"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for replies with the id of a SEND."""
        yield sends_unanswered("OCPP-J-SEND-SILENT", trace)
