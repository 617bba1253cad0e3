"""Faults in booking energy (reference V22): seen in totalCost."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import Token
from v2gready.references.csms.faults.kinds import Answers, Refuses
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Fault, swapped
from v2gready.references.csms.transactions import Slice
from v2gready.references.csms.turn import Reply, Turn


@fault("export-booked-as-import", "Books energy that the car gave as energy that it took.")
class ExportBookedAsImport(Fault):
    """V22."""

    def booked(self, piece: Slice) -> Slice:
        """No sign."""
        return replace(piece, imported=piece.imported + piece.exported, exported=0.0)


@fault("export-ignored", "Books nothing for energy that the car gave.")
class ExportIgnored(Fault):
    """V22."""

    def booked(self, piece: Slice) -> Slice:
        """Not looked at."""
        return replace(piece, exported=0.0)


@fault("export-charged-to-customer", "Lets the customer pay for energy that the car gave.")
class ExportCharged(Fault):
    """V22."""

    def booked(self, piece: Slice) -> Slice:
        """The sign of the price."""
        return replace(piece, exported=-piece.exported)


class _Event(Answers):
    action = "TransactionEvent"


@fault("cost-never-negative", "Tells a cost of zero where the customer gets money.")
class CostNeverNegative(_Event):
    """V22."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Cut at zero."""
        return swapped(payload, totalCost=max(0.0, payload["totalCost"])) if "totalCost" in payload else payload


@fault("cost-missing", "Tells no cost at the end of a transaction.")
class CostMissing(_Event):
    """V22."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, totalCost=None) if turn.payload["eventType"] == "Ended" else payload


@fault("cost-as-text", "Sends totalCost as a string.")
class CostAsText(_Event):
    """Schema."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """With a currency."""
        return swapped(payload, totalCost=f"{payload['totalCost']} EUR") if "totalCost" in payload else payload


def _units(turn: Turn) -> list[Payload]:
    values = turn.payload.get("meterValue", ())
    return [sample.get("unitOfMeasure", {}) for value in values for sample in value["sampledValue"]]


class _WrongUnit(Fault):
    """Reads a register a thousand times too large or too small, which shows in the cost."""

    def factor(self, unit: Payload) -> float:
        """What the sample is off by."""
        raise NotImplementedError

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The cost, again with the wrong unit."""
        if turn.action != "TransactionEvent" or "totalCost" not in reply.payload:
            return reply
        factors = [self.factor(unit) for unit in _units(turn)]
        factor = next((one for one in factors if one != 1.0), 1.0)
        return reply.bent(lambda payload: swapped(payload, totalCost=round(payload["totalCost"] * factor, 6)))


@fault("kwh-read-as-wh", "Takes kWh for Wh.")
class KwhReadAsWh(_WrongUnit):
    """V22."""

    def factor(self, unit: Payload) -> float:
        """A thousandth."""
        return 0.001 if unit.get("unit") == "kWh" else 1.0


@fault("multiplier-ignored", "Does not look at the multiplier of a measured value.")
class MultiplierIgnored(_WrongUnit):
    """V22."""

    def factor(self, unit: Payload) -> float:
        """As if it were 0."""
        return float(10.0 ** -int(unit.get("multiplier", 0)))


@fault("meter-values-refused", "Refuses MeterValues with measurands of discharging.")
class MeterValuesRefused(Refuses):
    """V2X measurands of 2.1."""

    action = "MeterValues"

    def applies(self, turn: Turn) -> bool:
        """Export alone."""
        return "Export" in str(turn.payload)


@fault("export-events-refused", "Refuses transaction events with measurands of discharging.")
class ExportEventsRefused(Refuses):
    """V2X measurands of 2.1."""

    action = "TransactionEvent"

    def applies(self, turn: Turn) -> bool:
        """Export alone."""
        return "Export" in str(turn.payload.get("meterValue", ""))


@fault("blocked-token-accepted", "Accepts a blocked token.")
class BlockedTokenAccepted(Fault):
    """C01."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Every token is welcome."""
        info = reply.payload.get("idTokenInfo")
        if info is None or info["status"] == Token().status:
            return reply
        return reply.bent(lambda payload: swapped(payload, idTokenInfo={**info, "status": "Accepted"}))


@fault("token-info-missing", "Answers a transaction event that carries a token without idTokenInfo.")
class TokenInfoMissing(_Event):
    """E01, C01."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Left out."""
        return swapped(payload, idTokenInfo=None)


@fault("signed-values-refused", "Refuses transaction events with signed meter values.")
class SignedValuesRefused(Refuses):
    """V21: the publicKey of 2.1 is unknown to it."""

    action = "TransactionEvent"

    def applies(self, turn: Turn) -> bool:
        """With a public key alone."""
        return "publicKey" in str(turn.payload.get("meterValue", ""))


@fault("operation-mode-refused", "Refuses transaction events that tell a change of operation mode.")
class OperationModeRefused(Refuses):
    """K01.FR.110: fields and values of 2.1."""

    action = "TransactionEvent"

    def applies(self, turn: Turn) -> bool:
        """Any mode."""
        return "operationMode" in turn.payload["transactionInfo"]
