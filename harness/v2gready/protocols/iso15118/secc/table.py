"""The order of requests as the SECC accepts them, as a table (ISO 15118-20 clause 8; reference section 4.2).

A row is a state, a column an input, a cell the states that may follow; which of them, the response decides. What has
no cell is out of order. The table is the only place that knows the order; AC and DC share it, because inputs are
named by their meaning for the session at hand: an AC message in a DC session is `Input.FOREIGN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m


class Family(Enum):
    """Message set of the energy transfer."""

    AC = "AC"
    DC = "DC"
    AC_DER = "AC_DER_IEC"
    AC_DER_SAE = "AC_DER_SAE"
    """AC under the grammars of Amendment 1."""


class State(Enum):
    """Where the session stands; named after what was answered last."""

    CONNECTED = auto()
    NEGOTIATED = auto()
    ESTABLISHED = auto()
    AUTHORIZING = auto()
    INSTALLING = auto()
    """The back end is asked for a contract: CertificateInstallation again, and nothing else."""
    AUTHORIZED = auto()
    DISCOVERED = auto()
    DETAILED = auto()
    SELECTED = auto()
    """A service is selected, or a paused session was joined: ChargeParameterDiscovery alone [V2G20-1032].

    So it is while an AC_DER car that evaluates the grid code says EVProcessing Ongoing (Amendment 1; one source).
    """
    PARAMETERS_KNOWN = auto()
    SCHEDULING = auto()
    SCHEDULED = auto()
    """DC: a schedule, and a cable not checked yet."""
    CABLE_CHECKING = auto()
    CABLE_CHECKED = auto()
    PRE_CHARGING = auto()
    READY = auto()
    """AC: a schedule, nothing energised."""
    STARTED = auto()
    """PowerDelivery(Start) or (Standby) was accepted: a charge loop alone [V2G20-2009], [V2G20-2192]."""
    LOOP = auto()
    LOOP_METERING = auto()
    """The last loop response asked for a metering confirmation."""
    RENEGOTIATING = auto()
    """A new schedule is being exchanged while energy flows."""
    RENEGOTIATED = auto()
    STOPPED = auto()
    CLOSED = auto()


class Input(Enum):
    """What a request means for the way through the session."""

    SAP = auto()
    SESSION_SETUP = auto()
    AUTHORIZATION_SETUP = auto()
    CERTIFICATE_INSTALLATION = auto()
    AUTHORIZATION = auto()
    SERVICE_DISCOVERY = auto()
    SERVICE_DETAIL = auto()
    SERVICE_SELECTION = auto()
    PARAMETERS = auto()
    SCHEDULE = auto()
    CABLE_CHECK = auto()
    PRE_CHARGE = auto()
    POWER_START = auto()
    POWER_STANDBY = auto()
    POWER_RENEGOTIATION = auto()
    POWER_STOP = auto()
    LOOP = auto()
    METERING = auto()
    WELDING_DETECTION = auto()
    PAUSE = auto()
    RENEGOTIATE_SERVICE = auto()
    TERMINATE = auto()
    FOREIGN = auto()
    """A message of the other energy transfer family, or of a feature this charger does not have."""


Row = Mapping[Input, frozenset[State]]


def _to(*states: State) -> frozenset[State]:
    return frozenset(states)


_S = State
_I = Input

_LOOPS: Final = (_S.LOOP, _S.LOOP_METERING)
_POWER_ON: Final[Row] = {
    _I.LOOP: _to(*_LOOPS),
    _I.POWER_START: _to(_S.STARTED, *_LOOPS),
    _I.POWER_STANDBY: _to(_S.STARTED, *_LOOPS),
    _I.POWER_RENEGOTIATION: _to(_S.RENEGOTIATING, *_LOOPS),
    _I.POWER_STOP: _to(_S.STOPPED, *_LOOPS),
}
_SCHEDULE: Final = _to(_S.SCHEDULING, _S.SCHEDULED, _S.READY)

_ORDER: Final[dict[State, Row]] = {
    _S.CONNECTED: {_I.SAP: _to(_S.NEGOTIATED)},
    _S.NEGOTIATED: {_I.SESSION_SETUP: _to(_S.ESTABLISHED, _S.SELECTED)},
    _S.ESTABLISHED: {_I.AUTHORIZATION_SETUP: _to(_S.AUTHORIZING)},
    _S.AUTHORIZING: {
        _I.AUTHORIZATION: _to(_S.AUTHORIZING, _S.AUTHORIZED),
        _I.CERTIFICATE_INSTALLATION: _to(_S.AUTHORIZING, _S.INSTALLING),
    },
    _S.INSTALLING: {_I.CERTIFICATE_INSTALLATION: _to(_S.AUTHORIZING, _S.INSTALLING)},
    _S.AUTHORIZED: {_I.SERVICE_DISCOVERY: _to(_S.DISCOVERED)},
    _S.DISCOVERED: {_I.SERVICE_DETAIL: _to(_S.DETAILED)},
    _S.DETAILED: {_I.SERVICE_DETAIL: _to(_S.DETAILED), _I.SERVICE_SELECTION: _to(_S.SELECTED)},
    _S.SELECTED: {_I.PARAMETERS: _to(_S.PARAMETERS_KNOWN, _S.SELECTED)},
    _S.PARAMETERS_KNOWN: {_I.SCHEDULE: _SCHEDULE},
    _S.SCHEDULING: {_I.SCHEDULE: _SCHEDULE},
    _S.SCHEDULED: {
        _I.CABLE_CHECK: _to(_S.CABLE_CHECKING, _S.CABLE_CHECKED),
        # Pause and standby may go straight to PowerDelivery [V2G20-2122]. Standby is refused by a warning here: from
        # standby a car could start without a cable check.
        _I.POWER_STANDBY: _to(_S.SCHEDULED),
        _I.POWER_STOP: _to(_S.STOPPED, _S.SCHEDULED),
    },
    _S.CABLE_CHECKING: {_I.CABLE_CHECK: _to(_S.CABLE_CHECKING, _S.CABLE_CHECKED)},
    _S.CABLE_CHECKED: {_I.PRE_CHARGE: _to(_S.PRE_CHARGING)},
    _S.PRE_CHARGING: {_I.PRE_CHARGE: _to(_S.PRE_CHARGING), _I.POWER_START: _to(_S.STARTED, _S.PRE_CHARGING)},
    _S.READY: {
        _I.POWER_START: _to(_S.STARTED, _S.READY),
        _I.POWER_STANDBY: _to(_S.STARTED, _S.READY),
        _I.POWER_STOP: _to(_S.STOPPED, _S.READY),
    },
    _S.STARTED: {_I.LOOP: _to(*_LOOPS)},
    _S.LOOP: _POWER_ON,
    _S.LOOP_METERING: {**_POWER_ON, _I.METERING: _to(_S.LOOP)},
    _S.RENEGOTIATING: {_I.SCHEDULE: _to(_S.RENEGOTIATING, _S.RENEGOTIATED)},
    _S.RENEGOTIATED: {
        _I.POWER_START: _to(_S.STARTED, _S.RENEGOTIATED),
        _I.POWER_STANDBY: _to(_S.STARTED, _S.RENEGOTIATED),
        _I.POWER_STOP: _to(_S.STOPPED, _S.RENEGOTIATED),
    },
    _S.STOPPED: {
        _I.WELDING_DETECTION: _to(_S.STOPPED),
        _I.PAUSE: _to(_S.CLOSED),
        _I.RENEGOTIATE_SERVICE: _to(_S.AUTHORIZED),
    },
    _S.CLOSED: {},
}

_WITHOUT_SESSION: Final = {_S.CONNECTED, _S.NEGOTIATED, _S.CLOSED}

TRANSITIONS: Final[Mapping[State, Row]] = {
    state: row if state in _WITHOUT_SESSION else {**row, _I.TERMINATE: _to(_S.CLOSED)} for state, row in _ORDER.items()
}
"""What is in order: SessionStop(Terminate) additionally from any established state."""

_INPUTS: Final[Mapping[type, Input]] = {
    m.SupportedAppProtocolReq: _I.SAP,
    m.SessionSetupReq: _I.SESSION_SETUP,
    m.AuthorizationSetupReq: _I.AUTHORIZATION_SETUP,
    m.CertificateInstallationReq: _I.CERTIFICATE_INSTALLATION,
    m.AuthorizationReq: _I.AUTHORIZATION,
    m.ServiceDiscoveryReq: _I.SERVICE_DISCOVERY,
    m.ServiceDetailReq: _I.SERVICE_DETAIL,
    m.ServiceSelectionReq: _I.SERVICE_SELECTION,
    m.ScheduleExchangeReq: _I.SCHEDULE,
    m.MeteringConfirmationReq: _I.METERING,
}
_FAMILY_INPUTS: Final[Mapping[type, tuple[Family, Input]]] = {
    m.AC_ChargeParameterDiscoveryReq: (Family.AC, _I.PARAMETERS),
    m.AC_ChargeLoopReq: (Family.AC, _I.LOOP),
    m.der_iec.AC_ChargeParameterDiscoveryReq: (Family.AC_DER, _I.PARAMETERS),
    m.der_iec.AC_ChargeLoopReq: (Family.AC_DER, _I.LOOP),
    m.der_sae.AC_ChargeParameterDiscoveryReq: (Family.AC_DER_SAE, _I.PARAMETERS),
    m.der_sae.AC_ChargeLoopReq: (Family.AC_DER_SAE, _I.LOOP),
    m.DC_ChargeParameterDiscoveryReq: (Family.DC, _I.PARAMETERS),
    m.DC_CableCheckReq: (Family.DC, _I.CABLE_CHECK),
    m.DC_PreChargeReq: (Family.DC, _I.PRE_CHARGE),
    m.DC_ChargeLoopReq: (Family.DC, _I.LOOP),
    m.DC_WeldingDetectionReq: (Family.DC, _I.WELDING_DETECTION),
}
_POWER_INPUTS: Final[Mapping[m.ChargeProgress, Input]] = {
    m.ChargeProgress.Start: _I.POWER_START,
    m.ChargeProgress.Stop: _I.POWER_STOP,
    m.ChargeProgress.Standby: _I.POWER_STANDBY,
    m.ChargeProgress.ScheduleRenegotiation: _I.POWER_RENEGOTIATION,
}
_STOP_INPUTS: Final[Mapping[m.ChargingSession, Input]] = {
    m.ChargingSession.Pause: _I.PAUSE,
    m.ChargingSession.Terminate: _I.TERMINATE,
    m.ChargingSession.ServiceRenegotiation: _I.RENEGOTIATE_SERVICE,
}


def classify(request: Any, family: Family) -> Input:
    """What a request means in a session of that family."""
    if isinstance(request, m.PowerDeliveryReq):
        return _POWER_INPUTS[request.ChargeProgress]
    if isinstance(request, m.SessionStopReq):
        return _STOP_INPUTS[request.ChargingSession]
    if type(request) in _FAMILY_INPUTS:
        wanted, meaning = _FAMILY_INPUTS[type(request)]
        return meaning if wanted is family else Input.FOREIGN
    return _INPUTS.get(type(request), Input.FOREIGN)
