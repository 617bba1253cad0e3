"""CertificateInstallation: provisioning services that a car must not believe, one defect each (reference 4.5, 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from v2gready.authoring import RECOMMENDED, REQUIRED, Observation, ShowsChains, Trace, Unreached, ev
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

CHAIN, KEY, FORM = "H-EV-CRT-CHAIN", "H-EV-CRT-KEY", "H-EV-CRT-FORM"


class RefusedService(ShowsChains, EvCase):
    """A contract comes in the name of a service whose chain has one defect; its signature holds. It is not used.

    At the next visit the good service delivers the same, and that is used: or the car has not looked at the defect.
    """

    area = "certificates"
    pics = "certificate_installation and pnc"
    hooks = ("plug_in", "unplug", "install_certificate", "prefer")
    examined = "service-installation"

    async def stimulate(self, bench: EvBench) -> None:
        """Two visits of a car that is to use its contracts."""
        bench.charger.configure(
            authorization_services=(m.Authorization.EIM, m.Authorization.PnC), certificate_installation=True
        )
        await bench.act("prefer", authorization="pnc")
        bench.charger.deliver(self.defect)
        await self.visit(bench)
        bench.charger.deliver()
        await bench.act("unplug")
        await bench.wait(2.0)
        await self.visit(bench)

    async def visit(self, bench: EvBench) -> None:
        """Up to the authorization that comes behind the installation, or the end of the session."""
        mark = bench.charger.mark
        await bench.act("install_certificate")
        await bench.plug_in()
        await bench.charger.wait_for(m.CertificateInstallationReq, since=mark, within=20.0)
        with suppress(Unreached):  # a car may as well give up
            await bench.charger.wait_for(m.AuthorizationReq, since=mark, within=20.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Not used, and the good one is."""
        yield ev.service_refused(self.requirements[0], trace)


def row(
    number: int, defect: str, requirement: str, words: tuple[str, str], *, signed: bool = True
) -> type[RefusedService]:
    """The case for one defect, with its title and its purpose in words.

    Args:
        number: Of the id.
        defect: Of the chain.
        requirement: Whose rule it is; what is of the form alone is recommended.
        words: Title and purpose.
        signed: The signature can be checked with the key in that chain.
    """
    title, purpose = words
    faults = ("certificate-installation-unchecked", "certificate-installation-chain-unchecked")
    return type(
        f"Service{defect.title().replace('-', '')}",
        (RefusedService,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"EV-CRT-CHAIN-{number:02}",
            "title": f"CertificateInstallation: not taken from a service with {title}",
            "requirements": (requirement,),
            "faults": dict.fromkeys(faults if signed else faults[:1], requirement),
            "weight": RECOMMENDED if requirement == FORM else REQUIRED,
            "defects": (defect,),
        },
    )


TABLE = (
    row(
        1, "expired", CHAIN, ("an expired certificate", "A service that was closed, or broken into, still has its key.")
    ),
    row(
        2,
        "not-yet-valid",
        CHAIN,
        (
            "a certificate that is not yet valid",
            "A certificate of the future is a sign of a wrong clock, or of a forgery.",
        ),
    ),
    row(
        3,
        "expired-sub-ca",
        CHAIN,
        ("an expired sub-CA", "All certificates of a chain have to be valid; the sub-CA often ends first."),
    ),
    row(
        4,
        "not-yet-valid-sub-ca",
        CHAIN,
        ("a sub-CA that is not yet valid", "All certificates of a chain have to be valid, not the leaf alone."),
    ),
    row(
        5,
        "foreign-root",
        CHAIN,
        (
            "a root that the car does not know",
            "Any toolbox makes a flawless service of its own, and contracts with anybody's EMAID.",
        ),
    ),
    row(
        6,
        "same-name-root",
        CHAIN,
        ("a root that only bears the name of a trusted one", "A root is its key; a name is written quickly."),
    ),
    row(
        7, "missing-sub-ca", CHAIN, ("a chain without its lower sub-CA", "Nothing leads from such a leaf to the root.")
    ),
    row(
        8,
        "leaf-alone",
        CHAIN,
        ("a certificate without any sub-CA", "The schema allows it; nothing leads from such a leaf to the root."),
    ),
    row(
        9, "self-signed", CHAIN, ("a certificate that signed itself", "What every laptop shows that plays the service.")
    ),
    row(
        10,
        "bad-signature",
        CHAIN,
        ("a certificate with a wrong signature", "A certificate that nobody signed is a piece of paper."),
    ),
    row(
        11,
        "bad-signature-sub-ca",
        CHAIN,
        ("a sub-CA with a wrong signature", "Every signature up to the root counts, not that of the leaf alone."),
    ),
    row(
        12,
        "sub-ca-is-no-ca",
        CHAIN,
        (
            "a sub-CA whose basic constraints say that it is none",
            "Whoever has any certificate could issue others if basic constraints were not read.",
        ),
    ),
    row(
        13,
        "sub-ca-without-cert-sign",
        CHAIN,
        ("a sub-CA whose key may sign no certificates", "Key usage is the second lock beside basic constraints."),
    ),
    row(
        14,
        "path-length",
        CHAIN,
        (
            "a path longer than its length constraint",
            "An authority that may issue leaves alone has issued another authority.",
        ),
    ),
    row(
        15,
        "leaf-issued-by-leaf",
        CHAIN,
        ("a certificate that another service has issued", "One service must not be able to make others."),
    ),
    row(
        16,
        "wrong-key-usage",
        CHAIN,
        ("a key that may not sign", "Key usage says what a key is for; here it has to sign."),
    ),
    row(
        17,
        "unknown-critical-extension",
        CHAIN,
        ("an unknown critical extension", "Critical means: who does not know it must not go on."),
    ),
    row(
        18,
        "algorithm-mismatch",
        CHAIN,
        (
            "a certificate that names two algorithms",
            "RFC 5280 has both be the same: who reads the outer one alone checks a signature that was not promised.",
        ),
    ),
    row(
        19, "wrong-curve", KEY, ("a key on secp384r1", "Keys of ISO 15118-20 are on secp521r1, or Ed448."), signed=False
    ),
    row(20, "rsa-key", KEY, ("an RSA key", "Keys of ISO 15118-20 are on secp521r1, or Ed448."), signed=False),
    row(
        21,
        "truncated-der",
        CHAIN,
        ("a certificate that ends in the middle", "Octets of a stranger are read before anything about them is known."),
        signed=False,
    ),
    row(
        22,
        "wrong-order",
        FORM,
        (
            "sub-CAs in the wrong order",
            "Some libraries find the path in any order, others do not: such a service fails at the next car.",
        ),
    ),
    row(
        23,
        "explicit-curve",
        FORM,
        (
            "a key whose curve is written out in place of its name",
            "Who takes parameters from the other side takes them from an attacker (CVE-2020-0601).",
        ),
    ),
    row(
        24,
        "doubled-extension",
        FORM,
        (
            "a certificate with an extension twice",
            "One reader takes the first, the next one the last: key usage says two things.",
        ),
        signed=False,
    ),
    row(
        25,
        "non-canonical-der",
        FORM,
        (
            "a certificate that is not canonical DER",
            "A second spelling of the same certificate slips by lists of known ones.",
        ),
        signed=False,
    ),
    row(
        26,
        "long-length",
        FORM,
        (
            "a certificate whose length takes more octets than it needs",
            "DER has one spelling of a length; another one makes parsers differ in where the certificate ends.",
        ),
        signed=False,
    ),
    row(
        27,
        "trailing-octets",
        FORM,
        ("a certificate with octets behind its end", "What nobody reads is where something can be hidden."),
        signed=False,
    ),
)
globals().update({case.__name__: case for case in TABLE})
