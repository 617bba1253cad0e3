"""Plug & Charge: challenge, signature, and what comes behind a contract (reference 4.5, 7.4; AUT-S-2, AUT-S-3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from v2gready.authoring import (
    FAILED_CODES,
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
    refused,
    timers,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import (
    Encoding,
    by_contract,
    challenge_for,
    challenges,
    echoing,
    shown_challenge,
    shows_contract,
    signature_of,
)

PNC = m.Authorization.PnC
OK = m.ResponseCode.OK
CODE = m.ResponseCode
GOOD = (CODE.OK, CODE.OK_CertificateExpiresSoon)
"""A good contract may be one that ends soon; which of both is due is another case."""
CLOSING = 10.0
"""Seconds in which a connection has to be closed behind FAILED; our own figure."""
TRIES = 20
"""AuthorizationReq that are sent while the charger says Ongoing."""


def finished(requirement: str, exchange: Exchange[m.AuthorizationReq]) -> Observation:
    """EVSEProcessing says Finished."""
    processing = getattr(exchange.answer, "EVSEProcessing", None)
    seen = describe(exchange) if processing is None else processing.name
    good = processing is m.Processing.Finished
    return holds(requirement, good, expected="EVSEProcessing Finished", seen=seen, at=exchange.at)


def undecided(answer: Any) -> bool:
    """The charger has not decided yet."""
    return getattr(answer, "EVSEProcessing", m.Processing.Finished) is not m.Processing.Finished


async def show(session: EvSession, *arguments: Any, **keywords: Any) -> Any:
    """Shows a contract until the charger has decided about it."""
    answer = await session.authorize(*arguments, **keywords)
    for _ in range(TRIES):
        if not undecided(answer):
            break
        await session.silence(1.0)
        answer = await session.authorize(*arguments, **keywords)
    return answer


class _PncCase(ChargerCase):
    area = "plug-and-charge"
    pics = "pnc"


class GoodContract(_PncCase):
    """A customer with a good contract is authorized without a card, and goes on to the services.

    SignedInfo is encoded with the grammar of XML Signature alone, or with that of the whole message set: the sources
    differ. The car tries the one and then the other, either will do, and the report says which it was.
    """

    id = "CHG-PNC-GOOD-01"
    title = "Plug & Charge: a good contract is authorized"
    requirements = ("H-PNC-ACCEPTED", "V2G20-2566", "H-ONGOING")
    faults = {
        "pnc-good-contract-refused": "H-PNC-ACCEPTED",
        "authorization-never-ends": "H-PNC-ACCEPTED",
        "pnc-without-challenge-mode": "V2G20-2566",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows the contract signed with either grammar, in a session each; asks for the services if accepted."""
        for encoding in Encoding:
            async with bench.ev.session(authorization=PNC) as session:
                await session.reach(m.AuthorizationReq)
                answer = await show(session, encoding=encoding)
                if getattr(answer, "ResponseCode", None) in GOOD:
                    await session.ask(session.request(m.ServiceDiscoveryReq))
                await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The offer; OK and Finished to one of both; the services behind it."""
        setup = trace.exchange(m.AuthorizationSetupReq)
        mode = getattr(setup.answer, "ASResAuthorizationMode", None)
        offered = PNC in getattr(setup.answer, "AuthorizationServices", ())
        seen = f"{type(mode).__name__}, PnC {'offered' if offered else 'not offered'}"
        good = offered and isinstance(mode, m.PnC_ASResAuthorizationMode)
        yield holds("V2G20-2566", good, expected="PnC with a GenChallenge, as declared", seen=seen, at=setup.at)
        echoing(trace)
        by_link: dict[str, list[Exchange[m.AuthorizationReq]]] = {}
        for one in trace.exchanges(m.AuthorizationReq, where=shows_contract):
            by_link.setdefault(one.request.link, []).append(one)
        told = []
        accepted: list[Exchange[m.AuthorizationReq]] = []
        for tries in by_link.values():
            found = signature_of(tries[-1].sent)
            told.append(f"{found.encoding.value if found.encoding else 'no good signature'}: {describe(tries[-1])}")
            if getattr(tries[-1].answer, "ResponseCode", None) in GOOD and not undecided(tries[-1].answer):
                accepted = accepted or tries
        at = [index for tries in by_link.values() for index in tries[-1].at]
        expected = "AuthorizationRes with OK and Finished to one of both grammars of SignedInfo"
        yield holds("H-PNC-ACCEPTED", bool(accepted), expected=expected, seen="; ".join(told), at=at)
        if not accepted or accepted[-1].response is None:
            return
        first, last = accepted[0], accepted[-1]
        limit = Limit("s", high=timers.V2G_SECC_ONGOING_PERFORMANCE)
        span = Measurement(accepted[-1].response.t - first.request.t, "s", trace.timing_uncertainty)
        yield measured(
            "H-ONGOING", span, limit, what="time to the end of authorization", at=(first.request.index, *last.at)
        )
        link = last.request.link
        services = trace.exchange(m.ServiceDiscoveryReq)
        if services.request.link == link:
            yield answered("H-PNC-ACCEPTED", services, OK)


class ChallengeOfEachSession(_PncCase):
    """Every session has a GenChallenge of its own, of 16 octets; else a signature would be good for ever."""

    id = "CHG-PNC-CHAL-01"
    title = "Plug & Charge: another GenChallenge of 16 octets in every session"
    requirements = ("V2G20-697",)
    faults = {"pnc-challenge-constant": "V2G20-697", "pnc-challenge-short": "V2G20-697"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks in three sessions."""
        for _ in range(3):
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationReq)
                await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Three values, all different, none of them zero."""
        setups = [trace.exchange(m.AuthorizationSetupReq, nth=nth) for nth in range(3)]
        values = challenges(one.answer for one in setups)
        at = [index for one in setups for index in one.at]
        seen = ", ".join(value.hex() for value in values) or "none"
        sizes = all(len(value) == 16 and any(value) for value in values)
        good = sizes and len(set(values)) == len(setups)
        yield holds("V2G20-697", good, expected="three different values of 16 octets", seen=seen, at=at)


class WrongChallenge(_PncCase):
    """A GenChallenge that differs in one bit, signed as it is, is not that of the session."""

    id = "CHG-PNC-CHAL-02"
    title = "Plug & Charge: one wrong bit in GenChallenge"
    requirements = ("H-PNC-CHALLENGE",)
    faults = {"pnc-challenge-unchecked": "H-PNC-CHALLENGE", "contract-warning-as-failed": "H-PNC-CHALLENGE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Flips the last bit."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            own = session.evcc.memory.challenge or bytes(16)
            await session.authorize(challenge=self.wrong(own))
            await session.leave()

    def wrong(self, challenge: bytes) -> bytes:
        """What the car shows instead."""
        return challenge[:-1] + bytes([challenge[-1] ^ 1])

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_ChallengeInvalid and Finished."""
        exchange = by_contract(trace)
        if shown_challenge(exchange) == challenge_for(trace, exchange):
            raise Inconclusive("the request shows the GenChallenge of the session")
        yield answered("H-PNC-CHALLENGE", exchange, CODE.WARNING_ChallengeInvalid)
        yield finished("H-PNC-CHALLENGE", exchange)


class ZeroChallenge(WrongChallenge):
    """A GenChallenge of zeros is not that of the session: a memory that was never written must not match."""

    id = "CHG-PNC-CHAL-03"
    title = "Plug & Charge: GenChallenge of zeros"
    faults = {"pnc-challenge-unchecked": "H-PNC-CHALLENGE"}

    def wrong(self, challenge: bytes) -> bytes:
        """Zeros."""
        return bytes(len(challenge))


class Replay(_PncCase):
    """Who has listened to a session must not charge with its AuthorizationReq later, at the customer's expense."""

    id = "CHG-PNC-REPLAY-01"
    title = "Plug & Charge: AuthorizationReq of an earlier session is refused"
    requirements = ("H-PNC-CHALLENGE",)
    faults = {
        "pnc-replay-accepted": "H-PNC-CHALLENGE",
        "pnc-challenge-unchecked": "H-PNC-CHALLENGE",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Authorizes a session; in the next one it shows the old request with the new SessionID."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            old = session.request(m.AuthorizationReq)
            await session.proceed(lambda _: old)
            await session.leave()
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await session.authorize(replayed=old)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """WARNING_ChallengeInvalid to the second."""
        first = by_contract(trace)
        others = (
            one
            for one in trace.exchanges(m.AuthorizationReq, where=shows_contract)
            if one.request.link != first.request.link
        )
        exchange = next(others, None) or by_contract(trace, 1)
        yield answered("H-PNC-CHALLENGE", exchange, CODE.WARNING_ChallengeInvalid)


class ReplayedSignature(_PncCase):
    """The signature of an earlier session under the request of this one, with the right GenChallenge."""

    id = "CHG-PNC-REPLAY-02"
    title = "Plug & Charge: the signature of an earlier session is refused"
    requirements = ("H-PNC-SIGNATURE",)
    faults = {"pnc-digest-unchecked": "H-PNC-SIGNATURE", "pnc-signature-error-as-warning": "H-PNC-SIGNATURE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Takes the signature from one session into the next."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            old = session.request(m.AuthorizationReq).Header.Signature
            await session.proceed()
            await session.leave()

        def resigned(request: m.AuthorizationReq) -> m.AuthorizationReq:
            return replace(request, Header=replace(request.Header, Signature=old))

        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await session.proceed(resigned)
            await session.silence(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SignatureError to the second."""
        first = echoing(trace)
        second = next(
            (
                one
                for one in trace.exchanges(m.AuthorizationReq, where=shows_contract)
                if one.request.link != first.request.link
            ),
            None,
        )
        exchange = second or by_contract(trace, 1)
        yield refused("H-PNC-SIGNATURE", exchange, CODE.FAILED_SignatureError)


class AnotherContract(_PncCase):
    """A customer with two contracts may show the second after the first was refused."""

    id = "CHG-PNC-RETRY-01"
    title = "Plug & Charge: after a warning another contract is taken"
    requirements = ("H-PNC-RETRY",)
    faults = {"contract-retry-refused": "H-PNC-RETRY", "contract-warning-as-failed": "H-PNC-RETRY"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """An expired contract, then a good one."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await show(session, bench.ev.defective_contract("expired"))
            await show(session)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A warning to the first, OK to the last."""
        first = echoing(trace)
        yield answered("H-PNC-RETRY", first, *(code for code in CODE if code.name.startswith("WARNING")))
        yield answered("H-PNC-RETRY", trace.exchange(m.AuthorizationReq, nth=-1), *GOOD)


class CardAfterContract(_PncCase):
    """A customer whose contract is refused may hold a card to the reader instead of driving on."""

    id = "CHG-PNC-RETRY-02"
    title = "Plug & Charge: after a warning external means are taken"
    requirements = ("H-PNC-RETRY", "V2G20-2566")
    pics = "pnc and eim"
    faults = {"contract-retry-refused": "H-PNC-RETRY", "contract-warning-as-failed": "H-PNC-RETRY"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """An expired contract, then EIM."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await show(session, bench.ev.defective_contract("expired"))
            session.change_plan(authorization=m.Authorization.EIM)
            for _ in range(TRIES):
                if not undecided(await session.proceed()):
                    break
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Both are offered; a warning to the first, OK to the card."""
        setup = trace.exchange(m.AuthorizationSetupReq)
        offered = set(getattr(setup.answer, "AuthorizationServices", ()))
        told = ", ".join(sorted(one.name for one in offered)) or describe(setup)
        yield holds("V2G20-2566", offered == set(m.Authorization), expected="EIM and PnC", seen=told, at=setup.at)
        first = echoing(trace)
        yield answered("H-PNC-RETRY", first, *(code for code in CODE if code.name.startswith("WARNING")))
        card = trace.exchange(m.AuthorizationReq, where=lambda one: not shows_contract(one), nth=-1)
        yield answered("H-PNC-RETRY", card, OK)


class NoServiceWithoutContract(_PncCase):
    """Finished with a warning is not authorized: a car that goes on as if it were does not come to the services."""

    id = "CHG-PNC-SKIP-01"
    title = "Plug & Charge: no service behind a refused contract"
    requirements = ("H-AUTH-BEFORE-SERVICE",)
    faults = {
        "sequence-check-missing": "H-AUTH-BEFORE-SERVICE",
        "contract-expiry-unchecked": "H-AUTH-BEFORE-SERVICE",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Shows an expired contract and asks for services."""
        async with bench.ev.session(authorization=PNC) as session:
            await session.reach(m.AuthorizationReq)
            await show(session, bench.ev.defective_contract("expired"))
            await session.ask(session.request(m.ServiceDiscoveryReq))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_SequenceError; where the contract itself has ended the session, there is nothing to skip."""
        shown = echoing(trace, -1)
        if getattr(shown.answer, "ResponseCode", OK) in FAILED_CODES:
            raise Inconclusive(f"the session was over before: {describe(shown)}")
        exchange = trace.exchange(m.ServiceDiscoveryReq)
        yield refused("H-AUTH-BEFORE-SERVICE", exchange, CODE.FAILED_SequenceError)
