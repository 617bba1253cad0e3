"""Contract chains in AuthorizationReq, one property each, and the code that is due (reference 4.5, 7.3; AUT-S-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    FAILED_CODES,
    RECOMMENDED,
    REQUIRED,
    ChargerBench,
    ChargerCase,
    Observation,
    ShowsChains,
    Trace,
    answered,
    connection,
    describe,
    holds,
    serves,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import echoing, not_accepted, shown_last

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
CLOSING = 10.0
"""Seconds for which a charger without an answer is watched: it may end the connection; our own figure."""


class DefectiveContract(ShowsChains, ChargerCase):
    """A contract chain of the catalogue of defects, correctly signed with the GenChallenge of the session."""

    area = "contract-chains"
    pics = "pnc"
    examined = "contract-authorization"
    codes: ClassVar[tuple[m.ResponseCode, ...]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it until the charger has decided."""
        async with bench.ev.session(authorization=m.Authorization.PnC) as session:
            await session.reach(m.AuthorizationReq)
            for _ in range(TRIES):
                answer = await session.authorize(bench.ev.defective_contract(self.defect))
                processing = getattr(answer, "EVSEProcessing", m.Processing.Finished)
                if processing is m.Processing.Finished:
                    break
                await session.silence(1.0)
            if answer is None:
                await session.silence(CLOSING)
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


class DeviantContract(DefectiveContract):
    """A chain that may not be so and whose certificates hold all the same: no OK. Which code is due is unconfirmed."""

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A WARNING or FAILED code, or the end of the connection."""
        yield not_accepted(self.requirements[0], trace, shown_last(trace))


def row(
    number: int,
    defect: str,
    requirement: str,
    codes: tuple[m.ResponseCode, ...],
    words: tuple[str, str],
    *faults: str,
    weight: str = REQUIRED,
    base: type[DefectiveContract] = DefectiveContract,
) -> type[DefectiveContract]:
    """The case for one defect, with its title and its purpose in words."""
    title, purpose = words
    return type(
        f"Contract{defect.title().replace('-', '')}",
        (base,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"CHG-CERT-CHAIN-{number:02}",
            "title": f"Contract chain: refused: {title}",
            "requirements": (requirement,),
            "faults": dict.fromkeys(faults, requirement),
            "weight": RECOMMENDED if issubclass(base, DeviantContract) else weight,
            "defects": (defect,),
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
C19 = row(
    19,
    "leaf-alone",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a contract without any sub-CA", "Nothing leads from such a leaf to the root."),
    "contract-order-unchecked",
)
C20 = row(
    20,
    "self-signed",
    "H-PNC-CHAIN",
    VALIDATION,
    ("a contract that signed itself", "Whoever can make a certificate can make one with anybody's EMAID."),
    "contract-authority-unchecked",
)
C21 = row(
    21,
    "algorithm-mismatch",
    "H-PNC-CHAIN",
    VALIDATION,
    (
        "a contract that names two algorithms",
        "RFC 5280 has both be the same: who reads the outer one alone checks a signature that was not promised.",
    ),
    "contract-signatures-unchecked",
)
C22 = row(
    22,
    "oversized",
    "H-PNC-SIZE",
    ANY,
    (
        "a certificate of more than 1600 octets",
        "The schema ends there; a buffer that does not know its own end is how controllers are broken into.",
    ),
    "contract-oversized-accepted",
    base=DeviantContract,
)
C23 = row(
    23,
    "wrong-name",
    "H-PNC-NAME",
    VALIDATION,
    ("a contract whose name is no EMAID", "The EMAID is what the bill is sent to."),
    "contract-refusal-ignored",
)
C24 = row(
    24,
    "missing-name",
    "H-PNC-NAME",
    VALIDATION,
    ("a contract without a common name", "There is nobody to send the bill to."),
    "contract-refusal-ignored",
)
C25 = row(
    25,
    "explicit-curve",
    "H-PNC-FORM",
    ANY,
    (
        "a key whose curve is written out in place of its name",
        "Who takes parameters from the other side takes them from an attacker (CVE-2020-0601).",
    ),
    "contract-key-unchecked",
    base=DeviantContract,
)
C26 = row(
    26,
    "doubled-extension",
    "H-PNC-FORM",
    ANY,
    (
        "a certificate with an extension twice",
        "One reader takes the first, the next one the last: key usage says two things.",
    ),
    "contract-unreadable-accepted",
    base=DeviantContract,
)
C27 = row(
    27,
    "non-canonical-der",
    "H-PNC-FORM",
    ANY,
    (
        "a certificate that is not canonical DER",
        "A second spelling of the same certificate slips by lists of blocked ones.",
    ),
    "contract-unreadable-accepted",
    base=DeviantContract,
)
C28 = row(
    28,
    "long-length",
    "H-PNC-FORM",
    ANY,
    (
        "a certificate whose length takes more octets than it needs",
        "DER has one spelling of a length; another one makes parsers differ in where the certificate ends.",
    ),
    "contract-unreadable-accepted",
    base=DeviantContract,
)
C29 = row(
    29,
    "trailing-octets",
    "H-PNC-FORM",
    ANY,
    ("a certificate with octets behind its end", "What nobody reads is where something can be hidden."),
    "contract-unreadable-accepted",
    base=DeviantContract,
)


class TruncatedCertificate(ShowsChains, ChargerCase):
    """A contract certificate that ends in the middle is refused, and the charger lives: one in the field did not."""

    id = "CHG-PNC-TRUNC-01"
    title = "Plug & Charge: a truncated certificate is refused, and the charger survives"
    area = "plug-and-charge"
    requirements = ("H-PNC-CHAIN", "H-ROBUST")
    pics = "pnc"
    examined = "contract-authorization"
    defects = ("truncated-der",)
    faults = {"contract-kills-process": "H-ROBUST", "pnc-stale-ok": "H-PNC-CHAIN"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it; then a good car comes."""
        async with bench.ev.session(authorization=m.Authorization.PnC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize(bench.ev.defective_contract(self.defect))
            await session.leave()
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A warning, or an error of the signature that cannot be checked; the next car is served."""
        exchange = echoing(trace)
        yield serves("H-ROBUST", trace, after=connection(trace))
        yield answered("H-PNC-CHAIN", exchange, *UNFIT)
