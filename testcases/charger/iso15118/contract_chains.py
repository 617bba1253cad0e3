"""Contract chains in AuthorizationReq, one property each, and the code that is due (reference 4.5, 7.3; AUT-S-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    FAILED_CODES,
    RECOMMENDED,
    ChargerBench,
    ChargerCase,
    EvSession,
    Observation,
    Trace,
    answered,
    describe,
    holds,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import ContractUse, echoing

CODE = m.ResponseCode
VALIDATION = (CODE.WARNING_CertificateValidationError, CODE.WARNING_GeneralPnCAuthorizationError)
"""The charger has judged the chain, or its provider has."""
EXPIRED = (CODE.WARNING_CertificateExpired,)
NOT_YET_VALID = (CODE.WARNING_CertificateNotYetValid,)
UNFIT = (*VALIDATION, CODE.FAILED_SignatureError)
"""The signature of such a key cannot be checked by the profile either."""
ANY = (*FAILED_CODES, *(code for code in CODE if code.name.startswith("WARNING")))
TRIES = 20
"""AuthorizationReq that are sent while the charger says Ongoing."""


class _Contract(ChargerCase):
    """A contract, correctly signed with the GenChallenge of the session: only its chain is to be judged."""

    area = "contract-chains"
    pics = "pnc"
    codes: ClassVar[tuple[m.ResponseCode, ...]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it until the charger has decided."""
        async with bench.ev.session(authorization=m.Authorization.PnC) as session:
            await session.reach(m.AuthorizationReq)
            for _ in range(TRIES):
                processing = getattr(await self.show(bench, session), "EVSEProcessing", m.Processing.Finished)
                if processing is m.Processing.Finished:
                    break
                await session.silence(1.0)
            await session.leave()

    async def show(self, bench: ChargerBench, session: EvSession) -> object:
        """Sends AuthorizationReq."""
        raise NotImplementedError

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


class DefectiveContract(_Contract):
    """A chain of the catalogue of defects."""

    defect: ClassVar[str]

    async def show(self, bench: ChargerBench, session: EvSession) -> object:
        """Shows the chain."""
        return await session.authorize(bench.ev.defective_contract(self.defect))


class KnownContract(_Contract):
    """A contract that the calendar or its provider makes good or not."""

    use: ClassVar[ContractUse]

    async def show(self, bench: ChargerBench, session: EvSession) -> object:
        """Shows the contract."""
        return await session.authorize(bench.ev.contract(self.use))


def row(
    number: int,
    defect: str,
    requirement: str,
    codes: tuple[m.ResponseCode, ...],
    words: tuple[str, str],
    *faults: str,
    weight: str = "required",
) -> type[DefectiveContract]:
    """The case for one defect, with its title and its purpose in words."""
    title, purpose = words
    return type(
        f"Contract{defect.title().replace('-', '')}",
        (DefectiveContract,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"CHG-CERT-CHAIN-{number:02}",
            "title": f"Contract chain: refused: {title}",
            "requirements": (requirement,),
            "faults": dict.fromkeys(faults, requirement),
            "weight": weight,
            "defect": defect,
            "codes": codes,
        },
    )


C01 = row(
    1,
    "expired",
    "H-PNC-EXPIRED",
    EXPIRED,
    ("an expired contract", "The car tells its driver to renew the contract: it has to know that this is the reason."),
    "contract-expiry-unchecked",
    "contract-expired-as-validation-error",
    "contract-warning-as-failed",
    "pnc-stale-ok",
)
C02 = row(
    2,
    "expired-sub-ca",
    "H-PNC-EXPIRED",
    (*EXPIRED, *VALIDATION),
    ("an expired sub-CA", "All certificates of a chain have to be valid; the sub-CA often ends first."),
    "contract-expiry-unchecked",
)
C03 = row(
    3,
    "not-yet-valid",
    "H-PNC-NOT-YET-VALID",
    NOT_YET_VALID,
    ("a contract that is not valid yet", "A contract that begins next month is installed today."),
    "contract-begin-unchecked",
    "contract-warning-as-failed",
)
C04 = row(
    4,
    "not-yet-valid-sub-ca",
    "H-PNC-NOT-YET-VALID",
    (*NOT_YET_VALID, *VALIDATION),
    ("a sub-CA that is not valid yet", "All certificates of a chain have to be valid, not the leaf alone."),
    "contract-begin-unchecked",
)
C05 = row(
    5,
    "foreign-root",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a root that nobody trusts", "Everybody can make a root, and contracts under it, with anybody's EMAID."),
    "contract-untrusted-accepted",
)
C06 = row(
    6,
    "same-name-root",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a root that bears the name of the trusted one", "A root is known by its key; its name is free to use."),
    "contract-signatures-unchecked",
)
C07 = row(
    7,
    "missing-sub-ca",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a chain without its lower sub-CA", "Nothing leads from such a leaf to the root."),
    "contract-order-unchecked",
)
C08 = row(
    8,
    "bad-signature",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a contract with a wrong signature", "A contract that no provider signed is nobody's contract."),
    "contract-signatures-unchecked",
)
C09 = row(
    9,
    "bad-signature-sub-ca",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a sub-CA with a wrong signature", "Every signature up to the root counts, not that of the leaf alone."),
    "contract-signatures-unchecked",
)
C10 = row(
    10,
    "sub-ca-is-no-ca",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a sub-CA whose basic constraints say that it is none", "Whoever has a contract could issue others with it."),
    "contract-authority-unchecked",
)
C11 = row(
    11,
    "sub-ca-without-cert-sign",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a sub-CA whose key may sign no certificates", "Key usage is the second lock beside basic constraints."),
    "contract-authority-unchecked",
)
C12 = row(
    12,
    "path-length",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a path longer than its length constraint", "An authority for contracts alone has issued another authority."),
    "contract-authority-unchecked",
)
C13 = row(
    13,
    "leaf-issued-by-leaf",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a contract that was issued by another contract", "One customer must not be able to issue contracts to others."),
    "contract-authority-unchecked",
)
C14 = row(
    14,
    "wrong-key-usage",
    "H-PNC-CHAIN",
    UNFIT,
    ("a contract whose key may not sign", "Key usage says what a key is for; here it has to sign."),
    "contract-usage-unchecked",
)
C15 = row(
    15,
    "unknown-critical-extension",
    "H-PNC-CHAIN",
    VALIDATION,
    ("an unknown critical extension", "Critical means: who does not know it must not go on."),
    "contract-usage-unchecked",
)
C16 = row(
    16,
    "wrong-curve",
    "H-PNC-KEY",
    UNFIT,
    ("a key on secp384r1", "Keys of ISO 15118-20 are on secp521r1, or Ed448."),
    "contract-key-unchecked",
)
C17 = row(
    17,
    "rsa-key",
    "H-PNC-KEY",
    UNFIT,
    ("an RSA key", "Keys of ISO 15118-20 are on secp521r1, or Ed448."),
    "contract-key-unchecked",
)
C18 = row(
    18,
    "wrong-order",
    "H-PNC-CHAIN-ORDER",
    ANY,
    (
        "sub-CAs in the wrong order",
        "Some libraries find the path in any order, others do not: cars that rely on it fail at the next charger.",
    ),
    "contract-order-unchecked",
    weight=RECOMMENDED,
)


class Revoked(KnownContract):
    """A revoked contract is that of a stolen or sold car: it is refused, and the car told why.

    Whether it is revoked the charger learns from CRL, OCSP or its back end; the bench has to provide for it.
    """

    id = "CHG-CERT-REVOKED-01"
    title = "Contract: a revoked one is refused"
    requirements = ("H-PNC-REVOKED",)
    faults = {"contract-revocation-unchecked": "H-PNC-REVOKED", "contract-warning-as-failed": "H-PNC-REVOKED"}
    codes = (CODE.WARNING_CertificateRevoked,)
    use = ContractUse.REVOKED


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
