"""What the car looks at in a response, in order, and what it reads instead when a fault overlooks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.ev.turn import Check, Turn

Finding = tuple[Check, bool]

FATAL: Final = frozenset(
    {
        Check.DECODES,
        Check.TYPE,
        Check.FAILED,
        Check.SAP_CODE,
        Check.SAP_SCHEMA,
        Check.SESSION_ID,
        Check.SESSION_ID_GIVEN,
        Check.JOINED,
        Check.SAME_SECC,
        Check.SERVICE_DETAIL,
        Check.ENERGY_MODE,
        Check.LIMITS,
        Check.CONTROL_MODE,
        Check.SCHEDULE_TUPLE,
        Check.OVERVOLTAGE,
        Check.OVERPOWER,
    }
)
"""The car ends the session at once, and its contactor opens (-20, 8.6)."""
IGNORABLE: Final = frozenset({Check.DECODES, Check.TYPE})
"""Who overlooks these has nothing to read: it goes on waiting."""

_OVERVOLTAGE: Final = 1.02


def findings(turn: Turn, awaited: type) -> Iterator[Finding]:
    """Every check that applies, with whether it is violated. To be read only as far as nothing fatal came.

    Args:
        turn: The step.
        awaited: Type of the request.
    """
    response = turn.response
    yield Check.DECODES, response is None
    yield Check.TYPE, type(response).__name__ != awaited.__name__.removesuffix("Req") + "Res"
    if isinstance(response, m.SupportedAppProtocolRes):
        yield from _sap(turn, response)
        return
    yield Check.FAILED, response.ResponseCode >= m.ResponseCode.FAILED
    if not isinstance(response, m.SessionSetupRes):
        yield Check.SESSION_ID, response.Header.SessionID != turn.memory.session_id
    for kind in type(response).__mro__:  # the messages of AC_DER are made from those of AC
        if kind in _SPECIAL:
            yield from _SPECIAL[kind](turn, response)
            return


def _in_kind(mode: Any, service: ServiceId) -> bool:
    """BPT_* and DER_* modes belong to their services, the plain ones to the others [V2G20-1600]."""
    prefix = "BPT_" if service.is_bpt else "DER_" if service.is_der else ""
    name = type(mode).__name__
    return name.startswith(prefix) if prefix else not name.startswith(("BPT_", "DER_"))


def _sap(turn: Turn, response: m.SupportedAppProtocolRes) -> Iterator[Finding]:
    yield Check.SAP_CODE, response.ResponseCode is m.SapResponseCode.Failed_NoNegotiation
    yield Check.SAP_SCHEMA, response.SchemaID not in {offer.schema_id for offer in turn.plan.app_protocols}


def _session_setup(turn: Turn, response: m.SessionSetupRes) -> Iterator[Finding]:
    wanted = turn.plan.session_id
    resumes = any(wanted)
    joined = response.ResponseCode is m.ResponseCode.OK_OldSessionJoined
    yield Check.SESSION_ID_GIVEN, not any(response.Header.SessionID)
    yield Check.JOINED, joined and not resumes
    if not resumes:
        return
    yield Check.NEW_SESSION, not joined
    paused = turn.car.paused
    if joined and paused is not None:
        same = (paused.evse_id, paused.secc, wanted) == (
            response.EVSEID,
            turn.progress.secc,
            response.Header.SessionID,
        )
        yield Check.SAME_SECC, not same  # [V2G20-2539]


def _certificates(_turn: Turn, response: m.CertificateInstallationRes) -> Iterator[Finding]:
    yield Check.ONGOING, response.EVSEProcessing is not m.Processing.Finished


def _authorization(_turn: Turn, response: m.AuthorizationRes) -> Iterator[Finding]:
    yield Check.ONGOING, response.EVSEProcessing is not m.Processing.Finished
    yield Check.AUTHORIZED, is_warning(response)


def _service_detail(turn: Turn, response: m.ServiceDetailRes) -> Iterator[Finding]:
    yield Check.SERVICE_DETAIL, response.ServiceID != turn.plan.service


def _parameters(
    turn: Turn, response: m.AC_ChargeParameterDiscoveryRes | m.DC_ChargeParameterDiscoveryRes
) -> Iterator[Finding]:
    mode = response.EnergyTransferMode
    yield Check.ENERGY_MODE, not _in_kind(mode, turn.plan.service)
    yield Check.LIMITS, not all(_ordered(mode, low, high) for low, high in _RANGES)
    if isinstance(response, m.DC_ChargeParameterDiscoveryRes):
        low, high = total(mode, "EVSEMinimumVoltage") or 0.0, total(mode, "EVSEMaximumVoltage") or 0.0
        yield Check.VOLTAGE_WINDOW, not low <= turn.car.battery.voltage <= high


_RANGES: Final = (
    ("EVSEMinimumChargePower", "EVSEMaximumChargePower"),
    ("EVSEMinimumChargeCurrent", "EVSEMaximumChargeCurrent"),
    ("EVSEMinimumDischargePower", "EVSEMaximumDischargePower"),
    ("EVSEMinimumDischargeCurrent", "EVSEMaximumDischargeCurrent"),
    ("EVSEMinimumVoltage", "EVSEMaximumVoltage"),
)


def _ordered(mode: Any, low: str, high: str) -> bool:
    """No minimum above its maximum, and nothing but discharge limits below zero."""
    least, most = total(mode, low), total(mode, high)
    if least is None or most is None:
        return True
    if "Discharge" in low:  # either sign, but one of them (reference 3.6)
        return abs(least) <= abs(most) and least * most >= 0
    return 0 <= least <= most


def _schedule(turn: Turn, response: m.ScheduleExchangeRes) -> Iterator[Finding]:
    mode = response.SEResControlMode
    dynamic = isinstance(mode, m.Dynamic_SEResControlMode)
    yield Check.CONTROL_MODE, dynamic != (turn.plan.control is ControlMode.DYNAMIC)
    yield Check.ONGOING, response.EVSEProcessing is not m.Processing.Finished
    if isinstance(mode, m.Scheduled_SEResControlMode):
        yield Check.SCHEDULE_TUPLE, not mode.ScheduleTuple


def _cable_check(_turn: Turn, response: m.DC_CableCheckRes) -> Iterator[Finding]:
    yield Check.ONGOING, response.EVSEProcessing is not m.Processing.Finished


def _pre_charge(turn: Turn, response: m.DC_PreChargeRes) -> Iterator[Finding]:
    apart = abs(float(response.EVSEPresentVoltage) - turn.car.battery.voltage)
    yield Check.PRE_CHARGE, apart > turn.car.config.pre_charge_tolerance


def _power_delivery(_turn: Turn, response: m.PowerDeliveryRes) -> Iterator[Finding]:
    yield Check.STANDBY, response.ResponseCode is m.ResponseCode.WARNING_StandbyNotAllowed


def _charge_loop(turn: Turn, response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes) -> Iterator[Finding]:
    mode = response.CLResControlMode
    dynamic = isinstance(mode, m.Dynamic_CLResControlMode)
    as_chosen = dynamic == (turn.plan.control is ControlMode.DYNAMIC)
    yield Check.CONTROL_MODE, not (as_chosen and _in_kind(mode, turn.plan.service))
    if isinstance(response, m.DC_ChargeLoopRes):
        limit = turn.plan.ratings.maximum_voltage * _OVERVOLTAGE
        yield Check.OVERVOLTAGE, float(response.EVSEPresentVoltage) > limit
        yield Check.OVERPOWER, turn.progress.exceeds(response, turn.now)


_SPECIAL: Final[Mapping[type, Callable[[Turn, Any], Iterator[Finding]]]] = {
    m.SessionSetupRes: _session_setup,
    m.CertificateInstallationRes: _certificates,
    m.AuthorizationRes: _authorization,
    m.ServiceDetailRes: _service_detail,
    m.AC_ChargeParameterDiscoveryRes: _parameters,
    m.DC_ChargeParameterDiscoveryRes: _parameters,
    m.ScheduleExchangeRes: _schedule,
    m.DC_CableCheckRes: _cable_check,
    m.DC_PreChargeRes: _pre_charge,
    m.PowerDeliveryRes: _power_delivery,
    m.AC_ChargeLoopRes: _charge_loop,
    m.DC_ChargeLoopRes: _charge_loop,
}


def is_warning(response: m.V2GResponse) -> bool:
    """A WARNING_* code: the session goes on, perhaps another way."""
    return m.ResponseCode.WARNING_AuthorizationSelectionInvalid <= response.ResponseCode < m.ResponseCode.FAILED


def overlook(check: Check, turn: Turn, response: Any) -> Any:
    """The response as one reads it who does not see that a rule is violated."""
    match check:
        case Check.FAILED | Check.AUTHORIZED | Check.STANDBY:
            return replace(response, ResponseCode=m.ResponseCode.OK)
        case Check.SAP_CODE:
            code = m.SapResponseCode.OK_SuccessfulNegotiation
            return replace(response, ResponseCode=code, SchemaID=turn.plan.app_protocols[0].schema_id)
        case Check.SAP_SCHEMA:
            return replace(response, SchemaID=turn.plan.app_protocols[0].schema_id)
        case Check.SESSION_ID:
            return replace(response, Header=replace(response.Header, SessionID=turn.memory.session_id))
        case Check.NEW_SESSION:
            return replace(response, ResponseCode=m.ResponseCode.OK_OldSessionJoined)
        case Check.JOINED:
            return replace(response, ResponseCode=m.ResponseCode.OK_NewSessionEstablished)
        case Check.ONGOING:
            return replace(response, EVSEProcessing=m.Processing.Finished)
        case _:
            return response
