"""Boot, time, tokens, security events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import Token
from v2gready.references.csms.seams import Check
from v2gready.references.csms.turn import Reply, Turn, rejected, stamp

_STRANGER = Token("Unknown")


def boot(turn: Turn) -> Reply:
    """BootNotification: the station's next status; a foreign serial number is rejected (B01.FR.11)."""
    station, config = turn.station, turn.backend.config
    outcomes = station.entry.boot
    status = outcomes[min(station.boots, len(outcomes) - 1)]
    serial = turn.payload["chargingStation"].get("serialNumber")
    foreign = turn.csms.common_name is not None and serial != turn.csms.common_name
    payload: Payload = {}
    if turn.backend.seams.check(station.identity, Check.SERIAL, violated=foreign):
        payload = rejected("InvalidSerialNumber", "not the serial number of the certificate")
        status = "Rejected"
    station.boots += 1
    station.status = status
    accepted = status == "Accepted"
    interval = config.heartbeat_interval if accepted else config.retry_interval
    return Reply({**payload, "currentTime": stamp(turn.unix), "interval": interval, "status": status})


def heartbeat(turn: Turn) -> Reply:
    """Heartbeat: the time."""
    return Reply({"currentTime": stamp(turn.unix)})


def authorize(turn: Turn) -> Reply:
    """Authorize: who may charge, and who discharge. As long as nobody decided, nothing is allowed (Q01.FR.08)."""
    token = customer(turn, turn.payload["idToken"])
    payload: Payload = {"idTokenInfo": {"status": token.status}}
    hashes = turn.payload.get("iso15118CertificateHashData", ())
    if hashes or "certificate" in turn.payload:
        revoked = any(_serial(one) in turn.backend.config.revoked for one in hashes)
        payload["certificateStatus"] = "CertificateRevoked" if revoked else "Accepted"
        if revoked:
            payload["idTokenInfo"] = {"status": "Invalid"}
            return Reply(payload)
    if turn.edition is Edition.V21 and token.status == "Accepted" and token.transfers is not None:
        payload["allowedEnergyTransfer"] = list(token.transfers)
    return Reply(payload)


def customer(turn: Turn, id_token: Mapping[str, Any]) -> Token:
    """The token's owner; letters count alike in either case, and a token without any type is no token."""
    tokens = turn.backend.config.tokens
    name = id_token["idToken"]
    if id_token["type"] == "NoAuthorization":
        return Token()
    return tokens.get(name) or next(
        (token for known, token in tokens.items() if known.casefold() == name.casefold()), _STRANGER
    )


def security_event(turn: Turn) -> Reply:
    """SecurityEventNotification."""
    turn.station.security_event(turn.payload["type"])
    return Reply({})


def data_transfer(_: Turn) -> Reply:
    """DataTransfer: no vendor is known here."""
    return Reply({"status": "UnknownVendorId"})


def open_stream(_: Turn) -> Reply:
    """OpenPeriodicEventStream: welcome."""
    return Reply({"status": "Accepted"})


def _serial(data: Mapping[str, Any]) -> str:
    return str(data["serialNumber"]).lower().lstrip("0")
