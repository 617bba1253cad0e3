"""Timers of ISO 15118-20, Tables 214 to 218, in seconds (reference section 5.1)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m

V2G_EVCC_MSG_TIMEOUT = 2.0
V2G_EVCC_MSG_TIMEOUT_LONG = 5.0
V2G_EVCC_MSG_TIMEOUT_LOOP = 0.5
V2G_SECC_MSG_PERFORMANCE = 1.5
V2G_SECC_MSG_PERFORMANCE_LONG = 4.5
V2G_SECC_MSG_PERFORMANCE_LOOP = 0.25

V2G_SECC_SEQUENCE_TIMEOUT = 60.0
V2G_SECC_SEQUENCE_TIMEOUT_LOOP = 0.5
"""After a ChargeLoopRes [V2G20-1500], [V2G20-1502]."""
V2G_EVCC_SEQUENCE_PERFORMANCE = 40.0
V2G_EVCC_SEQUENCE_PERFORMANCE_LOOP = 0.25
"""[V2G20-1499], [V2G20-1501]: a performance criterion; missing it is no reason to abort."""
V2G_EVCC_ONGOING_TIMEOUT = 60.0
V2G_SECC_ONGOING_PERFORMANCE = 55.0
V2G_EVCC_CABLE_CHECK_TIMEOUT = 40.0
V2G_EVCC_PRE_CHARGE_TIMEOUT = 10.0
V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT = 20.0

_LONG = (m.CertificateInstallationReq, m.ServiceDetailReq)
_LOOP = (m.AC_ChargeLoopReq, m.DC_ChargeLoopReq)


def evcc_message_timeout(request: type) -> float:
    """V2G_EVCC_Msg_Timeout: how long an EVCC waits for the answer, from the request sent."""
    if issubclass(request, _LOOP):
        return V2G_EVCC_MSG_TIMEOUT_LOOP
    return V2G_EVCC_MSG_TIMEOUT_LONG if issubclass(request, _LONG) else V2G_EVCC_MSG_TIMEOUT


def secc_performance(request: type) -> float:
    """V2G_SECC_Msg_Performance_Time: how long an SECC may take, from the request received."""
    if issubclass(request, _LOOP):
        return V2G_SECC_MSG_PERFORMANCE_LOOP
    return V2G_SECC_MSG_PERFORMANCE_LONG if issubclass(request, _LONG) else V2G_SECC_MSG_PERFORMANCE


def secc_sequence_timeout(request: type) -> float:
    """V2G_SECC_Sequence_Timeout: how long an SECC waits for the next request, from its response sent [V2G20-441]."""
    return V2G_SECC_SEQUENCE_TIMEOUT_LOOP if issubclass(request, _LOOP) else V2G_SECC_SEQUENCE_TIMEOUT
