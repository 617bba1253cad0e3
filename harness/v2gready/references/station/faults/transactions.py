"""Faults of transactions, their queue, authorization and metering (reference B05 to B08, E, J)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.faults.kinds import Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.metering import MeterKnob
from v2gready.references.station.outbox import Item, OutboxKnob
from v2gready.references.station.remote import RemoteCheck, RemoteKnob
from v2gready.references.station.seams import Fault
from v2gready.references.station.station import PowerKnob
from v2gready.references.station.transactions import TransactionCheck, TransactionKnob

_MANY = 1_000_000


class _Events(Sends):
    """Sends wrong transaction events."""

    action = "TransactionEvent"


# The queue


@fault("seqno-gap", "Leaves out every other seqNo.")
class SeqNoGap(Turns):
    """B05: gapless."""

    knob = TransactionKnob.SEQ_NO

    def bend(self, value: int) -> int:
        """Steps of two."""
        return value * 2


@fault("seqno-repeated", "Gives two transaction events the same seqNo.")
class SeqNoRepeated(Turns):
    """B05, E01."""

    knob = TransactionKnob.SEQ_NO

    def bend(self, value: int) -> int:
        """Never more than 1."""
        return min(value, 1)


@fault("offline-events-lost", "Does not keep transaction events while it is offline.")
class OfflineEventsLost(Turns):
    """E04."""

    knob = OutboxKnob.STORED
    wrong = False


class _Reorders(Turns):
    """Sends the queue wrongly when it is back."""

    knob = OutboxKnob.QUEUE

    @staticmethod
    def kind(item: Item) -> str:
        """EventType."""
        return str(item.payload["eventType"])


@fault("ended-lost-offline", "Loses the end of a transaction that ended offline.")
class EndedLost(_Reorders):
    """B05: libocpp#907."""

    def bend(self, value: list[Item]) -> list[Item]:
        """Without Ended."""
        return [one for one in value if self.kind(one) != "Ended"]


@fault("started-lost-offline", "Loses the start of a transaction that began offline.")
class StartedLost(_Reorders):
    """E04.FR.08: never Started."""

    def bend(self, value: list[Item]) -> list[Item]:
        """Without Started."""
        return [one for one in value if self.kind(one) != "Started"]


@fault("started-after-ended", "Sends what happened offline in the wrong order.")
class StartedAfterEnded(_Reorders):
    """B05: MicroOcpp#454."""

    def bend(self, value: list[Item]) -> list[Item]:
        """The last one first."""
        return value[::-1]


@fault("offline-events-twice", "Sends what happened offline twice.")
class OfflineTwice(_Reorders):
    """B05: libocpp#1137."""

    def bend(self, value: list[Item]) -> list[Item]:
        """And again."""
        again = [Item(_MANY + one.number, one.action, one.payload, keep=True) for one in value]
        return [*value, *again]


@fault("offline-flag-missing", "Does not mark transaction events that happened offline.")
class OfflineFlagMissing(Turns):
    """E04."""

    knob = TransactionKnob.OFFLINE
    wrong = False


@fault("offline-flag-always", "Marks every transaction event as offline.")
class OfflineFlagAlways(Turns):
    """E04: only what happened offline."""

    knob = TransactionKnob.OFFLINE
    wrong = True


@fault("retries-forever", "Repeats a refused transaction event for ever.")
class RetriesForever(Turns):
    """B07, E13: MessageAttempts."""

    knob = OutboxKnob.ATTEMPTS
    wrong = _MANY


@fault("never-retries", "Gives up a transaction event that was refused once.")
class NeverRetries(Turns):
    """B07, E13."""

    knob = OutboxKnob.ATTEMPTS
    wrong = 1


@fault("retry-wait-constant", "Waits equally long before every retry of a transaction event.")
class RetryWaitConstant(Turns):
    """E13: MessageAttemptInterval times the number of preceding attempts."""

    knob = OutboxKnob.RETRY_WAIT

    def __init__(self) -> None:
        super().__init__()
        self._first: float | None = None

    def bend(self, value: float) -> float:
        """The first one for ever."""
        self._first = value if self._first is None else self._first
        return self._first


@fault("retry-without-wait", "Repeats a refused transaction event at once.")
class RetryWithoutWait(Turns):
    """E13."""

    knob = OutboxKnob.RETRY_WAIT
    wrong = 0.0


# The events


@fault("transaction-id-reused", "Gives all transactions the same id.")
class TransactionIdReused(Turns):
    """E01."""

    knob = TransactionKnob.ID
    wrong = "transaction-1"


@fault("transaction-id-changes", "Ends a transaction under another id.")
class TransactionIdChanges(_Events):
    """E06."""

    def bend(self, payload: Payload) -> Payload:
        """The id of nobody."""
        if payload["eventType"] != "Ended":
            return payload
        return payload | {"transactionInfo": payload["transactionInfo"] | {"transactionId": "another"}}


@fault("stopped-reason-missing", "Ends a transaction without a stoppedReason.")
class StoppedReasonMissing(_Events):
    """E06: absent means Local."""

    def bend(self, payload: Payload) -> Payload:
        """Left out."""
        return payload | {"transactionInfo": without(payload["transactionInfo"], "stoppedReason")}


@fault("wrong-stopped-reason", "Ends every transaction with stoppedReason Local.")
class WrongStoppedReason(_Events):
    """E06, F03: e.g. Remote."""

    def bend(self, payload: Payload) -> Payload:
        """Always the same."""
        if payload["eventType"] != "Ended":
            return payload
        return payload | {"transactionInfo": payload["transactionInfo"] | {"stoppedReason": "Local"}}


@fault("wrong-trigger-reason", "Gives every transaction event the triggerReason ChargingStateChanged.")
class WrongTriggerReason(_Events):
    """E01 to E06."""

    def bend(self, payload: Payload) -> Payload:
        """Always the same."""
        return payload | {"triggerReason": "ChargingStateChanged"}


@fault("remote-start-id-missing", "Leaves remoteStartId out of the transaction.")
class RemoteStartIdMissing(_Events):
    """F01: by it the CSMS knows which transaction it has started."""

    def bend(self, payload: Payload) -> Payload:
        """Left out."""
        return payload | {"transactionInfo": without(payload["transactionInfo"], "remoteStartId")}


@fault("token-missing", "Leaves the token out of the transaction.")
class TokenMissing(_Events):
    """E03."""

    def bend(self, payload: Payload) -> Payload:
        """Left out."""
        return without(payload, "idToken")


@fault("evccid-missing", "Does not tell the EVCCID in Authorize.")
class EvccidMissing(Sends):
    """V03, Q01."""

    action = "Authorize"

    def bend(self, payload: Payload) -> Payload:
        """The card alone."""
        return payload | {"idToken": without(payload["idToken"], "additionalInfo")}


@fault("evccid-missing-in-started", "Does not tell the EVCCID with the start of a transaction.")
class EvccidMissingInStarted(_Events):
    """V03, Q01."""

    def bend(self, payload: Payload) -> Payload:
        """The card alone."""
        if "idToken" not in payload:
            return payload
        return payload | {"idToken": without(payload["idToken"], "additionalInfo")}


@fault("transaction-without-time", "Stamps the events of a transaction with the year 1970.")
class EventTime(_Events):
    """B03: MicroOcpp#311."""

    def bend(self, payload: Payload) -> Payload:
        """The epoch."""
        return payload | {"timestamp": "1970-01-01T00:00:00.000Z"}


@fault("time-without-offset", "Sends local times without an offset.")
class TimeWithoutOffset(_Events):
    """RFC 3339."""

    def bend(self, payload: Payload) -> Payload:
        """Without Z."""
        return payload | {"timestamp": payload["timestamp"].removesuffix("Z")}


@fault("charging-state-missing", "Never tells that it charges.")
class ChargingStateMissing(_Events):
    """E02: ChargingStateChanged."""

    def bend(self, payload: Payload) -> Payload | None:
        """Not sent."""
        return None if payload["triggerReason"] == "ChargingStateChanged" else payload


# Authorization and remote control


@fault("starts-without-authorization", "Starts a transaction although the CSMS refused the token.")
class StartsUnauthorized(Ignores):
    """C01."""

    ignored = frozenset({TransactionCheck.AUTHORIZED})


@fault("deauthorization-ignored", "Goes on charging when the CSMS refuses the token of a transaction.")
class DeauthorizationIgnored(Ignores):
    """E05, StopTxOnInvalidId."""

    ignored = frozenset({TransactionCheck.DEAUTHORIZED})


@fault("any-token-stops", "Lets any token stop a transaction.")
class AnyTokenStops(Ignores):
    """E07, C01."""

    ignored = frozenset({TransactionCheck.SAME_TOKEN})


@fault("unknown-transaction-stopped", "Accepts to stop a transaction that does not run.")
class UnknownTransactionStopped(Ignores):
    """F03."""

    ignored = frozenset({RemoteCheck.TRANSACTION})


@fault("reset-on-idle-at-once", "Resets at once although it was to wait for the end of transactions.")
class ResetAtOnce(Ignores):
    """B12."""

    ignored = frozenset({RemoteCheck.IDLE_FIRST})


@fault("trigger-ignored", "Accepts TriggerMessage and sends nothing.")
class TriggerIgnored(Turns):
    """B08, F06."""

    knob = RemoteKnob.TRIGGERED
    wrong = False


# Metering


@fault("meter-values-missing", "Sends transaction events without meter values.")
class MeterValuesMissing(_Events):
    """E02, J02."""

    def bend(self, payload: Payload) -> Payload:
        """Left out."""
        return without(payload, "meterValue")


@fault("export-register-still", "Does not count the energy that the vehicle gives back.")
class ExportStill(Turns):
    """V07: Energy.Active.Export.Register rises."""

    knob = MeterKnob.EXPORT

    def bend(self, value: float) -> float:
        """None."""
        return 0.0


@fault("discharge-counts-as-import", "Counts the energy that the vehicle gives back as energy taken.")
class DischargeAsImport(Fault):
    """V07, V22: the import register stands still."""

    def __init__(self) -> None:
        super().__init__()
        self._energy = 0.0

    def value(self, knob: Enum, value: Any) -> Any:
        """Adds it up on the wrong side."""
        if knob is MeterKnob.IMPORT:
            return value + self._energy
        if knob is MeterKnob.EXPORT:
            self._energy = value
            return 0.0
        return value


@fault("meter-unit-wrong", "Sends kWh and says Wh.")
class MeterUnitWrong(Turns):
    """J02."""

    knob = MeterKnob.VALUES

    def bend(self, value: list[Payload]) -> list[Payload]:
        """A thousandth."""
        return [
            entry
            | {
                "sampledValue": [
                    one | {"value": one["value"] / 1000} if one["unitOfMeasure"]["unit"] == "Wh" else one
                    for one in entry["sampledValue"]
                ]
            }
            for entry in value
        ]


@fault("export-power-negative", "Reports Power.Active.Export as a negative number.")
class ExportNegative(Turns):
    """V07: export is a quantity of its own."""

    knob = MeterKnob.VALUES

    def bend(self, value: list[Payload]) -> list[Payload]:
        """With the sign of the setpoint."""
        return [
            entry
            | {
                "sampledValue": [
                    one | {"value": -one["value"]}
                    if one["measurand"] == "Power.Active.Export" and one["value"]
                    else one
                    for one in entry["sampledValue"]
                ]
            }
            for entry in value
        ]


@fault("power-below-setpoint", "Delivers four fifths of the power that is set.")
class PowerBelowSetpoint(Turns):
    """V07."""

    knob = PowerKnob.WATTS

    def bend(self, value: float) -> float:
        """A wrong gain."""
        return value * 0.8


@fault("discharge-ignored", "Never discharges.")
class DischargeIgnored(Turns):
    """V07: the sign of the power."""

    knob = PowerKnob.WATTS

    def bend(self, value: float) -> float:
        """Zero at most."""
        return max(value, 0.0)


@fault("discharge-becomes-charge", "Charges with the power with which it should discharge.")
class DischargeBecomesCharge(Turns):
    """V20: the sign of the power."""

    knob = PowerKnob.WATTS

    def bend(self, value: float) -> float:
        """Without the sign."""
        return abs(value)
