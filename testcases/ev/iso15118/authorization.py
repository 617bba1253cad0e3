"""AuthorizationSetup and Authorization with EIM: what a car selects, how it waits, what it makes of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import Eim, Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

EIM, PNC = m.Authorization.EIM, m.Authorization.PnC
WARNING = m.ResponseCode.WARNING_EIMAuthorizationFailure


class AuthorizationCase(EvCase):
    """A session up to the services, with a charger that offers certain ways of authorization."""

    area = "authorization"
    services: ClassVar[tuple[m.Authorization, ...]] = (EIM,)
    outcomes: ClassVar[tuple[Eim, ...]] = (Eim.ACCEPT,)
    seconds: ClassVar[float] = 30.0

    async def stimulate(self, bench: EvBench) -> None:
        """Offers, and watches until the car goes on or ends."""
        bench.charger.configure(authorization_services=self.services, authorization=self.outcomes)
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationReq)
        await bench.charger.wait_for(m.ServiceDiscoveryReq, within=self.seconds)
        bench.charger.cut()


class Selected(AuthorizationCase):
    """The car selects a service out of the list, and its mode block belongs to it."""

    requirements = ("V2G20-2566",)
    faults: ClassVar = {"auth-pnc-without-contract": "V2G20-2566"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares offer and selection."""
        offer = ev.told(trace, m.AuthorizationSetupRes, where=lambda one: one.AuthorizationServices == self.services)
        asked = next((one for one in ev.requests(trace, m.AuthorizationReq, link=offer.link)), None)
        if asked is None or asked.frame.index < offer.frame.index:
            # A car that leaves by itself has found nothing in the offer.
            yield ev.next_is("V2G20-2566", trace, offer, m.AuthorizationReq, m.CertificateInstallationReq)
            return
        selected = asked.request.SelectedAuthorizationService
        mode = type(asked.request.AReqAuthorizationMode)
        fitting = m.PnC_AReqAuthorizationMode if selected is PNC else m.EIM_AReqAuthorizationMode
        yield holds(
            "V2G20-2566",
            selected in self.services and mode is fitting,
            expected=f"one of {', '.join(one.name for one in self.services)}, with its own mode block",
            seen=f"{selected.name} with {mode.__name__}",
            at=(offer.frame.index, *asked.at),
        )


class EimAlone(Selected):
    """A charger with a card reader alone: the car waits for the card, and signs nothing.

    A signature in an EIM session is refused by chargers that read the schema strictly (a defect of the field).
    """

    id = "EV-AUTH-EIM-01"
    title = "Authorization: with EIM alone on offer the request is one of EIM, and unsigned"
    requirements = ("V2G20-2566", "H-EV-AUTH-UNSIGNED")
    pics = "eim"
    faults: ClassVar = {"auth-pnc-without-contract": "V2G20-2566", "auth-eim-signed": "H-EV-AUTH-UNSIGNED"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The selection, and the headers of all requests of EIM."""
        yield from super().judge(trace)
        mine = [
            one for one in ev.requests(trace, m.AuthorizationReq) if one.request.SelectedAuthorizationService is EIM
        ]
        yield ev.every(
            "H-EV-AUTH-UNSIGNED",
            mine or [ev.asked(trace, m.AuthorizationReq)],
            lambda one: one.request.Header.Signature is None,
            expected="no Signature in AuthorizationReq of EIM",
            seen=lambda _: "a Signature",
        )


class EimFirst(Selected):
    """The order of the list says nothing: a car without a contract finds EIM in it."""

    id = "EV-AUTH-OFFER-01"
    title = "Authorization: an offer of EIM and PnC, in this order"
    services = (EIM, PNC)


class PncFirst(Selected):
    """A car that takes the first entry, or the last, is right at half of all chargers."""

    id = "EV-AUTH-OFFER-02"
    title = "Authorization: an offer of PnC and EIM, in this order"
    services = (PNC, EIM)


class Waits(AuthorizationCase):
    """The charger asks its back end: the car asks again until it is told that this is finished."""

    requirements = ("H-EV-AUTH-ONGOING",)
    pics = "eim"
    faults: ClassVar = {"auth-ongoing-as-finished": "H-EV-AUTH-ONGOING"}
    processing: ClassVar[m.Processing]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Behind each Ongoing the same again, behind Finished the services."""
        ongoing = [
            frame
            for frame, message in trace.messages(m.AuthorizationRes)
            if message.EVSEProcessing is self.processing and message.ResponseCode is m.ResponseCode.OK
        ]
        if len(ongoing) < 1:
            raise Inconclusive(f"the charger never said {self.processing.name}: {trace.last_words()}")
        for frame in ongoing:
            yield ev.next_is("H-EV-AUTH-ONGOING", trace, ev.told_by(trace, frame), m.AuthorizationReq)


class Ongoing(Waits):
    """Ongoing: nobody but the back end has to do anything."""

    id = "EV-AUTH-ONGOING-01"
    title = "Authorization: while Ongoing the request is repeated"
    outcomes = (Eim.ONGOING, Eim.ONGOING, Eim.ONGOING, Eim.ACCEPT)
    processing = m.Processing.Ongoing


class WaitsForCustomer(Waits):
    """The driver looks for a card: a car that gives up meanwhile leaves him in front of a dead charger."""

    id = "EV-AUTH-ONGOING-02"
    title = "Authorization: while the customer is waited for, the request is repeated"
    outcomes = (*(Eim.WAITING,) * 8, Eim.ACCEPT)
    processing = m.Processing.Ongoing_WaitingForCustomerInteraction


class Refused(AuthorizationCase):
    """A card that is refused is no end: the car may ask again, and must not go on as if it had been let in."""

    id = "EV-AUTH-REFUSED-01"
    title = "Authorization: behind WARNING_EIMAuthorizationFailure no services; behind a retry that is accepted, them"
    requirements = ("V2G20-2230",)
    pics = "eim"
    faults: ClassVar = {"auth-refusal-ignored": "V2G20-2230", "auth-retry-runs-dry": "V2G20-2230"}
    outcomes = (Eim.REJECT, Eim.ACCEPT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the refusal; if it is another try, that behind its answer."""
        refused = ev.told(trace, m.AuthorizationRes, where=lambda one: one.ResponseCode is WARNING)
        yield ev.not_let_in("V2G20-2230", trace, refused)
        if refused.next is not None and isinstance(refused.next.request, m.AuthorizationReq):
            accepted = ev.told(
                trace,
                m.AuthorizationRes,
                where=lambda one: one.ResponseCode is m.ResponseCode.OK and one.EVSEProcessing is m.Processing.Finished,
            )
            yield ev.next_is("V2G20-2230", trace, accepted, m.ServiceDiscoveryReq)


class SelectionRefused(AuthorizationCase):
    """The charger takes back what it offered (a back end that went away): the car is not let in by that either."""

    id = "EV-AUTH-REFUSED-02"
    title = "Authorization: behind WARNING_AuthorizationSelectionInvalid no services"
    requirements = ("V2G20-2230",)
    pics = "eim"
    faults: ClassVar = {"auth-refusal-ignored": "V2G20-2230"}
    outcomes = (Eim.REJECT, Eim.ACCEPT)

    async def stimulate(self, bench: EvBench) -> None:
        """As above, with the other code."""
        bench.charger.fail(m.AuthorizationRes, m.ResponseCode.WARNING_AuthorizationSelectionInvalid, nth=0)
        await super().stimulate(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The request behind the refusal."""
        code = m.ResponseCode.WARNING_AuthorizationSelectionInvalid
        refused = ev.told(trace, m.AuthorizationRes, where=lambda one: one.ResponseCode is code)
        yield ev.not_let_in("V2G20-2230", trace, refused)
