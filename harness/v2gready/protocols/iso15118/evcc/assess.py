"""What a response means for the EVCC: the outcome for the table, and what is learned.

A violation is not judged here. The EVCC does what a car would do; judges read the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.memory import Memory
from v2gready.protocols.iso15118.evcc.plan import Plan
from v2gready.protocols.iso15118.evcc.table import Outcome, Phase
from v2gready.protocols.iso15118.phases import total

Result = tuple[Outcome, Memory]


def assess(phase: Phase, response: Any, plan: Plan, memory: Memory) -> Result:
    """Outcome and new memory for a response of the right type and session.

    Args:
        phase: The phase the request was sent in.
        response: The decoded response.
        plan: What the car wants.
        memory: What it knew before.
    """
    if phase is Phase.SUPPORTED_APP_PROTOCOL:
        return _supported_app_protocol(response, plan, memory)
    if response.ResponseCode >= m.ResponseCode.FAILED:
        return Outcome.FAILED, memory
    return _ASSESSORS.get(phase, _done)(response, plan, memory)


def _done(_response: Any, _plan: Plan, memory: Memory) -> Result:
    return Outcome.DONE, memory


def _supported_app_protocol(response: m.SupportedAppProtocolRes, _plan: Plan, memory: Memory) -> Result:
    if response.ResponseCode is m.SapResponseCode.Failed_NoNegotiation:
        return Outcome.FAILED, memory
    return Outcome.DONE, replace(memory, schema_id=response.SchemaID)


def _session_setup(response: m.SessionSetupRes, _plan: Plan, memory: Memory) -> Result:
    memory = replace(memory, session_id=response.Header.SessionID, evse_id=response.EVSEID)
    joined = response.ResponseCode is m.ResponseCode.OK_OldSessionJoined
    return Outcome.JOINED if joined else Outcome.DONE, memory


def _authorization_setup(response: m.AuthorizationSetupRes, _plan: Plan, memory: Memory) -> Result:
    offered = m.Authorization.EIM in response.AuthorizationServices
    return Outcome.DONE if offered else Outcome.UNSUITABLE, memory


def _authorization(response: m.AuthorizationRes, plan: Plan, memory: Memory) -> Result:
    if response.EVSEProcessing is not m.Processing.Finished:
        return Outcome.ONGOING, memory
    if not _is_warning(response):
        return Outcome.DONE, memory
    memory = replace(memory, authorizations=memory.authorizations + 1)
    exhausted = memory.authorizations >= plan.authorization_tries
    return Outcome.UNSUITABLE if exhausted else Outcome.WARNING, memory


def _service_discovery(response: m.ServiceDiscoveryRes, plan: Plan, memory: Memory) -> Result:
    services = tuple(one.ServiceID for one in response.EnergyTransferServiceList.Service)
    memory = replace(memory, services=services, renegotiation=response.ServiceRenegotiationSupported)
    return Outcome.DONE if plan.service in services else Outcome.UNSUITABLE, memory


def _service_detail(response: m.ServiceDetailRes, plan: Plan, memory: Memory) -> Result:
    for candidate in response.ServiceParameterList.ParameterSet:
        parameters = {one.Name: one for one in candidate.Parameter}
        mode = parameters.get("ControlMode")
        if mode is not None and mode.intValue == plan.control:
            chosen = replace(memory, parameter_set=candidate.ParameterSetID, parameters=tuple(parameters.items()))
            return Outcome.DONE, chosen
    return Outcome.UNSUITABLE, memory


def _parameters(
    response: m.AC_ChargeParameterDiscoveryRes | m.DC_ChargeParameterDiscoveryRes, _plan: Plan, memory: Memory
) -> Result:
    mode = response.EnergyTransferMode
    return Outcome.DONE, replace(
        memory,
        charge_limit=total(mode, "EVSEMaximumChargePower"),
        discharge_limit=abs(total(mode, "EVSEMaximumDischargePower") or 0.0),
    )


def _schedule_exchange(response: m.ScheduleExchangeRes, _plan: Plan, memory: Memory) -> Result:
    if response.EVSEProcessing is not m.Processing.Finished:
        return Outcome.ONGOING, memory
    mode = response.SEResControlMode
    if isinstance(mode, m.Scheduled_SEResControlMode):
        chosen = mode.ScheduleTuple[0]
        steps = tuple(
            (entry.Duration, total(entry, "Power") or 0.0)
            for entry in chosen.ChargingSchedule.PowerSchedule.PowerScheduleEntries.PowerScheduleEntry
        )
        memory = replace(
            memory,
            schedule_tuple=chosen.ScheduleTupleID,
            schedule=steps,
            power_tolerance=chosen.ChargingSchedule.PowerSchedule.PowerTolerance is not None,
        )
    return Outcome.KEPT_POWER if memory.power_on else Outcome.DONE, memory


def _cable_check(response: m.DC_CableCheckRes, _plan: Plan, memory: Memory) -> Result:
    return (Outcome.DONE if response.EVSEProcessing is m.Processing.Finished else Outcome.ONGOING), memory


def _power_start(response: m.PowerDeliveryRes, _plan: Plan, memory: Memory) -> Result:
    if response.ResponseCode is m.ResponseCode.WARNING_StandbyNotAllowed:
        return Outcome.WARNING, memory
    return Outcome.DONE, replace(memory, power_on=True, loops=0)


def _power_renegotiate(response: m.PowerDeliveryRes, _plan: Plan, memory: Memory) -> Result:
    return Outcome.WARNING if _is_warning(response) else Outcome.DONE, replace(memory, notification=None)


def _power_stop(_response: m.PowerDeliveryRes, _plan: Plan, memory: Memory) -> Result:
    return Outcome.DONE, replace(memory, power_on=False, pre_charged=False, pre_charge_rounds=0)


def _charge_loop(response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes, _plan: Plan, memory: Memory) -> Result:
    status = response.EVSEStatus
    memory = replace(memory, loops=memory.loops + 1, notification=None if status is None else status.EVSENotification)
    return Outcome.ONGOING, memory


def _is_warning(response: m.V2GResponse) -> bool:
    return m.ResponseCode.WARNING_AuthorizationSelectionInvalid <= response.ResponseCode < m.ResponseCode.FAILED


_ASSESSORS: Final[dict[Phase, Callable[[Any, Plan, Memory], Result]]] = {
    Phase.SESSION_SETUP: _session_setup,
    Phase.AUTHORIZATION_SETUP: _authorization_setup,
    Phase.AUTHORIZATION: _authorization,
    Phase.SERVICE_DISCOVERY: _service_discovery,
    Phase.SERVICE_DETAIL: _service_detail,
    Phase.CHARGE_PARAMETER_DISCOVERY: _parameters,
    Phase.SCHEDULE_EXCHANGE: _schedule_exchange,
    Phase.CABLE_CHECK: _cable_check,
    Phase.POWER_DELIVERY_START: _power_start,
    Phase.POWER_DELIVERY_RENEGOTIATE: _power_renegotiate,
    Phase.POWER_DELIVERY_STOP: _power_stop,
    Phase.CHARGE_LOOP: _charge_loop,
}
