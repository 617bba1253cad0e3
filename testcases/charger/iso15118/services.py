"""ServiceDiscovery, ServiceDetail and ServiceSelection: what is offered, and what of it can be had (reference 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    EvSession,
    Exchange,
    MobilityNeedsMode,
    Observation,
    ServiceId,
    Trace,
    answered,
    at_least,
    describe,
    holds,
    never_ok,
    refused,
    wire,
)
from v2gready.authoring import messages as m

OK = m.ResponseCode.OK
INVALID = m.ResponseCode.FAILED_ServiceSelectionInvalid
NO_ENERGY = m.ResponseCode.FAILED_NoEnergyTransferServiceSelected

WPT = 3
UNKNOWN_SERVICES = (60_001, 60_002)
INTERNET = 65
UNOFFERED_SET = 999

DC_CONNECTORS = range(1, 5)
AC_CONNECTORS = range(1, 4)
MCS_CONNECTORS = range(1, 8)
VALUES: dict[str, range] = {
    "ControlMode": range(1, 3),
    "MobilityNeedsMode": range(1, 3),
    "Pricing": range(3),
    "EVSENominalVoltage": range(1, 1001),
    "BPTChannel": range(1, 3),
    "GeneratorMode": range(1, 3),
    "GridCodeIslandingDetectionMethod": range(1, 3),
    "DERControlFunctions": range(1 << 12),
}
"""Defined values of the parameters (reference 6)."""


def wanted_parameters(service: int) -> dict[str, range]:
    """The parameters that each set of a service has, with their values."""
    known = ServiceId(service)
    names = ["ControlMode", "MobilityNeedsMode", "Pricing"]
    names += [] if known.is_dc else ["EVSENominalVoltage"]
    names += ["BPTChannel", "GeneratorMode"] if known.is_bpt else []
    names += ["GridCodeIslandingDetectionMethod"] if known is ServiceId.AC_BPT else []
    names += ["DERControlFunctions"] if known is ServiceId.AC_DER_IEC else []
    connector = DC_CONNECTORS if known.is_dc else AC_CONNECTORS
    connector = MCS_CONNECTORS if known.is_mcs else connector
    return {"Connector": connector} | {name: VALUES[name] for name in names}


def listed(exchange: Exchange[Any]) -> list[int]:
    """Ids of the energy transfer services of a ServiceDiscoveryRes."""
    answer = exchange.answer
    if not isinstance(answer, m.ServiceDiscoveryRes):
        return []
    return sorted(one.ServiceID for one in answer.EnergyTransferServiceList.Service)


def declared(trace: Trace, namespace: str) -> list[int]:
    """Ids of the declared energy transfer services of one namespace."""
    return sorted(
        service for service in ServiceId if service.namespace == namespace and trace.declared.get(service.name.lower())
    )


class EverythingListed(ChargerCase):
    """Without SupportedServiceIDs every energy transfer service is listed that the negotiated protocol carries."""

    id = "CHG-SRV-LIST-01"
    title = "ServiceDiscovery: every service is listed"
    area = "services"
    requirements = ("V2G20-1248",)
    faults = {"hides-service": "V2G20-1248"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for the list, under each namespace that has services."""
        for service in {one.namespace: one for one in bench.services}.values():
            async with bench.ev.session(service=service) as session:
                await session.reach(m.ServiceDiscoveryReq)
                await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing that is declared is missing."""
        namespaces = [one.sent.AppProtocol[0].ProtocolNamespace for one in trace.exchanges(m.SupportedAppProtocolReq)]
        found = at_least(len(namespaces), trace.exchanges(m.ServiceDiscoveryReq), trace)
        for exchange, namespace in zip(found, namespaces, strict=False):
            wanted = declared(trace, namespace)
            complete = set(wanted) <= set(listed(exchange))
            seen = listed(exchange) or describe(exchange)
            yield holds("V2G20-1248", complete, expected=f"services {wanted}", seen=seen, at=exchange.at)


class FilteredList(ChargerCase):
    """SupportedServiceIDs filters value-added services: energy services are listed whatever the car names.

    A charger may filter those as well, but a car that names one finds it, and the list is never empty.
    """

    id = "CHG-SRV-FILTER-01"
    title = "ServiceDiscovery: SupportedServiceIDs leaves an energy service in the list"
    area = "services"
    requirements = ("V2G20-1249",)
    faults = {"service-filter-on-energy": "V2G20-1249"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Names its own service among unknown ones, and then unknown ones alone."""
        for ids in ((*UNKNOWN_SERVICES, int(bench.ev.plan.service)), UNKNOWN_SERVICES):
            async with bench.ev.session() as session:
                await session.reach(m.ServiceDiscoveryReq)
                named = m.ServiceIDList(ServiceID=ids)
                await session.proceed(lambda request, named=named: replace(request, SupportedServiceIDs=named))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, the named service, and no value-added service that was not named."""
        for exchange in at_least(2, trace.exchanges(m.ServiceDiscoveryReq), trace):
            yield answered("V2G20-1249", exchange, OK)
            named = set(exchange.sent.SupportedServiceIDs.ServiceID)
            own = named - set(UNKNOWN_SERVICES)
            offered = listed(exchange)
            good = bool(offered) and own <= set(offered)
            expected = f"a list with {sorted(own)}" if own else "a list that is not empty"
            yield holds("V2G20-1249", good, expected=expected, seen=offered, at=exchange.at)
            extra = getattr(exchange.answer, "VASList", None)
            added = [] if extra is None else [one.ServiceID for one in extra.Service]
            expected = "no value-added service that was not named"
            yield holds("V2G20-1249", set(added) <= named, expected=expected, seen=added, at=exchange.at)


class _EveryDetail(ChargerCase):
    """The details of every declared service, each in a session of its own."""

    area = "services"

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for them."""
        for service in bench.services:
            async with bench.ev.session(service=service) as session:
                await session.reach(m.ServiceDetailReq)
                await session.proceed()

    def details(self, trace: Trace) -> Iterator[Exchange[m.ServiceDetailReq]]:
        """The answers."""
        services = [service for service in ServiceId if trace.declared.get(service.name.lower())]
        yield from at_least(len(services), trace.exchanges(m.ServiceDetailReq), trace)


class EveryDetail(_EveryDetail):
    """Each service of the list has details: at least one parameter set, under ids that tell the sets apart."""

    id = "CHG-SRV-DETAIL-01"
    title = "ServiceDetail: every service of the list has details"
    requirements = ("H-SERVICE-DETAIL",)
    faults = {"service-detail-other-service": "H-SERVICE-DETAIL"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, about the service that was asked for."""
        for exchange in self.details(trace):
            yield answered("H-SERVICE-DETAIL", exchange, OK)
            wanted, seen = exchange.sent.ServiceID, getattr(exchange.answer, "ServiceID", describe(exchange))
            yield holds("H-SERVICE-DETAIL", seen == wanted, expected=f"service {wanted}", seen=seen, at=exchange.at)
            if isinstance(exchange.answer, m.ServiceDetailRes):
                ids = [one.ParameterSetID for one in exchange.answer.ServiceParameterList.ParameterSet]
                unique = len(set(ids)) == len(ids)
                yield holds("H-SERVICE-DETAIL", unique, expected="ids of their own", seen=ids, at=exchange.at)


class ControlModes(_EveryDetail):
    """Each service can be had in Scheduled and in Dynamic control mode; MobilityNeedsMode 2 goes with Dynamic alone."""

    id = "CHG-SRV-MODES-01"
    title = "ServiceDetail: both control modes are offered"
    requirements = ("V2G20-2656", "V2G20-2663")
    faults = {
        "no-dynamic-offered": "V2G20-2656",
        "no-scheduled-offered": "V2G20-2656",
        "mobility-needs-2-with-scheduled": "V2G20-2663",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads ControlMode and MobilityNeedsMode of every set."""
        for exchange in self.details(trace):
            sets = wire.parameter_sets(exchange.answer)
            modes = {one.get("ControlMode") for one in sets.values()}
            both = set(ControlMode) <= modes
            seen = f"service {exchange.sent.ServiceID}: ControlMode {sorted(map(str, modes))}"
            yield holds("V2G20-2656", both, expected="ControlMode 1 and 2", seen=seen, at=exchange.at)
            for number, one in sets.items():
                needs, control = one.get("MobilityNeedsMode"), one.get("ControlMode")
                wrong = needs == MobilityNeedsMode.BY_EVCC_AND_SECC and control != ControlMode.DYNAMIC
                seen = f"set {number}: MobilityNeedsMode {needs} with ControlMode {control}"
                expected = "MobilityNeedsMode 2 with Dynamic alone"
                yield holds("V2G20-2663", not wrong, expected=expected, seen=seen, at=exchange.at)


class Parameters(_EveryDetail):
    """Each parameter set holds all parameters of its service, those of bidirectional services among them."""

    id = "CHG-SRV-PARAM-01"
    title = "ServiceDetail: parameter sets are complete"
    requirements = ("H-SERVICE-PARAMETERS",)
    faults = {"bpt-parameters-missing": "H-SERVICE-PARAMETERS"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for each name, and at its value; other names are welcome."""
        for exchange in self.details(trace):
            sets = wire.parameter_sets(exchange.answer)
            yield holds("H-SERVICE-PARAMETERS", bool(sets), expected="sets", seen=describe(exchange), at=exchange.at)
            for number, one in sets.items():
                for name, allowed in wanted_parameters(exchange.sent.ServiceID).items():
                    value = one.get(name)
                    yield holds(
                        "H-SERVICE-PARAMETERS",
                        value in allowed,
                        expected=f"{name} from {allowed[0]} to {allowed[-1]}",
                        seen=f"service {exchange.sent.ServiceID}, set {number}: {name} {value}",
                        at=exchange.at,
                    )


class UnknownDetail(ChargerCase):
    """There are no details of a service that was not offered, whether the standard knows it or not."""

    id = "CHG-SRV-DETAIL-02"
    title = "ServiceDetail: no details of a service that was not offered"
    area = "services"
    requirements = ("V2G20-464", "V2G20-425")
    faults = {"service-id-not-checked": "V2G20-464"}
    services = (99, WPT)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for an unknown service, and for wireless power transfer."""
        for service in self.services:
            async with bench.ev.session() as session:
                await session.reach(m.ServiceDetailReq)
                await session.proceed(lambda request, service=service: replace(request, ServiceID=service))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_ServiceIDInvalid."""
        for exchange in at_least(len(self.services), trace.exchanges(m.ServiceDetailReq), trace):
            yield refused("V2G20-464", exchange, m.ResponseCode.FAILED_ServiceIDInvalid)
            yield refused("V2G20-425", exchange)


class EverySet(ChargerCase):
    """Each parameter set that is offered can be selected."""

    id = "CHG-SRV-SELECT-01"
    title = "ServiceSelection: every offered parameter set is accepted"
    area = "services"
    requirements = ("H-SERVICE-SELECTION",)
    faults = {"selects-first-set-alone": "H-SERVICE-SELECTION"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Reads the details once, and then selects set by set, in a session for each."""
        async with bench.ev.session() as session:
            await session.reach(m.ServiceDetailReq)
            sets = wire.parameter_sets(await session.proceed())
        for number in sets:
            async with bench.ev.session() as session:
                await session.reach(m.ServiceSelectionReq)
                await session.proceed(lambda request, number=number: wire.selecting(request, parameter_set=number))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to each."""
        sets = wire.parameter_sets(trace.exchange(m.ServiceDetailReq).answer)
        for exchange in at_least(max(1, len(sets)), trace.exchanges(m.ServiceSelectionReq), trace):
            yield answered("H-SERVICE-SELECTION", exchange, OK)


class _WrongSelection(ChargerCase):
    """A selection that is not to be had, and the next step as if it were."""

    area = "services"
    rule: ClassVar[str]
    codes: ClassVar[tuple[m.ResponseCode, ...]] = (INVALID,)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Selects it, and goes on whatever the answer is."""
        async with bench.ev.session() as session:
            await session.reach(m.ServiceSelectionReq)
            await session.ask(self.wrong(session.request(m.ServiceSelectionReq)))
            await self.go_on(session)

    async def go_on(self, session: EvSession) -> None:
        """The next step."""
        await session.ask(session.request(m.ChargeParameterDiscoveryReq))

    def wrong(self, good: m.ServiceSelectionReq) -> m.ServiceSelectionReq:
        """The wrong selection."""
        raise NotImplementedError

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused, and without consequences."""
        yield refused(self.rule, trace.exchange(m.ServiceSelectionReq), *self.codes)
        yield never_ok("H-NO-DISCLOSURE", trace, trace.exchange(m.ChargeParameterDiscoveryReq))


class UnofferedSet(_WrongSelection):
    """A parameter set that was not offered cannot be selected."""

    id = "CHG-SRV-SELECT-02"
    title = "ServiceSelection: an unoffered parameter set is refused"
    requirements = ("V2G20-467", "H-NO-DISCLOSURE")
    faults = {
        "accepts-unoffered-parameter-set": "H-NO-DISCLOSURE",
        "service-selection-wrong-code": "V2G20-467",
    }
    rule = "V2G20-467"

    def wrong(self, good: m.ServiceSelectionReq) -> m.ServiceSelectionReq:
        """Its own service with another set."""
        return wire.selecting(good, parameter_set=UNOFFERED_SET)


class UnofferedService(_WrongSelection):
    """A service that was not offered cannot be selected."""

    id = "CHG-SRV-SELECT-03"
    title = "ServiceSelection: an unoffered service is refused"
    requirements = ("V2G20-433", "H-NO-DISCLOSURE")
    faults = {"accepts-unoffered-service": "V2G20-433", "service-selection-wrong-code": "V2G20-433"}
    rule = "V2G20-433"

    def wrong(self, good: m.ServiceSelectionReq) -> m.ServiceSelectionReq:
        """Wireless power transfer with the number of a set that exists."""
        return wire.selecting(good, service=WPT)


class NoEnergyService(_WrongSelection):
    """A value-added service is no energy transfer service. It was not offered either, which may be said as well."""

    id = "CHG-SRV-SELECT-04"
    title = "ServiceSelection: a value-added service is no energy transfer service"
    requirements = ("H-NO-ENERGY-SERVICE", "H-NO-DISCLOSURE")
    faults = {"selects-value-added-service": "H-NO-ENERGY-SERVICE"}
    rule = "H-NO-ENERGY-SERVICE"
    codes = (NO_ENERGY, INVALID)

    def wrong(self, good: m.ServiceSelectionReq) -> m.ServiceSelectionReq:
        """The Internet service."""
        return wire.selecting(good, service=INTERNET)


class UnofferedExtra(_WrongSelection):
    """A value-added service that was not offered cannot be selected beside an energy service."""

    id = "CHG-SRV-VAS-01"
    title = "ServiceSelection: an unoffered value-added service is refused"
    requirements = ("V2G20-433", "H-NO-DISCLOSURE")
    faults = {"accepts-unoffered-parameter-set": "V2G20-433"}
    rule = "V2G20-433"

    def wrong(self, good: m.ServiceSelectionReq) -> m.ServiceSelectionReq:
        """A good selection with a service of a number that nobody knows."""
        extra = m.SelectedService(ServiceID=UNKNOWN_SERVICES[0], ParameterSetID=1)
        return replace(good, SelectedVASList=m.SelectedServiceList(SelectedService=(extra,)))
