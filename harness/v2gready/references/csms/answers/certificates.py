"""Certificates: signing, status by OCSP, contracts for ISO 15118 (A02, M01, M02, M06, M07)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.authority import BadCsr
from v2gready.references.csms.seams import Check
from v2gready.references.csms.turn import Reply, Request, Turn, rejected, stamp

_WEEK = 7 * 86_400.0
_CONTRACT = b"\x80\x98 contract certificate %d of the reference CSMS"
"""Stands for a CertificateInstallationRes: a CSMS passes EXI on and cannot read it either."""


def sign(turn: Turn) -> Reply:
    """SignCertificate: CertificateSigned follows, with the same type and requestId."""
    asked = turn.payload
    authority = turn.backend.authority(turn.now)
    try:
        chain = authority.sign(asked["csr"], _moment(turn))
    except BadCsr as error:
        return Reply(rejected("InvalidCSR", str(error)[:255]))
    answer: Payload = {"certificateChain": chain}
    answer["certificateType"] = asked.get("certificateType", "ChargingStationCertificate")
    if turn.edition is Edition.V21 and "requestId" in asked:
        answer["requestId"] = asked["requestId"]
    return Reply({"status": "Accepted"}, then=(Request("CertificateSigned", answer),))


def status(turn: Turn) -> Reply:
    """GetCertificateStatus: an OCSP response in DER, base64."""
    data = turn.payload["ocspRequestData"]
    found = _status(turn, data)
    if found == "Failed":
        return Reply(rejected("NotFound", "no responder answers", status="Failed"))
    try:
        der = turn.backend.authority(turn.now).ocsp(data, found, _moment(turn))
    except ValueError:
        return Reply(rejected("InvalidParam", "hashes or serial number are not hexadecimal", status="Failed"))
    der = turn.backend.seams.ocsp(der)
    return Reply({"status": "Accepted", "ocspResult": base64.b64encode(der).decode("ascii")})


def chain_status(turn: Turn) -> Reply:
    """GetCertificateChainStatus: one status for each certificate asked for."""
    until = stamp(turn.unix + _WEEK)
    found = [
        {
            "certificateHashData": asked["certificateHashData"],
            "source": asked["source"],
            "status": _status(turn, asked["certificateHashData"]),
            "nextUpdate": until,
        }
        for asked in turn.payload["certificateStatusRequests"]
    ]
    return Reply({"certificateStatus": found})


def ev_certificate(turn: Turn) -> Reply:
    """Get15118EVCertificate: one contract per request; the same request again gets the next one (M01)."""
    asked = turn.payload
    handed = turn.station.contracts
    number = handed.get(asked["exiRequest"], 0) + 1
    total = turn.backend.config.contracts
    if number > total:
        return Reply(rejected("NotFound", "no contract is left", status="Failed") | {"exiResponse": ""})
    handed[asked["exiRequest"]] = number
    while len(handed) > 16:
        handed.pop(next(iter(handed)))
    payload: Payload = {"status": "Accepted", "exiResponse": base64.b64encode(_CONTRACT % number).decode("ascii")}
    if turn.edition is Edition.V21 and "maximumContractCertificateChains" in asked:
        most = min(total, asked["maximumContractCertificateChains"])
        payload["remainingContracts"] = max(0, most - number)
    return Reply(payload)


def _status(turn: Turn, data: Mapping[str, Any]) -> str:
    serial = str(data["serialNumber"]).lower().lstrip("0")
    config, seams, who = turn.backend.config, turn.backend.seams, turn.station.identity
    if seams.check(who, Check.AVAILABLE, violated=serial in config.unavailable):
        return "Failed"
    if seams.check(who, Check.REVOKED, violated=serial in config.revoked):
        return "Revoked"
    if seams.check(who, Check.UNKNOWN, violated=serial in config.unknown):
        return "Unknown"
    return "Good"


def _moment(turn: Turn) -> datetime:
    return datetime.fromtimestamp(turn.unix, UTC)
