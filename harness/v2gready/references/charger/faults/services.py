"""Faults of service discovery, detail and selection (reference 6; SRV-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.offers import offers
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.protocols.iso15118.services import ControlMode, MobilityNeedsMode
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_BPT_PARAMETERS = frozenset({"BPTChannel", "GeneratorMode", "GridCodeIslandingDetectionMethod"})


@fault("service-id-not-checked", "Describes a service that it did not offer.")
class ServiceIdNotChecked(Ignores):
    """[V2G20-464], SRV-S-2."""

    ignored = frozenset({Check.SERVICE_ID})


def _offered(turn: Turn) -> set[int]:
    return {int(offer.service) for offer in offers(turn.config, turn.session.family)}


@fault("accepts-unoffered-service", "Selects a service that it did not offer.")
class AcceptsUnofferedService(Fault):
    """[V2G20-433], SRV-S-3."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Looks at the parameter set alone."""
        if check is not Check.SERVICE_SELECTION:
            return violated
        return violated and turn.request.SelectedEnergyTransferService.ServiceID in _offered(turn)


@fault("accepts-unoffered-parameter-set", "Selects a parameter set that it did not offer.")
class AcceptsUnofferedSet(Fault):
    """[V2G20-433], SRV-S-3."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Looks at the service alone."""
        if check is not Check.SERVICE_SELECTION:
            return violated
        return violated and turn.request.SelectedEnergyTransferService.ServiceID not in _offered(turn)


@fault("service-selection-wrong-code", "Refuses a wrong selection with the code FAILED.")
class SelectionWrongCode(Answers[m.ServiceSelectionRes]):
    """[V2G20-467], SRV-S-3."""

    message = m.ServiceSelectionRes

    def bend(self, turn: Turn, response: m.ServiceSelectionRes) -> m.ServiceSelectionRes:
        """One code for all failures."""
        wrong = response.ResponseCode is m.ResponseCode.FAILED_ServiceSelectionInvalid
        return replace(response, ResponseCode=m.ResponseCode.FAILED) if wrong else response


@fault("service-filter-on-energy", "Offers no energy service to a car that asks for unknown services.")
class FilterOnEnergy(Fault):
    """[V2G20-1248], SRV-S-1: SupportedServiceIDs filters value added services alone."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """An empty list is not schema-valid, so the session fails."""
        request = turn.request
        if not isinstance(request, m.ServiceDiscoveryReq) or request.SupportedServiceIDs is None:
            return reply
        if _offered(turn) & set(request.SupportedServiceIDs.ServiceID):
            return reply
        failed = reply.bent(m.ServiceDiscoveryRes, lambda one: replace(one, ResponseCode=m.ResponseCode.FAILED))
        return replace(failed, close=True)


@fault("undeclared-renegotiation", "Says the opposite of what is true about service renegotiation.")
class UndeclaredRenegotiation(Answers[m.ServiceDiscoveryRes]):
    """[V2G20-1477]: the car decides by it."""

    message = m.ServiceDiscoveryRes

    def bend(self, turn: Turn, response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
        """A flag of the template."""
        return replace(response, ServiceRenegotiationSupported=not response.ServiceRenegotiationSupported)


class _Describes(Answers[m.ServiceDetailRes]):
    """Bends the list of parameter sets."""

    message = m.ServiceDetailRes

    def sets(self, sets: tuple[m.ParameterSet, ...]) -> tuple[m.ParameterSet, ...]:
        """The wrong sets."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.ServiceDetailRes) -> m.ServiceDetailRes:
        """Other sets."""
        sets = self.sets(response.ServiceParameterList.ParameterSet)
        return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=sets))


def _value(one: m.ParameterSet, name: str) -> int | None:
    return next((parameter.intValue for parameter in one.Parameter if parameter.Name == name), None)


def _without(one: m.ParameterSet, unwanted: Callable[[str], bool]) -> m.ParameterSet:
    return replace(one, Parameter=tuple(parameter for parameter in one.Parameter if not unwanted(parameter.Name)))


@fault("bpt-parameters-missing", "Describes a bidirectional service without its parameters.")
class BptParametersMissing(_Describes):
    """SRV-S-4."""

    def sets(self, sets: tuple[m.ParameterSet, ...]) -> tuple[m.ParameterSet, ...]:
        """The list of the one-way service."""
        return tuple(_without(one, lambda name: name in _BPT_PARAMETERS) for one in sets)


@fault("no-dynamic-offered", "Offers no parameter set with Dynamic control mode.")
class NoDynamicOffered(_Describes):
    """[V2G20-2656], SRV-S-4."""

    def sets(self, sets: tuple[m.ParameterSet, ...]) -> tuple[m.ParameterSet, ...]:
        """Scheduled alone."""
        return tuple(one for one in sets if _value(one, "ControlMode") == ControlMode.SCHEDULED)


@fault("no-scheduled-offered", "Offers no parameter set with Scheduled control mode.")
class NoScheduledOffered(_Describes):
    """[V2G20-2656], SRV-S-4."""

    def sets(self, sets: tuple[m.ParameterSet, ...]) -> tuple[m.ParameterSet, ...]:
        """Dynamic alone."""
        return tuple(one for one in sets if _value(one, "ControlMode") == ControlMode.DYNAMIC)


@fault("mobility-needs-2-with-scheduled", "Offers MobilityNeedsMode 2 with Scheduled control mode.")
class MobilityNeedsWithScheduled(_Describes):
    """[V2G20-2663], SRV-S-4."""

    def sets(self, sets: tuple[m.ParameterSet, ...]) -> tuple[m.ParameterSet, ...]:
        """2 in every set."""
        both = m.Parameter(Name="MobilityNeedsMode", intValue=int(MobilityNeedsMode.BY_EVCC_AND_SECC))
        return tuple(
            replace(one, Parameter=tuple(both if value.Name == both.Name else value for value in one.Parameter))
            for one in sets
        )


@fault("service-detail-other-service", "Describes another service than the one asked for.")
class DetailOtherService(Answers[m.ServiceDetailRes]):
    """Reference 3.2: ServiceID of the response is that of the request."""

    message = m.ServiceDetailRes

    def bend(self, turn: Turn, response: m.ServiceDetailRes) -> m.ServiceDetailRes:
        """The next id."""
        return replace(response, ServiceID=response.ServiceID + 1)
