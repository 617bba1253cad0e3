"""Plug & Charge: signatures of AuthorizationReq that are wrong in one respect (reference 4.5, 7.4; AUT-S-3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    FAILED_CODES,
    RECOMMENDED,
    ChargerBench,
    ChargerCase,
    Observation,
    Trace,
    closes,
    describe,
    holds,
    refused,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import SignatureDefect, echoing

PNC = m.Authorization.PnC
CODE = m.ResponseCode
CLOSING = 10.0
"""Seconds in which a connection has to be closed behind FAILED; our own figure."""


class _PncCase(ChargerCase):
    area = "plug-and-charge"
    pics = "pnc"


class WrongSignature(_PncCase):
    """A request whose signature is wrong in one respect, everything else as it should be.

    FAILED_SignatureError is the end of the session; whoever forges gets no second try on the connection.
    """

    requirements = ("H-PNC-SIGNATURE", "H-FATAL")
    defect: ClassVar[SignatureDefect]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it, and watches the link."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize(defect=self.defect)
            await session.silence(CLOSING + 0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SignatureError, and the end of the connection."""
        exchange = echoing(trace)
        yield refused("H-PNC-SIGNATURE", exchange, CODE.FAILED_SignatureError)
        yield closes("H-FATAL", trace, exchange.response or exchange.request, within=CLOSING)


class UnprofiledSignature(_PncCase):
    """A signature that holds and is not as the profile has it gets no OK. Which code is due is unconfirmed."""

    requirements = ("H-PNC-SIGNATURE-PROFILE",)
    weight = RECOMMENDED
    defect: ClassVar[SignatureDefect]
    refusals = (*FAILED_CODES, *(code for code in CODE if code.name.startswith("WARNING")))

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows it."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize(defect=self.defect)
            await session.silence(CLOSING)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A FAILED or WARNING code, or the end of the connection."""
        exchange = echoing(trace)
        own = isinstance(exchange.answer, m.AuthorizationRes) and exchange.answer.ResponseCode in self.refusals
        gone = exchange.response is None and trace.closed(exchange.request.link, since=exchange.request.index)
        yield holds(
            "H-PNC-SIGNATURE-PROFILE",
            own or bool(gone),
            expected="AuthorizationRes with a FAILED or WARNING code, or the end of the connection",
            seen="connection closed" if gone else describe(exchange),
            at=exchange.at,
        )


def row(
    number: int, base: type[_PncCase], defect: SignatureDefect, title: str, purpose: str, *faults: str
) -> type[_PncCase]:
    """The case for one defect of the signature."""
    ending = {"goes-on-after-failed": "H-FATAL"} if "H-FATAL" in base.requirements and number == 1 else {}
    return type(
        f"Signature{defect.name.title().replace('_', '')}",
        (base,),
        {
            "__doc__": purpose,
            "__module__": __name__,
            "id": f"CHG-PNC-SIGN-{number:02}",
            "title": f"Plug & Charge: refused: {title}",
            "faults": {**dict.fromkeys(faults, base.requirements[0]), **ending},
            "defect": defect,
        },
    )


WRONG_DIGEST = row(
    1,
    WrongSignature,
    SignatureDefect.WRONG_DIGEST,
    "a DigestValue that is not that of the request",
    "The digest is all that binds the signature to contract and challenge.",
    "pnc-digest-unchecked",
    "pnc-signature-error-as-warning",
)
WRONG_VALUE = row(
    2,
    WrongSignature,
    SignatureDefect.WRONG_VALUE,
    "a SignatureValue with one wrong bit",
    "Everybody can make a digest; only the owner of the contract can sign it.",
    "pnc-signature-unchecked",
    "pnc-signature-error-as-warning",
)
UNSIGNED = row(
    3,
    WrongSignature,
    SignatureDefect.UNSIGNED,
    "a contract without any signature",
    "Contract certificates are no secret: without a signature anybody could show one.",
    "pnc-unsigned-accepted",
)
OTHER_KEY = row(
    4,
    WrongSignature,
    SignatureDefect.OTHER_KEY,
    "a signature by another key",
    "The key has to be that of the certificate that is shown.",
    "pnc-signature-unchecked",
)
ZERO_VALUE = row(
    5,
    WrongSignature,
    SignatureDefect.ZERO_VALUE,
    "a SignatureValue of zeros",
    "r and s of zero hold for any message in libraries that do not check their range (CVE-2022-21449).",
    "pnc-signature-unchecked",
)
SHORT_VALUE = row(
    6,
    WrongSignature,
    SignatureDefect.SHORT_VALUE,
    "a SignatureValue without its last octet",
    "r and s are 66 octets each; a decoder that reads beyond the end reads what was there before.",
    "pnc-signature-unchecked",
)
FOREIGN_ID = row(
    7,
    WrongSignature,
    SignatureDefect.FOREIGN_ID,
    "a Reference to an Id that is not there",
    "What the Reference names is what was signed: a good signature over something else is none.",
    "pnc-signature-form-unchecked",
)
UNKNOWN_DIGEST = row(
    8,
    UnprofiledSignature,
    SignatureDefect.UNKNOWN_DIGEST_METHOD,
    "a DigestMethod that nobody knows",
    "A digest that cannot be computed cannot be compared.",
    "pnc-digest-unchecked",
)
UNKNOWN_METHOD = row(
    9,
    UnprofiledSignature,
    SignatureDefect.UNKNOWN_SIGNATURE_METHOD,
    "a SignatureMethod that nobody knows",
    "A charger that takes the algorithm from the key and not from the message has an algorithm confusion.",
    "pnc-signature-form-unchecked",
)
TWO_TRANSFORMS = row(
    10,
    UnprofiledSignature,
    SignatureDefect.TWO_TRANSFORMS,
    "two Transforms",
    "The profile has exactly one; transforms are the part of XML Signature that attacks are made of.",
    "pnc-signature-form-unchecked",
)
NO_TRANSFORMS = row(
    11,
    UnprofiledSignature,
    SignatureDefect.NO_TRANSFORMS,
    "no Transforms",
    "Without its Transform the Reference does not say what was hashed.",
    "pnc-signature-form-unchecked",
)
TWO_REFERENCES = row(
    12,
    UnprofiledSignature,
    SignatureDefect.TWO_REFERENCES,
    "the same Reference twice",
    "One element is signed, so there is one Reference.",
    "pnc-signature-form-unchecked",
)
