"""ServiceDiscovery, ServiceDetail and ServiceSelection (ISO 15118-20 8.4; reference section 6)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.offers import offers
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Refusal, Turn

VALUE_ADDED_SERVICES = frozenset({65, 66})
"""Ids that name no energy transfer: Internet and ParkingStatus."""


def service_discovery(turn: Turn) -> Answer:
    """Lists every energy service: SupportedServiceIDs filters value added services alone [V2G20-1248], [V2G20-1249]."""
    services = dict.fromkeys(offer.service for offer in offers(turn.config, turn.session.family))
    response = m.ServiceDiscoveryRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        ServiceRenegotiationSupported=turn.config.service_renegotiation,
        EnergyTransferServiceList=m.ServiceList(
            Service=tuple(m.Service(ServiceID=int(service), FreeService=False) for service in services)
        ),
    )
    return Answer(response, State.DISCOVERED)


def service_detail(turn: Turn) -> Answer:
    """Every parameter set of a service that was offered [V2G20-425], [V2G20-464]."""
    request: m.ServiceDetailReq = turn.request
    everything = offers(turn.config, turn.session.family)
    found = tuple(offer for offer in everything if offer.service == request.ServiceID)
    turn.refuse_if(Check.SERVICE_ID, not found, m.ResponseCode.FAILED_ServiceIDInvalid)
    # Only a charger that ignores the rule comes here without a service; it answers with what it has.
    shown = found or tuple(offer for offer in everything if offer.service is everything[0].service)
    response = m.ServiceDetailRes(
        Header=turn.header,
        ResponseCode=m.ResponseCode.OK,
        ServiceID=request.ServiceID,
        ServiceParameterList=m.ServiceParameterList(
            ParameterSet=tuple(
                m.ParameterSet(ParameterSetID=offer.set_id, Parameter=offer.parameters) for offer in shown
            )
        ),
    )
    return Answer(response, State.DETAILED)


def service_selection(turn: Turn) -> Answer:
    """Takes a pair of service and parameter set that was offered [V2G20-433], [V2G20-467]."""
    request: m.ServiceSelectionReq = turn.request
    wanted = request.SelectedEnergyTransferService
    if wanted.ServiceID in VALUE_ADDED_SERVICES:
        raise Refusal(m.ResponseCode.FAILED_NoEnergyTransferServiceSelected)
    everything = offers(turn.config, turn.session.family)
    of_service = [offer for offer in everything if offer.service == wanted.ServiceID]
    chosen = next((offer for offer in of_service if offer.set_id == wanted.ParameterSetID), None)
    turn.refuse_if(
        Check.SERVICE_SELECTION,
        chosen is None or request.SelectedVASList is not None,
        m.ResponseCode.FAILED_ServiceSelectionInvalid,
    )
    turn.session.offer = chosen or (of_service or everything)[0]
    return Answer(m.ServiceSelectionRes(Header=turn.header, ResponseCode=m.ResponseCode.OK), State.SELECTED)
