"""CertificateInstallationReq with provisioning chains that get no contract, one defect each (reference 4.5, 7.3)."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import RECOMMENDED, REQUIRED, ChargerBench, ChargerCase, Observation, ShowsChains, Trace
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import asked_last, no_contract

PATIENCE = 30
"""CertificateInstallationReq that are sent while the charger says Ongoing."""
CLOSING = 10.0
"""Seconds for which a charger without an answer is watched: it may end the connection; our own figure."""
CHAIN, KEY, SIZE, FORM = "H-CERT-OEM-CHAIN", "H-CERT-OEM-KEY", "H-CERT-OEM-SIZE", "H-CERT-OEM-FORM"
STALE = "installation-stale-ok"


class DefectiveChain(ShowsChains, ChargerCase):
    """A provisioning chain with one defect, correctly signed: no contract. Which code is due for it is not known."""

    area = "certificate-installation"
    pics = "pnc and certificate_installation"
    examined = "provisioning-installation"

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it until the charger has decided."""
        async with bench.ev.session(install=True, authorization=m.Authorization.PnC) as session:
            await session.reach(m.CertificateInstallationReq)
            for _ in range(PATIENCE):
                answer = await session.install_certificate(oem=bench.ev.defective_provisioning(self.defect))
                if getattr(answer, "EVSEProcessing", m.Processing.Finished) is m.Processing.Finished:
                    break
                await session.silence(1.0)
            if answer is None:
                await session.silence(CLOSING)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A WARNING or a FAILED code in CertificateInstallationRes, or for what no schema allows, the end."""
        closing = self.requirements[0] in {SIZE, FORM}
        yield no_contract(self.requirements[0], trace, asked_last(trace), closing=closing)


def row(
    number: int, defect: str, title: str, purpose: str, *faults: str, requirement: str = CHAIN
) -> type[DefectiveChain]:
    """The case for one defect."""
    return type(
        f"Provisioning{defect.title().replace('-', '')}",
        (DefectiveChain,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"CHG-CERT-OEM-{number:02}",
            "title": f"CertificateInstallation: no contract for {title}",
            "requirements": (requirement,),
            "faults": dict.fromkeys(faults or ("installation-chain-unchecked", STALE), requirement),
            "weight": RECOMMENDED if requirement == FORM else REQUIRED,
            "defects": (defect,),
        },
    )


FOREIGN_ROOT = row(
    1,
    "foreign-root",
    "a provisioning certificate under an unknown root",
    "Everybody can make a root, and provisioning certificates under it, with anybody's PCID.",
)
TWIN_ROOT = row(
    2,
    "same-name-root",
    "a provisioning certificate under a root of the same name",
    "A root is known by its key; its name is free to use.",
)
BAD_SIGNATURE = row(
    3,
    "bad-signature",
    "a provisioning certificate with a wrong signature",
    "A certificate that no manufacturer signed is nobody's certificate.",
)
LEAF_BY_LEAF = row(
    4,
    "leaf-issued-by-leaf",
    "a provisioning certificate that another one has issued",
    "One stolen car must not be able to ask for contracts in the name of all others.",
)
EXPIRED = row(
    5,
    "expired",
    "an expired provisioning certificate",
    "A car that was scrapped or sold may have lost its key since.",
)
NOT_YET_VALID = row(
    6,
    "not-yet-valid",
    "a provisioning certificate that is not yet valid",
    "A certificate of the future is a sign of a wrong clock, or of a forgery.",
)
EXPIRED_SUB_CA = row(
    7,
    "expired-sub-ca",
    "a provisioning certificate under an expired sub-CA",
    "All certificates of a chain have to be valid; the sub-CA often ends first.",
)
FUTURE_SUB_CA = row(
    8,
    "not-yet-valid-sub-ca",
    "a provisioning certificate under a sub-CA that is not yet valid",
    "All certificates of a chain have to be valid, not the leaf alone.",
)
MISSING_SUB_CA = row(
    9,
    "missing-sub-ca",
    "a provisioning certificate without its lower sub-CA",
    "Nothing leads from such a leaf to the root.",
)
LEAF_ALONE = row(
    10,
    "leaf-alone",
    "a provisioning certificate without any sub-CA",
    "The schema allows it; nothing leads from such a leaf to the root.",
)
SELF_SIGNED = row(
    11,
    "self-signed",
    "a provisioning certificate that signed itself",
    "Whoever can make a certificate can make one with anybody's PCID.",
)
BAD_SIGNATURE_ABOVE = row(
    12,
    "bad-signature-sub-ca",
    "a provisioning certificate under a sub-CA with a wrong signature",
    "Every signature up to the root counts, not that of the leaf alone.",
)
NO_AUTHORITY = row(
    13,
    "sub-ca-is-no-ca",
    "a provisioning certificate under a sub-CA that is none",
    "Whoever has any certificate could issue others if basic constraints were not read.",
)
NO_CERT_SIGN = row(
    14,
    "sub-ca-without-cert-sign",
    "a provisioning certificate under a sub-CA whose key may sign no certificates",
    "Key usage is the second lock beside basic constraints.",
)
PATH_LENGTH = row(
    15,
    "path-length",
    "a provisioning certificate at the end of a path that is too long",
    "An authority that may issue leaves alone has issued another authority.",
)
WRONG_USAGE = row(
    16,
    "wrong-key-usage",
    "a provisioning certificate whose key may not sign",
    "The request is signed by it.",
)
CRITICAL = row(
    17,
    "unknown-critical-extension",
    "a provisioning certificate with an unknown critical extension",
    "Critical means: who does not know it must not go on.",
)
ALGORITHM_MISMATCH = row(
    18,
    "algorithm-mismatch",
    "a provisioning certificate that names two algorithms",
    "RFC 5280 has both be the same: who reads the outer one alone checks a signature that was not promised.",
)
WRONG_CURVE = row(
    19,
    "wrong-curve",
    "a provisioning certificate with a key on secp384r1",
    "The contract key is encrypted for that key: it has to be one of the profile.",
    STALE,
    requirement=KEY,
)
RSA_KEY = row(
    20,
    "rsa-key",
    "a provisioning certificate with an RSA key",
    "No contract key can be encrypted for it by the profile.",
    STALE,
    requirement=KEY,
)
TRUNCATED = row(
    21,
    "truncated-der",
    "a provisioning certificate that ends in the middle",
    "Octets of a stranger are read before anything about them is known.",
    STALE,
)
OVERSIZED = row(
    22,
    "oversized",
    "a provisioning certificate of more than 1600 octets",
    "The schema ends there; a buffer that does not know its own end is how controllers are broken into.",
    STALE,
    requirement=SIZE,
)
WRONG_NAME = row(
    23,
    "wrong-name",
    "a provisioning certificate whose name is no PCID",
    "There is no car of that name, so there is no contract for it.",
    STALE,
)
MISSING_NAME = row(
    24,
    "missing-name",
    "a provisioning certificate without a common name",
    "There is no car to have a contract.",
    STALE,
)
WRONG_ORDER = row(
    25,
    "wrong-order",
    "a provisioning certificate whose sub-CAs are in the wrong order",
    "Some libraries find the path in any order, others do not: cars that rely on it fail at the next charger.",
    requirement=FORM,
)
EXPLICIT_CURVE = row(
    26,
    "explicit-curve",
    "a provisioning certificate whose curve is written out in place of its name",
    "Who takes parameters from the other side takes them from an attacker (CVE-2020-0601).",
    requirement=FORM,
)
DOUBLED = row(
    27,
    "doubled-extension",
    "a provisioning certificate with an extension twice",
    "One reader takes the first, the next one the last: key usage says two things.",
    STALE,
    requirement=FORM,
)
NON_CANONICAL = row(
    28,
    "non-canonical-der",
    "a provisioning certificate that is not canonical DER",
    "A second spelling of the same certificate slips by lists of known ones.",
    STALE,
    requirement=FORM,
)
LONG_LENGTH = row(
    29,
    "long-length",
    "a provisioning certificate whose length takes more octets than it needs",
    "DER has one spelling of a length; another one makes parsers differ in where the certificate ends.",
    STALE,
    requirement=FORM,
)
TRAILING = row(
    30,
    "trailing-octets",
    "a provisioning certificate with octets behind its end",
    "What nobody reads is where something can be hidden.",
    STALE,
    requirement=FORM,
)
