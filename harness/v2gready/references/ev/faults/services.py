"""Faults of ServiceDiscovery, ServiceDetail and ServiceSelection (reference 6; SRV-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.references.ev.faults.kinds import Asks, Chooses, Overlooks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Outgoing, Turn

_KNOWN_NAMES = frozenset(
    {
        "Connector",
        "ControlMode",
        "EVSENominalVoltage",
        "MobilityNeedsMode",
        "Pricing",
        "BPTChannel",
        "GeneratorMode",
        "GridCodeIslandingDetectionMethod",
        "DERControlFunctions",
    }
)
_BUFFER = 10


def _offered(turn: Turn) -> list[int]:
    return [one.ServiceID for one in turn.response.EnergyTransferServiceList.Service]


@fault("service-first-offered", "Takes the first service of the offer that it can use, not the one it likes best.")
class FirstOffered(Chooses):
    """SRV-E-1, R filter-not-ranking."""

    choice = Choice.SERVICE

    def instead(self, turn: Turn, value: Any) -> Any:
        """The order of the station."""
        usable = (one for one in _offered(turn) if one in set(turn.car.services))
        return next((ServiceId(one) for one in usable if ServiceId(one).is_dc == turn.plan.service.is_dc), value)


@fault("service-not-offered", "Asks for the service that it likes best, offered or not.")
class NotOffered(Chooses):
    """Reference 4.6."""

    choice = Choice.SERVICE

    def instead(self, turn: Turn, value: Any) -> Any:
        """Its own list alone."""
        return next(one for one in turn.car.services if one.is_dc == turn.plan.service.is_dc)


@fault("service-unknown-id-fatal", "Ends the session when the offer holds a service id that it does not know.")
class UnknownIdFatal(Chooses):
    """SRV-E-1: tolerated."""

    choice = Choice.SERVICE

    def instead(self, turn: Turn, value: Any) -> Any:
        """An enumeration without a default."""
        known = {int(one) for one in ServiceId}
        return None if set(_offered(turn)) - known else value


@fault("service-vas-fatal", "Ends the session when value added services are offered.")
class VasFatal(Chooses):
    """SRV-E-1: tolerated."""

    choice = Choice.SERVICE

    def instead(self, turn: Turn, value: Any) -> Any:
        """A list that was never there in the laboratory."""
        return value if turn.response.VASList is None else None


@fault("service-detail-skipped", "Selects a service without having asked for its details.")
class DetailSkipped(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The parameter sets are the same everywhere."""
        if turn.phase is not Phase.SERVICE_DETAIL:
            return outgoing
        chosen = m.SelectedService(ServiceID=int(turn.plan.service), ParameterSetID=1)
        at_once = m.ServiceSelectionReq(Header=outgoing.messages[0].Header, SelectedEnergyTransferService=chosen)
        return replace(outgoing, messages=(at_once,))


@fault("service-detail-of-other-accepted", "Takes the details of another service for those of the one it asked for.")
class DetailOfOther(Overlooks):
    """ServiceDetailRes names its service."""

    overlooked = frozenset({Check.SERVICE_DETAIL})


@fault("parameter-set-first", "Takes the first parameter set, whatever it says.")
class SetFirst(Chooses):
    """SRV-E-2: matched by value."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """An index of zero, and a wish that nobody compares."""
        if value is None:
            return value
        return turn.response.ServiceParameterList.ParameterSet[0].ParameterSetID, value[1]


@fault("parameter-set-by-number", "Takes the parameter set with the number of its control mode, whatever it says.")
class SetByNumber(Chooses):
    """SRV-E-2: ParameterSetIDs have no meaning."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """1 is Scheduled, 2 is Dynamic, as on the station of the laboratory."""
        return value if value is None else (int(value[1]), value[1])


@fault("parameter-set-not-offered", "Selects a parameter set that was not offered.")
class SetNotOffered(Asks[m.ServiceSelectionReq]):
    """Reference 4.6."""

    message = m.ServiceSelectionReq

    def bend(self, turn: Turn, request: m.ServiceSelectionReq) -> Any:
        """Not masked."""
        chosen = request.SelectedEnergyTransferService
        other = replace(chosen, ParameterSetID=chosen.ParameterSetID + 1000)
        return replace(request, SelectedEnergyTransferService=other)


@fault("parameter-unknown-fatal", "Ends the session when a parameter has a name that it does not know.")
class UnknownNameFatal(Chooses):
    """SRV-E-2: tolerated."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """Strict where it should be lenient."""
        sets = turn.response.ServiceParameterList.ParameterSet
        names = {one.Name for parameters in sets for one in parameters.Parameter}
        return None if names - _KNOWN_NAMES else value


@fault(
    "parameter-many-fatal", "Ends the session when a set has more than ten parameters, or there are more than ten sets."
)
class ManyFatal(Chooses):
    """SRV-E-2: 32 are allowed; libcbv2g once had fewer."""

    choice = Choice.PARAMETER_SET

    def instead(self, turn: Turn, value: Any) -> Any:
        """An array of fixed size."""
        sets = turn.response.ServiceParameterList.ParameterSet
        fits = len(sets) <= _BUFFER and all(len(one.Parameter) <= _BUFFER for one in sets)
        return value if fits else None


@fault("service-vas-selected", "Selects a value added service that was not offered.")
class VasSelected(Asks[m.ServiceSelectionReq]):
    """Reference 4.6."""

    message = m.ServiceSelectionReq

    def bend(self, turn: Turn, request: m.ServiceSelectionReq) -> Any:
        """Internet for the passengers."""
        internet = m.SelectedService(ServiceID=65, ParameterSetID=3)
        return replace(request, SelectedVASList=m.SelectedServiceList(SelectedService=(internet,)))
