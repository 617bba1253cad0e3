"""The matching response with a FAILED code: mandatory fields alone, with the smallest values that are schema-valid.

[V2G20-459] and its siblings ask for the response message of the request, not for its content; what a car reads in
such a response beyond the code means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_iec, der_sae
from v2gready.protocols.iso15118.secc.sae import for_car, sae_settings
from v2gready.protocols.iso15118.services import NO_SAE_MODES

_ZERO: Final = m.RationalNumber(Exponent=0, Value=0)
_FINISHED: Final = m.Processing.Finished
_EIM: Final = m.Authorization.EIM

_NO_CHAIN: Final = m.SubCertificates(Certificate=(b"",))


def refuse(request: Any, header: m.MessageHeader, code: m.ResponseCode) -> m.V2GResponse | None:
    """The refusal of a request; None if it is no request of ISO 15118-20."""
    build = _REFUSALS.get(type(request))
    return None if build is None else build(request, {"Header": header, "ResponseCode": code})


def empty_installation(header: m.MessageHeader, code: m.ResponseCode) -> m.V2GResponse:
    """CertificateInstallationRes without a contract, whatever was asked."""
    return _certificate_installation(None, {"Header": header, "ResponseCode": code})


Fields = dict[str, Any]


def _session_setup(_: Any, f: Fields) -> m.V2GResponse:
    return m.SessionSetupRes(**f, EVSEID="")


def _authorization_setup(_: Any, f: Fields) -> m.V2GResponse:
    mode = m.EIM_ASResAuthorizationMode()
    return m.AuthorizationSetupRes(
        **f, AuthorizationServices=(_EIM,), CertificateInstallationService=False, ASResAuthorizationMode=mode
    )


def _authorization(_: Any, f: Fields) -> m.V2GResponse:
    return m.AuthorizationRes(**f, EVSEProcessing=_FINISHED)


def _certificate_installation(_: Any, f: Fields) -> m.V2GResponse:
    data = m.SignedInstallationData(
        Id="id1",
        ContractCertificateChain=m.ContractCertificateChain(Certificate=b"", SubCertificates=_NO_CHAIN),
        ECDHCurve=m.EcdhCurve.SECP521,
        DHPublicKey=bytes(133),
        SECP521_EncryptedPrivateKey=bytes(94),
    )
    return m.CertificateInstallationRes(
        **f,
        EVSEProcessing=_FINISHED,
        CPSCertificateChain=m.CertificateChain(Certificate=b""),
        SignedInstallationData=data,
        RemainingContractCertificateChains=0,
    )


def _service_discovery(_: Any, f: Fields) -> m.V2GResponse:
    services = m.ServiceList(Service=(m.Service(ServiceID=0, FreeService=False),))
    return m.ServiceDiscoveryRes(**f, ServiceRenegotiationSupported=False, EnergyTransferServiceList=services)


def _service_detail(request: m.ServiceDetailReq, f: Fields) -> m.V2GResponse:
    empty = m.ParameterSet(ParameterSetID=0, Parameter=(m.Parameter(Name="", intValue=0),))
    return m.ServiceDetailRes(
        **f, ServiceID=request.ServiceID, ServiceParameterList=m.ServiceParameterList(ParameterSet=(empty,))
    )


def _service_selection(_: Any, f: Fields) -> m.V2GResponse:
    return m.ServiceSelectionRes(**f)


def _ac_parameters(request: m.AC_ChargeParameterDiscoveryReq, f: Fields) -> m.V2GResponse:
    limits = {"EVSEMaximumChargePower": _ZERO, "EVSEMinimumChargePower": _ZERO, "EVSENominalFrequency": _ZERO}
    mode = (
        m.BPT_AC_CPDResEnergyTransferMode(**limits, EVSEMaximumDischargePower=_ZERO, EVSEMinimumDischargePower=_ZERO)
        if isinstance(request.EnergyTransferMode, m.BPT_AC_CPDReqEnergyTransferMode)
        else m.AC_CPDResEnergyTransferMode(**limits)
    )
    return m.AC_ChargeParameterDiscoveryRes(**f, EnergyTransferMode=mode)


def _der_parameters(request: der_iec.AC_ChargeParameterDiscoveryReq, f: Fields) -> m.V2GResponse:
    mode: Any = _ac_parameters(request, f).EnergyTransferMode  # type: ignore[attr-defined] # one of AC
    if isinstance(request.EnergyTransferMode, m.DER_AC_CPDReqEnergyTransferMode):
        mode = m.DER_AC_CPDResEnergyTransferMode(
            EVSEMaximumChargePower=_ZERO,
            EVSEMinimumChargePower=_ZERO,
            EVSENominalFrequency=_ZERO,
            EVSENominalChargePower=_ZERO,
            EVSENominalDischargePower=_ZERO,
            EVSEMaximumDischargePower=_ZERO,
            EVOperatingMode=m.EvOperatingMode.GridFollowing,
            GridConnectionMode=m.GridConnectionMode.GridConnected,
            DERControl=m.DERControl(),
        )
    return der_iec.AC_ChargeParameterDiscoveryRes(**f, EnergyTransferMode=mode)


def _sae_parameters(request: der_sae.AC_ChargeParameterDiscoveryReq, f: Fields) -> m.V2GResponse:
    mode: Any = _ac_parameters(request, f).EnergyTransferMode  # type: ignore[attr-defined] # one of AC
    if isinstance(request.EnergyTransferMode, der_sae.DER_AC_CPDReqEnergyTransferMode):
        limits = sae_settings()
        zeros = dict.fromkeys(_mandatory(der_sae.EVSEReactivePowerLimits), _ZERO)
        mode = der_sae.DER_AC_CPDResEnergyTransferMode(
            EVSEMaximumChargePower=_ZERO,
            EVSEMinimumChargePower=_ZERO,
            EVSENominalFrequency=_ZERO,
            EVSEProcessing=_FINISHED,
            DERControlCPDRes=for_car(limits.control, NO_SAE_MODES),
            EVSEMaximumDischargePower=_ZERO,
            EVSEReactivePowerLimits=der_sae.EVSEReactivePowerLimits(**zeros),
            GridLimits=der_sae.GridLimits(**dict.fromkeys(_mandatory(der_sae.GridLimits), _ZERO)),
            RequiredDEROperatingMode=limits.operating_mode,
            GridConnectionMode=limits.connection_mode,
            EVSEUpdateTime=0,
        )
    return der_sae.AC_ChargeParameterDiscoveryRes(**f, EnergyTransferMode=mode)


def _mandatory(kind: type) -> list[str]:
    return [one.name for one in fields(kind) if one.default is not None]


def _dc_parameters(request: m.DC_ChargeParameterDiscoveryReq, f: Fields) -> m.V2GResponse:
    limits = {
        "EVSEMaximumChargePower": _ZERO,
        "EVSEMinimumChargePower": _ZERO,
        "EVSEMaximumChargeCurrent": _ZERO,
        "EVSEMinimumChargeCurrent": _ZERO,
        "EVSEMaximumVoltage": _ZERO,
        "EVSEMinimumVoltage": _ZERO,
    }
    mode = (
        m.BPT_DC_CPDResEnergyTransferMode(
            **limits,
            EVSEMaximumDischargePower=_ZERO,
            EVSEMinimumDischargePower=_ZERO,
            EVSEMaximumDischargeCurrent=_ZERO,
            EVSEMinimumDischargeCurrent=_ZERO,
        )
        if isinstance(request.EnergyTransferMode, m.BPT_DC_CPDReqEnergyTransferMode)
        else m.DC_CPDResEnergyTransferMode(**limits)
    )
    return m.DC_ChargeParameterDiscoveryRes(**f, EnergyTransferMode=mode)


def _schedule_exchange(request: m.ScheduleExchangeReq, f: Fields) -> m.V2GResponse:
    mode: m.Dynamic_SEResControlMode | m.Scheduled_SEResControlMode
    if isinstance(request.SEReqControlMode, m.Dynamic_SEReqControlMode):
        mode = m.Dynamic_SEResControlMode()
    else:
        entry = m.PowerScheduleEntry(Duration=0, Power=_ZERO)
        power = m.PowerSchedule(
            TimeAnchor=0, PowerScheduleEntries=m.PowerScheduleEntryList(PowerScheduleEntry=(entry,))
        )
        mode = m.Scheduled_SEResControlMode(
            ScheduleTuple=(
                m.ScheduleTuple(ScheduleTupleID=1, ChargingSchedule=m.ChargingSchedule(PowerSchedule=power)),
            )
        )
    return m.ScheduleExchangeRes(**f, EVSEProcessing=_FINISHED, SEResControlMode=mode)


def _cable_check(_: Any, f: Fields) -> m.V2GResponse:
    return m.DC_CableCheckRes(**f, EVSEProcessing=_FINISHED)


def _pre_charge(_: Any, f: Fields) -> m.V2GResponse:
    return m.DC_PreChargeRes(**f, EVSEPresentVoltage=_ZERO)


def _power_delivery(_: Any, f: Fields) -> m.V2GResponse:
    return m.PowerDeliveryRes(**f)


def _ac_loop(request: m.AC_ChargeLoopReq, f: Fields) -> m.V2GResponse:
    wanted = request.CLReqControlMode
    mode: m.Scheduled_AC_CLResControlMode | m.Dynamic_AC_CLResControlMode
    if isinstance(wanted, m.Dynamic_AC_CLReqControlMode):
        bpt = isinstance(wanted, m.BPT_Dynamic_AC_CLReqControlMode)
        kind = m.BPT_Dynamic_AC_CLResControlMode if bpt else m.Dynamic_AC_CLResControlMode
        mode = kind(EVSETargetActivePower=_ZERO)
    elif isinstance(wanted, m.BPT_Scheduled_AC_CLReqControlMode):
        mode = m.BPT_Scheduled_AC_CLResControlMode()
    else:
        mode = m.Scheduled_AC_CLResControlMode()
    return m.AC_ChargeLoopRes(**f, CLResControlMode=mode)


def _der_loop(request: der_iec.AC_ChargeLoopReq, f: Fields) -> m.V2GResponse:
    mode: Any = _ac_loop(request, f).CLResControlMode  # type: ignore[attr-defined] # one of AC
    limits: Fields = {"EVSEMaximumChargePower": _ZERO, "EVSEMaximumDischargePower": _ZERO}
    if isinstance(request.CLReqControlMode, m.DER_Scheduled_AC_CLReqControlMode):
        mode = m.DER_Scheduled_AC_CLResControlMode(**limits)
    elif isinstance(request.CLReqControlMode, m.DER_Dynamic_AC_CLReqControlMode):
        mode = m.DER_Dynamic_AC_CLResControlMode(EVSETargetActivePower=_ZERO, **limits)
    return der_iec.AC_ChargeLoopRes(**f, CLResControlMode=mode)


def _sae_loop(request: der_sae.AC_ChargeLoopReq, f: Fields) -> m.V2GResponse:
    mode: Any = _ac_loop(request, f).CLResControlMode  # type: ignore[attr-defined] # one of AC
    nothing = der_sae.DERControlCLRes(EnterServiceCLRes=der_sae.EnterServiceCLRes(PermitService=False))
    if isinstance(request.CLReqControlMode, der_sae.DER_Scheduled_AC_CLReqControlMode):
        mode = der_sae.DER_Scheduled_AC_CLResControlMode(DERControlCLRes=nothing)
    elif isinstance(request.CLReqControlMode, der_sae.DER_Dynamic_AC_CLReqControlMode):
        mode = der_sae.DER_Dynamic_AC_CLResControlMode(EVSETargetActivePower=_ZERO, DERControlCLRes=nothing)
    return der_sae.AC_ChargeLoopRes(**f, CLResControlMode=mode)


def _dc_loop(request: m.DC_ChargeLoopReq, f: Fields) -> m.V2GResponse:
    wanted = request.CLReqControlMode
    given: Fields = {
        "EVSEMaximumChargePower": _ZERO,
        "EVSEMinimumChargePower": _ZERO,
        "EVSEMaximumChargeCurrent": _ZERO,
        "EVSEMaximumVoltage": _ZERO,
    }
    taken: Fields = {
        "EVSEMaximumDischargePower": _ZERO,
        "EVSEMinimumDischargePower": _ZERO,
        "EVSEMaximumDischargeCurrent": _ZERO,
        "EVSEMinimumVoltage": _ZERO,
    }
    mode: m.Scheduled_DC_CLResControlMode | m.Dynamic_DC_CLResControlMode
    match wanted:
        case m.BPT_Dynamic_DC_CLReqControlMode():
            mode = m.BPT_Dynamic_DC_CLResControlMode(**given, **taken)
        case m.Dynamic_DC_CLReqControlMode():
            mode = m.Dynamic_DC_CLResControlMode(**given)
        case m.BPT_Scheduled_DC_CLReqControlMode():
            mode = m.BPT_Scheduled_DC_CLResControlMode()
        case _:
            mode = m.Scheduled_DC_CLResControlMode()
    return m.DC_ChargeLoopRes(
        **f,
        EVSEPresentCurrent=_ZERO,
        EVSEPresentVoltage=_ZERO,
        EVSEPowerLimitAchieved=False,
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        CLResControlMode=mode,
    )


def _metering(_: Any, f: Fields) -> m.V2GResponse:
    return m.MeteringConfirmationRes(**f)


def _welding_detection(_: Any, f: Fields) -> m.V2GResponse:
    return m.DC_WeldingDetectionRes(**f, EVSEPresentVoltage=_ZERO)


def _session_stop(_: Any, f: Fields) -> m.V2GResponse:
    return m.SessionStopRes(**f)


def _check_in(_: Any, f: Fields) -> m.V2GResponse:
    return m.VehicleCheckInRes(**f)


def _check_out(_: Any, f: Fields) -> m.V2GResponse:
    return m.VehicleCheckOutRes(**f, EVSECheckOutStatus=m.EvseCheckOutStatus.Completed)


_REFUSALS: Final[Mapping[type, Callable[[Any, Fields], m.V2GResponse]]] = {
    m.SessionSetupReq: _session_setup,
    m.AuthorizationSetupReq: _authorization_setup,
    m.CertificateInstallationReq: _certificate_installation,
    m.AuthorizationReq: _authorization,
    m.ServiceDiscoveryReq: _service_discovery,
    m.ServiceDetailReq: _service_detail,
    m.ServiceSelectionReq: _service_selection,
    m.AC_ChargeParameterDiscoveryReq: _ac_parameters,
    m.DC_ChargeParameterDiscoveryReq: _dc_parameters,
    der_iec.AC_ChargeParameterDiscoveryReq: _der_parameters,
    der_sae.AC_ChargeParameterDiscoveryReq: _sae_parameters,
    m.ScheduleExchangeReq: _schedule_exchange,
    m.DC_CableCheckReq: _cable_check,
    m.DC_PreChargeReq: _pre_charge,
    m.PowerDeliveryReq: _power_delivery,
    m.AC_ChargeLoopReq: _ac_loop,
    m.DC_ChargeLoopReq: _dc_loop,
    der_iec.AC_ChargeLoopReq: _der_loop,
    der_sae.AC_ChargeLoopReq: _sae_loop,
    m.MeteringConfirmationReq: _metering,
    m.DC_WeldingDetectionReq: _welding_detection,
    m.SessionStopReq: _session_stop,
    m.VehicleCheckInReq: _check_in,
    m.VehicleCheckOutReq: _check_out,
}
