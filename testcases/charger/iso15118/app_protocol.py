"""supportedAppProtocol: which protocol is spoken (reference 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from v2gready.authoring import (
    AC_NAMESPACE,
    DC_NAMESPACE,
    ChargerBench,
    ChargerCase,
    Exchange,
    Observation,
    Offer,
    Trace,
    answered,
    at_least,
    describe,
    holds,
    never_ok,
)
from v2gready.authoring import messages as m

OK = m.SapResponseCode.OK_SuccessfulNegotiation
DEVIATION = m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
FAILED = m.SapResponseCode.Failed_NoNegotiation

UNKNOWN = (
    "urn:v2gready:no-such-protocol",
    "urn:iso:std:iso:15118:-20",
    "urn:iso:std:iso:15118:-20:DCX",
    "urn:iso:std:iso:15118:-20:CommonMessages",  # implied by an energy namespace, never offered
)
"""Namespaces that no charger speaks, some of them near misses."""


async def offer(bench: ChargerBench, *offers: Offer) -> None:
    """Sends supportedAppProtocolReq with these offers."""
    async with bench.ev.session(offers=offers) as session:
        await session.proceed()


def own(bench: ChargerBench, schema_id: int, priority: int, **version: int) -> Offer:
    """An offer that the charger speaks."""
    return Offer(bench.ev.plan.app_protocols[0].namespace, schema_id, priority, **version)


def chosen(requirement: str, exchange: Exchange[Any], schema_id: int) -> Observation:
    """The negotiation names that SchemaID."""
    seen = getattr(exchange.answer, "SchemaID", None)
    return holds(
        requirement,
        seen == schema_id and exchange.answer.ResponseCode is not FAILED,
        expected=f"OK with SchemaID {schema_id}",
        seen=f"{describe(exchange)}, SchemaID {seen}",
        at=exchange.at,
    )


def first_choice(exchange: Exchange[m.SupportedAppProtocolReq]) -> int:
    """SchemaID of the offer of ours with the lowest Priority number among those that a charger can speak."""
    able = [one for one in exchange.sent.AppProtocol if one.ProtocolNamespace in {AC_NAMESPACE, DC_NAMESPACE}]
    return min(able, key=lambda one: one.Priority).SchemaID


class PriorityCounts(ChargerCase):
    """Of two protocols that both sides speak, the one with the lowest Priority number is taken, not the first one."""

    id = "CHG-SAP-PRIO-01"
    title = "SAP: the lowest Priority number wins"
    area = "app-protocol"
    requirements = ("V2G20-169",)
    pics = "(dc or dc_bpt) and (ac or ac_bpt)"
    faults = {"sap-first-offer-wins": "V2G20-169", "sap-highest-number-wins": "V2G20-169"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers AC and DC in both orders."""
        await offer(bench, Offer(DC_NAMESPACE, schema_id=7, priority=2), Offer(AC_NAMESPACE, schema_id=9, priority=1))
        await offer(bench, Offer(AC_NAMESPACE, schema_id=7, priority=1), Offer(DC_NAMESPACE, schema_id=9, priority=2))
        await offer(bench, Offer(AC_NAMESPACE, schema_id=7, priority=20), Offer(DC_NAMESPACE, schema_id=9, priority=3))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The SchemaID of the preferred offer comes back."""
        for exchange in at_least(3, trace.exchanges(m.SupportedAppProtocolReq), trace):
            yield chosen("V2G20-169", exchange, first_choice(exchange))


class SchemaIdEchoed(ChargerCase):
    """SchemaID is the car's own name for the protocol: the charger echoes it, whatever number it is."""

    id = "CHG-SAP-ECHO-01"
    title = "SAP: the SchemaID is echoed"
    area = "app-protocol"
    requirements = ("V2G20-169",)
    faults = {"sap-literal-schema-id": "V2G20-169", "sap-schema-id-missing": "V2G20-169"}
    numbers = (0, 1, 127, 255)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers the same protocol under several numbers."""
        for number in self.numbers:
            await offer(bench, own(bench, schema_id=number, priority=1))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The same number comes back."""
        for exchange in at_least(len(self.numbers), trace.exchanges(m.SupportedAppProtocolReq), trace):
            yield chosen("V2G20-169", exchange, first_choice(exchange))


class UnknownSkipped(ChargerCase):
    """Protocols that the charger does not speak are left out, however urgent the car holds them."""

    id = "CHG-SAP-FILTER-01"
    title = "SAP: protocols that the charger does not speak are left out"
    area = "app-protocol"
    requirements = ("V2G20-167",)
    faults = {"sap-accepts-foreign-namespace": "V2G20-167"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers unknown protocols first, and one that fits last."""
        unknown = [Offer(name, schema_id=10 + at, priority=1 + at) for at, name in enumerate(UNKNOWN)]
        await offer(bench, *unknown, own(bench, schema_id=30, priority=20))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The one that fits is taken."""
        yield chosen("V2G20-167", trace.exchange(m.SupportedAppProtocolReq), 30)


class NothingInCommon(ChargerCase):
    """Without a common protocol there is no negotiation."""

    id = "CHG-SAP-NONE-01"
    title = "SAP: without a common protocol the negotiation fails"
    area = "app-protocol"
    requirements = ("V2G20-167",)
    faults = {"sap-accepts-foreign-namespace": "V2G20-167"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers unknown protocols alone, one by one."""
        for name in UNKNOWN:
            await offer(bench, Offer(name, schema_id=1, priority=1))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Failed_NoNegotiation to each."""
        for exchange in at_least(len(UNKNOWN), trace.exchanges(m.SupportedAppProtocolReq), trace):
            yield answered("V2G20-167", exchange, FAILED)


class MajorVersion(ChargerCase):
    """Another major version is another protocol."""

    id = "CHG-SAP-MAJOR-01"
    title = "SAP: an unknown major version is not negotiated"
    area = "app-protocol"
    requirements = ("H-SAP-VERSION",)
    faults = {"sap-accepts-unknown-major": "H-SAP-VERSION"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers version 9.0."""
        await offer(bench, own(bench, schema_id=4, priority=1, major=9))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Failed_NoNegotiation."""
        yield answered("H-SAP-VERSION", trace.exchange(m.SupportedAppProtocolReq), FAILED)


class MinorVersion(ChargerCase):
    """Another minor version is the same protocol, and the charger tells the deviation."""

    id = "CHG-SAP-MINOR-01"
    title = "SAP: a newer minor version is a deviation"
    area = "app-protocol"
    requirements = ("H-SAP-VERSION",)
    faults = {"sap-refuses-minor-deviation": "H-SAP-VERSION", "sap-hides-minor-deviation": "H-SAP-VERSION"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers version 1.9."""
        await offer(bench, own(bench, schema_id=4, priority=1, minor=9))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK_SuccessfulNegotiationWithMinorDeviation."""
        yield answered("H-SAP-VERSION", trace.exchange(m.SupportedAppProtocolReq), DEVIATION)


class TwentyOffers(ChargerCase):
    """A car may offer twenty protocols, and the only one in common may be the last."""

    id = "CHG-SAP-TWENTY-01"
    title = "SAP: the last of twenty offers is found"
    area = "app-protocol"
    requirements = ("V2G20-169",)
    faults = {"sap-reads-five-offers": "V2G20-169"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers nineteen unknown protocols, with names as long as the schema allows, and one that fits."""
        unknown = [Offer(f"urn:v2gready:{number}:".ljust(100, "x"), number, number) for number in range(1, 20)]
        await offer(bench, *unknown, own(bench, schema_id=20, priority=20))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The one that fits is taken."""
        yield chosen("V2G20-169", trace.exchange(m.SupportedAppProtocolReq), 20)


class NothingBefore(ChargerCase):
    """Before supportedAppProtocol no other request is served."""

    id = "CHG-SAP-FIRST-01"
    title = "SAP: no session without negotiation"
    area = "app-protocol"
    requirements = ("H-SAP-ONCE",)
    faults = {"sequence-check-missing": "H-SAP-ONCE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Begins with SessionSetupReq."""
        async with bench.ev.session() as session:
            await session.ask(session.request(m.SessionSetupReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK."""
        yield never_ok("H-SAP-ONCE", trace, trace.exchange(m.SessionSetupReq))


class OnlyOnce(ChargerCase):
    """Within a session the protocol is not negotiated again."""

    id = "CHG-SAP-AGAIN-01"
    title = "SAP: no second negotiation on a connection"
    area = "app-protocol"
    requirements = ("H-SAP-ONCE",)
    faults = {"sequence-check-missing": "H-SAP-ONCE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends supportedAppProtocolReq in mid session."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            await session.ask(session.request(m.SupportedAppProtocolReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK to the second one."""
        yield never_ok("H-SAP-ONCE", trace, trace.exchange(m.SupportedAppProtocolReq, nth=1))
