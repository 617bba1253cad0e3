"""CertificateInstallation: contracts for the right cars, and for no others (reference 4.5, 7.4; CRT-S-1, CRT-S-2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    EvSession,
    Exchange,
    Inconclusive,
    Limit,
    Measurement,
    Observation,
    Trace,
    answered,
    describe,
    holds,
    measured,
    timers,
    wire,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import SignatureDefect, chain_of, shows_contract, signature_of, signed_well, well_made

CODE = m.ResponseCode
Installation = Exchange[m.CertificateInstallationReq]
WARNINGS = tuple(code for code in CODE if code.name.startswith("WARNING"))
STRANGER = "WMIZZZZZZZZZZZZZ9"
FOREIGN_EMAID = "FRXYZC00000009K"
PATIENCE = 30
"""CertificateInstallationReq that are sent while the charger says Ongoing."""


def installations(trace: Trace) -> list[Installation]:
    """Our requests with their answers.

    Raises:
        Inconclusive: There is none.
    """
    found = list(trace.exchanges(m.CertificateInstallationReq))
    if not found:
        trace.exchange(m.CertificateInstallationReq)
    return found


def decided(trace: Trace) -> list[Installation]:
    """Those that the charger has decided, or that have no answer; the last request if it never did."""
    found = installations(trace)
    return [one for one in found if not ongoing(one.answer)] or found[-1:]


def ongoing(answer: Any) -> bool:
    """The charger has not decided yet."""
    return getattr(answer, "EVSEProcessing", m.Processing.Finished) is not m.Processing.Finished


def delivered(exchange: Installation) -> bool:
    """The answer holds a contract."""
    answer = exchange.answer
    return isinstance(answer, m.CertificateInstallationRes) and answer.ResponseCode is CODE.OK and not ongoing(answer)


def contract_in(answer: m.CertificateInstallationRes) -> tuple[bytes, ...]:
    """The contract chain (DER, leaf first)."""
    chain = answer.SignedInstallationData.ContractCertificateChain
    return (chain.Certificate, *chain.SubCertificates.Certificate)


def finished(requirement: str, exchange: Installation) -> Observation:
    """EVSEProcessing says Finished."""
    processing = getattr(exchange.answer, "EVSEProcessing", None)
    seen = describe(exchange) if processing is None else processing.name
    good = processing is m.Processing.Finished
    return holds(requirement, good, expected="EVSEProcessing Finished", seen=seen, at=exchange.at)


class _Installation(ChargerCase):
    """A car without a contract asks for one."""

    area = "certificate-installation"
    pics = "pnc and certificate_installation"

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks until the charger has decided."""
        async with bench.ev.session(install=True, authorization=m.Authorization.PnC) as session:
            await session.reach(m.CertificateInstallationReq)
            for _ in range(PATIENCE):
                if not ongoing(await self.ask(bench, session)):
                    break
                await session.silence(1.0)
            await self.go_on(session)
            await session.leave()

    async def ask(self, bench: ChargerBench, session: EvSession) -> Any:
        """Sends CertificateInstallationReq."""
        return await session.install_certificate()

    async def go_on(self, session: EvSession) -> None:
        """What the car does behind the answer."""


class Installed(_Installation):
    """A car that the provisioning service knows gets its contract, within the time for what is Ongoing.

    The service signs what it sends; its chain and that of the contract hold together.
    """

    id = "CHG-CERT-INSTALL-01"
    title = "CertificateInstallation: a known car gets a signed contract"
    requirements = ("H-CERT-INSTALLED", "H-CERT-SIGNED", "H-CERT-CHAINS", "H-ONGOING")
    faults = {
        "installation-never-ends": "H-CERT-INSTALLED",
        "installation-ongoing-for-ever": "H-ONGOING",
        "installation-unsigned": "H-CERT-SIGNED",
        "installation-data-tampered": "H-CERT-SIGNED",
        "installation-chain-mixed": "H-CERT-CHAINS",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK and Finished, in time, with good signature and chains."""
        first = installations(trace)[0]
        exchange = decided(trace)[0]
        if exchange.response is not None:
            limit = Limit("s", high=timers.V2G_SECC_ONGOING_PERFORMANCE)
            span = Measurement(exchange.response.t - first.request.t, "s", trace.timing_uncertainty)
            at = (first.request.index, *exchange.at)
            yield measured("H-ONGOING", span, limit, what="time to the end of installation", at=at)
        yield answered("H-CERT-INSTALLED", exchange, CODE.OK)
        yield finished("H-CERT-INSTALLED", exchange)
        if not delivered(exchange):
            return
        answer = exchange.answer
        yield signed_well("H-CERT-SIGNED", answer, at=exchange.at)
        for chain in (chain_of(answer), contract_in(answer)):
            yield well_made("H-CERT-CHAINS", chain, exchange.sent.Header.TimeStamp, at=exchange.at)


class InstalledInUse(_Installation):
    """The contract can be used at once: the car decrypts its key, signs with it, and is authorized.

    A signature that holds under the installed certificate proves that the car has the key.
    """

    id = "CHG-CERT-INSTALL-02"
    title = "CertificateInstallation: the installed contract is used at once"
    requirements = ("H-CERT-INSTALLED", "H-CERT-KEY", "H-PNC-ACCEPTED")
    faults = {
        "installation-key-tampered": "H-CERT-KEY",
        "pnc-good-contract-refused": "H-PNC-ACCEPTED",
    }

    async def go_on(self, session: EvSession) -> None:
        """Takes all contracts, then shows the first."""
        for _ in range(PATIENCE):
            if session.evcc.next_type is not m.CertificateInstallationReq:
                break
            await session.proceed()
        if session.evcc.next_type is m.AuthorizationReq:
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Installed, shown, signed with its key, accepted."""
        exchange = decided(trace)[0]
        yield answered("H-CERT-INSTALLED", exchange, CODE.OK)
        if not delivered(exchange):
            return
        leaves = {contract_in(one.answer)[0] for one in decided(trace) if delivered(one)}
        used = [
            one
            for one in trace.exchanges(m.AuthorizationReq, where=shows_contract)
            if chain_of(one.sent)[0] in leaves and signature_of(one.sent).valid
        ]
        if not used and not any(
            one.request.link == exchange.request.link for one in trace.exchanges(m.AuthorizationReq)
        ):
            raise Inconclusive(f"the car did not come to authorization: {trace.last_words()}")
        seen = "a signature by its key" if used else "none: the car could not use what it got"
        at = used[0].at if used else exchange.at
        yield holds("H-CERT-KEY", bool(used), expected="a signature by the installed contract", seen=seen, at=at)
        if used:
            yield answered("H-PNC-ACCEPTED", used[-1], CODE.OK, CODE.OK_CertificateExpiresSoon)


class AllContracts(_Installation):
    """A car with two contracts gets both, one at a time, and knows from the first answer that another follows."""

    id = "CHG-CERT-INSTALL-03"
    title = "CertificateInstallation: RemainingContractCertificateChains counts down"
    requirements = ("H-CERT-REMAINING",)
    faults = {"installation-remaining-wrong": "H-CERT-REMAINING"}

    async def go_on(self, session: EvSession) -> None:
        """Asks as long as the charger says that there are more."""
        for _ in range(PATIENCE):
            if session.evcc.next_type is not m.CertificateInstallationReq:
                return
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """n, n - 1 … 0, and n + 1 different contracts, not more than were asked for."""
        found = decided(trace)
        counts = [one.answer.RemainingContractCertificateChains if delivered(one) else None for one in found]
        at = [index for one in found for index in one.at]
        if not delivered(found[0]):
            raise Inconclusive(f"no contract was installed: {describe(found[0])}")
        wanted = list(range(len(counts) - 1, -1, -1))
        told = ", ".join("no contract" if count is None else str(count) for count in counts)
        expected = f"{', '.join(str(count) for count in wanted)} remaining"
        yield holds("H-CERT-REMAINING", counts == wanted, expected=expected, seen=told, at=at)
        leaves = {contract_in(one.answer)[0] for one in found if delivered(one)}
        most = found[0].sent.MaximumContractCertificateChains
        good = len(leaves) == len(found) <= most
        seen = f"{len(leaves)} different contracts in {len(found)} answers"
        expected = f"another contract in each answer, {most} at most"
        yield holds("H-CERT-REMAINING", good, expected=expected, seen=seen, at=at)


class UnknownCar(_Installation):
    """A car that nobody has a contract for is told so, in a message that is complete; and it may pay by card then.

    The fields that make no sense here have to be there all the same, with values that the schema allows.
    """

    id = "CHG-CERT-PCID-01"
    title = "CertificateInstallation: a car without a contract gets a warning, schema-valid"
    requirements = ("V2G20-2206", "H-SCHEMA", "H-CERT-WARNING-GOES-ON")
    pics = "pnc and certificate_installation and eim"
    faults = {
        "installation-unknown-pcid-as-ok": "V2G20-2206",
        "installation-warning-as-failed": "V2G20-2206",
        "installation-warning-without-body": "H-SCHEMA",
        "installation-warning-final": "H-CERT-WARNING-GOES-ON",
    }

    async def ask(self, bench: ChargerBench, session: EvSession) -> Any:
        """Shows a good provisioning certificate of another car."""
        return await session.install_certificate(oem=bench.ev.provisioning(STRANGER))

    async def go_on(self, session: EvSession) -> None:
        """Pays by card."""
        session.change_plan(authorization=m.Authorization.EIM)
        await session.reach(m.AuthorizationReq)
        await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_NoContractMatchingPCIDFound and Finished, a whole message, and authorization behind it."""
        exchange = decided(trace)[0]
        if exchange.response is not None:
            broken = exchange.response.problem or "; ".join(wire.violations(exchange.answer))
            seen = broken or "a message that is schema-valid"
            yield holds("H-SCHEMA", not broken, expected="a schema-valid message", seen=seen, at=exchange.at)
        yield answered("V2G20-2206", exchange, CODE.WARNING_NoContractMatchingPCIDFound)
        yield finished("V2G20-2206", exchange)
        card = trace.exchange(m.AuthorizationReq)
        yield answered("H-CERT-WARNING-GOES-ON", card, CODE.OK, CODE.WARNING_EIMAuthorizationFailure)


class UnknownProvider(_Installation):
    """A car may name the contracts that it wants first; one of a provider that nobody knows is told so."""

    id = "CHG-CERT-EMSP-01"
    title = "CertificateInstallation: prioritized EMAID of an unknown provider"
    requirements = ("V2G20-2208",)
    faults = {"installation-emsp-unchecked": "V2G20-2208", "installation-warning-as-failed": "V2G20-2208"}

    async def ask(self, bench: ChargerBench, session: EvSession) -> Any:
        """Prefers a contract of a provider that is nowhere."""
        return await session.install_certificate(PrioritizedEMAIDs=m.EMAIDList(EMAID=(FOREIGN_EMAID,)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_eMSPUnknown and Finished."""
        exchange = decided(trace)[0]
        yield answered("V2G20-2208", exchange, CODE.WARNING_eMSPUnknown)
        yield finished("V2G20-2208", exchange)


class UnsignedRequest(_Installation):
    """A request whose signature is wrong in one respect gets no contract, and the session ends.

    A provisioning certificate is no secret. Whoever only shows it must not get a contract in the name of its car.
    """

    id = "CHG-CERT-SIGN-01"
    title = "CertificateInstallation: an unsigned request gets no contract"
    requirements = ("H-CERT-REQUEST-SIGNED",)
    faults = {"installation-signature-unchecked": "H-CERT-REQUEST-SIGNED"}
    defect: ClassVar[SignatureDefect] = SignatureDefect.UNSIGNED

    async def ask(self, bench: ChargerBench, session: EvSession) -> Any:
        """Shows the certificate with that signature."""
        return await session.install_certificate(defect=self.defect)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SignatureError."""
        yield answered("H-CERT-REQUEST-SIGNED", decided(trace)[0], CODE.FAILED_SignatureError)


class TamperedDigest(UnsignedRequest):
    """The digest is all that binds the signature to the certificate: a wrong one is refused."""

    id = "CHG-CERT-SIGN-02"
    title = "CertificateInstallation: a wrong DigestValue gets no contract"
    defect = SignatureDefect.WRONG_DIGEST


class TamperedValue(UnsignedRequest):
    """One wrong bit in SignatureValue is as good as no signature."""

    id = "CHG-CERT-SIGN-03"
    title = "CertificateInstallation: a wrong SignatureValue gets no contract"
    defect = SignatureDefect.WRONG_VALUE


class OtherKey(UnsignedRequest):
    """The key has to be that of the provisioning certificate that is shown."""

    id = "CHG-CERT-SIGN-04"
    title = "CertificateInstallation: a signature by another key gets no contract"
    defect = SignatureDefect.OTHER_KEY
