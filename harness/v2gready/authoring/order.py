"""Which request may follow which answer, as the SECC has to accept it (reference 4.2): the table behind a rule.

It is told from the outside alone: from the last good answer on a connection. It is not the reference charger's table,
so that neither can hide an error of the other.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from v2gready.protocols.iso15118 import messages as m

Kinds = tuple[type, ...]

_LOOP: Final[Kinds] = (m.ChargeLoopReq,)
_AFTER_LOOP: Final[Kinds] = (m.ChargeLoopReq, m.PowerDeliveryReq, m.MeteringConfirmationReq)
_PARAMETERS: Final[Kinds] = (m.ChargeParameterDiscoveryReq,)
_AUTHORIZING: Final[Kinds] = (m.AuthorizationReq, m.CertificateInstallationReq)
_STOPPED: Final[Kinds] = (m.DC_WeldingDetectionReq, m.SessionStopReq)
_FIXED: Final[dict[type, Kinds]] = {
    m.SupportedAppProtocolReq: (m.SessionSetupReq,),
    m.AuthorizationSetupReq: _AUTHORIZING,
    m.CertificateInstallationReq: _AUTHORIZING,
    m.ServiceDiscoveryReq: (m.ServiceDetailReq,),
    m.ServiceDetailReq: (m.ServiceDetailReq, m.ServiceSelectionReq),
    m.ServiceSelectionReq: _PARAMETERS,
    m.AC_ChargeParameterDiscoveryReq: (m.ScheduleExchangeReq,),
    m.DC_ChargeParameterDiscoveryReq: (m.ScheduleExchangeReq,),
    m.der_iec.AC_ChargeLoopReq: _AFTER_LOOP,
    m.der_sae.AC_ChargeLoopReq: _AFTER_LOOP,
    m.DC_PreChargeReq: (m.DC_PreChargeReq, m.PowerDeliveryReq),
    m.AC_ChargeLoopReq: _AFTER_LOOP,
    m.DC_ChargeLoopReq: _AFTER_LOOP,
    m.MeteringConfirmationReq: _AFTER_LOOP,
    m.DC_WeldingDetectionReq: _STOPPED,
}


class Answered(Protocol):
    """A request with its answer, whichever side was under test."""

    @property
    def request(self) -> Any:
        """The frame of the request, or the request itself."""

    @property
    def answer(self) -> Any:
        """The decoded response."""


class Order:
    """Follows one connection and knows what may come next.

    Attributes:
        allowed: Types of request that may come next, SessionStop(Terminate) apart.
    """

    def __init__(self) -> None:
        self.allowed: Kinds = (m.SupportedAppProtocolReq,)
        self._established = False
        self._power = False
        self._dc = False

    def permits(self, request: Any) -> bool:
        """Whether a request is in order now."""
        stops = isinstance(request, m.SessionStopReq) and request.ChargingSession is m.ChargingSession.Terminate
        if stops and self._established:
            return True
        if not isinstance(request, self.allowed):
            return False
        starts = isinstance(request, m.PowerDeliveryReq) and request.ChargeProgress is m.ChargeProgress.Start
        return not starts or self._may_start()

    def told(self) -> str:
        """What may come next, in words."""
        names = [kind.__name__ for kind in self.allowed] or ["nothing"]
        unready = m.PowerDeliveryReq in self.allowed and not self._may_start()
        return ", ".join(names) + (" (but not Start)" if unready else "")

    def _may_start(self) -> bool:
        # Only pause and standby may go from the schedule straight to PowerDelivery [V2G20-2122].
        return m.DC_PreChargeReq in self.allowed or self._power or not self._dc

    def take(self, exchange: Answered) -> None:
        """Notes a request that was answered by anything but FAILED."""
        sent, answer = getattr(exchange.request, "message", exchange.request), exchange.answer
        self._dc = self._dc or isinstance(sent, m.DC_ChargeParameterDiscoveryReq)
        match sent:
            case m.SessionSetupReq():
                joined = answer.ResponseCode is m.ResponseCode.OK_OldSessionJoined
                self._established = True
                self.allowed = _PARAMETERS if joined else (m.AuthorizationSetupReq,)
            case m.AuthorizationReq():
                good = not _warns(answer) and not _ongoing(answer)
                self.allowed = (m.ServiceDiscoveryReq,) if good else _AUTHORIZING
            case m.der_iec.AC_ChargeParameterDiscoveryReq() | m.der_sae.AC_ChargeParameterDiscoveryReq():
                # Amendment 1: a car that evaluates the grid code asks again.
                mode = sent.EnergyTransferMode
                processing = getattr(mode, "EVProcessing", m.Processing.Finished)
                finished = processing is m.Processing.Finished
                self.allowed = (m.ScheduleExchangeReq,) if finished else _PARAMETERS
            case m.ScheduleExchangeReq():
                fresh = (m.DC_CableCheckReq, m.PowerDeliveryReq) if self._dc else (m.PowerDeliveryReq,)
                done = (m.PowerDeliveryReq,) if self._power else fresh
                self.allowed = (m.ScheduleExchangeReq,) if _ongoing(answer) else done
            case m.DC_CableCheckReq():
                self.allowed = (m.DC_CableCheckReq,) if _ongoing(answer) else (m.DC_PreChargeReq,)
            case m.PowerDeliveryReq():
                self._take_power(sent, answer)
            case m.SessionStopReq():
                renegotiates = sent.ChargingSession is m.ChargingSession.ServiceRenegotiation
                self.allowed = (m.ServiceDiscoveryReq,) if renegotiates else ()
                self._established = renegotiates
            case _:
                self.allowed = _FIXED.get(type(sent), self.allowed)

    def _take_power(self, sent: m.PowerDeliveryReq, answer: m.PowerDeliveryRes) -> None:
        if sent.EVProcessing is not m.Processing.Finished:
            return
        stays = {m.ResponseCode.WARNING_StandbyNotAllowed, m.ResponseCode.WARNING_ScheduleRenegotiationFailed}
        if answer.ResponseCode in stays:
            return
        match sent.ChargeProgress:
            case m.ChargeProgress.Start | m.ChargeProgress.Standby:
                self._power = True
                self.allowed = _LOOP
            case m.ChargeProgress.ScheduleRenegotiation:
                self.allowed = (m.ScheduleExchangeReq,)
            case m.ChargeProgress.Stop:
                self._power = False
                self.allowed = _STOPPED if self._dc else (m.SessionStopReq,)


def _warns(answer: m.V2GResponse) -> bool:
    return answer.ResponseCode.name.startswith("WARNING")


def _ongoing(answer: Any) -> bool:
    return answer.EVSEProcessing is not m.Processing.Finished
