"""supportedAppProtocol: what the car offers, and what it makes of the choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

NAMESPACES = (
    "urn:iso:std:iso:15118:-20:",
    "urn:iso:15118:2:2013:MsgDef",
    "urn:iso:15118:2:2010:MsgDef",
    "urn:din:70121:2012:MsgDef",
)
"""What the namespaces of the parts begin with; a manufacturer's own would be agreed on by contract."""


class OfferWellFormed(EvCase):
    """A charger picks by Priority and echoes a SchemaID: where two offers share one, it cannot say what it means."""

    id = "EV-SAP-OFFER-01"
    title = "supportedAppProtocol: unique priorities and ids, known namespaces"
    area = "app-protocol"
    requirements = ("H-EV-SAP-OFFER",)
    faults = {
        "sap-priority-twice": "H-EV-SAP-OFFER",
        "sap-schema-id-twice": "H-EV-SAP-OFFER",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """A good session up to the choice."""
        await bench.plug_in()
        await bench.charger.wait_for(m.SessionSetupReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the entries."""
        asked = ev.asked(trace, m.SupportedAppProtocolReq)
        offers = asked.request.AppProtocol
        for name in ("Priority", "SchemaID"):
            values = [getattr(offer, name) for offer in offers]
            yield holds(
                "H-EV-SAP-OFFER",
                len(set(values)) == len(values),
                expected=f"{name} unique",
                seen=", ".join(str(value) for value in values),
                at=asked.at,
            )
        strange = [
            offer.ProtocolNamespace
            for offer in offers
            if not offer.ProtocolNamespace.startswith(NAMESPACES)
            # Common messages are implied by every energy namespace, and never offered.
            or offer.ProtocolNamespace.endswith((":CommonMessages", ":CommonTypes"))
        ]
        yield holds(
            "H-EV-SAP-OFFER",
            not strange,
            expected="namespaces of an energy transfer or of an older part",
            seen=", ".join(strange) or f"{len(offers)} such",
            at=asked.at,
        )


class RefusalRespected(EvCase):
    """Where no protocol is common, there is nothing to talk about."""

    id = "EV-SAP-REFUSED-01"
    title = "supportedAppProtocol: Failed_NoNegotiation ends the session"
    area = "app-protocol"
    requirements = ("H-EV-SAP-REFUSED",)
    faults = {"sap-refusal-ignored": "H-EV-SAP-REFUSED"}

    async def stimulate(self, bench: EvBench) -> None:
        """Refuses every protocol."""
        bench.charger.alter(
            m.SupportedAppProtocolRes,
            lambda response: replace(response, ResponseCode=m.SapResponseCode.Failed_NoNegotiation, SchemaID=None),
        )
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No request behind the refusal."""
        refused = ev.told(trace, m.SupportedAppProtocolRes)
        yield ev.nothing_but_stop("H-EV-SAP-REFUSED", trace, refused.frame)
        yield ev.ends_session("H-EV-SAP-REFUSED", trace, refused.frame)


class UnknownSchemaId(EvCase):
    """A charger that echoes an id of its own (field defect) has not said which protocol it speaks."""

    id = "EV-SAP-SCHEMA-01"
    title = "supportedAppProtocol: a SchemaID that was never offered is no agreement"
    area = "app-protocol"
    requirements = ("H-EV-SAP-SCHEMA",)
    faults = {"sap-takes-any-schema-id": "H-EV-SAP-SCHEMA"}

    async def stimulate(self, bench: EvBench) -> None:
        """Chooses an entry that is not there."""
        bench.charger.alter(m.SupportedAppProtocolRes, lambda response: replace(response, SchemaID=255))
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No request behind the strange choice."""
        chosen = ev.told(trace, m.SupportedAppProtocolRes, where=lambda one: one.SchemaID == 255)
        yield ev.nothing_but_stop("H-EV-SAP-SCHEMA", trace, chosen.frame)


class Version(EvCase):
    """A charger compares the major version: an offer of another one is an offer of another protocol, and refused."""

    id = "EV-SAP-VERSION-01"
    title = "supportedAppProtocol: ISO 15118-20 is offered as version 1.0"
    area = "app-protocol"
    requirements = ("H-EV-SAP-VERSION",)
    faults = {"sap-wrong-major": "H-EV-SAP-VERSION"}

    async def stimulate(self, bench: EvBench) -> None:
        """Waits for the offer."""
        await bench.plug_in()
        await bench.charger.wait_for(m.SupportedAppProtocolReq)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the entries of this part; another minor version is a deviation that a charger takes."""
        asked = ev.asked(trace, m.SupportedAppProtocolReq)
        mine = [one for one in asked.request.AppProtocol if one.ProtocolNamespace.startswith(ev.PART_20)]
        if not mine:
            raise Inconclusive("the car offers no ISO 15118-20")
        yield holds(
            "H-EV-SAP-VERSION",
            all(one.VersionNumberMajor == 1 for one in mine),
            expected="VersionNumberMajor 1",
            seen=", ".join(f"{one.VersionNumberMajor}.{one.VersionNumberMinor}" for one in mine),
            at=asked.at,
        )


class MinorDeviation(EvCase):
    """A charger with another minor version says so and goes on: so does the car, or the fleet ages by the year."""

    id = "EV-SAP-MINOR-01"
    title = "supportedAppProtocol: a minor deviation is an agreement"
    area = "app-protocol"
    requirements = ("H-EV-SAP-MINOR",)
    faults = {"sap-minor-deviation-refused": "H-EV-SAP-MINOR"}

    async def stimulate(self, bench: EvBench) -> None:
        """Agrees with a deviation."""
        bench.charger.fail(m.SupportedAppProtocolRes, m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation)
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationSetupReq)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """SessionSetupReq comes next."""
        deviation = m.SapResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
        agreed = ev.told(trace, m.SupportedAppProtocolRes, where=lambda one: one.ResponseCode is deviation)
        yield ev.next_is("H-EV-SAP-MINOR", trace, agreed, m.SessionSetupReq)


class LowerPriority(EvCase):
    """The charger speaks only what the car likes less: the car speaks it too, instead of what it likes best.

    A car that takes the SchemaID for a formality speaks DC to an AC outlet (a defect of the field).
    """

    id = "EV-SAP-CHOICE-01"
    title = "supportedAppProtocol: the charger's choice of a lower priority is followed"
    area = "app-protocol"
    requirements = ("H-EV-SAP-CHOICE",)
    pics = "(dc or dc_bpt) and (ac or ac_bpt)"
    hooks = ("plug_in", "unplug")
    faults = {"sap-schema-id-ignored": "H-EV-SAP-CHOICE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Looks at the offer once, then has only the last choice of the car."""
        await bench.plug_in()
        offer = await bench.charger.wait_for(m.SupportedAppProtocolReq)
        bench.charger.cut()
        await bench.act("unplug")
        await bench.wait(2.0)
        best = min(offer.AppProtocol, key=lambda one: one.Priority)
        others = [one for one in bench.services if one.namespace != best.ProtocolNamespace]
        kind = others[-1].namespace if others else best.ProtocolNamespace
        bench.charger.configure(services=tuple(one for one in bench.services if one.namespace == kind))
        mark = bench.charger.mark
        await bench.plug_in()
        await bench.charger.wait_for(m.ScheduleExchangeReq, since=mark, within=30.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """ChargeParameterDiscoveryReq of the chosen kind; the namespace of its grammar is part of its type."""
        chosen, entry = ev.less_liked_choice(trace)
        kind = m.AC_ChargeParameterDiscoveryReq if entry.ProtocolNamespace.endswith(AC) else DC_REQUEST
        asked = next(
            (
                one
                for one in ev.later(trace, chosen.frame)
                if isinstance(one.request, (m.AC_ChargeParameterDiscoveryReq, DC_REQUEST))
            ),
            None,
        )
        over = asked is not None or ev.terminated(trace, chosen.frame)
        if not over and ev.watched(trace, chosen.frame) < 20.0:
            raise Inconclusive("the session was not watched for long enough")
        yield holds(
            "H-EV-SAP-CHOICE",
            asked is not None and isinstance(asked.request, kind),
            expected=f"{kind.__name__} behind the choice of {entry.ProtocolNamespace}",
            seen=ev.named(asked) if asked is not None else "the session came to its end before",
            at=(*chosen.at, *(() if asked is None else (asked.frame.index,))),
        )


AC = (":AC", ":AC-DER-IEC", ":AC-DER-SAE")
DC_REQUEST = m.DC_ChargeParameterDiscoveryReq
