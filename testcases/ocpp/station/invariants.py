"""What holds for everything a charging station sends, in every case."""

from __future__ import annotations

from v2gready.authoring.ocpp import StationInvariant
from v2gready.authoring.ocpp.invariants import IdsRule, OneOpenRule, RepliesRule, SchemaRule


class Schema(SchemaRule, StationInvariant):
    """Everything that it sends is a message, and valid by the schema of the edition of its connection."""

    id = "INV-CHG-OCPP-SCHEMA"
    faults = {"boot-model-too-long": "OCPP-J-SCHEMA", "null-for-absent": "OCPP-J-SCHEMA"}
    witness = "CHG-OCPP-BOOT-31"


class Ids(IdsRule, StationInvariant):
    """Ids of CALL and SEND are never used again, on no connection of that station; a retry alone may repeat its own."""

    id = "INV-CHG-OCPP-IDS"
    faults = {"reuses-message-id": "OCPP-J-ID-UNIQUE"}
    witness = "CHG-OCPP-RPC-01"


class OneOpen(OneOpenRule, StationInvariant):
    """It waits for the reply to its CALL before it sends the next."""

    id = "INV-CHG-OCPP-ONEOPEN"
    faults = {"second-call-while-open": "OCPP-J-ONE-OPEN"}
    witness = "CHG-OCPP-CALLS-01"


class Replies(RepliesRule, StationInvariant):
    """Each of its replies belongs to a CALL, by its id, and a CALL gets one of them."""

    id = "INV-CHG-OCPP-REPLIES"
    faults = {"reply-id-changed": "OCPP-J-ID-ECHO", "replies-twice": "OCPP-J-ID-ECHO"}
    witness = "CHG-OCPP-RPC-01"
