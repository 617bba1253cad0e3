"""What a good CSMS answers to every action that a charging station may call, OCPP 2.0.1 and 2.1."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from v2gready.emulators.ocpp.answers import NOT_SUPPORTED, Answer, Followed
from v2gready.emulators.ocpp.session import OcppSession
from v2gready.emulators.ocpp.wire import stamp
from v2gready.protocols.ocpp.frames import Call, Payload

if TYPE_CHECKING:
    from v2gready.emulators.csms.driver import CsmsDriver

EMPTY: Final = (
    "ClearedChargingLimit",
    "ClosePeriodicEventStream",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyDisplayMessages",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyPriorityCharging",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReportDERControl",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "StatusNotification",
)
"""Told, and answered by ``{}``."""
ACCEPTED: Final = ("NotifyEVChargingNeeds", "NotifyEVChargingSchedule", "OpenPeriodicEventStream")
OUT_OF_SCOPE: Final = ("BatterySwap", "NotifySettlement", "NotifyWebPaymentStarted", "VatNumberValidation")
"""Payment and battery swap: known, and refused as NotSupported."""
STATUS_AGE: Final = timedelta(days=1)
"""How long the status of a certificate is good for."""


def default_answers(csms: CsmsDriver) -> dict[str, Answer]:
    """The table of a good CSMS by action; each case gets its own.

    Args:
        csms: Whose settings (clock, boot status, schedule updates) the answers follow, also when they change.
    """
    table: dict[str, Answer] = {action: {} for action in EMPTY}
    table |= {action: {"status": "Accepted"} for action in ACCEPTED}
    table |= dict.fromkeys(OUT_OF_SCOPE, NOT_SUPPORTED)
    table |= {
        "Authorize": lambda call: _authorize(csms, call),
        "BootNotification": lambda _: {
            "currentTime": stamp(csms.now()),
            "interval": csms.heartbeat_interval,
            "status": csms.boot_status,
        },
        "DataTransfer": {"status": "UnknownVendorId"},
        # No provider and no responder stand behind this bench; a case that needs one puts its answer here.
        "Get15118EVCertificate": {"status": "Failed", "exiResponse": ""},
        "GetCertificateStatus": {"status": "Failed"},
        "GetCertificateChainStatus": lambda call: _chain_status(csms, call),
        "Heartbeat": lambda _: {"currentTime": stamp(csms.now())},
        "PullDynamicScheduleUpdate": lambda call: _schedule_update(csms, call),
        "SignCertificate": lambda _: _sign(csms),
        "TransactionEvent": _transaction_event,
    }
    return table


def _authorize(csms: CsmsDriver, call: Call) -> Payload:
    answer: Payload = {"idTokenInfo": {"status": csms.authorization}}
    if "certificate" in call.payload or "iso15118CertificateHashData" in call.payload:
        answer["certificateStatus"] = "Accepted"
    if csms.allowed_energy_transfer:
        answer["allowedEnergyTransfer"] = list(csms.allowed_energy_transfer)
    return answer


def _transaction_event(call: Call) -> Payload:
    """With idTokenInfo where the station told an idToken (E03)."""
    return {"idTokenInfo": {"status": "Accepted"}} if "idToken" in call.payload else {}


def _schedule_update(csms: CsmsDriver, call: Call) -> Payload:
    profile: Any = call.payload.get("chargingProfileId")
    update = csms.schedule_updates.get(profile) if isinstance(profile, int) else None
    if update is None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}
    return {"status": "Accepted", "scheduleUpdate": dict(update)}


def _chain_status(csms: CsmsDriver, call: Call) -> Payload:
    asked = call.payload.get("certificateStatusRequests")
    return {
        "certificateStatus": [
            {
                "certificateHashData": one.get("certificateHashData", {}),
                "source": one.get("source", "OCSP"),
                "status": csms.certificate_status,
                "nextUpdate": stamp(csms.now() + STATUS_AGE),
            }
            for one in (asked if isinstance(asked, list) else [])
            if isinstance(one, dict)
        ]
    }


def _sign(csms: CsmsDriver) -> Answer:
    accepted: Payload = {"status": "Accepted"}
    return Followed(accepted, _certificate_signed(csms)) if csms.can_issue else accepted


def _certificate_signed(csms: CsmsDriver) -> Any:
    async def send(session: OcppSession, call: Call) -> None:
        chain = csms.issue_certificate(str(call.payload.get("csr", "")))
        if chain is None:
            return  # the trace holds the CSR; a judge says what is wrong with it
        answer: Payload = {"certificateChain": chain}
        answer |= {name: call.payload[name] for name in ("certificateType", "requestId") if name in call.payload}
        await session.call("CertificateSigned", answer)

    return send
