"""A reference station without a network: calls go in, messages come out, time moves when it is told to."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from v2gready.protocols.ocpp import schema
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, encode, parse
from v2gready.references.station.config import EvseConfig, StationConfig
from v2gready.references.station.context import Vehicle
from v2gready.references.station.energy_settings import EnergySettings
from v2gready.references.station.faults import make
from v2gready.references.station.seams import Seams
from v2gready.references.station.security import NetworkProfile
from v2gready.references.station.station import Station

Payload = dict[str, Any]
EPOCH = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EVERYTHING = ["DC", "DC_BPT"]


class Bench:
    """A CSMS that answers everything and asks what a test wants."""

    def __init__(
        self,
        *faults: str,
        settings: EnergySettings | None = None,
        edition: Edition = Edition.V21,
        evses: Sequence[EvseConfig] = (EvseConfig(1), EvseConfig(2)),
        allowed: list[str] | None = None,
        config: StationConfig | None = None,
    ) -> None:
        self.now = 0.0
        self.edition = edition
        self.clock = 0.0
        self.calls: list[Call] = []
        self.numbers = iter(range(1, 100_000))
        self.results: dict[str, CallResult | CallError] = {}
        self.online = False
        self.answers: dict[str, Payload | Callable[[Payload], Payload | None]] = {
            "NotifyEVChargingNeeds": {"status": "NoChargingProfile" if edition is Edition.V21 else "Rejected"},
            "NotifyEVChargingSchedule": {"status": "Accepted"},
            "PullDynamicScheduleUpdate": {"status": "Rejected"},
            "Authorize": {"idTokenInfo": {"status": "Accepted"}}
            | ({} if edition is Edition.V201 else {"allowedEnergyTransfer": allowed or EVERYTHING}),
        }
        base = config or StationConfig()
        self.config = replace(base, evses=tuple(evses), energy=settings or EnergySettings())
        self.seams = Seams(make(faults))
        self.station = Station(
            self.config,
            random.Random(1),
            seams=self.seams,
            reference_time=lambda now: EPOCH + timedelta(seconds=now),
            machine_time=lambda: EPOCH,
        )
        self.station.power_on(self.now, "PowerUp")
        self.connect()

    # Connection and time

    def connect(self) -> None:
        """A WebSocket stands, the station is accepted."""
        self.online = True
        self.station.connected(self.edition, NetworkProfile(0, "ws://csms/ocpp", 1, 30), self.now)
        self.pump()

    def disconnect(self) -> None:
        """The connection is lost."""
        self.online = False
        self.station.disconnected(self.now)
        self.pump()

    def power_cycle(self, seconds: float = 1.0) -> None:
        """Off and on again."""
        self.online = False
        self.station.power_off(self.now)
        self.now += seconds
        self.station.power_on(self.now, "PowerUp")
        self.connect()

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        end = self.now + seconds
        while True:
            due = self.station.next_timer()
            if due is None or due > end:
                break
            self.now = max(due, self.now)
            self.station.settle(self.now)
            self.pump()
        self.now = end
        self.station.settle(self.now)
        self.pump()

    def pump(self) -> None:
        """Carries messages to and fro until there are none."""
        for _ in range(1000):
            messages = self.station.outgoing()
            if not messages:
                self.station.settle(self.now)
                messages = self.station.outgoing()
            if not messages:
                return
            for text in messages:
                self._take(text)
        raise AssertionError("the station never stops talking")

    def _take(self, text: str | bytes) -> None:
        message = parse(text)
        if isinstance(message, Call):
            assert not schema.check(self.edition, message.action, message.payload), message
            self.calls.append(message)
            answer = self._answer(message)
            if answer is not None:
                self.station.received(encode(CallResult(message.id, answer)), self.now)
        elif isinstance(message, CallResult | CallError):
            self.results[message.id] = message

    def _answer(self, call: Call) -> Payload | None:
        if call.action == "BootNotification":
            stamp = (EPOCH + timedelta(seconds=self.now)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return {"currentTime": stamp, "interval": 300, "status": "Accepted"}
        answer = self.answers.get(call.action, {})
        return answer(call.payload) if callable(answer) else answer

    # The CSMS

    def call(self, action: str, payload: Payload) -> Payload:
        """Asks the station."""
        number = f"c{next(self.numbers)}"
        assert not schema.check(self.edition, action, payload), schema.check(self.edition, action, payload)
        self.station.received(encode(Call(number, action, payload)), self.now)
        self.pump()
        result = self.results[number]
        if isinstance(result, CallError):
            return {"error": result.code}
        assert not schema.check(self.edition, action, result.payload, response=True), result
        return result.payload

    def sent(self, action: str) -> list[Payload]:
        """What the station has sent of an action."""
        return [call.payload for call in self.calls if call.action == action]

    def clear(self) -> None:
        """Forgets what was sent."""
        self.calls.clear()

    def stamp(self, seconds: float = 0.0) -> str:
        """The time, so many seconds from now."""
        moment = EPOCH + timedelta(seconds=self.now + seconds)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # The vehicle

    def charge(self, evse: int = 1, **vehicle: Any) -> str:
        """Plugs in, presents a token; gives the transaction id."""
        self.station.present_token(evse, {"idToken": "AABBCCDD", "type": "ISO14443"}, self.now)
        self.pump()
        self.station.plug_in(evse, Vehicle(**{"evccid": "WMIV1", **vehicle}), self.now)
        self.pump()
        transaction = self.station.evses[evse].transaction
        assert transaction is not None
        return transaction.id

    def power(self, evse: int = 1) -> float:
        """What a meter shows, in W."""
        return round(self.station.evses[evse].power, 6)

    def mode(self, evse: int = 1) -> str | None:
        """Operation mode as last reported."""
        transaction = self.station.evses[evse].transaction
        return None if transaction is None else transaction.operation_mode

    def act(self, name: str, *args: Any, **values: Any) -> None:
        """A user action of the energy control."""
        getattr(self.station.energy, name)(*args, self.now, **values)
        self.pump()

    # Profiles

    def profile(self, *periods: Payload, **fields: Any) -> Payload:
        """A charging profile; fields of the schedule and of the profile by name."""
        names = ("duration", "startSchedule", "randomizedDelay", "useLocalTime", "limitAtSoC")
        schedule = {"id": 1, "chargingRateUnit": fields.pop("unit", "W"), "chargingSchedulePeriod": list(periods)}
        schedule |= {name: fields.pop(name) for name in names if name in fields}
        return {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [schedule],
            **fields,
        }

    def tx(self, transaction: str, *periods: Payload, **fields: Any) -> Payload:
        """A TxProfile."""
        return self.profile(*periods, **{"chargingProfilePurpose": "TxProfile", "transactionId": transaction, **fields})

    def dynamic(self, transaction: str, period: Payload, **fields: Any) -> Payload:
        """A Dynamic TxProfile."""
        return self.tx(transaction, {"startPeriod": 0, **period}, **{"chargingProfileKind": "Dynamic", **fields})

    def install(self, profile: Payload, evse: int = 1) -> str:
        """Sets a profile; gives "Accepted" or the reason."""
        answer = self.call("SetChargingProfile", {"evseId": evse, "chargingProfile": profile})
        if "error" in answer:
            return str(answer["error"])
        return str(answer["status"] if answer["status"] == "Accepted" else answer["statusInfo"]["reasonCode"])

    def composite(self, evse: int = 1, duration: int = 3600, unit: str = "W") -> list[Payload]:
        """Periods of the composite schedule."""
        request = {"evseId": evse, "duration": duration, "chargingRateUnit": unit}
        return list(self.call("GetCompositeSchedule", request)["schedule"]["chargingSchedulePeriod"])

    def set_variable(self, component: str, name: str, value: str, evse: int = 0, instance: str = "") -> str:
        """SetVariables with one variable; gives its status."""
        where: Payload = {"name": component} | ({"evse": {"id": evse}} if evse else {})
        what: Payload = {"name": name} | ({"instance": instance} if instance else {})
        data = [{"component": where, "variable": what, "attributeValue": value}]
        return str(self.call("SetVariables", {"setVariableData": data})["setVariableResult"][0]["attributeStatus"])
