"""Smart charging and V2X: needs of the car, the profile that answers them, dynamic updates."""

from __future__ import annotations

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import BIDIRECTIONAL
from v2gready.references.csms.orders import plan, profile_request
from v2gready.references.csms.seams import Check
from v2gready.references.csms.transactions import Transaction
from v2gready.references.csms.turn import Reply, Turn, rejected


def needs(turn: Turn) -> Reply:
    """NotifyEVChargingNeeds: a transfer that is not allowed is rejected (Q01.FR.04), any other gets its profile."""
    wanted = turn.payload["chargingNeeds"]["requestedEnergyTransfer"]
    transaction = running(turn, turn.payload["evseId"])
    if transaction is None:
        return Reply(rejected("TxNotFound"))
    decided = transaction.transfers is not None
    allowed = wanted in (transaction.transfers or ()) if decided else wanted not in BIDIRECTIONAL
    if turn.backend.seams.check(turn.station.identity, Check.TRANSFER, violated=not allowed):
        return Reply(rejected("UnsupportedParam", f"{wanted} is not allowed"))
    status = turn.backend.needs_status
    if status == "Rejected":
        return Reply(rejected("NoProfile"))
    if status not in {"Accepted", "Processing"}:
        return Reply({"status": status})
    after = turn.backend.config.processing_time if status == "Processing" else 0.0
    profile = plan(turn, transaction)
    turn.station.profiles[profile["id"]] = profile
    return Reply({"status": status}, then=(profile_request(turn.payload["evseId"], profile, after=after),))


def running(turn: Turn, evse: int) -> Transaction | None:
    """The transaction at an EVSE; one that has not said where it is stands for any."""
    for transaction in reversed(turn.station.transactions.values()):
        active = turn.backend.seams.active(transaction, active=not transaction.ended)
        if active and transaction.evse in {None, evse}:
            return transaction
    return None


def schedule(_: Turn) -> Reply:
    """NotifyEVChargingSchedule: what the car made of the profile."""
    return Reply({"status": "Accepted"})


def pull(turn: Turn) -> Reply:
    """PullDynamicScheduleUpdate: the values of a dynamic profile of this station, nothing of any other (K28)."""
    profile = turn.station.profiles.get(turn.payload["chargingProfileId"])
    dynamic = profile is not None and profile["chargingProfileKind"] == "Dynamic"
    if turn.backend.seams.check(turn.station.identity, Check.PROFILE, violated=not dynamic):
        return Reply(rejected("InvalidProfile", "no dynamic profile of that id"))
    if profile is None:
        return Reply({"status": "Accepted", "scheduleUpdate": {"setpoint": 0.0}})
    period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    fields = ("limit", "dischargeLimit", "setpoint", "setpointReactive")
    names = [field + phase for field in fields for phase in ("", "_L2", "_L3")]
    return Reply({"status": "Accepted", "scheduleUpdate": {name: period[name] for name in names if name in period}})


def profile_set(turn: Turn, answer: Payload) -> None:
    """SetChargingProfile was answered: a refused profile is none."""
    profile = turn.payload["chargingProfile"]
    if answer["status"] == "Accepted":
        turn.station.profiles[profile["id"]] = profile
    else:
        turn.station.profiles.pop(profile["id"], None)


def profile_cleared(turn: Turn, answer: Payload) -> None:
    """ClearChargingProfile was answered."""
    if answer["status"] == "Accepted" and "chargingProfileId" in turn.payload:
        turn.station.profiles.pop(turn.payload["chargingProfileId"], None)
