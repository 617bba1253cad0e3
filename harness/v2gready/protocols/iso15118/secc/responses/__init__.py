"""The faultless answers of the charger: one small function per request, pure but for the session it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.responses.ac_loop import ac_charge_loop
from v2gready.protocols.iso15118.secc.responses.access import authorization, authorization_setup, session_setup
from v2gready.protocols.iso15118.secc.responses.dc import cable_check, pre_charge, welding_detection
from v2gready.protocols.iso15118.secc.responses.dc_loop import dc_charge_loop
from v2gready.protocols.iso15118.secc.responses.delivery import power_delivery
from v2gready.protocols.iso15118.secc.responses.der import der_charge_loop, der_parameters
from v2gready.protocols.iso15118.secc.responses.installation import certificate_installation
from v2gready.protocols.iso15118.secc.responses.parameters import ac_parameters, dc_parameters
from v2gready.protocols.iso15118.secc.responses.refusals import refuse
from v2gready.protocols.iso15118.secc.responses.sae import sae_charge_loop, sae_parameters
from v2gready.protocols.iso15118.secc.responses.schedule import schedule_exchange
from v2gready.protocols.iso15118.secc.responses.services import service_detail, service_discovery, service_selection
from v2gready.protocols.iso15118.secc.responses.stop import metering_confirmation, session_stop
from v2gready.protocols.iso15118.secc.turn import Answer, Turn

__all__ = ["HANDLERS", "refuse"]

HANDLERS: Final[Mapping[type, Callable[[Turn], Answer]]] = {
    m.SessionSetupReq: session_setup,
    m.AuthorizationSetupReq: authorization_setup,
    m.CertificateInstallationReq: certificate_installation,
    m.AuthorizationReq: authorization,
    m.ServiceDiscoveryReq: service_discovery,
    m.ServiceDetailReq: service_detail,
    m.ServiceSelectionReq: service_selection,
    m.AC_ChargeParameterDiscoveryReq: ac_parameters,
    m.DC_ChargeParameterDiscoveryReq: dc_parameters,
    m.der_iec.AC_ChargeParameterDiscoveryReq: der_parameters,
    m.der_sae.AC_ChargeParameterDiscoveryReq: sae_parameters,
    m.ScheduleExchangeReq: schedule_exchange,
    m.DC_CableCheckReq: cable_check,
    m.DC_PreChargeReq: pre_charge,
    m.PowerDeliveryReq: power_delivery,
    m.AC_ChargeLoopReq: ac_charge_loop,
    m.DC_ChargeLoopReq: dc_charge_loop,
    m.der_iec.AC_ChargeLoopReq: der_charge_loop,
    m.der_sae.AC_ChargeLoopReq: sae_charge_loop,
    m.MeteringConfirmationReq: metering_confirmation,
    m.DC_WeldingDetectionReq: welding_detection,
    m.SessionStopReq: session_stop,
}
"""Requests that this charger knows how to answer; all others are refused (see `refuse`)."""
