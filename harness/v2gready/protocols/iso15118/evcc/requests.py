"""The requests of a well-behaved EVCC, one small function per message (reference section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import contracts
from v2gready.protocols.iso15118.evcc.context import Context
from v2gready.protocols.iso15118.evcc.der import der_loop, der_parameters
from v2gready.protocols.iso15118.evcc.sae import sae_loop, sae_parameters
from v2gready.protocols.iso15118.evcc.table import Phase
from v2gready.protocols.iso15118.services import ServiceId

_rn = m.RationalNumber.of


Request = m.V2GRequest | m.SupportedAppProtocolReq


def build(phase: Phase, context: Context) -> Request:
    """The request of a phase.

    Raises:
        KeyError: The session is closed: our own misuse.
    """
    return _BUILDERS[phase](context)


def _supported_app_protocol(c: Context) -> Request:
    return m.SupportedAppProtocolReq(
        AppProtocol=tuple(
            m.AppProtocol(
                ProtocolNamespace=offer.namespace,
                VersionNumberMajor=offer.major,
                VersionNumberMinor=offer.minor,
                SchemaID=offer.schema_id,
                Priority=offer.priority,
            )
            for offer in c.plan.app_protocols
        )
    )


def _session_setup(c: Context) -> Request:
    return m.SessionSetupReq(Header=c.header, EVCCID=c.plan.evcc_id)


def _authorization_setup(c: Context) -> Request:
    return m.AuthorizationSetupReq(Header=c.header)


def _certificate_installation(c: Context) -> Request:
    if c.plan.provisioning is None:
        raise KeyError("this car has no OEM provisioning certificate")
    return contracts.installation_request(c.header, c.plan.provisioning)


def _metering_confirmation(c: Context) -> Request:
    contract = contracts.contract_of(c.plan, c.memory)
    return contracts.metering_request(c.header, c.memory, contract, scheduled=c.scheduled)


def _authorization(c: Context) -> Request:
    contract = contracts.contract_of(c.plan, c.memory)
    if contract is not None and c.memory.challenge is not None:
        return contracts.authorization_request(c.header, contract, c.memory.challenge)
    return m.AuthorizationReq(
        Header=c.header,
        SelectedAuthorizationService=m.Authorization.EIM,
        AReqAuthorizationMode=m.EIM_AReqAuthorizationMode(),
    )


def _service_discovery(c: Context) -> Request:
    return m.ServiceDiscoveryReq(Header=c.header)


def _service_detail(c: Context) -> Request:
    return m.ServiceDetailReq(Header=c.header, ServiceID=int(c.plan.service))


def _service_selection(c: Context) -> Request:
    return m.ServiceSelectionReq(
        Header=c.header,
        SelectedEnergyTransferService=m.SelectedService(
            ServiceID=int(c.plan.service), ParameterSetID=c.memory.parameter_set or 0
        ),
    )


def _charge_parameter_discovery(c: Context) -> Request:
    if c.plan.service is ServiceId.AC_DER_SAE:
        return sae_parameters(c)
    if c.plan.service.is_der:
        return der_parameters(c)
    r = c.plan.ratings
    bpt = c.plan.service.is_bpt
    if not c.plan.service.is_dc:
        charge = {
            "EVMaximumChargePower": _rn(r.maximum_charge_power),
            "EVMinimumChargePower": _rn(r.minimum_charge_power),
        }
        ac = (
            m.BPT_AC_CPDReqEnergyTransferMode(
                **charge,
                EVMaximumDischargePower=_rn(r.maximum_discharge_power),
                EVMinimumDischargePower=_rn(r.minimum_discharge_power),
            )
            if bpt
            else m.AC_CPDReqEnergyTransferMode(**charge)
        )
        return m.AC_ChargeParameterDiscoveryReq(Header=c.header, EnergyTransferMode=ac)
    limits: dict[str, Any] = {
        "EVMaximumChargePower": _rn(r.maximum_charge_power),
        "EVMinimumChargePower": _rn(r.minimum_charge_power),
        "EVMaximumChargeCurrent": _rn(r.maximum_charge_current),
        "EVMinimumChargeCurrent": _rn(r.minimum_charge_current),
        "EVMaximumVoltage": _rn(r.maximum_voltage),
        "EVMinimumVoltage": _rn(r.minimum_voltage),
    }
    dc = (
        m.BPT_DC_CPDReqEnergyTransferMode(
            **limits,
            EVMaximumDischargePower=_rn(r.maximum_discharge_power),
            EVMinimumDischargePower=_rn(r.minimum_discharge_power),
            EVMaximumDischargeCurrent=_rn(r.maximum_discharge_current),
            EVMinimumDischargeCurrent=_rn(r.minimum_discharge_current),
        )
        if bpt
        else m.DC_CPDReqEnergyTransferMode(**limits)
    )
    return m.DC_ChargeParameterDiscoveryReq(Header=c.header, EnergyTransferMode=dc)


def _schedule_exchange(c: Context) -> Request:
    mode: m.Scheduled_SEReqControlMode | m.Dynamic_SEReqControlMode
    if c.scheduled:
        mode = m.Scheduled_SEReqControlMode(DepartureTime=c.plan.departure, **_energy(c))
    else:
        mode = m.Dynamic_SEReqControlMode(
            DepartureTime=7200 if c.plan.departure is None else c.plan.departure,
            MinimumSOC=30,
            TargetSOC=80,
            **_energy(c),
            **(_v2x_energy(c) if c.plan.service.discharges else {}),
        )
    return m.ScheduleExchangeReq(
        Header=c.header, MaximumSupportingPoints=c.plan.supporting_points, SEReqControlMode=mode
    )


def _cable_check(c: Context) -> Request:
    return m.DC_CableCheckReq(Header=c.header)


def _pre_charge(c: Context) -> Request:
    return m.DC_PreChargeReq(
        Header=c.header,
        EVProcessing=m.Processing.Finished if c.memory.pre_charged else m.Processing.Ongoing,
        EVPresentVoltage=_rn(c.vehicle.present_voltage),
        EVTargetVoltage=_rn(c.vehicle.target_voltage),
    )


def _power_delivery_start(c: Context) -> Request:
    return _power_delivery(c, m.ChargeProgress.Start, _power_profile(c))


def _power_delivery_renegotiate(c: Context) -> Request:
    return _power_delivery(c, m.ChargeProgress.ScheduleRenegotiation, None)


def _power_delivery_stop(c: Context) -> Request:
    return _power_delivery(c, m.ChargeProgress.Stop, None)


def _power_delivery(c: Context, progress: m.ChargeProgress, profile: m.EVPowerProfile | None) -> Request:
    channel = None
    separated = any(name == "BPTChannel" and value.intValue == 2 for name, value in c.memory.parameters)
    if separated and progress is m.ChargeProgress.Start:  # [V2G20-2123]
        discharging = c.vehicle.target_power < 0
        channel = m.ChannelSelection.Discharge if discharging else m.ChannelSelection.Charge
    return m.PowerDeliveryReq(
        Header=c.header,
        EVProcessing=m.Processing.Finished,
        ChargeProgress=progress,
        EVPowerProfile=profile,
        BPT_ChannelSelection=channel,
    )


def _power_profile(c: Context) -> m.EVPowerProfile:
    """As much as the car can take, never above the chosen schedule [reference 4.3]."""
    ceiling = c.plan.ratings.maximum_charge_power
    steps = c.memory.schedule or ((3600, ceiling),)
    mode: m.Scheduled_EVPPTControlMode | m.Dynamic_EVPPTControlMode
    if c.scheduled:
        mode = m.Scheduled_EVPPTControlMode(
            SelectedScheduleTupleID=c.memory.schedule_tuple or 1,
            PowerToleranceAcceptance=m.PowerToleranceAcceptance.PowerToleranceConfirmed
            if c.memory.power_tolerance
            else None,
        )
    else:
        mode = m.Dynamic_EVPPTControlMode()
    return m.EVPowerProfile(
        TimeAnchor=c.unix_time,
        EVPPTControlMode=mode,
        EVPowerProfileEntries=m.EVPowerProfileEntryList(
            EVPowerProfileEntry=tuple(
                m.PowerScheduleEntry(Duration=duration, Power=_rn(min(ceiling, power))) for duration, power in steps
            )
        ),
    )


def _display(c: Context) -> m.DisplayParameters:
    return m.DisplayParameters(PresentSOC=c.vehicle.present_soc, ChargingComplete=False)


def _charge_loop(c: Context) -> Request:
    if c.plan.service.is_der:
        loop = sae_loop if c.plan.service is ServiceId.AC_DER_SAE else der_loop
        return loop(c, _energy(c), _v2x_energy(c), _display(c))
    return _dc_charge_loop(c) if c.plan.service.is_dc else _ac_charge_loop(c)


def _energy(c: Context) -> dict[str, Any]:
    r = c.plan.ratings
    return {
        "EVTargetEnergyRequest": _rn(r.target_energy),
        "EVMaximumEnergyRequest": _rn(r.maximum_energy),
        "EVMinimumEnergyRequest": _rn(r.minimum_energy),
    }


def _v2x_energy(c: Context) -> dict[str, Any]:
    r = c.plan.ratings
    return {
        "EVMaximumV2XEnergyRequest": _rn(r.maximum_v2x_energy),
        "EVMinimumV2XEnergyRequest": _rn(r.minimum_v2x_energy),
    }


def _dc_charge_loop(c: Context) -> Request:
    r = c.plan.ratings
    mode: (
        m.Scheduled_DC_CLReqControlMode
        | m.BPT_Scheduled_DC_CLReqControlMode
        | m.Dynamic_DC_CLReqControlMode
        | m.BPT_Dynamic_DC_CLReqControlMode
    )
    if c.scheduled:
        # A negative target current asks the EVSE to discharge the car.
        target = {
            "EVTargetCurrent": _rn(round(c.vehicle.target_power / max(c.vehicle.present_voltage, 1.0), 1)),
            "EVTargetVoltage": _rn(c.vehicle.target_voltage),
        }
        mode = (
            m.BPT_Scheduled_DC_CLReqControlMode(**target)
            if c.plan.service.is_bpt
            else m.Scheduled_DC_CLReqControlMode(**target)
        )
    else:
        limits = {
            "EVMaximumChargePower": _rn(r.maximum_charge_power),
            "EVMinimumChargePower": _rn(r.minimum_charge_power),
            "EVMaximumChargeCurrent": _rn(r.maximum_charge_current),
            "EVMaximumVoltage": _rn(r.maximum_voltage),
            "EVMinimumVoltage": _rn(r.minimum_voltage),
            **_energy(c),
        }
        mode = (
            m.BPT_Dynamic_DC_CLReqControlMode(
                DepartureTime=c.plan.departure,
                **limits,
                EVMaximumDischargePower=_rn(r.maximum_discharge_power),
                EVMinimumDischargePower=_rn(r.minimum_discharge_power),
                EVMaximumDischargeCurrent=_rn(r.maximum_discharge_current),
                **_v2x_energy(c),
            )
            if c.plan.service.is_bpt
            else m.Dynamic_DC_CLReqControlMode(DepartureTime=c.plan.departure, **limits)
        )
    return m.DC_ChargeLoopReq(
        Header=c.header,
        DisplayParameters=_display(c),
        MeterInfoRequested=c.plan.meter_info,
        EVPresentVoltage=_rn(c.vehicle.present_voltage),
        CLReqControlMode=mode,
    )


def _ac_charge_loop(c: Context) -> Request:
    r = c.plan.ratings
    present = {"EVPresentActivePower": _rn(c.vehicle.present_power)}
    charge = {"EVMaximumChargePower": _rn(r.maximum_charge_power), "EVMinimumChargePower": _rn(r.minimum_charge_power)}
    discharge = {
        "EVMaximumDischargePower": _rn(r.maximum_discharge_power),
        "EVMinimumDischargePower": _rn(r.minimum_discharge_power),
    }
    mode: (
        m.Scheduled_AC_CLReqControlMode
        | m.BPT_Scheduled_AC_CLReqControlMode
        | m.Dynamic_AC_CLReqControlMode
        | m.BPT_Dynamic_AC_CLReqControlMode
    )
    if c.scheduled:
        mode = (
            m.BPT_Scheduled_AC_CLReqControlMode(**present, **charge, **discharge)
            if c.plan.service.is_bpt
            else m.Scheduled_AC_CLReqControlMode(**present, **charge)
        )
    else:
        dynamic = {**_energy(c), **charge, **present, "EVPresentReactivePower": _rn(0)}
        mode = (
            m.BPT_Dynamic_AC_CLReqControlMode(DepartureTime=c.plan.departure, **dynamic, **discharge, **_v2x_energy(c))
            if c.plan.service.is_bpt
            else m.Dynamic_AC_CLReqControlMode(DepartureTime=c.plan.departure, **dynamic)
        )
    return m.AC_ChargeLoopReq(
        Header=c.header,
        DisplayParameters=_display(c),
        MeterInfoRequested=c.plan.meter_info,
        CLReqControlMode=mode,
    )


def _welding_detection(c: Context) -> Request:
    return m.DC_WeldingDetectionReq(Header=c.header, EVProcessing=m.Processing.Finished)


def _session_stop(c: Context) -> Request:
    return m.SessionStopReq(Header=c.header, ChargingSession=c.ending)


_BUILDERS: Final[dict[Phase, Callable[[Context], Request]]] = {
    Phase.SUPPORTED_APP_PROTOCOL: _supported_app_protocol,
    Phase.SESSION_SETUP: _session_setup,
    Phase.AUTHORIZATION_SETUP: _authorization_setup,
    Phase.CERTIFICATE_INSTALLATION: _certificate_installation,
    Phase.AUTHORIZATION: _authorization,
    Phase.SERVICE_DISCOVERY: _service_discovery,
    Phase.SERVICE_DETAIL: _service_detail,
    Phase.SERVICE_SELECTION: _service_selection,
    Phase.CHARGE_PARAMETER_DISCOVERY: _charge_parameter_discovery,
    Phase.SCHEDULE_EXCHANGE: _schedule_exchange,
    Phase.CABLE_CHECK: _cable_check,
    Phase.PRE_CHARGE: _pre_charge,
    Phase.POWER_DELIVERY_START: _power_delivery_start,
    Phase.CHARGE_LOOP: _charge_loop,
    Phase.METERING_CONFIRMATION: _metering_confirmation,
    Phase.POWER_DELIVERY_RENEGOTIATE: _power_delivery_renegotiate,
    Phase.POWER_DELIVERY_STOP: _power_delivery_stop,
    Phase.WELDING_DETECTION: _welding_detection,
    Phase.SESSION_STOP: _session_stop,
}
