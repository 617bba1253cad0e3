"""What a response means for the EVCC: the outcome for the table, and what is learned.

A violation is not judged here. The EVCC does what a car would do; judges read the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import contracts
from v2gready.protocols.iso15118.evcc.memory import Memory
from v2gready.protocols.iso15118.evcc.plan import Plan
from v2gready.protocols.iso15118.evcc.table import Outcome, Phase
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.sae_modes import Control, enabled_modes
from v2gready.protocols.iso15118.services import ALL_DER_FUNCTIONS, DerControlFunctions, SaeModes

Result = tuple[Outcome, Memory]


def assess(phase: Phase, response: Any, plan: Plan, memory: Memory, utc: int = 0) -> Result:
    """Outcome and new memory for a response of the right type and session.

    Args:
        phase: The phase the request was sent in.
        response: The decoded response.
        plan: What the car wants.
        memory: What it knew before.
        utc: Unix time, which certificates are compared with.
    """
    if phase is Phase.SUPPORTED_APP_PROTOCOL:
        return _supported_app_protocol(response, plan, memory)
    if response.ResponseCode >= m.ResponseCode.FAILED:
        return Outcome.FAILED, memory
    if phase is Phase.CERTIFICATE_INSTALLATION:
        return contracts.installed(response, plan, memory, utc)
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


def _authorization(response: m.AuthorizationRes, plan: Plan, memory: Memory) -> Result:
    if response.EVSEProcessing is not m.Processing.Finished:
        return Outcome.ONGOING, memory
    if not _is_warning(response):
        return Outcome.DONE, memory
    if contracts.contract_of(plan, memory) is not None:
        return contracts.refused(plan, memory)
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
        bitmap = parameters.get("DERControlFunctions")
        # A bit that nobody defined is a function that the car does not have.
        functions = 0 if bitmap is None or bitmap.intValue is None else bitmap.intValue
        if plan.service.is_der and functions & ~int(plan.der_functions):
            continue
        if mode is not None and mode.intValue == plan.control:
            chosen = replace(
                memory,
                parameter_set=candidate.ParameterSetID,
                parameters=tuple(parameters.items()),
                der_functions=DerControlFunctions(functions & int(ALL_DER_FUNCTIONS)),
                parameter_rounds=0,
            )
            return Outcome.DONE, chosen
    return Outcome.UNSUITABLE, memory


def _parameters(
    response: m.AC_ChargeParameterDiscoveryRes | m.DC_ChargeParameterDiscoveryRes, plan: Plan, memory: Memory
) -> Result:
    mode = response.EnergyTransferMode
    evaluating = plan.service.is_der and memory.parameter_rounds < plan.der_rounds
    return Outcome.ONGOING if evaluating else Outcome.DONE, replace(
        memory,
        parameter_rounds=memory.parameter_rounds + 1,
        der_control=getattr(mode, "DERControl", None),
        sae_enabled=_enabled(getattr(mode, "DERControlCPDRes", None), memory.sae_enabled),
        charge_limit=total(mode, "EVSEMaximumChargePower"),
        discharge_limit=abs(total(mode, "EVSEMaximumDischargePower") or 0.0),
    )


def _schedule_exchange(response: m.ScheduleExchangeRes, plan: Plan, memory: Memory) -> Result:
    if response.EVSEProcessing is not m.Processing.Finished:
        return Outcome.ONGOING, memory
    trusted = contracts.trusted_prices(response, plan, memory)
    if trusted is False:
        response = contracts.without_prices(response)
    memory = replace(memory, prices_trusted=trusted, prices=_prices(response))
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


def _prices(response: m.ScheduleExchangeRes) -> m.AbsolutePriceSchedule | m.PriceLevelSchedule | None:
    mode = response.SEResControlMode
    if isinstance(mode, m.Dynamic_SEResControlMode):
        return mode.PriceSchedule
    return mode.ScheduleTuple[0].ChargingSchedule.PriceSchedule


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


def _charge_loop(response: m.AC_ChargeLoopRes | m.DC_ChargeLoopRes, plan: Plan, memory: Memory) -> Result:
    status = response.EVSEStatus
    memory = replace(
        memory,
        loops=memory.loops + 1,
        notification=None if status is None else status.EVSENotification,
        meter=response.MeterInfo or memory.meter,
        receipt=response.Receipt or memory.receipt,
        reactive_power=_reactive_power(response, plan, memory),
        sae_enabled=_enabled(getattr(response.CLResControlMode, "DERControlCLRes", None), memory.sae_enabled),
    )
    return Outcome.ONGOING, memory


def _enabled(control: Control | None, before: SaeModes) -> SaeModes:
    return before if control is None else enabled_modes(control, before)


def _reactive_power(response: Any, plan: Plan, memory: Memory) -> float:
    """What the grid operator asks for; a setpoint for a function that was not negotiated is ignored (reference 3.6)."""
    setpoint = getattr(response.CLResControlMode, "DSOQSetpoint", None)
    if setpoint is None or DerControlFunctions.DSO_Q_SETPOINT not in memory.der_functions:
        return 0.0
    most = plan.ratings.maximum_reactive_power
    return max(-most, min(total(setpoint, "DSOQSetpointValue") or 0.0, most))


def _is_warning(response: m.V2GResponse) -> bool:
    return m.ResponseCode.WARNING_AuthorizationSelectionInvalid <= response.ResponseCode < m.ResponseCode.FAILED


_ASSESSORS: Final[dict[Phase, Callable[[Any, Plan, Memory], Result]]] = {
    Phase.SESSION_SETUP: _session_setup,
    Phase.AUTHORIZATION_SETUP: contracts.offered,
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
