"""AuthorizationSetup and Authorization by external means (reference 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from v2gready.authoring import (
    FAILED_CODES,
    ChargerBench,
    ChargerCase,
    EvSession,
    Exchange,
    Limit,
    Measurement,
    Observation,
    Trace,
    answered,
    at_least,
    describe,
    holds,
    measured,
    refused,
    timers,
)
from v2gready.authoring import messages as m

OK = m.ResponseCode.OK
WARNING = m.ResponseCode.WARNING_EIMAuthorizationFailure
FINISHED = m.Processing.Finished


async def decision(session: EvSession) -> None:
    """Asks for authorization until the charger has decided."""
    while ongoing(await session.proceed()):
        pass


def ongoing(answer: Any) -> bool:
    """The charger has not decided yet."""
    return getattr(answer, "EVSEProcessing", FINISHED) is not FINISHED


def finished(requirement: str, exchange: Exchange[m.AuthorizationReq]) -> Observation:
    """EVSEProcessing says Finished."""
    processing = getattr(exchange.answer, "EVSEProcessing", None)
    seen = describe(exchange) if processing is None else processing.name
    return holds(requirement, processing is FINISHED, expected="EVSEProcessing Finished", seen=seen, at=exchange.at)


class SetupOffer(ChargerCase):
    """AuthorizationSetupRes offers the services that the charger has, with the mode block that belongs to them."""

    id = "CHG-AUTH-SETUP-01"
    title = "AuthorizationSetup: the offer is complete and consistent"
    area = "authorization"
    requirements = ("H-PICS", "V2G20-2566")
    faults = {"offers-undeclared-pnc": "V2G20-2566"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for the offer."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the offer with the declaration, and its parts with each other."""
        exchange = trace.exchange(m.AuthorizationSetupReq)
        answer = exchange.answer
        if not isinstance(answer, m.AuthorizationSetupRes):
            yield answered("V2G20-2566", exchange, OK)
            return
        offered = sorted(one.name for one in answer.AuthorizationServices)
        declared = sorted(one.name for one in m.Authorization if trace.declared.get(one.name.lower()))
        yield holds("H-PICS", offered == declared, expected=f"{declared}, as declared", seen=offered, at=exchange.at)
        pnc = m.Authorization.PnC in answer.AuthorizationServices
        wanted = m.PnC_ASResAuthorizationMode if pnc else m.EIM_ASResAuthorizationMode
        mode = answer.ASResAuthorizationMode
        seen = f"{offered} with {type(mode).__name__}"
        yield holds("V2G20-2566", isinstance(mode, wanted), expected=wanted.__name__, seen=seen, at=exchange.at)


class GoodCustomer(ChargerCase):
    """A customer who is authorized by external means charges: the answer is OK, Finished in the end, and in time."""

    id = "CHG-AUTH-EIM-01"
    title = "Authorization: an accepted customer is authorized"
    area = "authorization"
    requirements = ("H-AUTH-EIM", "H-ONGOING")
    pics = "eim"
    faults = {"authorization-never-ends": "H-AUTH-EIM"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Waits for the authorization that every case relies on."""
        async with bench.ev.session() as session:
            await session.reach(m.ServiceDiscoveryReq)
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to each request, Finished at last, within the time that a charger may take."""
        found = list(at_least(1, trace.exchanges(m.AuthorizationReq), trace))
        for exchange in found:
            yield answered("H-AUTH-EIM", exchange, OK)
        last = found[-1]
        yield finished("H-AUTH-EIM", last)
        if last.response is not None:
            limit = Limit("s", high=timers.V2G_SECC_ONGOING_PERFORMANCE)
            span = Measurement(last.response.t - found[0].request.t, "s", trace.timing_uncertainty)
            at = (found[0].request.index, last.response.index)
            yield measured("H-ONGOING", span, limit, what="time to the end of authorization", at=at)


class _RefusedCustomer(ChargerCase):
    """A case with a customer whom the charger refuses; it accepts everybody again behind the case."""

    area = "authorization"
    pics = "eim"
    hooks = ("reject_authorization", "accept_authorization")

    async def stimulate(self, bench: ChargerBench) -> None:
        """Lets the charger refuse."""
        await bench.act("reject_authorization")
        try:
            await self.come(bench)
        finally:
            await bench.act("accept_authorization")

    async def come(self, bench: ChargerBench) -> None:
        """What the customer does."""
        raise NotImplementedError


class BadCustomer(_RefusedCustomer):
    """A refused customer is told so at once: a warning, with EVSEProcessing Finished, and again at the next try."""

    id = "CHG-AUTH-REJECT-01"
    title = "Authorization: a refused customer gets a warning with Finished"
    requirements = ("V2G20-2219",)
    faults = {
        "eim-failure-as-failed": "V2G20-2219",
        "eim-failure-ongoing": "V2G20-2219",
        "eim-failure-without-warning": "V2G20-2219",
        "accepts-refused-card": "V2G20-2219",
    }

    async def come(self, bench: ChargerBench) -> None:
        """Shows a bad card, twice."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)
            await decision(session)
            await decision(session)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_EIMAuthorizationFailure and Finished, as soon as it has decided."""
        found = list(trace.exchanges(m.AuthorizationReq))
        decided = [one for one in found if not ongoing(one.answer)]
        for exchange in at_least(2, decided or found[-1:], trace):
            yield answered("V2G20-2219", exchange, WARNING)
            yield finished("V2G20-2219", exchange)


class SecondTry(_RefusedCustomer):
    """A refused customer may try again, and is authorized if the charger accepts him this time."""

    id = "CHG-AUTH-RETRY-01"
    title = "Authorization: a customer may try again"
    requirements = ("V2G20-2230",)
    faults = {"authorization-retry-refused": "V2G20-2230"}

    async def come(self, bench: ChargerBench) -> None:
        """Shows a bad card, and then a good one."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)
            await decision(session)
            await bench.act("accept_authorization")
            await session.reach(m.ServiceDiscoveryReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK to the last request."""
        exchange = list(at_least(2, trace.exchanges(m.AuthorizationReq), trace))[-1]
        yield answered("V2G20-2230", exchange, OK)
        yield finished("V2G20-2230", exchange)


class NoServiceWithoutAuthorization(_RefusedCustomer):
    """Finished with a warning is not authorized: services are for authorized customers."""

    id = "CHG-AUTH-SKIP-01"
    title = "Authorization: no service for a refused customer"
    requirements = ("H-AUTH-BEFORE-SERVICE",)
    faults = {"sequence-check-missing": "H-AUTH-BEFORE-SERVICE", "accepts-refused-card": "H-AUTH-BEFORE-SERVICE"}

    async def come(self, bench: ChargerBench) -> None:
        """Shows a bad card and goes on as if it were good."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)
            await decision(session)
            await session.ask(session.request(m.ServiceDiscoveryReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SequenceError."""
        exchange = trace.exchange(m.ServiceDiscoveryReq)
        yield refused("H-AUTH-BEFORE-SERVICE", exchange, m.ResponseCode.FAILED_SequenceError)


class PncNotOffered(ChargerCase):
    """An authorization service that was not offered is refused with a warning; the one that was is still open."""

    id = "CHG-AUTH-PNC-01"
    title = "Authorization: Plug & Charge though not offered"
    area = "authorization"
    requirements = ("V2G20-2209", "V2G20-2230")
    pics = "eim and not pnc"
    faults = {
        "accepts-unoffered-authorization": "V2G20-2209",
        "unoffered-authorization-as-failed": "V2G20-2209",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for Plug & Charge, and then for what was offered."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)
            contract = m.ContractCertificateChain(
                Certificate=bytes(200), SubCertificates=m.SubCertificates(Certificate=(bytes(200),))
            )
            await session.ask(
                m.AuthorizationReq(
                    Header=session.header,
                    SelectedAuthorizationService=m.Authorization.PnC,
                    AReqAuthorizationMode=m.PnC_AReqAuthorizationMode(
                        Id="ID1", GenChallenge=bench.rng.randbytes(16), ContractCertificateChain=contract
                    ),
                )
            )
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_AuthorizationSelectionInvalid, and then no refusal."""
        asked, again = at_least(2, trace.exchanges(m.AuthorizationReq), trace)
        yield answered("V2G20-2209", asked, m.ResponseCode.WARNING_AuthorizationSelectionInvalid)
        yield answered("V2G20-2230", again, OK)


class InstallationInVain(ChargerCase):
    """A car without a contract does not get a contract certificate: a refusal in its own response, never OK.

    If the charger has offered installation, the request is in order, whatever becomes of it.
    """

    id = "CHG-AUTH-CERT-01"
    title = "CertificateInstallation without a contract is refused"
    area = "authorization"
    requirements = ("H-CERT-INSTALL",)
    pics = "not pnc"
    faults = {
        "stale-certificate-installation": "H-CERT-INSTALL",
        "offers-missing-certificate-installation": "H-CERT-INSTALL",
    }
    refusals = (*FAILED_CODES, *(code for code in m.ResponseCode if code.name.startswith("WARNING")))

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for a contract certificate."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationReq)
            root = m.X509IssuerSerial(X509IssuerName="CN=V2GRootCA", X509SerialNumber=12345)
            await session.ask(
                m.CertificateInstallationReq(
                    Header=session.header,
                    OEMProvisioningCertificateChain=m.SignedCertificateChain(Id="ID1", Certificate=bytes(200)),
                    ListOfRootCertificateIDs=m.ListOfRootCertificateIDs(RootCertificateID=(root,)),
                    MaximumContractCertificateChains=1,
                )
            )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A refusal; for want of order only if it was not offered."""
        exchange = trace.exchange(m.CertificateInstallationReq)
        own = isinstance(exchange.answer, m.CertificateInstallationRes)
        refusal = own and exchange.answer.ResponseCode in self.refusals
        expected = "CertificateInstallationRes with a refusal"
        yield holds("H-CERT-INSTALL", refusal, expected=expected, seen=describe(exchange), at=exchange.at)
        setup = trace.exchange(m.AuthorizationSetupReq)
        offered = getattr(setup.answer, "CertificateInstallationService", False)
        unexpected = own and exchange.answer.ResponseCode is m.ResponseCode.FAILED_SequenceError
        yield holds(
            "H-CERT-INSTALL",
            not (offered and unexpected),
            expected="no FAILED_SequenceError to a request that was offered",
            seen=describe(exchange),
            at=setup.at + exchange.at,
        )
