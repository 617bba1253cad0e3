"""What the faultless CSMS answers: one function per action of a station, and what it learns from answers to its own.

`HANDLERS` answers the CALLs of a station, `SETTLED` takes the CALLRESULTs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.answers import access, certificates, charging, der, metering
from v2gready.references.csms.turn import Reply, Turn

Handler = Callable[[Turn], Reply]
Settle = Callable[[Turn, Payload], None]


def _noted(_: Turn) -> Reply:
    """A notification: taken, with nothing to say."""
    return Reply({})


_NOTED = (
    "ClearedChargingLimit",
    "ClosePeriodicEventStream",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyPriorityCharging",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "StatusNotification",
)

HANDLERS: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(_NOTED, _noted),
    "Authorize": access.authorize,
    "BootNotification": access.boot,
    "DataTransfer": access.data_transfer,
    "Get15118EVCertificate": certificates.ev_certificate,
    "GetCertificateChainStatus": certificates.chain_status,
    "GetCertificateStatus": certificates.status,
    "Heartbeat": access.heartbeat,
    "NotifyDERAlarm": der.alarm,
    "NotifyDERStartStop": der.start_stop,
    "NotifyEVChargingNeeds": charging.needs,
    "NotifyEVChargingSchedule": charging.schedule,
    "OpenPeriodicEventStream": access.open_stream,
    "PullDynamicScheduleUpdate": charging.pull,
    "ReportDERControl": der.report,
    "SecurityEventNotification": access.security_event,
    "SignCertificate": certificates.sign,
    "TransactionEvent": metering.transaction_event,
}
"""Anything else is for stations, or out of scope: reservation, display, payment, battery swap."""

SETTLED: Final[Mapping[str, Settle]] = {
    "ClearChargingProfile": charging.profile_cleared,
    "ClearDERControl": der.cleared,
    "SetChargingProfile": charging.profile_set,
    "SetDERControl": der.accepted,
}
