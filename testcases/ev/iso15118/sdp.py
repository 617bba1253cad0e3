"""How a car searches its charger: SDP without an answer, with a bad one, with less security than it asked for."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, sdp
from v2gready.authoring.ev import EvBench, EvCase, sdp_script


class RepeatsUnansweredRequest(EvCase):
    """A charger that boots, or a lost datagram: the search goes on, and leaves the SECC 250 ms for each answer."""

    id = "EV-SDP-RETRY-01"
    title = "SDP: an unanswered request is repeated, not before 250 ms"
    area = "sdp"
    requirements = ("V2G2-159",)
    faults = {"sdp-retries-too-fast": "V2G2-159", "sdp-asks-once": "V2G2-159"}

    async def stimulate(self, bench: EvBench) -> None:
        """Answers the fifth request."""
        bench.charger.sdp(*(sdp_script.silence() for _ in range(4)))
        await bench.plug_in()
        await bench.charger.no_session(5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the time between requests."""
        yield ev.repeated("V2G2-159", trace, at_least=5)


class GivesUpAfterFifty(EvCase):
    """A charger without high-level communication never answers; a car that asks for ever never tries anything else."""

    id = "EV-SDP-RETRY-02"
    title = "SDP: at most 50 requests in a row"
    area = "sdp"
    requirements = ("V2G2-161",)
    faults = {"sdp-never-gives-up": "V2G2-161"}

    async def stimulate(self, bench: EvBench) -> None:
        """Stays silent for longer than 50 requests take."""
        bench.charger.sdp(sdp_script.silence(), forever=True)
        await bench.plug_in()
        await bench.charger.no_session(30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts."""
        yield ev.at_most("V2G2-161", trace)


class DowngradeRefused(EvCase):
    """Whoever answers "no security" to a car that asked for TLS is a rig, or an attacker on the link."""

    id = "EV-SDP-SECURITY-01"
    title = "SDP: an answer with less security than asked for is not followed"
    area = "sdp"
    requirements = ("V2G2-628",)
    pics = "tls and not plain_tcp"
    faults = {"sdp-accepts-downgrade": "V2G2-628"}

    async def stimulate(self, bench: EvBench) -> None:
        """Grants no security to every request."""
        bench.charger.sdp(sdp_script.answer(security=sdp.Security.NONE), forever=True)
        await bench.plug_in()
        await bench.charger.no_session(20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a connection behind the first such answer."""
        yield ev.no_connection("V2G2-628", trace, ev.first_answer(trace), within=10.0)


class BadAddressesIgnored(EvCase):
    """An answer that leads nowhere (::, a group, off the link, port 0) is not the end of the search."""

    id = "EV-SDP-ANSWER-01"
    title = "SDP: answers that lead nowhere are passed over"
    area = "sdp"
    requirements = ("H-EV-SDP-ANSWER",)
    faults = {
        "sdp-accepts-unspecified": "H-EV-SDP-ANSWER",
        "sdp-accepts-multicast": "H-EV-SDP-ANSWER",
        "sdp-accepts-off-link": "H-EV-SDP-ANSWER",
        "sdp-accepts-port-zero": "H-EV-SDP-ANSWER",
        "sdp-ends-at-bad-answer": "H-EV-SDP-ANSWER",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Four bad answers, then good ones."""
        bench.charger.sdp(
            sdp_script.answer(address="::"),
            sdp_script.answer(address="ff02::1"),
            sdp_script.answer(address="2001:db8::1"),
            sdp_script.answer(port=0),
        )
        await bench.plug_in()
        await bench.charger.no_session(10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The fifth answer is the first good one."""
        yield ev.passes_over("H-EV-SDP-ANSWER", trace, 4)


class MalformedAnswersIgnored(EvCase):
    """Other devices talk on the link as well: a datagram that is no SDP response is no reason to stop the search."""

    id = "EV-SDP-ANSWER-02"
    title = "SDP: what is no SDP response is passed over"
    area = "sdp"
    requirements = ("H-EV-SDP-MALFORMED",)
    faults = {"sdp-dies-of-garbage": "H-EV-SDP-MALFORMED"}

    async def stimulate(self, bench: EvBench) -> None:
        """Wrong version, wrong payload type, too short, reserved security; then good answers."""
        bench.charger.sdp(
            sdp_script.bent(lambda octets: b"\x02\xfd" + octets[2:]),
            sdp_script.payload(lambda octets: octets, 0x9003),
            sdp_script.payload(lambda octets: octets[:-1]),
            sdp_script.payload(lambda octets: octets[:18] + b"\x42" + octets[19:]),
        )
        await bench.plug_in()
        await bench.charger.no_session(10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The fifth answer is the first good one."""
        yield ev.passes_over("H-EV-SDP-MALFORMED", trace, 4)


class AsksForTls(EvCase):
    """A request is two octets behind a header; a car that gets them wrong finds no charger of any make.

    And whoever asks for less than TLS is given less, by a charger that has both.
    """

    id = "EV-SDP-REQUEST-01"
    title = "SDP: the request is well-formed and asks for TLS over TCP"
    area = "sdp"
    requirements = ("H-EV-SDP-REQUEST", "V2G20-1237")
    pics = "tls and not plain_tcp"
    faults = {
        "sdp-bad-header": "H-EV-SDP-REQUEST",
        "sdp-wrong-length": "H-EV-SDP-REQUEST",
        "sdp-asks-for-udp": "H-EV-SDP-REQUEST",
        "sdp-asks-without-tls": "V2G20-1237",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Answers the second request."""
        bench.charger.sdp(sdp_script.silence())
        await bench.plug_in()
        await bench.charger.no_session(3.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request is one; the first asks for TLS."""
        found = ev.sdp_requests(trace)
        bad = next((one for one in found if not _asks_for_tcp(one.message)), None)
        yield holds(
            "H-EV-SDP-REQUEST",
            bad is None,
            expected="SDP requests as the standard has them, for TCP",
            seen=f"{len(found)} such" if bad is None else f"{bad.raw.hex()} ({bad.problem or 'another transport'})",
            at=(found[0].index if bad is None else bad.index,),
        )
        first = found[0].message
        if isinstance(first, sdp.SdpRequest):
            yield holds(
                "V2G20-1237",
                first.security is sdp.Security.TLS,
                expected="security TLS",
                seen=first.security.name,
                at=(found[0].index,),
            )


def _asks_for_tcp(message: object) -> bool:
    return isinstance(message, sdp.SdpRequest) and message.transport is sdp.Transport.TCP


class LateAnswer(EvCase):
    """A charger that has just been woken up answers late; the answer is as good as an early one."""

    id = "EV-SDP-ANSWER-03"
    title = "SDP: an answer to an earlier request is followed too"
    area = "sdp"
    requirements = ("H-EV-SDP-LATE",)
    faults = {"sdp-late-answer-ignored": "H-EV-SDP-LATE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Answers the first request after the second has come, and no other."""
        bench.charger.sdp(sdp_script.answer(pause=0.4), sdp_script.silence(), forever=True)
        await bench.plug_in()
        await bench.charger.no_session(15.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A connection behind it."""
        answered = ev.first_answer(trace)
        before = [one for one in ev.sdp_requests(trace) if one.index < answered.index]
        if len(before) < 2:
            raise Inconclusive("the car had not asked again when the answer went out")
        yield ev.connects("H-EV-SDP-LATE", trace, after=answered)
