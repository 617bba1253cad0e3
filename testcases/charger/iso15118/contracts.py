"""Contracts that the calendar, their provider or the other profile make good or not (reference 4.5; AUT-S-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Observation,
    ShowsChains,
    Trace,
    answered,
    describe,
    holds,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import ContractUse, echoing

CODE = m.ResponseCode
TRIES = 20
"""AuthorizationReq that are sent while the charger says Ongoing."""


class KnownContract(ChargerCase):
    """A contract that the calendar or its provider makes good or not."""

    area = "contract-chains"
    pics = "pnc"
    codes: ClassVar[tuple[m.ResponseCode, ...]]
    use: ClassVar[ContractUse]

    def shown(self, bench: ChargerBench) -> object:
        """The contract."""
        return bench.ev.contract(self.use)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it until the charger has decided."""
        async with bench.ev.session(authorization=m.Authorization.PnC) as session:
            await session.reach(m.AuthorizationReq)
            for _ in range(TRIES):
                answer = await session.authorize(self.shown(bench))
                processing = getattr(answer, "EVSEProcessing", m.Processing.Finished)
                if processing is m.Processing.Finished:
                    break
                await session.silence(1.0)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The code, and Finished."""
        echoing(trace)
        exchange = echoing(trace, -1)
        rule = self.requirements[0]
        yield answered(rule, exchange, *self.codes)
        processing = getattr(exchange.answer, "EVSEProcessing", None)
        seen = describe(exchange) if processing is None else processing.name
        done = processing is m.Processing.Finished
        yield holds(rule, done, expected="EVSEProcessing Finished", seen=seen, at=exchange.at)


class Revoked(ShowsChains, KnownContract):
    """A revoked contract is that of a stolen or sold car: it is refused, and the car told why.

    Whether it is revoked the charger learns from CRL, OCSP or its back end; the bench has to provide for it.
    """

    id = "CHG-CERT-REVOKED-01"
    title = "Contract: a revoked one is refused"
    requirements = ("H-PNC-REVOKED",)
    faults = {"contract-revocation-unchecked": "H-PNC-REVOKED", "contract-warning-as-failed": "H-PNC-REVOKED"}
    codes = (CODE.WARNING_CertificateRevoked,)
    examined = "contract-authorization"
    defects = ("revoked",)
    use = ContractUse.REVOKED


class RevokedAuthority(Revoked):
    """A provider that was broken into is cut off at its authority: all contracts under it go with it.

    The chain shows no trace of it. The bench has to let the charger know.
    """

    id = "CHG-CERT-REVOKED-02"
    title = "Contract: one under a revoked sub-CA is refused"
    faults = {"contract-revocation-unchecked": "H-PNC-REVOKED"}
    codes = (
        CODE.WARNING_CertificateRevoked,
        CODE.WARNING_CertificateValidationError,
        CODE.WARNING_GeneralPnCAuthorizationError,
    )
    defects = ("revoked-sub-ca",)

    def shown(self, bench: ChargerBench) -> object:
        """A chain of which the back end knows."""
        return bench.ev.defective_contract(self.defect)


class Blocked(KnownContract):
    """A provider may refuse a contract whose certificate is in order: bills were not paid."""

    id = "CHG-CERT-BLOCKED-01"
    title = "Contract: one that its provider refuses"
    requirements = ("H-PNC-BLOCKED",)
    faults = {"contract-refusal-ignored": "H-PNC-BLOCKED", "pnc-stale-ok": "H-PNC-BLOCKED"}
    codes = (CODE.WARNING_GeneralPnCAuthorizationError,)
    use = ContractUse.BLOCKED


class ExpiresSoon(KnownContract):
    """A contract that ends in 13 days is good, and the car is told in time to have another one installed."""

    id = "CHG-CERT-SOON-01"
    title = "Contract: one that ends in 13 days is announced"
    requirements = ("V2G20-1979",)
    faults = {"contract-expires-soon-untold": "V2G20-1979"}
    codes = (CODE.OK_CertificateExpiresSoon,)
    use = ContractUse.EXPIRES_SOON


class Lasts(KnownContract):
    """A contract that ends in 15 days is simply good: a warning every time would soon be ignored."""

    id = "CHG-CERT-SOON-02"
    title = "Contract: one that ends in 15 days is simply good"
    requirements = ("V2G20-1979",)
    faults = {"contract-always-expires-soon": "V2G20-1979"}
    codes = (CODE.OK,)
    use = ContractUse.LASTS


class SmallCurve(ChargerCase):
    """A contract on secp256r1 with SHA-256 is the profile of ISO 15118-2: in -20 it is a deviation, and not accepted.

    Open stacks make such ones. Which of two codes is due, no clause known to us says.
    """

    id = "CHG-PNC-CURVE-01"
    title = "Plug & Charge: a contract of the profile of ISO 15118-2 is refused"
    area = "plug-and-charge"
    pics = "pnc"
    requirements = ("H-PNC-KEY",)
    faults = {"pnc-takes-secp256r1": "H-PNC-KEY"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it, signed by its own key."""
        async with bench.ev.session(authorization=m.Authorization.PnC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize(bench.ev.contract(ContractUse.SMALL_CURVE))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A code for the key, the chain, or the signature."""
        yield answered(
            "H-PNC-KEY",
            echoing(trace),
            CODE.FAILED_SignatureError,
            CODE.WARNING_CertificateValidationError,
            CODE.WARNING_GeneralPnCAuthorizationError,
        )
