"""Transactions: kept by id and seqNo, priced by the time at which the energy flowed, answered with what they cost."""

from __future__ import annotations

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.answers.access import customer
from v2gready.references.csms.transactions import event_of
from v2gready.references.csms.turn import Reply, Request, Turn


def transaction_event(turn: Turn) -> Reply:
    """TransactionEvent: counts once, however often and in whatever order it comes (E04, E13).

    Every answer carries the cost so far as soon as a meter was read: `totalCost` is the running cost of Updated and
    the final one of Ended. An Ended that arrives before earlier events makes the CSMS ask for what is missing (E14).
    """
    seams = turn.backend.seams
    event = seams.event(event_of(turn.payload), turn.unix)
    payload: Payload = {}
    token = turn.payload.get("idToken")
    if token is not None:
        payload["idTokenInfo"] = {"status": customer(turn, token).status}
    if event is None:
        return Reply(payload)
    transaction = turn.station.transaction(event.transaction_id)
    if token is not None:
        transaction.token = token["idToken"]
        transaction.transfers = customer(turn, token).transfers
    seen = transaction.seen(event.seq_no)
    times = seams.counted(transaction, event, 0 if seen else 1)
    if times and not seen:
        transaction.take(event)
    elif times:
        transaction.count_again(event)
    ledger = transaction.ledger(turn.backend.config.tariff, seams.booked)
    if ledger is not None:
        payload["totalCost"] = ledger.cost
    missing = event.kind == "Ended" and transaction.gap
    ask = Request("GetTransactionStatus", {"transactionId": transaction.id})
    return Reply(payload, then=(ask,) if missing else ())
