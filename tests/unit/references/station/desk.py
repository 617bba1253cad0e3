"""The station without I/O on a desk: a clock that is turned by hand, and a CSMS that answers by a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    Malformed,
    Message,
    Payload,
    encode,
    parse,
)
from v2gready.references.station import StationConfig, StationCredentials, Vehicle
from v2gready.references.station.faults import make
from v2gready.references.station.seams import Effect, Seams
from v2gready.references.station.station import Demand, DemandKind, Station

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = {"idToken": "CARD1", "type": "ISO14443"}
Answer = Payload | CallError | None | Callable[[Payload], "Payload | CallError | None"]
"""None: silence. A CallError is sent with the id of the call."""


class Desk:
    """A station and its CSMS.

    Args:
        faults: What the station does wrong.
        edition: As negotiated.
        credentials: Certificates.
        seed: Of all randomness.
        **settings: Of the station's configuration.
    """

    def __init__(
        self,
        *faults: str,
        edition: Edition = Edition.V21,
        credentials: StationCredentials | None = None,
        seed: int = 1,
        **settings: Any,
    ) -> None:
        self.now = 0.0
        self.skew = 0.0
        """Seconds by which the CSMS is ahead."""
        self.edition = edition
        self.samples: list[tuple[float, str, float]] = []
        self.frames: list[tuple[float, Message | Malformed]] = []
        self.raw: list[str | bytes] = []
        self.demands: list[Demand] = []
        self.seams = Seams(make(faults))
        self.answers: dict[str, Answer] = {
            "BootNotification": lambda _: {"currentTime": self.csms_time(), "interval": 300, "status": "Accepted"},
            "Heartbeat": lambda _: {"currentTime": self.csms_time()},
            "Authorize": {"idTokenInfo": {"status": "Accepted"}, "allowedEnergyTransfer": ["DC_BPT", "DC"]},
            "NotifyEVChargingNeeds": {"status": "NoChargingProfile"},
            "SignCertificate": {"status": "Accepted"},
            "Get15118EVCertificate": {"status": "Accepted", "exiResponse": "AA=="},
            "NotifyEVChargingSchedule": {"status": "Accepted"},
        }
        if edition is Edition.V201:
            self.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
            self.answers["NotifyEVChargingNeeds"] = {"status": "Accepted"}
        self._ids = 0
        self.station = Station(
            StationConfig(**settings),
            random.Random(seed),
            seams=self.seams,
            reference_time=lambda now: EPOCH + timedelta(seconds=now),
            machine_time=lambda: datetime.now(UTC),
            credentials=credentials,
            listener=lambda channel, value, _: self.samples.append((self.now, channel, value)),
        )
        self.connected = False

    @property
    def effects(self) -> Sequence[Effect]:
        """What the faults changed."""
        return self.seams.effects

    def csms_time(self) -> str:
        """The clock of the CSMS."""
        return (EPOCH + timedelta(seconds=self.now + self.skew)).isoformat().replace("+00:00", "Z")

    def start(self) -> Desk:
        """Switches on, connects, and lets everything settle."""
        self.station.power_on(self.now)
        return self.connect()

    def connect(self, *, fallback: bool = False) -> Desk:
        """The connection stands."""
        self.connected = True
        self.station.connected(self.edition, self.station.security.plan()[0], self.now, fallback=fallback)
        return self.exchange()

    def lose(self) -> Desk:
        """The connection is gone."""
        self.connected = False
        self.station.disconnected(self.now)
        return self

    def reboot(self, reason: str | None = None) -> Desk:
        """Power fails for two seconds."""
        self.connected = False
        self.station.power_off(self.now)
        self.now += 2.0
        self.station.power_on(self.now, reason or "PowerUp")
        return self

    def exchange(self) -> Desk:
        """Lets the CSMS answer until nothing more comes."""
        while out := self.station.outgoing():
            for data in out:
                self._take(data)
        demand = self.station.demand()
        if demand is not None:
            self.demands.append(demand)
            if demand.kind is DemandKind.REBOOT:
                self.reboot(demand.reason).connect()
        return self

    def advance(self, seconds: float) -> Desk:
        """Turns the clock."""
        end = self.now + seconds
        while (when := self.station.next_timer()) is not None and when <= end:
            self.now = max(self.now, when)
            self.station.settle(self.now)
            self.exchange()
        self.now = end
        self.station.settle(self.now)
        return self.exchange()

    def send(self, data: str | bytes) -> list[Message | Malformed]:
        """Something from the CSMS; what the station sends then."""
        before = len(self.frames)
        self.station.received(data, self.now)
        self.exchange()
        return [frame for _, frame in self.frames[before:]]

    def call(self, action: str, payload: Payload | None = None) -> Message | Malformed | None:
        """A call of the CSMS; its answer."""
        self._ids += 1
        name = f"c{self._ids}"
        found = self.send(encode(Call(name, action, payload or {})))
        answers = [one for one in found if not isinstance(one, Call)]
        return answers[0] if answers else None

    def result(self, action: str, payload: Payload | None = None) -> Payload:
        """The payload of the answer to a call."""
        answer = self.call(action, payload)
        assert isinstance(answer, CallResult), answer
        return answer.payload

    def error(self, action: str, payload: Payload | None = None) -> str:
        """The error code of the answer to a call."""
        answer = self.call(action, payload)
        assert isinstance(answer, CallError), answer
        return answer.code

    def calls(self, action: str) -> list[Payload]:
        """Payloads of all calls of the station with that action."""
        return [one.payload for _, one in self.frames if isinstance(one, Call) and one.action == action]

    def times(self, action: str) -> list[float]:
        """When they came."""
        return [when for when, one in self.frames if isinstance(one, Call) and one.action == action]

    def actions(self) -> list[str]:
        """All calls of the station in their order."""
        return [one.action for _, one in self.frames if isinstance(one, Call)]

    def events(self) -> list[tuple[str, str, int]]:
        """eventType, triggerReason and seqNo of all transaction events."""
        return [(one["eventType"], one["triggerReason"], one["seqNo"]) for one in self.calls("TransactionEvent")]

    # The user

    def plug_in(self, evse: int = 1, evccid: str = "EVCC1", **vehicle: Any) -> Desk:
        """A vehicle."""
        self.station.plug_in(evse, Vehicle(evccid=evccid, **vehicle), self.now)
        return self.exchange()

    def present(self, evse: int = 1, token: Payload | None = None) -> Desk:
        """A token."""
        self.station.present_token(evse, token or TOKEN, self.now)
        return self.exchange()

    def unplug(self, evse: int = 1) -> Desk:
        """The vehicle leaves."""
        self.station.unplug(evse, self.now)
        return self.exchange()

    def charge(self) -> Desk:
        """A transaction is under way."""
        return self.plug_in().present().advance(1.0)

    def _take(self, data: str | bytes) -> None:
        self.raw.append(data)
        frame = parse(data)
        self.frames.append((self.now, frame))
        if not isinstance(frame, Call):
            return
        answer = self.answers.get(frame.action, {})
        if callable(answer):
            answer = answer(frame.payload)
        if answer is None or not self.connected:
            return
        if isinstance(answer, CallError):
            self.station.received(encode(CallError(frame.id, answer.code)), self.now)
        else:
            self.station.received(encode(CallResult(frame.id, answer)), self.now)


def variables(*names: tuple[str, str] | tuple[str, str, str]) -> Payload:
    """GetVariables of component, variable and instance."""
    return {"getVariableData": [_names(name) for name in names]}


def setting(component: str, name: str, value: str, instance: str = "") -> Payload:
    """SetVariables of one variable."""
    return {"setVariableData": [{**_names((component, name, instance)), "attributeValue": value}]}


def _names(name: tuple[str, ...]) -> Payload:
    variable = {"name": name[1]} | ({"instance": name[2]} if len(name) > 2 and name[2] else {})
    return {"component": {"name": name[0]}, "variable": variable}
