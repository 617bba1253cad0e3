"""What holds for everything a CSMS sends, in every case."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.ocpp import CsmsInvariant, Observation, Trace, sends_unanswered
from v2gready.authoring.ocpp.invariants import IdsRule, OneOpenRule, RepliesRule, SchemaRule


class Schema(SchemaRule, CsmsInvariant):
    """Everything that it sends is a message, and valid by the schema of the edition of its connection."""

    id = "INV-CSMS-OCPP-SCHEMA"
    faults = {"empty-reply-null": "OCPP-J-SCHEMA"}
    witness = "CSMS-OCPP-CALLS-01"


class Ids(IdsRule, CsmsInvariant):
    """Ids of CALL and SEND are never used again, on no connection to that station; a retry alone may repeat its own."""

    id = "INV-CSMS-OCPP-IDS"
    faults = {"reused-message-id": "OCPP-J-ID-UNIQUE"}
    witness = "CSMS-OCPP-CALLS-01"


class OneOpen(OneOpenRule, CsmsInvariant):
    """It waits for the reply to its CALL before it sends the next."""

    id = "INV-CSMS-OCPP-ONEOPEN"
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN"}
    witness = "CSMS-OCPP-CALLS-01"


class Replies(RepliesRule, CsmsInvariant):
    """Each of its replies belongs to a CALL, by its id, and a CALL gets one of them."""

    id = "INV-CSMS-OCPP-REPLIES"
    faults = {"reply-with-new-id": "OCPP-J-ID-ECHO", "answers-twice": "OCPP-J-ID-ECHO"}
    witness = "CSMS-OCPP-RPC-01"


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
