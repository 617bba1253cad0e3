"""TLS: chains of an SECC that a car must not believe, one defect each (reference 7.1, 7.3; TLS-E-3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import RECOMMENDED, REQUIRED, Observation, ShowsChains, Trace, ev
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

CHAIN, TRUST, REVOCATION, PROFILE = "H-EV-CHAIN", "H-EV-CHAIN-TRUST", "V2G20-1240", "H-EV-CHAIN-PROFILE"


class ComesBack(EvCase):
    """A car that has refused one charger charges at the next: nothing of the refusal is left."""

    id = "EV-TLS-AGAIN-01"
    title = "TLS: behind a refused chain a good charger is taken"
    area = "tls"
    requirements = ("H-EV-TLS-AGAIN",)
    pics = "tls"
    hooks = ("plug_in", "unplug")
    faults: ClassVar = {"tls-refusal-remembered": "H-EV-TLS-AGAIN"}

    async def stimulate(self, bench: EvBench) -> None:
        """An expired chain, then a good one."""
        bench.charger.tls(chain="expired")
        await bench.plug_in()
        await bench.charger.no_session(5.0)
        await bench.act("unplug")
        await bench.wait(2.0)
        bench.charger.tls()
        await bench.plug_in()
        await bench.charger.wait_for(m.SessionSetupReq, within=20.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first is refused, the second gets a session."""
        yield ev.comes_back("H-EV-TLS-AGAIN", trace)


class RefusedChain(ShowsChains, EvCase):
    """The SECC shows a chain with one defect, everything else is as it should be: the car does not talk to it.

    Then it shows the good chain. A car that believes nobody here has not looked at the defect.
    """

    area = "tls"
    pics = "tls"
    hooks = ("plug_in", "unplug")
    examined = "secc-tls"
    why: ClassVar[str]

    async def stimulate(self, bench: EvBench) -> None:
        """Shows the chain to every connection of one visit; at the next visit it is the good one."""
        bench.charger.tls(chain=self.defect)
        await bench.plug_in()
        await bench.charger.no_session(6.0)
        await bench.act("unplug")
        await bench.wait(2.0)
        bench.charger.tls()
        mark = bench.charger.mark
        await bench.plug_in()
        await bench.charger.wait_for(m.SessionSetupReq, since=mark, within=20.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused by an alert or by the end of the connection, before any message; and at every try."""
        for one in ev.before_the_good_one(trace):
            yield ev.refuses_tls(self.requirements[0], trace, link=one.link, why=self.why)


def row(number: int, defect: str, requirement: str, words: tuple[str, str], *faults: str) -> type[RefusedChain]:
    """The case for one defect, with its title and its purpose in words.

    That the car has to refuse what Annex B alone forbids is told by one source: such cases are recommended.
    """
    title, purpose = words
    return type(
        f"Refuses{defect.title().replace('-', '')}",
        (RefusedChain,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"EV-TLS-CHAIN-{number:02}",
            "title": f"TLS: refused: {title}",
            "requirements": (requirement,),
            "faults": dict.fromkeys((*faults, "tls-accepts-any-chain"), requirement),
            "weight": RECOMMENDED if requirement == PROFILE else REQUIRED,
            "defects": (defect,),
            "why": title,
        },
    )


TABLE = (
    row(
        1,
        "expired",
        CHAIN,
        (
            "an expired SECC certificate",
            "A certificate that has ended may belong to a charger that was sold, or broken into, since.",
        ),
        "tls-accepts-expired",
    ),
    row(
        2,
        "not-yet-valid",
        CHAIN,
        (
            "an SECC certificate that is not yet valid",
            "A certificate of the future is a sign of a wrong clock, or of a forgery.",
        ),
        "tls-accepts-not-yet-valid",
    ),
    row(
        3,
        "expired-sub-ca",
        CHAIN,
        (
            "an expired sub-CA",
            "All certificates of a chain have to be valid: the sub-CA often ends first (a defect of the field).",
        ),
        "tls-accepts-expired",
    ),
    row(
        4,
        "not-yet-valid-sub-ca",
        CHAIN,
        ("a sub-CA that is not yet valid", "All certificates of a chain have to be valid, not the leaf alone."),
        "tls-accepts-not-yet-valid",
    ),
    row(
        5,
        "wrong-key-usage",
        CHAIN,
        ("an SECC key that may not sign", "Key usage says what a key is for; in TLS 1.3 the SECC has to sign with it."),
        "tls-accepts-wrong-key-usage",
    ),
    row(
        6,
        "no-server-auth",
        CHAIN,
        (
            "an SECC certificate that is made for clients",
            "A car's own certificate is under the same root: whoever has one could play the charger.",
        ),
        "tls-accepts-any-purpose",
    ),
    row(
        7,
        "sub-ca-is-no-ca",
        CHAIN,
        (
            "a sub-CA whose basic constraints say that it is none",
            "Whoever has any certificate could issue others if basic constraints were not read.",
        ),
        "tls-accepts-leaf-as-issuer",
    ),
    row(
        8,
        "sub-ca-without-cert-sign",
        CHAIN,
        (
            "a sub-CA whose key may sign no certificates",
            "Key usage of an authority is the second lock beside basic constraints.",
        ),
        "tls-accepts-wrong-key-usage",
    ),
    row(
        9,
        "leaf-issued-by-leaf",
        CHAIN,
        (
            "a leaf that was issued by another leaf",
            "One stolen charger must not be able to make certificates for all others.",
        ),
    ),
    row(
        10,
        "path-length",
        CHAIN,
        (
            "a path longer than its length constraint",
            "An authority that may issue leaves alone has issued another authority.",
        ),
        "tls-accepts-long-path",
    ),
    row(
        11,
        "unknown-critical-extension",
        CHAIN,
        ("an unknown critical extension", "Critical means: who does not know it must not go on."),
        "tls-accepts-critical-extension",
    ),
    row(
        12,
        "bad-signature",
        CHAIN,
        ("a leaf with a wrong signature", "A certificate that nobody signed is a piece of paper."),
        "tls-accepts-bad-signature",
    ),
    row(
        13,
        "bad-signature-sub-ca",
        CHAIN,
        (
            "a sub-CA with a wrong signature",
            "The signatures of all links of the chain count, not that of the leaf alone.",
        ),
    ),
    row(
        14,
        "foreign-root",
        TRUST,
        ("a chain under a root that the car does not know", "Any toolbox makes a flawless chain of its own."),
        "tls-accepts-foreign-root",
    ),
    row(
        15,
        "same-name-root",
        TRUST,
        (
            "a chain under a root that only bears the name of a trusted one",
            "A root is its key; a name is written quickly.",
        ),
        "tls-accepts-foreign-root",
    ),
    row(
        16,
        "self-signed",
        TRUST,
        ("a self-signed certificate", "What every laptop shows that plays the charger."),
    ),
    row(
        17,
        "missing-sub-ca",
        TRUST,
        (
            "a chain without its lower sub-CA",
            "Without the link between leaf and root there is no chain, and a car has no place to fetch it from.",
        ),
    ),
    row(
        18,
        "revoked",
        REVOCATION,
        ("a revoked SECC certificate", "Revocation is all that remains after the key of a charger was stolen."),
        "tls-accepts-revoked",
    ),
    row(
        19,
        "revoked-sub-ca",
        REVOCATION,
        (
            "a revoked sub-CA",
            "An operator that was broken into is cut off at its authority: each link has to be asked for.",
        ),
        "tls-accepts-revoked",
    ),
    row(
        20,
        "algorithm-mismatch",
        CHAIN,
        (
            "a leaf that names one algorithm inside its signed part and another one outside",
            "RFC 5280 has both be the same: who reads the outer one alone checks a signature that was not promised.",
        ),
    ),
    row(
        21,
        "leaf-alone",
        TRUST,
        (
            "an SECC certificate without any sub-CA",
            "Nothing leads from it to a root, and a car has no place to fetch the rest from.",
        ),
        "tls-accepts-foreign-root",
    ),
    row(
        22,
        "missing-extended-key-usage",
        PROFILE,
        (
            "an SECC certificate without extended key usage",
            "Libraries take it for any purpose; the SECC certificate of Annex B is made for serverAuth.",
        ),
        "tls-accepts-any-purpose",
    ),
    row(
        23,
        "key-usage-not-critical",
        PROFILE,
        (
            "an SECC certificate whose key usage is not critical",
            "A device that does not know the extension would pass over it, and over what the key is for.",
        ),
        "tls-accepts-off-profile",
    ),
    row(
        24,
        "leaf-is-ca",
        PROFILE,
        (
            "an SECC certificate that may sign certificates",
            "A charger stands in the street; its key must be worth no more than that one charger.",
        ),
        "tls-accepts-off-profile",
    ),
    row(
        25,
        "wrong-name",
        PROFILE,
        (
            "an SECC certificate whose name is no SECCID",
            "Every certificate of the operator has its chain; the SECCID says that this one is a charger's.",
        ),
        "tls-accepts-off-profile",
    ),
    row(
        26,
        "missing-name",
        PROFILE,
        ("an SECC certificate without a common name", "There is nobody to hold to account for what that charger did."),
        "tls-accepts-off-profile",
    ),
    row(
        27,
        "wrong-signature-algorithm",
        PROFILE,
        (
            "an SECC certificate that is signed with ECDSA and SHA-384",
            "Mixed algorithms are as strong as the weakest of them; signature_algorithms of the car names SHA-512.",
        ),
        "tls-accepts-off-profile",
    ),
    row(
        28,
        "explicit-curve",
        PROFILE,
        (
            "an SECC key whose curve is written out in place of its name",
            "Who takes parameters from the other side takes them from an attacker (CVE-2020-0601).",
        ),
    ),
    row(
        29,
        "version-1",
        PROFILE,
        (
            "an SECC certificate of version 1",
            "It has no extensions: nothing says what its key is for, nor that it is no authority (RFC 8446 4.4.2.2).",
        ),
        "tls-accepts-bare-certificate",
    ),
    row(
        30,
        "non-canonical-der",
        PROFILE,
        (
            "an SECC certificate that is not canonical DER",
            "A second spelling of the same certificate slips by lists of known ones; parsers differ in what they read.",
        ),
        "tls-accepts-unreadable",
    ),
)
globals().update({case.__name__: case for case in TABLE})
