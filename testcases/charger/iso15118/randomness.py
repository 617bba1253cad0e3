"""Randomness of SessionID and GenChallenge over many sessions (reference 4.5; SES-S-3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from v2gready.authoring import ChargerBench, ChargerCase, Exchange, Inconclusive, Observation, Trace, holds, randomness
from v2gready.authoring import messages as m
from v2gready.authoring.pnc import challenges


class _Random(ChargerCase):
    """Values of many sessions, judged by statistics whose probability of a false alarm is counted beforehand.

    64 sessions, 48 at least from a charger that is slow. Of a good generator less than one in ten million of such
    series fails; the report says the bound for the number of values that there were. A seed of 32 bits, as that of a
    Mersenne Twister, cannot be seen by so few values, nor by any number that a test can wait for.
    """

    area = "session"
    sessions = 64
    enough = 48
    patience = 600.0
    octets: ClassVar[int]
    entropy: ClassVar[int]
    unique: ClassVar[str]
    enough_bits: ClassVar[str]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Opens one session after the other and ends it in good order."""
        until = bench.clock.now() + self.patience
        for _ in range(self.sessions):
            if bench.clock.now() > until:
                break
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationReq)
                await session.ask(session.request(m.SessionStopReq))

    def values(self, trace: Trace) -> list[tuple[int, bytes]]:
        """Index of the frame and value of each session."""
        raise NotImplementedError

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Single use, entropy, and no pattern."""
        found = self.values(trace)
        if len(found) < self.enough:
            raise Inconclusive(f"{len(found)} of {self.enough} values: {trace.last_words()}")
        at = [index for index, _ in found]
        values = [value for _, value in found]
        several = f"{len(values)} sessions"
        again = randomness.repeats(values)
        seen = f"{again} came before, in {several}"
        yield holds(self.unique, again == 0, expected="no value twice", seen=seen, at=at)
        sizes = {len(value) for value in values}
        expected = f"{self.octets} octets"
        yield holds(self.unique, sizes == {self.octets}, expected=expected, seen=sorted(sizes), at=at)
        yield self.entropy_of(values, at)
        alarm = f"{several}, false alarm in less than {randomness.alarm(len(values), self.octets):.0e} of series"
        odd = randomness.patterns(values) if len(sizes) == 1 else []
        said = f"{'; '.join(odd) or 'none'} ({alarm})"
        yield holds("V2G20-835", not odd, expected="no pattern in the values", seen=said, at=at)

    def entropy_of(self, values: Sequence[bytes], at: Sequence[int]) -> Observation:
        """Bits that vary, and whether they are characters."""
        bits, text = randomness.varying_bits(values), randomness.printable(values)
        seen = f"{bits} bits vary{', all octets are characters' if text else ''}, in {len(values)} sessions"
        expected = f"at least {self.entropy} bits that vary, and no text"
        return holds(self.enough_bits, bits >= self.entropy and not text, expected=expected, seen=seen, at=at)


class RandomIds(_Random):
    """Whoever can guess a SessionID joins the paused session of another car, and charges at its expense.

    64 sessions; a good generator fails with a probability below 1e-7. Up to six bits may be fixed.
    """

    id = "CHG-SES-RANDOM-01"
    title = "SessionID: no pattern over 64 sessions"
    requirements = ("V2G20-2608", "V2G20-2621", "V2G20-835", "V2G20-2106")
    faults = {
        "session-id-constant": "V2G20-2608",
        "session-id-zero": "V2G20-2106",
        "session-id-ascii": "V2G20-2621",
        "session-id-32-bit": "V2G20-2621",
        "session-id-counter": "V2G20-2621",
        "session-id-clock": "V2G20-835",
        "session-id-biased": "V2G20-835",
    }
    octets = 8
    entropy = 58
    unique = "V2G20-2608"
    enough_bits = "V2G20-2621"

    def values(self, trace: Trace) -> list[tuple[int, bytes]]:
        """The ids that SessionSetupRes gave."""
        given: list[Exchange[m.SessionSetupReq]] = [
            one
            for one in trace.exchanges(m.SessionSetupReq)
            if isinstance(one.answer, m.SessionSetupRes) and one.answer.ResponseCode < m.ResponseCode.FAILED
        ]
        return [(one.at[-1], one.answer.Header.SessionID) for one in given]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """As for any random value; and zero stands for no session."""
        zeros = [index for index, value in self.values(trace) if not any(value)]
        yield holds("V2G20-2106", not zeros, expected="no id zero", seen=f"{len(zeros)} times zero", at=zeros)
        yield from super().judge(trace)


class RandomChallenges(_Random):
    """A GenChallenge that comes again, or can be guessed, makes an old signature of a contract good for a new session.

    64 sessions; a good generator fails with a probability below 1e-7. Up to eight bits may be fixed.
    """

    id = "CHG-SES-RANDOM-02"
    title = "GenChallenge: no pattern over 64 sessions"
    requirements = ("V2G20-697", "V2G20-698", "V2G20-835")
    pics = "pnc"
    faults = {
        "pnc-challenge-constant": "V2G20-697",
        "pnc-challenge-small-seed": "V2G20-697",
        "pnc-challenge-short": "V2G20-697",
        "pnc-challenge-ascii": "V2G20-698",
        "pnc-challenge-clock": "V2G20-698",
        "pnc-challenge-biased": "V2G20-835",
    }
    octets = 16
    entropy = 120
    unique = "V2G20-697"
    enough_bits = "V2G20-698"

    def values(self, trace: Trace) -> list[tuple[int, bytes]]:
        """GenChallenge of each AuthorizationSetupRes."""
        found = []
        for one in trace.exchanges(m.AuthorizationSetupReq):
            found += [(one.at[-1], value) for value in challenges((one.answer,))]
        return found
