"""The EVCC's way through a session as a table (reference section 4.1).

Anything that is not in the table ends the session. The table is the only place that knows the order.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from v2gready.protocols.iso15118 import messages as m


class Phase(Enum):
    """Which request the EVCC sends next."""

    SUPPORTED_APP_PROTOCOL = auto()
    SESSION_SETUP = auto()
    AUTHORIZATION_SETUP = auto()
    CERTIFICATE_INSTALLATION = auto()
    AUTHORIZATION = auto()
    SERVICE_DISCOVERY = auto()
    SERVICE_DETAIL = auto()
    SERVICE_SELECTION = auto()
    CHARGE_PARAMETER_DISCOVERY = auto()
    SCHEDULE_EXCHANGE = auto()
    CABLE_CHECK = auto()
    PRE_CHARGE = auto()
    POWER_DELIVERY_START = auto()
    CHARGE_LOOP = auto()
    METERING_CONFIRMATION = auto()
    POWER_DELIVERY_RENEGOTIATE = auto()
    POWER_DELIVERY_STOP = auto()
    WELDING_DETECTION = auto()
    SESSION_STOP = auto()
    CLOSED = auto()
    """Nothing more is sent: the session ended."""


class Outcome(Enum):
    """What a response means for the way through the session."""

    DONE = auto()
    ONGOING = auto()
    """EVSEProcessing or EVProcessing says: the same request again."""
    JOINED = auto()
    """OK_OldSessionJoined: straight to ChargeParameterDiscovery [V2G20-1032]."""
    WARNING = auto()
    """A WARNING_* code with EVSEProcessing Finished: the EV may try again [V2G20-2230]."""
    UNSUITABLE = auto()
    """Legal, but nothing for this car: it stops the session in good order."""
    KEPT_POWER = auto()
    """ScheduleExchange after a renegotiation: cable check and pre-charge are not repeated."""
    STOP = auto()
    """The loop ends: by the car's wish or by EVSENotification."""
    INSTALL = auto()
    """CertificateInstallationService is offered and the car wants contracts."""
    AGAIN = auto()
    """RemainingContractCertificateChains: the same request for the next contract."""
    CONFIRM_METERING = auto()
    """EVSENotification=MeteringConfirmation with a reading [V2G20-1083]."""
    RENEGOTIATE_SCHEDULE = auto()
    RENEGOTIATE_SERVICE = auto()
    """SessionStop(ServiceRenegotiation) answered OK: session and authorization are kept [V2G20-1477]."""
    FAILED = auto()
    """A FAILED_* code, a wrong response type or a foreign session id: fatal (-20, 8.6)."""


_P = Phase
_O = Outcome

COMMON: Final[dict[tuple[Phase, Outcome], Phase]] = {
    (_P.SUPPORTED_APP_PROTOCOL, _O.DONE): _P.SESSION_SETUP,
    (_P.SESSION_SETUP, _O.DONE): _P.AUTHORIZATION_SETUP,
    (_P.SESSION_SETUP, _O.JOINED): _P.CHARGE_PARAMETER_DISCOVERY,
    (_P.AUTHORIZATION_SETUP, _O.DONE): _P.AUTHORIZATION,
    (_P.AUTHORIZATION_SETUP, _O.INSTALL): _P.CERTIFICATE_INSTALLATION,
    (_P.AUTHORIZATION_SETUP, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.CERTIFICATE_INSTALLATION, _O.ONGOING): _P.CERTIFICATE_INSTALLATION,
    (_P.CERTIFICATE_INSTALLATION, _O.AGAIN): _P.CERTIFICATE_INSTALLATION,
    (_P.CERTIFICATE_INSTALLATION, _O.DONE): _P.AUTHORIZATION,
    (_P.CERTIFICATE_INSTALLATION, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.AUTHORIZATION, _O.ONGOING): _P.AUTHORIZATION,
    (_P.AUTHORIZATION, _O.WARNING): _P.AUTHORIZATION,
    (_P.AUTHORIZATION, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.AUTHORIZATION, _O.DONE): _P.SERVICE_DISCOVERY,
    (_P.SERVICE_DISCOVERY, _O.DONE): _P.SERVICE_DETAIL,
    (_P.SERVICE_DISCOVERY, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.SERVICE_DETAIL, _O.DONE): _P.SERVICE_SELECTION,
    (_P.SERVICE_DETAIL, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.SERVICE_SELECTION, _O.DONE): _P.CHARGE_PARAMETER_DISCOVERY,
    (_P.CHARGE_PARAMETER_DISCOVERY, _O.DONE): _P.SCHEDULE_EXCHANGE,
    (_P.CHARGE_PARAMETER_DISCOVERY, _O.ONGOING): _P.CHARGE_PARAMETER_DISCOVERY,  # AC_DER alone
    (_P.SCHEDULE_EXCHANGE, _O.ONGOING): _P.SCHEDULE_EXCHANGE,
    (_P.SCHEDULE_EXCHANGE, _O.KEPT_POWER): _P.POWER_DELIVERY_START,
    (_P.SCHEDULE_EXCHANGE, _O.UNSUITABLE): _P.SESSION_STOP,
    (_P.POWER_DELIVERY_START, _O.ONGOING): _P.POWER_DELIVERY_START,
    (_P.POWER_DELIVERY_START, _O.WARNING): _P.POWER_DELIVERY_STOP,
    (_P.POWER_DELIVERY_START, _O.DONE): _P.CHARGE_LOOP,
    (_P.CHARGE_LOOP, _O.ONGOING): _P.CHARGE_LOOP,
    (_P.CHARGE_LOOP, _O.STOP): _P.POWER_DELIVERY_STOP,
    (_P.CHARGE_LOOP, _O.RENEGOTIATE_SCHEDULE): _P.POWER_DELIVERY_RENEGOTIATE,
    (_P.CHARGE_LOOP, _O.CONFIRM_METERING): _P.METERING_CONFIRMATION,
    (_P.METERING_CONFIRMATION, _O.DONE): _P.CHARGE_LOOP,
    (_P.POWER_DELIVERY_RENEGOTIATE, _O.DONE): _P.SCHEDULE_EXCHANGE,
    (_P.POWER_DELIVERY_RENEGOTIATE, _O.WARNING): _P.CHARGE_LOOP,
    (_P.SESSION_STOP, _O.DONE): _P.CLOSED,
    (_P.SESSION_STOP, _O.RENEGOTIATE_SERVICE): _P.SERVICE_DISCOVERY,
}

AC: Final[dict[tuple[Phase, Outcome], Phase]] = {
    **COMMON,
    (_P.SCHEDULE_EXCHANGE, _O.DONE): _P.POWER_DELIVERY_START,
    (_P.POWER_DELIVERY_STOP, _O.DONE): _P.SESSION_STOP,  # [V2G20-1623]
    (_P.POWER_DELIVERY_STOP, _O.WARNING): _P.SESSION_STOP,
}

DC: Final[dict[tuple[Phase, Outcome], Phase]] = {
    **COMMON,
    (_P.SCHEDULE_EXCHANGE, _O.DONE): _P.CABLE_CHECK,
    (_P.CABLE_CHECK, _O.ONGOING): _P.CABLE_CHECK,
    (_P.CABLE_CHECK, _O.DONE): _P.PRE_CHARGE,
    (_P.PRE_CHARGE, _O.ONGOING): _P.PRE_CHARGE,
    (_P.PRE_CHARGE, _O.DONE): _P.POWER_DELIVERY_START,
    (_P.POWER_DELIVERY_STOP, _O.DONE): _P.WELDING_DETECTION,
    (_P.POWER_DELIVERY_STOP, _O.WARNING): _P.WELDING_DETECTION,
    (_P.WELDING_DETECTION, _O.ONGOING): _P.WELDING_DETECTION,
    (_P.WELDING_DETECTION, _O.DONE): _P.SESSION_STOP,
}

_REQUESTS: Final[dict[Phase, type[m.V2GRequest]]] = {
    _P.SESSION_SETUP: m.SessionSetupReq,
    _P.AUTHORIZATION_SETUP: m.AuthorizationSetupReq,
    _P.CERTIFICATE_INSTALLATION: m.CertificateInstallationReq,
    _P.AUTHORIZATION: m.AuthorizationReq,
    _P.SERVICE_DISCOVERY: m.ServiceDiscoveryReq,
    _P.SERVICE_DETAIL: m.ServiceDetailReq,
    _P.SERVICE_SELECTION: m.ServiceSelectionReq,
    _P.SCHEDULE_EXCHANGE: m.ScheduleExchangeReq,
    _P.CABLE_CHECK: m.DC_CableCheckReq,
    _P.PRE_CHARGE: m.DC_PreChargeReq,
    _P.POWER_DELIVERY_START: m.PowerDeliveryReq,
    _P.METERING_CONFIRMATION: m.MeteringConfirmationReq,
    _P.POWER_DELIVERY_RENEGOTIATE: m.PowerDeliveryReq,
    _P.POWER_DELIVERY_STOP: m.PowerDeliveryReq,
    _P.WELDING_DETECTION: m.DC_WeldingDetectionReq,
    _P.SESSION_STOP: m.SessionStopReq,
}


def request_type(phase: Phase, *, dc: bool) -> type | None:
    """The message that the EVCC sends in a phase, None once the session is closed."""
    match phase:
        case Phase.CLOSED:
            return None
        case Phase.SUPPORTED_APP_PROTOCOL:
            return m.SupportedAppProtocolReq
        case Phase.CHARGE_PARAMETER_DISCOVERY:
            return m.DC_ChargeParameterDiscoveryReq if dc else m.AC_ChargeParameterDiscoveryReq
        case Phase.CHARGE_LOOP:
            return m.DC_ChargeLoopReq if dc else m.AC_ChargeLoopReq
        case _:
            return _REQUESTS[phase]


def next_phase(phase: Phase, outcome: Outcome, *, dc: bool) -> Phase:
    """Where an outcome leads. What the table does not hold ends the session."""
    return (DC if dc else AC).get((phase, outcome), Phase.CLOSED)
