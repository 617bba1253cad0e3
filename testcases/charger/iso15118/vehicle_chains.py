"""TLS: vehicle chains that must not come in, one defect each (reference 7.1, 7.3; TLS-S-6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    RECOMMENDED,
    REQUIRED,
    ChargerBench,
    ChargerCase,
    Observation,
    ShowsChains,
    TlsUse,
    Trace,
    connection,
    serves,
    tls_refused,
)

CHAIN, PURPOSE, KEY, PROFILE = "H-VEHICLE-CHAIN", "H-VEHICLE-PURPOSE", "H-VEHICLE-KEY", "H-VEHICLE-PROFILE"
UNCHECKED = "tls-accepts-foreign-client-cert"


class RefusedChain(ShowsChains, ChargerCase):
    """A car shows a chain with one defect, everything else is as it should be; behind it a good car comes."""

    area = "tls"
    pics = "tls"
    examined = "vehicle-tls"
    why: ClassVar[str]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows the chain; then the good car."""
        await bench.ev.visit(tls=bench.ev.defective_vehicle(self.defect))
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused in the handshake or before any answer; the good car is served, or nothing was proven."""
        opened = connection(trace)
        yield tls_refused(self.requirements[0], trace, link=opened.link, why=self.why)
        yield serves("H-ROBUST", trace, after=opened)


def row(number: int, defect: str, requirement: str, why: str, purpose: str, *faults: str) -> type[RefusedChain]:
    """The case for one defect; those with faults of their own are refused behind the handshake by the reference."""
    after = "serves-one-session" if faults else "dies-on-broken-handshake"
    return type(
        f"Refuses{defect.title().replace('-', '')}",
        (RefusedChain,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"CHG-TLS-CHAIN-{number:02}",
            "title": f"TLS: refused: {why}",
            "requirements": (requirement, "H-ROBUST"),
            "faults": {**dict.fromkeys((*faults, UNCHECKED), requirement), after: "H-ROBUST"},
            "weight": RECOMMENDED if requirement == PROFILE else REQUIRED,
            "defects": (defect,),
            "why": why,
        },
    )


EXPIRED_SUB_CA = row(
    1,
    "expired-sub-ca",
    CHAIN,
    "an expired sub-CA",
    "All certificates of a chain have to be valid: the sub-CA often ends before its leaves.",
)
FUTURE_SUB_CA = row(
    2,
    "not-yet-valid-sub-ca",
    CHAIN,
    "a sub-CA that is not yet valid",
    "All certificates of a chain have to be valid, not the leaf alone.",
)
BAD_SIGNATURE = row(
    3,
    "bad-signature",
    CHAIN,
    "a vehicle certificate with a wrong signature",
    "A certificate that nobody signed is a piece of paper.",
)
BAD_SIGNATURE_ABOVE = row(
    4,
    "bad-signature-sub-ca",
    CHAIN,
    "a sub-CA with a wrong signature",
    "Every signature up to the root counts, not that of the leaf alone.",
)
NO_AUTHORITY = row(
    5,
    "sub-ca-is-no-ca",
    CHAIN,
    "a sub-CA whose basic constraints say that it is none",
    "Whoever has any certificate could issue others if basic constraints were not read.",
)
NO_CERT_SIGN = row(
    6,
    "sub-ca-without-cert-sign",
    CHAIN,
    "a sub-CA whose key may sign no certificates",
    "Key usage of an authority is the second lock beside basic constraints.",
)
PATH_LENGTH = row(
    7,
    "path-length",
    CHAIN,
    "a path longer than its length constraint",
    "An authority that may issue leaves alone has issued another authority.",
)
LEAF_BY_LEAF = row(
    8,
    "leaf-issued-by-leaf",
    CHAIN,
    "a leaf that was issued by another leaf",
    "One stolen car must not be able to make certificates for all others.",
)
TWIN_ROOT = row(
    9,
    "same-name-root",
    CHAIN,
    "a root that bears the name of the trusted one",
    "A root is known by its key. Names are free for everybody to use.",
)
SELF_SIGNED = row(
    10,
    "self-signed",
    CHAIN,
    "a vehicle certificate that signed itself",
    "Every EVCC of a laboratory has such a one; at a public station it is worth nothing.",
)
MISSING_SUB_CA = row(
    11,
    "missing-sub-ca",
    CHAIN,
    "a chain without its lower sub-CA",
    "Without the sub-CA nothing leads from the leaf to the root.",
)
CRITICAL = row(
    12,
    "unknown-critical-extension",
    CHAIN,
    "an unknown critical extension",
    "Critical means: who does not know it must not go on.",
)
WRONG_USAGE = row(
    13,
    "wrong-key-usage",
    PURPOSE,
    "a vehicle key that may not sign",
    "In TLS 1.3 the car signs the handshake; a key for encryption alone is not made for that.",
)
FOR_SERVERS = row(
    14,
    "no-client-auth",
    PURPOSE,
    "a certificate that is made for servers",
    "The certificate of a charger is under the same root: whoever has one could play a car.",
)
FOR_NOTHING = row(
    15,
    "missing-extended-key-usage",
    PURPOSE,
    "a certificate without extended key usage",
    "Libraries take it for any purpose; the vehicle certificate of Annex B.8 is made for clientAuth.",
    "tls-accepts-contract-cert",
)


ALGORITHM_MISMATCH = row(
    16,
    "algorithm-mismatch",
    CHAIN,
    "a certificate that names two algorithms",
    "RFC 5280 has both be the same: who reads the outer one alone checks a signature that was not promised.",
)
LEAF_ALONE = row(
    17,
    "leaf-alone",
    CHAIN,
    "a vehicle certificate without any sub-CA",
    "Nothing leads from it to a root.",
)
WRONG_CURVE = row(
    18,
    "wrong-curve",
    KEY,
    "a key on secp384r1",
    "CertificateRequest names the signatures of the profile; a car that has none of them cannot sign.",
    "tls-takes-any-key",
)
RSA_KEY = row(
    19,
    "rsa-key",
    KEY,
    "an RSA key",
    "Keys of ISO 15118-20 are on secp521r1, or Ed448; a library left alone takes whatever it can.",
    "tls-takes-any-key",
)
VERSION_1 = row(
    20,
    "version-1",
    PURPOSE,
    "a certificate of version 1",
    "It has no extensions: nothing says that it is made for clientAuth, nor that it is no authority.",
    "tls-accepts-contract-cert",
)
EXPLICIT_CURVE = row(
    21,
    "explicit-curve",
    PROFILE,
    "a key whose curve is written out in place of its name",
    "Who takes parameters from the other side takes them from an attacker (CVE-2020-0601).",
)
NON_CANONICAL = row(
    22,
    "non-canonical-der",
    PROFILE,
    "a certificate that is not canonical DER",
    "A second spelling of the same certificate is another one to whom compares octets, as at a resumption.",
    "tls-accepts-unreadable",
)


class ProvisioningCertificate(ChargerCase):
    """The OEM provisioning certificate is another credential of the same car, under the same OEM root.

    It is for having contracts installed [V2G20-2342]. It names the car for life; in every handshake it would tell
    everybody where that car has been.
    """

    id = "CHG-TLS-OEMPROV-01"
    title = "TLS: an OEM provisioning certificate is refused"
    area = "tls"
    requirements = ("V2G20-2339", "H-ROBUST")
    pics = "tls"
    faults = {"tls-accepts-contract-cert": "V2G20-2339", "serves-one-session": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it; then a good car comes."""
        await bench.ev.visit(tls=TlsUse.PROVISIONING)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused in the handshake or before any answer; the good car is served."""
        opened = connection(trace)
        why = f"the car shows {TlsUse.PROVISIONING.value}"
        yield tls_refused("V2G20-2339", trace, link=opened.link, why=why)
        yield serves("H-ROBUST", trace, after=opened)
