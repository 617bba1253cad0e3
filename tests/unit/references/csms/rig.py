"""A station in three lines: the core of the CSMS without a network, and messages that the schema likes."""

from __future__ import annotations

import random
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, Malformed, Message, encode, parse
from v2gready.protocols.ocpp.schema import check
from v2gready.references.csms.backend import Backend
from v2gready.references.csms.config import CsmsConfig
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults import make
from v2gready.references.csms.operator import Operator
from v2gready.references.csms.seams import Seams
from v2gready.references.csms.turn import stamp

EPOCH = 1_767_268_800.0  # 2026-01-01T12:00:00Z


class Rig(Operator):
    """One station at one CSMS; time stands still until somebody moves it."""

    def __init__(self, *faults: str, edition: Edition = Edition.V21, **config: Any) -> None:
        seams = Seams(make(faults))
        self.backend = Backend(CsmsConfig(**config), random.Random(1), seams=seams, epoch=EPOCH)
        self.edition = edition
        self.now = 0.0
        self.wire: list[str] = []
        self._count = 0
        self.connect()

    def connect(self, identity: str = "CS001", edition: Edition | None = None) -> Csms:
        station = self.backend.station(identity)
        assert station is not None
        self.csms = Csms(self.backend, station, edition or self.edition)
        station.connected(self.csms)
        return self.csms

    @property
    def effects(self) -> list[str]:
        return [effect.what for effect in self.backend.seams.effects]

    def hear(self, data: str | bytes) -> list[Message]:
        self.csms.receive(data, self.now)
        return self.read()

    def read(self) -> list[Message]:
        texts = self.csms.outgoing()
        if self.csms.closing:
            self.wire.append("closed")
            self.csms.closing = False
        self.wire += texts
        return [message for text in texts if not isinstance(message := parse(text), Malformed)]

    def wait(self, seconds: float) -> list[Message]:
        end = self.now + seconds
        found: list[Message] = []
        while (due := self.csms.next_timeout()) is not None and due <= end:
            self.now = due
            self.csms.handle_timeout(due)
            found += self.read()
        self.now = end
        return found

    def say(self, action: str, payload: dict[str, Any], message_id: str | None = None) -> list[Message]:
        """Calls, and returns everything that comes back at once."""
        self._count += 1
        return self.hear(encode(Call(message_id or f"id-{self._count}", action, payload)))

    def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Calls, and returns the valid result."""
        assert not check(self.edition, action, payload), check(self.edition, action, payload)
        reply = self.say(action, payload)[0]
        assert isinstance(reply, CallResult), reply
        assert not check(self.edition, action, reply.payload, response=True)
        return reply.payload

    def refused(self, action: str, payload: dict[str, Any]) -> str:
        reply = self.say(action, payload)[0]
        assert isinstance(reply, CallError), reply
        return reply.code

    def answer(self, call: Message, payload: dict[str, Any]) -> list[Message]:
        assert isinstance(call, Call)
        assert not check(self.edition, call.action, call.payload), check(self.edition, call.action, call.payload)
        return self.hear(encode(CallResult(call.id, payload)))

    def boot(self, **more: Any) -> dict[str, Any]:
        station = {"model": "M", "vendorName": "V", **more}
        return self.ask("BootNotification", {"reason": "PowerUp", "chargingStation": station})

    def boot_quietly(self) -> None:
        """Boots, whatever a faulty CSMS answers."""
        self.say("BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}})

    def at(self, seconds: float = 0.0) -> str:
        return stamp(EPOCH + self.now + seconds)

    def event(self, kind: str, seq: int, *, tx: str = "tx-1", at: float = 0.0, **more: Any) -> dict[str, Any]:
        trigger = {"Started": "Authorized", "Updated": "MeterValuePeriodic", "Ended": "EVDeparted"}[kind]
        return {
            "eventType": kind,
            "timestamp": self.at(at),
            "triggerReason": trigger,
            "seqNo": seq,
            "transactionInfo": {"transactionId": tx},
            "evse": {"id": 1},
            **more,
        }

    def meter(self, imported: float, exported: float = 0.0, *, at: float = 0.0, **unit: Any) -> list[dict[str, Any]]:
        more = {"unitOfMeasure": unit} if unit else {}
        return [
            {
                "timestamp": self.at(at),
                "sampledValue": [
                    {"value": imported, "measurand": "Energy.Active.Import.Register", **more},
                    {"value": exported, "measurand": "Energy.Active.Export.Register", **more},
                ],
            }
        ]

    def start(self, customer: str = "V2G-TOKEN", tx: str = "tx-1") -> dict[str, Any]:
        id_token = {"idToken": customer, "type": "ISO14443"}
        return self.ask("TransactionEvent", self.event("Started", 0, tx=tx, idToken=id_token))

    def needs(self, transfer: str = "DC_BPT", **more: Any) -> dict[str, Any]:
        v2x = {"maxChargePower": 7000.0, "maxDischargePower": 5000.0}
        return {
            "evseId": 1,
            "chargingNeeds": {"requestedEnergyTransfer": transfer, "v2xChargingParameters": v2x, **more},
        }

    def _now(self) -> float:
        return self.now

    def _connected(self, station: str | None) -> Csms | None:
        return self.csms

    def _moved(self, csms: Csms) -> None:
        pass
