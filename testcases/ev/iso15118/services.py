"""ServiceDiscovery, ServiceDetail and ServiceSelection: what a car makes of an offer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Observation, ServiceId, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

UNKNOWN = (4711, 99, 31)
"""ServiceIDs that nobody has defined."""
INTERNET, PARKING = 65, 66
NO_MODE = 99
"""A ControlMode that is none: a set with it fits no car."""


def listed(*ids: int) -> tuple[m.Service, ...]:
    """Entries of a service list."""
    return tuple(m.Service(ServiceID=one, FreeService=False) for one in ids)


def with_value(one: m.ParameterSet, name: str, value: int, set_id: int) -> m.ParameterSet:
    """A parameter set under another id, with another value of one of its parameters."""
    values = tuple(m.Parameter(Name=name, intValue=value) if it.Name == name else it for it in one.Parameter)
    return replace(one, ParameterSetID=set_id, Parameter=values)


def offered(requirement: str, chosen: flows.Selection) -> Observation:
    """The selection names what was offered."""
    there = chosen.service in chosen.services and chosen.values is not None
    return holds(
        requirement,
        there,
        expected=f"one of services {', '.join(map(str, chosen.services))} with a set that was offered for it",
        seen=chosen.words,
        at=chosen.asked.at,
    )


def usable(requirement: str, chosen: flows.Selection) -> Observation:
    """The set selected is one that was offered and names a control mode that exists."""
    values = chosen.values or {}
    mode = values.get("ControlMode")
    return holds(
        requirement,
        mode in tuple(ControlMode) and not any(value == NO_MODE for value in values.values()),
        expected="a set that was offered, with values that exist",
        seen=f"{chosen.words}, ControlMode {mode}",
        at=chosen.asked.at,
    )


class OfferCase(EvCase):
    """The car gets an offer and selects, and that is all of it."""

    area = "services"

    def prepare(self, bench: EvBench) -> None:
        """The offer."""

    async def stimulate(self, bench: EvBench) -> None:
        """Plugs in and waits for what the car makes of the offer."""
        self.prepare(bench)
        await bench.plug_in()
        await flows.selected(bench)


class EitherOrder(EvCase):
    """Chargers list services in the order of their data base: a car that takes the first may never discharge."""

    id = "EV-SRV-ORDER-01"
    title = "ServiceDiscovery: [DC, DC_BPT] and [DC_BPT, DC] lead to the same service"
    area = "services"
    requirements = ("H-EV-SERVICE-ORDER",)
    pics = "dc and dc_bpt"
    hooks = ("plug_in", "unplug")
    faults: ClassVar = {"service-first-offered": "H-EV-SERVICE-ORDER"}

    async def stimulate(self, bench: EvBench) -> None:
        """Two sessions up to the selection."""
        for nth, order in enumerate(((ServiceId.DC, ServiceId.DC_BPT), (ServiceId.DC_BPT, ServiceId.DC))):
            flows.offer(bench, *order)
            await bench.plug_in()
            await bench.charger.wait_for(m.ServiceSelectionReq, nth=nth)
            await bench.act("unplug")
            await bench.charger.ended(within=10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares both selections."""
        both = [flows.selection(trace, nth) for nth in (0, 1)]
        orders = [tuple(id_ for id_ in one.services if id_ in {2, 6}) for one in both]
        yield holds(
            "H-EV-SERVICE-ORDER",
            both[0].service == both[1].service and set(orders) == {(2, 6), (6, 2)},
            expected="the same service in both orders",
            seen=" and ".join(f"{one.service} of {list(one.services)}" for one in both),
            at=[one.asked.frame.index for one in both],
        )


class UnknownServices(OfferCase):
    """Services that will be defined one day stand in the list of a charger that is newer than the car."""

    id = "EV-SRV-LIST-01"
    title = "ServiceDiscovery: unknown service ids are passed over"
    requirements = ("H-EV-SERVICE-LIST", "H-EV-SERVICE-OFFERED")
    faults: ClassVar = {"service-unknown-id-fatal": "H-EV-SERVICE-LIST"}

    def prepare(self, bench: EvBench) -> None:
        """Unknown ids around those that are known."""

        def more(response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
            known = response.EnergyTransferServiceList.Service
            around = (*listed(*UNKNOWN[:2]), *known[:5], *listed(UNKNOWN[2]))
            return replace(response, EnergyTransferServiceList=m.ServiceList(Service=around))

        bench.charger.alter(m.ServiceDiscoveryRes, more)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car goes on, and selects one that it can know."""
        told = ev.told(trace, m.ServiceDiscoveryRes, where=_unknown_ids)
        yield ev.next_is("H-EV-SERVICE-LIST", trace, told, m.ServiceDetailReq)
        chosen = flows.selection(trace)
        yield offered("H-EV-SERVICE-OFFERED", chosen)
        yield holds(
            "H-EV-SERVICE-LIST",
            chosen.service not in UNKNOWN,
            expected="a service that is defined",
            seen=chosen.words,
            at=chosen.asked.at,
        )


def _unknown_ids(response: m.ServiceDiscoveryRes) -> bool:
    there = {one.ServiceID for one in response.EnergyTransferServiceList.Service}
    return there.issuperset(UNKNOWN)


class ValueAddedServices(OfferCase):
    """Internet and parking beside the energy: in no laboratory, and at every second charger of a car park."""

    id = "EV-SRV-LIST-02"
    title = "ServiceDiscovery: value added services are no obstacle"
    requirements = ("H-EV-SERVICE-LIST", "H-EV-SERVICE-OFFERED")
    faults: ClassVar = {"service-vas-fatal": "H-EV-SERVICE-LIST"}

    def prepare(self, bench: EvBench) -> None:
        """Two services that move no energy; a car may ask for their details, and take them."""
        flows.lenient(bench)
        added = m.ServiceList(Service=listed(INTERNET, PARKING))
        bench.charger.alter(m.ServiceDiscoveryRes, lambda response: replace(response, VASList=added))
        bench.charger.alter(m.ServiceDetailRes, _internet)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car goes on, and selects energy."""
        told = ev.told(trace, m.ServiceDiscoveryRes, where=lambda one: one.VASList is not None)
        yield ev.next_is("H-EV-SERVICE-LIST", trace, told, m.ServiceDetailReq)
        detail = ev.told(trace, m.ServiceDetailRes, -1)
        yield ev.next_is("H-EV-SERVICE-LIST", trace, detail, m.ServiceSelectionReq, m.ServiceDetailReq)
        if isinstance(detail.next and detail.next.request, m.ServiceSelectionReq):
            yield offered("H-EV-SERVICE-OFFERED", flows.selection(trace))


def _internet(response: m.ServiceDetailRes) -> m.ServiceDetailRes:
    if response.ServiceID not in {INTERNET, PARKING}:
        return response
    https = (m.Parameter(Name="Protocol", finiteString="https"), m.Parameter(Name="Port", intValue=443))
    only = m.ParameterSet(ParameterSetID=4, Parameter=https)
    return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=(only,)))


class OnlyWhatIsOffered(OfferCase):
    """A bidirectional car at a charger that only charges: it takes what is there, and asks for nothing else."""

    id = "EV-SRV-OFFER-01"
    title = "Details and selection name what was offered"
    requirements = ("H-EV-SERVICE-OFFERED",)
    pics = "dc"
    faults: ClassVar = {
        "service-not-offered": "H-EV-SERVICE-OFFERED",
        "parameter-set-not-offered": "H-EV-SERVICE-OFFERED",
        "service-vas-selected": "H-EV-SERVICE-OFFERED",
    }

    def prepare(self, bench: EvBench) -> None:
        """DC alone."""
        flows.offer(bench, ServiceId.DC)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds both requests against the list."""
        told = ev.told(trace, m.ServiceDiscoveryRes)
        there = {one.ServiceID for one in told.message.EnergyTransferServiceList.Service}
        yield ev.every(
            "H-EV-SERVICE-OFFERED",
            ev.requests(trace, m.ServiceDetailReq),
            lambda one: one.request.ServiceID in there,
            expected=f"ServiceID among {sorted(there)}",
            seen=lambda one: f"ServiceID {one.request.ServiceID}",
        )
        chosen = flows.selection(trace)
        yield offered("H-EV-SERVICE-OFFERED", chosen)
        added = chosen.asked.request.SelectedVASList
        yield holds(
            "H-EV-SERVICE-OFFERED",
            added is None,
            expected="no value added service, for none was offered",
            seen="none" if added is None else str([one.ServiceID for one in added.SelectedService]),
            at=chosen.asked.at,
        )


class NothingFits(EvCase):
    """Nothing that the car can use: it leaves in order, and lets the driver find another charger."""

    area = "services"
    requirements = ("H-EV-SERVICE-NONE",)
    told: ClassVar[type]

    def prepare(self, bench: EvBench) -> None:
        """The offer."""

    def hopeless(self, response: Any) -> bool:
        """The response says that there is nothing."""
        raise NotImplementedError

    async def stimulate(self, bench: EvBench) -> None:
        """Plugs in and watches the car leave."""
        self.prepare(bench)
        await bench.plug_in()
        await bench.charger.ended(within=50.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing is selected, and the session ends."""
        told = flows.heard(trace, self.told, where=self.hopeless)
        selected = [one for one in ev.later(trace, told.frame) if isinstance(one.request, m.ServiceSelectionReq)]
        yield holds(
            "H-EV-SERVICE-NONE",
            not selected,
            expected="no ServiceSelectionReq",
            seen="one" if selected else "none",
            at=(told.frame.index, *(one.frame.index for one in selected[:1])),
        )
        yield ev.ends_session("H-EV-SERVICE-NONE", trace, told.frame, within=40.0)


class NoService(NothingFits):
    """The list holds nothing but services that the car does not know."""

    id = "EV-SRV-NONE-01"
    title = "ServiceDiscovery without a service that fits: a clean stop"
    faults: ClassVar = {"service-not-offered": "H-EV-SERVICE-NONE"}
    told = m.ServiceDiscoveryRes

    def prepare(self, bench: EvBench) -> None:
        """Unknown ids alone; who asks for the details of one gets them."""
        flows.lenient(bench)
        strange = m.ServiceList(Service=listed(*UNKNOWN))
        bench.charger.alter(m.ServiceDiscoveryRes, lambda one: replace(one, EnergyTransferServiceList=strange))

    def hopeless(self, response: m.ServiceDiscoveryRes) -> bool:
        """All of them are unknown."""
        return {one.ServiceID for one in response.EnergyTransferServiceList.Service} == set(UNKNOWN)


class NoSet(NothingFits):
    """The service is right, and every parameter set of it asks for a control mode that does not exist."""

    id = "EV-SRV-NONE-02"
    title = "ServiceDetail without a parameter set that fits: a clean stop"
    faults: ClassVar = {"parameter-set-unfit-taken": "H-EV-SERVICE-NONE"}
    told = m.ServiceDetailRes

    def prepare(self, bench: EvBench) -> None:
        """No set that fits, in any service."""
        flows.lenient(bench)
        flows.offer_sets(
            bench, lambda sets: tuple(with_value(one, "ControlMode", NO_MODE, one.ParameterSetID) for one in sets)
        )

    def hopeless(self, response: m.ServiceDetailRes) -> bool:
        """No set has a control mode that exists."""
        sets = response.ServiceParameterList.ParameterSet
        return all(flows.parameters(one).get("ControlMode") == NO_MODE for one in sets)


class DetailOfAnother(OfferCase):
    """Answers that got mixed up: parameter sets of another service are not those of the one that was asked for."""

    id = "EV-SRV-DETAIL-01"
    title = "ServiceDetail: details of another service are not selected from"
    requirements = ("H-EV-SERVICE-DETAIL",)
    faults: ClassVar = {"service-detail-of-other-accepted": "H-EV-SERVICE-DETAIL"}

    def prepare(self, bench: EvBench) -> None:
        """Every detail is of service 4711."""
        flows.lenient(bench)
        bench.charger.alter(m.ServiceDetailRes, lambda one: replace(one, ServiceID=UNKNOWN[0]))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No selection behind it."""
        told = flows.heard(trace, m.ServiceDetailRes, where=lambda one: one.ServiceID == UNKNOWN[0])
        selected = [one for one in ev.later(trace, told.frame) if isinstance(one.request, m.ServiceSelectionReq)]
        if told.next is None:
            yield ev.ends_session("H-EV-SERVICE-DETAIL", trace, told.frame, within=40.0)
        yield holds(
            "H-EV-SERVICE-DETAIL",
            not selected,
            expected="no ServiceSelectionReq",
            seen="one" if selected else "none",
            at=(*told.at, *(one.frame.index for one in selected)),
        )


class SetsCase(OfferCase):
    """Parameter sets that are legal and look like nothing in the laboratory."""

    requirements: ClassVar = ("H-EV-PARAMETER-SETS",)

    def strange(self, response: m.ServiceDetailRes) -> bool:
        """The response is what the case is about."""
        raise NotImplementedError

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car goes on, and takes a set by its values."""
        told = ev.told(trace, m.ServiceDetailRes, -1, where=self.strange)
        yield ev.next_is("H-EV-PARAMETER-SETS", trace, told, m.ServiceSelectionReq)
        yield usable("H-EV-PARAMETER-SETS", flows.selection(trace))


class UnknownNames(SetsCase):
    """Manufacturers add parameters, and so do amendments: a name that is not known is none of the car's business."""

    id = "EV-SRV-SETS-01"
    title = "ServiceDetail: parameters of unknown names and of every type are passed over"
    faults: ClassVar = {"parameter-unknown-fatal": "H-EV-PARAMETER-SETS"}
    extra: ClassVar = (
        m.Parameter(Name="Colour", finiteString="green"),
        m.Parameter(Name="Roof", boolValue=True),
        m.Parameter(Name="Length", rationalNumber=m.RationalNumber.of(5.5)),
        m.Parameter(Name="Floor", byteValue=-2),
        m.Parameter(Name="Bay", shortValue=17),
    )

    def prepare(self, bench: EvBench) -> None:
        """Unknown names before and behind the known ones."""
        flows.offer_sets(
            bench,
            lambda sets: tuple(
                replace(one, Parameter=(*self.extra[:2], *one.Parameter, *self.extra[2:])) for one in sets
            ),
        )

    def strange(self, response: m.ServiceDetailRes) -> bool:
        """Every set holds all of them."""
        names = {one.Name for one in self.extra}
        return all(names <= flows.parameters(one).keys() for one in response.ServiceParameterList.ParameterSet)


class ManySets(SetsCase):
    """The schema allows 32 sets of 32 parameters; buffers of cars that were seen hold four of eight."""

    id = "EV-SRV-SETS-02"
    title = "ServiceDetail: 32 parameter sets of 32 parameters"
    faults: ClassVar = {"parameter-many-fatal": "H-EV-PARAMETER-SETS"}
    most: ClassVar = 32

    def prepare(self, bench: EvBench) -> None:
        """Sets that fit nobody, and then those that do; all of them as long as may be."""

        def filled(one: m.ParameterSet) -> m.ParameterSet:
            spare = tuple(m.Parameter(Name=f"Reserve{n}", intValue=n) for n in range(self.most - len(one.Parameter)))
            return replace(one, Parameter=(*one.Parameter, *spare))

        def many(sets: flows.Sets) -> flows.Sets:
            spare = (with_value(sets[0], "ControlMode", NO_MODE, 100 + n) for n in range(self.most - len(sets)))
            return tuple(filled(one) for one in (*spare, *sets))

        flows.offer_sets(bench, many)

    def strange(self, response: m.ServiceDetailRes) -> bool:
        """As many as may be."""
        sets = response.ServiceParameterList.ParameterSet
        return len(sets) == self.most and all(len(one.Parameter) == self.most for one in sets)


class SetsByValue(SetsCase):
    """Ids of parameter sets begin at 0, at 1, or anywhere, in any order: they mean nothing, the values do."""

    id = "EV-SRV-SETS-03"
    title = "ServiceDetail: parameter sets are matched by value, not by number or place"
    pics = "scheduled"
    faults: ClassVar = {"parameter-set-first": "H-EV-PARAMETER-SETS", "parameter-set-by-number": "H-EV-PARAMETER-SETS"}

    def prepare(self, bench: EvBench) -> None:
        """Two sets that fit nobody under the usual numbers, and the Scheduled one under another between them."""
        flows.lenient(bench)

        def mixed(sets: flows.Sets) -> flows.Sets:
            good = next(one for one in sets if flows.parameters(one)["ControlMode"] == ControlMode.SCHEDULED)
            return (
                with_value(good, "ControlMode", NO_MODE, 2),
                replace(good, ParameterSetID=77, Parameter=good.Parameter[::-1]),
                with_value(good, "ControlMode", NO_MODE, 1),
            )

        flows.offer_sets(bench, mixed)

    def strange(self, response: m.ServiceDetailRes) -> bool:
        """The good one is number 77."""
        return [one.ParameterSetID for one in response.ServiceParameterList.ParameterSet] == [2, 77, 1]
